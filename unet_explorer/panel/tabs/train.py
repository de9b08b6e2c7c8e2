"""The Train tab: choose images, say how to teach, and watch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import traitlets

from unet_explorer.core.tiles import read_tile
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.made.wanted import Made
from unet_explorer.learning.finding import Finding, TrainingError
from unet_explorer.learning.machine import available_memory, resident_memory, usual_speed
from unet_explorer.learning.preflight import macs_per_step
from unet_explorer.learning.process import Worker
from unet_explorer.learning.recipe import SHOWN, SUGGESTED_RATE, Recipe
from unet_explorer.learning.session import AGAIN, LIVE, TrainingSession
from unet_explorer.panel.assets import script
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.own_images import OwnImages
from unet_explorer.panel.tabs.paint import label_bytes
from unet_explorer.panel.tabs.progress import (
    curve_of,
    examples_of,
    finding_for_page,
    findings_of,
    seconds_of,
    status_of,
)
from unet_explorer.panel.tabs.proposing import Proposing, without_batch
from unet_explorer.panel.tabs.settings import SETTINGS, refusal_words
from unet_explorer.panel.tabs.side_by_side import SideBySide

if TYPE_CHECKING:
    from unet_explorer.panel.tabs.chosen_image import ChosenImage

__all__ = ["TrainTab"]

_USUAL_PIXELS: Final = 300_000
"""About as many of a tile's pixels as a batch has, to begin with."""


class TrainTab(SideBySide, Proposing, OwnImages):
    """Teach and watch.

    Attributes:
        instrument: Where the browser finds the knobs, and with them the tiles per batch.
        settings: What can be chosen, with label and explanation.
        states: In which states of a training it goes on or could at once, and from which it can go on again.
        findings: What speaks against starting.
        status: State, step, speed, time left, and whether the knobs show another design.
        curve: Losses, and the scores of all examinations.
        examples: Pictures that the network is examined on, with the truth.
        answers: What it predicted for them, at one examination.
        shown: Which examination is looked at; 0 follows the latest, −1 is before the first step.
    """

    _esm = script("tabs/train.js")
    at_once = frozenset({"pause", "stop", "resume"})

    instrument = traitlets.Unicode("").tag(sync=True)
    settings: Any = traitlets.List(SETTINGS).tag(sync=True)
    states = traitlets.Dict({"live": sorted(LIVE), "again": sorted(AGAIN)}).tag(sync=True)
    findings: Any = traitlets.List().tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    curve = traitlets.Dict().tag(sync=True)
    examples: Any = traitlets.List().tag(sync=True)
    predictions = traitlets.Dict().tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        instrument: Instrument,
        worker: Worker,
        dataset: Dataset | None = None,
        chosen: ChosenImage | None = None,
        *,
        made: Made | None = None,
        taught: Mapping[str, Any] | None = None,
    ) -> None:
        self._instrument, self._worker, self._chosen = instrument, worker, chosen
        self.session: TrainingSession | None = None
        # Multiply-adds a second, until a training has shown what the machine can do.
        self._speed = usual_speed()
        # What of the recipe came with the images.
        self._brought: dict[str, Any] = {}
        # Only for comparing: what was painted last.
        self._painted: tuple[Any, ...] = ()
        # What was judged last, and what came of it.
        self._judged: tuple[Any, list[Finding]] = None, []
        super().__init__(
            instrument=f"anywidget:{instrument.model_id}",
            recipe=dict(taught) if taught else without_batch(Recipe()),
            source={"kind": "made", **(made or Made())._asdict()},
        )
        self._taught = taught is not None
        if not taught:
            instrument.batch_size = _usual_batch(instrument)
        instrument.observe(self._follow_knobs, ["config", "tile", "batch_size"])
        self._watch_pinned()
        if dataset is None:
            self._later(self._load, dict(self.source))
        else:
            self.source = self._read = {"kind": "given", "name": dataset.name}
            self._later(self._use, dataset)
            self._later(self._bring_recipe)
        self._later(self._find_unfinished)

    # What the browser asks for --------------------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser sends; a recipe that is not allowed is refused in words. Called by ipywidgets."""
        with self._lock:
            accepted = dict(sync_data)
            if "recipe" in accepted:
                try:
                    accepted["recipe"] = self._read_recipe(accepted["recipe"])
                    accepted["problem"] = ""
                except (ValueError, TypeError) as error:
                    del accepted["recipe"]
                    self.problem = refusal_words(str(error))
                    self.send_state(["recipe", "problem"])
            super().set_state(accepted)
            if "recipe" in accepted and accepted["recipe"] != sync_data["recipe"]:
                self.send_state("recipe")

    def _read_recipe(self, sent: Any) -> dict[str, Any]:
        """A recipe from the page; the tiles per batch in it go to the instrument, which owns them."""
        recipe = Recipe.from_dict({**self.whole_recipe.to_dict(), **sent})
        self._instrument.batch_size = recipe.batch_size
        return without_batch(recipe)

    @traitlets.observe("recipe")
    def _follow_recipe(self, change: Any) -> None:
        old = change["old"] or {}
        if old.get("optimizer", self.recipe["optimizer"]) != self.recipe["optimizer"]:
            self.recipe = {**self.recipe, "learning_rate": SUGGESTED_RATE[self.recipe["optimizer"]]}
        self._due.set()

    @traitlets.observe("shown")
    def _look_back(self, _: Any) -> None:
        self._due.set()

    def _do_start(self, request: dict[str, Any]) -> None:
        if self.session is not None and self.session.state in LIVE:
            return
        if self.dataset is None:
            raise TrainingError("There are no images yet: choose some first.")
        session, force = self._session(), bool(request.get("force"))
        try:
            # Only here is anybody waiting.
            TrainingError.check((each for each in self._findings() if each.kind == "slow"), force)
            session.start(force=force, paused=bool(request.get("paused")))
        except TrainingError as error:
            session.close()
            if error.findings:
                # The page lists them, each with its button.
                raise TrainingError("Not started: see what is marked below.") from None
            raise
        self._take_on(session)

    def _session(self) -> TrainingSession:
        assert self.dataset is not None
        instrument = self._instrument
        tile = read_tile(instrument.tile)
        return TrainingSession(instrument.design, self.dataset, tile, self._worker, **self.whole_recipe.to_dict())

    def _take_on(self, session: TrainingSession) -> None:
        """Follow this training, and no other."""
        with self._lock:
            if self.session is not None:
                self.session.discard(keep_files=True)
            self.session = session
            self.shown, self._painted = 0, ()
            session.changed.connect(self._due.set)
            self._due.set()

    def _do_pause(self, _: dict[str, Any]) -> None:
        if self.session:
            self.session.pause()

    def _do_resume(self, _: dict[str, Any]) -> None:
        if self.session:
            self.session.resume()

    def _do_step(self, request: dict[str, Any]) -> None:
        if self.session is None or self.session.state not in LIVE:
            self._do_start({**request, "paused": True})
        if self.session:
            self.session.step()

    def _do_stop(self, _: dict[str, Any]) -> None:
        if self.session:
            self.session.stop()
            # It may have had to be killed; the next Start shall be as quick as the first.
            self._later(self._worker.warm_up)

    def _do_reset(self, _: dict[str, Any]) -> None:
        with self._lock:
            if self.session is not None:
                # What has learnt something stays in the list.
                self.session.discard(keep_files=bool(self.session.history.epochs))
            self.session = None
            self.shown, self._painted = 0, ()
        self._due.set()

    def _do_reopen(self, request: dict[str, Any]) -> None:
        """Show a training that is kept, and turn knobs and images to what it was taught with."""
        name = str(request.get("name"))
        if self.session is not None and self.session.state in LIVE:
            raise TrainingError("Another training is under way: stop it first.")
        session = TrainingSession.reopen(name, self._worker)
        # This takes its time; what follows is one change to whoever looks on.
        self._measure(session.dataset)
        self._take_on(session)
        self.compared = [each for each in self.compared if each["name"] != name]
        self._use(session.dataset)
        self.source = self._read = {"kind": "given", "name": session.dataset.name}
        order = session.order
        self._brought, self.recipe = {}, without_batch(order.recipe)
        self._do_show_design({})

    def _do_show_design(self, _: dict[str, Any]) -> None:
        """Turn the knobs to what is being taught."""
        if self.session is None:
            return
        order = self.session.order
        self._instrument.linked = order.tile[0] == order.tile[1]
        self._turn(order.config.to_dict(), list(order.tile), order.recipe.batch_size)

    def _do_fix(self, request: dict[str, Any]) -> None:
        """Turn the knobs, or change the recipe, as a finding proposes."""
        found = [each for each in self._findings() if each.kind == request.get("kind") and each.change]
        if found:
            change, instrument = found[0].change, self._instrument
            config = {**instrument.config, **change.get("config", {})}
            self.recipe = {**self.recipe, **change.get("recipe", {})}
            self._turn(config, change.get("tile", instrument.tile), change.get("batch_size", instrument.batch_size))

    def _turn(self, config: dict[str, Any], tile: list[int], batch: int) -> None:
        with self._instrument.hold_sync():
            self._instrument.config, self._instrument.tile = config, tile
            self._instrument.batch_size = batch

    # Images -----------------------------------------------------------------------------------------------------------

    def _images_changed(self) -> None:
        self._bring_recipe()

    def _use(self, dataset: Dataset) -> None:
        self._measure(dataset)
        super()._use(dataset)

    # Keeping the page up to date -----------------------------------------------------------------------------------

    def _follow_knobs(self, _: Any) -> None:
        self._due.set()

    def _refresh(self) -> None:
        with self.hold_sync():
            self.findings = [finding_for_page(each) for each in self._findings()]
            self._show_proposals()
            self._show_progress()
            self._list_if_new()
        # What lies on disc is read while nobody waits.
        self._show_pair()

    @property
    def whole_recipe(self) -> Recipe:
        """How to teach, with the tiles per batch."""
        return Recipe.from_dict({**self.recipe, "batch_size": self._instrument.batch_size})

    def _findings(self) -> list[Finding]:
        """What speaks against starting; judged anew only when what is judged has changed."""
        if self.dataset is None:
            return []
        instrument, recipe = self._instrument, self.whole_recipe
        live = self.session is not None and self.session.state in LIVE
        judged = (instrument.design, tuple(instrument.tile), recipe, id(self.dataset), live)
        # The page is brought up to date by another thread.
        with self._lock:
            if self._judged[0] != judged:
                free = available_memory() + resident_memory(self._worker.process)
                self._judged = judged, findings_of(instrument, recipe, self.dataset, free, self._speed)
            return self._judged[1]

    def _show_progress(self) -> None:
        session = self.session
        if session is None:
            seconds = seconds_of(self._instrument, self.whole_recipe, self._speed)
            self.status = {"state": "new", "left": seconds}
            self.curve, self.examples, self.predictions = {}, [], {}
            return
        if rate := session.history.steps_per_second:
            self._speed = rate * macs_per_step(session.order)
        self.status, self.curve = status_of(session, self._instrument, self.dataset), curve_of(session)
        epochs = session.history.epochs
        number = self.shown if 0 < self.shown <= len(epochs) else len(epochs) if self.shown >= 0 else 0
        known = number > 0 or session.history.first is not None
        if self._painted == (id(session), number, known):
            return
        predicted = session.predictions(number) or () if known else ()
        if not self.examples or self._painted[:1] != (id(session),):
            self.examples = examples_of(session, len(predicted) or SHOWN)
        self._painted = (id(session), number, known)
        self.predictions = {"epoch": number, "images": [label_bytes(each) for each in predicted]}

    def _shut(self) -> None:
        self._instrument.unobserve(self._follow_knobs, ["config", "tile", "batch_size"])
        self._watch_pinned_no_more()
        self._look_no_more()
        if self.session is not None:
            self.session.close()

    def _let_go(self) -> None:
        super()._let_go()
        self.session = self.dataset = None
        self._measured, self._judged = None, (None, [])


def _usual_batch(instrument: Instrument) -> int:
    """As many tiles as `Recipe` proposes, or fewer for a large tile; what was chosen already stays."""
    if instrument.batch_size > 1:
        return int(instrument.batch_size)
    height, width = instrument.tile
    return max(1, min(Recipe().batch_size, _USUAL_PIXELS // int(height * width)))
