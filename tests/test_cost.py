"""Memory, against an interpreter that keeps and drops maps one by one, and against a process that trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import PROJECT, configs, second

from unet_explorer import PRESETS, ShapeError, UNetConfig, estimate_memory, plan, trace, valid_sizes

PLACES = st.integers(0, 5)
"""Of a tile among those that fit, from the smallest."""


def sized(config, tile):
    """Bytes of every map, the tile's among them, for one tile."""
    sizes = {row.step.name: row.bytes for row in trace(config, tile)}
    return sizes | {"input": tile * tile * config.in_channels * 4}


def simulated_peak(config, tile):
    """Run the network on byte counts: allocate each output, then free what nobody will ask for again.

    The tile is not among them, for it stays all the while.
    """
    sizes = sized(config, tile)
    alive, peak = set(), 0
    steps = list(plan(config))
    for done, step in enumerate(steps):
        alive.add(step.name)
        peak = max(peak, sum(sizes[name] for name in alive))
        wanted = {name for later in steps[done + 1 :] for name in later.inputs} | {steps[-1].name}
        alive &= wanted
    return peak


@given(configs(), PLACES, st.integers(1, 16))
def test_predicting(config, place, batch):
    tile = valid_sizes(config, 1, 100_000)[place]
    parts = estimate_memory(config, tile, batch)
    # The batch is there twice whatever is computed, as NumPy has it and as TensorFlow has it.
    given = 2 * tile * tile * config.in_channels * 4
    assert parts["maps"] == batch * (simulated_peak(config, tile) + given)
    assert parts["parameters"] == 4 * trace(config, tile).parameters
    assert parts["gradients"] == parts["optimizer"] == 0


def test_learning_keeps_what_gradients_are_computed_from():
    config = UNetConfig(depth=1, base_filters=2, convs_per_block=1, batch_norm=True, dropout=0.5)
    # Each is there because of what stands beside it.
    kept = {
        "input": "the first convolution was given it",
        "enc0_conv1": "the normalisation was given it",
        "enc0_relu1": "a ReLU made it",
        "enc0_dropout": "the pooling was given it",
        "enc0_pool": "the pooling made it",
        "bottleneck_conv1": "the normalisation was given it",
        "bottleneck_relu1": "a ReLU made it",
        "bottleneck_dropout": "the up-convolution was given it",
        "dec0_concat": "the convolution was given it",
        "dec0_conv1": "the normalisation was given it",
        "dec0_relu1": "a ReLU made it",
    }
    dropped = {"enc0_norm1", "bottleneck_norm1", "dec0_up", "dec0_norm1", "head"}
    assert {step.name for step in plan(config)} | {"input"} == set(kept) | dropped
    size = sized(config, 40)
    waiting = size["enc0_dropout"]
    moment = size["dec0_concat"] + size["enc0_dropout"] + size["dec0_up"]
    assert estimate_memory(config, 40, 3, training=True)["maps"] == 3 * (
        sum(size[name] for name in kept) + size["input"] + waiting + moment
    )


@given(configs(), PLACES, st.integers(1, 16))
def test_training(config, place, batch):
    tile = valid_sizes(config, 1, 100_000)[place]
    size = sized(config, tile)
    steps = plan(config)
    moment = max(size[step.name] + sum(size[name] for name in step.inputs) for step in steps)
    parts = estimate_memory(config, tile, batch, training=True)
    # Whatever else is kept: less than all maps and the skips' gradients, more than what convolutions were given.
    skips = sum(size[step.inputs[0]] for step in steps if step.op == "crop_concat")
    given_to = {step.inputs[0] for step in steps if step.op in {"conv", "conv1x1"}}
    kept = parts["maps"] / batch - moment - skips - size["input"]
    assert sum(size[name] for name in given_to) <= kept <= sum(size.values())
    # Adam: each parameter that is learnt has a gradient and two moments; a normalisation's statistics are not learnt.
    tracked = sum(2 * step.channels for step in steps if step.op == "norm")
    learnt = trace(config, tile).parameters - tracked
    assert parts["gradients"] == 4 * learnt
    assert parts["optimizer"] == 2 * 4 * learnt


@given(configs(), PLACES, st.integers(1, 16), st.booleans())
def test_parts_sum_to_the_total(config, place, batch, training):
    tile = valid_sizes(config, 1, 100_000)[place]
    parts = estimate_memory(config, tile, batch, training)
    assert list(parts) == ["runtime", "parameters", "gradients", "optimizer", "scratch", "maps", "total"]
    assert all(type(part) is int for part in parts.values())
    assert parts["total"] == sum(value for part, value in parts.items() if part != "total")


@given(configs(), PLACES, PLACES, st.integers(1, 4095), st.booleans())
def test_a_larger_batch_or_tile_takes_more(config, down, across, batch, training):
    sizes = valid_sizes(config, 1, 100_000)
    tile = sizes[down], sizes[across]

    def total(tile, batch):
        return estimate_memory(config, tile, batch, training)["total"]

    assert total(tile, batch) < total(tile, batch + 1)
    assert total(tile, batch) < total((sizes[down + 1], tile[1]), batch)
    assert total(tile, batch) < total((tile[0], sizes[across + 1]), batch)
    # What TensorFlow takes on top is fitted apart for the two; what they must hold is a law.
    predicting, learning = (estimate_memory(config, tile, batch, learns) for learns in (False, True))
    for part in ("maps", "parameters", "gradients", "optimizer"):
        assert predicting[part] <= learning[part]


@pytest.mark.tensorflow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak where Linux shows it")
@second("a process that is measured")
def test_the_classroom_as_measured():
    config, tile = PRESETS["classroom"].config, PRESETS["classroom"].tile
    # The benchmark, asked for a single design, does the work and prints its own peak.
    asked = json.dumps([config.to_dict(), [tile, tile], 4, True])
    done = subprocess.run(
        [sys.executable, PROJECT / "tests" / "benchmarks" / "memory.py", asked],
        capture_output=True,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 0, done.stderr
    measured = int(done.stdout.split()[-1])
    assert estimate_memory(config, tile, 4, training=True)["total"] == pytest.approx(measured, rel=0.25)


def test_refusals():
    for bad in (0, -1, 1.5, "2", True, None):
        with pytest.raises(ValueError, match="batch_size=.* is not allowed"):
            estimate_memory(UNetConfig(), 572, bad)
    with pytest.raises(ShapeError):
        estimate_memory(UNetConfig(), 571)
