"""What the worker does with a request, and with the time between two."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keras

from unet_explorer.config import UNetConfig
from unet_explorer.data.cells import cells
from unet_explorer.learning.learner import DivergedError, Learner
from unet_explorer.learning.messages import Message
from unet_explorer.learning.recipe import SHOWN, Order, Recipe
from unet_explorer.learning.scores import scores
from unet_explorer.learning.store import Store
from unet_explorer.model import build_model

__all__ = ["Desk"]

OFTEN: Final = 0.1
"""Seconds between two reports of progress."""


class Desk:
    """Takes requests, one at a time, and tells what comes of them.

    Args:
        tell: Sends a message.
        stop: Set from outside as soon as a stop is asked for, so that a long examination ends early.
    """

    def __init__(self, tell: Callable[[Message], None], stop: threading.Event) -> None:
        self.tell, self.stop = tell, stop
        self.course: Course | None = None
        _warm_up()

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being asked."""
        return self.course is not None and self.course.running

    def answer(self, message: Message) -> None:
        """Do what is asked. Whatever goes wrong is told, and the desk stays open."""
        try:
            getattr(self, f"_do_{message['do']}")(message)
        except Exception as error:  # noqa: BLE001  # a worker that ends for one request would take all others along
            self._failed(message, error)

    def advance(self) -> None:
        """One step of the training."""
        assert self.course is not None
        try:
            self.course.advance()
        except Exception as error:  # noqa: BLE001  # as above
            self._failed({"do": "train", "training": self.course.name}, error)

    def _failed(self, message: Message, error: Exception) -> None:
        if message["do"] != "build":
            self._drop()
        self.tell({"event": "failed", **message, "words": _words(error)})

    def _drop(self) -> None:
        if self.course:
            self.course.learner.close()
        self.course = None
        # Keras keeps what it has built; a class tries many designs.
        keras.utils.clear_session()

    def _do_build(self, message: Message) -> None:
        config = UNetConfig.from_dict(message["config"])
        model = build_model(config, tuple(message["tile"]))
        summary: list[str] = []
        model.summary(print_fn=summary.append)
        layers = {
            layer.name: {"shape": list(layer.output.shape[1:]), "parameters": layer.count_params()}
            for layer in model.layers
        }
        built = {"layers": layers, "parameters": model.count_params(), "summary": "\n".join(summary)}
        self.tell({"event": "built", "request": message["request"], **built})

    def _do_train(self, message: Message) -> None:
        self._do_stop(message)
        self.course = Course(Store(Path(message["folder"])), self.tell, self.stop)
        self.course.running = not message["paused"]
        step = self.course.learner.step
        self.tell({"event": "started", "training": self.course.name, "step": step, "paused": message["paused"]})

    def _do_pause(self, _: Message) -> None:
        if self.course:
            self.course.running = False
            self.course.report("paused")

    def _do_resume(self, _: Message) -> None:
        if self.course and not self.course.ended:
            self.course.running = True
            self.course.report("resumed")

    def _do_step(self, _: Message) -> None:
        if self.course and not self.course.ended:
            self.course.running = False
            self.course.advance()
            if not self.course.ended:
                self.course.report("paused")

    def _do_stop(self, _: Message) -> None:
        if self.course:
            self.course.report("stopped")
        self._drop()
        self.stop.clear()


class Course:
    """A training from its first step to its last: steps, examinations, and what is put on disc.

    Attributes:
        running: Whether the next step may be taken.
        ended: Whether there is none left.
    """

    def __init__(self, store: Store, tell: Callable[[Message], None], stop: threading.Event) -> None:
        self.store, self.tell, self.stop, self.name = store, tell, stop, store.folder.name
        store.sweep()
        order, dataset = store.read("order.json"), store.read_dataset()
        if order is None or dataset is None:
            raise OSError(f"the folder of this training cannot be read any more: {store.folder}")
        self.order = Order.from_dict(order)
        self.learner = Learner(self.order, dataset)
        self.running = self.ended = False
        self.points: list[tuple[int, float]] = []
        self.unsent = 0
        self.epochs: list[dict[str, Any]] = []
        self.best, self.stale = -1.0, 0
        self.clock, self.told = 0.0, 0.0
        self._go_on()

    def _go_on(self) -> None:
        """From where it was last saved, if it was."""
        memory, history = self.store.read_arrays("last.npz"), self.store.read("history.json")
        if memory is None or history is None:
            return
        self.learner.remember(memory)
        step = self.learner.step
        self.points = [(at, loss) for at, loss in history["points"] if at <= step]
        self.unsent = len(self.points)
        self.epochs = [epoch for epoch in history["epochs"] if epoch["step"] <= step]
        self.best = max((epoch["iou"] for epoch in self.epochs), default=-1.0)
        self.stale = self._epochs_since_best()
        self.clock = history["seconds"]

    def _epochs_since_best(self) -> int:
        best = max(range(len(self.epochs)), key=lambda place: self.epochs[place]["iou"], default=-1)
        return len(self.epochs) - 1 - best if self.epochs else 0

    def advance(self) -> None:
        """One step; and what is due after it."""
        start = time.perf_counter()
        recipe, learner = self.order.recipe, self.learner
        if learner.step < recipe.steps:
            try:
                loss = learner.advance()
            finally:
                self.clock += time.perf_counter() - start
            self.points.append((learner.step, loss))
            if learner.step == 1 or time.perf_counter() - self.told > OFTEN:
                self.report("progress")
        last = learner.step >= recipe.steps
        due = last or learner.step % recipe.steps_per_epoch == 0
        if due and self._examine() and (last or 0 < recipe.patience <= self.stale):
            self.running, self.ended = False, True
            self.report("finished")

    def report(self, event: str) -> None:
        """Tell the points that were not told yet, and how fast it goes."""
        new = self.points[self.unsent :]
        self.unsent, self.told = len(self.points), time.perf_counter()
        step = self.learner.step
        self.tell(
            {
                "event": event,
                "training": self.name,
                "step": step,
                "points": new,
                "seconds": self.clock,
                "waited": self.learner.waited,
            }
        )

    def _examine(self) -> bool:
        """Whether it was done to the end."""
        start = time.perf_counter()
        found = self.learner.examine(self.stop.is_set)
        if found is None:
            return False
        table, predicted = found
        iou = scores(table).mean_iou
        number = len(self.epochs) + 1
        better = iou > self.best
        epoch = {"epoch": number, "step": self.learner.step, "iou": iou, "table": table.tolist()}
        epoch["seconds"] = time.perf_counter() - start
        self.epochs.append(epoch)
        self.best, self.stale = max(iou, self.best), 0 if better else self.stale + 1
        problem = self._save(number, predicted, better)
        self.report("progress")
        self.tell({"event": "epoch", "training": self.name, **epoch, "best": better, "problem": problem})
        return True

    def _save(self, number: int, predicted: list[Any], better: bool) -> str:
        """Put it on disc; learning goes on even if that cannot be done.

        Returns:
            What went wrong, in words.
        """
        store, learner = self.store, self.learner
        try:
            pictures = {f"prediction{place}": each for place, each in enumerate(predicted[:SHOWN])}
            store.write_arrays(f"epoch{number:06}.npz", pictures)
            if better:
                store.write_arrays("best.npz", learner.weights())
            # A history that runs ahead of the weights can be cut; one that is behind them has a hole.
            store.write("history.json", {"points": self.points, "epochs": self.epochs, "seconds": self.clock})
            store.write_arrays("last.npz", learner.memory())
        except OSError as error:
            why = error.strerror or error
            return f"Epoch {number} could not be saved ({why}): free some disc space. Learning goes on."
        return ""


def _words(error: Exception) -> str:
    """What went wrong, as a learner can use it."""
    if isinstance(error, DivergedError):
        return f"The training came apart: {error}. Steps this large overshoot: lower the learning rate, to a tenth say."
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind in {"ResourceExhaustedError", "InternalError"}:
        return "The memory of this machine is used up. Take fewer tiles a batch, a smaller tile, or fewer filters."
    if isinstance(error, OSError):
        return f"The training cannot be read or written: {error}."
    said = str(error).splitlines()[:1]
    return f"Something went wrong in the worker ({': '.join([kind, *said])})."


def _warm_up() -> None:
    """Let Keras do once what takes it long the first time, so that the first Start is quick."""
    config = UNetConfig(depth=1, base_filters=1, convs_per_block=1)
    tiny = Learner(Order(config, (10, 10), Recipe(steps=1, batch_size=1)), cells(2, size=16))
    tiny.advance()
    tiny.examine(lambda: False)
    tiny.close()
    keras.utils.clear_session()
