"""What this machine has to spare."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil

__all__ = ["available_memory", "cpu_seconds", "resident_memory", "usable_cores", "usual_speed"]

_GROUP = Path("/sys/fs/cgroup")
_USUAL = 10e9
"""Multiply-adds a second that a core of a laptop manages in a convolution."""


def usual_speed() -> float:
    """Multiply-adds a second that this machine may be expected to manage, before it has shown what it can do."""
    return _USUAL * (psutil.cpu_count() or 1)


def usable_cores() -> int:
    """Processors that this process may keep busy: of the machine, or of the seat that a hub gives.

    Example:
        >>> usable_cores() >= 1
        True
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else psutil.cpu_count() or 1
    # Where there is no limit, the file holds a word, or is not there.
    with contextlib.suppress(OSError, ValueError):
        quota, period = (_GROUP / "cpu.max").read_text().split()
        count = min(count, round(int(quota) / int(period)))
    return max(1, count)


def available_memory() -> int:
    """Bytes that can be used without pushing others out: of the machine, or of the seat that a hub gives."""
    free = int(psutil.virtual_memory().available)
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        # Where there is no limit, the file holds a word, or is not there.
        with contextlib.suppress(OSError, ValueError):
            left = int((_GROUP / limit).read_text()) - int((_GROUP / used).read_text())
            free = min(free, max(0, left))
    return free


def resident_memory(process: int | None) -> int:
    """Bytes that a process holds; 0 if there is none."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(process).memory_info().rss) if process is not None else 0
    return 0


def cpu_seconds(process: int | None) -> float:
    """Seconds that processors have worked for a process, on all its threads; 0 if there is none."""
    with contextlib.suppress(psutil.Error):
        return sum(psutil.Process(process).cpu_times()[:2]) if process is not None else 0.0
    return 0.0
