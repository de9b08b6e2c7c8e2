"""Pictures as Pillow holds them: in whatever mode, and stored as the camera was held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from PIL import Image

from unet_explorer.data.decoded import DataError, DecodedImage

__all__ = ["ON_ITS_SIDE", "ORIENTATION", "TURNS", "from_pillow", "noted_turn", "turn_of", "turned"]

ORIENTATION: Final = 274
"""Number of the entry, in EXIF and in TIFF, that says how a picture is turned."""
ON_ITS_SIDE: Final = (5, 6, 7, 8)
TURNS: Final[dict[int, Any]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""What a viewer does for each orientation of the TIFF and EXIF standards; 1 is upright."""


def noted_turn(file: Image.Image) -> int:
    """How a picture is turned, as far as that is known without unpacking its pixels."""
    noted = Image.Exif()
    noted.load(file.info.get("exif") or b"")
    return turn_of(noted.get(ORIENTATION))


def turn_of(stored: object) -> int:
    """An orientation of the standards as it is stored; 1 where it is none."""
    return stored if isinstance(stored, int) and stored in TURNS else 1


def turned(decoded: DecodedImage, orientation: int) -> DecodedImage:
    """A picture as it is seen, from one as it is stored.

    Args:
        decoded: As it is stored.
        orientation: 1 to 8, as EXIF and TIFF number them.

    Example:
        >>> turned(DecodedImage(np.array([[1, 2], [3, 4]]), 255), 6).values.tolist()
        [[3, 1], [4, 2]]
    """
    if orientation not in TURNS:
        return decoded
    turn = TURNS[orientation]
    alpha = None if decoded.alpha is None else np.ascontiguousarray(turn(decoded.alpha))
    return replace(decoded, values=np.ascontiguousarray(turn(decoded.values)), alpha=alpha)


def from_pillow(file: Image.Image, name: str) -> DecodedImage:
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
