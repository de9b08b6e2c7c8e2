"""What a network is examined on: the same windows of images that it does not learn from, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, overload

import numpy as np

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Dataset, Image, Labels, normalize
from unet_explorer.data.mirror import mirrored
from unet_explorer.learning.recipe import SHOWN, Recipe

__all__ = ["MOST", "Example", "Examples", "examples"]

MOST: Final = 1 << 25
"""Pixels that are examined after every epoch, at most: 33 million take about a minute in a small network."""


class Example(NamedTuple):
    """A part of an image, and what the network should say of it.

    Attributes:
        title: The image it is from.
        tile: What the network is given, (height, width, channels), normalised, with mirrored context.
        picture: The part itself as it is shown, (height, width, channels), from 0 to 1.
        truth: Its labels, (height, width).
    """

    title: str
    tile: Image
    picture: Image
    truth: Labels


class Examples(Sequence[Example]):
    """Examples that are made when they are asked for; where all images are in memory, they are kept.

    Args:
        dataset: Images that the network does not learn from.
        tiles: For each its tile.
        config: The network.
    """

    def __init__(self, dataset: Dataset, tiles: Sequence[tuple[int, int]], config: UNetConfig) -> None:
        self._dataset, self._tiles, self._config = dataset, tiles, config
        self._made: dict[int, Example] = {}

    def __len__(self) -> int:
        return len(self._tiles)

    @property
    def sizes(self) -> Sequence[tuple[int, ...]]:
        """(height, width) of each whole image; the example is its centre, or all of it."""
        return self._dataset.sizes

    @overload
    def __getitem__(self, place: int) -> Example: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Example]: ...

    def __getitem__(self, place: int | slice) -> Example | Sequence[Example]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if place in self._made:
            return self._made[place]
        title, tile = self._dataset.titles[place], self._tiles[place]
        image, labels = np.asarray(self._dataset.images[place]), np.asarray(self._dataset.labels[place])
        made = _example(title, image, labels, self._config, tile)
        if not self._dataset.in_files:
            self._made[place] = made
        return made


def examples(dataset: Dataset, config: UNetConfig, tile: tuple[int, int], recipe: Recipe) -> Examples:
    """An example for each image: all of it where that takes no more memory than learning, else its centre.

    Of a very large set so many images are taken, evenly spread, that an examination stays short: see `MOST`.

    Args:
        dataset: Images that the network does not learn from.
        config: The network.
        tile: (height, width) of the tiles that it learns from; they must fit.
        recipe: Its batch size decides how much memory learning takes.
    """
    known: dict[tuple[int, int], tuple[int, int]] = {}
    for size in set(dataset.sizes):
        known[size] = _tile_for(size, config, tile, recipe)
    tiles = [known[size] for size in dataset.sizes]
    if sum(height * width for height, width in tiles) > MOST:
        tiles = [tile] * len(tiles)
        few = max(SHOWN, MOST // (tile[0] * tile[1]))
        if len(dataset) > few:
            chosen = [int(place) for place in np.linspace(0, len(dataset) - 1, few)]
            dataset, tiles = dataset.take(chosen), tiles[:few]
    return Examples(dataset, tiles, config)


def _tile_for(size: tuple[int, ...], config: UNetConfig, tile: tuple[int, int], recipe: Recipe) -> tuple[int, int]:
    whole = tile_for_output(config, size[0]), tile_for_output(config, size[1])
    learning = estimate_memory(config, tile, recipe.batch_size, training=True)["total"]
    return whole if estimate_memory(config, whole)["total"] <= learning else tile


def _example(title: str, image: Image, labels: Labels, config: UNetConfig, tile: tuple[int, int]) -> Example:
    output = trace(config, tile).output
    kept = [min(whole, part) for whole, part in zip(labels.shape, output, strict=False)]
    first = [(whole - part) // 2 for whole, part in zip(labels.shape, kept, strict=True)]
    inner = slice(first[0], first[0] + kept[0]), slice(first[1], first[1] + kept[1])
    border = (tile[0] - output.height) // 2, (tile[1] - output.width) // 2
    start = first[0] - border[0], first[1] - border[1]
    return Example(title, mirrored(normalize(image), start, tile), image[inner], labels[inner])
