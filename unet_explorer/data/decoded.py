"""One picture from a file, what may be asked of it, and the refusal in words where it is no good."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unet_explorer.whole import printable

__all__ = [
    "FORMATS",
    "LARGEST_FILE",
    "LARGEST_IMAGE",
    "LARGEST_SET",
    "PLANES",
    "SUFFIXES",
    "Budget",
    "DataError",
    "DecodedImage",
    "Planes",
    "Question",
    "SizeCheck",
    "listed",
    "read_bytes",
    "thumbnail",
]

SUFFIXES: Final = frozenset({".png", ".tif", ".tiff", ".bmp", ".gif", ".jpg", ".jpeg", ".webp", ".npy"})
"""Files with these endings are looked at; what they hold decides how they are read."""
FORMATS: Final = "PNG, TIFF, BMP, GIF, WebP, JPEG, or .npy"
LARGEST_IMAGE: Final = 64 * 2**20
"""Pixels of one image: 8192 × 8192."""
LARGEST_FILE: Final = 2**30
"""Bytes of one file."""
LARGEST_SET: Final = 2**30
"""Bytes of all images of a set, at four a number."""

Planes: TypeAlias = Literal["channels", "slices", "time", "images"]
PLANES: Final[dict[Planes, str]] = {
    "channels": "Channels of one image",
    "slices": "Slices of a volume: an image each",
    "time": "Points in time: an image each",
    "images": "Separate images",
}
"""What the planes of a file may be, in words."""
SizeCheck: TypeAlias = Callable[[int, int, str], None]
"""Told height, width and the name of a picture before its pixels are unpacked; it may refuse."""


class Question(NamedTuple):
    """What must be said before something can be read.

    Attributes:
        option: The argument of `from_folder` that says it.
        choices: What it may be, each with words.
        pictures: What it is about, (height, width) or (height, width, 3), to be shown.
    """

    option: str
    choices: tuple[tuple[Any, str], ...]
    pictures: tuple[NDArray[Any], ...] = ()


class DataError(ValueError):
    """A file or folder that cannot be read as a data set. The message says why and how to mend it.

    Args:
        message: Why, and how to mend it.
        question: What would have to be said, where that is all that is missing.

    Example:
        >>> raise DataError("cells.png is empty: save it again.")
        Traceback (most recent call last):
        ...
        unet_explorer.data.decoded.DataError: cells.png is empty: save it again.
    """

    def __init__(self, message: str, question: Question | None = None) -> None:
        super().__init__(message)
        self.question = question


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """The pixels of one picture as the file holds them.

    Args:
        values: (height, width) or, in colour, (height, width, 3); with other channels, (height, width, channels). With
            a palette they are its indices.
        top: The number that stands for full brightness, such as 255; None where the file does not say, as for floats.
        alpha: (height, width), how opaque each pixel is, from 0 to `top`; or None.
        palette: (indices, 3) colours in 8 bits, or None.
        lossy: Whether the format makes up values, as JPEG does.
        turned_by_imagej: Whether the numbers were turned since the file says that 0 is white, and ImageJ wrote it.
    """

    values: NDArray[Any]
    top: int | None
    alpha: NDArray[Any] | None = None
    palette: NDArray[np.uint8] | None = None
    lossy: bool = False
    turned_by_imagej: bool = False

    def image(self) -> DecodedImage:
        """The colours that are meant, without a palette; grey where red, green and blue are the same everywhere.

        Alpha is left out: it says how to show a pixel, not what was measured there.

        Example:
            >>> DecodedImage(np.full((2, 2, 3), 7, np.uint8), 255).image().values.shape
            (2, 2)
        """
        values, top = self.values, self.top
        if self.palette is not None:
            values, top = self.palette[values], 255
        colours = values.ndim == 3 and values.shape[-1] == 3
        if colours and all(np.array_equal(values[..., 0], values[..., other]) for other in (1, 2)):
            values = values[..., 0]
        # A copy, so that three channels do not stay in memory for one.
        return DecodedImage(np.ascontiguousarray(values), top, lossy=self.lossy)

    def check_finite(self, name: str) -> None:
        """Refuse floats that are no numbers.

        Raises:
            DataError: If one is infinite or NaN.
        """
        if self.values.dtype.kind == "f" and not np.isfinite(self.values).all():
            raise DataError(f"{name} holds numbers that are infinite or NaN: replace them, and save it again.")


class Budget:
    """How many numbers the images of a set may hold; keeps the memory they take below `LARGEST_SET`.

    Example:
        >>> budget = Budget()
        >>> budget.take(8192, 8192, "a.png")
        >>> budget.pixels
        67108864
    """

    def __init__(self) -> None:
        self.pixels = 0
        self.channels = 1

    def take(self, height: int, width: int, name: str) -> None:
        """Make room for one more image, before it is unpacked.

        Raises:
            DataError: If it has no pixels or too many, or all images together have.
        """
        if height < 1 or width < 1:
            raise DataError(f"{name} is {height} × {width} pixels: an image needs at least one pixel. Leave it out.")
        if height * width > LARGEST_IMAGE:
            raise DataError(
                f"{name} is {height:,} × {width:,} pixels: at most {LARGEST_IMAGE:,} are read (8192 × 8192). "
                "Cut it into smaller images."
            )
        self.pixels += height * width
        self._check(name)

    def widen(self, channels: int, name: str) -> None:
        """Note that an image has so many channels: all images of the set then take as many."""
        self.channels = max(self.channels, channels)
        self._check(name)

    def _check(self, name: str) -> None:
        taken = self.pixels * self.channels * 4
        if taken > LARGEST_SET:
            raise DataError(
                f"With {name} the images take {taken / 1e9:.1f} GB in memory ({self.pixels:,} pixels in "
                f"{self.channels} channel{'' if self.channels == 1 else 's'} at 4 bytes): at most "
                f"{LARGEST_SET / 1e9:.1f} GB are read. Read fewer with limit=… or make the images smaller."
            )


def thumbnail(decoded: DecodedImage, side: int = 96) -> NDArray[np.uint8]:
    """A picture small enough to be shown beside others, 8 bits, stretched to its darkest and brightest pixel.

    Example:
        >>> thumbnail(DecodedImage(np.array([[0, 500]]), None)).tolist()
        [[0, 255]]
    """
    image = decoded.image().values
    step = max(1, -(-max(image.shape[:2]) // side))
    small = image[::step, ::step].astype(np.float64)
    if small.ndim == 3 and small.shape[-1] != 3:
        small = small.mean(axis=-1)
    low, high = np.quantile(small, (0.01, 0.99)) if small.size > 4 else (small.min(), small.max())
    shown: NDArray[np.uint8] = np.rint(np.clip((small - low) / max(high - low, 1e-300), 0, 1) * 255).astype(np.uint8)
    return shown


def listed(names: Iterable[object], most: int = 5) -> str:
    """Names in a sentence: the first few, and how many more there are.

    Example:
        >>> listed(["a", "b", "c"], most=2)
        'a, b and 1 more'
    """
    every = [printable(name) for name in names]
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def read_bytes(path: Path, name: str, most: int = LARGEST_FILE) -> bytes:
    """All bytes of a file.

    Args:
        path: Where it is.
        name: What to call it in an error.
        most: How many bytes it may have.

    Raises:
        DataError: If it is empty, too large, or cannot be read.
    """
    try:
        # A pipe or a device would wait for ever; nothing but a plain file is opened.
        if not path.is_file():
            raise DataError(f"{name} is not there any more, or is no plain file. Look whether it was moved or renamed.")
        with path.open("rb") as file:
            # Room is made for all that is asked for; a file may also grow meanwhile, or not know its size.
            data = file.read(min(most, max(os.fstat(file.fileno()).st_size, 1 << 20)) + 1)
    except OSError as error:
        raise DataError(
            f"{name} cannot be read ({error.strerror or type(error).__name__}). Look whether you may open it."
        ) from None
    if not data:
        raise DataError(f"{name} is empty: it has no bytes. Save it again, or leave it out.")
    if len(data) > most:
        raise DataError(f"{name} has more than {most:,} bytes, and no more are read. Cut it into smaller files.")
    return data
