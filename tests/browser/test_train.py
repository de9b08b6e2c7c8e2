"""The Train tab in a real JupyterLab: a network learns while people watch and go on dragging."""

from __future__ import annotations

import re

import pytest
from panel import open_panel
from playwright.sync_api import expect
from support import exhaustive, second
from tabs import open_tab, open_train


def epoch(tab):
    """Number of the epoch whose pictures are shown."""
    return int(re.search(r"epoch ([\d,]+)", tab.role("epoch").inner_text()).group(1))


def brightness(tab, kind, place=0):
    """A picture's pixels in one number, to see whether it has changed."""
    read = """canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.reduce((sum, value, at) => (sum * 31 + value) % 1000003, 7);
    }"""
    return tab.role(kind).nth(place).evaluate(read)


def test_any_lab_watches_it_learn(any_lab, page, tmp_path):
    _, notebook, tab = open_train(any_lab, page, tmp_path, steps=40, steps_per_epoch=10, learning_rate=0.01)
    expect(tab.role("gallery").locator("figure")).to_have_count(9)
    tab.action("start").click()
    expect(tab.role("gallery")).to_be_hidden()
    tab.expect_state("finished")
    expect(tab.role("train-state")).to_have_text("finished · step 40 of 40 · epoch 4 of 4")
    expect(tab.role("speed")).to_contain_text("steps/s")
    for chart, words in (
        ("loss-curve", r": from [\d.]+ to [\d.]+"),
        ("iou-curve", r": IoU 0\.\d\d, accuracy 0\.\d\d"),
    ):
        expect(tab.role(chart)).to_have_attribute("aria-label", re.compile(words))
    expect(tab.role("iou-curve").locator("circle.ue-curve-iou")).to_have_count(5)
    expect(tab.role("scores").locator("tbody tr")).to_have_count(2)
    expect(tab.role("misleading")).to_contain_text(
        re.compile("It misleads: whoever says “background” everywhere has [1-9]")
    )
    for kind in ("image", "truth", "prediction", "errors"):
        expect(tab.role(kind)).to_have_count(2)
    expect(tab.role("errors").first).to_have_attribute(
        "aria-label", re.compile(r"after epoch 4: [\d.]+ % of its pixels")
    )
    # Back through the epochs, with the keyboard.
    assert epoch(tab) == 4
    latest = brightness(tab, "prediction")
    tab.setting("epoch").press("Home")
    # What has learnt nothing yet was looked at as well.
    expect(tab.role("epoch")).to_have_text("before the first step")
    expect(tab.role("errors").first).to_have_attribute("aria-label", re.compile("before the first step: "))
    tab.setting("epoch").press("ArrowRight")
    expect(tab.role("epoch")).to_contain_text("epoch 1 (step 10)")
    expect(tab.role("errors").first).to_have_attribute("aria-label", re.compile("after epoch 1: "))
    assert brightness(tab, "prediction") != latest
    tab.setting("epoch").press("End")
    expect(tab.role("errors").first).to_have_attribute("aria-label", re.compile("after epoch 4: "))
    assert brightness(tab, "prediction") == latest
    # What was trained is there in the next cell.
    best = "tab = panel.tab('Train'); print(all((a == b).all() for a, b in zip("
    best += "panel.model().get_weights(), tab.session.model('best').get_weights())))"
    assert notebook.kernel(best) == "True"


def test_pause_one_step_go_on_stop_reset(warm_lab, page, tmp_path):
    _, _, tab = open_train(warm_lab, page, tmp_path, steps=100_000, steps_per_epoch=5)
    tab.action("step").click()
    tab.expect_state("paused")
    expect(tab.role("train-state")).to_contain_text("step 1 of 100,000")
    tab.action("step").click()
    expect(tab.role("train-state")).to_contain_text("step 2 of 100,000")
    tab.action("resume").click()
    expect(tab.role("speed")).to_contain_text("left")
    expect(tab.role("epoch")).to_contain_text("epoch")
    tab.action("pause").click()
    tab.expect_state("paused")
    tab.action("stop").click()
    tab.expect_state("stopped")
    # A button that cannot be pressed keeps its place.
    assert tab.action("pause").get_attribute("aria-disabled") == "true"
    tab.action("resume").click()
    tab.expect_state("running")
    tab.action("stop").click()
    tab.expect_state("stopped")
    tab.action("reset").click()
    tab.expect_state("new")
    expect(tab.role("loss-curve")).to_be_hidden()
    expect(tab.role("gallery")).to_be_visible()
    # What has learnt is not thrown away: seen beside others, opened again, named, and deleted only when that is meant.
    kept = tab.role("trainings")
    tab.action("trainings").click()
    row = kept.locator("tbody tr")
    expect(row).to_contain_text("depth 2, 4 filters")
    row.get_by_label("compare cells 1").check()
    expect(tab.role("iou-curve").locator("path.ue-curve-other1")).to_have_count(1)
    expect(tab.role("beside")).to_have_text("Dashed: cells 1.")
    tab.action("reopen").click()
    tab.expect_state("stopped")
    expect(tab.role("epoch")).to_contain_text("epoch")
    expect(row).to_contain_text("shown here")
    expect(tab.role("beside")).to_be_hidden()
    tab.action("reset").click()
    # The list is not drawn anew under somebody who types.
    expect(row).to_have_attribute("data-place", "kept")
    name = row.get_by_label("name of cells 1")
    name.fill("mine")
    name.press("Enter")
    # What came of Enter is shown at once, and the hand stays where it was.
    expect(row.get_by_label("name of mine")).to_be_focused()
    tab.action("ask-remove").click()
    expect(tab.action("keep")).to_be_focused()
    tab.action("keep").click()
    expect(row).to_have_attribute("data-place", "kept")
    tab.action("ask-remove").click()
    kept.get_by_label("Delete mine for good").click()
    expect(kept).to_be_hidden()


@second("a long training")
def test_who_has_turned_back_to_the_last_epoch_sees_the_next_ones(warm_lab, page, tmp_path):
    _, _, tab = open_train(warm_lab, page, tmp_path, steps=100_000, steps_per_epoch=5)
    tab.action("start").click()
    expect(tab.role("epoch")).to_contain_text(re.compile(r"epoch (?!1 )\d"))
    tab.action("pause").click()
    tab.expect_state("paused")
    tab.setting("epoch").press("Home")
    expect(tab.role("epoch")).to_have_text("before the first step")
    # Played from there to the latest, where it ends by itself.
    tab.action("play-epochs").click()
    expect(tab.role("epoch")).not_to_have_text("before the first step")
    expect(tab.action("play-epochs")).to_have_text("▶ Play")
    tab.setting("epoch").press("End")
    expect(tab.role("epoch")).not_to_contain_text(re.compile(r"epoch 1 \("))
    last = epoch(tab)
    tab.action("resume").click()
    expect(tab.role("epoch")).not_to_contain_text(re.compile(rf"epoch {last} \("))


def test_the_knobs_stay_free_while_it_learns(warm_lab, page, tmp_path):
    panel, _, tab = open_train(warm_lab, page, tmp_path, steps=100_000, steps_per_epoch=5)
    tab.action("start").click()
    expect(tab.role("epoch")).to_contain_text("epoch")
    expect(tab.role("differs")).to_be_hidden()
    for _ in range(6):
        panel.knob("tile_height").press("ArrowRight")
    panel.expect_tile(82, 82, fits=False)
    panel.type("depth", "1")
    panel.expect_tile(82, 82)
    expect(tab.role("differs")).to_contain_text(
        "This training is of another design than the settings show: depth 2, 4 filters, tile 76 × 76, on cells."
    )
    before = epoch(tab)
    expect(tab.role("epoch")).not_to_contain_text(f"epoch {before} ")
    tab.action("show_design").click()
    panel.expect_tile(76, 76)
    expect(tab.role("differs")).to_be_hidden()
    tab.action("start").click(force=True)
    tab.action("stop").click()
    tab.expect_state("stopped")


def test_what_would_go_wrong_is_said_before_with_a_button_that_mends_it(warm_lab, page, tmp_path):
    panel, _, tab = open_train(warm_lab, page, tmp_path, "'article'")
    found = tab.role("findings")
    expect(found.locator("[data-finding]")).to_have_count(4)
    expect(found.locator('[data-finding="slow"]')).to_contain_text(
        "On this machine 300 steps of this design would take"
    )
    expect(found.locator('[data-finding="head"]')).to_contain_text("no gradient comes back")
    tab.action("start").click()
    tab.expect_problem("Not started: see what is marked below.")
    expect(found.locator('[data-action="start-anyway"]')).to_have_count(0)
    for kind in ("channels", "head", "small"):
        found.locator(f'[data-finding="{kind}"] button').click()
        expect(found.locator(f'[data-finding="{kind}"]')).to_have_count(0)
    panel.expect_tile(428, 428)
    expect(panel.knob("head_activation")).to_have_value("linear")
    panel.type("num_classes", "1")
    # Less is to be learnt of smaller tiles, but still too much to wait for.
    found.locator('[data-finding="slow"] button').click()
    panel.expect_tile(188, 188)
    expect(found.locator("[data-finding]")).to_have_count(0)
    panel.root.locator(".ue-knobs .ue-more summary").click()
    panel.knob("head_activation").select_option("relu")
    expect(found.locator('[data-finding="head"]')).to_be_visible()
    expect(found.locator('[data-action="start-anyway"]')).to_be_visible()


def test_a_doubt_can_be_overruled(warm_lab, page, tmp_path):
    arguments = "UNetConfig(depth=2, base_filters=4, head_activation='relu'), 76, cells(8, size=96)"
    _, _, tab = open_train(warm_lab, page, tmp_path, arguments, steps=4)
    expect(tab.role("findings").locator('[data-finding="head"]')).to_be_visible()
    tab.action("start-anyway").click()
    tab.expect_state("finished")


def test_typing_is_refused_in_words_and_the_keys_are_not_taken_by_the_notebook(warm_lab, page, tmp_path):
    _, notebook, tab = open_train(warm_lab, page, tmp_path)
    cells = page.locator(".jp-Cell").count()
    tab.set("steps", 0)
    tab.expect_problem("Steps: 0 is not allowed. Give a whole number from 1 to 1,000,000.")
    expect(tab.setting("steps")).to_have_value("300")
    tab.set("learning_rate", "0.01")
    expect(tab.role("train-problem")).to_have_text("")
    tab.set("optimizer", "sgd")
    expect(tab.setting("learning_rate")).not_to_have_value("0.01")
    tab.setting("elastic").press("Space")
    expect(tab.setting("elastic")).not_to_be_checked()
    # What is proposed for the images, with the reason; what was chosen by hand is not taken away, but can be given up.
    proposals = tab.role("proposals")
    expect(proposals).not_to_have_attribute("open", "")
    proposals.locator("summary").click()
    steps = proposals.locator('[data-proposal="steps"]')
    expect(steps).to_have_attribute("data-taken", "true")
    expect(steps).to_contain_text("tiles cover what is learnt from")
    tab.set("steps", 70)
    expect(steps).to_have_attribute("data-taken", "false")
    expect(proposals.locator("summary")).to_have_text("Proposed: 2 not taken")
    steps.get_by_role("button", name="Take Steps: 300").press("Enter")
    expect(tab.setting("steps")).to_have_value("300")
    expect(steps).to_have_attribute("data-taken", "true")
    for key in ("b", "d", "d", "x", "ArrowDown"):
        tab.setting("optimizer").press(key)
    assert page.locator(".jp-Cell").count() == cells
    notebook.expect_kernel("panel.tab('Train').recipe['augmentation']['elastic']", "False")


THEMES = [("JupyterLab Light", 1500), ("JupyterLab Dark", 760)]


@pytest.mark.parametrize("look", exhaustive(THEMES, THEMES[1:], str))
def test_nothing_in_the_tabs_hinders_a_reader(warm_lab, page, tmp_path, look):
    theme, width = look
    from axe_playwright_python.sync_playwright import Axe

    panel, notebook, tab = open_train(warm_lab, page, tmp_path, steps=4, steps_per_epoch=4)
    panel.action("pin").click()
    page.set_viewport_size({"width": width, "height": 2600})
    notebook.command("apputils:change-theme", theme=theme)
    expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    tab.action("start").click()
    tab.expect_state("finished")
    build = open_tab(page, "Build")
    build.action("build").click()
    build.expect_state("built")
    for name in ("build", "train"):
        if name == "train":
            open_tab(page, "Train")
        for details in page.locator(f'[data-tab="{name}"] details').all():
            details.evaluate("node => (node.open = true)")
        assert page.locator(f'[data-tab="{name}"]').evaluate("node => 0 < node.scrollWidth <= node.clientWidth + 1")
        violations = Axe().run(page, context=f'[data-tab="{name}"]').response["violations"]
        serious = [
            (each["id"], [node["html"][:150] for node in each["nodes"]])
            for each in violations
            if each["impact"] in {"serious", "critical"}
        ]
        assert not serious
    stage = Axe().run(page, context=".unet-explorer").response["violations"]
    assert not [each["id"] for each in stage if each["impact"] != "minor"]


def test_opening_the_panel_loads_nothing_that_learning_needs(lab, page):
    _, notebook = open_panel(lab, page)
    loaded = "import sys; print([name for name in ('numpy', 'scipy', 'PIL', 'tensorflow') if name in sys.modules])"
    assert notebook.kernel(loaded) == "[]"
