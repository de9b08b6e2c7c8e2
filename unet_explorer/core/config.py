"""What a learner chooses: one frozen set of knobs, each with the values it allows."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, NamedTuple

from unet_explorer.core.values import (
    Allowed,
    Choice,
    Flag,
    Fraction,
    Positive,
    Whole,
    knob,
    read_knobs,
    read_value,
    shown,
    whole,
    wholes,
)

__all__ = [
    "PRESETS",
    "Choice",
    "Flag",
    "Fraction",
    "Positive",
    "Preset",
    "UNetConfig",
    "Whole",
    "allowed",
    "knob",
    "read_config",
    "read_knobs",
    "read_value",
    "shown",
    "whole",
    "wholes",
]

VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class UNetConfig:
    """Everything that decides which U-Net it is, except the size of the tile.

    The defaults are the network of Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for
    Biomedical Image Segmentation" (MICCAI 2015), section 2 and figure 1.

    Args:
        depth: How often the map is halved on the way down, 1 to 7.
        base_filters: Channels of the first convolution, 1 to 256; doubled at every level down.
        convs_per_block: Convolutions on each level, 1 to 4.
        kernel_size: Side of their kernels in pixels: 1, 3, 5 or 7.
        padding: ``"valid"`` lets every convolution eat its rim, as in the paper; ``"same"`` pads with zeros.
        in_channels: Channels of the image, 1 to 256 (1 is grey, 3 is RGB).
        num_classes: Channels of the prediction, 1 to 256.
        upsampling: ``"transpose"`` learns a 2×2 transposed convolution with stride 2; ``"bilinear"``
            interpolates to the double side, then convolves 2×2 (padded, so that the side stays doubled).
        batch_norm: Normalise between every convolution and its ReLU (which then has no bias of its own).
        dropout: Share of values dropped at the end of the contracting path: behind the deepest skip and
            behind the bottleneck (section 3.1 of the paper). 0 leaves it out.
        head_activation: What follows the last 1×1 convolution. ``"linear"`` gives logits and is what the loss
            wants; ``"relu"`` is a widely copied mistake that can stop the learning.
        skips: Whether the maps of the way down are copied to the way up. Without them it is no U-Net any more: they
            can be left out to see what they are good for.

    Raises:
        ValueError: If any value is of the wrong type or out of range; every such value is named.

    Example:
        >>> UNetConfig(depth=3, base_filters=8).depth
        3
        >>> UNetConfig(depth=9)
        Traceback (most recent call last):
        ...
        ValueError: depth=9 is not allowed: give a whole number from 1 to 7.
    """

    depth: int = knob(4, Whole(1, 7))
    base_filters: int = knob(64, Whole(1, 256))
    convs_per_block: int = knob(2, Whole(1, 4))
    kernel_size: int = knob(3, Choice((1, 3, 5, 7)))
    padding: str = knob("valid", Choice(("valid", "same")))
    in_channels: int = knob(1, Whole(1, 256))
    num_classes: int = knob(2, Whole(1, 256))
    upsampling: str = knob("transpose", Choice(("transpose", "bilinear")))
    batch_norm: bool = knob(False, Flag())
    dropout: float = knob(0.0, Fraction(1.0))
    head_activation: str = knob("linear", Choice(("linear", "softmax", "sigmoid", "relu")))
    skips: bool = knob(True, Flag())

    def __post_init__(self) -> None:
        read_knobs(self)

    def to_dict(self) -> dict[str, Any]:
        """The knobs as plain numbers and words, with a version, ready for JSON.

        Example:
            >>> UNetConfig(depth=3).to_dict()["depth"]
            3
        """
        return {"version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> UNetConfig:
        """Read what `to_dict` wrote. Knobs left out take their defaults.

        Raises:
            ValueError: If a key is unknown, the version is another one, or a value is not allowed.

        Example:
            >>> UNetConfig.from_dict({"version": 1, "depht": 3})
            Traceback (most recent call last):
            ...
            ValueError: Unknown key 'depht': did you mean 'depth'?
        """
        if not isinstance(values, dict):
            raise ValueError(f"A design is a dict of knobs, not {shown(values)}: give {{'depth': 4, …}}.")
        chosen = dict(values)
        version = chosen.pop("version", VERSION)
        if type(version) is not int or version != VERSION:
            raise ValueError(
                f"version={shown(version)} is not known here: this release reads version {VERSION}. "
                "Update unet_explorer, or leave the version out if you typed the design yourself."
            )
        known = [knob.name for knob in fields(cls)]
        for key in chosen:
            if key not in known:
                close = difflib.get_close_matches(shown(key).strip("'"), known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else "the keys are " + ", ".join(known) + "."
                raise ValueError(f"Unknown key {shown(key)}: {hint}")
        return cls(**chosen)


def read_config(config: object, *rest: object) -> UNetConfig:
    """The network itself.

    Args:
        config: What was given as the network.
        rest: What was given after it: if that holds the network, the order is what is wrong.

    Raises:
        ValueError: If it is anything but a `UNetConfig`.

    Example:
        >>> read_config("paper")
        Traceback (most recent call last):
        ...
        ValueError: config='paper' is not a network: give a UNetConfig, such as PRESETS["paper"].config.
        >>> read_config(572, UNetConfig())
        Traceback (most recent call last):
        ...
        ValueError: config=572 is not a network, but what follows is one: give the network first, then 572.
    """
    if isinstance(config, UNetConfig):
        return config
    given = shown(config)
    if any(isinstance(each, UNetConfig) for each in rest):
        raise ValueError(
            f"config={given} is not a network, but what follows is one: give the network first, then {given}."
        )
    remedy = 'give a UNetConfig, such as PRESETS["paper"].config'
    if config is UNetConfig:
        remedy = "it is what makes networks: write UNetConfig() for the paper's"
    elif isinstance(config, Preset):
        remedy = "it is a preset, a network and its tile: give its .config"
    elif isinstance(config, dict):
        remedy = "give a UNetConfig, such as UNetConfig.from_dict(…) of it"
    raise ValueError(f"config={given} is not a network: {remedy}.")


def allowed(knob: str) -> Allowed:
    """Which values a knob takes.

    Example:
        >>> print(allowed("depth"))
        a whole number from 1 to 7
    """
    for each in fields(UNetConfig):
        if each.name == knob:
            values: Allowed = each.metadata["allowed"]
            return values
    raise ValueError(f"Unknown knob {knob!r}.")


class Preset(NamedTuple):
    """A network and the side of the tile it is shown with.

    Attributes:
        config: The network.
        tile: Side of the tile in pixels.
    """

    config: UNetConfig
    tile: int


PRESETS: Final[dict[str, Preset]] = {
    "paper": Preset(UNetConfig(), 572),
    "article": Preset(UNetConfig(in_channels=3, head_activation="relu"), 572),
    "classroom": Preset(UNetConfig(depth=3, base_filters=8), 188),
}
