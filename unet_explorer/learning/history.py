"""What is known of a training so far: the loss of every step, and every examination."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from unet_explorer.learning.protocol import Examination, TrainingProgress
from unet_explorer.learning.scores import Scores, scores

__all__ = ["Epoch", "History", "thinned"]


# Asked for again and again while a training grows.
_scores = lru_cache(maxsize=1 << 16)(scores)


class Epoch(NamedTuple):
    """An examination.

    Attributes:
        number: Counted from 1; 0 is before the first step.
        step: After how many steps.
        table: (classes, classes), pixels of each true class (row) taken for each class (column).
        seconds: How long it took.
    """

    number: int
    step: int
    table: tuple[tuple[int, ...], ...]
    seconds: float

    @property
    def scores(self) -> Scores:
        """IoU, Dice and accuracy."""
        return _scores(self.table)

    @property
    def iou(self) -> float | None:
        """Mean IoU of the classes behind the background; None where none of them occurs."""
        return self.scores.mean_iou


@dataclass
class History:
    """How a training has gone so far.

    Attributes:
        losses: The loss of each step, in order: the first is that of step 1. Not a number where it is not known any
            more.
        epochs: The examinations, in order.
        first: How it did before it had learnt anything; None as long as that is not known.
        seconds: Time spent learning.
        waited: Of it, time spent waiting for batches.
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    first: Epoch | None = None
    seconds: float = 0.0
    waited: float = 0.0

    @property
    def best(self) -> Epoch | None:
        """The examination with the highest IoU, the first of several; None before the first."""
        return max(self.epochs, key=lambda epoch: epoch.scores.quality, default=None)

    @property
    def steps_per_second(self) -> float:
        """Steps learnt in a second, on average; 0 before the first."""
        return len(self.losses) / self.seconds if self.seconds else 0.0

    def cut(self, step: int) -> None:
        """Forget what came after a step: the training goes on from there, also if some losses before it are lost."""
        del self.losses[step:]
        self.losses += [math.nan] * (step - len(self.losses))
        self.epochs = [epoch for epoch in self.epochs if epoch.step <= step]

    def extend(self, progress: TrainingProgress) -> None:
        """Append the losses that the worker reports, and take over how long it has learnt."""
        for at, loss in progress["points"]:
            if at == len(self.losses) + 1:
                self.losses.append(float(loss))
        self.seconds, self.waited = progress["seconds"], progress["waited"]

    def add_point(self, at: int, loss: float) -> None:
        """Append a loss as it was saved; those that are missing before it are not known."""
        if at > len(self.losses):
            self.losses += [math.nan] * (at - 1 - len(self.losses)) + [loss]

    def add_epoch(self, result: Examination) -> None:
        """Append an examination, as the worker reports it or as it was saved."""
        table = tuple(tuple(int(count) for count in row) for row in result["table"])
        epoch = Epoch(int(result["epoch"]), int(result["step"]), table, float(result["seconds"]))
        if epoch.number:
            self.epochs.append(epoch)
        else:
            self.first = epoch


def thinned(losses: list[float], most: int = 400) -> list[tuple[float, float]]:
    """A curve that can be drawn: at most so many points (step, loss), each the mean of its neighbours.

    Where no loss is known, there is no point.

    Example:
        >>> thinned([4.0, 2.0, 3.0, 1.0], 2)
        [(1.5, 3.0), (3.5, 2.0)]
        >>> thinned([math.nan, math.nan, 3.0, 1.0], 2)
        [(3.5, 2.0)]
    """
    width = max(1, -(-len(losses) // most))
    points = []
    for start in range(0, len(losses), width):
        part = losses[start : start + width]
        middle, total = start + (len(part) + 1) / 2, sum(part)
        if math.isnan(total):
            known = [(at, loss) for at, loss in enumerate(part, start + 1) if not math.isnan(loss)]
            if not known:
                continue
            part = [loss for _, loss in known]
            middle, total = sum(at for at, _ in known) / len(known), sum(part)
        points.append((middle, total / len(part)))
    return points
