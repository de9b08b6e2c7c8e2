"""How good a prediction is: class by class, from one table of what was taken for what."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.dataset import Labels

__all__ = ["Scores", "confusion", "scores"]


class Scores(NamedTuple):
    """What a table of confusion says.

    Attributes:
        iou: For each class, the pixels that truth and prediction share against those that either has (intersection
            over union, Jaccard index); None for a class that occurs in neither.
        dice: For each class, twice the shared pixels against the sum of both; None as above.
        accuracy: Share of all pixels that are right. Where one class is rare, it is high even if that class is
            missed wholly.
        mean_iou: Mean over the classes behind the background, class 0; None where none of them occurs in truth or
            prediction: of background alone an IoU tells nothing.
        constant: The accuracy of the best constant answer, one class everywhere: what accuracy must be held against.
        constant_class: That class.
    """

    iou: tuple[float | None, ...]
    dice: tuple[float | None, ...]
    accuracy: float
    mean_iou: float | None
    constant: float
    constant_class: int

    @property
    def quality(self) -> float:
        """What the best examination is chosen by, the mean IoU; where that is undefined, the accuracy."""
        return self.accuracy if self.mean_iou is None else self.mean_iou


def confusion(truth: Labels, predicted: Labels, num_classes: int) -> NDArray[np.int64]:
    """(classes, classes): how many pixels of each true class (row) were taken for each class (column).

    Pixels of which nothing is known, −1, are not counted.

    Example:
        >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    known = np.ravel(truth) >= 0
    pairs = np.ravel(truth)[known].astype(np.int64) * num_classes + np.ravel(predicted)[known]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def scores(table: Any) -> Scores:
    """Read a table of confusion.

    Args:
        table: (classes, classes), as `confusion` makes it; tables of several images may be added.

    Example:
        >>> scores([[90, 0], [10, 0]])
        Scores(iou=(0.9, 0.0), dice=(0.947..., 0.0), accuracy=0.9, mean_iou=0.0, constant=0.9, constant_class=0)
    """
    counts = np.asarray(table, dtype=np.int64)
    shared, truth, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    either = truth + predicted - shared
    total = max(1, int(counts.sum()))

    def shares(part: NDArray[np.int64], whole: NDArray[np.int64]) -> tuple[float | None, ...]:
        return tuple(int(p) / int(w) if w else None for p, w in zip(part, whole, strict=True))

    iou = shares(shared, either)
    counted = [value for value in iou[1:] if value is not None]
    return Scores(
        iou=iou,
        dice=shares(2 * shared, truth + predicted),
        accuracy=int(shared.sum()) / total,
        mean_iou=float(np.mean(counted)) if counted else None,
        constant=int(truth.max()) / total,
        constant_class=int(truth.argmax()),
    )
