"""From the bytes of a file to its pictures. What the bytes are decides, not what the file is called."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from unet_explorer.data.arrays import decoded_array, plain_layers
from unet_explorer.data.decoded import FORMATS, DataError, DecodedImage, Planes, SizeCheck
from unet_explorer.data.guard import check_npy, check_picture, check_unpacked
from unet_explorer.data.pillow import ON_ITS_SIDE, from_pillow, noted_turn, turned
from unet_explorer.data.tiff import MAGIC, tiff_images
from unet_explorer.data.words import own_words

__all__ = ["PICTURES", "pages"]

PICTURES: Final = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
"""What Pillow is asked to open."""
_NUMPY: Final = b"\x93NUMPY"
_LESS_DEEP: Final = {1: 255, 2: 85, 4: 17}
"""By how much Pillow spreads the greys of a PNG with that many bits a pixel."""


def pages(
    data: bytes,
    name: str,
    check: SizeCheck,
    planes: Planes | None = None,
    *,
    stack: bool = False,
    only: Sequence[int] | None = None,
) -> Iterator[DecodedImage]:
    """The pictures in a file, one by one; each is measured before its pixels are unpacked.

    A picture is what every viewer shows: a photo that its camera marked as turned (EXIF) is turned, and in a TIFF that
    says that 0 is white, white is the largest number. Of a moving GIF, PNG or WebP this is the first picture. A TIFF of
    several planes may say that they are channels, or slices and the like, which are pictures of their own.

    Args:
        data: The bytes of the file.
        name: What to call it in an error.
        check: Told height, width and name first; what it raises is passed on.
        planes: What several planes in a file are, where it does not say so itself.
        stack: Whether it is known to be a stack of pictures.
        only: Which pictures of a TIFF are wanted, in this order; all if nothing is said.

    Raises:
        DataError: If the bytes are no picture of an allowed kind, or damaged, or it is not said what its planes are.

    Example:
        >>> file = io.BytesIO()
        >>> Image.new("L", (3, 2)).save(file, "PNG")
        >>> [picture.values.shape for picture in pages(file.getvalue(), "a.png", lambda *size: None)]
        [(2, 3)]
    """
    if data[:4] in MAGIC:
        layers = tiff_images(data, name, check, planes, stack=stack, only=only)
    elif data.startswith(_NUMPY):
        layers = _array(data, name, check, planes, stack)
    else:
        layers = _pillow(data, name, check)
    while True:
        with own_words(name), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = next(layers, None)
        if decoded is None:
            return
        yield decoded


def _array(data: bytes, name: str, check: SizeCheck, planes: Planes | None, stack: bool) -> Iterator[DecodedImage]:
    """A file as NumPy writes it; objects in it are never unpacked."""
    file = io.BytesIO(data)
    check_npy(file, len(data), name)
    array = np.load(file, allow_pickle=False)
    yield from (decoded_array(layer) for layer in plain_layers(array, name, check, planes, stack=stack))


def _pillow(data: bytes, name: str, check: SizeCheck) -> Iterator[DecodedImage]:
    check_picture(data, name)
    try:
        opened = Image.open(io.BytesIO(data), formats=PICTURES)
    except UnidentifiedImageError:
        raise DataError(
            f"{name} holds no picture that can be read (it begins with {data[:8]!r}). Allowed are {FORMATS}."
        ) from None
    except Image.DecompressionBombError:
        raise DataError(f"{name} says that it has far too many pixels. Cut it into smaller images.") from None
    with opened as file:
        turn = noted_turn(file)
        check(*(file.size if turn in ON_ITS_SIDE else file.size[::-1]), name)
        check_unpacked(math.prod(file.size) * len(file.getbands()), len(data), name)
        kind = file.format or ""
        file.load()
        if noted_turn(file) != turn:
            # Behind the pixels of a PNG; its sides have been checked by now.
            raise DataError(f"{name} says only at its end that it is turned. Save it again.")
        decoded = from_pillow(file, name)
        if kind == "GIF":
            # Its writers sort the palette as they like: only the colours mean anything.
            decoded = decoded.image()
        elif kind == "PNG" and file.mode == "L":
            bits = data[24]  # in the header, behind signature, length, type, width and height
            if bits in _LESS_DEEP:
                decoded = DecodedImage(decoded.values // _LESS_DEEP[bits], 2**bits - 1)
        # Of WebP there are two kinds; the chunk VP8L is that which makes nothing up.
        if kind == "JPEG" or (kind == "WEBP" and b"VP8L" not in data[:256]):
            decoded = DecodedImage(decoded.values, decoded.top, decoded.alpha, lossy=True)
        yield turned(decoded, turn)
