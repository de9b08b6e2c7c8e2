"""Memory, before anything is built: what a network must hold at once to predict, and to learn."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

from unet_explorer.config import UNetConfig, Whole, shown
from unet_explorer.plan import TILE, plan
from unet_explorer.tiles import Tile
from unet_explorer.trace import BYTES_PER_NUMBER, trace

__all__ = ["LARGEST_BATCH", "OPTIMIZER_SLOTS", "Held", "estimate_memory", "held", "parameter_bytes", "read_batch_size"]

OPTIMIZER_SLOTS: Final = 2
"""Numbers that Adam keeps for each parameter that it changes, beside it and its gradient (Kingma and Ba 2015)."""


def parameter_bytes(config: UNetConfig, training: bool) -> dict[str, int]:
    """Bytes held whatever the tile: ``parameters`` and, to learn, ``gradients`` and ``optimizer``.

    Example:
        >>> parameter_bytes(UNetConfig(), training=False)
        {'parameters': 124122632, 'gradients': 0, 'optimizer': 0}
    """
    learnt = training * sum(step.trainable for step in plan(config)) * BYTES_PER_NUMBER
    return {
        "parameters": sum(step.parameters for step in plan(config)) * BYTES_PER_NUMBER,
        "gradients": learnt,
        "optimizer": OPTIMIZER_SLOTS * learnt,
    }


LARGEST_BATCH: Final = 4096
"""Tiles; more in one batch teach no faster."""


class Held(NamedTuple):
    """Names of the maps, the tile's among them, that are held `always` and, on top, at each of the `moments`.

    A name that stands there twice is held twice.
    """

    always: tuple[str, ...]
    moments: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=256)
def held(config: UNetConfig, training: bool) -> Held:
    """Which maps must be held at once; the dearest moment is the peak.

    Predicting, a map is dropped as soon as the last step that needs it is done, so the skips are what is held for
    long. Learning keeps every map until its gradient is taken, and then needs room for the gradients of what a
    step made and of what it was given.

    Example:
        >>> held(UNetConfig(depth=1), training=False).moments[:2]
        (('input', 'enc0_conv1'), ('enc0_conv1', 'enc0_conv2'))
    """
    steps = plan(config)
    if training:
        return Held((TILE, *(step.name for step in steps)), tuple((step.name, *step.inputs) for step in steps))
    last_use = {name: place for place, step in enumerate(steps) for name in step.inputs}
    moments, alive = [], [TILE]
    for place, step in enumerate(steps):
        alive = [*alive, step.name]
        moments.append(tuple(alive))
        alive = [name for name in alive if last_use.get(name, len(steps)) > place]
    return Held((), tuple(moments))


def read_batch_size(value: object) -> int:
    """A batch size as a plain int.

    Raises:
        ValueError: If it is not a whole number from 1 to `LARGEST_BATCH`.

    Example:
        >>> read_batch_size(4)
        4
    """
    try:
        return Whole(1, LARGEST_BATCH).read(value)
    except ValueError:
        raise ValueError(f"batch_size={shown(value)} is not allowed: give {Whole(1, LARGEST_BATCH)}.") from None


def estimate_memory(config: UNetConfig, tile: Tile, batch_size: int = 1, training: bool = False) -> dict[str, int]:
    """Bytes needed at the fullest moment, by part.

    Counted are the numbers that the network itself must hold, 4 bytes each; TensorFlow (some 500 MB) and the
    scratch space of its convolutions come on top.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).
        batch_size: Tiles computed at once.
        training: Whether it learns (with Adam) or only predicts.

    Returns:
        ``parameters``, ``gradients`` and ``optimizer`` (both 0 for predicting), ``maps`` and their sum ``total``.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the batch size is not a whole number from 1 to 4096.

    Example:
        >>> estimate_memory(UNetConfig(), 572)["total"] // 10**6
        324
    """
    batch_size = read_batch_size(batch_size)
    result = trace(config, tile)
    size = {row.step.name: row.bytes for row in result}
    size[TILE] = math.prod(result.tile) * config.in_channels * BYTES_PER_NUMBER
    always, moments = held(config, training)
    maps = batch_size * (
        sum(size[name] for name in always) + max(sum(size[name] for name in moment) for moment in moments)
    )
    parts = {**parameter_bytes(config, training), "maps": maps}
    return {**parts, "total": sum(parts.values())}
