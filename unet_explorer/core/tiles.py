"""Which tiles fit, and why the others do not: closed forms that follow from the laws."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

from unet_explorer.core.config import UNetConfig, read_config, shown, whole, wholes
from unet_explorer.core.laws import Law, laws
from unet_explorer.core.plan import Step, plan

__all__ = [
    "AXES",
    "LARGEST",
    "ShapeError",
    "Tile",
    "nearest_sizes",
    "read_tile",
    "sides",
    "tile_for_output",
    "valid_sizes",
]

AXES: Final = ("height", "width")
LARGEST: Final = 1_000_000
"""A bound on a tile's side in pixels that no memory reaches; it keeps typing errors out."""

Tile = int | tuple[int, int]
"""The side of a square tile in pixels, or (height, width)."""


class ShapeError(ValueError):
    """A tile that does not fit.

    Attributes:
        step: Name of the first step that cannot be computed.
        axis: ``"height"`` or ``"width"``; the height where both fail there.
        side: The odd side that a pooling was handed, or the side, zero or less, of a map that vanished.
        suggestions: Nearest tiles that fit on both axes, smaller first; whole numbers if the tile was given as
            one, else (height, width) pairs.
        by_axis: For each axis alone, the nearest sides that fit; the given side alone if it fits.
    """

    def __init__(self, config: UNetConfig, tile: Tile) -> None:
        read_config(config, tile)
        pair = read_tile(tile)
        self.step, self.axis, self.side, reason = _first_failure(config, pair)
        near = [_fitting_neighbours(config, side) for side in pair]
        self.by_axis = dict(zip(AXES, near, strict=True))
        square = pair[0] == pair[1]
        pairs = [(side, side) for side in near[0]] if square else [(down, across) for down, across in product(*near)]
        self.suggestions: tuple[Tile, ...] = (
            tuple(pairs) if isinstance(tile, (tuple, list)) else tuple(side for side, _ in pairs)
        )
        output = laws(config)[plan(config)[-1].name]
        fitting = " and ".join(
            f"{_tile_text(pair)} (output {_tile_text(tuple(output.side(side) for side in pair))})" for pair in pairs
        )
        one = len(pairs) == 1
        super().__init__(
            f"Tile {_tile_text(pair)} does not fit this U-Net: {reason}.\n"
            f"Nearest tile{'' if one else 's'} that fit{'s' if one else ''}: {fitting}."
        )
        self._made_from = (config, tile)

    def __reduce__(self) -> tuple[type[ShapeError], tuple[UNetConfig, Tile]]:
        return type(self), self._made_from


def _tile_text(tile: tuple[int | None, ...]) -> str:
    height, width = tile
    return f"{height}" if height == width else f"{height} × {width}"


def _fitting_neighbours(config: UNetConfig, side: int) -> tuple[int, ...]:
    return tuple(sorted({near for near in nearest_sizes(config, side) if near is not None}))


def _first_failure(config: UNetConfig, tile: tuple[int, int]) -> tuple[str, str, int, str]:
    """Step, axis and side of the first failure, and the reason in words."""
    known = laws(config)
    for step in plan(config):
        for axis, n in zip(AXES, tile, strict=True):
            if known[step.name].side(n) is None:
                side, reason = _why(step, known, n)
                where = "" if tile[0] == tile[1] else f" in {axis}"
                return step.name, axis, side, reason + where
    raise ValueError(f"tile={shown(tile)} fits this network: there is no ShapeError to make of it.")


def _why(step: Step, known: dict[str, Law], n: int) -> tuple[int, str]:
    """For a step that is the first to fail at the tile side ``n``: the side to blame, and the reason in words."""
    if step.op == "pool":
        # Every step before it gave a positive whole number, so what it was handed must have been odd.
        odd = known[step.inputs[-1]].side(n)
        assert odd is not None
        return odd, f"{step.name} would halve an odd side ({odd})"
    law = known[step.name]
    side = (n + law.shift) >> law.level
    return side, f"nothing is left of the map at {step.name} (side {side})"


def read_tile(tile: object) -> tuple[int, int]:
    """A tile as (height, width), from one whole number for both or from two.

    Raises:
        ValueError: If it is anything else, or a side is below 1 or above ``LARGEST``.

    Example:
        >>> read_tile(572), read_tile((572, 444))
        ((572, 572), (572, 444))
    """
    try:
        height, width = _pair(tile)
        if 1 <= height <= LARGEST and 1 <= width <= LARGEST:
            return height, width
    except ValueError:
        pass
    raise ValueError(
        f"tile={shown(tile)} is not allowed: give one whole number from 1 to {LARGEST:,}, such as 572, "
        "or two as (height, width), such as (572, 444)."
    )


def _pair(tile: object) -> tuple[int, ...]:
    # An array of two is a pair as well; one that holds a single number stands for both.
    try:
        side = whole(tile)
    except ValueError:
        return wholes(tile)
    return side, side


def sides(config: UNetConfig, tile: Tile) -> dict[str, tuple[int, int]]:
    """(height, width) behind every step, by name; the tile's own comes first as ``"input"``.

    Raises:
        ShapeError: If a map vanishes, or a pooling is handed an odd side.

    Example:
        >>> sides(UNetConfig(), 572)["bottleneck_conv2"]
        (28, 28)
    """
    read_config(config, tile)
    height, width = read_tile(tile)
    known = {}
    for name, law in laws(config).items():
        down = law.side(height)
        across = down if width == height else law.side(width)
        if down is None or across is None:
            raise ShapeError(config, tile)
        known[name] = (down, across)
    return known


class _Fitting(NamedTuple):
    """All sides that fit: ``smallest``, and from there every ``period`` pixels."""

    smallest: int
    period: int


@lru_cache(maxsize=512)
def _fitting(config: UNetConfig) -> _Fitting:
    # A law asks for (n + shift) to be a positive multiple of 2**level. The deepest law is the strictest: as the
    # U only ever halves what is whole, the shallower ones ask for the same remainder in a coarser form.
    every = laws(config).values()
    deepest = max(every, key=lambda law: law.level)
    period = 1 << deepest.level
    least = max(law.tile_for(1) for law in every)
    return _Fitting(least + (-deepest.shift - least) % period, period)


def valid_sizes(config: UNetConfig, low: int = 1, high: int = 1024) -> range:
    """All sides of a tile that fit, from ``low`` to ``high``, both included. Each axis may take any of them.

    With t pixels eaten by each block (convolutions × (kernel − 1), or 0 if padded), depth D and S = 2^D, a side
    n fits if and only if n ≡ −t (mod S) and n > t(3S − 2).

    Args:
        config: The network.
        low: Smallest side wanted, in pixels.
        high: Largest side wanted, in pixels.

    Example:
        >>> list(valid_sizes(UNetConfig(), 560, 600))
        [572, 588]
    """
    smallest, period = _fitting(read_config(config, low, high))
    low, high = _whole(low, "low"), _whole(high, "high")
    first = max(smallest, low + (smallest - low) % period)
    return range(first, max(first, high + 1), period)


def nearest_sizes(config: UNetConfig, n: int) -> tuple[int | None, int | None]:
    """The nearest sides that fit: the largest one up to ``n`` and the smallest one from ``n`` on.

    If ``n`` itself fits, both are ``n``. The first is None where every fitting side is larger than ``n``, the second
    where the next one would be beyond ``LARGEST``.

    Raises:
        ValueError: If ``n`` is not a whole number.

    Example:
        >>> nearest_sizes(UNetConfig(), 512), nearest_sizes(UNetConfig(), 100)
        ((508, 524), (None, 188))
    """
    smallest, period = _fitting(read_config(config, n))
    n = _whole(n, "n")
    if n < smallest:
        return None, smallest
    below = min(n, LARGEST)
    below -= (below - smallest) % period
    above = below if below == n else below + period
    return below, above if above <= LARGEST else None


def _whole(value: object, name: str) -> int:
    try:
        return whole(value)
    except ValueError:
        raise ValueError(f"{name}={shown(value)} is not allowed: give a whole number of pixels.") from None


def tile_for_output(config: UNetConfig, wanted: int) -> int:
    """The smallest side that fits and whose prediction is at least ``wanted`` pixels.

    Raises:
        ValueError: If ``wanted`` is not a whole number of at least 1, or no tile up to ``LARGEST`` gives as much.

    Example:
        >>> tile_for_output(UNetConfig(), 388), tile_for_output(UNetConfig(), 389)
        (572, 588)
    """
    output = laws(read_config(config, wanted))[plan(config)[-1].name]
    wanted = _whole(wanted, "wanted")
    above = nearest_sizes(config, output.tile_for(wanted))[1]
    if wanted < 1 or above is None:
        raise ValueError(
            f"wanted={shown(wanted)} is not allowed: give a whole number of pixels from 1 to "
            f"{output.side(nearest_sizes(config, LARGEST)[0] or 1):,}."
        )
    return above
