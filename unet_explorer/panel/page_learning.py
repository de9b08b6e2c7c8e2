"""What a network learns from in a page: a small design, and a few made images."""

from __future__ import annotations

import base64
import gzip
from dataclasses import replace
from typing import Any, Final

import numpy as np

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.data.made import made_set
from unet_explorer.panel.page_network import run_steps

__all__ = ["learning_for_page"]

CONFIG: Final = UNetConfig(depth=2, base_filters=4)
"""7,402 numbers: some ten steps a second without a graphics card."""
_TILE: Final = 76
_IMAGES: Final = 8
_VALIDATION: Final = 2
_SIDE: Final = 128
_RECIPE: Final = {"rate": 4e-3, "batch": 2, "steps": 300, "steps_per_epoch": 20}
"""Adam's learning rate, tiles per batch, how many steps, and after how many it is examined."""


def learning_for_page() -> dict[str, Any]:
    """A design with its steps, linear and with the ReLU before the loss that is widely copied, and images with labels.

    Images are packed in 4 bits and labels in 1, gzipped, as base64; the last ones are kept to examine the network on.

    Example:
        >>> told = learning_for_page()
        >>> told["images"], told["validation"], list(told["heads"])
        (8, 2, ['linear', 'relu'])
    """
    made = made_set("cells", _IMAGES, size=_SIDE)
    images = np.stack([_four_bits(np.asarray(image, np.float32)[..., 0]) for image in made.images])
    pairs = images.reshape(-1, 2)
    labels = np.stack([np.asarray(each) > 0 for each in made.labels])
    packed = ((pairs[:, 0] << 4) | pairs[:, 1]).astype(np.uint8).tobytes() + np.packbits(labels).tobytes()
    return {
        "config": CONFIG.to_dict(),
        "tile": _TILE,
        "whole": tile_for_output(CONFIG, _SIDE),
        "heads": {head: run_steps(replace(CONFIG, head_activation=head)) for head in ("linear", "relu")},
        "name": made.name,
        "classes": list(made.classes),
        "side": _SIDE,
        "images": _IMAGES,
        "validation": _VALIDATION,
        # The same images are the same bytes, whenever they are packed.
        "packed": base64.b64encode(gzip.compress(packed, 9, mtime=0)).decode(),
        **_RECIPE,
    }


def _four_bits(image: Any) -> Any:
    low, high = float(image.min()), float(image.max())
    return np.round((image - low) * (15 / (high - low))).astype(np.uint8)
