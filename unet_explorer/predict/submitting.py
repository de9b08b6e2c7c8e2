"""Many tasks on Dask, a few at a time: what waits, here and in the scheduler, does not grow with how many there are."""

from __future__ import annotations

import contextlib
import queue
import secrets
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from unet_explorer.cluster import ClusterError

__all__ = ["TaskError", "answers"]

_EACH: Final = 3
"""Tasks that are there for each thread of a worker: one that it works on, and what it goes on with."""
_TOGETHER: Final = 64
"""Calls that become one task, at most, where they take next to no time: asking for one takes a millisecond or two."""
_SHORT: Final = 0.02
"""Seconds that a task takes at most before more calls are put into one."""
_LARGE: Final = 1 << 16
"""Bytes of an argument that are too many to be sent several times over in one message."""
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
) -> Generator[tuple[int, Any], None, None]:
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
    waiting: dict[Any, list[int]] = {}
    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    left, token, room, together = iter(tasks), secrets.token_hex(6), _Room(client), 1
    try:
        while True:
            while len(waiting) < room.tasks() and (some := _some(left, together)):
                numbers, given = [number for number, _ in some], [each for _, each in some]
                future = _submitted(client, function, given, f"{function.__name__}-{token}-{numbers[0]}")
                waiting[future] = numbers
                future.add_done_callback(done.put)
            if not waiting:
                return
            ready = _ready(done, room)
            for future in ready:
                if future.status != "finished":
                    raise TaskError(waiting[future][0], _reason(future))
            for future, came in zip(ready, client.gather(ready), strict=True):
                numbers = waiting.pop(future)
                future.release()
                yield from zip(numbers, came.answers, strict=False)
                if came.fault is not None:
                    raise TaskError(numbers[len(came.answers)], came.fault)
                together = _more(together, came.seconds)
    finally:
        if waiting:
            with contextlib.suppress(Exception):
                client.cancel(list(waiting), force=True)


def _some(left: Iterator[tuple[int, tuple[Any, ...]]], most: int) -> list[tuple[int, tuple[Any, ...]]]:
    """The next few calls; one alone where pixels go along, or something that may fail is computed for it first."""
    some = list(islice(left, 1))
    if some and not any(
        hasattr(each, "add_done_callback") or getattr(each, "nbytes", 0) > _LARGE for each in some[0][1]
    ):
        some += islice(left, most - 1)
    return some


def _more(together: int, seconds: float) -> int:
    """How many calls become one task, from how long the last one took."""
    return min(_TOGETHER, 2 * together) if seconds < _SHORT else max(1, together // 2)


class _Came(NamedTuple):
    """What came of a few calls: an answer each, up to the one that failed; with what; and how long they took."""

    answers: list[Any]
    fault: Exception | None
    seconds: float


def _called(function: Callable[..., Any], given: list[tuple[Any, ...]]) -> _Came:
    """Call a function a few times, in a worker."""
    began, came = time.perf_counter(), []
    for each in given:
        try:
            came.append(function(*each))
        except Exception as fault:  # noqa: BLE001  # it is raised again where somebody can say which call it was
            return _Came(came, fault, time.perf_counter() - began)
    return _Came(came, None, time.perf_counter() - began)


def _submitted(client: Any, function: Callable[..., Any], given: list[tuple[Any, ...]], key: str) -> Any:
    with warnings.catch_warnings():
        # Parts of an image are large, and are meant to go along: they are not the same for two tasks.
        warnings.filterwarnings("ignore", message="Sending large graph")
        try:
            return client.submit(_called, function, given, key=key, pure=False)
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
