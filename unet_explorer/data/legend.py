"""The names of the classes, and which colour each has: classes.txt."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from unet_explorer.data.decoded import DataError, listed, printable

__all__ = ["NO_LEGEND", "Legend", "colour_name", "read_legend"]

_HEX: Final = re.compile(r"(.+?)[\s,;:]+#([0-9a-fA-F]{6})")
_BEHIND: Final = re.compile(r"(.+?)[\s,;:]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})")
_BEFORE: Final = re.compile(r"(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(.+)")


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


def read_legend(lines: Sequence[str]) -> Legend:
    """Names, one a line, each with its colour or none with any.

    Args:
        lines: Such as ``"sky"``, ``"sky #87ceeb"``, ``"sky 135 206 235"`` or ``"135 206 235 sky"``.

    Raises:
        DataError: If some lines have a colour and others none, or two have the same.

    Example:
        >>> read_legend(["empty 0 0 0", "sky #87ceeb"])
        Legend(names=('empty', 'sky'), colours=(0, 8900331))
    """
    found = [_line(line) for line in lines]
    coloured = [(name, colour) for name, colour in found if colour is not None]
    if not coloured:
        return Legend(tuple(printable(line.strip()) for line in lines))
    if len(coloured) < len(found):
        plain = listed(name for name, colour in found if colour is None)
        raise DataError(
            f"classes.txt has a colour for some classes, but none for {plain}: give one to each, or to none."
        )
    names, colours = zip(*coloured, strict=True)
    twice = {colour for colour in colours if colours.count(colour) > 1}
    if twice:
        raise DataError(
            f"classes.txt gives {listed(map(colour_name, sorted(twice)))} to two classes: give each its own."
        )
    return Legend(tuple(map(printable, names)), colours)


def _line(line: str) -> tuple[str, int | None]:
    text = line.strip()
    if found := _HEX.fullmatch(text):
        return found[1], int(found[2], 16)
    if found := _BEHIND.fullmatch(text):
        name, *parts = found.groups()
    elif found := _BEFORE.fullmatch(text):
        *parts, name = found.groups()
    else:
        return text, None
    red, green, blue = map(int, parts)
    return (text, None) if max(red, green, blue) > 255 else (name, red << 16 | green << 8 | blue)
