"""Memory, before anything is built: what a network must hold at once to predict, and to learn."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from unet_explorer.config import UNetConfig
from unet_explorer.plan import TILE, Step, plan
from unet_explorer.tiles import Tile
from unet_explorer.trace import BYTES_PER_NUMBER, trace

__all__ = ["OPTIMIZER_SLOTS", "Moment", "estimate_memory", "moments"]

OPTIMIZER_SLOTS: Final = 2
"""Numbers that Adam keeps for each parameter, beside the parameter and its gradient (Kingma and Ba 2015)."""

Moment = dict[str, int]
"""Names of maps that are held at the same time, the tile's among them, and how many copies of each."""


@lru_cache(maxsize=256)
def moments(config: UNetConfig, training: bool) -> tuple[Moment, ...]:
    """The moments at which memory may be fullest, as the maps held at each; the peak is the dearest of them.

    Predicting, a map is dropped as soon as the last step that needs it is done, so the skips are what is held for
    long. Learning keeps every map until its gradient is taken, and then needs room for the gradient of what a
    step made and of what it was given.

    Example:
        >>> moments(UNetConfig(depth=1), training=False)[0]
        {'input': 1, 'enc0_conv1': 1}
    """
    steps = plan(config)
    if training:
        kept = {name: 1 for step in steps for name in (*step.inputs, step.name)}
        return tuple(_with_gradients(kept, step) for step in steps)
    last_use = {name: place for place, step in enumerate(steps) for name in step.inputs}
    held: list[Moment] = []
    alive: Moment = {TILE: 1}
    for place, step in enumerate(steps):
        alive[step.name] = 1
        held.append(alive)
        alive = {name: 1 for name in alive if last_use.get(name, len(steps)) > place}
    return tuple(held)


def _with_gradients(kept: Moment, step: Step) -> Moment:
    moment = dict(kept)
    for name in (step.name, *step.inputs):
        moment[name] += 1
    return moment


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
        ValueError: If the batch size is not a whole number of at least 1.

    Example:
        >>> estimate_memory(UNetConfig(), 572)["total"] // 10**6
        548
    """
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r} is not allowed: give a whole number of at least 1.")
    result = trace(config, tile)
    size = {row.step.name: row.bytes for row in result}
    size[TILE] = math.prod(result.tile) * config.in_channels * BYTES_PER_NUMBER
    maps = batch_size * max(
        sum(copies * size[name] for name, copies in moment.items()) for moment in moments(config, training)
    )
    parameters = result.parameters * BYTES_PER_NUMBER
    parts = {
        "parameters": parameters,
        "gradients": parameters if training else 0,
        "optimizer": OPTIMIZER_SLOTS * parameters if training else 0,
        "maps": maps,
    }
    return {**parts, "total": sum(parts.values())}
