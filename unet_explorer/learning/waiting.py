"""Waiting that Ctrl + C may break off at any moment without leaving anything locked."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

__all__ = ["Bell", "Flag"]


class Bell:
    """Wakes whoever waits for something to become true.

    Python's own `Condition` and `Event` are written in Python: a Ctrl + C between the moment when their lock is taken
    and the moment when somebody feels responsible for it leaves it taken for ever, and with it every thread that wants
    to wake others. Here nobody holds a lock that another one needs: each who waits has a lock of his own, made in C,
    and to ring is to release them.

    Example:
        >>> bell, done = Bell(), []
        >>> bell.wait_for(lambda: done, 0.0)
        False
        >>> threading.Thread(target=lambda: (done.append(1), bell.ring())).start()
        >>> bell.wait_for(lambda: done)
        True
    """

    def __init__(self) -> None:
        self._waiting: list[threading.Lock] = []

    def ring(self) -> None:
        """Let all who wait look again; said after something has changed."""
        for each in tuple(self._waiting):
            # Rung twice before it could look is as good as once.
            with contextlib.suppress(RuntimeError):
                each.release()

    def wait_for(self, true: Callable[[], object], seconds: float | None = None) -> bool:
        """Wait until something is true, and say whether it is.

        Args:
            true: Asked again whenever the bell rings; no lock is held meanwhile.
            seconds: How long at most; for ever, if left out.
        """
        end = None if seconds is None else time.monotonic() + seconds
        mine = threading.Lock()
        mine.acquire()
        self._waiting.append(mine)
        try:
            while not true():
                left = -1 if end is None else min(max(0.0, end - time.monotonic()), threading.TIMEOUT_MAX)
                if not mine.acquire(timeout=left):
                    return bool(true())
            return True
        finally:
            self._waiting.remove(mine)


class Flag:
    """Something that is due, or not: as `threading.Event`, and safe to be set while somebody presses Ctrl + C.

    Example:
        >>> flag = Flag()
        >>> flag.set()
        >>> flag.wait(), flag.is_set()
        (True, True)
        >>> flag.clear()
        >>> flag.is_set()
        False
    """

    def __init__(self) -> None:
        self._set = False
        self._bell = Bell()

    def set(self) -> None:
        """From now on it is due."""
        self._set = True
        self._bell.ring()

    def clear(self) -> None:
        """It is not due any more."""
        self._set = False

    def is_set(self) -> bool:
        """Whether it is due."""
        return self._set

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is due, and say whether it is."""
        return self._bell.wait_for(self.is_set, seconds)
