"""The layers as a table: CSV for programs, Markdown and LaTeX for readers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from unet_explorer.core.latex import in_latex
from unet_explorer.core.wording import operation, shape_text

if TYPE_CHECKING:
    from unet_explorer.core.trace import Row, Trace

__all__ = ["Line", "as_csv", "as_latex", "as_markdown", "lines"]


class Line(NamedTuple):
    """One step in the table: words and whole numbers. The names are those of the columns."""

    step: str
    operation: str
    inputs: str
    height: int
    width: int
    channels: int
    crop: int
    parameters: int
    multiply_adds: int
    bytes: int
    receptive_field: int


_HEADS: Final = (*Line._fields[:2], "input", *Line._fields[3:8], "multiply-adds", "bytes", "receptive field")
"""What stands above the columns, for readers."""
_WORDS: Final = 3
"""So many columns are words, and flush left."""


def lines(rows: Iterable[Row]) -> list[Line]:
    """One line a step, in the order in which they are computed.

    Example:
        >>> from unet_explorer import UNetConfig, trace
        >>> lines(trace(UNetConfig(), 572))[-1][:6]
        ('head', 'conv 1×1', '388×388×64', 388, 388, 2)
    """
    return [
        Line(
            row.step.name,
            operation(row.step, row.crop),
            " + ".join(map(shape_text, row.inputs)),
            *row.output,
            row.crop,
            row.parameters,
            row.macs,
            row.bytes,
            row.receptive_field,
        )
        for row in rows
    ]


def as_csv(traced: Trace) -> str:
    """Comma-separated, one row a step, under the names of `Line`.

    Example:
        >>> from unet_explorer import UNetConfig, trace
        >>> as_csv(trace(UNetConfig(), 572)).splitlines()[3]
        'enc0_pool,max-pool 2×2,568×568×64,284,284,64,0,0,0,20647936,6'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Line._fields)
    writer.writerows(lines(traced))
    return text.getvalue()


def as_markdown(traced: Trace) -> str:
    """A table in Markdown, with totals of what can be summed up: parameters and multiply-adds.

    Example:
        >>> from unet_explorer import UNetConfig, trace
        >>> as_markdown(trace(UNetConfig(), 572)).splitlines()[-1]
        '| **total** |  |  |  |  |  |  | **31,030,658** | **150,428,424,448** |  |  |'
    """
    ruler = ["---"] * _WORDS + ["---:"] * (len(_HEADS) - _WORDS)
    every = [list(_HEADS), ruler, *map(_written, lines(traced))]
    every.append([f"**{cell}**" if cell else "" for cell in _totals(traced)])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in every)


def as_latex(traced: Trace) -> str:
    """A ``tabular`` for LaTeX with the package booktabs, in ASCII, with the same totals.

    Example:
        >>> from unet_explorer import UNetConfig, trace
        >>> print(as_latex(trace(UNetConfig(), 572)).splitlines()[4][:41])
        enc0\\_conv1 & conv 3$\\times$3, ReLU & 572
    """

    def row(cells: Sequence[object]) -> str:
        return " & ".join(in_latex(str(cell)) for cell in cells) + r" \\"

    columns = "l" * _WORDS + "r" * (len(_HEADS) - _WORDS)
    body = [row(_written(each)) for each in lines(traced)]
    text = [
        "% needs \\usepackage{booktabs}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        row(_HEADS) + r" \midrule",
        *body,
        r"\midrule",
        row(_totals(traced)),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join([*text, ""])


def _written(line: Line) -> list[str]:
    """Numbers as they are read: in groups of three."""
    return [f"{cell:,}" if isinstance(cell, int) else cell for cell in line]


def _totals(traced: Trace) -> list[str]:
    """Of the whole network. Sizes have no sum, and of its maps not all are held at once."""
    known = {"step": "total", "parameters": f"{traced.parameters:,}", "multiply_adds": f"{traced.macs:,}"}
    return [known.get(name, "") for name in Line._fields]
