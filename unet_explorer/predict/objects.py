"""Objects in a mask, measured: connected regions of a class, a row each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.pixel_size import PixelSize

__all__ = ["Objects", "Table", "columns_of", "measured", "objects_in", "rows_of", "sums_of"]

_BAND: Final = 1 << 22
"""Pixels that are looked at together."""
_ROWS: Final = 1 << 14
"""Rows of a table that are made of columns together."""


class Objects(NamedTuple):
    """What was summed up of objects, in the order of their numbers.

    Attributes:
        numbers: (objects,), from 1 on.
        kinds: (objects,), the class of each.
        sums: (objects, 3 + channels), of its pixels: how many, their rows, their columns, their brightness.
        boxes: (objects, 4), top, left, height and width in pixels.
    """

    numbers: NDArray[np.integer[Any]]
    kinds: NDArray[np.uint8]
    sums: NDArray[np.float64]
    boxes: NDArray[np.int64]


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
    found = objects_in(objects, labels, image)
    return Table(tuple(columns_of(found, classes, pixel)), list(rows_of(found, classes, pixel)))


def objects_in(objects: NDArray[np.int32], labels: NDArray[np.uint8], image: Any) -> Objects:
    """Sum up every object; see `measured`.

    Args:
        objects: (height, width), the number of every pixel's object, 0 where there is none.
        labels: (height, width), the class of every pixel.
        image: (height, width) or (height, width, channels), or whatever gives such parts for ``image[rows, columns]``.

    Example:
        >>> labels = np.array([[1, 1, 0, 2]], "uint8")
        >>> objects_in(labels.astype("int32"), labels, labels).boxes.tolist()
        [[0, 0, 1, 2], [0, 3, 1, 1]]
    """
    count = int(objects.max(initial=0))
    kinds, sums = sums_of(objects, labels, image, count)
    boxes, numbers = [], []
    for number, box in enumerate(ndimage.find_objects(objects), start=1):
        if box is not None:
            numbers.append(number)
            boxes.append([side.start for side in box] + [side.stop - side.start for side in box])
    return Objects(np.array(numbers, np.int64), kinds[numbers], sums[numbers], np.array(boxes, np.int64).reshape(-1, 4))


def columns_of(
    objects: Objects, classes: Sequence[str] = (), pixel: PixelSize | None = None
) -> dict[str, NDArray[Any]]:
    """The table of `measured`, column by column: what each is called, and what stands in it.

    Args:
        objects: What was summed up.
        classes: Names of the classes from 0 on, for a column more; or nothing.
        pixel: How large a pixel is, where that is known.

    Example:
        >>> one = Objects(np.array([1]), np.array([2], "uint8"), np.array([[4.0, 2, 6, 40]]), np.array([[0, 1, 2, 2]]))
        >>> [(name, *column.tolist()) for name, column in columns_of(one).items()][2:5]
        [('area_px', 4), ('row', 0.5), ('column', 1.5)]
    """
    area = objects.sums[:, 0]
    middle = objects.sums[:, 1:] / np.maximum(area, 1)[:, None]
    channels = middle.shape[1] - 2
    means = ["mean"] if channels == 1 else [f"mean_{number}" for number in range(1, channels + 1)]
    columns: dict[str, NDArray[Any]] = {"number": objects.numbers, "class": objects.kinds}
    if classes:
        columns["class_name"] = np.array(classes, object)[objects.kinds]
    columns["area_px"] = area.astype(np.int64)
    if pixel:
        columns[f"area_{pixel.unit}2"] = area * pixel.height * pixel.width
    columns |= {"row": middle[:, 0], "column": middle[:, 1]}
    columns |= dict(zip(("top", "left", "height", "width"), objects.boxes.T, strict=True))
    return columns | dict(zip(means, middle[:, 2:].T, strict=True))


def rows_of(
    objects: Objects, classes: Sequence[str] = (), pixel: PixelSize | None = None
) -> Iterator[tuple[object, ...]]:
    """The same row by row, in plain Python, a few of them in memory at a time; see `columns_of`."""
    for start in range(0, len(objects.numbers), _ROWS):
        part = slice(start, start + _ROWS)
        some = Objects(objects.numbers[part], objects.kinds[part], objects.sums[part], objects.boxes[part])
        yield from zip(*(each.tolist() for each in columns_of(some, classes, pixel).values()), strict=True)


def sums_of(
    objects: NDArray[np.int32], labels: NDArray[np.uint8], image: Any, count: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The class of each object from 0 on, and sums over it, as `Objects` has them; 0 stands for no object.

    Args:
        objects: (height, width), the number of every pixel's object.
        labels: (height, width), the class of every pixel.
        image: (height, width) or (height, width, channels), or whatever gives such parts for ``image[rows, columns]``.
        count: The largest number.

    Returns:
        (1 + count,) classes and (1 + count, 3 + channels) sums.

    Example:
        >>> labels = np.array([[1, 1, 0, 2]], "uint8")
        >>> sums_of(labels.astype("int32"), labels, labels * 10.0, 2)[1].tolist()
        [[0.0, 0.0, 0.0, 0.0], [2.0, 0.0, 1.0, 20.0], [1.0, 0.0, 3.0, 20.0]]
    """
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
