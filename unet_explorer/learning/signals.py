"""A list of listeners that may be called from any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

__all__ = ["Signal"]

P = ParamSpec("P")


class Signal(Generic[P]):
    """Calls its listeners, in the order in which they were connected, in the thread that emits.

    No lock is held meanwhile: a listener may take locks of its own, connect, disconnect or emit. (psygnal, which
    anywidget brings, holds the signal's lock while listeners run. A worker that is killed by a thread that holds a
    training's lock would then wait for the thread that delivers events, which waits for that training.)

    Example:
        >>> changed = Signal()
        >>> changed.connect(print)
        >>> changed.emit("to", 3)
        to 3
        >>> changed.disconnect(print)
        >>> changed.emit("to", 4)
    """

    def __init__(self) -> None:
        # Replaced, never changed in place, so that whoever goes through it needs no lock.
        self._listeners: tuple[Callable[P, object], ...] = ()

    def connect(self, listener: Callable[P, object]) -> None:
        """Call a listener from now on."""
        self._listeners = (*self._listeners, listener)

    def disconnect(self, listener: Callable[P, object]) -> None:
        """Call a listener no more; one that is not connected is none the worse for it."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    def clear(self) -> None:
        """Call nobody any more."""
        self._listeners = ()

    def emit(self, *arguments: P.args, **named: P.kwargs) -> None:
        """Call all listeners."""
        for listener in self._listeners:
            listener(*arguments, **named)
