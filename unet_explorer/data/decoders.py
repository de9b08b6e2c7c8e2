"""From the bytes of a file to its pictures. What the bytes are decides, not what the file is called."""

from __future__ import annotations

import io
import logging
import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from unet_explorer.data.decoded import FORMATS, LARGEST_FILE, DataError, DecodedImage, SizeCheck

__all__ = ["pages"]

# Whatever tifffile finds odd about a file is said in our own words, once, if it matters.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NONE, _DEFLATE, _JPEG = (1,), (8, 32946), (6, 7)
_ORIENTATION = 274
_WHITE_IS_ZERO = 0
_LESS_DEEP: Final = {1: 255, 2: 85, 4: 17}
"""By how much Pillow spreads the greys of a PNG with that many bits a pixel."""


def pages(data: bytes, name: str, check: SizeCheck, most: int | None = 1) -> Iterator[DecodedImage]:
    """The pictures in a file, one by one; each is measured before its pixels are unpacked.

    A picture is what every viewer shows: a photo that its camera marked as turned (EXIF) is turned, and in a TIFF that
    says that 0 is white, white is the largest number. Of a moving GIF or PNG this is the first picture.

    Args:
        data: The bytes of the file.
        name: What to call it in an error.
        check: Told height, width and name first; what it raises is passed on.
        most: How many pages a TIFF may have; None for any number.

    Raises:
        DataError: If the bytes are no picture of an allowed kind, or damaged.

    Example:
        >>> file = io.BytesIO()
        >>> Image.new("L", (3, 2)).save(file, "PNG")
        >>> [picture.values.shape for picture in pages(file.getvalue(), "a.png", lambda *size: None)]
        [(2, 3)]
    """
    layers = _tiff(data, name, check, most) if data[:4] in _TIFF else _pillow(data, name, check)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                decoded = next(layers, None)
        except DataError:
            raise
        except Exception as error:  # noqa: BLE001  # a decoder handed hostile bytes may fail in any way
            reason = str(error).strip().split("\n")[0][:120].rstrip(".") or type(error).__name__
            raise DataError(f"{name} is damaged or cut off ({reason}). Save it again, or leave it out.") from None
        if decoded is None:
            return
        yield decoded


def _pillow(data: bytes, name: str, check: SizeCheck) -> Iterator[DecodedImage]:
    try:
        opened = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "BMP", "GIF"))
    except UnidentifiedImageError:
        raise DataError(
            f"{name} holds no picture that can be read (it begins with {data[:8]!r}). Allowed are {FORMATS}."
        ) from None
    except Image.DecompressionBombError:
        raise DataError(f"{name} says that it has far too many pixels. Cut it into smaller images.") from None
    with opened as file:
        turn = _noted_turn(file)
        check(*(file.size if turn in _ON_ITS_SIDE else file.size[::-1]), name)
        kind = file.format or ""
        file.load()
        if _noted_turn(file) != turn:
            # Behind the pixels of a PNG; its sides have been checked by now.
            raise DataError(f"{name} says only at its end that it is turned. Save it again.")
        decoded = _from_pillow(file, name)
        if kind == "GIF":
            # Its writers sort the palette as they like: only the colours mean anything.
            decoded = decoded.image()
        elif kind == "PNG" and file.mode == "L":
            bits = data[24]  # in the header, behind signature, length, type, width and height
            if bits in _LESS_DEEP:
                decoded = DecodedImage(decoded.values // _LESS_DEEP[bits], 2**bits - 1)
        yield turned(decoded if kind != "JPEG" else DecodedImage(decoded.values, decoded.top, lossy=True), turn)


_ON_ITS_SIDE: Final = (5, 6, 7, 8)
_TURNS: Final[dict[int, Any]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""What a viewer does for each orientation of the TIFF and EXIF standards; 1 is upright."""


def _noted_turn(file: Image.Image) -> int:
    """How a picture is turned, as far as that is known without unpacking its pixels."""
    noted = Image.Exif()
    noted.load(file.info.get("exif") or b"")
    return _turn_of(noted.get(_ORIENTATION))


def _turn_of(stored: object) -> int:
    return stored if isinstance(stored, int) and stored in _TURNS else 1


def turned(decoded: DecodedImage, orientation: int) -> DecodedImage:
    """A picture as it is seen, from one as it is stored.

    Args:
        decoded: As it is stored.
        orientation: 1 to 8, as EXIF and TIFF number them.

    Example:
        >>> turned(DecodedImage(np.array([[1, 2], [3, 4]]), 255), 6).values.tolist()
        [[3, 1], [4, 2]]
    """
    if orientation not in _TURNS:
        return decoded
    turn = _TURNS[orientation]
    alpha = None if decoded.alpha is None else np.ascontiguousarray(turn(decoded.alpha))
    return replace(decoded, values=np.ascontiguousarray(turn(decoded.values)), alpha=alpha)


def _from_pillow(file: Image.Image, name: str) -> DecodedImage:
    """A loaded image, in whatever mode Pillow holds it."""
    if file.mode in ("CMYK", "YCbCr", "RGBX"):
        file = file.convert("RGB")
    values = np.asarray(file)
    match file.mode:
        case "1":
            return DecodedImage(values.astype(np.uint8), 1)
        case "L" | "RGB":
            return DecodedImage(values, 255)
        case "P":
            colours = np.zeros((256, 3), np.uint8)
            entries = np.array(file.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
            colours[: len(entries)] = entries
            return DecodedImage(values, 255, palette=colours)
        case "LA":
            return DecodedImage(values[..., 0], 255, alpha=values[..., 1])
        case "RGBA":
            return DecodedImage(values[..., :3], 255, alpha=values[..., 3])
        case "I;16" | "I;16B" | "I;16L":
            return DecodedImage(values.astype(np.uint16), 65535)
        case "I" if file.format == "PNG":
            return DecodedImage(values.astype(np.uint16), 65535)
        case "I" | "F":
            return DecodedImage(values, None)
    raise DataError(f"{name} is stored as {file.mode}: save it in grey or RGB.")


def _tiff(data: bytes, name: str, check: SizeCheck, most: int | None) -> Iterator[DecodedImage]:
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        every = [page for page in file.pages if not getattr(page, "is_reduced", False)]
        if not every:
            raise DataError(f"{name} is a TIFF without a page. Save it again, or leave it out.")
        if most is not None and len(every) > most:
            raise DataError(
                f"{name} is a TIFF of {len(every):,} pages: one is allowed here. "
                "Save each page as a file, or read a pair of stacks with from_stack(images, labels)."
            )
        hidden = _hidden_planes(file, every, name)
        if hidden is not None and most is not None:
            raise DataError(
                f"{name} is a TIFF of {len(hidden):,} images behind one page: one is allowed here. Save each as a "
                "file, or read a pair of stacks with from_stack(images, labels)."
            )
        if hidden is not None:
            for number, plane in enumerate(hidden, start=1):
                where = f"{name}, image {number}"
                check(plane.shape[0], plane.shape[1], where)
                yield _with_channels(plane, every[0].aspage(), where)
            return
        for number in range(len(every)):
            where = name if len(every) == 1 else f"{name}, page {number + 1}"
            page = every[number].aspage()
            turn = _turn_of(getattr(page.tags.get(_ORIENTATION), "value", 1))
            size = page.imagelength, page.imagewidth
            check(*(size[::-1] if turn in _ON_ITS_SIDE else size), where)
            yield turned(_from_tiff(data, file, page, where), turn)


def _hidden_planes(file: Any, every: list[Any], name: str) -> NDArray[Any] | None:
    """Images behind one page, as ImageJ and tifffile write large stacks; None where each has a page of its own.

    Raises:
        DataError: If it is not said that these are images of one kind.
    """
    series = file.series[0]
    before = math.prod(series.shape[: max(0, series.ndim - every[0].aspage().ndim)])
    if len(every) != 1 or len(file.series) != 1 or before <= 1:
        return None
    leading = series.axes[: series.ndim - every[0].aspage().ndim]
    if len(leading) != 1 or leading in "CS":
        raise DataError(
            f"{name} holds planes along the axes {series.axes} behind one page: save it as a stack of single images."
        )
    if series.nbytes > LARGEST_FILE:
        raise DataError(f"{name} unpacks to {series.nbytes / 1e9:.1f} GB: cut it into smaller files.")
    planes: NDArray[Any] = series.asarray()
    return planes


def _from_tiff(data: bytes, file: Any, page: Any, name: str) -> DecodedImage:
    if page.compression in _NONE + _DEFLATE and page.photometric not in (5, 6, 8):
        axes, depth = page.axes, page.samplesperpixel
        if axes not in ("YX", "YXS", "SYX") or depth > 4 or page.dtype is None or page.nbytes > LARGEST_FILE:
            raise DataError(f"{name} has {depth} channels and axes {axes!r}: save it as one plane in grey or RGB.")
        if _piece(page) > LARGEST_FILE or len(page.dataoffsets) > math.prod(page.chunked):
            raise DataError(f"{name} contradicts itself about its strips or tiles: save it again.")
        if page.compression in _DEFLATE:
            _refuse_bomb(data, page, name)
        values = page.asarray()
        return _with_channels(values if axes != "SYX" else np.moveaxis(values, 0, -1), page, name)
    return _compressed(data, file, page, name)


def _with_channels(values: NDArray[Any], page: Any, name: str) -> DecodedImage:
    """The pixels of a TIFF page apart: grey or colours, alpha, palette."""
    bits = page.bitspersample
    if values.dtype.kind in "bu" and isinstance(bits, int) and bits <= 16:
        values, top = values.astype(np.uint8 if bits <= 8 else np.uint16), 2**bits - 1
        if page.photometric == _WHITE_IS_ZERO:
            values = (top - values).astype(values.dtype)
    elif values.dtype.kind in "uif":
        top = None
    else:
        raise DataError(f"{name} holds numbers of the kind {values.dtype}: save it in 8 or 16 bits.")
    if page.photometric == 3 and page.colormap is not None and values.ndim == 2:
        colours = np.asarray(page.colormap).T
        return DecodedImage(values, top, palette=(colours >> 8 if colours.max() > 255 else colours).astype(np.uint8))
    channels = 1 if values.ndim == 2 else values.shape[-1]
    if channels == 2 and page.extrasamples[-1:] not in ((1,), (2,)):
        raise DataError(f"{name} has 2 channels: save it in grey or RGB.")
    if channels == 4 and page.extrasamples[-1:] not in ((1,), (2,)):
        raise DataError(
            f"{name} has a fourth band, and does not say that it is alpha; it may be near infrared. Save it without "
            "that band, or as RGBA; or give arrays with all bands to from_stack."
        )
    if channels in (2, 4):
        colours = values[..., 0] if channels == 2 else values[..., :3]
        return DecodedImage(colours, top, alpha=values[..., -1])
    return DecodedImage(values if values.ndim == 2 or channels == 3 else values[..., 0], top)


def _refuse_bomb(data: bytes, page: Any, name: str) -> None:
    """Unpack each piece up to what the page needs of it: tifffile itself would fill the memory."""
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        unpacker = zlib.decompressobj()
        unpacked, rest = 0, data[start : start + count]
        while rest and unpacked <= _piece(page):
            unpacked += len(unpacker.decompress(rest, 2**20))
            rest = unpacker.unconsumed_tail
        if unpacked > _piece(page) + 2**16:
            raise DataError(f"{name} unpacks to more bytes than it has pixels: it is damaged. Leave it out.")


def _piece(page: Any) -> int:
    """Bytes of one strip or tile of a page, unpacked."""
    return int(math.prod(page.chunks) * page.dtype.itemsize)


def _compressed(data: bytes, file: Any, page: Any, name: str) -> DecodedImage:
    """A page that Pillow unpacks: LZW, fax, JPEG and others."""
    entry = page.tags.get(_ORIENTATION)
    if entry is not None and entry.value in _TURNS:
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
        decoded = _from_pillow(image, name)
    lossy = page.compression in _JPEG
    return DecodedImage(decoded.values, decoded.top, decoded.alpha, decoded.palette, lossy)
