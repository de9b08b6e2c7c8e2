"""How all maps of a step lie together on the screen: the worker makes them as small, and the page lays them out."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["GRID", "cell_of"]

SCREEN: Final = (560, 960)
"""Pixels of the screen, down and across, in which all maps of a step are seen without scrolling, if possible."""
CELLS: Final = (32, 96)
"""The fewest and the most pixels of the screen that a map has on a side; many maps of the fewest scroll."""
GAP: Final = 2
"""Pixels of the screen between two maps."""
GRID: Final = {"width": SCREEN[1], "gap": GAP, "least": CELLS[1] + 16}
"""What the page needs to lay maps out: a width, a gap, and the least width, in which the words above them fit."""


def cell_of(channels: int) -> int:
    """Pixels of the screen a side that each of so many maps has, where all are shown together.

    Example:
        >>> [cell_of(channels) for channels in (1, 64, 128, 1024)]
        [96, 89, 62, 32]
    """
    least, most = CELLS
    return max(least, min(most, math.isqrt(math.prod(SCREEN) // channels) - GAP))
