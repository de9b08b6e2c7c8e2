"""What the page without cells shows: the panel, and in words why it is not the one that was asked for."""

from __future__ import annotations

from html import escape

from IPython.display import HTML, display

from unet_explorer.panel.explorer import Explorer
from unet_explorer.panel.opening import explore

__all__ = ["page"]


def page() -> Explorer:
    """The panel with the design that the address or the command line asks for.

    Where that is none, the page says why, in words, and opens what is usual: nobody who has mistyped a link shall look
    at an empty page.

    Example:
        >>> page().config.depth
        3
    """
    try:
        return explore()
    except ValueError as error:
        words = f"{error} What you see is the usual design."
    display(HTML(f'<p class="unet-explorer-words" role="alert">{escape(words)}</p>'))
    return explore("classroom")
