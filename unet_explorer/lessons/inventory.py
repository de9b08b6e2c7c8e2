"""A concept inventory of the U-Net: 20 questions whose wrong options are mistakes that people really make.

There are two forms, to be answered before and after a course: the same questions with other numbers and other letters.
All numbers are computed by the engine, and so is what the keys rest on.
"""

from __future__ import annotations

import ast
import operator
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import PRESETS, Choice, read_value, shown
from unet_explorer.lessons.exercise import Dice
from unet_explorer.lessons.facts import Design, FormulaError, Value, evaluate, filled

__all__ = ["FORMS", "LETTERS", "Item", "Judged", "Option", "holds", "inventory", "judged", "read_form"]

FORMS: Final = ("before", "after")
LETTERS: Final = "ABCD"
_COMPARED: Final[dict[type[ast.cmpop], Callable[[Any, Any], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class Option(NamedTuple):
    """One of four options.

    Attributes:
        text: What it says, in Markdown.
        right: Whether it is right.
        misconception: What whoever chooses it takes to be true; empty for the right one.
    """

    text: str
    right: bool
    misconception: str


class Judged(NamedTuple):
    """What a choice is worth.

    Attributes:
        right: Whether it is right.
        misconception: What it stands for, if it is not.
    """

    right: bool
    misconception: str


@dataclass(frozen=True)
class Item:
    """One question of the inventory, in both forms.

    Attributes:
        name: By which it is called in tables of answers.
        concept: What it asks for, in a few words.
        questions: What is asked, by form.
        choices: The four options, by form, in the order of their letters.
        claims: What the engine found true when the inventory was read: formulas of `lessons.facts`, compared.
        tested: What of the tests shows that the right option is right, where it is no formula.
    """

    name: str
    concept: str
    questions: Mapping[str, str]
    choices: Mapping[str, tuple[Option, ...]]
    claims: tuple[str, ...]
    tested: str

    def for_page(self, form: str = "before") -> dict[str, Any]:
        """The question as plain data for a page, without anything of its key.

        Args:
            form: ``"before"`` or ``"after"``.

        Raises:
            ValueError: If there is no such form.

        Example:
            >>> sorted(inventory()[0].for_page("after"))
            ['form', 'name', 'options', 'question']
        """
        form = read_form(form)
        options = [{"letter": letter, "text": each.text} for letter, each in self.lettered(form)]
        return {"name": self.name, "form": form, "question": self.questions[form], "options": options}

    def lettered(self, form: str) -> list[tuple[str, Option]]:
        """Letters and options of a form."""
        return list(zip(LETTERS, self.choices[read_form(form)], strict=True))

    def key(self, form: str) -> str:
        """The right letter in a form.

        Example:
            >>> inventory()[0].key("before") in "ABCD"
            True
        """
        return next(letter for letter, each in self.lettered(form) if each.right)


def read_form(form: object) -> str:
    """The name of a form.

    Raises:
        ValueError: If there is no such form.
    """
    return str(read_value("form", form, Choice(FORMS)))


def judged(item: Item, option: object, form: str = "before") -> Judged:
    """What an option is worth, and which misconception it stands for.

    Args:
        item: The question.
        option: The letter, or the number from 0, in that form.
        form: ``"before"`` or ``"after"``.

    Raises:
        ValueError: If there is no such option, or no such form.

    Example:
        >>> item = inventory()[0]
        >>> judged(item, item.key("before"))
        Judged(right=True, misconception='')
    """
    options = item.choices[read_form(form)]
    if isinstance(option, str) and len(option) == 1 and option.upper() in LETTERS:
        option = LETTERS.index(option.upper())
    if type(option) is not int or not 0 <= option < len(options):
        raise ValueError(f"option={shown(option)} is not allowed: give a letter from A to {LETTERS[-1]}.")
    return Judged(options[option].right, options[option].misconception)


@lru_cache(maxsize=1)
def inventory() -> tuple[Item, ...]:
    """The 20 questions, in their order.

    Example:
        >>> len(inventory()), inventory()[0].name
        (20, 'output-side')
    """
    text = files("unet_explorer.lessons").joinpath("inventory.toml").read_text("utf-8")
    return parsed(text)


def parsed(text: str) -> tuple[Item, ...]:
    """The questions in a file.

    Args:
        text: TOML, as in ``inventory.toml``.

    Raises:
        FormulaError: If a number cannot be computed, a claim does not hold, or two options of a form are the same.

    Example:
        >>> parsed("")
        ()
    """
    rows = tomllib.loads(text).get("item", [])
    # Each letter is right as often as any other.
    letters = {form: Dice(f"letters {form}").shuffled([number % 4 for number in range(len(rows))]) for form in FORMS}
    return tuple(_item(row, {form: letters[form][number] for form in FORMS}) for number, row in enumerate(rows))


def _item(row: Mapping[str, Any], places: Mapping[str, int]) -> Item:
    name, questions, choices = row["name"], {}, {}
    for form in FORMS:
        design = Design(*PRESETS["paper"]).turned(**row[form])
        for claim in row.get("held", ()):
            if not holds(claim, design):
                raise FormulaError(f"{name}: {claim} does not hold {form}.")
        questions[form] = filled(row["question"], design)
        wrong = [Option(filled(text, design), False, misconception) for text, misconception in row["wrong"]]
        options = Dice(f"{name} {form}").shuffled(wrong)
        options.insert(places[form], Option(filled(row["right"], design), True, ""))
        if len({each.text for each in options}) != len(LETTERS):
            raise FormulaError(f"{name}: two options are the same {form}, or there are not {len(LETTERS)}.")
        choices[form] = tuple(options)
    return Item(name, row["concept"], questions, choices, tuple(row.get("held", ())), row.get("tested", ""))


def holds(claim: str, design: Design) -> bool:
    """Whether a claim is true of a design: two formulas and a comparison between them.

    Raises:
        FormulaError: If it is none, or cannot be computed.

    Example:
        >>> holds("output(tile=572) == 388", Design(*PRESETS["paper"]))
        True
    """
    try:
        node = ast.parse(claim, mode="eval").body
    except SyntaxError:
        node = None
    if not isinstance(node, ast.Compare) or len(node.ops) != 1 or type(node.ops[0]) not in _COMPARED:
        raise FormulaError(f"{shown(claim)} compares nothing: give such as 'output(tile=572) == 388'.")
    sides: list[Value] = [evaluate(ast.unparse(each), design) for each in (node.left, node.comparators[0])]
    return bool(_COMPARED[type(node.ops[0])](*sides))
