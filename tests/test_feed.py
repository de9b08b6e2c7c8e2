"""Batches: the same number is the same batch, and what is predicted is what is labelled."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from unet_explorer import Dataset, UNetConfig, cells
from unet_explorer.data.augment import Augmentation
from unet_explorer.learning.recipe import Recipe
from unet_explorer.learning.worker.feed import PREFETCHED, Batch, Feed, Prefetcher

CONFIG = UNetConfig(depth=1, base_filters=2)
TILE = (40, 44)
OUTPUT = (24, 28)


def feed(dataset=None, **recipe):
    return Feed(dataset or cells(4, size=64), CONFIG, TILE, Recipe(batch_size=3, **recipe))


@pytest.mark.parametrize("loss", ["cross-entropy", "weighted"])
def test_a_batch_has_tiles_of_the_input_and_labels_of_the_output(loss):
    batch = feed(loss=loss).batch(0)
    assert batch.tiles.shape == (3, *TILE, 1)
    assert batch.tiles.dtype == np.float32
    assert batch.labels.shape == (3, *OUTPUT)
    assert (batch.weights is None) == (loss != "weighted")
    if batch.weights is not None:
        assert batch.weights.shape == (3, *OUTPUT)
        assert batch.weights.min() > 0


def test_with_one_score_a_pixel_there_are_still_two_classes_to_weigh():
    one = UNetConfig(depth=1, base_filters=2, num_classes=1)
    recipe = Recipe(batch_size=3, loss="weighted")
    batch = Feed(cells(4, size=64), one, TILE, recipe).batch(0)
    assert np.array_equal(batch.weights, feed(loss="weighted").batch(0).weights)


def test_the_same_number_of_the_same_seed_is_the_same_batch():
    one, two, other = feed(seed=1), feed(seed=1), feed(seed=2)
    for number in (0, 1, 7):
        assert np.array_equal(one.batch(number).tiles, two.batch(number).tiles)
        assert np.array_equal(one.batch(number).labels, two.batch(number).labels)
        assert not np.array_equal(one.batch(number).tiles, other.batch(number).tiles)
    assert not np.array_equal(one.batch(0).tiles, one.batch(1).tiles)


def test_a_large_image_is_drawn_as_often_as_it_is_large():
    small, large = np.full((32, 40), 1), np.full((80, 64), 2)
    images = [np.zeros((*each.shape, 1), "float32") for each in (small, large)]
    mixed = feed(Dataset("mixed", images, [small, large], ("a", "b", "c")), augmentation=Augmentation.none())
    drawn = np.concatenate([mixed.batch(number).labels[:, 0, 0] for number in range(200)])
    # By hand: 1280 and 5120 pixels. Of 600 draws 120 ± 10 are of the small one; five standard deviations are 49.
    assert abs(int((drawn == 1).sum()) - 120) < 49


def test_the_label_is_the_centre_that_the_network_predicts():
    """The image is its own label, so that a shift by one pixel would show."""
    labels = np.random.default_rng(0).integers(0, 200, (2, 64, 64))
    images = Dataset("x", labels[..., None].astype("float32") / 255, labels, ("a",) * 200)
    batch = feed(images, augmentation=Augmentation(elastic=False, rotations=False, grey=False)).batch(0)
    rows, columns = (slice((tile - out) // 2, (tile - out) // 2 + out) for tile, out in zip(TILE, OUTPUT, strict=True))
    inner = batch.tiles[:, rows, columns, 0]
    # Normalising is linear, so a tile's centre is its labels but for gain and offset.
    for tile, label in zip(inner, batch.labels, strict=True):
        assert np.corrcoef(tile.ravel(), label.ravel())[0, 1] > 0.9999


def test_batches_are_made_ahead_and_in_order():
    made, gate = [], threading.Event()

    class Slow(Feed):
        def batch(self, number):
            gate.wait()
            made.append(number)
            return Batch(np.array([number]), np.zeros(1), None)

    ahead = Prefetcher(Slow(cells(2, size=48), CONFIG, TILE, Recipe()), first=5)
    assert made == []
    gate.set()
    taken = [int(ahead.take().tiles[0]) for _ in range(6)]
    assert taken == [5, 6, 7, 8, 9, 10]
    assert ahead.waited > 0
    ahead.close()
    assert made == sorted(made)
    assert len(made) <= 6 + PREFETCHED


def test_what_goes_wrong_in_the_making_is_heard_when_it_is_taken():
    class Broken(Feed):
        def batch(self, number):
            raise MemoryError("no more")

    ahead = Prefetcher(Broken(cells(2, size=48), CONFIG, TILE, Recipe()), 0)
    with pytest.raises(MemoryError, match="no more"):
        ahead.take()
    ahead.close()
