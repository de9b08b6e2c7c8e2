"""What the theme leaves out for those who read with the keyboard, or listen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["mend", "mended"]

_ADDED: Final = {
    # What is wider than the window is scrolled, also without a mouse.
    "<pre>": '<pre tabindex="0">',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    'class="caption" role="heading"': 'class="caption" role="heading" aria-level="2"',
    '<aside class="sidebar-drawer"': '<aside class="sidebar-drawer" aria-label="All pages"',
    '<aside class="toc-drawer': '<aside aria-label="On this page" class="toc-drawer',
}


def mended(page: str) -> str:
    """A page with what was left out.

    Example:
        >>> mended("<pre>1 + 1</pre>")
        '<pre tabindex="0">1 + 1</pre>'
    """
    for former, better in _ADDED.items():
        page = page.replace(former, better)
    return page


def mend(folder: Path) -> None:
    """Mend all pages of a site.

    Args:
        folder: Where it is.
    """
    for file in folder.rglob("*.html"):
        file.write_text(mended(file.read_text("utf-8")), "utf-8")
