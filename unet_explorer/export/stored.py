"""Images as files of other programs hold them: in few bits that lose nothing, and under names that none mistakes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.dataset import Dataset, Image

__all__ = ["Bits", "bits_of", "names_of", "stored"]

Bits: TypeAlias = Literal["uint8", "uint16", "float32"]
_TOPS: Final[dict[Bits, int]] = {"uint8": 255, "uint16": 65535}
_LONGEST: Final = 60
_MISTAKEN: Final = re.compile(
    r"[_-]*(cp_output|flows(_\d)?|cellprob|cp_masks|masks?|labels?|images?|imgs?|im|raw|gt|seg|instances?|truth|anno|l"
    r"|groundtruth|annotations?|segmentations?|manual\d?|binary|simple_segmentation|1stho|ground_truth)$",
    re.IGNORECASE,
)
"""What a name must not end in: programs tell masks from images by it."""


def bits_of(dataset: Dataset) -> Bits:
    """The fewest bits that hold all numbers of all images as they are: those of the files that most sets come from.

    Args:
        dataset: Its images are read one after the other.

    Example:
        >>> from unet_explorer import cells
        >>> bits_of(cells(2, size=64))
        'float32'
    """
    kinds: list[Bits] = ["uint8", "uint16"]
    for image in dataset.images:
        kinds = [kind for kind in kinds if _fits(np.asarray(image), kind)]
        if not kinds:
            return "float32"
    return kinds[0]


def _fits(image: Image, bits: Bits) -> bool:
    whole = stored(image, bits)
    return bool(np.array_equal(whole / np.float32(_TOPS[bits]), image))


def stored(image: Image, bits: Bits) -> NDArray[Any]:
    """An image in so many bits; whole numbers stand for 0 to 1.

    Example:
        >>> stored(np.array([[[0.0], [1.0]]], "float32"), "uint8").ravel().tolist()
        [0, 255]
    """
    if bits == "float32":
        return np.asarray(image, np.float32)
    top = _TOPS[bits]
    return np.clip(np.rint(np.asarray(image, np.float64) * top), 0, top).astype(bits)


def names_of(titles: Sequence[str]) -> list[str]:
    """A file name for each image, without its ending: its number, and what is left of its title in plain letters.

    Example:
        >>> names_of(["Zellkern 7 (müde).tif", "b/masks", "⚗"])
        ['0001_Zellkern_7_mude_tif', '0002_b', '0003']
    """
    digits = max(4, len(str(len(titles))))
    return [f"{number:0{digits}}{_words(title)}" for number, title in enumerate(titles, start=1)]


def _words(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    name = re.sub("[^A-Za-z0-9-]+", "_", plain)[:_LONGEST].strip("_-")
    while (shorter := _MISTAKEN.sub("", name)) != name:
        name = shorter
    return f"_{name}" if name else ""
