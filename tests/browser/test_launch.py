"""The README's main command, started for real."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.sign import NotebookNotary
from playwright.sync_api import Page, expect
from server import free_port, wait_until_it_answers
from support import PATIENCE, everything, second

from unet_explorer import explore

COMMAND = Path(sys.executable).with_name("unet-explorer")


@pytest.fixture
def page(window, page):
    """A page that is closed at once: JupyterLab waits for it when it stops."""
    yield page
    window.drop()


@pytest.fixture
def start(tmp_path):
    """Start the command in a home of its own; stopped, with all its children, at the end."""
    running = []

    def run(*arguments: str, config: str = "") -> tuple[subprocess.Popen, str]:
        home = tmp_path / "home"
        (home / "config").mkdir(parents=True, exist_ok=True)
        (home / "config" / "jupyter_server_config.py").write_text(config)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(tmp_path),
        }
        process = subprocess.Popen(
            [COMMAND, "--no-browser", *arguments],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(process)
        printed = ""
        for line in process.stdout:
            printed += line
            words = line.split()
            if words and words[-1].startswith("http://127.0.0.1") and "token=" in words[-1]:
                wait_until_it_answers(process, words[-1])
                return process, words[-1]
        process.wait()
        return process, printed

    yield run
    for process in running:
        if process.poll() is None:
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGTERM)
            try:
                # Read to its end: what it says while it stops must go somewhere.
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                # How JupyterLab stops is not what is tested here.
                for each in (*filter(psutil.Process.is_running, children), process):
                    each.kill()
                process.communicate()


def open_alive(page: Page, url: str) -> None:
    """Nothing needs to be pressed."""
    page.goto(url)
    expect(page.locator('.unet-explorer [data-step="head"]')).to_be_visible()


def expect_nobody_else_can_listen(runtime: Path, kernel: str, processes: list[psutil.Process]) -> None:
    """What comes out of a kernel is not encrypted: it goes through files of the owner's, or has a port that is said."""
    connection = runtime / f"kernel-{kernel}.json"
    told = json.loads(connection.read_text())
    assert connection.stat().st_mode & 0o077 == 0
    if not sys.platform.startswith("linux"):
        assert told["transport"] == "tcp"
        return
    assert told["transport"] == "ipc"
    folder = Path(told["ip"]).parent
    assert (folder.stat().st_mode & 0o777, folder.stat().st_uid) == (0o700, os.getuid())
    numbers = [told[f"{name}_port"] for name in ("shell", "iopub", "stdin", "control", "hb")]
    assert all(Path(f"{told['ip']}-{number}").is_socket() for number in numbers)
    listening = [each for process in processes for each in process.net_connections() if each.status == "LISTEN"]
    # One is ipykernel's entrance for what the kernel's own children print: it takes in, by a secret, and tells nothing.
    assert len(listening) <= 1
    assert not {each.laddr.port for each in listening} & set(numbers)


def test_the_command_opens_the_notebook(start, page, project, tmp_path):
    # As a user who likes to live dangerously would have set it up.
    hostile = "c.ServerApp.ip = '0.0.0.0'\nc.IdentityProvider.token = ''\nc.PasswordIdentityProvider.token = ''\n"
    port = free_port()
    before = (project / "notebooks" / "explore.ipynb").read_bytes()
    process, url = start("--port", str(port), config=hostile)
    assert url.startswith(f"http://127.0.0.1:{port}/lab/tree/explore.ipynb?token=")
    # On no other address of this machine does anything answer at that port.
    others = {
        each.address
        for addresses in psutil.net_if_addrs().values()
        for each in addresses
        if each.family == socket.AF_INET
    } - {"127.0.0.1"}
    for address in others:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, port), timeout=PATIENCE).close()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/contents", timeout=PATIENCE)
    assert refused.value.code == 403
    open_alive(page, url)
    expect(page.locator('.unet-explorer [data-role="status"]')).to_contain_text("188 × 188 fits → 100 × 100")
    expect(page.locator(".jp-FileBrowser")).to_be_hidden()
    # Nothing was asked of the user, and nothing was fetched from elsewhere.
    expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)
    kernels = json.load(
        urllib.request.urlopen(url.replace("/lab/tree/explore.ipynb", "/api/kernels"), timeout=PATIENCE)
    )
    assert len(kernels) == 1
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    expect_nobody_else_can_listen(tmp_path / "home" / "runtime", kernels[0]["id"], children)
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    process.wait(PATIENCE)
    _, alive = psutil.wait_procs(children, timeout=PATIENCE)
    assert not alive
    assert not list(tmp_path.glob("unet-*")), "the folder of the sockets goes with the server"
    assert (project / "notebooks" / "explore.ipynb").read_bytes() == before


@second("a server of its own; what is fetched is looked for in test_imports")
def test_the_page_asks_nobody_else(start, page):
    _, url = start("--port", str(free_port()))
    # What it has shown before may have something left to save.
    page.goto("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_alive(page, url)
    elsewhere = [each for each in asked if not each.startswith((url.split("/lab")[0], "data:", "blob:"))]
    assert elsewhere == []


def expect_nothing_runs(page: Page) -> None:
    """The kernel is there and idle, and has been asked for nothing."""
    expect(page.locator(".jp-StatusBar-Widget")).to_contain_text("Python 3 (ipykernel) | Idle")
    expect(page.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[ ]:")
    assert page.locator(".unet-explorer").count() == 0


@second("a server of its own")
def test_what_lies_beside_the_notebook_is_not_imported_and_a_reload_runs_nothing_twice(start, page, tmp_path):
    folder = tmp_path / "from elsewhere"
    folder.mkdir()
    for name in ("unet_explorer", "anywidget", "numpy"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w').close()\nraise SystemExit('taken')")
    _, url = start("--folder", str(folder), "--port", str(free_port()))
    open_alive(page, url)
    assert not (tmp_path / "taken").exists()
    expect(page.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[1]:")
    saved = folder / "explore.ipynb"
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert json.loads(saved.read_text("utf-8"))["cells"][1]["outputs"]
    page.locator('[data-number="depth"]').fill("2")
    page.locator('[data-number="depth"]').press("Enter")
    expect(page.locator('.ue-paper [data-step="enc2_conv1"]')).to_have_count(0)
    page.goto(url)
    # The same panel, as it was left.
    expect(page.locator('.unet-explorer [data-step="head"]')).to_be_visible()
    expect(page.locator('.ue-paper [data-step="enc2_conv1"]')).to_have_count(0)
    expect(page.locator(".jp-CodeCell .jp-InputPrompt").first).to_have_text("[1]:")


def test_a_lab_that_was_started_otherwise_runs_nothing_and_shows_what_was_saved(lab, page, project):
    notebook = json.loads((project / "notebooks" / "explore.ipynb").read_text("utf-8"))
    cell = notebook["cells"][1]
    bundle, metadata = explore("classroom")._repr_mimebundle_()
    cell["outputs"] = [{"output_type": "execute_result", "execution_count": 1, "data": bundle, "metadata": metadata}]
    (lab.folder / "explore.ipynb").write_text(json.dumps(notebook))
    lab.open(page, "explore.ipynb")
    expect_nothing_runs(page)
    # It is from elsewhere, so no script of it is run.
    picture = page.locator(".jp-OutputArea-output img")
    expect(picture).to_have_attribute("src", re.compile("^data:image/svg"))
    expect(picture).to_have_attribute(
        "alt", re.compile("U-Net of depth 3 with 8 filters, tile 188 × 188. Run this cell")
    )
    assert page.locator(".jp-OutputArea-output iframe").count() == 0
    # One's own, or one that is trusted: the instrument itself, and still nothing runs.
    trusted = lab.folder / "own.ipynb"
    trusted.write_text(json.dumps(notebook))
    NotebookNotary(data_dir=str(lab.home / "jupyter_data_dir")).sign(nbformat.read(trusted, as_version=4))
    lab.open(page, "own.ipynb")
    inside = page.frame_locator(".jp-OutputArea-output iframe")
    inside.locator('[data-number="depth"]').fill("2")
    inside.locator('[data-number="depth"]').press("Enter")
    expect(inside.locator('[data-step="enc1_conv1"]')).to_be_visible()
    expect(inside.locator('[data-step="enc2_conv1"]')).to_have_count(0)


@pytest.mark.more
@pytest.mark.skipif(not everything(), reason="looked at with --all; the copying itself is tested in test_main")
def test_an_edited_notebook_is_opened_as_it_was_left(start, page, tmp_path, project):
    folder = tmp_path / "mine"
    folder.mkdir()
    edited = json.loads((project / "notebooks" / "explore.ipynb").read_text("utf-8"))
    edited["cells"][0]["source"] = "# My own lesson"
    (folder / "explore.ipynb").write_text(json.dumps(edited))
    _, url = start("--folder", str(folder), "--port", str(free_port()))
    page.goto(url)
    expect(page.locator(".jp-Notebook h1").first).to_contain_text("My own lesson")
    expect_nothing_runs(page)
    assert json.loads((folder / "explore.ipynb").read_text()) == edited


def test_a_port_that_is_taken_is_said(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process, printed = start("--port", str(taken.getsockname()[1]))
    assert process.returncode != 0
    assert "already in use" in printed or "unavailable" in printed
    assert "Traceback" not in printed


def test_python_dash_m_is_the_same_command():
    command = [sys.executable, "-m", "unet_explorer", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("unet_explorer ")
