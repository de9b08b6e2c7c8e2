"""What the drawing is drawn with: rectangles, arrows and words, each at its place in all scales.

Everything that stands on the page is said here and nowhere else. `svg` writes it as text, and the browser gets the
same marks and draws them itself, so that a tile can be dragged and a window resized without a kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from unet_explorer.drawing.placement import kept_name
from unet_explorer.drawing.scene import METRICS, Across, Box, Down, Scene, Skip

__all__ = ["Mark", "marks"]


class Mark(NamedTuple):
    """One thing on the page.

    Attributes:
        kind: A rectangle, an arrow that is level or upright, words, or the side of the map, in words that follow the
            tile; see `placement.side_text`.
        look: Its class in the style sheet.
        x: Left and right edge, or start and tip; of words where they stand, and the room that they have.
        y: Upper and lower edge, or start and tip; of words their base line, twice.
        words: What is said, and how in less room.
        align: On which side of their place words stand.
    """

    kind: Literal["rect", "arrow", "text", "side"]
    look: str
    x: tuple[Across, Across]
    y: tuple[Down, Down]
    words: tuple[str, ...] = ()
    align: Literal["start", "middle", "end"] = "middle"


_ABOVE = METRICS.line + METRICS.gap  # what a box's channels take, from its edge on
_CLEAR = METRICS.line + 2 * METRICS.gap  # the same, and a gap before an arrow


def marks(drawn: Scene, box: Box, skip: Skip | None) -> Iterator[Mark]:
    """All that is drawn for a box, from the bottom up.

    Args:
        drawn: What `scene.scene` laid out.
        box: One of its boxes.
        skip: The skip that ends at it, if there is one.
    """
    yield _hit(drawn, box)
    if skip:
        yield from _skip(drawn, box, skip)
    elif box.source:
        yield _arrow(drawn, box, drawn.boxes[box.source])
    centre = drawn.rows[box.row]
    upper, lower = centre.edge(box.name, -0.5), centre.edge(box.name, 0.5)
    yield Mark("rect", "ue-box", (drawn.place(box.left), drawn.place(box.right)), (upper, lower))
    if box.labelled:
        place = drawn.place(box.label_x), Across(box.room, -METRICS.gap)
        yield _words("ue-channels", place, upper.below(-METRICS.gap - 1), str(box.channels))
        yield _words("ue-side", place, lower.below(METRICS.line))._replace(kind="side")
    if box.end:
        words = _words("ue-end", (drawn.place(box.left), drawn.width), upper.below(-_ABOVE - 2), box.end)
        if box.op is None:
            yield words._replace(align="start")
        else:
            yield words._replace(align="end", x=(drawn.place(box.right), drawn.width))


def _words(look: str, x: tuple[Across, Across], y: Down, *words: str) -> Mark:
    return Mark("text", look, x, (y, y), words)


def _hit(drawn: Scene, box: Box) -> Mark:
    """The area that answers to the pointer: the box at its tallest, its labels, and the arrow that leads to it."""
    above, below = -_ABOVE, _ABOVE
    left = drawn.place(box.left)
    top, bottom = (_tallest(drawn, box.row, sign) for sign in (-1, 1))
    if box.source:
        source = drawn.boxes[box.source]
        if box.direction == "across":
            left = drawn.place(source.right)
        elif box.direction == "down":
            top = _tallest(drawn, source.row, 1).below(_CLEAR - above, METRICS.line)
        else:
            bottom = _tallest(drawn, source.row, -1).below(-_CLEAR - below, -METRICS.line)
    ends = top.below(above), bottom.below(below, METRICS.line)
    return Mark("rect", "ue-hit", (left, drawn.place(box.right)), ends)


def _tallest(drawn: Scene, row: int, sign: int) -> Down:
    """Where boxes of a row end at their tallest: −1 above, 1 below."""
    centre = drawn.rows[row]
    return centre._replace(tall=round(centre.tall + sign * drawn.tallest(row) / 2, 1))


def _arrow(drawn: Scene, box: Box, before: Box) -> Mark:
    """From the box before; between two rows it is clear of the labels above and below both boxes."""
    look = f"ue-arrow ue-{box.op}"
    here = drawn.rows[box.row]
    if box.direction == "across":
        ends = drawn.place(before.right).right(2), drawn.place(box.left).right(-METRICS.over - 1)
        return Mark("arrow", look, ends, (here, here))
    there, x = drawn.rows[before.row], drawn.place(box.x)

    def under(row: Down, name: str) -> Down:
        return row.edge(name, 0.5).below(_CLEAR, METRICS.line)

    def over(row: Down, name: str) -> Down:
        return row.edge(name, -0.5).below(-_CLEAR)

    first, second = (under, over) if box.direction == "down" else (over, under)
    return Mark("arrow", look, (x, x), (first(there, before.name), second(here, box.name)))


def _skip(drawn: Scene, box: Box, skip: Skip) -> Iterator[Mark]:
    """The level line from the encoder, what it says, and the frame of what is kept."""
    source = drawn.boxes[skip.source]
    y = drawn.rows[source.row]
    over = METRICS.over if skip.crop else 0
    start, end = drawn.place(source.right).right(over + 3), drawn.place(box.left).right(-2)
    yield Mark("rect", "ue-hit", (start, end), (y.below(-22), y.below(22)))
    yield Mark("arrow", "ue-arrow ue-crop_concat", (start, end), (y, y))
    middle = Across(round((start.columns + end.columns) / 2, 1), (start.type + end.type - METRICS.head) / 2)
    room = Across(round(end.columns - start.columns, 1), end.type - start.type)
    words = (f"crop {skip.crop} px per side", f"crop {skip.crop}") if skip.crop else ("copy",)
    yield _words("ue-crop-label", (middle, room), y.below(-6), *words)
    if skip.crop:
        edges = drawn.place(source.left).right(-over), drawn.place(source.right).right(over)
        frame = kept_name(skip)
        yield Mark("rect", "ue-crop", edges, (y.edge(frame, -0.5), y.edge(frame, 0.5)))
