"""The answers of a class, as a table: no name is read, and none is kept."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Final

from unet_explorer.core.config import shown
from unet_explorer.lessons.inventory import FORMS, inventory
from unet_explorer.lessons.results import GroupResult, Results, form_result
from unet_explorer.lessons.scoring import Score, read_letter, score

__all__ = ["GROUPS", "read_answers"]

GROUPS: Final = ("taught", "compared")
"""Who was taught with this, and who otherwise. Other names are not taken, so that nobody's own gets in."""
_COLUMNS: Final = ("form", "group")
_LARGEST: Final = 2_000_000
_MOST_ROWS: Final = 10_000


def read_answers(path: object) -> Results:
    """What a class has answered, from a table that `save_inventory` has begun.

    Args:
        path: A .csv file, a row for each sheet that was handed in: ``form`` (before or after), ``group`` (taught or
            compared; the column may be left out, or be empty for taught), and a letter for each question by its name.

    Returns:
        Shares, gains and mistakes, by group. Single rows are not kept.

    Raises:
        ValueError: If it cannot be read, or holds anything else; it says where. A column with names is refused.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> file = Path(tempfile.mkdtemp()) / "answers.csv"
        >>> _ = file.write_text("form,crop,skips\\nbefore,A,A\\nafter,B,A\\nafter,A,C\\n")
        >>> read_answers(file).groups[0].forms["after"].items["crop"]
        0.5
    """
    head, lines = _lines(path)
    found: dict[tuple[str, str], list[Score]] = {}
    empty = 0
    for number, line in lines:
        where = f"path={shown(str(path))}, line {number}"
        row = dict(zip(head, line, strict=False))
        if any(line[len(head) :]):
            raise ValueError(f"{where}: there are more cells than columns.")
        try:
            answers = {key: read_letter(value, key) for key, value in row.items() if key not in _COLUMNS}
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        if not any(answers.values()):
            empty += 1
            continue
        form, group = _of_row(row, where)
        found.setdefault((group, form), []).append(score(answers, form))
    if not found:
        raise ValueError(f"path={shown(str(path))}: there is no row with answers in it.")
    asked = [each for each in head if each not in _COLUMNS]
    groups = []
    for group in GROUPS:
        forms = {form: form_result(found[group, form], asked) for form in FORMS if (group, form) in found}
        groups += [GroupResult(group, forms)] if forms else []
    return Results(tuple(groups), empty)


def _lines(path: object) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The first line, and the others with their numbers."""
    text = _text(path)
    first, *_ = text.split("\n", 1)
    rows = csv.reader(StringIO(text), delimiter=max(",;\t", key=first.count))
    try:
        head, *lines = [[cell.strip() for cell in row] for row in islice(rows, _MOST_ROWS + 2)] or [[]]
    except csv.Error as error:
        raise ValueError(f"path={shown(str(path))} is no table: {error}.") from None
    if len(lines) > _MOST_ROWS:
        raise ValueError(f"path={shown(str(path))} has more than {_MOST_ROWS:,} rows: give one class at a time.")
    _check_head(head, path)
    return head, [(number, line) for number, line in enumerate(lines, start=2) if line]


def _text(path: object) -> str:
    try:
        place = Path(path).expanduser()  # type: ignore[arg-type]  # what is no path is refused below
        if place.stat().st_size > _LARGEST:
            raise ValueError(f"path={shown(str(path))} is far too large for the answers of a class.")
        return place.read_text("utf-8-sig")
    except UnicodeDecodeError:
        why = "it is no text in UTF-8: save it as CSV, UTF-8"
    except OSError as error:
        why = error.strerror or "it is not there"
    except (TypeError, RuntimeError):
        why = "it is no path"
    except ValueError as error:
        if str(error).startswith("path="):
            raise
        why = "it is no path"
    raise ValueError(f"path={shown(path)} cannot be read ({why}): give the path of a .csv file.")


def _check_head(head: Sequence[str], path: object) -> None:
    known = [item.name for item in inventory()]
    said = f"path={shown(str(path))}: the first line"
    for column in head:
        if column not in known and column not in _COLUMNS:
            raise ValueError(
                f"{said} has a column {shown(column)}: delete it. Columns are form, group, and the names of questions; "
                "nothing that tells who somebody is."
            )
        if head.count(column) > 1:
            raise ValueError(f"{said} has the column {shown(column)} twice: delete one.")
    if "form" not in head or not set(head) & set(known):
        raise ValueError(f"{said} must name the columns: form, and questions such as {known[0]}.")


def _of_row(row: Mapping[str, str], where: str) -> tuple[str, str]:
    form, group = row.get("form", "").lower(), row.get("group", "").lower() or GROUPS[0]
    if form not in FORMS:
        raise ValueError(f"{where}: form={shown(form)} is not allowed: give before or after.")
    if group not in GROUPS:
        raise ValueError(f"{where}: group={shown(group)} is not allowed: give {GROUPS[0]} or {GROUPS[1]}.")
    return form, group
