"""The tile: dragged, typed, snapped, asked for; why it does not fit and what would."""

from __future__ import annotations

import re

from panel import expected_shapes, open_panel, shapes_on_screen
from playwright.sync_api import expect
from support import second

from unet_explorer import UNetConfig, plan


def test_dragging_with_the_mouse(warm_lab, page):
    panel, notebook = open_panel(warm_lab, page)
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
    notebook.expect_kernel("panel.tile", "(572, 572)")


def test_the_keyboard_moves_the_tile_and_jupyterlab_keeps_out(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


def test_snap_holds_the_slider_to_what_fits(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


def test_the_ruler_marks_every_size_that_fits(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    marks = panel.root.locator(".ue-ruler path").first.get_attribute("d")
    slider = panel.knob("tile_height")
    low, high = int(slider.get_attribute("min")), int(slider.get_attribute("max"))
    assert [low + int(at) for at in re.findall(r"M(\d+) ", marks)] == list(range(188, high + 1, 16))
    panel.type("depth", "7")
    expect(panel.step("enc6_conv1")).to_be_visible()
    assert int(slider.get_attribute("max")) > 3000


def test_a_misfit_says_why_and_offers_what_fits(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


def test_a_rectangle(warm_lab, page):
    panel, notebook = open_panel(warm_lab, page)
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
    notebook.expect_kernel("panel.tile", "(524, 572)")
    panel.knob("linked").check()
    panel.expect_tile(524, 524)


def test_a_size_asked_for_from_the_other_end(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.type("wanted_output", "389")
    panel.expect_tile(588, 588)
    panel.type("wanted_output", "0")
    expect(panel.role("problem")).to_contain_text("“0” is not an output size: give a whole number of at least 1")
    panel.expect_tile(588, 588)


def test_a_tile_beyond_the_slider_does_not_run_away_when_dragged(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


@second("many places of a hand")
def test_nothing_moves_while_the_tile_is_dragged(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    for width in (1500, 1140, 900):
        page.set_viewport_size({"width": width, "height": 2200})
        places = set()
        for tile in (572, 571, 570, 92, 50, 1, 1021):
            panel.type_tile(tile)
            parts = panel.knob("tile_height"), panel.role("totals"), panel.step("enc0_conv1").locator(".ue-hit")
            boxes = [part.bounding_box() for part in parts]
            # The smallest windows have no room for the totals.
            places.add(tuple(box and (round(box["x"]), round(box["y"])) for box in boxes))
        assert len(places) == 1, (width, places)


def test_a_wish_for_an_output_keeps_the_side_that_grants_it(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.knob("linked").uncheck()
    panel.type_tile(700)
    panel.type_tile(444, "width")
    panel.type("wanted_output", "500")
    panel.expect_tile(700, 684)
    panel.action("reset").click()
    panel.expect_tile(572, 572)
    expect(panel.knob("linked")).to_be_checked()


def test_what_lies_beyond_the_limit_is_not_offered(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.type_tile(1_000_000)
    assert panel.action("use-size").locator("visible=true").all_inner_texts() == ["999996 → 999812"]
    panel.type("wanted_output", "1000000")
    expect(panel.role("problem")).to_contain_text("“1000000” is not an output size")
    panel.expect_tile(1_000_000, 1_000_000, fits=False)
