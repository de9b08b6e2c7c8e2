"""One run of a sweep: a design that was taught with one seed, as a row of the table."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from unet_explorer.core.config import PRESETS, UNetConfig, shown
from unet_explorer.core.signed import design_in

__all__ = ["COLUMNS", "KNOBS", "Run", "RunState", "columns_of", "read_run", "read_runs", "run_of"]

RunState = Literal["done", "stopped", "skipped", "failed"]
KNOBS: Final = tuple(each.name for each in dataclasses.fields(UNetConfig))
"""The knobs of a design, each a column."""
_KNOWN: Final = ("iou", "dice", "parameters", "macs", "memory", "peak", "loss")
"""What may be unknown."""
COLUMNS: Final = (
    "design",
    "name",
    *KNOBS,
    "tile_height",
    "tile_width",
    "seed",
    "state",
    "reason",
    "iou",
    "dice",
    "parameters",
    "macs",
    "memory",
    "peak",
    "seconds",
    "steps",
    "loss",
)
"""The columns of the table, in front of those of each class's IoU."""


class Run(NamedTuple):
    """A design that was taught with one seed; all that could not be known is None.

    Attributes:
        design: The link of network and tile: whoever opens it in a panel has the design before them.
        config: The network.
        tile: (height, width) of the tile in pixels.
        seed: Of the training.
        state: ``"done"``; ``"stopped"``, where halving has left it; ``"skipped"``, where it was clear before it began
            that it could not learn; or ``"failed"``.
        reason: Why it was skipped, stopped, or has failed, in a sentence; empty if it is done.
        iou: Mean IoU of the classes behind the background, at the best examination, as the panel shows it.
        dice: Mean Dice of the same classes at the same examination.
        class_iou: IoU of each class there, the background first; empty where nothing was examined.
        parameters: Numbers that the network holds.
        macs: Multiply-adds of one prediction of the tile.
        memory: Bytes that learning was estimated to take; see `estimate_memory`.
        peak: Bytes that the process held at its fullest moment.
        seconds: Time spent learning.
        steps: Steps that were learnt.
        loss: Of the last step.
    """

    design: str
    config: UNetConfig
    tile: tuple[int, int]
    seed: int
    state: RunState
    reason: str = ""
    iou: float | None = None
    dice: float | None = None
    class_iou: tuple[float | None, ...] = ()
    parameters: int | None = None
    macs: int | None = None
    memory: int | None = None
    peak: int | None = None
    seconds: float = 0.0
    steps: int = 0
    loss: float | None = None

    @property
    def name(self) -> str:
        """The preset's name, if it is one; else what a figure's legend may call it.

        Example:
            >>> run_of("unet1-t188-d3-f8-11hrn49", 0, "done").name
            'classroom'
            >>> run_of("unet1-t572-d3-f8-1ht0j37", 0, "done").name
            'depth 3, 8 filters, tile 572'
        """
        for name, preset in PRESETS.items():
            if (self.config, self.tile) == (preset.config, (preset.tile, preset.tile)):
                return name
        usual = UNetConfig()
        words = [f"depth {self.config.depth}", f"{self.config.base_filters} filters"]
        words += [
            f"{knob.replace('_', ' ')} {_word(getattr(self.config, knob))}"
            for knob in KNOBS[2:]
            if getattr(self.config, knob) != getattr(usual, knob)
        ]
        height, width = self.tile
        return ", ".join([*words, f"tile {height}" if height == width else f"tile {height} × {width}"])

    @property
    def key(self) -> str:
        """What tells it from all other runs of a sweep, and names its folder."""
        return f"{self.design}-seed{self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """As plain numbers and words, ready for JSON; the design is its link."""
        values = self._asdict()
        del values["config"], values["tile"]
        return values


def run_of(design: str, seed: int, state: RunState, **known: Any) -> Run:
    """A run, with the network and the tile that its link says.

    Args:
        design: The link.
        seed: Of the training.
        state: How it ended.
        **known: What else is known of it, by the names of `Run`.

    Raises:
        ValueError: If the link does not say a design.
    """
    config, tile = design_in(design)
    return Run(design, config, tile, seed, state, **known)


def read_runs(name: str, runs: object, remedy: str) -> list[Run]:
    """The rows that were given.

    Args:
        name: What they are called.
        runs: A `Sweep`, or a list of rows.
        remedy: What shall be given, in words.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> read_runs("runs", 7, "give a Sweep")
        Traceback (most recent call last):
        ...
        ValueError: runs=7 is not allowed: give a Sweep.
    """
    rows = []
    try:
        for run in runs:  # type: ignore[attr-defined]  # what is no list is refused below
            if not isinstance(run, Run):
                break
            rows.append(run)
        else:
            return rows
    except Exception:  # noqa: BLE001, S110  # foreign objects may fail in any way when gone through
        pass
    raise ValueError(f"{name}={shown(runs)} is not allowed: {remedy}.")


def read_run(values: Mapping[str, Any]) -> Run:
    """Read what `Run.to_dict` wrote.

    Raises:
        ValueError, KeyError, TypeError: If it is not that.
    """
    known = dict(values)
    known["class_iou"] = tuple(None if each is None else float(each) for each in known["class_iou"])
    if known["state"] not in RunState.__args__:  # type: ignore[attr-defined]
        raise ValueError(f"no state: {known['state']!r}")
    for name in _KNOWN:
        if known[name] is not None and not math.isfinite(known[name]):
            raise ValueError(f"no number: {name}")
    return run_of(**known)


def columns_of(run: Run) -> dict[str, Any]:
    """A row of the table, by `COLUMNS`."""
    knobs = {knob: getattr(run.config, knob) for knob in KNOBS}
    height, width = run.tile
    known = {**knobs, "tile_height": height, "tile_width": width}
    return {name: known[name] if name in known else getattr(run, name) for name in COLUMNS}


def _word(value: object) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
