"""Where the images of the panel come from: made here, a folder on this machine, or sent from the browser."""

from __future__ import annotations

import contextlib
import io
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from PIL import Image

from unet_explorer.core.config import shown
from unet_explorer.data.archives import SUFFIX
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.decoded import SUFFIXES, DataError
from unet_explorer.data.files import read_set
from unet_explorer.data.made import SETS, made_set
from unet_explorer.data.made.wanted import Made
from unet_explorer.data.reading import CLASSES, Reading
from unet_explorer.data.spare import sweep, take_folder

__all__ = ["ACCEPTED", "Upload", "load", "read_options", "sample_zip"]

ACCEPTED: Final = {"images": sorted(SUFFIXES), "archives": [SUFFIX], "classes": CLASSES}
"""Which files the browser may send: endings of images and of archives, and the list of the classes' names."""
_LARGEST: Final = 1 << 30
_MOST: Final = 20_000
_SAMPLED: Final = 6


OPTIONS: Final = frozenset({"labels", "planes", "threshold", "ignore", "classes", "grey"})
"""What may be said of a set on the page, by the names of `from_folder`."""


def load(source: dict[str, Any], progress: Callable[[int, int], None] | None = None) -> Dataset:
    """The dataset that is meant.

    Args:
        source: ``{"kind": "made", "name": "cells"}``, with the ``"images"``, ``"size"`` and ``"seed"`` of `Made` where
            they are not the usual ones; or ``{"kind": "path", "path": "/home/me/images"}``, with ``"masks"``, the
            folder of the masks if that is another, and ``"options"`` of `from_folder`.
        progress: Called with how many masks were looked at, and how many there are.

    Raises:
        ValueError: If there is none, in words for a learner.

    Example:
        >>> load({"kind": "made", "name": "cells"}).name
        'cells'
    """
    kind = source.get("kind")
    if kind == "made" and source.get("name") in SETS:
        return Made(**{name: source[name] for name in Made._fields if name in source}).checked().make()
    if kind == "path" and isinstance(source.get("path"), str):
        path, masks = (_typed(source.get(name)) for name in ("path", "masks"))
        if not path:
            raise ValueError("Type the path of a folder or of a .zip on the machine where the notebook runs.")
        return read_set(path, masks or None, Reading.of(**read_options(source.get("options"))), progress)
    raise ValueError(f"source={shown(source)} is not known: choose a made set, or give a folder.")


def _typed(text: object) -> str:
    """A path as people type or paste it."""
    return text.strip().strip("\"'") if isinstance(text, str) else ""


def read_options(options: object) -> dict[str, Any]:
    """What was said of a set on the page; what `from_folder` does not know is left out."""
    given = options if isinstance(options, dict) else {}
    return {name: value for name, value in given.items() if name in OPTIONS and value is not None}


class Upload:
    """Files on their way from the browser, piece by piece; they are put into a folder that is deleted afterwards."""

    def __init__(self) -> None:
        sweep()
        self._folder: Path | None = None
        self._number = -1
        self._total = 0
        self._files: set[PurePosixPath] = set()
        self._lock = threading.Lock()

    def add(self, chunk: dict[str, Any]) -> None:
        """Take over a piece.

        Args:
            chunk: ``upload`` (number of the upload), ``name`` (path of the file), ``at`` (where the piece belongs, in
                bytes) and ``data``.

        Raises:
            ValueError: If it is too much, or its name leads elsewhere, in words for a learner.
        """
        with self._lock:
            if chunk["upload"] != self._number:
                self._begin(int(chunk["upload"]))
            assert self._folder is not None
            data = bytes(chunk["data"])
            self._total += len(data)
            if self._total > _LARGEST:
                raise ValueError("That is more than 1 GB: put the images where the notebook runs, and type the path.")
            name = _safe(str(chunk["name"]))
            self._files.add(name)
            if len(self._files) > _MOST:
                raise ValueError(f"Those are more than {_MOST:,} files: pack fewer, or type the path of the folder.")
            file = self._folder / name
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("ab" if chunk["at"] else "wb") as stream:
                    if stream.tell() != int(chunk["at"]):
                        raise ValueError(f"A piece of {shown(str(name))} is missing: send it again.")
                    stream.write(data)
            except OSError as error:
                raise ValueError(f"{shown(str(name))} cannot be kept here ({error.strerror or error}).") from None

    def dataset(self, **options: Any) -> Dataset:
        """Read what has arrived, into memory, and delete it; it stays if a question must be answered first.

        Args:
            options: What was said of it, by the names of `from_folder`.

        Raises:
            ValueError: If it is no dataset, in words for a learner.
        """
        with self._lock:
            if self._folder is None:
                raise ValueError("Nothing has arrived: choose a folder, or a .zip.")
            asked = False
            try:
                return read_set(self._folder / self._whole(), None, Reading.of(**options), passing=True)
            except DataError as error:
                asked = error.question is not None
                raise
            finally:
                if not asked:
                    self._end()

    @contextlib.contextmanager
    def file(self) -> Iterator[Path]:
        """The one file that has arrived; it is deleted afterwards, unless a question must be answered first.

        Raises:
            ValueError: If it is not one, in words for a learner.
        """
        with self._lock:
            if self._folder is None or len(self._files) != 1:
                raise ValueError("Nothing has arrived: choose one image.")
            asked = False
            try:
                yield self._folder / next(iter(self._files))
            except DataError as error:
                asked = error.question is not None
                raise
            finally:
                if not asked:
                    self._end()

    def _whole(self) -> PurePosixPath:
        """The one zip, or the one folder that all files lie in; it names the data set."""
        if len(self._files) == 1:
            alone = next(iter(self._files))
            if alone.suffix.lower() == SUFFIX:
                return alone
        tops = {name.parts[0] for name in self._files if len(name.parts) > 1}
        return PurePosixPath(tops.pop()) if len(tops) == 1 else PurePosixPath()

    def close(self) -> None:
        """Delete whatever is here."""
        with self._lock:
            self._end()

    def _begin(self, number: int) -> None:
        self._end()
        self._number, self._total = number, 0
        self._folder = take_folder()

    def _end(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._number = None, -1
        self._files.clear()


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or ":" in name or not path.parts:
        raise ValueError(f"{shown(name)} is not a file name that can be kept here.")
    return path


def sample_zip() -> bytes:
    """A small set as people bring theirs, to try it: images, masks, the names of the classes, packed.

    Example:
        >>> import io
        >>> sorted(zipfile.ZipFile(io.BytesIO(sample_zip())).namelist())[:3]
        ['sample/classes.txt', 'sample/images/1.png', 'sample/images/2.png']
    """
    made = made_set("cells", _SAMPLED, size=128)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, (image, labels) in enumerate(made, start=1):
            for part, pixels in (("images", image[..., 0]), ("masks", np.asarray(labels))):
                picture = io.BytesIO()
                Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(picture, "PNG")
                # Undated, so that the same set is the same file.
                archive.writestr(zipfile.ZipInfo(f"sample/{part}/{number}.png"), picture.getvalue())
        archive.writestr(zipfile.ZipInfo(f"sample/{CLASSES}"), "\n".join(made.classes) + "\n")
    return packed.getvalue()
