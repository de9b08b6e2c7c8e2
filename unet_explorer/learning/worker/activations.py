"""What a network makes of a tile on the way: the maps behind any step, small enough to be looked at together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.learning.map_grid import cell_of

if TYPE_CHECKING:
    import keras

__all__ = ["activations", "eight_bits", "range_of", "thumbs_of", "view", "walk"]


def activations(
    model: keras.Model, config: UNetConfig, wanted: str, tile: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """The maps behind a step, and those that it was made from.

    The network is walked step by step, and a map is dropped as soon as nothing more needs it.

    Args:
        model: The network.
        config: Its design.
        wanted: A step's name, or ``"input"``.
        tile: (height, width, channels), as the network is given it.

    Returns:
        (height, width, channels) by step.

    Example:
        >>> from unet_explorer import build_model
        >>> config = UNetConfig(depth=1, base_filters=2)
        >>> found = activations(build_model(config), config, "enc0_pool", np.zeros((20, 20, 1), "float32"))
        >>> {name: maps.shape for name, maps in found.items()}
        {'enc0_conv2': (16, 16, 2), 'enc0_pool': (8, 8, 2)}
    """
    if wanted == TILE:
        return {TILE: tile}
    *_, (last, maps) = walk(model, config, tile, wanted)
    return {name: np.asarray(maps[name])[0] for name in (*last.inputs, last.name)}


def walk(
    model: keras.Model, config: UNetConfig, tile: NDArray[np.float32], wanted: str
) -> Iterator[tuple[Step, dict[str, Any]]]:
    """Compute step by step all that a step depends on, and it; nothing for the tile itself.

    Yields:
        Each step; and by name the maps that there are then, its inputs and its output among them, as a batch of one.
    """
    maps: dict[str, Any] = {TILE: tile[None]}
    needed, known = _needed(plan(config), wanted), laws(config)
    for place, step in enumerate(needed):
        maps[step.name] = _computed(model, step, [maps[name] for name in step.inputs], crop(step, known))
        yield step, maps
        rest = {name for later in needed[place + 1 :] for name in later.inputs}
        maps = {name: each for name, each in maps.items() if name in rest}


def _needed(steps: tuple[Step, ...], last: str) -> list[Step]:
    """The steps that a step depends on, and itself, in order."""
    if last not in {TILE, *(step.name for step in steps)}:
        raise ValueError(f"There is no step {shown(last)} in this network.")
    wanted = {last}
    steps_needed = []
    for step in reversed(steps):
        if step.name in wanted:
            steps_needed.append(step)
            wanted.update(step.inputs)
    return steps_needed[::-1]


def _computed(model: keras.Model, step: Step, inputs: list[Any], cut: int) -> Any:
    if cut:
        inputs = [model.get_layer(f"{step.name}_crop")(inputs[0]), *inputs[1:]]
    return model.get_layer(step.name)(inputs if len(inputs) > 1 else inputs[0])


def wanted_channel(channel: int, low: NDArray[np.float32], high: NDArray[np.float32]) -> int:
    """Which channel is shown whole: the one that is asked for, the last if there is none such, below 0 the liveliest.

    Example:
        >>> low, high = np.zeros(3, "float32"), np.array([0, 5, 2], "float32")
        >>> [wanted_channel(channel, low, high) for channel in (0, 9, -1)]
        [0, 2, 1]
    """
    return int(np.argmax(high - low)) if channel < 0 else min(channel, len(low) - 1)


def view(maps: Any, channel: int) -> dict[str, Any]:
    """Maps as they are shown: every channel small, one of them whole, in 8 bits each.

    Args:
        maps: (height, width, channels), an array or a tensor.
        channel: Which one is wanted whole; see `wanted_channel`.

    Returns:
        ``thumbs`` (channels, rows, columns), the mean of every ``scale`` × ``scale`` pixels, made for ``cell`` pixels
        of the screen a side; ``whole`` (height, width); ``low`` and ``high``, the values that 0 and 255 stand for, a
        number a channel; ``dead``, whether a channel is the same everywhere.

    Example:
        >>> seen = view(np.array([[[-1, 0], [0, 1]], [[1, 0], [2, 3]]], "float32"), 0)
        >>> seen["whole"].tolist(), seen["low"].tolist(), seen["dead"].tolist()
        ([[0, 85], [170, 255]], [-1.0, 0.0], [False, False])
    """
    low, high = range_of(maps)
    channel = wanted_channel(channel, low, high)
    thumbs, scale = thumbs_of(maps, low, high)
    return {
        "height": maps.shape[0],
        "width": maps.shape[1],
        "channels": maps.shape[2],
        "channel": channel,
        "scale": scale,
        "cell": cell_of(maps.shape[2]),
        "thumbs": thumbs,
        "whole": eight_bits(maps[..., channel], low[channel], high[channel]),
        "low": low,
        "high": high,
        "dead": dead(low, high, maps.shape[0] * maps.shape[1]),
    }


def dead(low: NDArray[np.float32], high: NDArray[np.float32], pixels: int) -> NDArray[np.bool_]:
    """Whether a channel is the same everywhere; a single pixel tells nothing of that.

    Example:
        >>> dead(np.float32([0, 1]), np.float32([0, 2]), 9).tolist(), dead(np.float32([0]), np.float32([0]), 1).tolist()
        ([True, False], [False])
    """
    return (high <= low) & (pixels > 1)


def range_of(maps: Any) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The smallest and the largest number of every channel.

    Example:
        >>> [side.tolist() for side in range_of(np.array([[[-1, 0], [2, 0]]], "float32"))]
        [[-1.0, 0.0], [2.0, 0.0]]
    """
    from keras import ops

    low, high = (np.asarray(extreme(maps, axis=(0, 1))) for extreme in (ops.min, ops.max))
    return low, high


def eight_bits(values: Any, low: Any, high: Any) -> NDArray[np.uint8]:
    """Numbers from `low` to `high` as bytes; where both are the same, 0.

    Keras computes it, because the maps of a large network are some 100 million numbers and it takes all processors.

    Example:
        >>> eight_bits(np.array([-1.0, 0.0, 1.0], "float32"), -1.0, 1.0).tolist()
        [0, 128, 255]
    """
    from keras import ops

    low, high = np.asarray(low, np.float32), np.asarray(high, np.float32)
    span = np.where(high > low, high - low, np.float32(1))
    factor = np.where(high > low, np.float32(255) / span, np.float32(0))
    # To the nearest, for the conversion cuts off; the largest becomes 255.5, which is a byte still.
    return np.asarray(ops.cast((ops.convert_to_tensor(values) - low) * factor + np.float32(0.5), "uint8"))


def thumbs_of(maps: Any, low: Any, high: Any) -> tuple[NDArray[np.uint8], int]:
    """Every channel small, (channels, rows, columns), and how many pixels a side became one."""
    scale = max(1, -(-max(maps.shape[:2]) // cell_of(maps.shape[2])))
    return np.ascontiguousarray(np.moveaxis(eight_bits(_thinned(maps, scale), low, high), -1, 0)), scale


def _thinned(maps: Any, scale: int) -> Any:
    """The mean of every square of pixels; what is left over at the end makes a smaller one."""
    if scale == 1:
        return maps
    from keras import ops

    height, width = maps.shape[:2]
    filled = ops.pad(maps, [(0, -height % scale), (0, -width % scale), (0, 0)])
    means = np.asarray(ops.average_pool(filled[None], scale, scale, "valid", "channels_last"))[0]
    # Zeros were counted where there are no pixels.
    rows, columns = (np.minimum(scale, side - np.arange(0, side, scale)) for side in (height, width))
    counted = (rows[:, None, None] * columns[None, :, None]).astype(np.float32)
    return means * (np.float32(scale * scale) / counted)
