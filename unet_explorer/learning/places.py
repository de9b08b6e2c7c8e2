"""Whose turn it is to learn: what the processors and the memory of a machine do not hold at once waits in a line.

A ticket is a file in a folder that all kernels of a user share, or those of all users, where an administrator names
one. It counts as long as two things hold: it is locked by the operating system, a lock that ends with its process, and
the number in it is counted up, which whoever looks on measures by its own clock. So neither a killed process nor one
that hangs keeps others waiting, and no clock on the wall is asked. Tickets are numbered, and the first few have their
turn: that follows from the files alone, and nobody needs to hand a place to anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Final

from unet_explorer.learning.machine import available_memory, resident_memory, usable_cores
from unet_explorer.learning.ownership import this_boot
from unet_explorer.locks import is_locked, lock, unlock

__all__ = ["PLACES", "QUEUE", "STILL", "Ticket", "is_busy", "places", "queue_folder"]

QUEUE: Final = "UNET_EXPLORER_QUEUE"
"""Environment variable: the folder of the tickets; one that all users may write into makes one line of all of them."""
PLACES: Final = "UNET_EXPLORER_PLACES"
"""Environment variable: how many workers may teach at once on this machine; 0 for any number."""
STILL: Final = 30.0
"""Seconds that a ticket must stand still before it counts no more."""
_GIVEN_BACK: Final = 60.0
"""Seconds in which the last one ahead gives its memory back."""
_MOST: Final = 100_000
_CORES_EACH: Final = 2
"""Processors that one training keeps busy. Two at once learn no more a second of processor time than one alone (11 to
12 steps of the classroom's design, on two processors), and take twice the memory."""
_ROOM: Final = 160
"""Bytes of a ticket: always as many, so that it is never read half."""
_ATTEMPTS: Final = 1000

_clock = time.monotonic
_seen: dict[str, tuple[bytes, float]] = {}
"""What stood in others' tickets, and since when."""
_drawn: weakref.WeakSet[Ticket] = weakref.WeakSet()


def queue_folder() -> Path:
    """Where the tickets lie."""
    if chosen := os.environ.get(QUEUE):
        return Path(chosen)
    from unet_explorer.learning.store import state_folder  # here, as it needs NumPy

    return state_folder() / "queue"


def places() -> int:
    """How many workers may teach at once; 0 for any number.

    Raises:
        ValueError: If the environment says something else than a whole number.

    Example:
        >>> places() >= 0
        True
    """
    said = os.environ.get(PLACES, "").strip()
    if not said:
        return max(1, usable_cores() // _CORES_EACH)
    if not said.isascii() or not said.isdigit() or int(said) > _MOST:
        raise ValueError(
            f"The environment variable {PLACES}={said!r} is not allowed: give the number of trainings that may run at "
            f"once on this machine, from 0 (any number) to {_MOST:,}, or leave it out for one for every "
            f"{_CORES_EACH} processors."
        )
    return int(said)


class Ticket:
    """A place in the line, from when it is drawn until it is dropped or its process ends.

    Args:
        need: Bytes of memory that it takes.
        starting: Whether it is the line of those that load TensorFlow, as many at once as there are processors, and
            not that of those that learn.

    Raises:
        OSError: If there can be no file.
    """

    def __init__(self, need: int, *, starting: bool = False) -> None:
        self._folder, self._boot = queue_folder(), this_boot() or socket.gethostname()
        self._starting = starting
        if starting:
            self._folder /= "starting"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._need, self._count, self._patience = need, 0, _clock()
        self._file: int | None = None
        # A file that is closed while another thread writes would leave its number to somebody else's file.
        self._writing = threading.Lock()
        for _ in range(_ATTEMPTS):
            # Those of this machine since it was started; a folder may be shared with others.
            self.number = 1 + max((number for number, _ in self._all()), default=0)
            if self._draw():
                break
        else:
            raise OSError("no ticket can be drawn")
        _drawn.add(self)
        self.beat()

    def _draw(self) -> bool:
        path = self._path
        try:
            # Others must be able to look at it.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
            file, free = lock(path)
        except (FileExistsError, FileNotFoundError):
            # Somebody was quicker, or has taken it for one that was left behind.
            return False
        if file is None:
            with contextlib.suppress(OSError):
                path.unlink()
            if free:
                raise OSError("nothing can be locked there")
            return False
        self._file = file
        return True

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._boot}-{self.number:09}.ticket"

    def _all(self) -> list[tuple[int, Path]]:
        """Every ticket of this machine, in their order."""
        name = re.compile(rf"{re.escape(self._boot)}-(\d{{9}})\.ticket")
        found = [(int(match[1]), each) for each in self._folder.iterdir() if (match := name.fullmatch(each.name))]
        return sorted(found)

    def beat(self, worker: int | None = None) -> None:
        """Count on, so that whoever waits behind knows that this one goes on.

        Args:
            worker: Number of the process that learns.
        """
        with self._writing, contextlib.suppress(OSError):
            if self._file is None:
                return
            self._count += 1
            content = json.dumps({"count": self._count, "need": self._need, "worker": worker or 0}).ljust(_ROOM)
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, content.encode("ascii"))

    def before(self, own: int | None = None) -> int:
        """How many must be done before it is the turn of this one; 0 if it is.

        Args:
            own: Number of the process that is to work: what it holds already is there for it.

        Raises:
            ValueError: If the environment says no number of places.
            OSError: If the folder cannot be read.
        """
        tickets = self._all()
        ahead = [read for number, path in tickets if number < self.number and (read := _read(path)) is not None]
        for gone in set(_seen).difference(str(path) for _, path in tickets):
            _seen.pop(gone, None)
        wanted = places()
        if wanted and self._starting:
            wanted = usable_cores()
        if wanted and len(ahead) >= wanted:
            return len(ahead) - wanted + 1
        # Those ahead may not have taken yet what they are going to take.
        due = sum(max(0, each["need"] - resident_memory(each["worker"] or None)) for each in ahead)
        if due + self._need <= available_memory() + resident_memory(own):
            return 0
        if ahead:
            self._patience = _clock() + _GIVEN_BACK
        # Whoever was never behind anybody waits for nothing: whether there is enough at all was said before.
        return int(bool(ahead) or _clock() < self._patience)

    def drop(self, *, forked: bool = False) -> None:
        """Leave the line; in a forked child, the place stays its parent's."""
        if forked:
            # Whoever was writing does so in the parent.
            self._writing = threading.Lock()
        with self._writing:
            file, self._file = self._file, None
        if file is None:
            return
        if not forked and os.name != "nt":
            with contextlib.suppress(OSError):
                self._path.unlink()
        unlock(file, forked=forked)
        if not forked and os.name == "nt":
            # What is open cannot be deleted there.
            with contextlib.suppress(OSError):
                self._path.unlink()


def is_busy() -> bool:
    """Whether anybody learns on this machine, or waits to."""
    try:
        return any(_read(path) is not None for path in queue_folder().glob("*.ticket"))
    except OSError:
        return False


def _read(path: Path) -> dict[str, Any] | None:
    """What is on somebody's ticket; None if it does not count."""
    if not is_locked(path):
        _seen.pop(str(path), None)
        _clear(path)
        return None
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    seen, now = _seen.get(str(path)), _clock()
    if seen is None or seen[0] != content:
        seen = _seen[str(path)] = content, now
    if now - seen[1] >= STILL:
        return None
    try:
        read = json.loads(content)
        return {"need": max(0, int(read["need"])), "worker": max(0, int(read["worker"]))}
    except (ValueError, LookupError, TypeError):
        # It is just being written for the first time.
        return {"need": 0, "worker": 0}


def _clear(path: Path) -> None:
    """Delete what a killed process has left; that of another user stays, and does no harm."""
    with contextlib.suppress(OSError):
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            return
        # Locked meanwhile, it is somebody's: who has just made it has not locked it yet.
        file, free = lock(path)
        if file is None:
            return
        if free and os.name != "nt":
            path.unlink()
        unlock(file)
        if free and os.name == "nt":
            path.unlink()


def _forget() -> None:
    """In a forked child: a place stays the parent's, also if the child lives longer."""
    for ticket in list(_drawn):
        ticket.drop(forked=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
