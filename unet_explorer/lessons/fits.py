"""Exercises on whether a tile fits: yes, or the step that cannot be computed, or the odd side that it is handed."""

from __future__ import annotations

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import Step, plan
from unet_explorer.core.tiles import AXES, ShapeError, sides, valid_sizes
from unet_explorer.lessons.answers import FITS
from unet_explorer.lessons.asking import QUESTIONS, Asked, fitting, made, size_words
from unet_explorer.lessons.exercise import Exercise
from unet_explorer.lessons.slips import halved_first, once, path, slip, walked

__all__ = ["fits_exercise"]


def fits_exercise(asked: Asked) -> Exercise:
    """Whether a tile fits; and where not."""
    dice, config = asked.dice, asked.config
    tile = asked.tile
    if dice.number(3):
        side = dice.of(fitting(config, tile[0])) - (dice.number(valid_sizes(config).step) if dice.number(3) else 0)
        tile = (max(1, side), max(1, side))
    try:
        sized = sides(config, tile)
    except ShapeError as error:
        return _misfit(asked, tile, error)
    downs = [each for each in plan(config) if each.op == "pool"]
    handed = ", ".join(str(sized[each.inputs[-1]][0]) for each in downs)
    told = (
        "Follow the side down: each pooling must be handed an even side.",
        "Subtract first, then halve, level by level; do not forget what is left at the very end.",
        f"It fits: the poolings are handed {handed} px, all even, and {sized['head'][0]} px are left at the end.",
    )
    odd = halved_first(config, tile[0])
    says = "Poolings are handed what the convolutions have left, and that is even here."
    slips = [
        slip(odd[0] if odd else None, "halved before subtracting", says),
        *(slip(each.name, "called an even side odd", says) for each in downs),
    ]
    return made("fits", _fits_question(tile), FITS, "", told, slips)(config, tile)


def _fits_question(tile: tuple[int, int]) -> str:
    return QUESTIONS["fits"].format(tile=size_words(tile), fits=FITS)


def _misfit(asked: Asked, tile: tuple[int, int], error: ShapeError) -> Exercise:
    config, pooled = asked.config, error.step.endswith("_pool")
    side = tile[AXES.index(error.axis)]
    reason = str(error).split(": ", 1)[1].splitlines()[0]
    told = (
        "Follow the side down: subtract what the convolutions eat, then halve.",
        f"Look at the {error.axis}. Up to the step in question every side is whole and positive.",
        reason,
    )
    wrong, odd = halved_first(config, side), int(error.side)
    if pooled and asked.dice.number(2):
        one = walked(once(path(config, error.step)[:-1]), side)
        slips = [
            slip(wrong[1] if wrong else None, "halved before subtracting", "Convolutions come before each pooling."),
            slip(one, "counted one convolution", "Count how many there are on each level."),
            slip(odd // 2, "rounded half of it", "The side before it is halved is asked for."),
            slip(side, "gave the tile", "The tile has lost pixels by then."),
        ]
        question = (
            f"A tile of {size_words(tile)} does not fit: one of the poolings would have to halve an odd {error.axis}. "
            "Which one is the first that is handed to a pooling?"
        )
        return made("fits", question, odd, "px", told, slips)(config, tile)
    known = plan(config)
    joins = [each.name for each in known if each.op == "crop_concat" and _level(config, each) == error.step]
    later = [each.name for each in known if each.op == "pool" and each.name != error.step]
    slips = [
        slip(wrong[0] if wrong else None, "halved before subtracting", "Convolutions come before each pooling."),
        slip(FITS, "overlooked the odd side", "Write down what each pooling is handed."),
        *(slip(name, "named where the error shows", "There maps do not meet; why is seen before.") for name in joins),
        *(slip(name, "named another level", "Write down what each pooling is handed.") for name in later),
    ]
    return made("fits", _fits_question(tile), error.step, "", told, slips)(config, tile)


def _level(config: UNetConfig, join: Step) -> str:
    """The pooling behind the map that a concatenation takes from the way down."""
    return next(each.name for each in plan(config) if each.op == "pool" and each.inputs[0] == join.inputs[0])
