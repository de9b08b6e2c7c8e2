"""The panel on a page, by its public hooks."""

from __future__ import annotations

import itertools

from playwright.sync_api import Page, expect

from unet_explorer import UNetConfig, trace
from unet_explorer.panel.instrument.facts import describe

NUMBER = itertools.count()
OPEN = "from unet_explorer import explore\npanel = explore('paper')\npanel"


class Panel:
    """The panel on a page, by its public hooks."""

    def __init__(self, page: Page, root=None) -> None:
        self.page = page
        self.root = root or page.locator(".unet-explorer").first

    def knob(self, name: str):
        return self.root.locator(f'[data-knob="{name}"]')

    def number(self, name: str):
        return self.root.locator(f'[data-number="{name}"]')

    def step(self, name: str):
        return self.root.locator(f'.ue-paper [data-step="{name}"]')

    @property
    def steps(self):
        """All steps that are drawn in the U; tabs may show them as well."""
        return self.root.locator(".ue-paper [data-step]")

    def open_layers(self) -> None:
        self.root.locator(".ue-layers > summary").press("Enter")

    def role(self, name: str):
        return self.root.locator(f'[data-role="{name}"]')

    def action(self, name: str):
        return self.root.locator(f'[data-action="{name}"]')

    def type(self, name: str, text: object) -> None:
        """Into the number field of a knob, key by key as a user does, and Enter."""
        field = self.knob(name) if name in {"wanted_output", "batch_size"} else self.number(name)
        field.press("ControlOrMeta+a")
        field.press("Delete")
        field.press_sequentially(str(text))
        field.press("Enter")

    def turn(self, name: str, value: object) -> None:
        """A knob of whatever kind: a box, a list or a number."""
        kind = self.knob(name).evaluate("knob => knob.type")
        if kind == "checkbox":
            self.knob(name).set_checked(bool(value))
        elif kind == "select-one":
            self.knob(name).select_option(str(value))
        else:
            self.type(name, value)

    def type_batch(self, text: str) -> None:
        self.type("batch_size", text)

    def type_tile(self, side: int, axis: str = "height") -> None:
        self.type(f"tile_{axis}", side)

    def expect_tile(self, height: int, width: int, fits: bool = True) -> None:
        expect(self.role("status")).to_have_attribute("data-fits", str(fits).lower())
        expect(self.role("status")).to_contain_text(f"{height} × {width}")


def open_panel(lab, page: Page, *more: str) -> tuple[Panel, object]:
    name = lab.notebook(f"panel-{next(NUMBER)}.ipynb", OPEN, *more)
    notebook = lab.open(page, name)
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    return panel, notebook


def shapes_on_screen(panel: Panel) -> dict[str, tuple[int, int, int]]:
    read = "groups => groups.map(({ dataset: d }) => [d.step, +d.height, +d.width, +d.channels])"
    return {name: tuple(shape) for name, *shape in panel.steps.evaluate_all(read)}


def expected_shapes(config: UNetConfig, tile) -> dict[str, tuple[int, int, int]]:
    return {row.step.name: tuple(row.output) for row in trace(config, tile)}


def drawn_shapes(config: UNetConfig, tile) -> dict[str, tuple[int, int, int]]:
    """The same of the steps that have a box of their own."""
    boxes = {box["name"] for box in describe(config)["boxes"]}
    return {name: shape for name, shape in expected_shapes(config, tile).items() if name in boxes}
