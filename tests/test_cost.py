"""Memory, against an interpreter that keeps and drops maps one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs

from unet_explorer import ShapeError, UNetConfig, estimate_memory, plan, trace, valid_sizes


def simulated_peak(config, tile):
    """Run the network on byte counts: allocate each output, then free what nobody will ask for again."""
    rows = {row.step.name: row for row in trace(config, tile)}
    sizes = {name: row.bytes for name, row in rows.items()}
    sizes["input"] = tile * tile * config.in_channels * 4
    alive, peak = {"input"}, 0
    steps = list(plan(config))
    for done, step in enumerate(steps):
        alive.add(step.name)
        peak = max(peak, sum(sizes[name] for name in alive))
        wanted = {name for later in steps[done + 1 :] for name in later.inputs} | {steps[-1].name}
        alive &= wanted
    return peak


@given(configs(), st.integers(0, 5), st.integers(1, 16))
def test_predicting(config, place, batch):
    tile = valid_sizes(config, 1, 100_000)[place]
    parts = estimate_memory(config, tile, batch)
    assert parts["maps"] == batch * simulated_peak(config, tile)
    assert parts["parameters"] == 4 * trace(config, tile).parameters
    assert parts["gradients"] == parts["optimizer"] == 0
    assert parts["total"] == parts["maps"] + parts["parameters"]


@given(configs(), st.integers(0, 5), st.integers(1, 16))
def test_training_keeps_every_map(config, place, batch):
    tile = valid_sizes(config, 1, 100_000)[place]
    rows = {row.step.name: row for row in trace(config, tile)}
    size = {name: row.bytes for name, row in rows.items()} | {"input": tile * tile * config.in_channels * 4}
    gradients = max(size[step.name] + sum(size[name] for name in step.inputs) for step in plan(config))
    parts = estimate_memory(config, tile, batch, training=True)
    assert parts["maps"] == batch * (sum(size.values()) + gradients)
    # Adam: each parameter that is learnt has a gradient and two moments; a normalisation's statistics are not learnt.
    tracked = sum(2 * step.channels for step in plan(config) if step.op == "norm")
    learnt = trace(config, tile).parameters - tracked
    assert parts["gradients"] == 4 * learnt
    assert parts["optimizer"] == 2 * 4 * learnt
    assert parts["total"] == sum(value for part, value in parts.items() if part != "total")


def test_refusals():
    for bad in (0, -1, 1.5, "2", True, None):
        with pytest.raises(ValueError, match="batch_size=.* is not allowed"):
            estimate_memory(UNetConfig(), 572, bad)
    with pytest.raises(ShapeError):
        estimate_memory(UNetConfig(), 571)
