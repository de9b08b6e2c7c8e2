"""Sheets of exercises on any design: the same seed gives the same sheet."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from unet_explorer.core.config import UNetConfig, Whole, read_config, read_value
from unet_explorer.core.plan import plan
from unet_explorer.core.tiles import Tile, read_tile
from unet_explorer.lessons.asking import Asked
from unet_explorer.lessons.choosing import tile_exercise
from unet_explorer.lessons.counting import crop_exercise, field_exercise, parameters_exercise, shape_exercise
from unet_explorer.lessons.exercise import Dice, Exercise
from unet_explorer.lessons.fits import fits_exercise

__all__ = ["COUNTS", "SEEDS", "described", "exercises"]

COUNTS: Final = Whole(1, 60)
SEEDS: Final = Whole(0, 2**32 - 1)
_MAKERS: Final[dict[str, Callable[[Asked], Exercise | None]]] = {
    "shape": shape_exercise,
    "crop": crop_exercise,
    "fits": fits_exercise,
    "parameters": parameters_exercise,
    "field": field_exercise,
    "tile": tile_exercise,
}
_TRIES: Final = 12
_TELLING: Final = 100
"""Numbers below are so common that they tell nothing where they stand in another question."""
_NUMBER: Final = re.compile(r"(?<![\d,])\d{1,3}(?:,\d{3})+(?![\d,])|\d+")


def exercises(config: UNetConfig, tile: Tile, seed: int = 0, count: int = 10) -> tuple[Exercise, ...]:
    """Exercises on a network, each with its solution, two hints, and what wrong answers stand for.

    They ask for the side behind a step, the crop at a skip, whether a tile fits and where not, the parameters of a
    step, a receptive field, and the best tile for an image and a memory limit, in turn. All answers are computed by
    what draws the panel.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width). It need not fit: then that is asked as well, and other questions
            take a tile near it that does.
        seed: Another seed gives other numbers; the same seed the same sheet.
        count: How many; each kind comes as often as any other, as far as this network has something to ask of it.

    Raises:
        ValueError: If an argument is not allowed.

    Example:
        >>> sheet = exercises(UNetConfig(), 572, seed=3, count=6)
        >>> [asked.kind for asked in sheet]
        ['shape', 'crop', 'fits', 'parameters', 'field', 'tile']
        >>> sheet[1].grade(sheet[1].answer).right
        True
    """
    read_config(config, tile)
    pair, seed, count = read_tile(tile), read_value("seed", seed, SEEDS), read_value("count", count, COUNTS)
    dice = Dice(seed)
    asked, found, told = Asked(config, pair, dice), list[Exercise](), _numbers("\n".join(described(config)))
    kinds = list(_MAKERS)
    while len(found) < count:
        kind = kinds.pop(0)
        made = _another(_MAKERS[kind], asked, found, told)
        if made:
            found.append(made)
            kinds.append(kind)
    return tuple(found)


def _another(
    make: Callable[[Asked], Exercise | None], asked: Asked, found: list[Exercise], told: set[int]
) -> Exercise | None:
    """One more of a kind: not asked before, and no question holds another one's answer."""
    spare = None
    for _ in range(_TRIES):
        made = make(asked)
        if not made or any(made.question == each.question for each in found):
            continue
        spare = made
        questions = told.union(*(_numbers(each.question) for each in found))
        answers = {each.answer for each in found}
        if not (_telling(made) & questions or answers & {each for each in _numbers(made.question) if each >= _TELLING}):
            return made
    # Of a small network there may be nothing else left to ask.
    return spare or make(asked)


def _telling(made: Exercise) -> set[int]:
    return {made.answer} if isinstance(made.answer, int) and made.answer >= _TELLING else set()


def _numbers(text: str) -> set[int]:
    return {int(found.replace(",", "")) for found in _NUMBER.findall(text)}


def described(config: UNetConfig) -> tuple[str, ...]:
    """A network in sentences, so that it can be computed by hand; no size behind any step is told.

    Example:
        >>> described(UNetConfig())[1]
        'They are not padded. The first has 64 filters, and each level down has twice as many as the one above it.'
    """
    c = config
    many = "" if c.convs_per_block == 1 else "s"
    block = f"{c.convs_per_block} convolution{many}"
    padded = "A rim of zeros keeps the side at each of them" if c.padding == "same" else "They are not padded"
    up = (
        "a 2×2 up-convolution with stride 2"
        if c.upsampling == "transpose"
        else "bilinear doubling and a padded 2×2 convolution"
    )
    joined = (
        "is joined by the map from the way down, cropped to it and put in front of it (its channels count, too)"
        if c.skips
        else "goes on alone: there are no skips"
    )
    levels = "1 level" if c.depth == 1 else f"{c.depth} levels"
    lines = [
        f"The way down has {levels}: on each, {block} {c.kernel_size}×{c.kernel_size}, then a 2×2 max-pooling. "
        f"Below them there is one more block of {block}.",
        f"{padded}. The first has {c.base_filters} filters, and each level down has twice as many as the one above it.",
        f"On the way up, each level begins with {up}, which brings the number of filters back to that of the level. "
        f"The map then {joined}, and {block} follow{'s' if c.convs_per_block == 1 else ''}.",
        f"The image has {c.in_channels} channel{'' if c.in_channels == 1 else 's'}; a 1×1 convolution gives "
        f"{c.num_classes} score{'' if c.num_classes == 1 else 's'} for each pixel.",
    ]
    if c.batch_norm:
        lines.append(
            "A batch normalisation follows each convolution of a block, which has no bias; all others have one."
        )
    else:
        lines.append("Every convolution has biases.")
    names = ", ".join(f"`{each.name}`" for each in plan(config))
    return (*lines, f"The steps in their order: {names}.")
