"""The turn of a worker: all trainings in it share one place, for they learn in turn there."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from unet_explorer.learning.machine import available_memory, cpu_seconds
from unet_explorer.learning.places import Ticket, places, queue_folder
from unet_explorer.learning.waiting import Flag
from unet_explorer.locks import is_locked, lock, unlock

__all__ = ["Turn", "turn_of", "warm_ahead"]

_LOOK: Final = 0.3
"""Seconds after which who waits looks again whether it is its turn."""
_BEAT: Final = 5.0
"""Seconds after which who has its turn says that it goes on."""
_ROOM: Final = 2_000_000_000
"""Bytes that must be free before a worker is started that nobody needs yet: for itself, and for what it will teach."""


class _Waiting(NamedTuple):
    """One that waits: what is called when it is its turn, and when others have gone."""

    go: Callable[[], None]
    tell: Callable[[int], None]


class Turn:
    """The place of one worker in the line, as long as anything learns in it or wants to.

    Whoever calls may hold a lock of its own; no lock is held here while somebody else's function is called.

    Args:
        worker: Whose place it is; its ``process`` is asked for.
    """

    def __init__(self, worker: Any) -> None:
        self._worker = weakref.ref(worker)
        self._lock = threading.RLock()
        self._inside: set[int] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._ticket: Ticket | None = None
        self._granted = False
        self._left = Flag()

    def enter(self, who: object, need: int, go: Callable[[], None], tell: Callable[[int], None]) -> int:
        """Ask for a turn.

        Args:
            who: Who asks; it leaves with `leave`.
            need: Bytes of memory that it takes.
            go: Called from another thread as soon as it is its turn, unless that is so at once.
            tell: Called from another thread with the number of those before it, when that has changed.

        Returns:
            How many must end before; 0 if it is its turn, and `go` is not called.

        Raises:
            ValueError: If the environment says no number of places.
        """
        with self._lock:
            before = self._before(need)
            if before:
                self._waiting[id(who)] = _Waiting(go, tell)
            else:
                self._granted = True
                self._inside.add(id(who))
            return before

    def _before(self, need: int) -> int:
        if self._granted or not places():
            return 0
        try:
            if self._ticket is None:
                self._ticket = Ticket(need)
                self._left = Flag()
                threading.Thread(
                    target=self._stand, args=(self._ticket, self._left), daemon=True, name="place in the line"
                ).start()
            return self._ticket.before(self._process)
        except OSError:
            # Where no line can be kept, nobody shall wait for ever.
            return 0

    def seize(self, who: object) -> None:
        """Count as one that learns, whether it is its turn or not; for what has begun already."""
        with self._lock:
            if id(who) not in self._inside:
                self._waiting.pop(id(who), None)
                self._before(0)
                self._granted = True
                self._inside.add(id(who))

    def leave(self, who: object) -> None:
        """Be done, or wait no longer; who has no place is none the worse for it."""
        with self._lock:
            self._inside.discard(id(who))
            self._waiting.pop(id(who), None)
            if not self._inside:
                # The others in this worker have waited as long as this one.
                self._granted = False
            if not self._inside and not self._waiting and self._ticket is not None:
                self._ticket.drop()
                self._ticket = None
                self._left.set()

    @property
    def _process(self) -> int | None:
        worker = self._worker()
        number: int | None = worker.process if worker is not None else None
        return number

    def _stand(self, ticket: Ticket, left: Flag) -> None:
        """Wait for the turn, and say that it goes on as long as it does."""
        worked = -1.0
        while not left.wait(_BEAT if self._granted else _LOOK):
            process = self._process
            if not self._granted:
                ticket.beat(process)
                self._look(ticket)
            elif (now := cpu_seconds(process)) != worked:
                # A worker that hangs does not go on, and what does not go on keeps nobody waiting.
                worked = now
                ticket.beat(process)

    def _look(self, ticket: Ticket) -> None:
        try:
            before = ticket.before(self._process)
        except (OSError, ValueError):
            before = 0
        with self._lock:
            if self._ticket is not ticket:
                return
            waiting = dict(self._waiting)
            if not before:
                self._granted = bool(waiting)
                self._inside |= waiting.keys()
                self._waiting = {}
        for each in waiting.values():
            if before:
                each.tell(before)
            else:
                each.go()


def warm_ahead(worker: Any) -> None:
    """Start a worker before it is needed: where there is memory, and one at a time on this machine.

    A class that opens a tab at once would take all there is; whoever is not warm starts when it is needed.

    Args:
        worker: Which one.

    Raises:
        OSError: If it cannot be started.
    """
    if worker.process is not None or available_memory() < _ROOM:
        return
    path, file = queue_folder() / "warm.lock", None
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if is_locked(path):
            return
        file, free = lock(path)
        if not free:
            return
    try:
        worker.warm_up()
    except OSError:
        if file is not None:
            unlock(file)
        raise
    if file is not None:
        threading.Thread(target=_until_warm, args=(worker, file), daemon=True, name="warming up").start()


def _until_warm(worker: Any, file: int) -> None:
    while worker.process is not None and not worker.wait(1.0):
        pass
    unlock(file)


_turns: weakref.WeakKeyDictionary[Any, Turn] = weakref.WeakKeyDictionary()
_guard = threading.Lock()


def turn_of(worker: Any) -> Turn:
    """The turn of a worker, always the same one.

    Example:
        >>> from unet_explorer.learning.process import Worker
        >>> worker = Worker()
        >>> turn_of(worker) is turn_of(worker)
        True
    """
    with _guard:
        return _turns.setdefault(worker, Turn(worker))
