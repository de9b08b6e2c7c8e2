"""What happens in a worker of Dask: it is sent a network once, and is asked for blocks of images."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np
from distributed.diagnostics.plugin import WorkerPlugin
from numpy.typing import NDArray

from unet_explorer.core.blocks import Blocks
from unet_explorer.core.config import UNetConfig
from unet_explorer.data.limits import Limits
from unet_explorer.predict.parts import Part, Place, values_of
from unet_explorer.predict.standard import Standard
from unet_explorer.predict.tiles import limit_threads, predicted_tiles
from unet_explorer.predict.writers import Writer

if TYPE_CHECKING:
    import keras

T = TypeVar("T")

__all__ = ["Job", "Look", "Moments", "Network", "NetworkPlugin", "looked_at", "measured_part", "predicted_block"]

_KEPT: Final = 2
"""Networks that stay built in a worker."""
_LOCK: Final = threading.RLock()
_SENT: Final[dict[str, Network]] = {}
_BUILT: Final[dict[str, Any]] = {}


class Network(NamedTuple):
    """A network as it travels: plain numbers, and no object of Keras.

    Attributes:
        config: Its design.
        weights: Its arrays, in the order of Keras.
        checksum: By what it is known again.
    """

    config: UNetConfig
    weights: tuple[NDArray[Any], ...]
    checksum: str

    @classmethod
    def of(cls, model: keras.Model, config: UNetConfig) -> Network:
        """What is to be sent of a live network."""
        weights = tuple(np.asarray(array) for array in model.get_weights())
        summed = hashlib.sha256(json.dumps(config.to_dict(), sort_keys=True).encode())
        for array in weights:
            summed.update(array.tobytes())
        return cls(config, weights, summed.hexdigest())


class NetworkPlugin(WorkerPlugin):  # type: ignore[misc]  # Dask has no types
    """Brings a network to each worker, also to those that come later.

    Args:
        network: What is brought.
        name: What Dask calls it; no two runs have the same.
    """

    idempotent = False

    def __init__(self, network: Network, name: str) -> None:
        self.network, self.name = network, name

    def setup(self, worker: Any) -> None:
        """Note the network in the worker's process; it is built with the first block."""
        with _LOCK:
            _SENT[self.name] = self.network
            _SENT[self.network.checksum] = self.network
            _THREADS[0] = max(1, int(worker.state.nthreads))

    def teardown(self, worker: Any) -> None:
        """Forget what was sent; what was built stays for the next image."""
        with _LOCK:
            _SENT.pop(self.name, None)
            if not any(
                other.checksum == self.network.checksum for key, other in _SENT.items() if key != other.checksum
            ):
                _SENT.pop(self.network.checksum, None)


_THREADS: Final = [1]


def _network(checksum: str) -> Any:
    """The live network of this process.

    Raises:
        LookupError: If it was never sent.
    """
    with _LOCK:
        if checksum in _BUILT:
            # The last used stands last.
            _BUILT[checksum] = _BUILT.pop(checksum)
            return _BUILT[checksum]
        sent = _SENT[checksum]
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        limit_threads(_THREADS[0])
        from unet_explorer.model import build_model

        model = build_model(sent.config)
        model.set_weights(list(sent.weights))
        _BUILT[checksum] = model
        while len(_BUILT) > _KEPT:
            del _BUILT[next(iter(_BUILT))]
        return model


class Job(NamedTuple):
    """What is the same for all blocks of an image.

    Attributes:
        config: The network's design.
        checksum: By what the network is known, once it was sent.
        shape: (height, width) of the image, or with channels behind.
        tile: (height, width) of tiles.
        per_block: How many lie side by side in a block, (down, across).
        batch: Tiles that are computed at once.
        standard: How numbers are given to the network.
        writer: What becomes of the scores.
    """

    config: UNetConfig
    checksum: str
    shape: tuple[int, ...]
    tile: tuple[int, int]
    per_block: tuple[int, int]
    batch: int
    standard: Standard
    writer: Writer

    @property
    def blocks(self) -> Blocks:
        """The blocks of the image."""
        return _blocks(self.config, self.shape, self.tile, self.per_block)


@lru_cache(maxsize=4)
def _blocks(config: UNetConfig, shape: tuple[int, ...], tile: tuple[int, int], per_block: tuple[int, int]) -> Blocks:
    return Blocks(config, shape, tile, per_block=per_block)


def predicted_block(job: Job, number: int, part: Any) -> Any:
    """Predict a block, and write it.

    Args:
        job: What is the same for all.
        number: Which block.
        part: What holds the pixels that it reads; see `parts.carrier`.

    Returns:
        What the writer says.
    """
    return _in_plain_words(lambda: _predicted(job, number, part))


def _predicted(job: Job, number: int, part: Any) -> Any:
    block = job.blocks[number]
    image = Part(values_of(part, block.read), block.read, job.shape)
    scores = np.empty((*block.shape, job.config.num_classes), np.float32)
    tiles = predicted_tiles(_network(job.checksum), image, block.tiles, job.batch, job.standard)
    for tile, predicted in tiles:
        scores[block.inside(tile)] = predicted
    return job.writer.write(block, scores, image)


class Look(NamedTuple):
    """A part of an image at first sight.

    Attributes:
        fault: Row and column of the first number in it that is none; None where all are.
        sample: Some of its pixels, (count, channels).
    """

    fault: tuple[int, int] | None
    sample: NDArray[Any]


def looked_at(part: Any, place: Place, step: int) -> Look:
    """Look for what is no number, and take every so many-th pixel of the image that lies in a part.

    Args:
        part: What holds the pixels; see `parts.carrier`.
        place: Where it lies.
        step: Every how many rows and columns of the whole image a pixel is taken.
    """
    return _in_plain_words(lambda: _looked_at(part, place, step))


def _looked_at(part: Any, place: Place, step: int) -> Look:
    values = _with_channels(values_of(part, place))
    rows, columns = place
    fault = None
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row, column, _ = (int(found[0]) for found in np.nonzero(~np.isfinite(values)))
        fault = rows.start + row, columns.start + column
    sample = values[-rows.start % step :: step, -columns.start % step :: step]
    return Look(fault, np.ascontiguousarray(sample.reshape(-1, values.shape[2])))


class Moments(NamedTuple):
    """What is summed up of a part of an image.

    Attributes:
        pixels: How many there are.
        beyond: Those that lie beyond the limits.
        middle: The mean of each channel, within the limits.
        squares: The sum of the squared distances from it.
    """

    pixels: int
    beyond: int
    middle: NDArray[np.float64]
    squares: NDArray[np.float64]


def measured_part(part: Any, place: Place, limits: Limits) -> Moments:
    """Sum up a part of an image.

    Args:
        part: What holds the pixels; see `parts.carrier`.
        place: Where it lies.
        limits: Within which a number is taken for a measurement.
    """
    return _in_plain_words(lambda: _measured_part(part, place, limits))


def _measured_part(part: Any, place: Place, limits: Limits) -> Moments:
    values = _with_channels(values_of(part, place)).astype(np.float64)
    clipped = limits.clipped(values)
    middle = clipped.mean(axis=(0, 1))
    squares = ((clipped - middle) ** 2).sum(axis=(0, 1))
    return Moments(values.shape[0] * values.shape[1], limits.beyond(values), middle, squares)


def _with_channels(values: NDArray[Any]) -> NDArray[Any]:
    return values[..., None] if values.ndim == 2 else values


def _in_plain_words(work: Callable[[], T]) -> T:
    """Have errors of foreign libraries become plain ones, which every process can read."""
    try:
        return work()
    except (ValueError, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # TensorFlow, Zarr and others fail in their own ways
        words = str(error).strip().split("\n")[0][:200]
        raise RuntimeError(f"{type(error).__name__}: {words}") from None
