"""What a process of Dask does: one training, with the very learner that the panel's worker has.

Nothing of TensorFlow is loaded with this module: the notebook's process imports it to name what is to be done.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

from unet_explorer.learning.machine import available_memory, resident_memory
from unet_explorer.learning.store import Store

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.learning.worker.training import Training
    from unet_explorer.sweeps.carried import Payload

__all__ = ["BEST", "HISTORY", "LAST", "Outcome", "Task", "carried_along", "leave", "spare_memory", "teach"]

BEST, LAST, HISTORY = "best.npz", "last.npz", "history.json"
_GLANCE: Final = 0.02
"""Seconds between two looks at how much memory is held, where the system does not note the most itself."""
_alone: Final = threading.Lock()
"""Chance is one for a process: two trainings at once would take each other's numbers."""
_left: Final[set[str]] = set()


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
        step: Steps that were learnt in all.
        ended: Whether it would learn no further: all steps are done, or patience is at its end.
        peak: Bytes that the process held at its fullest moment; None where that cannot be known.
        files: The content of the files that were wanted, by name.
    """

    problem: str
    history: dict[str, Any]
    step: int
    ended: bool
    peak: int | None
    files: dict[str, bytes]


def carried_along(payload: Payload) -> Payload:
    """The data set itself, as something that Dask brings to whoever needs it, and again if it is lost."""
    return payload


async def leave(sweep: str) -> None:
    """Take no further step in any training of a sweep. Dask runs it in every process, beside what is taught there."""
    _left.add(sweep)


def spare_memory() -> tuple[str, int]:
    """The machine that this process runs on, and bytes of memory that it could take there."""
    import socket

    return socket.gethostname(), available_memory() + resident_memory(os.getpid())


def teach(task: Task, payload: Payload | None = None) -> Outcome:
    """Teach one network, as far as is asked for; whatever goes wrong is said in the outcome.

    Args:
        task: What to do.
        payload: The data set, unless it is made from its recipe.

    Returns:
        What has come of it.
    """
    with _alone:
        try:
            _load_quietly()
            return _taught(task, payload)
        except ImportError as error:
            return _failed(f"TensorFlow cannot be loaded there: {' '.join(str(error).split())}")
        except Exception as error:  # noqa: BLE001  # one run that fails is a row of the table, never its end
            return _failed(_reason(error))
        finally:
            with contextlib.suppress(ImportError):
                import keras

                # Keras keeps what it has built.
                keras.utils.clear_session()


def _load_quietly() -> None:
    """Load TensorFlow; what it says of processors and graphics cards would land between somebody's rows."""
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import tensorflow as tf

        # It speaks once more where it first computes.
        tf.constant(0.0) + 1.0
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _failed(words: str) -> Outcome:
    return {"problem": words, "history": {}, "step": 0, "ended": False, "peak": None, "files": {}}


def _reason(error: Exception) -> str:
    from unet_explorer.data.decoded import DataError
    from unet_explorer.learning.worker.scheduler import reason_of

    return str(error) if isinstance(error, DataError) else reason_of(error)


def _taught(task: Task, payload: Payload | None) -> Outcome:
    from unet_explorer.learning.worker.training import Training
    from unet_explorer.sweeps.carried import opened

    with tempfile.TemporaryDirectory(prefix="unet-") as folder, _fullest() as fullest:
        store = _Kept(Path(folder), opened(*task["dataset"], payload))
        store.write("order.json", task["order"])
        for name, content in task["files"].items():
            (store.folder / name).write_bytes(content)
        said: list[str] = []
        training = Training(store, lambda event: said.append(str(event.get("problem") or "")), lambda: _is_left(task))
        try:
            _advance(training, task)
        finally:
            training.learner.close()
        files = {name: (store.folder / name).read_bytes() for name in task["wanted"] if (store.folder / name).exists()}
        # On a full disc learning goes on, and says so; but what is not there cannot be handed back.
        missing = next((words for words in reversed(said) if words), "") if len(files) < len(task["wanted"]) else ""
        return {
            "problem": missing,
            "history": training.history.to_dict(),
            "step": training.learner.step,
            "ended": training.ended,
            "peak": fullest(),
            "files": files,
        }


def _advance(training: Training, task: Task) -> None:
    while not training.ended and not _is_left(task):
        if training.learner.step >= task["until"] and not training.examination_due:
            return
        training.advance()


def _is_left(task: Task) -> bool:
    return task["sweep"] in _left


class _Kept(Store):
    """A folder that lasts as long as the task, with a data set that is here already."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        super().__init__(folder)
        self._dataset = dataset

    def read_dataset(self) -> Dataset | None:
        return self._dataset


# How much memory it took ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _fullest() -> Iterator[Callable[[], int | None]]:
    """What tells the most bytes that this process has held within the block."""
    if _forget_peak():
        yield _noted_peak
        return
    ended, most = threading.Event(), [resident_memory(os.getpid())]

    def watch() -> None:
        while not ended.wait(_GLANCE):
            most[0] = max(most[0], resident_memory(os.getpid()))

    watching = threading.Thread(target=watch, daemon=True, name="memory")
    watching.start()
    try:
        yield lambda: most[0] or None
    finally:
        ended.set()
        watching.join()


def _forget_peak() -> bool:
    """Let Linux note the peak anew; whether it does."""
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return False
    return _noted_peak() is not None


def _noted_peak() -> int | None:
    try:
        for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None
