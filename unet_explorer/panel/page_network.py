"""A network that runs in a page: its steps, its weights in 16 bits, and a few images."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, plan
from unet_explorer.data.views import in_grey
from unet_explorer.export.network import Network, shapes
from unet_explorer.learning.map_grid import GRID, cell_of
from unet_explorer.predict.standard import Standard

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset, Image

__all__ = ["PageNetwork", "cells_of", "fits_a_page", "network_for_page", "run_steps"]

MOST: Final = 1_000_000
"""Numbers that the weights of a network in a page may have: 2.7 bytes each in the file."""
_IMAGES: Final = 3
_SIDE: Final = 240
"""Pixels a side of an image that is put into a page, at most: of a larger one its middle."""
_ROOM: Final = _IMAGES * _SIDE * _SIDE
"""Bytes of all images together; but one there is in any case."""


class PageNetwork(NamedTuple):
    """A network as a page holds it.

    Attributes:
        told: What is sent as JSON: steps, images, classes.
        weights: All arrays in the order of Keras, IEEE 754 halves with the low byte first, as base64.
    """

    told: dict[str, Any]
    weights: str


def fits_a_page(config: UNetConfig) -> bool:
    """Whether a network is small enough to be put into a page.

    Example:
        >>> from unet_explorer.core.config import PRESETS
        >>> [fits_a_page(PRESETS[name].config) for name in ("classroom", "paper")]
        [True, False]
    """
    return _numbers(config) <= MOST


def _numbers(config: UNetConfig) -> int:
    return sum(step.parameters for step in plan(config))


def run_steps(config: UNetConfig) -> list[dict[str, Any]]:
    """The steps of a network, with all that is needed to compute them.

    Example:
        >>> run_steps(UNetConfig(depth=1))[0]["shapes"]
        [[3, 3, 1, 64], [64]]
    """
    known = laws(config)
    return [
        {
            "name": step.name,
            "op": step.op,
            "inputs": list(step.inputs),
            "channels": step.channels,
            "kernel": step.kernel,
            "padding": step.padding,
            "activation": step.activation,
            "crop": crop(step, known),
            "shapes": [list(shape) for shape in shapes(step)],
        }
        for step in plan(config)
    ]


def cells_of(config: UNetConfig) -> dict[str, int]:
    """Pixels of the screen that each map of a step has a side, by the step's name; and the tile's.

    Example:
        >>> cells_of(UNetConfig(depth=1))["head"]
        96
    """
    return {step.name: cell_of(step.channels) for step in plan(config)} | {TILE: cell_of(config.in_channels)}


def network_for_page(network: Network, images: Dataset | None = None) -> PageNetwork:
    """A trained network, to be put into a page.

    Args:
        network: What `read_network` gives.
        images: Where those are from that are shown.

    Raises:
        ValueError: If it is too large for a page.
    """
    config, session = network.config, network.session
    if not fits_a_page(config):
        raise ValueError(
            f"This network has {_numbers(config):,} numbers, and a page holds up to {MOST:,}: give one with fewer "
            "filters, or save it with save_model."
        )
    best = session.history.best if session is not None else None
    told = {
        "config": config.to_dict(),
        "steps": run_steps(config),
        "cells": cells_of(config),
        "grid": GRID,
        "prepared": network.prepared,
        "at": best.step if best is not None else 0,
        "summary": _summary(best.step if best is not None else None),
        "classes": _classes(config, images),
        "images": [] if images is None else images_for_page(images, config.in_channels, network.prepared),
    }
    return PageNetwork(told, base64.b64encode(_halves(network)).decode())


def usual_images(config: UNetConfig) -> Dataset | None:
    """Made images for a network that brings none; None where they have other channels than it takes."""
    from unet_explorer.data.made import made_set

    images = made_set("cells", _IMAGES, size=_SIDE)
    return images if {images.channels, config.in_channels} <= {1, 3} else None


def _summary(steps: int | None) -> str:
    if steps is None:
        return "as it was given, its weights in 16 bits"
    return f"after {steps:,} step{'' if steps == 1 else 's'} of training (its best state), its weights in 16 bits"


def _classes(config: UNetConfig, images: Dataset | None) -> list[str]:
    if images is not None and len(images.classes) == config.num_classes:
        return list(images.classes)
    return [f"class {number}" for number in range(config.num_classes)]


def _halves(network: Network) -> bytes:
    """All numbers in 16 bits.

    Raises:
        ValueError: If one is too large for them.
    """
    with np.errstate(over="ignore"):
        halves = np.concatenate([array.ravel() for array in network.flat]).astype("<f2")
    if not np.isfinite(halves).all():
        raise ValueError("The network holds numbers beyond 65,504, which 16 bits cannot say: train it for longer.")
    return halves.tobytes()


def images_for_page(dataset: Dataset, channels: int, prepared: bool) -> list[dict[str, Any]]:
    """The first few images in 8 bits, with what the network wants to be taken off and divided by.

    Args:
        dataset: Where they are from.
        channels: How many the network takes. Images of others are made grey or coloured; what cannot be is left out.
        prepared: Whether it was taught with images of mean 0 and standard deviation 1.
    """
    made: list[dict[str, Any]] = []
    room = _ROOM
    for number in range(min(_IMAGES, len(dataset))):
        image = _in_channels(np.asarray(dataset.images[number], np.float32), channels)
        if image is None:
            continue
        told, size = _image_for_page(image, f"{dataset.name}, {dataset.titles[number]}", prepared)
        if made and size > room:
            break
        room -= size
        made.append(told)
    return made


def _in_channels(image: Image, channels: int) -> Image | None:
    has = image.shape[2]
    if has == channels:
        return image
    if (has, channels) == (3, 1):
        return in_grey(image)
    return np.repeat(image, 3, axis=2) if (has, channels) == (1, 3) else None


def _image_for_page(image: Image, title: str, prepared: bool) -> tuple[dict[str, Any], int]:
    low, high = float(image.min()), float(image.max())
    factor = 255 / (high - low) if high > low else 1.0
    bytes_: NDArray[np.uint8] = np.round((image - low) * factor).astype(np.uint8)
    # As the network is given it: the whole image counts, whatever part of it is shown.
    standard = Standard.of(bytes_) if prepared else None
    channels = image.shape[2]
    middle = standard.middle.tolist() if standard else [-low * factor] * channels
    spread = np.broadcast_to(standard.spread, channels).tolist() if standard else [factor] * channels
    top, left = (max(0, (side - _SIDE) // 2) for side in image.shape[:2])
    part = np.ascontiguousarray(bytes_[top : top + _SIDE, left : left + _SIDE])
    told = {
        "title": title,
        "height": part.shape[0],
        "width": part.shape[1],
        "channels": channels,
        "pixels": base64.b64encode(part.tobytes()).decode(),
        "middle": middle,
        "spread": spread,
    }
    return told, part.size
