"""One exercise: its question, its answer, and what wrong answers stand for."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import plan
from unet_explorer.lessons.answers import (
    FITS,
    Answer,
    AnswerError,
    answer_text,
    read_number,
    read_pair,
    read_word,
)

__all__ = ["KINDS", "Dice", "Exercise", "Grade", "Slip", "distinct"]

KINDS: Final = ("shape", "crop", "fits", "parameters", "field", "tile")
"""The side behind a step; pixels cropped; whether a tile fits and where not; parameters; receptive field; best tile."""

T = TypeVar("T")


class Slip(NamedTuple):
    """A wrong answer that is known.

    Attributes:
        value: The answer.
        name: What went wrong, in a few words: ``"forgot the crop"``.
        says: What is said to whoever gives it; not the answer.
    """

    value: Answer
    name: str
    says: str


class Grade(NamedTuple):
    """What an answer is worth.

    Attributes:
        right: Whether it is right.
        says: A sentence or two: what went wrong, where that is known, or why it is right.
    """

    right: bool
    says: str


@dataclass(frozen=True)
class Exercise:
    """A question about a network, with everything that the engine knows of its answer.

    Attributes:
        kind: One of `KINDS`.
        question: What is asked, in Markdown.
        answer: What is right: a number; the name of a step, or ``"fits"``; or (height, width) of a tile.
        unit: What stands behind the answer; empty where it is a word.
        hints: Two, the second closer to the answer.
        why: The worked solution.
        slips: Wrong answers that are known, each another one.
        config: The network that is asked of.
        tile: (height, width) of the tile that is asked of, in pixels; it need not fit.
    """

    kind: str
    question: str
    answer: Answer
    unit: str
    hints: tuple[str, str]
    why: str
    slips: tuple[Slip, ...]
    config: UNetConfig
    tile: tuple[int, int]

    def grade(self, answer: object) -> Grade:
        """Whether an answer is right, and what to say to it.

        Args:
            answer: As somebody types it: a number or its text, with commas, spaces or unit; the name of a step; a tile
                as two numbers or as text such as ``"444 × 700"``.

        Returns:
            The grade. What is no answer of that kind is not right, and a sentence says what is asked for.

        Example:
            >>> from unet_explorer import exercises
            >>> asked = exercises(UNetConfig(), 572)[0]
            >>> asked.grade(asked.answer).right, asked.grade("a lot").says
            (True, "'a lot' is no whole number: give one such as 284 or '31,030,658'.")
        """
        try:
            given = self._read(answer)
        except AnswerError as error:
            return Grade(False, str(error))
        if given == self.answer:
            return Grade(True, f"Right. {self.why}")
        slip = next((each for each in self.slips if each.value == given), None)
        if slip:
            return Grade(False, f"Not yet: {slip.name}. {slip.says}")
        return Grade(False, f"Not yet. {self.hints[0]}")

    def _read(self, answer: object) -> Answer:
        match self.answer:
            case int():
                return read_number(answer)
            case tuple():
                return read_pair(answer)
        return read_word(answer, tuple(step.name for step in plan(self.config)))

    def solution(self) -> str:
        """The answer with its unit, as it stands on the key.

        Example:
            >>> from unet_explorer import exercises
            >>> asked = exercises(UNetConfig(), 572)[0]
            >>> asked.solution().endswith(asked.unit)
            True
        """
        return f"{answer_text(self.answer)} {self.unit}".strip() if self.answer != FITS else "It fits."


def distinct(answer: Answer, slips: Iterable[Slip | None]) -> Iterator[Slip]:
    """Those slips that are not right after all, each value once."""
    seen = [answer]
    for each in slips:
        if each and each.value not in seen:
            seen.append(each.value)
            yield each


class Dice:
    """Chance that is the same for the same seed, on every machine and with every version of Python.

    Example:
        >>> Dice(3).shuffled([1, 2, 3]) == Dice(3).shuffled([1, 2, 3])
        True
    """

    def __init__(self, seed: int | str) -> None:
        # Of all that `random` offers, this sequence alone is promised to stay as it is. It decides on no secret.
        self._next = random.Random(seed).random  # noqa: S311

    def number(self, below: int) -> int:
        """A whole number from 0 on."""
        return int(self._next() * below)

    def of(self, some: Sequence[T]) -> T:
        """One of some."""
        return some[self.number(len(some))]

    def shuffled(self, some: Iterable[T]) -> list[T]:
        """All of them, in another order."""
        left = list(some)
        return [left.pop(self.number(len(left))) for _ in range(len(left))]
