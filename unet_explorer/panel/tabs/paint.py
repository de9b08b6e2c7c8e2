"""Arrays as the browser paints them: bytes, with their height and width."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.augment import Augmentation, Source, draw_tile
from unet_explorer.data.dataset import Dataset, Image, normalize
from unet_explorer.data.weights import class_weights, weight_map

__all__ = ["gallery", "label_bytes", "picture"]

_SIDE: Final = 128
"""Pixels a side of the pictures that show the variations."""
_VARIATIONS: Final = {
    "shifts": "shifted",
    "rotations": "rotated",
    "flips": "flipped",
    "grey": "grey values",
    "elastic": "elastic",
    "inverted": "inverted",
}
_INVERTING: Final = 2
"""A seed that does invert: it happens half of the time only."""


def picture(image: Image, title: str, **more: Any) -> dict[str, Any]:
    """An image as the browser paints it: 8 bits, grey or RGB, stretched to its darkest and brightest pixel.

    Example:
        >>> picture(np.array([[[0.0], [0.5]]], "float32"), "dark")["pixels"]
        b'\\x00\\xff'
    """
    pixels = np.asarray(image, np.float32)
    if pixels.shape[-1] not in {1, 3}:
        pixels = pixels.mean(axis=-1, keepdims=True)
    low, high = float(pixels.min()), float(pixels.max())
    scaled = (pixels - low) * (255 / (high - low) if high > low else 0)
    height, width, channels = pixels.shape
    size = {"title": title, "height": height, "width": width, "channels": channels}
    return {**size, "pixels": np.round(scaled).astype(np.uint8).tobytes(), **more}


def label_bytes(labels: NDArray[Any]) -> bytes:
    """The class of every pixel, a byte each, row by row."""
    return bytes(np.minimum(labels, 255).astype(np.uint8).tobytes())


def gallery(dataset: Dataset, side: int = _SIDE) -> list[dict[str, Any]]:
    """One part of the first image as it is, under each variation, under all, and its weight map.

    Args:
        dataset: The images.
        side: Pixels a side that are shown; less, if the image is smaller.
    """
    image, labels = np.asarray(dataset.images[0]), np.asarray(dataset.labels[0])
    tile = min(side, labels.shape[0]), min(side, labels.shape[1])
    weights = weight_map(
        labels, dataset.instances[0] if dataset.instances is not None else None, class_weights(dataset)
    )
    source = Source(normalize(image), labels, weights)
    none = Augmentation.none().to_dict()
    plain = draw_tile(np.random.default_rng(0), source, tile, tile, Augmentation.none())
    shown = [picture(plain.tile, "as it is", labels=label_bytes(plain.labels))]
    for name, title in _VARIATIONS.items():
        seed = _INVERTING if name == "inverted" else 0
        drawn = draw_tile(np.random.default_rng(seed), source, tile, tile, Augmentation(**{**none, name: True}))
        # Not stretched anew, or grey values would look as they were.
        range_ = (float(plain.tile.min()), float(plain.tile.max())) if name == "grey" else (0.0, 0.0)
        shown.append(_in_range(drawn.tile, title, label_bytes(drawn.labels), range_))
    drawn = draw_tile(np.random.default_rng(1), source, tile, tile, Augmentation(inverted=True))
    shown.append(picture(drawn.tile, "all together", labels=label_bytes(drawn.labels)))
    assert plain.weights is not None
    low, high = plain.weights.min(), plain.weights.max()
    shown.append(picture(plain.weights[..., None], f"weights, {low:.1f} to {high:.1f}", kind="weights"))
    return shown


def _in_range(image: Image, title: str, labels: bytes, range_: tuple[float, float]) -> dict[str, Any]:
    low, high = range_
    if high <= low:
        return picture(image, title, labels=labels)
    clipped = np.clip((image - low) / (high - low), 0, 1)
    shown = picture(clipped, title, labels=labels)
    shown["pixels"] = (
        np.round(255 * clipped).astype(np.uint8).tobytes() if clipped.shape[-1] in {1, 3} else shown["pixels"]
    )
    return shown
