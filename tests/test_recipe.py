"""How to teach, checked and written down; and what is known of a training so far."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs

from unet_explorer.data.augment import Augmentation
from unet_explorer.learning.history import Epoch, History, thinned
from unet_explorer.learning.recipe import Order, Recipe

RECIPES = st.builds(
    Recipe,
    steps=st.integers(1, 10**6),
    batch_size=st.integers(1, 4096),
    learning_rate=st.floats(1e-9, 1e6),
    optimizer=st.sampled_from(["adam", "sgd"]),
    loss=st.sampled_from(["cross-entropy", "weighted", "dice", "combined"]),
    seed=st.integers(0, 2**31 - 1),
    augmentation=st.builds(Augmentation, elastic=st.booleans(), flips=st.booleans()),
)


@given(RECIPES, configs(), st.tuples(st.integers(1, 999), st.integers(1, 999)))
def test_what_is_written_is_read(recipe, config, tile):
    order = Order(config, tile, recipe)
    assert Order.from_dict(json.loads(json.dumps(order.to_dict()))) == order


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"steps": 2.5}, "steps=2.5 is not allowed: give a whole number from 1 to 1,000,000."),
        ({"steps": True}, "steps=True is not allowed"),
        ({"learning_rate": 0}, "learning_rate=0 is not allowed: give a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan is not allowed"),
        ({"learning_rate": None}, "learning_rate=None is not allowed"),
        ({"optimizer": "adamw"}, "optimizer='adamw' is not allowed: give one of 'adam', 'sgd'."),
        ({"seed": -1}, "seed=-1 is not allowed"),
        ({"augmentation": True}, "augmentation=True is not allowed: give an Augmentation"),
        ({"augmentation": {"elastic": 1}}, "elastic=1 is not allowed: give True or False."),
        ({"augmentation": {"mirrors": True}}, "it has an unknown key"),
        ({"speed": 3}, "Unknown key 'speed': the keys are "),
    ],
)
def test_what_is_not_allowed_is_refused_in_words(given, words):
    with pytest.raises(ValueError, match="not allowed|Unknown key") as caught:
        Recipe.from_dict(given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "given", [{}, {"config": {}, "tile": 5, "recipe": {}}, {"config": {}, "tile": [1], "recipe": {}}]
)
def test_what_is_no_order_is_refused(given):
    with pytest.raises(ValueError, match="order|values to unpack"):
        Order.from_dict(given)


@given(st.integers(1, 10**5), st.integers(1, 10**5))
def test_an_epoch_after_every_so_many_steps_and_at_the_end(steps, each):
    assert Recipe(steps=steps, steps_per_epoch=each).epochs == math.ceil(steps / each)


def table(right):
    return ((50, 0), (50 - right, right))


def test_the_best_is_the_first_of_the_highest():
    history = History()
    assert history.best is None
    for number, right in enumerate([10, 40, 20, 40], start=1):
        history.add_epoch({"epoch": number, "step": 25 * number, "table": table(right), "seconds": 0.1})
    assert history.best.number == 2
    assert history.best == Epoch(2, 50, table(40), 0.1)
    assert history.best.iou == pytest.approx(0.8)


def test_going_back_forgets_what_came_after():
    history = History(losses=[float(step) for step in range(1, 101)])
    for number in (1, 2, 3, 4):
        history.add_epoch({"epoch": number, "step": 25 * number, "table": table(1), "seconds": 0.1})
    history.cut(60)
    assert len(history.losses) == 60
    assert [epoch.step for epoch in history.epochs] == [25, 50]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=3000), st.integers(1, 500))
def test_a_thinned_curve_is_short_ordered_and_keeps_the_mean(losses, most):
    points = thinned(losses, most)
    assert len(points) <= most
    steps = [step for step, _ in points]
    assert steps == sorted(steps)
    assert 1 <= steps[0] <= steps[-1] <= len(losses)
    width = -(-len(losses) // most)
    counts = [min(width, len(losses) - width * at) for at in range(len(points))]
    mean = sum(count * loss for count, (_, loss) in zip(counts, points, strict=True)) / len(losses)
    assert mean == pytest.approx(sum(losses) / len(losses), abs=1e-9)
