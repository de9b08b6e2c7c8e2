"""Results as files that other programs read: masks with a palette, planes of probabilities, tables of objects."""

from __future__ import annotations

import csv
import io
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

__all__ = ["empty_planes", "write_mask", "write_numbers", "write_planes", "write_table", "write_tiled"]

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
    colours = _colours()
    if kind == ".png":
        picture = Image.fromarray(np.ascontiguousarray(labels))
        picture.putpalette(colours.ravel().tolist())
        size = {"dpi": pixel.per("inch")} if pixel else {}
        picture.save(stream, "PNG", **size)
        return
    _write_tiff(stream, labels, pixel, **_coloured(colours))


def _colours() -> NDArray[np.uint8]:
    """Of every class, (256, 3)."""
    return np.array([class_rgb(number) for number in range(256)], np.uint8)


def _coloured(colours: NDArray[np.uint8]) -> dict[str, Any]:
    return {"photometric": "palette", "colormap": colours.T.astype(np.uint16) * _DEEP}


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
    more |= _sized(pixel)
    tifffile.imwrite(stream, values, bigtiff=values.nbytes > _FULL, compression="zlib", metadata=None, **more)


def _sized(pixel: PixelSize | None) -> dict[str, Any]:
    if pixel is None:
        return {}
    return {"resolution": pixel.per(_unit(pixel)), "resolutionunit": _UNITS[_unit(pixel)]}


def write_tiled(
    path: Path, source: Any, tile: int = 512, pixel: PixelSize | None = None, most: int | None = None
) -> None:
    """Write a mask, or the numbers of objects, as a TIFF in compressed tiles, of any size, reading it row by row.

    It takes memory for a row of tiles. Read back, it is what `write_mask`, or `write_numbers`, gives.

    Args:
        path: Where.
        source: Has ``shape``, (height, width), and ``dtype``: 8 bits are classes, more are numbers of objects; and
            gives an array for ``source[rows, columns]``.
        tile: Pixels a side of a tile, a multiple of 16.
        pixel: How large a pixel is, where that is known.
        most: The largest number there is, where that is known: below 65,536, 16 bits are enough.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> write_tiled(path, np.full((20, 40), 2, "uint8"), 16)
        >>> with tifffile.TiffFile(path) as file:
        ...     file.is_bigtiff, file.pages[0].tile, bool((file.asarray() == 2).all())
        (True, (16, 16), True)
    """
    height, width = (int(side) for side in source.shape)
    kind = np.dtype(source.dtype)
    if kind != np.uint8:
        kind = np.dtype(np.uint16 if most is not None and most < 2**16 else np.uint32)

    def tiles() -> Iterator[NDArray[Any]]:
        for top in range(0, height, tile):
            band = np.zeros((tile, -(-width // tile) * tile), kind)
            part = np.asarray(source[top : min(height, top + tile), 0:width])
            band[: len(part), :width] = part
            for left in range(0, width, tile):
                # What is put off may wait until the row is gone.
                yield band[:, left : left + tile].copy()

    more = _coloured(_colours()) if kind == np.uint8 else {"photometric": "minisblack"}
    tifffile.imwrite(
        path,
        tiles(),
        shape=(height, width),
        dtype=kind,
        tile=(tile, tile),
        bigtiff=True,
        compression="zlib",
        metadata=None,
        **more,
        **_sized(pixel),
    )


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
