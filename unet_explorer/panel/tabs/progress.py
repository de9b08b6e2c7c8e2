"""What the page is told of a training, before it starts and while it runs: plain numbers and words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from unet_explorer.core.tiles import ShapeError, read_tile
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.finding import Finding
from unet_explorer.learning.history import Epoch, thinned
from unet_explorer.learning.preflight import findings, macs_per_step
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.session import TrainingSession
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.paint import label_bytes, picture
from unet_explorer.panel.tabs.settings import design_summary

__all__ = ["curve_of", "examples_of", "finding_for_page", "findings_of", "seconds_of", "status_of"]


def findings_of(
    instrument: Instrument, recipe: Recipe, dataset: Dataset, free: int, speed: float | None = None
) -> list[Finding]:
    """What speaks against teaching the design of the knobs; a tile that does not fit is a finding as well.

    Args:
        instrument: The knobs.
        recipe: How it would be taught.
        dataset: What it would learn from.
        free: Bytes of memory that may be used.
        speed: Multiply-adds a second that the machine manages.
    """
    try:
        return findings(Order(instrument.design, read_tile(instrument.tile), recipe), dataset, free, speed)
    except ShapeError as error:
        return [Finding("tile", "stop", str(error), *_nearest(error))]


def _nearest(error: ShapeError) -> tuple[str, dict[str, Any]]:
    if not error.suggestions:
        return "", {}
    height, width = read_tile(error.suggestions[-1])
    return f"Take a tile of {height} × {width}.", {"tile": [height, width]}


def finding_for_page(found: Finding) -> dict[str, Any]:
    """A finding as the page lists it."""
    return {
        "kind": found.kind,
        "weight": found.weight,
        "message": found.words,
        "fix": found.fix,
        "mendable": bool(found.change),
    }


def status_of(session: TrainingSession, instrument: Instrument, dataset: Dataset | None) -> dict[str, Any]:
    """State, step, speed, time left, and whether the knobs show another design, or other images are chosen, by now."""
    order, history = session.order, session.history
    done, rate = len(history.losses), history.steps_per_second
    shown = instrument.config, list(instrument.tile)
    return {
        "state": session.state,
        "problem": session.problem,
        "before": session.before,
        "step": done,
        "steps": order.recipe.steps,
        "epoch": len(history.epochs),
        "epochs": order.recipe.epochs,
        "rate": rate,
        "left": (order.recipe.steps - done) / rate if rate else None,
        "design": design_summary(order.config, order.tile, session.dataset.name),
        "differs": shown != (order.config.to_dict(), list(order.tile)),
        "images": session.dataset.name if dataset is not None and not _same(dataset, session.dataset) else "",
    }


def _same(one: Dataset, other: Dataset) -> bool:
    """Whether these are the same images, as far as can be told at a glance."""
    return one is other or (one.name, len(one), one.size) == (other.name, len(other), other.size)


def seconds_of(instrument: Instrument, recipe: Recipe, speed: float) -> float | None:
    """How long it would take to teach the design of the knobs; None if its tile does not fit."""
    try:
        order = Order(instrument.design, read_tile(instrument.tile), recipe)
        return macs_per_step(order) * recipe.steps / speed
    except ShapeError:
        return None


def curve_of(session: TrainingSession) -> dict[str, Any]:
    """Losses, and the scores of all examinations."""
    best = session.history.best
    return {
        "points": thinned(session.history.losses),
        "first": _scored(session.history.first) if session.history.first else None,
        "epochs": [_scored(epoch) for epoch in session.history.epochs],
        "best": best.number if best else 0,
        "classes": _class_names(session),
        "images": session.dataset.name,
    }


@lru_cache(maxsize=1 << 16)
def _scored(epoch: Epoch) -> dict[str, Any]:
    return {"number": epoch.number, "step": epoch.step, **epoch.scores._asdict()}


def _class_names(session: TrainingSession) -> list[str]:
    count = max(2, session.order.config.num_classes)
    known = session.dataset.classes
    return [known[number] if number < len(known) else f"class {number}" for number in range(count)]


def examples_of(session: TrainingSession, count: int) -> list[dict[str, Any]]:
    """The first pictures that it is examined on, with the truth."""
    return [
        picture(each.picture, each.title, truth=label_bytes(each.truth), unknown=bool((each.truth < 0).any()))
        for each in session.examples[:count]
    ]
