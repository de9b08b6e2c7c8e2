"""A JupyterLab of its own for a test run, and what a user does in it."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import secrets
import shutil
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
from jupyter_client import BlockingKernelClient
from packaging.version import Version
from playwright.sync_api import Page
from support import PATIENCE

from unet_explorer.server import line_settings, private_folder


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


SUBSHELLS = Version(version("ipykernel")) >= Version("7") and Version(version("jupyterlab")) >= Version("4.4")
"""Whether widget messages are served beside the cells; older ones serve them in turn."""
WORKSPACES = itertools.count()
OPEN = """async (wanted) => {
    await window.jupyterapp.restored;
    const widget = await window.jupyterapp.commands.execute("docmanager:open", wanted);
    window.jupyterapp.shell.activateById(widget.id);
}"""
USE_AGAIN = """
from ipywidgets.widgets.widget import _instances
from unet_explorer.learning import process

for each in [each for each in _instances.values() if type(each).__name__ == "Explorer"]:
    each.close()

if not hasattr(process, "kept"):

    class Kept(process.Worker):
        def close(self):
            self.events.clear()
            if self.process is not None:
                self.send({"do": "stop_maps", "of": ""})
                self.send({"do": "stop_prediction"})
                if self.open:
                    self.kill()

    process.kept = Kept()
    process.Worker = lambda: process.kept
"""
"""Closes the panels of earlier tests; all panels of a kernel share a worker, which outlives them."""


@dataclass
class Lab:
    """A running JupyterLab and the folder that it serves."""

    base: str
    token: str
    folder: Path
    home: Path
    process: subprocess.Popen
    subshells: bool = True
    kept: str = ""
    """The kernel that is used by one test after the other."""

    def notebook(self, name: str, *sources: str) -> str:
        """Write a notebook with these cells; its path within the folder."""
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, page: Page, path: str, **more) -> Notebook:
        """Through JupyterLab's own command; JupyterLab is loaded first where it is not there."""
        if page.evaluate("() => Boolean(window.jupyterapp) && location.origin") != self.base:
            # A workspace of its own has nothing to restore. With a notebook in its address, JupyterLab would open it
            # at some later moment, even if it was closed meanwhile.
            page.goto(f"{self.base}/lab/workspaces/{next(WORKSPACES)}?token={self.token}")
            page.wait_for_function("() => window.jupyterapp")
        page.evaluate(OPEN, {"path": path, **more})
        return Notebook(page).ready()

    def kernels(self) -> set[str]:
        return {kernel["id"] for kernel in self._ask("GET", "/api/kernels")}

    def start_kernel(self) -> str:
        return self._ask("POST", "/api/kernels", {"name": "python3"})["id"]

    def run(self, kernel: str, code: str) -> None:
        """Run code in a kernel without a page."""
        client = BlockingKernelClient()
        client.load_connection_file(str(self.home / "jupyter_runtime_dir" / f"kernel-{kernel}.json"))
        client.start_channels()
        try:
            reply = client.execute_interactive(code, store_history=False, timeout=PATIENCE)
            assert reply["content"]["status"] == "ok", reply["content"]
        finally:
            client.stop_channels()

    def end_kernels(self) -> None:
        """End all kernels but the kept one, and with them their workers."""
        for kernel in self.kernels() - {self.kept}:
            # It may have ended meanwhile.
            with contextlib.suppress(urllib.error.HTTPError):
                self._ask("DELETE", f"/api/kernels/{kernel}")

    def _ask(self, method: str, path: str, body: object = None):
        headers = {"Authorization": f"token {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body = answer.read()
        return json.loads(body) if body else None


class WarmLab:
    """The same JupyterLab, whose notebooks all have the same kernel: what is imported and warm there stays so."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.folder, self.notebook = lab.folder, lab.notebook

    def open(self, page: Page, path: str) -> Notebook:
        if self._lab.kept not in self._lab.kernels():
            self._lab.kept = self._lab.start_kernel()
        # While no page is connected, which would ask the kernel for the widgets that are being closed.
        self._lab.run(self._lab.kept, USE_AGAIN)
        return self._lab.open(page, path, kernel={"id": self._lab.kept, "name": "python3"})


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
        end = time.monotonic() + PATIENCE
        while (found := self.kernel(f"print({expression})")) != printed:
            assert time.monotonic() < end, f"{expression} is {found}, not {printed}"


def start_lab(folder: Path, home: Path, settings: dict[str, object] | None = None, *more: str) -> Lab:
    port, token, sockets = free_port(), secrets.token_hex(16), private_folder()
    if sockets is not None:
        atexit.register(shutil.rmtree, sockets, ignore_errors=True)
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
        # As the command does it; a port that is chosen may be taken by another test before the kernel has it.
        *(f"--{name}={value}" for name, value in line_settings(sockets).items()),
    ]
    with (home / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT)
    wait_until_it_answers(process, f"http://127.0.0.1:{port}/api?token={token}")
    return Lab(f"http://127.0.0.1:{port}", token, folder, home, process, subshells=SUBSHELLS and not settings)


def wait_until_it_answers(process: subprocess.Popen, url: str, patience: float = PATIENCE) -> None:
    """Until a server that was just started answers at an address."""
    end = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=PATIENCE).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"Nothing answers at {url}")
