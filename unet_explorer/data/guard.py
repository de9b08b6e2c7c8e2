"""What a file may unpack to, looked at before anything is unpacked: bombs are refused by what they say of themselves.

Every reader asks here. A file may unpack to 128 MiB whatever its own size, for a blank mask packs very well; beyond
that to 200 times its own size, as no images do.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import IO, Any, Final

import numpy as np

from unet_explorer.data.decoded import DataError

__all__ = ["SLACK", "check_npy", "check_padding", "check_picture", "check_unpacked", "inflated", "unpacked_length"]

HARMLESS: Final = 1 << 27
"""Bytes that any file may unpack to."""
LARGEST_RATIO: Final = 200
"""How many times its own size a file may unpack to beyond that."""
SLACK: Final = 1 << 16
"""Bytes that a piece may unpack to beyond what is needed of it; some writers fill up the last one."""
_PADDED: Final = 8
"""How many times its own size an image may take with all its pieces filled up: each side may double."""
_PADDING: Final = 1 << 26
_MOST_SCANS: Final = 100
"""A JPEG is sent in ten scans or so; each goes over the whole image."""
_STEP: Final = 1 << 20


def check_unpacked(unpacked: int, stored: int, name: str) -> None:
    """Refuse what is far larger than its file.

    Args:
        unpacked: Bytes, as the file says.
        stored: Bytes of the file, or of the piece.
        name: What to call it in an error.

    Raises:
        DataError: If it is a bomb.

    Example:
        >>> check_unpacked(8192 * 8192, 65_000, "blank.png")
        >>> check_unpacked(16_000 * 16_000, 260_000, "bomb.png")
        Traceback (most recent call last):
        ...
        unet_explorer.data.decoded.DataError: bomb.png says that its 260,000 bytes unpack to 256,000,000, ...
    """
    if unpacked > HARMLESS and unpacked > LARGEST_RATIO * stored:
        raise DataError(
            f"{name} says that its {stored:,} bytes unpack to {unpacked:,}, as those of no image do. If it is yours, "
            "cut it into smaller images, or save it without compression."
        )


def check_padding(shape: Sequence[int], piece: Sequence[int], itemsize: int, name: str) -> None:
    """Refuse tiles or chunks that are far larger than the image that they make up.

    Args:
        shape: Of the image.
        piece: Sides of a tile or a chunk, as many.
        itemsize: Bytes of a number.
        name: What to call it in an error.

    Raises:
        DataError: If they are, or a side is nothing.

    Example:
        >>> check_padding((100, 130), (64, 64), 2, "a.tif")
        >>> check_padding((32, 32), (65536, 65536), 1, "a.tif")
        Traceback (most recent call last):
        ...
        unet_explorer.data.decoded.DataError: a.tif has 32 × 32 pixels in pieces of 65536 × 65536...
    """
    whole = math.prod(shape) * itemsize
    good = len(shape) == len(piece) and all(side > 0 for side in piece)
    filled = math.prod(-(-side // step) * step for side, step in zip(shape, piece, strict=True)) if good else -1
    if not good or filled * itemsize > _PADDED * whole + _PADDING:
        raise DataError(
            f"{name} has {' × '.join(map(str, shape))} pixels in pieces of {' × '.join(map(str, piece))}: it is "
            "damaged. Save it again, or leave it out."
        )


def inflated(data: bytes, most: int, name: str) -> bytes:
    """Deflated bytes, unpacked, but no more than there may be.

    Raises:
        DataError: If there are more; zlib.error: If they are damaged.

    Example:
        >>> inflated(zlib.compress(b"abc"), 3, "a.tif")
        b'abc'
    """
    unpacker = zlib.decompressobj()
    unpacked = unpacker.decompress(data, most + SLACK)
    if unpacker.unconsumed_tail:
        raise DataError(f"{name} unpacks to more bytes than it has pixels: it is damaged. Leave it out.")
    if not unpacker.eof:
        raise zlib.error("incomplete or truncated stream")
    return unpacked


def unpacked_length(make: Callable[[], Any], data: bytes, most: int) -> int:
    """How many bytes something unpacks to; counting ends beyond `most`, and nothing is kept.

    Args:
        make: Makes an unpacker with ``decompress(data, most)``, as zlib and bz2 have it.
        data: What is packed; several streams may follow each other.
        most: From where on it does not matter.

    Example:
        >>> unpacked_length(lambda: zlib.decompressobj(47), zlib.compress(bytes(1000)) * 2, 10_000)
        2000
    """
    count, rest = 0, data
    while rest and count <= most:
        unpacker = make()
        before = len(rest)
        while count <= most and not unpacker.eof:
            count += len(unpacker.decompress(rest, _STEP))
            # bz2 keeps what it did not take itself, zlib hands it back.
            rest = getattr(unpacker, "unconsumed_tail", b"")
            if not rest and getattr(unpacker, "needs_input", True):
                break
        rest = unpacker.unused_data
        if len(rest) >= before:
            break
    return count


def check_npy(file: IO[bytes], size: int, name: str) -> None:
    """Look at the head of a .npy file; the file is left where it was.

    Args:
        file: At its beginning.
        size: Bytes that it has.
        name: What to call it in an error.

    Raises:
        DataError: If it holds no array of plain numbers, or is cut off.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> np.save(file, np.zeros(5))
        >>> _ = file.seek(0)
        >>> check_npy(file, 100, "a.npy")
        Traceback (most recent call last):
        ...
        unet_explorer.data.decoded.DataError: a.npy is cut off: it says that it has shape (5,), which takes 40 bytes...
    """
    start = file.tell()
    if file.read(4) == b"PK\3\4":
        raise DataError(f"{name} is an .npz with several arrays: save the one that is meant with np.save.")
    file.seek(start)
    version = np.lib.format.read_magic(file)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if read is None:
        raise DataError(f"{name} is a .npy of version {version[0]}.{version[1]}: save it again with np.save.")
    shape, _, kind = read(file)
    if kind.hasobject:
        raise DataError(
            f"{name} holds Python objects, which are never unpacked here. Save the array alone; of Cellpose's "
            "_seg.npy the mask: np.save('mask.npy', np.load(path, allow_pickle=True).item()['masks'])."
        )
    if kind.kind not in "biuf":
        raise DataError(f"{name} holds {kind}, not real numbers: save 8 or 16 bits, or floats.")
    needed, there = math.prod(shape) * kind.itemsize, start + size - file.tell()
    if needed > there or any(side < 0 for side in shape):
        raise DataError(
            f"{name} is cut off: it says that it has shape {shape}, which takes {needed:,} bytes, and "
            f"{max(0, there):,} are there. Save it again."
        )
    file.seek(start)


def check_picture(data: bytes, name: str) -> None:
    """Look at a JPEG or WebP before it is opened: Pillow makes room for the latter at once.

    Raises:
        DataError: If it has more scans than any, or is far larger than its file.
    """
    if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > _MOST_SCANS:
        raise DataError(f"{name} has more than {_MOST_SCANS} scans, as no JPEG has: it is damaged. Save it again.")
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X":
        width, height = (1 + int.from_bytes(data[place : place + 3], "little") for place in (24, 27))
        check_unpacked(width * height * 4, len(data), name)
