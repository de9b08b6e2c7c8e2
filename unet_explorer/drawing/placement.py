"""Where everything stands for a tile: two laws, from which all lengths of the drawing follow.

A box has the height that `HeightLaw` gives its map. Whatever moves with it – its edges, its labels, the arrows that end
at it – has a fixed place relative to half that height: an `Anchor`. Both are plain numbers that depend on the network
alone. The browser gets them and evaluates them, as it does with the law of sizes, so that a tile can be dragged without
a kernel; what stands where is decided here and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from unet_explorer.core.laws import Law, laws
from unet_explorer.drawing.scene import METRICS, Box, Scene, Skip

__all__ = [
    "Anchor",
    "HeightLaw",
    "Placement",
    "anchors",
    "font_size",
    "height_law",
    "kept_law",
    "kept_name",
    "side_text",
]


class HeightLaw(NamedTuple):
    """The height of every box: ``unit`` × (area of the map / side of the tile) ** (1/4), and at least ``shortest``.

    Heights go by the square root of the side, or the bottom could not be read: a box four times as high is a map of
    sixteen times the side. The drawing as a whole grows gently with the tile, up to ``largest``. Of a rectangle the
    geometric mean of both sides counts.
    """

    unit: float
    shortest: float
    largest: int

    def height(self, area: float, tile: float) -> float:
        """Of the box of a map.

        Args:
            area: Pixels of the map; 0 where nothing is left of it.
            tile: Side of the tile in pixels; of a rectangle the geometric mean.
        """
        beyond = math.sqrt(math.sqrt(self.largest / max(tile, self.largest)))
        return max(self.shortest, self.unit * beyond * math.sqrt(math.sqrt(area / tile)))


def height_law(drawn: Scene) -> HeightLaw:
    """The law of a drawing: its input's box is tallest at the largest tile.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> round(height_law(scene(UNetConfig(), 1024)).height(1024 * 1024, 1024))
        150
    """
    return HeightLaw(METRICS.tallest / math.sqrt(math.sqrt(drawn.largest)), METRICS.shortest, drawn.largest)


def kept_law(drawn: Scene, skip: Skip) -> Law:
    """The side of what a crop keeps of its skip, as a law of the tile."""
    law = laws(drawn.config)[skip.source]
    return Law(law.shift - (skip.crop << (law.level + 1)), law.level)


def kept_name(skip: Skip) -> str:
    """Under which name the frame of what a crop keeps has its height."""
    return f"{skip.name} keeps"


class Anchor(NamedTuple):
    """A vertical place: ``base``, plus ``share`` of the height of ``box``, plus ``line`` where labels have two lines.

    Attributes:
        base: Pixels of the drawing.
        box: Name of a box, or of the frame of a crop; see `kept_name`.
        share: −0.5 for what hangs on the upper edge, 0.5 for the lower one.
        line: Pixels that the second line of a rectangle's label takes away.
    """

    base: float
    box: str
    share: float
    line: float = 0.0


_ABOVE = METRICS.line + METRICS.gap  # what a box's channels take, from its edge on
_CLEAR = METRICS.line + 2 * METRICS.gap  # the same, and a gap before an arrow


def anchors(drawn: Scene, box: Box, skip: Skip | None) -> dict[str, Anchor]:
    """All that moves with a box, by what it is.

    ``top`` is its upper edge, ``channels``, ``side`` and ``end`` are the base lines of its labels, ``start`` and
    ``tip`` the ends of an arrow between two rows, ``crop`` the upper edge of the frame of what is kept. A box has those
    of what is drawn with it.
    """
    y = drawn.rows[box.row]
    moved = {"top": Anchor(y, box.name, -0.5)}
    if box.labelled:
        moved["channels"] = Anchor(y - METRICS.gap - 1, box.name, -0.5)
        moved["side"] = Anchor(y + METRICS.line, box.name, 0.5)
    if box.end:
        moved["end"] = Anchor(y - _ABOVE - 2, box.name, -0.5)
    if box.source and box.direction != "across":
        moved |= zip(("start", "tip"), _arrow(drawn, box, drawn.boxes[box.source]), strict=True)
    if skip and skip.crop:
        moved["crop"] = Anchor(drawn.rows[drawn.boxes[skip.source].row], kept_name(skip), -0.5)
    return moved


def _arrow(drawn: Scene, box: Box, source: Box) -> Iterator[Anchor]:
    """Where an arrow between two rows begins and ends, clear of the labels above and below both boxes."""
    for each, lower_edge in ((source, box.direction == "down"), (box, box.direction == "up")):
        y = drawn.rows[each.row]
        if lower_edge:
            yield Anchor(y + _CLEAR, each.name, 0.5, METRICS.line)
        else:
            yield Anchor(y - _CLEAR, each.name, -0.5)


class Placement:
    """The drawing for one tile, whether it fits or not.

    Args:
        drawn: What `scene` laid out.
        tile: (height, width) in pixels.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> placement = Placement(scene(UNetConfig(), 1024), (572, 572))
        >>> [round(placement.heights[name]) for name in ("input", "enc0_conv2", "bottleneck_conv2")]
        [130, 129, 29]
    """

    def __init__(self, drawn: Scene, tile: tuple[int, int]) -> None:
        self.square = tile[0] == tile[1]
        law, whole, known = height_law(drawn), math.sqrt(tile[0] * tile[1]), laws(drawn.config)
        self.heights = {name: law.height(_area(known[name], tile), whole) for name in drawn.boxes}
        for skip in drawn.skips:
            # The frame is to scale within the box that it is cut from.
            whole_area, kept_area = _area(known[skip.source], tile), _area(kept_law(drawn, skip), tile)
            share = kept_area / whole_area if whole_area else 0.0
            self.heights[kept_name(skip)] = self.heights[skip.source] * math.sqrt(share)

    def y(self, anchor: Anchor) -> float:
        """Where an anchor is."""
        line = 0.0 if self.square else anchor.line
        return anchor.base + anchor.share * self.heights[anchor.box] + line


def _area(law: Law, tile: tuple[int, int]) -> float:
    """Pixels of a map, with fractions where a side is no whole number; 0 where nothing is left."""
    height, width = (max(0, side + law.shift) / (1 << law.level) for side in tile)
    return height * width


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
