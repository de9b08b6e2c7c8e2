"""Reloads, several views, and a kernel that is busy, gone, restarted or done with the panel."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

import psutil
import pytest
from panel import NUMBER, OPEN, Panel, drawn_shapes, expected_shapes, open_panel, shapes_on_screen
from playwright.sync_api import Page, expect
from server import Notebook
from support import PATIENCE, everything, exhaustive, second

from unet_explorer import PRESETS, UNetConfig


def test_a_reload_of_the_page_restores_everything(lab, page):
    panel, notebook = open_panel(lab, page)
    panel.type("depth", "3")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    panel.knob("linked").uncheck()
    panel.type_tile(196)
    panel.action("pin").click()
    panel.step("dec1_concat").click()
    notebook.command("docmanager:save")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.ready")
    page.reload()
    notebook.ready()
    expect(panel.step("dec1_concat")).to_have_attribute("aria-selected", "true")
    panel.expect_tile(196, 572)
    expect(panel.step("enc3_conv1")).to_have_count(0)
    expect(panel.role("pinned-title")).to_have_text("A depth 3, 64 filters, tile 196 × 572")
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    panel.action("undo").click()
    expect(panel.step("enc3_conv1")).to_be_visible()


@second("a second view")
def test_two_views_of_one_panel(lab, page):
    first, notebook = open_panel(lab, page, "display(panel)")
    views = page.locator(".unet-explorer")
    expect(views).to_have_count(2)
    second = Panel(page, views.nth(1))
    expect(second.step("head")).to_be_visible()
    second.type_tile(188)
    first.expect_tile(188, 188)
    first.type("depth", "2")
    expect(second.step("enc2_conv1")).to_have_count(0)
    second.step("enc1_conv1").click()
    expect(first.step("enc1_conv1")).to_have_attribute("aria-selected", "true")
    # Each step of the way is remembered once, not once a view.
    first.action("undo").click()
    expect(second.step("enc3_conv1")).to_be_visible()
    second.action("undo").click()
    first.expect_tile(572, 572)
    expect(first.action("undo")).to_have_attribute("aria-disabled", "true")
    # No markup that could clash with itself.
    assert page.locator(".unet-explorer [id]").count() == 0
    # Removing one view takes nothing from the other.
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.clearExecution()")
    expect(views).to_have_count(1)
    first.type_tile(204)
    first.expect_tile(204, 204)
    notebook.expect_kernel("panel.tile", "(204, 204)")


def test_a_busy_kernel_holds_up_no_tile(each_lab, page):
    panel, notebook = open_panel(each_lab, page)
    expect(panel.root).to_have_attribute("data-pack", "here")
    gate = each_lab.folder / f"gate-{next(NUMBER)}"
    # A cell that runs until this file is there.
    page.evaluate(
        """(code) => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            window.busy = kernel.requestExecute({ code }).done;
            return new Promise((go) => {
                const look = () => (kernel.status === "busy" ? go() : setTimeout(look, 10));
                look();
            });
        }""",
        f"import pathlib, time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)",
    )
    panel.action("pin").click()
    panel.type_tile(188)
    panel.expect_tile(188, 188)
    output = panel.role("versus").locator('[data-versus="output"] td')
    expect(output).to_have_text(["388²", "4²", "−384 px"])
    panel.action("swap").click()
    expect(output).to_have_text(["4²", "388²", "+384 px"])
    panel.action("swap").click()
    # The page has these networks at hand.
    panel.root.locator(".ue-more").evaluate("more => { more.open = true; }")
    panel.turn("skips", False)
    expect(panel.step("dec0_concat")).to_have_count(0)
    panel.turn("skips", True)
    panel.turn("kernel_size", 5)
    expect(panel.step("enc0_conv1")).to_have_attribute("data-height", "184")
    panel.turn("kernel_size", 3)
    panel.type("depth", "3")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    panel.type_tile(196)
    panel.expect_tile(196, 196)
    # And not this one.
    panel.type("base_filters", "5")
    if each_lab.subshells:
        # Messages are served beside the cell, so even this does not wait for it.
        expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "5")
    else:
        expect(panel.role("waiting")).to_be_visible()
        expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "64")
    still = "() => Promise.race([window.busy.then(() => 'done'), Promise.resolve('running')])"
    assert page.evaluate(still) == "running"
    gate.touch()
    page.evaluate("() => window.busy")
    expect(panel.step("enc0_conv1")).to_have_attribute("data-channels", "5")
    expect(panel.root).to_have_attribute("data-kernel", "answers")
    expect(panel.role("waiting")).to_be_hidden()
    notebook.expect_kernel("panel.tile, panel.config.depth", "(196, 196) 3")


def test_without_a_kernel_the_tile_still_moves(lab, page):
    panel, _ = open_panel(lab, page)
    expect(panel.role("offline")).to_be_hidden()
    panel.action("pin").click()
    panel.type("depth", "3")
    expect(panel.step("enc3_conv1")).to_have_count(0)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    # Coming back to the panel, one is told.
    page.mouse.move(0, 0)
    panel.step("head").hover()
    expect(panel.role("offline")).to_be_visible()
    expect(panel.role("offline")).to_contain_text("run the cell again")
    # Said in every tab, in the place of what cannot be computed.
    for name in ("Build", "Train", "Tile", "Inside", "Sweep"):
        page.locator(f'[data-open="{name}"]').click()
        expect(panel.role("gone")).to_be_in_viewport()
        expect(panel.role("gone")).to_contain_text("The kernel is gone")
    page.locator('[data-open="Design"]').click()
    expect(panel.role("gone")).to_be_hidden()
    # A pinned design is known, so both can still be swapped.
    panel.action("swap").click()
    expect(panel.step("enc3_conv1")).to_be_visible()
    expect(panel.role("live-title")).to_have_text("B depth 4, 64 filters, tile 572")
    panel.type_tile(512)
    expect(panel.role("badge")).to_have_text("✗ 121 is odd: it cannot be halved")
    panel.knob("tile_height").press("ArrowRight")
    panel.expect_tile(513, 513, fits=False)
    panel.action("undo").click()
    panel.action("undo").click()
    panel.expect_tile(572, 572)
    assert shapes_on_screen(panel) == expected_shapes(UNetConfig(), 572)
    # Many others are at hand as well, and can be undone.
    for depth, filters, padding in ((2, 8, "valid"), (5, 4, "valid"), (2, 4, "same")):
        panel.type("depth", depth)
        panel.type("base_filters", filters)
        panel.root.locator(".ue-more").evaluate("more => { more.open = true; }")
        panel.knob("padding").select_option(padding)
        wanted = expected_shapes(UNetConfig(depth=depth, base_filters=filters, padding=padding), 572)
        assert shapes_on_screen(panel).items() >= wanted.items()
    panel.action("undo").click()
    expect(panel.step("bottleneck_conv1")).to_have_attribute("data-height", "138")
    panel.knob("preset").select_option("classroom")
    classroom, tile = PRESETS["classroom"]
    for knob, value in {"upsampling": "bilinear", "in_channels": 3, "skips": False, "num_classes": 21}.items():
        panel.turn(knob, value)
        assert shapes_on_screen(panel) == drawn_shapes(replace(classroom, **{knob: value}), tile)
        panel.action("undo").click()
    # Nobody is there to whom anything was sent.
    assert faults == []


def test_after_a_restart_of_the_kernel_the_cell_is_run_again(lab, page):
    panel, notebook = open_panel(lab, page)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(panel.role("offline")).to_be_visible()
    panel.type_tile(188)
    panel.expect_tile(188, 188)
    notebook.ready()
    notebook.run_all()
    panel.expect_tile(572, 572)
    expect(panel.role("offline")).to_be_hidden()
    panel.type("depth", "3")
    expect(panel.step("enc3_conv1")).to_have_count(0)


def test_closing_the_panel_leaks_no_widget(lab, page):
    count = "from ipywidgets.widgets.widget import _instances as all_widgets"
    name = lab.notebook(f"panel-{next(NUMBER)}.ipynb", count + "\nbefore = set(all_widgets)", OPEN)
    notebook = lab.open(page, name)
    notebook.run_all()
    panel = Panel(page)
    expect(panel.step("head")).to_be_visible()
    panel.type_tile(188)
    notebook.kernel("panel.close()")
    expect(page.locator(".unet-explorer")).to_have_count(0)
    assert notebook.kernel("print(set(all_widgets) - before)") == "set()"
    expect(page.locator(".jupyter-widgets")).to_have_count(0)


def workers(lab) -> list[psutil.Process]:
    """All workers that kernels of this JupyterLab have started and that live."""
    found = []
    for each in psutil.Process(lab.process.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "unet_explorer.learning.worker.main" in each.cmdline():
                found.append(each)
    return found


def delete_the_output(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.clearExecution()")
    expect(page.locator(".unet-explorer")).to_have_count(0)


def close_the_page(page: Page, lab, name: str) -> None:
    # What is not saved would be another cell when it is opened again.
    Notebook(page).command("docmanager:save")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.ready")
    page.goto("about:blank")
    lab.open(page, name)
    # It is there again, as it was left.
    expect(page.locator(".unet-explorer")).to_have_attribute("data-kernel", "answers")


def restart_the_kernel(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    Notebook(page).ready()


WAYS = ["run again", "delete the output", "close the page", "restart the kernel"]


@pytest.mark.parametrize("way", exhaustive(WAYS, WAYS[::3]))
def test_however_a_panel_is_lost_its_worker_does_not_stay(lab, page, way):
    """Each holds hundreds of MB. The one of the panel that is shown is left, and rests when nobody uses it."""
    others = {each.pid for each in workers(lab)}
    opening = "from unet_explorer import explore\npanel = explore('paper')\ntab = panel.tab('Build')\npanel"
    name = lab.notebook(f"panel-{next(NUMBER)}.ipynb", opening)
    notebook = lab.open(page, name)
    started = set()
    # JupyterLab takes its time to load or to restart; ten of each are tried with ``--all``.
    for number in range(11 if everything() else 2 if way in {"close the page", "restart the kernel"} else 4):
        if number and way == "delete the output":
            delete_the_output(page)
        elif number and way == "close the page":
            close_the_page(page, lab, name)
        elif number and way == "restart the kernel":
            restart_the_kernel(page)
        notebook.run_all()
        # JupyterLab minds being left while it still opens its second line to the kernel.
        expect(page.locator(".unet-explorer")).to_have_attribute("data-kernel", "answers")
        # It is started ahead as soon as there is room; here at once.
        started.add(notebook.kernel("panel._worker.warm_up(); print(panel._worker.process)"))
    assert len(started) == number + 1
    end = time.monotonic() + PATIENCE
    while len(found := {each.pid for each in workers(lab)} - others) > 1:
        assert time.monotonic() < end, f"{len(found)} workers after {number + 1} panels"
