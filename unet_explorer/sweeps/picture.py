"""A sweep for print: IoU against what it takes, each design with the spread of its seeds, and the line nobody beats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.core.config import shown
from unet_explorer.drawing.palette import BLUE, PAGE
from unet_explorer.export.paper import PICTURES, drawn, quiet, save
from unet_explorer.sweeps.pareto import COSTS, Cost, Point, points_of
from unet_explorer.sweeps.run import KNOBS, Run

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
_INCHES: Final = (4.6, 3.2)
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
    try:
        rows = list(sweep)  # type: ignore[call-overload]  # what is no list is refused below
    except TypeError:
        rows = [None]
    if not all(isinstance(row, Run) for row in rows):
        raise ValueError(f"sweep={shown(sweep)} is no sweep: give what sweep(…) gave, or some of its rows.")
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
    axes.set_xscale("log")
    for point in points:
        colour = BLUE if point.on_line else PAGE["quiet"]
        if point.high > point.low:
            axes.plot([point.cost] * 2, [point.low, point.high], color=colour, linewidth=0.8, solid_capstyle="butt")
        axes.plot([point.cost], [point.iou], "o", color=colour, markersize=4 if point.on_line else 3)
    # What costs more and is no better adds nothing: between two designs the line is a step.
    axes.step([p.cost for p in line], [p.iou for p in line], where="post", color=BLUE, linewidth=1.2)
    _name(axes, line, points)
    axes.set_xlabel(_WORDS[cost])
    axes.set_ylabel("IoU")
    low = min(point.low for point in points)
    axes.set_ylim(max(0.0, low - 0.1 * (1 - low)), 1)
    axes.margins(x=0.12)
    seeds = max(point.runs for point in points)
    axes.set_title(f"mean and range of {seeds} seeds" if seeds > 1 else "one seed each", loc="right")


def _name(axes: Axes, line: Sequence[Point], points: Sequence[Point]) -> None:
    """What tells the designs on the line from each other, above them; of many every so many, from the best on."""
    varied = [knob for knob in KNOBS if len({getattr(point.config, knob) for point in points}) > 1]
    tiles = len({point.tile for point in points}) > 1
    step = -(-len(line) // _NAMED)
    for place, point in enumerate(reversed(line)):
        if place % step:
            continue
        words = [_word(knob, getattr(point.config, knob)) for knob in varied]
        words += [
            f"tile {point.tile[0]}" if len(set(point.tile)) == 1 else f"tile {point.tile[0]}×{point.tile[1]}"
        ] * tiles
        if words:
            top = max(point.high, point.iou)
            shift: dict[str, Any] = {
                "xytext": (0, 4),
                "textcoords": "offset points",
                "rotation": 35,
                "rotation_mode": "anchor",
            }
            axes.annotate(" · ".join(words), (point.cost, top), fontsize=6, color=PAGE["ink"], **shift)


def _word(knob: str, value: object) -> str:
    names = {"depth": f"depth {value}", "base_filters": f"{value} filters", "num_classes": f"{value} classes"}
    words = f"{knob.replace('_', ' ')} {'on' if value is True else 'off' if value is False else value}"
    return names.get(knob, str(value) if isinstance(value, str) else words)
