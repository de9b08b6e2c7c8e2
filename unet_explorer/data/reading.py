"""What whoever reads a set says of it, and how one of its files is read then."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import Flag, Whole, read_value, shown
from unet_explorer.data.arrays import one_hot
from unet_explorer.data.dataset import LARGEST_LABEL
from unet_explorer.data.decoded import PLANES, DataError, DecodedImage, Planes, SizeCheck, listed, read_bytes
from unet_explorer.data.decoders import pages
from unet_explorer.data.layout import Layout
from unet_explorer.data.legend import LEGENDS, NO_LEGEND, Legend, read_legend
from unet_explorer.data.listing import visible
from unet_explorer.data.masks import mask_values, object_mask
from unet_explorer.data.rule import NOTHING_SAID, Kind, Said
from unet_explorer.whole import printable

__all__ = [
    "CLASSES",
    "Reading",
    "channels_of",
    "describe_beyond",
    "read_classes",
    "read_kind",
    "read_objects",
    "read_path",
    "read_planes",
    "same_size",
    "size_check",
    "title_of",
]

CLASSES: Final = LEGENDS[0]
"""Where the names of the classes are read from, one a line."""
_LONGEST_CLASSES: Final = 2**16  # bytes; 256 names of any sensible length
_COLOUR: Final = re.compile("#[0-9a-fA-F]{6}")
_KINDS: Final[tuple[Kind, ...]] = ("classes", "objects", "onehot")


class Reading(NamedTuple):
    """What was said when a set was read; see `from_folder`.

    Attributes:
        grey: Whether to turn colour into one channel.
        limit: How many images, at most.
        said: What the numbers in masks are.
        planes: What the planes of a file are.
        legend: Names and colours of the classes.
    """

    grey: bool = False
    limit: int | None = None
    said: Said = NOTHING_SAID
    planes: Planes | None = None
    legend: Legend = NO_LEGEND

    @classmethod
    def of(
        cls,
        *,
        grey: object = False,
        limit: object = None,
        labels: object = None,
        planes: object = None,
        threshold: object = None,
        ignore: object = None,
        classes: object = None,
    ) -> Reading:
        """Check what was said.

        Raises:
            DataError: If one is not allowed; it says what is.

        Example:
            >>> Reading.of(labels="objects").said.kind
            'objects'
        """
        try:
            colourless = read_value("grey", grey, Flag())
        except ValueError as error:
            raise DataError(str(error)) from None
        said = Said(read_kind(labels), _read_threshold(threshold), *_read_ignore(ignore))
        if said.threshold is not None and said.kind in ("objects", "onehot"):
            raise DataError(
                f"threshold={shown(threshold)} makes two classes, dark and bright, and labels={said.kind!r} was said "
                "as well: leave one of them out."
            )
        return cls(colourless, _read_limit(limit), said, read_planes(planes), _read_legend(classes))

    @property
    def hot(self) -> bool:
        """Whether masks have a channel for each class."""
        return self.said.kind == "onehot"

    def images(self, path: Path, name: str, check: SizeCheck) -> list[DecodedImage]:
        """The images in a file, without palette and alpha.

        Raises:
            DataError: If it cannot be read, or holds what is no number.
        """
        found = [page.image() for page in pages(read_bytes(path, name), name, check, self.planes)]
        for decoded in found:
            decoded.check_finite(name)
        return found

    def masks(self, path: Path, name: str, check: SizeCheck) -> list[DecodedImage]:
        """The masks in a file, as whole numbers."""
        planes: Planes | None = "channels" if self.hot else self.planes
        found = list(pages(read_bytes(path, name), name, check, planes))
        return self.masks_of(found, [name] * len(found))

    def masks_of(self, layers: Sequence[DecodedImage], names: Sequence[str]) -> list[DecodedImage]:
        """Decoded masks as whole numbers; one-hot ones as the class of every pixel."""
        if self.hot:
            bright = [
                DecodedImage(each.values // (each.top or 1), None) if each.values.max() > 1 else each for each in layers
            ]
            hot = one_hot(bright, names[0]) if all(each.values.ndim == 3 for each in layers) else None
            if hot is None:
                raise DataError(
                    f'{names[0]} is not one-hot, and labels="onehot" was said: it needs a channel for each class, with '
                    "one of them 1 (or white) at every pixel, the others 0."
                )
            layers = hot
        if self.said.threshold is not None:
            layers = [_binary(*each, self.said.threshold) for each in zip(layers, names, strict=True)]
        return [mask_values(layer, name) for layer, name in zip(layers, names, strict=True)]


def _binary(layer: DecodedImage, name: str, threshold: float) -> DecodedImage:
    """Probabilities as black and white; whole numbers as they are, for what is white is known of all masks alone."""
    values = layer.values
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        return layer
    if values.max() > 1 and (values == np.rint(values)).all():
        return layer
    if values.max() > 1 and threshold < 1:
        raise DataError(
            f"{name} goes up to {values.max():g}, and threshold={threshold:g} is a share: of probabilities, which end "
            "at 1, or of white. Give the lowest number that is foreground, such as 128."
        )
    return DecodedImage(np.where(values >= threshold, 255, 0).astype(np.uint8), 255)


def read_kind(kind: object, name: str = "labels") -> Kind | None:
    """What masks are said to hold.

    Raises:
        DataError: If it is not allowed.
    """
    if kind is None:
        return None
    for each in _KINDS:
        if isinstance(kind, str) and kind == each:
            return each
    raise DataError(f"{name}={shown(kind)} is not allowed: give 'classes', 'objects' or 'onehot', or leave it out.")


def read_planes(planes: object) -> Planes | None:
    """What several planes in a file are said to be.

    Raises:
        DataError: If it is not allowed.
    """
    if planes is None:
        return None
    for each in PLANES:
        if isinstance(planes, str) and planes == each:
            return each
    raise DataError(f"planes={shown(planes)} is not allowed: give {', '.join(map(repr, PLANES))}, or leave it out.")


def _read_threshold(threshold: object) -> float | None:
    if threshold is None:
        return None
    number = isinstance(threshold, (int, float, np.integer, np.floating)) and not isinstance(threshold, bool)
    value = float(threshold) if number and abs(threshold) < 2**16 else 0.0  # type: ignore[arg-type]
    if not value > 0:
        raise DataError(
            f"threshold={shown(threshold)} is not allowed: give a share of white above 0 and below 1, such as 0.5, or "
            "the lowest number that is foreground, such as 128."
        )
    return value


def _read_ignore(ignore: object) -> tuple[int | None, int | None]:
    """The number, and the colour, of pixels of which nothing is known."""
    if ignore is None:
        return None, None
    if isinstance(ignore, str) and _COLOUR.fullmatch(ignore):
        code = int(ignore[1:], 16)
        return (code & 255 if code == (code & 255) * 0x010101 else None), code
    try:
        return Whole(0, 2**31 - 1).read(ignore), None
    except ValueError:
        raise DataError(
            f"ignore={shown(ignore)} is not allowed: give the number in the masks of which nothing is known, such as "
            "255, or its colour, such as '#e0e0c0'."
        ) from None


def _read_limit(limit: object) -> int | None:
    if limit is None:
        return None
    try:
        return Whole(1, 2**63 - 1).read(limit)
    except ValueError:
        raise DataError(
            f"limit={shown(limit)} is not allowed: give a whole number of images from 1, or None for all."
        ) from None


def _read_legend(classes: object) -> Legend:
    if classes is None:
        return NO_LEGEND
    if isinstance(classes, (str, bytes)) or not isinstance(classes, Sequence):
        raise DataError(f"classes={shown(classes)} is not allowed: give a list of names, the background first.")
    if not all(isinstance(each, str) and each.strip() for each in classes):
        raise DataError(f"classes={shown(classes)} is not allowed: each must be a name, or a name and a colour.")
    return _counted(read_legend(list(classes), "classes=…"), "classes=…")


def _counted(legend: Legend, file: str) -> Legend:
    if not 2 <= len(legend.names) <= LARGEST_LABEL + 1:
        raise DataError(
            f"{file} names {len(legend.names)} classes: give 2 to {LARGEST_LABEL + 1}, one a line, the background "
            "first."
        )
    return legend


def read_classes(layout: Layout, root: Path) -> Legend:
    """The names in classes.txt, and their colours if it has them; or nothing.

    It is looked for beside the folders of images and masks, in them, and above.

    Raises:
        DataError: If it is no such list, or there are two that differ.
    """
    inside_ = [layout.images[0].parent, *(masks[0].parent for masks in layout.masks[:1] if masks)]
    above = [each for start in (layout.folder, *inside_) for each in start.parents if each.is_relative_to(root)]
    folders = dict.fromkeys([layout.folder, *inside_, *above])
    found: list[tuple[str, Legend]] = []
    for folder in folders:
        if not found or folder in inside_:
            found += [(str(path.relative_to(root)), _read_file(path)) for path in _lists(folder, root)]
    if len({legend for _, legend in found}) > 1:
        raise DataError(
            f"{listed(name for name, _ in found)} name the classes, each in its way: leave the one that is right."
        )
    return found[0][1] if found else NO_LEGEND


def _lists(folder: Path, root: Path) -> list[Path]:
    """Files of a folder that name the classes; our own counts more than those of others."""
    known = {path.name.lower(): path for path in visible(folder, root) if path.is_file()}
    return [known[name] for name in LEGENDS if name in known][:1]


def _read_file(path: Path) -> Legend:
    name = printable(path.name)
    try:
        text = read_bytes(path, name, _LONGEST_CLASSES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{name} is no UTF-8 text: save it as UTF-8, one name a line.") from None
    return _counted(read_legend(text.splitlines(), name), name)


def read_path(path: object, name: str, wanted: str = "the path of a folder or of a .zip") -> Path:
    """Whatever may be a path; `wanted` says what is allowed.

    Raises:
        DataError: If it is none.
    """
    try:
        place = Path(path).expanduser()  # type: ignore[arg-type]  # what is no path is refused below
        place.exists()
        if not str(path):
            raise ValueError("empty")
    except RuntimeError:
        why = " (there is no user of that name)"
    except OSError as error:
        why = f" ({error.strerror})" if error.strerror else ""
    except (TypeError, ValueError):
        why = ""
    else:
        return place
    raise DataError(f"{name}={shown(path)} cannot be read{why}: give {wanted}.")


def same_size(height: int, width: int, image_name: str) -> SizeCheck:
    """A check that a mask is as large as its image."""

    def check(mask_height: int, mask_width: int, name: str) -> None:
        if (mask_height, mask_width) != (height, width):
            turned = (mask_width, mask_height) == (height, width)
            raise DataError(
                f"{name} is {mask_height} × {mask_width} pixels, but its image {image_name} is {height} × {width}: "
                "image and mask must match. "
                + ("One of them lies on its side: turn it." if turned else "Save it anew.")
            )

    return check


def size_check(image: DecodedImage, image_name: str) -> SizeCheck:
    """A check that a mask is as large as this image."""
    height, width = image.values.shape[:2]
    return same_size(height, width, image_name)


def title_of(path: Path) -> str:
    """What an image is called: its file without the ending."""
    return printable(path.stem.removesuffix(".ome"))


def describe_beyond(beyond: dict[str, int]) -> tuple[str, ...]:
    """A note on numbers that were cut, by the names of their images; or none.

    Example:
        >>> describe_beyond({"a.tif": 3})[0][:72]
        '1 image holds numbers far beyond all others, as NoData and hot pixels ar'
    """
    if not beyond:
        return ()
    first, count = next(iter(beyond.items()))
    several = f"{len(beyond):,} images hold" if len(beyond) > 1 else "1 image holds"
    return (
        f"{several} numbers far beyond all others, as NoData and hot pixels are ({first}: {count:,} pixels): they "
        "count as the nearest of the others.",
    )


def channels_of(decoded: DecodedImage) -> int:
    """1 for grey."""
    return 1 if decoded.values.ndim == 2 else int(decoded.values.shape[-1])


def read_objects(
    paths: Sequence[Path], names: Sequence[str], shape: tuple[int, int], image_name: str
) -> NDArray[np.int32]:
    """One mask an object: numbered in the order of their names, (height, width); 0 where there is none."""
    numbers = np.zeros(shape, np.int32)
    check = same_size(*shape, image_name)
    for number, (path, name) in enumerate(zip(paths, names, strict=True), start=1):
        numbers[object_mask(next(pages(read_bytes(path, name), name, check)), name)] = number
    return numbers
