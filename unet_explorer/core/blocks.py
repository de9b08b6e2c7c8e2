"""Groups of tiles that are predicted apart from each other: rectangles of an image that no two write to.

Tiles of `Tiling` lie where the first one left off, so that where they write depends on all before. What is worked on
in several places wants a regular grid instead: blocks of equal sides, each a whole number of chunks of the file that
the result goes into. Every block lays its own tiles, on the grid of the whole image, and has them write what they see
all of; so its result is that of the whole in one piece, whoever computes its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

from unet_explorer.core.axis import Axis, needed
from unet_explorer.core.config import UNetConfig, Whole, read_value, shown, whole, wholes
from unet_explorer.core.tiles import Tile
from unet_explorer.core.tiling import PlacedTile, Tiling

__all__ = ["Block", "Blocks"]

_CHUNKS: Final = (256, 512, 768)
"""Pixels a side that the chunks of a block have at least, best, and at most, where its own side leaves the choice."""
_MANY: Final = Whole(1, 10_000)
"""Tiles that may lie side by side in a block."""


class Block(NamedTuple):
    """One block of an image.

    Attributes:
        number: Its place in reading order, from 0.
        write: The rectangle of the image that it predicts: rows, columns.
        read: The rectangle of the image that its tiles are made of. What lies beyond the border is mirrored there, from
            this rectangle.
        tiles: Its tiles, with all places counted in the image; together they write just this block.
    """

    number: int
    write: tuple[slice, slice]
    read: tuple[slice, slice]
    tiles: tuple[PlacedTile, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of what it predicts.

        Example:
            >>> Blocks(UNetConfig(), (500, 1000), 572)[1].shape
            (384, 384)
        """
        rows, columns = self.write
        return rows.stop - rows.start, columns.stop - columns.start

    def inside(self, tile: PlacedTile) -> tuple[slice, slice]:
        """Where one of its tiles writes, counted from the block's own first pixel.

        Example:
            >>> block = Blocks(UNetConfig(), (1000, 1000), 572)[1]
            >>> block.write[1], block.inside(block.tiles[0])[1]
            (slice(384, 768, None), slice(0, 384, None))
        """
        rows, columns = (
            slice(part.start - own.start, part.stop - own.start)
            for part, own in zip(tile.write, self.write, strict=True)
        )
        return rows, columns


class Blocks:
    """A regular grid of blocks over an image, in reading order.

    Args:
        config: The network.
        image_shape: (height, width) of the image, or (height, width, channels).
        tile: Input side in pixels, or (height, width). More than the image needs in one piece is not taken.
        per_block: So many tiles lie side by side in a block, on each axis, or (down, across); one more where a single
            one would be used up by its margins.

    Attributes:
        image: (height, width) of the image.
        tile: (height, width) that each tile has.
        side: (height, width) of a block; those at the end may be smaller.
        chunk: (height, width) of chunks of which each block is a whole number.
        grid: How many blocks there are (down, across).

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the image has no such shape, or tiles of this size cannot meet without seams.

    Example:
        >>> blocks = Blocks(UNetConfig(), (2000, 2000), 572, per_block=2)
        >>> blocks.side, blocks.chunk, blocks.grid
        ((768, 768), (384, 384), (3, 3))
        >>> blocks[4].write, blocks[4].read, len(blocks[4].tiles)
        ((slice(768, 1536, None), slice(768, 1536, None)), (slice(676, 1632, None), slice(676, 1632, None)), 4)
    """

    def __init__(
        self, config: UNetConfig, image_shape: tuple[int, ...], tile: Tile, *, per_block: int | tuple[int, int] = 1
    ) -> None:
        tiling = Tiling(config, image_shape, tile)
        self.config, self.image, self.tile = tiling.config, tiling.image, tiling.tile
        counts = _read_counts(per_block)
        self._axes = tuple(_cut(axis, count) for axis, count in zip(tiling.axes, counts, strict=True))
        down, across = self._axes
        self.side = (down.side, across.side)
        self.chunk = (down.chunk, across.chunk)
        self.grid = (down.count, across.count)

    def __len__(self) -> int:
        return self.grid[0] * self.grid[1]

    def __getitem__(self, number: int) -> Block:
        try:
            number = whole(number)
        except ValueError:
            raise ValueError(
                f"{shown(number)} is no number of a block: give a whole number below {len(self)}, as in blocks[0]."
            ) from None
        if not -len(self) <= number < len(self):
            raise IndexError(f"There are {len(self)} blocks, counted from 0: there is no block {shown(number)}.")
        number %= len(self)
        rows, columns = (
            axis.spans(place) for axis, place in zip(self._axes, divmod(number, self.grid[1]), strict=True)
        )
        tiles = tuple(_placed(down, across, self.tile) for down, across in product(rows, columns))
        write = (slice(rows[0].write.start, rows[-1].write.stop), slice(columns[0].write.start, columns[-1].write.stop))
        return Block(number, write, (_union(rows), _union(columns)), tiles)

    def __iter__(self) -> Iterator[Block]:
        return (self[number] for number in range(len(self)))

    def __repr__(self) -> str:
        (height, width), (down, across) = self.side, self.grid
        return f"<{down} × {across} blocks of {height} × {width} px over {self.image[0]} × {self.image[1]} px>"


class _Span(NamedTuple):
    """One tile of a block on one axis: where it begins, what it reads, what it writes, and where that lies in it."""

    start: int
    read: slice
    write: slice
    keep: slice


@dataclass(frozen=True)
class _Cut:
    """One axis of an image, cut into blocks.

    Attributes:
        axis: The image, the tiles, and what they lose.
        side: Pixels of each block; a multiple of the period.
        chunk: Pixels of a chunk, of which the side is a multiple.
    """

    axis: Axis
    side: int
    chunk: int

    @property
    def count(self) -> int:
        return -(-self.axis.side // self.side)

    def spans(self, number: int) -> tuple[_Span, ...]:
        """The tiles of a block. Places are counted in the prediction of the whole, where pixel 0 is the image's."""
        axis, lost = self.axis, self.axis.margins
        begin, end = number * self.side, min((number + 1) * self.side, axis.side)
        last = axis.whole - axis.tile
        # The first tile must be trusted from the block's first pixel on. At the border of the image all of it is.
        place = min(max(0, (begin - lost.first) // lost.period * lost.period), last)
        places = [place]
        while places[-1] < last and places[-1] + axis.output - lost.last < end:
            places.append(min(places[-1] + axis.stride, last))
        edges = [begin, *(place + lost.first for place in places[1:]), end]
        return tuple(
            _Span(
                place - lost.border,
                needed(place - lost.border, axis.tile, axis.side),
                slice(first, behind),
                slice(first - place, behind - place),
            )
            for place, first, behind in zip(places, edges[:-1], edges[1:], strict=True)
        )


def _cut(axis: Axis, tiles: int) -> _Cut:
    """Blocks of so many tiles on one axis, or of all there are.

    A block that does not begin at the border has its first tile begin by the margin before it, rounded up to the grid.
    From there on tiles are a stride apart, and the last is trusted up to its own margin.
    """
    lost = axis.margins
    if tiles >= axis.count:
        return _in_chunks(axis, -(-axis.side // lost.period) * lost.period, up=True)
    ahead = -(-lost.first // lost.period) * lost.period
    usable = axis.output - lost.last - ahead
    side = ((tiles - 1) * axis.stride + usable) // lost.period * lost.period
    # A single tile may be used up by its margins; another one adds a stride.
    return _in_chunks(axis, side) if side > 0 else _cut(axis, tiles + 1)


def _in_chunks(axis: Axis, side: int, up: bool = False) -> _Cut:
    """A block of about this side that is a whole number of chunks, each a multiple of the period."""
    period = axis.margins.period
    shortest, usual, longest = _CHUNKS
    most = max(1, min(side // shortest, side // period))

    def chunk(count: int) -> int:
        # Where nothing follows, it may reach beyond the image.
        return (-(-side // (count * period)) if up else side // (count * period)) * period

    def loss(count: int) -> tuple[int, int]:
        return abs(count * chunk(count) - side), abs(chunk(count) - usual)

    count = min(range(min(most, max(1, side // longest)), most + 1), key=loss)
    return _Cut(axis, count * chunk(count), chunk(count))


def _placed(down: _Span, across: _Span, size: tuple[int, int]) -> PlacedTile:
    return PlacedTile(
        (down.start, across.start),
        size,
        (down.read, across.read),
        (down.write, across.write),
        (down.keep, across.keep),
    )


def _union(spans: tuple[_Span, ...]) -> slice:
    return slice(min(span.read.start for span in spans), max(span.read.stop for span in spans))


def _read_counts(per_block: object) -> tuple[int, int]:
    counts = per_block
    if isinstance(per_block, (tuple, list)):
        try:
            down, across = wholes(per_block, most=2)
        except ValueError:
            raise ValueError(f"per_block={shown(per_block)} is not allowed: give two numbers of tiles.") from None
        counts = down, across
    pair = counts if isinstance(counts, tuple) else (counts, counts)
    down, across = (int(read_value("per_block", count, _MANY)) for count in pair)
    return down, across
