"""What a training leaves on disc, so that neither a killed worker nor a restarted kernel loses more than an epoch.

A folder a training. Every file is written whole or not at all: first under another name, then moved into place.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final
from zipfile import BadZipFile

import numpy as np
import platformdirs
import psutil

from unet_explorer.core.config import shown
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.keeping import arrays_of, dataset_of, words_of

__all__ = ["PASSING", "Arrays", "Store", "trainings_folder"]

Arrays = dict[str, np.ndarray[Any, Any]]
PASSING: Final = "passing.json"
"""Marks what nobody shall go on with."""
_DONE: Final = ({"state": "stopped"}, {"state": "finished"}, {"state": "failed"}, None)
_HOME: Final = "UNET_EXPLORER_STATE"
_NAME: Final = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


def trainings_folder() -> Path:
    """Where trainings are kept: in the folder that UNET_EXPLORER_STATE names, or among the user's own files."""
    chosen = os.environ.get(_HOME)
    return (Path(chosen) if chosen else platformdirs.user_state_path("unet_explorer", appauthor=False)) / "trainings"


class Store:
    """The folder of one training."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    @classmethod
    def new(cls) -> Store:
        """A folder of its own that nobody else may read, and that this process looks after.

        Raises:
            OSError: If it cannot be made.
        """
        home = trainings_folder()
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep()
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        # Nobody who sweeps shall see it before somebody looks after it.
        half = home / f".{name}.half"
        half.mkdir(mode=0o700)
        cls(half).claim()
        return cls(half.rename(home / name))

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
        text = json.dumps(content).encode()
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
        self._replace(name, lambda stream: np.savez(stream, **kept))

    def _replace(self, name: str, fill: Any) -> None:
        half = self.folder / f".{name}.{secrets.token_hex(4)}.half"
        try:
            with half.open("xb") as stream:
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
        try:
            content = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def read_arrays(self, name: str) -> Arrays | None:
        """Arrays of numbers; None where there are none, or they cannot be read."""
        try:
            with (self.folder / name).open("rb") as stream, np.load(stream, allow_pickle=False) as content:
                return {key: content[key] for key in content.files}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

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

    def claim(self) -> None:
        """Say that this process looks after the training."""
        me = psutil.Process()
        self.write("owner.json", {"process": me.pid, "since": me.create_time()})

    def release(self) -> None:
        """Say that nobody looks after it any more."""
        with contextlib.suppress(OSError):
            (self.folder / "owner.json").unlink()

    @property
    def is_claimed(self) -> bool:
        """Whether the process that claimed it still runs."""
        owner = self.read("owner.json") or {}
        try:
            return bool(abs(psutil.Process(owner["process"]).create_time() - owner["since"]) < 1)
        except (KeyError, TypeError, ValueError, psutil.Error):
            return False

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        total = 0
        for file in self.folder.iterdir():
            # Another notebook's worker may be moving it into place.
            with contextlib.suppress(OSError):
                total += file.stat().st_size
        return total

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _to_disc(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _sweep() -> None:
    """Remove what nobody could make use of: it has ended, nothing was learnt, and nobody looks after it."""
    for store in Store.all():
        passing = store.read(PASSING) is not None
        of_use = (store.folder / "history.json").exists() or store.read("state.json") not in _DONE
        if (passing or not of_use) and not store.is_claimed:
            store.remove()
