"""Discs, squares and triangles on clutter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.made.canvas import (
    Field,
    Painting,
    Shape,
    around,
    expose,
    paint_set,
    rolled,
    smooth_noise,
    whole_objects,
    window,
)

__all__ = ["shapes"]

AREA_OF_ONE = 1250
"""Pixels of the image for each shape, about."""
AREA_OF_A_BAR = 3600
"""Pixels of the image for each bar of the clutter."""
LARGEST = 13
"""Radius in pixels of the largest disc; squares and triangles cover as much."""
TILT = 0.35
"""How far a shape may lean to either side, in radians: 20°."""
REACH = {1: 1.0, 2: np.sqrt(np.pi / 2), 3: np.sqrt(4 * np.pi / np.sqrt(27))}
"""How far the corners are from the centre, in radii of the disc that covers as much."""


def shapes(count: int = 24, size: int | tuple[int, int] = 256, seed: int = 0) -> Dataset:
    """Discs, squares and triangles: where they are and which they are has both to be found.

    All classes are equally often, equally large, and equally often brighter or darker than what is behind them, so
    only the outline tells which is which. They lean by up to 20° to either side. Behind them lie stains, grain and
    thin bars. Shapes do not touch; some are cut off by the border. A small network finds where they are soon, and
    which they are much later: worth watching.

    Every shape is an instance.

    Args:
        count: How many images, 1 to 10,000.
        size: Side of the images in pixels, or (height, width); 16 to 4096. Shapes stay as large as they are; larger
            images show more of them. Only where a side is below 44 px, they shrink to fit.
        seed: The same seed gives the same images; the k-th does not depend on how many are asked for.

    Returns:
        Images in one channel, classes "background", "disc", "square" and "triangle". From 3 images on every class
        occurs.

    Raises:
        ValueError: If count, size or seed is not allowed.

    Example:
        >>> data = shapes(3, size=64)
        >>> data.images.shape, data.classes
        ((3, 64, 64, 1), ('background', 'disc', 'square', 'triangle'))
        >>> sorted(set(data.labels.ravel().tolist()))
        [0, 1, 2, 3]
    """
    return paint_set("shapes", ("background", "disc", "square", "triangle"), _paint, count, size, seed)


def _paint(random: np.random.Generator, shape: Shape, number: int) -> Painting:
    light = _clutter(random, shape)
    labels, instances = np.zeros(shape, np.uint8), np.zeros(shape, np.int32)
    grain = 0.012 * smooth_noise(random, shape, 3)
    for place, (kind, centre, radius) in enumerate(_place(random, shape, number), start=1):
        box = window(shape, centre, REACH[kind] * radius + 2)
        beyond = _beyond(kind, *rolled(random.uniform(-TILT, TILT), *around(box, centre)), radius)
        cover = np.clip(0.5 - beyond, 0, 1)
        behind = float(light[box].mean())
        tone = behind + random.choice((-1, 1)) * random.uniform(0.22, 0.38)
        light[box] += cover * (tone + grain[box] - light[box])
        labels[box][beyond < 0] = kind
        instances[box][beyond < 0] = place
    # The thinnest tip of a triangle may hang by a corner.
    instances = whole_objects(instances)
    labels[instances == 0] = 0
    blur, photons = random.uniform(0.5, 0.9), random.uniform(300, 900)
    return expose(random, light, blur, photons, read_noise=0.015), labels, instances


def _place(random: np.random.Generator, shape: Shape, number: int) -> list[tuple[int, NDArray[np.float64], float]]:
    """Classes, centres and radii. The circles around the shapes do not meet."""
    fit = min(1.0, 0.3 * min(shape) / LARGEST)
    wanted = max(1, round(shape[0] * shape[1] / AREA_OF_ONE * random.uniform(0.75, 1.2)))
    placed: list[tuple[int, NDArray[np.float64], float]] = []
    # Decided before there is a place, else those with far corners would end up smaller.
    radii = fit * random.uniform(0.6, 1, wanted) * LARGEST
    centres, reaches = np.empty((wanted, 2)), np.empty(wanted)
    for attempt in range(12 * wanted):
        many = len(placed)
        if many == wanted:
            break
        # In turn, and another one first in each image: so all classes occur, and equally often.
        kind = 1 + (number + many) % 3
        # The first lies well inside, so that no image is without a shape.
        rim = 0 if attempt else 0.35
        centre = random.uniform(rim, 1 - rim, 2) * shape
        radius = float(radii[many])
        reach = REACH[kind] * radius
        if (np.hypot(*(centres[:many] - centre).T) > reaches[:many] + reach + 3).all():
            centres[many], reaches[many] = centre, reach
            placed.append((kind, centre, radius))
    return placed


def _beyond(kind: int, rows: Field, columns: Field, radius: float) -> Field:
    """Pixels beyond the outline, negative inside. All kinds of one radius have the area of the disc."""
    if kind == 1:
        return np.hypot(rows, columns) - np.float32(radius)
    if kind == 2:
        return np.maximum(np.abs(rows), np.abs(columns)) - np.float32(radius * np.sqrt(np.pi) / 2)
    slanted = np.float32(np.sqrt(0.75)) * np.abs(columns) - np.float32(0.5) * rows
    return np.maximum(rows, slanted) - np.float32(radius * np.sqrt(np.pi / np.sqrt(27)))


def _clutter(random: np.random.Generator, shape: Shape) -> Field:
    """Stains, grain, and bars thinner than any shape."""
    light = 0.45 + 0.06 * smooth_noise(random, shape, 40) + 0.025 * smooth_noise(random, shape, 9)
    light += 0.02 * smooth_noise(random, shape, 2.5)
    for _ in range(round(shape[0] * shape[1] / AREA_OF_A_BAR)):
        centre, length = random.uniform(0, 1, 2) * shape, random.uniform(8, 45)
        box = window(shape, centre, length + 3)
        along, across = rolled(random.uniform(0, np.pi), *around(box, centre))
        beyond = np.maximum(np.abs(along) - np.float32(length), np.abs(across) - np.float32(random.uniform(0.5, 1.6)))
        light[box] += np.clip(0.5 - beyond, 0, 1) * np.float32(random.uniform(-0.16, 0.16))
    return light
