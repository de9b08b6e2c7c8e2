"""What follows the tile in a drawing: heights, and with them the labels and the arrows between rows.

The browser does the same in ``static/drawing.js``, so that a tile can be dragged without a kernel; a test holds the
two against each other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from unet_explorer.core.laws import Law, laws
from unet_explorer.drawing.scene import METRICS, Direction, Scene

__all__ = ["Placed", "font_size", "kept", "place", "side_text", "vertical"]


class Placed(NamedTuple):
    """Top and height of every box for one tile, by name."""

    top: float
    height: float


def place(drawn: Scene, tile: tuple[int, int]) -> dict[str, Placed]:
    """Heights for a tile, whether it fits or not: by the square root of the side, or the bottom could not be read.

    Within one drawing a box four times as high is a map of sixteen times the side; the drawing as a whole grows
    gently with the tile. Of a rectangle, the geometric mean of both sides counts. (Within a box the frame of a crop
    is to scale as it is: see `kept`.)

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> drawn = scene(UNetConfig(), 1024)
        >>> round(place(drawn, (1024, 1024))["input"].height)
        150
    """
    known = laws(drawn.config)
    whole = math.sqrt(tile[0] * tile[1])
    grown = METRICS.tallest * (min(whole, drawn.largest) / drawn.largest) ** 0.25
    placed = {}
    for box in drawn.boxes.values():
        law = known[box.name]
        down, across = (max(0, side + law.shift) / 2**law.level for side in tile)
        height = max(METRICS.shortest, grown * (down * across) ** 0.25 / math.sqrt(whole))
        placed[box.name] = Placed(drawn.rows[box.row] - height / 2, height)
    return placed


def vertical(direction: Direction, start: Placed, end: Placed, lines: int) -> tuple[float, float]:
    """Where an arrow between two rows begins and ends, clear of the one line above a box and the `lines` below it.

    Example:
        >>> vertical("down", Placed(30, 100), Placed(240, 70), lines=2)
        (166.0, 218.0)
    """
    below, above = lines * METRICS.line + 2 * METRICS.gap, METRICS.line + 2 * METRICS.gap
    if direction == "down":
        return start.top + start.height + below, end.top - above
    return start.top - above, end.top + end.height + below


def kept(source: Placed, law: Law, crop: int, tile: tuple[int, int]) -> Placed:
    """The frame of what a crop keeps, to scale within the box it is cut from."""
    share = 1.0
    for side in tile:
        before = (side + law.shift) / 2**law.level
        share *= max(0.0, before - 2 * crop) / before if before > 0 else 0.0
    height = source.height * math.sqrt(share)
    return Placed(source.top + (source.height - height) / 2, height)


def font_size(lines: tuple[str, ...], room: float) -> float:
    """Size of a label that stays clear of its neighbours, however long the numbers.

    Example:
        >>> font_size(("286²",), 60.0), font_size(("≈1532.9",), 40.0)
        (13.0, 8.1)
    """
    return min(METRICS.font, math.floor(10 * room / (METRICS.character * max(map(len, lines)))) / 10)


def side_text(law: Law, tile: tuple[int, int]) -> tuple[str, ...]:
    """The lines that stand below a box: one for a square, two for a rectangle.

    A side that is no whole number is shown with one decimal, marked where that is not all of it; where nothing is
    left of a map there is a dash.

    Example:
        >>> side_text(Law(0, 1), (572, 572)), side_text(Law(0, 1), (572, 444)), side_text(Law(0, 2), (571, 571))
        (('286²',), ('286', '×222'), ('≈142.8',))
    """
    (height, rough), (width, also) = (_number(side + law.shift, law.level) for side in tile)
    mark = "≈" if rough or also else ""
    if tile[0] == tile[1]:
        return (f"{height}²" if height.isdigit() else mark + height,)
    return mark + height, f"×{width}"


def _number(above: int, level: int) -> tuple[str, bool]:
    """A side in figures, and whether that is only roughly it."""
    whole, rest = divmod(above, 1 << level)
    if above <= 0:
        return "–", False
    if not rest:
        return str(whole), False
    # Half is rounded up, as the browser does it, and not to the even neighbour.
    tenths = math.floor(10 * above / (1 << level) + 0.5)
    return f"{tenths / 10:.1f}", tenths << level != 10 * above
