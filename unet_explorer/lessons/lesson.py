"""A lesson: a page of text with steps, read from a file that a teacher can write without a line of code.

A file is TOML. Its head says what the lesson is; each ``[[step]]`` has a ``text``, and may turn the knobs, open a tab,
select a step of the network, hide what would give the answer away, and ask. Whoever is asked answers first, then sees;
see ``en/`` for those that come with the package, and `SCHEMA` for all that may be said.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import PRESETS, shown
from unet_explorer.core.plan import TILE, plan
from unet_explorer.lessons.facts import Design, FormulaError, Value, evaluate, filled, in_words

__all__ = [
    "HIDDEN",
    "SCHEMA",
    "Ask",
    "Choice",
    "Lesson",
    "LessonError",
    "Mistake",
    "Page",
    "find_lesson",
    "lessons",
    "read_lesson",
    "titles",
]

HIDDEN: Final = ("sides", "channels", "crops", "verdict", "totals", "card", "layers", "Sweep")
"""What a step may hide of the stage, so that the answer is not there to be read."""
TABS: Final = ("Design", "Build", "Train", "Tile", "Inside", "Sweep")
_HEAD: Final = {"title": str, "aim": str, "minutes": int, "preset": str, "step": list}
_STEP: Final = {"text": str, "design": dict, "tab": str, "select": str, "hide": list, "ask": dict, "task": bool}
_ASK: Final = {
    "kind": str,
    "question": str,
    "answer": (str, int),
    "unit": str,
    "choices": list,
    "mistakes": list,
    "hints": list,
    "why": str,
}
SCHEMA: Final = {"lesson": _HEAD, "step": _STEP, "ask": _ASK}
"""All keys that a file may have, and what stands behind each."""
KINDS: Final = ("number", "choice", "step", "tile")
"""How is answered: typed, chosen, clicked in the U, or with the slider."""


class LessonError(ValueError):
    """A lesson that cannot be read; it says where, and what would help."""


class Choice(NamedTuple):
    """An answer to choose: its words, whether it is right, and what is said to whoever chooses it."""

    text: str
    right: bool
    says: str


class Mistake(NamedTuple):
    """A wrong answer that is known, and what has been mixed up."""

    value: Value
    says: str


@dataclass(frozen=True)
class Ask:
    """A question.

    Attributes:
        kind: ``"number"``, ``"choice"``, ``"step"`` or ``"tile"``: typed, chosen, clicked in the U, or dragged.
        question: What is asked.
        answer: What is right: a number; the name of a step; or for ``"tile"`` the tile itself, where it is one, else
            whatever fits. For ``"choice"`` the number of the choice, from 0.
        unit: What stands behind the number.
        choices: What there is to choose.
        mistakes: Wrong answers that are known for what they are.
        hints: Two, to be seen one by one.
        why: Why the answer is right.
    """

    kind: str
    question: str
    answer: Value
    unit: str
    choices: tuple[Choice, ...]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    why: str

    def judged(self, given: object) -> tuple[bool, str]:
        """Whether an answer is right, and what to say to it.

        Example:
            >>> asked = lessons()["why-572"].pages[1].ask
            >>> asked.judged(568)[0], asked.judged(571)[0]
            (True, False)
        """
        if self.kind == "choice":
            chosen = self.choices[given] if type(given) is int and 0 <= given < len(self.choices) else None
            return (chosen.right, chosen.says) if chosen else (False, "")
        if given == self.answer:
            return True, ""
        return False, next((each.says for each in self.mistakes if each.value == given), "")


@dataclass(frozen=True)
class Page:
    """A step of a lesson.

    Attributes:
        text: What is told, in Markdown.
        design: Which network it is told of; None where the knobs stay as they are.
        tab: The tab that is opened.
        select: The step of the network that is selected; empty for none.
        hide: What of the stage is hidden until the answer is locked in.
        ask: The question, if there is one.
        task: Whether it is the open task at the end.
    """

    text: str
    design: Design
    tab: str
    select: str
    hide: tuple[str, ...]
    ask: Ask | None
    task: bool


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        name: By which it is asked for: the name of its file, without number and ending.
        title: What it is called.
        aim: What whoever has gone through it can do.
        minutes: How long it takes, about.
        pages: Its steps.
    """

    name: str
    title: str
    aim: str
    minutes: int
    pages: tuple[Page, ...]


@lru_cache(maxsize=4)
def lessons(language: str = "en") -> Mapping[str, Lesson]:
    """The lessons that come with the package, by name, in their order.

    Example:
        >>> "why-572" in lessons()
        True
    """
    return {_name(file): parsed(text, _name(file), f"{file}.toml") for file, text in _texts(language).items()}


@lru_cache(maxsize=4)
def titles(language: str = "en") -> Mapping[str, tuple[str, int]]:
    """Title and minutes of each lesson, by name, in their order; nothing is computed for it.

    Example:
        >>> titles()["why-572"]
        ('Why 572 gives 388', 7)
    """
    heads = {name: tomllib.loads(text) for name, text in _texts(language).items()}
    return {_name(name): (str(head.get("title", name)), int(head.get("minutes", 0))) for name, head in heads.items()}


def _texts(language: str) -> dict[str, str]:
    folder = files("unet_explorer.lessons").joinpath(language)
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file.read_text("utf-8") for file in found}


def find_lesson(name: str) -> Lesson:
    """One of the lessons that come with the package.

    Raises:
        LessonError: If there is none of this name.

    Example:
        >>> find_lesson("why-572").minutes
        7
    """
    found = lessons().get(name)
    if found is None:
        raise LessonError(f"There is no lesson {shown(name)}: give one of {', '.join(lessons())}.")
    return found


def read_lesson(path: str | Path) -> Lesson:
    """A lesson from a file of somebody's own.

    Raises:
        LessonError: If it cannot be read; it says where in the file, and what would help.
    """
    try:
        place = Path(path).expanduser()
        text = place.read_text("utf-8")
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise LessonError(f"The lesson {shown(str(path))} cannot be read: {error}.") from None
    return parsed(text, _name(place.name), place.name)


def _name(file: str) -> str:
    stem = file.removesuffix(".toml")
    number, _, rest = stem.partition("-")
    return rest if number.isdigit() and rest else stem


def parsed(text: str, name: str, where: str) -> Lesson:
    """A lesson from the text of a file.

    Args:
        text: TOML.
        name: By which it is asked for.
        where: What to call the file in an error.

    Raises:
        LessonError: If something is missing, unknown, or cannot be computed.

    Example:
        >>> parsed('title = "Nothing"', "nothing", "nothing.toml")
        Traceback (most recent call last):
        ...
        unet_explorer.lessons.lesson.LessonError: nothing.toml: aim is missing.
    """
    try:
        head = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LessonError(f"{where} is no TOML: {error}.") from None
    _check(head, _HEAD, {"title", "aim", "minutes", "step"}, where)
    design, pages = _preset(head.get("preset", "paper"), where), []
    for number, step in enumerate(head["step"], start=1):
        page = _page(step, design, f"{where}, step {number}")
        design = page.design
        pages.append(page)
    if not pages or not pages[-1].task:
        raise LessonError(f"{where}: the last step must be the open task: give it task = true.")
    return Lesson(name, head["title"], head["aim"], head["minutes"], tuple(pages))


def _check(given: object, known: Mapping[str, Any], needed: set[str], where: str) -> None:
    if not isinstance(given, dict):
        raise LessonError(f"{where}: {shown(given)} is no table of keys.")
    for key, value in given.items():
        if key not in known:
            raise LessonError(f"{where}: there is no key {shown(key)}: the keys are {', '.join(known)}.")
        if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
            raise LessonError(f"{where}: {key} = {shown(value)} is of the wrong kind.")
    for key in sorted(needed - given.keys()):
        raise LessonError(f"{where}: {key} is missing.")


def _page(step: Any, before: Design, where: str) -> Page:
    _check(step, _STEP, {"text"}, where)
    design = _design(step.get("design", {}), before, where)
    tab, select, hide = step.get("tab", "Design"), step.get("select", ""), tuple(step.get("hide", ()))
    if tab not in TABS:
        raise LessonError(f"{where}: there is no tab {shown(tab)}: give one of {', '.join(TABS)}.")
    steps = {"", TILE, "argmax", *(each.name for each in plan(design.config))}
    if select not in steps:
        raise LessonError(f"{where}: select = {shown(select)} is no step of this network.")
    for each in hide:
        if each not in HIDDEN:
            raise LessonError(f"{where}: {shown(each)} cannot be hidden: give some of {', '.join(HIDDEN)}.")
    try:
        ask = _ask(step["ask"], design, where) if "ask" in step else None
        return Page(filled(step["text"], design).strip(), design, tab, select, hide, ask, step.get("task", False))
    except FormulaError as error:
        raise LessonError(f"{where}: {error}") from None


def _preset(name: object, where: str) -> Design:
    if not isinstance(name, str) or name not in PRESETS:
        raise LessonError(f"{where}: preset = {shown(name)}: give one of {', '.join(PRESETS)}.")
    return Design(*PRESETS[name])


def _design(knobs: dict[str, Any], before: Design, where: str) -> Design:
    turned = dict(knobs)
    preset = turned.pop("preset", None)
    if preset is not None:
        before = _preset(preset, where)
    try:
        design = before.turned(**turned)
    except (ValueError, TypeError) as error:
        raise LessonError(f"{where}: {error}") from None
    if type(design.tile) is not int or design.tile < 1:
        raise LessonError(f"{where}: tile = {shown(design.tile)}: give a whole number of pixels.")
    return design


def _ask(ask: Any, design: Design, where: str) -> Ask:
    where = f"{where}, ask"
    _check(ask, _ASK, {"kind", "question", "hints", "why"}, where)
    kind = ask["kind"]
    if kind not in KINDS:
        raise LessonError(f"{where}: kind = {shown(kind)}: give one of {', '.join(KINDS)}.")
    if len(ask["hints"]) != 2 or not all(isinstance(each, str) for each in ask["hints"]):
        raise LessonError(f"{where}: give two hints, the second one closer to the answer.")
    choices = tuple(_choices(ask, design, where))
    answer = _answer(ask, choices, design, where)
    mistakes = tuple(_mistakes(ask, answer, design, where))
    words = {key: filled(ask[key], design) for key in ("question", "why")}
    hints = tuple(filled(each, design) for each in ask["hints"])
    return Ask(kind, words["question"], answer, ask.get("unit", ""), choices, mistakes, hints, words["why"])


def _choices(ask: dict[str, Any], design: Design, where: str) -> Iterator[Choice]:
    given = ask.get("choices", [])
    if (ask["kind"] == "choice") != bool(given):
        raise LessonError(f"{where}: choices are what kind = 'choice' needs, and no other takes.")
    for each in given:
        _check(each, {"text": str, "right": bool, "says": str}, {"text"}, f"{where}, choices")
        right = each.get("right", False)
        if not right and not each.get("says"):
            raise LessonError(f"{where}: say to whoever chooses {shown(each['text'])} what is mixed up: says = ….")
        yield Choice(filled(each["text"], design), right, filled(each.get("says", ""), design))


def _answer(ask: dict[str, Any], choices: tuple[Choice, ...], design: Design, where: str) -> Value:
    if choices:
        right = [number for number, each in enumerate(choices) if each.right]
        if len(right) != 1 or "answer" in ask:
            raise LessonError(f"{where}: mark one of the choices with right = true, and give no answer.")
        return right[0]
    if "answer" not in ask:
        raise LessonError(f"{where}: answer is missing.")
    steps = {each.name for each in plan(design.config)}
    answer = ask["answer"] if ask["answer"] in steps else evaluate(str(ask["answer"]), design)
    if ask["kind"] == "step" and answer not in steps:
        raise LessonError(f"{where}: answer = {shown(answer)} is no step of this network.")
    if ask["kind"] in {"number", "tile"} and (isinstance(answer, (str, bool))):
        raise LessonError(f"{where}: answer = {shown(answer)} is no number.")
    return answer


def _mistakes(ask: dict[str, Any], answer: Value, design: Design, where: str) -> Iterator[Mistake]:
    seen = [answer]
    for each in ask.get("mistakes", []):
        _check(each, {"is": (str, int), "says": str}, {"is", "says"}, f"{where}, mistakes")
        value = evaluate(str(each["is"]), design)
        if value in seen:
            raise LessonError(
                f"{where}: the mistake {shown(each['is'])} is {in_words(value)}, as is the answer, or another mistake: "
                "ask of another tile or step."
            )
        seen.append(value)
        yield Mistake(value, filled(each["says"], design))
