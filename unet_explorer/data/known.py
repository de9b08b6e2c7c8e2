"""Data sets as their makers give them away: known by the names of their folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from unet_explorer.data.decoded import DataError, listed, read_bytes
from unet_explorer.data.layout import Layout, paired
from unet_explorer.data.legend import LEGENDS
from unet_explorer.data.listing import inside, pictures, visible
from unet_explorer.whole import printable

__all__ = ["find_drive", "find_known", "with_validation"]

_PAIRS: Final = (
    ("training_source", "training_target", False),  # ZeroCostDL4Mic
    ("{}", "{}_gt/seg", True),  # Cell Tracking Challenge: 01 and 01_GT/SEG, drawn by hand
    ("{}", "{}_st/seg", True),  # and 01_ST/SEG, by computers
    ("{}", "{}annot", False),  # CamVid: train and trainannot
    ("{}", "{}_masks", False),  # Carvana: train and train_masks
)
"""Folders of images and of masks as well-known sets call them, in small letters; and whether the masks are numbered."""
_VOC: Final = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("dining table", "dog", "horse", "motorbike", "person", "potted plant", "sheep", "sofa", "train", "tv/monitor"),
)
"""The classes of Pascal VOC, in the order of their numbers (Everingham et al. 2010)."""
_VOC_UNKNOWN: Final = 255
"""What Pascal VOC paints where nobody knows, along all edges."""
_LEARNT: Final = frozenset({"train", "training", "learn"})
_EXAMINED: Final = frozenset({"val", "valid", "validation"})
_SPLITS: Final = 2**22  # bytes of a list of names


def find_known(folder: Path, root: Path) -> Layout | None:
    """The data set in a folder that is known by the names of the folders in it; None if there is none.

    Raises:
        DataError: If there are several.
    """
    return _voc(folder, root) or _two_folders(folder, root)


def with_validation(layouts: Sequence[Layout], root: Path) -> Layout | None:
    """One data set of one to learn from and one to be examined on, if their folders are called so.

    Args:
        layouts: What was found; one for tests is left out.
        root: Where they lie.
    """
    by_name = {_split_name(layout, root): layout for layout in layouts}
    learnt = [layout for name, layout in by_name.items() if name in _LEARNT]
    examined = [layout for name, layout in by_name.items() if name in _EXAMINED]
    others = sorted(set(by_name) - _LEARNT - _EXAMINED)
    if len(by_name) < len(layouts) or len(learnt) != 1 or len(examined) != 1 or set(others) - {"test", "testing"}:
        return None
    (one,), (other,) = learnt, examined
    if one.kind != other.kind or one.kind == "stack":
        return None
    left = (f"{others[0]} was left out: it is for nobody to see before the end.",) if others else ()
    return one._replace(
        folder=root if one.folder != other.folder else one.folder,
        images=one.images + other.images,
        masks=one.masks + other.masks,
        validation=len(other.images),
        notes=(*one.notes, *other.notes, *left),
    )


def _split_name(layout: Layout, root: Path) -> str:
    """The word in its path that may say what it is for."""
    words = [part.lower() for part in layout.images[0].parent.relative_to(root).parts]
    return next((word for word in reversed(words) if word in _LEARNT | _EXAMINED | {"test", "testing"}), "".join(words))


def find_drive(folder: Path, images: Path, masks: Path, root: Path) -> tuple[Path, str] | None:
    """The vessels of DRIVE, which has a field of view for each image as well: their folder, and a note (Staal 2004)."""
    manual = next((path for path in visible(folder, root) if path.name.lower() == "1st_manual"), None)
    if masks.name.lower() != "mask" or images.name.lower() != "images" or manual is None or not manual.is_dir():
        return None
    return manual, "The folder mask holds the fields of view of DRIVE: it was left out."


def _voc(folder: Path, root: Path) -> Layout | None:
    """Pascal VOC: JPEGImages, SegmentationClass, and lists of the images for learning and validation."""
    named = {path.name.lower(): path for path in visible(folder, root) if path.is_dir()}
    images, masks = named.get("jpegimages"), named.get("segmentationclass")
    if images is None or masks is None:
        return None
    photos = {path.stem: path for path in pictures(images, root)}
    known = {path.stem: path for path in pictures(masks, root) if path.stem in photos}
    if not known:
        return None
    lists = named.get("imagesets", folder) / "Segmentation"
    learnt, examined = (_names(lists / f"{part}.txt", known) for part in ("train", "val"))
    names = [*learnt, *examined] if learnt and examined else sorted(known)
    left = len(photos) - len(names)
    # Other programs write folders of the same names, with classes of their own.
    original = learnt and examined and not any(path.name.lower() in LEGENDS for path in visible(folder, root))
    return Layout(
        "pairs",
        folder,
        [photos[name] for name in names],
        [[known[name]] for name in names],
        validation=len(examined) if learnt else 0,
        classes=_VOC if original else (),
        ignore=_VOC_UNKNOWN,
        notes=(f"{left:,} images that have no mask were left out.",) if left else (),
    )


def _names(path: Path, known: dict[str, Path]) -> list[str]:
    if not path.is_file():
        return []
    lines = read_bytes(path, printable(path.name), _SPLITS).decode("utf-8", "replace").split()
    return [line for line in dict.fromkeys(lines) if line in known]


def _two_folders(folder: Path, root: Path) -> Layout | None:
    """Two folders as a well-known set calls them."""
    named = {path.name.lower(): path for path in visible(folder, root) if path.is_dir()}
    found: list[Layout] = []
    for image_name, mask_name, numbered in _PAIRS:
        for name, images in named.items():
            if "{}" not in image_name and name != image_name:
                continue
            masks = _descend(named, mask_name.format(name), root)
            if masks and pictures(images, root) and pictures(masks, root):
                if any(layout.images[0].parent == images for layout in found):
                    continue  # The first way is the better one.
                layout = paired(folder, images, masks, root)
                found.append(layout._replace(kind="numbered") if numbered else layout)
    if len(found) > 1 and (whole := with_validation(found, root)):
        return whole
    if len(found) > 1:
        names = listed(inside(layout.images[0].parent, root) for layout in found)
        raise DataError(
            f"{printable(folder.name)} holds {len(found)} data sets ({names}): read one with "
            "from_folder(images, masks)."
        )
    return found[0] if found else None


def _descend(named: dict[str, Path], way: str, root: Path) -> Path | None:
    """The folder at the end of a way of names in small letters."""
    first, *further = way.split("/")
    place = named.get(first)
    for name in further:
        if place is None:
            return None
        place = next((path for path in visible(place, root) if path.is_dir() and path.name.lower() == name), None)
    return place
