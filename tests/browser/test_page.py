"""The instrument as one HTML file, opened from disc with no network: knobs, misfits, lessons, links."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from panel import Panel, expected_shapes, shapes_on_screen
from playwright.sync_api import expect

from unet_explorer import UNetConfig, explore, save_page


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "unet.html"
    save_page(path, UNetConfig())
    assert path.stat().st_size <= 1_000_000
    return path


@pytest.fixture
def opened(from_disc, file):
    """Opens the page, with a link or without."""
    page = from_disc

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
    panel.type("depth", 2)
    panel.type("base_filters", 8)
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
    # The address is the same link as everywhere.
    panel.type("depth", 3)
    address = panel.page.url
    assert explore(address).config == UNetConfig(depth=3)
    assert shapes_on_screen(opened(address.split("#")[1])) == expected_shapes(UNetConfig(depth=3), 572)
    # Nothing has learnt yet: it is said what to do.
    panel.page.locator("[data-open=Inside]").click()
    inside = panel.page.locator("[data-tab=inside]")
    expect(inside.locator("[data-role=way]")).to_contain_text("Nothing has learnt in this page yet")
    inside.locator("[data-leads=Train]").click()
    expect(panel.page.locator("[data-tab=train]")).to_be_visible()
    panel = opened("unet1-t188-d3-f8-11hrn4")
    expect(panel.role("problem")).to_contain_text("was cut off or mistyped")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)


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
