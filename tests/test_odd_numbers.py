"""Numbers that are no measurements, and units: a network sees the same in a file, in the set, and in an array."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import tifffile
from hands import live
from own_images import SQUARE, save

from unet_explorer import UNetConfig, from_folder, predict_image
from unet_explorer.data.dataset import normalize
from unet_explorer.model import mark_prepared
from unet_explorer.predict.standard import Standard

WAVES = np.add.outer(np.sin(np.arange(60) / 5), np.cos(np.arange(70) / 9))
KINDS = {
    "plain": WAVES,
    "no data": np.where(np.arange(70) < 20, -3.4028235e38, WAVES),
    "mark": np.where(np.arange(70) < 20, -9999, WAVES),
    "hot": np.where(np.arange(4200).reshape(60, 70) == 777, 1e9, WAVES),
    "tiny": WAVES * 1e-15,
    "large": 1e12 + WAVES * 1e11,
    "counts": np.rint(1000 + 300 * WAVES),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_file_set_and_array_are_predicted_alike(tmp_path, kind, dtype):
    model = live(UNetConfig(depth=2, base_filters=3))
    mark_prepared(model)
    pixels = KINDS[kind].astype(dtype)
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", pixels)
    save(tmp_path / "masks" / "a.png", np.zeros((60, 70), "uint8") + SQUARE.max())
    data = from_folder(tmp_path)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = predict_image(model, tmp_path / "images" / "a.tif", 76)
        array = predict_image(model, pixels, 76)
    odd = kind in {"no data", "mark", "hot"}
    assert any("far beyond all others" in str(each.message) for each in told) == odd
    assert any("far beyond all others" in note for note in data.notes) == odd
    in_set = predict_image(model, data.images[0], 76)
    np.testing.assert_allclose(found, array, atol=1e-5)
    np.testing.assert_allclose(found, in_set, atol=2e-3)
    # What is odd does not drown the rest.
    assert np.ptp(normalize(data.images[0])[:, 25:]) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_both_ways_of_normalising_find_the_same(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        standard = Standard.of(KINDS[kind][..., None])
    np.testing.assert_allclose(standard.prepared(KINDS[kind]), normalize(KINDS[kind][..., None]), atol=1e-5)


def test_a_large_image_is_judged_by_an_even_sample_of_it():
    """Whether it is asked for as a whole or in bands of rows."""

    class Asked:
        def __init__(self, pixels):
            self.pixels, self.shape, self.dtype = pixels, pixels.shape, pixels.dtype

        def __getitem__(self, part):
            return self.pixels[part]

    pixels = np.random.default_rng(0).normal(5, 2, (2100, 2300)).astype("float32")
    pixels[:50] = -9999
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        standard = Standard.of(Asked(pixels))
    np.testing.assert_allclose(standard.middle, pixels[50:].mean(), atol=0.3)
    np.testing.assert_allclose(standard.prepared(pixels[:99]), normalize(pixels[..., None])[:99], atol=1e-3)
