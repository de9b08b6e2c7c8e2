"""Images that are too large for the memory: opened, and read part by part."""

from __future__ import annotations

import math
import os
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np

from unet_explorer.core.config import Whole, read_value
from unet_explorer.data.arrays import MOST_CHANNELS
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
from unet_explorer.data.guard import check_npy, check_unpacked
from unet_explorer.data.opened import OpenedImage, Origin, mapped
from unet_explorer.data.pillow import ORIENTATION
from unet_explorer.data.reading import read_path, read_planes
from unet_explorer.data.tiff import MAGIC, bounded, check_page, image_count, outline
from unet_explorer.data.tiff_pages import open_tiff
from unet_explorer.data.words import own_words
from unet_explorer.data.zarr_files import open_zarr, zarr_package
from unet_explorer.whole import printable

__all__ = ["open_image"]

_TIFF: Final = frozenset({".tif", ".tiff"})
_PLAIN: Final = (1, 2)  # black is 0, RGB
_UNPACKED: Final = (1, 8, 32946)  # not compressed, or with deflate
_MOST_SHOWN: Final = 24


def open_image(path: str | os.PathLike[str], *, planes: Planes | None = None, plane: int | None = None) -> Any:
    """An image whose parts are read when they are asked for.

    Args:
        path: A TIFF (read in place if it is not compressed; piece by piece if it is, with the package ``zarr``), a
            ``.npy`` file, or a folder ending in ``.zarr``. Any other picture, and a compressed TIFF where there is no
            ``zarr``, is read as a whole.
        planes: ``"channels"``, where a file holds several planes, or bands, and does not say that these are channels.
        plane: Which plane is meant, counted from 0, where they are slices, points in time, or separate images.

    Returns:
        Whatever has ``shape``, (height, width) or (height, width, channels), a ``dtype``, and gives an array for
        ``image[rows, columns]``.

    Raises:
        DataError: If it is none of these, or damaged, or it is not said which plane is meant; it says what to do.

    Example:
        >>> import tempfile, tifffile
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> tifffile.imwrite(path, np.zeros((20, 30), "uint16"))
        >>> open_image(path)[5:7, 20:].shape
        (2, 10)
    """
    file = read_path(path, "path", "the path of an image")
    name = printable(file.name)
    said = read_planes(planes)
    which = None if plane is None else read_value("plane", plane, Whole(0, 2**31))
    with own_words(name):
        opened = _open(file, name, said, which)
    if isinstance(opened, OpenedImage):
        opened.origin = Origin(file.resolve(), said, which)
    return opened


def _open(file: Path, name: str, said: Planes | None, which: int | None) -> Any:
    suffix = file.suffix.lower()
    # A pipe or a device would wait for ever.
    if not (file.is_dir() if suffix == ".zarr" else file.is_file()):
        raise DataError(f"{name} is not there, or no plain file: look at the path ({printable(file.parent)}).")
    if suffix == ".npy":
        with file.open("rb") as stream:
            check_npy(stream, file.stat().st_size, name)
        array = _in_array(np.load(file, mmap_mode="r", allow_pickle=False), name, said, which)
        return _image(mapped(array, file, name), name)
    if suffix == ".zarr":
        return _image(OpenedImage(open_zarr(_zarr(name), file, name), name), name)
    # What a file holds decides, not what it is called.
    if suffix in _TIFF and _begins(file) in MAGIC:
        return _tiff(file, name, said, which)
    if which:
        _read_plane(which, 1, name)
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


def _tiff(file: Path, name: str, planes: Planes | None, plane: int | None) -> Any:
    with ExitStack() as stack:
        opened = stack.enter_context(open_tiff(file, name))
        found = outline(opened, name)
        count = image_count(found, planes)
        if planes == "channels" or (found.planes > 1 and count == 1):
            return _as_a_whole(file, name, "channels")
        if found.planes > 1:
            count = count or found.planes
            if plane is None:
                raise _which(name, count, lambda some: _wholes(file, name, None, some))
            plane = _read_plane(plane, count, name)
            page: Any = found.pages[0 if found.hidden else plane].aspage()
            if not found.hidden and count == found.planes and _is_plain(page) and page.is_memmappable:
                return _in_place(opened, file, name, page)
            return _as_a_whole(file, name, None, plane)
        if plane:
            _read_plane(plane, 1, name)
        if len(opened.series) != 1 or len(opened.series[0].shape) > 3:
            raise DataError(f"{name} holds several images: save the one that is meant as a TIFF of its own.")
        return _one_plane(opened, file, name, stack)


def _is_plain(page: Any) -> bool:
    """Whether its numbers are what they stand for: no palette, no ink, no white that is 0, nothing stored turned."""
    upright = getattr(page.tags.get(ORIENTATION), "value", 1) not in range(2, 9)
    return page.photometric in _PLAIN and page.compression in _UNPACKED and upright


def _one_plane(opened: Any, file: Path, name: str, stack: ExitStack) -> Any:
    series = opened.series[0]
    size = math.prod(series.shape) * series.dtype.itemsize
    if size <= LARGEST_FILE and (series.axes == "SYX" or series.keyframe.extrasamples):
        # Planes apart, or alpha, which says how to show a pixel and was not learnt from either.
        return _as_a_whole(file, name)
    if series.axes not in {"YX", "YXS"}:
        raise DataError(f"{name} has axes {series.axes!r}: save it as one plane in grey or RGB.")
    page: Any = series.keyframe
    if not _is_plain(page):
        return _as_a_whole(file, name)
    if series.dataoffset is not None:
        return _in_place(opened, file, name, series)
    piece = math.prod(page.chunks) * page.dtype.itemsize
    # It may be any number of times as large as its file, for it is never unpacked as a whole; its pieces may not.
    check_page(page, size, name)
    check_unpacked(piece, max(page.databytecounts, default=0), name)
    if piece > LARGEST_FILE:
        raise DataError(f"{name} is compressed in one piece of {piece / 1e9:.1f} GB: save it in tiles.")
    try:
        zarr = _zarr(name)
    except DataError:
        if size > LARGEST_FILE:
            raise
        return _as_a_whole(file, name)
    bounded(page, name)
    image = OpenedImage(zarr.open_array(series.aszarr(level=0), mode="r"), name)
    # It is asked for as long as it is held, and nobody is told to close it.
    weakref.finalize(image, stack.pop_all().close)
    return image


def _in_place(opened: Any, file: Path, name: str, held: Any) -> OpenedImage:
    """A page or a series that is not packed, as a memory map."""
    place = held.dataoffset if hasattr(held, "dataoffset") else held.dataoffsets[0]
    kind = np.dtype(opened.byteorder + held.dtype.char)
    needed = place + math.prod(held.shape) * kind.itemsize
    if needed > file.stat().st_size:
        raise DataError(f"{name} is cut off: it should have {needed:,} bytes at least. Save it again.")
    return mapped(np.memmap(file, kind, "r", place, held.shape), file, name)


def _zarr(name: str) -> Any:
    zarr = zarr_package()
    if zarr is None:
        raise DataError(
            f"{name} is read piece by piece with the package zarr, which is not here, or older than 3: "
            'pip install "zarr>=3", or save it as TIFF without compression.'
        )
    return zarr
