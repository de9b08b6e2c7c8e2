"""Real numbers for the step that is explained beside the U, once there is a network that has learnt."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from unet_explorer.core.tiles import ShapeError, read_tile, sides
from unet_explorer.data.mirror import mirrored
from unet_explorer.learning.process import Worker
from unet_explorer.learning.protocol import Answer
from unet_explorer.learning.requests import Requests, UnreachableError
from unet_explorer.learning.session import TrainingSession
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.chosen_image import ChosenImage, numbers_for_page, start_of, weights_of

__all__ = ["StepNumbers"]


class StepNumbers:
    """Asks the worker for the numbers around the shown step, while the design is looked at and its network rests.

    A network that is learning is left to learn: the Inside tab shows it live. Nothing is asked before a training, so
    that no worker is started for it.
    """

    def __init__(
        self,
        instrument: Instrument,
        worker: Worker,
        chosen: ChosenImage,
        session: Callable[[], TrainingSession | None],
    ) -> None:
        self._instrument, self._worker, self._chosen, self._session = instrument, worker, chosen, session
        self._lock = threading.RLock()
        self._requests = Requests(worker, self, self._lock)
        # A large image may have to be read, and no message from the browser shall wait for it.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="StepNumbers")
        self._attended = self._closed = False
        self._wanted: Any = None
        instrument.observe(self._turned, ["config", "tile", "shown"])
        chosen.changed.connect(self._soon)

    def attend(self, open_: bool) -> None:
        """Say whether anybody looks at the design."""
        self._attended = open_
        if not self._closed:
            self._thread.submit(self._ask if open_ else self._forget)

    def _turned(self, _: Any) -> None:
        self._soon()

    def _soon(self) -> None:
        if self._attended and not self._closed:
            self._thread.submit(self._ask)

    def _ask(self) -> None:
        instrument, session = self._instrument, self._session()
        tile, step = read_tile(instrument.tile), instrument.shown
        weights = weights_of(instrument, session)
        rests = session is not None and session.state not in {"starting", "running"} and bool(session.history.epochs)
        if not (self._attended and rests and weights["training"]):
            self._forget()
            return
        # It is read when it is first asked for, and has its number then.
        image, number = self._chosen.image, self._chosen.number
        wanted = (instrument.config, tile, step, weights, number, session and len(session.history.losses))
        if wanted != self._wanted:
            self._wanted = wanted
            try:
                config = instrument.design
                sides(config, tile)
                given = self._chosen.network_input(config.in_channels)
                height, width = image.shape[:2]
                shown = mirrored(given, (start_of(0.5, height, tile[0]), start_of(0.5, width, tile[1])), tile)
                self._requests.ask(
                    lambda request: {
                        "do": "maps",
                        "request": request,
                        "config": config.to_dict(),
                        "step": step,
                        "channel": -1,
                        "tile": shown,
                        **weights,
                    },
                    {"tile": list(tile), "classes": list(session.dataset.classes) if session else []},
                )
            # What it is about says so itself: the verdict, the tab Inside.
            except (ShapeError, ValueError, UnreachableError):
                self._forget()

    def _forget(self) -> None:
        self._wanted, asked = None, self._requests.current
        self._requests.drop()
        self._instrument.numbers = {}
        if asked and self._worker.process:
            # A paused network that goes on would be looked at again and again.
            with contextlib.suppress(UnreachableError):
                self._requests.post({"do": "stop_maps", "of": asked})

    def on_answer(self, answer: Answer, context: dict[str, Any]) -> None:
        """The numbers are there. Called by `Requests`, as the next three."""
        if answer["event"] == "numbers":
            self._instrument.numbers = numbers_for_page(answer) | context

    def on_ready(self) -> None:
        """Nothing to do."""

    def on_lost(self, reason: str) -> None:
        """The worker is gone: it is explained without numbers."""
        self._wanted = None
        self._instrument.numbers = {}

    def on_failed(self, reason: str) -> None:
        """There are none, say for want of memory."""
        self._instrument.numbers = {}

    def close(self) -> None:
        """Ask nothing more."""
        # ipywidgets closes a panel once more when it is thrown away.
        if self._closed:
            return
        self._closed, self._attended = True, False
        self._instrument.unobserve(self._turned, ["config", "tile", "shown"])
        self._chosen.changed.disconnect(self._soon)
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._requests.close()
