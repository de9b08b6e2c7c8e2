"""The page without cells, for a class: each its own kernel, nothing from elsewhere, nothing left, all in turn."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

import psutil
import pytest
from panel import Panel
from playwright.sync_api import expect
from server import free_port
from support import PATIENCE
from tabs import open_tab
from websocket import WebSocketTimeoutException, create_connection

from unet_explorer import __main__ as command
from unet_explorer import explore

HANGS = 20
"""Seconds after which a server that does nothing else any more is given up: it eats memory."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The page, served for real; its process, its address with the token, and its port."""
    tmp_path = tmp_path_factory.mktemp("app")
    # As a user who likes to live dangerously would have set it up.
    (tmp_path / "voila.py").write_text("c.Voila.ip = '0.0.0.0'\nc.Voila.token = ''\nraise SystemExit\n")
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")},
        "UNET_EXPLORER_STATE": str(tmp_path / "state"),
        "UNET_EXPLORER_PLACES": "1",
        "JUPYTER_CONFIG_DIR": str(tmp_path),
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PYTHONUNBUFFERED": "1",
    }
    arguments = ["--app", "--no-browser", "--port", str(port), "--grace", "2", "--design", "paper"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "unet_explorer", *arguments],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "log.txt").open("wb"),
        text=True,
    )
    line = process.stdout.readline()
    yield process, line.split()[-1], port
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=PATIENCE)
    finally:
        # Nothing else ends a server that goes round and round.
        process.kill()


@pytest.fixture
def users(browser):
    """People at different machines; whatever goes wrong on their pages fails the test, and so does a look elsewhere."""
    contexts, errors, fetched = [], [], []

    def user(url):
        context = browser.new_context(viewport={"width": 1366, "height": 768})
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE)
        context.on("request", lambda request: fetched.append(request.url))
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        panel = Panel(page)
        expect(panel.step("head")).to_be_visible()
        expect(panel.root).to_have_attribute("data-kernel", "answers")
        return panel

    yield user, fetched
    for each in contexts:
        each.close()
    assert not errors


def processes(app: psutil.Process, kind: str) -> set[psutil.Process]:
    """Kernels, or workers, that the app has started, directly or not."""
    found = set()
    for each in app.children(recursive=True):
        try:
            if kind in " ".join(each.cmdline()):
                found.add(each)
        except psutil.Error:
            # It has ended meanwhile.
            continue
    return found


def test_two_users_each_with_a_kernel_that_ends_with_the_page(app, users):
    process, url, port = app
    server, (user, fetched) = psutil.Process(process.pid), users
    assert {each.laddr.ip for each in server.net_connections() if each.status == "LISTEN"} == {"127.0.0.1"}
    for path in ("", "?token=wrong", "api/kernels"):
        # Without the token there is a form that asks for it, or nothing.
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=PATIENCE) as answer:
                assert "/login" in answer.url
        except urllib.error.HTTPError as refused:
            assert refused.code in {403, 404}
    link = explore("classroom", tile=196).link
    one, two = user(f"{url}&design={link}"), user(f"{url}&design={link[:-1]}")
    one.expect_tile(196, 196)
    # A link that was cut off is said in words, and the usual design is there.
    expect(two.page.get_by_role("alert").first).to_contain_text("was cut off or mistyped")
    assert "Traceback" not in two.page.content()
    two.expect_tile(188, 188)
    kernels = processes(server, "kernel-")
    assert len(kernels) == 2
    # Both want to learn, and there is one place.
    learning, waiting = open_tab(one.page, "Train"), open_tab(two.page, "Train")
    for each in (learning, waiting):
        expect(each.role("data")).to_contain_text("images")
    learning.action("start").click()
    learning.expect_state("starting", "running")
    waiting.action("start").click()
    waiting.expect_state("waiting")
    expect(waiting.role("train-state")).to_contain_text("waiting for its turn · 1 before you")
    expect(waiting.action("stop")).to_have_attribute("aria-disabled", "false")
    expect(waiting.action("pause")).to_have_attribute("aria-disabled", "true")
    # Whoever closes the page lets the other have its turn, and leaves nothing.
    one.page.close(run_before_unload=True)
    waiting.expect_state("starting", "running")
    wait_for(lambda: len(processes(server, "kernel-")) == 1 and len(processes(server, "worker.main")) == 1)
    assert not [url for url in fetched if not url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:"))]
    expect(two.root).to_have_attribute("data-kernel", "answers")
    # There is no cell to run again.
    (kernel,) = processes(server, "kernel-")
    kernel.kill()
    expect(two.role("gone")).to_have_text("The kernel is gone: nothing in this tab can be computed. Reload the page.")
    # A page that is cut off says nothing; it is given up after a while, with what it had.
    two.page.context.close()
    wait_for(lambda: not processes(server, "kernel-") and not processes(server, "worker.main"))


def test_a_client_of_the_older_protocol_is_answered_and_so_is_everybody_else(app):
    process, url, port = app
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        kernel = re.search(r'"kernelId": "([^"]+)"', answer.read().decode())[1]
    line = f"ws://127.0.0.1:{port}/api/kernels/{kernel}/channels?{url.partition('?')[2]}"
    try:
        header, content = picture_of(line)
        assert header["msg_type"] == "comm_msg"
        assert content["data"]["method"] == "update"
        urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=HANGS).close()
    except (TimeoutError, WebSocketTimeoutException):
        # Its memory would grow as long as it goes on.
        process.kill()
        raise
    wait_for(lambda: not processes(psutil.Process(process.pid), "kernel-"))


def picture_of(line):
    """Make a picture in a kernel, and ask for it, without a word on the protocol that is spoken; what comes back.

    Whatever has bytes beside it, as a picture has, comes as one binary message.
    """
    names = {"_model_name": "ImageModel", "_view_name": "ImageView"}
    for part in ("model", "view"):
        names |= {f"_{part}_module": "@jupyter-widgets/controls", f"_{part}_module_version": "2.0.0"}
    comm = {"comm_id": uuid.uuid4().hex}
    made = {"target_name": "jupyter.widget", "data": {"state": names, "buffer_paths": []}}
    connection = create_connection(line, timeout=HANGS)
    for kind, content in (("comm_open", made), ("comm_msg", {"data": {"method": "request_state"}})):
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "x", "username": "", "version": "5.2"}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {"version": "2.1.0"}}
        connection.send(json.dumps({**message, "content": {**comm, **content}}))
    while isinstance(message := connection.recv(), str):
        continue
    connection.close()
    # How many parts there are, and where each begins: numbers of four bytes (Jupyter Client, the older protocol).
    parts, begins, ends = (int.from_bytes(message[at : at + 4], "big") for at in (0, 4, 8))
    assert parts == 2
    read = json.loads(message[begins:ends])
    return read["header"], read["content"]


def wait_for(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_without_voila_it_says_how_to_get_it(tmp_path):
    (tmp_path / "voila.py").write_text("raise ModuleNotFoundError(\"No module named 'voila'\", name='voila')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, "-m", "unet_explorer", "--app"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.endswith('pip install "unet_explorer[app]"\n')
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--ip", "0.0.0.0"], "--ip and --grace go with --app"),
        (["--app", "--ip", "here"], "'here' is no address of a network card"),
        (["--app", "--grace", "0"], "'0' is no number of seconds"),
        (["--app", "--folder", "."], "--folder goes without --app"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err
