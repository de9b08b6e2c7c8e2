"""What a process of Dask does: it has one training after another taught by a worker, the very one that a panel has.

The learner does not live in the process of Dask itself. What chance draws there is drawn by Dask as well, so that no
run would be the same twice; and what TensorFlow takes with it when memory runs out is its own process alone.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from unet_explorer.data.decoded import DataError
from unet_explorer.learning.machine import available_memory, resident_memory
from unet_explorer.learning.process import Worker
from unet_explorer.learning.store import Store
from unet_explorer.sweeps.carried import opened

if TYPE_CHECKING:
    from unet_explorer.sweeps.carried import Payload

__all__ = ["BEST", "HISTORY", "LAST", "Outcome", "Task", "carried_along", "get_ready", "leave", "teach"]

BEST, LAST, HISTORY = "best.npz", "last.npz", "history.json"
_IMAGES: Final = ("dataset.npz", "dataset.json")
_GLANCE: Final = 0.02
"""Seconds between two looks at how much memory is held, where the system does not note the most itself."""
_FAILED: Final = ("lost", "failed", "stopped")
_IDLE: Final = 60.0
"""Seconds without anything to do after which TensorFlow's memory is given back."""
_GROWN: Final = 1_000_000_000
"""Bytes by which a worker may have grown: TensorFlow keeps some of each network. Then another takes its place."""


class Task(TypedDict):
    """A training, or a part of one.

    Attributes:
        sweep: Which sweep it belongs to; see `leave`.
        order: As `Order.to_dict` has it.
        dataset: Key and recipe of the data set; see `carry`.
        until: After so many steps it ends: a multiple of the steps of an epoch, or all of them.
        files: What it goes on from: the content of files that an earlier part has left, by name.
        wanted: Which files shall be handed back.
    """

    sweep: str
    order: dict[str, Any]
    dataset: tuple[str, Any]
    until: int
    files: dict[str, bytes]
    wanted: tuple[str, ...]


class Outcome(TypedDict):
    """What has come of a training.

    Attributes:
        problem: Why it failed, in words; empty if it did not.
        history: As `SavedHistory.to_dict` has it.
        peak: Bytes that the learning process held at its fullest moment; None where that cannot be known.
        files: The content of the files that were wanted, by name.
    """

    problem: str
    history: dict[str, Any]
    peak: int | None
    files: dict[str, bytes]


class _Process:
    """What this process has for all sweeps: one worker, and the images of the latest one on disc."""

    def __init__(self) -> None:
        # One training at a time, also where Dask has many threads: they would take each other's memory and time.
        self.alone = threading.Lock()
        self.left: set[str] = set()
        self.sweep = self.training = ""
        self._worker: Worker | None = None
        self._small = 0
        self._images: tuple[str, Any] = "", None

    @property
    def worker(self) -> Worker:
        """The worker; it starts with the first request."""
        if self._worker is None:
            self._worker = Worker(_IDLE)
        return self._worker

    def renew(self) -> None:
        """End a worker that has grown; the next request starts another."""
        held = resident_memory(self.worker.process)
        self._small = min(filter(None, (self._small, held)), default=0)
        if held > self._small + _GROWN:
            self.worker.kill()
            self._small = 0

    def stop(self) -> None:
        """Let the training that goes on end with its step, or within its examination."""
        with contextlib.suppress(OSError):
            if self.training:
                self.worker.send({"do": "stop", "request": self.training})

    def images(self, key: str, made: Any, payload: Payload | None) -> Path:
        """A folder that holds the data set, as that of a training does."""
        if self._images[0] != key:
            folder = tempfile.TemporaryDirectory(prefix="unet-", ignore_cleanup_errors=True)
            Store(Path(folder.name)).write_dataset(opened(key, made, payload))
            self._images = key, folder
        return Path(self._images[1].name)


_here: Final = _Process()


def carried_along(payload: Payload) -> Payload:
    """The data set itself, as something that Dask brings to whoever needs it, and again if it is lost."""
    return payload


async def leave(sweep: str) -> None:
    """Take no further step in any training of a sweep. Dask runs it in every process, beside what is taught there."""
    _here.left.add(sweep)
    if _here.sweep == sweep:
        _here.stop()


def get_ready() -> tuple[str, int]:
    """Load TensorFlow ahead of the first training; says on which machine, and how many bytes can be had there."""
    spare = available_memory() + resident_memory(_here.worker.process)
    # Whoever teaches will say why it cannot be started.
    with contextlib.suppress(OSError):
        _here.worker.warm_up()
    return socket.gethostname(), spare


def teach(task: Task, payload: Payload | None = None) -> Outcome:
    """Teach one network, as far as is asked for; whatever goes wrong is said in the outcome.

    Args:
        task: What to do.
        payload: The data set, unless it is made from its recipe.

    Returns:
        What has come of it.
    """
    with _here.alone:
        _here.sweep = task["sweep"]
        try:
            return _taught(task, payload)
        except DataError as error:
            return _failed(str(error))
        except Exception as error:  # noqa: BLE001  # one run that fails is a row of the table, never its end
            first = [" ".join(line.split()) for line in str(error).splitlines()[:1]]
            return _failed(f"Something went wrong ({': '.join([type(error).__name__, *first])}).")
        finally:
            _here.sweep = ""


def _failed(words: str) -> Outcome:
    return {"problem": words, "history": {}, "peak": None, "files": {}}


def _taught(task: Task, payload: Payload | None) -> Outcome:
    images = _here.images(*task["dataset"], payload)
    with tempfile.TemporaryDirectory(prefix="unet-", ignore_cleanup_errors=True) as folder:
        store = Store(Path(folder))
        # Nothing of a step depends on how many there will be: a part is a training that is shorter.
        recipe = {**task["order"]["recipe"], "steps": task["until"]}
        store.write("order.json", {**task["order"], "recipe": recipe})
        for name, content in task["files"].items():
            (store.folder / name).write_bytes(content)
        for name in _IMAGES:
            _link(images / name, store.folder / name)
        try:
            problem, peak = _followed(store, task["sweep"])
        except OSError as error:
            return _failed(f"The process that learns cannot be started: {error}.")
        history = store.read(HISTORY)
        files = {name: (store.folder / name).read_bytes() for name in task["wanted"] if (store.folder / name).exists()}
        # On a full disc learning goes on, and says so; but what is not there cannot be handed back.
        if history is None or len(files) < len(task["wanted"]):
            return _failed(problem or "What it has learnt could not be saved: free some disc space.")
        return {"problem": "", "history": history, "peak": peak, "files": files}


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError:
        shutil.copyfile(source, place)


def _followed(store: Store, sweep: str) -> tuple[str, int | None]:
    """Teach what lies in a folder, until it has ended: what went wrong, in words, and the most memory it took."""
    worker, name = _here.worker, store.folder.name
    heard: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    worker.events.connect(heard.put)
    try:
        worker.warm_up()
        problem = ""
        with _fullest(worker.process) as fullest:
            worker.send({"do": "train", "request": name, "folder": str(store.folder), "paused": False})
            _here.training = name
            if sweep in _here.left:
                # It was left just before there was anything to stop.
                _here.stop()
            while True:
                event = heard.get()
                if event["event"] != "lost" and event.get("request") != name:
                    continue
                if event["event"] in _FAILED:
                    _clear(store)
                    return str(event.get("reason", "The sweep was stopped.")), None
                if event["event"] == "epoch":
                    problem = str(event["problem"])
                if event["event"] == "finished":
                    return problem, fullest()
    finally:
        _here.training = ""
        worker.events.disconnect(heard.put)
        _here.renew()


def _clear(store: Store) -> None:
    """Of a training that has failed, what it had saved before does not count as done."""
    for name in (HISTORY, BEST, LAST):
        (store.folder / name).unlink(missing_ok=True)


# How much memory it took ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _fullest(process: int | None) -> Iterator[Callable[[], int | None]]:
    """What tells the most bytes that a process has held within the block."""
    if process is not None and _forget_peak(process):
        yield lambda: _noted_peak(process)
        return
    ended, most = threading.Event(), [resident_memory(process)]

    def watch() -> None:
        while not ended.wait(_GLANCE):
            most[0] = max(most[0], resident_memory(process))

    watching = threading.Thread(target=watch, daemon=True, name="memory")
    watching.start()
    try:
        yield lambda: most[0] or None
    finally:
        ended.set()
        watching.join()


def _forget_peak(process: int) -> bool:
    """Let Linux note the peak anew; whether it does."""
    try:
        Path(f"/proc/{process}/clear_refs").write_text("5", "ascii")
    except OSError:
        return False
    return _noted_peak(process) is not None


def _noted_peak(process: int) -> int | None:
    try:
        for line in Path(f"/proc/{process}/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
