"""Objects in a mask, measured: connected regions of a class, a row each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.pixel_size import PixelSize

__all__ = ["Table", "measured"]

_BAND: Final = 1 << 22
"""Pixels that are looked at together."""


class Table(NamedTuple):
    """What the columns are called, and the rows."""

    head: tuple[str, ...]
    rows: list[tuple[object, ...]]


def measured(
    objects: NDArray[np.int32],
    labels: NDArray[np.uint8],
    image: Any,
    classes: Sequence[str] = (),
    pixel: PixelSize | None = None,
) -> Table:
    """Measure every object: number, class, area, centre, the box around it, and how bright the image is there.

    Rows and columns are counted in pixels from 0, from the middle of the first one. ``top``, ``left``, ``height`` and
    ``width`` are those of the box. ``mean`` is the mean of the image, of each channel where there are several. With
    the size of a pixel there is an area in its unit as well, such as ``area_um2``.

    Args:
        objects: (height, width), the number of every pixel's object, 0 where there is none; see `regions`.
        labels: (height, width), the class of every pixel.
        image: (height, width) or (height, width, channels), or whatever gives such parts for ``image[rows, columns]``.
        classes: Names of the classes from 0 on, for a column more; or nothing.
        pixel: How large a pixel is, where that is known.

    Example:
        >>> labels = np.array([[1, 1, 0, 2]], "uint8")
        >>> table = measured(np.array([[1, 1, 0, 2]], "int32"), labels, labels * 10.0)
        >>> dict(zip(table.head, table.rows[0]))["column"], dict(zip(table.head, table.rows[1]))["mean"]
        (0.5, 20.0)
    """
    count = int(objects.max(initial=0))
    kinds, sums = _sums(objects, labels, image, count)
    area = sums[:, 0]
    middle = sums[:, 1:] / np.maximum(area, 1)[:, None]
    channels = sums.shape[1] - 3
    means = ["mean"] if channels == 1 else [f"mean_{number}" for number in range(1, channels + 1)]
    head = ["number", "class", *(["class_name"] if classes else []), "area_px"]
    head += [f"area_{pixel.unit}2"] if pixel else []
    head += ["row", "column", "top", "left", "height", "width", *means]
    rows: list[tuple[object, ...]] = []
    for number, box in enumerate(ndimage.find_objects(objects), start=1):
        if box is None:
            continue
        kind, place = int(kinds[number]), [(side.start, side.stop - side.start) for side in box]
        row: list[object] = [number, kind, *([classes[kind]] if classes else []), int(area[number])]
        row += [float(area[number] * pixel.height * pixel.width)] if pixel else []
        row += [*middle[number, :2].tolist(), *(start for start, _ in place), *(side for _, side in place)]
        rows.append((*row, *middle[number, 2:].tolist()))
    return Table(tuple(head), rows)


def _sums(
    objects: NDArray[np.int32], labels: NDArray[np.uint8], image: Any, count: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The class of each object, and sums over it: (objects, 3 + channels) pixels, rows, columns and brightness."""
    height, width = objects.shape
    channels = image.shape[2] if len(image.shape) == 3 else 1
    kinds, sums = np.zeros(count + 1, np.uint8), np.zeros((count + 1, 3 + channels))
    for rows in _bands(height, width):
        numbers = objects[rows].ravel()
        inside = np.flatnonzero(numbers)
        numbers = numbers[inside]
        kinds[numbers] = labels[rows].ravel()[inside]
        part = np.asarray(image[rows, 0:width]).reshape(-1, channels)[inside]
        weights = [None, rows.start + inside // width, inside % width, *part.T]
        for column, weight in enumerate(weights):
            sums[:, column] += np.bincount(numbers, weight, count + 1)
    return kinds, sums


def _bands(height: int, width: int) -> Iterator[slice]:
    rows = max(1, _BAND // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(height, top + rows))
