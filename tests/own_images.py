"""Small images and masks for the tests of what users bring: made, saved, refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from unet_explorer.data import decoded
from unet_explorer.data.files import from_folder

GREY = np.arange(20 * 30, dtype=np.uint8).reshape(20, 30)
SQUARE = np.zeros((20, 30), np.uint8)
SQUARE[5:12, 8:20] = 255
RAMP = (np.arange(20 * 30).reshape(20, 30) % 5).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, mode: str | None = None, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


def save_tiff(path: Path, pixels: np.ndarray, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, pixels, **options)
    return path


def pair(folder: Path, image: np.ndarray = GREY, mask: np.ndarray = SQUARE, stem: str = "a") -> Path:
    save(folder / "images" / f"{stem}.png", image)
    save(folder / "masks" / f"{stem}.png", mask)
    return folder


def refusal(*args, **options) -> str:
    """The sentence with which a folder is refused."""
    with pytest.raises(ValueError, match=".") as caught:
        from_folder(*args, **options)
    assert type(caught.value) is decoded.DataError, caught.value
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    text = str(caught.value)
    assert text.isprintable(), text
    assert text.endswith((".", ")")), text
    return text


def png(width: int, height: int, rows: bytes, bits: int = 8, kind: int = 0) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
