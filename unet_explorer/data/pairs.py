"""Which mask belongs to which image, by the names of the files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from unet_explorer.data.decoded import SUFFIXES, DataError, listed

__all__ = ["IMAGE_WORDS", "MASK_WORDS", "NUMBERED_WORDS", "by_number", "ends_like_a_mask", "pair"]

IMAGE_WORDS: Final = frozenset({"image", "images", "img", "imgs", "im"})
NUMBERED_WORDS: Final = frozenset({"instance", "instances"})
MASK_WORDS: Final = NUMBERED_WORDS | {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "gt", "truth", "groundtruth", "ground_truth"),
    *("seg", "segmentation", "segmentations", "manual"),
}
IMAGE_ENDS: Final = IMAGE_WORDS | {"raw", "0000"}
"""What may stand behind, or before, the name of an image: nnU-Net numbers channels so."""
MASK_ENDS: Final = MASK_WORDS | {
    *("cp_masks", "anno", "l", "manual1", "1stho", "simple segmentation", "simple_segmentation", "binary"),
}
"""The same for a mask: Cellpose, GlaS, CamVid, DRIVE, CHASE_DB1 and ilastik among them."""
_PICTURES: Final = tuple(sorted(SUFFIXES))


def pair(images: Sequence[Path], masks: Sequence[Path]) -> dict[Path, Path]:
    """For each image the mask called like it; else the one called so but for a word such as mask or img."""
    pairs: dict[Path, Path] = {}
    for image_words, mask_words in ((frozenset(), frozenset()), (IMAGE_ENDS, MASK_ENDS)):
        left = _by_key([image for image in images if image not in pairs], image_words)
        taken = set(pairs.values())
        offered = _by_key([mask for mask in masks if mask not in taken], mask_words)
        for key, same in left.items():
            partners = offered.get(key, [])
            if partners and len(same) + len(partners) > 2:
                raise DataError(
                    f"{listed(path.name for path in same)} and {listed(path.name for path in partners)} have the same "
                    "name but for the ending: which mask belongs to which image? Rename or take out what is too many."
                )
            if partners:
                pairs[same[0]] = partners[0]
    return pairs or _by_number(images, masks)


def _by_number(images: Sequence[Path], masks: Sequence[Path]) -> dict[Path, Path]:
    """Pairs by the numbers in the names, where every image and every mask has one that no other has.

    Where names hold several numbers, the letters before each count as well: patient 1, slice 2 is not patient 2,
    slice 1.
    """
    alone = all(len(re.findall(r"\d+", path.stem)) == 1 for path in images)

    def numbers(paths: Sequence[Path]) -> dict[object, Path]:
        found = [(re.findall(r"([^\W\d_]*)[^a-zA-Z\d]*?(\d+)", path.stem), path) for path in paths]
        if alone:
            return {int(each[0][1]): path for each, path in found if each}
        return {
            frozenset((word.casefold(), int(number)) for word, number in each): path for each, path in found if each
        }

    ours, theirs = numbers(images), numbers(masks)
    if not len(images) == len(masks) == len(ours) == len(theirs) or ours.keys() != theirs.keys():
        return {}
    return {image: theirs[number] for number, image in ours.items()}


def by_number(pairs: dict[Path, Path]) -> bool:
    """Whether it was the numbers in their names alone that paired them."""
    return any(_key(image.stem, IMAGE_ENDS) != _key(mask.stem, MASK_ENDS) for image, mask in pairs.items())


def ends_like_a_mask(path: Path) -> bool:
    """Whether a file is called so as a mask is."""
    return _key(path.stem, MASK_ENDS) != _key(path.stem, ())


def _by_key(paths: Iterable[Path], words: frozenset[str]) -> dict[str, list[Path]]:
    by_key: dict[str, list[Path]] = {}
    for path in paths:
        by_key.setdefault(_key(path.stem, words), []).append(path)
    return by_key


def _key(stem: str, words: Iterable[str]) -> str:
    """A name without case, and without such a word at its end or beginning."""
    either = "|".join(sorted(words, key=len, reverse=True))
    # An umlaut may be one sign or two; macOS writes two.
    name = unicodedata.normalize("NFC", stem).casefold().removesuffix(".ome")
    # a.jpg.png is the mask of a.jpg.
    name = next((name[: -len(ending)] for ending in _PICTURES if name.endswith(ending)), name)
    return re.sub(rf"[-_. ]+({either})$|^({either})[-_. ]+", "", name, count=1) if either else name
