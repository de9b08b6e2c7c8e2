"""A real JupyterLab and a real Chromium, both of this machine alone."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """Its path; None where Playwright has brought its own. Installed if there is none."""
    if found := find_chromium():
        return found
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


@pytest.fixture
def page(browser) -> Iterator[Page]:
    """A page of its own, tall enough for the panel; whatever goes wrong in it fails the test."""
    context = browser.new_context(viewport={"width": 1500, "height": 2200})
    context.set_default_timeout(30_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert not errors


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@dataclass
class Lab:
    """A running JupyterLab and the folder that it serves."""

    base: str
    token: str
    folder: Path
    process: subprocess.Popen
    subshells: bool = True

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base}/api?token={self.token}", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def notebook(self, name: str, *sources: str) -> str:
        """Write a notebook with these cells; its path within the folder."""
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, page: Page, path: str) -> Notebook:
        page.goto(f"{self.base}/lab/tree/{path}?token={self.token}&reset")
        return Notebook(page).ready()


class Notebook:
    """What a user does with an open notebook, through JupyterLab's own commands."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def ready(self) -> Notebook:
        self.page.wait_for_selector(".jp-Notebook")
        self.page.evaluate(
            """async () => {
                const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
                await context.ready;
                await sessionContext.ready;
                await sessionContext.session.kernel.info;
            }"""
        )
        return self

    def command(self, name: str, **arguments) -> None:
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    def run_all(self) -> None:
        self.command("notebook:run-all-cells")

    def kernel(self, code: str) -> str:
        """Run code in the notebook's kernel, beside its cells, and give back what it printed."""
        return self.page.evaluate(
            """async (code) => {
                const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const future = kernel.requestExecute({ code, store_history: false });
                let printed = "";
                future.onIOPub = (message) => {
                    if (message.header.msg_type === "stream") printed += message.content.text;
                    if (message.header.msg_type === "error") throw new Error(message.content.evalue);
                };
                await future.done;
                return printed.trim();
            }""",
            code,
        )


def start_lab(folder: Path, home: Path, settings: dict[str, object] | None = None) -> Lab:
    port, token = free_port(), secrets.token_hex(16)
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    environment = {name: str(home / name.lower()) for name in (*places, "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")}
    if settings:
        file = home / "jupyterlab_settings_dir/@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"),
        *("--expose-app-in-browser", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        "--LabApp.news_url=None",
    ]
    with (home / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT)
    return Lab(f"http://127.0.0.1:{port}", token, folder, process, subshells=not settings)


def wait_until_it_answers(lab: Lab) -> Lab:
    while lab.process.poll() is None:
        if lab.answers():
            return lab
    raise RuntimeError("JupyterLab did not start")


@pytest.fixture(scope="session", params=["subshells as they come", "subshells disabled"])
def any_lab(request, tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab with widget messages served beside the cells, and in turn with them."""
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    settings = {"commsOverSubshells": "disabled"} if "disabled" in request.param else None
    lab = start_lab(folder, home, settings)
    try:
        yield wait_until_it_answers(lab)
    finally:
        lab.process.terminate()
        lab.process.wait(60)


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> Iterator[Lab]:
    folder, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    running = start_lab(folder, home)
    try:
        yield wait_until_it_answers(running)
    finally:
        running.process.terminate()
        running.process.wait(60)
