"""What a sweep keeps of its runs: in a folder that outlasts it, or, between two parts of a training, in memory."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from unet_explorer.learning.checksums import DamagedError, json_in, json_with_checksum
from unet_explorer.locks import lock, unlock
from unet_explorer.sweeps.run import Run, read_run
from unet_explorer.sweeps.table import Sweep, table_bytes
from unet_explorer.sweeps.work import BEST, HISTORY, LAST
from unet_explorer.whole import printable, read_place, whole

__all__ = ["Folder", "Shelf", "opened_folder", "read_sweep"]

_HEAD, _LINES, _TABLE, _PARQUET = "sweep.json", "runs.jsonl", "runs.csv", "runs.parquet"
_LOCK, _RUNS, _ORDER = "sweep.lock", "runs", "order.json"
_FORMAT: Final = 1
_HALF: Final = re.compile(r"\..+\.[0-9a-f]{8}\.half")


class Shelf:
    """What has come of runs so far, in memory.

    Attributes:
        wanted: The files of a training that it keeps, once it has come as far as it shall.
    """

    wanted: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._files: dict[str, dict[str, bytes]] = {}

    def known(self, key: str) -> Run | None:
        """The row of a run that has ended before; None if it must be made."""
        return None

    def files(self, key: str) -> dict[str, bytes]:
        """The files from which a run goes on, by name; empty if it begins."""
        return self._files.get(key, {})

    def history(self, key: str) -> dict[str, Any] | None:
        """What a run has learnt so far, as `SavedHistory.to_dict` has it; None if nothing is known."""
        content = self.files(key).get(HISTORY)
        try:
            return None if content is None else json_in(content)
        except DamagedError:
            return None

    def put(self, key: str, order: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Keep the files of a run, in place of those of its earlier parts."""
        self._files[key] = dict(files)

    def add(self, run: Run, table: Sequence[Run]) -> None:
        """A run has ended; so far the table is this."""
        self._files.pop(run.key, None)

    def end(self, table: Sequence[Run]) -> None:
        """The sweep has ended."""


class Folder(Shelf):
    """What has come of runs so far, on disc: all of it there before the next row.

    ``runs.jsonl`` is only ever added to, a line a run; ``runs.csv`` is the table, whole. What a training has learnt
    lies in a folder of its own, in the files that a training of the panel has.
    """

    wanted = (BEST,)

    def __init__(self, path: Path, classes: Sequence[str], lines: Sequence[Run]) -> None:
        self.path, self._classes = path, tuple(classes)
        self._known = {run.key: run for run in lines}

    @property
    def runs(self) -> Path:
        """Where the folders of the runs lie."""
        return self.path / _RUNS

    def known(self, key: str) -> Run | None:
        """The row of a run that is done; what was skipped, stopped or has failed is looked at anew."""
        run = self._known.get(key)
        return run if run is not None and run.state == "done" else None

    def files(self, key: str) -> dict[str, bytes]:
        """The files from which a run goes on, by name; empty if it begins."""
        found = {}
        for name in (BEST, LAST, HISTORY):
            try:
                found[name] = (self.runs / key / name).read_bytes()
            except OSError:
                continue
        return found

    def history(self, key: str) -> dict[str, Any] | None:
        """What a run has learnt so far; None if nothing is known, or it is damaged."""
        try:
            return json_in((self.runs / key / HISTORY).read_bytes())
        except (OSError, DamagedError):
            return None

    def put(self, key: str, order: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        """Keep the files of a run, each whole."""
        folder = self.runs / key
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in {**files, _ORDER: json_with_checksum(order)}.items():
            with whole(folder / name) as half:
                half.write_bytes(content)
        if LAST not in files:
            (folder / LAST).unlink(missing_ok=True)

    def add(self, run: Run, table: Sequence[Run]) -> None:
        """A run has ended: one line more, and the table anew."""
        with (self.path / _LINES).open("ab") as stream:
            stream.write(f"{json.dumps(run.to_dict())}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._known[run.key] = run
        self._write(table, _TABLE)

    def end(self, table: Sequence[Run]) -> None:
        """The table once more, as Parquet where that can be written."""
        self._write(table, _TABLE)
        try:
            self._write(table, _PARQUET)
        except ImportError:
            (self.path / _PARQUET).unlink(missing_ok=True)

    def _write(self, table: Sequence[Run], name: str) -> None:
        content = table_bytes(Sweep(table, self._classes), Path(name).suffix)
        with whole(self.path / name) as half:
            half.write_bytes(content)


@contextmanager
def opened_folder(
    out: object, dataset: str, classes: Sequence[str], recipe: Mapping[str, Any], again: bool
) -> Iterator[Folder]:
    """The folder of a sweep, as long as it runs: what is there is gone on with, or the folder is made.

    Args:
        out: What was given as the folder.
        dataset: What tells the images from others.
        classes: Names of the classes.
        recipe: How each run is taught, but for its seed.
        again: Whether to begin anew, whatever is there.

    Yields:
        The folder.

    Raises:
        ValueError: If it holds other files, or a sweep of other images or another recipe; or another sweep runs there.
    """
    path = folder_for(out)
    path.mkdir(exist_ok=True)
    held, free = lock(path / _LOCK)
    if not free:
        raise ValueError(f"Another sweep writes into {printable(path)} just now: wait for it, or give another folder.")
    try:
        wanted = {"format": _FORMAT, "dataset": dataset, "classes": list(classes), "recipe": dict(recipe)}
        yield Folder(path, classes, _prepared(path, json.loads(json.dumps(wanted)), again))
    finally:
        if held is not None:
            unlock(held)


def folder_for(out: object) -> Path:
    """Where a sweep may be kept, once it is clear that it can be: a new folder, an empty one, or that of a sweep.

    Raises:
        ValueError: If it cannot be; it says why.

    Example:
        >>> folder_for(7)
        Traceback (most recent call last):
        ...
        ValueError: out=7 cannot be written to: give the path of a folder.
    """
    try:
        path = read_place(out)
    except ValueError as error:
        raise ValueError(str(error).replace("path=", "out=", 1).replace("path of a file", "path of a folder")) from None
    if not path.parent.is_dir():
        raise ValueError(f"out: there is no folder {printable(path.parent)} to make {printable(path.name)} in.")
    if path.exists() and not path.is_dir():
        raise ValueError(f"out: {printable(path.name)} is a file: give the path of a folder.")
    if path.is_dir() and not (path / _HEAD).exists() and {each.name for each in path.iterdir()} - {_LOCK}:
        raise ValueError(f"out: the folder {printable(path.name)} holds other files: give a new or an empty one.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"out: the folder {printable(path)} may not be written to: give another one.")
    return path


def _prepared(path: Path, wanted: dict[str, Any], again: bool) -> list[Run]:
    """The rows that are known, of a folder that says from now on what it holds."""
    for half in path.glob(".*.half"):
        if _HALF.fullmatch(half.name):
            half.unlink(missing_ok=True)
    head = _read_head(path)
    if head is not None and head != wanted and not again:
        raise ValueError(
            f"{printable(path)} holds a sweep of {_difference(head, wanted)}: give another folder as out, or "
            "again=True to make all anew."
        )
    lines = [] if again or head is None else _read_lines(path)
    if again and head is not None:
        # Of another sweep nothing shall be left: its head says that the folder is one of ours.
        shutil.rmtree(path / _RUNS, ignore_errors=True)
        for name in (_TABLE, _PARQUET):
            (path / name).unlink(missing_ok=True)
    # Written anew, for what is added behind a line that was cut off would be part of that.
    with whole(path / _LINES) as half:
        half.write_text("".join(f"{json.dumps(run.to_dict())}\n" for run in lines), "utf-8")
    if head != wanted:
        with whole(path / _HEAD) as half:
            half.write_text(json.dumps(wanted, indent=1), "utf-8")
    return lines


def _difference(head: dict[str, Any], wanted: dict[str, Any]) -> str:
    if head.get("format") != wanted["format"]:
        return "another release"
    for name in ("dataset", "classes"):
        if head.get(name) != wanted[name]:
            return f"other {'images' if name == 'dataset' else 'classes'} ({head.get(name)} then, {wanted[name]} now)"
    then, now = head.get("recipe"), wanted["recipe"]
    changed = [name for name in now if not isinstance(then, dict) or then.get(name) != now[name]]
    some = [f"{name} {then.get(name) if isinstance(then, dict) else '?'} then, {now[name]} now" for name in changed]
    return f"another recipe ({'; '.join(some)})"


def _read_head(path: Path) -> dict[str, Any] | None:
    try:
        head = json.loads((path / _HEAD).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        head = {}
    return head if isinstance(head, dict) else {}


def _read_lines(path: Path) -> list[Run]:
    """The runs that can be understood, the last word on each; a line that was cut off counts for nothing."""
    try:
        text = (path / _LINES).read_text("utf-8", errors="replace")
    except OSError:
        return []
    found: dict[str, Run] = {}
    for words in text.splitlines():
        try:
            run = read_run(json.loads(words))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        found[run.key] = run
    return list(found.values())


def read_sweep(folder: str | os.PathLike[str]) -> Sweep:
    """The table of a sweep that was kept, with its weights; also of one that was cut off, or that still runs.

    Args:
        folder: What was given as ``out``.

    Returns:
        Its rows, in the order in which they came.

    Raises:
        ValueError: If no sweep was kept there.
    """
    path = read_place(folder)
    head = _read_head(path)
    if not head or not isinstance(head.get("classes"), list):
        raise ValueError(f"There is no sweep in {printable(path)}: give the folder that was given as out.")
    return Sweep(_read_lines(path), [str(each) for each in head["classes"]], path / _RUNS)
