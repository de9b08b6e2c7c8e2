"""Hostile files of every kind, made by chance, and what becomes of those who read them.

    python tests/benchmarks/fuzz.py --seconds 600            new ones, until the time is over
    python tests/benchmarks/fuzz.py --cases 200 --from 0     always the same 200 of each kind
    python tests/benchmarks/fuzz.py --kinds tiff,zarr
    python tests/benchmarks/fuzz.py --replay tiff:1234       one of them again, here, and its files are kept

Each case is read in a process of its own kind, with a limit on memory and on time. Good are a result, and an error of
this package in a sentence. Bad are another library's error, a process that dies, hangs, or fills the memory; each is
printed with what to type to see it again. Leaves with the number of bad cases, at most 100.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import random
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzzed import KINDS, emptied

LONGEST = 20
"""Seconds that a case may take."""
MOST = 300 << 20
"""Bytes that a process may grow by."""
ADDRESSES = 6 << 30
"""Bytes that a process may ask for in all; it is ended before the machine is full."""
PROCESSES = 2


def faults(kind: str, seed: int, folder: Path) -> Iterator[str]:
    """What is wrong with how each reader ends; nothing if all is well."""
    dice = random.Random(f"{kind}:{seed}")  # it need not be secret
    for call in KINDS[kind](dice, emptied(folder)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call()
        except Exception as error:  # noqa: BLE001  # whatever comes is looked at
            if fault := _fault(error):
                yield f"{getattr(getattr(call, 'func', call), '__name__', call)}: {fault}"


def _fault(error: Exception) -> str:
    """Nothing, if it is an error of this package."""
    home = type(error).__module__.startswith("unet_explorer") and isinstance(error, ValueError)
    where = traceback.extract_tb(error.__traceback__)[-1]
    raised_here = type(error) is ValueError and "unet_explorer" in where.filename
    if home or raised_here:
        try:
            return "" if str(error).strip() else f"{type(error).__name__} without a word"
        except ValueError:
            return "an error that has no words"
    words = f"{type(error).__module__}.{type(error).__name__}: {str(error)[:150]}"
    return f"{words} ({Path(where.filename).name}:{where.lineno})"


def grown() -> int:
    """The most bytes that this process has taken so far."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def serve() -> None:
    """Read cases from the standard input, and say what became of each."""
    logging.disable()
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    with tempfile.TemporaryDirectory(prefix="fuzz_", ignore_cleanup_errors=True) as place:
        for line in sys.stdin:
            kind, _, seed = line.strip().partition(":")
            before = grown()
            try:
                found = list(faults(kind, int(seed), Path(place, "case")))
            except Exception as error:  # noqa: BLE001  # the parent tells it
                found = [f"the case could not be made: {error!r:.300}"]
            print(json.dumps({"faults": found, "grown": grown() - before}), flush=True)


@dataclass
class Child:
    """A process that reads case after case; another one takes its place when it is lost."""

    process: subprocess.Popen[str] | None = None
    warm: set[str] = field(default_factory=set)

    def run(self, kind: str, seed: int) -> list[str]:
        """What is wrong with a case."""
        if self.process is None:
            command = [sys.executable, __file__, "--serve"]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self.process = subprocess.Popen(command, text=True, **pipes)
            self.warm = set()
        # The first case of a kind also imports what it needs, and may not have been given a machine of its own yet.
        watch = threading.Timer(LONGEST if kind in self.warm else 10 * LONGEST, self.process.kill)
        watch.start()
        try:
            assert self.process.stdin
            assert self.process.stdout
            self.process.stdin.write(f"{kind}:{seed}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except OSError:
            answer = ""
        hung = not watch.is_alive()
        watch.cancel()
        if not answer:
            code = self.close()
            return [f"took more than {LONGEST} s" if hung else f"the process died ({code})"]
        found = json.loads(answer)
        over = [f"took {found['grown'] >> 20} MB"] if found["grown"] > MOST and kind in self.warm else []
        self.warm.add(kind)
        return [*found["faults"], *over]

    def close(self) -> int | None:
        """End it."""
        if self.process is None:
            return None
        self.process.kill()
        code = self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                assert pipe
                pipe.close()
        self.process = None
        return code


def hunt(kinds: list[str], seeds: Iterator[int], until: float) -> tuple[Counter[str], dict[str, list[str]]]:
    """Try case after case.

    Args:
        kinds: What to make.
        seeds: One for each kind in turn.
        until: When to stop, by `time.monotonic`.

    Returns:
        How many of each kind were tried, and what was wrong, by what to replay.
    """
    tried: Counter[str] = Counter()
    bad: dict[str, list[str]] = {}
    cases = ((kind, seed) for seed in seeds for kind in kinds)
    lock = threading.Lock()

    def work() -> None:
        child = Child()
        while time.monotonic() < until:
            with lock:
                case = next(cases, None)
            if case is None:
                break
            if found := child.run(*case):
                bad[f"{case[0]}:{case[1]}"] = found
                print(f"{case[0]}:{case[1]}", *found, sep="\n    ", flush=True)
            with lock:
                tried[case[0]] += 1
        child.close()

    threads = [threading.Thread(target=work) for _ in range(PROCESSES)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return tried, bad


def replay(case: str) -> int:
    """One case again, in this process, with all that it prints."""
    kind, _, seed = case.partition(":")
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz_{kind}_"))
    start = time.monotonic()
    found = list(faults(kind, int(seed), folder / "case"))
    print(*found or ["nothing is wrong"], sep="\n")
    print(f"{time.monotonic() - start:.1f} s, at most {grown() >> 20} MB; the files are in {folder}")
    return len(found)


def main() -> int:
    """As the first lines of this file say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long; 60 if nothing is said")
    parser.add_argument("--cases", type=int, help="so many of each kind, instead of a time")
    parser.add_argument("--from", dest="first", type=int, help="the first seed; by chance if nothing is said")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"some of {', '.join(KINDS)}")
    parser.add_argument("--replay", metavar="KIND:SEED", help="one case again")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve()
        return 0
    if asked.replay:
        return replay(asked.replay)
    first = random.SystemRandom().randrange(10**9) if asked.first is None else asked.first
    seeds = iter(range(first, first + (asked.cases or 10**12)))
    print(f"seeds from {first}; each finding again: python {' '.join(sys.argv[:1])} --replay KIND:SEED")
    kinds = asked.kinds.split(",")
    tried, bad = hunt(kinds, seeds, float("inf") if asked.cases else time.monotonic() + asked.seconds)
    for kind in kinds:
        print(f"{kind:<8} {tried[kind]:>7,} tried, {sum(each.startswith(kind + ':') for each in bad):>4} bad")
    return min(100, len(bad))


if __name__ == "__main__":
    sys.exit(main())
