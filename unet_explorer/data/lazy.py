"""Images that are too large for the memory: opened, and read part by part."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np

from unet_explorer.data.arrays import MOST_CHANNELS
from unet_explorer.data.axes import Said
from unet_explorer.data.decoded import (
    LARGEST_FILE,
    DataError,
    DecodedImage,
    Planes,
    Question,
    read_bytes,
    thumbnail,
)
from unet_explorer.data.decoders import pages
from unet_explorer.data.guard import check_npy
from unet_explorer.data.multiscales import holds_zarr, read_multiscales
from unet_explorer.data.ome import open_group
from unet_explorer.data.opened import OpenedImage, mapped
from unet_explorer.data.reading import read_path, read_planes
from unet_explorer.data.tiff import MAGIC, image_count, outline
from unet_explorer.data.tiff_axes import by_axes, in_place, is_plain, opened_series
from unet_explorer.data.tiff_pages import open_tiff
from unet_explorer.data.words import own_words
from unet_explorer.data.zarr_files import needed_zarr, open_zarr, zarr_package
from unet_explorer.whole import printable

__all__ = ["open_image"]

_TIFF: Final = frozenset({".tif", ".tiff"})
_MOST_SHOWN: Final = 24


def open_image(
    path: str | os.PathLike[str],
    *,
    planes: Planes | None = None,
    plane: int | None = None,
    level: int | None = None,
    channel: int | str | Sequence[int | str] | None = None,
    z: int | None = None,
    t: int | None = None,
) -> Any:
    """An image whose parts are read when they are asked for.

    Args:
        path: A TIFF (read in place if it is not compressed; piece by piece if it is, with the package ``zarr``), a
            ``.npy`` file, or a folder of Zarr: an array, or an image of OME-Zarr 0.4 or 0.5. Any other picture, and a
            compressed TIFF where there is no ``zarr``, is read as a whole.
        planes: ``"channels"``, where a file holds several planes, or bands, and does not say that these are channels.
        plane: Which plane is meant, counted from 0, where they are slices, points in time, or separate images.
        level: Which resolution of an OME-Zarr, or of a TIFF with smaller copies; 0 is the finest, which is read if
            nothing is said.
        channel: Which channel of an OME-Zarr or OME-TIFF, by number or name; of a list, the image has these channels.
            Left out, all of them.
        z: Which plane in depth, counted from 0, where there are several.
        t: Which point in time, likewise.

    Returns:
        Whatever has ``shape``, (height, width) or (height, width, channels), a ``dtype``, and gives an array for
        ``image[rows, columns]``.

    Raises:
        DataError: If it is none of these, or damaged, or it is not said which plane is meant; it says what to do.

    Example:
        >>> import tempfile, tifffile
        >>> path = Path(tempfile.mkdtemp()) / "a.ome.tif"
        >>> tifffile.imwrite(path, np.zeros((4, 20, 30), "uint16"), metadata={"axes": "ZYX"})
        >>> open_image(path, z=3)[5:7, 20:].shape
        (2, 10)
    """
    file = read_path(path, "path", "the path of an image")
    name = printable(file.name)
    said = Said.of(read_planes(planes), plane=plane, level=level, channel=channel, z=z, t=t)
    with own_words(name):
        opened = _opened(file, name, said)
    if isinstance(opened, OpenedImage):
        opened.origin = (file.absolute(), said.words)
    return opened


def _opened(file: Path, name: str, said: Said) -> Any:
    suffix = file.suffix.lower()
    folder = suffix == ".zarr" or holds_zarr(file)
    # A pipe or a device would wait for ever.
    if not (file.is_dir() if folder else file.is_file()):
        raise DataError(f"{name} is not there, or no plain file: look at the path ({printable(file.parent)}).")
    if folder:
        found = read_multiscales(file, name)
        if found is not None:
            return open_group(needed_zarr(name), file, name, found, said)
        said.check_plain(name)
        return _image(OpenedImage(open_zarr(needed_zarr(name), file, name), name), name)
    # What a file holds decides, not what it is called.
    if suffix in _TIFF and _begins(file) in MAGIC:
        return _tiff(file, name, said)
    said.check_plain(name)
    if suffix == ".npy":
        with file.open("rb") as stream:
            check_npy(stream, file.stat().st_size, name)
        array = _in_array(np.load(file, mmap_mode="r", allow_pickle=False), name, said.planes, said.plane)
        return _image(mapped(array, file, name), name)
    if said.plane:
        _read_plane(said.plane, 1, name)
    return _as_a_whole(file, name)


def _image(opened: OpenedImage, name: str) -> OpenedImage:
    """Refuse what is no image."""
    if opened.ndim not in (2, 3) or not opened.size:
        raise DataError(f"{name} has shape {opened.shape}: give one image, (height, width) or with channels behind.")
    return opened


def _begins(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(4)


def _as_a_whole(file: Path, name: str, planes: Planes | None = None, plane: int = 0) -> Any:
    return next(_wholes(file, name, planes, [plane]))


def _wholes(file: Path, name: str, planes: Planes | None, which: Sequence[int]) -> Iterator[Any]:
    """Some of the pictures in a file, one after the other."""
    for picture in pages(read_bytes(file, name), name, _no_limit, planes, stack=planes is None, only=which):
        yield picture.values if picture.palette is None else picture.palette[picture.values]


def _no_limit(height: int, width: int, name: str) -> None:
    if height * width * 4 > LARGEST_FILE:
        raise DataError(f"{name} is {height:,} × {width:,} pixels: save it as TIFF, which is read part by part.")


def _in_array(array: Any, name: str, planes: Planes | None, plane: int | None) -> Any:
    """The image in an array that somebody saved: with channels last, or first if that is said, or one of several."""
    if array.ndim == 3 and planes == "channels":
        return np.moveaxis(array, 0, -1) if array.shape[0] < array.shape[-1] else array
    if array.ndim < 3 or (array.ndim == 3 and array.shape[-1] <= MOST_CHANNELS):
        if plane:
            _read_plane(plane, 1, name)
        return array
    count = array.shape[0]
    if plane is None:
        raise _which(name, count, lambda some: (np.asarray(array[number]) for number in some))
    return array[_read_plane(plane, count, name)]


def _read_plane(plane: int, count: int, name: str) -> int:
    if plane >= count:
        raise DataError(f"plane={plane} is not allowed: {name} holds {count} planes, counted from 0.")
    return plane


def _which(name: str, count: int, read: Callable[[Sequence[int]], Iterator[Any]]) -> DataError:
    """Ask which of several planes is meant, and show them."""
    some = range(0, count, -(-count // _MOST_SHOWN))
    return DataError(
        f"{name} holds {count} planes. Say which is meant: open_image(path, plane=0) to plane={count - 1}; or, if they "
        'are channels of one image, open_image(path, planes="channels").',
        Question(
            "plane",
            tuple((number, f"Plane {number + 1}") for number in some),
            tuple(thumbnail(DecodedImage(each, None)) for each in read(some)),
        ),
    )


def _tiff(file: Path, name: str, said: Said) -> Any:
    planes, plane = said.planes, said.plane
    with ExitStack() as stack:
        opened = stack.enter_context(open_tiff(file, name))
        found = outline(opened, name)
        if said.by_axis or found.planes > 1:
            image = by_axes(opened, file, name, said, stack)
            if image is not None:
                return image
            said.check_plain(name)
        count = image_count(found, planes)
        if planes == "channels" or (found.planes > 1 and count == 1):
            return _as_a_whole(file, name, "channels")
        if found.planes > 1:
            count = count or found.planes
            if plane is None:
                raise _which(name, count, lambda some: _wholes(file, name, None, some))
            plane = _read_plane(plane, count, name)
            page: Any = found.pages[0 if found.hidden else plane].aspage()
            if not found.hidden and count == found.planes and is_plain(page) and page.is_memmappable:
                return in_place(opened, file, name, page)
            return _as_a_whole(file, name, None, plane)
        if plane:
            _read_plane(plane, 1, name)
        if len(opened.series) != 1 or len(opened.series[0].shape) > 3:
            raise DataError(f"{name} holds several images: save the one that is meant as a TIFF of its own.")
        return _one_plane(opened, file, name, stack)


def _one_plane(opened: Any, file: Path, name: str, stack: ExitStack) -> Any:
    series = opened.series[0]
    size = math.prod(series.shape) * series.dtype.itemsize
    if size <= LARGEST_FILE and (series.axes == "SYX" or series.keyframe.extrasamples):
        # Planes apart, or alpha, which says how to show a pixel and was not learnt from either.
        return _as_a_whole(file, name)
    if series.axes not in {"YX", "YXS"}:
        raise DataError(f"{name} has axes {series.axes!r}: save it as one plane in grey or RGB.")
    page: Any = series.keyframe
    if not is_plain(page):
        return _as_a_whole(file, name)
    if series.dataoffset is None and zarr_package() is None and size <= LARGEST_FILE:
        return _as_a_whole(file, name)
    return opened_series(opened, file, name, series, stack)
