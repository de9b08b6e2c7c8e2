"""What a network's source code is made of, in whatever library it is written: its words, paragraphs and variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby, pairwise
from typing import Final

from unet_explorer.core.plan import TILE
from unet_explorer.core.trace import Row, Trace

__all__ = ["blocks", "preamble", "variables"]

_PREAMBLE: Final = '''\
"""A U-Net in {library}.

A tile of {tile} gives {output}; {parameters:,} parameters.

O. Ronneberger, P. Fischer, T. Brox: "U-Net: Convolutional Networks for Biomedical Image
Segmentation", MICCAI 2015.

{knobs}

{words}
"""
'''


def preamble(traced: Trace, library: str, parameters: int, words: str) -> str:
    """The docstring of the file: what the network is, where it comes from, and its knobs.

    Args:
        traced: The network and its tile.
        library: What it is written in.
        parameters: How many it has, as that library counts them.
        words: What else is to be known, in lines of at most 100 signs.

    Example:
        >>> from unet_explorer.core.config import UNetConfig
        >>> from unet_explorer.core.trace import trace
        >>> preamble(trace(UNetConfig(), 572), "Keras", 31030658, "Good luck.").splitlines()[2]
        'A tile of 572 × 572 × 1 gives 388 × 388 × 2; 31,030,658 parameters.'
    """
    knobs = {knob.name: getattr(traced.config, knob.name) for knob in fields(traced.config)}
    widest = max(map(len, knobs))
    return _PREAMBLE.format(
        library=library,
        tile=traced.rows[0].inputs[0],
        output=traced.output,
        parameters=parameters,
        knobs="\n".join(f"    {name:{widest}}  {value}" for name, value in knobs.items()),
        words=words,
    )


def blocks(traced: Trace) -> Iterator[tuple[str, list[Row]]]:
    """The rows in paragraphs, one for every stay on a level and one for the head, each with what to write above it.

    Example:
        >>> from unet_explorer.core.config import UNetConfig
        >>> from unet_explorer.core.trace import trace
        >>> next(blocks(trace(UNetConfig(), 572)))[0]
        'Level 0, down: 572 × 572 × 1 → 568 × 568 × 64'
    """
    deepest = max(row.step.level for row in traced)
    before = 0
    for (level, is_head), group in groupby(traced, key=lambda row: (row.step.level, row.step.op == "conv1x1")):
        rows = list(group)
        if is_head:
            activation = rows[0].step.activation
            title = "Head, " + ("a score for each class (logits)" if activation == "linear" else activation)
        else:
            way = "bottom" if level == deepest else "up" if level < before else "down"
            title = f"Level {level}, {way}"
        yield f"{title}: {rows[0].inputs[-1]} → {rows[-1].output}", rows
        before = level


def variables(traced: Trace) -> dict[str, str]:
    """Under which name the source keeps each map: its own if a later step comes back for it, else ``x``.

    Example:
        >>> from unet_explorer.core.config import UNetConfig
        >>> from unet_explorer.core.trace import trace
        >>> names = variables(trace(UNetConfig(), 572))
        >>> names["enc0_conv1"], names["enc0_conv2"], names["head"]
        ('x', 'enc0_conv2', 'scores')
    """
    steps = [row.step for row in traced]
    names = {TILE: "inputs"}
    for step, following in pairwise(steps):
        wanted = [other.name for other in steps if step.name in other.inputs]
        names[step.name] = "x" if wanted == [following.name] else step.name
    names[steps[-1].name] = "scores"
    return names
