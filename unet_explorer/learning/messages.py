"""Messages between the notebook and its worker: plain data, framed by their length.

A message is a JSON object; arrays in it travel as raw bytes behind it. Nothing is pickled, so reading a message can
do no more than make numbers and words.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import numpy as np

__all__ = ["Frame", "Message", "framed", "read_message", "write_message"]

Message = dict[str, Any]
Frame = list[bytes | memoryview]
"""A message as it is written, piece by piece; arrays in it are not copied."""
_ARRAY: Final = "array·"
"""The one key of an object that stands for an array; its value is the number of the array."""
_LENGTH: Final = struct.Struct("!Q")
_LONGEST: Final = 1 << 31
_KINDS: Final = "biuf"


def write_message(stream: BinaryIO, message: Mapping[str, Any]) -> None:
    """Send a message: numbers, words, lists, dicts and arrays of numbers.

    Raises:
        TypeError: If something else is in it.
        OSError: If nobody reads any more.

    Example:
        >>> import io
        >>> stream = io.BytesIO()
        >>> write_message(stream, {"event": "point", "losses": np.array([0.5, 0.25])})
        >>> _ = stream.seek(0)
        >>> read_message(stream)
        {'event': 'point', 'losses': array([0.5 , 0.25])}
    """
    for part in framed(message):
        stream.write(part)
    stream.flush()


def framed(message: Mapping[str, Any]) -> Frame:
    """A message as it is written: its length, its words, its arrays.

    Raises:
        TypeError: If something else than numbers, words, lists, dicts and arrays of numbers is in it.

    Example:
        >>> [len(part) for part in framed({"losses": np.zeros(3)})]
        [101, 24]
    """
    arrays: list[np.ndarray[Any, Any]] = []

    def packed(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray) and value.dtype.kind in _KINDS:
            arrays.append(np.asarray(value, order="C"))
            return {_ARRAY: len(arrays) - 1}
        raise TypeError(f"A message holds numbers, words and arrays of numbers, not {type(value).__name__}.")

    body = json.dumps(message, default=packed)
    kinds = [{"kind": each.dtype.str, "shape": each.shape} for each in arrays]
    head = json.dumps({"message": body, "arrays": kinds}).encode()
    # Reshaped, for an empty array has no bytes to look at.
    return [_LENGTH.pack(len(head)) + head, *(each.reshape(-1).view(np.uint8).data for each in arrays)]


def read_message(stream: BinaryIO) -> Message | None:
    """Wait for the next message; None once the other side is gone.

    Raises:
        ValueError: If what arrives is no message.
    """
    length = _exactly(stream, _LENGTH.size)
    if length is None:
        return None
    head = _exactly(stream, _bounded(_LENGTH.unpack(length)[0]))
    if head is None:
        return None
    with _whole():
        frame = json.loads(head)
        kinds = [(np.dtype(each["kind"]), tuple(map(int, each["shape"]))) for each in frame["arrays"]]
    arrays = []
    for kind, shape in kinds:
        if kind.kind not in _KINDS or any(side < 0 for side in shape):
            raise ValueError(f"Not a message: an array of {kind}.")
        raw = _exactly(stream, _bounded(kind.itemsize * math.prod(shape)))
        if raw is None:
            return None
        with _whole():
            arrays.append(np.frombuffer(raw, kind).reshape(shape))

    def unpacked(value: dict[str, Any]) -> Any:
        return arrays[value[_ARRAY]] if value.keys() == {_ARRAY} else value

    with _whole():
        message: Message = dict(json.loads(frame["message"], object_hook=unpacked))
    return message


@contextmanager
def _whole() -> Iterator[None]:
    """Whatever cannot be understood is no message."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # what is not framed as it should be fails anywhere
        raise ValueError(f"Not a message: {type(error).__name__}.") from None


def _bounded(length: int) -> int:
    if length > _LONGEST:
        raise ValueError(f"Not a message: it would be {length:,} bytes long.")
    return length


def _exactly(stream: BinaryIO, length: int) -> bytes | None:
    """So many bytes, or None if the stream ends before."""
    parts, missing = [], length
    while missing:
        part = stream.read(min(missing, 1 << 20))
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
