"""Sheets of exercises to hand out, and their keys: for print, in Markdown, as a notebook for nbgrader.

A sheet is made of questions alone: neither answers nor hints nor solutions reach the functions that write it, nor
does the seed, from which they could be made again; and a small number is soon guessed from a hash, so there is none.
The key is a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import Choice, Flag, UNetConfig, read_config, read_value
from unet_explorer.core.tiles import Tile, read_tile
from unet_explorer.drawing.options import FigureOptions
from unet_explorer.drawing.picture import picture
from unet_explorer.drawing.vector import vector
from unet_explorer.lessons.exercise import Exercise
from unet_explorer.lessons.exercises import described, exercises
from unet_explorer.lessons.notebooks import notebook
from unet_explorer.lessons.printing import html_page, html_text, markdown_text, written
from unet_explorer.whole import place_for

__all__ = ["HOW", "exercises_data", "save_exercises"]


class _Sheet(NamedTuple):
    """What a sheet is made of."""

    title: str
    design: tuple[str, ...]
    questions: tuple[Question, ...]


class Question(NamedTuple):
    """What a pupil sees of an exercise.

    Attributes:
        text: What is asked.
        unit: What stands behind the answer.
        answered: In which form: ``"number"``, ``"step"`` or ``"tile"``.
    """

    text: str
    unit: str
    answered: str


def save_exercises(
    path: object,
    config: UNetConfig,
    tile: Tile,
    *,
    seed: int = 0,
    count: int = 10,
    key: bool = False,
    overwrite: bool = False,
) -> Path:
    """Save a sheet of exercises, or its key, to print, to edit, or to hand in as a notebook.

    The sheet holds questions alone, and nothing from which an answer could be read. Its key is the same call with
    ``key=True`` under another name: answers, solutions, hints, known mistakes, and the drawing with all its sizes. The
    key of a notebook is what nbgrader calls the source version: its solutions and hidden tests are taken out by
    ``nbgrader generate_assignment``.

    Args:
        path: Where to; it ends in ``.html`` (A4, for print), ``.md`` or ``.ipynb`` (with nbgrader's marks).
        config: The network.
        tile: Input side in pixels, or (height, width); it need not fit.
        seed: Another seed gives other numbers; the same seed the same sheet.
        count: How many exercises.
        key: Whether to save the key instead of the sheet.
        overwrite: Whether a file that is there already may be replaced.

    Returns:
        Where it is.

    Raises:
        ValueError: If an argument is not allowed.
        FileExistsError: If there is a file already, and it may not be replaced.
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> path = save_exercises(tempfile.mkdtemp() + "/sheet.md", UNetConfig(), 572, seed=3)
        >>> path.read_text("utf-8").splitlines()[0]
        '# Exercises on the U-Net'
    """
    read_config(config, tile, path)
    place = place_for(path, tuple(_KINDS), overwrite)
    return written(place, exercises_data(config, tile, place.suffix.lower(), seed=seed, count=count, key=key))


def exercises_data(
    config: UNetConfig, tile: Tile, kind: str, *, seed: int = 0, count: int = 10, key: bool = False
) -> bytes:
    """What `save_exercises` writes, for whoever hands it over otherwise, such as a download.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width); it need not fit.
        kind: ``".html"``, ``".md"`` or ``".ipynb"``.
        seed: Of the sheet.
        count: How many exercises.
        key: Whether it is the key.

    Raises:
        ValueError: If an argument is not allowed.

    Example:
        >>> exercises_data(UNetConfig(depth=1), 100, ".html")[:15]
        b'<!doctype html>'
    """
    kind = read_value("kind", kind, Choice(tuple(_KINDS)))
    wanted = read_value("key", key, Flag())
    made = exercises(config, tile, seed, count)
    sheet = _Sheet("Exercises on the U-Net", described(config), tuple(map(_question, made)))
    if not wanted:
        return _KINDS[kind][0](sheet).encode()
    return _KINDS[kind][1](
        sheet._replace(title=f"{sheet.title}, seed {seed}"), made, (config, read_tile(tile))
    ).encode()


def _question(made: Exercise) -> Question:
    form = {int: "number", str: "step", tuple: "tile"}[type(made.answer)]
    return Question(made.question, made.unit, form)


HOW: Final = (
    "Levels are counted from the top, which is level 0. Sides are in pixels. A crop is counted on each side. If a "
    "question supposes another network, that holds for this question alone."
)
"""How all questions are meant."""
_KEY: Final = "This is the key: answers, solutions, hints and known mistakes. Do not hand it out."


def _html(sheet: _Sheet) -> str:
    return html_page(sheet.title, [*_html_head(sheet), *_html_questions(sheet.questions)])


def _html_head(sheet: _Sheet) -> Iterator[str]:
    yield f"<p>{html_text(HOW)}</p>\n<h2>The network</h2>\n<ul>"
    yield from (f"<li>{html_text(line)}</li>" for line in sheet.design)
    yield "</ul>"


def _html_questions(questions: Sequence[Question]) -> Iterator[str]:
    for number, asked in enumerate(questions, start=1):
        unit = f", in {asked.unit}" if asked.unit else ""
        yield f"<section>\n<h2>{number}.</h2>\n<p>{html_text(asked.text)}</p>"
        yield f'<div class="room"></div>\n<p class="line">Answer{html_text(unit)}: </p>\n</section>'


def _html_key(sheet: _Sheet, made: Sequence[Exercise], design: tuple[UNetConfig, tuple[int, int]]) -> str:
    parts = [f"<p><strong>{_KEY}</strong></p>", *_html_head(sheet), _drawing(*design)]
    for number, each in enumerate(made, start=1):
        slips = "".join(f"<li>{html_text(line)}</li>" for line in _slips(each))
        parts += [
            f"<section>\n<h2>{number}. {html_text(each.solution())}</h2>\n<p>{html_text(each.question)}</p>",
            f"<p><strong>Why.</strong> {html_text(each.why)}</p>",
            f"<p><strong>Hints.</strong> {html_text(' – '.join(each.hints))}</p>\n<ul>{slips}</ul>\n</section>",
        ]
    return html_page(f"{sheet.title}, key", parts)


def _drawing(config: UNetConfig, tile: tuple[int, int]) -> str:
    """The U with all its sizes; nothing where it is too wide for a page of A4."""
    try:
        return vector(picture(config, tile, FigureOptions(width=170, font_size=6, ground="transparent")))
    except ValueError:
        return ""


def _slips(made: Exercise) -> list[str]:
    from unet_explorer.lessons.answers import answer_text

    return [f"{answer_text(slip.value)}: {slip.name}. {slip.says}" for slip in made.slips]


def _markdown(sheet: _Sheet) -> str:
    lines = _markdown_head(sheet.title, sheet)
    for number, asked in enumerate(sheet.questions, start=1):
        unit = f", in {asked.unit}" if asked.unit else ""
        lines += [f"## {number}.", "", markdown_text(asked.text), "", f"Answer{unit}: \\_\\_\\_\\_\\_\\_", ""]
    return "\n".join(lines)


def _markdown_head(title: str, sheet: _Sheet) -> list[str]:
    design = [f"- {markdown_text(line)}" for line in sheet.design]
    return [f"# {markdown_text(title)}", "", HOW, "", "## The network", "", *design, ""]


def _markdown_key(sheet: _Sheet, made: Sequence[Exercise], _: Any) -> str:
    lines = [*_markdown_head(f"{sheet.title}, key", sheet), f"**{_KEY}**", ""]
    for number, each in enumerate(made, start=1):
        lines += [f"## {number}. {markdown_text(each.solution())}", "", markdown_text(each.question), ""]
        lines += [f"**Why.** {markdown_text(each.why)}", "", f"**Hints.** {markdown_text(' – '.join(each.hints))}", ""]
        lines += [*(f"- {markdown_text(line)}" for line in _slips(each)), ""]
    return "\n".join(lines)


def _notebook(sheet: _Sheet) -> str:
    return notebook(sheet.title, [HOW, *sheet.design], sheet.questions)


def _notebook_key(sheet: _Sheet, made: Sequence[Exercise], _: Any) -> str:
    solutions = [(each.answer, f"{each.why}\n" + "\n".join(_slips(each))) for each in made]
    return notebook(sheet.title, [HOW, *sheet.design], sheet.questions, solutions)


_KINDS: Final[dict[str, tuple[Callable[[_Sheet], str], Callable[..., str]]]] = {
    ".html": (_html, _html_key),
    ".md": (_markdown, _markdown_key),
    ".ipynb": (_notebook, _notebook_key),
}
"""How a sheet, and its key, are written, by the ending of the file."""
