"""Memory, before anything is built: what a process must hold at once to predict, and to learn."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from unet_explorer.core.config import Flag, UNetConfig, Whole, read_config, read_value
from unet_explorer.core.laws import laws
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.core.tiles import Tile, sides
from unet_explorer.core.trace import BYTES_PER_NUMBER

__all__ = [
    "LARGEST_BATCH",
    "OPTIMIZER_SLOTS",
    "Held",
    "MapLaw",
    "estimate_memory",
    "fixed_bytes",
    "held",
    "map_law",
    "read_batch_size",
    "total_bytes",
]

OPTIMIZER_SLOTS: Final = 2
"""Numbers that Adam keeps for each parameter that it changes, beside it and its gradient (Kingma and Ba 2015)."""


class _Overhead(NamedTuple):
    """What TensorFlow takes on a CPU beyond the numbers of the network.

    Attributes:
        start: Bytes of the interpreter with TensorFlow, Keras, NumPy and SciPy, once anything has been computed.
        step: Bytes for each step: its compiled kernels, its place in the graph and in the graph of its gradient.
        copies: Bytes for each byte of the parameters: the kernels as drawn and as reordered for the processor,
            and what Adam's rule writes down between its operations.
        spread: Bytes for each byte of the maps, themselves counted. TensorFlow takes memory in regions of doubling
            size, each map in one piece, and gives none back, so holes stay.
    """

    start: int
    step: int
    copies: float
    spread: float


# Fitted to the peaks of 26 designs each, every one in a process of its own (TensorFlow 2.21 on Linux, two cores;
# tests/benchmarks/memory.py measures others). Learning holds maps of all sizes, and the small ones fill the holes.
_PREDICTING: Final = _Overhead(start=640_000_000, step=200_000, copies=0.6, spread=1.5)
_LEARNING: Final = _Overhead(start=640_000_000, step=2_600_000, copies=1.5, spread=1.0)


def _overhead(training: bool) -> _Overhead:
    return _LEARNING if training else _PREDICTING


def fixed_bytes(config: UNetConfig, training: bool) -> dict[str, int]:
    """Bytes held whatever the tile: all parts of `estimate_memory` but the maps and the holes between them.

    Example:
        >>> fixed_bytes(UNetConfig(), training=False)["parameters"]
        124122632
    """
    return dict(_fixed(config, training))


@lru_cache(maxsize=512)
def _fixed(config: UNetConfig, training: bool) -> dict[str, int]:
    steps, overhead = plan(config), _overhead(training)
    parameters = sum(step.parameters for step in steps) * BYTES_PER_NUMBER
    learnt = training * sum(step.trainable for step in steps) * BYTES_PER_NUMBER
    return {
        "runtime": overhead.start + overhead.step * len(steps),
        "parameters": parameters,
        "gradients": learnt,
        "optimizer": OPTIMIZER_SLOTS * learnt,
        "scratch": round(overhead.copies * parameters),
    }


LARGEST_BATCH: Final = 4096
"""Tiles; more in one batch teach no faster."""


class Held(NamedTuple):
    """Names of the maps, the tile's among them, that are held `always` and, on top, at each of the `moments`.

    A name that stands there twice is held twice. All of it takes `spread` times its bytes.
    """

    always: tuple[str, ...]
    moments: tuple[tuple[str, ...], ...]
    spread: float


@lru_cache(maxsize=256)
def held(config: UNetConfig, training: bool) -> Held:
    """Which maps must be held at once; the dearest moment is the peak.

    The batch itself is there twice all the while, as NumPy has it and as TensorFlow has it. Predicting, a map is
    dropped as soon as the last step that needs it is done, so the skips are what is held for long. Learning keeps
    every map that a gradient will be computed from. The way back begins at the top of the decoder, so the gradient of
    each skip waits until the encoder is reached; and there is room needed for the gradients of what a step made and
    of what it was given.

    Example:
        >>> held(UNetConfig(depth=1), training=False)[:2]
        (('input', 'input'), (('enc0_conv1',), ('enc0_conv1', 'enc0_conv2'), ...))
    """
    steps, spread = plan(config), _overhead(training).spread
    if training:
        skips = tuple(step.inputs[0] for step in steps if step.op == "crop_concat")
        return Held((TILE, *_kept(steps), *skips), tuple((step.name, *step.inputs) for step in steps), spread)
    last_use = {name: place for place, step in enumerate(steps) for name in step.inputs}
    moments: list[tuple[str, ...]] = []
    alive: list[str] = []
    for place, step in enumerate(steps):
        alive = [*alive, step.name]
        moments.append(tuple(alive))
        alive = [name for name in alive if last_use.get(name, len(steps)) > place]
    return Held((TILE, TILE), tuple(moments), spread)


def _kept(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The maps that gradients are computed from, in the order in which they are made.

    The gradient of a kernel needs what the convolution was given, and that of a normalisation likewise; a ReLU needs
    what it made, a pooling both. Where an up-convolution's result is only copied into a concatenation, it is dropped.
    """
    kept = set()
    for step in steps:
        if step.op in {"conv", "conv1x1", "upconv", "norm", "pool"}:
            kept.add(step.inputs[0])
        if step.op == "pool" or step.activation != "linear":
            kept.add(step.name)
    return tuple(name for name in (TILE, *(step.name for step in steps)) if name in kept)


def read_batch_size(value: object) -> int:
    """A batch size as a plain int.

    Raises:
        ValueError: If it is not a whole number from 1 to `LARGEST_BATCH`.

    Example:
        >>> read_batch_size(4)
        4
    """
    return int(read_value("batch_size", value, Whole(1, LARGEST_BATCH)))


def estimate_memory(config: UNetConfig, tile: Tile, batch_size: int = 1, training: bool = False) -> dict[str, int]:
    """Bytes that a process of its own holds at the fullest moment, by part, on a CPU.

    Numbers take 4 bytes each. What the network itself must hold is counted, what TensorFlow takes for itself and for
    its convolutions is measured; the total lies within a tenth of most designs' measured peak. Images and whatever
    else the process has loaded come on top.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).
        batch_size: Tiles computed at once.
        training: Whether it learns (with Adam) or only predicts.

    Returns:
        ``runtime`` (the interpreter with TensorFlow, and its code for each step), ``parameters``, ``gradients`` and
        ``optimizer`` (both 0 for predicting), ``maps``, ``scratch`` (working copies of the parameters, and holes
        between the maps), and their sum ``total``.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the batch size is not a whole number from 1 to 4096, or ``training`` neither True nor False.

    Example:
        >>> for part, size in estimate_memory(UNetConfig(), 572, training=True).items():
        ...     print(f"{part:<10} {size / 1e6:5.0f} MB")
        runtime      721 MB
        parameters   124 MB
        gradients    124 MB
        optimizer    248 MB
        scratch      186 MB
        maps        1004 MB
        total       2408 MB
    """
    read_config(config, tile, batch_size)
    batch_size, training = read_batch_size(batch_size), read_value("training", training, Flag())
    height, width = sides(config, tile)[TILE]
    maps = batch_size * map_law(config, training).bytes(height, width)
    fixed = fixed_bytes(config, training)
    holes = round((_overhead(training).spread - 1) * maps)
    parts = {**fixed, "maps": maps, "scratch": fixed["scratch"] + holes}
    return {**parts, "total": sum(parts.values())}


def total_bytes(config: UNetConfig, tile: tuple[int, int], batch_size: int, training: bool) -> int:
    """The total of `estimate_memory`, for a tile that is known to fit: for those who weigh thousands of tiles.

    Example:
        >>> total_bytes(UNetConfig(), (572, 572), 1, True) == estimate_memory(UNetConfig(), 572, training=True)["total"]
        True
    """
    maps = batch_size * map_law(config, training).bytes(*tile)
    return sum(_fixed(config, training).values()) + maps + round((_overhead(training).spread - 1) * maps)


class MapLaw(NamedTuple):
    """How many bytes the maps that are held at once take, for every tile: the dearest of some `moments`.

    A side is ``(tile + shift) / 2**level``, so at each moment the bytes are ``a h w + b (h + w) + c``, with three whole
    numbers; all are given `scale` times, so that they are whole.
    """

    moments: tuple[tuple[int, int, int], ...]
    scale: int

    def bytes(self, height: int, width: int) -> int:
        """For a tile of this size, which must fit."""
        area, rim = height * width, height + width
        return max(a * area + b * rim + c for a, b, c in self.moments) // self.scale


@lru_cache(maxsize=512)
def map_law(config: UNetConfig, training: bool) -> MapLaw:
    """The bytes of the maps that are held at once, as a law of the tile.

    Example:
        >>> map_law(UNetConfig(depth=1, base_filters=2), training=False).bytes(20, 20)
        7840
    """
    known, always, moments = laws(config), *held(config, training)[:2]
    channels = {TILE: config.in_channels, **{step.name: step.channels for step in plan(config)}}
    deepest = max(law.level for law in known.values())

    def share(name: str) -> tuple[int, int, int]:
        law = known[name]
        weight = channels[name] * BYTES_PER_NUMBER << 2 * (deepest - law.level)
        return weight, weight * law.shift, weight * law.shift**2

    def summed(names: tuple[str, ...]) -> tuple[int, int, int]:
        a, b, c = zip(*map(share, names), strict=True)
        return sum(a), sum(b), sum(c)

    return MapLaw(tuple(dict.fromkeys(summed(always + moment) for moment in moments)), 1 << 2 * deepest)
