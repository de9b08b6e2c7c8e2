"""A line that tells how much is done and how long the rest takes, in a terminal and under a cell."""

from __future__ import annotations

import sys
import time
from typing import Final

__all__ = ["Line", "told"]

_WIDTH: Final = 24
"""Signs of the bar."""
_OFTEN: Final = 0.1
"""Seconds between two lines, at least."""


def told(done: int, total: int, left: float | None) -> str:
    """How far something is, in one line.

    Args:
        done: How much of it is done.
        total: How much there is.
        left: Seconds that the rest will take, where that is known.

    Example:
        >>> told(30, 120, 90.0)
        '██████░░░░░░░░░░░░░░░░░░  25 %, 30 of 120, 2 min left'
        >>> told(120, 120, 0.0)
        '████████████████████████ 100 %, 120 of 120'
        >>> told(1, 1000, None)
        '░░░░░░░░░░░░░░░░░░░░░░░░   0 %, 1 of 1,000'
    """
    filled = _WIDTH * done // total if total else _WIDTH
    share = 100 * done // total if total else 100
    line = f"{'█' * filled}{'░' * (_WIDTH - filled)} {share:3} %, {done:,} of {total:,}"
    return line if left is None or done >= total else f"{line}, {_span(left)} left"


def _span(seconds: float) -> str:
    """A time in the unit in which it is of a few; never less than what is meant."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = -(-whole // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


class Line:
    """Called with how much is done and how much there is, it writes one line over and over, to standard error.

    What was done before it was first called counts as done, but not for how fast it goes.

    Example:
        >>> Line()(1, 2)
    """

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self._last, self._length = 0.0, 0

    def __call__(self, done: int, total: int) -> None:
        """Write the line anew, unless that was just done."""
        now = time.monotonic()
        first, began = self._first = self._first or (done, now)
        if done < total and now - self._last < _OFTEN:
            return
        self._last = now
        left = (now - began) / (done - first) * (total - done) if done > first else None
        line = told(done, total, left)
        # What is left of a longer line before is painted over.
        print(f"\r{line:<{self._length}}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        self._length = len(line)
