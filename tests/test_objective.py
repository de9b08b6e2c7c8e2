"""Losses for every head, against the formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from unet_explorer import UNetConfig, build_model
from unet_explorer.learning.recipe import Recipe

pytestmark = pytest.mark.tensorflow


def softmax(scores):
    grown = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


def sigmoid(scores):
    return 1 / (1 + np.exp(-scores))


def shares(scores, head, classes):
    """What the head's scores mean, each class's share of a pixel."""
    if head in {"softmax", "sigmoid"}:
        return scores
    return sigmoid(scores) if classes == 1 else softmax(scores)


def cross_entropy(truth, share, separately):
    """Of each pixel."""
    if separately:
        return -(truth * np.log(share) + (1 - truth) * np.log(1 - share)).mean(axis=-1)
    return -(truth * np.log(share)).sum(axis=-1)


def given_scores(head, classes, rng):
    scores = rng.normal(size=(2, 5, 4, classes)).astype("float32")
    functions = {"softmax": softmax, "sigmoid": sigmoid, "relu": lambda x: np.maximum(x, 0), "linear": lambda x: x}
    return functions[head](scores)


HEADS = [("linear", 3), ("relu", 3), ("softmax", 3), ("sigmoid", 3), ("linear", 1), ("sigmoid", 1), ("linear", 2)]


@pytest.mark.parametrize(("head", "classes"), HEADS)
def test_cross_entropy_is_the_formula(head, classes):
    from unet_explorer.learning.worker.objective import loss_of

    rng = np.random.default_rng(0)
    scores, labels = given_scores(head, classes, rng), rng.integers(0, max(2, classes), (2, 5, 4))
    weights = rng.random((2, 5, 4)).astype("float32")
    truth = labels[..., None].astype(float) if classes == 1 else np.eye(classes)[labels]
    each = cross_entropy(truth, shares(scores, head, classes), head == "sigmoid" or classes == 1)
    loss = loss_of(UNetConfig(head_activation=head, num_classes=classes), Recipe())
    assert float(loss(labels, scores)) == pytest.approx(each.mean(), rel=1e-4)
    assert float(loss(labels, scores, weights)) == pytest.approx((each * weights).mean(), rel=1e-4)


@pytest.mark.parametrize(("head", "classes"), HEADS)
def test_dice_is_the_formula(head, classes):
    from unet_explorer.learning.worker.objective import loss_of

    rng = np.random.default_rng(1)
    scores, labels = given_scores(head, classes, rng), rng.integers(0, max(2, classes), (2, 5, 4))
    truth = labels[..., None].astype(float) if classes == 1 else np.eye(classes)[labels]
    share = shares(scores, head, classes)
    if head == "sigmoid":
        share = scores
    overlap = 2 * (truth * share).sum(axis=(0, 1, 2)) / (truth + share).sum(axis=(0, 1, 2))
    loss = loss_of(UNetConfig(head_activation=head, num_classes=classes), Recipe(loss="dice"))
    assert float(loss(labels, scores)) == pytest.approx(1 - overlap.mean(), rel=1e-4)
    # Both together are the sum.
    each = cross_entropy(truth, share, head == "sigmoid" or classes == 1)
    both = loss_of(UNetConfig(head_activation=head, num_classes=classes), Recipe(loss="combined"))
    assert float(both(labels, scores)) == pytest.approx(each.mean() + 1 - overlap.mean(), rel=1e-4)


def test_the_papers_optimizer():
    from unet_explorer.learning.worker.objective import optimizer_of

    sgd = optimizer_of(Recipe(optimizer="sgd", learning_rate=0.01))
    assert (type(sgd).__name__, sgd.momentum) == ("SGD", 0.99)
    adam = optimizer_of(Recipe(learning_rate=0.004))
    assert type(adam).__name__ == "Adam"
    assert float(adam.learning_rate) == pytest.approx(0.004)


def test_a_relu_head_lets_no_gradient_back_where_it_cuts_off():
    """What the preset "article" is warned of."""
    import keras
    import tensorflow as tf

    from unet_explorer.learning.worker.objective import loss_of

    for head, alive in (("relu", False), ("linear", True)):
        config = UNetConfig(depth=1, base_filters=2, head_activation=head)
        keras.utils.set_random_seed(0)
        model = build_model(config, 20)
        model.get_layer("head").bias.assign([-100.0, -100.0])
        with tf.GradientTape() as tape:
            loss = loss_of(config, Recipe())(np.ones((1, 4, 4), int), model(np.random.rand(1, 20, 20, 1)))
        gradients = tape.gradient(loss, model.trainable_variables)
        assert any(np.abs(each).max() > 0 for each in gradients) == alive


@pytest.mark.parametrize(
    ("head", "classes", "scores", "expected"),
    [
        ("linear", 3, [[0.1, 0.3, 0.2], [2, 1, 0]], [1, 0]),
        ("linear", 1, [[-0.1], [0.1]], [0, 1]),
        ("sigmoid", 1, [[0.4], [0.6]], [0, 1]),
        ("relu", 1, [[0.0], [0.6]], [0, 1]),
        ("softmax", 2, [[0.6, 0.4], [0.1, 0.9]], [0, 1]),
    ],
)
def test_scores_become_classes(head, classes, scores, expected):
    from unet_explorer.predict.scores import classes_of

    config = UNetConfig(head_activation=head, num_classes=classes)
    assert classes_of(np.array(scores), config).tolist() == expected
