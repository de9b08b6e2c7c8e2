"""What lies in a folder, as far as it may be looked at."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from unet_explorer.data.decoded import SUFFIXES, DataError, listed
from unet_explorer.whole import printable

__all__ = ["entries", "inside", "left_out", "may_enter", "pictures", "visible"]

_SKIPPED: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def visible(folder: Path, root: Path) -> list[Path]:
    """What lies in a folder, by name: no hidden files, and no links that lead out of `root`.

    Raises:
        DataError: If the folder cannot be read.
    """
    return [path for path in entries(folder) if not _leads_out(path, root)]


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without hidden files.

    Raises:
        DataError: If the folder cannot be read.
    """
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError as error:
        raise DataError(
            f"The folder {printable(folder.name)} cannot be read ({error.strerror}). Look whether it is still there "
            "and you may open it."
        ) from None
    shown = [name for name in names if not name.startswith(".") and name.lower() not in _SKIPPED]
    return [folder / name for name in sorted(shown)]


def _leads_out(path: Path, root: Path) -> bool:
    try:
        if not path.is_symlink():
            return False
        end = path.resolve()
    except (OSError, RuntimeError):  # a link in a circle leads nowhere
        return True
    # From Python 3.13 on a circle is no error: the link itself is given back.
    return end.is_symlink() or not end.is_relative_to(root)


def pictures(folder: Path, root: Path) -> list[Path]:
    """The files of a folder that may be pictures, by their endings."""
    return [path for path in visible(folder, root) if path.suffix.lower() in SUFFIXES and path.is_file()]


def may_enter(path: Path) -> bool:
    """Whether it is a folder that may be read."""
    return path.is_dir() and os.access(path, os.R_OK | os.X_OK)


def inside(path: Path, root: Path) -> str:
    """Where something lies in a data set, to be shown."""
    return printable(path.relative_to(root))


def left_out(folders: Iterable[Path], root: Path) -> str:
    """A sentence on links that were not followed, if there are any."""
    links = [path.name for folder in folders for path in entries(folder) if _leads_out(path, root)]
    return (
        f" Not followed, for they lead out of the folder: the links {listed(links)}; copy the files." if links else ""
    )
