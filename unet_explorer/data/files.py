"""Your own images as a data set: from a folder, a zip, or a pair of stacks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from unet_explorer.core.config import Flag, Whole, read_value, shown
from unet_explorer.data.archives import SUFFIX, unpack
from unet_explorer.data.arrays import layers_of, one_hot, scaled, together
from unet_explorer.data.dataset import LARGEST_LABEL, Dataset
from unet_explorer.data.decoded import Budget, DataError, DecodedImage, SizeCheck, printable, read_bytes
from unet_explorer.data.decoders import pages
from unet_explorer.data.folders import LAYOUTS, Layout, find_layout, pair_folders
from unet_explorer.data.legend import NO_LEGEND, Legend, read_legend
from unet_explorer.data.listing import visible
from unet_explorer.data.masks import Kind, Meaning, mask_values, meaning, named, object_mask

__all__ = ["CLASSES", "from_folder", "from_stack"]

Source: TypeAlias = str | os.PathLike[str] | ArrayLike | Sequence[ArrayLike]
"""The path of a TIFF, or pixels as an array or a list of arrays."""

CLASSES: Final = "classes.txt"
"""Where the names of the classes are read from, one a line."""
_LONGEST_CLASSES: Final = 2**16  # bytes; 256 names of any sensible length


def from_folder(
    path: str | os.PathLike[str],
    masks: str | os.PathLike[str] | None = None,
    *,
    grey: bool = False,
    limit: int | None = None,
    labels: Kind | None = None,
) -> Dataset:
    """Read your own images and masks from a folder or a .zip.

    These layouts are understood, also up to three folders down:

    - ``images/`` and ``masks/`` (or img, labels, gt, instances, …), files paired by name; a mask's may end in _mask,
      _label, _gt or _seg. Every image needs a mask; a mask without an image is ignored.
    - A folder for each image with ``images/`` and ``masks/`` in it, one mask an object, as in BBBC038. Where two
      objects overlap, the later name wins.
    - A pair of TIFF stacks such as train-volume.tif and train-labels.tif, as in the ISBI challenge.

    Images are scaled to 0 to 1 by their bits: 8 bits by 255, 16 bits by 65,535. Other numbers, such as floats, stay as
    they are if all lie in 0 to 1; else the smallest of the set becomes 0 and the largest 1. If any image is in colour,
    all become RGB. Alpha is left out. A photo that its camera noted as turned (EXIF) is turned, as every viewer does.

    Masks that hold 0 and one brightest value, such as 255, tell foreground from background. Other numbers are classes,
    up to 31, or 255 with their names in ``classes.txt`` beside the folders, one a line. Numbers above 255, or any in a
    folder ``instances/``, are objects. A palette that all masks share counts by its indices. In RGB, or where palettes
    differ, each colour is a class: those of ``classes.txt`` in its order, with a line such as ``sky #87ceeb`` or
    ``sky 135 206 235`` each; without it black first, and classes are called by their colours.

    Args:
        path: A folder or a .zip; or, with `masks`, the folder of the images alone.
        masks: The folder of the masks, whatever both are called. Files pair by their names, or by the first number in
            them where each number occurs once.
        grey: Whether to turn colour into one channel.
        limit: Read only so many images, the first by name.
        labels: ``"classes"`` or ``"objects"``: what the numbers in the masks are. Left out, it is found out where only
            one of both is likely, and asked for where it is not.

    Raises:
        DataError: If anything cannot be read or is ambiguous; it names the file, what was found and how to mend it. It
            is a `ValueError`.

    Example:
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part in ("images", "masks"):
        ...         Path(folder, part).mkdir()
        ...         Image.new("L", (32, 24), 255).save(Path(folder, part, "one.png"))
        ...     data = from_folder(folder)
        >>> len(data), data.size, data.classes
        (1, (24, 32), ('background', 'foreground'))
    """
    most, place, kind = _read_limit(limit), _read_path(path), _read_kind(labels, "labels")
    grey = read_value("grey", grey, Flag())
    try:
        if masks is not None:
            return _from_layout(*_two_folders(place, masks), grey, most, kind)
        if place.is_dir():
            return _from_layout(place.resolve(), None, grey, most, kind)
        with tempfile.TemporaryDirectory(prefix="unet_explorer_", ignore_cleanup_errors=True) as spare:
            # Named like the zip, for so is the data set.
            return _from_layout(
                unpack(place, Path(spare).resolve() / (place.stem.strip(". ") or "zip")), None, grey, most, kind
            )
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "no memory left"
        raise DataError(
            f"{printable(place)} cannot be read ({printable(reason)}). Look for room, or give less."
        ) from None


def _read_path(path: object) -> Path:
    """A folder or a .zip that is there."""
    try:
        place = Path(path).expanduser()  # type: ignore[arg-type]  # what is no path is refused below
        place.exists()
    except (TypeError, ValueError, RuntimeError, OSError):
        raise DataError(f"path={shown(path)} cannot be read: give the path of a folder or of a .zip.") from None
    if place.is_dir():
        return place
    if not place.exists():
        raise DataError(f"There is no folder {printable(place)}: look for a typing error. {LAYOUTS}")
    if place.suffix.lower() != SUFFIX:
        raise DataError(f"{printable(place.name)} is a file: give the folder that holds the images, or a .zip of it.")
    return place


def _read_limit(limit: object) -> int | None:
    if limit is None:
        return None
    try:
        return Whole(1, 2**63 - 1).read(limit)
    except ValueError:
        raise DataError(
            f"limit={shown(limit)} is not allowed: give a whole number of images from 1, or None for all."
        ) from None


def _two_folders(images: Path, masks: object) -> tuple[Path, Layout]:
    """The folder that both lie in, and the files that pair."""
    try:
        other = Path(masks).expanduser()  # type: ignore[arg-type]  # what is no path is refused below
        other.exists()
    except (TypeError, ValueError, RuntimeError, OSError):
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


def _read_kind(kind: object, name: str) -> Kind | None:
    if kind is None or (isinstance(kind, str) and kind in ("classes", "objects")):
        return kind  # type: ignore[return-value]  # one of both words
    raise DataError(f"{name}={shown(kind)} is not allowed: give 'classes' or 'objects', or leave it out.")


def _from_layout(root: Path, layout: Layout | None, grey: bool, limit: int | None, kind: Kind | None) -> Dataset:
    layout = layout or find_layout(root)
    classes = _read_classes(layout.folder, root)
    layout = layout._replace(images=layout.images[:limit], masks=layout.masks[:limit])
    if layout.kind == "stack":
        images, names = _stack_images(layout.images[0], _name(layout.images[0], root), limit)
        masks, mask_names, _ = _stack_masks(layout.masks[0][0], _name(layout.masks[0][0], root), limit)
        _check_stacks(images, masks)
        return _dataset(root.name, images, meaning(masks, mask_names, classes, kind), names, grey)
    budget = Budget()
    images = [_image(path, _name(path, root), budget) for path in layout.images]
    sizes = [_same_size(image, _name(path, root)) for image, path in zip(images, layout.images, strict=True)]
    if layout.kind == "objects":
        found = _objects(layout, root, images, sizes, classes.names)
    else:
        mask_names = [_name(mask, root) for (mask,) in layout.masks]
        masks = [_mask(*each) for each in zip([mask for (mask,) in layout.masks], mask_names, sizes, strict=True)]
        found = meaning(masks, mask_names, classes, "objects" if layout.kind == "numbered" else kind)
    return _dataset(root.name, images, found, [path.stem for path in layout.images], grey)


def _name(path: Path, root: Path) -> str:
    return printable(path.relative_to(root))


def _image(path: Path, name: str, budget: Budget) -> DecodedImage:
    decoded = next(pages(read_bytes(path, name), name, budget.take)).image()
    decoded.check_finite(name)
    budget.widen(3 if decoded.values.ndim == 3 else 1, name)
    return decoded


def _mask(path: Path, name: str, check: SizeCheck) -> DecodedImage:
    return mask_values(next(pages(read_bytes(path, name), name, check)), name)


def _same_size(image: DecodedImage, image_name: str) -> SizeCheck:
    height, width = image.values.shape[:2]

    def check(mask_height: int, mask_width: int, name: str) -> None:
        if (mask_height, mask_width) != (height, width):
            turned = (mask_width, mask_height) == (height, width)
            raise DataError(
                f"{name} is {mask_height} × {mask_width} pixels, but its image {image_name} is {height} × {width}: "
                "image and mask must match. "
                + ("One of them lies on its side: turn it." if turned else "Save it anew.")
            )

    return check


def _objects(
    layout: Layout, root: Path, images: Sequence[DecodedImage], sizes: Sequence[SizeCheck], classes: tuple[str, ...]
) -> Meaning:
    """One mask an object: they are numbered in the order of their names."""
    instances = []
    for image, masks, check in zip(images, layout.masks, sizes, strict=True):
        numbers = np.zeros(image.values.shape[:2], np.int32)
        for number, path in enumerate(masks, start=1):
            name = _name(path, root)
            numbers[object_mask(next(pages(read_bytes(path, name), name, check)), name)] = number
        instances.append(numbers)
    labels = [(numbers > 0).astype(np.uint8) for numbers in instances]
    return Meaning(labels, named(classes, 2, ("background", "nucleus")), instances)


def _read_classes(folder: Path, root: Path) -> Legend:
    """The names in classes.txt, and their colours if it has them; or nothing."""
    for path in visible(folder, root):
        if path.name.lower() == CLASSES:
            break
    else:
        return NO_LEGEND
    try:
        text = read_bytes(path, CLASSES, _LONGEST_CLASSES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("classes.txt is no UTF-8 text: save it as UTF-8, one name a line.") from None
    legend = read_legend([line for line in text.splitlines() if line.strip()])
    names = legend.names
    if not 2 <= len(names) <= LARGEST_LABEL + 1:
        raise DataError(
            f"classes.txt names {len(names)} classes: give 2 to {LARGEST_LABEL + 1}, one a line, the background first."
        )
    return legend


def from_stack(images: Source, labels: Source, name: str = "stack", *, labels_are: Kind | None = None) -> Dataset:
    """Read a stack of images and one of labels, as microscopes write them and the ISBI challenge gives them.

    Images are scaled and labels understood as `from_folder` does; arrays keep the channels they have.

    Args:
        images: The path of a TIFF with N pages; or an array (N, height, width) or (N, height, width, channels); or a
            list of N arrays (height, width[, channels]).
        labels: The same, without channels; or one-hot, (N, height, width, classes) with one 1 a pixel.
        name: What to call the data set.
        labels_are: ``"classes"`` or ``"objects"``, as `from_folder` has it with ``labels``.

    Raises:
        DataError: If images and labels do not go together, or a file cannot be read; it says why. It is a `ValueError`.

    Example:
        >>> data = from_stack(np.zeros((30, 64, 64), "uint8"), np.full((30, 64, 64), 255, "uint8"), "volume")
        >>> len(data), data.channels, int(data.labels[0].max())
        (30, 1, 1)
    """
    kind = _read_kind(labels_are, "labels_are")
    if not isinstance(name, (str, os.PathLike)):
        raise DataError(f"name={shown(name)} is not allowed: give text, what to call the data set.")
    try:
        layers, titles = _stack_images(images, "images")
        masks, names, seen = _stack_masks(labels, "labels")
        _check_stacks(layers, masks)
        return _dataset(str(name), layers, meaning(masks, names, NO_LEGEND, kind or seen), titles, grey=False)
    except DataError:
        raise
    except (OSError, MemoryError) as error:
        raise DataError(f"The stacks cannot be read ({error}). Look for room in memory and on the disk.") from None


def _stack_images(source: Source, name: str, limit: int | None = None) -> tuple[list[DecodedImage], list[str]]:
    budget = Budget()
    found: list[DecodedImage] = []
    for decoded in _layers(source, name, budget.take, limit):
        layer = decoded.image() if isinstance(source, (str, os.PathLike)) else decoded
        layer.check_finite(f"{name}, image {len(found) + 1}")
        budget.widen(1 if layer.values.ndim == 2 else layer.values.shape[-1], name)
        found.append(layer)
    return found, [f"image {number}" for number in range(1, len(found) + 1)]


def _stack_masks(
    source: Source, name: str, limit: int | None = None
) -> tuple[list[DecodedImage], list[str], Kind | None]:
    """The masks, what to call them, and what their numbers are, where that can be seen."""
    layers: Iterable[DecodedImage] = _layers(source, name, Budget().take, limit)
    kind: Kind | None = None
    if not isinstance(source, (str, os.PathLike)):
        layers = every = list(layers)
        if hot := one_hot(every, name):
            layers, kind = hot, "classes"
    masks = [mask_values(layer, f"{name}, image {number}") for number, layer in enumerate(layers, start=1)]
    return masks, [f"{name}, image {number}" for number in range(1, len(masks) + 1)], kind


def _layers(source: Source, name: str, check: SizeCheck, limit: int | None) -> Iterator[DecodedImage]:
    """One picture after the other, from a file or from arrays."""
    if isinstance(source, (str, os.PathLike)):
        name = name if name not in ("images", "labels") else printable(Path(source).name or source)
        yield from islice(pages(read_bytes(Path(source), name), name, check, most=None), limit)
        return
    if (
        not isinstance(source, np.ndarray)
        and not hasattr(source, "__array__")
        and not isinstance(source, (list, tuple))
    ):
        raise DataError(
            f"{name}={shown(source)} is not allowed: give the path of a TIFF, an array, or a list of arrays."
        )
    yield from layers_of(source, name, check)


def _check_stacks(images: Sequence[DecodedImage], masks: Sequence[DecodedImage]) -> None:
    if len(images) != len(masks):
        raise DataError(f"{len(images):,} images, but {len(masks):,} labels: give one for each image.")
    for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1):
        height, width = mask.values.shape[:2]
        _same_size(image, f"image {number}")(height, width, f"The label of image {number}")


def _dataset(name: str, images: Sequence[DecodedImage], found: Meaning, titles: Sequence[str], grey: bool) -> Dataset:
    data = Dataset(
        printable(name),
        scaled(images),
        together(found.labels),
        found.classes,
        None if found.instances is None else together(found.instances),
        titles=tuple(map(printable, titles)),
    )
    return data.grey() if grey else data
