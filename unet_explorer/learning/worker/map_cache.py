"""All maps of a network that rests, made once and kept small, so that any step is there as soon as it is asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import plan
from unet_explorer.learning.map_grid import cell_of
from unet_explorer.learning.protocol import MAP_CACHE_BYTES
from unet_explorer.learning.worker.activations import (
    dead,
    eight_bits,
    range_of,
    thumbs_of,
    walk,
    wanted_channel,
)

if TYPE_CHECKING:
    import keras

__all__ = ["MapCache"]


class _Kept(NamedTuple):
    """The maps behind a step, in 8 bits."""

    whole: NDArray[np.uint8]
    thumbs: NDArray[np.uint8]
    scale: int
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def view(self, channel: int) -> dict[str, Any]:
        """The same as `activations.view`."""
        height, width, channels = self.whole.shape
        channel = wanted_channel(channel, self.low, self.high)
        return {
            "height": height,
            "width": width,
            "channels": channels,
            "channel": channel,
            "scale": self.scale,
            "cell": cell_of(channels),
            "thumbs": self.thumbs,
            "whole": np.ascontiguousarray(self.whole[..., channel]),
            "low": self.low,
            "high": self.high,
            "dead": dead(self.low, self.high, height * width),
        }


class MapCache:
    """Maps of one network for one tile."""

    def __init__(self) -> None:
        self.key: Any = None
        self._kept: dict[str, _Kept] = {}
        self._due: set[str] = set()
        self._bytes = 0

    def clear(self) -> None:
        """Keep nothing."""
        self.key, self._kept, self._due, self._bytes = None, {}, set(), 0

    def fill(self, key: Any, model: keras.Model, config: UNetConfig, tile: NDArray[np.float32]) -> Iterator[None]:
        """Compute all maps, and let others have a turn after every step; what would take too much room is left out.

        Args:
            key: What tells this network and this tile from others.
            model: The network.
            config: Its design.
            tile: (height, width, channels), as the network is given it.
        """
        self.clear()
        self.key, self._due = key, {step.name for step in plan(config)}
        return self._fill(model, config, tile)

    def _fill(self, model: keras.Model, config: UNetConfig, tile: NDArray[np.float32]) -> Iterator[None]:
        for step, maps in walk(model, config, tile, plan(config)[-1].name):
            output = maps[step.name][0]
            size = math.prod(output.shape)
            if self._bytes + size <= MAP_CACHE_BYTES:
                self._bytes += size
                low, high = range_of(output)
                thumbs, scale = thumbs_of(output, low, high)
                self._kept[step.name] = _Kept(eight_bits(output, low, high), thumbs, scale, low, high)
            self._due.discard(step.name)
            yield

    def is_due(self, name: str) -> bool:
        """Whether a step's maps are still to be made."""
        return name in self._due

    def view(self, name: str, channel: int) -> dict[str, Any] | None:
        """The maps behind a step; None if they are not kept."""
        kept = self._kept.get(name)
        return None if kept is None else kept.view(channel)
