"""Which mask belongs to which image, by the names of the files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from unet_explorer.data.decoded import DataError, listed

__all__ = ["IMAGE_WORDS", "MASK_WORDS", "NUMBERED_WORDS", "pair"]

IMAGE_WORDS: Final = frozenset({"image", "images", "img", "imgs", "im"})
NUMBERED_WORDS: Final = frozenset({"instance", "instances"})
MASK_WORDS: Final = NUMBERED_WORDS | {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "gt", "truth", "groundtruth", "ground_truth"),
    *("seg", "segmentation", "segmentations", "manual"),
}


def pair(images: Sequence[Path], masks: Sequence[Path]) -> dict[Path, Path]:
    """For each image the mask called like it; else the one called so but for a word such as mask or img."""
    pairs: dict[Path, Path] = {}
    for image_words, mask_words in ((frozenset(), frozenset()), (IMAGE_WORDS, MASK_WORDS)):
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
    """Pairs by the first number in the names, where every image and every mask has one that no other has."""

    def numbers(paths: Sequence[Path]) -> dict[int, Path]:
        found = [(re.search(r"\d+", path.stem), path) for path in paths]
        return {int(number[0]): path for number, path in found if number}

    ours, theirs = numbers(images), numbers(masks)
    if not len(images) == len(masks) == len(ours) == len(theirs) or ours.keys() != theirs.keys():
        return {}
    return {image: theirs[number] for number, image in ours.items()}


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
    return re.sub(rf"[-_. ]+({either})$|^({either})[-_. ]+", "", name, count=1) if either else name
