"""IoU, Dice and accuracy, against Keras's own metrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from unet_explorer.learning.history import History, thinned
from unet_explorer.learning.scores import confusion, scores


@pytest.mark.tensorflow
@examples(15)
@given(st.integers(2, 5), st.integers(0, 10**6), st.integers(1, 200))
def test_they_are_what_keras_says(classes, seed, count):
    import keras

    rng = np.random.default_rng(seed)
    truth, found = rng.integers(0, classes, (2, count))
    got = scores(confusion(truth, found, classes))
    for number in range(classes):
        metric = keras.metrics.IoU(classes, [number])
        metric.update_state(truth, found)
        occurs = number in truth or number in found
        assert (got.iou[number] is not None) == occurs
        if occurs:
            assert got.iou[number] == pytest.approx(float(metric.result()), abs=1e-6)
    dice = keras.metrics.F1Score(threshold=0.5)
    dice.update_state(np.eye(classes)[truth], np.eye(classes)[found])
    for mine, theirs in zip(got.dice, np.asarray(dice.result()), strict=True):
        assert mine is None or mine == pytest.approx(float(theirs), abs=1e-5)
    accuracy = keras.metrics.Accuracy()
    accuracy.update_state(truth, found)
    assert got.accuracy == pytest.approx(float(accuracy.result()), abs=1e-6)


def test_accuracy_misleads_where_a_class_is_rare():
    got = scores([[95, 0], [5, 0]])
    assert got.accuracy == got.constant == 0.95
    assert got.mean_iou == 0


def test_the_mean_leaves_out_the_background_and_what_does_not_occur():
    assert scores([[10, 0, 0], [0, 4, 0], [0, 0, 0]]).mean_iou == 1
    assert scores([[10, 0, 0], [0, 4, 4], [0, 0, 0]]).mean_iou == pytest.approx((0.5 + 0) / 2)
    assert scores([[10, 0], [0, 0]]).mean_iou is None
    assert scores([[0, 0], [0, 0]]).mean_iou is None
    assert scores([[10, 0], [0, 0]]).quality == 1


@given(st.lists(st.floats(0, 9), max_size=3000), st.integers(1, 500))
def test_a_thinned_curve_keeps_its_mean_and_its_ends(losses, most):
    points = thinned(losses, most)
    assert len(points) <= most
    assert all(0 < step <= len(losses) for step, _ in points)
    assert [step for step, _ in points] == sorted(step for step, _ in points)
    if len(losses) <= most:
        assert points == [(number + 1, loss) for number, loss in enumerate(losses)]


def test_a_history_goes_on_from_where_it_was_cut():
    history = History(losses=[5.0, 4.0, 3.0, 2.0])
    for number, step in ((1, 2), (2, 4)):
        history.add_epoch({"epoch": number, "step": step, "table": [[1, 0], [0, number]], "seconds": 0.1})
    history.cut(2)
    assert history.losses == [5, 4]
    assert [epoch.step for epoch in history.epochs] == [2]
    assert history.best.number == 1


def test_points_that_are_told_again_are_not_taken_twice():
    history = History()
    for points in ([(1, 5.0), (2, 4.0)], [(1, 5.0), (2, 4.0)], [(2, 4.0), (3, 3.0)]):
        progress = {"event": "progress", "request": "", "step": points[-1][0], "points": points}
        history.extend({**progress, "seconds": 0.2, "waited": 0.0})
    assert history.losses == [5, 4, 3]
