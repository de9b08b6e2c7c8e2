"""Where everything of the U lies: pure geometry, made by walking the plan.

Boxes keep their place whatever the tile: columns and rows depend on the network and on the largest tile to be
drawn. How far columns are apart, how tall boxes are and how large the type is are three scales of their own, so that
the same drawing fills a page, a wall or a corner, and its type is as large as it must be to be read. So every length
here is a sum of shares in these scales: `Across` and `Down`. What follows the tile is in `placement`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.laws import Law, crop, laws
from unet_explorer.core.plan import TILE, Op, Step, plan
from unet_explorer.core.tiles import LARGEST, valid_sizes
from unet_explorer.drawing.legend import caption, legend

__all__ = ["METRICS", "Across", "Box", "Direction", "Down", "Metrics", "Scene", "Skip", "largest_tile", "scene"]

Direction = Literal["across", "down", "up"]


class Metrics(NamedTuple):
    """Every length that the drawing is made of, in px where all scales are 1. The browser gets them too."""

    tallest: float = 150.0  # the input's box, at the largest tile
    shortest: float = 3.0  # a map of no side must still be seen
    font: float = 13.0
    character: float = 0.7  # width of a bold figure by its height, in the widest of the usual sans-serif faces
    narrow: str = "².× ri"  # signs that take less room than a figure
    saved: float = 0.4  # by how much less, in figures
    line: float = 14.0  # from one line of text to the next
    gap: float = 4.0  # between a box, its labels and the arrows that touch it
    arrow: float = 26.0  # from one box to the next
    fall: float = 18.0  # what is left of an arrow between two rows, labels aside
    head: float = 9.0  # length of an arrow's head
    over: float = 2.5  # by how much the frame of a crop stands out from its box
    margin: float = 8.0


METRICS: Final = Metrics()


class Across(NamedTuple):
    """A horizontal place or length: shares in how far columns are apart, and in the size of the type."""

    columns: float
    type: float = 0.0

    def right(self, length: float) -> Across:
        """The place so far to the right, measured by the type."""
        return Across(self.columns, round(self.type + length, 1))


class Down(NamedTuple):
    """A vertical place or length.

    Attributes:
        tall: Share in how tall boxes are.
        type: Share in the size of the type.
        lines: The same, where labels have two lines, as those of rectangles.
        share: −0.5 for what hangs on the upper edge of a box, 0.5 for the lower one.
        box: Name of that box, or of the frame of a crop; see `placement.kept_name`.
    """

    tall: float
    type: float
    lines: float = 0.0
    share: float = 0.0
    box: str = ""

    def below(self, length: float, lines: float = 0.0) -> Down:
        """The place so far below, measured by the type."""
        return self._replace(type=round(self.type + length, 1), lines=self.lines + lines)

    def edge(self, box: str, share: float) -> Down:
        """The upper (−0.5) or lower (0.5) edge of a box whose centre this is."""
        return self._replace(share=share, box=box)


_USUAL: Final = 1024
_BEYOND: Final = 16
_SKIP: Final = 76.0  # the shortest skip that its label fits on
_ENDS: Final = ("image tile", "prediction")


@dataclass(slots=True)
class Box:
    """A map as a box: x is its centre, in columns, row its level. A step that leaves the map's shape alone has none."""

    name: str
    x: float
    width: float
    row: int
    channels: int
    op: Op | None
    source: str | None = None
    direction: Direction = "across"
    labelled: bool = True
    room: float = math.inf  # for its labels, to the nearest neighbour's, in columns
    end: str | None = None  # what stands above the first and the last box

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width / 2

    @property
    def label_x(self) -> float:
        """Where its labels are centred. Both halves of a concatenation are labelled as the one map they are."""
        return self.right if self.op == "crop_concat" else self.x


@dataclass(slots=True)
class Skip:
    """A level line from the encoder's box to the copied half of the concatenation."""

    name: str
    source: str
    target: str
    crop: int


@dataclass(slots=True)
class Scene:
    """The whole drawing, for any tile up to `largest`."""

    config: UNetConfig
    largest: int
    squeeze: float
    margin: float = 0.0
    width: Across = field(default=Across(0))
    height: Down = field(default=Down(0, 0))
    rows: list[Down] = field(default_factory=list)
    boxes: dict[str, Box] = field(default_factory=dict)
    skips: list[Skip] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)
    shown_on: dict[str, str] = field(default_factory=dict)
    legend: list[tuple[Op, str]] = field(default_factory=list)
    caption: str = ""

    def tallest(self, row: int) -> float:
        """Height that no box of a row exceeds.

        No map on a level can be taller than the tile halved that often, and heights go by the square root.
        """
        return METRICS.tallest * 2 ** (-row / 2)

    def place(self, x: float) -> Across:
        """A horizontal place of the drawing, from one among the columns."""
        return Across(round(x, 1), self.margin)


def largest_tile(config: UNetConfig) -> int:
    """Side in pixels of the largest tile that a network is drawn for, and that a slider reaches.

    It is 1024 px, or 16 fitting sizes beyond the smallest: deep unpadded networks need thousands of pixels.

    Example:
        >>> largest_tile(UNetConfig()), largest_tile(UNetConfig(depth=7))
        (1024, 3580)
    """
    sizes = valid_sizes(config, 1, LARGEST)
    return max(_USUAL, sizes.start + _BEYOND * sizes.step)


def _box_width(channels: int) -> float:
    """Width of a box: by the logarithm of its channels, or the deep levels would not fit on any page.

    Example:
        >>> _box_width(1), _box_width(64), _box_width(1024)
        (7.0, 25.0, 37.0)
    """
    return 7.0 + 3.0 * math.log2(channels)


def scene(config: UNetConfig, largest: int) -> Scene:
    """Lay out the U by walking the plan.

    A convolution stands to the right of what it was made from, a pooling straight below it, an up-convolution
    straight above it; the copied map stands at the left of the up-convolution's.

    Args:
        config: The network.
        largest: The largest side of a tile that will be drawn, in pixels.

    Example:
        >>> drawn = scene(UNetConfig(), 1024)
        >>> drawn.boxes["enc0_pool"].x == drawn.boxes["enc0_conv2"].x
        True
    """
    known = laws(config)
    columns = sum(step.op in {"conv", "conv1x1"} for step in plan(config))
    # A long network gets narrower boxes and shorter arrows, so that its labels stay large on the same screen.
    drawn = Scene(config, largest, squeeze=min(1.0, max(0.7, 22 / columns)))
    first = Box(TILE, 0.0, drawn.squeeze * _box_width(config.in_channels), 0, config.in_channels, None)
    drawn.boxes[TILE], drawn.hosts[TILE] = first, TILE
    for step in plan(config):
        _add(drawn, step, known)
    last = drawn.boxes[drawn.shown_on[plan(config)[-1].name]]
    first.end, last.end = _ENDS
    _settle(drawn)
    cropped = any(skip.crop for skip in drawn.skips)
    drawn.legend, drawn.caption = legend(config, cropped), caption(config, cropped)
    return drawn


def _add(drawn: Scene, step: Step, known: dict[str, Law]) -> None:
    host = drawn.hosts[step.inputs[-1]]
    before = drawn.boxes[host]
    width = drawn.squeeze * _box_width(step.channels)
    match step.op:
        case "norm" | "relu" | "dropout" | "upsample":
            drawn.hosts[step.name] = drawn.shown_on[step.name] = host
            return
        case "crop_concat":
            _add_concat(drawn, step, before, known)
            return
        case "pool":
            box = Box(step.name, before.x, width, step.level, step.channels, step.op, host, "down")
        case "conv" | "upconv" | "conv1x1":
            if step.level < before.row:
                # Its label stands above both halves once the skip has arrived.
                alone = not drawn.config.skips
                box = Box(step.name, before.x, width, step.level, step.channels, "upconv", host, "up", labelled=alone)
            else:
                x = before.x + max(
                    (before.width + width) / 2 + METRICS.arrow * drawn.squeeze**2,
                    _label_width(drawn, before) + METRICS.gap,
                )
                box = Box(step.name, x, width, step.level, step.channels, step.op, host)
    drawn.boxes[step.name], drawn.hosts[step.name], drawn.shown_on[step.name] = box, step.name, step.name
    if box.direction == "up" and step.op == "conv":
        # The interpolated map before it is drawn as part of the same way up.
        drawn.shown_on[step.inputs[0]] = step.name


def _add_concat(drawn: Scene, step: Step, main: Box, known: dict[str, Law]) -> None:
    skip = drawn.boxes[drawn.hosts[step.inputs[0]]]
    # Both halves together are as wide as a map of all these channels.
    half = drawn.squeeze * _box_width(step.channels) / 2
    lack = skip.right + _SKIP + half - (main.x - half / 2)
    if lack > 0 and main.source:
        # A short bottleneck leaves no room for the skip: its last arrow grows, so that "up" stays straight.
        drawn.boxes[main.source].x += lack
        main.x += lack
    main.width = half
    copied = Box(step.name, main.x - half, half, step.level, step.channels, step.op)
    drawn.boxes[step.name], drawn.shown_on[step.name] = copied, step.name
    # What follows starts from the main path's half, which has the right edge.
    drawn.hosts[step.name] = main.name
    drawn.skips.append(Skip(step.name, skip.name, copied.name, crop(step, known)))


def _label_width(drawn: Scene, box: Box) -> float:
    """Room that the longest whole side of a row takes, or its channels."""
    return METRICS.character * METRICS.font * max(1 + len(str(drawn.largest >> box.row)), len(str(box.channels)))


def _settle(drawn: Scene) -> None:
    """Give the rows their heights, shift everything into view and take the measure of it."""
    rows = 1 + max(box.row for box in drawn.boxes.values())
    # Below a box its side, above it its channels, and between both an arrow.
    between = 2 * (METRICS.line + 2 * METRICS.gap) + METRICS.fall
    edge, top = 0.0, METRICS.margin + 2 * METRICS.line
    for row in range(rows):
        tall = drawn.tallest(row)
        # As exact as it is drawn, and short to send.
        drawn.rows.append(Down(round(edge + tall / 2, 1), top + row * between, row * METRICS.line))
        edge += tall
    drawn.height = Down(round(edge, 1), 0, METRICS.line).below(
        drawn.rows[-1].type + METRICS.line + METRICS.gap + METRICS.margin, drawn.rows[-1].lines
    )
    first, last = drawn.boxes[TILE], max(drawn.boxes.values(), key=lambda box: box.right)
    shift = -first.left
    for box in drawn.boxes.values():
        box.x += shift
    # Labels stand out of the outermost boxes on both sides.
    drawn.margin, right = (METRICS.margin + _label_width(drawn, box) / 2 for box in (first, last))
    drawn.width = drawn.place(last.x).right(right)
    labelled = [box for box in drawn.boxes.values() if box.labelled]
    for box in labelled:
        near = [abs(other.label_x - box.label_x) for other in labelled if other.row == box.row and other is not box]
        box.room = round(min(near, default=last.x), 1)
