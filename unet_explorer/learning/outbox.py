"""Requests on their way to the worker. Whoever sends one never waits until it is read."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from typing import IO

from unet_explorer.learning.messages import Frame, framed
from unet_explorer.learning.protocol import Request, superseded_by
from unet_explorer.learning.waiting import Bell

__all__ = ["Outbox"]


class Outbox:
    """Writes requests in a thread of its own, in their order.

    A pipe takes some 64 kB; what is larger is written as fast as the worker reads, and a worker that hangs reads
    nothing. Only this thread waits then, and holds no lock meanwhile. What lies here unwritten and is asked otherwise
    since, is not written at all: a hand that goes on pointing at maps shall not fill the memory.

    Args:
        pipe: Where they are written; closed here, by that thread.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Request, Frame]] = deque()
        self._closed = False
        self._bell = Bell()
        threading.Thread(target=self._write, daemon=True, name="requests to the worker").start()

    def put(self, request: Request) -> None:
        """Write it when it is its turn; returns at once.

        Raises:
            TypeError: If something is in it that no message can hold.
        """
        frame = framed(request)
        with self._lock:
            self._waiting = deque(each for each in self._waiting if not _replaces(request, each[0]))
            self._waiting.append((request, frame))
        self._bell.ring()

    def close(self) -> None:
        """Write no more. A write under way ends with the process that should have read it."""
        self._closed = True
        self._bell.ring()

    def _write(self) -> None:
        # Why nobody reads any more is told by whoever listens to the process.
        with contextlib.suppress(OSError, ValueError), self._pipe:
            while True:
                self._bell.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    break
                with self._lock:
                    _, frame = self._waiting.popleft()
                for part in frame:
                    self._pipe.write(part)
                self._pipe.flush()
                del frame
        self._waiting.clear()


def _replaces(request: Request, former: Request) -> bool:
    """Whether a request that was not written yet need not be written any more, because of this one.

    Example:
        >>> _replaces({"do": "stop_maps", "of": "Inside 1"}, {"do": "maps", "request": "Inside 2"})
        False
    """
    if former["do"] not in superseded_by(request["do"]):
        return False
    # One asker's leaving takes nothing from another.
    return request["do"] != "stop_maps" or request["of"] == former.get("request")
