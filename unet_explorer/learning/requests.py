"""One way to ask the worker: a numbered request, then its answer, or a refusal, or the loss of the worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from unet_explorer.learning.process import Worker
from unet_explorer.learning.protocol import (
    Answer,
    BuildRequest,
    Event,
    MapsRequest,
    PredictRequest,
    ProbabilitiesRequest,
    Request,
    closes,
)

__all__ = ["Asker", "Requests", "UnreachableError"]


class UnreachableError(ValueError):
    """The worker cannot be started or reached; the text says why, in words for a learner."""


class Asker(Protocol):
    """Who asks. All of this is called in the thread that listens to the worker, with the asker's lock held."""

    def on_ready(self) -> None:
        """TensorFlow is imported: what was asked is being done now."""

    def on_answer(self, answer: Answer, context: Any) -> None:
        """An answer to the latest request, with what was remembered of it."""

    def on_failed(self, reason: str) -> None:
        """The latest request was refused, or went wrong."""

    def on_lost(self, reason: str) -> None:
        """The worker is gone. `Requests.waiting` still tells whether an answer was due."""


class Requests:
    """The requests of one asker, of which only the latest counts.

    Args:
        worker: Who is asked.
        asker: Who is told what comes of it.
        lock: The asker's own lock. It is held while an answer is passed on, so that an answer to the request before
            cannot overtake the next request; it is not held while a request is sent, which may start the worker. No
            `Condition`: Ctrl + C may leave its lock taken.

    Attributes:
        current: Identifier of the latest request; empty before the first, and after `drop`.
        waiting: Whether its last answer is still due.
    """

    def __init__(self, worker: Worker, asker: Asker, lock: AbstractContextManager[Any]) -> None:
        self.current, self.waiting = "", False
        self._worker, self._asker, self._lock = worker, asker, lock
        self._sending = threading.Lock()
        self._number = 0
        self._context: Any = None
        self._closed = False
        worker.events.connect(self._hear)

    def ask(
        self,
        make: Callable[[str], BuildRequest | MapsRequest | PredictRequest | ProbabilitiesRequest],
        context: Any = None,
    ) -> None:
        """Send the next request; answers to earlier ones are not passed on any more.

        One that was closed asks nothing: its request would take the place of one of whoever came after it.

        Args:
            make: Makes the request from its identifier.
            context: What to remember of it.

        Raises:
            UnreachableError: If the worker cannot be started or reached.
        """
        # What was asked later must not arrive earlier.
        with self._sending:
            if self._closed:
                return
            with self._lock:
                self._number += 1
                self.current = f"{type(self._asker).__name__} {self._number}"
                self._context, self.waiting = context, True
            self._send(make(self.current))

    def post(self, request: Request) -> None:
        """Send what has no answer of its own, or belongs to the request under way.

        Raises:
            UnreachableError: If the worker cannot be started or reached.
        """
        if not self._closed:
            self._send(request)

    def adopt(self, identifier: str) -> None:
        """From now on pass on whatever bears this identifier: that of a training, which lasts for many requests."""
        with self._lock:
            self.current = identifier

    def drop(self) -> None:
        """Pass on nothing that was asked for so far."""
        with self._lock:
            self.current, self.waiting, self._context = "", False, None

    def close(self) -> None:
        """Ask and hear nothing more, and remember nothing; a request that is just being sent is waited for."""
        self._closed = True
        with self._sending:
            self._worker.events.disconnect(self._hear)
        self._context = None

    def _send(self, request: Request) -> None:
        try:
            self._worker.send(request)
        except OSError as error:
            self.waiting = False
            raise UnreachableError(f"The worker cannot be started ({error.strerror or error}).") from None

    def _hear(self, event: Event) -> None:
        with self._lock:
            if self._closed:
                return
            if event["event"] == "ready":
                self._asker.on_ready()
            elif event["event"] == "lost":
                self._asker.on_lost(event["reason"])
                self.waiting = False
            elif self.current and event["request"] == self.current:
                self.waiting = self.waiting and not closes(event)
                if event["event"] == "failed":
                    self._asker.on_failed(event["reason"])
                else:
                    self._asker.on_answer(event, self._context)
