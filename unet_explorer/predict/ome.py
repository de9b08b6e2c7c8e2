"""A prediction as OME-Zarr 0.5, written block by block by several processes, with coarser levels for those who look."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.data.zarr_files import needed_zarr, writable_zarr
from unet_explorer.predict.ngff import (
    IMAGES,
    KINDS,
    VERSION,
    axes_of,
    channels_of,
    image_label,
    multiscales,
    sides_of_levels,
)
from unet_explorer.predict.scores import classes_of, probabilities
from unet_explorer.whole import printable

__all__ = [
    "IMAGES",
    "array_of",
    "create",
    "is_ours",
    "put_numbers",
    "put_scores",
    "pyramid",
    "pyramid_steps",
    "sides_of_levels",
]

_OURS: Final = "unet_explorer"
"""Under which name we say what we wrote."""


def create(
    folder: Path,
    shape: tuple[int, int],
    save: str,
    config: UNetConfig,
    chunk: tuple[int, int] = (512, 512),
    classes: Sequence[str] = (),
    pixel: PixelSize | None = None,
) -> None:
    """Make the folder of a prediction: all that is said of it, and arrays without a number in them.

    Of probabilities, the image has a channel a class, and the mask is a label image of it. Of a mask, it is the image,
    too; of objects, there are their numbers as well.

    Args:
        folder: Where; it must not be there.
        shape: (height, width) in pixels.
        save: ``"probabilities"``, ``"mask"`` or ``"objects"``.
        config: The network.
        chunk: (height, width) of the pieces that are written independently.
        classes: Names of all classes from 0 on, or nothing.
        pixel: How large a pixel is, where that is known.

    Raises:
        ValueError: If `save` is none of these.
        FileExistsError: If the folder is there.
        DataError: If the package zarr is missing.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "a.ome.zarr"
        >>> create(folder, (600, 2000), "mask", UNetConfig(), (256, 256))
        >>> [array_of(folder, "mask", level).shape for level in range(3)]
        [(600, 2000), (300, 1000), (150, 500)]
    """
    if save not in IMAGES:
        raise ValueError(f"save={save!r} is not allowed: give {', '.join(map(repr, IMAGES))}.")
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(f"{printable(folder.name)} is there already: give another name.")
    zarr = needed_zarr(folder.name)
    count = max(2, config.num_classes)
    ours = {"save": save, "config": config.to_dict(), "chunk": list(chunk), "classes": list(classes)}
    names = list(classes) or [f"class {number}" for number in range(count)]
    labels = [place.removeprefix("labels/") for place in IMAGES[save].values() if place]
    for kind, place in IMAGES[save].items():
        said: dict[str, Any] = {"version": VERSION, "multiscales": [multiscales(kind, shape, pixel)]}
        if place:
            said["image-label"] = image_label(names, numbered=kind == "objects")
        else:
            said["omero"] = {"channels": channels_of(kind, names, config.num_classes)}
        _group(zarr, folder / place, {"ome": said} | ({} if place else {_OURS: ours}))
        if not place:
            _group(zarr, folder / "labels", {"ome": {"version": VERSION, "labels": labels}})
        for level, sides in enumerate(sides_of_levels(shape)):
            _array(zarr, folder / place, level, sides, kind, (*chunk, config.num_classes))


def _group(zarr: Any, folder: Path, attributes: dict[str, Any]) -> None:
    zarr.create_group(str(folder), zarr_format=3, attributes=attributes)


def _array(zarr: Any, folder: Path, level: int, sides: tuple[int, int], kind: str, chunk: tuple[int, int, int]) -> None:
    deep = kind == "probabilities"
    pieces = (min(chunk[0], sides[0]), min(chunk[1], sides[1]))
    zarr.create_array(
        str(folder / str(level)),
        shape=(chunk[2], *sides) if deep else sides,
        # Programs show one channel at a time.
        chunks=(1, *pieces) if deep else pieces,
        dtype=KINDS[kind],
        fill_value=0,
        zarr_format=3,
        dimension_names=axes_of(kind),
    )


def is_ours(folder: Path) -> bool:
    """Whether a folder was made by `create`, whole or not, so that it may be replaced.

    Example:
        >>> is_ours(Path("/nowhere"))
        False
    """
    try:
        return "save" in _said(folder)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _said(folder: Path) -> dict[str, Any]:
    if folder.is_symlink() or not (folder / "zarr.json").is_file():
        raise OSError
    said: dict[str, Any] = json.loads((folder / "zarr.json").read_bytes())["attributes"][_OURS]
    return said


def array_of(folder: Path, kind: str, level: int = 0, *, write: bool = False) -> Any:
    """An array of a folder that `create` has made.

    Args:
        folder: The folder.
        kind: ``"mask"``, ``"objects"``, ``"probabilities"``, or ``"image"``: the mask as the image itself.
        level: 0 is the finest.
        write: Whether something will be written to it.

    Returns:
        Of Zarr: (height, width), or (classes, height, width).

    Raises:
        ValueError: If there is none of the kind.
    """
    images = IMAGES[_said(folder)["save"]]
    if kind not in images:
        raise ValueError(f"{kind!r} is not in {printable(folder.name)}: it holds {', '.join(images)}.")
    zarr = needed_zarr(folder.name)
    place = folder / images[kind] / str(level)
    return writable_zarr(zarr, place) if write else zarr.open_array(str(place), mode="r")


def put_scores(
    folder: Path, place: tuple[slice, slice], scores: NDArray[np.float32], config: UNetConfig
) -> NDArray[np.uint8]:
    """Write what the scores of a block say, wherever it belongs. Written twice, it is the same.

    Args:
        folder: Made by `create`.
        place: Rows and columns: whole chunks, so that no other process writes to one of them.
        scores: (height, width, classes), as the network gives them.
        config: The network.

    Returns:
        (height, width), the class of every pixel.

    Raises:
        ValueError: If the block is no whole chunks.
    """
    labels = classes_of(scores, config)
    images = IMAGES[_said(folder)["save"]]
    if "probabilities" in images:
        shares = np.moveaxis(probabilities(scores, config), -1, 0)
        _put(array_of(folder, "probabilities", write=True), place, shares)
    for kind in ("image", "mask"):
        if kind in images:
            _put(array_of(folder, kind, write=True), place, labels)
    return labels


def put_numbers(folder: Path, place: tuple[slice, slice], numbers: NDArray[np.uint32]) -> None:
    """Write the numbers of the objects of a block, as `put_scores` writes their classes.

    Args:
        folder: Made by `create` with ``save="objects"``.
        place: Rows and columns: whole chunks.
        numbers: (height, width), in the whole image.

    Raises:
        ValueError: If the block is no whole chunks, or the folder has no objects.
    """
    _put(array_of(folder, "objects", write=True), place, numbers)


def _put(array: Any, place: tuple[slice, slice], values: NDArray[Any]) -> None:
    sides = zip(place, array.chunks[-2:], array.shape[-2:], strict=True)
    if any(part.start % step or (part.stop % step and part.stop != side) for part, step, side in sides):
        raise ValueError(
            f"Rows and columns {place} are no whole chunks of {array.chunks[-2:]} pixels: two processes would write to "
            "one of them."
        )
    array[(Ellipsis, *place)] = values


def pyramid_steps(folder: Path) -> list[list[tuple[int, tuple[int, int]]]]:
    """What is to be done once all of the finest level is written: for each coarser level, all arguments of `pyramid`.

    Those of one level may be done in any order, and by several processes, once the level before is whole.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "a.ome.zarr"
        >>> create(folder, (600, 2000), "mask", UNetConfig(), (512, 512))
        >>> pyramid_steps(folder)
        [[(1, (0, 0)), (1, (0, 1))], [(2, (0, 0))]]
    """
    said = _said(folder)
    first = next(iter(IMAGES[said["save"]]))
    levels = sides_of_levels(array_of(folder, first).shape[-2:])
    return [
        [
            (level, (row, column))
            for row in range(math.ceil(sides[0] / said["chunk"][0]))
            for column in range(math.ceil(sides[1] / said["chunk"][1]))
        ]
        for level, sides in enumerate(levels)
        if level
    ]


def pyramid(folder: Path, level: int, block: tuple[int, int]) -> None:
    """Compute one chunk of a coarser level from the level before, of every image in the folder.

    A pixel is the mean of four where it is a probability, and the upper left of four where it is a class or a number.
    It takes memory for five chunks. Done twice, it is the same.

    Args:
        folder: Made by `create`, the level before whole.
        level: From 1 on.
        block: Row and column of the chunk, counted in chunks.
    """
    said = _said(folder)
    chunk = said["chunk"]
    for kind in IMAGES[said["save"]]:
        fine, coarse = array_of(folder, kind, level - 1), array_of(folder, kind, level, write=True)
        rows, columns = (
            slice(number * step, min((number + 1) * step, side))
            for number, step, side in zip(block, chunk, coarse.shape[-2:], strict=True)
        )
        below = (slice(2 * rows.start, 2 * rows.stop), slice(2 * columns.start, 2 * columns.stop))
        if kind != "probabilities":
            coarse[rows, columns] = fine[below][::2, ::2]
            continue
        for number in range(coarse.shape[0]):
            coarse[number, rows, columns] = _mean(fine[(number, *below)])


def _mean(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each four pixels; what lies beyond an odd side is what lies before it."""
    filled = np.pad(part, [(0, side % 2) for side in part.shape], mode="edge")
    halves = (filled[::2] + filled[1::2]) / 2
    means: NDArray[np.float32] = ((halves[:, ::2] + halves[:, 1::2]) / 2).astype(np.float32)
    return means
