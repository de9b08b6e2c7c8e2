"""The lessons as pages: whoever reads them answers on paper, and unfolds hints and answer."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from unet_explorer.lessons.facts import Design, in_words
from unet_explorer.lessons.guide import teacher_guide
from unet_explorer.lessons.lesson import Ask, Lesson, Page, lessons
from unet_explorer.panel.code import as_code

__all__ = ["lesson_page", "write_lessons"]

_SAYS: Final = (
    "These pages are for practice: **answers are folded below the questions**, open to everybody. Compute first, "
    "then look."
)
_HOW: Final = {
    "number": "Compute it.",
    "choice": "Choose one.",
    "step": "Name a step of the network, as it is called in the U.",
    "tile": "Find a tile.",
}


def write_lessons(folder: Path) -> None:
    """Write a page for each lesson that comes with the package, and one that lists them."""
    folder.mkdir(parents=True)
    every = list(lessons().values())
    for lesson in every:
        (folder / f"{lesson.name}.md").write_text(lesson_page(lesson), "utf-8")
    (folder / "index.md").write_text(_index(every), "utf-8")
    # For whoever teaches: what the guide says is made of the lessons themselves.
    (folder / "teacher-guide.md").write_text(teacher_guide(), "utf-8")
    study = files("unet_explorer.lessons").joinpath("en", "study.md").read_text("utf-8")
    (folder / "study-kit.md").write_text(study, "utf-8")


def _index(every: list[Lesson]) -> str:
    listed = "\n".join(f"1. [{each.title}]({each.name}.md), {each.minutes} minutes: {each.aim}" for each in every)
    tree = "\n".join([*(each.name for each in every), "teacher-guide", "study-kit"])
    return (
        f"# Lessons\n\nEach begins with a network, asks, and ends with a task of your own. {_SAYS}\n\n"
        f"{listed}\n\nFor teachers: [the guide](teacher-guide.md), with timings, answers and usual mistakes, and "
        f"[a kit for a small study](study-kit.md).\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    )


def lesson_page(lesson: Lesson) -> str:
    """A lesson in Markdown, with hints and answers folded.

    Args:
        lesson: The lesson, with all of its numbers computed.

    Example:
        >>> lesson = lessons()["why-572"]
        >>> lesson_page(lesson).splitlines()[0] == f"# {lesson.title}"
        True
    """
    parts = [f"# {lesson.title}", f"**Aim:** {lesson.aim}", f"About {lesson.minutes} minutes. {_SAYS}"]
    before = None
    for number, page in enumerate(lesson.pages, start=1):
        parts += [f"## {_title(number, page)}", *_step(page, before)]
        before = page.design
    return "\n\n".join(parts) + "\n"


def _title(number: int, page: Page) -> str:
    return f"Step {number}: your turn" if page.task else f"Step {number}"


def _step(page: Page, before: Design | None) -> Iterator[str]:
    yield page.text
    if page.design != before:
        yield f"In a notebook, this opens the network of this step, with a tile of {page.design.tile} px:"
        yield _fenced(as_code(page.design.config, (page.design.tile,) * 2))
    if page.ask is not None:
        yield from _asked(page.ask)


def _asked(ask: Ask) -> Iterator[str]:
    yield f"**{ask.question.strip()}** {_HOW[ask.kind]}"
    if ask.choices:
        yield "\n".join(f"- {each.text}" for each in ask.choices)
    for number, hint in enumerate(ask.hints, start=1):
        yield from _folded(f"Hint {number}", hint)
    yield from _folded("Answer", "\n\n".join(_answer(ask)))


def _answer(ask: Ask) -> Iterator[str]:
    if ask.choices:
        wrong = [(each.text, each.says) for each in ask.choices if not each.right]
        right = next(each.text for each in ask.choices if each.right)
    else:
        wrong = [(_value(ask, each.value), each.says) for each in ask.mistakes]
        right = _value(ask, ask.answer)
    yield f"**{right}**"
    yield ask.why.strip()
    if wrong:
        yield "What else is often said:"
        yield "\n".join(f"- {text} – {says.strip()}" for text, says in wrong)


def _value(ask: Ask, value: object) -> str:
    if ask.kind == "step":
        return f"`{value}`"
    unit = "px" if ask.kind == "tile" else ask.unit
    return f"{in_words(value)} {unit}".strip()  # type: ignore[arg-type]  # read as a value of a formula


def _folded(title: str, text: str) -> Iterator[str]:
    yield f"<details>\n<summary>{title}</summary>"
    yield text.strip()
    yield "</details>"


def _fenced(code: str) -> str:
    return f"```python\n{code}\n```"
