"""A training from its first step to its last, inside the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Literal

from unet_explorer.learning.protocol import Event, Examination
from unet_explorer.learning.recipe import SHOWN, Order
from unet_explorer.learning.saved import SavedHistory, best_arrays, write_epoch
from unet_explorer.learning.scores import scores
from unet_explorer.learning.store import Store
from unet_explorer.learning.worker.going_on import go_on
from unet_explorer.learning.worker.learner import Learner

__all__ = ["Training"]

REPORT_INTERVAL: Final = 0.1
"""Seconds between two reports of progress."""


class Training:
    """A training from its first step to its last: steps, examinations, and what is put on disc.

    Attributes:
        running: Whether the next step may be taken.
        ended: Whether there is none left.
        examination_due: Whether an examination was left before its end.
        first: How it did before its first step.
        note: What of an earlier course could not be read, in words; empty if nothing is wrong.
    """

    def __init__(self, store: Store, send: Callable[[Event], None], stopped: Callable[[], bool]) -> None:
        self.store, self.send, self.stopped, self.name = store, send, stopped, store.folder.name
        store.sweep()
        order, dataset = store.read("order.json"), store.read_dataset()
        if order is None or dataset is None:
            raise OSError(f"the folder of this training cannot be read any more: {store.folder}")
        self.order = Order.from_dict(order)
        self.learner = Learner(self.order, dataset)
        self.running = self.ended = self.examination_due = False
        self._owner = store.owner
        self.reported = 0.0
        course = go_on(store, self.learner)
        self.points, self.first, self.epochs = course.history.points, course.history.first, course.history.epochs
        self.clock, self.note, self.best = course.history.seconds, course.history.problem, course.best
        self.unsent = len(self.points)
        self.stale = self._epochs_since_best()

    def _epochs_since_best(self) -> int:
        best = max(range(len(self.epochs)), key=lambda place: _quality(self.epochs[place]), default=-1)
        return len(self.epochs) - 1 - best if self.epochs else 0

    def advance(self) -> None:
        """One step; and what is due before the first and after it."""
        recipe, learner = self.order.recipe, self.learner
        if learner.step == 0 and self.first is None and not self._look_first():
            return
        start = time.perf_counter()
        if learner.step < recipe.steps and not self.examination_due:
            try:
                loss = learner.advance()
            finally:
                self.clock += time.perf_counter() - start
            self.points.append((learner.step, loss))
            if learner.step == 1 or time.perf_counter() - self.reported > REPORT_INTERVAL:
                self.report("progress")
        last = learner.step >= recipe.steps
        if self.examination_due or last or learner.step % recipe.steps_per_epoch == 0:
            # One that was left, since somebody asked for a stop, is made up for before the next step.
            self.examination_due = not self._examine()
            if not self.examination_due and (last or 0 < recipe.patience <= self.stale):
                self.running, self.ended = False, True
                self.report("finished")

    def report(self, event: Literal["progress", "paused", "resumed", "stopped", "finished"]) -> None:
        """Send the points that were not sent yet, and how fast it goes."""
        new = self.points[self.unsent :]
        self.unsent, self.reported = len(self.points), time.perf_counter()
        step = self.learner.step
        self.send(
            {
                "event": event,
                "request": self.name,
                "step": step,
                "points": new,
                "seconds": self.clock,
                "waited": self.learner.waited,
            }
        )

    def _examination(self, number: int) -> tuple[Examination, list[Any]] | None:
        """The figures of an examination, and what was predicted; None if it was left before its end."""
        start = time.perf_counter()
        examined = self.learner.examine(self.stopped)
        if examined is None:
            return None
        table, predicted = examined
        epoch: Examination = {
            "epoch": number,
            "step": self.learner.step,
            "iou": scores(table).mean_iou,
            "table": table.tolist(),
            "seconds": time.perf_counter() - start,
        }
        return epoch, predicted

    def _look_first(self) -> bool:
        """Examine what has learnt nothing yet, to compare with; whether that was done to the end."""
        done = self._examination(0)
        if done is None:
            return False
        self.first, predicted = done
        self._check_owner()
        problem = self.note
        try:
            self._save_pictures(0, predicted)
            write_epoch(self.store, self.first, self._history)
        except OSError as error:
            problem = self._unsaved(0, error)
        self.send({**self.first, "event": "epoch", "request": self.name, "problem": problem})
        return True

    def _examine(self) -> bool:
        """Whether it was done to the end."""
        done = self._examination(len(self.epochs) + 1)
        if done is None:
            return False
        self._check_owner()
        epoch, predicted = done
        self.epochs.append(epoch)
        better = _quality(epoch) > self.best
        self.best, self.stale = max(_quality(epoch), self.best), 0 if better else self.stale + 1
        problem = self._save(epoch["epoch"], predicted, better)
        self.report("progress")
        self.send({**epoch, "event": "epoch", "request": self.name, "problem": problem})
        return True

    def _save_pictures(self, number: int, predicted: list[Any]) -> None:
        pictures = {f"prediction{place}": each for place, each in enumerate(predicted[:SHOWN])}
        self.store.write_arrays(f"epoch{number:06}.npz", pictures)

    def _save(self, number: int, predicted: list[Any], better: bool) -> str:
        """Put it on disc; learning goes on even if that cannot be done.

        Returns:
            What went wrong, in words.
        """
        store, learner, epoch = self.store, self.learner, self.epochs[-1]
        try:
            self._save_pictures(number, predicted)
            write_epoch(store, epoch, self._history)
            if better:
                store.write_arrays("best.npz", best_arrays(learner.weights(), epoch))
            # A history that runs ahead of the weights can be cut; one that is behind them has a hole.
            store.write("history.json", self._history.to_dict())
            store.write_arrays("last.npz", learner.state())
        except OSError as error:
            return self._unsaved(number, error)
        return self.note

    @property
    def _history(self) -> SavedHistory:
        return SavedHistory(self.points, self.first, self.epochs, self.clock)

    def _check_owner(self) -> None:
        """Write nothing any more where another notebook has gone on: this machine may have slept meanwhile.

        Raises:
            OSError: If that is so.
        """
        if self.store.owner not in {self._owner, None}:
            raise OSError("another notebook has taken it over, and goes on with it")

    def _unsaved(self, number: int, error: OSError) -> str:
        why = error.strerror or error
        words = f"Epoch {number} could not be saved ({why}): free some disc space. Learning goes on."
        return f"{words} {self.note}".strip()


def _quality(epoch: Examination) -> float:
    return scores(epoch["table"]).quality
