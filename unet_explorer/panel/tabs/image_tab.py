"""A tab that looks at the chosen image, with the network on the knobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory, fixed_bytes
from unet_explorer.learning.machine import available_memory, resident_memory
from unet_explorer.learning.process import Worker
from unet_explorer.learning.protocol import Answer, MapsRequest, PredictRequest
from unet_explorer.learning.requests import Requests, UnreachableError
from unet_explorer.learning.session import TrainingSession
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.background_tab import BackgroundTab
from unet_explorer.panel.tabs.chosen_image import ChosenImage

__all__ = ["ImageTab"]


class ImageTab(BackgroundTab):
    """What Tile and Inside have in common.

    Attributes:
        instrument: Where the browser finds the knobs, so that it can follow the tile by itself.
        options: Images that can be chosen, as [key, words].
        choice: Key of the one that is; empty for one from outside.
        title: What it is called.
        state: ``"new"``, ``"starting"`` (the worker imports TensorFlow), ``"working"``, ``"done"`` or ``"failed"``.
    """

    instrument = traitlets.Unicode("").tag(sync=True)
    options: Any = traitlets.List().tag(sync=True)
    choice = traitlets.Unicode("").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode("new").tag(sync=True)

    def __init__(
        self,
        instrument: Instrument,
        worker: Worker,
        chosen: ChosenImage,
        session: Callable[[], TrainingSession | None],
        attended: bool = True,
    ) -> None:
        self._instrument, self._worker, self._chosen, self._session = instrument, worker, chosen, session
        self._attended = attended
        # The path that was opened last; empty if the file came from the browser.
        self._tried = ""
        super().__init__(instrument=f"anywidget:{instrument.model_id}")
        self._requests = Requests(worker, self, self._lock)
        chosen.changed.connect(self._due.set)
        instrument.observe(self._turned, ["config", "tile", "shown"])
        self._due.set()

    def _turned(self, _: Any) -> None:
        self._due.set()

    def attend(self, open_: bool) -> None:
        """Say whether anybody looks at it."""
        self._attended = open_
        self._due.set()

    def _do_choose(self, request: dict[str, Any]) -> None:
        self._chosen.choose(str(request.get("key")))

    def _do_open(self, request: dict[str, Any]) -> None:
        self._tried = str(request.get("path"))
        self._chosen.open(self._tried)

    def _do_answer(self, request: dict[str, Any]) -> None:
        """Read the same file again, with what has been said of it."""
        said = {name: request.get("value") for name in ("planes", "plane") if name == request.get("option")}
        if self._tried:
            self._chosen.open(self._tried, **said)
        else:
            self._receive(**said)

    def _receive(self, **said: Any) -> None:
        self._tried = ""
        with self._upload.file() as path:
            self._chosen.open(str(path), **said)

    def _show_choice(self) -> None:
        chosen = self._chosen
        _ = chosen.image
        choice = chosen.options(), chosen.key, chosen.title
        with self.hold_sync():
            self.options, self.choice, self.title = choice

    def _check_room(self, config: UNetConfig, tile: tuple[int, int], kept: int = 0) -> None:
        """Refuse a tile that there is no memory for, `kept` bytes beside it included.

        Raises:
            ValueError: In words.
        """
        needed = estimate_memory(config, tile)["total"] + kept
        # A worker that is up already holds what TensorFlow itself takes; what else it holds, others need.
        runtime = fixed_bytes(config, training=False)["runtime"]
        free = available_memory() + min(runtime, resident_memory(self._worker.process))
        if needed > free:
            raise ValueError(
                f"A tile of {tile[0]} × {tile[1]} takes {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free: take "
                "a smaller tile, or fewer filters."
            )

    def _ask(self, make: Callable[[str], MapsRequest | PredictRequest], context: Any) -> None:
        """Send the next request; only what answers it is shown from now on.

        Raises:
            UnreachableError: If the worker cannot be reached.
        """
        with self._lock:
            self.problem, self.state = "", "working" if self._worker.warm else "starting"
        try:
            self._requests.ask(make, context)
        except UnreachableError as error:
            self.on_failed(str(error))
            raise

    def on_ready(self) -> None:
        """The worker has imported TensorFlow. Called by `Requests`, as the next three."""
        if self.state == "starting":
            self.state = "working"
        self._due.set()

    def on_lost(self, reason: str) -> None:
        """The worker is gone, and with it what was asked."""
        if self._requests.waiting:
            self.on_failed(reason)

    def on_failed(self, reason: str) -> None:
        """The latest request was refused, or went wrong."""
        with self._lock:
            self.problem, self.state = reason, "failed"
        self._due.set()

    def on_answer(self, answer: Answer, context: Any) -> None:
        """An answer to the latest request, and what that was about."""
        self.problem = ""

    def _shut(self) -> None:
        self._requests.close()
        self._instrument.unobserve(self._turned, ["config", "tile", "shown"])
        self._chosen.changed.disconnect(self._due.set)
