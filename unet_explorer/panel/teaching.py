"""A lesson as the page has it: whole, so that it goes on without a kernel."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from unet_explorer.core.config import shown
from unet_explorer.core.tiles import valid_sizes
from unet_explorer.lessons.answers import answer_text
from unet_explorer.lessons.exercise import KINDS, Exercise
from unet_explorer.lessons.inventory import LETTERS, inventory, read_form
from unet_explorer.lessons.inventory_sheets import answers_table
from unet_explorer.lessons.lesson import HIDDEN, Ask, Lesson, LessonError, Page, find_lesson, lessons, read_lesson
from unet_explorer.panel.handed import File

__all__ = [
    "answers_of",
    "exercises_for_page",
    "exercises_menu",
    "exercises_names",
    "lesson_for_page",
    "lesson_of",
    "questions_for_page",
]

_NOTHING: Final[dict[str, Any]] = {
    "text": "",
    "design": None,
    "tab": "Design",
    "select": "",
    "hide": [],
    "task": False,
    "ask": None,
}
_SAVE: Final = (
    "That was the last one. **Save answers** writes them into a file without your name. Nobody is told here what was "
    "right: your teacher looks at the answers of all."
)

_EXERCISES: Final = "exercises"
_KINDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "shape": ("Sides", ("sides", "verdict", "totals", "card", "layers")),
    "crop": ("Crops", ("sides", "crops", "totals", "card", "layers")),
    "fits": ("Does it fit?", ("sides", "verdict", "totals", "card", "layers")),
    "parameters": ("Parameters", ("totals", "card", "layers")),
    "field": ("Receptive fields", ("card", "layers")),
    "tile": ("The best tile", ()),
}
"""Of each kind of exercise its title, and what of the stage would give the answer away."""
_HERE: Final = (
    "The network that is shown: {levels}, {filters} filters on the first, and {convs} convolutions {kernel}×{kernel} "
    "on each, {padded}."
)


def lesson_of(lesson: object) -> Lesson:
    """The lesson that is meant.

    Args:
        lesson: One, the name of one that comes with the package, or the path of a file of somebody's own.

    Raises:
        LessonError: If there is none, or it cannot be read.

    Example:
        >>> lesson_of("why-572").title
        'Why 572 gives 388'
    """
    if isinstance(lesson, Lesson):
        return lesson
    if isinstance(lesson, str) and not lesson.endswith(".toml"):
        return find_lesson(lesson)
    if isinstance(lesson, (str, os.PathLike)):
        return read_lesson(Path(lesson))
    raise LessonError(
        f"lesson={shown(lesson)} is none: give the name of one ({', '.join(lessons())}), or the path of a .toml file."
    )


def lesson_for_page(lesson: Lesson) -> dict[str, Any]:
    """A lesson with all its steps, questions and answers.

    Whoever looks into the page finds the answers: it is for practice.

    Example:
        >>> lesson_for_page(lesson_of("why-572"))["pages"][1]["ask"]["answer"]
        568
    """
    return {
        "name": lesson.name,
        "title": lesson.title,
        "aim": lesson.aim,
        "minutes": lesson.minutes,
        "pages": [_page(page) for page in lesson.pages],
    }


def questions_for_page(form: str) -> dict[str, Any]:
    """The 20 questions of the inventory, one after the other, without anything of their key.

    Args:
        form: ``"before"`` or ``"after"``.

    Raises:
        ValueError: If there is no such form.

    Example:
        >>> asked = questions_for_page("before")
        >>> len(asked["pages"]), asked["pages"][0]["ask"]["answer"]
        (21, None)
    """
    pages = [_question(item.for_page(form)) for item in inventory()]
    return {
        "name": f"questions-{form}",
        "title": f"{len(pages)} questions, {form}",
        "aim": "",
        "minutes": len(pages),
        "form": read_form(form),
        "pages": [*pages, {**_NOTHING, "text": _SAVE, "task": True}],
    }


def _question(item: dict[str, Any]) -> dict[str, Any]:
    ask = {
        "kind": "choice",
        "question": item["question"],
        "answer": None,
        "unit": "",
        "choices": [{"text": each["text"], "says": ""} for each in item["options"]],
        "mistakes": [],
        "hints": [],
        "why": "",
    }
    # Whatever the stage shows might be the answer.
    return {**_NOTHING, "hide": list(HIDDEN), "ask": ask}


def exercises_names() -> tuple[str, ...]:
    """The names of all sets of exercises, as the browser asks for them.

    Example:
        >>> exercises_names()[:4]
        ('exercises-shape-1', 'exercises-shape-2', 'exercises-shape-3', 'exercises-crop-1')
    """
    # Here, as the panel opens without what makes exercises.
    from unet_explorer.lessons.practice import SETS

    return tuple(f"{_EXERCISES}-{kind}-{number}" for kind in KINDS for number in range(1, SETS + 1))


def exercises_menu() -> list[dict[str, str]]:
    """Of each kind the ``name`` of its first set, and its ``title``.

    Example:
        >>> exercises_menu()[0]
        {'name': 'exercises-shape-1', 'title': 'Sides'}
    """
    return [{"name": f"{_EXERCISES}-{kind}-1", "title": title} for kind, (title, _) in _KINDS.items()]


def exercises_for_page(name: str) -> dict[str, Any]:
    """A set of exercises, in the form of a lesson; ``next`` is the name of that with other numbers.

    Of a design that no page holds nothing is asked.

    Args:
        name: One of `exercises_names`.

    Raises:
        ValueError: If there is no such set.

    Example:
        >>> asked = exercises_for_page("exercises-parameters-1")
        >>> len(asked["pages"]), asked["pages"][0]["ask"]["answer"], asked["next"]
        (4, 1160, 'exercises-parameters-2')
    """
    from unet_explorer.lessons.practice import SETS, practice_set
    from unet_explorer.panel.instrument.pack import offered

    if name not in exercises_names():
        raise ValueError(f"There are no exercises {shown(name)}: give one of {', '.join(exercises_names())}.")
    _, kind, number = name.split("-")
    asked = [each for each in practice_set(kind, int(number)) if each.config in offered()]
    return {
        "name": name,
        "title": f"Exercises: {_KINDS[kind][0]}",
        "aim": "",
        "minutes": 3 * len(asked),
        "pages": [_exercise(each) for each in asked],
        "next": f"{_EXERCISES}-{kind}-{int(number) % SETS + 1}",
    }


def _exercise(asked: Exercise) -> dict[str, Any]:
    c = asked.config
    text = _HERE.format(
        levels=f"{c.depth} levels on the way down" if c.depth > 1 else "1 level on the way down",
        filters=c.base_filters,
        convs=c.convs_per_block,
        kernel=c.kernel_size,
        padded="padded" if c.padding == "same" else "not padded",
    )
    # The best tile is not to be seen before it is chosen.
    tile = [valid_sizes(c).start] * 2 if asked.kind == "tile" else list(asked.tile)
    return {
        **_NOTHING,
        "text": text,
        "design": {"config": c.to_dict(), "tile": tile},
        "hide": list(_KINDS[asked.kind][1]),
        "ask": _posed(asked),
    }


def _posed(asked: Exercise) -> dict[str, Any]:
    """The question, as the page asks it: a number is typed, everything else is chosen."""
    from unet_explorer.lessons.practice import options

    said = {each.value: f"You {each.name}. {each.says}" for each in asked.slips}
    chosen = options(asked)
    return {
        "kind": "choice" if chosen else "number",
        "question": asked.question,
        "answer": chosen.index(asked.answer) if isinstance(asked.answer, (str, tuple)) else asked.answer,
        "unit": asked.unit,
        "choices": [
            {"text": f"{answer_text(each)} {asked.unit}".strip(), "says": said.get(each, "")} for each in chosen
        ],
        "mistakes": [] if chosen else [{"is": value, "says": says} for value, says in said.items()],
        "hints": list(asked.hints),
        "why": asked.why,
    }


def answers_of(form: object, chosen: object) -> File:
    """What was answered, as a table without a name.

    Args:
        form: ``"before"`` or ``"after"``.
        chosen: For each question the number of the option, from 0, or None.

    Raises:
        ValueError: If these are no answers.
    """
    numbers = chosen if isinstance(chosen, list) else []
    known = range(len(LETTERS))
    letters = [LETTERS[number] if type(number) is int and number in known else "" for number in numbers]
    table = answers_table(read_form(form), letters)
    return File(f"answers-{form}.csv", "text/csv", table.encode())


def _page(page: Page) -> dict[str, Any]:
    return {
        "text": page.text,
        "design": {"config": page.design.config.to_dict(), "tile": [page.design.tile] * 2},
        "tab": page.tab,
        "select": page.select,
        "hide": list(page.hide),
        "task": page.task,
        "ask": _ask(page.ask) if page.ask else None,
    }


def _ask(ask: Ask) -> dict[str, Any]:
    return {
        "kind": ask.kind,
        "question": ask.question,
        "answer": _plain(ask.answer),
        "unit": ask.unit,
        "choices": [{"text": each.text, "says": each.says} for each in ask.choices],
        "mistakes": [{"is": _plain(each.value), "says": each.says} for each in ask.mistakes],
        "hints": list(ask.hints),
        "why": ask.why,
    }


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value
