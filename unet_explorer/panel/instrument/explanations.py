"""What the card says of a step: its formula and the reason for it, with gaps for the numbers of the tile.

The browser fills ``{in}``, ``{skip}``, ``{out}``, ``{crop}`` and ``{area}`` as the tile is dragged.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from unet_explorer.core.plan import Step
from unet_explorer.core.tiles import LARGEST
from unet_explorer.core.trace import BYTES_PER_NUMBER

__all__ = ["KNOBS", "PRESET_NOTES", "SENTENCES", "VALUES", "Explanation", "by_label", "explain"]

SENTENCES: Final = {
    "odd": "{side} is odd: it cannot be halved",
    "vanished": "nothing is left of the map: its side would be {side}",
    "small": "too small: the smallest tile is {smallest}",
    "refused": "{given} is not a tile size: give a whole number from 1 to " + f"{LARGEST:,}.",
    "refused_output": "{given} is not an output size: give a whole number of at least 1 that a tile up to "
    f"{LARGEST:,} px can give.",
    "refused_knob": "{label}: {given} is not allowed. Give {allowed}.",
    "batch": "Tiles per batch",
}

PRESET_NOTES: Final = {
    "paper": "the U-Net of 2015: grey images, 572 px",
    "article": "a widely copied variant: RGB, ReLU before the loss",
    "classroom": "small enough to learn while people watch",
}


KNOBS: Final = {
    "depth": ("Depth", "how often the map is halved on the way down", True),
    "base_filters": ("Filters", "channels of the first convolution; doubled at every level down", True),
    "convs_per_block": ("Convs per block", "convolutions on each level", False),
    "kernel_size": ("Kernel", "side of the convolutions' kernels, in pixels", False),
    "padding": ("Padding", "whether convolutions lose their border or are padded with zeros", False),
    "upsampling": ("Up-sampling", "how a map is doubled on the way up", False),
    "in_channels": ("Image channels", "1 is grey, 3 is RGB", False),
    "num_classes": ("Classes", "channels of the prediction", False),
    "batch_norm": ("Batch norm", "normalise between every convolution and its ReLU", False),
    "dropout": ("Dropout", "share of values dropped at the end of the contracting path", False),
    "head_activation": ("Head", "what follows the last 1×1 convolution; linear gives logits, as the loss wants", False),
    "skips": ("Skips", "copy the maps of the way down to the way up; try what is lost without them", False),
}
"""Label, explanation, and whether it is shown at once or under "More"."""

VALUES: Final[dict[str | int, str]] = {
    1: "1 × 1",
    3: "3 × 3",
    5: "5 × 5",
    7: "7 × 7",
    "valid": "none (valid)",
    "same": "zeros (same)",
    "transpose": "transposed convolution",
    "bilinear": "bilinear + convolution",
    "relu": "ReLU (a mistake)",
}


class Explanation(NamedTuple):
    """A step in words: what it is, where it stands, how the side follows, why, and how its numbers are counted."""

    title: str
    where: str
    formula: str
    reason: str
    parameters: str
    work: str
    memory: str


def by_label(problem: str) -> str:
    """What `UNetConfig` refuses, with the labels that stand at the knobs.

    Example:
        >>> by_label("base_filters=-1 is not allowed: give a whole number from 1 to 256.")
        'Filters: −1 is not allowed. Give a whole number from 1 to 256.'
    """

    def labelled(found: re.Match[str]) -> str:
        name, given, allowed = found.groups()
        label = KNOBS[name][0] if name in KNOBS else SENTENCES["batch"]
        return SENTENCES["refused_knob"].format(label=label, given=given.replace("-", "−"), allowed=allowed)

    return re.sub(
        rf"\b({'|'.join([*KNOBS, 'batch_size'])})=(.*?) is not allowed: give (.*?)\.(?=$|\s)", labelled, problem
    )


def explain(step: Step, crop: int) -> Explanation:
    """What there is to say of a step.

    Args:
        step: The step.
        crop: Pixels a side that it cuts off its skip, if it has one.

    Example:
        >>> from unet_explorer import UNetConfig, plan
        >>> explain(plan(UNetConfig())[0], 0).formula
        '{in} − (3 − 1) = {out}'
    """
    tell = {"conv": _conv, "conv1x1": _head}.get(step.op, _other)
    title, formula, reason = _skip(crop) if step.op == "crop_concat" else tell(step)
    where = next((words for prefix, words in _WHERE.items() if step.name.startswith(prefix)), "")
    return Explanation(
        title, where.format(level=step.level), formula, reason, _parameters(step), _work(step), _memory(step)
    )


_WHERE: Final = {"enc": "contracting path, level {level}", "dec": "expanding path, level {level}"}
"""What stands behind the first letters of a step's name."""
_THEN: Final = {"linear": "", "relu": ", then ReLU", "softmax": ", then softmax", "sigmoid": ", then sigmoid"}


def _conv(step: Step) -> tuple[str, str, str]:
    k = step.kernel
    rim = (k - 1) // 2
    then = _THEN[step.activation]
    if k == 1:
        return f"1×1 convolution{then}", "{in} = {out}", "A 1×1 kernel needs no neighbours, so no border is lost."
    if step.padding == "valid":
        return (
            f"{k}×{k} convolution, no padding{then}",
            f"{{in}} − ({k} − 1) = {{out}}",
            f"The {k}×{k} kernel only fits where it lies wholly inside the map, so the outermost {rim} px "
            f"{'are' if rim > 1 else 'is'} lost on every side.",
        )
    if k % 2:
        return (
            f"{k}×{k} convolution, padded{then}",
            f"{{in}} + 2 · {rim} − ({k} − 1) = {{out}}",
            f"A frame of zeros, {rim} px wide, stands in for what is missing outside: the side stays.",
        )
    return (
        f"{k}×{k} convolution, padded{then}",
        f"{{in}} + {k - 1} − ({k} − 1) = {{out}}",
        "It halves the channels of the enlarged map; one row and one column of zeros keep the side.",
    )


def _head(step: Step) -> tuple[str, str, str]:
    reason = "Each pixel's channels are weighed into one score for each class."
    if step.activation == "relu":
        reason += (
            " A ReLU here cuts off all negative scores before the loss sees them: a widely copied mistake that can "
            "stop the learning."
        )
    return f"1×1 convolution{_THEN[step.activation]}", "{in} = {out}", reason


def _skip(crop: int) -> tuple[str, str, str]:
    why = "so that the next convolution sees the channels of both."
    if not crop:
        return (
            "copy and concatenate",
            "{skip} = {out}",
            f"The map saved on the way down is stacked with the one coming up, {why}",
        )
    return (
        "copy, crop and concatenate",
        "{skip} − 2 · {crop} = {out}",
        f"The map saved on the way down is cut to the size of the one coming up and stacked with it, {why}",
    )


def _other(step: Step) -> tuple[str, str, str]:
    titles = {
        "pool": "2×2 max-pooling",
        "upconv": "2×2 up-convolution (transposed, stride 2)",
        "upsample": "bilinear up-sampling",
        "norm": "batch normalisation",
        "relu": "ReLU",
        "dropout": f"dropout, {step.rate:g}",
    }
    formulas = {"pool": "{in} ÷ 2 = {out}", "upconv": "{in} × 2 = {out}", "upsample": "{in} × 2 = {out}"}
    reasons = {
        "pool": "Of every 2×2 pixels only the largest value is kept. An odd side would leave a row without a partner.",
        "upconv": "Every pixel becomes 2×2 pixels, with weights that are learnt, and the channels are halved.",
        "upsample": "New pixels are interpolated between their neighbours; nothing is learned here.",
        "norm": "Each channel is shifted and scaled to a steady mean and spread.",
        "relu": "Negative values become zero.",
        "dropout": "While learning, this share of the values is set to zero at random; predicting, nothing happens.",
    }
    return titles[step.op], formulas.get(step.op, "{in} = {out}"), reasons[step.op]


def _parameters(step: Step) -> str:
    if step.op == "norm":
        return f"4 · {step.channels} = {step.parameters:,}"
    if not step.kernel:
        return "0"
    bias = f" + {step.channels}" if step.bias else ""
    return f"{step.kernel}·{step.kernel} · {step.in_channels} · {step.channels}{bias} = {step.parameters:,}"


def _memory(step: Step) -> str:
    return f"{{area}} · {step.channels} · {BYTES_PER_NUMBER} B"


def _work(step: Step) -> str:
    if not step.kernel:
        return ""
    taps = "" if step.op == "upconv" else f"{step.kernel}·{step.kernel} · "
    return f"{{area}} · {taps}{step.in_channels} · {step.channels}"
