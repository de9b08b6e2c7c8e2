"""Trees that are much alike, in few bytes: every piece of text once, and the numbers in it apart, in columns.

Each part of a tree is a record: a text with gaps, and a row of numbers that fill them. Records with the same text are
the rows of one table, and a row that is met again, in any tree, is written once. A column is written as that by which
it differs from another one, which mostly is the same all the way down. The page fills the gaps
(``static/instrument/pack.js``), and knows nothing of what the trees mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

__all__ = ["ABOVE", "GROUPED", "HUNDREDTHS", "LISTS", "OWN", "TENTHS", "WHOLE", "as_records"]

WHOLE: Final = "`"
"""Stands where a whole number is left out."""
TENTHS: Final = "~"
"""The same of a number with one decimal, which is counted in tenths."""
HUNDREDTHS: Final = "^"
"""The same of one with two."""
GROUPED: Final = "|"
"""The same of a whole number that is written as 31,030,658."""
LISTS: Final = "@"
"""The same of lists of whole numbers, one or several in a row, which are numbered."""
OWN: Final = 0
"""Of a column: it is written as it is."""
ABOVE: Final = -1
"""Of a column: written is by how much each number differs from the one above it. Any other number says how many columns
further to the left the one stands from which it differs by what is written."""

_LIST: Final = r"\[-?\d+(?:,-?\d+)*\]"
_NUMBERS: Final = re.compile(
    rf"(?P<lists>{_LIST}(?:,{_LIST})*)|(?<== )(?P<grouped>\d{{1,3}}(?:,\d{{3}})*)(?=\")"
    r"|(?<![\d.])-?\d+\.(?:(?P<tenths>\d)|(?P<hundredths>\d\d))(?![\d.])|(?<![\d.])(?P<whole>-?\d+)(?![\d.])"
)

Row = tuple[int, ...]


def as_records(trees: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """All trees, ready for JSON: ``{"names", "texts", "from", "columns", "kinds", "lists", "trees"}``.

    Each dict in a tree, and each dict of a list in it, is a record; they stand under ``names``. What is left of a tree
    is a record as well, the first one of the tree. ``kinds`` has the number of each record's text; for each text
    ``columns`` has what its gaps are filled with, and ``from`` what is to be added. A column that is the same all the
    way down is one number. Each of ``trees`` has the numbers of its records. In ``lists`` and ``trees`` each number is
    written as the difference to the one before it.

    Args:
        trees: Dicts of the same names, each with the same kind of value in all of them.

    Raises:
        ValueError: If a text holds one of the signs that stand for a number.

    Example:
        >>> as_records([{"map": {"side": 572}}, {"map": {"side": 570}}])["texts"]
        ['{"map":`}', '{"side":`}']
    """
    names = [name for name, value in trees[0].items() if _holds_records(value)]
    found = _Records()
    numbers = [
        [found.number({name: 0 if name in names else value for name, value in tree.items()})]
        + [found.numbers(tree[name]) for name in names]
        for tree in trees
    ]
    tables = [_columns(list(rows)) for rows in found.tables.values()]
    return {
        "names": names,
        "texts": list(found.tables),
        "from": [[source for source, _ in table] for table in tables],
        "columns": [[column for _, column in table] for table in tables],
        "kinds": found.kinds,
        "lists": list(found.lists),
        "trees": [_differences(_text(each)) for each in numbers],
    }


def _holds_records(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def _text(tree: Any) -> str:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


def _differences(text: str) -> str:
    """A text whose every whole number is replaced by the difference to the one before it."""
    before = 0

    def less(found: re.Match[str]) -> str:
        nonlocal before
        now = int(found[0])
        difference, before = now - before, now
        return str(difference)

    return re.sub(r"-?\d+", less, text)


class _Records:
    """What trees are made of, each record once.

    Attributes:
        tables: For each text the rows of numbers that fill its gaps.
        kinds: For each record the place of its text in `tables`.
        lists: Those that are met in records, by their numbers.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[Row, int]] = {}
        self.kinds: list[int] = []
        self.lists: dict[str, int] = {}
        self._places: dict[str, int] = {}

    def numbers(self, value: Any) -> Any:
        """The number of a record, or those of a list of records."""
        return [self.number(each) for each in value] if isinstance(value, list) else self.number(value)

    def number(self, tree: Any) -> int:
        """The number of a record, the same for equal ones."""
        text, row = self._parted(_text(tree))
        place = self._places.setdefault(text, len(self._places))
        rows = self.tables.setdefault(text, {})
        if row not in rows:
            rows[row] = len(self.kinds)
            self.kinds.append(place)
        return rows[row]

    def _parted(self, text: str) -> tuple[str, Row]:
        row: list[int] = []
        if any(sign in text for sign in (WHOLE, TENTHS, HUNDREDTHS, GROUPED, LISTS)):
            raise ValueError(f"Cannot pack {text!r}: it holds a sign that stands for a number.")

        def left_out(found: re.Match[str]) -> str:
            sign, number, again = self._read(found)
            if again != found[0]:
                # Such as −0 or 007: it would not come back as it was.
                return found[0]
            row.append(number)
            return sign

        return _NUMBERS.sub(left_out, text), tuple(row)

    def _read(self, found: re.Match[str]) -> tuple[str, int, str]:
        """The sign for what was found, its number, and what the page makes of the two."""
        text = found[0]
        plain = re.sub(r"[,.]", "", text)
        match found.lastgroup:
            case "lists":
                number = self.lists.setdefault(_differences(text), len(self.lists))
                return LISTS, number, text
            case "grouped":
                return GROUPED, int(plain), f"{int(plain):,}"
            case "tenths":
                return TENTHS, int(plain), f"{int(plain) / 10:.1f}"
            case "hundredths":
                return HUNDREDTHS, int(plain), f"{int(plain) / 100:.2f}"
        return WHOLE, int(plain), str(int(plain))


def _columns(rows: Sequence[Row]) -> list[tuple[int, int | Sequence[int]]]:
    """For each column where it is counted from, and the differences."""
    columns = list(zip(*rows, strict=True))
    written: list[tuple[int, int | Sequence[int]]] = []
    told: list[int] = []
    for number in range(len(columns)):
        source, differences = min(_ways(columns, number, told), key=lambda way: _cost(way[1]))
        alike = len(set(differences)) == 1
        if not alike or source == OWN:
            # Any other column says nothing that one of these does not say as well.
            told.append(number)
        written.append((source, differences[0] if alike else differences))
    return written


def _ways(columns: Sequence[Row], number: int, told: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    """All that a column may be counted from, and the differences, up to where these are always the same."""
    column = columns[number]
    yield OWN, column
    if len(set(column)) == 1:
        return
    yield ABOVE, [column[0], *(after - before for before, after in pairwise(column))]
    for other in reversed(told):
        differences = [one - another for one, another in zip(column, columns[other], strict=True)]
        yield number - other, differences
        if len(set(differences)) == 1:
            return


def _cost(numbers: Sequence[int]) -> int:
    """How long they are once compressed, roughly: what is said again costs next to nothing."""
    different = set(numbers)
    return sum(len(str(number)) for number in different) if len(different) > 1 else 0
