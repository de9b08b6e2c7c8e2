"""The instrument as one HTML file, opened from disc with no network: knobs, misfits, lessons, links."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from modules import linked
from panel import Panel, drawn_shapes, expected_shapes, shapes_on_screen
from playwright.sync_api import expect
from support import second

from unet_explorer import PRESETS, ShapeError, UNetConfig, explore, save_page, trace, valid_sizes
from unet_explorer.core.tiles import LARGEST
from unet_explorer.panel.instrument.pack import offered
from unet_explorer.panel.link import Link, write_link


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "unet.html"
    save_page(path, UNetConfig())
    assert path.stat().st_size <= 1_000_000
    return path


COUNT = """window.begun = [];
for (const name of ["DecompressionStream", "Worker"]) {
    window[name] = new Proxy(window[name], {
        construct: (made, given) => (window.begun.push(name), Reflect.construct(made, given)),
    });
}"""


@pytest.fixture
def opened(from_disc, file):
    """Opens the page, with a link or without; it counts what it unpacks, and the threads that it starts."""
    page = from_disc
    page.add_init_script(COUNT)

    def go(link=""):
        page.goto("about:blank")
        page.goto(file.as_uri() + (f"#{link}" if link else ""))
        panel = Panel(page)
        expect(panel.step("head")).to_be_visible()
        return panel

    return go


def test_every_knob_follows_without_a_kernel(opened):
    panel = opened()
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)
    panel.type_tile(570)
    expect(panel.role("badge")).to_contain_text("is odd: it cannot be halved")
    panel.type_tile(572)
    # Nothing is unpacked before it is asked for.
    assert panel.page.evaluate("begun") == []
    panel.type("depth", 2)
    panel.type("base_filters", 8)
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "8")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(depth=2, base_filters=8), 572)
    # A design that is not in it: what comes near is said, and what was shown stays.
    panel.type("base_filters", 9)
    expect(panel.role("problem")).to_have_text(
        "This page does not hold Filters 9; the nearest that it holds: Filters 8. A notebook holds every design."
    )
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(depth=2, base_filters=8), 572)
    panel.action("undo").click()
    panel.action("undo").click()
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)
    assert panel.page.evaluate("begun") == ["DecompressionStream"]
    # The address is the same link as everywhere.
    panel.type("depth", 3)
    expect(panel.page).to_have_url(re.compile(re.escape(write_link(Link(UNetConfig(depth=3), 572))) + "$"))
    address = panel.page.url
    assert explore(address).config == UNetConfig(depth=3)
    assert shapes_on_screen(opened(address.split("#")[1])) == expected_shapes(UNetConfig(depth=3), 572)
    panel = opened("unet1-t188-d3-f8-11hrn4")
    expect(panel.role("problem")).to_contain_text("was cut off or mistyped")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)


def tiles_for(config):
    """A square and a rectangle that fit, one that is odd somewhere, and one of which nothing is left."""
    sizes = valid_sizes(config, 1, LARGEST)
    low, period = sizes.start, sizes.step
    return [(low + 2 * period,) * 2, (low, low + period), (low + 1, low), (low + period, max(1, low - period))]


def followed(config, tile):
    """What Python says of a tile: each map and what it costs, or the first misfit."""
    try:
        rows = trace(config, tile)
    except ShapeError as error:
        return [error.step, error.axis, error.side]
    maps = [["input", *tile, config.in_channels, 0, 0]]
    return maps + [[row.step.name, *row.output, row.parameters, row.macs] for row in rows]


FOLLOW = """async (text) => {
    %s
    const pack = await unpack(bytesIn(textOf("ue-networks")));
    return JSON.stringify(JSON.parse(text).map(([config, tiles]) => tiles.map((tile) => {
        const { maps, failure } = follow(pack.find(config), tile);
        if (failure) return [failure.step.name, failure.axis, failure.side];
        const costs = ({ step, pixels }) => [step.parameters ?? 0, (step.macs ?? 0) * pixels];
        return maps.map((map) => [map.step.name, map.height, map.width, map.step.channels, ...costs(map)]);
    })));
}"""


def test_every_design_of_the_pack_is_followed_as_python_does(opened):
    page = opened().page
    wanted = {config: tiles_for(config) for config in offered()}
    code = linked({"instrument/pack.js": ["unpack"], "lib/law.js": ["follow"], "page/held.js": ["bytesIn", "textOf"]})
    asked = json.dumps([[config.to_dict(), tiles] for config, tiles in wanted.items()])
    told = json.loads(page.evaluate(FOLLOW % code, asked))
    for (config, tiles), answers in zip(wanted.items(), told, strict=True):
        assert answers == [followed(config, tile) for tile in tiles], config


SHOW = """async (links) => {
    const [root, shown] = [document.querySelector(".unet-explorer"), []];
    for (const link of links) {
        const heard = new Promise((go) => addEventListener("hashchange", () => setTimeout(go), { once: true }));
        location.hash = link;
        await heard;
        const boxes = [...root.querySelectorAll(".ue-paper [data-step]")].map(({ dataset }) => dataset);
        shown.push(boxes.map(({ step, height, width, channels }) => [step, +height, +width, +channels]));
    }
    return shown;
}"""


def expect_shown(panel, designs):
    """Each design, asked for by its address, is drawn as Python traces it."""
    designs = [(config, tiles_for(config)[0]) for config in designs]
    shown = panel.page.evaluate(SHOW, [write_link(Link(config, tile)) for config, tile in designs])
    for (config, tile), boxes in zip(designs, shown, strict=True):
        assert {name: tuple(shape) for name, *shape in boxes} == drawn_shapes(config, tile), config


def test_each_knob_is_turned_from_a_preset(opened):
    panel = opened()
    panel.knob("preset").select_option("classroom")
    classroom, tile = PRESETS["classroom"]
    panel.root.locator(".ue-more").evaluate("more => { more.open = true; }")
    for knob, value in {"skips": False, "upsampling": "bilinear", "num_classes": 5}.items():
        panel.turn(knob, value)
        expect(panel.root).to_have_attribute("data-pack", "unpacked")
        assert shapes_on_screen(panel) == drawn_shapes(replace(classroom, **{knob: value}), tile)
        panel.action("undo").click()
    panel.turn("skips", False)
    panel.knob("batch_norm").click()
    words = "This page does not hold Batch norm on; the nearest that it holds: Batch norm off."
    expect(panel.role("problem")).to_contain_text(words)
    turned = {
        "padding": "same",
        "kernel_size": 5,
        "convs_per_block": 3,
        "in_channels": 3,
        "upsampling": "bilinear",
        "batch_norm": True,
    }
    turned |= {"dropout": 0.5, "head_activation": "sigmoid"}
    expect_shown(panel, [replace(UNetConfig(), **{knob: value}) for knob, value in turned.items()])


@second("the pack itself is held against Python's trace; here what is drawn of each design")
def test_every_design_of_the_pack_is_drawn(opened):
    panel = opened()
    panel.type("depth", 2)
    expect(panel.root).to_have_attribute("data-pack", "unpacked")
    expect_shown(panel, offered())


def test_a_lesson_from_prediction_to_reveal_on_a_phone_and_read_by_everybody(opened):
    panel = opened()
    page = panel.page
    panel.action("lessons").click()
    page.locator('[data-name="why-572"]').click()
    expect(panel.role("lesson-place")).to_contain_text("Step 1")
    panel.action("lesson-next").click()
    panel.root.locator("[data-role=lesson] input").fill("568")
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-why")).to_be_visible()
    page.reload()
    # How far it has come is kept, and the address has the lesson.
    expect(panel.role("lesson-why")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    ground = page.locator(".unet-explorer").evaluate("node => getComputedStyle(node).backgroundColor")
    assert re.fullmatch(r"rgb\(17, 17, 17\)", ground)
