"""The plan as Keras source: a file that a person could have written, and that needs nothing of this package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby, pairwise
from typing import Final, assert_never

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import TILE, Step
from unet_explorer.core.tiles import Tile
from unet_explorer.core.trace import Row, Trace, trace

__all__ = ["to_script"]

_HEAD: Final = '''\
"""A U-Net in Keras.

A tile of {tile} gives {output}; {parameters:,} parameters.

O. Ronneberger, P. Fischer, T. Brox: "U-Net: Convolutional Networks for Biomedical Image
Segmentation", MICCAI 2015.

{knobs}

A shape is height × width × channels. Weights start as in section 3 of the paper (He normal).
"""

from functools import partial

import keras
from keras import layers

# What the convolutions of all blocks have in common.
conv = partial(
{shared}
)

# The image tile: {tile}
inputs = keras.Input({shape}, name="{input}")
'''

_FOOT: Final = """
model = keras.Model(inputs, scores, name="unet")

if __name__ == "__main__":
    model.summary()
"""


def to_script(config: UNetConfig, tile: Tile) -> str:
    """The network as a Python file that builds it in Keras, one line a layer.

    Layers are named like the steps and stand in the same order as in `build_model`, so weights go from one to the
    other with ``model.set_weights(other.get_weights())``. The file imports Keras and nothing of this package.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).

    Returns:
        The text of the file. Running it prints a summary; importing it gives ``model``.

    Raises:
        ShapeError: If the tile does not fit.

    Example:
        >>> print(to_script(UNetConfig(depth=1, convs_per_block=1), 20).split("\\n\\n")[-4])
        # Level 0, up: 7 × 7 × 128 → 12 × 12 × 64
        x = layers.Conv2DTranspose(64, 2, strides=2, kernel_initializer="he_normal", name="dec0_up")(x)
        skip = layers.Cropping2D(2, name="dec0_concat_crop")(enc0_conv1)
        x = layers.Concatenate(name="dec0_concat")([skip, x])
        x = conv(64, name="dec0_conv1")(x)
    """
    traced = trace(config, tile)
    shared = _shared(traced)
    names = _variables(traced)
    parts = [_head(traced, shared)]
    for comment, rows in _blocks(traced):
        parts.append(f"\n# {comment}: {rows[0].inputs[-1]} → {rows[-1].output}\n")
        parts.extend(f"{line}\n" for row in rows for line in _lines(row, names, shared))
    return "".join([*parts, _FOOT])


def _head(traced: Trace, shared: tuple[str, ...]) -> str:
    knobs = {knob.name: getattr(traced.config, knob.name) for knob in fields(traced.config)}
    widest = max(map(len, knobs))
    tile = traced.rows[0].inputs[0]
    return _HEAD.format(
        tile=tile,
        output=traced.output,
        parameters=traced.parameters,
        knobs="\n".join(f"    {name:{widest}}  {value}" for name, value in knobs.items()),
        shared="\n".join(f"    {setting}," for setting in ("layers.Conv2D", *shared)),
        shape=tuple(tile),
        input=TILE,
    )


def _blocks(traced: Trace) -> Iterator[tuple[str, list[Row]]]:
    """The rows in paragraphs, one for every stay on a level and one for the head, each with a word for it."""
    deepest = max(row.step.level for row in traced)
    before = 0
    for (level, is_head), group in groupby(traced, key=lambda row: (row.step.level, row.step.op == "conv1x1")):
        rows = list(group)
        if is_head:
            activation = rows[0].step.activation
            yield "Head, " + ("a score for each class (logits)" if activation == "linear" else activation), rows
        else:
            way = "bottom" if level == deepest else "up" if level < before else "down"
            yield f"Level {level}, {way}", rows
        before = level


def _variables(traced: Trace) -> dict[str, str]:
    """Under which name the script keeps each map: its own if a later step comes back for it, else ``x``."""
    steps = [row.step for row in traced]
    names = {TILE: "inputs"}
    for step, following in pairwise(steps):
        wanted = [other.name for other in steps if step.name in other.inputs]
        names[step.name] = "x" if wanted == [following.name] else step.name
    names[steps[-1].name] = "scores"
    return names


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
