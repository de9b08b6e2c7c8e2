"""What may happen while a network learns, in a real JupyterLab: each ends in a sentence and a usable panel."""

from __future__ import annotations

import os
import re
import signal
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile
from panel import Panel
from PIL import Image
from playwright.sync_api import expect
from support import PATIENCE, second
from tabs import Tab, open_tab, open_train

POSIX = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a Unix signal")
ENDLESS = {"steps": 100_000, "steps_per_epoch": 5}


def worker_of(notebook) -> int:
    return int(notebook.kernel("print(panel._worker.process)"))


def epochs(tab) -> int:
    return int(re.search(r"epoch ([\d,]+) of", tab.role("train-state").inner_text()).group(1))


def learning(tab) -> None:
    expect(tab.role("train-state")).to_contain_text(re.compile(r"epoch [1-9]"))


def goes_beyond(tab, epoch: int) -> None:
    further = "([epoch]) => Number(document.querySelector('[data-tab=train] [data-role=train-state]').textContent"
    further += r".match(/epoch ([\d,]+) of/)?.[1].replace(',', '')) > epoch"
    tab.page.wait_for_function(further, arg=[epoch])


def gone(process: int) -> bool:
    try:
        psutil.Process(process).wait(PATIENCE)
    except psutil.NoSuchProcess:
        return True
    return not psutil.pid_exists(process)


def images(folder, name="a"):
    for part, top in (("images", 200), ("masks", 255)):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for number in range(3):
            pixels = np.zeros((96, 96), np.uint8)
            pixels[20 + number : 60, 30:70] = top
            Image.fromarray(pixels).save(folder / part / f"{name}{number}.png")
    return folder


@POSIX
@second("a killed worker is tried in test_worker and test_tabs")
def test_a_killed_worker_is_told_and_the_training_goes_on(lab, page, tmp_path):
    panel, notebook, tab = open_train(lab, page, tmp_path, **ENDLESS)
    tab.action("start").click()
    learning(tab)
    victim = worker_of(notebook)
    os.kill(victim, signal.SIGKILL)
    tab.expect_state("interrupted")
    tab.expect_problem(re.compile(r"The worker was killed from outside.* What was learnt up to step \d+ is kept\."))
    kept = epochs(tab)
    panel.type_tile(84)
    panel.expect_tile(84, 84)
    tab.action("resume").click()
    tab.expect_state("running")
    expect(tab.role("train-problem")).to_have_text("")
    goes_beyond(tab, kept)
    tab.action("stop").click()
    tab.expect_state("stopped")
    assert worker_of(notebook) != victim


@second("a reload is tried in test_kernel, too")
def test_any_lab_goes_on_after_a_reload_of_the_page(any_lab, page, tmp_path):
    _, notebook, tab = open_train(any_lab, page, tmp_path, **ENDLESS)
    tab.action("start").click()
    learning(tab)
    process = worker_of(notebook)
    notebook.command("docmanager:save")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.context.ready")
    page.reload()
    notebook.ready()
    again = Tab(page, "Train")
    again.expect_state("running")
    goes_beyond(again, epochs(again))
    expect(again.role("errors").first).to_be_visible()
    assert worker_of(notebook) == process, "it learns on, as if nothing had happened"
    again.action("stop").click()
    again.expect_state("stopped")


@second("how panels are lost is tried in test_kernel, going on in test_going_on")
@pytest.mark.parametrize("end", ["restart", "shutdown"])
def test_a_lost_kernel_takes_its_worker_along_and_the_next_one_goes_on(lab, page, tmp_path, end):
    _, notebook, tab = open_train(lab, page, tmp_path, **ENDLESS)
    tab.action("start").click()
    learning(tab)
    process = worker_of(notebook)
    session = "window.jupyterapp.shell.currentWidget.sessionContext"
    if end == "restart":
        page.evaluate(f"() => {session}.session.kernel.restart()")
    else:
        page.evaluate(f"() => {session}.shutdown()")
    assert gone(process), "no orphan is left"
    if end == "shutdown":
        page.evaluate(f"() => {session}.startKernel()")
    notebook.ready()
    notebook.run_all()
    # The old panel is replaced by the new one, whose tabs are closed.
    expect(page.locator('[data-tab="train"]:visible')).to_have_count(0)
    tab = open_tab(page, "Train")
    tab.expect_state("interrupted")
    tab.expect_problem("An earlier training was interrupted here.")
    kept = epochs(tab)
    assert kept >= 1
    tab.action("resume").click()
    goes_beyond(tab, kept)
    tab.action("stop").click()
    tab.expect_state("stopped")


@second("tried in test_closing, too")
def test_closing_the_panel_ends_the_training_and_the_worker(lab, page, tmp_path):
    _, notebook, tab = open_train(lab, page, tmp_path, **ENDLESS)
    tab.action("start").click()
    learning(tab)
    process = worker_of(notebook)
    notebook.kernel("panel.close()")
    assert gone(process)
    expect(page.locator(".unet-explorer")).to_have_count(0)


@second("the same in Python in test_own_images_tab")
def test_own_images_by_path_by_zip_and_by_folder(warm_lab, page, tmp_path):
    name = "<img src=x onerror=alert(1)>"
    folder = images(tmp_path / "mine" / name, name)
    _, _, tab = open_train(warm_lab, page, tmp_path / "state", steps=4, steps_per_epoch=4)
    tab.root.get_by_text("Your own images").click()
    tab.set("path", tmp_path / "nowhere")
    tab.expect_problem(f"There is no folder {tmp_path / 'nowhere'}")
    expect(tab.role("data")).to_contain_text("cells")
    tab.set("path", folder)
    expect(tab.role("data")).to_contain_text(f"{name}: 3 images, 96 × 96, grey")
    expect(tab.role("classes").locator("li")).to_contain_text(["background", "foreground", "Rename"])
    expect(tab.role("train-problem")).to_have_text("")
    assert page.locator("img[src=x]").count() == 0
    tab.action("start").click()
    tab.expect_state("finished")
    expect(tab.role("errors").first).to_have_attribute("aria-label", re.compile("onerror.*after epoch 1"))
    tab.action("reset").click()
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(images(tmp_path / "other").rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path))
    tab.root.locator('[data-upload="zip"]').set_input_files(packed)
    expect(tab.role("data")).to_contain_text("packed: 3 images")
    tab.root.locator('[data-upload="folder"]').set_input_files(tmp_path / "other")
    expect(tab.role("data")).to_contain_text("other: 3 images")
    # Planes of which the file does not say what they are, and masks in colour.
    colours = np.array([[0, 0, 0], [255, 0, 0]], np.uint8)
    for number in range(2):
        mask = np.zeros((96, 96), int)
        mask[20:50, 20:50] = 1
        (tmp_path / "new" / "images").mkdir(parents=True, exist_ok=True)
        (tmp_path / "new" / "masks").mkdir(exist_ok=True)
        planes = np.random.default_rng(number).integers(0, 255, (3, 96, 96), "uint8")
        tifffile.imwrite(tmp_path / "new" / "images" / f"{number}.tif", planes, photometric="minisblack")
        Image.fromarray(colours[mask]).save(tmp_path / "new" / "masks" / f"{number}.png")
    tab.set("path", tmp_path / "new")
    expect(tab.role("question").get_by_role("img")).to_have_count(3)
    tab.role("question").get_by_role("button", name="Channels of one image").click()
    expect(tab.role("data")).to_contain_text("new: 2 images, 96 × 96, RGB")
    expect(tab.role("question")).to_be_hidden()
    tab.role("classes").get_by_label("Name of class 1").fill(name)
    tab.action("name-classes").click()
    expect(tab.role("classes").locator("li").nth(1)).to_contain_text(f"{name}9.8 %")
    with page.expect_download() as sample:
        tab.action("sample").click()
    sample.value.save_as(tmp_path / "sample.zip")
    tab.root.locator('[data-upload="zip"]').set_input_files(tmp_path / "sample.zip")
    expect(tab.role("data")).to_contain_text("sample: 6 images, 128 × 128, grey")
    tab.setting("source").select_option("membranes")
    expect(tab.role("data")).to_contain_text("membranes: 24 images")


@second("what harms is tried in test_hostile and test_archives")
def test_a_zip_that_means_harm_changes_nothing(warm_lab, page, tmp_path):
    _, notebook, tab = open_train(warm_lab, page, tmp_path / "state")
    escaping, bomb, torn = (tmp_path / f"{name}.zip" for name in ("escaping", "bomb", "torn"))
    with zipfile.ZipFile(escaping, "w") as archive:
        archive.writestr("../../escaped.png", b"1")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images/a.png", bytes(1 << 28))
    torn.write_bytes(bomb.read_bytes()[:5000])
    tab.root.get_by_text("Your own images").click()
    for file in (escaping, bomb, torn):
        tab.root.locator('[data-upload="zip"]').set_input_files(file)
        tab.expect_problem(file.name)
        expect(tab.role("data")).to_contain_text("cells: 8 images")
        tab.set("path", tmp_path / "nowhere")
        tab.expect_problem("There is no folder")
    for place in (tmp_path.parent, Path(tempfile.gettempdir())):
        assert not list(place.glob("**/escaped.png"))
    assert Panel(page).root.is_visible()
    notebook.kernel("panel.close()")
