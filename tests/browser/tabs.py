"""The tabs below the instrument on a page, by their public hooks."""

from __future__ import annotations

import re

from panel import NUMBER, Panel
from playwright.sync_api import Page, expect

SMALL = "UNetConfig(depth=2, base_filters=4), 76, cells(8, size=96)"
"""Learns many steps a second."""


class Tab(Panel):
    """An open tab."""

    def __init__(self, page: Page, name: str) -> None:
        super().__init__(page, page.locator(f'[data-tab="{name.lower()}"]').first)

    def setting(self, name: str):
        return self.root.locator(f'[data-setting="{name}"]')

    def set(self, name: str, value: object) -> None:
        """Typed key by key, and Enter; or chosen from a list."""
        field = self.setting(name)
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(str(value))
            return
        field.press("ControlOrMeta+a")
        field.press("Delete")
        field.press_sequentially(str(value))
        field.press("Enter")

    def expect_state(self, *states: str) -> None:
        expect(self.root).to_have_attribute("data-state", re.compile(f"^({'|'.join(states)})$"))

    def expect_problem(self, words: object) -> None:
        name = self.root.get_attribute("data-tab")
        expect(self.role(f"{name}-problem")).to_contain_text(words)


def open_panel_with(lab, page: Page, state, arguments: str = SMALL):
    """A panel whose trainings are kept in a folder of their own; the notebook, and the panel."""
    code = (
        f"import os\nos.environ['UNET_EXPLORER_STATE'] = {str(state)!r}\n"
        f"from unet_explorer import UNetConfig, cells, explore, from_folder\npanel = explore({arguments})\npanel"
    )
    notebook = lab.open(page, lab.notebook(f"tabs-{next(NUMBER)}.ipynb", code))
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    return panel, notebook


def open_tab(page: Page, name: str) -> Tab:
    page.locator(f'[data-open="{name}"]').first.click()
    tab = Tab(page, name)
    expect(tab.root).to_be_visible()
    return tab


def open_train(lab, page: Page, state, arguments: str = SMALL, **settings: object):
    """The Train tab with its images read and these settings made."""
    panel, notebook = open_panel_with(lab, page, state, arguments)
    tab = open_tab(page, "Train")
    expect(tab.role("data")).to_contain_text("images")
    for name, value in settings.items():
        if not tab.setting(name).is_visible():
            tab.root.locator(".ue-settings .ue-more summary").click()
        tab.set(name, value)
    return panel, notebook, tab
