"""Which files of a folder are images, and which are their masks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from unet_explorer.data.decoded import FORMATS, DataError, listed
from unet_explorer.data.known import find_drive, find_known, with_validation
from unet_explorer.data.layout import Layout, of_pairs, paired
from unet_explorer.data.listing import entries, left_out, may_enter, pictures, visible
from unet_explorer.data.pairs import IMAGE_WORDS, MASK_WORDS, by_number, ends_like_a_mask, pair
from unet_explorer.whole import printable

__all__ = ["LAYOUTS", "find_layout", "pair_folders"]

LAYOUTS: Final = (
    "Understood are: a folder `images` and a folder `masks` (or `labels`, `instances`) with files of the same names; "
    "a folder for each image with `images` and `masks` in it, one mask an object (BBBC038); or a pair of TIFF stacks "
    "such as train-volume.tif and train-labels.tif."
)
_STACK_WORDS: Final = IMAGE_WORDS | {"volume", "vol", "stack", "raw", "data"}
_DEPTH: Final = 3
"""How many folders down a data set may lie, as in a zip of a folder of a folder."""
_MOST_FOLDERS: Final = 2000


def find_layout(root: Path) -> Layout:
    """The one data set in a folder, or up to three folders down.

    Args:
        root: A folder, without links in its path.

    Raises:
        DataError: If there is none, or more than one, or images and masks do not pair.
    """
    layouts = _search(root)
    if len(layouts) > 1 and (whole := with_validation(layouts, root)):
        return whole
    if len(layouts) > 1:
        names = listed(layout.folder.relative_to(root) for layout in layouts)
        raise DataError(f"{printable(root.name)} holds {len(layouts)} data sets ({names}): give the folder of one.")
    if not layouts:
        files = [path for path in entries(root) if path.is_file()]
        held = listed([path.name for path in entries(root)]) or "nothing"
        flat = " Sort the files into `images` and `masks`." if len(files) > 1 else ""
        folders = [path for path in visible(root, root) if path.is_dir() and pictures(path, root)]
        if len(folders) > 1:
            flat += (
                " Two folders of any names are read by from_folder(images, masks), such as "
                f"from_folder('{printable(folders[0].name)}', '{printable(folders[1].name)}') with their whole paths."
            )
        if any(path.suffix.lower() == ".json" for path in files):
            flat += (
                " The .json files may hold polygons: masks are read as pictures. labelme makes them with "
                "labelme_export_json or its example labelme2voc.py; of COCO, pycocotools' annToMask does."
            )
        raise DataError(
            f"{printable(root.name)} holds no data set that is understood; it holds {held}.{left_out([root], root)} "
            f"{LAYOUTS} Pictures may be {FORMATS}.{flat}"
        )
    return layouts[0]


def _search(root: Path) -> list[Layout]:
    """All data sets of the uppermost level that has any."""
    level = [root]
    for _ in range(_DEPTH + 1):
        layouts = [layout for folder in level if (layout := _recognise(folder, root)) is not None]
        if layouts:
            return layouts
        level = [path for folder in level for path in visible(folder, root) if may_enter(path)]
        if len(level) > _MOST_FOLDERS:
            raise DataError(
                f"{printable(root.name)} holds {len(level):,} folders, and at most {_MOST_FOLDERS:,} are searched: "
                "give the folder of the data set itself."
            )
    return []


def _recognise(folder: Path, root: Path) -> Layout | None:
    images, masks = _halves(folder, root)
    if images and masks and not pictures(images, root):
        # As in ADE20K: images/training and annotations/training.
        splits = {path.name: path for path in visible(images, root) if path.is_dir()}
        shared = [(splits[path.name], path) for path in visible(masks, root) if path.is_dir() and path.name in splits]
        several = [paired(folder, one, other, root) for one, other in shared] if len(shared) > 1 else []
        if several and (whole := with_validation(several, root)):
            return whole
        if len(shared) > 1:
            raise DataError(
                f"{printable(folder.name)} holds {len(shared)} data sets ({listed(path.name for path, _ in shared)}): "
                "read one with from_folder(images, masks)."
            )
        if shared:
            left = sorted(set(splits) - {shared[0][0].name})
            note = (f"{listed(left)} has no masks and was left out.",) if left else ()
            found = paired(folder, *shared[0], root)
            return found._replace(notes=found.notes + note)
    if images and masks:
        if drive := find_drive(folder, images, masks, root):
            return paired(folder, images, drive[0], root)._replace(notes=(drive[1],))
        _refuse_rivals(folder, images, masks, root)
        return paired(folder, images, masks, root)
    stacks = _stacks(folder, root)
    if len(stacks) != 1 and (flat := _flat(folder, root)):
        return flat
    if len(stacks) > 1:
        names = listed(layout.images[0].name for layout in stacks)
        raise DataError(
            f"{printable(folder.name)} holds several pairs of stacks ({names}): keep one pair there. If they are "
            "single images, put them into `images` and their masks into `masks`."
        )
    return find_known(folder, root) or _objects(folder, root) or (stacks[0] if stacks else None)


def _flat(folder: Path, root: Path) -> Layout | None:
    """Images beside their masks in one folder, and no other picture: a.jpg and a.png, or a.tif and a_mask.tif."""
    every = pictures(folder, root)
    masks = [path for path in every if ends_like_a_mask(path)]
    if not masks and {path.suffix.lower() for path in every} <= {".jpg", ".jpeg", ".png"}:
        masks = [path for path in every if path.suffix.lower() == ".png"]
    images = [path for path in every if path not in masks]
    if not masks or len(images) != len(masks):
        return None
    pairs = pair(images, masks)
    if len(pairs) < len(images) or by_number(pairs):
        return None
    return of_pairs(folder, pairs, images, masks)


def _halves(folder: Path, root: Path) -> tuple[Path | None, Path | None]:
    """The folder of images and that of masks, by name."""
    folders = [path for path in visible(folder, root) if path.is_dir()]
    named = [[path for path in folders if path.name.lower() in words] for words in (IMAGE_WORDS, MASK_WORDS)]
    for one, other in (named, reversed(named)):
        if len(one) > 1 and other:
            raise DataError(
                f"{printable(folder.name)} holds {listed(path.name for path in one)}, and any of them may be the one. "
                "Keep one there and move the others out."
            )
    return named[0][0] if named[0] else None, named[1][0] if named[1] else None


def pair_folders(images: Path, masks: Path, root: Path) -> Layout:
    """The data set of two folders that were named.

    Args:
        images: The folder of the images.
        masks: The folder of their masks.
        root: A folder that holds both; links out of it are not followed.

    Raises:
        DataError: If an image has no mask.
    """
    if images == masks:
        flat = _flat(images, root)
        if flat is None:
            raise DataError(
                f"{printable(images)} was given as the folder of images and of masks, and its files do not pair "
                "as a.tif and a_mask.tif do: give two folders."
            )
        return flat
    return paired(images.parent, images, masks, root)


def _refuse_rivals(folder: Path, image_folder: Path, mask_folder: Path, root: Path) -> None:
    """Whatever else holds a picture for each image may be its masks as well."""
    images = pictures(image_folder, root)
    rivals = []
    for other in visible(folder, root):
        if not other.is_dir() or other in (image_folder, mask_folder):
            continue
        others = pictures(other, root)
        if images and len(pair(images, others)) == len(images):
            rivals.append(other.name)
    if rivals:
        both = listed([*rivals, mask_folder.name])
        raise DataError(
            f"{printable(folder.name) or 'The folder'} holds several folders with a picture for each image: {both}. "
            f"Which are the masks? Say it: from_folder(images, masks) with the paths of both folders, such as "
            f"from_folder('{printable(image_folder.name)}', '{printable(rivals[0])}')."
        )


def _objects(folder: Path, root: Path) -> Layout | None:
    """A folder for each image, one mask an object, as in BBBC038."""
    images, masks, without = [], [], []
    for path in visible(folder, root):
        image_folder, mask_folder = _halves(path, root) if path.is_dir() else (None, None)
        shown = pictures(image_folder, root) if image_folder else []
        if len(shown) != 1:
            continue
        objects = pictures(mask_folder, root) if mask_folder else []
        if mask_folder is None:
            without.append(path.name)
        elif shown[0].stem != path.name and not (len(objects) > 1 and not pair(shown, objects)):
            continue  # a set of pairs that happens to have one image
        images.append(shown[0])
        masks.append(objects)
    if any(masks) and without:
        raise DataError(
            f"{len(without):,} of {len(images):,} folders in {printable(folder.name)} have no masks: {listed(without)}"
            ". Add a folder `masks` to each (an empty one where there is no object), or take them out."
        )
    return Layout("objects", folder, images, masks) if any(masks) else None


def _stacks(folder: Path, root: Path) -> list[Layout]:
    """A TIFF of images beside one of labels, called the same but for words such as volume and labels."""
    tiffs = [path for path in pictures(folder, root) if path.suffix.lower() in (".tif", ".tiff")]
    words = {path: set(re.split("[-_. ]+", path.stem.lower())) for path in tiffs}
    labels = [path for path in tiffs if words[path] & MASK_WORDS]
    return [
        Layout("stack", folder, [image], [[label]])
        for label in labels
        for image in tiffs
        if image not in labels and words[image] - _STACK_WORDS == words[label] - MASK_WORDS - _STACK_WORDS
    ]
