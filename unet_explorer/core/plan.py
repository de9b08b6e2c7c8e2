"""The U, written once.

Everything else in this package walks the steps that `plan` returns: arithmetic, the live network, its source
code, the drawing. No other file knows that the network is U-shaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from unet_explorer.core.config import UNetConfig, read_config

__all__ = ["TILE", "Op", "Step", "plan"]

Op = Literal["conv", "norm", "relu", "dropout", "pool", "upconv", "upsample", "crop_concat", "conv1x1"]

TILE: Final = "input"
"""The name under which the first step asks for the tile itself."""


@dataclass(frozen=True)
class Step:
    """One layer of the network.

    Attributes:
        name: Unique; also the name of the Keras layer.
        op: What it does: ``conv`` (k×k convolution), ``norm``, ``relu``, ``dropout``, ``pool`` (2×2 max),
            ``upconv`` (2×2 transposed convolution, stride 2), ``upsample`` (bilinear, ×2), ``crop_concat``
            (the skip, cropped, in front of the main path) or ``conv1x1`` (the head).
        inputs: Names of the steps it takes its maps from; for ``crop_concat`` the skip comes first.
        level: How often its output has been halved; 0 is the top.
        in_channels: Channels that arrive, of all inputs together.
        channels: Channels that leave.
        kernel: Side of the kernel in pixels, 0 if it has none.
        padding: ``"same"`` if a rim of zeros keeps the side, else ``"valid"``.
        activation: What the layer itself applies to its result.
        bias: Whether it learns one number a channel to add.
        rate: Share of values that ``dropout`` drops.
    """

    name: str
    op: Op
    inputs: tuple[str, ...]
    level: int
    in_channels: int
    channels: int
    kernel: int = 0
    padding: str = "valid"
    activation: str = "linear"
    bias: bool = False
    rate: float = 0.0

    @property
    def weights(self) -> int:
        """How many numbers its kernel holds, k × k × channels in × channels out.

        Example:
            >>> plan(UNetConfig())[0].weights
            576
        """
        return self.kernel**2 * self.in_channels * self.channels

    @property
    def parameters(self) -> int:
        """All its numbers, as Keras counts them. They are kernel and bias; four a channel for a normalisation.

        Example:
            >>> plan(UNetConfig())[0].parameters
            640
        """
        if self.op == "norm":
            return 2 * self.trainable
        return self.trainable

    @property
    def trainable(self) -> int:
        """Those of its numbers that learning changes, so not the mean and variance that a normalisation tracks.

        Example:
            >>> plan(UNetConfig(batch_norm=True))[1].trainable
            128
        """
        if self.op == "norm":
            return 2 * self.channels
        return self.weights + (self.channels if self.bias else 0)


def plan(config: UNetConfig) -> tuple[Step, ...]:
    """All steps of the network, in the order in which they are computed.

    Down: a block of convolutions, then a 2×2 max-pooling that halves the sides while the next block doubles
    the channels. At the bottom: one more block. Up: a 2×2 up-convolution doubles the sides and halves the
    channels, the map saved on the way down is cropped and put in front of it, and a block of convolutions
    follows (without skips, the way up is on its own). Last, a 1×1 convolution gives a score for each class
    (Ronneberger et al. 2015, section 2).

    Args:
        config: The network.

    Returns:
        The steps. Each names its inputs, so the order of the tuple is one in which it can be computed.

    Raises:
        ValueError: If it is no `UNetConfig`.

    Example:
        >>> [step.name for step in plan(UNetConfig(depth=1, convs_per_block=1))]
        ['enc0_conv1', 'enc0_pool', 'bottleneck_conv1', 'dec0_up', 'dec0_concat', 'dec0_conv1', 'head']
    """
    return _steps(read_config(config))


@lru_cache(maxsize=512)
def _steps(config: UNetConfig) -> tuple[Step, ...]:
    draft = _Draft(config)
    skips = {}
    for level in range(config.depth):
        draft.block(f"enc{level}", level)
        if level == config.depth - 1:
            draft.dropout(f"enc{level}_dropout")
        skips[level] = draft.last
        draft.add(f"enc{level}_pool", "pool", level=level + 1)
    draft.block("bottleneck", config.depth)
    draft.dropout("bottleneck_dropout")
    for level in reversed(range(config.depth)):
        draft.up(level)
        if config.skips:
            draft.concat(level, skips[level])
        draft.block(f"dec{level}", level)
    draft.add("head", "conv1x1", channels=config.num_classes, kernel=1, bias=True, activation=config.head_activation)
    return tuple(draft.steps)


class _Draft:
    """The steps so far; the next one starts from the last."""

    def __init__(self, config: UNetConfig) -> None:
        self.config = config
        self.steps: list[Step] = []

    @property
    def last(self) -> Step:
        return self.steps[-1]

    def add(self, name: str, op: Op, **facts: Any) -> None:
        """Append a step. What is not said stays as it was: the level, the channels."""
        before = self.steps[-1] if self.steps else None
        arriving = before.channels if before else self.config.in_channels
        facts.setdefault("inputs", (before.name if before else TILE,))
        facts.setdefault("level", before.level if before else 0)
        facts.setdefault("in_channels", arriving)
        facts.setdefault("channels", facts["in_channels"])
        self.steps.append(Step(name, op, **facts))

    def filters(self, level: int) -> int:
        return self.config.base_filters << level

    def block(self, prefix: str, level: int) -> None:
        norm = self.config.batch_norm
        for number in range(1, self.config.convs_per_block + 1):
            self.add(
                f"{prefix}_conv{number}",
                "conv",
                channels=self.filters(level),
                kernel=self.config.kernel_size,
                padding=self.config.padding,
                # A normalisation subtracts the mean, and with it any bias that was added before.
                bias=not norm,
                activation="linear" if norm else "relu",
            )
            if norm:
                self.add(f"{prefix}_norm{number}", "norm")
                self.add(f"{prefix}_relu{number}", "relu", activation="relu")

    def dropout(self, name: str) -> None:
        if self.config.dropout:
            self.add(name, "dropout", rate=self.config.dropout)

    def up(self, level: int) -> None:
        name, channels = f"dec{level}_up", self.filters(level)
        if self.config.upsampling == "transpose":
            self.add(name, "upconv", level=level, channels=channels, kernel=2, bias=True)
        else:
            self.add(f"dec{level}_upsample", "upsample", level=level)
            self.add(name, "conv", channels=channels, kernel=2, padding="same", bias=True)

    def concat(self, level: int, skip: Step) -> None:
        both = skip.channels + self.last.channels
        self.add(f"dec{level}_concat", "crop_concat", inputs=(skip.name, self.last.name), in_channels=both)
