"""A lesson as the page has it: whole, so that it goes on without a kernel."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

from unet_explorer.core.config import shown
from unet_explorer.lessons.lesson import Ask, Lesson, LessonError, Page, find_lesson, lessons, read_lesson

__all__ = ["lesson_for_page", "lesson_of"]


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
