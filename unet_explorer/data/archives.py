"""Unpack a zip that came from anywhere, safely: into its folder or not at all."""

from __future__ import annotations

import os
import re
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Final

from unet_explorer.data.decoded import DataError
from unet_explorer.whole import printable

__all__ = ["LARGEST_RATIO", "LARGEST_UNPACKED", "MOST_ENTRIES", "SUFFIX", "unpack"]

SUFFIX: Final = ".zip"
"""How the names of archives end."""
MOST_ENTRIES: Final = 20_000
"""Files and folders in one zip."""
LARGEST_UNPACKED: Final = 2 * 2**30
"""Bytes of all files together, unpacked."""
LARGEST_RATIO: Final = 200
"""How many times its own size a zip may unpack to. Masks pack well, but the images beside them do not."""

_RATIO_FROM: Final = 100 * 2**20  # a few flat masks may pack better still, and do no harm
_LARGEST_READ: Final = 8 * 2**20
_CHUNK: Final = 2**20
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class _Measured:
    """A zip that hands out a limited number of bytes at a time.

    `zipfile` reads the whole table of contents at once, as large as it says it is, before anyone can count entries.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._file, self._name = file, name

    def read(self, count: int = -1) -> bytes:
        data = self._file.read(count if 0 <= count <= _LARGEST_READ else _LARGEST_READ + 1)
        if len(data) > _LARGEST_READ:
            raise DataError(f"{self._name} has a table of contents too large for {MOST_ENTRIES:,} files. Pack fewer.")
        return data


def unpack(zip_path_or_bytes_file: str | os.PathLike[str] | IO[bytes], target_folder: str | os.PathLike[str]) -> Path:
    """Unpack a zip into a folder that is new or empty. If anything is wrong with the zip, nothing is left there.

    Refused are: names that lead out of the folder or begin at a drive, links and devices, passwords, two files of one
    name, methods other than deflate, more than 20,000 entries, more than 2 GiB unpacked (bytes are counted as they
    come, whatever the zip says), and more than 200 times its own size (beyond 100 MiB).

    Args:
        zip_path_or_bytes_file: Where the zip is, or the zip itself, opened to read bytes.
        target_folder: Where the files go. It is made if it is not there.

    Returns:
        The folder.

    Raises:
        DataError: If the zip is refused or damaged, or the folder holds anything already or cannot be written.

    Example:
        >>> import io, tempfile
        >>> file = io.BytesIO()
        >>> with zipfile.ZipFile(file, "w") as archive:
        ...     archive.writestr("images/a.txt", "hello")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     (unpack(file, folder) / "images/a.txt").read_text()
        'hello'
    """
    target = Path(target_folder)
    if not isinstance(zip_path_or_bytes_file, (str, os.PathLike)):
        return _into(zip_path_or_bytes_file, printable(getattr(zip_path_or_bytes_file, "name", "The zip")), target)
    path = Path(zip_path_or_bytes_file)
    name = printable(path.name)
    try:
        if not path.is_file():
            raise DataError(f"{name} is no file: give the path of a .zip.")
        with path.open("rb") as file:
            return _into(file, name, target)
    except OSError as error:
        raise DataError(f"{name} cannot be read ({error.strerror}). Look whether you may open it.") from None


def _into(file: IO[bytes], name: str, target: Path) -> Path:
    try:
        made = not target.exists()
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise DataError(f"The folder {printable(target)} is not empty: give a new one.")
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"The folder {printable(target)} cannot be written ({error}).") from None
    try:
        _unpack_all(file, name, target)
    except BaseException as error:
        _clear(target, made)
        if isinstance(error, DataError) or not isinstance(error, Exception):
            raise
        raise DataError(_in_words(error, name)) from None
    return target


def _clear(target: Path, made: bool) -> None:
    for entry in target.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    if made:
        target.rmdir()


def _in_words(error: Exception, name: str) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return (
            f"{name} cannot be unpacked ({error.strerror}). Look for room on the disk, and for very long names in it."
        )
    reason = str(error).strip().split("\n")[0][:120].rstrip(".") or type(error).__name__
    return f"{name} is no zip, or damaged or cut off ({printable(reason)}). Pack or download it again."


def _unpack_all(file: IO[bytes], name: str, target: Path) -> None:
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(_Measured(file, name)) as archive:
        entries = archive.infolist()
        places = _places(entries, name)
        total = 0
        for entry, place in zip(entries, places, strict=True):
            goal = target.joinpath(*place.parts)
            if entry.is_dir():
                goal.mkdir(parents=True, exist_ok=True)
                continue
            goal.parent.mkdir(parents=True, exist_ok=True)
            # "x": whatever is there already, a link above all, is never written through.
            with archive.open(entry) as source, goal.open("xb") as copy:
                while chunk := source.read(_CHUNK):
                    total += len(chunk)
                    _check_total(total, size, name)
                    copy.write(chunk)


def _check_total(total: int, size: int, name: str) -> None:
    if total > LARGEST_UNPACKED:
        raise DataError(f"{name} unpacks to more than {LARGEST_UNPACKED / 2**30:g} GiB: pack fewer or smaller images.")
    if total > _RATIO_FROM and total > LARGEST_RATIO * size:
        raise DataError(
            f"{name} unpacks to more than {LARGEST_RATIO} times its {size:,} bytes, as no images do. "
            "If it is yours, unpack it and give the folder."
        )


def _places(entries: list[zipfile.ZipInfo], name: str) -> list[PurePosixPath]:
    """Where each entry goes, below the folder; all are looked at before the first is written."""
    if len(entries) > MOST_ENTRIES:
        raise DataError(f"{name} holds {len(entries):,} entries: at most {MOST_ENTRIES:,} are unpacked. Pack fewer.")
    # What the zip says may be false; if even that is too much, no byte needs to be unpacked.
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        _check_total(LARGEST_UNPACKED + 1, 1, name)
    places = []
    files = set()
    for entry in entries:
        place = _place(entry, name)
        places.append(place)
        if not entry.is_dir():
            if place in files:
                raise DataError(f"{name} holds {printable(place)} twice: pack it again.")
            files.add(place)
    return places


def _place(entry: zipfile.ZipInfo, name: str) -> PurePosixPath:
    # Some programs write backslashes; on Windows they would part folders in any case.
    inside = entry.orig_filename.replace("\\", "/")
    said = printable(entry.orig_filename)
    place = PurePosixPath(*(part for part in inside.split("/") if part not in ("", ".")))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if inside.startswith("/") or re.match("[A-Za-z]:", inside):
        reason = "begins at the root or a drive, outside of any folder"
    elif ".." in place.parts:
        reason = "leads out of its folder"
    elif "\0" in inside or (not place.parts and not entry.is_dir()):
        reason = "has no proper name"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        reason = "is a link or a device, not a file"
    elif entry.flag_bits & 0x41:
        reason = "is locked with a password"
    elif entry.compress_type not in _METHODS:
        reason = "is packed with a method other than deflate"
    else:
        return place
    raise DataError(f"{name} holds {said!r}, which {reason}; nothing was unpacked. Pack plain files and folders alone.")
