"""What a network is taught to lower, and by which rule."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from unet_explorer.core.config import UNetConfig
from unet_explorer.learning.recipe import MOMENTUM, Recipe

__all__ = ["loss_of", "optimizer_of"]


def optimizer_of(recipe: Recipe) -> keras.optimizers.Optimizer:
    """Adam, or stochastic gradient descent with the paper's momentum."""
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(recipe.learning_rate, momentum=MOMENTUM)
    return keras.optimizers.Adam(recipe.learning_rate)


def loss_of(config: UNetConfig, recipe: Recipe) -> keras.losses.Loss:
    """The loss that goes with the network's head; it compares labels (batch, height, width) with scores.

    A linear head gives logits, and so does one with a ReLU, which is its mistake. Softmax and sigmoid give shares. One
    score a pixel, or a sigmoid for each class, is judged as yes or no.
    """
    return _Judged(config, recipe.loss)


class _Judged(keras.losses.Loss):  # type: ignore[misc]
    """Keras's own losses for this head. Labels beyond the classes of a network with one score count as yes."""

    def __init__(self, config: UNetConfig, loss: str) -> None:
        super().__init__(name=loss.replace("-", "_"), reduction="sum_over_batch_size")
        self.classes, self.loss = config.num_classes, loss
        self.logits = config.head_activation not in {"softmax", "sigmoid"}
        self.separately = config.num_classes == 1 or config.head_activation == "sigmoid"

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # Where nothing is known the label is −1, and nothing is judged.
        known = ops.cast(y_true >= 0, y_pred.dtype)
        labels = ops.maximum(ops.cast(y_true, "int32"), 0)
        if self.loss == "dice":
            return self._dice(labels, y_pred, known)
        if self.loss == "combined":
            # Cross-entropy gives every pixel a say, also where Dice alone would settle for the background.
            return ops.mean(self._cross_entropy(labels, y_pred, known)) + ops.mean(self._dice(labels, y_pred, known))
        return self._cross_entropy(labels, y_pred, known)

    def _truth(self, labels: Any, kind: Any) -> Any:
        if self.classes == 1:
            return ops.cast(ops.expand_dims(labels, -1) > 0, kind)
        return ops.one_hot(labels, self.classes, dtype=kind)

    def _cross_entropy(self, labels: Any, y_pred: Any, known: Any) -> Any:
        """One figure a pixel."""
        if self.separately:
            truth = self._truth(labels, y_pred.dtype)
            return known * keras.losses.binary_crossentropy(truth, y_pred, from_logits=self.logits)
        return known * keras.losses.sparse_categorical_crossentropy(labels, y_pred, from_logits=self.logits)

    def _dice(self, labels: Any, y_pred: Any, known: Any) -> Any:
        """One figure a class, over all pixels of the batch."""
        truth, seen = self._truth(labels, y_pred.dtype), ops.expand_dims(known, -1)
        if self.logits:
            y_pred = ops.sigmoid(y_pred) if self.separately else ops.softmax(y_pred)
        return keras.losses.dice(truth * seen, y_pred * seen, axis=(0, 1, 2))
