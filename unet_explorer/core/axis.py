"""Tiles side by side on one axis of an image: where they lie, what each writes, and what is mirrored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.laws import laws
from unet_explorer.core.plan import plan
from unet_explorer.core.receptive import sights
from unet_explorer.core.tiles import tile_for_output, valid_sizes

__all__ = ["Axis", "Margins", "axis_of", "margins", "needed", "reflected"]


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
        return self._begin(number), self.side if number == self.count - 1 else self._begin(number + 1)

    def _begin(self, number: int) -> int:
        return number * self.stride + self.margins.first * self.seamless if number else 0


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
