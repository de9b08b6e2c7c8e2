"""A data set as Cellpose wants it: each image beside its masks, one folder to learn from and one to test on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.weights import regions
from unet_explorer.export.stored import Bits, names_of, stored
from unet_explorer.whole import printable

__all__ = ["write_cellpose"]


def write_cellpose(folder: Path, dataset: Dataset, bits: Bits) -> tuple[str, ...]:
    """Write ``train/`` and ``test/`` into a new folder, ``NAME.tif`` beside ``NAME_masks.tif`` in each.

    Images are split as `Dataset.split` does, so that a network of this package is examined on the same ones; a single
    image is all to learn from. Where the set does not tell objects apart, each connected region of a class is one.

    Args:
        folder: An empty folder.
        dataset: Images and objects.
        bits: In which its images are stored.

    Returns:
        What is worth knowing, in sentences.

    Raises:
        ValueError: If there are pixels of which nothing is known: Cellpose would learn that they are background.
    """
    _refuse_unknown(dataset)
    parts = dataset.split() if len(dataset) > 1 else (dataset,)
    for folder_name, part in zip(("train", "test"), parts, strict=False):
        (folder / folder_name).mkdir()
        for place, stem in enumerate(names_of(part.titles)):
            _write_image(folder / folder_name / f"{stem}.tif", stored(np.asarray(part.images[place]), bits))
            objects = _objects(part, place)
            kind = np.uint16 if objects.max(initial=0) < 2**16 else np.uint32
            masks = objects.astype(kind)
            tifffile.imwrite(folder / folder_name / f"{stem}_masks.tif", masks, photometric="minisblack", metadata=None)
    return tuple(_notes(dataset, len(parts[-1]) if len(parts) > 1 else 0))


def _write_image(path: Path, pixels: NDArray[Any]) -> None:
    channels = pixels.shape[-1]
    if channels == 1:
        tifffile.imwrite(path, np.ascontiguousarray(pixels[..., 0]), photometric="minisblack", metadata=None)
    elif channels == 3:
        tifffile.imwrite(path, np.ascontiguousarray(pixels), photometric="rgb", metadata=None)
    else:
        # As ImageJ writes channels; nobody takes them for slices then.
        planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
        tifffile.imwrite(path, planes, imagej=True, metadata={"axes": "CYX"})


def _refuse_unknown(dataset: Dataset) -> None:
    sides = [height * width for height, width in dataset.sizes]
    lost = [size - int(row.sum()) for size, row in zip(sides, dataset.pixels, strict=True)]
    unknown = [printable(title) for title, count in zip(dataset.titles, lost, strict=True) if count]
    if unknown:
        some = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
        raise ValueError(
            f"{sum(lost):,} pixels of {some} are unknown (-1), and Cellpose cannot leave pixels out: it would learn "
            "that they are background. Give them a class, or leave these images out with dataset.take([…]); "
            'layout="nnunet" keeps what is unknown.'
        )


def _objects(dataset: Dataset, place: int) -> NDArray[Any]:
    if dataset.instances is None:
        return regions(np.asarray(dataset.labels[place]))
    numbers: NDArray[Any] = np.maximum(np.asarray(dataset.instances[place]), 0)
    return numbers


def _notes(dataset: Dataset, tested: int) -> Iterator[str]:
    if dataset.instances is None:
        yield (
            "The set does not tell objects apart: each connected region of a class counts as one object, so that "
            "objects that touch are one."
        )
    if len(dataset.classes) > 2:
        yield f"Cellpose tells objects apart, not classes: {', '.join(dataset.classes[1:])} are all objects."
    if tested and not dataset.validation:
        yield f"{tested} of {len(dataset)} images lie in test, the same that the package keeps back to examine on."
