"""How a figure shall look on paper: what may be chosen, and its values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from unet_explorer.core.config import Choice, Flag, Whole, knob, read_knobs, shown
from unet_explorer.core.values import Between

__all__ = ["LEAST_TYPE", "FigureOptions", "read_options"]

LEAST_TYPE: Final = 5.0
"""Points below which no type is printed: journals ask for five and more."""
_PIXELS: Final = 10**8
_MM_IN_AN_INCH: Final = 25.4


@dataclass(frozen=True, kw_only=True)
class FigureOptions:
    """What of a figure may be chosen.

    Args:
        width: Of the whole figure in mm, 20 to 1000. One column of a journal is some 84 mm wide, two are some 174.
        font_size: Of the type in points, 5 to 24. The type stays as large whatever the width; where numbers would run
            into each other they are set smaller, down to 5 points.
        ground: ``"white"``, or ``"transparent"`` to stand on any light ground.
        legend: Whether it is told below the drawing what arrows, numbers and boxes mean.
        crop_frames: Whether a dashed frame shows what a crop keeps of its map.
        sides: How the size of a square map is written: ``"square"`` as 188², ``"both"`` as 188 above ×188. Those of
            rectangles are always written so.
        grey: Whether it does without colours: operations are told apart by lightness and by the arrows' lines.
        dpi: Pixels per inch of a .png, 50 to 2400. Other formats have no pixels.

    Raises:
        ValueError: If any value is not allowed; every such value is named.

    Example:
        >>> FigureOptions(width=84, grey=True).font_size
        7.0
    """

    width: float = knob(174.0, Between(20, 1000))
    font_size: float = knob(7.0, Between(LEAST_TYPE, 24))
    ground: str = knob("white", Choice(("white", "transparent")))
    legend: bool = knob(True, Flag())
    crop_frames: bool = knob(True, Flag())
    sides: str = knob("square", Choice(("square", "both")))
    grey: bool = knob(False, Flag())
    dpi: int = knob(300, Whole(50, 2400))

    def __post_init__(self) -> None:
        read_knobs(self)
        across = self.width / _MM_IN_AN_INCH * self.dpi
        # No figure is higher than twice its width.
        if across * across > _PIXELS:
            most = int(_PIXELS**0.5 / self.width * _MM_IN_AN_INCH)
            raise ValueError(
                f"dpi={self.dpi} makes a picture of {self.width:g} mm {across:,.0f} pixels wide, too many for most "
                f"programs: give at most {most}."
            )


def read_options(given: Mapping[str, Any]) -> FigureOptions:
    """The options, from what was given by name.

    Raises:
        ValueError: If a name is unknown, or a value is not allowed.

    Example:
        >>> read_options({"widht": 84})
        Traceback (most recent call last):
        ...
        ValueError: There is no option 'widht' for a figure: did you mean 'width'?
    """
    known = [each.name for each in fields(FigureOptions)]
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "give some of " + ", ".join(known) + "."
            raise ValueError(f"There is no option {shown(name)} for a figure: {hint}")
    return FigureOptions(**given)
