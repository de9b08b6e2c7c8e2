"""What the skips are good for: the same design taught with and without them, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final, NamedTuple

import traitlets

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory, fixed_bytes
from unet_explorer.core.tiles import nearest_sizes, read_tile, sides, tile_for_output
from unet_explorer.core.values import Whole
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.machine import available_memory, resident_memory
from unet_explorer.learning.process import Worker
from unet_explorer.learning.recipe import Recipe
from unet_explorer.learning.session import LIVE, TrainingSession
from unet_explorer.panel.assets import script
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.background_tab import BackgroundTab
from unet_explorer.panel.tabs.chosen_image import ChosenImage
from unet_explorer.panel.tabs.paint import label_bytes
from unet_explorer.panel.tabs.progress import curve_of, examples_of
from unet_explorer.panel.tabs.settings import design_summary

__all__ = ["Ablation", "Variant", "variants"]

_STEPS: Final = 200
_ROWS: Final = 2
_PATIENCE: Final = 20.0
"""Seconds that a network is given to finish its step, before the worker is killed for it."""


class Variant(NamedTuple):
    """One of the networks that are compared.

    Attributes:
        name: What is different about it.
        config: The network.
        tile: (height, width) that it learns from.
    """

    name: str
    config: UNetConfig
    tile: tuple[int, int]


def variants(config: UNetConfig, tile: tuple[int, int]) -> tuple[Variant, ...]:
    """A design with its skips, without any, and with the other padding, whose skips are cropped or need no crop.

    The one with the other padding gets the tile whose prediction is nearest in size, so that all learn from about as
    many pixels.

    Raises:
        ShapeError: If the tile does not fit.

    Example:
        >>> for each in variants(UNetConfig(depth=3, base_filters=8), (188, 188)):
        ...     print(each.name, each.tile)
        cropped (188, 188)
        no skips (188, 188)
        padded (104, 104)
    """
    with_skips = replace(config, skips=True)
    *_, output = sides(with_skips, tile).values()
    if config.padding == "valid":
        other = replace(with_skips, padding="same")
        near = [nearest_sizes(other, side)[1] or side for side in output]
        names = "cropped", "padded"
    else:
        other = replace(with_skips, padding="valid")
        near = [tile_for_output(other, side) for side in output]
        names = "padded", "cropped"
    return (
        Variant(names[0], with_skips, tile),
        Variant("no skips", replace(config, skips=False), tile),
        Variant(names[1], other, (near[0], near[1])),
    )


class Ablation(BackgroundTab):
    """Three networks that learn in turn, from the same images, for as many steps.

    Attributes:
        steps: Changes of the weights of each.
        state: ``"new"``, ``"running"`` or ``"done"``.
        runs: For each network its name, design, state and curve.
        examples: For each network the pictures that it is examined on, with the truth.
        answers: For each network what it predicted for them at its latest examination.
    """

    _esm = script("tabs/ablation.js")
    at_once = frozenset({"stop"})
    numbers: ClassVar = {"steps": ("Steps each", Whole(1, 1_000_000))}

    steps = traitlets.Int(_STEPS).tag(sync=True)
    state = traitlets.Unicode("new").tag(sync=True)
    runs: Any = traitlets.List().tag(sync=True)
    examples: Any = traitlets.List().tag(sync=True)
    predictions: Any = traitlets.List().tag(sync=True)

    def __init__(
        self, instrument: Instrument, worker: Worker, chosen: ChosenImage, recipe: Callable[[], dict[str, Any]]
    ) -> None:
        self._instrument, self._worker, self._chosen, self._recipe = instrument, worker, chosen, recipe
        self._sessions: list[tuple[Variant, TrainingSession]] = []
        self._examined: list[int] = []
        self._started = self._stopped = False
        super().__init__()

    @traitlets.validate("steps")
    def _check_steps(self, proposal: Any) -> int:
        return self._read_number("steps", proposal["value"])

    def _do_start(self, _: dict[str, Any]) -> None:
        self._discard()
        recipe = Recipe.from_dict({**self._recipe(), "steps": self.steps})
        made = variants(self._instrument.design, read_tile(self._instrument.tile))
        self._check_room(made, recipe)
        dataset, worker = self._chosen.dataset, self._worker
        sessions = []
        for each in made:
            session = TrainingSession(each.config, dataset, each.tile, worker, **recipe.to_dict())
            session.lasting = False
            sessions.append((each, session))
        self._examined, self.runs, self.examples, self.predictions = [], [], [], []
        self._stopped = False
        self._sessions = sessions
        self.state = "running"
        try:
            for _each, session in sessions:
                if not self._stopped:
                    session.changed.connect(self._due.set)
                    session.start(force=True)
        except TrainingError:
            self._discard()
            self.state = "new"
            raise
        self._started = True
        self._due.set()

    def _check_room(self, made: tuple[Variant, ...], recipe: Recipe) -> None:
        """Refuse what there is no memory for, since all three are held at once.

        Raises:
            ValueError: In words.
        """
        runtime = fixed_bytes(made[0].config, training=True)["runtime"]
        totals = [estimate_memory(each.config, each.tile, recipe.batch_size, training=True)["total"] for each in made]
        needed = sum(totals) - (len(made) - 1) * runtime
        free = available_memory() + min(runtime, resident_memory(self._worker.process))
        if needed > free:
            raise ValueError(
                f"Three networks at once take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free: take a smaller "
                "tile, fewer filters, or fewer tiles per batch."
            )

    def _do_stop(self, _: dict[str, Any]) -> None:
        self._stopped = True
        for _each, session in self._sessions:
            session.stop()

    def _discard(self) -> None:
        """Let go of the networks there are."""
        self._do_stop({})
        self._started = False
        for _each, session in self._sessions:
            if session.state in LIVE:
                session.join(_PATIENCE)
            session.discard()
        self._sessions = []

    def _refresh(self) -> None:
        if not self._started:
            return
        examined = [len(session.history.epochs) for _, session in self._sessions]
        with self.hold_sync():
            self.runs = [_run_for_page(variant, session) for variant, session in self._sessions]
            if not self.examples:
                self.examples = [examples_of(session, _ROWS) for _, session in self._sessions]
            if self._examined != examined:
                self._examined = examined
                self.predictions = [_predictions(session) for _, session in self._sessions]
            if not any(session.state in LIVE for _, session in self._sessions):
                self.state = "done"

    def _shut(self) -> None:
        for _each, session in self._sessions:
            session.discard()

    def _let_go(self) -> None:
        super()._let_go()
        self._sessions = []


def _run_for_page(variant: Variant, session: TrainingSession) -> dict[str, Any]:
    return {
        "name": variant.name,
        "design": design_summary(variant.config, variant.tile, session.dataset.name),
        "state": session.state,
        "problem": session.problem,
        "step": len(session.history.losses),
        "steps": session.order.recipe.steps,
        "curve": curve_of(session),
    }


def _predictions(session: TrainingSession) -> list[bytes]:
    epochs = session.history.epochs
    predicted = session.predictions(len(epochs)) or () if epochs else ()
    return [label_bytes(each) for each in predicted[:_ROWS]]
