"""Where TensorFlow is not installed: what still works, and what the rest says."""

from __future__ import annotations

import os
import queue
import subprocess
import sys

import pytest

HIDE = '''
import sys

class Hidden:
    """As if they were not installed, in this process and in those that it starts."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hidden())
'''
SAYS = "TensorFlow and Keras are not installed, and nothing is built, taught or predicted without."
HOW = "Install it with `pip install tensorflow`"


@pytest.fixture
def without(tmp_path):
    """Runs code where there is no TensorFlow; gives what it prints."""
    (tmp_path / "sitecustomize.py").write_text(HIDE)
    paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": paths, "UNET_EXPLORER_STATE": str(tmp_path / "state")}

    def run(code):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_panel_the_core_and_the_images_need_none(without):
    code = (
        "from unet_explorer import UNetConfig, cells, explore, to_script, trace\n"
        "panel = explore('classroom'); cells(2, size=64); to_script(UNetConfig(), 572)\n"
        "for title in ('Build', 'Train', 'Tile', 'Inside', 'Sweep'): panel.tab(title)\n"
        "print(trace(UNetConfig(), 572).output)"
    )
    assert "388" in without(code)


@pytest.mark.parametrize(
    ("wanted", "raises"),
    [
        ("from unet_explorer import *; build_model(UNetConfig(depth=2, base_filters=4), 76)", ImportError),
        ("from unet_explorer.learning.process import Worker; Worker().warm_up()", OSError),
        (
            "from unet_explorer import *; TrainingSession(UNetConfig(depth=2, base_filters=4), cells(4, size=96), 76)"
            ".start(force=True)",
            RuntimeError,
        ),
    ],
)
def test_what_needs_it_says_so(without, wanted, raises):
    said = without(
        f"try:\n    exec({wanted!r})\n"
        f"except {raises.__name__} as error:\n"
        "    print(error, type(error).__name__, error.__cause__, error.__suppress_context__)"
    )
    assert SAYS in said
    assert HOW in said
    assert "Module" not in said


def test_the_tabs_show_it(without):
    said = without(
        "import threading\n"
        "from unet_explorer import cells, explore\n"
        "panel = explore('classroom', dataset=cells(4, size=96))\n"
        "build, train, tile, inside = map(panel.tab, ('Build', 'Train', 'Tile', 'Inside'))\n"
        "told = threading.Condition()\n"
        "def wake(_):\n"
        "    with told: told.notify_all()\n"
        "for tab in (train, tile, inside): tab.observe(wake)\n"
        "def until(true):\n"
        "    with told: assert told.wait_for(true, 60)\n"
        "build.build()\n"
        "tile.set_state({'request': {'do': 'predict', 'number': 1}})\n"
        "until(lambda: tile.problem and inside.problem and train.findings)\n"
        "train.set_state({'request': {'do': 'start', 'force': True, 'number': 1}})\n"
        "until(lambda: train.problem)\n"
        "for tab in (build, tile, inside): print(tab.state, tab.problem)\n"
        "print(train.findings[0]['weight'], train.findings[0]['message'])\n"
        "print(train.problem)\n"
        "panel.close()"
    )
    *lines, start = said.splitlines()
    assert [line.split()[0] for line in lines] == ["failed", "failed", "failed", "stop"]
    assert all(SAYS in line and HOW in line for line in lines)
    assert start == "Not started: see what is marked below."


def test_a_broken_tensorflow_is_told_by_the_worker(tmp_path, monkeypatch):
    from unet_explorer.learning.process import Worker

    for name in ("tensorflow", "keras"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('DLL load failed:\\nnot found')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = queue.Queue()
    worker = Worker()
    worker.events.connect(told.put)
    worker.warm_up()
    words = "The worker ended by itself (code 1): TensorFlow cannot be loaded: DLL load failed: not found"
    assert told.get(timeout=60) == {"event": "lost", "reason": words}
    worker.close()
