"""Successive halving: all designs learn a little, the better part of them learns on.

As in Jamieson and Talwalkar (2016, "Non-stochastic best arm identification and hyperparameter optimization"), with
the rungs of Li et al. (2020, "A system for massively parallel hyperparameter tuning"). It waits for all runs of a rung
before any goes on; their asynchronous variant does not, but then which designs are left depends on which process was
quicker, and the same call gives another table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from unet_explorer.core.config import Whole, read_value
from unet_explorer.learning.recipe import Recipe

__all__ = ["read_halving", "rungs", "survivors"]

_FACTOR: Final = Whole(2, 10)
_RUNGS: Final = 2
"""Rungs before the last one: steps/9, steps/3, steps, where the best third goes on."""
T = TypeVar("T")


def read_halving(halving: object) -> int | None:
    """One part in how many goes on, or None where all do.

    Raises:
        ValueError: If it is not a whole number from 2 to 10, or None.

    Example:
        >>> read_halving(3), read_halving(None)
        (3, None)
    """
    return None if halving is None else int(read_value("halving", halving, _FACTOR, ", or None for none"))


def rungs(recipe: Recipe, halving: int | None) -> tuple[int, ...]:
    """After how many steps it is looked who goes on; the last is all of them.

    A rung ends with an examination, so it is a multiple of the steps of an epoch.

    Args:
        recipe: How each is taught.
        halving: One part in how many goes on.

    Example:
        >>> rungs(Recipe(steps=900), 3), rungs(Recipe(steps=300), 3), rungs(Recipe(steps=300), None)
        ((100, 300, 900), (50, 100, 300), (300,))
    """
    if halving is None:
        return (recipe.steps,)
    epoch = recipe.steps_per_epoch
    parts = [math.ceil(recipe.steps / halving**power / epoch) * epoch for power in range(_RUNGS, 0, -1)]
    return tuple(sorted({*(part for part in parts if part < recipe.steps), recipe.steps}))


def survivors(scores: Mapping[T, Sequence[float]], halving: int) -> set[T]:
    """Who goes on: the best part of the designs, one at least, by the mean over their seeds.

    The seeds of a design stand or fall together: they tell how much of a score is chance, they are no candidates.

    Args:
        scores: Of each design, what its seeds have reached; a design whose runs have all failed has none.
        halving: One part in how many goes on.

    Example:
        >>> sorted(survivors({"a": [0.5, 0.7], "b": [0.9], "c": [], "d": [0.65, 0.65]}, 2))
        ['b', 'd']
    """
    ranked = [design for design, reached in scores.items() if reached]
    # Sorting is stable: of equals, those that were given first go on.
    ranked.sort(key=lambda design: -sum(scores[design]) / len(scores[design]))
    return set(ranked[: max(1, math.ceil(len(scores) / halving))])
