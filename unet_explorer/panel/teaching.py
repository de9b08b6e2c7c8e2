"""A lesson as the page has it: whole, so that it goes on without a kernel."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from unet_explorer.core.config import shown
from unet_explorer.lessons.inventory import LETTERS, inventory, read_form
from unet_explorer.lessons.inventory_sheets import answers_table
from unet_explorer.lessons.lesson import HIDDEN, Ask, Lesson, LessonError, Page, find_lesson, lessons, read_lesson
from unet_explorer.panel.handed import File

__all__ = ["answers_of", "lesson_for_page", "lesson_of", "questions_for_page"]

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
