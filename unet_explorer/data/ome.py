"""Images of OME-Zarr: the level, the plane and the channels that are meant, left in their folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from unet_explorer.data.axes import ChosenPlanes, Said, choose, names_of, preview
from unet_explorer.data.decoded import DataError, listed
from unet_explorer.data.multiscales import Multiscales
from unet_explorer.data.opened import OpenedImage
from unet_explorer.data.pixel_size import size_at
from unet_explorer.data.zarr_files import open_zarr
from unet_explorer.whole import printable

__all__ = ["open_group"]


def open_group(zarr: Any, folder: Path, name: str, found: Multiscales, said: Said) -> OpenedImage:
    """The image in a group of OME-Zarr, of which nothing but the wanted parts will be read.

    Args:
        zarr: The package.
        folder: Of the group.
        name: What to call it in an error.
        found: What the group says of itself.
        said: What was said of the image.

    Raises:
        DataError: If what it says is not what it holds, or it is not said which plane is meant.
    """
    count, level = len(found.levels), said.level or 0
    if level >= count:
        there = f"level=0 to level={count - 1}" if count > 1 else "one level, level=0"
        raise DataError(f"level={level} is not allowed: {name} has {there}.")
    array = _level(zarr, folder, name, found, level)
    if level:
        _check_smaller(array.shape, _level(zarr, folder, name, found, 0).shape, found, name)

    def read(place: dict[str, int]) -> NDArray[Any]:
        return preview(_level(zarr, folder, name, found, count - 1), found.letters, place)

    picked = choose(array.shape, found.letters, said, name, found.channels, read)
    image = OpenedImage(ChosenPlanes(array, *picked), name)
    image.pixel, image.channels = size_at(found, level), names_of(picked[2], found.channels)
    return image


def _level(zarr: Any, folder: Path, name: str, found: Multiscales, level: int) -> Any:
    path = found.levels[level].path
    # An array that is missing is told as such: what is read below would say that it is a group.
    if not any((folder / path / head).is_file() for head in ("zarr.json", ".zarray")):
        raise DataError(f"{name} names {printable(path)} as level {level}, which is no array in it. Save it again.")
    array = open_zarr(zarr, folder / path, f"{name}/{printable(path)}", folder)
    if len(array.shape) != len(found.letters) or 0 in array.shape:
        raise DataError(
            f"{name} has axes {listed(found.names)}, and its level {level} has shape {array.shape}: they do not go "
            "together. Save it again."
        )
    return array


def _check_smaller(shape: Sequence[int], finest: Sequence[int], found: Multiscales, name: str) -> None:
    for letter, side, full in zip(found.letters, shape, finest, strict=True):
        if side > full or (letter in "tc" and side != full):
            raise DataError(
                f"{name} has a level of shape {tuple(shape)} below one of shape {tuple(finest)}: no smaller copy of "
                "it. Save it again."
            )
