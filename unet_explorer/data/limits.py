"""Within which limits the numbers of an image are measurements: NoData and single hot pixels lie far beyond."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAR", "Limits", "limits_of", "sampled"]

FAR: Final = 300.0
"""How many times the usual range a number may lie beyond it: more than 8 bits can say, so that they are never cut."""
_MARK: Final = 10.0
"""The same for a negative number that many pixels have exactly, such as -9999; for a positive one 100 times that."""
_NONSENSE: Final = 1e30
"""What is larger than this was never measured; -3.4e38 stands for NoData in many files."""
_SHARE: Final = 0.001
"""So small a share of the pixels is not the usual range; so large a share of one far number is NoData."""
_FEW: Final = 4
_SAMPLE: Final = 1 << 18
"""About so many pixels of an image are looked at."""


class Limits(NamedTuple):
    """The lowest and the highest number of each channel that can be a measurement, (channels,) each."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def clipped(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """Numbers, (…, channels), with what lies beyond set to the nearest that does not; 64 bits."""
        return np.clip(np.asarray(pixels, np.float64), self.low, self.high)

    def beyond(self, pixels: NDArray[Any]) -> int:
        """How many pixels, (…, channels), have a number beyond."""
        return int(np.count_nonzero(((pixels < self.low) | (pixels > self.high)).any(axis=-1)))


def sampled(image: Any) -> NDArray[Any]:
    """Rows and columns at even distances, (…, channels): all of a small image.

    Example:
        >>> sampled(np.zeros((2048, 1024, 3))).shape
        (683, 342, 3)
    """
    step = _step(image.shape)
    return np.asarray(image[::step, ::step])


def _step(shape: tuple[int, ...]) -> int:
    return max(1, int(np.ceil(np.sqrt(shape[0] * shape[1] / _SAMPLE))))


def limits_of(sample: NDArray[Any]) -> Limits:
    """The limits of an image, from a sample of its pixels.

    A number beyond 1e30 is none, and neither is one that many pixels have exactly, far from all others; 0 may always be
    one. What is left spans the usual range, from which numbers may lie 300 times as far away as it is wide. Without
    any range to compare with, nothing lies beyond.

    Args:
        sample: (…, channels), finite.

    Example:
        >>> values = np.append(np.linspace(0, 1, 99), -3.4e38)[:, None]
        >>> [float(each[0]) for each in limits_of(values)]
        [0.0, 1.0]
    """
    channels = sample.shape[-1]
    flat = sample.reshape(-1, channels)
    low, high = zip(*(_channel(flat[:, channel].astype(np.float64)) for channel in range(channels)), strict=True)
    return Limits(np.array(low), np.array(high))


def _channel(values: NDArray[np.float64]) -> tuple[float, float]:
    usual = values[np.abs(values) < _NONSENSE]
    if not usual.size or usual.min() == usual.max():
        return -np.inf, np.inf
    usual = _without_marks(usual)
    least, most = float(usual.min()), float(usual.max())
    # A few pixels may be odd even in a small image.
    few = min(max(_FEW, int(_SHARE * usual.size)), (usual.size - 1) // 4)
    low, high = np.partition(usual, (few, usual.size - 1 - few))[[few, usual.size - 1 - few]]
    reach = FAR * float(high - low)
    # Where nothing is odd there are no limits: what was not in the sample need not be in its range.
    tidy = usual.size == values.size and (reach == 0 or (least >= low - reach and most <= high + reach))
    if tidy:
        return (-np.inf, np.inf) if reach == 0 else (float(low - reach), float(high + reach))
    inside = usual[(usual >= low - reach) & (usual <= high + reach)] if reach else usual
    return float(inside.min()), float(inside.max())


def _without_marks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the numbers that stand for NoData: many pixels have exactly one that is far from all others."""
    for _ in range(2):
        for end in (values.min(), values.max()):
            others = values[values != end]
            if end == 0 or others.size == 0 or values.size - others.size < max(2, _SHARE * values.size):
                continue
            width = others.max() - others.min()
            far = _MARK if end < 0 else 100 * _MARK
            if width > 0 and min(abs(others.min() - end), abs(others.max() - end)) > far * width:
                values = others
    return values
