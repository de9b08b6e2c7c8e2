"""How the tests are run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hands import SMALL, TILE
from hypothesis import HealthCheck, settings
from support import PROJECT

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# No timed asserts: a slow machine is no defect.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A place of its own for trainings, instead of the user's."""
    monkeypatch.setenv("UNET_EXPLORER_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="module")
def worker():
    """A worker process, shared by the tests of a file."""
    from unet_explorer.learning.process import Worker

    made = Worker()
    yield made
    made.close()


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
