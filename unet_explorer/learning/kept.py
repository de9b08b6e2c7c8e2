"""The trainings that are kept on disc: what there is of each, and the one place where they are deleted."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import Final, NamedTuple, cast

from unet_explorer.core.config import shown
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.history import History
from unet_explorer.learning.protocol import Examination
from unet_explorer.learning.recipe import Order
from unet_explorer.learning.store import PASSING, Store

__all__ = ["Kept", "free_title", "history_of", "kept_trainings", "order_of", "remove", "rename", "store_of"]

_LONGEST: Final = 60
"""Letters of a title."""


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

    @property
    def started(self) -> str:
        """When, to the minute, by the clock of the machine.

        Example:
            >>> Kept._make(["20261127-074512-00000000", *"        "]).started
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
        stamp = (store.folder / "history.json").stat().st_mtime_ns
        if store.read(PASSING) is not None:
            return None
        order, images, step, iou = _summary(store.folder.name, stamp)
    # Not there yet, damaged, or written by another release.
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    title = str((store.read("title.json") or {}).get("title") or images)
    state = str((store.read("state.json") or {}).get("state"))
    return Kept(store.folder.name, title, order, images, state, step, iou, store.size, store.is_claimed)


@lru_cache(maxsize=1024)
def _summary(name: str, _: int) -> tuple[Order, str, int, float | None]:
    """What changes only with its history, which may be long."""
    store = Store.named(name)
    words, history = store.read("dataset.json") or {}, history_of(store)
    if history is None or history.best is None:
        raise ValueError("nothing was learnt")
    return order_of(store), str(words["name"]), history.epochs[-1].step, history.best.iou


def order_of(store: Store) -> Order:
    """What was taught.

    Raises:
        ValueError: If that cannot be read.
    """
    return Order.from_dict(store.read("order.json") or {})


def history_of(store: Store) -> History | None:
    """Losses and examinations, up to the last one that was saved; None where there are none."""
    saved = store.read("history.json")
    if saved is None:
        return None
    history = History(losses=[float(loss) for _, loss in saved["points"]], seconds=float(saved["seconds"]))
    for epoch in [*filter(None, [saved.get("first")]), *saved["epochs"]]:
        history.add_epoch(cast("Examination", epoch))
    return history


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
                raise TrainingError("This training is open in a panel or in another notebook: close it there first.")
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
    store_of(name).remove()


def free_title(images: str) -> str:
    """A title that no training that is kept has yet.

    Example:
        >>> free_title("no such images")
        'no such images 1'
    """
    taken = {each.title for each in kept_trainings()}
    return next(title for number in range(1, len(taken) + 2) if (title := f"{images} {number}") not in taken)
