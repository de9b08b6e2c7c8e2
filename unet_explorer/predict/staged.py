"""Half-done work beside the file that it is to become: what lies there, what of it is done, and who is at it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from unet_explorer.core.blocks import Blocks
from unet_explorer.data.limits import Limits
from unet_explorer.locks import lock, unlock
from unet_explorer.predict.standard import Standard
from unet_explorer.predict.writers import InOme, InZarr
from unet_explorer.whole import printable, whole

__all__ = ["Staged"]

_HEAD, _LINES, _LOCK, _STANDARD = "head.json", "blocks.jsonl", "lock", "standard.json"
_OWN: Final = frozenset({_HEAD, _LINES, _LOCK, _STANDARD})
_FORMAT: Final = "unet_explorer blocks 1"
_LONGEST: Final = 180
"""Bytes of a name to which something may be added on every system."""
_WHAT: Final = {"network": "of another network", "image": "of another image, or one that was changed"}


class Staged:
    """The folder ``.NAME.blocks`` of a result: an array of Zarr, what it is made of, and a line for each block done.

    A lock of the operating system says that somebody is at it; it ends with its process. Lines are only ever added,
    each to the disc once its block is, and one that was cut off counts for nothing.

    Attributes:
        folder: Where it is.
        done: Blocks that are there and whole.
    """

    def __init__(self, folder: Path, lock_file: int | None, head: dict[str, Any]) -> None:
        self.folder, self._lock, self._head = folder, lock_file, head
        self.done: set[int] = set()

    @classmethod
    def open(cls, target: Path, wanted: dict[str, Any], again: bool = False) -> Staged:
        """Go on with what is there, or begin.

        Args:
            target: The file that it is to become.
            wanted: What the result depends on, as plain data.
            again: Throw away what is there.

        Raises:
            ValueError: If somebody else is at it, or it is of something else and `again` is not said.
            OSError: If there is no room.
        """
        folder = target.with_name(_name(target.name))
        file = _locked(folder, target)
        try:
            head = _read(folder / _HEAD)
            values = Path(str((head or {}).get("values")))
            ours = {_HEAD} if head is None else _OWN | {values.name, values.with_suffix(".objects").name}
            if head is None and any(each.name not in _OWN for each in folder.iterdir()):
                raise ValueError(
                    f"{printable(folder.name)}, where half-done work would lie, holds something else: move it away."
                )
            if head is not None and not again:
                _compare(head, wanted, target)
            if head is None or again:
                _empty(folder, ours)
                head = {"format": _FORMAT, **wanted, "values": f"values-{secrets.token_hex(4)}.zarr"}
                with whole(folder / _HEAD) as half:
                    half.write_text(json.dumps(head, indent=1), "utf-8")
        except BaseException:
            if file is not None:
                unlock(file)
            raise
        return cls(folder, file, head)

    @property
    def values(self) -> Path:
        """The array that blocks go into."""
        return self.folder / str(self._head["values"])

    def prepare(self, writer: InZarr | InOme, blocks: Blocks) -> None:
        """Make the array, or see which of its blocks are there and whole.

        Raises:
            OSError: If there is no room.
        """
        noted = dict(_read_lines(self.folder / _LINES))
        if not (self.values / "zarr.json").is_file():
            shutil.rmtree(self.values, ignore_errors=True)
            writer.make(blocks.image)
            noted = {}
        self.done = {
            number for number, size in noted.items() if number < len(blocks) and writer.size(blocks[number]) == size
        }
        # Written anew, for what is added behind a line that was cut off would be part of that.
        with whole(self.folder / _LINES) as half:
            half.write_text("".join(_line(number, noted[number]) for number in sorted(self.done)), "utf-8")

    def note(self, number: int, size: int) -> None:
        """Note that a block is there, with the bytes of its files.

        Raises:
            OSError: If there is no room.
        """
        with (self.folder / _LINES).open("ab") as stream:
            stream.write(_line(number, size).encode())
            stream.flush()
            os.fsync(stream.fileno())
        self.done.add(number)

    @property
    def standard(self) -> Standard | None:
        """How numbers are given to the network, once that was noted."""
        found = _read(self.folder / _STANDARD)
        try:
            middle, spread, low, high = (
                np.array([float.fromhex(number) for number in (found or {})[word]])
                for word in ("middle", "spread", "low", "high")
            )
        except (KeyError, TypeError, ValueError):
            return None
        return Standard(middle, spread, Limits(low, high))

    @standard.setter
    def standard(self, found: Standard) -> None:
        arrays = {"middle": found.middle, "spread": found.spread, "low": found.limits.low, "high": found.limits.high}
        noted = {word: [float(number).hex() for number in array] for word, array in arrays.items()}
        with whole(self.folder / _STANDARD) as half:
            half.write_text(json.dumps(noted), "utf-8")

    def remove(self) -> None:
        """Delete it all, once it has become the file."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            unlock(self._lock)
            self._lock = None


def _name(name: str) -> str:
    if len(os.fsencode(name)) > _LONGEST:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}.blocks"


def _locked(folder: Path, target: Path) -> int | None:
    """The folder, made if need be, and locked.

    Raises:
        ValueError: If somebody else has it.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{printable(folder.name)}, where half-done work would lie, is no folder: move it away.")
    while True:
        folder.mkdir(exist_ok=True)
        try:
            file, free = lock(folder / _LOCK)
        except FileNotFoundError:
            # Whoever had it has just finished, and deleted it.
            continue
        if not free:
            raise ValueError(
                f"{printable(target.name)} is being written by another run at this moment: wait for it, or give "
                "another name."
            )
        return file


def _compare(head: dict[str, Any], wanted: dict[str, Any], target: Path) -> None:
    for word, value in wanted.items():
        if head.get(word) != value:
            what = _WHAT.get(word, "with other settings")
            was, now = head.get(word), value
            if isinstance(was, dict) and isinstance(now, dict):
                differ = [key for key in now if was.get(key) != now[key]]
                then = ", ".join(f"{key}={was.get(key)!r}" for key in differ if key not in {"state", "samples"})
                what += f" ({then} then)" if then and word not in _WHAT else ""
            raise ValueError(
                f"A run that was cut off has left half of {printable(target.name)} there, {what}: say again=True to "
                "begin anew, do the same as then to go on with it, or give another name."
            )


def _empty(folder: Path, ours: Iterable[str]) -> None:
    for name in ours:
        place = folder / Path(name).name
        if name == _LOCK or Path(name).name != name:
            continue
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def _line(number: int, size: int) -> str:
    return json.dumps({"block": number, "bytes": size}) + "\n"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _read_lines(path: Path) -> list[tuple[int, int]]:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return []
    found = []
    for words in text.splitlines():
        try:
            line = json.loads(words)
            number, size = line["block"], line["bytes"]
        except (ValueError, KeyError, TypeError):
            continue
        if type(number) is int and type(size) is int and number >= 0:
            found.append((number, size))
    return found
