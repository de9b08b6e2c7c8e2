"""The paper's weight map, against the formula evaluated pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from unet_explorer import Dataset, cells
from unet_explorer.data.weights import class_weights, weight_map, weight_maps


def by_the_book(instances, weights, border=10.0, spread=5.0):
    """Equation 2, with every distance measured to every pixel of every object."""
    numbers = [number for number in np.unique(instances) if number]
    objects = [np.argwhere(instances == number) for number in numbers]
    counted = np.empty(instances.shape)
    for place in np.ndindex(instances.shape):
        label = int(instances[place] > 0)
        counted[place] = weights[label]
        if not label and len(objects) > 1:
            near = sorted(min(math.dist(place, pixel) for pixel in pixels) for pixels in objects)
            counted[place] += border * math.exp(-((near[0] + near[1]) ** 2) / (2 * spread**2))
    return counted


@examples(30)
@given(st.integers(0, 10**6), st.integers(0, 6), st.integers(4, 24), st.integers(4, 24))
def test_it_is_the_formula(seed, count, height, width):
    rng = np.random.default_rng(seed)
    instances = np.zeros((height, width), int)
    for number in range(1, count + 1):
        row, column, tall, wide = rng.integers(0, [height, width, 5, 5])
        instances[row : row + tall + 1, column : column + wide + 1] = number
    weights = np.array([0.7, 1.9])
    got = weight_map((instances > 0).astype(int), instances, weights)
    assert np.allclose(got, by_the_book(instances, weights), atol=1e-5)


def test_far_objects_count_as_nothing():
    instances = np.zeros((1, 90), int)
    instances[0, 0], instances[0, -1] = 1, 2
    got = weight_map((instances > 0).astype(int), instances, np.ones(2))
    assert np.allclose(got, by_the_book(instances, np.ones(2)), atol=1e-6)


def test_gaps_between_touching_cells_count_most():
    data = cells(2, size=128)
    labels, instances = np.asarray(data.labels[0]), np.asarray(data.instances[0])
    got = weight_map(labels, instances, np.ones(2))
    assert got.max() > 5
    assert got[labels == 1].max() == 1
    assert np.unravel_index(got.argmax(), got.shape) in [tuple(place) for place in np.argwhere(labels == 0)]


def test_all_classes_count_the_same_in_total():
    labels = np.array([[[0] * 90 + [1] * 9 + [3]]])[0][None]
    data = Dataset("x", np.zeros((1, 1, 100, 1), "float32"), labels, ("a", "b", "c", "d"))
    weights = class_weights(data)
    totals = [weights[number] * (labels == number).sum() for number in (0, 1, 3)]
    assert np.allclose(totals, 100 / 3)
    assert weights[2] == 0
    assert class_weights(data, 6).shape == (6,)


def test_without_instances_there_is_no_border_term():
    labels = np.array([[1, 0, 1]])
    assert weight_map(labels, None, np.array([2.0, 3.0])).tolist() == [[3, 2, 3]]
    # Of a whole set, connected regions count as objects where none are known; one region has no gap.
    data = Dataset("x", np.zeros((1, 1, 3, 1), "float32"), np.array([[[1, 1, 0]]]), ("a", "b"))
    assert weight_maps(data)[0] == pytest.approx(np.array([[0.75, 0.75, 1.5]]))
