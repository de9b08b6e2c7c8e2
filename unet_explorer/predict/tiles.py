"""A batch of tiles through a network, and which tiles do where nobody says so."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.budget import best_tile
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import fixed_bytes
from unet_explorer.core.tiling import PlacedTile
from unet_explorer.data.mirror import mirrored
from unet_explorer.predict.standard import Standard

if TYPE_CHECKING:
    import keras

__all__ = ["MODEST", "forward", "limit_threads", "predicted_tiles", "usual_batch", "usual_tile"]

MODEST: Final = 300_000_000
"""Bytes that predicting takes above the loaded network, where nobody says how much it may be."""
_BATCH: Final = 1 << 17
"""Pixels that are given to the network together, where tiles are small."""


class Tiles(Protocol):
    """Tiles in a row: a `Tiling`, or those of a block."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> PlacedTile: ...


def usual_tile(config: UNetConfig, shape: tuple[int, ...], limit: int = MODEST) -> tuple[int, int]:
    """The least wasteful tile that takes no more than this above the loaded network.

    Raises:
        ValueError: If there is none.

    Example:
        >>> usual_tile(UNetConfig(depth=3, base_filters=8), (300, 200))
        (388, 292)
    """
    allowed = limit + sum(fixed_bytes(config, training=False).values())
    found = best_tile(config, shape, allowed)
    if found is None:
        raise ValueError(f"No tile of this network does with {limit / 1e6:.0f} MB above itself: give one as tile=….")
    return found


def usual_batch(tile: tuple[int, int], count: int) -> int:
    """How many tiles are computed at once where nobody says so: of small ones as many as make a fair batch.

    Args:
        tile: (height, width) in pixels.
        count: How many there are.

    Example:
        >>> usual_batch((188, 188), 100), usual_batch((572, 572), 100)
        (3, 1)
    """
    return max(1, min(count, _BATCH // (tile[0] * tile[1])))


_SIZES: Final = 8
"""Sizes of tiles for which a network is kept compiled; each takes a few MB."""
_COMPILED: WeakKeyDictionary[Any, dict[tuple[int, int], Any]] = WeakKeyDictionary()
"""For each network what TensorFlow has made of it, by the size of its tiles."""
_LOCK: Final = threading.Lock()


def forward(model: keras.Model, tile: tuple[int, int]) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The network as a function of batches of tiles of one size.

    Keras's own `predict_on_batch` merges the sizes it has seen into one function for any, and its bilinear
    up-sampling cannot be traced without a size.

    Args:
        model: The network.
        tile: (height, width) in pixels.

    Example:
        >>> from unet_explorer import build_model
        >>> model = build_model(UNetConfig(depth=1, base_filters=2))
        >>> forward(model, (20, 24))(np.zeros((3, 20, 24, 1), "float32")).shape
        (3, 4, 8, 2)
    """
    import tensorflow as tf

    # Workers of a cluster may have several threads.
    with _LOCK:
        compiled = _compiled(model, tile)
    return lambda tiles: np.asarray(compiled(tf.convert_to_tensor(tiles)))


def _compiled(model: keras.Model, tile: tuple[int, int]) -> Any:
    import tensorflow as tf

    known = _COMPILED.setdefault(model, {})
    if tile in known:
        # The last used stands last.
        known[tile] = known.pop(tile)
    else:
        # The function must not hold the network, or neither would ever go.
        network: Any = weakref.ref(model)

        def scores(tiles: tf.Tensor) -> tf.Tensor:
            return network()(tiles, training=False)

        signature = [tf.TensorSpec((None, *tile, model.input_shape[-1]), tf.float32)]
        known[tile] = tf.function(scores, input_signature=signature, autograph=False)
        while len(known) > _SIZES:
            del known[next(iter(known))]
    return known[tile]


def limit_threads(count: int) -> None:
    """Have TensorFlow compute with so many threads, where it has not begun to compute in this process.

    Args:
        count: How many.

    """
    import tensorflow as tf

    # It says so where it is too late.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)


def predicted_tiles(
    model: keras.Model, image: Any, tiles: Tiles, batch_size: int, standard: Standard
) -> Iterator[tuple[PlacedTile, NDArray[np.float32]]]:
    """Predict tile after tile, a batch at a time.

    Args:
        model: A network that takes tiles of this size.
        image: What parts can be asked for.
        tiles: Where they lie; all of one size.
        batch_size: Tiles computed at once.
        standard: How numbers are given to the network.

    Yields:
        Each tile, and the scores that it writes.
    """
    number, total = 0, len(tiles)
    while number < total:
        batch = [tiles[place] for place in range(number, min(number + batch_size, total))]
        number += len(batch)
        inputs = np.stack([standard.prepared(mirrored(image, tile.start, tile.size)) for tile in batch])
        scores = forward(model, batch[0].size)(inputs)
        for tile, predicted in zip(batch, scores, strict=True):
            yield tile, predicted[tile.keep[0], tile.keep[1]]
