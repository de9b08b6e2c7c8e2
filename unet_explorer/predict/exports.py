"""Results as files that other programs read: masks with a palette, planes of probabilities, tables of objects."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.drawing.palette import class_rgb

__all__ = ["empty_planes", "write_mask", "write_mask_tiles", "write_numbers", "write_planes", "write_table"]

_FULL: Final = 2**32 - 2**25
"""Bytes of pixels from which on a TIFF needs 64-bit places."""
_DEEP: Final = 257
"""By how much the colours of a TIFF's palette are deeper than those of 8 bits."""


def write_mask(stream: BinaryIO | Path, labels: NDArray[np.uint8], kind: str, pixel: PixelSize | None = None) -> None:
    """Write the class of every pixel as a picture in the colours of the panel, whose numbers are the classes.

    `from_folder` reads it as the same classes.

    Args:
        stream: A file, open to be written, or its path.
        labels: (height, width), from 0 to 255.
        kind: ``".png"``, or ``".tif"``, which is compressed without loss and may be of any size.
        pixel: How large a pixel is, where that is known.

    Example:
        >>> file = io.BytesIO()
        >>> write_mask(file, np.array([[0, 2]], "uint8"), ".png")
        >>> picture = Image.open(file)
        >>> picture.mode, np.asarray(picture).tolist(), picture.convert("RGB").getpixel((1, 0)) == class_rgb(2)
        ('P', [[0, 2]], True)
    """
    if kind == ".png":
        picture = Image.fromarray(np.ascontiguousarray(labels))
        picture.putpalette(_colours().ravel().tolist())
        size = {"dpi": pixel.per("inch")} if pixel else {}
        picture.save(stream, "PNG", **size)
        return
    _write_tiff(stream, labels, pixel, photometric="palette", colormap=_colours().T.astype(np.uint16) * _DEEP)


def write_mask_tiles(
    path: Path, shape: tuple[int, int], bands: Iterable[NDArray[np.uint8]], pixel: PixelSize | None = None
) -> None:
    """Write a mask that is too large for the memory: a TIFF in compressed tiles, which programs read one by one.

    Args:
        path: Where.
        shape: (height, width) of all of it.
        bands: Its classes from top to bottom, (rows, width) each; all of as many rows, a multiple of 16, but the last.
        pixel: How large a pixel is, where that is known.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> write_mask_tiles(path, (20, 30), [np.full((16, 30), 1, "uint8"), np.full((4, 30), 2, "uint8")])
        >>> tifffile.imread(path)[[0, 19], 29].tolist()
        [1, 2]
    """
    left = iter(bands)
    first = next(left)
    # All tiles of a TIFF are as large, and their sides multiples of 16.
    side = -(-first.shape[0] // 16) * 16

    def tiles() -> Iterator[NDArray[np.uint8]]:
        for band in itertools.chain([first], left):
            for start in range(0, shape[1], side):
                tile = np.zeros((side, side), np.uint8)
                part = band[:, start : start + side]
                tile[: part.shape[0], : part.shape[1]] = part
                yield tile

    more: dict[str, Any] = {"photometric": "palette", "colormap": _colours().T.astype(np.uint16) * _DEEP}
    if pixel:
        more |= {"resolution": pixel.per(_unit(pixel)), "resolutionunit": _UNITS[_unit(pixel)]}
    large = math.prod(shape) > _FULL
    tifffile.imwrite(
        path,
        tiles(),
        shape=shape,
        dtype=np.uint8,
        tile=(side, side),
        bigtiff=large,
        compression="zlib",
        metadata=None,
        **more,
    )


def _colours() -> NDArray[np.uint8]:
    return np.array([class_rgb(number) for number in range(256)], np.uint8)


def write_numbers(stream: BinaryIO | Path, objects: NDArray[np.int32], pixel: PixelSize | None = None) -> None:
    """Write the number of every pixel's object as a grey TIFF, in 16 bits, or in 32 where there are more.

    Args:
        stream: A file, open to be written, or its path.
        objects: (height, width), from 1 on, 0 where there is none.
        pixel: How large a pixel is, where that is known.

    Example:
        >>> file = io.BytesIO()
        >>> write_numbers(file, np.array([[0, 70_000]], "int32"))
        >>> tifffile.imread(io.BytesIO(file.getvalue())).dtype.name
        'uint32'
    """
    kind = np.uint16 if objects.max(initial=0) < 2**16 else np.uint32
    _write_tiff(stream, objects.astype(kind), pixel, photometric="minisblack")


def _write_tiff(stream: BinaryIO | Path, values: NDArray[Any], pixel: PixelSize | None, **more: Any) -> None:
    if pixel:
        more |= {"resolution": pixel.per(_unit(pixel)), "resolutionunit": _UNITS[_unit(pixel)]}
    tifffile.imwrite(stream, values, bigtiff=values.nbytes > _FULL, compression="zlib", metadata=None, **more)


_UNITS: Final = {"inch": 2, "cm": 3}
"""The two units that every TIFF may have, by their number."""


def _unit(pixel: PixelSize) -> str:
    return pixel.unit if pixel.unit in _UNITS else "cm"


def write_planes(
    stream: BinaryIO | Path, shares: NDArray[np.float32], classes: Sequence[str] = (), pixel: PixelSize | None = None
) -> None:
    """Write probabilities as a TIFF with a plane of 32-bit numbers a class, which ImageJ opens as channels.

    Args:
        stream: A file, open to be written, or its path.
        shares: (height, width, classes).
        classes: Names of the planes, or nothing.
        pixel: How large a pixel is, where that is known.

    Example:
        >>> file = io.BytesIO()
        >>> write_planes(file, np.ones((4, 5, 3), "float32"), ("sky", "bird", "plane"))
        >>> read = tifffile.TiffFile(io.BytesIO(file.getvalue()))
        >>> read.series[0].axes, read.imagej_metadata["Labels"][1]
        ('CYX', 'bird')
    """
    planes = np.ascontiguousarray(np.moveaxis(shares, -1, 0), np.float32)
    tifffile.imwrite(stream, planes, **_planes(planes.shape, classes, pixel))


def empty_planes(
    path: Path, shape: tuple[int, int, int], classes: Sequence[str] = (), pixel: PixelSize | None = None
) -> NDArray[np.float32]:
    """Make the file of `write_planes` before its numbers are known, to fill it part by part.

    Args:
        path: Where.
        shape: (height, width, classes).
        classes: Names of the planes, or nothing.
        pixel: How large a pixel is, where that is known.

    Returns:
        Its numbers on disc, of that shape.
    """
    planes = (shape[2], *shape[:2])
    mapped: NDArray[np.float32] = tifffile.memmap(
        path, shape=planes, dtype=np.float32, **_planes(planes, classes, pixel)
    )
    return np.moveaxis(mapped, 0, -1)


def _planes(shape: tuple[int, ...], classes: Sequence[str], pixel: PixelSize | None) -> dict[str, Any]:
    """How tifffile is to write planes of this shape, (classes, height, width)."""
    words: dict[str, Any] = {"axes": "CYX"}
    if math.prod(shape) * 4 > _FULL:
        # ImageJ's own kind has no more than 32-bit places.
        size = {"resolution": pixel.per("cm"), "resolutionunit": 3} if pixel else {}
        return {"bigtiff": True, "photometric": "minisblack", "metadata": words, **size}
    words |= {"min": 0.0, "max": 1.0, "mode": "grayscale"}
    if classes:
        words["Labels"] = list(classes)
    if pixel is None:
        return {"imagej": True, "metadata": words}
    return {"imagej": True, "metadata": words | {"unit": pixel.unit}, "resolution": pixel.per(pixel.unit)}


def write_table(stream: BinaryIO, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV in UTF-8. Words that a spreadsheet would take for a formula begin with an apostrophe.

    Args:
        stream: A file, open to be written.
        head: What the columns are called.
        rows: What stands in them; real numbers are written with six digits.

    Example:
        >>> file = io.BytesIO()
        >>> write_table(file, ("name", "area"), [("=1+1", 1 / 3)])
        >>> file.getvalue().decode().split()
        ['name,area', "'=1+1,0.333333"]
    """
    text = io.TextIOWrapper(stream, "utf-8", errors="replace", newline="", write_through=True)
    lines = csv.writer(text)
    lines.writerow([_cell(each) for each in head])
    lines.writerows([_cell(each) for each in row] for row in rows)
    # The stream is whoever gave it's to close.
    text.detach()


def _cell(value: object) -> object:
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
