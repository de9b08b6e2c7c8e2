"""A tab that looks at the chosen image, with the network on the knobs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import traitlets

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory, fixed_bytes
from unet_explorer.learning.machine import available_memory, resident_memory
from unet_explorer.learning.messages import Message
from unet_explorer.learning.process import Worker
from unet_explorer.learning.session import TrainingSession
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.chosen import ChosenImage
from unet_explorer.panel.tabs.working import WorkingTab

__all__ = ["ImageTab"]


class ImageTab(WorkingTab):
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
    ) -> None:
        self._instrument, self._worker, self._chosen, self._session = instrument, worker, chosen, session
        self._request, self._answered = 0, True
        self._sending = threading.Lock()
        self._context: Any = None
        self._attended = True
        super().__init__(instrument=f"anywidget:{instrument.model_id}")
        worker.listeners.append(self._listen)
        chosen.listeners.append(self._due.set)
        instrument.observe(self._turned, ["config", "tile", "selected"])
        self._due.set()

    def _turned(self, _: Any) -> None:
        self._due.set()

    def attend(self, open_: bool) -> None:
        """Say whether anybody looks at it."""
        self._attended = open_
        self._due.set()

    def _do_choose(self, wish: dict[str, Any]) -> None:
        self._chosen.choose(str(wish.get("key")))

    def _do_open(self, wish: dict[str, Any]) -> None:
        self._chosen.open(str(wish.get("path")))

    def _receive(self) -> None:
        with self._upload.file() as path:
            self._chosen.open(str(path))

    def _show_choice(self) -> None:
        chosen = self._chosen
        _ = chosen.image
        told = chosen.options(), chosen.key, chosen.title
        with self.hold_sync():
            self.options, self.choice, self.title = told

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

    def _ask(self, message: Message, context: Any) -> None:
        """Send a request of a new number; only its answers count from now on, and they are of this context.

        One that was closed asks nothing: its request would take the place of what is asked by whoever came after it.

        Raises:
            ValueError: If the worker cannot be reached, in words.
        """
        try:
            # What was asked later must not arrive earlier.
            with self._sending:
                if self._closed:
                    return
                with self._lock:
                    self._request += 1
                    self._context, self._answered = context, False
                    name = f"{type(self).__name__} {self._request}"
                    self.problem, self.state = "", "working" if self._worker.warm else "starting"
                self._worker.send({**message, "request": name})
        except OSError as error:
            words = f"The worker cannot be started ({error.strerror or error})."
            self._fail(words)
            raise ValueError(words) from None

    def _fail(self, words: str) -> None:
        with self._lock:
            self.problem, self.state, self._answered = words, "failed", True

    def _listen(self, message: Message) -> None:
        with self._lock:
            event = message["event"]
            if event == "lost":
                self._forget()
            if event == "ready":
                self.state = "working" if self.state == "starting" else self.state
                self._due.set()
            elif event == "lost" and self.state in {"starting", "working"}:
                self._fail(message["words"])
            elif message.get("request") == f"{type(self).__name__} {self._request}":
                if event == "failed":
                    self._fail(message["words"])
                    self._due.set()
                else:
                    self.problem = ""
                    self._answered = True
                    self._hear(message, self._context)

    def _hear(self, message: Message, context: Any) -> None:
        """An answer to the latest request, and what that was about."""

    def _forget(self) -> None:
        """The worker is gone, and with it what was asked."""

    def _shut(self) -> None:
        with self._sending:
            pass  # what was just being asked is asked now, not later
        self._instrument.unobserve(self._turned, ["config", "tile", "selected"])
        if self._listen in self._worker.listeners:
            self._worker.listeners.remove(self._listen)
        if self._due.set in self._chosen.listeners:
            self._chosen.listeners.remove(self._due.set)
