"""The image that is looked at: offered, opened and refused."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from unet_explorer import Dataset, UNetConfig, cells, shapes
from unet_explorer.data.dataset import normalize
from unet_explorer.data.made import SETS
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.chosen_image import LARGEST, ChosenImage, network_summary, weights_of


@pytest.fixture
def chosen():
    return ChosenImage(cells(3, size=48))


def test_the_first_image_is_there_at_once_and_others_can_be_chosen(chosen):
    heard = []
    chosen.changed.connect(lambda: heard.append(chosen.title))
    assert chosen.image.shape == (48, 48, 1)
    assert chosen.key == "set 0"
    keys = [key for key, _ in chosen.options()]
    assert keys == ["set 0", "set 1", "set 2", *(f"large {name}" for name in SETS)]
    chosen.choose("set 2")
    chosen.choose("large shapes")
    assert chosen.image.shape == (1024, 1024, 1)
    assert heard == ["cells, image 1", "cells, image 3", "shapes, 1024 px"]
    for bad in ("set 3", "set", "set -1", "large dogs", "", "set 1 2"):
        with pytest.raises(ValueError, match="is not among the images"):
            chosen.choose(bad)
    assert chosen.title == "shapes, 1024 px"


def test_other_images_are_offered_when_others_are_learnt_from(chosen, tmp_path):
    assert chosen.title == "cells, image 1" or chosen.image is not None
    chosen.offer(shapes(2, size=48))
    assert chosen.title == "shapes, image 1"
    Image.fromarray(np.zeros((5, 6), "uint8")).save(tmp_path / "mine.png")
    chosen.open(str(tmp_path / "mine.png"))
    number = chosen.number
    chosen.offer(cells(2, size=48))
    assert (chosen.title, chosen.key, chosen.number) == ("mine.png", "", number), "one's own image stays"


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (np.full((1, 1), 9, "uint8"), (1, 1, 1)),
        (np.arange(50, dtype="uint8").reshape(1, 50), (1, 50, 1)),
        (np.linspace(0, 65535, 30 * 20).astype("uint16").reshape(30, 20), (30, 20, 1)),
        (np.dstack([np.arange(400).reshape(20, 20) % 256] * 4).astype("uint8"), (20, 20, 1)),
        (np.random.default_rng(0).integers(0, 255, (20, 30, 4), "uint8"), (20, 30, 3)),
        (np.zeros((100, 20_000), "uint8"), (100, 20_000, 1)),
    ],
    ids=["one pixel", "one row", "16 bits", "grey RGBA", "RGBA", "20,000 px wide"],
)
def test_images_of_all_kinds_are_opened(chosen, tmp_path, values, shape):
    tifffile.imwrite(tmp_path / "a.tif", values)
    chosen.open(f'"{tmp_path / "a.tif"}"')
    assert chosen.image.shape == shape
    assert chosen.image.dtype == np.float32
    assert 0 <= chosen.image.min() <= chosen.image.max() <= 1
    assert chosen.title == "a.tif"
    assert np.isfinite(chosen.network_input(1)).all()


def test_what_cannot_be_shown_is_refused_in_words_and_what_was_there_stays(chosen, tmp_path):
    before = chosen.image
    tifffile.imwrite(tmp_path / "nan.tif", np.array([[1.0, np.nan]], "float32"))
    tifffile.imwrite(tmp_path / "large.tif", np.zeros((2049, 2048), "uint8"))
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((5, 30, 30), "uint8"), photometric="minisblack")
    (tmp_path / "text.png").write_text("no")
    np.save(tmp_path / "many.npy", np.zeros((5, 5, 9)))
    zarr.create_array(str(tmp_path / "deep.zarr"), shape=(2000, 2000, 10_000), chunks=(100, 100, 100), dtype="f4")
    np.save(tmp_path / "long.npy", np.zeros((1, 40_000), "uint8"))
    np.save(tmp_path / "empty.npy", np.zeros((0, 5), "uint8"))
    np.save(tmp_path / "words.npy", np.array([["a"]]))
    np.save(tmp_path / "complex.npy", np.zeros((2, 2), complex))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.tif")
    for name, words in (
        ("nan.tif", "holds numbers that are infinite or NaN"),
        ("large.tif", f"is 2,049 × 2,048 pixels: up to {LARGEST:,} are shown here, .* In a cell, predict_image"),
        ("deep.zarr", "has 10,000 channels, and a network takes at most 256"),
        ("long.npy", "up to .* 32,000 on a side"),
        ("empty.npy", r"has shape \(0, 5\)"),
        ("words.npy", "holds <U1, not real numbers"),
        ("complex.npy", "holds complex128, not real numbers"),
        ("pipe.tif", "is not there, or no plain file"),
        ("~nosuchuser_/x.tif", r"x.tif.* cannot be read"),
        ("stack.tif", "stack.tif"),
        ("text.png", "text.png"),
        ("many.npy", r"many.npy holds 5 planes"),
        ("nowhere.png", "is not there"),
        (" ", "(Type the path|is not there|holds|cannot be read)"),
    ):
        with pytest.raises(ValueError, match=words):
            chosen.open(name if name.startswith(("~", " ")) else str(tmp_path / name))
    assert chosen.image is before


def test_it_is_given_in_as_many_channels_as_the_network_takes(chosen, tmp_path):
    grey = chosen.network_input(1)
    assert np.abs(grey - normalize(chosen.image)).max() == 0
    assert np.array_equal(chosen.network_input(3), np.repeat(grey, 3, axis=2))
    with pytest.raises(ValueError, match="takes 2 channels, the image has 1: set Image channels to 1"):
        chosen.network_input(2)
    colours = np.random.default_rng(0).integers(0, 255, (20, 30, 3), "uint8")
    Image.fromarray(colours).save(tmp_path / "rgb.png")
    chosen.open(str(tmp_path / "rgb.png"))
    luminance = np.asarray(Image.fromarray(colours).convert("L"), "float32")[..., None] / 255
    assert np.abs(chosen.network_input(1) - normalize(luminance)).max() < 0.05
    assert np.abs(chosen.network_input(3) - normalize(colours / 255)).max() < 1e-5


def test_whose_weights_are_looked_at(state):
    from unet_explorer import TrainingSession

    config = UNetConfig(depth=2, base_filters=4)
    instrument = Instrument(config, (76, 76))
    fresh = {"training": "", "folder": ""}
    assert weights_of(instrument, None) == fresh
    session = TrainingSession(config, cells(3, size=48), 76)
    assert weights_of(instrument, session) == fresh, "it has not started"
    instrument.close()
    session.close()
    assert network_summary(1, fresh) == "after 1 step of training"
    assert network_summary(0, fresh) == "fresh weights: this design was not trained yet"
    assert network_summary(0, {"training": "a", "folder": "b"}) == "before the first step of training"


def test_an_image_of_a_data_set_that_is_too_large_is_refused_as_well():
    large = np.zeros((1, 2100, 2100, 1), "float32")
    chosen = ChosenImage(Dataset("large", large, np.zeros((1, 2100, 2100), int), ("no", "yes")))
    with pytest.raises(ValueError, match="large, image 1 is 2,100 × 2,100 pixels"):
        chosen.choose("set 0")
