"""The explanations of steps, drawn frame by frame for every step of many networks, whether the tile fits or not."""

from __future__ import annotations

import itertools

import pytest
from modules import ask, load
from support import everything
from test_law import CONFIGS

from unet_explorer.panel.instrument.facts import describe

DRAW = """([network, tile, patch]) => {
    const state = follow(network, tile);
    return state.maps.map((map) => {
        const told = explanation(state, map, patch);
        if (!told) return [map.step.name, 0, "", []];
        const frames = Array.from({ length: told.frames }, (_, frame) => told.draw(frame).length);
        return [map.step.name, told.frames, told.words, frames];
    });
}"""
PATCHES = [
    {},
    {"before": [[1, 2, 3, 4]] * 4, "behind": [[2, 4], [2, 4]]},
    {"before": [[1, 2], [3, 4], [5, 6], [7, 8]], "behind": [[4], [8]]},
    {"before": [[1, 2], [3, 4]], "behind": [[4]]},
]


@pytest.fixture
def bench(page):
    return load(page, {"lib/law.js": ["follow"], "instrument/explanations.js": ["explanation"]})


@pytest.mark.more
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_every_step_can_be_explained(bench, config):
    network = describe(config)
    smallest, period = network["sizes"]["smallest"], network["sizes"]["period"]
    tiles = ([smallest] * 2, [smallest + period, smallest], [smallest + 1] * 2, [smallest + period // 2] * 2, [3, 5])
    # Otherwise every tile once and every patch at least once.
    some = zip(tiles, itertools.cycle(PATCHES), strict=False)
    operations = {"conv", "conv1x1", "pool", "upconv", "upsample", "crop_concat"}
    explained = {step["name"] for step in network["steps"] if step["op"] in operations}
    for tile, patch in itertools.product(tiles, PATCHES) if everything() else some:
        for name, frames, words, drawn in ask(bench, DRAW, [network, tile, patch]):
            assert (frames > 0) == (name in explained), name
            assert all(drawn)
            for bad in ("undefined", "NaN", "null"):
                assert bad not in words, (name, tile, words)


def test_the_numbers_are_those_of_the_step(bench):
    network = describe(CONFIGS["paper"])
    told = {name: words for name, _, words, _ in ask(bench, DRAW, [network, [572, 572], PATCHES[1]])}
    assert "572 − (3 − 1) = 570 places" in told["enc0_conv1"]
    assert "568 ÷ 2 = 284" in told["enc0_pool"]
    assert "28 × 2 = 56" in told["dec3_up"]
    assert "568 × 568, is larger than what comes up, 392 × 392: 88 px are cut off" in told["dec0_concat"]
    told = {name: words for name, _, words, _ in ask(bench, DRAW, [network, [570, 570], {}])}
    assert "283 is odd" not in told["enc0_pool"]
    odd = [name for name, words in told.items() if "is odd: the last row and column have no partner" in words]
    assert odd == ["enc1_pool"]
    assert told["bottleneck_conv1"]


def test_what_is_odd_is_told_apart(bench):
    """Rows are no columns."""
    network = describe(CONFIGS["paper"])
    for tile, words in (
        ([572, 570], "279 is odd: the last column has no partner (orange). Keras would drop it,"),
        ([570, 572], "279 is odd: the last row has no partner (orange). Keras would drop it,"),
        ([570, 566], "279 and 277 are odd: the last row and column have no partner (orange). Keras would drop them,"),
        ([572, 588], "280 ÷ 2 = 140 rows, 288 ÷ 2 = 144 columns."),
    ):
        told = {name: words for name, _, words, _ in ask(bench, DRAW, [network, tile, {}])}
        assert words in told["enc1_pool"]
