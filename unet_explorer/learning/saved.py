"""What of a training is whole on disc: its history, anew from its epochs if that is damaged, and where it would go on.

At the end of an epoch are written, in this order: what was predicted (``epochNNNNNN.npz``), the epoch's own figures
(``epochNNNNNN.json``), ``best.npz`` if it is better, ``history.json``, and ``last.npz``. Whatever is cut off or
damaged, the newest whole weights count, and a history that runs ahead of them is cut.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unet_explorer.learning.protocol import Examination
from unet_explorer.learning.scores import scores
from unet_explorer.learning.store import Arrays, DamagedError, Store

__all__ = [
    "SavedHistory",
    "best_arrays",
    "best_of",
    "best_step",
    "epoch_file",
    "kept_step",
    "saved_history",
    "write_epoch",
]


@dataclass
class SavedHistory:
    """Losses and examinations as they lie on disc.

    Attributes:
        points: The [step, loss] that are known, in order.
        first: How it did before its first step; None if that is not known.
        epochs: The examinations, in order.
        seconds: Time spent learning.
        problem: What could not be read, in words; empty if nothing is wrong.
    """

    points: list[tuple[int, float]] = field(default_factory=list)
    first: Examination | None = None
    epochs: list[Examination] = field(default_factory=list)
    seconds: float = 0.0
    problem: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return {"points": self.points, "first": self.first, "epochs": self.epochs, "seconds": self.seconds}

    def cut(self, step: int) -> None:
        """Forget what came after a step."""
        self.points = [(at, loss) for at, loss in self.points if at <= step]
        self.epochs = [epoch for epoch in self.epochs if epoch["step"] <= step]


def saved_history(store: Store) -> SavedHistory | None:
    """The history of a training, with what its epochs have noted beyond it; None if there is none yet.

    Raises:
        ValueError, KeyError, TypeError: If it was written by a release that keeps something else.
    """
    try:
        kept, damaged = store.read_whole("history.json"), False
    except DamagedError:
        kept, damaged = None, True
    made = SavedHistory()
    if kept is not None:
        made.points = [(int(at), float(loss)) for at, loss in kept["points"]]
        made.first, made.epochs, made.seconds = kept.get("first"), list(kept["epochs"]), float(kept["seconds"])
    elif not damaged and not any((store.folder / name).exists() for name in ("best.npz", "last.npz")):
        return None
    _add_epochs(store, made)
    if kept is None:
        last, at = store.read_number("last.npz", "step") or 0, made.epochs[-1]["step"] if made.epochs else 0
        if damaged:
            made.problem = "The history of this training is damaged (history.json)"
            made.problem += ": it was put together from what its epochs have noted."
        if last > at:
            made.problem += f" What was noted between step {at} and step {last} is lost."
    made.problem = made.problem.strip()
    return made


def _add_epochs(store: Store, made: SavedHistory) -> None:
    if made.first is None and (kept := store.read(epoch_file(0))):
        made.first = kept["examination"]
    for number in itertools.count(len(made.epochs) + 1):
        kept = store.read(epoch_file(number))
        at = made.epochs[-1]["step"] if made.epochs else 0
        if kept is None or kept["examination"]["step"] <= at:
            break
        made.points += [(int(step), float(loss)) for step, loss in kept["points"]]
        made.epochs.append(kept["examination"])
        made.seconds = float(kept["seconds"])


def epoch_file(number: int) -> str:
    """Where the figures of an epoch are kept."""
    return f"epoch{number:06}.json"


def write_epoch(store: Store, epoch: Examination, history: SavedHistory) -> None:
    """Keep the figures of an epoch, and the losses since the one before; those of a course that was left are deleted.

    Raises:
        OSError: If there is no room, or the folder is gone.
    """
    number = epoch["epoch"]
    before = next((each["step"] for each in reversed(history.epochs) if each["epoch"] < number), 0)
    points = [(at, loss) for at, loss in history.points if before < at <= epoch["step"]]
    store.write(epoch_file(number), {"examination": epoch, "points": points, "seconds": history.seconds})
    for later in itertools.count(number + 1):
        try:
            (store.folder / epoch_file(later)).unlink()
        except OSError:
            break


def best_arrays(weights: Arrays, epoch: Examination) -> Arrays:
    """The best weights, and how good they are: to be compared with, whatever becomes of the history."""
    return {**weights, "step": np.array(epoch["step"]), "table": np.array(epoch["table"], np.int64)}


def best_of(arrays: Arrays, history: SavedHistory) -> tuple[int, float | None]:
    """After how many steps the best weights are, and how good; None where that is not known.

    Earlier releases kept nothing but the weights: there the history says it, where it is known.
    """
    if "step" in arrays and "table" in arrays:
        return int(arrays["step"]), scores(arrays["table"].tolist()).quality
    best = max(history.epochs, key=lambda epoch: scores(epoch["table"]).quality, default=None)
    return (best["step"], scores(best["table"]).quality) if best else (0, None)


def best_step(store: Store) -> int:
    """After how many steps the best weights are; 0 if none were saved, as far as is known."""
    best = store.read_number("best.npz", "step")
    history = None if best is not None else saved_history(store)
    return best or (best_of({}, history)[0] if history else 0)


def kept_step(store: Store) -> int:
    """After how many steps a training would go on, by what was saved; 0 if nothing was."""
    last, best = (store.read_number(name, "step") for name in ("last.npz", "best.npz"))
    if last is not None or best is not None:
        return last if last is not None else best or 0
    history = None
    with contextlib.suppress(ValueError, KeyError, TypeError):
        history = saved_history(store)
    if history is None:
        return 0
    if any((store.folder / name).exists() for name in ("best.npz", "last.npz")):
        return best_of({}, history)[0]
    return history.epochs[-1]["step"] if history.epochs else 0
