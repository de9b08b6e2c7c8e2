"""The batches that a network learns from, made ahead of it."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.trace import trace
from unet_explorer.data.augment import Source, draw_tile
from unet_explorer.data.dataset import Dataset, normalize
from unet_explorer.data.weights import weight_maps
from unet_explorer.learning.recipe import Recipe

__all__ = ["Batch", "Feed", "Prefetcher"]

PREFETCHED: Final = 4
"""Batches that lie ready."""


class Batch(NamedTuple):
    """Tiles (batch, height, width, channels), and labels and weights of what the network predicts of them."""

    tiles: NDArray[np.float32]
    labels: NDArray[np.integer[Any]]
    weights: NDArray[np.float32] | None


class Feed:
    """Batches drawn from a dataset. The same number of the same seed is always the same batch.

    An image is drawn as often as it is large, so that every pixel has the same chance, as it has in the examination.

    Args:
        dataset: What to learn from.
        config: The network.
        tile: (height, width) of the tiles in pixels; they must fit.
        recipe: Batch size, seed, variations, and whether weights are asked for.
    """

    def __init__(self, dataset: Dataset, config: UNetConfig, tile: tuple[int, int], recipe: Recipe) -> None:
        output = trace(config, tile).output
        self.tile, self.output, self.recipe = tile, (output.height, output.width), recipe
        weighted = recipe.loss == "weighted"
        weights = weight_maps(dataset, max(2, config.num_classes)) if weighted else [None] * len(dataset)
        self.sources = [
            Source(normalize(image), labels, weight) for (image, labels), weight in zip(dataset, weights, strict=True)
        ]
        areas = np.array([each.labels.size for each in self.sources], float)
        self._chances = areas / areas.sum()

    def batch(self, number: int) -> Batch:
        """Batch `number`, counted from 0."""
        rng = np.random.default_rng([self.recipe.seed, number])
        places = rng.choice(len(self.sources), self.recipe.batch_size, p=self._chances)
        drawn = [
            draw_tile(rng, self.sources[place], self.tile, self.output, self.recipe.augmentation) for place in places
        ]
        weights = (
            None if drawn[0].weights is None else np.stack([each.weights for each in drawn if each.weights is not None])
        )
        return Batch(np.stack([each.tile for each in drawn]), np.stack([each.labels for each in drawn]), weights)


class Prefetcher:
    """Makes batches in a thread of its own, a few ahead of the one that is learnt from.

    Attributes:
        waited: Seconds that were spent waiting for a batch: near zero, unless making batches is slower than learning.
    """

    def __init__(self, feed: Feed, first: int) -> None:
        self.waited = 0.0
        self._feed, self._next = feed, first
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._ready: deque[Future[Batch]] = deque()
        for _ in range(PREFETCHED):
            self._order()

    def _order(self) -> None:
        self._ready.append(self._maker.submit(self._feed.batch, self._next))
        self._next += 1

    def take(self) -> Batch:
        """The next batch."""
        start = time.perf_counter()
        batch = self._ready.popleft().result()
        self.waited += time.perf_counter() - start
        self._order()
        return batch

    def close(self) -> None:
        """Make no more."""
        self._maker.shutdown(wait=False, cancel_futures=True)
