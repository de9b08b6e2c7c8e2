"""The Build tab in a real JupyterLab: the picture proven by Keras, and what is taken away."""

from __future__ import annotations

from pathlib import Path

from panel import open_panel
from playwright.sync_api import expect
from tabs import SMALL, open_panel_with, open_tab

from unet_explorer import UNetConfig, plan, to_script, trace

CONFIG = UNetConfig(depth=2, base_filters=4)


def built(lab, page, tmp_path, arguments=SMALL):
    panel, notebook = open_panel_with(lab, page, tmp_path, arguments)
    tab = open_tab(page, "Build")
    tab.action("build").click()
    tab.expect_state("built")
    return panel, notebook, tab


def test_every_box_gets_its_mark_and_loses_it_with_another_tile(warm_lab, page, tmp_path):
    panel, _, tab = built(warm_lab, page, tmp_path)
    total = trace(CONFIG, 76).parameters
    expect(tab.role("proof")).to_have_text(
        f"✓ All {len(plan(CONFIG))} layers agree with Keras, in shape and in parameters: {total:,} in total "
        "(depth 2, 4 filters, tile 76 × 76)."
    )
    boxes = panel.steps
    proven = panel.root.locator('[data-proof="agrees"]')
    assert boxes.count() == proven.count() > 10
    for part in (tab.role("graph").locator("svg"), panel.step("head").locator(".ue-mark")):
        expect(part).to_be_visible()
    panel.type_tile(84)
    expect(panel.root.locator("[data-proof]")).to_have_count(0)
    expect(tab.role("proof")).to_contain_text("The settings show another design by now: press Build again")
    panel.action("undo").click()
    expect(proven).to_have_count(boxes.count())
    panel.type("depth", "1")
    expect(panel.root.locator("[data-proof]")).to_have_count(0)
    tab.action("build").click()
    expect(tab.role("proof")).to_contain_text("(depth 1, 4 filters, tile 76 × 76)")
    expect(panel.step("head")).to_have_attribute("data-proof", "agrees")


def test_what_keras_made_otherwise_is_marked_and_both_are_said(warm_lab, page, tmp_path):
    panel, notebook, tab = built(warm_lab, page, tmp_path)
    notebook.kernel(
        "tab = panel.tab('Build'); words = 'the plan says 34 × 34 × 8, Keras 35 × 35 × 8'\n"
        "panel.instrument.proof = {**panel.instrument.proof, 'steps': {**panel.instrument.proof['steps'], "
        "'enc1_conv1': words}}\n"
        "tab.result = {**tab.result, 'proof': [{'step': each['step'], 'difference': words "
        "if each['step'] == 'enc1_conv1' else ''} for each in tab.result['proof']]}"
    )
    expect(panel.step("enc1_conv1")).to_have_attribute("data-proof", "differs")
    expect(panel.step("enc1_conv2")).to_have_attribute("data-proof", "agrees")
    label = panel.step("enc1_conv1").get_attribute("aria-label")
    assert label.endswith("; the plan says 34 × 34 × 8, Keras 35 × 35 × 8")
    expect(tab.role("proof")).to_contain_text("✗ 1 of 17 layers do not agree with Keras")
    expect(tab.root.locator(".ue-wrong li")).to_have_text(["enc1_conv1: the plan says 34 × 34 × 8, Keras 35 × 35 × 8"])


def test_summary_source_and_graph_are_taken_away(warm_lab, page, tmp_path):
    _, notebook, tab = built(warm_lab, page, tmp_path)
    for closed in ("As Keras source", "Keras's summary"):
        tab.root.get_by_text(closed, exact=True).press("Enter")
    expect(tab.role("summary")).to_contain_text("Connected to")
    expect(tab.role("script")).to_be_visible()
    source = to_script(CONFIG, (76, 76))
    assert tab.role("script").text_content() == source
    with page.expect_download() as download:
        tab.action("save-script").click()
    assert download.value.suggested_filename == "unet.py"
    assert Path(download.value.path()).read_text("utf-8") == source
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.action("copy-script").click()
    expect(tab.root.get_by_text("copied", exact=True)).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == source
    steps = tab.role("graph").locator("[data-step]").evaluate_all("nodes => nodes.map(node => node.dataset.step)")
    assert set(steps) == {step.name for step in plan(CONFIG)}
    # The very network, in the notebook's next cell.
    counted = notebook.kernel("print(panel.model().count_params())")
    assert counted == str(trace(CONFIG, 76).parameters)


def test_a_tile_that_does_not_fit_is_said_where_it_was_asked(warm_lab, page, tmp_path):
    panel, _ = open_panel(warm_lab, page)
    tab = open_tab(page, "Build")
    panel.type_tile(512)
    tab.action("build").click()
    tab.expect_state("failed")
    tab.expect_problem("Tile 512 does not fit this U-Net: enc2_pool would halve an odd side (121).")
    panel.type_tile(508)
    tab.action("build").click()
    tab.expect_state("built")
    expect(tab.role("build-problem")).to_have_text("")
    expect(tab.role("proof")).to_contain_text("31,030,658 in total")


def test_the_tabs_open_one_at_a_time_and_by_keyboard(lab, page, tmp_path):
    _, notebook = open_panel_with(lab, page, tmp_path)
    build, train = (page.locator(f'[data-open="{name}"]') for name in ("Build", "Train"))
    assert notebook.kernel("print(panel._worker)") == "None", "no tab was opened, so no TensorFlow is loaded"
    build.focus()
    page.keyboard.press("ArrowRight")
    expect(train).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator('[data-tab="train"]')).to_be_visible()
    expect(train).to_have_attribute("aria-selected", "true")
    build.click()
    expect(page.locator('[data-tab="build"]')).to_be_visible()
    expect(page.locator('[data-tab="train"]')).to_be_hidden()
    # A press on the open tab closes nothing; the instrument is a tab like the others.
    build.click()
    expect(page.locator('[data-tab="build"]')).to_be_visible()
    page.locator('[data-open="Design"]').click()
    expect(page.locator('[data-tab="build"]')).to_be_hidden()
    expect(page.locator('[data-role="card"]')).to_be_visible()
    loaded = "import sys; print([name for name in ('tensorflow', 'keras', 'matplotlib') if name in sys.modules])"
    assert notebook.kernel(loaded) == "[]"
