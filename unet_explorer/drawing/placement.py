"""Where everything stands for a tile, and at a scale: two laws, from which all lengths of the drawing follow.

A box has the height that `HeightLaw` gives its map. Whatever moves with it – its edges, its labels, the arrows that end
at it – has a fixed place relative to half that height: see `scene.Down`. Both are plain numbers that depend on the
network alone. The browser gets them and evaluates them, as it does with the law of sizes, so that a tile can be dragged
without a kernel; what stands where is decided in `marks` and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from unet_explorer.core.laws import Law, laws
from unet_explorer.drawing.scene import METRICS, Across, Down, Scene, Skip

__all__ = [
    "HeightLaw",
    "Placement",
    "Scale",
    "fitting",
    "font_size",
    "height_law",
    "kept_law",
    "kept_name",
    "lettered",
    "side_text",
    "width_of",
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


class Scale(NamedTuple):
    """How large a drawing is, 1 being the size of a page: how far columns are apart, boxes' heights, and the type."""

    across: float = 1.0
    tall: float = 1.0
    type: float = 1.0


class Placement:
    """The drawing for one tile, whether it fits or not, at one scale.

    Args:
        drawn: What `scene` laid out.
        tile: (height, width) in pixels.
        scale: How large it is.
        both: Whether the size of a square is written as that of a rectangle is, with both its sides.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> placement = Placement(scene(UNetConfig(), 1024), (572, 572))
        >>> [round(placement.heights[name]) for name in ("input", "enc0_conv2", "bottleneck_conv2")]
        [130, 129, 29]
    """

    def __init__(self, drawn: Scene, tile: tuple[int, int], scale: Scale | None = None, both: bool = False) -> None:
        self.scale = scale or Scale()
        self.square = tile[0] == tile[1] and not both
        law, whole, known = height_law(drawn), math.sqrt(tile[0] * tile[1]), laws(drawn.config)
        law = law._replace(unit=law.unit * self.scale.tall)
        self.heights = {name: law.height(_area(known[name], tile), whole) for name in drawn.boxes}
        for skip in drawn.skips:
            # The frame is to scale within the box that it is cut from.
            whole_area, kept_area = _area(known[skip.source], tile), _area(kept_law(drawn, skip), tile)
            share = kept_area / whole_area if whole_area else 0.0
            self.heights[kept_name(skip)] = self.heights[skip.source] * math.sqrt(share)

    @property
    def font(self) -> float:
        """Size of the type in px."""
        return METRICS.font * self.scale.type

    def x(self, place: Across) -> float:
        """Where a horizontal place is, or how long a length."""
        return self.scale.across * place.columns + self.scale.type * place.type

    def y(self, place: Down) -> float:
        """Where a vertical place is, or how long a length."""
        fixed = self.scale.tall * place.tall + self.scale.type * (place.type + (0 if self.square else place.lines))
        return fixed + place.share * (self.heights[place.box] if place.box else 0.0)


def _area(law: Law, tile: tuple[int, int]) -> float:
    """Pixels of a map, with fractions where a side is no whole number; 0 where nothing is left."""
    height, width = (max(0, side + law.shift) / (1 << law.level) for side in tile)
    return height * width


def font_size(lines: tuple[str, ...], room: float, font: float = METRICS.font) -> float:
    """Size in px of a label that stays clear of its neighbours, however long the numbers.

    Example:
        >>> font_size(("286²",), 60.0), font_size(("≈1532.9",), 40.0)
        (13.0, 8.6)
    """
    widest = max(width_of(line, font) for line in lines)
    return font if widest <= room else math.floor(10 * font * room / widest) / 10


def lettered(wordings: Sequence[tuple[str, ...]], room: float, font: float) -> tuple[tuple[str, ...], float]:
    """How a label is worded in its room, and the size in px that it is set in.

    Example:
        >>> lettered([("crop 40 px per side",), ("crop 40",)], 60.0, 13.0)
        (('crop 40',), 13.0)
    """
    lines = fitting(wordings, room, font)
    return lines, font_size(lines, room, font)


def width_of(words: str, font: float) -> float:
    """Room in px that figures take at a size of the type; some signs are narrow.

    Example:
        >>> round(width_of("286²", 13.0), 1)
        32.8
    """
    return METRICS.character * font * (len(words) - METRICS.saved * sum(map(words.count, METRICS.narrow)))


def fitting(wordings: Sequence[tuple[str, ...]], room: float, font: float) -> tuple[str, ...]:
    """The first of several wordings, each of one or two lines, that fits in a room of so many px; else the last.

    Example:
        >>> fitting([("crop 40 px per side",), ("crop 40",)], 100.0, 13.0)
        ('crop 40',)
    """
    return next((lines for lines in wordings if font_size(lines, room, font) == font), wordings[-1])


def side_text(law: Law, tile: tuple[int, int], tenths: bool = True, both: bool = False) -> tuple[str, ...]:
    """The lines that stand below a box: one for a square, two for a rectangle.

    A side that is no whole number is shown with one decimal, marked where that is not all of it; where nothing is
    left of a map there is a dash.

    Args:
        law: Of the step's side.
        tile: (height, width) in pixels.
        tenths: Whether there is room for a decimal.
        both: Whether a square is written as a rectangle is.

    Example:
        >>> side_text(Law(0, 1), (572, 572)), side_text(Law(0, 1), (572, 444)), side_text(Law(0, 2), (571, 571))
        (('286²',), ('286', '×222'), ('≈142.8',))
        >>> side_text(Law(0, 2), (571, 571), tenths=False)
        ('≈143',)
    """
    parts = 10 if tenths else 1
    (height, rough), (width, also) = (_number(side + law.shift, law.level, parts) for side in tile)
    mark = "≈" if rough or also else ""
    if tile[0] == tile[1] and not both:
        return (f"{height}²" if height.isdigit() and not rough else mark + height,)
    return mark + height, f"×{width}"


def _number(above: int, level: int, parts: int) -> tuple[str, bool]:
    """A side in figures, to one of so many parts of a pixel, and whether that is only roughly it."""
    whole, rest = divmod(above, 1 << level)
    if above <= 0:
        return "–", False
    if not rest:
        return str(whole), False
    # Half is rounded up, as the browser does it, and not to the even neighbour.
    near = math.floor(parts * above / (1 << level) + 0.5)
    return f"{near / parts:.{len(str(parts)) - 1}f}", near << level != parts * above
