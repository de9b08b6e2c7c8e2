"""What a network is taught to lower, and by which rule."""

from __future__ import annotations

from typing import Any, Final

import keras
from keras import ops

from unet_explorer.core.config import UNetConfig
from unet_explorer.learning.recipe import Recipe

__all__ = ["MOMENTUM", "loss_of", "optimizer_of"]

MOMENTUM: Final = 0.99
"""High, so that many earlier tiles have a say in each change (Ronneberger et al. 2015, section 3)."""


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
        if self.loss == "dice":
            return self._dice(y_true, y_pred)
        if self.loss == "combined":
            # Cross-entropy gives every pixel a say, also where Dice alone would settle for the background.
            return ops.mean(self._cross_entropy(y_true, y_pred)) + ops.mean(self._dice(y_true, y_pred))
        return self._cross_entropy(y_true, y_pred)

    def _truth(self, y_true: Any, kind: Any) -> Any:
        if self.classes == 1:
            return ops.cast(ops.expand_dims(y_true, -1) > 0, kind)
        return ops.one_hot(ops.cast(y_true, "int32"), self.classes, dtype=kind)

    def _cross_entropy(self, y_true: Any, y_pred: Any) -> Any:
        """One figure a pixel."""
        if self.separately:
            return keras.losses.binary_crossentropy(self._truth(y_true, y_pred.dtype), y_pred, from_logits=self.logits)
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=self.logits)

    def _dice(self, y_true: Any, y_pred: Any) -> Any:
        """One figure a class, over all pixels of the batch."""
        truth = self._truth(y_true, y_pred.dtype)
        if self.logits:
            y_pred = ops.sigmoid(y_pred) if self.separately else ops.softmax(y_pred)
        return keras.losses.dice(truth, y_pred, axis=(0, 1, 2))
