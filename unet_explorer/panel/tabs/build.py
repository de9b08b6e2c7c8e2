"""The Build tab: makes the network in Keras, and holds the picture against it."""

from __future__ import annotations

import threading
from typing import Any

import anywidget
import traitlets

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.script import to_script
from unet_explorer.core.tiles import ShapeError, read_tile
from unet_explorer.drawing.graph import GraphError, graph_svg
from unet_explorer.learning.messages import Message
from unet_explorer.learning.process import Worker
from unet_explorer.learning.proof import prove
from unet_explorer.panel.assets import script, style
from unet_explorer.panel.instrument.widget import Instrument

__all__ = ["BuildTab"]


class BuildTab(anywidget.AnyWidget):  # type: ignore[misc]
    """Build and prove. Its traits are the truth; the browser only shows them.

    Attributes:
        wish: ``{"number": n, "do": "build"}``: what was asked for last in the browser.
        state: ``"new"``, ``"starting"`` (the worker imports TensorFlow), ``"building"``, ``"built"`` or ``"failed"``.
        problem: Why it failed, in words.
        result: What came of it: design, totals, Keras's summary, the source, and the layer graph.
        differs: Whether the knobs show another design by now.
    """

    _esm = script("tabs/build.js")
    _css = style("lib/base.css", "tabs/tabs.css")

    wish = traitlets.Dict().tag(sync=True)
    state = traitlets.Unicode("new").tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    result = traitlets.Dict().tag(sync=True)
    differs = traitlets.Bool(False).tag(sync=True)

    def __init__(self, instrument: Instrument, worker: Worker) -> None:
        self._instrument, self._worker = instrument, worker
        self._lock = threading.RLock()
        self._request = 0
        self._design: tuple[UNetConfig, tuple[int, int]] | None = None
        super().__init__()
        worker.listeners.append(self._hear)
        instrument.observe(self._compare, ["config", "tile"])

    @traitlets.observe("wish")
    def _grant(self, _: Any) -> None:
        if self.wish.get("do") == "build":
            self.build()

    def build(self) -> None:
        """Build the design that the knobs show, in the worker."""
        with self._lock:
            config, tile = self._instrument.design, read_tile(self._instrument.tile)
            self._request += 1
            self._design = config, tile
            self.problem = ""
            self.state = "building" if self._worker.warm else "starting"
            try:
                self._ask(config, tile)
            except ShapeError as error:
                self._fail(str(error))
            except OSError as error:
                self._fail(f"The worker cannot be started ({error.strerror or error}).")

    def _ask(self, config: UNetConfig, tile: tuple[int, int]) -> None:
        to_script(config, tile)
        request = {"do": "build", "config": config.to_dict(), "tile": list(tile), "request": self._request}
        self._worker.send(request)

    def _hear(self, message: Message) -> None:
        with self._lock:
            if self.state not in {"starting", "building"}:
                return
            event = message["event"]
            if event == "ready":
                self.state = "building"
            elif event == "lost":
                self._fail(message["words"])
            elif message.get("request") != self._request:
                return
            elif event == "failed":
                self._fail(message["words"])
            elif event == "built":
                self._show(message)

    def _fail(self, words: str) -> None:
        self.problem, self.state = words, "failed"

    def _show(self, message: Message) -> None:
        assert self._design is not None
        config, tile = self._design
        proof = prove(config, tile, message["layers"])
        design = {"config": config.to_dict(), "tile": list(tile)}
        try:
            graph, missing = graph_svg(config, tile), ""
        except GraphError as error:
            graph, missing = "", str(error)
        self._instrument.proof = {**design, "steps": {check.step: check.words for check in proof}}
        with self.hold_sync():
            self.result = {
                **design,
                "proof": [check._asdict() for check in proof],
                "parameters": message["parameters"],
                "summary": message["summary"],
                "script": to_script(config, tile),
                "graph": graph,
                "no_graph": missing,
            }
            self.state = "built"
        self._compare(None)

    def _compare(self, _: Any) -> None:
        shown = self._instrument.config, list(self._instrument.tile)
        self.differs = bool(self.result) and shown != (self.result["config"], self.result["tile"])

    def close(self) -> None:
        """Remove it, in the browser and here."""
        # ipywidgets closes once more when the object is thrown away.
        if self._hear in self._worker.listeners:
            self._worker.listeners.remove(self._hear)
            self._instrument.unobserve(self._compare, ["config", "tile"])
        super().close()
