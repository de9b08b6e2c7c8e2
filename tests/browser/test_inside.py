"""The Inside tab in a real JupyterLab: maps, and what a pixel of them sees; and the comparison of skips."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from looking import CONFIG, TILE, frame, open_inside, point
from playwright.sync_api import expect
from support import second
from tabs import Tab, open_tab

from unet_explorer import receptive_field, trace


def test_a_pixel_of_any_map_frames_what_it_sees(warm_lab, page, tmp_path):
    panel, _, tab = open_inside(warm_lab, page, tmp_path)
    rows = trace(CONFIG, TILE)
    for step in ("enc1_conv1", "enc2_pool", "bottleneck_conv2", "dec0_up", "head"):
        if step == "dec0_up":
            tab.setting("step").select_option(step)
        else:
            panel.step(step).click()
        expect(tab.root).to_have_attribute("data-step", step)
        output = rows[step].output
        channels = f"{output.channels} channels of {output.height} × {output.width} px"
        expect(tab.role("grid").first).to_have_attribute("aria-label", re.compile(f"^{step}: {channels}"))
        tab.role("whole").first.scroll_into_view_if_needed()
        for share in (0.02, 0.51, 0.97):
            point(tab, "whole", share, 1 - share)
            row, column = int((1 - share) * output.height), int(share * output.width)
            expect(tab.role("pixel-words")).to_have_attribute("data-row", str(row))
            expect(tab.role("pixel-words")).to_have_attribute("data-column", str(column))
            box = receptive_field(CONFIG, TILE, step, (row, column))
            assert frame(tab, "field") == (box.top, box.left, box.height, box.width)
            expect(tab.role("pixel-words")).to_contain_text(f"depends on {box.height} × {box.width} px of the tile")
    # Another tile has smaller maps, without that pixel.
    for step, height in (("head", 4), ("dec0_concat", 8)):
        panel.type_tile(124)
        tab.setting("step").select_option(step)
        expect(tab.root).to_have_attribute("data-step", step)
        whole = tab.root.locator('figure:not([hidden]) > div > [data-role="whole"]').last
        expect(whole).to_have_js_property("height", height + 32)
        whole.scroll_into_view_if_needed()
        box = whole.bounding_box()
        page.mouse.move(box["x"] + 0.61 * box["width"], box["y"] + 0.61 * box["height"])
        expect(tab.role("pixel-words")).to_contain_text(f"Row {int(0.61 * (height + 32))}, column")
        panel.type_tile(92)
        expect(whole).to_have_js_property("height", height)
        middle = height // 2
        expect(tab.role("pixel-words")).to_contain_text(f"Row {middle}, column {middle} of {step}")
        expect(tab.role("pixel-words")).not_to_contain_text("cut off")
        box = receptive_field(CONFIG, 92, step, (middle, middle))
        assert frame(tab, "field") == (box.top, box.left, box.height, box.width)


def test_the_tile_is_dragged_over_the_image(warm_lab, page, tmp_path):
    panel, _, tab = open_inside(warm_lab, page, tmp_path)
    expect(tab.role("input")).to_be_visible()
    caption = tab.root.locator(".ue-whole figcaption").first
    expect(caption).to_have_text(
        "The tile, 124 × 124 px from row −14, column −14 of cells, image 1, mirrored beyond its border"
    )
    expect(tab.role("whereabouts")).to_be_hidden()
    tab.setting("image").select_option("large cells")
    expect(caption).to_have_text("The tile, 124 × 124 px from row 450, column 450 of cells, 1024 px")
    tab.role("whereabouts").scroll_into_view_if_needed()
    assert frame(tab, "whereabouts-frame") == (450, 450, 124, 124)
    # Pixel by pixel; shares like 451 / 900 must not lose one to rounding.
    for _ in range(4):
        tab.role("whereabouts").press("Shift+ArrowRight")
    assert frame(tab, "whereabouts-frame")[:2] == (450, 454)
    # Dragged beyond the picture's end, it stays in the image.
    point(tab, "whereabouts", 0.5, 0.5)
    page.mouse.down()
    point(tab, "whereabouts", 0.1, 1.3)
    page.mouse.up()
    top, left, *_ = frame(tab, "whereabouts-frame")
    assert (top, abs(left - (102 - 62)) < 8) == (900, True)
    expect(caption).to_contain_text(f"from row 900, column {left:.0f} of")
    point(tab, "whereabouts", 0.9, 0.1)
    assert frame(tab, "whereabouts-frame")[:2] == (900, left), "a hand that only passes by moves nothing"
    tab.role("whereabouts").press("ArrowRight")
    tab.role("whereabouts").press("Shift+ArrowUp")
    assert frame(tab, "whereabouts-frame")[:2] == (899, left + 8)
    expect(caption).to_contain_text(f"from row 899, column {left + 8:.0f} of")
    # A larger tile, which has less way to go, still lies within.
    panel.type_tile(188)
    top, left, *size = frame(tab, "whereabouts-frame")
    assert size == [188, 188]
    expect(caption).to_contain_text(f"188 × 188 px from row {top:.0f}, column {left:.0f} of")


def test_both_maps_of_a_skip_and_the_frame_of_the_crop(warm_lab, page, tmp_path):
    _, _, tab = open_inside(warm_lab, page, tmp_path)
    tab.setting("step").select_option("dec0_concat")
    expect(tab.root).to_have_attribute("data-step", "dec0_concat")
    rows = trace(CONFIG, TILE)
    crop, skip, main = rows["dec0_concat"].crop, rows["enc0_conv2"].output, rows["dec0_up"].output
    kept = tab.role("crop-frame").first
    assert [int(kept.get_attribute(name)) for name in ("x", "y", "width", "height")] == [
        crop,
        crop,
        main.width,
        main.height,
    ]
    expect(tab.role("crop-frame").nth(1)).to_be_hidden()
    assert tab.role("whole").evaluate_all("nodes => nodes.map(({ width }) => width)") == [skip.width, main.width]
    # One pixel, marked in both maps; what the crop has cut off is marked in one.
    tab.role("whole").nth(1).scroll_into_view_if_needed()
    box = tab.role("whole").nth(1).bounding_box()
    page.mouse.move(box["x"] + 0.26 * box["width"], box["y"] + 0.51 * box["height"])
    expect(tab.role("pixel-words")).to_have_attribute("data-column", str(main.width // 4))
    marks = tab.role("pixel").evaluate_all("nodes => nodes.map((node) => +node.getAttribute('x'))")
    assert marks == [main.width // 4 + crop, main.width // 4]
    first = tab.role("whole").first.bounding_box()
    page.mouse.move(first["x"] + 3, first["y"] + 3)
    expect(tab.role("pixel-words")).to_contain_text("It is cut off: nothing further on uses it.")
    expect(tab.role("pixel").nth(1)).to_be_hidden()


def test_steps_explain_themselves_with_their_own_numbers(warm_lab, page, tmp_path):
    panel, _, tab = open_inside(warm_lab, page, tmp_path)
    how = tab.role("how")
    expect(how).to_contain_text("Along a side of 124 px it finds 124 − (3 − 1) = 122 places")
    panel.step("enc1_pool").click()
    expect(how).to_contain_text("Of every 2×2 pixels only the largest is kept: 56 ÷ 2 = 28.")
    expect(how.locator(".ue-cell-text")).to_have_count(20)
    how.get_by_role("slider").press("Home")
    expect(how).to_have_attribute("data-frame", "0")
    expect(how.locator(".ue-cell-text")).to_have_count(17)
    tab.action("play").click()
    expect(how).to_have_attribute("data-frame", "3")
    expect(tab.action("play")).to_have_text("▶ Play")
    # A tile that does not fit: what the pooling would lose is said with the tile's own numbers.
    panel.type_tile(126)
    expect(how).to_contain_text("57 is odd: the last row and column have no partner")
    # So is a step that is chosen then, though nothing can be computed.
    tab.setting("step").select_option("enc0_pool")
    expect(how).to_contain_text("122 ÷ 2 = 61")
    tab.setting("step").select_option("enc1_pool")
    expect(how).to_contain_text("57 is odd")
    panel.type_tile(124)
    panel.step("dec0_concat").click()
    expect(how).to_contain_text("The skip, 120 × 120, is larger than what comes up, 40 × 40: 40 px are cut off")
    tab.setting("step").select_option("dec0_up")
    expect(how).to_contain_text("the 8 channels become 4: 20 × 2 = 40")


def test_maps_follow_the_training_and_the_channel_that_is_chosen(warm_lab, page, tmp_path):
    _, _, tab = open_inside(warm_lab, page, tmp_path)
    expect(tab.role("inside-state")).to_have_text("The network: fresh weights: this design was not trained yet.")
    expect(tab.root).to_have_attribute("data-at", "0")
    grid = tab.root.get_by_role("spinbutton", name="Channel shown whole").first
    grid.press("ArrowRight")
    expect(tab.root.locator(".ue-whole figcaption").nth(1)).to_have_text("enc0_conv1, channel 2 of 4")
    tab.setting("range").select_option("common")
    train = open_tab(page, "Train")
    expect(train.role("data")).to_contain_text("images")
    for name, value in (("steps", 100_000), ("batch_size", 2)):
        train.set(name, value)
    train.action("start").click()
    train.expect_state("running")
    tab = open_tab(page, "Inside")
    expect(tab.root).not_to_have_attribute("data-at", "0")
    first = tab.root.get_attribute("data-at")
    expect(tab.root).not_to_have_attribute("data-at", first)
    expect(tab.role("inside-state")).to_have_text(re.compile(r"^The network: after [\d,]+ steps? of training\.$"))
    assert tab.role("inside-problem").inner_text() == ""


@second("three trainings; what they give is in test_ablation")
def test_skips_are_compared(warm_lab, page, tmp_path):
    open_inside(warm_lab, page, tmp_path)
    ablation = Tab(page, "Ablation")
    ablation.root.get_by_text("What are the skips good for?").click()
    ablation.set("steps", 6)
    ablation.action("start").click()
    ablation.expect_state("done")
    words = r"^After all steps: cropped: IoU 0\.\d\d · no skips: IoU 0\.\d\d · padded: IoU 0\.\d\d$"
    expect(ablation.role("verdict")).to_have_text(re.compile(words))
    expect(ablation.role("mask")).to_have_count(6)
    expect(ablation.role("mask").first).to_have_attribute(
        "aria-label", re.compile(r"^cropped, .*: [\d.]+ % of its pixels")
    )
    assert ablation.role("ablation-problem").inner_text() == ""
    ablation.set("steps", 1_000_000)
    ablation.action("start").click()
    expect(ablation.role("verdict")).to_have_text(re.compile("^So far: "))
    ablation.action("stop").click()
    ablation.expect_state("done")
    expect(ablation.role("verdict")).to_have_text(re.compile(r"^Ended early, after [\d, ]+ steps: cropped: IoU"))


def test_it_is_accessible(warm_lab, page, tmp_path):
    open_inside(warm_lab, page, tmp_path)
    Tab(page, "Ablation").root.get_by_text("What are the skips good for?").click()
    found = Axe().run(page, context=".unet-explorer-tab", options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert found.violations_count == 0, found.generate_report()
