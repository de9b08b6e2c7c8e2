"""Timing with its noise: every figure is a median over many runs, with the spread beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Timing:
    """Seconds: the median, and a 95th percentile."""

    median: float
    p95: float
    runs: int

    @classmethod
    def of(cls, seconds: list[float]) -> Timing:
        ordered = sorted(seconds)
        return cls(statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))], len(ordered))

    def __str__(self) -> str:
        return f"{_unit(self.median):>9}  (p95 {_unit(self.p95)}, {self.runs} runs)"


def _unit(seconds: float) -> str:
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:.3g} {unit}"
    raise AssertionError


def timed(work: Callable[[], object], runs: int = 200) -> Timing:
    """How long `work` takes, called again and again."""
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return Timing.of(seconds)


def noise() -> float:
    """How much the same pure-Python work varies on this machine now: p95 over median."""
    timing = timed(lambda: sum(range(20_000)), 300)
    return timing.p95 / timing.median


def table(rows: list[tuple[str, object, str, bool | None]]) -> None:
    """What was measured, what was asked for, and whether it was reached."""
    width = max(len(name) for name, *_ in rows)
    for name, value, asked, reached in rows:
        mark = {True: "✓", False: "✗", None: " "}[reached]
        print(f"{mark} {name:<{width}}  {value!s:<48} {asked}")
    print(f"\nnoise of this machine (p95 / median of the same work): {noise():.2f}")
