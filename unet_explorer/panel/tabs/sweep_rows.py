"""What the page is told of a sweep: rows, a dot for each design, how far it is, and which knob mattered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from unet_explorer.core.trace import trace
from unet_explorer.panel.tabs.sweep_plan import Design, design_words
from unet_explorer.sweeps.run import Run

__all__ = ["Course", "designs_for_page", "dots_for_page", "rows_for_page"]


class Course:
    """How far a sweep is, and how long it will still take, as far as that can be said.

    What is told of time rests on runs of this very sweep: how long their work took, by multiply-adds.

    Args:
        designs: What is taught.
        seeds: How often each of them is.
    """

    enough = 2
    """After so many runs something can be said."""

    def __init__(self, designs: Sequence[Design], seeds: int) -> None:
        self.designs, self.seeds = tuple(designs), seeds
        self._work = {design: trace(*design).macs for design in self.designs}

    @property
    def total(self) -> int:
        """How many runs there are."""
        return len(self.designs) * self.seeds

    def left(self, rows: Iterable[Run], seconds: float) -> float | None:
        """Seconds that it will still take, or None as long as nobody can know.

        Args:
            rows: The runs that have ended.
            seconds: How long they took, all together: several go on at once.

        Example:
            >>> from unet_explorer import UNetConfig
            >>> from unet_explorer.sweeps.run import Run
            >>> config = UNetConfig(depth=2, base_filters=4)
            >>> course, run = Course([(config, (76, 76))], 3), Run("", config, (76, 76), 0, "done")
            >>> course.left([run], 5.0), course.left([run, run._replace(seed=1)], 10.0)
            (None, 5.0)
        """
        learnt = [run for run in rows if run.state in {"done", "stopped"}]
        if len(learnt) < self.enough:
            return None
        # What was skipped took no time, and will take none.
        ended = {(run.config, run.tile, run.seed) for run in rows}
        done = sum(self._work.get((run.config, run.tile), 0) for run in learnt)
        missing = sum(
            self._work[design] for design in self.designs for seed in range(self.seeds) if (*design, seed) not in ended
        )
        return seconds * missing / done if done else None


def designs_for_page(designs: Sequence[Design], varied: frozenset[str]) -> list[dict[str, Any]]:
    """All designs of a sweep: what is different about each in words, and what opens it."""
    return [
        {"words": design_words(config, tile, varied), "config": config.to_dict(), "tile": list(tile)}
        for config, tile in designs
    ]


def rows_for_page(
    rows: Sequence[Run], places: Mapping[Design, int], arrived: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The runs that have ended, as the table lists them.

    Args:
        rows: The runs.
        places: Which of the designs each is of.
        arrived: The number under which each was heard of, by its `key`: rows come as designs, not as they ended.
    """
    return [
        {
            "number": arrived[run.key],
            "design": places[run.config, run.tile],
            "seed": run.seed,
            "state": run.state,
            "reason": run.reason,
            "iou": run.iou,
            "dice": run.dice,
            "macs": run.macs,
            "parameters": run.parameters,
            "memory": run.memory if run.peak is None else run.peak,
            "seconds": run.seconds or None,
        }
        for run in rows
        if (run.config, run.tile) in places
    ]


def dots_for_page(rows: Sequence[Run], places: Mapping[Design, int], best: Iterable[Design]) -> list[dict[str, Any]]:
    """A dot for each design that has learnt: its mean IoU, and the band over its seeds.

    Args:
        rows: The runs.
        places: Which of the designs each is of.
        best: Designs that nothing cheaper is as good as.
    """
    scores: dict[Design, list[float]] = {}
    work: dict[Design, int] = {}
    front = set(best)
    for run in rows:
        design = run.config, run.tile
        # What halving has left was not taught to the end: it would stand too low.
        if run.state == "done" and run.iou is not None and run.macs and design in places:
            scores.setdefault(design, []).append(run.iou)
            work[design] = run.macs
    return [
        {
            "design": places[design],
            "macs": work[design],
            "iou": fmean(found),
            "low": min(found),
            "high": max(found),
            "runs": len(found),
            "best": design in front,
        }
        for design, found in scores.items()
    ]
