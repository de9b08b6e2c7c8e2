"""Neural tissue under an electron microscope, made up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.made.canvas import (
    Field,
    Painting,
    Shape,
    around,
    bent_grid,
    expose,
    paint_set,
    rolled,
    smooth_noise,
    window,
)

__all__ = ["membranes"]

APART = 28
"""Pixels between the points that regions grow from."""
LEAD = 19
"""Pixels by which some of the points reach farther than others, at most."""
SMALLEST = 30
"""Pixels of the smallest region."""
JOINED = 0.35
"""Share of the points that join the region of a neighbour."""
HALF_WALL = 2.25
"""Pixels from the middle of a wall to its side, mostly."""
MARGIN = 24
"""Pixels around the image that its bent walls may come from."""


def membranes(count: int = 24, size: int | tuple[int, int] = 256, seed: int = 0) -> Dataset:
    """Nerve fibres cut across, as in serial section electron microscopy: dark walls around closed regions.

    After the ISBI 2012 challenge that the U-Net became known by. Walls wobble, are 3 to 7 px thick, sharp or washed
    out where the cut runs along them. Regions hold grain, vesicles and mitochondria; those are as dark as the walls
    but no walls, so darkness alone does not tell: a network has to learn that a wall goes on and closes.

    Every region is an instance; a wall is none. Regions of the same image never touch.

    Args:
        count: How many images, 1 to 10,000.
        size: Side of the images in pixels, or (height, width); 16 to 4096. Regions stay as large as they are;
            larger images show more of them.
        seed: The same seed gives the same images; the k-th does not depend on how many are asked for.

    Returns:
        Images in one channel, classes "inside" and "membrane".

    Raises:
        ValueError: If count, size or seed is not allowed.

    Example:
        >>> data = membranes(2, size=64)
        >>> data.images.shape, data.classes
        ((2, 64, 64, 1), ('inside', 'membrane'))
        >>> bool(((data.instances == 0) == (data.labels == 1)).all())
        True
    """
    return paint_set("membranes", ("inside", "membrane"), _paint, count, size, seed)


def _paint(random: np.random.Generator, shape: Shape, _: int) -> Painting:
    depth: Field = _middle(random, shape)
    depth -= HALF_WALL * np.exp(0.15 * smooth_noise(random, shape, 22))
    instances = _large(ndimage.label(depth > 0)[0])
    if instances.all() or not instances.any():  # A small image may see but the end of a wall, or a knot of them.
        depth = _far_from(_crossing(shape))
        depth -= HALF_WALL
        instances = _large(ndimage.label(depth > 0)[0])
    labels = instances == 0
    depth[labels] = 0
    light = _tissue(random, shape)
    _add_vesicles(random, light, depth)
    _add_mitochondria(random, light, depth)
    # From the labels, so that the walls a network sees are those it is told. Some are washed out in places.
    stain = np.clip(0.78 + 0.2 * smooth_noise(random, shape, 24), 0.4, 1)
    light += np.where(labels, stain * (0.15 - light), 0)
    light *= 1 + 0.06 * smooth_noise(random, shape, 90)
    blur, photons = random.uniform(0.8, 1.1), random.uniform(80, 200)
    return expose(random, light, blur, photons, read_noise=0.02), labels, instances


def _middle(random: np.random.Generator, shape: Shape) -> Field:
    """Pixels from the middle of the nearest wall."""
    owner = _regions(random, (shape[0] + 2 * MARGIN, shape[1] + 2 * MARGIN))
    # Straight walls, looked at through a bent grid.
    rows, columns = bent_grid(random, shape, (7, 60), (2.6, 20), (0.6, 7))
    owner = owner[
        np.clip(np.rint(rows).astype(np.intp) + MARGIN, 0, owner.shape[0] - 1),
        np.clip(np.rint(columns).astype(np.intp) + MARGIN, 0, owner.shape[1] - 1),
    ]
    edge = np.zeros(shape, bool)
    edge[1:] |= owner[1:] != owner[:-1]
    edge[:, 1:] |= owner[:, 1:] != owner[:, :-1]
    # A small image may lie in one region.
    return _far_from(edge if edge.any() else _crossing(shape))


def _far_from(edge: NDArray[np.bool_]) -> Field:
    """Pixels from an edge; smooth, so that regions are round in their corners."""
    return ndimage.gaussian_filter(ndimage.distance_transform_edt(~edge).astype(np.float32), 2, truncate=2.5)


def _crossing(shape: Shape) -> NDArray[np.bool_]:
    """A wall across an image that would show none."""
    edge = np.zeros(shape, bool)
    edge[shape[0] // 2] = True
    return edge


def _regions(random: np.random.Generator, shape: Shape) -> NDArray[np.int32]:
    """The plane divided among points on a shaken lattice; what belongs to a chain or clump of points is one region."""
    down, across = (side // APART + 2 for side in shape)
    lattice = np.stack(np.meshgrid(np.arange(down), np.arange(across), indexing="ij"), axis=-1)
    points = ((lattice + random.uniform(-0.42, 0.42, lattice.shape)) * APART).reshape(-1, 2)
    names = _chained(random, down, across)
    owner = np.zeros(shape, np.int32)
    nearest = np.full(shape, np.inf, np.float32)
    rows, columns = np.arange(shape[0], dtype=np.float32)[:, None], np.arange(shape[1], dtype=np.float32)[None, :]
    # A point with a lead wins pixels that are nearer to others: thick fibres among thin ones.
    leads = random.uniform(0, LEAD**2, len(points)).astype(np.float32)
    for point, name, lead in zip(points.astype(np.float32), names, leads, strict=True):
        # No pixel is farther from the nearest point than half the diagonal of the lattice and the shake, 1.31.
        box = window(shape, point, np.hypot(1.31 * APART, LEAD))
        away = (rows[box[0]] - point[0]) ** 2 + (columns[:, box[1]] - point[1]) ** 2 - lead
        closer = away < nearest[box]
        nearest[box][closer] = away[closer]
        owner[box][closer] = name
    return owner


def _large(pieces: NDArray[np.integer]) -> NDArray[np.integer]:
    """Regions numbered anew, without those too small to be seen as such: a clot of membrane is left of them."""
    keep = np.bincount(pieces.ravel()) >= SMALLEST
    keep[0] = False
    names = np.where(keep, np.cumsum(keep), 0)
    large: NDArray[np.integer] = names[pieces]
    return large


def _chained(random: np.random.Generator, down: int, across: int) -> NDArray[np.intp]:
    """For each point the region it belongs to: many thin fibres, a few thick ones, some long."""
    names = np.arange(1, down * across + 1)
    for place in random.permutation(names.size)[: int(JOINED * names.size)]:
        row, column = divmod(int(place), across)
        step_down, step_across = ((0, 1), (1, 0), (0, -1), (-1, 0))[random.integers(4)]
        row, column = row + step_down, column + step_across
        if 0 <= row < down and 0 <= column < across:
            names[place] = names[row * across + column]
    return names


def _tissue(random: np.random.Generator, shape: Shape) -> Field:
    """Cytoplasm: grey, grainy, with darker threads."""
    threads = np.exp(-((smooth_noise(random, shape, 5) / 0.16) ** 2)) * (smooth_noise(random, shape, 14) > 0.4)
    tissue: Field = (
        random.uniform(0.58, 0.68)
        + 0.035 * smooth_noise(random, shape, 30)
        + 0.05 * smooth_noise(random, shape, 2)
        + 0.03 * smooth_noise(random, shape, 4)
        - 0.13 * threads
    )
    return tissue


def _add_vesicles(random: np.random.Generator, light: Field, depth: Field) -> None:
    """Rings a few pixels wide, in swarms."""
    swarm = smooth_noise(random, light.shape, 25) > 0.9
    inside = np.zeros(light.shape, bool)
    inside[4:-4, 4:-4] = (swarm & (depth > 3))[4:-4, 4:-4]
    centres = _choose(random, inside, every=30)[:, :, None, None]  # (n, 2, 1, 1)
    rows, columns = np.mgrid[-4:5, -4:5]
    radius = random.uniform(1.7, 2.6, (len(centres), 1, 1))
    rings = 0.62 - 0.32 * np.exp(-(((np.hypot(rows, columns) - radius) / 0.8) ** 2))  # (n, 9, 9)
    np.minimum.at(light, (centres[:, 0] + rows, centres[:, 1] + columns), rings.astype(np.float32))


def _add_mitochondria(random: np.random.Generator, light: Field, depth: Field) -> None:
    """Long dark bodies with a darker skin and stripes across, each well inside a region."""
    drawn = np.empty((0, 2))
    for centre in _choose(random, depth > 7, every=300):
        if (np.hypot(*(drawn - centre).T) < 22).any():
            continue
        drawn = np.vstack([drawn, centre])
        room = float(depth[centre[0], centre[1]])
        wide = min(room - 1.5, random.uniform(6, 11))
        long = wide * random.uniform(1.2, 2.2)
        box = window(light.shape, centre, long + 4)
        along, across = rolled(random.uniform(0, np.pi), *around(box, centre))
        wave = np.float32(random.uniform(0, 6))
        across = across + np.sin(along / 5 + wave)
        inside = (1 - np.sqrt((along / np.float32(long)) ** 2 + (across / np.float32(wide)) ** 2)) * np.float32(wide)
        inside = np.minimum(inside, depth[box] - 2)
        body = np.clip(inside + 0.5, 0, 1)
        skin = np.exp(-(((inside - 0.8) / 0.9) ** 2))
        stripes = 0.5 + 0.5 * np.sin(2 * np.pi * along / np.float32(random.uniform(3.5, 5)) + wave + 0.3 * across)
        tone = random.uniform(0.2, 0.34) + 0.12 * stripes - 0.14 * skin
        light[box] += body * (tone - light[box])


def _choose(random: np.random.Generator, where: NDArray[np.bool_], every: int) -> NDArray[np.intp]:
    """Random pixels (n, 2) of those allowed: one for so many."""
    places = np.flatnonzero(where)
    chosen = random.choice(places, len(places) // every) if len(places) else places
    return np.stack(np.unravel_index(chosen, where.shape), axis=-1)
