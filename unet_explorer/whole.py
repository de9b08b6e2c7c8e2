"""A file, or a folder that is one array, that is written whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from unet_explorer.core.config import Flag, read_value, shown

__all__ = ["moved", "place_for", "printable", "read_place", "whole"]


def printable(name: object) -> str:
    """A file's name as it can be shown on any screen: what is not a letter or sign becomes �.

    Example:
        >>> printable("nuclei_\\udcff.png")
        'nuclei_�.png'
    """
    text = "".join(sign if sign.isprintable() else "\ufffd" for sign in str(name))
    return text if len(text) <= 120 else f"{text[:80]}…{text[-39:]}"


def place_for(path: object, endings: Collection[str], overwrite: object = False) -> Path:
    """Where a file, or a folder, shall be written, once it is clear that it can be.

    Args:
        path: What was given as the path.
        endings: How its name may end, in small letters, such as ``".svg"``; ``""`` stands for a folder.
        overwrite: Whether what is there already may be replaced.

    Raises:
        ValueError: If it is no path, ends in nothing that can be written, or its folder is not there.
        FileExistsError: If it is there already, and may not be replaced.
        PermissionError: If its folder may not be written to.

    Example:
        >>> place_for("u.bmp", [".svg", ".pdf"])
        Traceback (most recent call last):
        ...
        ValueError: path='u.bmp' ends in none of the kinds that can be written: give a name that ends in .svg or .pdf.
    """
    may_replace = read_value("overwrite", overwrite, Flag())
    place, name = read_place(path), printable(Path(str(path)).name)
    if place.suffix.lower() not in endings and "" not in endings:
        *first, last = endings
        every = f"{', '.join(first)} or {last}" if first else last
        raise ValueError(
            f"path={shown(str(path))} ends in none of the kinds that can be written: give a name that ends in {every}."
        )
    if not place.parent.is_dir():
        raise ValueError(f"There is no folder {printable(place.parent)} to write {name} to: make it first.")
    if (place.exists() or place.is_symlink()) and not may_replace:
        raise FileExistsError(f"{name} is there already: give another name, or overwrite=True to replace it.")
    if place.is_dir() and not place.is_symlink() and "" not in endings:
        raise FileExistsError(f"{name} is a folder, and a file is to be written: give another name.")
    if not os.access(place.parent, os.W_OK):
        raise PermissionError(f"The folder {printable(place.parent)} may not be written to: give another one.")
    return place


def read_place(path: object) -> Path:
    """Whatever may be a path to write to.

    Raises:
        ValueError: If it is none.

    Example:
        >>> read_place(4)
        Traceback (most recent call last):
        ...
        ValueError: path=4 cannot be written to: give the path of a file.
    """
    try:
        place = Path(path).expanduser()  # type: ignore[arg-type]  # what is no path is refused below
        place.exists()
        if not place.name or "\0" in str(place):
            raise ValueError("no name")
    except RuntimeError:
        why = " (there is no user of that name)"
    except OSError as error:
        why = f" ({error.strerror})" if error.strerror else ""
    except (TypeError, ValueError):
        why = ""
    else:
        return place
    raise ValueError(f"path={shown(path)} cannot be written to{why}: give the path of a file.")


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
        moved(half, path)
    except BaseException:
        _remove(half)
        raise


def _to_disc(path: Path) -> None:
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    for file in files:
        # Windows syncs only what may be written.
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())


def moved(half: Path, path: Path) -> None:
    """Move a file or folder to where it shall be; what is there is replaced, or stays if that fails.

    Args:
        half: What is moved, in the same file system.
        path: Where to.

    Raises:
        OSError: If it cannot be.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "half").mkdir()
        >>> moved(folder / "half", folder / "whole")
        >>> [each.name for each in folder.iterdir()]
        ['whole']
    """
    if path.is_symlink() or not path.is_dir():
        half.replace(path)
        return
    # A folder takes no other one's place at once: the old one steps aside, and comes back if the new one cannot come.
    former = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.former")
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
