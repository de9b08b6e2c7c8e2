"""What a training leaves on disc, so that neither a killed worker nor a restarted kernel loses more than an epoch.

A folder a training. Every file is written whole or not at all: first under another name, then moved into place. Each
carries a checksum, so that what a bad disc has changed is not taken for what was written.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import numpy as np
import platformdirs

from unet_explorer.core.config import shown
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.keeping import arrays_of, dataset_of, words_of
from unet_explorer.learning.checksums import (
    DamagedError,
    arrays_in,
    json_in,
    json_with_checksum,
    member_in,
    write_npz,
)
from unet_explorer.learning.ownership import Hold, held, owner_of, take

__all__ = ["PASSING", "Arrays", "DamagedError", "Store", "state_folder", "trainings_folder"]

Arrays = dict[str, np.ndarray[Any, Any]]
T = TypeVar("T")
PASSING: Final = "passing.json"
"""Marks what nobody shall go on with."""
_DONE: Final = frozenset({"stopped", "finished", "failed"})
_LEARNT: Final = ("history.json", "best.npz", "last.npz")
"""Any of these is there as soon as something was learnt."""
_ATTEMPTS: Final = 5
"""So often another folder is made, where somebody deletes the one that was made before it is looked after."""
_GONE: Final = ".gone"
_HOME: Final = "UNET_EXPLORER_STATE"
_NAME: Final = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


def state_folder() -> Path:
    """What outlasts a notebook: the folder that UNET_EXPLORER_STATE names, or one among the user's own files."""
    chosen = os.environ.get(_HOME)
    return Path(chosen) if chosen else platformdirs.user_state_path("unet_explorer", appauthor=False)


def trainings_folder() -> Path:
    """Where trainings are kept."""
    return state_folder() / "trainings"


class Store:
    """The folder of one training."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._hold: Hold | None = None

    @classmethod
    def new(cls) -> Store:
        """A folder of its own that nobody else may read, and that this process looks after.

        Raises:
            OSError: If it cannot be made.
        """
        home = trainings_folder()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep()
        for _ in range(_ATTEMPTS):
            store = cls(home / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}")
            store.folder.mkdir(mode=0o700)
            # Who sweeps at this moment may see a folder that nobody looks after.
            with contextlib.suppress(FileNotFoundError):
                if store.claim():
                    return store
        raise OSError("whatever folder is made there is deleted at once")

    @classmethod
    def all(cls) -> list[Store]:
        """Every training that is kept, the latest first."""
        home = trainings_folder()
        found = sorted(home.iterdir(), reverse=True) if home.is_dir() else []
        return [cls(each) for each in found if each.is_dir() and _NAME.fullmatch(each.name)]

    @classmethod
    def named(cls, name: str) -> Store:
        """The folder of this name, whether it is there or not.

        Raises:
            ValueError: If no training is called so; a name never leads out of the folder of trainings.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{shown(name)} is no name of a training")
        return cls(trainings_folder() / name)

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Write plain values.

        Raises:
            OSError: If there is no room, or the folder is gone; what was there before is still whole.
        """
        text = json_with_checksum(content)
        self._replace(name, lambda stream: stream.write(text))

    def write_arrays(self, name: str, arrays: Arrays) -> None:
        """Write arrays of numbers.

        Raises:
            OSError: If there is no room, or the folder is gone; what was there before is still whole.
            ValueError: If one holds anything but numbers.
        """
        # Checked here: before NumPy 2.2 ``allow_pickle=False`` was not heeded but stored as one more array.
        kept: dict[str, Any] = dict(arrays)
        for key, array in kept.items():
            if array.dtype.hasobject:
                raise ValueError(f"{key} holds Python objects: only numbers are kept.")
        self._replace(name, lambda stream: write_npz(stream, kept))

    def _replace(self, name: str, fill: Any) -> None:
        half = self.folder / f".{name}.{secrets.token_hex(4)}.half"
        try:
            with half.open("x+b") as stream:
                fill(stream)
                _to_disc(stream)
            half.replace(self.folder / name)
        except BaseException:
            half.unlink(missing_ok=True)
            raise

    def sweep(self) -> None:
        """Delete what a killed process has left half-written."""
        for half in self.folder.glob(".*.half"):
            half.unlink(missing_ok=True)

    def read(self, name: str) -> dict[str, Any] | None:
        """Plain values; None where there are none, or they cannot be read."""
        with contextlib.suppress(DamagedError):
            return self.read_whole(name)
        return None

    def read_arrays(self, name: str) -> Arrays | None:
        """Arrays of numbers; None where there are none, or they cannot be read."""
        with contextlib.suppress(DamagedError):
            return self.read_whole_arrays(name)
        return None

    def read_whole(self, name: str) -> dict[str, Any] | None:
        """Plain values; None where there are none.

        Raises:
            DamagedError: If they are not what was written, or cannot be read.
        """
        return self._read(name, lambda stream: json_in(stream.read()))

    def read_whole_arrays(self, name: str) -> Arrays | None:
        """Arrays of numbers; None where there are none.

        Raises:
            DamagedError: If they are not what was written, or cannot be read.
        """
        return self._read(name, arrays_in)

    def read_number(self, name: str, of: str) -> int | None:
        """One number among many arrays, without a look at them; None where it is not, or cannot be read."""
        with contextlib.suppress(DamagedError, ValueError, TypeError):
            number = self._read(name, lambda stream: member_in(stream, of))
            return None if number is None else int(number)
        return None

    def _read(self, name: str, content: Callable[[BinaryIO], T]) -> T | None:
        try:
            with (self.folder / name).open("rb") as stream:
                return content(stream)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, DamagedError) as error:
            raise DamagedError(f"{name} cannot be read: {error}") from None

    def write_dataset(self, dataset: Dataset) -> None:
        """Keep the images, so that going on needs nobody's folder; of images in files, where these are.

        Raises:
            OSError: If there is no room, or the folder is gone.
        """
        arrays, sources = arrays_of(dataset)
        self.write_arrays("dataset.npz", arrays)
        self.write("dataset.json", {**words_of(dataset), "sources": sources})

    def read_dataset(self) -> Dataset | None:
        """The images again; None where they cannot be read."""
        words, arrays = self.read("dataset.json"), self.read_arrays("dataset.npz")
        return None if words is None or arrays is None else dataset_of(words, arrays)

    def claim(self) -> bool:
        """Look after the training, as long as this process lives; whether that is granted.

        It is not where somebody else does, be it in this process. See `ownership` for how that is known.

        Raises:
            FileNotFoundError: If the folder is gone.
        """
        self._hold = take(self.folder, self._hold)
        return self._hold is not None

    def release(self) -> None:
        """Look after it no longer."""
        if self._hold:
            self._hold.release()
            self._hold = None

    @property
    def is_claimed(self) -> bool:
        """Whether somebody looks after it, or that cannot be told yet."""
        return held(self.folder)

    @property
    def is_lost(self) -> bool:
        """Whether somebody else has taken over what this one looked after."""
        return self._hold is not None and self._hold.lost

    @property
    def owner(self) -> str | None:
        """What tells the one who looks after it from any other; None if nobody does, or that cannot be read."""
        token = (owner_of(self.folder) or {}).get("token")
        return token if isinstance(token, str) else None

    @property
    def is_passing(self) -> bool:
        """Whether nobody shall go on with it."""
        return (self.folder / PASSING).exists()

    @property
    def is_of_no_use(self) -> bool:
        """Whether nobody would miss it, as soon as nobody looks after it: it is passing, or ended without learning."""
        if self.is_passing:
            return True
        if any((self.folder / name).exists() for name in _LEARNT):
            return False
        try:
            state = self.read_whole("state.json")
        except DamagedError:
            return False
        return state is None or state.get("state") in _DONE

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        total = 0
        # Another notebook may be deleting it, or its worker moving a file into place.
        with contextlib.suppress(OSError):
            for file in self.folder.iterdir():
                with contextlib.suppress(OSError):
                    total += file.stat().st_size
        return total

    def remove(self) -> bool:
        """Delete the folder, unless somebody else looks after it; whether it is gone."""
        try:
            if not self.claim():
                return False
        except OSError:
            return not self.folder.exists()
        if os.name == "nt":
            # What is open cannot be moved there.
            self.release()
        # At once, or somebody else would find half of it.
        gone = self.folder.with_name(f".{self.folder.name}{_GONE}")
        try:
            self.folder.rename(gone)
        except OSError:
            gone = self.folder
        shutil.rmtree(gone, ignore_errors=True)
        self.release()
        return not gone.exists()


def _to_disc(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sweep() -> None:
    """Remove what nobody could make use of: it has ended, nothing was learnt, and nobody looks after it."""
    for store in Store.all():
        if store.is_of_no_use and not store.is_claimed:
            store.remove()
    for gone in trainings_folder().glob(f".*{_GONE}"):
        shutil.rmtree(gone, ignore_errors=True)
