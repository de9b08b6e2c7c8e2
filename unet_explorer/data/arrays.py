"""Between arrays as they come and the arrays of a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.data.decoded import DataError, DecodedImage, SizeCheck

__all__ = ["check_order", "layers_of", "one_hot", "scaled", "together"]

MOST_CHANNELS: Final = 4
"""A side of so few pixels beside a larger one is that of channels."""

Number = TypeVar("Number", bound=np.generic)


def layers_of(source: Any, name: str, check: SizeCheck) -> Iterator[DecodedImage]:
    """The images of an array (N, height, width[, channels]), or of a list of N arrays.

    Args:
        source: The array or the list.
        name: What to call it in an error.
        check: Told height and width of each first; what it raises is passed on.

    Raises:
        DataError: If it is of another shape, or holds no numbers.

    Example:
        >>> [layer.values.shape for layer in layers_of(np.zeros((2, 8, 9, 1)), "images", lambda *size: None)]
        [(8, 9), (8, 9)]
    """
    if isinstance(source, (list, tuple)) and any(isinstance(part, (str, os.PathLike)) for part in source):
        raise DataError(
            f"{name} is a list of paths: give arrays, or the path of one TIFF with all of them. Folders of files are "
            "read by from_folder."
        )
    whole = _array(source, name) if not isinstance(source, (list, tuple)) else source
    if isinstance(whole, np.ndarray):
        check_order(whole.shape, name)
    if isinstance(whole, np.ndarray) and whole.ndim not in (3, 4):
        raise DataError(
            f"{name} has shape {whole.shape}: give (N, height, width) or (N, height, width, channels). "
            "One image alone becomes a stack with image[None]."
        )
    for number, part in enumerate(whole, start=1):
        where = f"{name}, image {number}"
        layer = _array(part, where)
        if layer.ndim not in (2, 3) or 0 in layer.shape:
            raise DataError(f"{where} has shape {layer.shape}: give (height, width) or (height, width, channels).")
        check(layer.shape[0], layer.shape[1], where)
        yield _decoded(layer if layer.ndim == 2 or layer.shape[2] > 1 else layer[..., 0])
    if not len(whole):
        raise DataError(f"{name} holds no image: give at least one.")


def check_order(shape: tuple[int, ...], name: str) -> None:
    """Refuse an array whose channels seem to come first, as PyTorch has them: (N, channels, height, width).

    Raises:
        DataError: If the second side is that of channels, and the last one is not.

    Example:
        >>> check_order((4, 48, 40, 3), "images")
        >>> check_order((4, 3, 48, 40), "images")
        Traceback (most recent call last):
        ...
        unet_explorer.data.decoded.DataError: images has shape (4, 3, 48, 40), ...
    """
    if len(shape) == 4 and shape[1] <= MOST_CHANNELS < shape[3]:
        raise DataError(
            f"{name} has shape {shape}, which looks like (N, channels, height, width): here the channels come last. "
            "Give np.moveaxis(array, 1, -1)."
        )


def one_hot(layers: list[DecodedImage], name: str) -> list[DecodedImage] | None:
    """Labels with a channel for each class as the class of every pixel; None where they are of another kind.

    Args:
        layers: (height, width[, channels]) each, from arrays.
        name: What to call them in an error.

    Raises:
        DataError: If they have channels, and are neither one-hot nor colours.

    Example:
        >>> one_hot([DecodedImage(np.eye(4)[[[0, 3]]], None)], "labels")[0].values.tolist()
        [[0, 3]]
    """
    if all(layer.values.ndim == 2 for layer in layers):
        return None
    if all(layer.values.ndim == 3 and _is_one_hot(layer.values) for layer in layers):
        return [DecodedImage(np.argmax(layer.values, axis=-1), None) for layer in layers]
    for number, layer in enumerate(layers, start=1):
        if layer.values.ndim == 3 and (layer.values.shape[-1] != 3 or layer.values.dtype != np.uint8):
            raise DataError(
                f"{name}, image {number}, has {layer.values.shape[-1]} channels: give the class of each pixel, "
                "(N, height, width). Of one-hot labels or of probabilities np.argmax(labels, axis=-1) makes that."
            )
    return None


def _is_one_hot(values: NDArray[Any]) -> bool:
    return bool(((values == 0) | (values == 1)).all() and (values.sum(axis=-1) == 1).all())


def _array(source: Any, name: str) -> NDArray[Any]:
    try:
        array = np.asarray(source)
    except Exception:  # noqa: BLE001  # foreign objects may fail in any way when asked for their numbers
        raise DataError(f"{name}={shown(source)} is no array of numbers: give one.") from None
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} holds {array.dtype}, not real numbers: give 8 or 16 bits, or floats.")
    return array


def _decoded(values: NDArray[Any]) -> DecodedImage:
    if values.dtype == np.bool_:
        return DecodedImage(values.astype(np.uint8), 1)
    return DecodedImage(values, {"uint8": 255, "uint16": 65535}.get(values.dtype.name))


def scaled(images: Sequence[DecodedImage]) -> NDArray[np.float32] | tuple[NDArray[np.float32], ...]:
    """All images from 0 to 1 in 32-bit floats, with as many channels as the one that has most.

    Args:
        pictures: (height, width[, channels]) each, finite. Where `top` is known it becomes 1; else numbers stay
            if all lie within 0 to 1, and if not, the smallest of all images becomes 0 and the largest 1.

    Example:
        >>> images = [DecodedImage(np.array([[5.0, 6.0]]), None), DecodedImage(np.array([[9.0, 7.0]]), None)]
        >>> scaled(images).ravel().tolist()
        [0.0, 0.25, 1.0, 0.5]
    """
    low, high = _range([decoded.values for decoded in images if decoded.top is None])
    channels = max(1 if decoded.values.ndim == 2 else decoded.values.shape[-1] for decoded in images)

    def one(decoded: DecodedImage) -> NDArray[np.float32]:
        if decoded.top is not None:
            values = decoded.values / np.float32(decoded.top)
        elif low >= 0 and high <= 1:
            values = decoded.values
        else:
            # Halves, for the difference of two large floats may be beyond the largest.
            half = decoded.values.astype(np.float64) * 0.5
            values = (half - low * 0.5) / max(high * 0.5 - low * 0.5, np.finfo(float).tiny)
        image = values.astype(np.float32)
        return image if image.ndim == 3 else np.repeat(image[..., None], channels, axis=-1)

    sizes = {decoded.values.shape[:2] for decoded in images}
    if len(sizes) > 1:
        return tuple(one(decoded) for decoded in images)
    every = np.empty((len(images), *sizes.pop(), channels), np.float32)
    for place, decoded in enumerate(images):
        every[place] = one(decoded)
    return every


def _range(arrays: Sequence[NDArray[Any]]) -> tuple[float, float]:
    return (
        min((float(values.min()) for values in arrays), default=0.0),
        max((float(values.max()) for values in arrays), default=1.0),
    )


def together(parts: Sequence[NDArray[Number]]) -> NDArray[Number] | tuple[NDArray[Number], ...]:
    """One array if all are of one size, else each by itself.

    Example:
        >>> together([np.zeros((2, 3)), np.ones((2, 3))]).shape
        (2, 2, 3)
    """
    return np.stack(parts) if len({part.shape for part in parts}) == 1 else tuple(parts)
