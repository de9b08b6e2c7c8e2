"""The Sweep tab: many designs at once, how good each becomes for its work, and which knob mattered."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final

import traitlets

from unet_explorer.cluster import EXTRA
from unet_explorer.core.tiles import read_tile
from unet_explorer.core.values import Whole
from unet_explorer.learning.recipe import Recipe
from unet_explorer.panel.assets import script
from unet_explorer.panel.instrument.explanations import by_label
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.background_tab import BackgroundTab
from unet_explorer.panel.tabs.chosen_image import ChosenImage
from unet_explorer.panel.tabs.sweep_plan import Combined, combined, offered, toggled
from unet_explorer.panel.tabs.sweep_rows import Course, designs_for_page, teachable

if TYPE_CHECKING:
    from unet_explorer.sweeps.session import SweepSession
    from unet_explorer.sweeps.table import Sweep

__all__ = ["SweepTab"]

_STEPS: Final = 200


def _begun(*arguments: Any, **named: Any) -> SweepSession:
    """A session, of which all is loaded when one is started."""
    from unet_explorer.sweeps.session import SweepSession

    return SweepSession(*arguments, **named)


class SweepTab(BackgroundTab):
    """Choose values of knobs, teach all that they combine to, and compare.

    Attributes:
        instrument: Where the browser finds the knobs, so that a dot opens its design there.
        missing: What to install before anything can be started; empty if nothing is missing.
        ranges: The values that are varied, by names of knobs and ``"tile"``; all others are as the knobs say. The
            page sees them in `varied`.
        varied: What can be varied, with values to choose from.
        nearest: Whether a tile that does not fit a network gives way to the nearest that does.
        seeds: How often each design is taught, from other first weights.
        steps: Changes of the weights of each.
        plan: What Start would do: how many designs and runs, what does not fit, and what cannot be taught.
        images: What is learnt from, in words.
        state: ``"new"``, ``"starting"``, ``"running"``, ``"stopping"`` or ``"done"``.
        progress: How many runs have ended, of how many, and the seconds that are left, where that can be said.
        designs: The designs of the sweep that is shown.
        rows: Its runs that have ended.
        dots: A dot for each design that has learnt.
        mattered: Which knob mattered.
    """

    _esm = script("tabs/sweep.js")
    at_once = frozenset({"stop", "toggle"})
    numbers: ClassVar = {"seeds": ("Seeds", Whole(1, 5)), "steps": ("Steps", Whole(1, 1_000_000))}

    instrument = traitlets.Unicode("").tag(sync=True)
    missing = traitlets.Unicode("").tag(sync=True)
    ranges = traitlets.Dict()
    varied: Any = traitlets.List().tag(sync=True)
    nearest = traitlets.Bool(False).tag(sync=True)
    seeds = traitlets.Int(2).tag(sync=True)
    steps = traitlets.Int(_STEPS).tag(sync=True)
    plan = traitlets.Dict().tag(sync=True)
    images = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode("new").tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    designs: Any = traitlets.List().tag(sync=True)
    rows: Any = traitlets.List().tag(sync=True)
    dots: Any = traitlets.List().tag(sync=True)
    mattered = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        instrument: Instrument,
        chosen: ChosenImage,
        recipe: Callable[[], dict[str, Any]],
        make: Callable[..., SweepSession] = _begun,
    ) -> None:
        self._instrument, self._chosen, self._recipe, self._make = instrument, chosen, recipe, make
        self._session: SweepSession | None = None
        self._course = Course((), 1)
        super().__init__(instrument=f"anywidget:{instrument.model_id}", missing=_missing() if make is _begun else "")
        instrument.observe(self._turned, ["config", "tile"])
        chosen.changed.connect(self._due.set)
        self._due.set()

    @traitlets.validate("seeds", "steps")
    def _check_number(self, proposal: Any) -> int:
        return self._read_number(proposal["trait"].name, proposal["value"])

    @traitlets.observe("nearest", "seeds", "steps")
    def _turned(self, _: Any) -> None:
        self._due.set()

    # What the browser asks for ----------------------------------------------------------------------------------------

    def _do_toggle(self, request: dict[str, Any]) -> None:
        instrument = self._instrument
        tile = read_tile(instrument.tile)
        try:
            with self._lock:
                self.ranges = toggled(instrument.design, tile, self.ranges, request.get("name"), request.get("value"))
        except ValueError as error:
            raise ValueError(by_label(str(error))) from None

    def _do_start(self, _: dict[str, Any]) -> None:
        if self.state in {"starting", "running", "stopping"}:
            return
        if self.missing:
            raise ValueError(self.missing)
        recipe, dataset = self._taught(), self._chosen.dataset
        designs, refused = teachable(self._combined().designs, dataset, recipe)
        if not designs:
            raise ValueError(refused or "No design is left to be taught: choose tiles that fit.")
        self._discard()
        session = self._make(designs, dataset, tuple(range(self.seeds)), steps=self.steps, recipe=recipe)
        varied = frozenset(name for name, values in self.ranges.items() if len(values) > 1)
        varied |= {"tile"} if len({tile for _, tile in designs}) > 1 else set()
        with self.hold_sync():
            self._session, self._course = session, Course(designs, self.seeds)
            self.designs, self.rows, self.dots = designs_for_page(designs, varied), [], []
            self.mattered = {}
            self.state = "starting"
        session.changed.connect(self._due.set)
        session.start()

    def _do_stop(self, _: dict[str, Any]) -> None:
        session = self._session
        if session is not None and session.state == "running":
            self.state = "stopping"
            session.stop()
            self._due.set()

    def _discard(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.changed.disconnect(self._due.set)
            session.close()

    # Keeping the page up to date --------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        instrument, dataset = self._instrument, self._chosen.dataset
        tile = read_tile(instrument.tile)
        with self._lock:
            session, course = self._session, self._course
        # What takes its time is computed while nobody waits for the lock.
        new = course.look(session.rows) if session is not None else {}
        with self.hold_sync():
            self.varied = offered(instrument.design, tile, self.ranges)
            self.plan = self._plan_for_page()
            self.images = f"{dataset.name}, {len(dataset)} image{'s' if len(dataset) > 1 else ''}"
            if session is not None and session is self._session:
                for name, value in new.items():
                    setattr(self, name, value)
                self._show_progress(session, course)

    def _combined(self) -> Combined:
        instrument = self._instrument
        return combined(instrument.design, read_tile(instrument.tile), self.ranges, self.nearest)

    def _plan_for_page(self) -> dict[str, Any]:
        try:
            found = self._combined()
        except ValueError as error:
            return {**Combined((), 0, 0, "")._asdict(), "designs": 0, "runs": 0, "twice": 0, "refused": str(error)}
        designs, refused = teachable(found.designs, self._chosen.dataset, self._taught())
        twice = found.combinations - found.misfits - len(found.designs)
        runs = len(designs) * self.seeds
        return {**found._asdict(), "designs": len(designs), "runs": runs, "twice": twice, "refused": refused}

    def _taught(self) -> Recipe:
        return Recipe.from_dict({**self._recipe(), "steps": self.steps})

    def _show_progress(self, session: SweepSession, course: Course) -> None:
        live = session.state == "running"
        self.progress = course.progress(time.monotonic() - course.since, live)
        self.problem = session.problem or self.problem
        if live and self.state == "starting" and course.rows:
            self.state = "running"
        elif session.state in {"stopped", "finished", "failed"}:
            self.state = "done"

    @property
    def table(self) -> Sweep | None:
        """The runs that have ended, to be saved; None if there are none."""
        session = self._session
        return session.table if session is not None and session.rows else None

    def _shut(self) -> None:
        self._instrument.unobserve(self._turned, ["config", "tile"])
        self._chosen.changed.disconnect(self._due.set)

    def _let_go(self) -> None:
        super()._let_go()
        # It may have been closed while one was being started.
        self._discard()
        self._course = Course((), 1)


def _missing() -> str:
    """What to install; whether it is there is asked without loading it."""
    if find_spec("distributed") is not None:
        return ""
    return f"A sweep is run by Dask, which is not installed: {EXTRA}, then run the cell again."
