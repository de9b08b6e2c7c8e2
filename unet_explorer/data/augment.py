"""Tiles to learn from: drawn at any position, mirrored beyond the border, turned, bent and brightened.

Every variation is one answer to one question: *where in the image does each pixel of the tile come from?* So all of
them together cost one look-up, and the label of a pixel always comes from where the pixel comes from.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.core.config import Flag, knob, read_knobs
from unet_explorer.data.dataset import Image, Labels

__all__ = ["Augmentation", "Drawn", "Source", "draw_tile"]

GRID: Final = 3
"""The elastic deformation is given by random vectors on a grid of so many points a side."""
STRENGTH: Final = 10.0
"""The standard deviation of these vectors, in pixels (Ronneberger et al. 2015, section 3.1)."""
CONTRAST, BRIGHTNESS = 0.3, 0.3
"""Standard deviations of the grey values' logarithmic gain and of their offset, for images with contrast 1, at each
point of such a grid: light is uneven, and out-of-focus light adds to it."""

Coordinates: TypeAlias = NDArray[np.float64]
"""(2, height, width): row and column of the image that each pixel of a tile comes from."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Which variations are used, as in the paper (section 3.1).

    Args:
        shifts: Tiles lie at any position; without it they lie edge to edge.
        rotations: By any angle.
        flips: Mirrored, half of the time.
        grey: Brightness and contrast vary, smoothly across the tile.
        elastic: Smoothly bent, by random vectors on a 3 × 3 grid with standard deviation 10 px.
        inverted: Bright and dark exchanged, half of the time: for images where objects are dark in some and bright in
            others. The paper does without, and so does whoever does not ask for it.

    Raises:
        ValueError: If one is not True or False.

    Example:
        >>> Augmentation(elastic=False).elastic
        False
    """

    shifts: bool = knob(True, Flag())
    rotations: bool = knob(True, Flag())
    flips: bool = knob(True, Flag())
    grey: bool = knob(True, Flag())
    elastic: bool = knob(True, Flag())
    inverted: bool = knob(False, Flag())

    def __post_init__(self) -> None:
        read_knobs(self)

    @classmethod
    def none(cls) -> Augmentation:
        """Tiles as they lie in the image, edge to edge."""
        return cls(**dict.fromkeys((each.name for each in fields(cls)), False))

    def to_dict(self) -> dict[str, bool]:
        """The choices as plain words, ready for JSON."""
        return asdict(self)


class Source(NamedTuple):
    """An image to draw tiles from, with all that belongs to its pixels."""

    image: Image
    labels: Labels
    weights: NDArray[np.float32] | None = None


class Drawn(NamedTuple):
    """A tile, the labels of the part of it that the network predicts, and their weights."""

    tile: Image
    labels: Labels
    weights: NDArray[np.float32] | None


def draw_tile(
    rng: np.random.Generator,
    source: Source,
    tile: tuple[int, int],
    output: tuple[int, int],
    augmentation: Augmentation | None = None,
) -> Drawn:
    """Draw one tile, and the labels of its centre.

    What a tile sees beyond the border of the image is the image mirrored (Ronneberger et al. 2015, figure 2).

    Args:
        rng: Where chance comes from.
        source: The image, normalised, with its labels.
        tile: (height, width) of the tile in pixels.
        output: (height, width) that the network predicts, in the middle of the tile.
        augmentation: Which variations are used; all, if left out.

    Example:
        >>> image = np.arange(36, dtype="float32").reshape(6, 6, 1)
        >>> drawn = draw_tile(np.random.default_rng(0), Source(image, image[..., 0].astype(int)), (6, 6), (2, 2))
        >>> drawn.tile.shape, drawn.labels.shape
        ((6, 6, 1), (2, 2))
    """
    augmentation = augmentation or Augmentation()
    height, width = source.labels.shape
    middle = _middle(rng, (height, width), output, augmentation.shifts)
    where = _offsets(rng, tile, augmentation)
    where += np.array(middle)[:, None, None]
    inner = where[(slice(None), *_centre(tile, output))]
    image = np.stack([_look_up(channel, where, 1) for channel in np.moveaxis(source.image, -1, 0)], axis=-1)
    if augmentation.grey:
        gain, offset = np.exp(_field(rng, CONTRAST, tile)), _field(rng, BRIGHTNESS, tile)
        image = (image * gain[..., None] + offset[..., None]).astype(np.float32)
    if augmentation.inverted and rng.random() < 0.5:
        # Around the mean of the whole image, which is 0.
        image = -image
    weights = None if source.weights is None else _look_up(source.weights, inner, 1)
    return Drawn(image, _look_up(source.labels, inner, 0), weights)


def _look_up(plane: NDArray[Any], where: Coordinates, order: Literal[0, 1]) -> NDArray[Any]:
    sampled: NDArray[Any] = ndimage.map_coordinates(plane, where, order=order, mode="mirror")
    return sampled


def _centre(tile: tuple[int, int], output: tuple[int, int]) -> tuple[slice, slice]:
    """The part of a tile that is predicted."""
    first = [(whole - part) // 2 for whole, part in zip(tile, output, strict=True)]
    return slice(first[0], first[0] + output[0]), slice(first[1], first[1] + output[1])


def _middle(
    rng: np.random.Generator, size: tuple[int, int], output: tuple[int, int], anywhere: bool
) -> tuple[float, float]:
    """Where in the image the middle of the output lies; the output stays inside as far as there is room."""
    places = []
    for whole, part in zip(size, output, strict=True):
        room = max(0, whole - part)
        # Edge to edge; the last one is moved back to end with the image.
        first = int(rng.integers(room + 1)) if anywhere else min(room, part * int(rng.integers(-(-whole // part))))
        places.append(first + (min(whole, part) if whole < part else part) / 2 - 0.5)
    return places[0], places[1]


def _offsets(rng: np.random.Generator, tile: tuple[int, int], augmentation: Augmentation) -> Coordinates:
    """Row and column from the middle of the tile to where each of its pixels comes from."""
    down, across = (np.arange(side) - (side - 1) / 2 for side in tile)
    offsets = np.stack(np.meshgrid(down, across, indexing="ij"))
    if augmentation.elastic:
        offsets += _field(rng, STRENGTH, (2, *tile))
    if augmentation.flips:
        offsets *= rng.choice([-1.0, 1.0], (2, 1, 1))
    if augmentation.rotations:
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        offsets = np.tensordot(turn, offsets, 1)
    return offsets


def _field(rng: np.random.Generator, spread: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """(…, height, width): random numbers on a grid of 3 × 3, bicubic in between."""
    *many, height, width = shape
    grid = rng.normal(0, spread, (*many, GRID, GRID))
    field: NDArray[np.float64] = _spline(height) @ grid @ _spline(width).T
    return field


@lru_cache(maxsize=64)
def _spline(side: int) -> NDArray[np.float64]:
    """(side, 3): how much each of the grid's three rows counts at every pixel, by cubic interpolation."""
    places = np.linspace(0, GRID - 1, side)[None]
    shares = [ndimage.map_coordinates(row, places, order=3, mode="mirror") for row in np.eye(GRID)]
    return np.stack(shares, axis=-1)
