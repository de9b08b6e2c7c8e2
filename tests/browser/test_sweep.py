"""The Sweep tab in a real JupyterLab: two small designs are taught by Dask, and one of them is opened."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tabs import open_panel_with, open_tab


def test_designs_are_swept_and_a_dot_opens_one(warm_lab, page, tmp_path):
    panel, notebook = open_panel_with(warm_lab, page, tmp_path)
    tab = open_tab(page, "Sweep")
    # Each process loads TensorFlow, which takes longer than what is learnt here.
    notebook.kernel("own = panel.tab('Sweep'); make = own._make; own._make = lambda *a, **b: make(*a, **b, workers=1)")
    plan = tab.role("sweep-plan")
    expect(plan).to_have_text("1 design × 2 seeds = 2 runs")
    # By the keyboard: the arrow keys go through the values, and Space presses one.
    filters = tab.root.locator("[data-vary=base_filters]")
    filters.nth(0).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(filters.nth(1)).to_have_attribute("aria-pressed", "true")
    expect(plan).to_have_text("2 designs × 2 seeds = 4 runs")
    expect(filters.nth(1)).to_be_focused()
    # What does not fit is left out, and said.
    deeper = tab.root.locator('[data-vary=depth][data-value="3"]')
    deeper.click()
    expect(tab.role("misfits")).to_contain_text(
        "2 of 4 combinations do not fit. The first is depth 3, 4 filters, tile 76:"
    )
    tab.setting("nearest").check()
    expect(plan).to_have_text("4 designs × 2 seeds = 8 runs")
    expect(tab.role("misfits")).to_have_text("")
    deeper.click()
    tab.set("seeds", 9)
    expect(tab.role("sweep-problem")).to_have_text("Seeds: 9 is not allowed. Give a whole number from 1 to 5.")
    expect(tab.setting("seeds")).to_have_value("2")
    tab.set("seeds", 1)
    expect(tab.role("sweep-problem")).to_be_empty()
    tab.set("steps", 3)
    expect(plan).to_have_text("2 designs, 2 runs")
    tab.action("start").click()
    tab.expect_state("starting", "running")
    tab.expect_state("done")
    expect(tab.role("sweep-state")).to_have_text("2 of 2 runs · finished")
    rows, dots = tab.role("runs").locator("tbody tr"), tab.root.locator("[data-design]")
    expect(rows).to_have_count(2)
    expect(dots).to_have_count(2)
    expect(tab.role("sweep-problem")).to_have_text("")
    notebook.expect_kernel("panel.tab('Sweep').table.best is not None", "True")
    # The dots stand from little work to much; the shown design is ringed.
    expect(dots.nth(0)).to_have_attribute(
        "aria-label", re.compile(r"^4 filters: IoU \d\.\d\d, [\d.]+ M multiply-adds.*, shown now$")
    )
    dots.nth(0).focus()
    page.keyboard.press("ArrowRight")
    expect(tab.role("dot-words")).to_contain_text("8 filters: IoU")
    page.keyboard.press("Enter")
    expect(dots.nth(1)).to_have_attribute("aria-current", "true")
    expect(dots.nth(0)).not_to_have_attribute("aria-current", "true")
    notebook.expect_kernel("panel.config.base_filters, panel.tile", "8 (76, 76)")
    # One step back undoes it; a row opens its design as well.
    panel.action("undo").click()
    notebook.expect_kernel("panel.config.base_filters", "4")
    rows.filter(has_text="8 filters").get_by_role("button").click()
    notebook.expect_kernel("panel.config.base_filters", "8")
    # The best first, then the worst first.
    sort = tab.root.locator('[data-sort="iou"]')
    read = "rows => rows.map((row) => Number(row.cells[2].textContent))"
    for _ in range(2):
        sort.press("Enter")
        scores = rows.evaluate_all(read)
        way = sort.locator("..").get_attribute("aria-sort")
        assert scores == sorted(scores, reverse=way == "descending")
    violations = Axe().run(page, context=".unet-explorer").response["violations"]
    assert not [each["id"] for each in violations if each["impact"] in {"serious", "critical"}]
    tab.root.locator('[data-leads="Train"]').click()
    expect(page.locator('[data-open="Train"]')).to_have_attribute("aria-selected", "true")
    # A class may do without it.
    notebook.kernel("panel.hide = ['Sweep']")
    expect(page.locator('.ue-tabs [data-open="Sweep"]')).to_be_hidden()
    page.locator('[data-open="Inside"]').focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator('[data-open="Design"]')).to_be_focused()
