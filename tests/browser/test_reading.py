"""Reading the panel: card, table, hints, colours, the keyboard, and readers who need help."""

from __future__ import annotations

import re

import pytest
from panel import open_panel
from playwright.sync_api import expect

from unet_explorer import UNetConfig, plan, receptive_field, trace


def test_the_u_can_be_walked_with_the_keyboard(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


def test_the_card_explains_the_selected_step(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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
    panel.open_layers()
    panel.role("layers").locator('[data-row="bottleneck_conv2"]').click()
    panel.open_layers()
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


def test_a_pixel_of_a_rectangle_sees_as_far_as_each_side_goes(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.knob("linked").uncheck()
    panel.type_tile(188)
    panel.expect_tile(188, 572)
    panel.step("bottleneck_conv2").click()
    for axis, place in (("row", "3"), ("column", "27")):
        field = panel.role("card").locator(f'[data-pixel="{axis}"]')
        field.press("ControlOrMeta+a")
        field.press_sequentially(place)
        field.press("Enter")
    top, left, bottom, right = receptive_field(UNetConfig(), (188, 572), "bottleneck_conv2", (3, 27))
    expect(panel.role("sight")).to_contain_text(f"rows {top}–{bottom - 1}, columns {left}–{right - 1}.")


def test_hovering_shows_shape_and_formula(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    expect(panel.role("hint")).to_be_hidden()
    panel.step("enc0_pool").hover()
    expect(panel.role("hint")).to_contain_text("enc0_pool284 × 284 × 64568 ÷ 2 = 284")
    page.mouse.move(0, 0)
    expect(panel.role("hint")).to_be_hidden()


def test_pointing_at_the_tile_chooses_the_pixel_that_sees_it(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
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


def test_the_table_can_be_sorted_and_goes_back_to_the_plan(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.open_layers()
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


def test_a_sorted_table_is_sorted_again_for_another_tile(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.open_layers()
    table = panel.role("layers")

    def expected(tile):
        return [row.step.name for row in sorted(trace(UNetConfig(), tile), key=lambda row: -row.macs)]

    assert expected(572) != expected(252)
    for _ in range(2):
        table.locator('[data-sort="macs"]').click()
    expect(table.locator("tbody th")).to_have_text(expected(572))
    panel.type_tile(252)
    expect(table.locator("tbody th")).to_have_text(expected(252))


def test_steps_without_a_box_are_chosen_in_the_table_by_keyboard(warm_lab, page):
    panel, _ = open_panel(warm_lab, page)
    panel.root.locator(".ue-knobs .ue-more summary").click()
    panel.knob("batch_norm").check()
    panel.root.locator(".ue-knobs .ue-more summary").click()
    panel.open_layers()
    row = panel.role("layers").locator('[data-row="enc0_norm1"]')
    expect(row).to_be_visible()
    panel.role("layers").locator('[data-row="enc0_conv1"] button').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(panel.role("card").locator("h3")).to_have_text("enc0_norm1")
    expect(panel.step("enc0_conv1")).to_have_attribute("aria-selected", "true")
    # One stop for the Tab key, not one a row.
    assert panel.role("layers").locator('tbody button[tabindex="0"]').count() == 1


def test_operations_have_the_colours_of_the_paper(warm_lab, page):
    panel, notebook = open_panel(warm_lab, page)
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


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
@pytest.mark.parametrize("width", [1500, 1000, 640])
def test_nothing_hinders_a_reader(warm_lab, page, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    panel, notebook = open_panel(warm_lab, page)
    page.set_viewport_size({"width": width, "height": 2600})
    notebook.command("apputils:change-theme", theme=theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    panel.root.locator(".ue-knobs .ue-more summary").click()
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
