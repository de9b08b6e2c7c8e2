"""What closing means for a widget that somebody still holds."""

from __future__ import annotations

import anywidget
import traitlets

__all__ = ["forget"]


def forget(widget: anywidget.AnyWidget, *kept: str) -> None:
    """Put all lists and dicts that a closed widget showed back to their beginning: pictures, curves, drawings.

    IPython keeps every panel that a cell has ended in, in ``Out``, closed or not.

    Args:
        widget: The widget; neither the page nor whoever observes it is told.
        *kept: Names of traits that stay as they are.
    """
    for name, trait in widget.traits(sync=True).items():
        if isinstance(trait, traitlets.Dict | traitlets.List) and name not in kept:
            widget._trait_values[name] = trait.default(widget)
