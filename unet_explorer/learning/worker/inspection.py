"""The maps inside a network: sent once, or again and again while it is being trained."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import plan
from unet_explorer.learning.protocol import Event, MapsRequest, MapView, Request
from unet_explorer.learning.worker.activations import view, walk
from unet_explorer.learning.worker.map_cache import MapCache
from unet_explorer.learning.worker.networks import Networks
from unet_explorer.learning.worker.patches import FOLLOWED, patch
from unet_explorer.learning.worker.task import Task

if TYPE_CHECKING:
    import keras

__all__ = ["Inspector"]

_SLICE: Final = 0.05
"""Seconds that computing maps goes on before others have a turn."""
_PAUSE: Final = 0.4
"""Seconds between two sets of maps of a network in training, at least."""
_SHARE: Final = 4
"""The same pause is at least so many times what computing the maps takes."""


class Inspector:
    """Computes the maps behind a step of a network, and sends them.

    Of a network that is not being trained, all maps are computed at the first request and kept; a request waits for no
    more of them than it needs.

    Args:
        send: Sends an event to the notebook.
        fail: Called with the request and the error, if it goes wrong.
        networks: Where networks are taken from.
    """

    def __init__(
        self, send: Callable[[Event], None], fail: Callable[[Request, Exception], None], networks: Networks
    ) -> None:
        self._send, self._networks = send, networks
        self._sending = Task(fail)
        # What cannot be computed ahead is computed, and fails in words, once it is asked for.
        self._caching = Task(lambda *_: None)
        self._cache = MapCache()
        self._watched: MapsRequest | None = None
        self._network = self._asked = ""
        self._next = 0.0

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being asked."""
        return self._sending.busy or self._caching.busy

    @property
    def holds(self) -> str:
        """The training that must wait, or its maps would be of several networks; empty if there is none."""
        return self._network if self._sending.busy else ""

    def show(self, request: MapsRequest) -> None:
        """Send the maps behind a step; of a network in training, again now and then, or after each single step."""
        self._watched = None
        self._start(request)

    def follow(self, training: str, at_once: bool) -> None:
        """A step was learnt: send maps if somebody watches this network and it is time, or in any case `at_once`."""
        if self._cache.key and self._cache.key[1] == training:
            # Its maps were computed while it was paused.
            self._forget()
        watched = self._watched
        due = at_once or time.perf_counter() > self._next
        if watched and watched["training"] == training and due and not self._sending.busy:
            self._start(watched)
            if at_once:
                # Before the network is let go, or the next step is taken.
                self.finish(training)

    def finish(self, training: str) -> None:
        """Send what is due of a network in training, before it takes a step."""
        while self.holds == training:
            self._sending.advance()

    def stop(self, of: str) -> None:
        """Send no more and keep nothing, unless the latest request is another one; empty means any."""
        if of and of != self._asked:
            return
        self._watched = None
        self._sending.leave()
        self._forget()

    def advance(self) -> None:
        """Compute for a moment what was asked for; if nothing is left of it, the next of the maps that are kept."""
        end = time.perf_counter() + _SLICE
        self._sending.advance()
        while self._sending.busy and time.perf_counter() < end:
            self._sending.advance()
        if not self._sending.busy:
            self._caching.advance()

    def _forget(self) -> None:
        self._caching.leave()
        self._cache.clear()

    def _start(self, request: MapsRequest) -> None:
        self._network, self._asked = request["training"], request["request"]
        self._sending.start(self._compute(request), request)

    def _compute(self, request: MapsRequest) -> Iterator[None]:
        config = UNetConfig.from_dict(request["config"])
        start = time.perf_counter()
        model, at = self._networks.find(request)
        live, learns = self._networks.live(request["training"]), self._networks.learns(request["training"])
        step, channel, tile = request["step"], request["channel"], request["tile"]
        joined = next((each.inputs for each in plan(config) if each.name == step and len(each.inputs) > 1), None)
        names = joined or (step,)
        if learns:
            self._forget()
        elif self._cache.key != (key := (request["config"], request["training"], at, tile.tobytes())):
            self._caching.start(self._cache.fill(key, model, config, tile), request)
        # What is kept is computed once, also while a request waits for it.
        while self._caching.busy and any(map(self._cache.is_due, names)):
            self._caching.advance()
            yield
        views = [each for each in (self._cache.view(name, channel) for name in names) if each is not None]
        computed: dict[str, Any] = {}
        if len(views) < len(names):
            for _ in self._walk(model, config, tile, step, computed):
                yield
            views = [view(computed[name], channel) for name in names]
        self._send(
            {
                "event": "maps",
                "request": request["request"],
                "step": step,
                "at": at,
                "best": not live,
                "views": [cast("MapView", {"step": name, **each}) for name, each in zip(names, views, strict=True)],
            }
        )
        yield
        one = next((each for each in plan(config) if each.name == step and each.op in FOLLOWED), None)
        if one and not computed:
            # Of what is kept in 8 bits no sum could be followed.
            for _ in self._walk(model, config, tile, step, computed):
                yield
        shown = views[-1]["channel"]
        numbers = patch(model, one, computed[one.inputs[0]], computed[step], shown) if one else {}
        self._send(
            {"event": "numbers", "request": request["request"], "step": step, "channel": shown, "numbers": numbers}
        )
        self._next = time.perf_counter() + max(_PAUSE, _SHARE * (time.perf_counter() - start))
        if live:
            self._watched = request

    @staticmethod
    def _walk(model: keras.Model, config: UNetConfig, tile: Any, step: str, computed: dict[str, Any]) -> Iterator[None]:
        """Compute the maps behind a step, and those before it, into `computed`."""
        computed[step] = tile
        for last, maps in walk(model, config, tile, step):
            if last.name == step:
                computed.update({name: np.asarray(maps[name])[0] for name in (*last.inputs, step)})
            yield
