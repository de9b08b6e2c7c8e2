"""One network being taught: a step, an examination, and what is kept of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.examination import examples
from unet_explorer.learning.recipe import Order
from unet_explorer.learning.scores import confusion
from unet_explorer.learning.store import Arrays
from unet_explorer.learning.worker.feed import Feed, Prefetcher
from unet_explorer.learning.worker.objective import loss_of, optimizer_of
from unet_explorer.model import build_model
from unet_explorer.predict.scores import classes_of
from unet_explorer.predict.tiles import forward

__all__ = ["DivergedError", "Learner"]


class DivergedError(ArithmeticError):
    """The loss is no number any more."""


class Learner:
    """A network with its optimizer, its batches and its examination.

    Attributes:
        step: Changes of the weights so far.
        model: The network.
    """

    def __init__(self, order: Order, dataset: Dataset) -> None:
        config, recipe = order.config, order.recipe
        keras.utils.set_random_seed(recipe.seed)
        self.order, self.step = order, 0
        self.model = build_model(config)
        self.optimizer, self._loss = optimizer_of(recipe), loss_of(config, recipe)
        # Left to the first step, TensorFlow would have to trace that step twice: once more with these variables.
        self.optimizer.build(self.model.trainable_variables)
        self._learn = tf.function(self._step, autograph=False, reduce_retracing=True)
        learnt, examined = dataset.split(seed=recipe.seed)
        self.examples = examples(examined, config, order.tile, recipe)
        self._feed = Feed(learnt, config, order.tile, recipe)
        self._batches: Prefetcher | None = None

    def advance(self) -> float:
        """Learn from one batch.

        Returns:
            The loss of that batch, before the change.

        Raises:
            DivergedError: If it is not a finite number.
        """
        if self._batches is None:
            self._batches = Prefetcher(self._feed, self.step)
        batch = self._batches.take()
        loss = float(self._learn(*(None if part is None else tf.convert_to_tensor(part) for part in batch)))
        if not math.isfinite(loss):
            raise DivergedError(f"the loss is {loss} at step {self.step + 1}")
        self.step += 1
        return loss

    def _step(self, tiles: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
        """Predict, judge, ask each weight which way it should have gone, and go there.

        The same as Keras's `train_on_batch`, without what that does around each step; it takes a twentieth off a
        small network's time (tests/benchmarks/learning.py).
        """
        with tf.GradientTape() as tape:
            loss = self._loss(labels, self.model(tiles, training=True), weights)
        learnt = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, learnt), learnt)
        return loss

    def examine(self, interrupted: Callable[[], bool]) -> tuple[NDArray[np.int64], list[NDArray[np.uint8]]] | None:
        """Predict what it has not learnt from.

        Args:
            interrupted: Asked between two images whether to leave it.

        Returns:
            One table of confusion over all images, and the class of every pixel of each; None if left.
        """
        classes = max(2, self.order.config.num_classes)
        table, predicted = np.zeros((classes, classes), np.int64), []
        for example in self.examples:
            if interrupted():
                return None
            scores = forward(self.model, example.tile.shape[:2])(example.tile[None])[0]
            height, width = example.truth.shape
            labels = classes_of(scores[:height, :width], self.order.config)
            table += confusion(np.minimum(example.truth, classes - 1), labels, classes)
            predicted.append(labels)
        return table, predicted

    @property
    def waited(self) -> float:
        """Seconds that were spent waiting for batches."""
        return self._batches.waited if self._batches else 0.0

    def weights(self) -> Arrays:
        """All weights of the network, in Keras's order."""
        return {f"weight{number}": value for number, value in enumerate(self.model.get_weights())}

    def state(self) -> Arrays:
        """All that going on needs: weights, the optimizer's own numbers, and the step."""
        kept = {f"optimizer{number}": np.asarray(value) for number, value in enumerate(self.optimizer.variables)}
        return {**self.weights(), **kept, "step": np.array(self.step)}

    def restore(self, state: Arrays) -> None:
        """Go back to what `state` gave.

        Raises:
            ValueError: If it is of another network.
        """
        self.restore_weights(state, int(state["step"]))
        for number, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"optimizer{number}"])

    def restore_weights(self, state: Arrays, step: int) -> None:
        """Go back to what `weights` gave; the optimizer remembers nothing of how it came there.

        Raises:
            ValueError, KeyError: If it is of another network.
        """
        self.model.set_weights([state[f"weight{number}"] for number in range(len(self.model.weights))])
        self.step = step
        self.close()

    def close(self) -> None:
        """Make no more batches."""
        if self._batches:
            self._batches.close()
        self._batches = None
