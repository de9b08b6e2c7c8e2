"""The Tile tab in a real JupyterLab: tiles under the pointer, seams, and images of all kinds."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from axe_playwright_python.sync_playwright import Axe
from looking import CONFIG, TILE, frame, open_tile, point
from PIL import Image
from playwright.sync_api import expect

from unet_explorer import Tiling, trace


def test_a_tile_under_the_pointer_shows_what_it_is_given_and_what_it_writes(warm_lab, page, tmp_path):
    panel, _, tab = open_tile(warm_lab, page, tmp_path)
    tiling = Tiling(CONFIG, (96, 96), TILE)
    assert int(tab.root.get_attribute("data-tiles")) == len(tiling) == 9
    tab.role("tiles").scroll_into_view_if_needed()
    for number, place in ((0, 0.3), (4, 0.5), (8, 0.68)):
        point(tab, "tiles", place, place)
        expect(tab.role("tiles")).to_have_attribute("data-tile", str(number + 1))
        tile = tiling[number]
        assert frame(tab, "given") == (*tile.start, *tile.size)
        assert frame(tab, "writes")[:2] == (tile.write[0].start, tile.write[1].start)
        first = tile.start[0] + 44
        assert frame(tab, "predicted") == (first, first, 36, 36)
        outside = max(0, -tile.start[0]) + max(0, tile.start[0] + TILE - 96)
        mirrored = f", {outside} of them mirrored" if outside else ""
        expect(tab.role("tile-words")).to_contain_text(f"Tile {number + 1} of 9. Rows: it is given")
        expect(tab.role("tile-words")).to_contain_text(
            f"{tile.start[0]} to {tile.start[0] + TILE - 1}{mirrored}".replace("-", "−")
        )
    # By keyboard as well, and JupyterLab keeps its hands off.
    tab.role("tiles").focus()
    tab.role("tiles").press("ArrowUp")
    expect(tab.role("tiles")).to_have_attribute("data-tile", "6")
    facts = tab.role("facts")
    expect(facts.locator('[data-fact="tiles"]')).to_have_text("3 × 3 = 9, each 124 × 124 px")
    expect(facts.locator('[data-fact="share"]')).to_have_text("9.22 k of 138 k px read: 6.7 %")
    macs = trace(CONFIG, TILE).macs
    expect(facts.locator('[data-fact="work"]')).to_contain_text(f"9 × {macs / 1e6:.1f} M = ")
    # The tile is dragged: everything follows, and nothing is asked of the kernel.
    panel.knob("tile_height").fill("132")
    expect(facts.locator('[data-fact="tiles"]')).to_have_text("3 × 3 = 9, each 132 × 132 px")
    panel.type_tile(196)
    expect(facts.locator('[data-fact="tiles"]')).to_have_text("1 × 1 = 1, each 188 × 188 px")
    panel.type_tile(92)
    expect(tab.role("misfit")).to_contain_text("Tiles of 92 px cannot cover 96 px without seams")
    panel.type_tile(125)
    expect(tab.role("misfit")).to_contain_text("125 × 125 does not fit: at enc0_pool, 121 is odd")
    expect(tab.role("given")).to_be_hidden()
    tab.action("take_best").click()
    panel.expect_tile(188, 188)
    expect(tab.role("misfit")).to_have_text("")
    # A limit that is none is told, and the last good one stands.
    former = tab.setting("limit").input_value()
    tab.set("limit", 0)
    expect(tab.role("tile-problem")).to_have_text(
        "Memory limit: 0 is not allowed. Give a number of MB from 1 to 999,999,999."
    )
    expect(tab.setting("limit")).to_have_value(former)
    tab.set("limit", former)
    expect(tab.role("tile-problem")).to_be_empty()


def test_naive_tiles_show_seams_and_aligned_ones_none(warm_lab, page, tmp_path):
    panel, _, tab = open_tile(warm_lab, page, tmp_path)
    tab.action("predict").click()
    expect(tab.role("seams")).to_have_attribute("data-flipped", "0")
    expect(tab.role("seams")).to_have_text("✓ Tiled = untiled: every pixel agrees.")
    expect(tab.role("labels")).to_be_visible()
    tab.setting("naive").check()
    expect(tab.role("seams")).to_have_attribute("data-naive", "true")
    flipped = int(tab.role("seams").get_attribute("data-flipped"))
    assert flipped > 10
    expect(tab.role("seams")).to_contain_text(f"✗ Tiled ≠ untiled: {flipped:,} pixels")
    expect(tab.role("difference")).to_have_attribute(
        "aria-label", f"Where the tiles differ from one piece: {flipped:,} labels"
    )
    # As many blue pixels as labels were flipped.
    count = """canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const blue = (at) => data[at] === 86 && data[at + 1] === 180 && data[at + 2] === 233;
        return Array.from({ length: data.length / 4 }, (_, pixel) => blue(4 * pixel)).filter(Boolean).length;
    }"""
    assert tab.role("difference").evaluate(count) == flipped
    # Under the lens all three pictures show the same part, as large: what was clicked is in the middle.
    for _ in range(3):
        tab.action("zoom-in").click()
    expect(tab.role("zoom")).to_have_text("8×")
    seen = """canvas => {
        const [frame, all] = [canvas.parentElement, canvas].map((each) => each.getBoundingClientRect());
        const width = frame.width / all.width;
        return [(frame.left - all.left) / all.width, (frame.top - all.top) / all.height, width];
    }"""
    box = "svg => svg.getAttribute('viewBox').split(' ').map(Number).map((length) => length / 96)"
    lens = [0.4375, 0.4375, 0.125]
    assert tab.role("labels").evaluate(seen) == pytest.approx(lens, abs=0.002)
    assert tab.role("tiles").evaluate(box)[:3] == pytest.approx(lens)
    labels = tab.role("labels").locator("..").bounding_box()
    page.mouse.click(labels["x"] + labels["width"] / 4, labels["y"] + labels["height"] * 3 / 4)
    lens = [0.4375 - 0.125 / 4, 0.4375 + 0.125 / 4, 0.125]
    for kind in ("labels", "difference"):
        assert tab.role(kind).evaluate(seen) == pytest.approx(lens, abs=0.003)
    assert tab.role("tiles").evaluate(box)[:3] == pytest.approx(lens, abs=0.003)
    # It follows the tile, and stops at the border.
    tab.role("tiles").press("ArrowLeft")
    tab.role("tiles").press("ArrowLeft")
    assert tab.role("labels").evaluate(seen)[0] == pytest.approx(0.125, abs=0.2)
    for _ in range(3):
        tab.role("tiles").press("-")
    expect(tab.role("zoom")).to_have_text("1×")
    assert tab.role("labels").evaluate(seen) == pytest.approx([0, 0, 1], abs=0.002)
    # Dragged on, it is predicted anew; the whole image in one tile has no neighbour to disagree with.
    panel.type_tile(188)
    expect(tab.root).to_have_attribute("data-stale", "false")
    expect(tab.role("seams")).to_have_attribute("data-flipped", "0")
    expect(tab.root).to_have_attribute("data-state", "done")
    assert tab.role("tile-problem").inner_text() == ""


def test_an_image_is_chosen_or_uploaded_and_what_it_is_predicted_as_saved(warm_lab, page, tmp_path):
    _, notebook, tab = open_tile(warm_lab, page, tmp_path)
    tab.setting("image").select_option("set 2")
    expect(tab.role("tiles")).to_have_attribute("aria-label", re.compile("^cells, image 3"))
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 150, 4), "uint8")).save(tmp_path / "rgba.png")
    tab.root.get_by_text("Your own image").click()
    tab.root.locator('[data-upload="image"]').set_input_files(tmp_path / "rgba.png")
    expect(tab.role("tiles")).to_have_attribute("aria-label", re.compile(r"^rgba\.png"))
    expect(tab.setting("image").locator("option:checked")).to_have_text("rgba.png")
    tiling = Tiling(CONFIG, (60, 150), TILE)
    expect(tab.root).to_have_attribute("data-tiles", str(len(tiling)))
    tab.setting("path").fill(str(tmp_path / "none.png"))
    tab.setting("path").press("Enter")
    expect(tab.role("tile-problem")).to_contain_text("none.png is not there")
    # There is nothing to save yet.
    expect(tab.action("save-prediction")).to_have_attribute("aria-disabled", "true")
    tab.action("save-prediction").press("Enter")
    expect(tab.action("save").first).to_be_hidden()
    # A grey network is given the luminance.
    tab.action("predict").click()
    expect(tab.role("seams")).to_have_attribute("data-flipped", "0")
    files = {kind: downloaded(tab, kind) for kind in ("mask-png", "mask-tiff", "probabilities", "objects")}
    assert [file.name for file in files.values()] == [
        f"rgba_{ending}" for ending in ("mask.png", "mask.tif", "probabilities.tif", "objects.csv")
    ]
    labels = np.asarray(Image.open(files["mask-png"]))
    assert labels.shape == (60, 150)
    assert len(np.unique(labels)) == 2
    assert np.array_equal(np.asarray(Image.open(files["mask-tiff"])), labels)
    shares = tifffile.imread(files["probabilities"])
    assert np.array_equal(shares.argmax(axis=0), labels)
    assert np.abs(shares.sum(axis=0) - 1).max() < 1e-6
    with files["objects"].open(encoding="utf-8") as table:
        assert sum(int(row["area_px"]) for row in csv.DictReader(table)) == (labels == 1).sum()
    # What was saved is not kept where the notebook would save it.
    notebook.expect_kernel("panel.tab('Tile').saved", "{}")


def downloaded(tab, kind):
    """The file that the browser is handed, chosen by keyboard from the menu; in a folder of its own."""
    tab.action("save-prediction").focus()
    tab.action("save-prediction").press("Enter")
    button = tab.root.locator(f'[data-action="save"][data-kind="{kind}"]')
    expect(button).to_be_visible()
    with tab.page.expect_download() as handed:
        button.press("Enter")
    expect(button).to_be_hidden()
    expect(tab.action("save-prediction")).to_be_focused()
    name = handed.value.suggested_filename
    path = Path(handed.value.path())
    return path.rename(path.with_name(name))


def test_it_is_accessible(warm_lab, page, tmp_path):
    _, _, tab = open_tile(warm_lab, page, tmp_path)
    tab.action("predict").click()
    expect(tab.role("seams")).to_have_attribute("data-flipped", "0")
    tab.action("save-prediction").click()
    found = Axe().run(page, context=".unet-explorer-tab", options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert found.violations_count == 0, found.generate_report()
