"""Your own images as a data set: from a folder or a zip."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from unet_explorer.core.config import shown
from unet_explorer.data.archives import SUFFIX, unpack
from unet_explorer.data.assembly import assembled
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.decoded import (
    Budget,
    DataError,
    DecodedImage,
    Planes,
    listed,
)
from unet_explorer.data.fileset import NUCLEUS, Opened, numbers_in, open_files
from unet_explorer.data.folders import LAYOUTS, find_layout, pair_folders
from unet_explorer.data.layout import Layout
from unet_explorer.data.legend import Legend
from unet_explorer.data.meaning import meaning
from unet_explorer.data.peek import Peeked
from unet_explorer.data.reading import (
    Reading,
    channels_of,
    read_classes,
    read_objects,
    read_path,
    size_check,
    title_of,
)
from unet_explorer.data.rule import NOTHING_SAID, Kind, Meaning, Said, named
from unet_explorer.data.spare import spare_folder
from unet_explorer.data.stacks import check_stacks, stack_images, stack_masks
from unet_explorer.data.views import View
from unet_explorer.whole import printable

__all__ = ["LARGE", "from_folder", "read_set"]

Progress: TypeAlias = Callable[[int, int], None]

LARGE: Final = 1 << 28
"""Bytes of images, at four a number, from which on they stay in their files."""


def from_folder(  # noqa: PLR0913  # each is a question that some set leaves open
    path: str | os.PathLike[str],
    masks: str | os.PathLike[str] | None = None,
    *,
    grey: bool = False,
    limit: int | None = None,
    labels: Kind | None = None,
    planes: Planes | None = None,
    threshold: float | None = None,
    ignore: int | str | None = None,
    classes: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read your own images and masks from a folder or a .zip.

    These layouts are understood, also up to three folders down:

    - ``images/`` and ``masks/`` (or img, labels, gt, instances, …), files paired by name; a mask's may end in _mask,
      _label, _gt or _seg. Every image needs a mask; a mask without an image is left out.
    - A folder for each image with ``images/`` and ``masks/`` in it, one mask an object, as in BBBC038. Where two
      objects overlap, the later name wins.
    - A pair of TIFF stacks such as train-volume.tif and train-labels.tif, as in the ISBI challenge.
    - Cell Tracking Challenge, DRIVE, Pascal VOC, CamVid, Carvana, ADE20K and ZeroCostDL4Mic as they come.
    - One of these in ``train/`` and another in ``val/``: the latter is what a network is examined on.

    Images are scaled to 0 to 1 by their bits: 8 bits by 255, 16 bits by 65,535. Other numbers, such as floats, stay as
    they are where they fill 0 to 1; else the smallest of each image becomes 0 and its largest 1, but for NoData and hot
    pixels. If any image is in colour, all become RGB. Alpha is left out. A photo that its camera noted as turned
    (EXIF) is turned, as every viewer does. A TIFF says itself whether its planes are channels or slices; if it does
    not, ``planes`` must.

    Masks that hold 0 and one brightest value, such as 255, tell foreground from background, also if they are JPEG or
    their edges are soft. Other numbers are classes, up to 31, or 255 with their names in ``classes.txt`` beside the
    folders, one a line. Numbers above 255, or any in a folder ``instances/``, are objects. A palette that all masks
    share counts by its indices. In RGB, or where palettes differ, each colour is a class: those of ``classes.txt`` in
    its order, with a line such as ``sky #87ceeb`` or ``sky 135 206 235`` each; without it black first, and classes are
    called by their colours.

    Images that take more than 256 MB stay in their files and are read when they are asked for, so that there may be
    any number; of a .zip, up to 1 GB are read. What was left out, and why, is in the ``notes`` of the data set.

    Args:
        path: A folder or a .zip; or, with ``masks``, the folder of the images alone.
        masks: The folder of the masks, whatever both are called. Files pair by their names, or by the first number in
            them where each number occurs once.
        grey: Whether to turn colour into one channel.
        limit: Read only so many images, the first by name.
        labels: What masks hold: ``"classes"``, ``"objects"`` that are numbered, or ``"onehot"``, a channel a class.
            Left out, it is found out where only one is likely, and asked for where it is not.
        planes: What several planes in a file are: ``"channels"``, or ``"slices"``, ``"time"`` or ``"images"``, which
            are images of their own.
        threshold: From which brightness of the masks on a pixel is foreground: a share of white, such as 0.5, or the
            number itself, such as 128.
        ignore: The number, or the colour (``"#e0e0c0"``), in masks of which nothing is known.
        classes: Lines as in ``classes.txt``, which counts more than the file.
        progress: Called with how many masks were looked at, and how many there are, where these are many.

    Raises:
        DataError: If anything cannot be read or is ambiguous; it names the file, what was found and how to mend it. It
            is a `ValueError`.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part in ("images", "masks"):
        ...         Path(folder, part).mkdir()
        ...         Image.new("L", (32, 24), 255).save(Path(folder, part, "one.png"))
        ...     data = from_folder(folder)
        >>> len(data), data.size, data.classes
        (1, (24, 32), ('background', 'foreground'))
    """
    reading = Reading.of(
        grey=grey,
        limit=limit,
        labels=labels,
        planes=planes,
        threshold=threshold,
        ignore=ignore,
        classes=classes,
    )
    if progress is not None and not callable(progress):
        raise DataError(f"progress={shown(progress)} is not allowed: give a function of two numbers, or leave it out.")
    return read_set(path, masks, reading, progress)


def read_set(
    path: object, masks: object, reading: Reading, progress: Progress | None = None, *, passing: bool = False
) -> Dataset:
    """What `from_folder` reads, once it is clear what was said.

    Args:
        path: A folder or a .zip; or, with ``masks``, the folder of the images alone.
        masks: The folder of the masks, or None.
        reading: What was said.
        progress: Called with how many masks were looked at, and how many there are.
        passing: Whether the files will be gone soon: nothing is left in them then.

    Raises:
        DataError: If it cannot be read.
    """
    place = _read_place(path)
    try:
        if masks is not None:
            root, layout = _two_folders(place, masks)
            return _from_layout(root, layout, reading, progress, passing)
        if place.is_dir():
            root = place.resolve()
            return _from_layout(root, find_layout(root), reading, progress, passing)
        with spare_folder() as spare:
            # Named like the zip, for so is the data set.
            root = unpack(place, spare.resolve() / (place.stem.strip(". ") or "zip"))
            return _from_layout(root, find_layout(root), reading, progress, passing=True)
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "no memory left"
        raise DataError(
            f"{printable(place)} cannot be read ({printable(reason)}). Look for room, or give less."
        ) from None


def _read_place(path: object) -> Path:
    """A folder or a .zip that is there."""
    place = read_path(path, "path")
    if place.is_dir():
        return place
    if not place.exists():
        raise DataError(f"There is no folder {printable(place)}: look for a typing error. {LAYOUTS}")
    if place.suffix.lower() != SUFFIX:
        raise DataError(f"{printable(place.name)} is a file: give the folder that holds the images, or a .zip of it.")
    return place


def _two_folders(images: Path, masks: object) -> tuple[Path, Layout]:
    """The folder that both lie in, and the files that pair."""
    try:
        other = read_path(masks, "masks")
    except DataError:
        raise DataError(
            f"masks={shown(masks)} is no path: give the folder of the masks. Whether to read in grey is said by name: "
            "grey=True."
        ) from None
    for word, folder in (("images", images), ("masks", other)):
        if not folder.is_dir():
            raise DataError(
                f"{word}: there is no folder {printable(folder)}. Give two folders, from_folder(images, masks), or one "
                "that holds both; whether to read in grey is said by name: grey=True."
            )
    first, second = images.resolve(), other.resolve()
    root = Path(os.path.commonpath([first, second]))
    return root, pair_folders(first, second, root)


def _from_layout(
    root: Path, layout: Layout, reading: Reading, progress: Progress | None, passing: bool = False
) -> Dataset:
    """Read the files of a layout."""
    legend = reading.legend if reading.legend.names else read_classes(layout, root)
    legend = legend if legend.names else Legend(layout.classes)
    said = reading.said
    if layout.kind == "objects" and said not in (NOTHING_SAID, Said(kind="objects")):
        raise DataError(
            f"{printable(root.name)} has a mask for each object, of which nothing need be said: leave out labels, "
            "threshold and ignore."
        )
    said = said._replace(ignore=layout.ignore if said.ignore is None else said.ignore)
    if layout.kind == "numbered" and said.kind is None:
        said = said._replace(kind="objects")
    layout, reading = layout.first(reading.limit), reading._replace(said=said)
    if layout.kind == "stack":
        return _from_stacks(root, layout, reading, legend)
    if not passing:
        numbers, peeked = numbers_in(layout, root, reading)
        if numbers * 4 > LARGE:
            return _in_files(root, layout, open_files(layout, root, reading, legend, peeked, progress), peeked)
    return _in_memory(root, layout, reading, legend)


def _in_files(root: Path, layout: Layout, opened: Opened, peeked: Sequence[Peeked]) -> Dataset:
    files = opened.files
    counts = [each.images for each in peeked]
    items = [(files, place) for place in range(len(opened.titles))]
    numbered = files.rule is None or files.rule.kind == "objects"
    note = f"The images stay in their files, {printable(root)}, and are read as they are needed."
    return Dataset(
        printable(root.name),
        View("image", items),
        View("labels", items),
        opened.classes,
        View("instances", items) if numbered else None,
        titles=opened.titles,
        notes=(*layout.notes, *_several(layout, counts), *opened.notes, note),
        validation=sum(counts[len(counts) - layout.validation :]),
        colours=files.rule.colour_names if files.rule else (),
    )


def _in_memory(root: Path, layout: Layout, reading: Reading, legend: Legend) -> Dataset:
    budget = Budget()
    every: list[list[DecodedImage]] = []
    for path in layout.images:
        name = _name(path, root)
        every.append(reading.images(path, name, budget.take))
        budget.widen(max(map(channels_of, every[-1])), name)
    images = [image for held in every for image in held]
    titles = [
        title_of(path) + (f", {number}" if len(held) > 1 else "")
        for path, held in zip(layout.images, every, strict=True)
        for number in range(1, len(held) + 1)
    ]
    if layout.kind == "objects":
        found = _objects(layout, root, every, legend.names)
    else:
        masks, names = _masks(layout, root, reading, every)
        found = meaning(masks, names, legend, reading.said)
    examined = sum(len(each) for each in every[len(every) - layout.validation :])
    notes = (*layout.notes, *_several(layout, list(map(len, every))))
    return assembled(root.name, images, found, titles, reading.grey, notes, examined)


def _several(layout: Layout, counts: Sequence[int]) -> tuple[str, ...]:
    """A note on files that hold more than one image, if there are any."""
    several = [path.name for path, count in zip(layout.images, counts, strict=True) if count > 1]
    return (f"Of several images in a file, each counts as one: {listed(several)}.",) if several else ()


def _masks(
    layout: Layout, root: Path, reading: Reading, every: Sequence[Sequence[DecodedImage]]
) -> tuple[list[DecodedImage], list[str]]:
    """The masks of all images, and what to call each."""
    masks: list[DecodedImage] = []
    names: list[str] = []
    for path, (mask,), images in zip(layout.images, layout.masks, every, strict=True):
        image_name, name = _name(path, root), _name(mask, root)
        found = reading.masks(mask, name, size_check(images[0], image_name))
        if len(found) != len(images):
            raise DataError(
                f"{image_name} holds {len(images)} images, and its mask {name} {len(found)}: give one for each; or say "
                'planes="channels" if they are channels of one image.'
            )
        masks.extend(found)
        names.extend([name] * len(found))
    return masks, names


def _name(path: Path, root: Path) -> str:
    return printable(path.relative_to(root))


def _objects(layout: Layout, root: Path, every: Sequence[Sequence[DecodedImage]], classes: tuple[str, ...]) -> Meaning:
    """One mask an object."""
    instances = []
    for path, images, masks in zip(layout.images, every, layout.masks, strict=True):
        height, width = images[0].values.shape[:2]
        names = [_name(mask, root) for mask in masks]
        instances.append(read_objects(masks, names, (height, width), _name(path, root)))
    labels = [(numbers > 0).astype(np.uint8) for numbers in instances]
    return Meaning(labels, named(classes, 2, NUCLEUS), instances)


def _from_stacks(root: Path, layout: Layout, reading: Reading, legend: Legend) -> Dataset:
    (images,), ((masks,),) = layout.images, layout.masks
    layers, titles = stack_images(images, _name(images, root), reading)
    labels, names, _ = stack_masks(masks, _name(masks, root), reading)
    check_stacks(layers, labels)
    return assembled(
        root.name, layers, meaning(labels, names, legend, reading.said), titles, reading.grey, layout.notes
    )
