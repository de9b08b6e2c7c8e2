"""A data set as nnU-Net v2 wants it: imagesTr, labelsTr, dataset.json, and splits_final.json where it has one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from PIL import Image as Picture

from unet_explorer.data.dataset import Dataset
from unet_explorer.export.stored import Bits, names_of, stored

__all__ = ["write_nnunet"]

_READER: Final = "NaturalImage2DIO"
"""What of nnU-Net reads PNG and TIFF of two dimensions."""
_BACKGROUND, _IGNORE = "background", "ignore"


def write_nnunet(folder: Path, dataset: Dataset, bits: Bits) -> tuple[str, ...]:
    """Write the raw data set into a new folder.

    Every channel is a file of its own, but for colours of 8 bits, which share one. All images are training cases, for
    nnU-Net splits them itself; where the set has its own validation images, ``splits_final.json`` says so, which
    nnU-Net takes over when it plans.

    Args:
        folder: An empty folder.
        dataset: Images and classes.
        bits: In which its images are stored.

    Returns:
        What is worth knowing, in sentences.
    """
    ending = ".png" if bits == "uint8" else ".tif"
    names, (unknown, labels) = names_of(dataset.titles), _labels(dataset)
    for part in ("imagesTr", "labelsTr"):
        (folder / part).mkdir()
    for stem, image, classes in zip(names, dataset.images, dataset.labels, strict=True):
        pixels = stored(np.asarray(image), bits)
        planes = [pixels] if _in_colour(dataset, bits) else list(np.moveaxis(pixels, -1, 0))
        for number, plane in enumerate(planes):
            _write(folder / "imagesTr" / f"{stem}_{number:04}{ending}", plane)
        classes = np.asarray(classes).astype(np.int64)
        numbers = np.where(classes < 0, labels.get(_IGNORE, 0), classes)
        kind = np.uint8 if max(labels.values()) < 256 else np.uint16
        _write(folder / "labelsTr" / f"{stem}{ending}", numbers.astype(kind))
    told = {
        "channel_names": {str(number): channel for number, channel in enumerate(_channels(dataset))},
        "labels": labels,
        "numTraining": len(dataset),
        "file_ending": ending,
        "overwrite_image_reader_writer": _READER,
        "name": dataset.name,
        "licence": dataset.licence,
    }
    _write_json(folder / "dataset.json", told)
    if dataset.validation:
        cut = len(names) - dataset.validation
        _write_json(folder / "splits_final.json", [{"train": names[:cut], "val": names[cut:]}])
    return tuple(_notes(dataset, labels, unknown))


def _in_colour(dataset: Dataset, bits: Bits) -> bool:
    return dataset.channels == 3 and bits == "uint8"


def _channels(dataset: Dataset) -> list[str]:
    if dataset.channels == 3:
        return ["R", "G", "B"]
    return ["grey"] if dataset.channels == 1 else [f"channel {number + 1}" for number in range(dataset.channels)]


def _labels(dataset: Dataset) -> tuple[int, dict[str, int]]:
    """How many pixels are unknown, and the number of each class; unknown ones have the highest."""
    known = dataset.pixels
    unknown = sum(height * width for height, width in dataset.sizes) - int(known.sum())
    used = np.flatnonzero(known.sum(axis=0))
    count = max(len(dataset.classes), int(used[-1]) + 1 if len(used) else 0, 2)
    labels = {_BACKGROUND: 0}
    for number in range(1, count):
        name = dataset.classes[number] if number < len(dataset.classes) else ""
        free = bool(name.strip()) and name not in labels and name != _IGNORE
        labels[name if free else f"class {number} {name}".strip()] = number
    if unknown:
        labels[_IGNORE] = count
    return unknown, labels


def _notes(dataset: Dataset, labels: dict[str, int], unknown: int) -> Iterator[str]:
    if dataset.classes and dataset.classes[0] != _BACKGROUND:
        yield f"nnU-Net calls class 0 background; here it is {dataset.classes[0]}."
    renamed = [f"{old} is {new}" for new, old in zip(labels, dataset.classes, strict=False) if new != old][:8]
    renamed = [each for each in renamed if not each.endswith(f"is {_BACKGROUND}")]
    if renamed:
        yield f"Names that nnU-Net keeps for itself, or that occur twice, were changed: {', '.join(renamed)}."
    if unknown:
        yield f"{unknown:,} pixels of which nothing is known have the label {labels[_IGNORE]}, called ignore."
    if dataset.instances is not None:
        yield "nnU-Net learns classes: which object a pixel belongs to was left out."


def _write(path: Path, pixels: Any) -> None:
    if path.suffix == ".png":
        Picture.fromarray(np.ascontiguousarray(pixels)).save(path)
    else:
        tifffile.imwrite(path, np.ascontiguousarray(pixels), photometric="minisblack", metadata=None)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=True) + "\n", "utf-8")
