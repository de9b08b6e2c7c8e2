"""Segmenting an image in tiles, and in one piece to compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiling import Tiling
from unet_explorer.learning.protocol import SCORES_BYTES, Event, PredictRequest, ProbabilitiesRequest
from unet_explorer.learning.worker.networks import Networks, one_piece
from unet_explorer.predict.scores import classes_of, probabilities
from unet_explorer.predict.seams import seams, tiled

__all__ = ["GoneError", "Segmentation"]

_REPORT_INTERVAL: Final = 0.1
"""Seconds between two reports of how many tiles are done."""


class GoneError(LookupError):
    """What is asked for was kept for a while, and is not here any more."""


class Segmentation:
    """Predicts an image tile by tile.

    Args:
        send: Sends an event to the notebook.
        networks: Where networks are taken from.
    """

    def __init__(self, send: Callable[[Event], None], networks: Networks) -> None:
        self._send, self._networks = send, networks
        self._reported = 0.0
        self._kept: tuple[str, UNetConfig, NDArray[np.float32]] | None = None

    def predict(self, request: PredictRequest) -> Iterator[None]:
        """Predict it, and let others have a turn after every batch of tiles."""
        start = time.perf_counter()
        config = UNetConfig.from_dict(request["config"])
        model, at = self._networks.find(request, still=True)
        best = not self._networks.live(request["training"])
        shape = request["image"].shape
        height, width = request["size"]
        whole = Tiling(config, shape, one_piece(config, shape))
        tiles = Tiling(config, shape, (height, width), seamless=request["seamless"])
        total = len(whole) + len(tiles)
        in_one = yield from self._scores(request, model, whole, 0, total)
        in_tiles = yield from self._scores(request, model, tiles, len(whole), total)
        difference = seams(in_tiles, in_one, config)
        self._kept = (request["request"], config, in_tiles) if in_tiles.nbytes <= SCORES_BYTES else None
        self._send(
            {
                "event": "predicted",
                "request": request["request"],
                "labels": classes_of(in_tiles, config),
                "wanted": classes_of(in_one, config),
                "difference": difference.image,
                "flipped": difference.flipped,
                "largest": difference.largest,
                "scale": difference.scale,
                "pieces": len(whole),
                "at": at,
                "best": best,
                "seconds": time.perf_counter() - start,
            }
        )

    def send_probabilities(self, request: ProbabilitiesRequest) -> None:
        """Send those of the last prediction.

        Raises:
            GoneError: If another one was made since, or they were too large to be kept.
        """
        if self._kept is None or self._kept[0] != request["of"]:
            raise GoneError(
                f"The probabilities are not here any more, or were more than {SCORES_BYTES / 1e6:.0f} MB: predict the "
                'image again; or in a cell, predict_image(panel.model(), path, out="p.tif", save="probabilities").'
            )
        _, config, scores = self._kept
        shares = probabilities(scores, config)
        self._send({"event": "probabilities", "request": request["request"], "shares": shares})

    def _scores(
        self, request: PredictRequest, model: keras.Model, tiling: Tiling, before: int, total: int
    ) -> Generator[None, None, NDArray[np.float32]]:
        for done in tiled(model, request["image"], tiling):
            if isinstance(done, np.ndarray):
                return done
            self._report(request, before + done, total)
            yield
        raise AssertionError("tiles end in the image")

    def _report(self, request: PredictRequest, done: int, total: int) -> None:
        if time.perf_counter() < self._reported + _REPORT_INTERVAL:
            return
        self._reported = time.perf_counter()
        self._send({"event": "predicting", "request": request["request"], "done": done, "total": total})
