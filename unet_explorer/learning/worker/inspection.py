"""Looking inside a network: once, or again and again while it learns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import plan
from unet_explorer.learning.messages import Message
from unet_explorer.learning.worker.activations import patch, view, walk
from unet_explorer.learning.worker.map_cache import Looks
from unet_explorer.learning.worker.networks import Networks
from unet_explorer.learning.worker.task import Task

__all__ = ["Looking"]

_MOMENT: Final = 0.05
"""Seconds that a look goes on before others have a turn."""
_PAUSE: Final = 0.4
"""Seconds between two looks inside a network that learns, at least,"""
_SHARE: Final = 4
"""and so many times what a look takes."""


class Looking:
    """The maps behind a step of a network.

    Those of a network that rests are all made at the first look, and kept; a look waits for no more than it needs.

    Args:
        tell: Sends a message.
        failed: Told the request and the error, if a look goes wrong.
        networks: Where networks are taken from.
    """

    def __init__(
        self, tell: Callable[[Message], None], failed: Callable[[Message, Exception], None], networks: Networks
    ) -> None:
        self._tell, self._networks = tell, networks
        self._look, self._making = Task(failed), Task(failed)
        self._kept = Looks()
        self._watched: Message | None = None
        self._held = ""
        self._next = 0.0

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being asked."""
        return self._look.busy or self._making.busy

    @property
    def holds(self) -> str:
        """The training that waits for a look to end, or its maps would be of several networks; may be empty."""
        return self._held if self._look.busy else ""

    def look(self, message: Message) -> None:
        """The maps behind a step; and again after each step of learning, or now and then where those are quick."""
        self._watched = None
        self._start(message)

    def look_again(self, training: str, at_once: bool) -> None:
        """A step was learnt: look, if somebody watches and it is time, or in any case `at_once`."""
        if self._kept.key and self._kept.key[1] == training:
            # Made while it rested.
            self._forget()
        watched = self._watched
        due = at_once or time.perf_counter() > self._next
        if watched and watched["training"] == training and due and not self._look.busy:
            self._start(watched)
            if at_once:
                # Before the network is let go, or the next step is taken.
                self.finish(training)

    def finish(self, training: str) -> None:
        """End a look inside a network that learns, before it takes a step."""
        while self.holds == training:
            self._look.advance()

    def look_away(self) -> None:
        """Nobody looks any more."""
        self._watched = None
        self._look.leave()
        self._forget()

    def advance(self) -> None:
        """Go on with a look for a moment; if none is left to do, make the next of the maps that are kept."""
        end = time.perf_counter() + _MOMENT
        self._look.advance()
        while self._look.busy and time.perf_counter() < end:
            self._look.advance()
        if not self._look.busy:
            self._making.advance()

    def _forget(self) -> None:
        self._making.leave()
        self._kept.forget()

    def _start(self, message: Message) -> None:
        self._held = message["training"]
        self._look.start(self._looked(message), message)

    def _looked(self, message: Message) -> Iterator[None]:
        config = UNetConfig.from_dict(message["config"])
        start = time.perf_counter()
        model, at = self._networks.take(message)
        live, learns = self._networks.live(message["training"]), self._networks.learns(message["training"])
        step, channel = message["step"], message["channel"]
        joined = next((each.inputs for each in plan(config) if each.name == step and len(each.inputs) > 1), None)
        names = joined or (step,)
        if learns:
            self._forget()
        elif self._kept.key != (key := (message["config"], message["training"], at, message["tile"].tobytes())):
            self._making.start(self._kept.make(key, model, config, message["tile"]), {"do": "look", "request": ""})
        # What rests is kept as it is made, once, also while a look waits for it.
        while self._making.busy and any(map(self._kept.ahead, names)):
            self._making.advance()
            yield
        views = [each for each in (self._kept.view(name, channel) for name in names) if each is not None]
        if len(views) == len(names):
            numbers = self._kept.patch(step, channel)
        else:
            found = {step: message["tile"]}
            for last, maps in walk(model, config, message["tile"], step):
                if last.name == step:
                    found = {name: np.asarray(maps[name])[0] for name in (*last.inputs, step)}
                yield
            views, numbers = [view(found[name], channel) for name in names], patch(config, step, found, channel)
        told = {"event": "maps", "request": message["request"], "step": step, "at": at, "patch": numbers}
        named = [{"step": name, **each} for name, each in zip(names, views, strict=True)]
        self._tell({**told, "best": not live, "views": named})
        self._next = time.perf_counter() + max(_PAUSE, _SHARE * (time.perf_counter() - start))
        if live:
            self._watched = message
