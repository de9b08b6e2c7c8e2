"""Pictures of the panel in a real JupyterLab, to be looked at: python tests/screenshots.py FOLDER [--readme].

With ``--readme`` it takes the README's picture anew as well (tests/pictures/panel.png).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "browser"))

from conftest import CHROMIUM_ARGUMENTS, find_chromium
from panel import Panel
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from server import Lab, start_lab
from tabs import Tab

README = Path(__file__).resolve().parent / "pictures" / "panel.png"
OPEN = "from unet_explorer import explore\npanel = explore({!r})\npanel"
DARK = """async () => {
    await window.jupyterapp.commands.execute("apputils:change-theme", { theme: "JupyterLab Dark" });
}"""
USUAL, WALL, PHONE = ({"width": width, "height": height} for width, height in ((1366, 768), (1920, 1080), (390, 844)))
TABS = ("Design", "Build", "Train", "Tile", "Inside", "Sweep")
INTO_VIEW = """() => {
    document.querySelector(".unet-explorer").scrollIntoView({ block: "end" });
    return new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
}"""


def open_panel(lab: Lab, page: Page, design: str) -> Panel:
    notebook = lab.open(page, lab.notebook(f"{design}-{page.viewport_size['width']}.ipynb", OPEN.format(design)))
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    return panel


def open_tab(page: Page, name: str) -> Tab:
    page.locator(f'[data-open="{name}"]').click()
    tab = Tab(page, name)
    expect(tab.root).to_be_visible()
    return tab


def take_all(lab: Lab, page: Page, folder: Path) -> None:
    """Every tab in the windows that people have, light and dark; and a tile that does not fit."""

    def take(name: str) -> None:
        page.evaluate(INTO_VIEW)
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    page.set_viewport_size(USUAL)
    panel = open_panel(lab, page, "classroom")
    panel.step("dec0_concat").click()
    open_tab(page, "Build").action("build").click()
    Tab(page, "Build").expect_state("built")
    train = open_tab(page, "Train")
    train.set("steps", 60)
    train.action("start").click()
    train.expect_state("finished")
    tile = open_tab(page, "Tile")
    tile.action("predict").click()
    tile.expect_state("done")
    expect(open_tab(page, "Inside").root).to_have_attribute("data-step", "dec0_concat")
    sweep = open_tab(page, "Sweep")
    for name, value in (("depth", 2), ("base_filters", 4)):
        sweep.root.locator(f'[data-vary={name}][data-value="{value}"]').click()
    sweep.set("steps", 20)
    sweep.action("start").click()
    sweep.expect_state("starting", "running")
    expect(sweep.root).to_have_attribute("data-state", "done", timeout=600_000)
    for theme in ("light", "dark"):
        if theme == "dark":
            page.evaluate(DARK)
        for size, window in (("usual", USUAL), ("phone", PHONE)):
            page.set_viewport_size(window)
            for name in TABS:
                page.locator(f'[data-open="{name}"]').click()
                take(f"{name.lower()}-{size}-{theme}")
            page.locator('[data-open="Design"]').click()
            take_menus(panel, lambda name, end=f"{size}-{theme}": take(f"{name}-{end}"))
        page.set_viewport_size(WALL)
        panel.action("present").click()
        for name in TABS:
            page.locator(f'[data-open="{name}"]').click()
            take(f"{name.lower()}-presented-{theme}")
        panel.action("present").click()
    page.set_viewport_size(USUAL)
    page.locator('[data-open="Design"]').click()
    panel.type_tile(190)
    take("misfit-dark")
    panel.type_tile(188)
    panel.action("pin").click()
    panel.type("depth", 2)
    take("compared-dark")


def take_menus(panel: Panel, take: Callable[[str], None]) -> None:
    """The menus, and a lesson: told, answered wrongly with a hint, and shown."""
    for name in ("lessons", "save"):
        button = panel.root.locator(f'.ue-tools [data-action="{name}"]')
        button.click()
        take(f"{name}-menu")
        button.press("Escape")
    panel.action("lessons").click()
    panel.root.locator('[data-action="lesson"][data-name="why-572"]').click()
    expect(panel.role("lesson-title")).to_be_focused()
    panel.action("lesson-restart").click()
    take("lesson")
    panel.action("lesson-next").click()
    panel.action("lesson-hint").click()
    panel.role("lesson-answer").fill("570")
    panel.action("lesson-lock").click()
    take("lesson-wrong")
    panel.action("lesson-reveal").click()
    take("lesson-shown")
    panel.action("lesson-close").click()
    # The lesson brought its own design.
    panel.root.locator('select:has(option[value="classroom"])').first.select_option("classroom")


def take_readme(lab: Lab, page: Page) -> None:
    """The panel as it opens, with a skip explained."""
    page.set_viewport_size({"width": 1500, "height": 860})
    panel = open_panel(lab, page, "paper")
    panel.step("dec0_concat").click()
    expect(panel.role("card").locator('[data-role="how"]')).to_have_attribute("data-frame", "3")
    page.evaluate(INTO_VIEW)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.png"
        panel.root.screenshot(path=whole, animations="disabled")
        Image.open(whole).convert("RGB").save(README, optimize=True)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to put the pictures")
    parser.add_argument("--readme", action="store_true", help="take the README's picture as well")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        places = [Path(home) / name for name in ("notebooks", "home")]
        for each in places:
            each.mkdir()
        # What is taught here does not stand among the trainings of whoever takes the pictures.
        os.environ["UNET_EXPLORER_STATE"] = str(Path(home, "state"))
        lab = start_lab(*places)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        try:
            if wanted.readme:
                take_readme(lab, browser.new_page())
            take_all(lab, browser.new_page(), wanted.folder)
        finally:
            browser.close()
            lab.process.terminate()
            lab.process.wait()


if __name__ == "__main__":
    main()
