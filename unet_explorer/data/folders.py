"""Which files of a folder are images, and which are their masks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from unet_explorer.data.decoded import FORMATS, SUFFIXES, DataError, listed, printable

__all__ = ["LAYOUTS", "Layout", "find_layout", "pair_folders", "visible"]

LAYOUTS: Final = (
    "Understood are: a folder `images` and a folder `masks` (or `labels`, `instances`) with files of the same names; "
    "a folder for each image with `images` and `masks` in it, one mask an object (BBBC038); or a pair of TIFF stacks "
    "such as train-volume.tif and train-labels.tif."
)
_PAIRS: Final = (
    ("training_source", "training_target", False),  # ZeroCostDL4Mic
    ("{}", "{}_gt/seg", True),  # Cell Tracking Challenge: 01 and 01_GT/SEG
    ("{}", "{}annot", False),  # CamVid: train and trainannot
    ("{}", "{}_masks", False),  # Carvana: train and train_masks
)
"""Folders of images and of masks as well-known sets call them, in small letters; and whether the masks are numbered."""
_IMAGE_WORDS: Final = frozenset({"image", "images", "img", "imgs", "im"})
_NUMBERED_WORDS: Final = frozenset({"instance", "instances"})
_MASK_WORDS: Final = _NUMBERED_WORDS | {
    *("mask", "masks", "label", "labels", "annotation", "annotations", "gt", "truth", "groundtruth", "ground_truth"),
    *("seg", "segmentation", "segmentations", "manual"),
}
_STACK_WORDS: Final = _IMAGE_WORDS | {"volume", "vol", "stack", "raw", "data"}
_SKIPPED: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_DEPTH: Final = 3
"""How many folders down a data set may lie, as in a zip of a folder of a folder."""
_MOST_FOLDERS: Final = 2000


class Layout(NamedTuple):
    """The files of a data set.

    Attributes:
        kind: ``"pairs"``: one mask an image; ``"numbered"``: the same, each number an object; ``"objects"``: one mask
            an object; ``"stack"``: one file of images, one of labels.
        folder: Where they lie.
        images: One file an image.
        masks: For each image its masks; one but for ``"objects"``.
    """

    kind: Literal["pairs", "numbered", "objects", "stack"]
    folder: Path
    images: list[Path]
    masks: list[list[Path]]


def visible(folder: Path, root: Path) -> list[Path]:
    """What lies in a folder, by name: no hidden files, and no links that lead out of `root`.

    Raises:
        DataError: If the folder cannot be read.
    """
    return [path for path in _entries(folder) if not _leads_out(path, root)]


def _entries(folder: Path) -> list[Path]:
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except OSError as error:
        raise DataError(
            f"The folder {printable(folder.name)} cannot be read ({error.strerror}). Look whether it is still there "
            "and you may open it."
        ) from None
    shown = [name for name in names if not name.startswith(".") and name.lower() not in _SKIPPED]
    return [folder / name for name in sorted(shown)]


def _leads_out(path: Path, root: Path) -> bool:
    try:
        if not path.is_symlink():
            return False
        end = path.resolve()
    except (OSError, RuntimeError):  # a link in a circle leads nowhere
        return True
    # From Python 3.13 on a circle is no error: the link itself is given back.
    return end.is_symlink() or not end.is_relative_to(root)


def _pictures(folder: Path, root: Path) -> list[Path]:
    return [path for path in visible(folder, root) if path.suffix.lower() in SUFFIXES and path.is_file()]


def find_layout(root: Path) -> Layout:
    """The one data set in a folder, or up to three folders down.

    Args:
        root: A folder, without links in its path.

    Raises:
        DataError: If there is none, or more than one, or images and masks do not pair.
    """
    layouts = _search(root)
    if len(layouts) > 1:
        names = listed(layout.folder.relative_to(root) for layout in layouts)
        raise DataError(f"{printable(root.name)} holds {len(layouts)} data sets ({names}): give the folder of one.")
    if not layouts:
        files = [path for path in _entries(root) if path.is_file()]
        held = listed([path.name for path in _entries(root)]) or "nothing"
        flat = " Sort the files into `images` and `masks`." if len(files) > 1 else ""
        if any(path.suffix.lower() == ".json" for path in files):
            flat += (
                " The .json files may hold polygons: masks are read as pictures. labelme makes them with "
                "labelme_export_json or its example labelme2voc.py; of COCO, pycocotools' annToMask does."
            )
        raise DataError(
            f"{printable(root.name)} holds no data set that is understood; it holds {held}.{_left_out([root], root)} "
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
        level = [path for folder in level for path in visible(folder, root) if _may_enter(path)]
        if len(level) > _MOST_FOLDERS:
            raise DataError(
                f"{printable(root.name)} holds {len(level):,} folders, and at most {_MOST_FOLDERS:,} are searched: "
                "give the folder of the data set itself."
            )
    return []


def _may_enter(path: Path) -> bool:
    return path.is_dir() and os.access(path, os.R_OK | os.X_OK)


def _recognise(folder: Path, root: Path) -> Layout | None:
    images, masks = _halves(folder, root)
    if images and masks and not _pictures(images, root):
        # As in ADE20K: images/training and annotations/training.
        splits = {path.name: path for path in visible(images, root) if path.is_dir()}
        shared = [(splits[path.name], path) for path in visible(masks, root) if path.is_dir() and path.name in splits]
        if len(shared) > 1:
            raise DataError(
                f"{printable(folder.name)} holds {len(shared)} data sets ({listed(path.name for path, _ in shared)}): "
                "read one with from_folder(images, masks)."
            )
        if shared:
            return _paired(folder, *shared[0], root)
    if images and masks:
        _refuse_rivals(folder, images, masks, root)
        return _paired(folder, images, masks, root)
    return _known(folder, root) or _objects(folder, root) or _stacks(folder, root) or _flat(folder, root)


def _known(folder: Path, root: Path) -> Layout | None:
    """Two folders as a well-known set calls them."""
    inside = {path.name.lower(): path for path in visible(folder, root) if path.is_dir()}
    found = []
    for image_name, mask_name, numbered in _PAIRS:
        for name, images in inside.items():
            if "{}" not in image_name and name != image_name:
                continue
            masks = _descend(inside, mask_name.format(name), root)
            if masks and _pictures(images, root) and _pictures(masks, root):
                layout = _paired(folder, images, masks, root)
                found.append(layout._replace(kind="numbered") if numbered else layout)
    if len(found) > 1:
        names = listed(_inside(layout.images[0].parent, root) for layout in found)
        raise DataError(
            f"{printable(folder.name)} holds {len(found)} data sets ({names}): read one with "
            "from_folder(images, masks)."
        )
    return found[0] if found else None


def _descend(inside: dict[str, Path], way: str, root: Path) -> Path | None:
    """The folder at the end of a way of names in small letters."""
    first, *further = way.split("/")
    place = inside.get(first)
    for name in further:
        if place is None:
            return None
        place = next((path for path in visible(place, root) if path.is_dir() and path.name.lower() == name), None)
    return place


def _flat(folder: Path, root: Path) -> Layout | None:
    """Photos beside their masks in one folder: a.jpg and a.png, and nothing else."""
    photos: dict[str, Path] = {}
    masks: dict[str, Path] = {}
    for path in _pictures(folder, root):
        suffix = path.suffix.lower()
        if suffix in {".jpg", ".jpeg"}:
            photos[path.stem] = path
        elif suffix == ".png":
            masks[path.stem] = path
        else:
            return None
    if not photos or photos.keys() != masks.keys():
        return None
    names = sorted(photos)
    return Layout("pairs", folder, [photos[name] for name in names], [[masks[name]] for name in names])


def _halves(folder: Path, root: Path) -> tuple[Path | None, Path | None]:
    """The folder of images and that of masks, by name."""
    folders = [path for path in visible(folder, root) if path.is_dir()]
    named = [[path for path in folders if path.name.lower() in words] for words in (_IMAGE_WORDS, _MASK_WORDS)]
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
    return _paired(images.parent, images, masks, root)


def _refuse_rivals(folder: Path, image_folder: Path, mask_folder: Path, root: Path) -> None:
    """Whatever else holds a picture for each image may be its masks as well."""
    images = _pictures(image_folder, root)
    rivals = []
    for other in visible(folder, root):
        if not other.is_dir() or other in (image_folder, mask_folder):
            continue
        pictures = _pictures(other, root)
        if images and len(_pair(images, pictures)) == len(images):
            rivals.append(other.name)
    if rivals:
        both = listed([*rivals, mask_folder.name])
        raise DataError(
            f"{printable(folder.name) or 'The folder'} holds several folders with a picture for each image: {both}. "
            f"Which are the masks? Say it: from_folder(images, masks) with the paths of both folders, such as "
            f"from_folder('{printable(image_folder.name)}', '{printable(rivals[0])}')."
        )


def _paired(folder: Path, image_folder: Path, mask_folder: Path, root: Path) -> Layout:
    images, masks = _pictures(image_folder, root), _pictures(mask_folder, root)
    if not images:
        held = sorted({path.suffix.lower() or path.name for path in visible(image_folder, root)})
        raise DataError(
            f"{_inside(image_folder, root)} holds no picture ({listed(held) or 'it is empty'})."
            f"{_left_out([image_folder], root)} Allowed are {FORMATS}."
        )
    pairs = _pair(images, masks)
    if len(images) == 1 and not pairs and (len(masks) > 1 or folder.name == images[0].stem):
        return Layout("objects", folder, images, [masks])
    lonely = [image.name for image in images if image not in pairs]
    if lonely:
        raise DataError(
            f"{len(lonely):,} of {len(images):,} images in {_inside(image_folder, root)} have no mask in "
            f"{_inside(mask_folder, root)}: {listed(lonely)}.{_left_out([image_folder, mask_folder], root)} A mask is "
            "called like its image, or the same with _mask, _label, _gt or _seg; add it, or take the image out."
        )
    kind: Literal["pairs", "numbered"] = "numbered" if mask_folder.name.lower() in _NUMBERED_WORDS else "pairs"
    return Layout(kind, folder, images, [[pairs[image]] for image in images])


def _pair(images: Sequence[Path], masks: Sequence[Path]) -> dict[Path, Path]:
    """For each image the mask called like it; else the one called so but for a word such as mask or img."""
    pairs: dict[Path, Path] = {}
    for image_words, mask_words in ((frozenset(), frozenset()), (_IMAGE_WORDS, _MASK_WORDS)):
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
    name = stem.casefold()
    return re.sub(rf"[-_. ]+({either})$|^({either})[-_. ]+", "", name, count=1) if either else name


def _objects(folder: Path, root: Path) -> Layout | None:
    """A folder for each image, one mask an object, as in BBBC038."""
    images, masks, without = [], [], []
    for path in visible(folder, root):
        image_folder, mask_folder = _halves(path, root) if path.is_dir() else (None, None)
        pictures = _pictures(image_folder, root) if image_folder else []
        if len(pictures) != 1:
            continue
        objects = _pictures(mask_folder, root) if mask_folder else []
        if mask_folder is None:
            without.append(path.name)
        elif pictures[0].stem != path.name and not (len(objects) > 1 and not _pair(pictures, objects)):
            continue  # a set of pairs that happens to have one image
        images.append(pictures[0])
        masks.append(objects)
    if any(masks) and without:
        raise DataError(
            f"{len(without):,} of {len(images):,} folders in {printable(folder.name)} have no masks: {listed(without)}"
            ". Add a folder `masks` to each (an empty one where there is no object), or take them out."
        )
    return Layout("objects", folder, images, masks) if any(masks) else None


def _stacks(folder: Path, root: Path) -> Layout | None:
    """A TIFF of images beside one of labels, called the same but for words such as volume and labels."""
    tiffs = [path for path in _pictures(folder, root) if path.suffix.lower() in (".tif", ".tiff")]
    words = {path: set(re.split("[-_. ]+", path.stem.lower())) for path in tiffs}
    labels = [path for path in tiffs if words[path] & _MASK_WORDS]
    pairs = [
        (image, label)
        for label in labels
        for image in tiffs
        if image not in labels and words[image] - _STACK_WORDS == words[label] - _MASK_WORDS - _STACK_WORDS
    ]
    if len(pairs) > 1:
        raise DataError(
            f"{printable(folder.name)} holds several pairs of stacks ({listed(image.name for image, _ in pairs)}): "
            "keep one pair there. If they are single images, put them into `images` and their masks into `masks`."
        )
    return Layout("stack", folder, [pairs[0][0]], [[pairs[0][1]]]) if pairs else None


def _inside(path: Path, root: Path) -> str:
    return printable(path.relative_to(root))


def _left_out(folders: Iterable[Path], root: Path) -> str:
    """A sentence on links that were not followed, if there are any."""
    links = [path.name for folder in folders for path in _entries(folder) if _leads_out(path, root)]
    return (
        f" Not followed, for they lead out of the folder: the links {listed(links)}; copy the files." if links else ""
    )
