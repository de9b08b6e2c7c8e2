"""What the browser is told of a network: its laws and its drawing, as plain numbers and words.

From these it can follow any tile by itself, without a kernel: sides by the laws, totals as sums of a constant a
step × height × width.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from unet_explorer.core.axis import margins
from unet_explorer.core.config import PRESETS, Choice, Flag, Fraction, UNetConfig, Whole, allowed
from unet_explorer.core.cost import LARGEST_BATCH, fixed_bytes, held
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, plan
from unet_explorer.core.receptive import sights
from unet_explorer.core.tiles import LARGEST, valid_sizes
from unet_explorer.core.trace import BYTES_PER_NUMBER, macs_per_pixel
from unet_explorer.drawing.marks import Mark, marks
from unet_explorer.drawing.placement import height_law, kept_law, kept_name
from unet_explorer.drawing.scene import METRICS, Down, Scene, Skip, largest_tile, scene
from unet_explorer.panel.instrument.explanations import KNOBS, PRESET_NOTES, SENTENCES, VALUES, explain

__all__ = ["describe", "knobs", "presets"]


def presets() -> list[dict[str, Any]]:
    """The designs to start from, with a word on each."""
    return [
        {"name": name, "about": PRESET_NOTES[name], "config": preset.config.to_dict(), "tile": [preset.tile] * 2}
        for name, preset in PRESETS.items()
    ]


def knobs() -> list[dict[str, Any]]:
    """All that a learner chooses, with the values allowed, in the order in which it is shown.

    Example:
        >>> [knob["name"] for knob in knobs() if knob["primary"]]
        ['depth', 'base_filters']
    """
    return [_knob(name, *rest) for name, rest in KNOBS.items()]


def _knob(name: str, label: str, explanation: str, primary: bool) -> dict[str, Any]:
    values = allowed(name)
    facts: dict[str, Any] = {
        "name": name,
        "label": label,
        "help": explanation,
        "primary": primary,
        "allowed": str(values),
    }
    match values:
        case Whole():
            return facts | {
                "kind": "number",
                "low": values.low,
                "high": values.high,
                "step": 1,
                "exact": 1,
                "below": None,
            }
        case Fraction():
            # The slider goes in twentieths; any share below the bound may be typed.
            bounds = {"low": 0, "high": values.below - 0.05, "below": values.below}
            return facts | {"kind": "number", "step": 0.05, "exact": "any"} | bounds
        case Choice():
            return facts | {"kind": "choice", "values": [[value, VALUES.get(value, value)] for value in values.values]}
        case Flag():
            return facts | {"kind": "flag"}


@lru_cache(maxsize=16)
def describe(config: UNetConfig) -> dict[str, Any]:
    """All the browser needs to show a network with any tile; kept for a hand that goes to and fro.

    Example:
        >>> describe(UNetConfig())["sizes"]
        {'smallest': 188, 'period': 16, 'largest': 1024, 'limit': 1000000}
    """
    sizes = valid_sizes(config, 1, LARGEST)
    largest = largest_tile(config)
    drawn = scene(config, largest)
    return {
        "config": config.to_dict(),
        "input": TILE,
        "metrics": METRICS._asdict(),
        "heights": height_law(drawn)._asdict(),
        "boxes": _boxes(drawn),
        "width": list(drawn.width),
        "height": _trimmed(drawn.height),
        "legend": [list(item) for item in drawn.legend],
        "steps": _steps(config, drawn),
        "margins": margins(config)._asdict(),
        "sizes": {"smallest": sizes.start, "period": sizes.step, "largest": largest, "limit": LARGEST},
        "batch": LARGEST_BATCH,
        "caption": drawn.caption,
        "memory": _memory(config),
        "sentences": SENTENCES,
    }


def _steps(config: UNetConfig, drawn: Scene) -> list[dict[str, Any]]:
    """The tile first, then the steps of the plan."""
    known, sees = laws(config), sights(config)
    tile = {"name": TILE, "op": "input", "inputs": [], "channels": config.in_channels}
    facts: list[dict[str, Any]] = [tile]
    for step in plan(config):
        cut = crop(step, known)
        fact: dict[str, Any] = {
            "name": step.name,
            "op": step.op,
            "inputs": list(step.inputs),
            "channels": step.channels,
            "parameters": step.parameters,
            "macs": macs_per_pixel(step),
            "kernel": step.kernel,
            "activation": step.activation,
            "crop": cut,
            "host": drawn.shown_on[step.name],
            "explanation": explain(step, cut)._asdict(),
        }
        facts.append(fact)
    for fact in facts:
        law, sight = known[fact["name"]], sees[fact["name"]]
        fact |= {"shift": law.shift, "level": law.level, "bytes": BYTES_PER_NUMBER * fact["channels"]}
        fact["sight"] = {"first": list(sight.first), "last": list(sight.last), "stride": sight.stride}
    return facts


def _boxes(drawn: Scene) -> list[dict[str, Any]]:
    """Every map that is drawn, with all that it is drawn with."""
    skips = {skip.name: skip for skip in drawn.skips}
    return [
        {
            "name": box.name,
            "x": list(drawn.place(box.x)),
            "y": _trimmed(drawn.rows[box.row]),
            "row": box.row,
            "room": box.room if box.labelled else 0,
            "direction": box.direction,
            "source": box.source,
            "marks": [_mark(mark) for mark in marks(drawn, box, skips.get(box.name))],
            "kept": _kept(drawn, skips.get(box.name)),
        }
        for box in drawn.boxes.values()
    ]


def _mark(mark: Mark) -> list[Any]:
    """See `Mark`; as a list, for there are hundreds of them."""
    told = [mark.kind, mark.look, [list(place) for place in mark.x], [_trimmed(place) for place in mark.y]]
    return [*told, list(mark.words), mark.align] if mark.kind in {"text", "side"} else told


def _trimmed(place: Down) -> list[float | str]:
    """[tall, type, lines, share, box]; the last two are left out of a place that hangs on no box."""
    return list(place if place.box else place[:3])


def _kept(drawn: Scene, skip: Skip | None) -> dict[str, Any] | None:
    """The frame of what a crop keeps: its name, the box it is cut from, and the law of its side."""
    if skip is None or not skip.crop:
        return None
    return {"name": kept_name(skip), "source": skip.source, **kept_law(drawn, skip)._asdict()}


def _memory(config: UNetConfig) -> dict[str, Any]:
    """For predicting and training: bytes whatever the tile, and which maps (by place in ``steps``) are held at once.

    The maps take ``spread`` times their bytes.
    """
    place = {name: number for number, name in enumerate([TILE, *(step.name for step in plan(config))])}
    parts = {}
    for purpose, training in (("predict", False), ("train", True)):
        always, moments, spread = held(config, training)
        parts[purpose] = {
            "fixed": sum(fixed_bytes(config, training).values()),
            "always": [place[name] for name in always],
            "moments": [[place[name] for name in moment] for moment in moments],
            "spread": spread,
        }
    return parts
