"""The chain of pages in a TIFF, walked here first: tifffile follows one that goes round in a circle for ever."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import tifffile

from unet_explorer.data.decoded import DataError

__all__ = ["check_pages", "open_tiff"]

MOST_PAGES: Final = 20_000
"""Pages of one file, with smaller copies."""
_MOST_ENTRIES: Final = 4096
"""Entries of one page; tifffile takes no more either."""
_MOST_DEEP: Final = 4
"""Pages below pages; OME and others have one such level."""
_VALUES: Final = 1 << 20
"""Numbers in the entries of all pages, beside one in each 16 bytes of the file: a tile or strip has two."""
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value, by the number of its kind."""
_TEXT: Final = (1, 2, 6, 7)
"""Kinds that are read as a whole, not number by number."""
_SUB_PAGES: Final = 330


class _Form(NamedTuple):
    """How numbers are written: in classic TIFF, and in that for large files."""

    order: str
    entries: str
    size: str

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(f"{self.order}HH{self.size}{struct.calcsize('=' + self.size)}s")

    def number(self, kind: str, data: bytes) -> int:
        return int(struct.unpack(self.order + kind, data)[0])


class _Unnamed:
    """A file of which tifffile knows no place, and that it cannot ask the system about.

    What OME and Micro-Manager write may name other files, even pipes and devices, which tifffile would open.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell
        self.readinto, self.seekable, self.readable = file.readinto, file.seekable, file.readable  # type: ignore[attr-defined]
        self.close, self.closed = file.close, False


@contextmanager
def open_tiff(source: Path | bytes, name: str) -> Iterator[Any]:
    """A TIFF whose pages were counted, and that opens no other file.

    Args:
        source: Where it is, or its bytes.
        name: What to call it in an error.

    Raises:
        DataError: If its pages go round in a circle, are too many, or say that they hold more than the file.

    Example:
        >>> file = io.BytesIO()
        >>> tifffile.imwrite(file, shape=(2, 3), dtype="uint8")
        >>> with open_tiff(file.getvalue(), "a.tif") as opened:
        ...     len(opened.pages)
        1
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        check_pages(file, name)
        file.seek(0)
        with tifffile.TiffFile(_Unnamed(file)) as opened:  # type: ignore[arg-type]  # it has all that is asked for
            yield opened


def check_pages(file: IO[bytes], name: str) -> int:
    """Walk from page to page, and look at how much each entry says that it holds.

    Args:
        file: At its beginning.
        name: What to call it in an error.

    Returns:
        How many pages there are, with those below pages.

    Raises:
        DataError: If they go round in a circle, are too many, or say that they hold more than the file.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    large = head[2:4] in (b"+\0", b"\0+")
    form = _Form(order, "Q", "Q") if large else _Form(order, "H", "I")
    place = head[8:16] if large else head[4:8]
    if len(place) < struct.calcsize("=" + form.size):
        raise DataError(f"{name} is cut off: it ends before its first page. Save it again, or leave it out.")
    return _Walk(file, size, form, name).all(form.number(form.size, place))


class _Walk:
    """Goes through the pages of a file, each once."""

    def __init__(self, file: IO[bytes], size: int, form: _Form, name: str) -> None:
        self._file, self._size, self._form, self._name = file, size, form, name
        self._seen: set[int] = set()
        self._values = _VALUES + size // 16

    def all(self, first: int) -> int:
        waiting: list[tuple[int, int, Sequence[int]]] = [(first, 0, ())]
        while waiting:
            place, depth, later = waiting.pop()
            # Some writers chain the pages below a page as well as listing them: each is looked at on its own.
            while 0 < place < self._size and place not in later:
                if place in self._seen:
                    raise self._refusal("has pages that go round in a circle")
                if len(self._seen) >= MOST_PAGES:
                    raise self._refusal(f"has more than {MOST_PAGES:,} pages", "Cut it into smaller files.")
                self._seen.add(place)
                place, below = self._page(place)
                if below and depth >= _MOST_DEEP:
                    raise self._refusal("has pages below pages below pages")
                waiting += [(each, depth + 1, below[number + 1 :]) for number, each in enumerate(below)]
        return len(self._seen)

    def _refusal(self, what: str, hint: str = "It is damaged: save it again, or leave it out.") -> DataError:
        return DataError(f"{self._name} {what}. {hint}")

    def _page(self, place: int) -> tuple[int, list[int]]:
        """Where the next page is, 0 if there is none, and those below this one."""
        form = self._form
        self._file.seek(place)
        head = self._file.read(struct.calcsize("=" + form.entries))
        if len(head) < struct.calcsize("=" + form.entries):
            return 0, []
        count = form.number(form.entries, head)
        if count > _MOST_ENTRIES:
            raise self._refusal(f"has a page with {count:,} entries")
        width = struct.calcsize("=" + form.size)
        table = self._file.read(count * form.entry.size + width)
        if len(table) < count * form.entry.size:
            return 0, []
        below: list[int] = []
        for code, kind, length, value in form.entry.iter_unpack(table[: count * form.entry.size]):
            self._count(code, kind, length, width)
            if code == _SUB_PAGES:
                below = self._numbers(kind, length, value)
        rest = table[count * form.entry.size :]
        return (form.number(form.size, rest) if len(rest) == width else 0), below

    def _count(self, code: int, kind: int, length: int, width: int) -> None:
        taken = length * _SIZES.get(kind, 1)
        if taken > width and taken > self._size:
            raise self._refusal(f"has an entry ({code}) of {length:,} values, more than the file holds")
        self._values -= length // 64 if kind in _TEXT else length
        if self._values < 0:
            raise self._refusal("says that it has more strips or tiles than its size allows")

    def _numbers(self, kind: int, length: int, value: bytes) -> list[int]:
        """Offsets in an entry."""
        letter = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
        if letter is None:
            return []
        taken = length * struct.calcsize("=" + letter)
        if taken > len(value):
            self._file.seek(self._form.number(self._form.size, value))
            value = self._file.read(taken)
        whole = len(value[:taken]) // struct.calcsize("=" + letter)
        return list(struct.unpack_from(f"{self._form.order}{whole}{letter}", value))
