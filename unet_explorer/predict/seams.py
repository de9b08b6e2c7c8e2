"""A whole image predicted in tiles, held against the same image in one piece: what differs is a seam."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiling import Tiling
from unet_explorer.predict.scores import classes_of, probabilities
from unet_explorer.predict.standard import Standard
from unet_explorer.predict.tiles import predicted_tiles

if TYPE_CHECKING:
    import keras

__all__ = ["Seams", "seams", "tiled"]

_TOGETHER: Final = 1 << 16
"""Pixels that are given to the network at once, so that whoever asks for something else is heard soon."""
_FAINT: Final = 1e-3
"""A difference of probabilities up to which nothing is shown at full brightness."""


class Seams(NamedTuple):
    """What tiles changed.

    Attributes:
        flipped: Pixels whose class is another one.
        largest: The largest difference of a pixel's probabilities, 0 to 1.
        scale: The difference that is shown brightest.
        image: (height, width), square roots of the differences, from 0 to 255: a faint seam shall be seen as well.
    """

    flipped: int
    largest: float
    scale: float
    image: NDArray[np.uint8]


def tiled(model: keras.Model, image: NDArray[np.float32], tiling: Tiling) -> Iterator[int | NDArray[np.float32]]:
    """Predict an image, and let others have a turn after every tile.

    Yields:
        How many tiles are done; last the scores, (height, width, classes).
    """
    scores = np.empty((*tiling.image, tiling.config.num_classes), np.float32)
    batch = max(1, min(len(tiling), _TOGETHER // (tiling.tile[0] * tiling.tile[1])))
    for done, (tile, predicted) in enumerate(
        predicted_tiles(model, image, tiling, batch, Standard.none(image)), start=1
    ):
        scores[tile.write] = predicted
        yield done
    yield scores


def seams(tiled_scores: NDArray[np.float32], whole_scores: NDArray[np.float32], config: UNetConfig) -> Seams:
    """Compare two predictions of an image.

    Args:
        tiled_scores: Scores of the tiles, (height, width, classes).
        whole_scores: Scores of the image in one piece.
        config: The network.

    Example:
        >>> seams(np.array([[[0.0, 1.0]]], "float32"), np.array([[[1.0, 0.0]]], "float32"), UNetConfig()).flipped
        1
    """
    difference = np.abs(probabilities(tiled_scores, config) - probabilities(whole_scores, config)).max(axis=-1)
    flipped = int((classes_of(tiled_scores, config) != classes_of(whole_scores, config)).sum())
    largest = float(difference.max())
    scale = max(largest, _FAINT)
    return Seams(flipped, largest, scale, np.round(np.sqrt(difference / scale) * 255).astype(np.uint8))
