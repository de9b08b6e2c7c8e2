"""The exercise on choosing: which tile wastes least for an image, within a memory limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from unet_explorer.core.axis import margins
from unet_explorer.core.budget import best_tile
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.tiles import ShapeError, nearest_sizes, tile_for_output, valid_sizes
from unet_explorer.core.tiling import Tiling
from unet_explorer.core.trace import trace
from unet_explorer.lessons.asking import Asked, made, size_words
from unet_explorer.lessons.exercise import Exercise, Slip
from unet_explorer.lessons.slips import slip

__all__ = ["tile_exercise"]

_MB: Final = 10**6
_SHARES: Final = (0.2, 0.4, 0.6, 0.8)
_LARGEST_IMAGE: Final = 4000
_Size = tuple[int, int]


def tile_exercise(asked: Asked) -> Exercise | None:
    """Which tile wastes least; None where there is nothing to choose."""
    config, dice = asked.config, asked.dice
    least = trace(config, valid_sizes(config).start).output.height
    low = max(96, least)
    image = (low + dice.number(max(low, _LARGEST_IMAGE // 4)), low + dice.number(max(low, _LARGEST_IMAGE // 4)))
    whole = (tile_for_output(config, image[0]), tile_for_output(config, image[1]))
    small, large = (_megabytes(config, each) for each in ((valid_sizes(config).start,) * 2, whole))
    free = best_tile(config, image, large * _MB)
    limit = small + round((large - small) * dice.of(_SHARES))
    best = best_tile(config, image, limit * _MB)
    if best is None or free is None:
        return None
    costs = dict(_costs(config, image, best, free, limit))
    if len(costs) < 3 or best not in costs:
        return None
    options = ", ".join(_option(config, image, tile) for tile in sorted(costs))
    told = (
        "What is computed is the number of tiles × height × width: first count the tiles on each axis.",
        f"Tiles lie a multiple of {margins(config).period} px apart, so that no seam shows. Leave out what takes too "
        "much memory, and compare the rest.",
        "; ".join(
            f"{size_words(tile)}: {_count(config, image, tile)}, {cost:,} px computed" for tile, cost in costs.items()
        )
        + f". Of those within {limit:,} MB, {size_words(best)} computes least for {image[0] * image[1]:,} px.",
    )
    question = (
        f"An image of {size_words(image)} (height × width) is predicted in tiles, without seams, with at most "
        f"{limit:,} MB of memory. Which of these tiles computes the fewest pixels in all? {options}."
    )
    return made("tile", question, best, "px", told, _slips(config, costs, best, limit))(config, best)


def _megabytes(config: UNetConfig, tile: _Size) -> int:
    """Rounded up, so that what is shown and what the limit says agree."""
    return -(-estimate_memory(config, tile)["total"] // _MB)


def _option(config: UNetConfig, image: _Size, tile: _Size) -> str:
    said = f"{size_words(tile)} ({_megabytes(config, tile):,} MB"
    # What padded tiles may write is not to be seen from their size.
    return f"{said}, {_count(config, image, tile)})" if config.padding == "same" else f"{said})"


def _count(config: UNetConfig, image: _Size, tile: _Size) -> str:
    down, across = Tiling(config, image, tile).axes
    return f"{down.count} × {across.count} tile{'' if down.count * across.count == 1 else 's'}"


def _costs(config: UNetConfig, image: _Size, best: _Size, free: _Size, limit: int) -> Iterator[tuple[_Size, int]]:
    """Tiles to choose from, each with the pixels it computes; none is as good as the best by chance."""
    down, across = best
    period = valid_sizes(config).step
    square = nearest_sizes(config, min(down, across))[0] or down
    wanted = [best, free, (across, down), (square, square), (down + period, across + period), (down - period, across)]
    cheapest = Tiling(config, image, best).computed
    for tile in dict.fromkeys(wanted):
        try:
            laid = Tiling(config, image, tile)
        except (ShapeError, ValueError):
            continue
        equal = laid.computed <= cheapest and tile != best and _megabytes(config, tile) <= limit
        if laid.tile == tile and not equal:
            yield tile, laid.computed


def _slips(config: UNetConfig, costs: dict[_Size, int], best: _Size, limit: int) -> Iterator[Slip | None]:
    swapped = (best[1], best[0])
    for tile in costs:
        if tile != best and _megabytes(config, tile) > limit:
            yield slip(tile, "forgot the memory", "It takes more than there is.")
    if swapped in costs:
        yield slip(swapped, "used the other axis", "Height comes first, then width.")
    within = [tile for tile in costs if _megabytes(config, tile) <= limit]
    largest = max(within, key=lambda tile: tile[0] * tile[1])
    smallest = min(within, key=lambda tile: tile[0] * tile[1])
    yield slip(largest, "took the largest", "A larger tile may compute more than the image needs.")
    yield slip(smallest, "took the smallest", "Of small tiles most is a rim that is computed again and again.")
    for tile in within:
        yield slip(tile, "counted tiles wrongly", "Count the tiles on each axis, then multiply.")
