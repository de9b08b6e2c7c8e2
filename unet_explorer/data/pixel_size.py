"""How large a pixel is in the world, as far as a picture's file says so."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from PIL import Image

from unet_explorer.data.multiscales import Multiscales, holds_zarr, read_multiscales
from unet_explorer.data.tiff_pages import open_tiff

__all__ = ["PixelSize", "of_tiff", "pixel_of", "pixel_size", "size_at"]

_CM: Final = {"nm": 1e-7, "um": 1e-4, "mm": 0.1, "cm": 1.0, "inch": 2.54, "m": 100.0}
"""The units that are understood, in centimetres."""
_WORDS: Final = {
    **{each: each for each in _CM},
    **dict.fromkeys(("µm", "μm", "\\u00b5m", "micron", "microns", "micrometer", "micrometre"), "um"),
    "in": "inch",
    "inches": "inch",
    "nanometer": "nm",
    "millimeter": "mm",
    "centimeter": "cm",
    "meter": "m",
}
_TAGGED: Final = {2: "inch", 3: "cm"}
"""What ResolutionUnit of a TIFF says; 1 is none."""
_ON_ITS_SIDE: Final = range(5, 9)
"""Orientations in which what is stored as a row is seen as a column."""


class PixelSize(NamedTuple):
    """Height and width of a pixel in a unit: ``"nm"``, ``"um"``, ``"mm"``, ``"cm"``, ``"inch"`` or ``"m"``."""

    height: float
    width: float
    unit: str

    def per(self, unit: str) -> tuple[float, float]:
        """Pixels in one of another unit: across, then down, as files have it.

        Example:
            >>> PixelSize(0.5, 0.25, "um").per("cm")
            (40000.0, 20000.0)
        """
        factor = _CM[unit] / _CM[self.unit]
        return factor / self.width, factor / self.height


def pixel_size(path: str | os.PathLike[str]) -> PixelSize | None:
    """How large a pixel of a TIFF, PNG or OME-Zarr is, or None where the file does not say so in a unit.

    What OME or ImageJ have written goes before the tags that every TIFF may have. It is that of the finest level.

    Args:
        path: The file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.tif"
        >>> Image.new("L", (3, 2)).save(path, dpi=(254, 127))
        >>> pixel_size(path).per("cm")
        (100.0, 50.0)
    """
    try:
        file = Path(path).expanduser()
        suffix = file.suffix.lower()
        if holds_zarr(file):
            found = read_multiscales(file, file.name)
            return None if found is None else size_at(found, 0)
        if not file.is_file():
            # A pipe would wait for ever.
            return None
        if suffix in {".tif", ".tiff"}:
            with open_tiff(file, file.name) as opened:
                return of_tiff(opened)
        if suffix == ".png":
            with Image.open(file, formats=("PNG",)) as picture:
                across, down = picture.info["dpi"]
            return _sized(1 / down, 1 / across, "inch")
    except Exception:  # noqa: BLE001  # it is welcome, and no image fails for want of it
        return None
    return None


def pixel_of(image: object) -> PixelSize | None:
    """How large a pixel of an image is: of one that was opened, at the level that was chosen; or of the file at a path.

    Args:
        image: Whatever is predicted; of an array nothing is known.

    Example:
        >>> print(pixel_of("nowhere.tif"))
        None
    """
    if isinstance(image, (str, os.PathLike)):
        return pixel_size(image)
    found = getattr(image, "pixel", None)
    return found if isinstance(found, PixelSize) else None


def size_at(image: Multiscales, level: int) -> PixelSize | None:
    """How large a pixel of a level of an OME-Zarr is, where both sides are said in one unit.

    Args:
        image: What the folder says.
        level: Which one, counted from the finest.
    """
    scale = image.levels[level].scale
    down, across = image.letters.index("y"), image.letters.index("x")
    if scale is None or image.units[down] != image.units[across]:
        return None
    return _sized(scale[down], scale[across], image.units[across])


def of_tiff(file: Any) -> PixelSize | None:
    """How large a pixel of a TIFF is, as it is seen, where it says so in a unit.

    Args:
        file: As tifffile has it.
    """
    page = file.pages.first
    tags = {tag.code: tag.value for tag in page.tags}
    found = _of_ome(file.ome_metadata or "") or _of_tags(tags, (file.imagej_metadata or {}).get("unit"))
    if found and tags.get(274) in _ON_ITS_SIDE:
        return PixelSize(found.width, found.height, found.unit)
    return found


def _of_ome(words: str) -> PixelSize | None:
    pixels = re.search(r"<(?:\w+:)?Pixels\b([^>]*)>", words)
    said = dict(re.findall(r'\b(PhysicalSize[XY](?:Unit)?)="([^"]*)"', pixels[1])) if pixels else {}
    if not {"PhysicalSizeX", "PhysicalSizeY"} <= said.keys():
        return None
    units = {said.get(f"PhysicalSize{side}Unit", "µm") for side in "XY"}
    if len(units) > 1:
        return None
    return _sized(float(said["PhysicalSizeY"]), float(said["PhysicalSizeX"]), units.pop())


def _of_tags(tags: dict[int, Any], imagej: str | None) -> PixelSize | None:
    unit = imagej or _TAGGED.get(tags.get(296, 2), "")
    if 282 not in tags or 283 not in tags:
        return None
    across, down = (tags[code][0] / tags[code][1] for code in (282, 283))
    return _sized(1 / down, 1 / across, str(unit))


def _sized(height: float, width: float, unit: str) -> PixelSize | None:
    known = _WORDS.get(unit.strip().lower())
    whole = all(math.isfinite(side) and side > 0 for side in (height, width))
    return PixelSize(height, width, known) if known and whole else None
