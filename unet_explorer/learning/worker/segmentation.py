"""Predicting an image in tiles, and in one piece to compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiling import Tiling
from unet_explorer.learning.messages import Message
from unet_explorer.learning.worker.networks import Networks, one_piece
from unet_explorer.predict.predict import classes_of
from unet_explorer.predict.seams import seams, tiled

__all__ = ["Segmenting"]

_OFTEN: Final = 0.1
"""Seconds between two reports of tiles."""


class Segmenting:
    """An image that is predicted tile by tile.

    Args:
        tell: Sends a message.
        networks: Where networks are taken from.
    """

    def __init__(self, tell: Callable[[Message], None], networks: Networks) -> None:
        self._tell, self._networks = tell, networks
        self._told = 0.0

    def segment(self, message: Message) -> Iterator[None]:
        """Predict it, and let others have a turn after every batch of tiles."""
        start = time.perf_counter()
        config = UNetConfig.from_dict(message["config"])
        model, at = self._networks.take(message, still=True)
        best = not self._networks.live(message["training"])
        shape = message["image"].shape
        one = Tiling(config, shape, one_piece(config, shape))
        many = Tiling(config, shape, tuple(message["size"]), seamless=message["seamless"])
        total = len(one) + len(many)
        wanted = yield from self._predicted(message, model, one, 0, total)
        found = yield from self._predicted(message, model, many, len(one), total)
        labels = {"labels": classes_of(found, config), "wanted": classes_of(wanted, config)}
        told = {"event": "segmented", "request": message["request"], "at": at, "best": best, "pieces": len(one)}
        result = seams(found, wanted, config)._asdict()
        self._tell({**told, **labels, **result, "seconds": time.perf_counter() - start})

    def _predicted(
        self, message: Message, model: keras.Model, tiling: Tiling, before: int, total: int
    ) -> Generator[None, None, NDArray[np.float32]]:
        for done in tiled(model, message["image"], tiling):
            if isinstance(done, np.ndarray):
                return done
            self._tell_progress(message, before + done, total)
            yield
        raise AssertionError("tiles end in the image")

    def _tell_progress(self, message: Message, done: int, total: int) -> None:
        if time.perf_counter() < self._told + _OFTEN:
            return
        self._told = time.perf_counter()
        self._tell({"event": "segmenting", "request": message["request"], "done": done, "total": total})
