"""The plan as Keras source: a file that a person could have written, and that needs nothing of this package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, assert_never

from unet_explorer.core.plan import TILE, Step
from unet_explorer.core.script_parts import blocks, preamble, variables
from unet_explorer.core.trace import Row, Trace

__all__ = ["keras_source"]

_WORDS: Final = "A shape is height × width × channels. Weights start as in section 3 of the paper (He normal)."
_HEAD: Final = """
from functools import partial

import keras
from keras import layers

# What the convolutions of all blocks have in common.
conv = partial(
{shared}
)

# The image tile: {tile}
inputs = keras.Input({shape}, name="{input}")
"""
_FOOT: Final = """
model = keras.Model(inputs, scores, name="unet")

if __name__ == "__main__":
    model.summary()
"""


def keras_source(traced: Trace) -> str:
    """The network as the text of a file that builds it in Keras; see `to_script`.

    Args:
        traced: The network and its tile.

    Example:
        >>> from unet_explorer.core.config import UNetConfig
        >>> from unet_explorer.core.trace import trace
        >>> keras_source(trace(UNetConfig(), 572)).splitlines()[2]
        'A tile of 572 × 572 × 1 gives 388 × 388 × 2; 31,030,658 parameters.'
    """
    shared = _shared(traced)
    names = variables(traced)
    parts = [preamble(traced, "Keras", traced.parameters, _WORDS), _head(traced, shared)]
    for comment, rows in blocks(traced):
        parts.append(f"\n# {comment}\n")
        parts.extend(f"{line}\n" for row in rows for line in _lines(row, names, shared))
    return "".join([*parts, _FOOT])


def _head(traced: Trace, shared: tuple[str, ...]) -> str:
    tile = traced.rows[0].inputs[0]
    settings = "\n".join(f"    {setting}," for setting in ("layers.Conv2D", *shared))
    return _HEAD.format(shared=settings, tile=tile, shape=tuple(tile), input=TILE)


def _lines(row: Row, names: dict[str, str], shared: tuple[str, ...]) -> Iterator[str]:
    step = row.step
    inputs = [names[name] for name in step.inputs]
    if row.crop:
        yield f'skip = layers.Cropping2D({row.crop}, name="{step.name}_crop")({inputs[0]})'
        inputs[0] = "skip"
    arriving = inputs[0] if len(inputs) == 1 else f"[{', '.join(inputs)}]"
    yield f"{names[step.name]} = {_layer(step, shared)}({arriving})"


def _layer(step: Step, shared: tuple[str, ...]) -> str:
    arguments: tuple[object, ...]
    match step.op:
        case "conv" | "conv1x1":
            kernel, *settings = _settings(step)
            if step.op == "conv" and (kernel, *settings) == shared:
                made, arguments = "conv", (step.channels,)
            else:
                made, arguments = "layers.Conv2D", (step.channels, step.kernel, *settings)
        case "pool":
            made, arguments = "layers.MaxPooling2D", (2,)
        case "upconv":
            made = "layers.Conv2DTranspose"
            arguments = (step.channels, step.kernel, "strides=2", 'kernel_initializer="he_normal"')
        case "upsample":
            made, arguments = "layers.UpSampling2D", (2, 'interpolation="bilinear"')
        case "crop_concat":
            made, arguments = "layers.Concatenate", ()
        case "norm":
            made, arguments = "layers.BatchNormalization", ()
        case "relu":
            made, arguments = "layers.ReLU", ()
        case "dropout":
            made, arguments = "layers.Dropout", (step.rate,)
        case _:
            assert_never(step.op)
    said = ", ".join(map(str, (*arguments, f'name="{step.name}"')))
    return f"{made}({said})"


def _settings(step: Step) -> tuple[str, ...]:
    """How a convolution is made, its filters and name aside; what Keras takes for granted is left out."""
    settings = [f"kernel_size={step.kernel}"]
    if step.padding != "valid":
        settings.append(f'padding="{step.padding}"')
    if step.activation != "linear":
        settings.append(f'activation="{step.activation}"')
    if not step.bias:
        settings.append("use_bias=False")
    return (*settings, 'kernel_initializer="he_normal"')


def _shared(traced: Trace) -> tuple[str, ...]:
    """The settings of most convolutions. Those of the blocks are all alike, and are in every block."""
    return Counter(_settings(row.step) for row in traced if row.step.op == "conv").most_common(1)[0][0]
