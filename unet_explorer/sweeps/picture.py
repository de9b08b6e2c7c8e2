"""A sweep for print: IoU against what it takes, each design with the spread of its seeds, and the line nobody beats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.core.config import shown
from unet_explorer.drawing.palette import BLUE, PAGE
from unet_explorer.export.paper import PICTURES, drawn, quiet, save
from unet_explorer.sweeps.pareto import COSTS, Cost, Point, points_of
from unet_explorer.sweeps.run import KNOBS, Run, read_runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["save_sweep", "sweep_bytes"]

_WORDS: Final[dict[Cost, str]] = {
    "macs": "multiply-adds a tile",
    "parameters": "parameters",
    "memory": "estimated memory of learning, bytes",
    "peak": "measured memory of the process, bytes",
    "seconds": "seconds of learning",
}
_INCHES: Final = (4.6, 3.4)
_WIDE: Final = 36
"""Letters of a name of which two stand side by side."""
_NAMED: Final = 8
"""Points on the line that are named."""


def save_sweep(
    sweep: Iterable[Run], path: str | os.PathLike[str], *, cost: Cost = "macs", overwrite: bool = False
) -> None:
    """Save a picture of a sweep: the IoU of each design against what it takes, on a logarithmic scale.

    A dot is the mean over the seeds of a design, the bar through it goes from the lowest to the highest of them. The
    line joins the designs that nobody beats at their price.

    Args:
        sweep: What `sweep` gave, or some of its rows.
        path: Where; its name ends in ``.pdf``, ``.png`` or ``.svg``.
        cost: ``"macs"``, ``"parameters"``, ``"memory"`` (estimated), ``"peak"`` (measured) or ``"seconds"``.
        overwrite: Whether to replace a file that is there already.

    Raises:
        ValueError: If no run has an IoU, or an argument is not allowed.
        FileExistsError: If the file is there already, and may not be replaced.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from unet_explorer.sweeps.run import run_of
        >>> path = Path(tempfile.mkdtemp()) / "sweep.svg"
        >>> save_sweep([run_of("unet1-t188-d3-f8-11hrn49", 0, "done", iou=0.8, macs=10**8)], path)
        >>> path.exists()
        True
    """
    points = _points(sweep, cost)
    save(path, overwrite, PICTURES, lambda kind: _drawn(points, kind, cost))


def sweep_bytes(sweep: Iterable[Run], kind: str, cost: Cost = "macs") -> bytes:
    """The file of `save_sweep`, to be handed on.

    Args:
        sweep: What `sweep` gave, or some of its rows.
        kind: ``".pdf"``, ``".png"`` or ``".svg"``.
        cost: As for `save_sweep`.

    Raises:
        ValueError: If no run has an IoU.

    Example:
        >>> from unet_explorer.sweeps.run import run_of
        >>> sweep_bytes([run_of("unet1-t188-d3-f8-11hrn49", 0, "done", iou=0.8, macs=10**8)], ".png")[1:4]
        b'PNG'
    """
    return _drawn(_points(sweep, cost), kind, cost)


def _points(sweep: object, cost: object) -> tuple[Point, ...]:
    rows = read_runs("sweep", sweep, "give what sweep(…) gave, or some of its rows")
    if not isinstance(cost, str) or cost not in COSTS:
        raise ValueError(f"cost={shown(cost)} is not allowed: give one of {', '.join(COSTS)}.")
    points = points_of(rows, cost)
    if not points:
        raise ValueError(f"sweep={shown(sweep)} has no run that is done and has an IoU, so there is nothing to draw.")
    return points


def _drawn(points: Sequence[Point], kind: str, cost: Cost) -> bytes:
    return drawn(lambda figure: _draw(figure, points, cost), kind, _INCHES)


def _draw(figure: Figure, points: Sequence[Point], cost: Cost) -> None:
    axes = figure.subplots()
    quiet(axes)
    line = [point for point in points if point.on_line]
    for point in points:
        colour = BLUE if point.on_line else PAGE["quiet"]
        above = 3 if point.on_line else 2
        if point.high > point.low:
            axes.plot([point.cost] * 2, [point.low, point.high], color=colour, linewidth=0.8, zorder=above)
        axes.plot([point.cost], [point.iou], "o", color=colour, markersize=4 if point.on_line else 2.5, zorder=above)
    # What costs more and is no better adds nothing: between two designs the line is a step.
    axes.step([p.cost for p in line], [p.iou for p in line], where="post", color=BLUE, linewidth=1.2)
    _scale(axes)
    _name(figure, axes, line, points)
    axes.set_xlabel(_WORDS[cost])
    axes.set_ylabel("IoU")
    low = min(point.low for point in points)
    axes.set_ylim(max(0.0, low - 0.1 * (1 - low)), 1)
    axes.margins(x=0.1)
    seeds = max(point.runs for point in points)
    axes.set_title(f"mean and range of {seeds} seeds" if seeds > 1 else "one seed each", loc="right")


def _scale(axes: Axes) -> None:
    """A logarithmic scale whose numbers are words: 200 M is read faster than a power."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    low, high = axes.dataLim.intervalx
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if high > 300 * low else (1, 2, 5), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _large(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _large(value: float) -> str:
    """A number as it is said: 2.5e8 is 250 M.

    Example:
        >>> _large(2.5e8), _large(0.5), _large(1e12)
        ('250 M', '0.5', '1 T')
    """
    for unit, sign in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g} {sign}"
    return f"{value:g}"


def _name(figure: Figure, axes: Axes, line: Sequence[Point], points: Sequence[Point]) -> None:
    """What tells the designs on the line from each other, by numbers; of many every so many, from the best on."""
    from matplotlib.lines import Line2D

    varied = [knob for knob in KNOBS if len({getattr(point.config, knob) for point in points}) > 1]
    tiles = len({point.tile for point in points}) > 1
    named = list(reversed(list(reversed(line))[:: -(-len(line) // _NAMED)]))
    labels = []
    for number, point in enumerate(named, start=1):
        words = [_word(knob, getattr(point.config, knob)) for knob in varied]
        height, width = point.tile
        words += [f"tile {height}" if height == width else f"tile {height}×{width}"] * tiles
        labels.append(f"{number}: {' · '.join(words)}  {point.iou:.3f}")
        shift: dict[str, Any] = {"xytext": (3, 3), "textcoords": "offset points"}
        axes.annotate(str(number), (point.cost, point.iou), color=BLUE, fontsize=7, **shift)
    if varied or tiles:
        dots = [Line2D([], [], marker="o", linestyle="none", color=BLUE, markersize=3)] * len(labels)
        columns = 1 if max(map(len, labels)) > _WIDE else 2
        figure.legend(
            dots, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=6.5, handletextpad=0.2
        )


def _word(knob: str, value: object) -> str:
    names = {"depth": f"depth {value}", "base_filters": f"{value} filters", "num_classes": f"{value} classes"}
    words = f"{knob.replace('_', ' ')} {'on' if value is True else 'off' if value is False else value}"
    return names.get(knob, str(value) if isinstance(value, str) else words)
