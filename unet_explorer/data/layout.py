"""The files of a data set: which are images, and which mask belongs to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from unet_explorer.data.decoded import FORMATS, SUFFIXES, DataError, listed
from unet_explorer.data.legend import LEGENDS
from unet_explorer.data.listing import inside, left_out, pictures, visible
from unet_explorer.data.pairs import NUMBERED_WORDS, by_number, pair
from unet_explorer.whole import printable

__all__ = ["Layout", "of_pairs", "paired"]

_TRACKED: Final = re.compile(r"man_seg_?\d+")
"""Masks of the Cell Tracking Challenge."""


class Layout(NamedTuple):
    """The files of a data set.

    Attributes:
        kind: ``"pairs"``: one mask an image; ``"numbered"``: the same, each number an object; ``"objects"``: one mask
            an object; ``"stack"``: one file of images, one of labels.
        folder: Where they lie.
        images: One file an image.
        masks: For each image its masks; one but for ``"objects"``.
        validation: How many images, the last ones, the set itself keeps to examine a network on.
        classes: Names of the classes, where the set is known by its folders.
        ignore: The number that such a set gives to pixels of which nothing is known.
        notes: What was left out, and why.
    """

    kind: Literal["pairs", "numbered", "objects", "stack"]
    folder: Path
    images: list[Path]
    masks: list[list[Path]]
    validation: int = 0
    classes: tuple[str, ...] = ()
    ignore: int | None = None
    notes: tuple[str, ...] = ()

    def first(self, limit: int | None) -> Layout:
        """At most so many images to learn from, and as many to be examined on."""
        if limit is None:
            return self
        learnt = len(self.images) - self.validation
        places = [*range(min(limit, learnt)), *range(learnt, learnt + min(limit, self.validation))]
        return self._replace(
            images=[self.images[place] for place in places],
            masks=[self.masks[place] for place in places],
            validation=min(limit, self.validation),
        )


def paired(folder: Path, image_folder: Path, mask_folder: Path, root: Path) -> Layout:
    """The data set of a folder of images and one of masks.

    Args:
        folder: Where it lies.
        image_folder: The folder of the images.
        mask_folder: That of the masks.
        root: What links must not lead out of.

    Raises:
        DataError: If there is no image, or one has no mask.
    """
    images, masks = pictures(image_folder, root), pictures(mask_folder, root)
    if not images:
        held = sorted({path.suffix.lower() or path.name for path in visible(image_folder, root)})
        raise DataError(
            f"{inside(image_folder, root)} holds no picture ({listed(held) or 'it is empty'})."
            f"{left_out([image_folder], root)} Allowed are {FORMATS}."
        )
    if not masks:
        _refuse_no_masks(mask_folder, root)
    pairs = pair(images, masks)
    if len(images) == 1 and not pairs and folder.name == images[0].stem:
        return Layout("objects", folder, images, [masks])
    notes = list(_beside([image_folder, mask_folder], root))
    lonely = [image.name for image in images if image not in pairs]
    if lonely and all(_TRACKED.fullmatch(mask.stem.lower()) for mask in masks):
        # Of the Cell Tracking Challenge a few frames have a mask.
        pairs = pair([image for image in images if _number(image) in set(map(_number, masks))], masks)
        notes.append(f"{len(images) - len(pairs):,} of {len(images):,} images have no mask and were left out.")
        images, lonely = [image for image in images if image in pairs], [] if pairs else lonely
    if lonely:
        raise DataError(
            f"{len(lonely):,} of {len(images):,} images in {inside(image_folder, root)} have no mask in "
            f"{inside(mask_folder, root)}: {listed(lonely)}.{left_out([image_folder, mask_folder], root)} A mask is "
            "called like its image, or the same with _mask, _label, _gt or _seg; add it, or take the image out."
        )
    return of_pairs(folder, pairs, images, masks, notes, numbered=mask_folder.name.lower() in NUMBERED_WORDS)


def of_pairs(
    folder: Path,
    pairs: dict[Path, Path],
    images: Sequence[Path],
    masks: Sequence[Path],
    notes: Sequence[str] = (),
    *,
    numbered: bool = False,
) -> Layout:
    """A data set of images with a mask each, and what is worth knowing of how they were paired.

    Args:
        folder: Where it lies.
        pairs: The mask of each image.
        images: All images, in order.
        masks: All masks.
        notes: What is known already.
        numbered: Whether each number in a mask is an object.
    """
    used = set(pairs.values())
    over = [mask.name for mask in masks if mask not in used]
    told = list(notes)
    if over:
        told.append(f"{len(over):,} masks without an image were left out: {listed(over)}.")
    if by_number(pairs):
        first = images[0]
        told.append(f"Images and masks go together by the numbers in their names: {first.name}, {pairs[first].name}.")
    kind: Literal["pairs", "numbered"] = "numbered" if numbered else "pairs"
    return Layout(kind, folder, list(images), [[pairs[image]] for image in images], notes=tuple(told))


def _number(path: Path) -> int:
    found = re.search(r"\d+", path.stem)
    return int(found[0]) if found else -1


def _refuse_no_masks(folder: Path, root: Path) -> None:
    """There is a folder for masks, but no picture in it."""
    held = visible(folder, root)
    deeper = [path.name for path in held if path.is_dir() and pictures(path, root)]
    if deeper:
        name = inside(folder, root)
        raise DataError(
            f"{name} holds no picture itself, but its folders {listed(deeper)} do: which are the masks? Say it: "
            f"from_folder(images, masks), such as from_folder(…, '{name}/{printable(deeper[0])}')."
        )
    kinds = sorted({"".join(path.suffixes[-2:]).lower() or path.name for path in held})
    raise DataError(
        f"{inside(folder, root)} holds no picture ({listed(kinds) or 'it is empty'}), so no image has a mask."
        f"{left_out([folder], root)} Masks are read as {FORMATS}: export them so from the program that drew them. Of "
        "polygons in .json labelme makes them with labelme_export_json, of COCO pycocotools' annToMask does; ImageJ's "
        "ROIs become one with Edit, Selection, Create Mask."
    )


def _beside(folders: Sequence[Path], root: Path) -> Iterator[str]:
    """What else lies there and is not read."""
    for folder in folders:
        others = [
            path.name
            for path in visible(folder, root)
            if path.suffix.lower() not in SUFFIXES and path.name.lower() not in LEGENDS
        ]
        if others:
            yield f"In {inside(folder, root)}, what is no picture was left out: {listed(others)}."
