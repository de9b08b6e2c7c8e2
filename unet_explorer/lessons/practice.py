"""Exercises to practise with: a few sets of each kind, the same wherever they are asked.

A set goes from a small network to the paper's. Exercises that suppose another network than the one that is drawn are
left out, and so is one of which the answer stands out among those that there are to choose from.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from unet_explorer.core.config import PRESETS, UNetConfig
from unet_explorer.core.plan import plan
from unet_explorer.core.tiles import valid_sizes
from unet_explorer.lessons.answers import FITS
from unet_explorer.lessons.exercise import KINDS, Exercise
from unet_explorer.lessons.exercises import exercises

__all__ = ["SETS", "options", "practice_set"]

SETS: Final = 3
"""Of each kind: whoever has gone through one takes the next, with other numbers."""
_AT_ONCE: Final = 2 * len(KINDS)
_SEEDS: Final = 8
_MISTAKES: Final = 3
"""Whoever cannot go wrong in several ways has nothing to compute."""
_SMALL: Final = UNetConfig(depth=2, base_filters=8)
_PADDED: Final = UNetConfig(depth=3, base_filters=16, padding="same")
_DESIGNS: Final = ((_SMALL, valid_sizes(_SMALL)[6]), (_PADDED, 96), *(PRESETS[name] for name in ("classroom", "paper")))
"""From easy to hard, each with a tile that fits."""


@cache
def practice_set(kind: str, number: int) -> tuple[Exercise, ...]:
    """A set of exercises of one kind, from easy to hard.

    Args:
        kind: One of `KINDS`.
        number: Which set, from 1 to `SETS`.

    Returns:
        One exercise on each of four networks; three where one of them has nothing to ask for.

    Raises:
        ValueError: If there is no such set.

    Example:
        >>> [asked.config.depth for asked in practice_set("shape", 1)]
        [2, 3, 3, 4]
    """
    if kind not in KINDS or number not in range(1, SETS + 1):
        raise ValueError(f"There is no set {number} of {kind}: give one of {', '.join(KINDS)}, and 1 to {SETS}.")
    several = (_several(config, tile, place)[kind] for place, (config, tile) in enumerate(_DESIGNS))
    return tuple(each[number - 1] for each in several if each)


@cache
def _several(config: UNetConfig, tile: int, place: int) -> dict[str, tuple[Exercise, ...]]:
    """Of each kind as many exercises on a network as there are sets; none where all of them would be the same.

    Args:
        config: The network.
        tile: Its side, in pixels.
        place: Of the network among those of a set: other chance, so that no set asks the same of all of them.
    """
    found: dict[str, dict[str, Exercise]] = {kind: {} for kind in KINDS}
    for seed in range(_SEEDS):
        for made in exercises(config, tile, place * _SEEDS + seed, _AT_ONCE):
            if _asked_of(made, config):
                found[made.kind].setdefault(made.question, made)
    chosen = {kind: _unlike(list(each.values())) for kind, each in found.items()}
    return {kind: _turned(each, place) if len(each) == SETS else () for kind, each in chosen.items()}


def _unlike(made: list[Exercise]) -> tuple[Exercise, ...]:
    """As many as there are sets, and with other answers as far as possible."""
    first = {asked.answer: asked for asked in reversed(made)}
    rest = [asked for asked in made if first[asked.answer] is not asked]
    return tuple([*sorted(first.values(), key=made.index), *rest][:SETS])


def _turned(made: tuple[Exercise, ...], by: int) -> tuple[Exercise, ...]:
    by %= len(made)
    return made[by:] + made[:by]


def _asked_of(made: Exercise, config: UNetConfig) -> bool:
    """Whether a network that is drawn is asked of, and something that is not seen at once."""
    step = not isinstance(made.answer, str) or made.answer in _steps(config)
    return made.config == config and step and (made.kind == "fits" or len(made.slips) >= _MISTAKES)


def _steps(config: UNetConfig) -> tuple[str, ...]:
    """What may be answered where it is asked which step cannot be computed: none stands out."""
    return FITS, *(step.name for step in plan(config) if step.op == "pool")


def options(asked: Exercise) -> tuple[str | tuple[int, int], ...]:
    """Between what there is to choose: tiles, or steps; nothing where the answer is a number.

    Example:
        >>> options(practice_set("fits", 1)[0])
        ('fits', 'enc0_pool', 'enc1_pool')
    """
    if isinstance(asked.answer, str):
        return _steps(asked.config)
    if isinstance(asked.answer, tuple):
        return tuple(sorted({asked.answer, *(slip.value for slip in asked.slips if isinstance(slip.value, tuple))}))
    return ()
