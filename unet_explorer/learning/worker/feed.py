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
from unet_explorer.data.augment import Drawn, Source, draw_tile
from unet_explorer.data.dataset import Dataset, normalize
from unet_explorer.data.weights import class_weights, weight_of
from unet_explorer.learning.recipe import Recipe

__all__ = ["Batch", "Feed", "Prefetcher"]

PREFETCHED: Final = 4
"""Batches that lie ready."""
VISITED, DRAWN = 8, 8
"""Images that are read from their files for some batches, and tiles that are drawn from each."""


class Batch(NamedTuple):
    """Tiles (batch, height, width, channels), and labels and weights of what the network predicts of them."""

    tiles: NDArray[np.float32]
    labels: NDArray[np.integer[Any]]
    weights: NDArray[np.float32] | None


class Feed:
    """Batches drawn from a dataset. The same number of the same seed is always the same batch.

    An image is drawn as often as it is large, so that every pixel has the same chance, as it has in the examination.
    Images that stay in their files are read one after the other, and several tiles are drawn from each while it is
    here: those of `VISITED` images are shuffled, so that a batch comes from many of them.

    Args:
        dataset: What to learn from.
        config: The network.
        tile: (height, width) of the tiles in pixels; they must fit.
        recipe: Batch size, seed, variations, and whether weights are asked for.
    """

    def __init__(self, dataset: Dataset, config: UNetConfig, tile: tuple[int, int], recipe: Recipe) -> None:
        output = trace(config, tile).output
        self.tile, self.output, self.recipe = tile, (output.height, output.width), recipe
        self.dataset = dataset
        self._weights = class_weights(dataset, max(2, config.num_classes)) if recipe.loss == "weighted" else None
        self._sources = [] if dataset.in_files else [self._source(place) for place in range(len(dataset))]
        areas = np.array(dataset.sizes, float).prod(axis=1)
        self._chances = areas / areas.sum()
        self._group: tuple[int, list[Drawn]] = -1, []

    def _source(self, place: int) -> Source:
        labels = np.asarray(self.dataset.labels[place])
        weights = None if self._weights is None else weight_of(self.dataset, place, self._weights)
        return Source(normalize(self.dataset.images[place]), labels, weights)

    def batch(self, number: int) -> Batch:
        """Batch `number`, counted from 0."""
        drawn = self._from_memory(number) if self._sources else self._from_files(number)
        weights = (
            None if drawn[0].weights is None else np.stack([each.weights for each in drawn if each.weights is not None])
        )
        return Batch(np.stack([each.tile for each in drawn]), np.stack([each.labels for each in drawn]), weights)

    def _from_memory(self, number: int) -> list[Drawn]:
        rng = np.random.default_rng([self.recipe.seed, number])
        places = rng.choice(len(self._sources), self.recipe.batch_size, p=self._chances)
        return [self._draw(rng, self._sources[place]) for place in places]

    def _draw(self, rng: np.random.Generator, source: Source) -> Drawn:
        return draw_tile(rng, source, self.tile, self.output, self.recipe.augmentation)

    def _from_files(self, number: int) -> list[Drawn]:
        first = number * self.recipe.batch_size
        wanted = range(first, first + self.recipe.batch_size)
        return [self._visit(place // (VISITED * DRAWN))[place % (VISITED * DRAWN)] for place in wanted]

    def _visit(self, group: int) -> list[Drawn]:
        """All tiles of some images, shuffled."""
        if self._group[0] != group:
            rng = np.random.default_rng([self.recipe.seed, group])
            drawn: list[Drawn] = []
            for place in rng.choice(len(self.dataset), VISITED, p=self._chances):
                source = self._source(int(place))
                drawn += [self._draw(rng, source) for _ in range(DRAWN)]
            self._group = group, [drawn[place] for place in rng.permutation(len(drawn))]
        return self._group[1]


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
