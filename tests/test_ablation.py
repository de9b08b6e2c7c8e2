"""The comparison of skips without a browser."""

from __future__ import annotations

import threading

from hands import LONG, SMALL, TILE, Silent, Watch, pressed
from hypothesis import given
from hypothesis import strategies as st
from support import configs, second

from unet_explorer import (
    TrainingSession,
    UNetConfig,
    cells,
    trace,
    valid_sizes,
)
from unet_explorer.panel.tabs.ablation import Ablation, variants


@given(configs(depth=st.integers(1, 3), kernel_size=st.sampled_from([1, 3])), st.integers(0, 5), st.integers(0, 5))
def test_all_that_are_compared_fit(config, more, further):
    sizes = valid_sizes(config, 1, 10_000)
    tile = sizes[more], sizes[further]
    made = variants(config, tile)
    assert [each.name for each in made] in (["cropped", "no skips", "padded"], ["padded", "no skips", "cropped"])
    outputs = [trace(each.config, each.tile).output for each in made]
    assert outputs[0] == outputs[1]
    assert all(0 <= b - a < 2**config.depth for a, b in zip(outputs[0][:2], outputs[2][:2], strict=True))
    assert [each.config.skips for each in made] == [True, False, True]
    assert made[0].config.padding == made[1].config.padding == config.padding != made[2].config.padding


def test_three_networks_learn_in_turn_and_can_be_stopped(instrument, worker, chosen):
    tab = Ablation(instrument, worker, chosen, lambda: {"steps_per_epoch": 3, "batch_size": 2})
    watch = Watch(tab)
    pressed(tab, "number", name="steps", value=0)
    assert (tab.steps, tab.problem) == (200, "Steps each: 0 is not allowed. Give a whole number from 1 to 1,000,000.")
    pressed(tab, "number", name="steps", value=7)
    assert (tab.steps, tab.problem) == (7, "")
    pressed(tab, "start")
    watch.until(lambda: tab.state == "done")
    assert [run["name"] for run in tab.runs] == ["cropped", "no skips", "padded"]
    assert [run["state"] for run in tab.runs] == ["finished"] * 3
    assert [run["step"] for run in tab.runs] == [7] * 3
    assert [[epoch["step"] for epoch in run["curve"]["epochs"]] for run in tab.runs] == [[3, 6, 7]] * 3
    for examples, predictions in zip(tab.examples, tab.predictions, strict=True):
        assert [len(each["truth"]) for each in examples] == [len(each) for each in predictions]
    folders = [session.folder for _, session in tab._sessions]
    tab.steps = 100_000
    pressed(tab, "start")
    assert not any(folder.exists() for folder in folders), "what was compared before is forgotten"
    watch.until(lambda: all(run["step"] for run in tab.runs))
    pressed(tab, "stop")
    watch.until(lambda: tab.state == "done")
    assert {run["state"] for run in tab.runs} == {"stopped"}
    instrument.tile = [77, 77]
    pressed(tab, "start")
    assert "Tile 77 does not fit" in tab.problem
    tab.close()
    assert TrainingSession.unfinished() is None


def test_a_refused_comparison_says_so_at_once(instrument, worker, chosen, monkeypatch):
    monkeypatch.setattr("unet_explorer.panel.tabs.ablation._PATIENCE", 10 * LONG)
    tab = Ablation(instrument, worker, chosen, dict)
    instrument.config = UNetConfig(depth=2, base_filters=4, in_channels=3).to_dict()
    pressed(tab, "start")
    assert tab.problem
    assert tab.state == "new"
    instrument.config = SMALL.to_dict()
    monkeypatch.setattr("unet_explorer.panel.tabs.ablation.available_memory", lambda: 1)
    pressed(tab, "start")
    assert "Three networks at once take" in tab.problem
    assert tab.state == "new"
    tab.close()


def test_a_stop_while_they_are_started_is_not_lost(instrument, chosen, monkeypatch):
    started = []

    def start(session, force):
        started.append(session)
        tab._do_stop({})

    monkeypatch.setattr(TrainingSession, "start", start)
    tab = Ablation(instrument, Silent(), chosen, dict)
    pressed(tab, "start")
    Watch(tab).until(lambda: tab.state == "done")
    assert len(started) == 1
    tab.close()


@second("three trainings")
def test_nobody_is_offered_to_go_on_with_a_comparison(worker, state):
    session = TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=100_000)
    session.lasting = False
    session.start(force=True)
    running = threading.Event()
    session.changed.connect(lambda: session.history.losses and running.set())
    assert running.wait(LONG)
    worker.kill()
    assert session.state == "interrupted"
    assert TrainingSession.unfinished() is None
    assert session.folder.exists()
    # As if another notebook had left it.
    session._store.write("owner.json", {"process": 2**30, "since": 0})
    assert TrainingSession.unfinished() is None
    assert not session.folder.exists()
    session.close()
