"""The instrument as one HTML file, opened from disc with no network: knobs, misfits, lessons, links, paper."""

from __future__ import annotations

import base64
import io
import re
from types import SimpleNamespace

import pypdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from panel import Panel, expected_shapes, shapes_on_screen
from PIL import Image
from playwright.sync_api import expect
from test_exercises import by_hand

from unet_explorer import UNetConfig, explore, plan, save_page, trace
from unet_explorer.panel.link import Link, write_link
from unet_explorer.panel.teaching import exercises_for_page


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
    panel.root.locator("[data-open=Train]").click()
    address = panel.page.url
    read = explore(address)
    assert (read.config, read.opened) == (UNetConfig(depth=3), "Train")
    panel = opened(address.split("#")[1])
    expect(panel.root.locator("[data-open=Train]")).to_have_attribute("aria-selected", "true")
    panel.root.locator("[data-open=Design]").click()
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(depth=3), 572)
    assert explore(panel.page.url).opened == "Design"
    panel = opened("unet1-t188-d3-f8-11hrn4")
    expect(panel.role("problem")).to_contain_text("was cut off or mistyped")
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)


def test_a_lesson_from_prediction_to_reveal_on_a_phone_and_read_by_everybody(opened):
    # A tab that only a notebook has opens the first one here.
    panel = opened(write_link(Link(UNetConfig(depth=2), (60, 60), opened="Build")))
    expect(panel.root.locator("[data-open=Design]")).to_have_attribute("aria-selected", "true")
    panel.expect_tile(60, 60)
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
    panel.action("save").click()
    panel.action("save-key").click()
    assert page.evaluate("window.asked") == times
    panel.action("save").click()


def check_sheet(page, config, tile):
    """The U, each layer, and questions whose answers are those by hand."""
    page.evaluate("link => { location.hash = link; }", write_link(Link(config, tile)))
    Panel(page).expect_tile(*tile, fits=tile[0] % 2 == 0)
    asked_for_answers(page, page.evaluate("window.asked") + 1)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    sheet = page.locator(".ue-handout")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "true")
    on_screen = page.locator(".unet-explorer [data-step]").evaluate_all(LABELS)
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
