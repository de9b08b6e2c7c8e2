"""The stage: what a hand does and what follows from it are in the window at once, and can be read."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from panel import Panel, open_panel
from playwright.sync_api import Page, expect
from tabs import open_panel_with, open_tab

from unet_explorer import UNetConfig, estimate_memory, trace
from unet_explorer.panel.glossary import GLOSSARY

SIDE_BAR = "() => window.jupyterapp.shell.collapseLeft()"
INTO_VIEW = """() => {
    const stage = document.querySelector(".unet-explorer");
    const scroller = document.querySelector(".jp-WindowedPanel-outer");
    scroller.scrollTop += stage.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 4;
    return new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
}"""
SEEN = """(nodes) => nodes.map((node) => {
    const [box, frame, page] = [node, node.closest(".unet-explorer"), document.querySelector(".jp-WindowedPanel-outer")]
        .map((each) => each.getBoundingClientRect());
    const within = (outer) =>
        box.left >= outer.left - 1 && box.right <= outer.right + 1 &&
        box.top >= outer.top - 1 && box.bottom <= outer.bottom + 1;
    return box.width > 0 && box.height > 0 && within(frame) && within(page);
})"""
TYPE = """(node) => [...node.querySelectorAll("text, tspan")]
    .filter((each) => each.textContent && each.checkVisibility())
    .map((each) => parseFloat(getComputedStyle(each).fontSize) * (each.getScreenCTM()?.a ?? 1))"""
LABELS = """(node) => [...node.querySelectorAll("text")]
    .filter((each) => each.textContent && each.checkVisibility({ visibilityProperty: true }))
    .map((each) => [each.textContent, each.getBoundingClientRect()])
    .map(([text, { left, right, top, bottom }]) => ({ text, left, right, top, bottom }))"""
KNOBS = ("tile_height", "depth", "base_filters")
MAIN = {
    "Build": '[data-action="build"]',
    "Train": '[data-role="loss-curve"]',
    "Tile": '[data-role="tiles"]',
    "Inside": '[data-role="whole"]',
    "Sweep": '[data-role="sweep-plan"]',
}
"""What each tab is there for."""


def resize(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(SIDE_BAR)
    # The stage follows the notebook's height; the drawing follows the stage.
    expect(page.locator(".ue-paper svg")).to_be_visible()
    page.evaluate(INTO_VIEW)


def all_seen(panel: Panel, *selectors: str) -> list[str]:
    """Which of these are not wholly inside the window."""
    found = {each: panel.root.locator(each).evaluate_all(SEEN) for each in selectors}
    return [each for each, seen in found.items() if not seen or not seen[0]]


@pytest.fixture
def stage(warm_lab, page, tmp_path):
    # What glides is not where it belongs yet.
    page.emulate_media(reduced_motion="reduce")
    yield open_panel_with(warm_lab, page, tmp_path, "'classroom'")
    page.emulate_media(reduced_motion="no-preference")


def test_every_tab_shows_knobs_verdict_u_and_what_it_is_there_for_at_once(stage, page):
    panel, _ = stage
    resize(page, 1366, 768)
    knobs = [f'[data-knob="{name}"]' for name in KNOBS]
    always = ['[data-role="status"]', *knobs, ".ue-paper", ".ue-paper svg", '[data-open="Sweep"]']
    assert all_seen(panel, *always, '[data-role="card"]') == []
    for name, main in MAIN.items():
        open_tab(page, name)
        if name == "Train":
            panel.root.locator('[data-tab="train"] [data-action="start"]').click()
        expect(panel.root.locator(main).first).to_be_visible()
        assert all_seen(panel, *always, main) == [], name
    # A step is picked in the small U as well, and its marks are there.
    panel.step("bottleneck_conv1").click()
    expect(panel.step("bottleneck_conv1")).to_have_attribute("aria-selected", "true")
    page.locator('[data-open="Design"]').click()
    expect(panel.role("card").locator("h3")).to_have_text("bottleneck_conv1")
    panel.root.locator('[data-tab="train"] [data-action="stop"]').dispatch_event("click")


SHORTEST_SLIDER = """(root) => Math.min(...[...root.querySelectorAll(".ue-knobs .ue-knob:not(.ue-more *)")]
    .filter((knob) => knob.offsetParent && knob.querySelector("[type=range]:not([hidden])"))
    .map((knob) => {
        const place = (kind) => knob.querySelector(`[type=${kind}]`).getBoundingClientRect();
        return Math.min(place("range").right, place("number").left) - place("range").left;
    }))"""


def test_the_knob_in_use_and_the_u_are_seen_together_in_small_windows(stage, page):
    panel, _ = stage
    for width, height in ((1024, 700), (683, 384), (390, 844)):
        resize(page, width, height)
        for name in KNOBS:
            panel.knob(name).scroll_into_view_if_needed()
            assert all_seen(panel, f'[data-knob="{name}"]', ".ue-paper") == [], (width, height, name)
        assert panel.root.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), (width, height)
        assert panel.root.evaluate(SHORTEST_SLIDER) >= 40, (width, height)


def test_type_can_be_read_from_the_back_row(stage, page):
    panel, _ = stage
    paper = panel.root.locator(".ue-paper svg")
    for (width, height), least in {(1366, 768): 13, (1920, 1080): 14}.items():
        resize(page, width, height)
        for preset in ("classroom", "paper"):
            panel.knob("preset").select_option(preset)
            expect(panel.root.locator('.ue-paper [data-step="enc3_pool"]')).to_have_count(int(preset == "paper"))
            assert min(paper.evaluate(TYPE)) >= least - 0.01, (width, preset)
    panel.knob("preset").select_option("classroom")
    panel.action("present").click()
    expect(panel.root).to_have_class(re.compile("ue-presenting"))
    font = "() => parseFloat(getComputedStyle(document.querySelector('.ue-paper text')).fontSize)"
    page.wait_for_function(f"() => ({font})() >= 20")
    assert min(paper.evaluate(TYPE)) >= 20
    assert panel.root.evaluate("node => [node.offsetWidth, node.offsetHeight]") == [1920, 1080]
    # The key leaves it again; in a field an f is a letter.
    panel.number("depth").press("f")
    expect(panel.root).to_have_class(re.compile("ue-presenting"))
    panel.step("head").press("f")
    expect(panel.root).not_to_have_class(re.compile("ue-presenting"))


def touching(panel):
    """Labels of the drawing that lie on each other, in pairs."""
    boxes = panel.root.locator(".ue-paper svg").evaluate(LABELS)
    return [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if one["right"] > other["left"] + 1
        and other["right"] > one["left"] + 1
        and one["bottom"] > other["top"] + 4
        and other["bottom"] > one["top"] + 4
    ]


def test_labels_never_touch(stage, page):
    panel, notebook = stage
    resize(page, 1366, 768)
    for depth, convs in ((1, 1), (2, 4), (4, 2), (5, 1), (7, 4)):
        notebook.kernel(f"panel.config = UNetConfig(depth={depth}, convs_per_block={convs})")
        expect(panel.root.locator(".ue-paper [data-step$='conv1']")).to_have_count(2 * depth + 1)
        for tile in ("smallest", "rectangle"):
            sizes = f"panel.instrument.network['sizes']['{'smallest'}']"
            code = f"({sizes}, {sizes} + 1)" if tile == "rectangle" else sizes
            notebook.kernel(f"panel.tile = {code}")
            expect(panel.role("status")).to_have_attribute("data-fits", str(tile == "smallest").lower())
            assert touching(panel) == [], (depth, convs, tile)
        if depth == 7:
            # It cannot fit: it says so, and shows all of it when asked.
            larger = panel.action("whole")
            expect(larger).to_have_text("See all of it")
            larger.click()
            paper = "node => [node.scrollWidth - node.clientWidth, node.scrollHeight - node.clientHeight]"
            assert max(panel.root.locator(".ue-paper").evaluate(paper)) <= 1
            assert touching(panel) == [], "smaller, then"
            larger.click()
    # Where a little less is enough, nobody need ask.
    notebook.kernel("panel.config, panel.tile = UNetConfig(), 572")
    panel.expect_tile(572, 572)
    resize(page, 1120, 768)
    expect(panel.action("whole")).to_be_hidden()
    assert touching(panel) == []
    assert 10 <= min(panel.root.locator(".ue-paper svg").evaluate(TYPE)) < 11


def test_what_is_refused_is_said_at_its_field_by_its_label(stage, page):
    panel, _ = stage
    resize(page, 1366, 768)
    panel.root.locator(".ue-knobs .ue-more summary").click()
    for name, value, words in (
        ("base_filters", "999", "Filters: 999 is not allowed. Give a whole number from 1 to"),
        ("dropout", "7", "Dropout: 7 is not allowed."),
    ):
        panel.type(name, value)
        problem = panel.role("problem")
        expect(problem).to_contain_text(words)
        field, said = panel.number(name).bounding_box(), problem.bounding_box()
        assert abs(said["y"] - (field["y"] + field["height"])) < 12
        assert said["x"] < field["x"] + field["width"]
        assert all_seen(panel, '[data-role="problem"]') == []
    panel.type("base_filters", "4")
    expect(panel.role("problem")).to_be_empty()


def test_a_term_explains_itself_where_it_stands(stage, page):
    panel, _ = stage
    resize(page, 1366, 768)
    meaning = panel.role("meaning")
    expect(meaning).to_be_hidden()
    panel.root.locator(".ue-knobs").get_by_text("Filters", exact=True).hover()
    expect(meaning).to_contain_text("How many different patterns a layer looks for")
    page.mouse.move(5, 5)
    expect(meaning).to_be_hidden()
    page.keyboard.press("Tab")
    panel.number("tile_height").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(meaning).to_contain_text("The piece of an image that the network is given at once.")
    page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    # All of them stand in the help.
    panel.action("help").click()
    expect(panel.role("glossary").locator("dt")).to_have_count(len(GLOSSARY))
    panel.action("help").press("Escape")
    expect(panel.role("glossary")).to_be_hidden()


def test_tabs_and_tools_never_lie_on_each_other_nor_do_verdict_and_sizes(stage, page):
    panel, _ = stage
    for width in (1366, 1290, 1240, 1100, 1024, 900, 820, 760):
        resize(page, width, 768)
        verdict, fixes = (panel.root.locator(each).bounding_box() for each in (".ue-verdict", ".ue-fixes"))
        below = verdict["y"] + verdict["height"] <= fixes["y"] + 1
        assert below or verdict["x"] + verdict["width"] <= fixes["x"] + 1, width
        tabs, tools = (panel.root.locator(each).bounding_box() for each in (".ue-tabs", ".ue-tools > :first-child"))
        last = panel.root.locator('.ue-tabs [data-open="Sweep"]').bounding_box()
        beside = last["x"] + last["width"] <= tools["x"] + 1
        below = tabs["y"] + tabs["height"] <= tools["y"] + 1
        assert beside or below, width
        # Sliders have room for a thumb beside their numbers, and of the totals nothing is cut off.
        assert panel.root.evaluate(SHORTEST_SLIDER) >= 44, width
        assert panel.role("totals").evaluate("(node) => node.scrollWidth <= node.clientWidth"), width
        assert all_seen(panel, '[data-action="present"]') == []


def test_where_a_host_puts_it_into_a_shadow_tree_it_fits_and_keys_work(stage, page):
    panel, _ = stage
    # So does marimo: an output may be so high, and grows with its content until then.
    page.evaluate(
        """() => {
            const output = document.createElement("div");
            output.style = "position: fixed; z-index: 9; max-height: 500px; overflow: auto; padding: 20px";
            document.body.prepend(output);
            output.append(document.createElement("div"));
            const panel = document.querySelector(".unet-explorer");
            output.firstChild.attachShadow({ mode: "open" }).append(panel);
        }"""
    )
    try:
        expect(panel.root).to_have_attribute("style", re.compile("--ue-height: 448px"))
        panel.root.locator('[data-open="Design"]').press("ArrowRight")
        expect(panel.root.locator('[data-open="Build"]')).to_be_focused()
    finally:
        # Nobody else would tidy it up.
        page.evaluate("() => document.body.firstChild.remove()")


def test_files_a_link_and_code_are_taken_away(stage, page):
    panel, _ = stage
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    panel.action("save").click()
    sheet = panel.root.locator('[data-menu="save"]')
    assert sheet.bounding_box()["height"] < 600
    figure = panel.action("save-figure")
    sheet.locator('[data-option="width"]').fill("150")
    with page.expect_download() as download:
        figure.and_(sheet.locator('[data-ending=".svg"]')).click()
    assert download.value.suggested_filename == "unet-depth3-188x188.svg"
    text = Path(download.value.path()).read_text("utf-8")
    assert text.startswith("<svg")
    assert 'width="150mm"' in text
    expect(panel.role("saved")).to_have_text("Saved as unet-depth3-188x188.svg.")
    # What is not there yet is said.
    panel.action("save-network").first.click()
    expect(panel.role("saved")).to_contain_text("Nothing has been learnt yet: open Train")
    panel.action("copy-link").click()
    expect(panel.role("saved")).to_contain_text("Copied.")
    expect(panel.role("link")).to_have_value(re.compile("unet1-t188-d3-f8.*-[0-9a-z]{7}"))
    assert page.evaluate("() => navigator.clipboard.readText()") == panel.role("link").input_value()
    panel.action("copy-code").click()
    expect(panel.role("link")).to_have_value('from unet_explorer import explore\n\nexplore("classroom")')
    panel.action("save").press("Escape")
    expect(sheet).to_be_hidden()


def test_a_step_plays_how_it_works_beside_the_u(stage, page):
    panel, _ = stage
    resize(page, 1366, 768)
    panel.step("enc0_pool").click()
    how = panel.role("card").locator('[data-role="how"]')
    # With less motion asked for it waits to be started; else it starts by itself.
    expect(how).to_have_attribute("data-frame", "3")
    page.emulate_media(reduced_motion="no-preference")
    panel.step("enc1_pool").click()
    expect(how).to_have_attribute("data-frame", "0")
    expect(how).to_have_attribute("data-frame", "3")
    assert all_seen(panel, '[data-role="card"] .ue-how') == []
    # How the mask is made of the scores is a step of its own, at the mask.
    panel.action("argmax").click()
    expect(panel.role("card").get_by_role("heading", name="argmax")).to_be_visible()
    expect(how).to_contain_text("the mask shows the class with the highest")
    sizes = "texts => texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
    assert min(how.locator(".ue-cell-text").evaluate_all(sizes)) >= 13
    expect(panel.action("argmax")).to_have_attribute("aria-pressed", "true")
    panel.step("enc1_pool").click()
    expect(panel.action("argmax")).to_have_attribute("aria-pressed", "false")
    # What cannot be computed is not played with numbers; the pooling that fails shows which row has no partner.
    panel.type_tile(190)
    expect(how).to_contain_text("89 is odd")
    panel.step("dec0_concat").click()
    expect(panel.role("card")).to_contain_text("This cannot be computed")
    expect(how).to_be_hidden()


def differences(panel: Panel) -> dict[str, tuple[str, str, str]]:
    """The table of A and B: both values and the change, by row."""
    read = "rows => rows.map((row) => [row.dataset.versus, ...[...row.cells].slice(1).map((cell) => cell.textContent)])"
    return {name: tuple(cells) for name, *cells in panel.role("versus").locator("tbody tr").evaluate_all(read)}


def expected_differences(a: tuple[UNetConfig, int], b: tuple[UNetConfig, int]) -> dict[str, tuple[str, str]]:
    """What the panel must say of both, by Python."""

    def value(config: UNetConfig, tile: int) -> list[str]:
        rows = trace(config, tile)
        memory = [estimate_memory(config, tile, training=training)["total"] for training in (False, True)]
        numbers = [rough(rows.parameters), rough(rows.macs), *(f"{rough(each)}B" for each in memory)]
        return [f"{rows.output.height}²", *numbers, f"{max(row.receptive_field for row in rows)} px"]

    def rough(number: float) -> str:
        unit = max(0, (len(str(int(number))) - 1) // 3)
        left = number / 1000**unit
        return f"{left:.{max(0, 3 - len(str(int(left))))}f} {' kMGT'[unit]}"

    keys = "output", "parameters", "macs", "predict", "train", "field"
    return dict(zip(keys, zip(value(*a), value(*b), strict=True), strict=True))


def test_a_design_is_pinned_and_held_against_what_becomes_of_it(stage, page):
    from axe_playwright_python.sync_playwright import Axe

    panel, notebook = stage
    resize(page, 1366, 768)
    panel.step("enc1_conv1").click()
    panel.action("pin").click()
    compare = panel.role("compare")
    expect(compare).to_contain_text("steps that both have are of the same side")
    # The bar stays one row; both Us and the numbers are seen at once, and can be read.
    heights = panel.root.locator(".ue-tools > *, .ue-tabs > *").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect()).map(({ top, bottom }) => (top + bottom) / 2)"
    )
    assert max(heights) - min(heights) < 4
    panel.knob("depth").focus()
    page.keyboard.press("ArrowLeft")
    panel.type_tile(180)
    (a, b) = (UNetConfig(depth=3, base_filters=8), 188), (UNetConfig(depth=2, base_filters=8), 180)
    expect(panel.role("pinned-title")).to_have_text("A depth 3, 8 filters, tile 188")
    expect(panel.role("live-title")).to_have_text("B depth 2, 8 filters, tile 180")
    shown = differences(panel)
    assert {name: shown[name][:2] for name in expected_differences(a, b)} == expected_differences(a, b)
    assert shown["depth"] == ("3", "2", "−1")
    assert shown["output"] == ("100²", "140²", "+40 px")
    assert shown["parameters"][2] == "÷ 4.1"
    assert shown["side"] == ("90²", "86²", "−4 px")
    expect(panel.role("step-words")).to_contain_text("B has no level 3: its bottleneck is on level 2.")
    seen = (
        '[data-role="pinned-u"]',
        ".ue-paper svg",
        '[data-role="versus"]',
        '[data-action="pin"]',
        '[data-action="swap"]',
    )
    assert all_seen(panel, *seen, '[data-role="status"]', *(f'[data-knob="{name}"]' for name in KNOBS)) == []
    assert min(panel.root.locator(".ue-paper svg").evaluate(TYPE)) >= 13 - 0.01
    boxes = panel.root.locator('[data-role="pinned-u"] [data-pinned-step]')
    expect(boxes).to_have_count(len([row for row in trace(*a) if row.step.op not in {"relu", "norm", "dropout"}]) + 1)
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        notebook.command("apputils:change-theme", theme=theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        violations = Axe().run(page, context=".unet-explorer").response["violations"]
        assert not [each["id"] for each in violations if each["impact"] in {"serious", "critical"}], theme
    # What cannot be is a dash, and the reason is said.
    panel.type_tile(181)
    expect(panel.role("step-words")).to_contain_text("B does not fit: at enc0_pool, 177 is odd")
    assert differences(panel)["train"] == (expected_differences(a, b)["train"][0], "–", "–")
    panel.type_tile(180)
    # Swapped, all of it is the other way round; Python knows, and one step back undoes it.
    panel.action("swap").click()
    panel.expect_tile(188, 188)
    expect(panel.role("pinned-title")).to_have_text("A depth 2, 8 filters, tile 180")
    expect(panel.step("enc2_pool")).to_be_visible()
    turned = {name: b for name, (_, b, _) in differences(panel).items()}
    assert turned == {name: a for name, (a, *_) in shown.items()}
    notebook.expect_kernel("panel.config.depth, panel.instrument.pinned['tile']", "3 [180, 180]")
    for width, height in ((683, 384), (390, 844)):
        resize(page, width, height)
        assert panel.root.evaluate("node => node.scrollWidth <= node.clientWidth + 1"), width
        assert all_seen(panel, ".ue-paper") == [], width
        panel.action("unpin").scroll_into_view_if_needed()
        panel.role("versus").locator("tr").last.scroll_into_view_if_needed()
        assert all_seen(panel, '[data-versus="channels"]') == [], width
    resize(page, 1366, 768)
    panel.action("undo").click()
    panel.expect_tile(180, 180)
    expect(panel.step("enc2_pool")).to_have_count(0)
    panel.action("unpin").click()
    expect(compare).to_be_hidden()
    expect(panel.role("card")).to_be_visible()
    expect(panel.action("pin")).to_be_focused()
    notebook.expect_kernel("panel.instrument.pinned", "{}")


def test_the_tab_key_is_soon_at_what_a_tab_is_there_for(stage, page):
    resize(page, 1366, 768)
    for tab, action in (("Build", "build"), ("Train", "start"), ("Tile", "predict")):
        opened = open_tab(page, tab)
        expect(opened.action(action)).to_be_visible()
        page.locator(f'[data-open="{tab}"]').focus()
        for _ in range(8):
            page.keyboard.press("Tab")
            if page.evaluate("() => document.activeElement.dataset.action") == action:
                break
        assert page.evaluate("() => document.activeElement.dataset.action") == action, tab


def test_two_panels_are_two_stages(warm_lab, page):
    open_panel(warm_lab, page, "explore('classroom')")
    expect(page.locator(".unet-explorer")).to_have_count(2)
    for at in range(2):
        expect(page.locator(".unet-explorer").nth(at).locator('[role="tab"]')).to_have_text(
            ["Design", "Build", "Train", "Tile", "Inside", "Sweep"]
        )


def test_a_cell_that_is_run_again_takes_the_place_of_its_panel(lab, page, tmp_path):
    _, notebook = open_panel_with(lab, page, tmp_path)
    # It is started ahead only where no other one is: here at once.
    children = "panel._worker.warm_up(); import psutil; print(len(psutil.Process().children()))"
    for _ in range(5):
        open_tab(page, "Build")
        expect(page.locator('[data-tab="build"]')).to_have_count(1)
        assert notebook.kernel(children) == "1"
        notebook.run_all()
        expect(page.locator('[data-open="Design"]')).to_have_attribute("aria-selected", "true")
    notebook.expect_kernel("len(__import__('psutil').Process().children())", "0")
    # Two in one cell are two.
    notebook.kernel("first, second = explore(), explore(); print(first.comm is not None)")
