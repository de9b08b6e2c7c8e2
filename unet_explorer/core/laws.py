"""The law of sizes: convolutions subtract, poolings halve, up-convolutions double.

So at every step the side of the map is ``(tile + shift) / 2**level`` with two whole numbers that depend on the
config alone. Each axis follows the law on its own, and a tile fits if and only if every law gives a positive
whole number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import TILE, Step, plan

__all__ = ["Law", "crop", "law_of", "laws"]


class Law(NamedTuple):
    """The side of one step's output, for every tile at once: ``(tile + shift) / 2**level``."""

    shift: int
    level: int

    def side(self, tile: int) -> int | None:
        """The side in pixels, or None where it is not a positive whole number.

        Example:
            >>> Law(shift=-4, level=1).side(572), Law(shift=-4, level=1).side(571)
            (284, None)
        """
        whole, rest = divmod(tile + self.shift, 1 << self.level)
        return whole if whole > 0 and not rest else None

    def tile_for(self, side: int) -> int:
        """The tile from which this step makes a map of the given side.

        Example:
            >>> Law(shift=-4, level=1).tile_for(284)
            572
        """
        return (side << self.level) - self.shift


def law_of(step: Step, before: Law) -> Law:
    """The law behind a step, from the law before it (the main path's, where two paths meet).

    Example:
        >>> law_of(plan(UNetConfig())[0], Law(0, 0))
        Law(shift=-2, level=0)
    """
    match step.op:
        case "conv" if step.padding == "valid":
            return Law(before.shift - ((step.kernel - 1) << before.level), before.level)
        case "pool":
            return Law(before.shift, before.level + 1)
        case "upconv" | "upsample":
            return Law(before.shift, before.level - 1)
        case _:
            return before


@lru_cache(maxsize=512)
def laws(config: UNetConfig) -> dict[str, Law]:
    """The laws of all steps, by name, in one pass over the plan; the tile's own comes first.

    Example:
        >>> laws(UNetConfig())["head"]
        Law(shift=-184, level=0)
    """
    known = {TILE: Law(0, 0)}
    for step in plan(config):
        known[step.name] = law_of(step, known[step.inputs[-1]])
    return known


def crop(step: Step, known: dict[str, Law]) -> int:
    """Pixels a skip loses on each side so that it matches the main path; 0 for every other step.

    The crop does not depend on the tile: both maps follow laws of the same level, so half the difference of
    their shifts is all there is to it.

    Example:
        >>> config = UNetConfig()
        >>> [crop(step, laws(config)) for step in plan(config) if step.op == "crop_concat"]
        [4, 16, 40, 88]
    """
    if step.op != "crop_concat":
        return 0
    skip, main = (known[name] for name in step.inputs)
    return (skip.shift - main.shift) >> (main.level + 1)
