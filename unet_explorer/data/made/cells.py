"""Cells under a fluorescence microscope, made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.made.canvas import (
    Field,
    Painting,
    Shape,
    bent_grid,
    expose,
    paint_set,
    rolled,
    smooth_noise,
    whole_objects,
    window,
)

__all__ = ["cells"]

AREA_OF_ONE = 2100
"""Pixels of the image for each cell, where cells are neither sparse nor crowded."""


def cells(count: int = 24, size: int | tuple[int, int] = 256, seed: int = 0) -> Dataset:
    """Stained cells as a fluorescence microscope shows them.

    Irregular outlines, round to elongated, 10 to 22 px in radius; bright and faint ones side by side, mottled inside;
    alone or in clumps, pressed flat where they touch. The light falls unevenly, what is out of focus glows, the lens
    blurs a little, photons and camera add noise. A faint cell here is darker than nothing at all there, so no one
    threshold finds all cells.

    Every cell is an instance, and the label is 1 wherever there is one. Some touching cells meet without any
    background between them; around others the label leaves a gap of 1 or 2 px, as those who annotate such sets by
    hand do, and the image is dark there, too. So a network can learn from the labels to keep cells apart, and the
    weights of the paper, which press it to do so in between, meet both cases.

    Args:
        count: How many images, 1 to 10,000.
        size: Side of the images in pixels, or (height, width); 16 to 4096. Cells stay as large as they are; larger
            images show more of them. Only where a side is below 67 px, they shrink to fit.
        seed: The same seed gives the same images; the k-th does not depend on how many are asked for.

    Returns:
        Images in one channel, classes "background" and "cell".

    Raises:
        ValueError: If count, size or seed is not allowed.

    Example:
        >>> data = cells(2, size=64)
        >>> data.images.shape, data.classes
        ((2, 64, 64, 1), ('background', 'cell'))
        >>> bool(((data.instances > 0) == (data.labels == 1)).all())
        True
    """
    return paint_set("cells", ("background", "cell"), _paint, count, size, seed)


def _paint(random: np.random.Generator, shape: Shape, _: int) -> Painting:
    centres, radii = _place(random, shape)
    owner, inward = _outline(random, shape, centres, radii)
    instances = whole_objects(_part(random, owner), smallest=12)
    light = _light(random, shape, instances, inward)
    image = expose(random, light, blur=random.uniform(0.8, 1.2), photons=random.uniform(200, 700), read_noise=0.008)
    return image, instances > 0, instances


def _place(random: np.random.Generator, shape: Shape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres (n, 2) and radii (n,): every other cell beside one that is there already, so that clumps form."""
    height, width = shape
    wanted = max(1, round(height * width / AREA_OF_ONE * random.uniform(0.5, 1.3)))
    clumping = random.uniform(0.35, 0.75)
    radii = np.clip(random.normal(17, 3, wanted), 10, 22)
    radii *= min(1.0, 0.33 * min(shape) / 22)
    # The first lies well inside, so that no image is without a cell.
    centres = np.empty((wanted, 2))
    centres[0] = random.uniform(0.35, 0.65, 2) * shape
    placed = 1
    for _ in range(4 * wanted):
        if placed == wanted:
            break
        radius = radii[placed]
        if random.random() < clumping:
            friend = random.integers(placed)
            angle = random.uniform(0, 2 * np.pi)
            near = (radii[friend] + radius) * random.uniform(0.86, 0.97)
            centre = centres[friend] + near * np.array([np.sin(angle), np.cos(angle)])
        else:
            centre = random.uniform(0, 1, 2) * shape
        apart = np.hypot(*(centres[:placed] - centre).T)
        inside = (centre >= 0).all() and (centre < shape).all()
        if inside and (apart > 0.85 * (radii[:placed] + radius)).all():
            centres[placed] = centre
            placed += 1
    return centres[:placed], radii[:placed]


def _outline(
    random: np.random.Generator, shape: Shape, centres: NDArray[np.float64], radii: NDArray[np.float64]
) -> tuple[NDArray[np.int32], Field]:
    """Whose each pixel is, and how far inside its cell, from 0 at the outline to 1 in the middle."""
    least = min(1.0, 0.33 * min(shape) / 22)
    rows, columns = bent_grid(random, shape, (2.6 * least, 18), (0.35 * least, 6))
    owner = np.zeros(shape, np.int32)
    nearest = np.zeros(shape, np.float32)
    inward = np.zeros(shape, np.float32)
    for name, (centre, radius) in enumerate(zip(centres, radii, strict=True), start=1):
        # Most are nearly round, some long.
        stretch = np.sqrt(1 + random.gamma(1.6, 0.22))
        stretch = min(stretch, 1.5)
        box = window(shape, centre, radius * stretch + 8)
        along, across = rolled(random.uniform(0, np.pi), rows[box] - centre[0], columns[box] - centre[1])
        away = np.sqrt((along / np.float32(stretch)) ** 2 + (across * np.float32(stretch)) ** 2) / np.float32(radius)
        # Pixels from the outline, about. Two cells that reach for the same pixel meet halfway, along a nearly
        # straight front.
        outside = (away - 1) * np.float32(radius)
        closer = outside < nearest[box]
        nearest[box][closer] = outside[closer]
        owner[box][closer] = name
        inward[box][closer] = 1 - away[closer]
    return owner, inward


def _part(random: np.random.Generator, owner: NDArray[np.int32]) -> NDArray[np.int32]:
    """Some cells step back a pixel from those they touch: one pixel of background then lies between, or two."""
    steps_back = random.random(int(owner.max()) + 1) < 0.35
    none = np.where(owner == 0, np.iinfo(np.int32).max, owner)
    touching = (ndimage.maximum_filter(owner, 3) != owner) | (ndimage.minimum_filter(none, 3) != none)
    return np.where(touching & steps_back[owner] & (owner > 0), 0, owner)


def _light(random: np.random.Generator, shape: Shape, instances: NDArray[np.int32], inward: Field) -> Field:
    """What a perfect camera would see."""
    many = int(instances.max())
    # Faint to bright, as cells take up more or less of the stain.
    stain = np.exp(random.normal(0, 0.25, many + 1)).clip(0.7, 1.8).astype(np.float32)
    mottle = 0.12 * smooth_noise(random, shape, 2.2) + 0.13 * smooth_noise(random, shape, 5)
    spots = np.maximum(smooth_noise(random, shape, 3.6) - 1.1, 0)
    dome = 0.72 + 0.28 * np.sqrt(np.clip(2.2 * inward, 0, 1))
    body = np.where(instances > 0, stain[instances] * dome * np.clip(1 + mottle - 0.35 * spots, 0.35, 1.8), 0)
    glow: Field = body
    for _ in range(3):
        glow = ndimage.uniform_filter(glow, 13)
    # Cells out of focus, far above or below: in places as bright as cells, but never with an edge.
    haze = random.uniform(0.16, 0.32) * np.exp(np.tanh(0.7 * smooth_noise(random, shape, 60)))
    lamp = _lamp(random, shape)
    light: Field = lamp * (body + 0.10 * glow + haze)
    light *= np.float32(random.uniform(0.6, 0.95) / max(float(light.max()) * 0.85, 1e-6))
    return light


def _lamp(random: np.random.Generator, shape: Shape) -> Field:
    """Uneven light: brightest somewhere, falling to two thirds or so at the far end, with a slow wave on top."""
    height, width = shape
    centre = random.uniform(0, 1, 2)
    down = (np.arange(height, dtype=np.float32) / height - np.float32(centre[0]))[:, None]
    across = (np.arange(width, dtype=np.float32) / width - np.float32(centre[1]))[None, :]
    fall = np.float32(random.uniform(0.1, 0.4))
    return np.exp(-fall * (down**2 + across**2) + 0.08 * smooth_noise(random, shape, 80))
