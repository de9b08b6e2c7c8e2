"""Answers as people type them: ``"31,030,658"``, ``"284 px"``, ``"444 × 700"``, ``"enc2_pool"``."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from unet_explorer.core.config import shown, whole, wholes

__all__ = ["FITS", "Answer", "AnswerError", "answer_text", "read_number", "read_pair", "read_word"]

Answer: TypeAlias = int | str | tuple[int, int]
"""A number; the name of a step, or `FITS`; or (height, width) of a tile."""

FITS: Final = "fits"
"""What is answered where every step can be computed."""

_LONGEST: Final = 60
_SPACES: Final = {ord(sign): " " for sign in "\t\u00a0\u2009\u202f"}
_UNIT: Final = re.compile(r"\s*(?:px|pixels?|parameters?|numbers?)\.?$", re.IGNORECASE)
_NUMBER: Final = r"[+-]?(?:\d{1,3}(?:[, '’_]\d{3})+|\d+)(?:\.0+)?"
_ONE: Final = re.compile(_NUMBER)
_TWO: Final = re.compile(rf"\(?\s*({_NUMBER})\s*(?:px)?\s*(?:×|x|\*|,|;|by)\s*({_NUMBER})\s*\)?", re.IGNORECASE)
_SQUARE: Final = re.compile(rf"({_NUMBER})²")
_GROUPS: Final = re.compile(r"[, '’_]")
_WORDS: Final = {"yes": FITS, "it fits": FITS, "fit": FITS, "yes, it fits": FITS, FITS: FITS}


class AnswerError(ValueError):
    """What was given is no answer of the kind that is asked for."""


def answer_text(answer: Answer) -> str:
    """An answer as it stands in a text.

    Example:
        >>> answer_text(31030658), answer_text((444, 700)), answer_text("enc2_pool")
        ('31,030,658', '444 × 700', 'enc2_pool')
    """
    match answer:
        case int():
            return f"{answer:,}" if abs(answer) >= 10_000 else str(answer)
        case tuple():
            return " × ".join(map(str, answer))
    return answer


def _plain(given: object) -> str | None:
    """What was typed, without spaces around it and its unit; None if nothing was typed."""
    if not isinstance(given, str) or len(given) > _LONGEST:
        return None
    return _UNIT.sub("", given.translate(_SPACES).strip()).strip()


def _count(text: str) -> int:
    return int(_GROUPS.sub("", text).split(".")[0])


def read_number(given: object) -> int:
    """A whole number, from a number or from text; of a square map, ``"284 × 284"`` is one number as well.

    Raises:
        AnswerError: If it is anything else.

    Example:
        >>> [read_number(each) for each in (284, "284 px", "31,030,658", "31 030 658", "284 × 284", 284.0)]
        [284, 284, 31030658, 31030658, 284, 284]
    """
    text = _plain(given)
    if text and _ONE.fullmatch(text):
        return _count(text)
    if text and (found := _SQUARE.fullmatch(text)):
        return _count(found[1])
    if text and (two := _TWO.fullmatch(text)):
        one, other = map(_count, two.groups())
        if one == other:
            return one
        raise AnswerError(f"{shown(given)} are two numbers, and one is asked for: read which side is meant.")
    try:
        return whole(int(given) if isinstance(given, float) and given.is_integer() else given)
    except ValueError:
        raise AnswerError(f"{shown(given)} is no whole number: give one such as 284 or '31,030,658'.") from None


def read_pair(given: object) -> tuple[int, int]:
    """(height, width), from two numbers or from text; one number stands for both.

    Raises:
        AnswerError: If it is anything else.

    Example:
        >>> [read_pair(each) for each in ((444, 700), "444 x 700 px", "(444, 700)", 572)]
        [(444, 700), (444, 700), (444, 700), (572, 572)]
    """
    text = _plain(given)
    if text and (found := _TWO.fullmatch(text)):
        return _count(found[1]), _count(found[2])
    try:
        side = read_number(given)
    except AnswerError:
        try:
            height, width = wholes(given, most=2)
        except ValueError:
            raise AnswerError(f"{shown(given)} is no tile: give height × width, such as '444 × 700'.") from None
        return height, width
    return side, side


def read_word(given: object, names: tuple[str, ...]) -> str:
    """`FITS`, or one of the names of steps, in whatever case it was typed.

    Raises:
        AnswerError: If it is anything else.

    Example:
        >>> read_word(" Yes ", ("enc0_pool",)), read_word("ENC0_POOL", ("enc0_pool",))
        ('fits', 'enc0_pool')
    """
    text = given.strip(" \t\n.`'\"").lower() if isinstance(given, str) and len(given) <= _LONGEST else ""
    if text in _WORDS:
        return _WORDS[text]
    if text in names:
        return text
    raise AnswerError(f"{shown(given)} is no step of this network: give '{FITS}', or a name such as '{names[0]}'.")
