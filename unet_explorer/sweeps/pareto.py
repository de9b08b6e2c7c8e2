"""Which designs nobody beats at their price: those on the Pareto line of IoU against work, memory or parameters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, get_args

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.sweeps.run import Run

__all__ = ["COSTS", "Cost", "Point", "points_of"]

Cost = Literal["macs", "parameters", "memory", "peak", "seconds"]
COSTS: Final[tuple[Cost, ...]] = get_args(Cost)


class Point(NamedTuple):
    """A design, summed up over its seeds.

    Attributes:
        design: Its link.
        config: The network.
        tile: (height, width) in pixels.
        cost: What it takes: of multiply-adds, parameters and estimated memory the same with all seeds, else the mean.
        iou: The mean over its seeds.
        low: The lowest of them.
        high: The highest.
        runs: How many seeds have come to an IoU.
        on_line: Whether no other design is at least as good and takes less, or is better and takes no more.
    """

    design: str
    config: UNetConfig
    tile: tuple[int, int]
    cost: float
    iou: float
    low: float
    high: float
    runs: int
    on_line: bool


def points_of(runs: Iterable[Run], cost: Cost = "macs") -> tuple[Point, ...]:
    """The designs of a sweep, the cheapest first, with those marked that nobody beats at their price.

    Args:
        runs: A `Sweep`, or rows of one; only those that are done, and have an IoU, count.
        cost: ``"macs"``, ``"parameters"``, ``"memory"`` (estimated), ``"peak"`` (measured) or ``"seconds"``.

    Raises:
        ValueError: If it is no such cost.

    Example:
        >>> from unet_explorer.sweeps.run import run_of
        >>> link = "unet1-t188-d3-f8-11hrn49"
        >>> runs = [run_of(link, seed, "done", iou=iou, macs=10) for seed, iou in enumerate((0.6, 0.8))]
        >>> [(point.iou, point.low, point.high, point.on_line) for point in points_of(runs)]
        [(0.7, 0.6, 0.8, True)]
    """
    if cost not in COSTS:
        raise ValueError(f"cost={shown(cost)} is not allowed: give one of {', '.join(COSTS)}.")
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        if run.state == "done" and run.iou is not None and getattr(run, cost) is not None:
            grouped.setdefault(run.design, []).append(run)
    points = []
    for design, rows in grouped.items():
        ious = [run.iou for run in rows if run.iou is not None]
        price = sum(getattr(run, cost) for run in rows) / len(rows)
        mean = sum(ious) / len(ious)
        points.append(
            Point(design, rows[0].config, rows[0].tile, price, mean, min(ious), max(ious), len(rows), on_line=False)
        )
    points.sort(key=lambda point: (point.cost, -point.iou))
    marked, best = [], -1.0
    for point in points:
        marked.append(point._replace(on_line=point.iou > best))
        best = max(best, point.iou)
    return tuple(marked)
