"""Whose turn it is to load TensorFlow, where a class opens a tab at once."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from unet_explorer.learning.places import STILL, Ticket, places

__all__ = ["admitted"]

_NEED: Final = 800_000_000
"""Bytes that a process takes once TensorFlow is loaded and something small is computed."""
_LOOK: Final = 0.3
"""Seconds after which who waits looks again."""


@contextmanager
def admitted(tell: Callable[[int], None]) -> Iterator[None]:
    """Wait until there is room for one more; others wait until the block ends.

    As many load at once as there are processors: more would only make each other slow, and take memory before anybody
    sees that there is none left. Where no line can be kept, nobody waits.

    Args:
        tell: Called with the number of those before, whenever it has changed, and with 0 at the end of waiting.

    Example:
        >>> with admitted(print):
        ...     pass
    """
    ticket = _ticket()
    over = threading.Event()
    try:
        if ticket is not None:
            _stand(ticket, tell)
            threading.Thread(target=_beat, args=(ticket, over), daemon=True).start()
        yield
    finally:
        over.set()
        if ticket is not None:
            ticket.drop()


def _ticket() -> Ticket | None:
    # What is wrong with the environment is said when something is to learn.
    with contextlib.suppress(OSError, ValueError):
        return Ticket(_NEED, starting=True) if places() else None
    return None


def _stand(ticket: Ticket, tell: Callable[[int], None]) -> None:
    told = 0
    while before := _before(ticket):
        ticket.beat(os.getpid())
        if before != told:
            tell(before)
        told = before
        time.sleep(_LOOK)
    if told:
        tell(0)


def _before(ticket: Ticket) -> int:
    with contextlib.suppress(OSError, ValueError):
        return ticket.before(os.getpid())
    return 0


def _beat(ticket: Ticket, over: threading.Event) -> None:
    while not over.wait(STILL / 6):
        ticket.beat(os.getpid())
