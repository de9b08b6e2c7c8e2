"""Images that are too large for the memory: opened, and read part by part."""

from __future__ import annotations

import contextlib
import math
import os
import weakref
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile

from unet_explorer.core.config import shown
from unet_explorer.data.decoded import LARGEST_FILE, DataError, printable, read_bytes
from unet_explorer.data.decoders import pages

__all__ = ["open_image", "zarr_package"]

_TIFF: Final = frozenset({".tif", ".tiff"})
_PLAIN: Final = (1, 2)  # black is 0, RGB
_UNPACKED: Final = (1, 8, 32946)  # not compressed, or with deflate


def open_image(path: str | os.PathLike[str]) -> Any:
    """An image whose parts are read when they are asked for.

    Args:
        path: A TIFF with one page, in grey or RGB (read in place if it is not compressed; piece by piece if it is, with
            the package ``zarr``), a ``.npy`` file, or a folder ending in ``.zarr``. Any other picture, and a compressed
            TIFF where there is no ``zarr``, is read as a whole.

    Returns:
        Whatever has ``shape``, (height, width) or (height, width, channels), a ``dtype``, and gives an array for
        ``image[rows, columns]``.

    Raises:
        DataError: If it is none of these, or damaged; it says what to do.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> tifffile.imwrite(path, np.zeros((20, 30), "uint16"))
        >>> open_image(path)[5:7, 20:].shape
        (2, 10)
    """
    if not isinstance(path, (str, os.PathLike)):
        raise DataError(f"path={shown(path)} is no path: give the name of a file as text, or a Path.")
    name = printable(Path(path).name or path)
    try:
        file = Path(path).expanduser()
        suffix = file.suffix.lower()
        # A pipe or a device would wait for ever.
        if not (file.is_dir() if suffix == ".zarr" else file.is_file()):
            raise DataError(f"{name} is not there, or no plain file: look at the path ({printable(file.parent)}).")
        if suffix == ".npy":
            return np.load(file, mmap_mode="r", allow_pickle=False)
        if suffix == ".zarr":
            return _zarr(name).open_array(str(file), mode="r")
        if suffix in _TIFF:
            return _tiff(file, name)
        return _as_a_whole(file, name)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  # damaged files end in all kinds of errors
        raise DataError(f"{name} cannot be read ({type(error).__name__}): it may be damaged. Save it again.") from None


def _as_a_whole(file: Path, name: str) -> Any:
    picture = next(pages(read_bytes(file, name), name, _no_limit))
    return picture.values if picture.palette is None else picture.palette[picture.values]


def _no_limit(height: int, width: int, name: str) -> None:
    if height * width * 4 > LARGEST_FILE:
        raise DataError(f"{name} is {height:,} × {width:,} pixels: save it as TIFF, which is read part by part.")


def _tiff(file: Path, name: str) -> Any:
    with tifffile.TiffFile(file) as opened:
        if len(opened.series) != 1 or len(opened.series[0].shape) > 3:
            raise DataError(f"{name} holds several images: save the one that is meant as a TIFF of its own.")
        series = opened.series[0]
        size = math.prod(series.shape) * series.dtype.itemsize
        if size <= LARGEST_FILE and (series.axes == "SYX" or series.keyframe.extrasamples):
            # Planes apart, or alpha, which says how to show a pixel and was not learnt from either.
            return _as_a_whole(file, name)
        if series.axes not in {"YX", "YXS"}:
            raise DataError(f"{name} has axes {series.axes!r}: save it as one plane in grey or RGB.")
        page: Any = series.keyframe
        upright = getattr(page.tags.get(274), "value", 1) not in range(2, 9)
        if page.photometric not in _PLAIN or page.compression not in _UNPACKED or not upright:
            # Palettes, inks, white that is 0, what is stored turned, and what only Pillow unpacks.
            return _as_a_whole(file, name)
        if series.dataoffset is not None:
            return tifffile.memmap(file, mode="r")
        piece = math.prod(page.chunks) * page.dtype.itemsize
        if piece > LARGEST_FILE:
            raise DataError(f"{name} is compressed in one piece of {piece / 1e9:.1f} GB: save it in tiles.")
        try:
            zarr = _zarr(name)
        except DataError:
            if math.prod(series.shape) * page.dtype.itemsize > LARGEST_FILE:
                raise
            return _as_a_whole(file, name)
    store: Any = tifffile.imread(file, aszarr=True)
    image = zarr.open_array(store, mode="r")
    # It is asked for as long as it is held, and nobody is told to close it.
    weakref.finalize(image, store.close)
    return image


def zarr_package() -> Any | None:
    """The package ``zarr``, or None where it is not there, or older than 3.

    Example:
        >>> zarr_package().__name__
        'zarr'
    """
    with contextlib.suppress(ImportError):
        import zarr

        # tifffile hands its pieces to Zarr 3 alone.
        if int(zarr.__version__.partition(".")[0]) >= 3:
            return zarr
    return None


def _zarr(name: str) -> Any:
    zarr = zarr_package()
    if zarr is None:
        raise DataError(
            f"{name} is read piece by piece with the package zarr, which is not here, or older than 3: "
            'pip install "zarr>=3", or save it as TIFF without compression.'
        )
    return zarr
