"""What all kinds of exercises share: the network that is asked of, chance, and how things are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import Step
from unet_explorer.core.tiles import LARGEST, nearest_sizes, valid_sizes
from unet_explorer.lessons.answers import Answer
from unet_explorer.lessons.exercise import Dice, Exercise, Slip, distinct

__all__ = ["OPERATIONS", "QUESTIONS", "Asked", "fitting", "made", "size_words", "step_words", "turned"]


class Asked(NamedTuple):
    """What exercises are made of.

    Attributes:
        config: The network.
        tile: (height, width); it need not fit.
        dice: Chance.
    """

    config: UNetConfig
    tile: tuple[int, int]
    dice: Dice


_FILTERS: Final = (4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128)
_KERNELS: Final = (3, 5, 7)
_COUNTS: Final = (1, 2, 3, 4)
OPERATIONS: Final = {
    "conv": "convolution",
    "norm": "batch normalisation",
    "pool": "max-pooling",
    "upconv": "up-convolution",
    "upsample": "doubling",
    "crop_concat": "concatenation",
    "conv1x1": "last 1×1 convolution",
}
"""What a step is called in a question, by its operation."""
_NEAR: Final = range(-4, 9)
QUESTIONS: Final = {
    "shape": "A tile of {tile} (height × width) is given to the network. Which {axis} has the map that leaves {step}?",
    "crop": "A tile of {tile} is given to the network. At {step}, how many pixels of the skip are cut off on each "
    "side?",
    "fits": "Does a tile of {tile} fit this network? If so, answer “{fits}”. If not, name the first step that cannot "
    "be computed: a pooling that is handed an odd side, or a step that leaves no pixel of the map.",
    "parameters": "How many parameters does {step} hold, as Keras counts them?",
    "field": "How many pixels of a large tile, on a side, does one pixel in the middle of the map behind {step} see "
    "(its receptive field)?",
}
"""What is asked, with gaps: a sheet that a page prints asks the same."""


def fitting(config: UNetConfig, side: int) -> list[int]:
    """Some sides that fit, around a side that need not.

    Example:
        >>> fitting(UNetConfig(), 512)[:3]
        [460, 476, 492]
    """
    below, above = nearest_sizes(config, side)
    base, period = above or below or 1, valid_sizes(config).step
    near = [base + number * period for number in _NEAR]
    return [each for each in near if valid_sizes(config).start <= each <= LARGEST]


def step_words(step: Step) -> str:
    """A step as a question names it.

    Example:
        >>> from unet_explorer import plan
        >>> step_words(plan(UNetConfig())[2])
        'the max-pooling `enc0_pool`'
    """
    return f"the {OPERATIONS[step.op]} `{step.name}`"


def size_words(tile: tuple[int, int]) -> str:
    """A tile as a question names it."""
    return f"{tile[0]} × {tile[1]} px"


def turned(asked: Asked, knobs: Iterable[str]) -> tuple[UNetConfig, str]:
    """The network, or one with a knob turned, and how that is said."""
    knob = asked.dice.of(["", *knobs])
    values = {"kernel_size": _KERNELS, "convs_per_block": _COUNTS, "base_filters": _FILTERS}
    if not knob:
        return asked.config, ""
    value = asked.dice.of([each for each in values[knob] if each != getattr(asked.config, knob)])
    other = UNetConfig.from_dict({**asked.config.to_dict(), knob: value})
    many = "" if value == 1 else "s"
    said = {
        "kernel_size": f"the kernels of its convolutions were {value}×{value}",
        "convs_per_block": f"it had {value} convolution{many} on each level",
        "base_filters": f"its first convolution had {value} filters, doubled with every level down",
    }[knob]
    return other, f"Suppose that {said}, all else as above. "


def made(
    kind: str, question: str, answer: Answer, unit: str, told: tuple[str, str, str], slips: Iterable[Slip | None]
) -> Callable[[UNetConfig, tuple[int, int]], Exercise]:
    """An exercise, once it is known of which network and tile; `told` are two hints and the solution."""
    *hints, why = told
    kept = tuple(distinct(answer, slips))
    return lambda config, tile: Exercise(kind, question, answer, unit, (hints[0], hints[1]), why, kept, config, tile)
