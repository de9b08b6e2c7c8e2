"""A checksum in every file that is kept, so that one wrong bit is seen; the files stay what they are, JSON and npz.

JSON ends with the key ``checksum``, of all that stands before it; an npz bears it as the comment of its archive. Both
are read by any other program, and by releases that know of no checksum; files without one are taken as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DamagedError", "arrays_in", "json_in", "json_with_checksum", "member_in", "write_npz"]

_LENGTH: Final = 32
_TAIL: Final = re.compile(rb'(?:, |(?<=\{))".{8}": "(.{32})"\}$', re.DOTALL)
_TAIL_BYTES: Final = 60
_MARK: Final = b"checksum "
_END: Final = 22
"""Bytes of the end of an archive, in front of its comment."""
_PIECE: Final = 1 << 20


class DamagedError(ValueError):
    """A file is there, and is not what was written."""


def _digest() -> Any:
    return hashlib.blake2b(digest_size=_LENGTH // 2)


def json_with_checksum(content: Mapping[str, Any]) -> bytes:
    """Plain values as JSON, and behind them their checksum.

    Example:
        >>> json_with_checksum({"state": "paused"})
        b'{"state": "paused", "checksum": "c319454f3908b2ca389caf3bd7ca76cb"}'
    """
    body = json.dumps(content).encode()
    told = _digest()
    told.update(body)
    return body[:-1] + (b", " if content else b"") + f'"checksum": "{told.hexdigest()}"}}'.encode()


def json_in(data: bytes) -> dict[str, Any]:
    """What `json_with_checksum` was given, or any other JSON object without a checksum.

    Raises:
        DamagedError: If it is neither.

    Example:
        >>> json_in(json_with_checksum({"state": "paused"})), json_in(b'{"state": "of an earlier release"}')
        ({'state': 'paused'}, {'state': 'of an earlier release'})
        >>> json_in(json_with_checksum({"state": "paused"}).replace(b"pau", b"pas"))
        Traceback (most recent call last):
        unet_explorer.learning.checksums.DamagedError: it is not what was written
    """
    # One bit of the checksum's own name may be wrong, too: what it says counts, not what it is called.
    start = max(0, len(data) - _TAIL_BYTES)
    tail = _TAIL.search(data[start:])
    if tail:
        told = _digest()
        told.update(body := data[: start + tail.start()] + b"}")
        if told.hexdigest().encode() == tail[1]:
            data = body
            tail = None
    try:
        content = json.loads(data)
    # Beside what is no JSON: numbers of too many digits, and brackets within brackets within brackets.
    except (ValueError, RecursionError) as error:
        raise DamagedError(str(error)) from None
    if not isinstance(content, dict):
        raise DamagedError("it holds no values by name")
    if tail and "checksum" in content:
        raise DamagedError("it is not what was written")
    return content


def write_npz(stream: BinaryIO, arrays: Mapping[str, Any]) -> None:
    """Arrays as NumPy keeps them, with the checksum as a comment."""
    np.savez(stream, **arrays)
    end = stream.seek(-_END, os.SEEK_END)
    comment = _MARK + _digest_of(stream, end).encode()
    stream.seek(-2, os.SEEK_END)
    stream.write(struct.pack("<H", len(comment)) + comment)


def arrays_in(stream: BinaryIO) -> dict[str, NDArray[Any]]:
    """What `write_npz` was given, or any other archive of numbers.

    Raises:
        DamagedError: If it is neither, or cannot be read.
    """
    marked = len(_MARK) + _LENGTH
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - marked))
    comment = stream.read()
    whole = comment.startswith(_MARK)
    if whole and _digest_of(stream, max(0, size - marked - _END)).encode() != comment[len(_MARK) :]:
        raise DamagedError("it is not what was written")
    stream.seek(0)
    try:
        with np.load(stream, allow_pickle=False) as content:
            return {key: content[key] for key in content.files}
    except Exception as error:
        # What is whole fits no memory; what is damaged raises whatever there is, from tokenize to zlib.
        if whole and isinstance(error, MemoryError):
            raise
        raise DamagedError(f"{type(error).__name__}: {error}") from None


def member_in(stream: BinaryIO, name: str) -> NDArray[Any] | None:
    """One array of an archive, which is small, without a look at the others; None if it is not there.

    Raises:
        DamagedError: If it cannot be read.
    """
    try:
        with np.load(stream, allow_pickle=False) as content:
            return content[name] if name in content.files else None
    except Exception as error:  # noqa: BLE001  # as above
        raise DamagedError(f"{type(error).__name__}: {error}") from None


def _digest_of(stream: BinaryIO, length: int) -> str:
    """The checksum of so many bytes from the beginning."""
    told = _digest()
    stream.seek(0)
    while length > 0 and (piece := stream.read(min(length, _PIECE))):
        told.update(piece)
        length -= len(piece)
    return str(told.hexdigest())
