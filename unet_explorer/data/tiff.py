"""From the bytes of a TIFF to its images: which pages and planes there are, and what lies along them."""

from __future__ import annotations

import copy
import io
import logging
import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from unet_explorer.data.decoded import (
    LARGEST_FILE,
    PLANES,
    DataError,
    DecodedImage,
    Planes,
    Question,
    SizeCheck,
    thumbnail,
)
from unet_explorer.data.guard import check_padding, check_unpacked, inflated
from unet_explorer.data.pillow import ON_ITS_SIDE, ORIENTATION, TURNS, from_pillow, turn_of, turned
from unet_explorer.data.tiff_pages import open_tiff

__all__ = ["MAGIC", "Stack", "bounded", "check_page", "image_count", "outline", "tiff_images"]

# Whatever tifffile finds odd about a file is said in our own words, once, if it matters.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How a TIFF begins."""
_SEPARATE: Final = frozenset("ZTRPH")
"""Letters of axes along which planes are images of their own: depth, time, region, position, phase."""
_NONE, _DEFLATE, _JPEG = (1,), (8, 32946), (6, 7)
_WHITE_IS_ZERO = 0
_MOST_THUMBNAILS: Final = 8


class Stack(NamedTuple):
    """What lies in a TIFF.

    Attributes:
        pages: All pages but those that are smaller copies.
        leading: The axes before height and width, as letters, with their lengths; C are channels.
        hidden: Whether all planes lie behind one page, as ImageJ and tifffile write large stacks.
    """

    pages: Sequence[Any]
    leading: tuple[tuple[str, int], ...]
    hidden: bool

    @property
    def planes(self) -> int:
        """How many planes there are."""
        return math.prod(length for _, length in self.leading)


def outline(file: Any, name: str) -> Stack:
    """See what lies in an opened TIFF, without unpacking anything.

    Raises:
        DataError: If there is nothing.
    """
    every = [page for page in file.pages if not getattr(page, "is_reduced", False)]
    if not every:
        raise DataError(f"{name} is a TIFF without a page. Save it again, or leave it out.")
    series, flat = file.series[0], every[0].aspage().ndim
    before = series.ndim - flat
    leading = tuple(zip(series.axes[:before], (int(side) for side in series.shape[:before]), strict=True))
    count = math.prod(length for _, length in leading)
    if count > len(every) and series.nbytes > file.filehandle.size:
        raise DataError(f"{name} says that it holds {count:,} planes, more than it has bytes for. Save it again.")
    alone = len(file.series) == 1 and before > 0
    if alone and len(every) == 1 < count:
        return Stack(every, leading, hidden=True)
    if alone and count == len(every):
        return Stack(every, leading, hidden=False)
    return Stack(every, (("?", len(every)),) if len(every) > 1 else (), hidden=False)


def tiff_images(
    data: bytes,
    name: str,
    check: SizeCheck,
    planes: Planes | None = None,
    *,
    stack: bool = False,
    only: Sequence[int] | None = None,
) -> Iterator[DecodedImage]:
    """The images of a TIFF, one by one; each is measured before its pixels are unpacked.

    Args:
        data: The bytes of the file.
        name: What to call it in an error.
        check: Told height, width and name first; what it raises is passed on.
        planes: What the planes of the file are, where it does not say so.
        stack: Whether it is known to be a stack of images.
        only: Which images are wanted, in this order; all if nothing is said.

    Raises:
        DataError: If it cannot be read, or it is not said what its planes are.
    """
    with open_tiff(data, name) as file:
        found = outline(file, name)
        read = _planes_behind_one_page(file, found, name, check, planes) if found.hidden else None

        def plane(number: int, where: str) -> DecodedImage:
            page = found.pages[number].aspage() if read is None else found.pages[0].aspage()
            if read is not None:
                return _with_channels(read[number], page, where, planes)
            turn = turn_of(getattr(page.tags.get(ORIENTATION), "value", 1))
            size = page.imagelength, page.imagewidth
            check(*(size[::-1] if turn in ON_ITS_SIDE else size), where)
            check_page(page, len(data), where)
            return turned(_from_tiff(data, file, page, where, planes), turn)

        if found.planes == 1:
            yield plane(0, name)
            return
        groups = _groups(found, planes, stack)
        if groups is None:
            raise _unsaid(found, name, plane)
        for number in range(len(groups)) if only is None else only:
            where = name if len(groups) == 1 else f"{name}, image {number + 1}"
            yield _merged([plane(place, where) for place in groups[number]], where)


def _groups(found: Stack, planes: Planes | None, stack: bool) -> list[list[int]] | None:
    """Which planes make an image, in the order of its channels; None if that is not known."""
    letters = [letter for letter, length in found.leading if length > 1]
    unsaid = [letter for letter in letters if letter != "C" and letter not in _SEPARATE]
    if unsaid and planes is None and not stack:
        return None
    channels = ["C"] if planes is None or "C" in letters else unsaid or letters if planes == "channels" else []
    shape = [length for _, length in found.leading]
    places = np.arange(found.planes).reshape(shape)
    last = [axis for axis, (letter, _) in enumerate(found.leading) if letter in channels]
    places = np.moveaxis(places, last, range(-len(last), 0)) if last else places
    width = math.prod(shape[axis] for axis in last)
    groups: list[list[int]] = places.reshape(-1, width).tolist()
    return groups


def image_count(found: Stack, planes: Planes | None) -> int | None:
    """How many images a file holds; None if that is not known."""
    groups = _groups(found, planes, stack=False) if found.planes > 1 else [[0]]
    return None if groups is None else len(groups)


def _unsaid(found: Stack, name: str, plane: Any) -> DataError:
    axes = ", ".join(str(length) for _, length in found.leading)
    step = -(-found.planes // _MOST_THUMBNAILS)
    shown = tuple(thumbnail(plane(number, name)) for number in range(0, found.planes, step))
    return DataError(
        f"{name} holds {axes} planes ({len(found.pages):,} pages), and does not say what they are: one is usual here. "
        'Say it: planes="channels", or planes="images" (slices of a volume and points in time are images, too), which '
        "wants a mask for each. A pair of stacks is read by from_stack(images, labels).",
        Question("planes", tuple(PLANES.items()), shown),
    )


def _merged(planes: list[DecodedImage], name: str) -> DecodedImage:
    """One image of several planes, each a channel."""
    if len(planes) == 1:
        return planes[0]
    flat = [each.values if each.values.ndim == 3 else each.values[..., None] for each in planes]
    if len({each.shape[:2] for each in flat}) > 1:
        raise DataError(f"{name} has channels of different sizes: save them alike.")
    if any(each.palette is not None for each in planes):
        raise DataError(f"{name} has channels with palettes: save them in grey.")
    return DecodedImage(np.concatenate(flat, axis=-1), planes[0].top, lossy=any(each.lossy for each in planes))


def _planes_behind_one_page(
    file: Any, found: Stack, name: str, check: SizeCheck, planes: Planes | None
) -> NDArray[Any]:
    """All planes of a file that has but one page."""
    series = file.series[0]
    if series.nbytes > LARGEST_FILE:
        raise DataError(f"{name} unpacks to {series.nbytes / 1e9:.1f} GB: cut it into smaller files.")
    height, width = found.pages[0].aspage().imagelength, found.pages[0].aspage().imagewidth
    for number in range(found.planes):
        check(height, width, f"{name}, image {number + 1}")
    every: NDArray[Any] = series.asarray()
    return every.reshape(found.planes, *every.shape[len(found.leading) :])


def _from_tiff(data: bytes, file: Any, page: Any, name: str, planes: Planes | None) -> DecodedImage:
    plain = page.compression in _NONE or (page.compression in _DEFLATE and page.fillorder == 1)
    if plain and page.photometric not in (5, 6, 8):
        axes, depth = page.axes, page.samplesperpixel
        if axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.nbytes > LARGEST_FILE:
            raise DataError(f"{name} has {depth} channels and axes {axes!r}: save it as one plane in grey or RGB.")
        if len(page.dataoffsets) > math.prod(page.chunked):
            raise DataError(f"{name} contradicts itself about its strips or tiles: save it again.")
        values = bounded(page, name).asarray()
        return _with_channels(values if axes != "SYX" else np.moveaxis(values, 0, -1), page, name, planes)
    return _compressed(data, file, page, name)


def _with_channels(values: NDArray[Any], page: Any, name: str, planes: Planes | None) -> DecodedImage:
    """The pixels of a TIFF page apart: grey or colours, alpha, palette."""
    bits = page.bitspersample
    if values.dtype.kind in "bu" and isinstance(bits, int) and bits <= 16:
        values, top = values.astype(np.uint8 if bits <= 8 else np.uint16), 2**bits - 1
        if page.photometric == _WHITE_IS_ZERO:
            values = (top - values).astype(values.dtype)
            imagej = bits > 1 and str(getattr(page, "description", "")).startswith("ImageJ=")
            if imagej and values.ndim == 2:
                return DecodedImage(values, top, turned_by_imagej=True)
    elif values.dtype.kind in "uif":
        top = None
    else:
        raise DataError(f"{name} holds numbers of the kind {values.dtype}: save it in 8 or 16 bits.")
    if page.photometric == 3 and page.colormap is not None and values.ndim == 2:
        colours = np.asarray(page.colormap).T
        return DecodedImage(values, top, palette=(colours >> 8 if colours.max() > 255 else colours).astype(np.uint8))
    channels = 1 if values.ndim == 2 else values.shape[-1]
    alpha = channels > 1 and page.extrasamples[-1:] in ((1,), (2,))
    bands = channels - int(alpha)
    if bands not in (1, 3) and planes != "channels":
        raise _unnamed_bands(values, bands, top, name)
    colours = values[..., 0] if bands == 1 and values.ndim == 3 else values[..., :bands] if alpha else values
    return DecodedImage(colours, top, alpha=values[..., -1] if alpha else None)


def _unnamed_bands(values: NDArray[Any], bands: int, top: int | None, name: str) -> DataError:
    which = {4: "a fourth band, and does not say that it is alpha; it may be near infrared"}.get(
        bands, f"{bands} bands, and does not say what they are"
    )
    return DataError(
        f'{name} has {which}. If all are channels that were measured, say planes="channels"; else save it without '
        "what is too many, or as RGBA.",
        Question(
            "planes",
            (("channels", PLANES["channels"]),),
            tuple(thumbnail(DecodedImage(values[..., band], top)) for band in range(min(bands, _MOST_THUMBNAILS))),
        ),
    )


def check_page(page: Any, stored: int, name: str) -> None:
    """Look at what a page says that it unpacks to.

    Args:
        page: As tifffile has it.
        stored: Bytes of the file.
        name: What to call it in an error.

    Raises:
        DataError: If that is far more than is stored, or its strips or tiles are far larger than itself.
    """
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    number = max(1, bits // 8) * page.samplesperpixel
    sides = (page.imagedepth, page.imagelength, page.imagewidth)
    rows = min(page.rowsperstrip, page.imagelength)
    tiles = (page.tiledepth, page.tilelength, page.tilewidth)
    check_padding(sides, tiles if page.is_tiled else (1, rows, page.imagewidth), number, name)
    check_unpacked(math.prod(sides) * number, stored, name)


def bounded(page: Any, name: str) -> Any:
    """A page that unpacks no piece to more than it needs: tifffile itself would fill the memory."""
    if page.compression not in _DEFLATE:
        return page
    bare = copy.copy(page)
    for known in ("hash", "decode"):
        bare.__dict__.pop(known, None)
    bare.compression = _NONE[0]
    most = int(math.prod(page.chunks) * page.dtype.itemsize)

    def decode(packed: bytes | None, index: int, **options: Any) -> Any:
        return bare.decode(None if packed is None else inflated(packed, most, name), index, **options)

    page.__dict__["decode"] = decode
    return page


def _compressed(data: bytes, file: Any, page: Any, name: str) -> DecodedImage:
    """A page that Pillow unpacks: LZW, fax, JPEG and others."""
    entry = page.tags.get(ORIENTATION)
    if entry is not None and entry.value in TURNS:
        # Pillow would turn the image while it is read; it is turned later, with its sides checked.
        plain = bytearray(data)
        struct.pack_into(f"{file.byteorder}H", plain, entry.valueoffset, 1)
        data = bytes(plain)
    try:
        opened = Image.open(io.BytesIO(data), formats=("TIFF",))
    except UnidentifiedImageError:
        kind = f"{getattr(page.compression, 'name', page.compression)}, {page.dtype}, {page.samplesperpixel} channels"
        raise DataError(
            f"{name} is a TIFF of a kind that cannot be read ({kind}): save it in grey or RGB without compression."
        ) from None
    with opened as image:
        image.seek(page.index)
        if (image.height, image.width) != (page.imagelength, page.imagewidth):
            raise DataError(f"{name} contradicts itself about its size: save it again.")
        image.load()
        decoded = from_pillow(image, name)
    lossy = page.compression in _JPEG
    return DecodedImage(decoded.values, decoded.top, decoded.alpha, decoded.palette, lossy)
