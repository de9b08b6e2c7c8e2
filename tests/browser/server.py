"""A JupyterLab of its own for a test run, and what a user does in it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nbformat
from packaging.version import Version
from playwright.sync_api import Page


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


SUBSHELLS = Version(version("ipykernel")) >= Version("7") and Version(version("jupyterlab")) >= Version("4.4")
"""Whether widget messages are served beside the cells; older ones serve them in turn."""
_PATIENCE = 20
"""Seconds until what was turned in the browser must have reached the kernel."""

OPEN = """async (path) => {
    const widget = await window.jupyterapp.commands.execute("docmanager:open", { path });
    window.jupyterapp.shell.activateById(widget.id);
}"""


@dataclass
class Lab:
    """A running JupyterLab and the folder that it serves."""

    base: str
    token: str
    folder: Path
    process: subprocess.Popen
    subshells: bool = True

    def notebook(self, name: str, *sources: str) -> str:
        """Write a notebook with these cells; its path within the folder."""
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, page: Page, path: str) -> Notebook:
        if page.evaluate("() => Boolean(window.jupyterapp) && location.origin") == self.base:
            page.evaluate(OPEN, path)
        else:
            page.goto(f"{self.base}/lab/tree/{path}?token={self.token}&reset")
        return Notebook(page).ready()

    def end_kernels(self) -> None:
        """End all kernels, and with them their workers."""
        for kernel in self._ask("GET", "/api/kernels"):
            # It may have ended meanwhile.
            with contextlib.suppress(urllib.error.HTTPError):
                self._ask("DELETE", f"/api/kernels/{kernel['id']}")

    def _ask(self, method: str, path: str):
        headers = {"Authorization": f"token {self.token}"}
        request = urllib.request.Request(f"{self.base}{path}", method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read()
        return json.loads(body) if body else None


class Notebook:
    """What a user does with an open notebook, through JupyterLab's own commands."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def ready(self) -> Notebook:
        self.page.wait_for_selector(".jp-Notebook:visible")
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

    def expect_kernel(self, expression: str, printed: str) -> None:
        """Ask the kernel for a value until it is the expected one: what was turned last may still be on its way."""
        end = time.monotonic() + _PATIENCE
        while (found := self.kernel(f"print({expression})")) != printed:
            assert time.monotonic() < end, f"{expression} is {found}, not {printed}"


def start_lab(folder: Path, home: Path, settings: dict[str, object] | None = None, *more: str) -> Lab:
    port, token = free_port(), secrets.token_hex(16)
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    environment = {name: str(home / name.lower()) for name in (*places, "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")}
    # No question about news over the page.
    wanted = {"notification": {"fetchNews": "false", "checkForUpdates": False}, "kernels-settings": settings}
    folder_of_settings = home / "jupyterlab_settings_dir/@jupyterlab/apputils-extension"
    folder_of_settings.mkdir(parents=True)
    for kind, values in wanted.items():
        (folder_of_settings / f"{kind}.jupyterlab-settings").write_text(json.dumps(values or {}))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"),
        *("--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"),
        *("--expose-app-in-browser", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        *("--LabApp.news_url=None", *more),
    ]
    with (home / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT)
    wait_until_it_answers(process, f"http://127.0.0.1:{port}/api?token={token}")
    return Lab(f"http://127.0.0.1:{port}", token, folder, process, subshells=SUBSHELLS and not settings)


def wait_until_it_answers(process: subprocess.Popen, url: str, patience: float = 120.0) -> None:
    """Until a server that was just started answers at an address."""
    end = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Nothing answers at {url}")
