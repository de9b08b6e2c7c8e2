"""Which network is looked at, and how large a piece of an image it may be given at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import keras

from unet_explorer.core.budget import best_tile
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory, fixed_bytes
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.learning.machine import available_memory
from unet_explorer.learning.protocol import Network
from unet_explorer.learning.saved import best_step
from unet_explorer.learning.store import Arrays, Store
from unet_explorer.learning.worker.training import Training
from unet_explorer.model import build_model

__all__ = ["Networks", "one_piece"]

_SPARE: Final = 0.5
"""Share of the free memory that an image in one piece may take."""


class Networks:
    """The networks that are looked at: one that learns, one that has learnt, or a fresh one.

    The last one that was built for looking is kept.

    Args:
        trainings: The trainings there are, by name.
    """

    def __init__(self, trainings: dict[str, Training]) -> None:
        self._trainings = trainings
        self._kept: tuple[Any, keras.Model, int] | None = None

    def live(self, training: str) -> bool:
        """Whether it is the name of a training that goes on, or waits for the next step."""
        return training in self._trainings

    def learns(self, training: str) -> bool:
        """Whether its network changes by itself."""
        return self.live(training) and self._trainings[training].running

    def find(self, wanted: Network, *, still: bool = False) -> tuple[keras.Model, int]:
        """The network that is meant, and after how many steps of learning it is; 0 if it is fresh.

        Args:
            wanted: Its design, and whose weights it has.
            still: Of one that learns, a copy, which learns no more: parts of one image must not be of two networks.
        """
        running = self._trainings.get(wanted["training"])
        if running:
            live = running.learner.model
            return (_copy(live, wanted["config"]) if still else live), running.learner.step
        store = Store(Path(wanted["folder"])) if wanted["folder"] else None
        at = best_step(store) if store else 0
        key = (wanted["config"], wanted["training"], at)
        if self._kept is None or self._kept[0] != key:
            saved, at = _newest_whole(store, at) if store and at else (None, 0)
            # Always the same, or a class could not speak about what it sees; and those that a training began with.
            order = (store.read("order.json") if store else None) or {"recipe": {"seed": 0}}
            keras.utils.set_random_seed(order["recipe"]["seed"])
            model = build_model(UNetConfig.from_dict(wanted["config"]))
            if saved:
                model.set_weights([saved[f"weight{number}"] for number in range(len(model.weights))])
            self._kept = key, model, at
        return self._kept[1], self._kept[2]


def _newest_whole(store: Store, best: int) -> tuple[Arrays | None, int]:
    """The best weights, or the latest if those are damaged, and after how many steps they are; 0 if there are none."""
    saved = store.read_arrays("best.npz")
    if saved is None and (saved := store.read_arrays("last.npz")) is not None:
        best = int(saved["step"])
    return saved, best if saved else 0


def _copy(model: keras.Model, config: dict[str, Any]) -> keras.Model:
    copied = build_model(UNetConfig.from_dict(config))
    copied.set_weights(model.get_weights())
    return copied


def one_piece(config: UNetConfig, shape: tuple[int, ...]) -> tuple[int, int]:
    """The whole image in one tile; if there is no memory for that, the least wasteful tile that there is room for."""
    whole = tile_for_output(config, shape[0]), tile_for_output(config, shape[1])
    fixed = sum(fixed_bytes(config, training=False).values())
    limit = fixed + int(_SPARE * available_memory())
    if estimate_memory(config, whole)["total"] <= limit:
        return whole
    smaller = best_tile(config, shape, limit)
    if smaller is None:
        raise MemoryError
    return smaller
