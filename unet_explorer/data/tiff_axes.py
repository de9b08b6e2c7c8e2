"""TIFF whose axes are known, left in its file: which planes are meant, and what gives parts of them."""

from __future__ import annotations

import html
import math
import re
import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import numpy as np

from unet_explorer.data.axes import ChosenPlanes, Said, choose, names_of, preview
from unet_explorer.data.decoded import LARGEST_FILE, DataError, listed
from unet_explorer.data.guard import check_unpacked
from unet_explorer.data.opened import OpenedImage, mapped
from unet_explorer.data.pillow import ORIENTATION
from unet_explorer.data.pixel_size import PixelSize, of_tiff
from unet_explorer.data.tiff import bounded, check_page
from unet_explorer.data.zarr_files import needed_zarr, zarr_package
from unet_explorer.whole import printable

__all__ = ["are_planes", "by_axes", "channel_names", "in_place", "is_plain", "opened_series"]

_PLAIN: Final = (1, 2)  # black is 0, RGB
_UNPACKED: Final = (1, 8, 32946)  # not compressed, or with deflate
_NOTHING: Final = Said()


def by_axes(opened: Any, file: Path, name: str, said: Said, stack: ExitStack) -> OpenedImage | None:
    """The planes that are meant of a file that names its axes; None where it is to be read in another way.

    Args:
        opened: The file, as tifffile has it.
        file: Where it is.
        name: What to call it in an error.
        said: What was said of the image.
        stack: Closes the file; what is read piece by piece takes it along.

    Raises:
        DataError: If there is no such plane, or it is not said which is meant.
    """
    if len(opened.series) != 1:
        return None
    levels, level = opened.series[0].levels, said.level or 0
    if level >= len(levels):
        raise DataError(f"level={level} is not allowed: {name} has {_levels_in_words(levels)}.")
    series = levels[level]
    letters, sides = series.axes.lower(), dict(zip(series.axes.lower(), series.shape, strict=True))
    unsaid = sides.get("s", 1) not in (1, 3) and said.channel is None and said.planes != "channels"
    if not are_planes(letters) or unsaid or series.keyframe.extrasamples:
        return None
    if not all(is_plain(each.keyframe) for each in (levels[0], series)):
        if level:
            raise DataError(f"{name} is packed so that it is read at its finest level alone: leave level={level} out.")
        return None
    if zarr_package() is None and not said.by_axis and series.dataoffset is None:
        return None
    return opened_series(opened, file, name, series, stack, said)


def opened_series(
    opened: Any, file: Path, name: str, series: Any, stack: ExitStack, said: Said = _NOTHING
) -> OpenedImage:
    """The planes that are meant of a series of pages, all of one kind.

    Args:
        opened: The file, as tifffile has it.
        file: Where it is.
        name: What to call it in an error.
        series: One level of its image.
        stack: Closes the file.
        said: What was said of the image.

    Raises:
        DataError: If the file says what cannot be, or it is not said which plane is meant.
    """
    letters = series.axes.lower().replace("s", "c")
    held = _held(opened, file, name, series)
    labels = channel_names(opened.ome_metadata or "")
    picked = choose(held.shape, letters, said, name, labels, lambda place: preview(held, letters, place))
    image = mapped(ChosenPlanes(held, *picked), file, name)
    image.pixel = _pixel(opened, series)
    if "S" not in series.axes:
        image.channels = names_of(picked[2], labels)
    if not isinstance(held, np.memmap):
        # It is asked for as long as it is held, and nobody is told to close it.
        weakref.finalize(image, stack.pop_all().close)
    return image


def _pixel(opened: Any, series: Any) -> PixelSize | None:
    """How large a pixel of a level is."""
    try:
        found = of_tiff(opened)
        full, level = (dict(zip(each.axes, each.shape, strict=True)) for each in (opened.series[0], series))
        if found is None:
            return None
        return PixelSize(found.height * full["Y"] / level["Y"], found.width * full["X"] / level["X"], found.unit)
    except Exception:  # noqa: BLE001  # it is welcome, and no image fails for want of it
        return None


def _held(opened: Any, file: Path, name: str, series: Any) -> Any:
    """All planes of a series, left in the file: as a memory map, or piece by piece."""
    if any(page is None for page in series.pages):
        raise DataError(f"{name} says that some of its planes are in other files, which are not read. Save it as one.")
    if series.dataoffset is not None:
        return _map(opened, file, name, series)
    page: Any = series.keyframe
    piece = math.prod(page.chunks) * page.dtype.itemsize
    # It may be any number of times as large as its file, for it is never unpacked as a whole; its pieces may not.
    check_page(page, math.prod(series.shape) * page.dtype.itemsize, name)
    check_unpacked(piece, max(page.databytecounts, default=0), name)
    if piece > LARGEST_FILE:
        raise DataError(f"{name} is compressed in one piece of {piece / 1e9:.1f} GB: save it in tiles.")
    zarr = needed_zarr(name)
    bounded(page, name)
    return zarr.open_array(series.aszarr(level=0), mode="r")


def are_planes(letters: str) -> bool:
    """Whether axes are those of planes, each at most once; s, the colours of a pixel, stands for channels.

    Example:
        >>> are_planes("tczyx"), are_planes("zyxs"), are_planes("cyxs"), are_planes("qyx")
        (True, True, False, False)
    """
    plain = letters.replace("s", "c")
    return {"y", "x"} <= set(plain) <= set("tczyx") and len(set(plain)) == len(plain)


def channel_names(words: str) -> tuple[str, ...]:
    """What the channels of the first image are called in the words of OME that a TIFF may hold.

    Args:
        words: XML, which is searched, not parsed: what it defines might grow without end.

    Example:
        >>> channel_names('<Image><Pixels><Channel ID="1" Name="a &amp; b"/><Channel/></Pixels></Image>')
        ('a & b', '')
    """
    first = words.partition("</Pixels>")[0]
    tags = re.findall(r"<(?:\w+:)?Channel\b([^>]*)>", first)[:4096]
    names = [re.search(r'\bName="([^"]*)"', tag) for tag in tags]
    return tuple(printable(html.unescape(each[1])) if each else "" for each in names)


def _levels_in_words(levels: Sequence[Any]) -> str:
    sizes = listed((" × ".join(map(str, each.shape)) for each in levels), 8)
    return f"level=0 to level={len(levels) - 1} ({sizes})" if len(levels) > 1 else "one level, level=0"


def is_plain(page: Any) -> bool:
    """Whether its numbers are what they stand for: no palette, no ink, no white that is 0, nothing stored turned.

    Args:
        page: As tifffile has it.
    """
    upright = getattr(page.tags.get(ORIENTATION), "value", 1) not in range(2, 9)
    return page.photometric in _PLAIN and page.compression in _UNPACKED and upright


def in_place(opened: Any, file: Path, name: str, held: Any) -> OpenedImage:
    """A page or a series that is not packed, whose numbers are read from the file itself.

    Args:
        opened: The file, as tifffile has it.
        file: Where it is.
        name: What to call it in an error.
        held: The page or the series.

    Raises:
        DataError: If the file is shorter than it says.
    """
    return mapped(_map(opened, file, name, held), file, name)


def _map(opened: Any, file: Path, name: str, held: Any) -> Any:
    """A page or a series that is not packed, as a memory map."""
    place = held.dataoffset if hasattr(held, "dataoffset") else held.dataoffsets[0]
    kind = np.dtype(opened.byteorder + held.dtype.char)
    needed = place + math.prod(held.shape) * kind.itemsize
    if needed > file.stat().st_size:
        raise DataError(f"{name} is cut off: it should have {needed:,} bytes at least. Save it again.")
    return np.memmap(file, kind, "r", place, held.shape)
