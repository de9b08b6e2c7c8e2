"""What a pixel sees: its receptive field, exactly, at any step and any place."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from unet_explorer.core.config import UNetConfig, read_config, shown, wholes
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.core.tiles import Tile, read_tile, sides

__all__ = ["Box", "Sight", "receptive_field", "sights"]


class Box(NamedTuple):
    """A rectangle of pixels; ``bottom`` and ``right`` are the first row and column outside it."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Rows in it."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns in it."""
        return self.right - self.left


class Sight(NamedTuple):
    """The law of sight of one step, on one axis.

    In the encoder each pixel sees what its neighbour sees, moved by 2^level pixels of the tile. In the decoder that
    holds only from one period of pixels to the next, since the pixels that one bottleneck pixel was doubled into
    all see the same from there. So one period says it all: `first` and `last` hold the first and the last pixel of
    the tile that each of its pixels sees, and a period later both have moved by `stride`.
    """

    first: tuple[int, ...]
    last: tuple[int, ...]
    stride: int

    def first_seen(self, pixel: int) -> int:
        """First pixel seen, in an image without end (so it may lie outside the tile)."""
        periods, phase = divmod(pixel, len(self.first))
        return self.first[phase] + periods * self.stride

    def last_seen(self, pixel: int) -> int:
        """Last pixel seen, in an image without end."""
        periods, phase = divmod(pixel, len(self.last))
        return self.last[phase] + periods * self.stride

    def within(self, pixel: int, tile: int) -> tuple[int, int]:
        """First and last pixel of the tile that is seen; zeros padded around it are not part of it."""
        return max(self.first_seen(pixel), 0), min(self.last_seen(pixel), tile - 1)

    def largest(self, side: int, tile: int) -> int:
        """The longest interval, in pixels, over all positions of a map with this side."""
        # Only the borders of the tile shorten an interval, so the longest lies within a period of the middle.
        period, middle = len(self.first), side // 2
        places = range(max(0, middle - period), min(side, middle + period + 1))
        if len(places) > period and self.first_seen(places[0]) >= 0 and self.last_seen(places[-1]) < tile:
            return self.unbounded
        return max(last - first + 1 for first, last in (self.within(place, tile) for place in places))

    @property
    def unbounded(self) -> int:
        """The longest interval, in pixels, in an image without end."""
        return max(last - first for first, last in zip(self.first, self.last, strict=True)) + 1


def _sources(step: Step, crop: int, pixel: int) -> list[tuple[str, int, int]]:
    """Name of each input, and the first and last of its pixels that a pixel of the output is made from.

    Example:
        >>> _sources(plan(UNetConfig())[0], 0, 5)
        [('input', 5, 7)]
    """
    match step.op:
        case "conv":
            # Keras pads an even kernel on the far side.
            start = pixel - ((step.kernel - 1) // 2 if step.padding == "same" else 0)
            return [(step.inputs[0], start, start + step.kernel - 1)]
        case "pool":
            return [(step.inputs[0], 2 * pixel, 2 * pixel + 1)]
        case "upconv":
            return [(step.inputs[0], pixel // 2, pixel // 2)]
        case "upsample":
            # Bilinear: the centre of a doubled pixel lies a quarter of a pixel off the centre of its source.
            return [(step.inputs[0], (pixel - 1) // 2, (pixel + 1) // 2)]
        case "crop_concat":
            skip, main = step.inputs
            return [(skip, pixel + crop, pixel + crop), (main, pixel, pixel)]
        case _:
            return [(step.inputs[0], pixel, pixel)]


@lru_cache(maxsize=256)
def sights(config: UNetConfig) -> dict[str, Sight]:
    """The laws of sight of all steps, by name, in one pass over the plan.

    Example:
        >>> sights(UNetConfig())["bottleneck_conv2"].unbounded, sights(UNetConfig())["head"].unbounded
        (140, 204)
    """
    known, sized = {TILE: Sight((0,), (0,), 1)}, laws(config)
    for step in plan(config):
        before = known[step.inputs[-1]]
        period, stride = len(before.first), before.stride
        if step.op == "pool":
            period, stride = (period // 2, stride) if period > 1 else (1, 2 * stride)
        elif step.op in {"upconv", "upsample"}:
            period *= 2
        # Without end, a map's intervals move on steadily; so a pixel sees as far as its outermost sources do.
        cut = crop(step, sized)
        first, last = [], []
        for pixel in range(period):
            made_from = _sources(step, cut, pixel)
            first.append(min(known[name].first_seen(start) for name, start, _ in made_from))
            last.append(max(known[name].last_seen(end) for name, _, end in made_from))
        known[step.name] = Sight(tuple(first), tuple(last), stride)
    return known


def receptive_field(config: UNetConfig, tile: Tile, step: str, pixel: tuple[int, int]) -> Box:
    """The part of the tile that one pixel of a step's output depends on.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).
        step: A step's name, such as ``"dec0_conv1"``.
        pixel: (row, column) in that step's output.

    Returns:
        The smallest box of tile pixels that holds all it sees.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If there is no such step, or the pixel lies outside its map.

    Example:
        >>> receptive_field(UNetConfig(), 572, "bottleneck_conv2", (0, 0))
        Box(top=0, left=0, bottom=140, right=140)
    """
    sized = sides(read_config(config, tile, step, pixel), tile)
    if not isinstance(step, str) or step not in sized:
        raise ValueError(f"There is no step {shown(step)} in this network: give one of {', '.join(sized)}.")
    shape = sized[step]
    try:
        row, column = wholes(pixel)
    except ValueError:
        row = column = -1
    if not (0 <= row < shape[0] and 0 <= column < shape[1]):
        raise ValueError(
            f"pixel={shown(pixel)} lies outside the map of {step}: give (row, column) from (0, 0) to "
            f"({shape[0] - 1}, {shape[1] - 1})."
        )
    sight = sights(config)[step]
    (top, bottom), (left, right) = (
        sight.within(place, side) for place, side in zip((row, column), read_tile(tile), strict=True)
    )
    return Box(top, left, bottom + 1, right + 1)
