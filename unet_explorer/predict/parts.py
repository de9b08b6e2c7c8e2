"""Parts of an image on their way to whoever predicts them: read there, computed there, or sent along."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.decoded import DataError
from unet_explorer.data.lazy import open_image
from unet_explorer.data.opened import OpenedImage
from unet_explorer.whole import printable

__all__ = ["InFile", "Part", "Place", "carrier", "chunks_of", "identity", "is_dask", "state_of", "values_of"]

Place: TypeAlias = tuple[slice, slice]
"""A rectangle of an image: rows, columns."""
_SPOT: Final = 8
"""Pixels a side of the places by which an image without a file is known again; there are 3 × 3 of them."""
_READING: Final = threading.Lock()
"""Not every library reads for several threads at once."""


class Part:
    """A rectangle of an image that is asked as if it were the whole; only what lies in it can be asked for.

    Args:
        values: The pixels, (rows, columns, …).
        place: Where they lie in the image.
        shape: (height, width, …) of the image.

    Example:
        >>> Part(np.arange(4).reshape(2, 2), (slice(10, 12), slice(0, 2)), (50, 60))[11:12, 0:2].tolist()
        [[2, 3]]
    """

    def __init__(self, values: NDArray[Any], place: Place, shape: tuple[int, ...]) -> None:
        self._values, self._place = values, place
        self.shape, self.dtype = shape, values.dtype

    def __getitem__(self, place: Place) -> NDArray[Any]:
        rows, columns = (
            slice(wanted.start - held.start, wanted.stop - held.start)
            for wanted, held in zip(place, self._place, strict=True)
        )
        return self._values[rows, columns]


class InFile(NamedTuple):
    """An image that every process opens itself.

    Attributes:
        path: Where it lies.
        said: What `open_image` was told besides, as JSON.
        state: Size and time of the last change of the file, by which it is known to be the same one elsewhere.
    """

    path: str
    said: str
    state: tuple[int, int]

    def read(self, place: Place) -> NDArray[Any]:
        """A part of it, read in this process.

        Raises:
            DataError: If it is not there, was changed, or is damaged.
        """
        if state_of(Path(self.path)) != self.state:
            raise DataError(
                f"{printable(Path(self.path).name)} is not there, or another one than at the beginning, where a worker "
                "of Dask looks for it: put it where all see it, and leave it as it is until the end."
            )
        with _READING:
            part: NDArray[Any] = np.asarray(_opened(self)[place])
        return part


@lru_cache(maxsize=4)
def _opened(image: InFile) -> Any:
    return open_image(image.path, **json.loads(image.said))


def state_of(path: Path) -> tuple[int, int] | None:
    """Size in bytes and time in nanoseconds of a file, of a Zarr those of what describes it; None if it is not there.

    Args:
        path: Of the file or folder.

    Example:
        >>> state_of(Path("nowhere.tif")) is None
        True
    """
    heads = (path / "zarr.json", path / ".zarray", path / ".zattrs") if path.is_dir() else (path,)
    for head in heads:
        try:
            state = head.stat()
        except (OSError, ValueError):
            continue
        return state.st_size, state.st_mtime_ns
    return None


def is_dask(image: object) -> bool:
    """Whether it is an array of Dask, without loading Dask.

    Example:
        >>> is_dask(np.zeros(3))
        False
    """
    arrays = sys.modules.get("dask.array")
    return arrays is not None and isinstance(image, arrays.Array)


def carrier(image: Any, client: Any) -> Callable[[Place], Any]:
    """How a part of an image gets to a task: what is handed over for its rectangle.

    Args:
        image: As `read_image` gives it.
        client: Of Dask.

    Returns:
        A function that gives the file, for the worker to read; a future, of what Dask computes; or the pixels.
    """
    found = _in_file(image)
    if found is not None:
        return lambda place: found
    if is_dask(image):
        return lambda place: client.compute(image[place])
    return lambda place: _read(image, place)


def _in_file(image: Any) -> InFile | None:
    origin = image.origin if isinstance(image, OpenedImage) else None
    if origin is None or (state := state_of(origin[0])) is None:
        return None
    return InFile(str(origin[0].resolve()), json.dumps(origin[1], sort_keys=True), state)


def _read(image: Any, place: Place) -> NDArray[Any]:
    try:
        return np.asarray(image[place])
    except (DataError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # whatever gives parts of itself may fail in its own way
        rows, columns = place
        why = str(error).strip().split("\n")[0][:120].rstrip(".") or type(error).__name__
        raise DataError(
            f"The image cannot be read in rows {rows.start} to {rows.stop - 1}, columns {columns.start} to "
            f"{columns.stop - 1} ({printable(why)})."
        ) from None


def values_of(part: Any, place: Place) -> NDArray[Any]:
    """The pixels of a rectangle, from what `carrier` has handed over."""
    return part.read(place) if isinstance(part, InFile) else np.asarray(part)


def chunks_of(image: Any) -> tuple[int, int]:
    """(rows, columns) that are stored, or computed, together; 1 where nothing is known of it.

    Example:
        >>> chunks_of(np.zeros((3, 4)))
        (1, 1)
    """
    if is_dask(image):
        return int(image.chunksize[0]), int(image.chunksize[1])
    chunks = getattr(image, "chunks", None)
    if isinstance(chunks, tuple) and len(chunks) >= 2 and all(isinstance(side, int) for side in chunks):
        return max(1, chunks[0]), max(1, chunks[1])
    return 1, 1


def identity(image: Any, given: object) -> dict[str, Any]:
    """By what an image is known again: its file, or its shape with a checksum of some of its pixels.

    Args:
        image: As `read_image` gives it.
        given: What was given as the image: it may be a path.

    Example:
        >>> identity(np.zeros((20, 30), "uint8"), None)["shape"]
        [20, 30]
    """
    about: dict[str, Any] = {"shape": list(map(int, image.shape)), "dtype": np.dtype(image.dtype).str}
    found = _in_file(image)
    if found is not None:
        return about | {"path": found.path, "said": found.said, "state": list(found.state)}
    if isinstance(given, (str, os.PathLike)):
        path = Path(given).expanduser().resolve()
        return about | {"path": str(path), "state": list(state_of(path) or ())}
    summed = hashlib.sha256()
    height, width = image.shape[:2]
    for top in (0, max(0, height // 2 - _SPOT), max(0, height - _SPOT)):
        for left in (0, max(0, width // 2 - _SPOT), max(0, width - _SPOT)):
            summed.update(np.ascontiguousarray(_read(image, _spot(top, left, height, width))).tobytes())
    return about | {"samples": summed.hexdigest()}


def _spot(top: int, left: int, height: int, width: int) -> Place:
    return slice(top, min(top + _SPOT, height)), slice(left, min(left + _SPOT, width))
