"""Datasets: what goes together, what does not, and how they are divided."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_explorer import Dataset
from unet_explorer.data.dataset import normalize


def dataset(count=4, size=(8, 6), channels=1, **more):
    images = np.random.default_rng(0).random((count, *size, channels), dtype="float32")
    return Dataset("test", images, np.zeros((count, *size), int), ("no", "yes"), **more)


@given(st.integers(2, 40), st.floats(0, 1), st.integers(0, 5))
def test_a_split_shares_no_image_and_loses_none(count, share, seed):
    titles = tuple(f"number {place}" for place in range(count))
    data = dataset(count, (2, 2), titles=titles)
    learnt, examined = data.split(share, seed)
    assert set(learnt.titles) | set(examined.titles) == set(titles)
    assert not set(learnt.titles) & set(examined.titles)
    assert len(learnt) >= 1 <= len(examined)
    assert data.split(share, seed)[1].titles == examined.titles


def test_a_split_keeps_what_belongs_together():
    data = dataset(6)
    data = Dataset(
        "x",
        data.images,
        np.arange(6 * 48).reshape(6, 8, 6) % 256,
        ("a",),
        instances=data.labels,
        titles=tuple("abcdef"),
    )
    for part in data.split(0.5):
        for title, (image, labels) in zip(part.titles, part, strict=True):
            place = "abcdef".index(title)
            assert np.array_equal(image, data.images[place])
            assert np.array_equal(labels, data.labels[place])


def test_pixels_are_counted_by_image_and_class():
    labels = np.random.default_rng(1).integers(0, 256, (3, 9, 7))
    data = Dataset("x", np.zeros((3, 9, 7, 1), "float32"), labels, ("a",))
    assert data.pixels.shape == (3, 256)
    for image, label in [(0, int(labels[0, 0, 0])), (1, 0), (2, 255)]:
        assert data.pixels[image, label] == (labels[image] == label).sum()
    assert data.pixels.sum() == labels.size


def test_images_of_several_sizes():
    images = (np.zeros((4, 4, 3), "float32"), np.ones((6, 8, 3), "float32"))
    data = Dataset("mixed", images, [np.zeros((4, 4), int), np.ones((6, 8), int)], ("a", "b"))
    assert data.size is None
    assert data.channels == 3
    assert data.take([1]).size == (6, 8)
    assert [image.shape for image in data.grey().images] == [(4, 4, 1), (6, 8, 1)]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"images": np.zeros((0, 4, 4, 1))}, "has no images"),
        ({"labels": np.zeros((1, 4, 4), int)}, "2 images, but 1 labels: give one for each image"),
        ({"labels": np.zeros((2, 4, 5), int)}, r"image 1 has shape \(4, 4, 1\), its labels \(4, 5\): they must match"),
        ({"images": np.zeros((2, 4, 4))}, r"image 1 has shape \(4, 4\): every image must be \(height, width, 4\)"),
        ({"instances": np.zeros((3, 4, 4), int)}, "2 images, but 3 instances"),
        ({"titles": ("one",)}, "2 images, but 1 titles"),
        ({"labels": np.zeros((2, 4, 4), bool)}, r"labels of image 1 are bool, .*: give labels.astype\('uint8'\)"),
        ({"labels": np.full((2, 4, 4), 256)}, "labels of image 1 go from 256 to 256: give classes from 0 to 255"),
        ({"labels": np.full((2, 4, 4), -2)}, "labels of image 1 go from -2 to -2"),
        ({"images": np.full((2, 4, 4, 1), np.nan)}, "image 1 holds NaN or infinite numbers"),
    ],
)
def test_what_does_not_go_together_is_refused(given, words):
    whole = {"images": np.zeros((2, 4, 4, 1), "float32"), "labels": np.zeros((2, 4, 4), int)}
    with pytest.raises(ValueError, match=words):
        Dataset("test", classes=("a",), **{**whole, **given})
    with pytest.raises(ValueError, match="has one image: give at least two"):
        dataset(1).split()


def test_normalizing_undoes_gain_and_offset():
    image = np.random.default_rng(0).random((9, 7, 3), dtype="float32")
    normal = normalize(image)
    assert np.allclose(normal.mean(axis=(0, 1)), 0, atol=1e-5)
    assert np.allclose(normal.std(axis=(0, 1)), 1, atol=1e-4)
    assert np.allclose(normalize(image * 0.3 + 5), normal, atol=1e-3)
    assert not normalize(np.full((4, 4, 1), 7.0)).any()
