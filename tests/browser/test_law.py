"""The browser's evaluation of the laws against Python's, for every tile of the slider's range."""

from __future__ import annotations

import pytest
from modules import ask, load

from unet_explorer import PRESETS, ShapeError, UNetConfig, estimate_memory, nearest_sizes, plan, tile_for_output, trace
from unet_explorer.drawing.placement import Scale
from unet_explorer.drawing.scene import scene
from unet_explorer.drawing.svg import svg
from unet_explorer.panel.explorer import Explorer
from unet_explorer.panel.instrument.facts import describe

CONFIGS = {
    **{name: preset.config for name, preset in PRESETS.items()},
    "depth 1": UNetConfig(depth=1, convs_per_block=1),
    "depth 5, 4 convolutions": UNetConfig(depth=5, convs_per_block=4, base_filters=1),
    "same, bilinear, batch norm": UNetConfig(
        padding="same", upsampling="bilinear", batch_norm=True, dropout=0.5, depth=3
    ),
    "depth 7": UNetConfig(depth=7),
    "no skips": UNetConfig(depth=3, skips=False),
    "kernel 7, bilinear": UNetConfig(depth=2, kernel_size=7, upsampling="bilinear"),
}

EVALUATE = """([network, tiles]) => tiles.map((tile) => {
    const state = follow(network, tile);
    const sums = totals(state, 3);
    return {
        failure: state.failure && [state.failure.step.name, state.failure.axis, state.failure.side],
        sides: state.maps.map((map) => [map.height, map.width]),
        sees: state.fits ? state.maps.map((map) => receptiveField(map, tile)) : null,
        nearest: nearest(network.sizes, tile[0]),
        closest: closest(network.sizes, tile[0]),
        tileForOutput: tileForOutput(network, tile[0]),
        ...sums,
    };
})"""


@pytest.fixture
def bench(page):
    """An empty page with the parts of the widget's module, without JupyterLab."""
    load(
        page,
        {
            "lib/law.js": ["closest", "follow", "nearest", "receptiveField", "tileForOutput", "totals"],
            "lib/format.js": ["bytes", "plain", "rough"],
            "instrument/drawing.js": ["Drawing"],
            "instrument/piece.js": ["Type"],
        },
    )
    page.add_style_tag(content=Explorer._css if isinstance(Explorer._css, str) else "")
    return page


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_every_tile_of_the_slider(bench, config):
    network = describe(config)
    smallest, period, largest = (network["sizes"][name] for name in ("smallest", "period", "largest"))
    tiles = [(n, n) for n in range(1, largest + 1)]
    tiles += [(smallest + a * period + da, smallest + b * period) for a in range(3) for b in range(3) for da in (0, 1)]
    told = ask(bench, EVALUATE, [network, tiles])
    fitting = 0
    for tile, answer in zip(tiles, told, strict=True):
        assert tuple(answer["nearest"]) == nearest_sizes(config, tile[0])
        around = [side for side in nearest_sizes(config, tile[0]) if side is not None]
        assert answer["closest"] == min(around, key=lambda side: abs(side - tile[0]))
        assert answer["tileForOutput"] == tile_for_output(config, tile[0])
        try:
            rows = trace(config, tile)
        except ShapeError as error:
            assert answer["failure"] == [error.step, error.axis, error.side], tile
            continue
        fitting += 1
        assert answer["failure"] is None
        assert answer["sides"] == [list(tile), *(list(row.output[:2]) for row in rows)]
        assert answer["sees"] == [1, *(row.receptive_field for row in rows)]
        assert answer["macs"] == rows.macs
        assert answer["parameters"] == rows.parameters
        assert answer["predict"] == estimate_memory(config, tile, 3)["total"]
        assert answer["train"] == estimate_memory(config, tile, 3, training=True)["total"]
    assert fitting >= 9


COMPARE = """([network, scale, tiles, texts]) => {
    const drawing = new Drawing(() => {}, { classes: [[0, 0, 0]] }, new AbortController().signal);
    const { metrics } = network;
    const type = new Type(metrics.font * scale.type, metrics.line * scale.type, metrics.character, metrics);
    drawing.room.scale = () => ({ scale, type });
    document.body.append(drawing.node);
    drawing.setNetwork(network);
    const differences = [];
    tiles.forEach((tile, at) => {
        drawing.update(follow(network, tile), tile[0] === tile[1]);
        const expected = new DOMParser().parseFromString(texts[at], "image/svg+xml").documentElement;
        const groups = (svg) => [...svg.querySelectorAll("[data-step], [data-input]")];
        const mine = groups(drawing.svg);
        groups(expected).forEach((group, number) => {
            const parts = (g) => [...g.children];
            const words = (g) => [g.dataset.step, g.dataset.height, g.dataset.width, g.dataset.channels,
                ...parts(g).flatMap((part) => [part.tagName, part.getAttribute("class"), part.textContent])];
            const lengths = (g) => parts(g).flatMap((part) => [part.style.fontSize,
                ...["x", "y", "width", "height", "d"].map((name) => part.getAttribute(name))]);
            // A length may differ by rounding; between the numbers everything is the same.
            const split = (text) => String(text).split(/(-?[0-9]+(?:\\.[0-9]+)?)/);
            const near = (x, y) => {
                const [p, q] = [split(x), split(y)];
                return p.length === q.length &&
                    p.every((part, i) => (i % 2 ? Math.abs(part - q[i]) < 0.11 : part === q[i]));
            };
            const compare = (read, alike) => {
                const mine_ = read(mine[number]);
                read(group).forEach((value, place) => {
                    if (!alike(value, mine_[place])) differences.push([tile, group.dataset.step, value, mine_[place]]);
                });
            };
            compare(words, (x, y) => x === y);
            compare(lengths, near);
        });
    });
    drawing.node.remove();
    return differences;
}"""


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_the_drawing_follows_the_tile_as_python_draws_it(bench, config):
    network = describe(config)
    sizes = network["sizes"]
    some = [1, 7, 188, 571, 572, 600, sizes["smallest"], sizes["smallest"] + sizes["period"], sizes["largest"], 5000]
    tiles = [(a, b) for a in some for b in (a, a + 1, sizes["smallest"])]
    drawn = scene(config, sizes["largest"])
    for scale in (Scale(), Scale(0.8, 0.4, 1.5)):
        texts = [svg(drawn, tile, scale) for tile in tiles]
        assert ask(bench, COMPARE, [network, scale._asdict(), tiles, texts]) == []


def test_steps_without_a_box_are_shown_on_the_box_before_them():
    network = describe(CONFIGS["same, bilinear, batch norm"])
    boxes = {box["name"] for box in network["boxes"]}
    hosts = {step["name"]: step["host"] for step in network["steps"][1:]}
    assert set(hosts.values()) <= boxes
    assert hosts["enc0_relu2"] == hosts["enc0_norm2"] == "enc0_conv2"
    assert hosts["dec0_upsample"] == "dec0_up"
    assert set(hosts) == {step.name for step in plan(CONFIGS["same, bilinear, batch norm"])}


WORDS = """(numbers) => [
    ...numbers.map((number) => rough(number)),
    bytes(0), bytes(999), bytes(1000), bytes(1.5e9), plain(31.875), plain(-2),
]"""


def test_numbers_as_they_are_read(bench):
    assert ask(bench, WORDS, [0, 7, 999, 1000, 12345, 999_499, 999_500, 31_030_658, 150.4284e9, 2e15]) == [
        *("0", "7", "999", "1 k", "12.3 k", "999 k", "1.00 M", "31.0 M", "150 G", "2 P"),
        *("0 B", "999 B", "1 kB", "1.50 GB", "31.875", "−2"),
    ]
