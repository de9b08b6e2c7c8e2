"""Seams: what is counted as one, against counting by hand; and tiles that leave none or some."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from unet_explorer import Tiling, UNetConfig, build_model
from unet_explorer.predict.scores import probabilities
from unet_explorer.predict.seams import seams, tiled

pytestmark = pytest.mark.tensorflow


def scores(model, image, tile, seamless=True):
    from unet_explorer.model import config_of

    *counted, found = tiled(model, image, Tiling(config_of(model), image.shape, tile, seamless=seamless))
    assert counted == list(range(1, len(counted) + 1))
    return found


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_tiles_on_one_grid_leave_no_seam_and_careless_ones_do(padding):
    keras.utils.set_random_seed(0)
    config = UNetConfig(depth=2, base_filters=4, padding=padding, convs_per_block=1)
    model = build_model(config)
    image = np.random.default_rng(0).normal(size=(100, 130, 1)).astype("float32")
    tile = 66 if padding == "valid" else 64
    wanted = scores(model, image, tile + 2000)
    aligned = seams(scores(model, image, tile), wanted, config)
    careless = seams(scores(model, image, tile, False), wanted, config)
    assert aligned.flipped == 0
    assert int(aligned.image.max()) < 40
    assert aligned.largest < 1e-5
    assert careless.flipped > 10
    assert careless.largest > 0.1
    assert careless.image.max() == 255


def test_seams_are_counted():
    wanted = np.zeros((2, 3, 2), "float32")
    wanted[..., 1] = 4
    found = wanted.copy()
    found[0, 1] = (4, 0)
    found[1, 2] = (0, 3)
    told = seams(found, wanted, UNetConfig())
    high = 1 / (1 + np.exp(-4))
    assert told.flipped == 1
    assert told.largest == told.scale == pytest.approx(2 * high - 1, abs=1e-6)
    slight = abs(high - 1 / (1 + np.exp(-3))) / told.scale
    assert told.image.tolist() == [[0, 255, 0], [0, 0, round(255 * slight**0.5)]]


def test_what_is_only_rounding_is_not_blown_up():
    wanted = np.zeros((1, 1, 2), "float32")
    told = seams(wanted + np.array([1e-6, 0], "float32"), wanted, UNetConfig())
    assert (told.flipped, told.scale) == (0, 1e-3)
    assert told.image.max() < 20


@pytest.mark.parametrize(
    ("config", "given", "likely"),
    [
        (UNetConfig(), [0.0, np.log(3)], [0.25, 0.75]),
        (UNetConfig(head_activation="relu"), [0.0, 0.0], [0.5, 0.5]),
        (UNetConfig(head_activation="softmax"), [0.1, 0.9], [0.1, 0.9]),
        (UNetConfig(num_classes=1), [0.0], [0.5]),
        (UNetConfig(num_classes=1, head_activation="sigmoid"), [0.3], [0.3]),
    ],
    ids=str,
)
def test_probabilities_whatever_the_head(config, given, likely):
    assert probabilities(np.array(given, "float32"), config).tolist() == pytest.approx(likely)
