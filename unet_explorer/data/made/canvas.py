"""What the made sets share: how a set is asked for, smooth noise, outlines, and the camera."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.core.config import read_value
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.made.wanted import COUNT, SEED, Made, read_size

__all__ = [
    "LICENCE",
    "Field",
    "Painting",
    "Shape",
    "around",
    "bent_grid",
    "expose",
    "paint_set",
    "read_size",
    "rolled",
    "smooth_noise",
    "whole_objects",
    "window",
]

Field: TypeAlias = NDArray[np.float32]
"""(height, width), a number for every pixel."""
Shape: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""
Painting: TypeAlias = tuple[Field, NDArray[np.bool_] | NDArray[np.integer], NDArray[np.integer]]
"""An image, the class of every pixel, and its object; all (height, width)."""

LICENCE: Final = "made by this package; no rights reserved (CC0)"


def paint_set(
    name: str,
    classes: tuple[str, ...],
    paint: Callable[[np.random.Generator, Shape, int], Painting],
    count: object,
    size: object,
    seed: object,
) -> Dataset:
    """A set of painted images. Each has its own seed, so the k-th is the same however many are asked for.

    Args:
        name: What the set is called.
        classes: Names of the classes, in order.
        paint: Makes an image from a random generator, (height, width), and the number of the image.
        count: How many images, 1 to 10,000.
        size: Side of the images in pixels, or (height, width); 16 to 4096.
        seed: Decides everything that is random; a whole number from 0 that fits 32 bits.

    Raises:
        ValueError: If count, size or seed is not allowed.

    Example:
        >>> def flat(random, shape, number):
        ...     return np.full(shape, 0.5), np.zeros(shape, int), np.zeros(shape, int)
        >>> paint_set("flat", ("nothing",), flat, 2, (16, 20), 0).images.shape
        (2, 16, 20, 1)
    """
    number, (height, width), start = (
        read_value("count", count, COUNT),
        read_size(size),
        read_value("seed", seed, SEED),
    )
    images = np.empty((number, height, width, 1), np.float32)
    labels = np.empty((number, height, width), np.uint8)
    instances = np.empty((number, height, width), np.int32)
    for place in range(number):
        random = np.random.default_rng(np.random.SeedSequence([start, place]))
        images[place, ..., 0], labels[place], instances[place] = paint(random, (height, width), place)
    return Made(name, number, (height, width), start).marked(Dataset(name, images, labels, classes, instances, LICENCE))


def smooth_noise(random: np.random.Generator, shape: Shape, spacing: float) -> Field:
    """Noise without edges, mean 0 and standard deviation 1: random numbers on a lattice, joined by cubic B-splines.

    Args:
        random: Where the numbers come from.
        shape: (height, width) in pixels.
        spacing: Pixels from one lattice point to the next; blobs of the noise are about twice as wide.

    Example:
        >>> smooth_noise(np.random.default_rng(0), (20, 30), 8).shape
        (20, 30)
    """
    (row, row_weights), (column, column_weights) = (_spline(side, spacing) for side in shape)
    lattice = random.standard_normal((int(row[-1]) + 4, int(column[-1]) + 4), dtype=np.float32)
    # First along the width, while there are few rows.
    wide = np.zeros((len(lattice), shape[1]), np.float32)
    noise = np.zeros(shape, np.float32)
    for part in range(4):
        wide += column_weights[part] * lattice[:, column + part]
    for part in range(4):
        noise += row_weights[part][:, None] * wide[row + part]
    return noise


def _spline(side: int, spacing: float) -> tuple[NDArray[np.intp], Field]:
    """For each pixel the first of the four lattice points it is made of, and their weights, (4, side)."""
    place = np.arange(side) / spacing
    first = place.astype(np.intp)
    t = (place - first).astype(np.float32)
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3])
    # Squares that sum to one keep the standard deviation at one between lattice points, too.
    weights /= np.sqrt((weights**2).sum(axis=0))
    return first, weights


def bent_grid(random: np.random.Generator, shape: Shape, *bends: tuple[float, float]) -> tuple[Field, Field]:
    """Row and column of every pixel, bent: what is drawn straight on it comes out crooked, but in one piece.

    Args:
        random: Where the bends come from.
        shape: (height, width) in pixels.
        bends: For each (how far in pixels, spacing of its noise in pixels). Far below the spacing nothing folds.

    Example:
        >>> rows, columns = bent_grid(np.random.default_rng(0), (20, 30), (2, 12))
        >>> rows.shape == columns.shape == (20, 30)
        True
    """
    rows = np.repeat(np.arange(shape[0], dtype=np.float32)[:, None], shape[1], axis=1)
    columns = np.repeat(np.arange(shape[1], dtype=np.float32)[None, :], shape[0], axis=0)
    for far, spacing in bends:
        rows += np.float32(far) * smooth_noise(random, shape, spacing)
        columns += np.float32(far) * smooth_noise(random, shape, spacing)
    return rows, columns


def window(shape: Shape, centre: NDArray[np.floating], reach: float) -> tuple[slice, slice]:
    """The part of an image around a point, cut at the borders.

    Args:
        shape: (height, width) of the image.
        centre: (row, column).
        reach: How far to go up, down, left and right, in pixels.

    Example:
        >>> window((20, 30), np.array([2.0, 15.0]), 5)
        (slice(0, 8, None), slice(10, 21, None))
    """
    down, across = (
        slice(max(0, min(side, int(middle - reach))), max(0, min(side, int(middle + reach) + 1)))
        for side, middle in zip(shape, centre, strict=True)
    )
    return down, across


def around(box: tuple[slice, slice], centre: NDArray[np.number]) -> tuple[Field, Field]:
    """Rows (h, 1) and columns (1, w) of a window, counted from a point.

    Example:
        >>> rows, columns = around((slice(3, 5), slice(0, 3)), np.array([4, 0]))
        >>> rows.ravel().tolist(), columns.ravel().tolist()
        ([-1.0, 0.0], [0.0, 1.0, 2.0])
    """
    down, across = box
    rows = np.arange(down.start, down.stop, dtype=np.float32) - np.float32(centre[0])
    columns = np.arange(across.start, across.stop, dtype=np.float32) - np.float32(centre[1])
    return rows[:, None], columns[None, :]


def rolled(angle: float, rows: Field, columns: Field) -> tuple[Field, Field]:
    """Rows and columns, counted from a centre, in axes turned by an angle in radians.

    Example:
        >>> along, across = rolled(np.pi / 2, np.array([[1.0]]), np.array([[0.0]]))
        >>> round(float(along[0, 0]), 6), round(float(across[0, 0]), 6)
        (0.0, -1.0)
    """
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * rows + sin * columns, cos * columns - sin * rows


def whole_objects(owner: NDArray[np.integer], smallest: int = 1) -> NDArray[np.int32]:
    """Objects in one piece each, numbered 1, 2, 3 … without gaps.

    Of an object in pieces (joined along sides, not corners) the largest stays. What is dropped is still in an image
    that was painted before: paint after this, or paint only what stayed.

    Args:
        owner: (height, width), the object of every pixel, 0 where there is none.
        smallest: An object of fewer pixels is dropped.

    Example:
        >>> whole_objects(np.array([[7, 7, 0, 7, 3]])).tolist()
        [[2, 2, 0, 0, 1]]
    """
    kept = np.zeros(owner.shape, np.int32)
    number = 0
    for name, box in enumerate(ndimage.find_objects(owner), start=1):
        if box is None:
            continue
        pieces, many = ndimage.label(owner[box] == name)
        sizes = np.bincount(pieces.ravel())[1:]
        if many and sizes.max() >= smallest:
            number += 1
            kept[box][pieces == 1 + sizes.argmax()] = number
    return kept


def expose(random: np.random.Generator, light: Field, blur: float, photons: float, read_noise: float) -> Field:
    """The light as a camera behind a lens records it.

    Args:
        random: Where the noise comes from.
        light: What a perfect camera would see, about 0 to 1.
        blur: Standard deviation of the lens's blur, in pixels.
        photons: How many a pixel of light 1 catches: the fewer, the more shot noise.
        read_noise: Standard deviation of the noise that the camera adds in the dark.

    Returns:
        Numbers from 0 to 1.

    Example:
        >>> grey = expose(np.random.default_rng(0), np.full((9, 9), 0.5, "float32"), 1.0, 1e6, 0.0)
        >>> round(float(grey.mean()), 2)
        0.5
    """
    seen = ndimage.gaussian_filter(np.asarray(light, np.float32), blur, truncate=3)
    # A Poisson number of dozens of photons is as good as normal, and that is faster to draw.
    spread = np.sqrt(np.maximum(seen, 0) / np.float32(photons) + np.float32(read_noise) ** 2)
    return np.clip(seen + spread * random.standard_normal(light.shape, dtype=np.float32), 0, 1)
