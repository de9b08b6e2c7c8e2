"""Between arrays as they come and the arrays of a data set."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.data.decoded import PLANES, DataError, DecodedImage, Planes, Question, SizeCheck, thumbnail
from unet_explorer.data.limits import Limits, limits_of, sampled

__all__ = [
    "check_mask",
    "check_order",
    "decoded_array",
    "layers_of",
    "one_hot",
    "plain_layers",
    "scaled",
    "scaled_image",
    "together",
]

MOST_CHANNELS: Final = 4
"""A side of so few pixels beside a larger one is that of channels."""

_DIM: Final = 1 / 255
"""An image that is nowhere brighter than this would show nothing at all."""

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
        yield decoded_array(layer)
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


def check_mask(array: Any, name: str) -> None:
    """Refuse an array of NumPy's that hides some of its numbers: they would be taken as if they were shown.

    Raises:
        DataError: If any is hidden.

    Example:
        >>> check_mask(np.zeros(3), "images")
    """
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        hidden = int(np.count_nonzero(np.ma.getmaskarray(array)))
        raise DataError(
            f"{name}={shown(array)} is a masked array, and {hidden:,} of its numbers are hidden: say what they are, "
            "with array.filled(0) or what else stands for them."
        )


def _array(source: Any, name: str) -> NDArray[Any]:
    check_mask(source, name)
    try:
        array = np.asarray(source)
    except Exception:  # noqa: BLE001  # foreign objects may fail in any way when asked for their numbers
        raise DataError(f"{name}={shown(source)} is no array of numbers: give one.") from None
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} holds {array.dtype}, not real numbers: give 8 or 16 bits, or floats.")
    return array


def decoded_array(values: NDArray[Any]) -> DecodedImage:
    """An image (height, width[, channels]) from an array; 8 and 16 bits say what is white.

    Example:
        >>> decoded_array(np.zeros((2, 3, 1), "uint8")).values.shape
        (2, 3)
    """
    values = values if values.ndim == 2 or values.shape[2] > 1 else values[..., 0]
    if values.dtype == np.bool_:
        return DecodedImage(values.astype(np.uint8), 1)
    return DecodedImage(values, {"uint8": 255, "uint16": 65535}.get(values.dtype.name))


def plain_layers(
    array: NDArray[Any], name: str, check: SizeCheck, planes: Planes | None, *, stack: bool
) -> Iterator[NDArray[Any]]:
    """The images of an array that somebody saved, (height, width[, channels]) each.

    Args:
        array: (height, width), or with channels behind; with another axis it must be said what that is.
        name: What to call it in an error.
        check: Told height and width of each first; what it raises is passed on.
        planes: What lies along another axis.
        stack: Whether it is known to be a stack, (N, height, width[, channels]).

    Raises:
        DataError: If that is not said, or it holds no numbers.

    Example:
        >>> [part.shape for part in plain_layers(np.zeros((5, 8, 9)), "a.npy", print, "images", stack=False)]
        8 9 a.npy, image 1
        8 9 a.npy, image 2
        8 9 a.npy, image 3
        8 9 a.npy, image 4
        8 9 a.npy, image 5
        [(8, 9), (8, 9), (8, 9), (8, 9), (8, 9)]
    """
    if array.dtype.kind not in "buif":
        raise DataError(f"{name} holds {array.dtype}, not real numbers: save 8 or 16 bits, or floats.")
    if array.ndim == 3 and not stack:
        if planes == "channels":
            array = np.moveaxis(array, 0, -1) if array.shape[0] < array.shape[-1] else array
        elif planes is None and not array.shape[-1] <= MOST_CHANNELS < array.shape[0]:
            raise _unsaid(array, name)
        if planes is None or planes == "channels":
            array = array[None]
    elif array.ndim == 2:
        array = array[None]
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise DataError(f"{name} has shape {array.shape}: save (height, width) or (height, width, channels).")
    for number, layer in enumerate(array, start=1):
        check(layer.shape[0], layer.shape[1], name if len(array) == 1 else f"{name}, image {number}")
        yield layer


def _unsaid(array: NDArray[Any], name: str) -> DataError:
    step = max(1, -(-len(array) // 8))
    shown = tuple(thumbnail(DecodedImage(layer, None)) for layer in array[::step] if layer.size)
    return DataError(
        f"{name} has shape {array.shape}, and does not say what lies along which side. Say it: "
        'planes="channels" for channels of one image, or planes="images" for images one after the other.',
        Question("planes", tuple(PLANES.items()), shown),
    )


def scaled(images: Sequence[DecodedImage]) -> NDArray[np.float32] | tuple[NDArray[np.float32], ...]:
    """All images from 0 to 1 in 32-bit floats, with as many channels as the one that has most; see `scaled_image`.

    Args:
        images: (height, width[, channels]) each, finite.

    Example:
        >>> images = [DecodedImage(np.array([[5.0, 6.0]]), None), DecodedImage(np.array([[90.0, 70.0]]), None)]
        >>> scaled(images).ravel().tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    channels = max(1 if decoded.values.ndim == 2 else decoded.values.shape[-1] for decoded in images)
    sizes = {decoded.values.shape[:2] for decoded in images}
    if len(sizes) > 1:
        return tuple(scaled_image(decoded, channels)[0] for decoded in images)
    every = np.empty((len(images), *sizes.pop(), channels), np.float32)
    for place, decoded in enumerate(images):
        every[place] = scaled_image(decoded, channels)[0]
    return every


def scaled_image(decoded: DecodedImage, channels: int = 1) -> tuple[NDArray[np.float32], int]:
    """An image from 0 to 1, (height, width, channels), and how many of its pixels hold numbers that are none.

    Where full brightness is known it becomes 1. Other numbers stay if the image fills a good part of 0 to 1; if not,
    its smallest becomes 0 and its largest 1, reckoned in 64 bits. What lies far beyond all others, as NoData and hot
    pixels do, counts as the nearest of the others first; see `limits.limits_of`.

    Args:
        decoded: (height, width[, channels]), finite.
        channels: How many there shall be, where the image is grey.

    Example:
        >>> image, beyond = scaled_image(DecodedImage(np.array([[-3.4e38, 2e-9, 4e-9, 6e-9]]), None))
        >>> image.ravel().tolist(), beyond
        ([0.0, 0.0, 0.5, 1.0], 1)
    """
    values = decoded.values if decoded.values.ndim == 3 else decoded.values[..., None]
    beyond = 0
    if decoded.top is not None:
        image: NDArray[Any] = values / np.float32(decoded.top)
    else:
        limits: Limits = limits_of(sampled(values))
        beyond = limits.beyond(values)
        numbers = limits.clipped(values)
        low, high = float(numbers.min()), float(numbers.max())
        if low < 0 or high > 1 or high < _DIM:
            # Halves, for the difference of two large floats may be beyond the largest.
            half = high * 0.5 - low * 0.5
            numbers = (numbers * 0.5 - low * 0.5) / (half if half > 0 else 1.0)
        image = numbers
    single: NDArray[np.float32] = image.astype(np.float32)
    return (single if single.shape[-1] > 1 else np.repeat(single, channels, axis=-1)), beyond


def together(parts: Sequence[NDArray[Number]]) -> NDArray[Number] | tuple[NDArray[Number], ...]:
    """One array if all are of one size, else each by itself.

    Example:
        >>> together([np.zeros((2, 3)), np.ones((2, 3))]).shape
        (2, 2, 3)
    """
    return np.stack(parts) if len({part.shape for part in parts}) == 1 else tuple(parts)
