"""The teacher's guide: a text with gaps, which the lessons themselves fill, so that it cannot disagree with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

from unet_explorer.core.config import PRESETS, shown
from unet_explorer.lessons.facts import Design, filled, in_words
from unet_explorer.lessons.lesson import Ask, Lesson, LessonError, lessons

__all__ = ["teacher_guide"]

_GAP: Final = re.compile(r"\{(lessons|minutes|plan)(?: (\d+))?(?:: ([\w, -]+))?\}")
"""``{lessons}``: all of them; ``{minutes: a, b}``: of these together; ``{plan 5: a, b}``: a timetable from minute 5."""


def teacher_guide() -> str:
    """The teacher's guide as Markdown: how to spend an hour or two, and every question with answer and mistakes.

    Raises:
        LessonError: If it names a lesson that there is not.

    Example:
        >>> guide = teacher_guide()
        >>> guide.splitlines()[0], "388 px" in guide
        ("# Teacher's guide", True)
    """
    known = lessons()
    template = files("unet_explorer.lessons").joinpath("en", "guide.md").read_text("utf-8")
    # Formulas first: what the lessons say is filled already.
    parts, last = [], 0
    for gap in _GAP.finditer(template):
        parts += [_told(template[last : gap.start()]), _filling(gap, known)]
        last = gap.end()
    return "".join([*parts, _told(template[last:])])


def _told(text: str) -> str:
    return filled(text, Design(*PRESETS["classroom"]))


def _filling(gap: re.Match[str], known: Mapping[str, Lesson]) -> str:
    kind, start, names = gap.groups()
    if kind == "lessons":
        return "\n\n".join(_lesson(each) for each in known.values())
    chosen = [_named(name.strip(), known) for name in (names or "").split(",")]
    if kind == "minutes":
        return str(sum(each.minutes for each in chosen))
    return "\n".join(_timetable(int(start or 0), chosen))


def _named(name: str, known: Mapping[str, Lesson]) -> Lesson:
    if name not in known:
        raise LessonError(f"guide.md: there is no lesson {shown(name)}: give some of {', '.join(known)}.")
    return known[name]


def _timetable(start: int, chosen: list[Lesson]) -> Iterator[str]:
    yield "| from minute | lesson | minutes | aim |"
    yield "| ---: | --- | ---: | --- |"
    for each in chosen:
        yield f"| {start} | **{each.title}** (*{each.name}*) | {each.minutes} | {each.aim} |"
        start += each.minutes


def _lesson(lesson: Lesson) -> str:
    asked = [page.ask for page in lesson.pages if page.ask]
    parts = [
        f"### {lesson.title}",
        f"*{lesson.name}*, {lesson.minutes} minutes, {len(asked)} questions. Aim: {lesson.aim}",
        *("\n".join(_question(number, ask)) for number, ask in enumerate(asked, start=1)),
        *(_line(page.text) for page in lesson.pages if page.task),
    ]
    return "\n\n".join(parts)


def _question(number: int, ask: Ask) -> Iterator[str]:
    yield f"{number}. {_line(ask.question)}"
    yield f"   - **Answer: {_answer(ask)}.** {_line(ask.why)}"
    for choice in ask.choices:
        if not choice.right:
            yield f"   - *{_line(choice.text)}*: {_line(choice.says)}"
    for mistake in ask.mistakes:
        yield f"   - *{_with_unit(in_words(mistake.value), ask)}*: {_line(mistake.says)}"


def _answer(ask: Ask) -> str:
    if ask.kind == "choice":
        return _line(next(each.text for each in ask.choices if each.right)).rstrip(".")
    if ask.kind == "tile":
        return f"a tile of {in_words(ask.answer)} px"
    return _with_unit(in_words(ask.answer), ask)


def _with_unit(value: str, ask: Ask) -> str:
    return f"{value} {ask.unit}".strip()


def _line(text: str) -> str:
    """A text as one line of a list."""
    return " ".join(text.split())


if __name__ == "__main__":
    print(teacher_guide())
