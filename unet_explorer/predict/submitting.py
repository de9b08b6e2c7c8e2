"""Many tasks on Dask, a few at a time: what waits, here and in the scheduler, does not grow with how many there are."""

from __future__ import annotations

import contextlib
import queue
import secrets
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from unet_explorer.cluster import ClusterError

__all__ = ["TaskError", "answers"]

_EACH: Final = 3
"""Tasks that are there for each thread of a worker: one that it works on, and what it goes on with."""
_LOOK: Final = 1.0
"""Seconds after which it is looked whether anybody still works, if nothing has come."""
_PATIENCE: Final = 30.0
"""Seconds that a cluster may be without any worker: one that has ended is usually started again."""


class TaskError(Exception):
    """One of the tasks has failed.

    Args:
        number: Which.
        reason: With what.
    """

    def __init__(self, number: int, reason: BaseException) -> None:
        super().__init__(number, reason)
        self.number, self.reason = number, reason


def answers(
    client: Any, function: Callable[..., Any], tasks: Iterable[tuple[int, tuple[Any, ...]]]
) -> Iterator[tuple[int, Any]]:
    """Have a function called many times, by all workers of a cluster.

    Tasks are made when there is room for them. If a worker ends, its tasks go to others.

    Args:
        client: Of Dask.
        function: Of a module of this package, for it is sent by its name.
        tasks: For each call a number, and the arguments; futures among them are waited for.

    Yields:
        The number of a task and what came of it, as they are done.

    Raises:
        TaskError: If one fails. What others were about to do is cancelled.
        ClusterError: If the scheduler, or all workers, are gone for good.
    """
    waiting: dict[Any, int] = {}
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    left, token, room = iter(tasks), secrets.token_hex(6), _Room(client)
    try:
        while True:
            for number, given in islice(left, max(0, room.tasks() - len(waiting))):
                future = _submitted(client, function, given, f"{function.__name__}-{token}-{number}")
                waiting[future] = number
                future.add_done_callback(done.put)
            if not waiting:
                return
            ready = _ready(done, room)
            for future in ready:
                if future.status != "finished":
                    raise TaskError(waiting[future], _reason(future))
            for future, answer in zip(ready, client.gather(ready), strict=True):
                number = waiting.pop(future)
                future.release()
                yield number, answer
    finally:
        if waiting:
            with contextlib.suppress(Exception):
                client.cancel(list(waiting), force=True)


def _submitted(client: Any, function: Callable[..., Any], given: tuple[Any, ...], key: str) -> Any:
    with warnings.catch_warnings():
        # Parts of an image are large, and are meant to go along: they are not the same for two tasks.
        warnings.filterwarnings("ignore", message="Sending large graph")
        try:
            return client.submit(function, *given, key=key, pure=False)
        except Exception as error:
            if client.status != "running":
                raise ClusterError(_gone(client)) from None
            raise error from None


def _ready(done: queue.SimpleQueue[Any], room: _Room) -> list[Any]:
    """All that is done, at least one."""
    while True:
        try:
            ready = [done.get(timeout=_LOOK)]
        except queue.Empty:
            room.look()
            continue
        with contextlib.suppress(queue.Empty):
            while True:
                ready.append(done.get_nowait())
        return ready


def _reason(future: Any) -> BaseException:
    if future.status == "error":
        reason: BaseException = future.exception()
        return reason
    return ClusterError(_gone(future.client))


def _gone(client: Any) -> str:
    if client.status != "running":
        return "The scheduler of Dask does not answer any more: start it again, and do the same once more."
    return "Dask has cancelled the work: somebody else has restarted the cluster. Do the same once more."


class _Room:
    """How many tasks may be there at once, as workers come and go."""

    def __init__(self, client: Any) -> None:
        self._client, self._tasks = client, 0
        self._looked = self._seen = -float("inf")

    def tasks(self) -> int:
        """So many."""
        if time.monotonic() - self._looked > _LOOK:
            self.look()
        return self._tasks

    def look(self) -> None:
        """See who is there.

        Raises:
            ClusterError: If it was nobody for long, or the scheduler is gone.
        """
        try:
            threads = sum(self._client.nthreads().values())
        except Exception:  # noqa: BLE001  # a connection that is cut may end in any way
            raise ClusterError(_gone(self._client)) from None
        self._looked = now = time.monotonic()
        if threads or self._seen < 0:
            self._seen = now
        if not threads and now - self._seen > _PATIENCE:
            raise ClusterError(
                f"No worker of Dask was left for {_PATIENCE:.0f} s: start some with `dask worker ADDRESS`, and do the "
                "same once more."
            )
        self._tasks = _EACH * max(1, threads)
