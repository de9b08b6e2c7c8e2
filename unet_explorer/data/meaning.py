"""From the values in masks to classes, or to objects: the rules, and what is refused.

What all masks of a set mean is decided from what was seen in each of them (`seen.look`); the rule that comes of it is
then applied to one mask at a time, so that no more than one need be in memory.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from unet_explorer.data.dataset import LARGEST_LABEL
from unet_explorer.data.decoded import DataError, DecodedImage, Question, listed
from unet_explorer.data.legend import Legend, colour_name
from unet_explorer.data.rule import BINARY, NOTHING_SAID, Meaning, Rule, Said, named
from unet_explorer.data.seen import Seen, look

__all__ = ["MOST_UNNAMED", "decide", "meaning"]

MOST_UNNAMED: Final = 32
"""More classes than this want to be named: masks with so many numbers are mostly something else."""
_STRAY: Final = 0.05
"""So small a share of numbers in several pieces is no sign that all are classes."""
_DARK: Final = 64
"""A red below this nobody sees on black: it is a number."""
_CHANNELS: Final = (0x010000, 0x000100, 0x000001)
"""What a 1 in each of three channels looks like as a colour."""
_MANY: Final = 10
"""So many classes, each in one piece in every mask, are not to be expected; so many objects are."""


def meaning(masks: Sequence[DecodedImage], names: Sequence[str], legend: Legend, said: Said = NOTHING_SAID) -> Meaning:
    """Classes or objects, whichever the masks of a set hold: what `decide` finds, applied to all of them.

    Args:
        masks: What `mask_values` gave.
        names: What to call them in an error.
        legend: Names of the classes, and their colours; or nothing.
        said: What is known of them otherwise.

    Raises:
        DataError: If no rule holds.

    Example:
        >>> meaning([DecodedImage(np.array([[0, 255]]), 255)], ["a.png"], Legend(())).classes
        ('background', 'foreground')
    """
    rule = decide([look(*each) for each in zip(masks, names, strict=True)], legend, said)
    objects = [each for mask in masks if (each := rule.instances(mask)) is not None]
    labels = [rule.labels(mask) for mask in masks]
    return Meaning(labels, rule.classes, objects or None, rule.note, rule.colour_names)


def decide(seen: Sequence[Seen], legend: Legend, said: Said = NOTHING_SAID) -> Rule:
    """What the masks of a set mean; the rule looks at all of them together.

    - What is said holds: ``"objects"`` takes each number for an object, ``"classes"`` for a class; with a threshold,
      what is as bright is foreground; what is to be ignored is left out of all that follows.
    - A number above 255 anywhere: each number is an object, 0 is the background. (An exception are masks of 16 bits
      that hold nothing but 0 and 65535.)
    - Only 0 and 1, or 0 and the brightest number there is, such as 255: background and foreground. If the edges between
      are soft, or it is a JPEG of such a mask, what is at least half as bright as white is foreground.
    - Numbers that lie in one piece each, in every mask, may be classes or numbered objects: many of them are objects,
      of a few it must be said; unless the classes are named.
    - Other numbers up to 31, or up to 255 if the classes are named: they are the classes.
    - Colours: each colour is a class, those of the legend in its order. Without one, black comes first, or the most
      frequent colour where nothing is black, and each class is called by its colour.
    - A palette that all masks share counts by its indices. Where palettes differ, only colours mean the same in all.

    Args:
        seen: What was seen in each mask.
        legend: Names of the classes, and their colours; or nothing.
        said: What is known of them otherwise.

    Raises:
        DataError: If none of the rules holds.

    Example:
        >>> decide([look(DecodedImage(np.array([[0, 255]]), 255), "a.png")], Legend(())).kind
        'foreground'
    """
    if said.threshold is not None:
        return _bright(seen, legend.names, said.threshold, said.ignore)
    if legend.colours and _are_indices(seen, len(legend.names)):
        legend = Legend(legend.names)
    if legend.colours or _palettes_differ(seen) or any(each.coloured for each in seen) or _black_and_white(seen):
        if not legend.colours and (numbers := _numbers_in_red(seen)):
            return _by_number(numbers, legend.names, said)
        if said.kind == "objects":
            raise DataError(
                f"{listed(each.name for each in seen)}: objects are wanted as numbers, but these are colours. Save "
                "numbers in grey."
            )
        ignored = said.ignore_colour
        if ignored is None and said.ignore is not None:
            # A number is a grey, among colours.
            ignored = min(said.ignore, 255) * 0x010101
        return _by_channel(seen, legend) or _by_colour(seen, legend, ignored)
    return _by_number(seen, legend.names, said)


def _black_and_white(seen: Sequence[Seen]) -> bool:
    """Whether masks have a palette of black and white alone: then it is these that are meant, not their indices."""
    indexed = [each for each in seen if each.palette is not None]
    others = all(each.numbers <= {0, 255} for each in seen if each.palette is None)
    return bool(indexed) and others and all(set(each.colours().tolist()) <= {0, 0xFFFFFF} for each in indexed)


def _numbers_in_red(seen: Sequence[Seen]) -> list[Seen]:
    """Masks in colour whose reds are so dark, or so many, that they are numbers; nothing where they are colours."""
    coloured = [each for each in seen if each.coloured]
    if not coloured or not all(each.reds for each in coloured) or any(each.palette for each in seen):
        return []
    reds = {number >> 16 for each in coloured for number in each.numbers}
    if max(reds) >= _DARK and len(reds) <= MOST_UNNAMED:
        return []
    return [replace(each, values=each.values >> 16) if each.coloured else each for each in seen]


def _by_channel(seen: Sequence[Seen], legend: Legend) -> Rule | None:
    """Masks whose channels hold 0 and 1: one-hot, if each pixel has one; None where they are colours."""
    codes = set().union(*(each.numbers for each in seen if each.coloured))
    if legend.colours or not codes or any(code & ~0x010101 for code in codes) or any(each.palette for each in seen):
        return None
    if not all(each.coloured for each in seen) or codes - set(_CHANNELS):
        name = next(each.name for each in seen if each.coloured)
        raise DataError(
            f"{name} has three channels of 0 and 1, and not one 1 at each pixel: neither colours nor one-hot. Give the "
            "class of each pixel, as np.argmax makes it of one-hot masks; the background needs a channel as well."
        )
    names = named(legend.names, 3, ("background", "class 1", "class 2"))
    return Rule("colours", names, _CHANNELS, note="The three channels of the masks hold one 1 at each pixel: one-hot.")


def _by_number(seen: Sequence[Seen], classes: tuple[str, ...], said: Said) -> Rule:
    numbers = [each.numbers - {said.ignore} for each in seen]
    every = set().union(*numbers) or {0}
    # In 2 or 3 bits, 3 and 7 are as likely a class as they are white.
    white = all(each <= {0, mask.top} and mask.top not in (3, 7) for each, mask in zip(numbers, seen, strict=True))
    two = white or every <= {0, 1} or every <= {0, 255}
    if any(each.lossy for each in seen) or (said == NOTHING_SAID and not two and len(classes) <= 2):
        if _are_soft(seen):
            return _bright(seen, classes)
        _refuse_lossy(seen)
    if said.ignore is None:
        _ask_of_255(every, classes, two)
    many = said.kind == "objects" or (max(every) > LARGEST_LABEL and not two and said.kind is None)
    if many and said.kind is None:
        _refuse_noise(seen)
    indexed = any(each.palette is not None for each in seen)
    if said.kind is None and not (two or many or classes or indexed):
        many = _look_like_objects(seen)
    if two or many:
        return Rule("objects" if many else "foreground", named(classes, 2, BINARY), ignore=said.ignore)
    count = max(every) + 1
    if count > MOST_UNNAMED and not classes:
        _refuse_many(seen, sorted(every))
    unnamed = ("background", *(f"class {number}" for number in range(1, count)))
    return Rule("numbers", named(classes, count, unnamed), ignore=said.ignore)


def _ask_of_255(every: set[int], classes: tuple[str, ...], two: bool) -> None:
    """Names for fewer classes, and 255 among the numbers: it may be white, the last class, or what nobody knows."""
    if 255 not in every or not classes or len(classes) > LARGEST_LABEL or (two and len(classes) == 2):
        return
    raise DataError(
        f"{len(classes)} classes have names ({listed(classes)}), and the masks hold {listed(sorted(every), most=8)}: "
        "what is 255? If nobody knows the class there, say ignore=255. If it is a class, save the masks as 0, 1, 2, … "
        "in the order of the names; if there are but two classes, give two names.",
        Question("ignore", ((255, "255 marks what nobody knows"),)),
    )


def _refuse_noise(seen: Sequence[Seen]) -> None:
    for each in seen:
        if each.noisy:
            raise DataError(
                f"{each.name} holds {len(each.values):,} numbers in many more pieces: it looks like an image, not like "
                'a mask. Are the folders the right way round? If each number is an object, say labels="objects"; if '
                "it is a mask of two classes with soft edges, say threshold=0.5.",
                Question("labels", (("objects", "Each number is an object"),)),
            )


def _are_soft(seen: Sequence[Seen]) -> bool:
    """Whether all masks are dark and bright, or empty, and at least one is bright."""
    clear = (each.soft or each.numbers <= {0, 255} or each.numbers <= {0, each.top} for each in seen)
    bright = any(each.soft and each.values[-1] > 8 for each in seen)
    return all(clear) and bright and not any(each.coloured or each.palette for each in seen)


def _bright(
    seen: Sequence[Seen], classes: tuple[str, ...], said: float | None = None, ignore: int | None = None
) -> Rule:
    if any(each.coloured for each in seen):
        name = next(each.name for each in seen if each.coloured)
        raise DataError(f"{name} is in colour, and a threshold tells dark from bright: save it in grey.")
    threshold = 0.5 if said is None else said
    white = _white(seen)
    if white is None and threshold < 1:
        raise DataError(
            f"threshold={threshold:g} is a share of white, and the masks do not say which number is white: give the "
            "lowest number that is foreground, such as 128."
        )
    from_ = threshold * (white or 1) if threshold < 1 else threshold
    pixels = sum(int(each.counts.sum()) for each in seen)
    most = white or max(int(each.values[-1]) for each in seen)
    between = sum(int(each.counts[(each.values > 0) & (each.values < most)].sum()) for each in seen)
    why = "JPEG made up values" if any(each.lossy for each in seen) else "The masks have soft edges"
    why = why if said is None else "The masks are cut at a threshold"
    first = math.ceil(from_) if most > 1 else from_
    note = (
        f"{why}: {100 * between / pixels:.1f} % of the mask pixels lie between dark and bright. From {first:g} of "
        f"{most} on a pixel counts as foreground."
    )
    return Rule("bright", named(classes, 2, BINARY), threshold=from_, ignore=ignore, note=note)


def _white(seen: Sequence[Seen]) -> int | None:
    """The number that stands for white in all masks; 8 bits may be stored in more."""
    most = max(int(each.values[-1]) for each in seen)
    tops = {each.top for each in seen}
    if len(tops) == 1 and (top := tops.pop()) is not None and (top < 65535 or most > 255):
        return top
    return 255 if 1 < most <= 255 else 1 if most <= 1 else None


def _refuse_lossy(seen: Sequence[Seen]) -> None:
    for each in seen:
        if each.lossy:
            raise DataError(
                f"{each.name} is a JPEG, and not of two brightnesses alone: JPEG makes up values between those of a "
                "mask, so the classes cannot be told apart. Save masks as PNG, straight from the program that drew "
                "them. If it is of two classes, say from which brightness on it is foreground: threshold=0.5.",
                _half_of_white(each),
            )


def _half_of_white(seen: Seen) -> Question:
    """Whether to take what is bright for foreground, with a look at what that would be."""
    choices = ((0.5, "From half as bright as white on, it is foreground"),)
    if seen.small is None:
        return Question("threshold", choices)
    return Question("threshold", choices, (seen.small, ((seen.small > 127) * 255).astype(np.uint8)))


def _look_like_objects(seen: Sequence[Seen]) -> bool:
    """Whether numbers are objects, where nobody says so: each lies in one piece, and there are many.

    Raises:
        DataError: If there are so few that they may as well be classes.
    """
    single, broken = sum(each.single for each in seen), sum(each.broken for each in seen)
    # A stray pixel, or an object that is cut, makes no classes of many objects.
    if broken > _STRAY * single:
        return False
    most = max(seen, key=lambda each: each.single)
    soft = any(len(each.values) > 2 and {0, 255} <= each.numbers for each in seen)
    # A few between 0 and 255 are soft edges, which is said elsewhere.
    if most.single < 2 or soft or (most.single >= _MANY and not broken):
        return most.single >= _MANY
    stray = f", but for {broken} that lie in several" if broken else ""
    raise DataError(
        f"{most.name} holds {most.single} numbers, each in one piece{stray}: they may be classes, or objects that are "
        'numbered. Say it: labels="objects" or labels="classes" (in from_stack labels_are=…). Or call the folder of '
        "objects `instances`; or write the names of the classes into classes.txt beside the folders, one a line.",
        Question("labels", (("objects", "Each number is an object"), ("classes", "Each number is a class"))),
    )


def _refuse_many(seen: Sequence[Seen], every: Sequence[int]) -> None:
    for each in seen:
        if len(each.values) > 2 and {0, 255} <= each.numbers:
            raise DataError(
                f"{each.name} holds values between 0 and 255 ({listed(sorted(each.numbers - {0, 255}))}): its edges "
                "may be soft, or 255 marks what is unknown. Of two classes, say from which brightness on a pixel is "
                "foreground: threshold=0.5. If 255 is what nobody knows: ignore=255. Or save it as PNG, in 0 and 255 "
                f"alone for two classes, or in 0, 1, 2, … up to {MOST_UNNAMED - 1} for more.",
                _half_of_white(each),
            )
    largest = next(each.name for each in seen if every[-1] in each.numbers)
    raise DataError(
        f"The masks hold numbers up to {every[-1]} ({largest}). If each number is an object, call their folder "
        f'`instances`, or say labels="objects". If each is a class, write their names into classes.txt beside that '
        f"folder, one a line, or give classes=[…]; up to {MOST_UNNAMED} classes go without. If there are but two "
        "classes, save them as 0 and 255.",
        Question("labels", (("objects", "Each number is an object"),)),
    )


def _are_indices(seen: Sequence[Seen], count: int) -> bool:
    """Whether masks in grey hold the numbers of classes, though these have colours as well."""
    grey = all(each.palette is None and not each.coloured for each in seen)
    return grey and 0 < max(int(each.values[-1]) for each in seen) < count


def _palettes_differ(seen: Sequence[Seen]) -> bool:
    """Whether the same index means one colour in one mask and another in the next."""
    meant: dict[int, int] = {}
    for each in seen:
        if each.palette is not None:
            for index, colour in zip(each.values.tolist(), each.colours().tolist(), strict=True):
                if meant.setdefault(index, colour) != colour:
                    return True
    return False


def _by_colour(seen: Sequence[Seen], legend: Legend, ignore: int | None) -> Rule:
    """Each colour is a class."""
    classes = legend.names
    most = LARGEST_LABEL + 1 if classes else MOST_UNNAMED
    pixels: Counter[int] = Counter()
    for each in seen:
        # Soft edges make thousands: no need to look at the other masks.
        if len(each.values) > most + 1:
            _refuse_colours(each.name, most)
        pixels.update(dict(zip(each.colours().tolist(), each.counts.tolist(), strict=True)))
        if ignore is not None:
            del pixels[ignore]
        if len(pixels) > most:
            _refuse_colours(each.name, most)
    order = _order_of(pixels, legend)
    return Rule("colours", classes or ("background", *map(colour_name, order[1:])), tuple(order), ignore=ignore)


def _refuse_colours(name: str, most: int) -> None:
    raise DataError(
        f"With {name} the masks hold more than {most} colours, and each is taken for a class: their edges may "
        "be soft. Save them as PNG without smoothing, one colour a class."
    )


def _order_of(pixels: Counter[int], legend: Legend) -> list[int]:
    """The colours in the order of their classes.

    Raises:
        DataError: If the legend does not say what a colour means.
    """
    seen = listed(map(colour_name, sorted(pixels)), most=8)
    if legend.colours:
        unknown = sorted(set(pixels) - set(legend.colours))
        if unknown:
            told = listed((f"{name} {colour_name(code)}" for name, code in zip(*legend, strict=True)), most=8)
            swapped = {(code & 255) << 16 | code & 0xFF00 | code >> 16 for code in pixels}
            bgr = " Read as BGR they all have names: OpenCV writes red and blue swapped; save them as RGB."
            raise DataError(
                f"The masks hold {listed(map(colour_name, unknown))}, which classes.txt does not name; it names {told}."
                + (bgr if swapped <= set(legend.colours) else " Add a line for each, or save masks without soft edges.")
            )
        return list(legend.colours)
    if legend.names:
        raise DataError(
            f"The masks are in colour ({seen}), and classes.txt does not say which colour each of "
            f"{listed(legend.names)} has: write it behind the name, such as `sky #87ceeb` or `sky 135 206 235`."
        )
    if not pixels:
        return [0]
    background = 0 if 0 in pixels else max(sorted(pixels), key=pixels.__getitem__)
    return [background, *sorted(set(pixels) - {background})]
