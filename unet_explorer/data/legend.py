"""The names of the classes, and which colour each has: classes.txt, and what other programs call it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from unet_explorer.data.decoded import DataError, listed
from unet_explorer.whole import printable

__all__ = ["LEGENDS", "NO_LEGEND", "Legend", "colour_name", "read_legend"]

LEGENDS: Final = ("classes.txt", "class_names.txt", "labelmap.txt", "label_colors.txt", "class_dict.csv")
"""Files that name the classes: ours, and those of labelme, CVAT, CamVid and others."""
_IGNORED: Final = "__ignore__"
"""What labelme calls the class before the first one."""
_HEX: Final = r"#?(?:0x)?([0-9a-fA-F]{6})"
_RGB: Final = r"[(\[]?\s*(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})\s*[)\]]?"
_BETWEEN: Final = r"[\s,;:=]+"
_NAME: Final = r"(.*?[^\s,;:=])"
_FORMS: Final = (
    (re.compile(_NAME + _BETWEEN + _RGB + r"[:,;\s]*"), "rgb"),
    (re.compile(_RGB + _BETWEEN + _NAME), "rgb first"),
    (re.compile(_NAME + _BETWEEN + _HEX), "hex"),
    (re.compile(_HEX + _BETWEEN + _NAME), "hex first"),
)
_HEADER: Final = re.compile(r"(name|label|class)\W.*(r\W+g\W+b|colou?r).*", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"(\d+)[\s,;:=.)]+(.+)")


class Legend(NamedTuple):
    """Names of classes in order; and the colour of each as 0xRRGGBB, or nothing where none is said."""

    names: tuple[str, ...]
    colours: tuple[int, ...] = ()


NO_LEGEND: Final = Legend(())


def colour_name(code: int) -> str:
    """A colour as people write it.

    Example:
        >>> colour_name(0xFF8000)
        '#ff8000'
    """
    return f"#{code:06x}"


def read_legend(lines: Sequence[str], file: str = "classes.txt") -> Legend:
    """Names, one a line, each with its colour or none with any.

    Comments that begin with # and a heading are left out. Where each line begins with a number, it is the class's.

    Args:
        lines: Such as ``"sky"``, ``"sky #87ceeb"``, ``"sky 135 206 235"``, ``"135 206 235 sky"``,
            ``"sky:135,206,235::"`` or ``"1 sky"``.
        file: What they were read from.

    Raises:
        DataError: If some lines have a colour and others none, or two have the same, or numbers are missing.

    Example:
        >>> read_legend(["# my colours", "empty 0 0 0", "sky #87ceeb"])
        Legend(names=('empty', 'sky'), colours=(0, 8900331))
        >>> read_legend(["1: sky", "0: empty"])
        Legend(names=('empty', 'sky'), colours=())
    """
    texts = [line.strip() for line in lines if line.strip()]
    hex_first = _FORMS[3][0]
    texts = [text for text in texts if not text.startswith("#") or hex_first.fullmatch(text)]
    if texts and _HEADER.fullmatch(texts[0]):
        del texts[0]
    texts = [text for text in texts if text.lower() != _IGNORED]
    # Six digits may be a number in a name; beside a line that can be nothing but a colour, they are one.
    plain = [_line(text, digits=False) for text in texts]
    found = [_line(text, digits=any(colour is not None for _, colour in plain)) for text in texts]
    coloured = [(name, colour) for name, colour in found if colour is not None]
    if not coloured:
        return Legend(_distinct(_in_order(texts, file), file))
    if len(coloured) < len(found):
        without = listed(name for name, colour in found if colour is None)
        raise DataError(f"{file} has a colour for some classes, but none for {without}: give one to each, or to none.")
    names, colours = zip(*coloured, strict=True)
    twice = {colour for colour in colours if colours.count(colour) > 1}
    if twice:
        raise DataError(f"{file} gives {listed(map(colour_name, sorted(twice)))} to two classes: give each its own.")
    return Legend(_distinct([printable(name) for name in names], file), colours)


def _in_order(texts: Sequence[str], file: str) -> list[str]:
    """The names alone; by their numbers where each line begins with one."""
    numbered = [_NUMBERED.fullmatch(text) for text in texts]
    known = {int(each[1]): each[2].strip() for each in numbered if each}
    if len(known) < len(texts) or not texts:
        return [printable(text) for text in texts]
    missing = sorted(set(range(len(known))) - set(known))
    if missing:
        raise DataError(
            f"{file} numbers its classes {listed(sorted(known))}, and {listed(missing)} has no name: number them from "
            "0, the background, or leave the numbers out."
        )
    return [printable(known[number]) for number in range(len(known))]


def _distinct(names: Sequence[str], file: str) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{file} calls two classes {listed(twice)}: give each its own name.")
    return tuple(names)


def _line(text: str, *, digits: bool) -> tuple[str, int | None]:
    for form, kind in _FORMS:
        found = form.fullmatch(text)
        if not found:
            continue
        parts = list(found.groups())
        name = parts.pop() if kind.endswith("first") else parts.pop(0)
        if kind.startswith("hex"):
            if digits or "#" in text or "0x" in text.lower() or not parts[0].isdecimal() or parts[0] == "000000":
                return name, int(parts[0], 16)
            continue
        red, green, blue = map(int, parts)
        if max(red, green, blue) <= 255:
            return name, red << 16 | green << 8 | blue
    return text, None
