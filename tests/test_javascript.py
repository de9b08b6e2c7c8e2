"""The panel's JavaScript: its types, what a linter finds, and its pure parts, in Node.js without a browser."""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import platformdirs
import pytest
from filelock import FileLock

from unet_explorer import PRESETS, UNetConfig
from unet_explorer.data.made.wanted import Made
from unet_explorer.panel.instrument.facts import describe, knobs
from unet_explorer.panel.instrument.pack import offered
from unet_explorer.panel.link import Link, write_link
from unet_explorer.panel.page import link_table
from unet_explorer.panel.sources import ACCEPTED
from unet_explorer.panel.tabs.chosen_image import start_of

OLDEST = (20, 19)
"""The first Node.js that has all that is used here."""
AWAY = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|E50\d"
)
"""What npm says where the registry cannot be reached."""


def leave_out(reason: str) -> None:
    """Where it is not possible here; whoever publishes must not be told that all is well."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str | Path, cwd: Path, **more: str) -> None:
    given, environment = list(map(str, command)), {**os.environ, **more}
    done = subprocess.run(given, cwd=cwd, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        pytest.fail(f"{done.stdout}\n{done.stderr}", pytrace=False)


@functools.cache
def cache_folder() -> Path:
    try:
        folder = platformdirs.user_cache_path("unet_explorer", appauthor=False)
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.gettempdir())


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if not found:
        leave_out("Node.js is not installed: the JavaScript is not checked.")
    assert found is not None
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, version.strip().removeprefix("v").split(".")[:2])) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        leave_out(f"Node.js {version.strip()} is too old, {needed} is needed: the JavaScript is not checked.")
    return found


@pytest.fixture(scope="session")
def tools(project, node) -> Path:
    """The packages that the lock names, installed once for all runs with the same lock."""
    source = project / "tests" / "javascript"
    npm = shutil.which("npm")
    if not npm:
        leave_out("npm is not installed: types and style of the JavaScript are not checked.")
    assert npm is not None
    names = ("package.json", "package-lock.json", ".npmrc")
    lock = hashlib.sha256(b"".join((source / name).read_bytes() for name in names)).hexdigest()[:16]
    folder = cache_folder() / f"javascript-{lock}"
    # Runs of several checkouts, and several processes of one, share it.
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in names:
                shutil.copy(source / name, folder)
            quick = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
            install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", *quick]
            done = subprocess.run(install, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode and AWAY.search(done.stderr):
                leave_out("npm's registry cannot be reached: types and style of the JavaScript are not checked.")
            assert not done.returncode, done.stderr
            (folder / "done").touch()
    return folder / "node_modules"


def networks() -> dict[str, tuple[UNetConfig, int]]:
    return {
        "paper": (PRESETS["paper"].config, 572),
        "small": (UNetConfig(depth=2, base_filters=2), 76),
        "padded": (UNetConfig(depth=2, base_filters=2, padding="same", kernel_size=5), 64),
        "plain": (UNetConfig(depth=1, convs_per_block=1, skips=False, batch_norm=True, dropout=0.5), 64),
        "smooth": (UNetConfig(depth=3, base_filters=1, upsampling="bilinear", kernel_size=7), 572),
    }


def is_taken(name: str, text: str) -> bool:
    """Whether Python takes a number that is typed for a knob."""
    value = float(text)
    try:
        UNetConfig.from_dict(UNetConfig().to_dict() | {name: int(value) if value.is_integer() else value})
    except ValueError:
        return False
    return True


def links() -> list[list[object]]:
    """Texts of links, with what they say."""
    scenes = [
        Link(UNetConfig(), (572, 572)),
        Link(UNetConfig(depth=3, base_filters=8, dropout=0.15), (188, 252), selected="dec1_concat", lesson="why-572"),
        Link(UNetConfig(padding="same", upsampling="bilinear", batch_norm=True, skips=False), (64, 64)),
        Link(UNetConfig(dropout=0.5, head_activation="softmax"), (1, 1_000_000), lock=("tile",), hide=("sides",)),
        Link(UNetConfig(depth=2), (60, 60), Made("shapes", seed=3), batch_size=4, selected="input"),
        Link(UNetConfig(depth=2), (60, 60), opened="Train"),
        Link(UNetConfig(depth=5), (700, 600), selected="head", opened="Sweep", lesson="skips"),
    ]
    names = ("config", "tile", "selected", "opened", "lesson")
    said = [{name: getattr(each, name) for name in names} for each in scenes]
    return [
        [write_link(each), {**one, "config": one["config"].to_dict(), "opened": one["opened"].lower()}]
        for each, one in zip(scenes, said, strict=True)
    ]


@pytest.fixture(scope="session")
def facts(tmp_path_factory) -> Path:
    """What Python tells the browser, for tests that are written in JavaScript."""
    places = itertools.product((0, 0.1, 1 / 3, 0.5, 0.77, 1), (1, 60, 97, 512), (1, 60, 76, 572, 600))
    numbers = ("-1", "-0.1", "0", "0.05", "0.999", "1", "1.5", "2", "7", "8", "64", "1e3", "1025", "123456789")
    typed = itertools.product([knob["name"] for knob in knobs() if knob["kind"] == "number"], numbers)
    told = {
        "networks": {name: describe(config) for name, (config, tile) in networks().items()},
        "starts": [(*each, start_of(*each)) for each in places],
        "accepted": ACCEPTED,
        "offered": [describe(config) for config in offered()],
        "links": links(),
        "table": link_table(),
        "knobs": knobs(),
        "typed": [(*each, is_taken(*each)) for each in typed],
    }
    file = tmp_path_factory.mktemp("javascript") / "facts.json"
    file.write_text(json.dumps(told), "utf-8")
    return file


def test_types(project, node, tools):
    roots = tools / "@types"
    run(node, tools / "typescript" / "bin" / "tsc", "-p", "tests/javascript", "--typeRoots", roots, cwd=project)


def test_style(project, node, tools):
    config = ["--config", "tests/javascript/eslint.config.js", "--no-config-lookup", "--max-warnings", "0"]
    eslint = tools / "eslint" / "bin" / "eslint.js"
    run(node, eslint, *config, "unet_explorer/panel/static", "tests/javascript", cwd=project, NODE_PATH=str(tools))


def test_pure_parts(project, node, facts):
    files = sorted(str(path.relative_to(project)) for path in (project / "tests" / "javascript").glob("*.test.js"))
    assert len(files) > 10
    quiet = "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"
    run(node, quiet, "--test", *files, cwd=project, UNET_EXPLORER_FACTS=str(facts))
