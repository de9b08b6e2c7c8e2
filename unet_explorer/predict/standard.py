"""How the numbers of an image are given to a network: with mean 0 and standard deviation 1, or as they are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.dataset import spread_of
from unet_explorer.data.limits import Limits, limits_of, sample_step

__all__ = ["Standard", "not_finite", "warn_beyond"]

_BAND: Final = 1 << 22
"""Numbers of an image that are looked at together."""


class Standard(NamedTuple):
    """What is taken off each channel, and by what it is divided, before the network is given it.

    Attributes:
        middle: What is taken off.
        spread: By what it is divided.
        limits: Within which a number is taken for a measurement; see `limits.limits_of`.
    """

    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    limits: Limits

    @classmethod
    def none(cls, image: Any) -> Standard:
        """Leave the numbers as they are, once it is clear that they are numbers.

        Raises:
            ValueError: If one is NaN or infinite.
        """
        if np.dtype(image.dtype).kind == "f":
            for _ in _bands(image):
                pass
        return cls(np.zeros(1), np.ones(1), Limits(np.full(1, -np.inf), np.full(1, np.inf)))

    @classmethod
    def of(cls, image: Any) -> Standard:
        """Mean and standard deviation of each channel; 1 where there is no contrast. The same as `normalize` finds.

        Raises:
            ValueError: If a number is NaN or infinite.
        """
        step = sample_step(image.shape)
        limits = limits_of(np.concatenate([band[-top % step :: step, ::step] for top, band in _bands(image)]))
        count, beyond, middle = image.shape[0] * image.shape[1], 0, np.zeros(1)
        for _, band in _bands(image):
            beyond += limits.beyond(band)
            middle = middle + limits.clipped(band).sum(axis=(0, 1)) / count
        if beyond:
            warn_beyond(beyond, 4)
        squares = sum(((limits.clipped(band) - middle) ** 2).sum(axis=(0, 1)) for _, band in _bands(image))
        return cls(middle, spread_of(np.sqrt(squares / count), middle), limits)

    def prepared(self, part: NDArray[Any]) -> NDArray[np.float32]:
        """A part of the image as the network is given it, (height, width, channels)."""
        pixels = np.asarray(part)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if not self.middle.any() and (self.spread == 1).all():
            return pixels.astype(np.float32)
        return ((self.limits.clipped(pixels) - self.middle) / self.spread).astype(np.float32)


def warn_beyond(pixels: int, level: int) -> None:
    """Say that numbers of an image were cut.

    Args:
        pixels: How many.
        level: How far above is whoever gave the image.
    """
    warnings.warn(
        f"{pixels:,} pixels of the image hold numbers far beyond all others, as NoData and hot pixels do: they "
        "count as the nearest of the others.",
        stacklevel=level,
    )


def not_finite(row: int, column: int) -> ValueError:
    """What is said of an image that holds what is no number.

    Args:
        row: Of the first one.
        column: The same.

    Example:
        >>> raise not_finite(3, 4)
        Traceback (most recent call last):
        ...
        ValueError: The image holds NaN or infinite numbers, the first in row 3, column 4: put a number in their \
place, as np.nan_to_num does.
    """
    return ValueError(
        f"The image holds NaN or infinite numbers, the first in row {row}, column {column}: put a number in their "
        "place, as np.nan_to_num does."
    )


def _bands(image: Any) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The image in bands of rows, (rows, width, channels), with the first row's number; NaN is looked for."""
    height, width = image.shape[:2]
    rows = max(1, _BAND // (width * (image.shape[2] if len(image.shape) == 3 else 1)))
    for top in range(0, height, rows):
        band = np.asarray(image[top : top + rows, 0:width])
        band = (band[..., None] if band.ndim == 2 else band).astype(np.float64)
        if not np.isfinite(band).all():
            row, column, _ = (int(place[0]) for place in np.nonzero(~np.isfinite(band)))
            raise not_finite(top + row, column)
        yield top, band
