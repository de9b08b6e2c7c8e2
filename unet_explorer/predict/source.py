"""What is predicted: an image that parts can be asked for, in the channels that the network takes."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

import numpy as np

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.data.arrays import check_mask
from unet_explorer.data.decoded import DataError
from unet_explorer.data.lazy import open_image
from unet_explorer.data.views import in_grey

__all__ = ["read_image"]

_SMALL: Final = 1 << 29
"""Bytes of a picture from a file that may be looked at as a whole."""


def read_image(image: Any, config: UNetConfig) -> Any:
    """What parts can be asked for, of a shape that the network can be given.

    Args:
        image: (height, width) or (height, width, channels): an array, whatever gives parts of itself, or a file's path.
        config: The network.

    Raises:
        ValueError: If it is no image, or has other channels; it says what to do.

    Example:
        >>> read_image([[1, 2]], UNetConfig()).shape
        (1, 2)
    """
    if isinstance(image, (str, os.PathLike)):
        image = _in_channels(_opened(image), config.in_channels)
    try:
        np.dtype(image.dtype)
        known = hasattr(image, "shape") and hasattr(image, "__getitem__")
    except (AttributeError, TypeError):
        known = False
    image = image if known else _as_array(image)
    check_mask(image, "image")
    if any(side != side for side in image.shape):
        raise ValueError("The image is an array of Dask of unknown size: image.compute_chunk_sizes() finds it out.")
    shape, kind = tuple(image.shape), np.dtype(image.dtype)
    if kind.kind not in "biuf":
        raise ValueError(f"The image holds {kind}: give whole or real numbers, such as image.astype('float32').")
    if len(shape) not in {2, 3} or 0 in shape:
        raise ValueError(f"The image has shape {shape}: give (height, width) or (height, width, channels).")
    channels = shape[2] if len(shape) == 3 else 1
    if channels != config.in_channels:
        colours = channels > config.in_channels
        hint = f"image[..., :{config.in_channels}] takes the first" if colours else "repeat what there is"
        if (channels, config.in_channels) == (3, 1):
            hint = "image @ [0.299, 0.587, 0.114] makes grey of colours, as from_folder(…, grey=True) does"
        if colours and getattr(image, "channels", None):
            hint = "open_image(path, channel=0) takes one of them, channel=[0, 1] several, by number or name"
        alpha = "; the fourth of RGBA says how to show a pixel, not what was measured" if channels == 4 else ""
        raise ValueError(
            f"The image has {channels} channel{'' if channels == 1 else 's'}, the network takes {config.in_channels}: "
            f"{hint}{alpha}."
        )
    return image


def _opened(path: str | os.PathLike[str]) -> Any:
    """The image in a file; what must be said of it first is said to `open_image`."""
    try:
        return open_image(path)
    except DataError as error:
        if error.question is None:
            raise
        raise DataError(f"{error} Then predict what open_image gives: predict_image(model, open_image(…)).") from None


def _as_array(image: Any) -> Any:
    if isinstance(image, (list, tuple)) or hasattr(image, "__array__"):
        # Rows of several lengths; and foreign objects fail in their own ways.
        with contextlib.suppress(Exception):
            return np.asarray(image)
    raise ValueError(f"image={shown(image)} is not allowed: give an array, (height, width[, channels]), or a path.")


def _in_channels(image: Any, channels: int) -> Any:
    """A picture from a file as `from_folder` reads it: grey may be stored as colour, and colour be wanted in grey."""
    has = image.shape[2] if image.ndim == 3 else 1
    # Which of channels that were measured one by one is meant is not guessed.
    measured = getattr(image, "channels", None) is not None and has > 1
    if has == channels or measured or getattr(image, "nbytes", _SMALL + 1) > _SMALL:
        return image
    image = np.asarray(image)
    if image.ndim == 2 and channels == 3:
        return np.repeat(image[..., None], 3, axis=2)
    if image.ndim == 3 and image.shape[2] == 3 and channels == 1:
        alike = (image == image[..., :1]).all()
        return image[..., 0] if alike else in_grey(image)[..., 0]
    return image
