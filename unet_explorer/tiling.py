"""How tiles cover an image without a seam.

Every max-pooling halves the map on a grid that starts at the tile's own corner. Two tiles agree about a pixel only if
their grids coincide, so their origins must lie multiples of 2^depth apart; and of its prediction a tile may write only
the pixels that see nothing of the zeros beyond its border. Then every output pixel is written once, there is nothing
to blend, and the result is that of the whole image in one piece.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import Final, NamedTuple

from unet_explorer.config import UNetConfig, read_config, shown
from unet_explorer.laws import laws
from unet_explorer.plan import plan
from unet_explorer.receptive import sights
from unet_explorer.tiles import AXES, Tile, sides, tile_for_output, valid_sizes
from unet_explorer.trace import trace

__all__ = ["Axis", "Margins", "PlacedTile", "Tiling", "axis_of", "margins", "needed", "read_image_shape", "reflected"]

LARGEST_SIDE: Final = 500_000
"""Pixels a side of an image, so that it could still be predicted in one tile."""
_COLUMNS: Final = 64
_LINES: Final = 12


class Margins(NamedTuple):
    """What tiles of a network lose on one axis, in pixels; none of it depends on the tile's size.

    Attributes:
        period: Tiles must lie so far apart, or a multiple of it.
        border: By so much the tile exceeds its prediction, on each side.
        first: So many of the first predicted pixels see beyond the tile's beginning: they would depend on the zeros
            that a padded convolution puts there.
        last: The same at its end.
    """

    period: int
    border: int
    first: int
    last: int

    def stride(self, output: int) -> int:
        """How far tiles may lie apart; 0 if they cannot meet.

        Example:
            >>> margins(UNetConfig()).stride(388)
            384
        """
        return max(0, output - self.first - self.last) // self.period * self.period


@lru_cache(maxsize=512)
def margins(config: UNetConfig) -> Margins:
    """What tiles of this network lose at their borders.

    Example:
        >>> margins(UNetConfig())
        Margins(period=16, border=92, first=0, last=0)
        >>> margins(UNetConfig(depth=2, padding="same"))
        Margins(period=4, border=0, first=22, last=22)
    """
    head = plan(config)[-1].name
    sizes, sight = valid_sizes(config, 1, 1 << 20), sights(config)[head]
    tile = sizes[-1]
    output = laws(config)[head].side(tile)
    assert output is not None
    ahead = max(place for place in _places(sight.first, sight.stride, 0)) - len(sight.first) + 1
    # The same at the end, seen from there: where does the last pixel seen leave the tile?
    behind = output - min(place for place in _places(sight.last, sight.stride, tile))
    return Margins(sizes.step, (tile - output) // 2, max(0, ahead), max(0, behind))


def _places(seen: tuple[int, ...], stride: int, edge: int) -> Iterator[int]:
    """For every phase the first pixel whose view, moving on by the stride from period to period, reaches the edge."""
    for phase, start in enumerate(seen):
        yield phase + -(-(edge - start) // stride) * len(seen)


@dataclass(frozen=True)
class Axis:
    """Tiles side by side on one axis. Pixel p of the prediction lies over pixel p of the image.

    Attributes:
        side: Pixels of the image.
        tile: Pixels of each tile.
        output: Pixels that each predicts.
        whole: Pixels of the one tile that would predict all of the image at once.
        stride: From one tile to the next; the last one may lie closer, so that it ends where the whole would.
        count: Tiles.
        margins: What they lose.
        seamless: Whether they are laid so that no seam shows.
    """

    side: int
    tile: int
    output: int
    whole: int
    stride: int
    count: int
    margins: Margins
    seamless: bool

    def start(self, number: int) -> int:
        """First pixel that a tile is given; negative where it begins outside the image."""
        place = number * self.stride
        if self.seamless:
            place = min(place, self.whole - self.tile)
        return place - self.margins.border

    def written(self, number: int) -> tuple[int, int]:
        """First pixel that a tile writes, and the first it no longer does."""
        first = number * self.stride + self.margins.first * self.seamless if number else 0
        return first, self.side if number == self.count - 1 else self.written(number + 1)[0]


def axis_of(config: UNetConfig, side: int, tile: int, seamless: bool = True) -> Axis:
    """Tiles over one axis of an image.

    Args:
        config: The network.
        side: Pixels of the image.
        tile: Pixels of a tile; it must fit.
        seamless: Whether no seam may show. If so, and the tiles cannot meet, their count is 0.

    Example:
        >>> axis_of(UNetConfig(), 1000, 572).count
        3
    """
    lost = margins(config)
    whole = tile_for_output(config, side)
    # More than the whole image is never asked for, so the result does not depend on the tile.
    tile = min(tile, whole)
    output = tile - 2 * lost.border
    stride = lost.stride(output) if seamless else output
    if tile == whole:
        count = 1
    elif not seamless:
        count = -(-side // stride)
    else:
        count = 1 + -(-(whole - tile) // stride) if stride else 0
    return Axis(side, tile, output, whole, stride, count, lost, seamless)


class PlacedTile(NamedTuple):
    """One tile of an image.

    Attributes:
        start: (row, column) of its first pixel in the image; negative where it begins outside.
        size: (height, width) in pixels.
        read: The part of the image that it is made of. What lies beyond the border is mirrored there, from this part.
        write: The part of the prediction that it writes.
        keep: Where that part lies in the tile's own prediction.
    """

    start: tuple[int, int]
    size: tuple[int, int]
    read: tuple[slice, slice]
    write: tuple[slice, slice]
    keep: tuple[slice, slice]


def reflected(pixel: int, side: int) -> int:
    """The pixel of an image that is seen at a place, on one axis: beyond the border it is mirrored.

    The outermost pixel is not repeated (Ronneberger et al. 2015, figure 2).

    Example:
        >>> [reflected(pixel, 4) for pixel in range(-3, 8)]
        [3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]
    """
    if side == 1:
        return 0
    place = pixel % (2 * side - 2)
    return min(place, 2 * side - 2 - place)


def needed(start: int, length: int, side: int) -> slice:
    """The smallest part of an axis that holds all that is seen from a place on, mirrored where it lies outside.

    Args:
        start: First pixel that is wanted; may lie outside.
        length: How many are wanted.
        side: Pixels of the image.

    Example:
        >>> needed(-3, 10, 100), needed(95, 20, 100), needed(-3, 8, 4)
        (slice(0, 7, None), slice(84, 100, None), slice(0, 4, None))
    """
    first, last = start, start + length - 1
    if last - first >= 2 * side:
        return slice(0, side)
    ends = [reflected(place, side) for place in (first, last)]
    # Between its ends it turns round wherever it meets the image's first or last pixel.
    turns = range(-(-first // max(1, side - 1)), last // max(1, side - 1) + 1)
    ends += [(side - 1) * (turn % 2) for turn in turns]
    return slice(min(ends), max(ends) + 1)


class Tiling:
    """Tiles over an image, in reading order.

    Args:
        config: The network.
        image_shape: (height, width) of the image, or (height, width, channels).
        tile: Input side in pixels, or (height, width). More than the image needs in one piece is not taken.
        seamless: False lays them naively, side by side with their own predictions, to show what comes of it.

    Attributes:
        tile: (height, width) that each tile has.
        output: (height, width) that each predicts.
        axes: How they lie on the height, and on the width.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the image has no such shape, or several tiles would be needed and these cannot meet.

    Example:
        >>> tiling = Tiling(UNetConfig(), (512, 512), 572)
        >>> len(tiling), [tile.write[1] for tile in tiling][:2]
        (4, [slice(0, 384, None), slice(384, 512, None)])
        >>> tiling[0].start, tiling[3].start
        ((-92, -92), (36, 36))
    """

    def __init__(self, config: UNetConfig, image_shape: tuple[int, ...], tile: Tile, *, seamless: bool = True) -> None:
        self.config = read_config(config)
        self.image = read_image_shape(image_shape)
        given = next(iter(sides(config, tile).values()))
        self.seamless = seamless
        down, across = (axis_of(config, side, length, seamless) for side, length in zip(self.image, given, strict=True))
        self.axes = (down, across)
        for name, axis in zip(AXES, self.axes, strict=True):
            if not axis.count:
                raise ValueError(_cannot_meet(config, axis, name if given[0] != given[1] else ""))
        self.tile = (down.tile, across.tile)
        self.output = (down.output, across.output)

    def __len__(self) -> int:
        return self.axes[0].count * self.axes[1].count

    def __getitem__(self, number: int) -> PlacedTile:
        if not -len(self) <= number < len(self):
            raise IndexError(f"There are {len(self)} tiles, counted from 0: there is no tile {number}.")
        down, across = divmod(number % len(self), self.axes[1].count)
        return self._placed(down, across)

    def __iter__(self) -> Iterator[PlacedTile]:
        return (self._placed(*place) for place in product(*(range(axis.count) for axis in self.axes)))

    def _placed(self, *numbers: int) -> PlacedTile:
        starts, reads, writes, keeps = [], [], [], []
        for axis, number in zip(self.axes, numbers, strict=True):
            start, (first, behind) = axis.start(number), axis.written(number)
            origin = start + axis.margins.border
            starts.append(start)
            reads.append(needed(start, axis.tile, axis.side))
            writes.append(slice(first, behind))
            keeps.append(slice(first - origin, behind - origin))
        return PlacedTile(
            (starts[0], starts[1]), self.tile, (reads[0], reads[1]), (writes[0], writes[1]), (keeps[0], keeps[1])
        )

    @property
    def computed(self) -> int:
        """Pixels that the network is given, in all tiles together."""
        return len(self) * self.tile[0] * self.tile[1]

    @property
    def kept(self) -> int:
        """Pixels that come out of it: those of the image."""
        return self.image[0] * self.image[1]

    @property
    def share(self) -> float:
        """Kept pixels for each computed one: what is not waste.

        Example:
            >>> [round(Tiling(UNetConfig(), (512, 512), tile).share, 2) for tile in (572, 700)]
            [0.2, 0.53]
        """
        return self.kept / self.computed

    @cached_property
    def macs(self) -> int:
        """Multiply-adds for the whole image."""
        return len(self) * trace(self.config, self.tile).macs

    def __repr__(self) -> str:
        naive = "" if self.seamless else ", seamless=False"
        return f"Tiling({self.config}, {self.image}, {self.tile}{naive})"

    def __str__(self) -> str:
        """A row a tile, on each axis: ``o`` is written, ``-`` context from the image, ``~`` mirrored context.

        Example:
            >>> print(Tiling(UNetConfig(depth=3, base_filters=8), (292, 292), 188))
            292 × 292 px in 3 × 3 tiles of 188 × 188, 96 px apart; 27 % of the pixels computed are kept.
            height and width
            ~~~~~~~ooooooooooooooooo--------................................
            ................--------oooooooooooooooo--------................
            ................................--------ooooooooooooooooo~~~~~~~
        """
        (down, across), (height, width) = self.axes, self.tile
        apart = " × ".join(dict.fromkeys(str(axis.stride) for axis in self.axes if axis.count > 1))
        lines = [
            f"{self.image[0]} × {self.image[1]} px in {down.count} × {across.count} tiles of {height} × {width}"
            f"{f', {apart} px apart' if apart else ''}; {self.share:.0%} of the pixels computed are kept.".replace(
                "%", " %"
            )
        ]
        named = [("height and width", down)] if down == across else list(zip(AXES, self.axes, strict=True))
        for name, axis in named:
            lines += [name, *_rows(axis)]
        return "\n".join(lines)


def _rows(axis: Axis) -> Iterator[str]:
    begin = axis.start(0)
    scale = (axis.start(axis.count - 1) + axis.tile - begin) / _COLUMNS
    for number in range(min(axis.count, _LINES)):
        start, (first, behind) = axis.start(number), axis.written(number)
        places = [begin + (column + 0.5) * scale for column in range(_COLUMNS)]
        yield "".join(
            "o"
            if first <= place < behind
            else "."
            if not start <= place < start + axis.tile
            else "-"
            if 0 <= place < axis.side
            else "~"
            for place in places
        )
    if axis.count > _LINES:
        yield f"… {axis.count - _LINES} more"


def _cannot_meet(config: UNetConfig, axis: Axis, name: str) -> str:
    lost = axis.margins
    wanted = lost.period + lost.first + lost.last
    where = f" in {name}" if name else ""
    usable = axis.output - lost.first - lost.last
    return (
        f"Tiles of {axis.tile} px{where} cannot cover {axis.side} px without seams: of each, {max(0, usable)} px can "
        f"be used, but tiles must lie a multiple of {lost.period} px apart. The smallest that can is "
        f"{tile_for_output(config, wanted)}; {axis.whole} takes it in one piece."
    )


def read_image_shape(shape: object) -> tuple[int, int]:
    """(height, width) of an image.

    Raises:
        ValueError: If it is not (height, width) or (height, width, channels) in whole numbers of at least 1.

    Example:
        >>> read_image_shape((512, 640, 3))
        (512, 640)
    """
    try:
        height, width, *_ = numbers = [operator.index(side) for side in shape]  # type: ignore[attr-defined]
        good = len(numbers) in {2, 3} and all(1 <= side <= LARGEST_SIDE for side in numbers)
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(
            f"image_shape={shown(shape)} is not allowed: give (height, width) in whole pixels, from 1 to "
            f"{LARGEST_SIDE:,} each, such as (512, 640)."
        )
    return height, width
