"""The numbers that a step is explained with, held against the network that they are taken from."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from unet_explorer import UNetConfig, build_model, plan
from unet_explorer.core.tiles import valid_sizes
from unet_explorer.learning.worker.activations import activations
from unet_explorer.learning.worker.patches import patch

pytestmark = pytest.mark.tensorflow

CONFIGS = [
    UNetConfig(depth=2, base_filters=3),
    UNetConfig(depth=1, base_filters=2, kernel_size=5, in_channels=3, num_classes=3),
    UNetConfig(depth=2, base_filters=3, padding="same", kernel_size=5),
    UNetConfig(depth=1, base_filters=4, batch_norm=True, num_classes=1, padding="same"),
]


@pytest.fixture(scope="module", params=CONFIGS, ids=str)
def network(request):
    keras.utils.set_random_seed(1)
    config = request.param
    model = build_model(config)
    rng = np.random.default_rng(0)
    # Biases start at 0, and what is 0 cannot be missed.
    model.set_weights([each + rng.normal(0, 0.1, each.shape) for each in model.get_weights()])
    sides = valid_sizes(config, 30)[:2]
    return config, model, rng.normal(size=(*sides, config.in_channels)).astype("float32")


def around(config, model, tile, step, channel):
    maps = activations(model, config, step.name, tile)
    return maps, patch(model, step, maps[step.inputs[0]], maps[step.name], channel)


def test_the_sum_that_is_shown_is_the_pixel_that_the_network_computed(network):
    config, model, tile = network
    convolutions = [step for step in plan(config) if step.op in {"conv", "conv1x1"}]
    for step in convolutions:
        for channel in {0, step.channels - 1}:
            maps, told = around(config, model, tile, step, channel)
            k, behind = step.kernel, told["behind"]
            assert told["kernel"].shape == (k, k)
            assert told["before"].shape == tuple(side + k - 1 for side in behind.shape)
            for row, column in np.ndindex(behind.shape):
                window = told["before"][row : row + k, column : column + k]
                total = (window * told["kernel"]).sum() + told["others"][row, column] + told["bias"][0]
                wanted = max(total, 0) if step.activation == "relu" else total
                assert behind[row, column] == pytest.approx(wanted, abs=1e-4), (step.name, row, column)
            assert behind.max() == maps[step.name][..., channel].max()


def test_a_pooling_comes_with_the_numbers_that_it_chose_from(network):
    config, model, tile = network
    for step in (each for each in plan(config) if each.op == "pool"):
        maps, told = around(config, model, tile, step, 1)
        rows, columns = told["behind"].shape
        blocks = told["before"].reshape(rows, 2, columns, 2).max(axis=(1, 3))
        assert np.array_equal(blocks, told["behind"])
        assert told["behind"].max() == maps[step.name][..., 1].max()


def test_scores_are_those_where_the_classes_are_closest(network):
    config, model, tile = network
    head = plan(config)[-1]
    maps, told = around(config, model, tile, head, 0)
    scores = maps["head"]
    ordered = np.sort(scores, axis=-1)
    close = np.abs(scores[..., 0]) if config.num_classes == 1 else ordered[..., -1] - ordered[..., -2]
    row, column = np.unravel_index(np.argmin(close), close.shape)
    assert any(np.array_equal(each, scores[row, column]) for each in told["scores"].reshape(-1, config.num_classes))


def test_the_shown_channel_counts_most():
    """Of two channels one is 100 times as bright."""
    config = UNetConfig(depth=1, base_filters=2, in_channels=2)
    model, (step, *_) = build_model(config), plan(config)
    tile = np.random.default_rng(0).random((20, 20, 2)).astype("float32") * np.array([1, 100], "float32")
    assert around(config, model, tile, step, 0)[1]["from"] == [1]
    assert around(config, model, tile[..., ::-1], step, 0)[1]["from"] == [0]


def test_other_steps_have_none(network):
    config, model, tile = network
    for step in plan(config):
        if step.op not in {"pool", "conv", "conv1x1"}:
            assert around(config, model, tile, step, 0)[1] == {}
