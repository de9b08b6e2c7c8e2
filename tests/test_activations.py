"""What is seen inside: every map as Keras itself computes it, small enough to be looked at."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from unet_explorer import UNetConfig, build_model, plan, receptive_field, valid_sizes
from unet_explorer.core.plan import TILE
from unet_explorer.learning.map_grid import cell_of
from unet_explorer.learning.worker.activations import activations, view

pytestmark = pytest.mark.tensorflow

CONFIGS = [
    UNetConfig(depth=2, base_filters=3),
    UNetConfig(depth=2, base_filters=2, padding="same", upsampling="bilinear", batch_norm=True, dropout=0.4),
    UNetConfig(depth=1, base_filters=2, kernel_size=5, in_channels=3, skips=False, head_activation="softmax"),
]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_every_map_is_the_one_that_keras_computes(config):
    keras.utils.set_random_seed(3)
    model = build_model(config)
    sides = valid_sizes(config, 40)[:2]
    tile = np.random.default_rng(0).normal(size=(*sides, config.in_channels)).astype("float32")
    for step in plan(config):
        found = activations(model, config, step.name, tile)
        assert list(found) == [*step.inputs, step.name]
        for name, maps in found.items():
            if name == TILE:
                assert np.array_equal(maps, tile)
                continue
            part = keras.Model(model.input, model.get_layer(name).output)
            assert np.abs(np.asarray(part(tile[None], training=False))[0] - maps).max() < 1e-5
    assert np.array_equal(activations(model, config, TILE, tile)[TILE], tile)


@pytest.mark.parametrize("step", ["enc1_conv2", "enc1_pool", "dec0_up", "dec0_concat", "head"])
def test_a_pixel_changes_with_what_it_sees_and_with_nothing_else(step):
    """The frame on the tile, held against the maps that are shown: nothing outside counts, and its rims do."""
    config = UNetConfig(depth=2, base_filters=3)
    keras.utils.set_random_seed(1)
    model = build_model(config)
    for weight in model.weights:
        # No ReLU may shut a path off.
        weight.assign(abs(weight.numpy()) + 0.1)
    tile = np.random.default_rng(1).uniform(1, 2, (76, 84, 1)).astype("float32")
    before = activations(model, config, step, tile)[step]
    pixel = before.shape[0] // 2, before.shape[1] // 3
    box = receptive_field(config, (76, 84), step, pixel)
    outside = tile.copy()
    outside[: box.top] = outside[box.bottom :] = 9
    outside[:, : box.left] = outside[:, box.right :] = 9
    assert np.array_equal(activations(model, config, step, outside)[step][pixel], before[pixel])
    for rim in (np.s_[box.top, box.left : box.right], np.s_[box.bottom - 1, box.left : box.right]):
        moved = tile.copy()
        moved[rim] = 50
        assert (activations(model, config, step, moved)[step][pixel] != before[pixel]).any()


def test_the_view_keeps_what_the_eye_needs():
    maps = np.random.default_rng(2).normal(size=(150, 97, 5)).astype("float32")
    maps[..., 3] = 7
    seen = view(maps, 2)
    assert (seen["height"], seen["width"], seen["channels"], seen["channel"], seen["scale"]) == (150, 97, 5, 2, 2)
    assert seen["thumbs"].shape == (5, 75, 49)
    assert max(seen["thumbs"].shape[1:]) <= cell_of(seen["channels"]) == seen["cell"]
    assert seen["dead"].tolist() == [False, False, False, True, False]
    span = seen["high"][2] - seen["low"][2]
    assert np.abs(seen["low"][2] + seen["whole"] / 255 * span - maps[..., 2]).max() <= span / 255
    thumb = seen["low"][0] + seen["thumbs"][0] / 255 * (seen["high"][0] - seen["low"][0])
    assert thumb[10, 20] == pytest.approx(maps[20:22, 40:42, 0].mean(), abs=float(span) / 200)
    # The last column of an odd width is a square of half the pixels.
    assert thumb[10, 48] == pytest.approx(maps[20:22, 96:97, 0].mean(), abs=float(span) / 200)
    assert view(maps, 99)["channel"] == 4


def test_small_maps_are_shown_as_they_are():
    maps = np.arange(12, dtype="float32").reshape(2, 3, 2)
    seen = view(maps, 0)
    assert seen["scale"] == 1
    assert np.array_equal(seen["thumbs"][0], seen["whole"])
    assert seen["whole"].ravel().tolist() == [0, 51, 102, 153, 204, 255]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_what_is_kept_is_what_a_look_would_see(config):
    from unet_explorer.learning.worker.map_cache import MapCache

    keras.utils.set_random_seed(3)
    model = build_model(config)
    sides = valid_sizes(config, 40)[:2]
    tile = np.random.default_rng(0).normal(size=(*sides, config.in_channels)).astype("float32")
    cache = MapCache()
    assert sum(1 for _ in cache.fill("key", model, config, tile)) == len(plan(config))
    assert cache.key == "key"
    assert not any(cache.is_due(step.name) for step in plan(config))
    for step in plan(config):
        found = activations(model, config, step.name, tile)
        for channel in (0, 1, 99):
            kept, seen = cache.view(step.name, channel), view(found[step.name], channel)
            assert kept.keys() == seen.keys()
            for name, value in seen.items():
                # One more or less of 255, where rounding decides.
                assert np.allclose(
                    np.asarray(kept[name], float),
                    np.asarray(value, float),
                    atol=1.01 if name in {"whole", "thumbs"} else 1e-5,
                )
    cache.clear()
    assert cache.view("head", 0) is None


def test_no_more_is_kept_than_there_is_room_for(monkeypatch):
    from unet_explorer.learning.worker import map_cache as room

    config = CONFIGS[0]
    tile = np.zeros((76, 76, 1), "float32")
    monkeypatch.setattr(room, "MAP_CACHE_BYTES", 40_000)
    cache = room.MapCache()
    for _ in cache.fill("key", build_model(config), config, tile):
        pass
    kept = [step for step in plan(config) if cache.view(step.name, 0) is not None]
    assert 0 < len(kept) < len(plan(config))
    assert sum(cache.view(step.name, 0)["whole"].size * step.channels for step in kept) <= 40_000
