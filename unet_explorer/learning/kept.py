"""The trainings that are kept on disc: what there is of each, and the one place where they are deleted."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.examination import Examples, examples
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.history import History
from unet_explorer.learning.recipe import Order
from unet_explorer.learning.saved import kept_step, saved_history
from unet_explorer.learning.store import PASSING, DamagedError, Store

__all__ = [
    "Kept",
    "begin",
    "examples_of",
    "found_damaged",
    "free_title",
    "history_of",
    "kept_trainings",
    "look_after",
    "order_of",
    "predictions_of",
    "remove",
    "rename",
    "store_of",
]

_HELD: Final = "This training is open in a panel or in another notebook: close it there first."

_LONGEST: Final = 60
"""Letters of a title."""
_ATTEMPTS: Final = 3
"""So often a training is begun, where somebody deletes its folder meanwhile."""
_NEEDED: Final = ("order.json", "dataset.json", "dataset.npz")
"""What is read to open a training."""
_LEARNT: Final = ("history.json", "best.npz", "last.npz")
_damaged: dict[tuple[str, tuple[int, ...]], str] = {}
"""What could not be read of a training when it was tried, by its name, as long as its files stay as they are."""


class Kept(NamedTuple):
    """A training that is kept.

    Attributes:
        name: Of its folder; says when it was started: ``20261127-074512-…``.
        title: What people call it.
        order: What was taught, and how.
        images: Name of the images that it learnt from.
        state: How it ended.
        step: Steps that were learnt and saved.
        iou: The best mean IoU of its examinations; None where it is undefined.
        size: Bytes on disc.
        held: Whether an open panel, or another notebook, looks after it.
        problem: What of it is damaged, in words, as far as it was looked at; empty if nothing is known.
    """

    name: str
    title: str
    order: Order
    images: str
    state: str
    step: int
    iou: float | None
    size: int
    held: bool
    problem: str = ""

    @property
    def started(self) -> str:
        """When, to the minute, by the clock of the machine.

        Example:
            >>> Kept._make(["20261127-074512-00000000", *"         "]).started
            '2026-11-27 07:45'
        """
        day, clock = self.name.split("-")[:2]
        return f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}"


def kept_trainings() -> list[Kept]:
    """Every training that has learnt something, the latest first.

    What was cut off before its first examination has nothing to show, and is not among them; neither are those that a
    comparison makes in passing.

    Example:
        >>> all(each.step > 0 for each in kept_trainings())
        True
    """
    return [each for store in Store.all() if (each := _read(store))]


def _read(store: Store) -> Kept | None:
    try:
        if store.is_passing:
            return None
        order, images, step, iou, problem = _summary(store.folder.name, _stamps(store, _LEARNT))
    # Not there yet, or damaged, in whichever way; it keeps no other from being listed.
    except Exception:  # noqa: BLE001
        return None
    title = str((store.read("title.json") or {}).get("title") or images)
    state = str((store.read("state.json") or {}).get("state"))
    found = _damaged.get((store.folder.name, _stamps(store, _NEEDED)))
    problem = " ".join(filter(None, [problem, found]))
    return Kept(store.folder.name, title, order, images, state, step, iou, store.size, store.is_claimed, problem)


def _stamps(store: Store, names: tuple[str, ...]) -> tuple[int, ...]:
    """What changes with these files."""
    stamps = []
    for name in names:
        try:
            stamps.append((store.folder / name).stat().st_mtime_ns)
        except OSError:
            stamps.append(0)
    return tuple(stamps)


@lru_cache(maxsize=1024)
def _summary(name: str, _: tuple[int, ...]) -> tuple[Order, str, int, float | None, str]:
    """What changes only with its history, which may be long."""
    store = Store.named(name)
    words, saved, history = store.read("dataset.json") or {}, saved_history(store), history_of(store)
    if saved is None or history is None or history.best is None:
        raise ValueError("nothing was learnt")
    step = kept_step(store)
    if not step:
        raise ValueError("nothing was saved")
    return order_of(store), str(words["name"]), step, history.best.iou, saved.problem


def order_of(store: Store) -> Order:
    """What was taught.

    Raises:
        ValueError: If that cannot be read.
    """
    return Order.from_dict(store.read("order.json") or {})


def history_of(store: Store) -> History | None:
    """Losses and examinations, up to the last one that was saved; None where there are none."""
    saved = saved_history(store)
    if saved is None:
        return None
    saved.cut(kept_step(store))
    history = History(seconds=saved.seconds)
    for at, loss in saved.points:
        history.add_point(at, loss)
    for epoch in [*filter(None, [saved.first]), *saved.epochs]:
        history.add_epoch(epoch)
    return history


def examples_of(order: Order, dataset: Dataset) -> Examples:
    """What a network that is taught so is examined on, in the order of its predictions."""
    examined = dataset.split(seed=order.recipe.seed)[1]
    return examples(examined, order.config, order.tile, order.recipe)


def predictions_of(store: Store, epoch: int) -> tuple[NDArray[np.uint8], ...] | None:
    """What was predicted for the first few examples at an examination, as classes of pixels; None if it is not kept."""
    saved = store.read_arrays(f"epoch{epoch:06}.npz")
    return None if saved is None else tuple(saved[f"prediction{place}"] for place in range(len(saved)))


def look_after(store: Store) -> None:
    """Claim a training for this process.

    Raises:
        TrainingError: If another panel or notebook has it, or its folder is gone.
    """
    try:
        if not store.claim():
            raise TrainingError(_HELD)
    except OSError as error:
        raise TrainingError(f"The folder of this training cannot be opened ({error.strerror or error}).") from None


def found_damaged(store: Store) -> str:
    """Look which of its files are damaged, remember it for the list, and say it; empty if none is."""
    found = []
    for name in _NEEDED:
        try:
            read = store.read_whole if name.endswith(".json") else store.read_whole_arrays
            if read(name) is None:
                found.append(f"{name} is not there any more")
        except (DamagedError, MemoryError) as error:
            found.append(str(error) or f"{name} fits no memory")
    words = f"It cannot be opened: {'; '.join(found)}." if found else ""
    _damaged[store.folder.name, _stamps(store, _NEEDED)] = words
    return words


def begin(order: Order, dataset: Dataset, lasting: bool) -> Store:
    """A new training on disc, which this process looks after, with all that it needs to start.

    Raises:
        TrainingError: If it cannot be kept; nothing is left of it.
    """
    for attempt in range(_ATTEMPTS):
        store = None
        try:
            store = Store.new()
            store.write("order.json", order.to_dict())
            store.write_dataset(dataset)
            if lasting:
                store.write("title.json", {"title": free_title(dataset.name)})
            else:
                store.write(PASSING, {})
            return store
        except OSError as error:
            if store:
                # On a full disc, half of it would be in the way of the next one.
                store.remove()
            # Somebody has deleted it in between, as releases did that saw nobody look after it.
            if not isinstance(error, FileNotFoundError) or attempt == _ATTEMPTS - 1:
                raise TrainingError(f"The training cannot be kept on disc ({error.strerror or error}).") from None
    raise AssertionError


def store_of(name: str) -> Store:
    """The folder of a training that nobody looks after.

    Raises:
        TrainingError: If there is none of this name, or it is in use.
    """
    with contextlib.suppress(ValueError):
        if not isinstance(name, str):
            raise TrainingError(f"name={shown(name)} is not allowed: give the name that kept_trainings lists.")
        store = Store.named(name)
        if store.folder.is_dir():
            if store.is_claimed:
                raise TrainingError(_HELD)
            return store
    raise TrainingError(f"There is no training of the name {shown(name)} any more.")


def rename(name: str, title: str) -> None:
    """Call a training otherwise.

    Raises:
        TrainingError: If there is none of this name, or the title cannot be written.
    """
    wanted = " ".join(title.split())[:_LONGEST]
    try:
        store = Store.named(name)
        if wanted and store.folder.is_dir():
            store.write("title.json", {"title": wanted})
    except (ValueError, OSError) as error:
        raise TrainingError(f"The training keeps its name: {error}.") from None


def remove(name: str) -> None:
    """Delete a training, for good.

    Raises:
        TrainingError: If there is none of this name, or it is in use.
    """
    if not store_of(name).remove():
        raise TrainingError(_HELD)


def free_title(images: str) -> str:
    """A title that no training that is kept has yet.

    Example:
        >>> free_title("no such images")
        'no such images 1'
    """
    taken = {each.title for each in kept_trainings()}
    return next(title for number in range(1, len(taken) + 2) if (title := f"{images} {number}") not in taken)
