"""What fits into the memory there is: the nearest network to the one that was wanted, and the least wasteful tile."""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Final

from unet_explorer.core.axis import margins
from unet_explorer.core.config import UNetConfig, Whole, read_config, read_value, shown, whole
from unet_explorer.core.cost import estimate_memory, read_batch_size, total_bytes
from unet_explorer.core.tiles import Tile, tile_for_output, valid_sizes
from unet_explorer.core.tiling import read_image_shape
from unet_explorer.core.trace import trace

__all__ = ["FEWEST_BYTES", "FEWEST_FILTERS", "SMALLEST_OUTPUT", "best_tile", "fitting_design"]

SMALLEST_OUTPUT: Final = 32
"""Pixels a side below which no output is shrunk: on less there is little to see and little to learn from."""

FEWEST_FILTERS: Final = 4
"""Filters below which a network is not thinned: with fewer it tells hardly anything apart."""

Design = tuple[UNetConfig, tuple[int, int], int]


def fitting_design(config: UNetConfig, tile: Tile, batch_size: int, limit: int, training: bool = True) -> Design | None:
    """The nearest design whose estimated memory stays within a limit.

    A smaller batch is tried first. If a single tile is still too much, a smaller tile is, down to an output of 32 px
    a side; a rectangle becomes squarer before both sides shrink. Then half the filters, from the wanted batch and
    tile again, and half of these; and last the same with one level less.

    Args:
        config: The network wanted.
        tile: Input side in pixels, or (height, width); it must fit.
        batch_size: Tiles wanted at once.
        limit: Bytes that `estimate_memory` may reach.
        training: Whether it learns or only predicts.

    Returns:
        The network, (height, width) of the tile, and the batch size: those wanted, where they stay within the limit.
        None if no design does.

    Raises:
        ShapeError: If the tile does not fit the network wanted.
        ValueError: If the batch size or the limit is no whole number in its range.

    Example:
        >>> thinner, tile, batch_size = fitting_design(UNetConfig(), 572, 8, 2_000_000_000)
        >>> thinner == UNetConfig(), tile, batch_size
        (True, (460, 460), 1)
    """
    wanted, result = read_batch_size(batch_size), trace(read_config(config), tile)
    limit = int(read_value("limit", limit, Whole(0, 2**63)))
    output = result.output
    least = min(SMALLEST_OUTPUT, output.height), min(SMALLEST_OUTPUT, output.width)
    for smaller in _smaller_networks(config):
        # A tile that fits a network fits it with fewer levels, too, and its output is no smaller.
        lowest = [tile_for_output(smaller, side) for side in least]
        design = _within(smaller, result.tile, (lowest[0], lowest[1]), wanted, limit, training)
        if design:
            return design
    return None


def read_limit(limit: object) -> int:
    """A number of bytes, from a whole number or from words such as ``"2 GB"``.

    Raises:
        ValueError: If it is neither, or so few that gigabytes may be meant.

    Example:
        >>> read_limit("2 GB"), read_limit("512MB"), read_limit(4_000_000_000)
        (2000000000, 512000000, 4000000000)
    """
    if isinstance(limit, str) and (found := _BYTES.fullmatch(limit.strip())):
        return round(float(found[1]) * _UNITS[found[2].upper()])
    hint = ""
    with contextlib.suppress(ValueError):
        count = whole(int(limit) if isinstance(limit, float) and limit.is_integer() else limit)
        if count >= FEWEST_BYTES:
            return count
        hint = f' Bytes are meant: for {count} GB say "{count} GB".' if count > 0 else ""
    raise ValueError(
        f"limit={shown(limit)} is not allowed: give bytes, at least {FEWEST_BYTES:,}, such as {2 * 10**9} or "
        f'"2 GB".{hint}'
    )


_BYTES: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?B)", re.IGNORECASE)
_UNITS: Final = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
FEWEST_BYTES: Final = 10**6
"""No network does with less: whoever gives less means another unit."""


def _smaller_networks(config: UNetConfig) -> Iterator[UNetConfig]:
    """The network itself, then thinner ones, then shallower ones."""
    for depth in range(config.depth, 0, -1):
        filters = config.base_filters
        yield replace(config, depth=depth)
        while filters // 2 >= FEWEST_FILTERS:
            filters //= 2
            yield replace(config, depth=depth, base_filters=filters)


def _within(
    config: UNetConfig, tile: tuple[int, int], lowest: tuple[int, int], batch_size: int, limit: int, training: bool
) -> Design | None:
    """The largest batch of these tiles that stays within the limit, else the largest tile."""

    def needed(tile: tuple[int, int], batch_size: int) -> int:
        return estimate_memory(config, tile, batch_size, training)["total"]

    # Memory grows with the batch and with the tile, so halving the range finds the last that fits.
    batches = bisect_right(range(1, batch_size + 1), limit, key=lambda size: needed(tile, size))
    if batches:
        return config, tile, batches

    def capped(longest: int) -> tuple[int, int]:
        return min(tile[0], max(lowest[0], longest)), min(tile[1], max(lowest[1], longest))

    # A shared cap shortens the longer side alone until the tile is square.
    caps = range(min(lowest), max(tile) + 1, valid_sizes(config).step)
    fitting = bisect_right(caps, limit, key=lambda longest: needed(capped(longest), 1))
    return (config, capped(caps[fitting - 1]), 1) if fitting else None


def best_tile(
    config: UNetConfig, image_shape: tuple[int, ...], limit: int | str, batch_size: int = 1
) -> tuple[int, int] | None:
    """The tile that wastes least of all that stay within a memory limit.

    For every number of tiles that an axis can have, the smallest tile that does with it is best: a larger one would
    compute more and keep the same. Of all pairs of these, the one with the largest share of kept pixels is taken.

    Args:
        config: The network.
        image_shape: (height, width) of the image, or (height, width, channels).
        limit: Bytes that `estimate_memory` may reach, or words such as ``"2 GB"``.
        batch_size: Tiles computed at once.

    Returns:
        (height, width) in pixels, or None if not even the smallest tile stays within the limit.

    Raises:
        ValueError: If the image's shape or the limit is not allowed; it says what is.

    Example:
        >>> best_tile(UNetConfig(), (512, 512), 2_000_000_000), best_tile(UNetConfig(), (512, 512), 1_200_000_000)
        ((700, 700), (444, 700))
    """
    read_config(config, image_shape, limit, batch_size)
    height, width = read_image_shape(image_shape)
    allowed, batch_size = read_limit(limit), read_batch_size(batch_size)

    def fits(tile: tuple[int, int]) -> bool:
        return total_bytes(config, tile, batch_size, training=False) <= allowed

    least = _sizes(config, height)[0], _sizes(config, width)[0]
    down = _candidates(config, height, lambda side: fits((side, least[1])))
    across = _candidates(config, width, lambda side: fits((least[0], side)))
    # What fits beside one side fits beside every smaller one: going up on one axis, one goes down on the other.
    cheapest, place = _cheapest_so_far(across), len(across) - 1
    best: tuple[int, int, tuple[int, int]] | None = None
    for n, many in down:
        while place >= 0 and not fits((n, across[place][0])):
            place -= 1
        if place < 0:
            break
        m, more = cheapest[place]
        found = many * n * more * m, abs(n - m), (n, m)
        best = found if best is None else min(best, found)
    return best[2] if best else None


def _candidates(config: UNetConfig, side: int, fits: Callable[[int], bool]) -> list[tuple[int, int]]:
    """Tiles, each with how many it takes to cover a side, that are the smallest with that number, and that fit.

    Both the stride and the tile grow by the period from one size to the next: after `place` sizes ``stride + place *
    period`` and ``first + place * period``. So the next size that does with fewer is found by one division.
    """
    sizes, lost = _sizes(config, side), margins(config)
    period, whole = lost.period, sizes[-1]
    # Memory grows with the tile, so halving the range finds the last that fits.
    fitting = bisect_left(sizes, True, key=lambda tile: not fits(tile))
    last = sizes[fitting - 1] if fitting else 0
    # Smaller ones cannot meet; the whole image in one piece always does.
    first = min(
        whole, next(iter(sizes[bisect_left(sizes, 2 * lost.border + lost.first + lost.last + period) :]), whole)
    )
    stride = lost.stride(first - 2 * lost.border)
    found: list[tuple[int, int]] = []
    tile = first
    while tile <= last:
        count = 1 if tile == whole else 1 + -(-(whole - tile) // (stride + tile - first))
        found.append((tile, count))
        if count == 1:
            break
        tile = first + period * -(-(whole - first - (count - 2) * stride) // (period * (count - 1)))
    return found


def _cheapest_so_far(candidates: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each candidate the one that computes least of those up to it."""

    def cheaper(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
        return other if other[0] * other[1] < one[0] * one[1] else one

    return list(accumulate(candidates, cheaper))


def _sizes(config: UNetConfig, side: int) -> range:
    return valid_sizes(config, 1, tile_for_output(config, side))
