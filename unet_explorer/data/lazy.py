"""Images that are too large for the memory: opened, and read part by part."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile

from unet_explorer.data.decoders import pages
from unet_explorer.data.pictures import LARGEST_FILE, DataError, printable, read_bytes

__all__ = ["open_image"]

_TIFF: Final = frozenset({".tif", ".tiff"})


def open_image(path: str | os.PathLike[str]) -> Any:
    """An image whose parts are read when they are asked for.

    Args:
        path: A TIFF with one page (read in place if it is not compressed, else piece by piece, which needs the package
            ``zarr``), a ``.npy`` file, or a folder ending in ``.zarr``; any other picture is read as a whole.

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
    file = Path(path).expanduser()
    name = printable(file.name)
    if not file.exists():
        raise DataError(f"{name} is not there: look whether the path is right ({printable(file.parent)}).")
    suffix = file.suffix.lower()
    try:
        if suffix == ".npy":
            return np.load(file, mmap_mode="r", allow_pickle=False)
        if suffix == ".zarr":
            return _zarr(name).open_array(str(file), mode="r")
        if suffix in _TIFF:
            return _tiff(file, name)
        return next(pages(read_bytes(file, name), name, _no_limit)).image().values
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001  # damaged files end in all kinds of errors
        raise DataError(f"{name} cannot be read ({type(error).__name__}): it may be damaged. Save it again.") from None


def _no_limit(height: int, width: int, name: str) -> None:
    if height * width * 4 > LARGEST_FILE:
        raise DataError(f"{name} is {height:,} × {width:,} pixels: save it as TIFF, which is read part by part.")


def _tiff(file: Path, name: str) -> Any:
    with tifffile.TiffFile(file) as opened:
        if len(opened.series) != 1 or len(opened.series[0].shape) > 3:
            raise DataError(f"{name} holds several images: save the one that is meant as a TIFF of its own.")
        series = opened.series[0]
        if series.axes not in {"YX", "YXS"}:
            raise DataError(f"{name} has axes {series.axes!r}: save it as one plane in grey or RGB.")
        if series.dataoffset is not None:
            return tifffile.memmap(file, mode="r")
        page: Any = series.keyframe
        piece = math.prod(page.chunks) * page.dtype.itemsize
        if piece > LARGEST_FILE:
            raise DataError(f"{name} is compressed in one piece of {piece / 1e9:.1f} GB: save it in tiles.")
        zarr = _zarr(name)
    image = zarr.open_array(tifffile.imread(file, aszarr=True), mode="r")
    try:
        image[:1, :1]
    except Exception:  # noqa: BLE001  # whatever a codec that is not there says
        kind = getattr(page.compression, "name", page.compression)
        raise DataError(
            f"{name} is compressed ({kind}) as cannot be read here: save it with deflate, or none."
        ) from None
    return image


def _zarr(name: str) -> Any:
    try:
        import zarr
    except ImportError:
        raise DataError(
            f"{name} is read piece by piece with the package zarr, which is not here: pip install zarr, or save it as "
            "TIFF without compression."
        ) from None
    return zarr
