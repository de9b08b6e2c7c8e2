"""A sheet as a notebook, with the marks in its cells by which nbgrader collects and grades it.

The marks follow version 3 of nbgrader's metadata: `locked` for what pupils must not change, `solution` for the cell
they write in, `grade` and `points` for the one that tests it. nbgrader itself is not needed to write or to read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from unet_explorer.lessons.answers import Answer
from unet_explorer.lessons.printing import markdown_text

__all__ = ["notebook"]


class _Question(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def unit(self) -> str: ...

    @property
    def answered(self) -> str: ...


class _Cell(NamedTuple):
    kind: str
    name: str
    source: str
    grade: bool = False
    solution: bool = False


_EMPTY: Final = {"number": "None", "step": '""', "tile": "(None, None)"}
_FORM: Final = {
    "number": "a whole number",
    "step": 'the name of a step, or "fits"',
    "tile": "(height, width)",
}
_TESTED: Final = "# Nothing to do here: this cell is graded once the notebook is handed in."


def notebook(
    title: str,
    told: Sequence[str],
    questions: Sequence[_Question],
    solutions: Sequence[tuple[Answer, str]] | None = None,
) -> str:
    """The notebook as text.

    Args:
        title: What it is called.
        told: What is said in front of the questions.
        questions: Text, unit and form of each.
        solutions: Only for the key: each answer, and what is said of it.

    Raises:
        ValueError: If nbformat is not installed.
    """
    try:
        import nbformat
        from nbformat import v4
    except ModuleNotFoundError:
        raise ValueError("nbformat, which writes notebooks, is not installed: pip install nbformat") from None
    first = "\n".join([f"# {markdown_text(title)}", "", *(f"- {markdown_text(line)}" for line in told)])
    cells = [_Cell("markdown", "design", first)]
    for number, asked in enumerate(questions, start=1):
        answer = solutions[number - 1] if solutions else None
        cells += [
            _Cell("markdown", f"question-{number}", f"## {number}.\n\n{markdown_text(asked.text)}"),
            _Cell("code", f"answer-{number}", _answering(number, asked, answer), solution=True),
            _Cell("code", f"test-{number}", _testing(number, answer), grade=True),
        ]
    made = []
    for cell in cells:
        make = v4.new_markdown_cell if cell.kind == "markdown" else v4.new_code_cell
        made.append(make(cell.source, id=cell.name, metadata={"nbgrader": _marks(cell)}))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    book = v4.new_notebook(cells=made, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(book)
    return f"{nbformat.writes(book)}\n"


def _marks(cell: _Cell) -> dict[str, Any]:
    points = {"points": 1} if cell.grade else {}
    return {
        "schema_version": 3,
        "grade": cell.grade,
        "solution": cell.solution,
        "locked": not cell.solution,
        "task": False,
        "grade_id": cell.name,
        "cell_type": cell.kind,
        **points,
    }


def _answering(number: int, asked: _Question, solution: tuple[Answer, str] | None) -> str:
    unit = f" in {asked.unit}" if asked.unit else ""
    form = f"# {_FORM[asked.answered]}{unit}"
    if solution is None:
        return f"{form}\nanswer_{number} = {_EMPTY[asked.answered]}"
    answer, said = solution
    comments = "\n".join(f"# {line}" for line in said.splitlines())
    return f"{form}\n### BEGIN SOLUTION\nanswer_{number} = {_literal(answer)}\n{comments}\n### END SOLUTION"


def _testing(number: int, solution: tuple[Answer, str] | None) -> str:
    if solution is None:
        return _TESTED
    answer, given = solution[0], f"answer_{number}"
    match answer:
        case str():
            given = f"str({given}).strip().lower()"
        case tuple():
            given = f"tuple({given})"
    return f"{_TESTED}\n### BEGIN HIDDEN TESTS\nassert {given} == {_literal(answer)}\n### END HIDDEN TESTS"


def _literal(answer: Answer) -> str:
    return f'"{answer}"' if isinstance(answer, str) else repr(answer)
