"""An image that stays in its file: what its parts are read through, so that damage is told in words then, too."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.decoded import DataError
from unet_explorer.data.words import own_words

if TYPE_CHECKING:
    from unet_explorer.data.pixel_size import PixelSize

__all__ = ["OpenedImage", "mapped"]


class OpenedImage:
    """Whatever gives parts of itself, with errors that name the file.

    Args:
        held: Has ``shape`` and ``dtype``, and gives an array for ``held[rows, columns]``.
        name: What to call it in an error.
        check: Called before each reading; what it raises is passed on.

    Attributes:
        origin: Where it was opened, and what `open_image` was told besides, so that another process can open it again
            by ``open_image(origin[0], **origin[1])``; None where there is no file.
        pixel: How large a pixel is, where the file says so of the level that was chosen.
        channels: What its channels are called, where the file says that they were measured one by one, and are no
            colours of a picture; None elsewhere.

    Example:
        >>> image = OpenedImage(np.arange(6).reshape(2, 3), "a.npy")
        >>> image.shape, image[1, 1:].tolist()
        ((2, 3), [4, 5])
    """

    def __init__(self, held: Any, name: str, check: Callable[[], None] | None = None) -> None:
        self._held, self._name, self._check = held, name, check
        self.shape: tuple[int, ...] = tuple(map(int, held.shape))
        self.dtype: np.dtype[Any] = np.dtype(held.dtype)
        self.origin: tuple[Path, dict[str, Any]] | None = None
        self.pixel: PixelSize | None = None
        self.channels: tuple[str, ...] | None = None

    @property
    def ndim(self) -> int:
        """How many sides it has."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers, unpacked."""
        return self.size * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """The sides of what is stored together, where it is stored in pieces."""
        chunks = getattr(self._held, "chunks", None)
        return tuple(map(int, chunks)) if isinstance(chunks, tuple) else None

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"OpenedImage({self._name!r}, shape={self.shape}, dtype={self.dtype})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole = self[...]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        # Nothing but a view of one number: what NumPy refuses of it is no fault of the file.
        np.broadcast_to(np.empty((), self.dtype), self.shape)[key]
        if self._check:
            self._check()
        if not _is_plain(key):
            return np.array(self._held[key])
        with own_words(self._name):
            return np.array(self._held[key])


def _is_plain(key: Any) -> bool:
    """Whether all that give parts of themselves understand it."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(
        each is Ellipsis
        or (isinstance(each, (int, np.integer)) and not isinstance(each, bool))
        or (isinstance(each, slice) and (each.step is None or each.step > 0))
        for each in parts
    )


def mapped(array: Any, file: Path, name: str) -> OpenedImage:
    """A memory map whose file is looked at before each reading.

    Args:
        array: The memory map, or a view of it.
        file: Where it is.
        name: What to call it in an error.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.npy"
        >>> np.save(path, np.zeros((2, 3)))
        >>> mapped(np.load(path, mmap_mode="r"), path, "a.npy")[0].tolist()
        [0.0, 0.0, 0.0]
    """
    whole = file.stat().st_size

    def check() -> None:
        # Whoever reads what is not there any more is ended by the system.
        try:
            there = file.stat().st_size
        except OSError:
            there = whole if array.size == 0 else -1
        if 0 <= there < whole:
            raise DataError(f"{name} has become shorter since it was opened. Open it again.")

    return OpenedImage(array, name, check)
