"""The one style sheet of the drawing: for a page that has a theme, and for a picture saved alone."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import Final

from unet_explorer.drawing.palette import NIGHT, PAGE, greys, properties

__all__ = ["night_style", "page_style", "picture_style"]

_VARIABLE: Final = re.compile(r"var\((--ue-[\w-]+)\)")
_THEME: Final = {
    "paper": "--jp-layout-color0",
    "ink": "--jp-content-font-color1",
    "quiet": "--jp-content-font-color2",
    "line": "--jp-border-color2",
}
"""What JupyterLab's themes call ground and text."""
_ON_SCREEN: Final = "/* On screen only */"


def page_style() -> str:
    """For a page: the palette as custom properties, and the rules of the drawing. Ground and text follow the theme."""
    colours = properties()
    for name, themed in _THEME.items():
        colours[f"--ue-{name}"] = f"var({themed}, {PAGE[name]})"
    lines = "".join(f"  {name}: {colour};\n" for name, colour in colours.items())
    return f".ue {{\n{lines}}}\n{_sheet()}"


def night_style() -> str:
    """Dark ground and light text, as a theme of JupyterLab's would give them, for a page that has none.

    Example:
        >>> night_style().splitlines()[1]
        '  --jp-layout-color0: #111111;'
    """
    named = {**_THEME, "panel": "--jp-layout-color1", "brand": "--jp-brand-color1"}
    lines = "".join(f"  {named[name]}: {colour};\n" for name, colour in NIGHT.items())
    return f'body[data-jp-theme-light="false"] {{\n{lines}}}\n'


@lru_cache(maxsize=2)
def picture_style(grey: bool = False) -> str:
    """For a picture of its own: the same rules with every colour filled in, for programs that know no variables.

    Args:
        grey: Whether greys are filled in instead.

    Example:
        >>> "var(" in picture_style(), ".ue-pool { stroke: #D55E00" in picture_style()
        (False, True)
    """
    colours = greys() if grey else properties()
    return _VARIABLE.sub(lambda found: colours[found[1]], _sheet().split(_ON_SCREEN)[0]).strip()


def _sheet() -> str:
    return files("unet_explorer.drawing").joinpath("look.css").read_text("utf-8")
