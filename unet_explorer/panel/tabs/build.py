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
from unet_explorer.learning.process import Worker
from unet_explorer.learning.proof import prove
from unet_explorer.learning.protocol import Answer, Built
from unet_explorer.learning.requests import Requests, UnreachableError
from unet_explorer.panel.assets import script
from unet_explorer.panel.closing import forget
from unet_explorer.panel.instrument.widget import Instrument

__all__ = ["BuildTab"]


class BuildTab(anywidget.AnyWidget):  # type: ignore[misc]
    """Build and prove. Its traits are the truth; the browser only shows them.

    Attributes:
        request: ``{"number": n, "do": "build"}``: what was asked for last in the browser.
        state: ``"new"``, ``"starting"`` (the worker imports TensorFlow), ``"building"``, ``"built"`` or ``"failed"``.
        problem: Why it failed, in words.
        result: What came of it: design, totals, Keras's summary, the source, and the layer graph.
        differs: Whether the knobs show another design by now.
    """

    _esm = script("tabs/build.js")

    request = traitlets.Dict().tag(sync=True)
    state = traitlets.Unicode("new").tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    result = traitlets.Dict().tag(sync=True)
    differs = traitlets.Bool(False).tag(sync=True)

    def __init__(self, instrument: Instrument, worker: Worker) -> None:
        self._instrument, self._worker = instrument, worker
        self._lock = threading.RLock()
        self._closed = False
        self._requests = Requests(worker, self, self._lock)
        super().__init__()
        instrument.observe(self._compare, ["config", "tile"])

    @traitlets.observe("request")
    def _serve(self, _: Any) -> None:
        if self.request.get("do") == "build":
            self.build()

    def build(self) -> None:
        """Build the design that the knobs show, in the worker."""
        with self._lock:
            config, tile = self._instrument.design, read_tile(self._instrument.tile)
            self.problem = ""
            self.state = "building" if self._worker.warm else "starting"
        try:
            # A tile that does not fit is refused in words, before anything is sent.
            to_script(config, tile)
            self._requests.ask(
                lambda request: {"do": "build", "request": request, "config": config.to_dict(), "tile": list(tile)},
                (config, tile),
            )
        except (ShapeError, UnreachableError) as error:
            self.on_failed(str(error))

    def on_ready(self) -> None:
        """The worker has imported TensorFlow. Called by `Requests`, as the next three."""
        if self.state == "starting":
            self.state = "building"

    def on_lost(self, reason: str) -> None:
        """The worker is gone."""
        if self._requests.waiting:
            self.on_failed(reason)

    def on_failed(self, reason: str) -> None:
        """It was not built."""
        self.problem, self.state = reason, "failed"

    def on_answer(self, answer: Answer, context: tuple[UNetConfig, tuple[int, int]]) -> None:
        """It was built."""
        if answer["event"] == "built":
            self._show(answer, *context)

    def _show(self, built: Built, config: UNetConfig, tile: tuple[int, int]) -> None:
        proof = prove(config, tile, built["layers"])
        design = {"config": config.to_dict(), "tile": list(tile)}
        try:
            graph, missing = graph_svg(config, tile), ""
        except GraphError as error:
            graph, missing = "", str(error)
        self._instrument.proof = {**design, "steps": {check.step: check.difference for check in proof}}
        with self.hold_sync():
            self.result = {
                **design,
                "proof": [check._asdict() for check in proof],
                "parameters": built["parameters"],
                "summary": built["summary"],
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
        if not self._closed:
            self._closed = True
            self._requests.close()
            self._instrument.unobserve(self._compare, ["config", "tile"])
            super().close()
            forget(self)
        super().close()
