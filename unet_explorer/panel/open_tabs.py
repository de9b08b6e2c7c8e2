"""The tabs of a panel that were opened: made when they are first asked for, with one worker behind them all."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from unet_explorer.core.config import UNetConfig
from unet_explorer.data.made.wanted import Made
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.link import Link
from unet_explorer.panel.rooms import SWEEP, TABS, Parts
from unet_explorer.panel.taking import Content

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.learning.process import Worker
    from unet_explorer.learning.session import TrainingSession

__all__ = ["OpenTabs"]

Told: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]


class OpenTabs:
    """What was opened of a panel, and what is known there.

    Args:
        instrument: The knobs.
        dataset: Images that were given to the panel.
        link: The link that it was opened with.
        shows: Called with the widgets of each tab, by its title, when another one was made.
        rests: Called, from any thread, when the worker begins or ends to rest or to wait for others.
    """

    def __init__(
        self,
        instrument: Instrument,
        dataset: Dataset | None,
        link: Link | None,
        shows: Callable[[dict[str, list[Any]]], None],
        rests: Callable[[], None],
    ) -> None:
        self._instrument, self._given, self._link = instrument, dataset, link
        self._shows, self._rests = shows, rests
        self._parts: Parts | None = None
        self._lock = threading.RLock()
        self.tabs: dict[str, list[Any]] = {}

    @property
    def worker(self) -> Worker | None:
        """The process behind all tabs; None before the first is opened."""
        return self._parts.worker if self._parts else None

    @property
    def session(self) -> TrainingSession | None:
        """The training that the tab Train shows."""
        trained = self._first("Train")
        return trained.session if trained else None

    @property
    def dataset(self) -> Dataset | None:
        """The images that are learnt from; None as long as nobody has given or seen any."""
        trained = self._first("Train")
        return (trained.dataset if trained else None) or self._given

    @property
    def images(self) -> Made | None:
        """The made set that is learnt from; None for the usual one that nobody has seen yet, and for other images."""
        if self.dataset is not None:
            return self.dataset.made
        return self._link.images if self._link else None

    @property
    def recipe(self) -> dict[str, Any]:
        """How to teach: as the Train tab says, if it was opened, or a link; else nothing."""
        if trained := self._first("Train"):
            whole: dict[str, Any] = trained.whole_recipe.to_dict()
            return whole
        if self._link and self._link.recipe:
            return {**self._link.recipe, "batch_size": self._instrument.batch_size}
        return {}

    def _first(self, title: str) -> Any:
        """The widget that fills a tab; None if it was not opened."""
        return self.tabs.get(title, (None,))[0]

    def open(self, title: str) -> Any:
        """The widget that fills a tab: it is made, and the worker started, when it is first asked for."""
        with self._lock:
            made = self.make(title)
            # If it cannot start, whoever asks it for something says so.
            with contextlib.suppress(OSError):
                if self.worker and title != SWEEP:
                    from unet_explorer.learning.turns import warm_ahead

                    warm_ahead(self.worker)
            return made[0]

    def make(self, title: str, attended: bool = True) -> list[Any]:
        """The widgets of a tab, without starting anything."""
        if title not in self.tabs:
            _, make = TABS[title]
            if self._parts is None:
                self._parts = self._first_parts()
            self.tabs[title] = make(self._parts._replace(attended=attended))
            self._shows(self.tabs)
        return self.tabs[title]

    def _first_parts(self) -> Parts:
        from unet_explorer.learning.process import Worker
        from unet_explorer.panel.tabs.chosen_image import ChosenImage
        from unet_explorer.panel.tabs.numbers import StepNumbers

        made, taught = (self._link.images, self._link.recipe) if self._link else (None, None)
        looked_at, worker = ChosenImage(self._given, made), Worker()
        worker.rests.connect(self._rests)
        numbers = StepNumbers(self._instrument, worker, looked_at, lambda: self.session)
        return Parts(
            instrument=self._instrument,
            worker=worker,
            dataset=self._given,
            chosen=looked_at,
            session=lambda: self.session,
            recipe=lambda: self.recipe,
            numbers=numbers,
            made=made,
            taught=taught,
        )

    def attend(self, shown: Callable[[], str]) -> None:
        """Tell all tabs whether somebody looks at them.

        Args:
            shown: The title of the one that is seen; asked once nobody else tells them.
        """
        with self._lock:
            for title, widgets in self.tabs.items():
                for widget in widgets:
                    if hasattr(widget, "attend"):
                        widget.attend(title == shown())
            if self._parts:
                self._parts.numbers.attend(shown() not in TABS)

    def content(self, config: UNetConfig, tile: tuple[int, int], told: Told) -> Content:
        """All that can be taken away: with the network, the tile, and what a page is told of the panel."""
        train, tiles, inside, sweep = (self._first(title) for title in ("Train", "Tile", "Inside", SWEEP))
        return Content(
            config=config,
            tile=tile,
            dataset=self.dataset,
            recipe=train.whole_recipe if train else None,
            session=self.session,
            image=self._parts.chosen.image if tiles and self._parts else None,
            maps=inside.view if inside else None,
            told=told,
            sweep=sweep.table if sweep else None,
        )

    @property
    def messages(self) -> Mapping[str, str]:
        """What went wrong last, by where it is said."""
        said = {}
        for title, widgets in self.tabs.items():
            for number, widget in enumerate(widgets):
                said[f"{title} {number + 1}" if number else title] = str(getattr(widget, "problem", ""))
        if self.session is not None:
            said["Training"] = f"{self.session.state}. {self.session.problem}".strip()
        return said

    @property
    def names(self) -> Iterable[str]:
        """What images and classes of one's own are called, which is nobody's business."""
        yield self._parts.chosen.title if self._parts else ""
        for each in (self.session.dataset if self.session else None, self.dataset, self._given):
            if each is not None and each.made is None:
                yield from (each.name, *each.titles, *each.classes)

    @property
    def widgets(self) -> list[Any]:
        """All that tabs are made of."""
        return [widget for made in self.tabs.values() for widget in made]

    def end(self) -> None:
        """End the worker; the tabs are closed by whoever shows them."""
        if self._parts is not None:
            self._parts.numbers.close()
            self._parts.worker.close()

    def let_go(self) -> None:
        """Hold no image any more."""
        if self._parts is not None:
            self._parts.chosen.close()
        self._parts, self._given, self.tabs = None, None, {}
