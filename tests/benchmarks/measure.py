"""Timing with its noise: every figure is a median over many runs, with the spread beside it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


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


def resident() -> int:
    """Bytes that this process holds now, as Linux has it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def forget_peak() -> int:
    """Have `peak` begin anew; says what is held now."""
    Path("/proc/self/clear_refs").write_text("5")
    return resident()


def peak() -> int:
    """The most bytes that this process has held since then."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def load() -> str:
    """How busy this machine is."""
    return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} processors"


def table(rows: list[tuple[str, object, str, bool | None]]) -> None:
    """What was measured, what was asked for, and whether it was reached."""
    width = max(len(name) for name, *_ in rows)
    for name, value, asked, reached in rows:
        mark = {True: "✓", False: "✗", None: " "}[reached]
        print(f"{mark} {name:<{width}}  {value!s:<48} {asked}")
    print(f"\nnoise of this machine (p95 / median of the same work): {noise():.2f}")
