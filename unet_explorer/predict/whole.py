"""A file, or a folder that is one array, that is written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["whole"]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Write under another name in the same folder; once all of it is on disc, it is moved into place.

    A link that bears the name is replaced, not followed.

    Args:
        path: Where it shall be in the end. What is there before is there until then, and stays if anything goes wrong.

    Yields:
        Where to write it: a name that nobody has. Make a file of it, or a folder.

    Raises:
        OSError: If there is no room, or the folder may not be written to.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> with whole(path) as half:
        ...     _ = half.write_text("all of it")
        ...     print(path.exists())
        False
        >>> path.read_text()
        'all of it'
    """
    half = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.half")
    try:
        yield half
        _to_disc(half)
        _move(half, path)
    except BaseException:
        _remove(half)
        raise


def _to_disc(path: Path) -> None:
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    for file in files:
        # Windows syncs only what may be written.
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())


def _move(half: Path, path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        half.replace(path)
        return
    # A folder takes no other one's place at once: the old one steps aside, and comes back if the new one cannot come.
    former = half.with_suffix(".former")
    path.rename(former)
    try:
        half.rename(path)
    except BaseException:
        former.rename(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


def _remove(half: Path) -> None:
    if half.is_dir():
        shutil.rmtree(half, ignore_errors=True)
    else:
        half.unlink(missing_ok=True)
