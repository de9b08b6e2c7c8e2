"""What one person has reached in the inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from unet_explorer.core.config import shown
from unet_explorer.lessons.inventory import LETTERS, inventory, judged, read_form

__all__ = ["Score", "read_letter", "score"]


class Score(NamedTuple):
    """What one person has reached.

    Attributes:
        right: How many answers are right.
        of: How many questions there are.
        items: Whether each is right, by the name of the question.
        misconceptions: What the wrong answers stand for, by the name of the question; unanswered ones are not in it.
    """

    right: int
    of: int
    items: dict[str, bool]
    misconceptions: dict[str, str]


def score(answers: Mapping[str, str] | Sequence[str], form: str = "before") -> Score:
    """What one person has reached.

    Args:
        answers: A letter for each question, by its name or in their order, as a list or as one word of 20 letters;
            ``""`` or, in a word, ``"-"`` where nothing was answered.
        form: ``"before"`` or ``"after"``.

    Raises:
        ValueError: If a question or a letter is unknown, or they are not as many as there are questions.

    Example:
        >>> from unet_explorer import inventory
        >>> reached = score([item.key("after") for item in inventory()], "after")
        >>> reached.right, reached.of
        (20, 20)
    """
    form = read_form(form)
    given = _given(answers)
    items, misconceptions = {}, {}
    for item in inventory():
        letter = given.get(item.name, "")
        result = judged(item, letter, form) if letter else None
        items[item.name] = result is not None and result.right
        if result and not result.right:
            misconceptions[item.name] = result.misconception
    return Score(sum(items.values()), len(items), items, misconceptions)


def _given(answers: object) -> dict[str, str]:
    names = [item.name for item in inventory()]
    if isinstance(answers, Mapping):
        pairs = list(islice(answers.items(), len(names) + 1))
        for name, _ in pairs:
            if not isinstance(name, str) or name not in names:
                raise ValueError(f"answers={shown(answers)}: there is no question {shown(name)} in the inventory.")
    elif isinstance(answers, (str, list, tuple)) and len(answers) == len(names):
        pairs = list(zip(names, answers, strict=True))
    else:
        raise ValueError(
            f"answers={shown(answers)} is not allowed: give a letter for each of the {len(names)} questions, in their "
            "order, or a dict of them by name."
        )
    try:
        return {name: read_letter(letter, name) for name, letter in pairs}
    except ValueError as error:
        raise ValueError(f"answers={shown(answers)}: {error}") from None


def read_letter(letter: object, name: str) -> str:
    """The letter that was answered to a question; empty where nothing was.

    Raises:
        ValueError: If there is no such option.

    Example:
        >>> read_letter(" b ", "crop"), read_letter("-", "crop")
        ('B', '')
    """
    plain = letter.strip().upper() if isinstance(letter, str) and len(letter) < 9 else None
    if letter is None or plain in {"", "-"}:
        return ""
    if plain is None or plain not in tuple(LETTERS):
        raise ValueError(f"{shown(letter)} for {name} is no option: give a letter from A to {LETTERS[-1]}.")
    return plain
