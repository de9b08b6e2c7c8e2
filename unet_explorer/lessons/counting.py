"""Exercises that end in a number: the side behind a step, a crop, parameters, a receptive field."""

from __future__ import annotations

from typing import Final

from unet_explorer.core.laws import laws
from unet_explorer.core.plan import plan
from unet_explorer.core.receptive import sights
from unet_explorer.core.tiles import AXES, sides
from unet_explorer.core.trace import trace
from unet_explorer.lessons.asking import QUESTIONS, Asked, fitting, made, size_words, step_words, turned
from unet_explorer.lessons.exercise import Exercise
from unet_explorer.lessons.slips import field, once, path, shape_slips, slip

__all__ = ["crop_exercise", "field_exercise", "parameters_exercise", "shape_exercise"]

_SIZED: Final = ("conv", "pool", "upconv", "upsample", "crop_concat", "conv1x1")
_LEARNING: Final = ("conv", "norm", "upconv", "conv1x1")


def shape_exercise(asked: Asked) -> Exercise:
    """The side of the map behind a step."""
    config, dice = asked.config, asked.dice
    height, width = (dice.of(fitting(config, side)) for side in asked.tile)
    tile, axis = (height, width), dice.number(2)
    step = dice.of([each for each in plan(config) if each.op in _SIZED])
    sized = sides(config, tile)
    answer, way = sized[step.name][axis], path(config, step.name)
    chain = [tile[axis], *(sized[each.name][axis] for each in way)]
    told = (
        "Go step by step: convolutions subtract (or, with padding, keep), poolings halve, steps up double.",
        f"There are {sum(each.op == 'pool' for each in way)} poolings and "
        f"{sum(each.op == 'conv' for each in way)} convolutions on the way. Write down the {AXES[axis]} behind each.",
        f"The {AXES[axis]} step by step: {' → '.join(map(str, chain))}.",
    )
    question = QUESTIONS["shape"].format(tile=size_words(tile), axis=AXES[axis], step=step_words(step))
    return made("shape", question, answer, "px", told, shape_slips(config, step.name, tile, axis))(config, tile)


def crop_exercise(asked: Asked) -> Exercise | None:
    """What a skip loses."""
    if not asked.config.skips:
        return None
    config, said = turned(asked, ("kernel_size", "convs_per_block"))
    side = asked.dice.of(fitting(config, asked.tile[0]))
    rows = trace(config, side)
    joined = [row for row in rows if row.step.op == "crop_concat"]
    row = asked.dice.of(joined)
    skip, main = (each.height for each in row.inputs)
    up = [each for each in path(config, row.step.name) if each.op in {"upconv", "upsample"}][-1]
    before = rows[up.name].inputs[0].height
    spare = skip - before
    told = (
        "How large is the map of the skip, and how large the one that comes up?",
        "Take the difference of both sides; a crop takes half of it from each side, so that the middle stays.",
        f"The skip brings {skip} px, from below come {main} px: ({skip} − {main}) / 2 = {row.crop}.",
    )
    others = [each for each in joined if each.crop != row.crop]
    slips = [
        slip(skip - main, "took both sides together", "The question is for each side: half of the difference."),
        slip(0, "forgot the crop", "The maps are not equally large: convolutions have eaten their rims in between."),
        slip(spare // 2 if spare % 2 == 0 else None, "forgot the up-convolution", "First the side is doubled."),
        slip(main, "gave what is kept", "What is kept is the map's side; what is cut off is asked for."),
        *(slip(each.crop, "took another level", f"That is the crop at {each.step.name}.") for each in others),
    ]
    question = said + QUESTIONS["crop"].format(tile=size_words((side, side)), step=step_words(row.step))
    return made("crop", question, row.crop, "px", told, slips)(config, (side, side))


def parameters_exercise(asked: Asked) -> Exercise:
    """How many numbers a step holds."""
    config, said = turned(asked, ("base_filters",))
    known = {each.name: each for each in plan(config)}
    step = asked.dice.of([each for each in known.values() if each.op in _LEARNING])
    arriving, leaving, kernel = step.in_channels, step.channels, step.kernel
    before = known.get(step.inputs[0])
    if step.op == "norm":
        told = (
            "A normalisation holds a few numbers for each channel.",
            "Two of them it learns, and of two it keeps track: mean and variance.",
            f"Scale, shift, mean and variance of {leaving} channels: 4 · {leaving} = {step.parameters}.",
        )
        slips = [
            slip(step.trainable, "forgot mean and variance", "It keeps track of both; Keras counts them."),
            slip(leaving, "counted one number a channel", "It needs more: scale, shift, mean and variance."),
        ]
    else:
        bias = step.parameters - step.weights
        told = (
            f"How many channels arrive at `{step.name}`, and how many leave it?",
            f"A kernel holds {kernel}·{kernel} numbers for each channel that arrives; there is one for each that leaves"
            + (", and a bias each." if bias else ", and no bias: the normalisation has its own."),
            f"{kernel}·{kernel}·{arriving}·{leaving}" + (f" + {leaving}" if bias else "") + f" = {step.parameters:,}.",
        )
        main = known[before.inputs[-1]].channels if before and before.op == "crop_concat" else 0
        slips = [
            slip(step.weights, "forgot biases", "Each channel that leaves has a bias."),
            slip(step.weights + leaving, "counted biases", "In front of a normalisation there are none."),
            slip(
                kernel**2 * main * leaving + bias if main else None,
                "added where it concatenates",
                "The channels of both maps lie one behind the other: count both.",
            ),
            slip(kernel * arriving * leaving + bias, "took one side of the kernel", "A kernel is a square."),
            slip(
                kernel**2 * leaving + bias, "forgot the channels that arrive", "A kernel reaches through all of them."
            ),
            slip(kernel**2 * arriving + bias, "counted one kernel", "There is one for each channel that leaves."),
            slip(
                kernel**2 * arriving * leaving + arriving, "counted biases of what arrives", "Those that leave count."
            ),
        ]
    question = said + QUESTIONS["parameters"].format(step=step_words(step))
    return made("parameters", question, step.parameters, "parameters", told, slips)(config, asked.tile)


def field_exercise(asked: Asked) -> Exercise:
    """What a pixel of the way down sees."""
    config, said = turned(asked, ("kernel_size", "convs_per_block"))
    steps = plan(config)
    turn = next(number for number, each in enumerate(steps) if each.op in {"upconv", "upsample"})
    step = asked.dice.of([each for each in steps[:turn] if each.op in {"conv", "pool"}])
    answer, way = sights(config)[step.name].unbounded, path(config, step.name)
    chain = [sights(config)[each.name].unbounded for each in way if each.op in {"conv", "pool"}]
    pooled = 1 << laws(config)[step.name].level
    told = (
        "Go along the way down: each convolution and each pooling lets a pixel see further.",
        f"Behind a pooling, neighbours lie twice as far apart in the tile; at this step {pooled} px.",
        f"Step by step a pixel sees 1 → {' → '.join(map(str, chain))} px.",
    )
    slips = [
        slip(field(way, spreads=False), "forgot that poolings spread", "Behind a pooling, a step is twice as wide."),
        slip(field(once(way)), "counted one convolution", "Count how many there are on each level."),
        slip(field(way, pooled=0), "forgot what poolings see", "A pooling looks at two pixels, side by side."),
        slip(field(way, pooled=2), "counted a pooling double", "A pooling adds one neighbour to a side, not two."),
        slip(config.kernel_size, "gave the kernel", "The kernel is what one step sees of the map before it."),
        slip(answer * answer, "gave an area", "The side is asked for."),
    ]
    question = said + QUESTIONS["field"].format(step=step_words(step))
    return made("field", question, answer, "px", told, slips)(config, asked.tile)
