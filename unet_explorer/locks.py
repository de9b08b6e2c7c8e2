"""A lock of the operating system on a file: it ends with its process, whatever becomes of that.

Not that of `filelock`, which makes a folder anew that was deleted meanwhile, can only look by locking for writing,
falls back on the clock of the files, and is let go of by a forked child for its parent as well.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path
from typing import Final

__all__ = ["is_locked", "lock", "unlock"]

_FAR: Final = 1 << 30
"""Where Windows locks a byte: those that are locked cannot be read."""
_OTHERS: Final = frozenset({errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK, errno.EDEADLK})
"""What the system says where another one holds the lock; anything else means that there are no locks here."""
_TRIES: Final = 50
"""Whoever looks whether a file is locked locks it for a moment; it is tried again so often, every 10 ms."""

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int, shared: bool) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def _unlock(file: int) -> None:
        os.lseek(file, _FAR, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(file: int, shared: bool) -> None:
        # Those who only look do not see each other.
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


def is_locked(path: Path) -> bool:
    """Whether anybody holds the lock; also this process, by another number."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        _try_lock(file, shared=True)
    except OSError as error:
        return error.errno in _OTHERS
    finally:
        os.close(file)
    return False


def lock(path: Path) -> tuple[int | None, bool]:
    """Lock a file, which is made if it is not there, until it is unlocked or the process ends.

    Returns:
        The number of the open file, None where there is no room for one; and whether no other one holds it. A file
        system that knows no locks says that nobody does.

    Raises:
        FileNotFoundError: If there is no such folder, or it is being deleted.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        raise
    except OSError:
        return None, True
    for _ in range(_TRIES):
        try:
            _try_lock(file, shared=False)
        except OSError as error:
            if error.errno not in _OTHERS:
                break
            time.sleep(0.01)
        else:
            break
    else:
        os.close(file)
        return None, False
    if not _same(file, path):
        # Deleted, or put away to be deleted, before it was locked.
        os.close(file)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path.parent))
    return file, True


def _same(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except OSError:
        return False


def unlock(file: int, *, forked: bool = False) -> None:
    """Let go of a file; in a forked child, the lock stays its parent's."""
    if not forked:
        # Closing alone would leave it to a child that was forked and has not closed it yet.
        with contextlib.suppress(OSError):
            _unlock(file)
    os.close(file)
