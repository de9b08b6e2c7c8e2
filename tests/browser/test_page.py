"""The instrument as one HTML file, opened from disc with no network: knobs, misfits, lessons, links, paper."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from modules import linked
from nbconvert import HTMLExporter
from panel import Panel, drawn_shapes, expected_shapes, shapes_on_screen
from PIL import Image
from playwright.sync_api import expect
from support import second
from test_exercises import by_hand

from unet_explorer import PRESETS, ShapeError, UNetConfig, explore, plan, save_page, trace, valid_sizes
from unet_explorer.core.signed import signed
from unet_explorer.core.tiles import LARGEST
from unet_explorer.panel.instrument.pack import offered
from unet_explorer.panel.link import Link, write_link
from unet_explorer.panel.teaching import exercises_for_page


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


def expect_address(panel, link):
    expect(panel.page).to_have_url(re.compile(re.escape(write_link(link)) + "$"))


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
    slides_through_what_it_holds(panel)
    assert panel.page.evaluate("begun") == ["DecompressionStream"]
    # The address is the same link as everywhere.
    panel.type("depth", 3)
    panel.root.locator("[data-open=Train]").click()
    expect_address(panel, Link(UNetConfig(depth=3), 572, opened="Train"))
    address = panel.page.url
    assert explore(address).opened == "Train"
    panel = opened(address.split("#")[1])
    expect(panel.root.locator("[data-open=Train]")).to_have_attribute("aria-selected", "true")
    # Nothing has learnt yet: it is said what to do.
    panel.page.locator("[data-open=Inside]").click()
    inside = panel.page.locator("[data-tab=inside]")
    expect(inside.locator("[data-role=way]")).to_contain_text("Nothing has learnt in this page yet")
    inside.locator("[data-leads=Train]").click()
    expect(panel.page.locator("[data-tab=train]")).to_be_visible()
    panel.root.locator("[data-open=Design]").click()
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(depth=3), 572)
    expect_address(panel, Link(UNetConfig(depth=3), 572))
    for link, words in (
        ("unet1-t188-d3-f8-11hrn4", "was cut off or mistyped"),
        # No text in percent signs; whole in itself, and yet no tile.
        ("100%", "is no link"),
        ("unet1-t188x-23yhc07", "says no tile"),
        (
            signed({"t": (188, 188), "on": "no_such_lesson"}),
            "the lesson “no-such-lesson”, which this page does not have",
        ),
    ):
        panel = opened(link)
        expect(panel.role("problem")).to_contain_text(words)
    panel = opened("%")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)
    # Written into the address of a page that is open.
    panel.type("depth", 2)
    panel.page.evaluate("location.hash = '%zz'")
    expect(panel.role("problem")).to_have_text(
        "What stands in the address is no link: one begins with unet1-. What you see is not what it says."
    )
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(depth=2), 572)


def slides_through_what_it_holds(panel):
    """Of 256 numbers of filters the page holds five: keys lead to the next, a hand to the nearest."""
    slider = panel.root.locator('input[type=range][data-knob="base_filters"]')
    for key, filters in (
        ("ArrowLeft", 32),
        ("PageDown", 16),
        ("ArrowUp", 32),
        ("Home", 4),
        ("ArrowDown", 4),
        ("End", 64),
    ):
        slider.press(key)
        expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", str(filters))
        expect(slider).to_have_value(str(filters))
    for wanted, filters in ((40, 32), (7, 8), (63, 64)):
        slider.evaluate("(node, to) => { node.value = to; node.dispatchEvent(new Event('input')); }", wanted)
        expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", str(filters))
        expect(slider).to_have_value(str(filters))
    number = panel.root.locator('[data-number="base_filters"]')
    number.press("ArrowDown")
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "32")
    expect(number).to_have_value("32")
    number.press("ArrowUp")
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "64")
    expect(panel.role("problem")).to_have_text("")


# Every element of every box, with its attributes and its words; not which of them the Tab key leads to.
DRAWN = """() => JSON.stringify([...document.querySelectorAll(".ue-paper .ue-step, .ue-paper .ue-step *")].map((each) =>
    [each.childElementCount ? "" : each.textContent, ...[...each.attributes].filter(({ name, value }) =>
        name !== "tabindex" && value).map(({ name, value }) => `${name}=${value}`).sort()]))"""
FRAMES = "async () => { for (let at = 0; at < 3; at += 1) await new Promise(requestAnimationFrame); }"


def test_what_was_drawn_before_is_as_if_it_were_drawn_anew(opened):
    small, large = {"width": 1100, "height": 700}, {"width": 1366, "height": 768}
    other, tile = UNetConfig(depth=2), 564
    panel = opened(write_link(Link(UNetConfig(depth=3), tile)))
    page = panel.page
    page.set_viewport_size(large)
    page.evaluate(FRAMES)
    anew = page.evaluate(DRAWN)
    # Seen with another tile and in another room; then both are changed while another network is shown.
    page.set_viewport_size(small)
    panel = opened(write_link(Link(UNetConfig(depth=3), 572)))
    panel.type("depth", 2)
    assert shapes_on_screen(panel) == expected_shapes(other, 572)
    panel.type_tile(tile)
    page.set_viewport_size(large)
    page.evaluate(FRAMES)
    panel.type("depth", 3)
    expect_address(panel, Link(UNetConfig(depth=3), tile))
    page.wait_for_function(f"anew => ({DRAWN})() === anew", arg=anew)
    # Back and forth: with a tile that fits neither, with the one it had before, and with another box selected.
    panel.type_tile(565)
    panel.type("depth", 2)
    expect(panel.step("enc0_conv1")).to_have_attribute("data-height", "563")
    expect(panel.role("badge")).to_have_text("✗ 561 is odd: it cannot be halved")
    panel.type_tile(tile)
    panel.step("enc1_conv1").click()
    panel.type("depth", 3)
    expect(panel.step("enc1_conv1")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    panel.step("enc1_conv1").press("Escape")
    panel.type("depth", 2)
    assert shapes_on_screen(panel) == expected_shapes(other, tile)
    expect(panel.root.locator('.ue-paper [aria-selected="true"]')).to_have_count(0)
    panel.type("depth", 3)
    page.wait_for_function(f"anew => ({DRAWN})() === anew", arg=anew)


def test_a_saved_notebook_is_alive_where_its_viewer_runs_scripts(from_disc, tmp_path):
    data, metadata = explore("classroom")._repr_mimebundle_()
    shown = nbformat.v4.new_output("display_data", data=data, metadata=metadata)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("explore()", outputs=[shown])])
    content, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
    saved = tmp_path / "saved.html"
    saved.write_text(f"<!doctype html><body>{content}", "utf-8")
    from_disc.goto(saved.as_uri())
    expect(from_disc.locator("p").first).to_contain_text(
        "A saved copy, as it was when this cell was run. Run it again for"
    )
    inside = from_disc.frame_locator("iframe")
    panel = Panel(from_disc, inside.locator(".unet-explorer"))
    expect(panel.step("head")).to_be_visible()
    panel.type("depth", 2)
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(depth=2, base_filters=8), 188)
    # It brings no lessons, so it offers none; and its address is nobody's.
    expect(panel.action("lessons")).to_be_hidden()
    panel.root.locator(".ue-tools [data-action=save]").click()
    panel.action("copy-link").click()
    expect(panel.role("link")).to_have_value(re.compile("^unet1-"))
    assert explore(panel.role("link").input_value()).config == UNetConfig(depth=2, base_filters=8)


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
    panel.root.locator(".ue-knobs .ue-more").evaluate("more => { more.open = true; }")
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
    # A tab that only a notebook has opens the first one here.
    panel = opened(write_link(Link(UNetConfig(depth=2), (60, 60), opened="Build")))
    expect(panel.root.locator("[data-open=Design]")).to_have_attribute("aria-selected", "true")
    panel.expect_tile(60, 60)
    page = panel.page
    page.set_viewport_size({"width": 360, "height": 740})
    expect(panel.root.locator('[data-total="parameters"]')).to_be_in_viewport()
    page.set_viewport_size({"width": 1366, "height": 768})
    panel.action("lessons").click()
    page.locator('[data-name="why-572"]').click()
    expect(panel.role("lesson-place")).to_contain_text("Step 1")
    panel.action("lesson-next").click()
    panel.root.locator("[data-role=lesson] input").fill("568")
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-why")).to_be_visible()
    # The address is written once the hand rests.
    expect(page).to_have_url(re.compile("why_572"))
    page.reload()
    # How far it has come is kept, and the address has the lesson.
    expect(panel.role("lesson-why")).to_be_visible()
    # Exercises are asked in the same place: another one with other numbers, and one that keeps its misfit to itself.
    panel.action("lessons").click()
    page.locator('[data-name="exercises-fits-1"]').click()
    expect(panel.role("lesson-title")).to_have_text("Exercises: Does it fit?")
    asked = exercises_for_page("exercises-fits-1")["pages"][0]
    panel.expect_tile(*asked["design"]["tile"], fits=False)
    expect(panel.role("badge")).to_be_hidden()
    panel.root.locator("[data-role=lesson] input").nth(asked["ask"]["answer"]).check()
    panel.action("lesson-lock").click()
    expect(panel.role("lesson-why")).to_contain_text(asked["ask"]["why"])
    expect(panel.role("badge")).to_be_visible()
    panel.action("lesson-another").click()
    other = exercises_for_page("exercises-fits-2")["pages"][0]
    expect(panel.role("lesson-question")).to_contain_text(other["ask"]["question"])
    panel.expect_tile(*other["design"]["tile"])
    page.set_viewport_size({"width": 360, "height": 740})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
    ground = page.locator(".unet-explorer").evaluate("node => getComputedStyle(node).backgroundColor")
    assert re.fullmatch(r"rgb\(17, 17, 17\)", ground)


def test_pages_of_one_place_keep_how_far_each_lesson_has_come(opened, file):
    panel = opened()
    other = Panel(panel.page.context.new_page())
    other.page.goto(file.as_uri())
    for each, name in ((panel, "why-572"), (other, "which-fit")):
        each.action("lessons").click()
        each.page.locator(f'[data-action=lesson][data-name="{name}"]').click()
        expect(each.role("lesson-place")).to_contain_text("Step 1")
        each.action("lesson-next").click()
        expect(each.role("lesson-place")).to_contain_text("Step 2")
    kept = json.loads(panel.page.evaluate("localStorage['unet_explorer progress']"))
    assert {name: each["at"] for name, each in kept.items()} == {"why-572": 1, "which-fit": 1}


LABELS = "all => all.map(each => each.getAttribute('aria-label'))"
CELLS = "all => all.map(row => [...row.cells].map(cell => cell.textContent))"
KINDS = ("shape", "shape", "shape", "fits", "parameters", "parameters", "field", "field")


def test_a_sheet_of_whatever_is_shown(opened):
    page = opened().page
    for paper in ("A4", "Letter"):
        first, second = (each.extract_text() for each in pdf_pages(page, format=paper))
        assert "388 × 388, border 92 px lost per side" in first
        assert "31 head 388 × 388 2" in first
        assert "bottleneck_conv2 see (its receptive" in second
        assert "9,438,208" not in first + second
    page.evaluate("() => { window.print = () => { window.asked = (window.asked ?? 0) + 1; }; }")
    asked_for_answers(page, 1)
    *_, third = (each.extract_text() for each in pdf_pages(page))
    assert "9,438,208: 3·3 · 1024 · 1024 + 1024 = 9,438,208" in third
    assert len(pdf_pages(page)) == 2, "answers stay away until they are asked for again"
    # On any design, and where the tile does not fit: in the dark, too, on white paper.
    page.emulate_media(color_scheme="dark")
    check_sheet(page, UNetConfig(depth=3, base_filters=8, padding="same"), (104, 64))
    check_sheet(page, UNetConfig(depth=1), (75, 75))


def pdf_pages(page, **how):
    return pypdf.PdfReader(io.BytesIO(page.pdf(**how))).pages


def asked_for_answers(page, times):
    panel = Panel(page)
    panel.root.locator(".ue-tools [data-action=save]").click()
    panel.action("save-key").click()
    assert page.evaluate("window.asked") == times
    panel.root.locator(".ue-tools [data-action=save]").click()


def check_sheet(page, config, tile):
    """The U, each layer, and questions whose answers are those by hand."""
    page.evaluate("link => { location.hash = link; }", write_link(Link(config, tile)))
    Panel(page).expect_tile(*tile, fits=tile[0] % 2 == 0)
    asked_for_answers(page, page.evaluate("window.asked") + 1)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    sheet = page.locator(".ue-handout")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true")
    on_screen = page.locator(".unet-explorer .ue-paper [data-step]").evaluate_all(LABELS)
    assert sheet.locator("[data-step]").evaluate_all(LABELS) == on_screen
    rows = sheet.locator("tbody tr").evaluate_all(CELLS)
    assert [name for _, name, *_ in rows] == [step.name for step in plan(config)]
    if tile[0] % 2 == 0:
        wanted = [
            (f"{row.output.height} × {row.output.width}", f"{row.output.channels:,}") for row in trace(config, tile)
        ]
        assert [(size, channels) for _, _, size, channels, _ in rows] == wanted
    asked, told = (sheet.locator("section").nth(place).locator("li") for place in (0, 1))
    questions = asked.locator("p:first-child").evaluate_all("all => all.map(each => each.innerHTML)")
    answers = told.locator("strong").all_text_contents()
    for place, (kind, html, answer) in enumerate(zip(KINDS, questions, answers, strict=True)):
        given = answer.removesuffix(" px").replace(",", "")
        question = re.sub("</?code>", "`", html)
        posed = SimpleNamespace(kind=kind, question=question, config=config, answer=given)
        assert given == str(by_hand(posed)), f"{place}: {question}"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(sheet).to_have_count(0)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")


def test_a_link_to_it_has_title_description_and_picture(file):
    head = file.read_text("utf-8").split("</head>")[0]
    said = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', head))
    assert said["og:title"] in head.split("<title>")[1]
    assert said["og:description"] == said["description"]
    assert said["twitter:card"] == "summary_large_image"
    picture = Image.open(io.BytesIO(base64.b64decode(said["og:image"].removeprefix("data:image/png;base64,"))))
    assert picture.size == (600, 315)
    # All that is drawn is there: it is not empty, and not grey.
    assert len(picture.convert("RGB").getcolors()) > 10
