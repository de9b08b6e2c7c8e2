"""A real JupyterLab and a real Chromium, both of this machine alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, expect, sync_playwright
from server import Lab, WarmLab, start_lab
from support import PATIENCE, exhaustive
from window import Window

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=1000 * PATIENCE)
SUBSHELLS = ["subshells as they come", "subshells disabled"]
"""Widget messages are served beside the cells, or in turn with them."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """Its path; None where Playwright has brought its own. Installed if there is none."""
    if found := find_chromium():
        return found
    # Tests run in several processes.
    with FileLock(Path(tempfile.gettempdir()) / "unet_explorer_chromium.lock"):
        return find_chromium() or install_chromium()


def install_chromium() -> str | None:
    if shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        for command in (["apt-get", "update"], install):
            subprocess.run(command, env=environment, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return find_chromium()
    subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=True)
    return None


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def window(browser) -> Iterator[Window]:
    kept = Window(browser)
    yield kept
    kept.drop()


@pytest.fixture
def page(window) -> Iterator[Page]:
    """A page tall enough for the panel, with nothing open in it; whatever goes wrong in it fails the test."""
    opened = window.page()
    errors: list[str] = []

    def note(error) -> None:
        errors.append(str(error))

    opened.on("pageerror", note)
    yield opened
    window.tidy()
    opened.remove_listener("pageerror", note)
    assert not errors


@pytest.fixture(scope="session")
def labs(tmp_path_factory) -> Iterator[Callable[[str], Lab]]:
    """JupyterLab with a setting of the subshells, started when it is first asked for."""
    running: dict[str, Lab] = {}

    def lab(subshells: str) -> Lab:
        if subshells not in running:
            folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
            settings = {"commsOverSubshells": "disabled"} if "disabled" in subshells else None
            running[subshells] = start_lab(folder, home, settings)
        return running[subshells]

    yield lab
    for each in running.values():
        each.process.terminate()
    for each in running.values():
        each.process.wait(PATIENCE)


def without_kernels(lab: Lab) -> Iterator[Lab]:
    """Without the kernels of other tests: they take memory, and some would train on."""
    yield lab
    lab.end_kernels()


@pytest.fixture(params=SUBSHELLS)
def each_lab(labs, request) -> Iterator[Lab]:
    """JupyterLab with each setting of the subshells, for tests that tell them apart."""
    yield from without_kernels(labs(request.param))


@pytest.fixture(params=exhaustive(SUBSHELLS, SUBSHELLS[:1]))
def any_lab(labs, request) -> Iterator[Lab]:
    """JupyterLab as it comes, and with ``--all`` with each setting of the subshells, which must make no difference."""
    yield from without_kernels(labs(request.param))


@pytest.fixture
def lab(labs) -> Iterator[Lab]:
    """JupyterLab as it comes; every notebook has a kernel of its own."""
    yield from without_kernels(labs(SUBSHELLS[0]))


@pytest.fixture
def warm_lab(labs) -> WarmLab:
    """JupyterLab as it comes; a notebook has the kernel of the notebook before, for tests that do not ask for more."""
    return WarmLab(labs(SUBSHELLS[0]))


@pytest.fixture
def from_disc(browser):
    """A page without a network, whose every request and every word of the console is noted."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True)
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    assert [url for url in asked if not url.startswith(("file:", "about:", "blob:file:", "blob:null"))] == []
    assert said == [], "nothing is refused by the page's own policy"
    context.close()
