"""How large an image is, from the beginning of its file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image

from unet_explorer.data.decoded import LARGEST_IMAGE, Budget, DataError, Planes, read_bytes
from unet_explorer.data.decoders import PICTURES, pages
from unet_explorer.data.pillow import ON_ITS_SIDE, ORIENTATION, noted_turn, turn_of
from unet_explorer.data.tiff import MAGIC, image_count, outline
from unet_explorer.data.tiff_pages import open_tiff

__all__ = ["Peeked", "peek"]

_GREY: Final = frozenset({"1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L"})
_HELD: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})


class Peeked(NamedTuple):
    """What a file seems to hold.

    Attributes:
        name: What it is called.
        images: How many images.
        height: Of each, in pixels.
        width: Of each, in pixels.
        channels: Of each; grey may be stored as 3.
    """

    name: str
    images: int
    height: int
    width: int
    channels: int


def peek(path: Path, name: str, planes: Planes | None) -> Peeked:
    """Look at the beginning of an image file; where that does not tell, at all of it.

    Raises:
        DataError: If it is no picture, or has too many pixels.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.png"
        >>> Image.new("RGB", (30, 20)).save(path)
        >>> peek(path, "a.png", None)
        Peeked(name='a.png', images=1, height=20, width=30, channels=3)
    """
    found = None
    if path.is_file():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = _tiff(path, name, planes) if _is_tiff(path) else _pillow(path, name)
        except Exception:  # noqa: BLE001  # what is wrong with it is said where it is read
            found = None
    if found is None:
        every = list(pages(read_bytes(path, name), name, Budget().take, planes))
        first = every[0].image().values
        height, width, *channels = first.shape
        found = Peeked(name, len(every), height, width, channels[0] if channels else 1)
    if found.height * found.width > LARGEST_IMAGE:
        raise DataError(
            f"{name} is {found.height:,} × {found.width:,} pixels: at most {LARGEST_IMAGE:,} are read (8192 × 8192). "
            "Cut it into smaller images."
        )
    return found


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in MAGIC


def _pillow(path: Path, name: str) -> Peeked | None:
    if path.suffix.lower() not in _HELD:
        return None
    with Image.open(path, formats=PICTURES) as file:
        width, height = file.size[::-1] if noted_turn(file) in ON_ITS_SIDE else file.size
        return Peeked(name, 1, height, width, 1 if file.mode in _GREY else 3)


def _tiff(path: Path, name: str, planes: Planes | None) -> Peeked | None:
    with open_tiff(path, name) as file:
        found = outline(file, name)
        count = image_count(found, planes)
        page = found.pages[0].aspage()
        if count is None or page.samplesperpixel not in (1, 3) or page.photometric == 3:
            return None
        turned = turn_of(getattr(page.tags.get(ORIENTATION), "value", 1)) in ON_ITS_SIDE
        height, width = (page.imagelength, page.imagewidth)[:: -1 if turned else 1]
        return Peeked(name, count, height, width, page.samplesperpixel * found.planes // count)
