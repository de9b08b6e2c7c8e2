"""`unet-explorer sweep FILE.toml`: many designs, as a file asks for them, a line of the terminal for each run."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unet_explorer.cluster import ClusterError
from unet_explorer.commands.sweep_file import Asking, SweepFileError, read_file

if TYPE_CHECKING:
    from unet_explorer.sweeps.run import Run
    from unet_explorer.sweeps.table import Sweep

__all__ = ["main"]

_EXAMPLE: Final = """\
an example of a FILE.toml:

  steps = 300
  seeds = [0, 1, 2]
  designs = ["classroom"]              # presets, links of a panel, or tables: {depth = 3, tile = 188}

  [dataset]
  made = "cells"                       # or: folder = "my images"
  images = 24

  [grid]                               # all combinations
  depth = [2, 3]
  base_filters = [4, 8]

  [recipe]                             # how each is taught; what is left out is as in the panel
  batch_size = 4

further keys: halving = 3, memory = "2 GB"; in [dataset] size and seed, or masks and grey; in [grid] like and tile.

examples:
  unet-explorer sweep depths.toml                                    the table is depths/runs.csv
  unet-explorer sweep depths.toml --out results --workers 4
  unet-explorer sweep depths.toml --scheduler tcp://10.0.0.5:8786    on a cluster of Dask; tls://… wants certificates,
                                                                     see unet-explorer predict --help

What is done is kept: the same command goes on where it was cut off. The command ends with 0 if all is done, 1 if a run
has failed, 2 if it was asked for wrongly, 130 after Ctrl + C.
"""


_AT_ONCE: Final = 0.1
"""Seconds after the row before within which nothing was taught."""


def main(argv: Sequence[str]) -> int:
    """Run a sweep, and print each row as it comes.

    Args:
        argv: What stands behind ``unet-explorer sweep``.

    Returns:
        0 if all is done, 1 if a run has failed, 2 if it was asked for wrongly, 130 after Ctrl + C.
    """
    try:
        options = _options(argv)
    except SystemExit as error:
        return int(error.code or 0)
    try:
        return _run(options)
    except (ValueError, ClusterError, OSError) as error:
        words = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.strerror else str(error)
        print(f"unet-explorer sweep: {words}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What is done is kept: the same command goes on from there.", file=sys.stderr)
        return 130


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="unet-explorer sweep",
        description="Teach many designs, each with several seeds, and put what has come of it into one table.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, metavar="FILE.toml", help="what is taught, and how")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder of the results (default: FILE, without .toml)"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="a scheduler of Dask (default: processes of this machine)"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="how many processes (default: one for each processor)")
    parser.add_argument("--again", action="store_true", help="begin anew, also if the folder holds another sweep")
    options = parser.parse_args(argv)
    if options.scheduler and options.workers is not None:
        parser.error("--workers goes without --scheduler: a cluster has the workers that it has")
    return options


def _run(options: argparse.Namespace) -> int:
    asking = read_file(options.file)
    out = options.out or options.file.with_suffix("")
    if out == options.file:
        raise SweepFileError(f"{options.file.name} has no ending: say --out, where the results go.")
    from unet_explorer.sweeps.sweeping import sweep

    lines = _Lines(len(asking.designs) * len(asking.seeds))
    print(f"{lines.total} runs of {len(asking.designs)} designs; the table: {out / 'runs.csv'}", flush=True)
    table = sweep(
        asking.designs,
        asking.dataset,
        asking.seeds,
        client=options.scheduler,
        out=out,
        recipe=asking.recipe,
        halving=asking.halving,
        memory=asking.memory,
        workers=options.workers,
        again=options.again,
        progress=lines.show,
    )
    return _summed_up(table, asking)


def _summed_up(table: Sweep, asking: Asking) -> int:
    from unet_explorer.sweeps.mattered import mattered

    counts = {state: sum(run.state == state for run in table) for state in ("done", "stopped", "skipped", "failed")}
    print(", ".join(f"{count} {state}" for state, count in counts.items() if count))
    if table.best is not None:
        print(f"best: {table.best.name}, seed {table.best.seed}: IoU {table.best.iou:.3f}  {table.best.design}")
    if len(asking.designs) > 1 and counts["done"]:
        print(mattered(table))
    return 1 if counts["failed"] else 0


class _Lines:
    """A line a run, with the time that is left."""

    def __init__(self, total: int) -> None:
        self.total, self._done = total, 0
        self._last = time.monotonic()
        self._spent, self._taught = 0.0, 0

    def show(self, run: Run, total: int | None) -> None:
        """Print one row."""
        self._done += 1
        now = time.monotonic()
        # What was there already, or was skipped, took no time, and tells nothing of what is left.
        if (took := now - self._last) > _AT_ONCE and run.state in {"done", "failed"}:
            self._spent, self._taught = self._spent + took, self._taught + 1
        self._last = now
        iou = f"IoU {run.iou:.3f}" if run.iou is not None else ""
        facts = [run.name, f"seed {run.seed}", *([run.state] if run.state != "done" else []), iou]
        facts += [f"{run.seconds:.1f} s"] if run.seconds else []
        left = self._left()
        words = "  ".join(filter(None, facts)) + (f"  – {run.reason}" if run.reason else "")
        print(f"[{self._done:>{len(str(self.total))}}/{self.total}]  {words}{left}", flush=True)

    def _left(self) -> str:
        more = self.total - self._done
        if not more or not self._taught:
            return ""
        return f"  ({_time(self._spent / self._taught * more)} left)"


def _time(seconds: float) -> str:
    """About how long, in words.

    Example:
        >>> _time(20), _time(200), _time(20_000)
        ('20 s', '3 min', '5.6 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
