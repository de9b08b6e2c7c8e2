"""A real JupyterLab and a real Chromium, both of this machine alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, expect, sync_playwright
from server import Lab, start_lab
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
# How long a busy machine may take; nothing waits longer than it must.
expect.set_options(timeout=20_000)
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


@pytest.fixture(scope="session", params=["subshells as they come", "subshells disabled"])
def every_lab(request, tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab with widget messages served beside the cells, and in turn with them."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    settings = {"commsOverSubshells": "disabled"} if "disabled" in request.param else None
    lab = start_lab(folder, home, settings)
    try:
        yield lab
    finally:
        lab.process.terminate()
        lab.process.wait(60)


@pytest.fixture(scope="session")
def one_lab(tmp_path_factory) -> Iterator[Lab]:
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    running = start_lab(folder, home)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.wait(60)


@pytest.fixture
def any_lab(every_lab) -> Iterator[Lab]:
    """The same, without the kernels of other tests."""
    yield every_lab
    every_lab.end_kernels()


@pytest.fixture
def lab(one_lab) -> Iterator[Lab]:
    """JupyterLab as it comes, without the kernels of other tests: they take memory, and some would train on."""
    yield one_lab
    one_lab.end_kernels()
