"""What a network learns from in a page: two designs to choose from, and a few made images."""

from __future__ import annotations

import base64
import gzip
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

import numpy as np

from unet_explorer.core.config import PRESETS, UNetConfig
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.core.trace import trace
from unet_explorer.data.made import made_set
from unet_explorer.learning.map_grid import GRID
from unet_explorer.learning.recipe import SUGGESTED_RATE
from unet_explorer.panel.page_network import cells_of, run_steps

__all__ = ["learning_for_page"]

CONFIG: Final = UNetConfig(depth=2, base_filters=4)
"""7,402 numbers: some ten steps a second without a graphics card."""
_TILE: Final = 76
_IMAGES: Final = 8
_VALIDATION: Final = 2
_SIDE: Final = 128
_RECIPE: Final = {"steps": 300, "steps_per_epoch": 20}
"""How many steps, and after how many it is examined."""


def learning_for_page() -> dict[str, Any]:
    """Designs with their steps, linear and with the ReLU before the loss that is widely copied, and images with labels.

    Images are packed in 4 bits and labels in 1, gzipped, as base64; the last ones are kept to examine the network on.

    Example:
        >>> told = learning_for_page()
        >>> told["images"], told["validation"], list(told["designs"]), list(told["designs"]["small"]["heads"])
        (8, 2, ['small', 'classroom'], ['linear', 'relu'])
    """
    made = made_set("cells", _IMAGES, size=_SIDE)
    images = np.stack([_four_bits(np.asarray(image, np.float32)[..., 0]) for image in made.images])
    pairs = images.reshape(-1, 2)
    labels = np.stack([np.asarray(each) > 0 for each in made.labels])
    packed = ((pairs[:, 0] << 4) | pairs[:, 1]).astype(np.uint8).tobytes() + np.packbits(labels).tobytes()
    large = PRESETS["classroom"]
    return {
        "designs": {
            "small": _design(CONFIG, _TILE, rate=4e-3, batch=2, wants=""),
            # 2 s a step without a graphics card: nobody waits ten minutes for a page.
            "classroom": _design(large.config, large.tile, rate=SUGGESTED_RATE["adam"], batch=1, wants="webgpu"),
        },
        "grid": GRID,
        "name": made.name,
        "classes": list(made.classes),
        "side": _SIDE,
        "images": _IMAGES,
        "validation": _VALIDATION,
        # The same images are the same bytes, whenever they are packed.
        "packed": base64.b64encode(gzip.compress(packed, 9, mtime=0)).decode(),
        **_RECIPE,
    }


def _design(config: UNetConfig, tile: int, rate: float, batch: int, wants: str) -> dict[str, Any]:
    """A design to be taught: with Adam's learning rate, tiles per batch, and the device without which it is slow."""
    whole = tile_for_output(config, _SIDE)
    made = {head: run_steps(replace(config, head_activation=head)) for head in ("linear", "relu")}
    # What both heads share is sent once.
    shared = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(*made.values(), strict=True))))
    return {
        "config": config.to_dict(),
        "tile": tile,
        "output": trace(config, tile).output.height,
        "whole": whole,
        "predicted": trace(config, whole).output.height,
        "parameters": trace(config, tile).parameters,
        "shared": made["linear"][:shared],
        "heads": {head: steps[shared:] for head, steps in made.items()},
        "cells": cells_of(config),
        "rate": rate,
        "batch": batch,
        "wants": wants,
    }


def _four_bits(image: Any) -> Any:
    low, high = float(image.min()), float(image.max())
    return np.round((image - low) * (15 / (high - low))).astype(np.uint8)
