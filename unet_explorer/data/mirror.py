"""A part of an image, and beyond its border the image mirrored (Ronneberger et al. 2015, figure 2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.axis import needed, reflected

__all__ = ["mirrored"]


def mirrored(image: Any, start: tuple[int, int], size: tuple[int, int]) -> NDArray[Any]:
    """A part of an image; what lies beyond its border is the image mirrored there.

    Args:
        image: (height, width, …): an array, or whatever can be asked for a part of its rows and columns. It is asked
            once, for no more than is needed.
        start: Row and column of the part's first pixel; may be negative.
        size: (height, width) of the part.

    Example:
        >>> mirrored(np.arange(4).reshape(1, 4), (0, -2), (1, 7)).tolist()
        [[2, 1, 0, 1, 2, 3, 2]]
    """
    read, places = [], []
    for side, first, length in zip(image.shape, start, size, strict=False):
        part = needed(first, length, side)
        read.append(part)
        places.append([reflected(place, side) - part.start for place in range(first, first + length)])
    block = np.asarray(image[read[0], read[1]])
    seen: NDArray[Any] = block[np.ix_(*places)]
    return seen
