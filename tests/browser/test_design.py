"""The network: every knob, presets, undo and redo, and what is not allowed."""

from __future__ import annotations

import re
import shutil

from panel import Panel, expected_shapes, open_panel, shapes_on_screen
from playwright.sync_api import expect
from support import PROJECT, second

from unet_explorer import UNetConfig, plan, trace


def test_it_opens_with_a_design_that_learns_and_the_papers_is_one_press_away(lab, page):
    shutil.copy(PROJECT / "notebooks" / "explore.ipynb", lab.folder / "explore.ipynb")
    notebook = lab.open(page, "explore.ipynb")
    notebook.run_all()
    panel = Panel(page)
    panel.expect_tile(188, 188)
    panel.knob("preset").select_option("paper")
    panel.expect_tile(572, 572)
    expect(panel.role("status")).to_contain_text("fits → 388 × 388, border 92 px")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)
    panel.open_layers()
    table = panel.role("layers")
    assert table.evaluate("node => node.tagName") == "TABLE"
    expect(table.locator("tbody tr")).to_have_count(31)
    row = table.locator('[data-row="dec0_concat"]')
    assert row.locator("th, td").all_inner_texts() == [
        *(
            "28",
            "dec0_concat",
            "copy, crop and concatenate",
            "392 × 392",
            "128",
            "88 px",
            "0",
            "0",
            "78.7 MB",
        ),
        "204 px",
    ]
    totals = panel.role("totals")
    for total, shown in (
        ("output", "388 × 388 × 2"),
        ("border", "92 px"),
        ("parameters", "31.0 M"),
        ("macs", "150 G"),
        ("predict", "1.15 GB"),
        ("train", "2.41 GB"),
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
    panel.root.locator(".ue-knobs .ue-more summary").click()
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
    drawn = {row.step.name: tuple(row.output) for row in trace(wanted, 572) if row.step.op not in hosted}
    assert shapes_on_screen(panel) == drawn
    # Python knows the same.
    notebook.expect_kernel("panel.config", str(wanted))


def test_undo_redo_reset_and_presets(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


@second("holds a key for long")
def test_a_key_held_down_is_one_step_back(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.knob("tile_height").focus()
    for _ in range(130):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    panel.expect_tile(702, 702, fits=False)
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    expect(panel.action("undo")).to_have_attribute("aria-disabled", "true")


def test_a_network_may_change_under_the_pointer(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.step("enc3_conv1").hover()
    expect(panel.role("hint")).to_be_visible()
    panel.knob("depth").focus()
    page.keyboard.press("ArrowLeft")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    # Another box may have come under the pointer, and say what it is.
    shown = panel.role("hint").filter(visible=True)
    expect(shown.get_by_text("enc3_conv1", exact=True)).to_have_count(0)
    expect(panel.role("layers").locator("tbody tr")).to_have_count(24)
    expect(panel.role("problem")).to_be_empty()
    expect(panel.number("depth")).to_have_value("3")


def test_bad_input_is_said_in_the_status_and_the_last_good_state_stays(warm_lab, page):
    panel, notebook = open_panel(warm_lab, page)
    panel.type("depth", "99")
    expect(panel.role("problem")).to_have_text("Depth: 99 is not allowed. Give a whole number from 1 to 7.")
    expect(panel.number("depth")).to_have_value("4")
    expect(panel.knob("depth")).to_have_value("4")
    # The same mistake again is answered again, in words.
    panel.type_tile(572)
    expect(panel.role("problem")).to_be_empty()
    panel.type("depth", "99")
    expect(panel.role("problem")).to_have_text("Depth: 99 is not allowed. Give a whole number from 1 to 7.")
    expect(panel.number("depth")).to_have_value("4")
    panel.root.locator(".ue-knobs .ue-more summary").click()
    panel.type("dropout", "1")
    expect(panel.role("problem")).to_have_text(re.compile("^Dropout: 1 is not allowed. Give a number from 0 up to"))
    panel.type_batch("-5")
    expect(panel.role("problem")).to_have_text(
        "Tiles per batch: −5 is not allowed. Give a whole number from 1 to 4,096."
    )
    panel.type_batch("8")
    expect(panel.role("problem")).to_be_empty()
    expect(panel.role("totals").locator('[data-total="train"]')).to_have_text("9.44 GB")
    panel.type("depth", "")
    expect(panel.role("problem")).to_have_text("Depth: nothing is not allowed. Give a whole number from 1 to 7.")
    expect(panel.number("depth")).to_have_value("4")
    panel.type_tile(0)
    expect(panel.role("problem")).to_have_text(re.compile("“0” is not a tile size"))
    panel.number("tile_height").blur()
    expect(panel.number("tile_height")).to_have_value("572")
    panel.type_tile(588)
    expect(panel.role("problem")).to_be_empty()
    panel.expect_tile(588, 588)
    # Whatever ends up in a sentence is text; said once nothing is on its way that would take it back.
    notebook.expect_kernel("panel.config.depth, panel.tile", "4 (588, 588)")
    notebook.kernel("panel.instrument.problem = '<img src=x onerror=\"window.hacked = 1\">'")
    expect(panel.role("problem")).to_have_text('<img src=x onerror="window.hacked = 1">')
    assert page.evaluate("() => window.hacked") is None


def test_code_moves_the_panel_too(warm_lab, page):
    panel, notebook = open_panel(warm_lab, page)
    notebook.kernel("from unet_explorer import UNetConfig\npanel.config = UNetConfig(depth=2); panel.tile = 100, 60")
    panel.expect_tile(100, 60)
    expect(panel.step("enc2_conv1")).to_have_count(0)
    expect(panel.knob("linked")).not_to_be_checked()
