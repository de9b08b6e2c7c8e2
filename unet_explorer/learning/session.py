"""A training as the notebook holds it: the worker does the work, this keeps the numbers."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import Choice, Flag, Fraction, UNetConfig, Whole, read_config, read_value, shown
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.tiles import Tile, read_tile
from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Dataset, joined, read_dataset
from unet_explorer.learning.examination import Example
from unet_explorer.learning.finding import Finding, TrainingError
from unet_explorer.learning.history import History
from unet_explorer.learning.kept import (
    begin,
    examples_of,
    found_damaged,
    history_of,
    look_after,
    order_of,
    predictions_of,
    store_of,
)
from unet_explorer.learning.machine import available_memory, cpu_seconds, resident_memory
from unet_explorer.learning.places import is_busy, places
from unet_explorer.learning.preflight import findings
from unet_explorer.learning.process import Worker
from unet_explorer.learning.protocol import Answer, TrainingControl
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.requests import Requests, UnreachableError
from unet_explorer.learning.saved import kept_step, saved_history
from unet_explorer.learning.signals import Signal
from unet_explorer.learning.store import DamagedError, Store
from unet_explorer.learning.turns import turn_of
from unet_explorer.learning.waiting import Bell

if TYPE_CHECKING:
    import keras

__all__ = ["AGAIN", "LIVE", "State", "TrainingSession"]

State = Literal["new", "waiting", "starting", "running", "paused", "stopped", "finished", "failed", "interrupted"]
LIVE: Final = frozenset({"waiting", "starting", "running", "paused"})
"""States in which it goes on, could at once, or will as soon as it is its turn."""
AGAIN: Final = frozenset({"stopped", "interrupted", "failed"})
"""States from which it can go on from its last epoch."""
_ENDED: Final = frozenset({"stopped", "finished", "failed", "interrupted"})
_PATIENCE: Final = 0.4
"""Seconds that a worker is given to stop by itself; a step of a large network may take longer."""
_HANGING: Final = 1.4
"""Seconds more after which a worker that others use hangs, if it has done nothing at all in them."""
_GIVEN_UP: Final = 2.0
"""Seconds after which a second stop ends the worker, whoever else waits for it."""

_WAIT: Final = Fraction(1e6, reached=True)
_WHICH: Final = Choice(("best", "last"))
_EPOCH: Final = Whole(0, 1_000_000)


class TrainingSession:
    """Teach a network, in a process of its own.

    The best weights so far are always on disc. A killed worker, or a notebook that is started anew, loses at most what
    came after the last epoch: `resume` goes on from there, and `unfinished` finds what an earlier notebook left.

    Args:
        config: The network.
        dataset: What it learns from. About a fifth of the images is kept back to examine it on, unless the set has its
            own for that.
        tile: Input side in pixels, or (height, width).
        worker: The process to use; one of its own, if left out.
        validation: Images to examine it on; left out, those that the data set keeps for it, or a fifth.
        **recipe: How to teach; see `Recipe` for all: steps, batch_size, learning_rate, optimizer, loss, seed, …

    Attributes:
        state: ``"new"``, ``"waiting"`` (others learn on this machine, and it is not its turn yet), ``"starting"``,
            ``"running"``, ``"paused"``, ``"stopped"``, ``"finished"``, ``"failed"`` or ``"interrupted"`` (the worker
            was lost).
        before: How many trainings must end before it is the turn of this one; 0 unless it is waiting.
        problem: Why it failed or was interrupted, or what could not be saved, in words; empty if nothing is wrong.
        history: Losses and examinations so far.
        lasting: Whether a later notebook shall be offered to go on with it, if it is cut off.
        changed: Emitted when anything has changed, from any thread; listeners must return at once.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If another value is not allowed.

    Example:
        >>> from unet_explorer import UNetConfig, cells
        >>> session = TrainingSession(UNetConfig(depth=2, base_filters=4), cells(6, size=96), tile=76, steps=4)
        >>> session.state
        'new'
        >>> session.close()
    """

    def __init__(
        self,
        config: UNetConfig,
        dataset: Dataset,
        tile: Tile,
        worker: Worker | None = None,
        *,
        validation: Dataset | None = None,
        **recipe: Any,
    ) -> None:
        read_config(config, dataset, tile)
        self.dataset = read_dataset(dataset, tile)
        _check_worker(worker)
        trace(config, tile)
        height, width = read_tile(tile)
        self.order = Order(config, (height, width), Recipe.from_dict(recipe))
        if validation is not None and not isinstance(validation, Dataset):
            raise ValueError(
                f"validation={shown(validation)} is not a dataset: give a Dataset, such as from_folder('val')."
            )
        if validation is not None:
            self.dataset = joined(self.dataset, validation)
        self.state: State = "new"
        self.problem = ""
        self.before = 0
        self.history = History()
        self.changed: Signal[[]] = Signal()
        self.lasting = True
        self._store: Store | None = None
        self._paused = False
        # Whether the worker holds it, and needs but a word to go on.
        self._held = False
        # Not a `Condition`: Ctrl + C while its lock is taken or given back would leave it taken.
        self._lock = threading.RLock()
        self._bell = Bell()
        self._stop_asked: float | None = None
        self._own = worker is None
        self._worker = worker or Worker()
        self._requests = Requests(self._worker, self, self._lock)
        self._turn = turn_of(self._worker)
        self._examples: Sequence[Example] | None = None

    # What can be asked ------------------------------------------------------------------------------------------

    def check(self) -> list[Finding]:
        """What speaks against starting, and how to mend it; see `Finding`."""
        # A worker that is up already holds what TensorFlow itself takes.
        free = available_memory() + resident_memory(self._worker.process)
        return findings(self.order, self.dataset, free)

    def start(self, *, force: bool = False, paused: bool = False) -> None:
        """Start to learn, as soon as processors and memory of this machine are free. Starting twice is starting once.

        What others teach on this machine, in kernels and scripts of the same user or, where an administrator has said
        so, of all users, has its turn first; meanwhile the state is ``"waiting"``, and `before` says how many.

        Args:
            force: Start although something speaks against it, where that is possible at all.
            paused: Wait for the first `step` or for `resume`.

        Raises:
            TrainingError: If something speaks against it; it says what, and what would help.
            ValueError: If the environment variable ``UNET_EXPLORER_PLACES`` is no number of places.
        """
        force, paused = read_value("force", force, Flag()), read_value("paused", paused, Flag())
        with self._lock:
            if self.state != "new":
                return
            found = self.check()
            # Others will give back what they hold; for that it waits.
            waits = any(each.kind == "memory" for each in found) and is_busy()
            TrainingError.check((each for each in found if not (waits and each.kind == "memory")), force)
            # Said before anything is made.
            places()
            self._store = begin(self.order, self.dataset, self.lasting)
            if paused:
                self._send_off(paused)
            else:
                self._line_up()

    def pause(self) -> None:
        """Take no further step until `resume`, and let others have their turn meanwhile."""
        with self._lock:
            self._wait_no_longer()
            self._control("pause", {"starting", "running"})

    def resume(self) -> None:
        """Go on: after a pause from the very step; after a stop, or if the worker was lost, from the last epoch.

        If the latest weights are damaged, it goes on from the best ones, and `problem` says so.

        Raises:
            TrainingError: If another notebook goes on with it, or its folder is gone.
        """
        with self._lock:
            if self.state in AGAIN and self._store:
                look_after(self._store)
                self.history.cut(min(kept_step(self._store), len(self.history.losses)))
                self._line_up()
            elif self.state in LIVE and self.state != "waiting":
                # A pause, or a single step, may still be on its way; the worker takes them in order.
                self._paused = False
                self._line_up()

    def step(self) -> None:
        """Take one step, and pause."""
        with self._lock:
            if self.state == "new":
                self.start(paused=True)
            self._wait_no_longer()
            self._control("step", LIVE)

    def stop(self) -> None:
        """End it within half a second. What was learnt up to the last epoch stays; `resume` would go on.

        In the midst of a longer step the worker is ended for it. If others learn there as well, or wait for an answer,
        it is left alive, and the step is not waited for; unless it hangs, or was asked to stop a while ago already.
        """
        with self._lock:
            if self.state not in LIVE:
                return
            if self.state == "waiting" and not self._held:
                self._become("stopped")
                return
            worked = cpu_seconds(self._worker.process)
            asked = self._stop_asked = self._stop_asked or time.monotonic()
            self._control("stop", {self.state})
        # No lock is held from here on: `kill` tells others, who have locks of their own.
        if self._bell.wait_for(lambda: self.state in _ENDED, _PATIENCE):
            return
        if self._worker.open.keys() - {self.name} and time.monotonic() - asked < _GIVEN_UP:
            # On a busy machine, or a slow disc, it may be a while until it gets on: others shall not lose it for that.
            self._bell.wait_for(lambda: self.state in _ENDED or cpu_seconds(self._worker.process) > worked, _HANGING)
            if self.state in _ENDED or cpu_seconds(self._worker.process) > worked:
                return
        with self._lock:
            if self.state in LIVE:
                self._become("stopped")
        self._worker.kill()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; False if it takes longer.

        Args:
            seconds: How long at most; for ever, if left out.
        """
        if seconds is not None:
            seconds = read_value("seconds", seconds, _WAIT, ", or None to wait for ever")
        return self._bell.wait_for(lambda: self.state in _ENDED, seconds)

    def model(self, which: Literal["best", "last"] = "best") -> keras.Model:
        """The live network, with what it has learnt. Needs TensorFlow here.

        It carries the note that its images are normalized, also in the file that ``model.save`` writes: `predict_image`
        then prepares an image as it was learnt from. ``model.predict`` itself wants prepared images, see `normalize`.

        Args:
            which: The weights with the highest IoU, or the latest that were saved.

        Raises:
            TrainingError: If nothing was saved yet, or it is damaged.
        """
        return _network(self._store, self.order, read_value("which", which, _WHICH))

    def weights(self, which: Literal["best", "last"] = "best") -> tuple[NDArray[Any], ...]:
        """What it has learnt, as plain arrays, in the order of Keras's ``get_weights``. Needs no TensorFlow.

        Args:
            which: The weights with the highest IoU, or the latest that were saved.

        Raises:
            TrainingError: If nothing was saved yet, or it is damaged.
        """
        return _weights(self._store, read_value("which", which, _WHICH))

    def later_model(self) -> Callable[[], keras.Model]:
        """What makes `model` when it is called; it holds the design and the folder, and none of the images."""
        return functools.partial(_network, self._store, self.order, "best")

    @property
    def examples(self) -> Sequence[Example]:
        """What it is examined on, in the order of the predictions."""
        if self._examples is None:
            self._examples = examples_of(self.order, self.dataset)
        return self._examples

    def predictions(self, epoch: int) -> tuple[NDArray[np.uint8], ...] | None:
        """What it predicted for the first few examples, as the classes of their pixels; None if that is not kept.

        Args:
            epoch: Which examination, counted from 1; 0 is before the first step.
        """
        epoch = read_value("epoch", epoch, _EPOCH)
        return predictions_of(self._store, epoch) if self._store else None

    def close(self) -> None:
        """Stop, and let the worker go if it is our own. What was saved stays."""
        self.stop()
        with self._lock:
            if self.state in LIVE:
                # Its last event will come, but nobody will hear it any more.
                self._become("stopped")
            if self._store:
                self._store.release()
        self._requests.close()
        if self._own:
            self._worker.close()

    def discard(self, *, keep_files: bool = False) -> None:
        """Close it for good: nobody is offered to go on with it, and what it has left on disc is deleted.

        Args:
            keep_files: Leave the files: for `model`, and for whoever holds this session.
        """
        keep_files = read_value("keep_files", keep_files, Flag())
        self.close()
        with self._lock:
            if self.state == "interrupted":
                self._become("stopped")
            if self._store and not keep_files and self.state in _ENDED:
                self._store.remove()

    def __enter__(self) -> TrainingSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What an earlier notebook left ---------------------------------------------------------------------------------

    @classmethod
    def unfinished(cls, worker: Worker | None = None) -> TrainingSession | None:
        """The latest training that was cut off, by a lost worker or a notebook that was started anew; None if none."""
        _check_worker(worker)
        for store in Store.all():
            if store.is_passing:
                store.remove()
            elif (store.read("state.json") or {}).get("state") in LIVE | {"interrupted"} and not store.is_claimed:
                # What another release wrote, or what is damaged in whichever way, keeps no other from being found.
                with contextlib.suppress(TrainingError):
                    return cls._opened(store, worker)
        return None

    @classmethod
    def reopen(cls, name: str, worker: Worker | None = None) -> TrainingSession:
        """A training that is kept, with all that was saved: to look at, to predict with, and to go on with.

        Args:
            name: Of its folder, as `kept_trainings` lists it.
            worker: The process to use; one of its own, if left out.

        Raises:
            TrainingError: If there is none of this name, it is in use, or it cannot be read.
        """
        _check_worker(worker)
        store = store_of(name)
        session = cls._opened(store, worker)
        state = (store.read("state.json") or {}).get("state")
        session.state = state if state in _ENDED else "interrupted"
        return session

    @classmethod
    def _opened(cls, store: Store, worker: Worker | None) -> TrainingSession:
        """What is on disc, looked after from now on."""
        try:
            session = cls._found(store, worker)
        # Damaged files raise whatever there is.
        except Exception:  # noqa: BLE001
            session = None
        if session is None:
            words = f"{found_damaged(store)} What is left of it lies in {store.folder}.".lstrip()
            raise TrainingError(f"This training cannot be read any more. {words}")
        try:
            look_after(store)
        except TrainingError:
            session.close()
            raise
        return session

    @classmethod
    def _found(cls, store: Store, worker: Worker | None) -> TrainingSession | None:
        made_from, dataset = order_of(store), store.read_dataset()
        if dataset is None:
            return None
        session = cls(made_from.config, dataset, made_from.tile, worker, **made_from.recipe.to_dict())
        session._store, session.state = store, "interrupted"
        session.history = history_of(store) or session.history
        session.problem = saved.problem if (saved := saved_history(store)) else ""
        return session

    @property
    def folder(self) -> Path | None:
        """Where it is kept on disc; None before it was started."""
        return self._store.folder if self._store else None

    # Its turn ------------------------------------------------------------------------------------------------------

    def _line_up(self) -> None:
        """Go on as soon as it is its turn: mostly at once."""
        order = self.order
        need = estimate_memory(order.config, order.tile, order.recipe.batch_size, training=True)["total"]
        self.before = self._turn.enter(self, need, self._called, self._told_before)
        if self.before:
            self.problem, self._stop_asked = "", None
            self._become("waiting")
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self._held:
            self._control("resume", LIVE)
        else:
            self._send_off(paused=False)

    def _called(self) -> None:
        """It is its turn. Called from another thread, as the next one."""
        with self._lock:
            if self.state != "waiting":
                # It was told to stop at this very moment.
                self._turn.leave(self)
                return
            self.before = 0
            if self._held:
                self._become("starting")
            self._go_on()

    def _told_before(self, before: int) -> None:
        with self._lock:
            if self.state == "waiting" and self.before != before:
                self.before = before
                self.changed.emit()

    def _wait_no_longer(self) -> None:
        """Leave the line, and be where a pause leads to."""
        if self.state != "waiting":
            return
        if self._held:
            self._become("paused")
        else:
            self._turn.leave(self)
            self._send_off(paused=True)

    # What the worker says ------------------------------------------------------------------------------------------

    def _send_off(self, paused: bool) -> None:
        assert self._store is not None
        self.problem, self._paused, self._stop_asked = "", paused, None
        self.before, self._held = 0, True
        self._become("starting")
        self._requests.adopt(self.name)
        with self._told_if_unreachable():
            self._requests.post(
                {"do": "train", "request": self.name, "folder": str(self._store.folder), "paused": paused}
            )

    def _control(self, do: Literal["pause", "resume", "step", "stop"], allowed: Set[str]) -> None:
        with self._lock:
            if self.state in allowed:
                request: TrainingControl = {"do": do, "request": self.name}
                with self._told_if_unreachable():
                    self._requests.post(request)

    @contextlib.contextmanager
    def _told_if_unreachable(self) -> Iterator[None]:
        try:
            yield
        except UnreachableError as error:
            self.problem = str(error)
            self._become("interrupted")

    def on_ready(self) -> None:
        """Nothing to do: the worker takes requests in order. Called by `Requests`, as the next three."""

    def on_lost(self, reason: str) -> None:
        """The worker is gone; what was saved at the last epoch is left."""
        waits = self.state == "waiting" and not self._held
        self._held = False
        if self.state in LIVE and not waits:
            at = kept_step(self._store) if self._store else 0
            self.problem = f"{reason} What was learnt up to step {at} is kept."
            self._become("interrupted")

    def on_failed(self, reason: str) -> None:
        """Something went wrong while it learnt."""
        if self.state not in _ENDED:
            self.problem = reason
            self._become("failed")

    def on_answer(self, answer: Answer, context: None) -> None:
        """It has started, gone on, ended an epoch, or ended."""
        if self.state in _ENDED:
            return
        self._follow(answer)
        self.changed.emit()

    def _follow(self, answer: Answer) -> None:
        history = self.history
        match answer["event"]:
            case "epoch":
                history.add_epoch(answer)
                self.problem = answer["problem"]
            case "started":
                history.cut(answer["step"])
                self.problem = answer.get("problem") or self.problem
                if self._paused:
                    self._become("paused")
            case "progress" | "paused" | "resumed" | "stopped" | "finished":
                history.extend(answer)
                self._advance(answer["event"])

    def _advance(self, event: Literal["progress", "paused", "resumed", "stopped", "finished"]) -> None:
        if self.state == "waiting" and event == "paused":
            # The pause is over already, and it waits for its turn.
            return
        if event == "resumed" or (event == "progress" and self.state == "starting"):
            self._become("running")
        elif event != "progress":
            self._become(event)

    @property
    def name(self) -> str:
        """Name of its folder; empty before it was started."""
        return self._store.folder.name if self._store else ""

    def _become(self, state: State) -> None:
        self.state = state
        if state == "running":
            self._turn.seize(self)
        elif state not in {"waiting", "starting"}:
            self._turn.leave(self)
            self.before, self._held = 0, self._held and state == "paused"
        # What another notebook has taken over is no business of ours any more.
        if self._store and not self._store.is_lost:
            try:
                self._store.write("state.json", {"state": state})
            except OSError:
                self.problem = self.problem or "The disc is full, or the folder of this training is gone."
        self._bell.ring()
        self.changed.emit()


def _weights(store: Store | None, which: str) -> tuple[NDArray[Any], ...]:
    try:
        saved = store.read_whole_arrays(f"{which}.npz") if store else None
    except DamagedError as error:
        other = "last" if which == "best" else "best"
        raise TrainingError(f"These weights are damaged ({error}): try model({other!r}).") from None
    if saved is None:
        raise TrainingError("Nothing was saved yet: the first weights are kept at the end of the first epoch.")
    # Beside them lies how good they are.
    return tuple(saved[f"weight{number}"] for number in range(sum(name.startswith("weight") for name in saved)))


def _network(store: Store | None, order: Order, which: str) -> keras.Model:
    weights = _weights(store, which)
    from unet_explorer.model import build_model, mark_prepared

    network = build_model(order.config)
    mark_prepared(network)
    network.set_weights(weights)
    return network


def _check_worker(worker: object) -> None:
    # What does a worker's work is one.
    if worker is not None and not (hasattr(worker, "warm_up") and hasattr(worker, "process")):
        raise ValueError(f"worker={shown(worker)} is not allowed: give a Worker, or leave it out.")
