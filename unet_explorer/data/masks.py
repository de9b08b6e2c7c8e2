"""From the values in masks to classes, or to objects: the rules, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.dataset import LARGEST_LABEL
from unet_explorer.data.decoded import DataError, DecodedImage, listed
from unet_explorer.data.legend import Legend, colour_name

__all__ = ["BINARY", "Kind", "Meaning", "mask_values", "meaning", "named", "object_mask"]

BINARY: Final = ("background", "foreground")
Kind: TypeAlias = Literal["classes", "objects"]
"""What the numbers of masks are."""
MOST_UNNAMED: Final = 32
"""More classes than this want to be named: masks with so many numbers are mostly something else."""
_LARGEST_OBJECT: Final = 2**31 - 1
_MANY: Final = 10
"""So many classes, each in one piece in every mask, are not to be expected; so many objects are."""


class Meaning(NamedTuple):
    """What masks say: the class of every pixel, the names of the classes, and the objects where they are known."""

    labels: list[NDArray[np.uint8]]
    classes: tuple[str, ...]
    instances: list[NDArray[np.int32]] | None


def mask_values(decoded: DecodedImage, name: str) -> DecodedImage:
    """A mask's numbers as they are stored, those of a palette too; clear pixels are 0, the background.

    Raises:
        DataError: If it is a JPEG, or a pixel is half clear, or a number is not whole, or below 0.

    Example:
        >>> mask_values(DecodedImage(np.array([[0.0, 2.0]]), None), "a.tif").values.tolist()
        [[0, 2]]
    """
    if decoded.lossy:
        raise DataError(
            f"{name} is a JPEG: JPEG makes up values between those of a mask, so the classes cannot be told apart. "
            "Save masks as PNG, straight from the program that drew them. If there is no other, and it is of two "
            "classes, a threshold tells them apart: Image.fromarray((np.asarray(Image.open(path).convert('L')) > 127)"
            ".astype('uint8') * 255).save('mask.png')."
        )
    values = decoded.values
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and (values == np.rint(values)).all()):
            raise DataError(f"{name} holds numbers that are not whole: a mask needs 0, 1, 2, … Save it in 8 bits.")
        if abs(values).max() <= _LARGEST_OBJECT:
            values = values.astype(np.int64)
    if values.min() < 0 or values.max() > _LARGEST_OBJECT:
        raise DataError(
            f"{name} holds {values.min()} to {values.max()}: a mask needs whole numbers from 0. Number them anew."
        )
    if decoded.alpha is not None:
        if not ((decoded.alpha == 0) | (decoded.alpha == decoded.top)).all():
            raise DataError(f"{name} has half-clear pixels: draw the mask without soft edges and save it as PNG.")
        clear = decoded.alpha == 0
        values = np.where(clear if values.ndim == 2 else clear[..., None], 0, values).astype(values.dtype)
    if values.ndim == 3 and decoded.top != 255:
        raise DataError(f"{name} is in colour with other than 8 bits: save it in 8 bits, or as numbers in grey.")
    return DecodedImage(np.ascontiguousarray(values), decoded.top, palette=decoded.palette)


def object_mask(decoded: DecodedImage, name: str) -> NDArray[np.bool_]:
    """Where the one object of a mask is: 0 is outside, any one other number inside.

    Raises:
        DataError: If there is more than one other number.

    Example:
        >>> object_mask(DecodedImage(np.array([[0, 255]]), 255), "a.png").tolist()
        [[False, True]]
    """
    mask = mask_values(decoded, name)
    values = mask.values if mask.palette is not None else mask.image().values
    inside: NDArray[np.bool_] = values > 0 if values.ndim == 2 else (values > 0).max(axis=-1)
    seen = np.unique(values[inside], axis=0) if inside.any() else ()
    if len(seen) > 1:
        raise DataError(
            f"{name} holds {len(seen)} values besides 0 ({listed(seen)}): a mask of one object needs one, such as 255. "
            "Draw it without soft edges."
        )
    return inside


def meaning(masks: Sequence[DecodedImage], names: Sequence[str], legend: Legend, kind: Kind | None = None) -> Meaning:
    """Classes or objects, whichever the masks of a set hold; the rule looks at all of them together.

    - `kind`, where it is said: ``"objects"`` takes each number for an object, ``"classes"`` for a class.
    - A number above 255 anywhere: each number is an object, 0 is the background. (An exception are masks of 16 bits
      that hold nothing but 0 and 65535.)
    - Only 0 and 1, or 0 and the brightest number there is, such as 255: background and foreground.
    - Numbers that lie in one piece each, in every mask, may be classes or numbered objects: many of them are objects,
      of a few it must be said; unless the classes are named.
    - Other numbers up to 31, or up to 255 if the classes are named: they are the classes.
    - Colours: each colour is a class, those of the legend in its order. Without one, black comes first, or the most
      frequent colour where nothing is black, and each class is called by its colour.
    - A palette that all masks share counts by its indices. Where palettes differ, only colours mean the same in all.

    Args:
        masks: What `mask_values` gave.
        names: What to call them in an error.
        legend: Names of the classes, and their colours; or nothing.
        kind: What the numbers are, where that is known.

    Raises:
        DataError: If none of the rules holds.

    Example:
        >>> meaning([DecodedImage(np.array([[0, 255]]), 255)], ["a.png"], Legend(())).classes
        ('background', 'foreground')
    """
    classes = legend.names
    if legend.colours and _are_indices(masks, len(classes)):
        legend = Legend(classes)
    if legend.colours or _palettes_differ(masks):
        masks = [mask.image() for mask in masks]
    grey = [mask if mask.palette is not None else mask.image() for mask in masks]
    if legend.colours or any(mask.values.ndim == 3 for mask in grey):
        if kind == "objects":
            raise DataError(
                f"{listed(names)}: objects are wanted as numbers, but these are colours. Save numbers in grey."
            )
        return _by_colour(masks, names, legend)
    seen = [set(np.unique(mask.values).tolist()) for mask in grey]
    every = set().union(*seen)
    # In 2 or 3 bits, 3 and 7 are as likely a class as they are white.
    white = all(values <= {0, mask.top} and mask.top not in (3, 7) for values, mask in zip(seen, grey, strict=True))
    two = white or every <= {0, 1} or every <= {0, 255}
    many = kind == "objects" or (max(every) > LARGEST_LABEL and not two and kind is None)
    soft = any(len(values) > 2 and {0, 255} <= values for values in seen)
    indexed = any(mask.palette is not None for mask in grey)
    if kind is None and not (two or many or classes or indexed):
        many = _look_like_objects(grey, names, soft)
    if two or many:
        labels = [(mask.values > 0).astype(np.uint8) for mask in grey]
        instances = [mask.values.astype(np.int32) for mask in grey] if many else None
        return Meaning(labels, named(classes, 2, BINARY), instances)
    count = max(every) + 1
    if count > MOST_UNNAMED and not classes:
        _refuse_many(seen, names, sorted(every))
    unnamed = ("background", *(f"class {number}" for number in range(1, count)))
    return Meaning([mask.values.astype(np.uint8) for mask in grey], named(classes, count, unnamed), None)


def _look_like_objects(masks: Sequence[DecodedImage], names: Sequence[str], soft: bool) -> bool:
    """Whether numbers are objects, where nobody says so: each lies in one piece, and there are many.

    Raises:
        DataError: If there are so few that they may as well be classes.
    """
    most, which = 0, ""
    for mask, name in zip(masks, names, strict=True):
        pieces = _pieces(mask.values)
        if any(count > 1 for count in pieces.values()):
            return False
        if len(pieces) > most:
            most, which = len(pieces), name
    # A few between 0 and 255 are soft edges, which is said elsewhere.
    if most < 2 or most >= _MANY or soft:
        return most >= _MANY
    raise DataError(
        f"{which} holds {most} numbers, each in one piece: they may be classes, or objects that are numbered. Say it: "
        'labels="objects" or labels="classes" (in from_stack labels_are=…). Or call the folder of objects `instances`; '
        "or write the names of the classes into classes.txt beside the folders, one a line."
    )


def _pieces(values: NDArray[Any]) -> dict[int, int]:
    """For each number but 0, in how many connected pieces it lies; as soon as one lies in several, no further."""
    found: dict[int, int] = {}
    largest = int(values.max())
    if largest > _LARGEST_OBJECT // 1000:
        _, inverse = np.unique(values, return_inverse=True)
        values = inverse.reshape(values.shape)
    for number, box in enumerate(ndimage.find_objects(values.astype(np.int32)), start=1):
        if box is not None:
            found[number] = int(ndimage.label(values[box] == number, np.ones((3, 3)))[1])
            if found[number] > 1:
                break
    return found


def named(classes: tuple[str, ...], count: int, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """The names given for so many classes, or else the other ones.

    Raises:
        DataError: If there are too few.

    Example:
        >>> named((), 2, BINARY), named(("sky", "bird"), 2, BINARY)
        (('background', 'foreground'), ('sky', 'bird'))
    """
    if classes and len(classes) < count:
        raise DataError(
            f"classes.txt names {len(classes)} classes ({listed(classes)}), but the masks hold {count}, numbered 0 to "
            f"{count - 1}. Write one name a line for each, the background first."
        )
    return classes or otherwise


def _refuse_many(seen: Sequence[set[int]], names: Sequence[str], every: Sequence[int]) -> None:
    for values, name in zip(seen, names, strict=True):
        if len(values) > 2 and {0, 255} <= values:
            raise DataError(
                f"{name} holds values between 0 and 255 ({listed(sorted(values - {0, 255}))}): its edges are soft, or "
                "some pixels are marked as unknown. Save it as PNG without smoothing, in 0 and 255 alone for two "
                f"classes, or in 0, 1, 2, … up to {MOST_UNNAMED - 1} for more."
            )
    largest = next(name for values, name in zip(seen, names, strict=True) if every[-1] in values)
    raise DataError(
        f"The masks hold numbers up to {every[-1]} ({largest}). If each number is an object, call their folder "
        f"`instances`. If each is a class, write their names into classes.txt beside that folder, one a line; up to "
        f"{MOST_UNNAMED} classes go without. If there are but two classes, save them as 0 and 255."
    )


def _are_indices(masks: Sequence[DecodedImage], count: int) -> bool:
    """Whether masks in grey hold the numbers of classes, though these have colours as well."""
    grey = all(mask.palette is None and mask.values.ndim == 2 for mask in masks)
    return grey and 0 < max(int(mask.values.max()) for mask in masks) < count


def _palettes_differ(masks: Sequence[DecodedImage]) -> bool:
    """Whether the same index means one colour in one mask and another in the next."""
    known = [(mask.palette, int(mask.values.max())) for mask in masks if mask.palette is not None]
    if not known:
        return False
    most = max(top for _, top in known) + 1
    first = known[0][0][:most]
    return any(not np.array_equal(palette[:most], first) for palette, _ in known)


def _by_colour(masks: Sequence[DecodedImage], names: Sequence[str], legend: Legend) -> Meaning:
    """Each colour is a class."""
    classes = legend.names
    counts: Counter[int] = Counter()
    for mask, name in zip(masks, names, strict=True):
        colours, pixels = np.unique(_colour_numbers(mask, name), return_counts=True)
        # Soft edges make thousands: no need to look at the other masks.
        if len(counts) + len(colours) <= 2 * (LARGEST_LABEL + 1):
            counts.update(dict(zip(colours.tolist(), pixels.tolist(), strict=True)))
        most = LARGEST_LABEL + 1 if classes else MOST_UNNAMED
        if max(len(counts), len(colours)) > most:
            raise DataError(
                f"With {name} the masks hold more than {most} colours, and each is taken for a class: their edges may "
                "be soft. Save them as PNG without smoothing, one colour a class."
            )
    order = _order_of(counts, legend)
    label_of = dict(zip(order, range(len(order)), strict=True))
    colours = np.array(sorted(counts))
    label = np.array([label_of[colour] for colour in colours.tolist()], np.uint8)
    labels = [label[np.searchsorted(colours, _colour_numbers(mask, ""))] for mask in masks]
    return Meaning(labels, classes or ("background", *map(colour_name, order[1:])), None)


def _order_of(counts: Counter[int], legend: Legend) -> list[int]:
    """The colours in the order of their classes.

    Raises:
        DataError: If the legend does not say what a colour means.
    """
    seen = listed(map(colour_name, sorted(counts)), most=8)
    if legend.colours:
        unknown = sorted(set(counts) - set(legend.colours))
        if unknown:
            told = listed((f"{name} {colour_name(code)}" for name, code in zip(*legend, strict=True)), most=8)
            raise DataError(
                f"The masks hold {listed(map(colour_name, unknown))}, which classes.txt does not name; it names {told}."
                " Add a line for each, or save the masks without soft edges."
            )
        return list(legend.colours)
    if legend.names:
        raise DataError(
            f"The masks are in colour ({seen}), and classes.txt does not say which colour each of "
            f"{listed(legend.names)} has: write it behind the name, such as `sky #87ceeb` or `sky 135 206 235`."
        )
    background = 0 if 0 in counts else max(sorted(counts), key=counts.__getitem__)
    return [background, *sorted(set(counts) - {background})]


def _colour_numbers(mask: DecodedImage, name: str) -> NDArray[np.int32]:
    """Each pixel's colour as one number, 0xRRGGBB."""
    decoded = mask.image()
    if decoded.top not in (1, 255):
        raise DataError(f"{name} is grey in other than 8 bits, but other masks are in colour: save all in one way.")
    values = decoded.values.astype(np.int32) * (255 // decoded.top)
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=-1)
    numbers: NDArray[np.int32] = values[..., 0] << 16 | values[..., 1] << 8 | values[..., 2]
    return numbers
