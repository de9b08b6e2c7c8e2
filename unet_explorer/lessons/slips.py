"""The same walk through the network, gone wrong on purpose: what comes out if one convolution is counted, say."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.lessons.answers import Answer
from unet_explorer.lessons.exercise import Slip

__all__ = ["early", "eaten", "field", "halved_first", "once", "path", "shape_slips", "slip", "walked"]


def slip(value: Answer | None, name: str, says: str) -> Slip | None:
    """A wrong answer, if there is one."""
    return None if value is None else Slip(value, name, says)


def path(config: UNetConfig, step: str) -> tuple[Step, ...]:
    """The steps from the tile to one step, along the way of the map that comes up.

    Example:
        >>> [each.name for each in path(UNetConfig(depth=1, convs_per_block=1), "dec0_concat")]
        ['enc0_conv1', 'enc0_pool', 'bottleneck_conv1', 'dec0_up', 'dec0_concat']
    """
    known = {each.name: each for each in plan(config)}
    found = []
    while step != TILE:
        found.append(known[step])
        step = found[-1].inputs[-1]
    return tuple(reversed(found))


def eaten(step: Step) -> int:
    """Pixels that a step takes off a side."""
    return step.kernel - 1 if step.kernel and step.op == "conv" and step.padding == "valid" else 0


def _in_a_block(step: Step) -> bool:
    # The 2×2 convolution behind a bilinear doubling belongs to the step up.
    return step.op == "conv" and not step.name.endswith("_up")


def walked(steps: tuple[Step, ...], side: int, loses: Callable[[Step], int] = eaten) -> int | None:
    """The side that such a walk ends in, or None where it ends in none.

    Example:
        >>> walked(path(UNetConfig(), "head"), 572)
        388
    """
    at = Fraction(side)
    for step in steps:
        if step.op == "pool":
            at /= 2
        elif step.op in {"upconv", "upsample"}:
            at *= 2
        else:
            at -= loses(step)
    return int(at) if at.denominator == 1 and at > 0 else None


def once(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same with one convolution a block."""
    found: list[Step] = []
    inside = False
    for step in steps:
        if _in_a_block(step) and inside:
            continue
        if step.op not in {"norm", "relu", "dropout"}:
            inside = _in_a_block(step)
        found.append(step)
    return tuple(found)


def early(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same with each pooling in front of the convolutions that it follows."""
    found: list[Step] = []
    since = 0
    for step in steps:
        if step.op == "pool":
            found.insert(since, step)
            since = len(found)
        else:
            found.append(step)
    return tuple(found)


def halved_first(config: UNetConfig, side: int) -> tuple[str, int] | None:
    """The first pooling that meets an odd side if convolutions are forgotten, and that side."""
    for step in plan(config):
        if step.op == "pool":
            if side % 2:
                return step.name, side
            side //= 2
    return None


def shape_slips(config: UNetConfig, step: str, tile: tuple[int, int], axis: int) -> list[Slip | None]:
    """Wrong sides behind a step.

    Args:
        config: The network.
        step: Behind which step.
        tile: (height, width).
        axis: 0 if the height is asked for, 1 if the width.
    """
    steps, side = path(config, step), tile[axis]
    padded = config.padding == "same"
    wide = config.kernel_size - 1
    pools = [number for number, each in enumerate(steps) if each.op == "pool"]
    ups = [number for number, each in enumerate(steps) if each.op in {"upconv", "upsample"}]

    def without(places: list[int]) -> int | None:
        return walked(steps[: places[-1]] + steps[places[-1] + 1 :], side) if places else None

    def unlike(each: Step) -> int:
        return wide if _in_a_block(each) and padded else 0

    return [
        slip(
            walked(steps, tile[1 - axis]), "used the other axis", "Height and width each follow the law on their own."
        ),
        slip(
            walked(steps, side, unlike),
            "subtracted although it pads" if padded else "forgot what convolutions eat",
            "With padding, a rim of zeros keeps the side." if padded else "Without padding each one eats its rim.",
        ),
        slip(walked(once(steps), side), "counted one convolution", "Count how many there are on each level."),
        slip(walked(early(steps), side), "halved before subtracting", "The convolutions come first, then the pooling."),
        slip(
            walked(steps, side, lambda each: eaten(each) // 2),
            "subtracted on one side only",
            "A kernel does not fit at the left border, and neither at the right one.",
        ),
        slip(_uncropped(config, steps, side), "forgot the crop", "The skip is cropped to the map that comes up."),
        slip(without(pools), "forgot a pooling", "Each pooling halves the side."),
        slip(without(ups), "forgot an up-convolution", "Each step up doubles the side."),
    ]


def _uncropped(config: UNetConfig, steps: tuple[Step, ...], side: int) -> int | None:
    """The side if the last skip on the way is taken as it is."""
    joined = [number for number, each in enumerate(steps) if each.op == "crop_concat"]
    if not joined:
        return None
    skip = walked(path(config, steps[joined[-1]].inputs[0]), side)
    return None if skip is None else walked(steps[joined[-1] :], skip)


def field(steps: tuple[Step, ...], spreads: bool = True, pooled: int = 1) -> int:
    """The side that one pixel sees in the encoder, if it is counted so.

    Args:
        steps: The way to it.
        spreads: Whether pixels of the tile are counted behind a pooling, and not pixels of the map.
        pooled: How many neighbours a pooling adds.

    Example:
        >>> field(path(UNetConfig(), "bottleneck_conv2"))
        140
    """
    seen, apart = 1, 1
    for step in steps:
        if step.op == "pool":
            seen += pooled * apart
            apart *= 2 if spreads else 1
        elif step.op == "conv":
            seen += (step.kernel - 1) * apart
    return seen
