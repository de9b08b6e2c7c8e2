"""A closed panel that somebody still holds, as ``Out`` of IPython does, holds no images."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
from hands import LONG, finished, pressed

from unet_explorer import TrainingSession, cells, explore
from unet_explorer.learning.process import Worker
from unet_explorer.learning.waiting import Bell

ALL = 100_000
"""Letters that a closed panel's lists and dicts may have in all: it still knows its design, knobs and words."""


def opened():
    """A panel with every tab in use, but no worker; and what its images are known by when nobody holds them."""
    data = cells(6, size=96)
    panel = explore("classroom", 92, data)
    tabs = [panel.tab(title) for title in ("Build", "Train", "Tile", "Inside", "Sweep")]
    _, train, tile, inside, _ = tabs
    bell = Bell()
    for tab in tabs:
        tab.observe(lambda _: bell.ring())
    assert bell.wait_for(lambda: train.gallery and train.findings is not None and tile.table and inside.overview, LONG)
    train.session = TrainingSession(panel.config, data, 92, panel._worker)
    return panel, tabs, [weakref.ref(data), weakref.ref(data.images), weakref.ref(train.session)]


@pytest.mark.parametrize("held", ["the panel", "its tabs as well"])
def test_close_lets_go_of_all_images(state, monkeypatch, held):
    monkeypatch.setattr(Worker, "warm_up", lambda _: None)
    panel, tabs, known = opened()
    threads = [tab._hand for tab in tabs[1:]]
    if held == "the panel":
        tabs.clear()
    panel.close()
    for each in threads:
        each.shutdown(wait=True)
    names = {"TrainTab", "TileTab", "InsideTab", "SweepTab"}
    for each in [each for each in threading.enumerate() if each.name in names]:
        each.join(LONG)
    gc.collect()
    assert [each() for each in known] == [None] * 3
    for each in (panel, panel.instrument, *tabs):
        shown = {name: value for name, value in each._trait_values.items() if isinstance(value, dict | list)}
        assert len(repr(shown)) < ALL
    # What it showed is still known.
    assert panel.tile == (92, 92)
    assert panel.config.depth == 3


def test_what_comes_too_late_is_let_go_as_well(state, monkeypatch):
    monkeypatch.setattr(Worker, "warm_up", lambda _: None)
    panel, tabs, _ = opened()
    train, chosen = tabs[1], panel._open_tabs._parts.chosen
    panel.close()
    late = cells(2, size=96)
    train._guarded(lambda: train._use(late))
    assert train.dataset is None
    with pytest.raises(ValueError, match="The panel was closed"):
        _ = chosen.image


@pytest.mark.tensorflow
def test_a_closed_panel_still_gives_what_it_has_taught(state):
    panel = explore("classroom", 92, cells(6, size=96))
    train = panel.tab("Train")
    bell = Bell()
    train.observe(lambda _: bell.ring())
    assert bell.wait_for(lambda: train.dataset is not None, LONG)
    train.recipe = {**train.recipe, "steps": 2, "steps_per_epoch": 1}
    pressed(train, "start", force=True)
    finished(train.session)
    weights = panel.model().get_weights()
    panel.close()
    assert train.session is None
    assert all(map(np.array_equal, panel.model().get_weights(), weights))
