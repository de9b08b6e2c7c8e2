"""How the tests are run.

By default, seeds are fixed, a property is tried on a quarter of its examples, and where all combinations of something
are compared, so many are that any two values occur together. ``--all`` draws all examples with seeds of chance, which
a failure prints, and compares all combinations. ``--quick`` runs what needs neither a browser nor TensorFlow.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock
from hands import SMALL, TILE
from hypothesis import HealthCheck, settings
from quickly import TESTS, Quickly
from support import FULL, PROJECT

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests that run at once do not wait for each other, be it for a place or until another worker is warm; and they leave
# nothing with whoever runs them.
os.environ.setdefault("UNET_EXPLORER_PLACES", "0")
STATE = tempfile.TemporaryDirectory(prefix="unet_explorer-tests-", ignore_cleanup_errors=True)
os.environ["UNET_EXPLORER_STATE"] = STATE.name

# No timed asserts: a slow machine is no defect.
settings.register_profile("all", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("default", settings.get_profile("all"), max_examples=FULL // 4, derandomize=True)


def pytest_addoption(parser):
    group = parser.getgroup("how much is tested")
    group.addoption("--quick", action="store_true", help="only what needs neither a browser nor TensorFlow")
    group.addoption("--all", action="store_true", help="all examples and all combinations, with seeds of chance")


def pytest_configure(config):
    quick, everything = config.getoption("quick"), config.getoption("all")
    if quick and everything:
        raise pytest.UsageError("--quick leaves out what --all is for: give one of them.")
    # Before any test is read, for some choose their examples then.
    settings.load_profile("all" if everything else "default")
    if quick:
        config.pluginmanager.register(Quickly())


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """All that is collected stays to the end; looking through it for what is not needed any more takes seconds.

    Keras asks for that often, and Python does while so much is made.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(TESTS / "browser"):
            item.add_marker("browser")
        elif "worker" in getattr(item, "fixturenames", ()) or item.name.endswith("[build_model]"):
            item.add_marker("tensorflow")
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("more")
    # Those that take long come first, so that those that are left at the end can be shared out evenly; and those on an
    # empty page before those in JupyterLab, which takes seconds to load anew.
    items.sort(key=lambda item: (*_lighter(item), "bench" not in getattr(item, "fixturenames", ())))


def _lighter(item):
    return not any(item.iter_markers("browser")), not any(item.iter_markers("tensorflow"))


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The first page of the documentation, built by its command, once for all processes of the tests."""
    pytest.importorskip("furo", reason="the documentation is built with the extra docs, which is not installed")
    pytest.importorskip("myst_parser", reason="the documentation is built with the extra docs, which is not installed")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            command = [sys.executable, "-m", "unet_explorer.docs", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            # A doubt of Sphinx is an error of the command.
            assert (done.returncode, done.stderr) == (0, "")
    return folder / "index.html"


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A place of its own for trainings, instead of the user's."""
    monkeypatch.setenv("UNET_EXPLORER_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def one_worker():
    from unet_explorer.learning.process import Worker

    made = Worker()
    yield made
    made.close()


@pytest.fixture(scope="module")
def worker(one_worker):
    """A worker process, shared by all tests; what a file has left behind there goes on no longer than the file."""
    yield one_worker
    one_worker.events.clear()
    if one_worker.open:
        one_worker.kill()


@pytest.fixture
def instrument(state):
    """The knobs, on a small design."""
    from unet_explorer.panel.instrument.widget import Instrument

    made = Instrument(SMALL, TILE)
    yield made
    made.close()


@pytest.fixture
def chosen():
    """An image of the teaching data."""
    from unet_explorer import cells
    from unet_explorer.panel.tabs.chosen_image import ChosenImage

    return ChosenImage(cells(4, size=96))


@pytest.fixture(scope="module")
def images():
    """Cells to learn from."""
    from unet_explorer import cells

    return cells(8, size=96)


@pytest.fixture
def session(images, worker, state):
    """Makes short trainings."""
    from unet_explorer import TrainingSession

    made = []

    def make(config=SMALL, **recipe):
        recipe = {"steps": 8, "steps_per_epoch": 4, "batch_size": 2, **recipe}
        dataset = recipe.pop("dataset", images)
        made.append(TrainingSession(config, dataset, recipe.pop("tile", TILE), worker, **recipe))
        return made[-1]

    yield make
    for each in made:
        each.close()
