"""How a set could be taught: what follows from its objects, its classes and its images, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiles import nearest_sizes, tile_for_output
from unet_explorer.core.trace import trace
from unet_explorer.data.augment import BRIGHTNESS, CONTRAST, Augmentation
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.facts import Facts, facts_of
from unet_explorer.learning.recipe import Recipe

__all__ = ["SMALL", "Proposal", "propose", "proposed"]

SMALL: Final = 0.15
"""A class with a smaller share of the pixels is better learnt by cross-entropy and Dice together: with some seeds Dice
alone never gets away from the background (tests/benchmarks/learning.py)."""
_WORTH_SEEING: Final = 100
"""Pixels a side that the output of a tile should have: that of the classroom's."""
_AROUND: Final = 2.0
"""Such an output is as often as wide as wide objects."""
_ROUNDS: Final = 10
"""How often each part of the images is learnt from."""
_ONE_MORE: Final = 600
"""Steps on top for each class that must be told apart from another one, not from the background alone."""
_UNLIKE: Final = 3.0
"""Images are unlike each other if the objects of one are so many times as wide as those of another."""
_FEWEST: Final = 300
_MOST: Final = 2000
"""Steps: fewer teach too little, more take too long in front of a class."""
_EXAMINATIONS: Final = 40
"""Of more nobody sees more in a curve."""
_APART: Final = 3.0
"""Classes are told apart by brightness alone if it differs by so many standard deviations of their objects'."""
_OFF_CENTRE: Final = 0.15
_STEADY: Final = 0.12
"""A class has its place if it lies so far above or below the middle of the image, and differs less among the images."""


class Proposal(NamedTuple):
    """One thing that could be chosen for a set.

    Attributes:
        name: A field of `Recipe` or of `Augmentation`, or ``"tile"``.
        value: What to choose; of a tile [height, width] in pixels.
        reason: Why, in one sentence with the numbers that it follows from.
    """

    name: str
    value: Any
    reason: str


def propose(dataset: Dataset, config: UNetConfig, facts: Facts | None = None) -> tuple[Proposal, ...]:
    """What follows from a set for how it is taught; what stays as it is by default has a reason as well.

    Args:
        dataset: Images with their labels.
        config: The network.
        facts: What was measured of the set, if it was already.

    Returns:
        A loss, a number of steps, a tile, and the variations that the set asks for or forbids.

    Example:
        >>> from unet_explorer import PRESETS, shapes
        >>> loss, steps, *_ = propose(shapes(), PRESETS["classroom"].config)
        >>> loss.value, loss.reason[:44]
        ('combined', '7.2 % of the pixels are “triangle”. Cross-en')
        >>> steps.value, steps.reason[-60:]
        (1500, 'be told apart from each other, not only from the background.')
    """
    known = facts or facts_of(dataset)
    tile = _tile(known, config)
    return (
        _loss(known, dataset.classes),
        *_steps(known, config, tile.value),
        *_variations(known, dataset.classes, dataset.channels),
        tile,
    )


def proposed(recipe: Recipe, proposals: Iterable[Proposal]) -> Recipe:
    """A recipe with what was proposed; a tile is not part of it.

    Example:
        >>> proposed(Recipe(), [Proposal("steps", 800, "…"), Proposal("flips", False, "…")]).augmentation.flips
        False
    """
    chosen = {each.name: each.value for each in proposals if each.name != "tile"}
    varied = {name: value for name, value in chosen.items() if name in Augmentation().to_dict()}
    others = {name: value for name, value in chosen.items() if name not in varied}
    return replace(recipe, **others, augmentation=replace(recipe.augmentation, **varied))


def _loss(facts: Facts, classes: tuple[str, ...]) -> Proposal:
    behind = [(share, label) for label, share in enumerate(facts.shares) if label and share]
    share, label = min(behind, default=(1.0, 0))
    if share >= SMALL:
        return Proposal("loss", "cross-entropy", f"Every class has {_percent(share)} of the pixels or more.")
    reason = (
        f"{_percent(share)} of the pixels are {_name(classes, label)}. Cross-entropy asks pixel by pixel and hears "
        "little of them, Dice counts each class as much as any other: together they miss neither."
    )
    return Proposal("loss", "combined", reason)


def _steps(facts: Facts, config: UNetConfig, tile: list[int]) -> Iterator[Proposal]:
    output = trace(config, (tile[0], tile[1])).output
    tiles = max(1, round(0.8 * facts.pixels / (output.height * output.width)))
    batch = Recipe().batch_size
    steps = _ROUNDS * tiles / batch
    reasons = [f"About {tiles:,} tiles cover what is learnt from, and each part should be seen some {_ROUNDS} times"]
    told = sum(share > 0 for share in facts.shares[1:])
    if told > 1:
        steps += _ONE_MORE * (told - 1)
        reasons.append(f"{told} classes must be told apart from each other, not only from the background")
    if facts.usual and facts.usual[1] >= _UNLIKE * facts.usual[0]:
        steps *= 2
        low, high = facts.usual
        reasons.append(f"objects are {low:.0f} px wide in one image and {high:.0f} px in another")
    value = min(_MOST, max(_FEWEST, round(steps / 100) * 100))
    yield Proposal("steps", value, "; ".join(reasons) + ".")
    usual = Recipe().steps_per_epoch
    each = usual * -(-value // (_EXAMINATIONS * usual))
    if each > usual:
        reason = f"{value // each} examinations show how {value:,} steps go; more would only take time."
        yield Proposal("steps_per_epoch", each, reason)


def _variations(facts: Facts, classes: tuple[str, ...], channels: int) -> Iterator[Proposal]:
    if facts.darker and facts.brighter and channels == 1:
        reason = (
            f"In {facts.darker} of {facts.looked_at} images the objects are darker than what is around them, in "
            f"{facts.brighter} brighter: so both are learnt from every image."
        )
        yield Proposal("inverted", True, reason)
    if alike := _by_brightness(facts, classes):
        yield Proposal("grey", False, alike)
    for label, place in enumerate(facts.places, 1):
        if place and abs(place[0] - 0.5) >= _OFF_CENTRE and place[1] <= _STEADY:
            reason = (
                f"{_name(classes, label)} lies about {_percent(place[0])} of the way down in every image: where up is "
                "helps to tell it."
            )
            yield Proposal("rotations", False, reason)
            yield Proposal("flips", False, reason)
            return


def _by_brightness(facts: Facts, classes: tuple[str, ...]) -> str:
    """Two classes that brightness alone tells apart, so closely that varied light would mix them up; or nothing."""
    known = [(label, each) for label, each in enumerate(facts.levels, 1) if each]
    for place, (one, (level, spread)) in enumerate(known):
        for other, (level_, spread_) in known[place + 1 :]:
            apart, own = abs(level - level_), ((spread**2 + spread_**2) / 2) ** 0.5
            varied = (BRIGHTNESS**2 + (CONTRAST * (level + level_) / 2) ** 2) ** 0.5
            if _APART * own <= apart <= _APART * varied:
                return (
                    f"{_name(classes, one)} and {_name(classes, other)} are told apart by brightness, {apart:.1f} "
                    f"standard deviations, and varied light would change it by {varied:.1f}."
                )
    return ""


def _tile(facts: Facts, config: UNetConfig) -> Proposal:
    wide = facts.widths[2] if facts.widths else 0.0
    wanted = max(_WORTH_SEEING, round(_AROUND * wide))
    room = min(facts.smallest)
    side = _side(config, min(wanted, room), room)
    output = trace(config, side).output.height
    reason = f"The output of {output} px is "
    if wanted > room:
        reason += f"as much as the smallest image has ({facts.smallest[0]} × {facts.smallest[1]} px)."
    elif wide:
        reason += (
            f"{output / wide:.1f} times as wide as objects: nine tenths of them, by area, have {wide:.0f} px or less."
        )
    else:
        reason += "enough to learn from."
    return Proposal("tile", [side, side], reason)


def _side(config: UNetConfig, wanted: int, room: int) -> int:
    """A tile with such an output, or the next smaller one if that does not lie within the images."""
    above = tile_for_output(config, wanted)
    if trace(config, above).output.height <= room:
        return above
    below = nearest_sizes(config, above - 1)[0]
    return above if below is None else below


def _name(classes: tuple[str, ...], label: int) -> str:
    return f"“{classes[label]}”" if label < len(classes) else f"class {label}"


def _percent(share: float) -> str:
    """A share with as many digits as it takes.

    Example:
        >>> _percent(0.0015), _percent(0.361)
        ('0.15 %', '36 %')
    """
    return f"{100 * share:.2g} %"
