"""Runs on their way through Dask: given out in order, taken back as they are done, and left at once if need be."""

from __future__ import annotations

import contextlib
import queue
import secrets
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from unet_explorer.cluster import ClusterError
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.recipe import Order
from unet_explorer.sweeps.carried import carry
from unet_explorer.sweeps.designs import Design
from unet_explorer.sweeps.work import Outcome, Task, carried_along, get_ready, leave, teach

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Job", "LeftError", "Pool"]

_GLANCE: Final = 1.0
"""Seconds after which it is looked whether the scheduler is still there."""


class LeftError(Exception):
    """The sweep was told to stop."""


class Job(NamedTuple):
    """A run, or a part of it.

    Attributes:
        key: Of the run.
        design: What is taught.
        seed: Of the training.
        until: After so many steps it ends.
    """

    key: str
    design: Design
    seed: int
    until: int


class Pool:
    """The processes of a client, for one sweep.

    Args:
        client: Of Dask.
        dataset: What all learn from.

    Attributes:
        workers: How many runs go on at once.
        spare: Bytes of memory that each process can have; None if that is not known.
        open: How many runs are on their way.
    """

    def __init__(self, client: Client, dataset: Dataset) -> None:
        self._client, self._sweep = client, secrets.token_hex(8)
        # TensorFlow is loaded meanwhile.
        self._payload: Future | None = None
        self._open: dict[str, tuple[Job, Future]] = {}
        self._number = 0
        # Of C, as Ctrl + C may come at any moment.
        self._done: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        told = client.run(get_ready, on_error="ignore")
        self._carried = carry(dataset)
        self.workers = max(1, len(told))
        shared = Counter(machine for machine, _ in told.values())
        self.spare = min((free // shared[machine] for machine, free in told.values()), default=None)

    @property
    def open(self) -> int:
        """How many runs are on their way."""
        return len(self._open)

    @property
    def full(self) -> bool:
        """Whether so many runs are on their way that no process will be idle soon."""
        return len(self._open) >= 2 * self.workers + 2

    def submit(self, job: Job, order: Order, files: dict[str, bytes], wanted: tuple[str, ...]) -> None:
        """Give a run out, behind all that were given out before.

        Args:
            job: What it is.
            order: What is learnt.
            files: What it goes on from.
            wanted: Which files shall come back.
        """
        self._number += 1
        key, made, payload = self._carried
        task: Task = {
            "sweep": self._sweep,
            "order": order.to_dict(),
            "dataset": (key, made),
            "until": job.until,
            "files": files,
            "wanted": wanted,
        }
        with warnings.catch_warnings():
            # Images go with the graph on purpose: from there they come again where a process was lost.
            warnings.simplefilter("ignore")
            if payload is not None and self._payload is None:
                self._payload = self._client.submit(carried_along, payload, key=f"images-{self._sweep}", pure=False)
            name = f"run-{self._sweep}-{self._number}"
            future = self._client.submit(teach, task, self._payload, key=name, pure=False, priority=-self._number)
        self._open[name] = job, future
        future.add_done_callback(lambda _: self._done.put(name))

    def take(self) -> tuple[Job, Outcome]:
        """The next run that is done; waits for it.

        Raises:
            LeftError: If the sweep was told to stop.
            ClusterError: If the scheduler is gone.
        """
        while True:
            try:
                name = self._done.get(timeout=_GLANCE)
            except queue.Empty:
                if self._client.status not in {"running", "connecting"}:
                    raise ClusterError("The scheduler of Dask is gone: start it again, and the sweep.") from None
                continue
            if name is None:
                raise LeftError
            if name in self._open:
                job, future = self._open.pop(name)
                self.workers = max(1, len(self._client.nthreads()))
                return job, _outcome(future)

    def stop(self) -> None:
        """Let whoever takes be told so at once. May be called from any thread."""
        self._done.put(None)

    def close(self) -> None:
        """Leave what is on its way: what has not begun never does, what has ends with its step."""
        # The client may be gone, and its scheduler as well; then nothing is on its way.
        with contextlib.suppress(Exception):
            if self._open and self._client.status == "running":
                self._client.cancel([future for _, future in self._open.values()], force=True)
            if self._client.status == "running":
                self._client.run(leave, self._sweep, wait=False, on_error="ignore")
        self._open.clear()
        self._payload = None


def _outcome(future: Any) -> Outcome:
    lost = "Its process was lost, again and again: mostly there was not enough memory. Take a smaller design or batch."
    try:
        error = future.exception()
        if error is None:
            found: Outcome = future.result()
            return found
        words = lost if type(error).__name__ == "KilledWorker" else f"Dask could not run it ({type(error).__name__})."
    except Exception as error:  # noqa: BLE001  # a cancelled future raises an error of asyncio, others whatever there is
        words = f"Dask has lost it ({type(error).__name__})."
    return {"problem": words, "history": {}, "peak": None, "files": {}}
