"""Many networks in few bytes, for a page that shall draw any of them without asking anybody.

It takes seconds to pack them, so that is done once, and comes with the package: after a change of what is drawn,
``python -m unet_explorer.panel.instrument.pack`` packs them anew, an eighth smaller where zopfli is installed. The page
puts back what was taken apart (``static/instrument/pack.js``).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from unet_explorer.core.config import PRESETS, Choice, Flag, UNetConfig, allowed
from unet_explorer.panel.instrument.explanations import KNOBS
from unet_explorer.panel.instrument.facts import describe
from unet_explorer.panel.instrument.records import as_records

__all__ = ["FILE", "held", "networks_at_hand", "offered", "packed"]

FILE: Final = files("unet_explorer.panel") / "static/networks.json.gz"
"""Where those that are offered lie."""
_GRID: Final = ("depth", "base_filters", "padding")
"""Knobs whose values are offered in all combinations."""
_VALUES: Final[dict[str, Sequence[Any]]] = {
    "depth": range(1, 8),
    "base_filters": (4, 8, 16, 32, 64),
    "convs_per_block": range(1, 5),
    "in_channels": range(1, 5),
    "num_classes": range(1, 22),
    # As the slider goes.
    "dropout": [step / 20 for step in range(20)],
}
"""Of knobs with numbers, those that are offered."""


def _values(knob: str) -> Sequence[Any]:
    match allowed(knob):
        case Choice(values=values):
            return values
        case Flag():
            return (False, True)
    return _VALUES[knob]


def offered() -> tuple[UNetConfig, ...]:
    """The networks that every page holds.

    Each depth with each number of filters and both kinds of padding; and of each preset those in which a single knob is
    turned, whichever it is.

    Example:
        >>> UNetConfig(depth=7, base_filters=4, padding="same") in offered(), UNetConfig(skips=False) in offered()
        (True, True)
    """
    designs = [UNetConfig()]
    for knob in _GRID:
        designs = [replace(design, **{knob: value}) for design in designs for value in _values(knob)]
    for preset in PRESETS.values():
        for knob in KNOBS:
            designs += [replace(preset.config, **{knob: value}) for value in _values(knob)]
    return tuple(dict.fromkeys(designs))


def held(knob: str, also: UNetConfig) -> list[Any]:
    """The values of a knob with numbers in the networks that every page holds, and in another one.

    Example:
        >>> held("base_filters", UNetConfig(base_filters=10))
        [4, 8, 10, 16, 32, 64]
    """
    return sorted({getattr(config, knob) for config in (*offered(), also)})


@cache
def networks_at_hand() -> bytes:
    """Those that are offered, as they come with the package.

    Example:
        >>> len(networks_at_hand()) < 45_000
        True
    """
    return FILE.read_bytes()


def packed(configs: Sequence[UNetConfig]) -> bytes:
    """Networks, compressed: what `describe` says of each, as `as_records` writes it, as JSON in gzip.

    Example:
        >>> packed([UNetConfig(depth=1)])[:2]
        b'\\x1f\\x8b'
    """
    content = as_records([describe(config) for config in configs])
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    try:
        return bytes(import_module("zopfli.gzip").compress(text))
    except ImportError:
        return gzip.compress(text, 9)


if __name__ == "__main__":
    Path(str(FILE)).write_bytes(packed(offered()))
