"""What runs in the browser, read from ``static/``: a widget's module is one text, and so is its style."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

__all__ = ["BASE_CSS", "TAB_CSS", "script", "style"]

_STATIC = files("unet_explorer.panel") / "static"


def script(*parts: str) -> str:
    """A widget's module, joined from its parts; each later one may use the earlier ones."""
    return "\n".join((_STATIC / f"{part}.js").read_text("utf-8") for part in parts)


def style(*parts: str) -> str:
    """A widget's style, joined from its parts."""
    return "\n".join((_STATIC / f"{part}.css").read_text("utf-8") for part in parts)


BASE_CSS: Final = style("base")
"""Colours, sizes and controls: the same in every part of the panel."""
TAB_CSS: Final = style("base", "tabs")
