"""The panel in a real JupyterLab, used as a teacher uses it."""

from __future__ import annotations

import itertools
import re
import shutil

import pytest
from playwright.sync_api import Page, expect
from support import PROJECT

from unet_explorer import UNetConfig, plan, trace

NUMBER = itertools.count()
OPEN = "from unet_explorer import explore\npanel = explore('paper')\npanel"


class Panel:
    """The panel on a page, by its public hooks."""

    def __init__(self, page: Page, root=None) -> None:
        self.page = page
        self.root = root or page.locator(".unet-explorer").first

    def knob(self, name: str):
        return self.root.locator(f'[data-knob="{name}"]')

    def number(self, name: str):
        return self.root.locator(f'[data-number="{name}"]')

    def step(self, name: str):
        return self.root.locator(f'[data-step="{name}"]')

    def role(self, name: str):
        return self.root.locator(f'[data-role="{name}"]')

    def action(self, name: str):
        return self.root.locator(f'[data-action="{name}"]')

    def type(self, name: str, text: object) -> None:
        """Into the number field of a knob, key by key as a user does, and Enter."""
        field = self.knob(name) if name in {"wanted_output", "batch_size"} else self.number(name)
        field.press("ControlOrMeta+a")
        field.press("Delete")
        field.press_sequentially(str(text))
        field.press("Enter")

    def type_batch(self, text: str) -> None:
        self.type("batch_size", text)

    def type_tile(self, side: int, axis: str = "height") -> None:
        self.type(f"tile_{axis}", side)

    def expect_tile(self, height: int, width: int, fits: bool = True) -> None:
        expect(self.role("status")).to_have_attribute("data-fits", str(fits).lower())
        expect(self.role("status")).to_contain_text(f"{height} × {width}")


def open_panel(lab, page: Page, *more: str) -> tuple[Panel, object]:
    name = lab.notebook(f"panel-{next(NUMBER)}.ipynb", OPEN, *more)
    notebook = lab.open(page, name)
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    return panel, notebook


def shapes_on_screen(panel: Panel) -> dict[str, tuple[int, int, int]]:
    read = "groups => groups.map(({ dataset: d }) => [d.step, +d.height, +d.width, +d.channels])"
    return {name: tuple(shape) for name, *shape in panel.root.locator("[data-step]").evaluate_all(read)}


def expected_shapes(config: UNetConfig, tile) -> dict[str, tuple[int, int, int]]:
    return {row.step.name: tuple(row.output) for row in trace(config, tile)}


def test_it_opens_with_the_papers_network(lab, page):
    shutil.copy(PROJECT / "notebooks" / "explore.ipynb", lab.folder / "explore.ipynb")
    notebook = lab.open(page, "explore.ipynb")
    notebook.run_all()
    panel = Panel(page)
    panel.expect_tile(572, 572)
    expect(panel.role("status")).to_contain_text("fits → 388 × 388, border 92 px")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)
    table = panel.role("layers")
    assert table.evaluate("node => node.tagName") == "TABLE"
    expect(table.locator("tbody tr")).to_have_count(31)
    row = table.locator('[data-row="dec0_concat"]')
    assert row.locator("th, td").all_inner_texts() == [
        *("28", "dec0_concat", "copy, crop and concatenate", "392 × 392", "128", "88 px", "0", "0", "78.7 MB"),
        "204 px",
    ]
    totals = panel.role("totals")
    for total, shown in (
        ("output", "388 × 388 × 2"),
        ("border", "92 px"),
        ("parameters", "31.0 M"),
        ("macs", "150 GMAC"),
        ("predict", "325 MB"),
        ("train", "1.43 GB"),
    ):
        expect(totals.locator(f'[data-total="{total}"]')).to_have_text(shown)
    expect(totals.locator('[data-total="parameters"]')).to_have_attribute("title", "31,030,658")
    # Opening it has loaded no TensorFlow.
    assert notebook.kernel("import sys; print('tensorflow' in sys.modules, 'keras' in sys.modules)") == "False False"


def test_any_lab_follows_every_knob(any_lab, page):
    panel, notebook = open_panel(any_lab, page)
    panel.type("depth", "2")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    panel.expect_tile(572, 572)
    panel.root.locator(".ue-more summary").click()
    config = {"depth": 2}
    for knob, value in (
        ("kernel_size", 5),
        ("padding", "same"),
        ("upsampling", "bilinear"),
        ("head_activation", "relu"),
    ):
        panel.knob(knob).select_option(str(value))
        config[knob] = value
    for knob, value in (("convs_per_block", 3), ("in_channels", 3), ("num_classes", 5), ("base_filters", 24)):
        panel.type(knob, value)
        config[knob] = value
    panel.type("dropout", "0.35")
    panel.knob("batch_norm").check()
    config |= {"dropout": 0.35, "batch_norm": True}
    wanted = UNetConfig(**config)
    expect(panel.step("head")).to_have_attribute("data-channels", "5")
    expect(panel.role("layers").locator("tbody tr")).to_have_count(len(plan(wanted)))
    hosted = {"norm", "relu", "dropout", "upsample"}
    drawn = {row.step.name: tuple(row.output) for row in trace(wanted, 572) if row.operation not in hosted}
    assert shapes_on_screen(panel) == drawn
    # Python knows the same.
    assert notebook.kernel("print(panel.config)") == str(wanted)


def test_dragging_with_the_mouse(lab, page):
    panel, notebook = open_panel(lab, page)
    slider = panel.knob("tile_height")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.56, box["y"] + box["height"] / 2)
    page.mouse.down()
    seen = set()
    for share in (0.5, 0.4, 0.3, 0.2):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        seen.add(panel.role("status").inner_text())
    page.mouse.up()
    assert len(seen) == 4
    side = int(slider.input_value())
    assert 150 < side < 260
    assert panel.knob("tile_width").input_value() == str(side)
    expect(panel.step("enc0_conv1")).to_have_attribute("data-height", str(side - 2))
    # One drag is one step back.
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    assert notebook.kernel("print(panel.tile)") == "(572, 572)"


def test_the_keyboard_moves_the_tile_and_jupyterlab_keeps_out(lab, page):
    panel, _ = open_panel(lab, page)
    slider = panel.knob("tile_height")
    slider.focus()
    slider.press("ArrowRight")
    panel.expect_tile(573, 573, fits=False)
    expect(slider).to_have_attribute("aria-valuetext", "573 px, does not fit")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    for key in ("b", "a", "ArrowDown", "x", "Enter", "d", "d"):
        slider.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    panel.expect_tile(572, 572)


def test_snap_holds_the_slider_to_what_fits(lab, page):
    panel, _ = open_panel(lab, page)
    panel.type_tile(580)
    panel.expect_tile(580, 580, fits=False)
    panel.knob("snap").check()
    panel.expect_tile(572, 572)
    panel.knob("tile_height").press("ArrowRight")
    panel.expect_tile(588, 588)
    panel.type_tile(600)
    panel.expect_tile(604, 604)
    # Another network takes the tile along, and back again: 588 fits depth 4, not depth 5.
    panel.type_tile(588)
    panel.type("depth", "5")
    expect(panel.step("enc4_conv1")).to_be_visible()
    panel.expect_tile(572, 572)
    panel.action("undo").click()
    expect(panel.step("enc4_conv1")).to_have_count(0)
    panel.expect_tile(588, 588)
    # What was undone can be done again: restoring a design is no new step.
    panel.action("redo").click()
    expect(panel.step("enc4_conv1")).to_be_visible()
    panel.expect_tile(572, 572)


def test_the_ruler_marks_every_size_that_fits(lab, page):
    panel, _ = open_panel(lab, page)
    marks = panel.root.locator(".ue-ruler path").first.get_attribute("d")
    slider = panel.knob("tile_height")
    low, high = int(slider.get_attribute("min")), int(slider.get_attribute("max"))
    assert [low + int(at) for at in re.findall(r"M(\d+) ", marks)] == list(range(188, high + 1, 16))
    panel.type("depth", "7")
    expect(panel.step("enc6_conv1")).to_be_visible()
    assert int(slider.get_attribute("max")) > 3000


def test_a_misfit_says_why_and_offers_what_fits(lab, page):
    panel, _ = open_panel(lab, page)
    panel.type_tile(512)
    panel.expect_tile(512, 512, fits=False)
    expect(panel.role("status")).to_contain_text("at enc2_pool, 121 is odd: it cannot be halved")
    expect(panel.role("badge")).to_have_text("✗ 121 is odd: it cannot be halved")
    expect(panel.role("badge")).to_be_visible()
    names = [step.name for step in plan(UNetConfig())]
    ghosts = panel.root.locator(".ue-ghost[data-step]").evaluate_all("nodes => nodes.map((node) => node.dataset.step)")
    assert ghosts == names[names.index("enc2_pool") :]
    assert "data-height" not in panel.step("enc2_pool").evaluate("node => node.outerHTML.split('>')[0]")
    offers = panel.action("use-size").locator("visible=true")
    assert offers.all_inner_texts() == ["508 → 324", "524 → 340"]
    expect(panel.role("totals").locator('[data-total="macs"]')).to_have_text("–")
    offers.first.click()
    panel.expect_tile(508, 508)
    expect(panel.role("badge")).to_be_hidden()
    expect(panel.root.locator(".ue-ghost[data-step]")).to_have_count(0)
    panel.type_tile(92)
    expect(panel.role("status")).to_contain_text("at bottleneck_conv1, nothing is left of the map: its side would be 0")
    assert offers.all_inner_texts() == ["188 → 4"]


def test_a_rectangle(lab, page):
    panel, notebook = open_panel(lab, page)
    expect(panel.knob("tile_width")).to_be_hidden()
    panel.knob("linked").uncheck()
    panel.type_tile(444, "width")
    panel.expect_tile(572, 444)
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), (572, 444))
    expect(panel.step("enc0_conv1").locator(".ue-side")).to_have_text("570×442")
    panel.type_tile(512)
    panel.type_tile(570, "width")
    panel.expect_tile(512, 570, fits=False)
    expect(panel.role("status")).to_contain_text("at enc1_pool (width), 279 is odd")
    offers = panel.action("use-size").locator("visible=true")
    assert offers.all_inner_texts() == [
        "height 508",
        "height 524",
        "width 556",
        "width 572",
        "both 508 × 572 → 324 × 388",
    ]
    offers.nth(1).click()
    assert offers.all_inner_texts() == ["width 556 → 340 × 372", "width 572 → 340 × 388"]
    offers.nth(1).click()
    panel.expect_tile(524, 572)
    assert notebook.kernel("print(panel.tile)") == "(524, 572)"
    panel.knob("linked").check()
    panel.expect_tile(524, 524)


def test_a_size_asked_for_from_the_other_end(lab, page):
    panel, _ = open_panel(lab, page)
    panel.type("wanted_output", "389")
    panel.expect_tile(588, 588)
    panel.type("wanted_output", "0")
    expect(panel.role("problem")).to_contain_text("“0” is not an output size: give a whole number of at least 1")
    panel.expect_tile(588, 588)


def test_undo_redo_reset_and_presets(lab, page):
    panel, _ = open_panel(lab, page)
    expect(panel.action("undo")).to_have_attribute("aria-disabled", "true")
    panel.knob("preset").select_option("classroom")
    panel.expect_tile(188, 188)
    expect(panel.step("enc3_conv1")).to_have_count(0)
    panel.type_tile(196)
    expect(panel.knob("preset")).to_have_value("")
    panel.type("base_filters", "16")
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "16")
    panel.action("undo").click()
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "8")
    panel.action("undo").click()
    expect(panel.knob("preset")).to_have_value("classroom")
    panel.action("undo").click()
    expect(panel.step("enc3_conv1")).to_be_visible()
    panel.expect_tile(572, 572)
    expect(panel.knob("preset")).to_have_value("paper")
    expect(panel.action("undo")).to_have_attribute("aria-disabled", "true")
    for _ in range(3):
        panel.action("redo").click()
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "16")
    panel.expect_tile(196, 196)
    panel.action("reset").click()
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "64")
    panel.expect_tile(572, 572)
    # A reset can be taken back too.
    panel.action("undo").click()
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "16")


def test_a_reload_of_the_page_restores_everything(lab, page):
    panel, notebook = open_panel(lab, page)
    panel.type("depth", "3")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    panel.knob("linked").uncheck()
    panel.type_tile(196)
    panel.step("dec1_concat").click()
    notebook.command("docmanager:save")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.ready")
    page.reload()
    notebook.ready()
    expect(panel.step("dec1_concat")).to_have_attribute("aria-selected", "true")
    panel.expect_tile(196, 572)
    expect(panel.step("enc3_conv1")).to_have_count(0)
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    panel.action("undo").click()
    expect(panel.step("enc3_conv1")).to_be_visible()


def test_two_views_of_one_panel(lab, page):
    first, notebook = open_panel(lab, page, "display(panel)")
    views = page.locator(".unet-explorer")
    expect(views).to_have_count(2)
    second = Panel(page, views.nth(1))
    expect(second.step("head")).to_be_visible()
    second.type_tile(188)
    first.expect_tile(188, 188)
    first.type("depth", "2")
    expect(second.step("enc2_conv1")).to_have_count(0)
    second.step("enc1_conv1").click()
    expect(first.step("enc1_conv1")).to_have_attribute("aria-selected", "true")
    # Each step of the way is remembered once, not once a view.
    first.action("undo").click()
    expect(second.step("enc3_conv1")).to_be_visible()
    second.action("undo").click()
    first.expect_tile(572, 572)
    expect(first.action("undo")).to_have_attribute("aria-disabled", "true")
    # No markup that could clash with itself.
    assert page.locator(".unet-explorer [id]").count() == 0
    # Removing one view takes nothing from the other.
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.clearExecution()")
    expect(views).to_have_count(1)
    first.type_tile(204)
    first.expect_tile(204, 204)
    assert notebook.kernel("print(panel.tile)") == "(204, 204)"


def test_any_lab_a_busy_kernel_holds_up_no_tile(any_lab, page):
    panel, notebook = open_panel(any_lab, page)
    gate = any_lab.folder / f"gate-{next(NUMBER)}"
    # A cell that runs until this file is there.
    page.evaluate(
        """(code) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            window.busy = kernel.requestExecute({ code }).done;
            return new Promise((go) => {
                const look = () => (kernel.status === "busy" ? go() : setTimeout(look, 10));
                look();
            });
        }""",
        f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)",
    )
    panel.type_tile(188)
    panel.expect_tile(188, 188)
    panel.type("depth", "3")
    if any_lab.subshells:
        # Messages are served beside the cell, so even this does not wait for it.
        expect(panel.step("enc3_conv1")).to_have_count(0)
    else:
        expect(panel.role("waiting")).to_be_visible()
        expect(panel.step("enc3_conv1")).to_be_visible()
    panel.type_tile(196)
    panel.expect_tile(196, 196, fits=any_lab.subshells)
    still = "() => Promise.race([window.busy.then(() => 'done'), Promise.resolve('running')])"
    assert page.evaluate(still) == "running"
    gate.touch()
    page.evaluate("() => window.busy")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    expect(panel.role("waiting")).to_be_hidden()
    assert notebook.kernel("print(panel.tile, panel.config.depth)") == "(196, 196) 3"


def test_without_a_kernel_the_tile_still_moves(lab, page):
    panel, _ = open_panel(lab, page)
    expect(panel.role("offline")).to_be_hidden()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    panel.step("head").hover()
    expect(panel.role("offline")).to_be_visible()
    expect(panel.role("offline")).to_contain_text("run the cell again")
    panel.type_tile(512)
    expect(panel.role("badge")).to_have_text("✗ 121 is odd: it cannot be halved")
    panel.knob("tile_height").press("ArrowRight")
    panel.expect_tile(513, 513, fits=False)
    panel.action("undo").click()
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)


def test_the_u_can_be_walked_with_the_keyboard(lab, page):
    panel, _ = open_panel(lab, page)
    page.evaluate("() => document.querySelector('.unet-explorer [data-input]').focus()")
    focused = "() => document.activeElement.dataset.step"
    for key, step in (
        ("ArrowRight", "enc0_conv1"),
        ("ArrowRight", "enc0_conv2"),
        ("ArrowDown", "enc0_pool"),
        ("ArrowUp", "enc0_conv2"),
        ("End", "head"),
        ("ArrowLeft", "dec0_conv2"),
    ):
        page.keyboard.press(key)
        assert page.evaluate(focused) == step
    page.keyboard.press("Enter")
    expect(panel.step("dec0_conv2")).to_have_attribute("aria-selected", "true")
    expect(panel.role("card")).to_contain_text("390 − (3 − 1) = 388")
    expect(panel.role("layers").locator("[aria-current]")).to_have_attribute("data-row", "dec0_conv2")
    # A screen reader hears the shape.
    expect(panel.step("dec0_conv2")).to_have_attribute("aria-label", re.compile("388 × 388 × 64$"))
    page.keyboard.press("Escape")
    expect(panel.role("card")).to_contain_text("The tile")


def test_the_card_explains_the_selected_step(lab, page):
    panel, _ = open_panel(lab, page)
    card = panel.role("card")
    expect(card).to_contain_text("572 − 184 = 388")
    panel.step("enc1_conv1").click()
    expect(card.locator("h3")).to_have_text("enc1_conv1")
    expect(card.locator('[data-role="formula"]')).to_have_text("284 − (3 − 1) = 282")
    expect(card.locator('[data-fact="parameters"]')).to_have_text("3·3 · 64 · 128 + 128 = 73,856")
    expect(card.locator('[data-fact="macs"]')).to_contain_text("(282 × 282) · 3·3 · 64 · 128 = 5.86 G")
    panel.type_tile(588)
    expect(card.locator('[data-role="formula"]')).to_have_text("292 − (3 − 1) = 290")
    panel.step("dec0_concat").click()
    expect(card.locator('[data-role="formula"]')).to_have_text("584 − 2 · 88 = 408")
    panel.type_tile(572)
    panel.role("layers").locator('[data-row="bottleneck_conv2"]').click()
    expect(card.locator("h3")).to_have_text("bottleneck_conv2")
    seen = card.locator('[data-role="receptive-field"]')
    for axis, place in (("row", "0"), ("column", "27")):
        card.locator(f'[data-pixel="{axis}"]').press("ControlOrMeta+a")
        card.locator(f'[data-pixel="{axis}"]').press_sequentially(place)
        card.locator(f'[data-pixel="{axis}"]').press("Enter")
    expect(card.locator('[data-role="sight"]')).to_have_text(
        "This pixel of bottleneck_conv2 sees 140 × 140 px of the tile: rows 0–139, columns 432–571."
    )
    assert [seen.get_attribute(name) for name in ("x", "y", "width", "height")] == ["432", "0", "140", "140"]
    panel.type_tile(571)
    expect(card).to_contain_text("This cannot be computed, since at enc0_pool 567 is odd")


def test_hovering_shows_shape_and_formula(lab, page):
    panel, _ = open_panel(lab, page)
    expect(panel.role("hint")).to_be_hidden()
    panel.step("enc0_pool").hover()
    expect(panel.role("hint")).to_contain_text("enc0_pool284 × 284 × 64568 ÷ 2 = 284")
    page.mouse.move(0, 0)
    expect(panel.role("hint")).to_be_hidden()


def test_the_table_can_be_sorted_and_goes_back_to_the_plan(lab, page):
    panel, _ = open_panel(lab, page)
    table = panel.role("layers")
    head = table.locator('th:has([data-sort="parameters"])')
    names = [step.name for step in plan(UNetConfig())]

    def shown():
        return table.locator("tbody th").all_inner_texts()

    assert shown() == names
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert shown()[:2] == ["bottleneck_conv2", "bottleneck_conv1"]
    panel.type_tile(588)
    assert shown()[:2] == ["bottleneck_conv2", "bottleneck_conv1"]
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "none")
    assert shown() == names


def test_bad_input_is_said_in_the_status_and_the_last_good_state_stays(lab, page):
    panel, notebook = open_panel(lab, page)
    panel.type("depth", "99")
    expect(panel.role("problem")).to_have_text("depth=99 is not allowed: give a whole number from 1 to 7.")
    expect(panel.number("depth")).to_have_value("4")
    expect(panel.knob("depth")).to_have_value("4")
    # The same mistake again is answered again, in words.
    panel.type_tile(572)
    expect(panel.role("problem")).to_be_empty()
    panel.type("depth", "99")
    expect(panel.role("problem")).to_have_text("depth=99 is not allowed: give a whole number from 1 to 7.")
    expect(panel.number("depth")).to_have_value("4")
    panel.root.locator(".ue-more summary").click()
    panel.type("dropout", "1")
    expect(panel.role("problem")).to_have_text(re.compile("^dropout=1 is not allowed: give a number from 0 up to"))
    panel.type_batch("-5")
    expect(panel.role("problem")).to_have_text("batch_size=-5 is not allowed: give a whole number from 1 to 4,096.")
    panel.type_batch("8")
    expect(panel.role("problem")).to_be_empty()
    expect(panel.role("totals").locator('[data-total="train"]')).to_have_text("7.95 GB")
    panel.type("depth", "")
    expect(panel.role("problem")).to_have_text("depth='' is not allowed: give a whole number from 1 to 7.")
    expect(panel.number("depth")).to_have_value("4")
    panel.type_tile(0)
    expect(panel.role("problem")).to_have_text(re.compile("“0” is not a tile size"))
    panel.number("tile_height").blur()
    expect(panel.number("tile_height")).to_have_value("572")
    panel.type_tile(588)
    expect(panel.role("problem")).to_be_empty()
    panel.expect_tile(588, 588)
    # Whatever ends up in a sentence is text.
    notebook.kernel("panel.instrument.problem = '<img src=x onerror=\"window.hacked = 1\">'")
    expect(panel.role("problem")).to_have_text('<img src=x onerror="window.hacked = 1">')
    assert page.evaluate("() => window.hacked") is None
    assert notebook.kernel("print(panel.config.depth, panel.tile)") == "4 (588, 588)"


def test_code_moves_the_panel_too(lab, page):
    panel, notebook = open_panel(lab, page)
    notebook.kernel("from unet_explorer import UNetConfig\npanel.config = UNetConfig(depth=2); panel.tile = 100, 60")
    panel.expect_tile(100, 60)
    expect(panel.step("enc2_conv1")).to_have_count(0)
    expect(panel.knob("linked")).not_to_be_checked()


def test_closing_the_panel_leaks_no_widget(lab, page):
    count = "from ipywidgets.widgets.widget import _instances as all_widgets"
    name = lab.notebook(f"panel-{next(NUMBER)}.ipynb", count + "\nbefore = set(all_widgets)", OPEN)
    notebook = lab.open(page, name)
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    panel.type_tile(188)
    notebook.kernel("panel.close()")
    expect(page.locator(".unet-explorer")).to_have_count(0)
    assert notebook.kernel("print(set(all_widgets) - before)") == "set()"
    expect(page.locator(".jupyter-widgets")).to_have_count(0)


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [1500, 1000, 640])
def test_nothing_hinders_a_reader(lab, page, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    panel, notebook = open_panel(lab, page)
    page.set_viewport_size({"width": width, "height": 2600})
    notebook.command("apputils:change-theme", theme=theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    panel.root.locator(".ue-more summary").click()
    panel.step("dec2_concat").click()
    for tile in (572, 570):
        panel.type_tile(tile)
        # Nothing sticks out of the panel.
        assert panel.root.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
        found = Axe().run(page, context=".unet-explorer").response["violations"]
        serious = [
            (each["id"], [node["html"][:150] for node in each["nodes"]])
            for each in found
            if each["impact"] in {"serious", "critical"}
        ]
        assert not serious


def test_operations_have_the_colours_of_the_paper(lab, page):
    panel, notebook = open_panel(lab, page)
    notebook.command("apputils:change-theme", theme="JupyterLab Light")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", "JupyterLab Light")

    def style(step, part, what):
        return panel.step(step).locator(part).first.evaluate(f"node => getComputedStyle(node).{what}")

    assert style("enc0_conv1", ".ue-arrow", "stroke") == "rgb(0, 114, 178)"
    assert style("enc0_pool", ".ue-arrow", "stroke") == "rgb(213, 94, 0)"
    assert style("dec0_up", ".ue-arrow", "stroke") == "rgb(0, 158, 115)"
    assert style("head", ".ue-arrow", "stroke") == "rgb(204, 121, 167)"
    # The copied half is white, every other map is not.
    assert style("dec0_concat", ".ue-box", "fill") == "rgb(255, 255, 255)"
    assert style("enc0_conv1", ".ue-box", "fill") != "rgb(255, 255, 255)"
    assert style("enc0_conv1", ".ue-box", "stroke") != style("dec0_concat", ".ue-box", "stroke")
    panel.step("enc0_conv1").click()
    assert style("enc0_conv1", ".ue-box", "stroke") == "rgb(230, 159, 0)"


def test_a_network_may_change_under_the_pointer(lab, page):
    panel, _ = open_panel(lab, page)
    panel.step("enc3_conv1").hover()
    expect(panel.role("hint")).to_be_visible()
    panel.knob("depth").focus()
    page.keyboard.press("ArrowLeft")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    expect(panel.role("hint")).to_be_hidden()
    expect(panel.role("layers").locator("tbody tr")).to_have_count(24)
    expect(panel.role("problem")).to_be_empty()
    expect(panel.number("depth")).to_have_value("3")


def test_a_key_held_down_is_one_step_back(lab, page):
    panel, _ = open_panel(lab, page)
    panel.knob("tile_height").focus()
    for _ in range(130):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    panel.expect_tile(702, 702, fits=False)
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    expect(panel.action("undo")).to_have_attribute("aria-disabled", "true")


def test_a_tile_beyond_the_slider_does_not_run_away_when_dragged(lab, page):
    panel, _ = open_panel(lab, page)
    panel.type_tile(5000)
    slider = panel.knob("tile_height")
    expect(slider).to_have_attribute("max", "5000")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    for left in (10, 20, 30):
        page.mouse.move(box["x"] + box["width"] - 8 - left, box["y"] + box["height"] / 2)
        expect(slider).to_have_attribute("max", "5000")
    assert 3800 < int(slider.input_value()) < 4800
    page.mouse.up()


def test_nothing_moves_while_the_tile_is_dragged(lab, page):
    panel, _ = open_panel(lab, page)
    for width in (1500, 1140, 900):
        page.set_viewport_size({"width": width, "height": 2200})
        places = set()
        for tile in (572, 571, 570, 92, 50, 1, 1021):
            panel.type_tile(tile)
            boxes = [
                part.bounding_box() for part in (panel.knob("tile_height"), panel.role("totals"), panel.role("layers"))
            ]
            boxes.append(panel.step("enc0_conv1").locator(".ue-hit").bounding_box())
            places.add(tuple((round(box["x"]), round(box["y"])) for box in boxes))
        assert len(places) == 1, (width, places)


def test_pointing_at_the_tile_chooses_the_pixel_that_sees_it(lab, page):
    panel, _ = open_panel(lab, page)
    panel.step("bottleneck_conv2").click()
    picture = panel.role("card").locator(".ue-aim")
    shown = picture.locator(".ue-tile").bounding_box()
    words = panel.role("sight")
    for share, rows in ((0.001, "rows 0–139"), (0.999, "rows 432–571")):
        page.mouse.click(shown["x"] + shown["width"] * share, shown["y"] + shown["height"] * share)
        expect(words).to_contain_text(rows)
        expect(words).to_contain_text(rows.replace("rows", "columns"))
    # In the middle of the tile lies the middle of what is seen.
    page.mouse.click(shown["x"] + shown["width"] * 0.3, shown["y"] + shown["height"] * 0.3)
    expect(words).to_contain_text(re.compile(r"rows (96|112)–"))


def test_steps_without_a_box_are_chosen_in_the_table_by_keyboard(lab, page):
    panel, _ = open_panel(lab, page)
    panel.root.locator(".ue-more summary").click()
    panel.knob("batch_norm").check()
    row = panel.role("layers").locator('[data-row="enc0_norm1"]')
    expect(row).to_be_visible()
    panel.role("layers").locator('[data-row="enc0_conv1"] button').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(panel.role("card").locator("h3")).to_have_text("enc0_norm1")
    expect(panel.step("enc0_conv1")).to_have_attribute("aria-selected", "true")
    # One stop for the Tab key, not one a row.
    assert panel.role("layers").locator('tbody button[tabindex="0"]').count() == 1


def test_a_wish_for_an_output_keeps_the_side_that_grants_it(lab, page):
    panel, _ = open_panel(lab, page)
    panel.knob("linked").uncheck()
    panel.type_tile(700)
    panel.type_tile(444, "width")
    panel.type_tile(700)
    panel.type_tile(700 - 4 * 16 + 48)
    panel.type_tile(700)
    panel.type("wanted_output", "500")
    panel.expect_tile(700, 684)
    panel.action("reset").click()
    panel.expect_tile(572, 572)
    expect(panel.knob("linked")).to_be_checked()


def test_what_lies_beyond_the_limit_is_not_offered(lab, page):
    panel, _ = open_panel(lab, page)
    panel.type_tile(1_000_000)
    assert panel.action("use-size").locator("visible=true").all_inner_texts() == ["999996 → 999812"]
    panel.type("wanted_output", "1000000")
    expect(panel.role("problem")).to_contain_text("“1000000” is not an output size")
    panel.expect_tile(1_000_000, 1_000_000, fits=False)


def test_after_a_restart_of_the_kernel_the_cell_is_run_again(lab, page):
    panel, notebook = open_panel(lab, page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(panel.role("offline")).to_be_visible()
    panel.type_tile(188)
    panel.expect_tile(188, 188)
    notebook.ready()
    notebook.run_all()
    panel.expect_tile(572, 572)
    expect(panel.role("offline")).to_be_hidden()
    panel.type("depth", "3")
    expect(panel.step("enc3_conv1")).to_have_count(0)
