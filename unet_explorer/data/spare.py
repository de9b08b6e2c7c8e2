"""Folders for a while: whose process was killed is seen by their names, and the next one deletes them."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["spare_folder", "sweep", "take_folder"]

_NAME: Final = re.compile(r"unet_explorer[-_](?:([0-9a-f]+)\.(\d+)\.(\d+)-)?\w+")
"""Machine, process, and when that began; older releases noted nothing."""
_OLD: Final = 24 * 3600
"""Seconds after which nobody still works in a folder of which the process cannot be looked for."""


def take_folder() -> Path:
    """A new folder that this process looks after; those of processes that are gone are deleted.

    Raises:
        OSError: If it cannot be made.

    Example:
        >>> folder = take_folder()
        >>> folder.is_dir(), f".{os.getpid()}." in folder.name
        (True, True)
        >>> folder.rmdir()
    """
    sweep()
    pid = os.getpid()
    return Path(tempfile.mkdtemp(prefix=f"unet_explorer-{_machine()}.{pid}.{_began(pid) or 0}-"))


@contextmanager
def spare_folder() -> Iterator[Path]:
    """A new folder that is deleted afterwards; see `take_folder`."""
    folder = take_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Delete what processes have left behind that were killed."""
    now = time.time()
    with contextlib.suppress(OSError):
        for each in Path(tempfile.gettempdir()).iterdir():
            found = _NAME.fullmatch(each.name)
            if found and each.is_dir() and not each.is_symlink() and _is_left(each, found, now):
                shutil.rmtree(each, ignore_errors=True)


def _is_left(folder: Path, name: re.Match[str], now: float) -> bool:
    machine, pid, began = name.groups()
    if machine == _machine():
        return _began(int(pid)) != int(began)
    # Another container may share the folder; its processes cannot be seen from here.
    return now - folder.stat().st_mtime > _OLD


def _machine() -> str:
    """Where numbers of processes mean the same: this machine, or this container."""
    space = 0
    with contextlib.suppress(OSError):
        space = os.stat("/proc/self/ns/pid").st_ino
    return f"{zlib.crc32(f'{platform.node()} {space}'.encode()):08x}"


def _began(pid: int) -> int | None:
    """When a process began, in tenths of a second since the machine did: a clock that is set changes nothing of it.

    None if there is none of that number; 0 where processes cannot be looked at.
    """
    try:
        import psutil
    except ImportError:
        return 0
    try:
        return round(10 * (psutil.Process(pid).create_time() - psutil.boot_time()))
    except (psutil.Error, ValueError, OverflowError):
        return None
