"""What a network is examined on: whole images where there is room, and the same context as NumPy's own mirror."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_explorer import Dataset, UNetConfig, cells, estimate_memory, trace
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.data.dataset import normalize
from unet_explorer.data.mirror import mirrored
from unet_explorer.learning.examination import examples
from unet_explorer.learning.recipe import Recipe

CONFIG = UNetConfig(depth=2, base_filters=2)


@given(st.tuples(st.integers(1, 6), st.integers(1, 6)), st.data())
def test_mirrored_is_a_part_of_the_image_padded_as_numpy_pads(size, data):
    image = np.arange(size[0] * size[1]).reshape(size)
    margin = 20
    padded = np.pad(image, margin, mode="reflect")
    start = tuple(data.draw(st.integers(-margin, whole + margin - 1)) for whole in size)
    part = tuple(data.draw(st.integers(1, whole + margin - first)) for whole, first in zip(size, start, strict=True))
    inner = tuple(slice(first + margin, first + margin + side) for first, side in zip(start, part, strict=True))
    assert np.array_equal(mirrored(image, start, part), padded[inner])


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(60, 60), (61, 47), (20, 33)])
def test_a_whole_image_is_asked_for_with_the_context_the_network_eats(padding, size):
    config = UNetConfig(depth=2, base_filters=2, padding=padding)
    images = cells(3, size=size)
    tile = (tile_for_output(config, 64),) * 2
    for example, (image, labels), title in zip(
        examples(images, config, tile, Recipe()), images, images.titles, strict=True
    ):
        assert example.title == title
        assert np.array_equal(example.truth, labels)
        assert np.array_equal(example.picture, image)
        output = trace(config, example.tile.shape[:2]).output
        assert output.height >= size[0]
        assert output.width >= size[1]
        border = (example.tile.shape[0] - output.height) // 2
        # Where the prediction's first pixel lies is where the truth's first pixel is.
        inner = example.tile[border : border + size[0], border : border + size[1]]
        assert np.array_equal(inner, normalize(image)[: inner.shape[0], : inner.shape[1]])


def test_of_an_image_too_large_for_the_memory_the_centre_is_asked_for():
    images = Dataset("large", np.zeros((1, 2400, 2400, 1), "float32"), np.zeros((1, 2400, 2400), int), ("a", "b"))
    images.labels[0, 1200, 1200] = 1
    config = UNetConfig(depth=2, base_filters=16)
    tile = tile_for_output(config, 48), tile_for_output(config, 64)
    recipe = Recipe(batch_size=1)
    (example,) = examples(images, config, tile, recipe)
    output = trace(config, tile).output
    assert example.tile.shape[:2] == tile
    assert example.truth.shape == (output.height, output.width)
    assert example.truth[output.height // 2, output.width // 2] == 1
    whole = estimate_memory(config, tile_for_output(config, 2400))["total"]
    assert whole > estimate_memory(config, tile, 1, training=True)["total"]
