"""The picture held against Keras, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiles import Tile
from unet_explorer.core.trace import Row, trace
from unet_explorer.learning.protocol import Layer

__all__ = ["Check", "prove"]


class Check(NamedTuple):
    """One step of the plan, and Keras's layer of the same name.

    Attributes:
        step: Name of both.
        difference: Empty if they agree in shape and parameters; else what each of them says.
    """

    step: str
    difference: str


def prove(config: UNetConfig, tile: Tile, layers: Mapping[str, Layer]) -> tuple[Check, ...]:
    """Compare every step with the layer that Keras made of it.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).
        layers: For each of Keras's layers its ``shape`` [height, width, channels] and its ``parameters``, as Keras
            tells them.

    Example:
        >>> prove(UNetConfig(depth=1, base_filters=1), 20, {})[0]
        Check(step='enc0_conv1', difference='the plan says 18 × 18 × 1 and 10 parameters, Keras has no such layer')
    """
    return tuple(Check(row.step.name, _difference(row, layers.get(row.step.name))) for row in trace(config, tile))


def _difference(row: Row, layer: Layer | None) -> str:
    if layer is not None and list(row.output) == list(layer["shape"]) and row.parameters == layer["parameters"]:
        return ""
    plan = f"the plan says {row.output} and {row.parameters:,} parameters"
    if layer is None:
        return f"{plan}, Keras has no such layer"
    return f"{plan}, Keras {' × '.join(map(str, layer['shape']))} and {layer['parameters']:,}"
