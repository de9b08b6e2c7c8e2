"""The marks of a drawing where they stand for one tile and one scale: rectangles, arrows and words in plain numbers.

This is the last step that all kinds of paper share. Whoever writes a file – SVG, PDF, TikZ, DOT – has only to say these
numbers in its own language.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from unet_explorer.core.laws import laws
from unet_explorer.core.plan import TILE, plan
from unet_explorer.drawing.marks import Mark, marks
from unet_explorer.drawing.placement import Placement, lettered, side_text
from unet_explorer.drawing.scene import METRICS, Box, Scene, Skip

__all__ = ["Arrow", "Part", "Rectangle", "Shape", "Words", "arrow", "parts", "shapes"]


_ROUND: Final = 1.5  # radius of a box's corners


class Rectangle(NamedTuple):
    """A box, the frame of a crop, or an area that answers to the pointer.

    Attributes:
        radius: Of the corners of a box, in px at every scale.
    """

    look: str
    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0


class Arrow(NamedTuple):
    """A straight arrow, level or upright: its shaft goes from the start to the tip, its head is a triangle.

    Attributes:
        head: Length and width of its head, which ends at the tip.
    """

    look: str
    start: tuple[float, float]
    tip: tuple[float, float]
    head: float

    @property
    def level(self) -> bool:
        """Whether it lies level."""
        return self.start[1] == self.tip[1]

    @property
    def length(self) -> float:
        """From its start to its tip."""
        return abs(self.tip[0] - self.start[0]) + abs(self.tip[1] - self.start[1])

    @property
    def corners(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where the head begins, on both sides of the shaft."""
        (_, y), (x2, y2) = self.start, self.tip
        if self.level:
            back = x2 - self.head
            return (back, y2 - self.head / 2), (back, y2 + self.head / 2)
        back = y2 - self.head if y2 > y else y2 + self.head
        return (x2 - self.head / 2, back), (x2 + self.head / 2, back)

    @property
    def neck(self) -> tuple[float, float]:
        """Where the shaft meets the head."""
        (x, y), (x2, y2) = self.corners
        return (x + x2) / 2, (y + y2) / 2


class Words(NamedTuple):
    """One line of text.

    Attributes:
        x: Its left edge, its middle or its right edge, as `align` says.
        y: Its base line.
        size: Of the type.
    """

    look: str
    text: str
    x: float
    y: float
    size: float
    align: Literal["start", "middle", "end"] = "middle"


Shape = Rectangle | Arrow | Words


class Part(NamedTuple):
    """A box with all that belongs to it.

    Attributes:
        box: The box.
        sides: Height and width of its map in pixels; None where it is no whole number.
        ghost: Whether it is pale, as the network cannot be computed so far.
        shapes: What is drawn for it, from the bottom up.
    """

    box: Box
    sides: tuple[int | None, ...]
    ghost: bool
    shapes: tuple[tuple[Mark, tuple[Shape, ...]], ...]


def parts(drawn: Scene, tile: tuple[int, int], placed: Placement) -> Iterator[Part]:
    """Everything that is drawn for one tile, box by box, in the order of the plan.

    Args:
        drawn: What `scene.scene` laid out.
        tile: (height, width) in pixels; it need not fit.
        placed: The same tile at a scale.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> drawn = scene(UNetConfig(), 1024)
        >>> every = parts(drawn, (572, 572), Placement(drawn, (572, 572)))
        >>> [part.box.name for part in every][:3]
        ['input', 'enc0_conv1', 'enc0_conv2']
    """
    skips = {skip.name: skip for skip in drawn.skips}
    known, ghost = laws(drawn.config), False
    for name in [TILE, *(step.name for step in plan(drawn.config))]:
        sides = tuple(known[name].side(side) for side in tile)
        ghost = ghost or None in sides
        if name in drawn.boxes:
            box = drawn.boxes[name]
            yield Part(box, sides, ghost, tuple(shapes(drawn, box, skips.get(name), tile, placed)))


def shapes(
    drawn: Scene, box: Box, skip: Skip | None, tile: tuple[int, int], placed: Placement
) -> Iterator[tuple[Mark, tuple[Shape, ...]]]:
    """The marks of one box, each with what it comes to: one shape, or a line of text each."""
    law = laws(drawn.config)[box.name]
    for mark in marks(drawn, box, skip):
        match mark.kind:
            case "rect":
                yield mark, (_rectangle(mark, placed),)
            case "arrow":
                (x1, x2), (y1, y2) = map(placed.x, mark.x), map(placed.y, mark.y)
                yield mark, (arrow(mark.look, (x1, y1), (x2, y2), placed.scale.type),)
            case "text":
                yield mark, tuple(_words(mark, placed, [(words,) for words in mark.words]))
            case "side":
                both = not placed.square
                yield mark, tuple(_words(mark, placed, [side_text(law, tile, each, both) for each in (True, False)]))


def arrow(look: str, start: tuple[float, float], tip: tuple[float, float], size: float) -> Arrow:
    """An arrow whose head is as large as the type is."""
    return Arrow(look, start, tip, METRICS.head * size)


def _rectangle(mark: Mark, placed: Placement) -> Rectangle:
    (left, right), (top, bottom) = map(placed.x, mark.x), map(placed.y, mark.y)
    radius = _ROUND if mark.look == "ue-box" else 0.0
    return Rectangle(mark.look, left, top, right - left, bottom - top, radius)


def _words(mark: Mark, placed: Placement, wordings: list[tuple[str, ...]]) -> Iterator[Words]:
    x, room = map(placed.x, mark.x)
    lines, size = lettered(wordings, room, placed.font)
    below = METRICS.line * placed.scale.type
    for place, line in enumerate(lines):
        yield Words(mark.look, line, x, placed.y(mark.y[0]) + place * below, size, mark.align)
