"""Who looks after a folder: told by a lock that ends with its process, never by the clock on the wall.

Three things are asked, in this order. A lock of the operating system on ``owner.lock`` is held as long as its process
lives, however the clock is set, and whatever number the process has elsewhere: who holds it owns the folder. Where no
lock is seen, ``owner.json`` says on which machine, since which boot and in which space of process numbers the owner
runs. In that very place, it is looked for by its number and by when it started. From any other place, such as another
machine that shares the folder, nobody can see whether it runs: then the number in ``owner.lock``, which an owner keeps
counting up, must have stood still for a while, by our own clock, before it is taken for gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import psutil

from unet_explorer.locks import is_locked, lock, unlock

__all__ = ["STILL", "Hold", "held", "owner_of", "take", "this_boot", "undecided"]

STILL: Final = 30.0
"""Seconds that the number of an owner elsewhere must stand still before it is taken for gone."""
_BEAT: Final = 5.0
"""Seconds after which an owner counts on."""
_OWNER: Final = "owner.json"
_LOCK: Final = "owner.lock"
_FORMER: Final = 3600.0
"""What earlier releases wrote has only the clock on the wall: it may have been set by so many seconds."""

_clock = time.monotonic
_guard = threading.RLock()
_holds: dict[str, Hold] = {}
_seen: dict[str, tuple[tuple[Any, ...], float]] = {}
_wake = threading.Event()


class Hold:
    """A folder that this process looks after, until it is released or the process ends.

    Attributes:
        token: Tells this hold from any other; written in ``owner.json``.
    """

    def __init__(self, folder: Path, file: int | None) -> None:
        self.folder, self.token = folder, secrets.token_hex(8)
        self._lock, self._count = file, 0
        try:
            _replace(folder / _OWNER, json.dumps({**_here(), "token": self.token}))
            self._told = True
        except OSError:
            # On a full disc the lock alone must do.
            self._told = False
        self.beat()

    @property
    def stands(self) -> bool:
        """Whether the folder still says so; it may have been deleted, or taken over from elsewhere."""
        owner = owner_of(self.folder)
        # What cannot be read was not written by another one either.
        return not self._told or owner == {} or (owner is not None and owner.get("token") == self.token)

    @property
    def lost(self) -> bool:
        """Whether somebody else has taken over."""
        return self._told and bool(owner_of(self.folder)) and not self.stands

    def beat(self) -> None:
        """Count on, so that it is seen from elsewhere that this process lives. Takes no room on the disc."""
        self._count += 1
        if self._lock is not None:
            with contextlib.suppress(OSError):
                os.lseek(self._lock, 0, os.SEEK_SET)
                os.write(self._lock, f"{self._count:020}".encode())
                # Only then do others see it, where the folder lies on another machine.
                os.fsync(self._lock)

    def release(self) -> None:
        """Say that nobody looks after it any more."""
        with _guard:
            if self._told and self.stands:
                with contextlib.suppress(OSError):
                    (self.folder / _OWNER).unlink()
            self.drop()

    def drop(self, *, forked: bool = False) -> None:
        """Let go of the lock, and leave the rest as it is; in a forked child, the lock stays its parent's."""
        with _guard:
            if _holds.get(_key(self.folder)) is self:
                del _holds[_key(self.folder)]
            if self._lock is not None:
                unlock(self._lock, forked=forked)
                self._lock = None


def take(folder: Path, mine: Hold | None = None) -> Hold | None:
    """Look after a folder, as long as this process lives.

    Args:
        folder: Which one.
        mine: What holds it already, as far as whoever asks knows.

    Returns:
        What holds it; None if somebody else does, be it in this process.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    with _guard:
        present = _holds.get(_key(folder))
        if present is not None and present.stands:
            return present if present is mine else None
        if present is not None:
            present.drop()
        if held(folder):
            return None
        file, free = lock(folder / _LOCK)
        # Between the look and the lock another one may have come and gone on.
        if not free or _runs(folder, owner_of(folder)):
            if file is not None:
                unlock(file)
            return None
        hold = _holds[_key(folder)] = Hold(folder, file)
        _keep_beating()
        return hold


def held(folder: Path) -> bool:
    """Whether anybody looks after a folder; what cannot be known yet counts as held, see `undecided`."""
    with _guard:
        mine = _holds.get(_key(folder))
        if mine is not None and mine.stands:
            return True
        # Our own lock, on what was taken from us, says nothing.
        return (mine is None and is_locked(folder / _LOCK)) or _runs(folder, owner_of(folder))


def owner_of(folder: Path) -> dict[str, Any] | None:
    """What an owner has written of itself; None if there is none, and nothing in it if it cannot be read."""
    try:
        owner = json.loads((folder / _OWNER).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def undecided() -> bool:
    """Whether an owner elsewhere is being watched, of which nothing can be said before `STILL` seconds are over."""
    with _guard:
        for key in [key for key in _seen if owner_of(Path(key)) is None]:
            del _seen[key]
        return any(_clock() - since < STILL for _, since in _seen.values())


# Whether an owner runs ------------------------------------------------------------------------------------------------


def _runs(folder: Path, owner: dict[str, Any] | None) -> bool:
    if owner is None:
        return False
    if owner and "token" not in owner:
        return _former_runs(owner)
    if owner and all(owner.get(name) == value for name, value in _place().items()):
        start = _start(owner.get("process"))
        return start is not None and start == owner.get("start")
    return _moves(folder, owner)


def _moves(folder: Path, owner: dict[str, Any]) -> bool:
    """Whether an owner elsewhere still counts, or was not watched for long enough to say that it does not."""
    try:
        count = (folder / _LOCK).read_bytes()
    except OSError:
        count = b""
    evidence, now = (owner.get("token"), count), _clock()
    seen = _seen.get(_key(folder))
    if seen is None or seen[0] != evidence:
        _seen[_key(folder)] = evidence, now
        return True
    return now - seen[1] < STILL


def _former_runs(owner: dict[str, Any]) -> bool:
    """Whether the process runs that an earlier release noted; it cannot be this one."""
    try:
        process = owner["process"]
        near = abs(psutil.Process(process).create_time() - owner["since"]) < _FORMER
        return bool(process != os.getpid() and near and _start(process) is not None)
    except (KeyError, TypeError, ValueError, OverflowError, psutil.Error):
        return False


def _here() -> dict[str, Any]:
    """What says which process this is. Earlier releases read ``process`` and ``since``."""
    me = psutil.Process()
    return {"process": me.pid, "since": me.create_time(), "start": _start(me.pid), **_place()}


def _place() -> dict[str, str]:
    """Where a number means this very process: the machine, since its boot, and the space of process numbers."""
    space = ""
    with contextlib.suppress(OSError):
        space = str(Path("/proc/self/ns/pid").stat().st_ino)
    return {"host": socket.gethostname(), "boot": this_boot(), "space": space}


@lru_cache(maxsize=1)
def this_boot() -> str:
    """What tells this start of this machine from any other, in letters and dashes; empty where that cannot be told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _start(process: Any) -> str | None:
    """When a process started, in a measure that no setting of the clock changes; None if there is none."""
    if type(process) is not int or process <= 0:
        return None
    try:
        if sys.platform == "linux":
            # Behind the name, which may hold anything: its state first, and the ticks since the boot as the 20th.
            fields = Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            return None if fields[0] in {"Z", "X"} else fields[19]
        return str(psutil.Process(process).create_time())
    except (OSError, IndexError, OverflowError, psutil.Error):
        return None


# Counting -------------------------------------------------------------------------------------------------------------


def _keep_beating() -> None:
    if not any(thread.name == "owner" and thread.is_alive() for thread in threading.enumerate()):
        threading.Thread(target=_beat, daemon=True, name="owner").start()


def _beat() -> None:
    while not _wake.wait(_BEAT):
        with _guard:
            for hold in _holds.values():
                hold.beat()


def _key(folder: Path) -> str:
    return os.path.abspath(folder)


def _replace(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}.half")
    try:
        half.write_text(text, "ascii")
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _forget() -> None:
    """In a forked child: what its parent holds stays the parent's, also if the child lives longer."""
    global _guard
    _guard = threading.RLock()
    for hold in list(_holds.values()):
        hold.drop(forked=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
