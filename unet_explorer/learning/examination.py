"""What a network is examined on: the same windows of images that it does not learn from, again and again."""

from __future__ import annotations

from typing import NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Dataset, Image, Labels, normalize
from unet_explorer.data.mirror import mirrored
from unet_explorer.learning.recipe import Recipe

__all__ = ["Example", "examples"]


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


def examples(dataset: Dataset, config: UNetConfig, tile: tuple[int, int], recipe: Recipe) -> tuple[Example, ...]:
    """An example for each image: all of it where that takes no more memory than learning, else its centre.

    Args:
        dataset: Images that the network does not learn from.
        config: The network.
        tile: (height, width) of the tiles that it learns from; they must fit.
        recipe: Its batch size decides how much memory learning takes.
    """
    return tuple(
        _example(title, image, labels, config, _tile_for(labels.shape, config, tile, recipe))
        for title, (image, labels) in zip(dataset.titles, dataset, strict=True)
    )


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
