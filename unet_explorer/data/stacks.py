"""A stack of images and one of labels as a data set: TIFFs with many pages, or arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from unet_explorer.core.config import shown
from unet_explorer.data.arrays import layers_of, one_hot
from unet_explorer.data.assembly import assembled
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.decoded import (
    Budget,
    DataError,
    DecodedImage,
    Planes,
    SizeCheck,
    read_bytes,
)
from unet_explorer.data.decoders import pages
from unet_explorer.data.meaning import meaning
from unet_explorer.data.reading import (
    Reading,
    channels_of,
    read_kind,
    read_path,
    size_check,
)
from unet_explorer.data.rule import Kind
from unet_explorer.whole import printable

__all__ = ["Source", "check_stacks", "from_stack", "stack_images", "stack_masks"]

Source: TypeAlias = str | os.PathLike[str] | ArrayLike | Sequence[ArrayLike]
"""The path of a TIFF, or pixels as an array or a list of arrays."""


def from_stack(  # noqa: PLR0913  # as from_folder
    images: Source,
    labels: Source,
    name: str = "stack",
    *,
    labels_are: Kind | None = None,
    planes: Planes | None = None,
    threshold: float | None = None,
    ignore: int | str | None = None,
    classes: Sequence[str] | None = None,
) -> Dataset:
    """Read a stack of images and one of labels, as microscopes write them and the ISBI challenge gives them.

    Images are scaled and labels understood as `from_folder` does; arrays keep the channels they have.

    Args:
        images: The path of a TIFF with N pages; or an array (N, height, width) or (N, height, width, channels); or a
            list of N arrays (height, width[, channels]).
        labels: The same, without channels; or one-hot, (N, height, width, classes) with one 1 a pixel.
        name: What to call the data set.
        labels_are: ``"classes"``, ``"objects"`` or ``"onehot"``, as `from_folder` has it with ``labels``.
        planes: As in `from_folder`; without it every page of a TIFF is an image, but for channels that it names.
        threshold: As in `from_folder`.
        ignore: As in `from_folder`.
        classes: Names of the classes, the background first; see `from_folder`.

    Raises:
        DataError: If images and labels do not go together, or a file cannot be read; it says why. It is a `ValueError`.

    Example:
        >>> data = from_stack(np.zeros((30, 64, 64), "uint8"), np.full((30, 64, 64), 255, "uint8"), "volume")
        >>> len(data), data.channels, int(data.labels[0].max())
        (30, 1, 1)
    """
    kind = read_kind(labels_are, "labels_are")
    reading = Reading.of(labels=kind, planes=planes, threshold=threshold, ignore=ignore, classes=classes)
    if not isinstance(name, (str, os.PathLike)):
        raise DataError(f"name={shown(name)} is not allowed: give text, what to call the data set.")
    try:
        layers, titles = stack_images(images, "images", reading)
        masks, names, seen = stack_masks(labels, "labels", reading)
        check_stacks(layers, masks)
        said = reading.said._replace(kind=reading.said.kind or seen)
        found = meaning(masks, names, reading.legend, said)
        return assembled(str(name), layers, found, titles, grey=False, notes=_sides(images))
    except DataError:
        raise
    except (OSError, MemoryError) as error:
        raise DataError(f"The stacks cannot be read ({error}). Look for room in memory and on the disk.") from None


def _sides(images: Source) -> tuple[str, ...]:
    """A note where the last side of an array may be meant to count the images, as MATLAB and nibabel have it."""
    shape: tuple[int, ...] = tuple(getattr(images, "shape", ()))
    if len(shape) != 3 or not shape[0] == shape[1] != shape[2]:
        return ()
    return (
        f"{shape[0]} images of {shape[1]} × {shape[2]} px were read. If it is the last side that counts them, give "
        "np.moveaxis(array, -1, 0) of images and labels.",
    )


def stack_images(source: Source, name: str, reading: Reading) -> tuple[list[DecodedImage], list[str]]:
    """The images of a stack, and a title for each."""
    budget = Budget()
    found: list[DecodedImage] = []
    for decoded in _layers(source, name, budget.take, reading):
        layer = decoded.image() if isinstance(source, (str, os.PathLike)) else decoded
        layer.check_finite(f"{name}, image {len(found) + 1}")
        budget.widen(channels_of(layer), name)
        found.append(layer)
    return found, [f"image {number}" for number in range(1, len(found) + 1)]


def stack_masks(source: Source, name: str, reading: Reading) -> tuple[list[DecodedImage], list[str], Kind | None]:
    """The masks, what to call them, and what their numbers are, where that can be seen."""
    layers = list(_layers(source, name, Budget().take, reading))
    kind: Kind | None = None
    if not isinstance(source, (str, os.PathLike)) and not reading.hot and (hot := one_hot(layers, name)):
        layers, kind = hot, "classes"
    names = [f"{name}, image {number}" for number in range(1, len(layers) + 1)]
    return reading.masks_of(layers, names), names, kind


def _layers(source: Source, name: str, check: SizeCheck, reading: Reading) -> Iterator[DecodedImage]:
    """One picture after the other, from a file or from arrays."""
    if isinstance(source, (str, os.PathLike)):
        path = read_path(source, name, "the path of a TIFF")
        name = name if name not in ("images", "labels") else printable(path.name or source)
        yield from islice(pages(read_bytes(path, name), name, check, reading.planes, stack=True), reading.limit)
        return
    if (
        not isinstance(source, np.ndarray)
        and not hasattr(source, "__array__")
        and not isinstance(source, (list, tuple))
    ):
        raise DataError(
            f"{name}={shown(source)} is not allowed: give the path of a TIFF, an array, or a list of arrays."
        )
    yield from layers_of(source, name, check)


def check_stacks(images: Sequence[DecodedImage], masks: Sequence[DecodedImage]) -> None:
    """Refuse images and masks that do not go together."""
    if len(images) != len(masks):
        raise DataError(f"{len(images):,} images, but {len(masks):,} labels: give one for each image.")
    for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1):
        height, width = mask.values.shape[:2]
        size_check(image, f"image {number}")(height, width, f"The label of image {number}")
