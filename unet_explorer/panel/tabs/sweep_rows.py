"""What the page is told of a sweep: rows, a dot for each design, how far it is, and which knob mattered."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.preflight import stops
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.panel.tabs.sweep_plan import Design, design_words, label_of, value_words
from unet_explorer.sweeps.mattered import Effect, mattered
from unet_explorer.sweeps.pareto import points_of
from unet_explorer.sweeps.run import Run

__all__ = ["Course", "designs_for_page", "dots_for_page", "mattered_for_page", "rows_for_page", "teachable"]

_ENOUGH: Final = 2
"""After so many runs something can be said of the others."""


class Course:
    """A sweep that was started, as far as the page has heard of it.

    Args:
        designs: What is taught.
        seeds: How often each of them is.

    Attributes:
        rows: The runs that have ended.
        since: When it was started, in seconds of the clock that never goes back.
    """

    def __init__(self, designs: Sequence[Design], seeds: int) -> None:
        self.rows: tuple[Run, ...] = ()
        self.since = time.monotonic()
        self._runs = [(*design, seed) for design in designs for seed in range(seeds)]
        self._places = {design: place for place, design in enumerate(designs)}
        self._work = {design: trace(*design).macs for design in designs}
        # Rows come in the order of designs, not as they end.
        self._arrived: dict[str, int] = {}

    def look(self, rows: Sequence[Run]) -> dict[str, Any]:
        """What has come since the last look, for the page; empty if nothing has."""
        if tuple(rows) == self.rows:
            return {}
        self.rows = tuple(rows)
        for run in self.rows:
            self._arrived.setdefault(run.key, len(self._arrived) + 1)
        return {
            "rows": rows_for_page(self.rows, self._places, self._arrived),
            "dots": dots_for_page(self.rows, self._places),
            "mattered": mattered_for_page(self.rows),
        }

    def progress(self, seconds: float, live: bool) -> dict[str, Any]:
        """How many runs have ended, and how long the others will take.

        Args:
            seconds: Since it was started.
            live: Whether it goes on.
        """
        return {
            "done": len(self.rows),
            "total": len(self._runs),
            "failed": sum(run.state in {"failed", "skipped"} for run in self.rows),
            "left": self.left(seconds) if live else None,
        }

    def left(self, seconds: float) -> float | None:
        """Seconds that it will still take; None as long as nobody can know, before two runs have learnt.

        It rests on this very sweep: how long its work took, by multiply-adds.

        Args:
            seconds: How long it took so far: several runs go on at once.

        Example:
            >>> from unet_explorer import UNetConfig
            >>> config = UNetConfig(depth=2, base_filters=4)
            >>> course, run = Course([(config, (76, 76))], 3), Run("", config, (76, 76), 0, "done")
            >>> course.rows = run, run._replace(seed=1)
            >>> course.left(10.0)
            5.0
        """
        learnt = [run for run in self.rows if run.state in {"done", "stopped"}]
        if len(learnt) < _ENOUGH:
            return None
        ended = {(run.config, run.tile, run.seed) for run in self.rows}
        done = sum(self._work.get((run.config, run.tile), 0) for run in learnt)
        missing = sum(
            self._work[config, tile] for config, tile, seed in self._runs if (config, tile, seed) not in ended
        )
        return seconds * missing / done if done else None


def teachable(designs: Sequence[Design], dataset: Dataset, recipe: Recipe) -> tuple[tuple[Design, ...], str]:
    """Those of some designs that can learn from a set, and why others cannot, in words; empty if all can.

    Args:
        designs: What would be taught; all of them fit.
        dataset: What they would learn from.
        recipe: How.

    Example:
        >>> from unet_explorer import UNetConfig, cells
        >>> grey, colour = ((UNetConfig(depth=2, in_channels=count), (76, 76)) for count in (1, 3))
        >>> teachable([grey], cells(3, size=96), Recipe())[1]
        ''
        >>> teachable([colour], cells(3, size=96), Recipe())
        ((), 'The images have 1 channel, but the network takes 3. Set the image channels to 1.')
    """
    found = {design: stops(Order(*design, recipe), dataset) for design in designs}
    left = tuple(design for design, against in found.items() if not against)
    refused = [(design, against[0]) for design, against in found.items() if against]
    if not refused:
        return left, ""
    (config, tile), first = refused[0]
    words = f"{first.words} {first.fix}".strip()
    if not left and len({against.kind for _, against in refused}) == 1:
        return left, words
    which = design_words(config, tile, frozenset({"depth", "base_filters", "tile", "padding"}))
    cannot = f"{len(refused)} of {len(designs)} designs cannot be taught. " + (
        "It is" if len(refused) == 1 else "The first is"
    )
    return left, f"{cannot} {which}: {words}"


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


def dots_for_page(rows: Sequence[Run], places: Mapping[Design, int]) -> list[dict[str, Any]]:
    """A dot for each design that has learnt to the end: its mean IoU, and the band over its seeds.

    Args:
        rows: The runs.
        places: Which of the designs each is of.
    """
    return [
        {
            "design": places[point.config, point.tile],
            "macs": point.cost,
            "iou": point.iou,
            "low": point.low,
            "high": point.high,
            "runs": point.runs,
            "best": point.on_line,
        }
        for point in points_of(rows)
        if (point.config, point.tile) in places
    ]


def mattered_for_page(rows: Sequence[Run]) -> dict[str, Any]:
    """Which knob mattered: a bar for each that was varied, and what must be known to read them.

    Example:
        >>> mattered_for_page([])
        {}
    """
    found = mattered(rows)
    if not found.effects:
        return {}
    noise = "" if found.noise is None else f"Seeds alone make {100 * found.noise:.0f} % of all differences."
    return {"shares": [_share(effect) for effect in found.effects], "words": f"{noise} {found.note}".strip()}


def _share(effect: Effect) -> dict[str, Any]:
    knobs = effect.knob.split(" + ")
    share, low, high = (f"{100 * each:.0f}" for each in (effect.share, effect.low, effect.high))
    best = f", best: {value_words(effect.knob, effect.levels[0][0])}" if len(knobs) == 1 else ""
    return {
        "label": " with ".join(label_of(knob) for knob in knobs),
        "share": effect.share,
        "low": effect.low,
        "high": effect.high,
        "told": effect.told,
        "words": f"{share} % ({low} to {high}){best}" if effect.told else "cannot be told from chance",
    }
