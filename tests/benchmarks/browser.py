"""From the hand to the page, in Chromium on JupyterLab: python tests/benchmarks/browser.py."""

from __future__ import annotations

import itertools
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))

from conftest import CHROMIUM_ARGUMENTS, find_chromium
from measure import Timing, table
from playwright.sync_api import Page, sync_playwright
from server import Lab, Notebook, start_lab

OPEN = "from unet_explorer import explore\npanel = explore('paper')\npanel"
BARE = "import anywidget"
STEPS = 120
A_PRESS, A_DRAG = 300, 60  # milliseconds from one step of a knob to the next

# One step of a slider, as the keyboard makes it: the value, then the event. The clock stops when the page shows it.
TILE = """async ([steps]) => {
    const root = document.querySelector(".unet-explorer");
    const slider = root.querySelector('[data-knob="tile_height"]');
    const shown = root.querySelector('.ue-paper [data-step="enc0_conv1"]');
    const seconds = [];
    const first = Math.min(400, Number(slider.max) - steps);
    for (let step = 0; step < steps; step += 1) {
        const side = first + step;
        slider.value = side;
        const start = performance.now();
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        if (shown.dataset.height !== String(side - 2)) throw new Error("the page has not followed");
        seconds.push((performance.now() - start) / 1000);
        await new Promise(requestAnimationFrame);
    }
    return seconds;
}"""

KNOB = """async ([knob, values, steps, gap]) => {
    const root = document.querySelector(".unet-explorer");
    const paper = root.querySelector(".ue-paper");
    const seconds = [];
    for (let step = 0; step < steps; step += 1) {
        const input = root.querySelector(`[data-knob="${knob}"]`);
        const drawn = new Promise((done) => {
            const look = new MutationObserver(() => { look.disconnect(); done(performance.now()); });
            look.observe(paper, { childList: true });
        });
        const start = performance.now();
        if (input.type === "checkbox") input.click();
        else {
            input.value = values[step % values.length];
            input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
        }
        seconds.push(((await drawn) - start) / 1000);
        await new Promise((go) => setTimeout(go, gap));
    }
    return seconds;
}"""
KNOBS = {
    "depth": [3, 5, 4],
    "base_filters": [32, 16, 64],
    "convs_per_block": [3, 1, 2],
    "kernel_size": [5, 3],
    "padding": ["same", "valid"],
    "upsampling": ["bilinear", "transpose"],
    "batch_norm": [],
    "num_classes": [3, 2],
}
HELD = ("depth", "base_filters")
"""Knobs whose networks the page has at hand."""
BUSY = 30
"""Seconds for which the cell lasts during which the kernel is busy."""
MEMORY = "import os, psutil; print(psutil.Process(os.getpid()).memory_info().rss / 1e6)"


CLASSROOM = "from unet_explorer import PRESETS; panel.config, panel.tile = PRESETS['classroom']"
PAPER = "panel.config, panel.tile = PRESETS['paper']"


def learning_steps(notebook: Notebook, page: Page) -> tuple[Timing, Timing]:
    """The tile, with the Train tab open while a network learns: of the paper's, and of that which Inside shows live."""
    notebook.kernel(CLASSROOM)
    page.wait_for_selector('.unet-explorer:not(:has([data-step="enc3_conv1"]))')
    page.locator('[data-open="Train"]').click()
    page.locator('[data-tab="train"] [data-role="gallery"] figure').first.wait_for(timeout=120_000)
    page.locator('[data-setting="steps"]').fill("100000")
    page.locator('[data-setting="steps"]').press("Enter")
    # So many steps would take longer than anybody waits, which the panel says.
    page.locator('[data-tab="train"] [data-action="start-anyway"]').click()
    page.locator('[data-tab="train"] [data-role="epoch"]').filter(has_text="epoch").wait_for(timeout=120_000)
    notebook.kernel(PAPER)
    page.wait_for_selector('.unet-explorer [data-step="enc3_conv1"]')
    seconds = tile_steps(page)
    notebook.kernel(CLASSROOM)
    page.locator('[data-open="Inside"]').click()
    page.wait_for_selector('.unet-explorer:not(:has([data-step="enc3_conv1"]))')
    page.wait_for_selector('[data-tab="inside"]:not([data-at="0"])[data-at]', timeout=120_000)
    inside = Timing.of(page.evaluate(TILE, [STEPS]))
    page.locator('[data-open="Train"]').click()
    assert page.locator('[data-tab="train"]').get_attribute("data-state") == "running"
    notebook.kernel(PAPER)
    page.locator('[data-tab="train"] [data-action="stop"]').click()
    page.wait_for_selector('[data-tab="train"][data-state="stopped"]')
    page.locator('[data-open="Design"]').click()
    return seconds, inside


def tile_steps(page: Page) -> Timing:
    return Timing.of(page.evaluate(TILE, [STEPS]))


def knob_steps(page: Page, steps: int, gap: int) -> tuple[list[float], list[tuple[str, object, str, None]]]:
    """Seconds of all knobs together, and a row for each."""
    every, rows = [], []
    for knob, values in KNOBS.items():
        seconds = page.evaluate(KNOB, [knob, values, steps, gap])
        every += seconds
        rows.append((f"  {knob}", Timing.of(seconds), "", None))
    return every, rows


def held_steps(page: Page) -> Timing:
    """Depth and filters, whose networks lie in the page; the first one, with which they are unpacked, left out."""
    page.evaluate(KNOB, ["depth", [3, 4], 2, A_PRESS])
    seconds = [page.evaluate(KNOB, [knob, KNOBS[knob], 30, A_DRAG]) for knob in HELD]
    return Timing.of([*itertools.chain(*seconds)])


def new_steps(page: Page) -> Timing:
    """Depth and filters, too, but each design is shown for the first time: its boxes have yet to be made."""
    page.evaluate(KNOB, ["depth", [3, 4], 2, A_PRESS])
    seconds = []
    for filters, depths in ((32, (1, 2, 3, 5, 6, 7)), (16, (6, 5, 4, 3, 2, 1)), (8, (2, 3, 4, 5, 6, 7))):
        for knob, values in (("base_filters", [filters]), ("depth", list(depths))):
            seconds += page.evaluate(KNOB, [knob, values, len(values), A_DRAG])
    return Timing.of(seconds)


def resident(lab: Lab, page: Page, name: str, source: str) -> float:
    notebook = lab.open(page, lab.notebook(name, source))
    notebook.run_all()
    return float(notebook.kernel(MEMORY))


def measure(lab: Lab, page: Page) -> None:
    bare = resident(lab, page, "bare.ipynb", BARE)
    notebook: Notebook = lab.open(page, lab.notebook("panel.ipynb", OPEN))
    notebook.run_all()
    page.wait_for_selector('.unet-explorer [data-step="head"]')
    opened = float(notebook.kernel(MEMORY))
    rows: list[tuple[str, object, str, bool | None]] = [
        ("kernel with the panel open", f"{opened:.0f} MB resident", "≤ 80 MB", opened <= 80),
        ("kernel with anywidget alone", f"{bare:.0f} MB resident", "", None),
    ]
    idle, new, held = tile_steps(page), new_steps(page), held_steps(page)
    every, knobs = knob_steps(page, 30, A_PRESS)
    other = Timing.of(every)
    quick = Timing.of(knob_steps(page, 30, A_DRAG)[0])
    page.evaluate(
        """(seconds) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            window.busy = kernel.requestExecute({ code: "import time\\nstart = time.time()\\n" +
                `while time.time() - start < ${seconds}: pass` }).done;
        }""",
        BUSY,
    )
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    busy, held_busy = tile_steps(page), held_steps(page)
    page.evaluate("() => window.busy")
    (learning, inside), idle_again = learning_steps(notebook, page), tile_steps(page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    gone, held_gone = tile_steps(page), held_steps(page)
    for name, timing in (("idle", idle), ("busy in a cell", busy), ("shut down", gone)):
        rows.append((f"one step of the tile to DOM, kernel {name}", timing, "median ≤ 3 ms", timing.median <= 3e-3))
    for name, timing in (("idle", held), ("busy in a cell", held_busy), ("shut down", held_gone)):
        rows.append((f"depth and filters to DOM, kernel {name}", timing, "median ≤ 5 ms", timing.median <= 5e-3))
    rows.append(("  each design for the first time, kernel idle", new, "", None))
    ratio = learning.median / statistics.median([idle.median, idle_again.median])
    rows.append(("one step of the tile to DOM, while a network learns", learning, "", None))
    rows.append(("  against idle", f"{ratio:.2f}×", "≤ 1.5×", ratio <= 1.5))
    rows.append(("  with Inside open, live", inside, "median ≤ 3 ms", inside.median <= 3e-3))
    reached = other.median <= 25e-3 and other.p95 <= 60e-3
    rows += [("any other knob to DOM, a step each 300 ms", other, "median ≤ 25 ms, p95 ≤ 60 ms", reached), *knobs]
    rows.append(("any other knob to DOM, a step each 60 ms", quick, "", None))
    rows.append(("other knob against tile", f"{other.median / idle.median:.0f}×", "", None))
    table(rows)


def main() -> None:
    prompt = "--ServerApp.kernel_websocket_connection_class=unet_explorer.server.PromptConnection"
    for title, more in (("JupyterLab as it comes", ()), ("\nas unet-explorer starts it", (prompt,))):
        print(title)
        with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
            folder, home = Path(place, "notebooks"), Path(place, "home")
            folder.mkdir()
            home.mkdir()
            os.environ["UNET_EXPLORER_STATE"] = str(home / "state")
            lab = start_lab(folder, home, None, *more)
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
            try:
                measure(lab, browser.new_page(viewport={"width": 1600, "height": 1000}))
            finally:
                browser.close()
                lab.process.terminate()
                lab.process.wait(60)


if __name__ == "__main__":
    main()
