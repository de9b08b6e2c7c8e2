"""The browser's tiles over an image against Python's, for many images and every tile."""

from __future__ import annotations

import pytest
from modules import ask, load
from test_law import CONFIGS

from unet_explorer import Tiling, tile_for_output, valid_sizes
from unet_explorer.core.axis import margins
from unet_explorer.panel.instrument.facts import describe

IMAGES = [(1, 1), (1, 50), (97, 300), (256, 256), (33, 700)]
COVER = """([network, image, tile, seamless]) => {
    const covered = cover(network, image, tile, seamless);
    if (covered.problem) return covered.problem;
    const { axes, count, computed, kept, state } = covered;
    return {
        count, computed, kept, laid: state.tile,
        axes: axes.map(({ count, start, written, at, output }) => ({
            output,
            starts: Array.from({ length: count }, (_, number) => start(number)),
            written: Array.from({ length: count }, (_, number) => written(number)),
            at: Array.from({ length: count }, (_, number) => written(number).map((end, last) => at(end - last))),
        })),
    };
}"""


@pytest.fixture
def bench(page):
    return load(page, {"tabs/cover.js": ["cover"]})


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_the_browser_lays_the_same_tiles(bench, config):
    network = describe(config)
    assert network["margins"] == margins(config)._asdict()
    compared = 0
    for image in IMAGES:
        largest = tile_for_output(config, max(image)) + network["sizes"]["period"]
        sizes = valid_sizes(config, 1, largest)
        for side in {*sizes[:4], *sizes[-3:], *sizes[:: max(1, len(sizes) // 6)]}:
            for seamless in (True, False):
                other = sizes[(sizes.index(side) + 1) % len(sizes)]
                told = ask(bench, COVER, [network, list(image), [side, other], seamless])
                try:
                    tiling = Tiling(config, image, (side, other), seamless=seamless)
                except ValueError as error:
                    # The browser names no axis: it is told beside the picture.
                    assert told == str(error).replace(" in height", "").replace(" in width", "")
                    continue
                if len(tiling) > 3000:
                    continue
                assert told["count"] == len(tiling)
                assert told["laid"] == list(tiling.tile)
                assert (told["computed"], told["kept"]) == (tiling.computed, tiling.kept)
                for found, axis in zip(told["axes"], tiling.axes, strict=True):
                    numbers = range(axis.count)
                    assert found["output"] == axis.output
                    assert found["starts"] == [axis.start(number) for number in numbers]
                    assert [tuple(ends) for ends in found["written"]] == [axis.written(number) for number in numbers]
                    assert found["at"] == [[number, number] for number in numbers], "a pixel belongs to who writes it"
                compared += 1
    assert compared > 20
