"""What several trainings and tabs share: one worker, one image."""

from __future__ import annotations

import itertools
import os
import signal
import threading

import numpy as np
import pytest
from hands import LONG, SMALL, TILE, Watch, pressed

from unet_explorer import (
    TrainingSession,
    UNetConfig,
    cells,
    explore,
)


def test_two_trainings_share_a_worker_and_one_can_be_stopped(worker, state):
    images = cells(4, size=96)
    long = TrainingSession(SMALL, images, TILE, worker, steps=100_000, steps_per_epoch=50_000)
    short = TrainingSession(UNetConfig(depth=1, base_filters=2), images, 60, worker, steps=12, steps_per_epoch=6)
    with long, short:
        long.start(force=True)
        short.start(force=True)
        assert short.join(LONG)
        assert short.state == "finished", short.problem
        assert long.state == "running"
        steps = len(long.history.losses)
        assert steps >= 5, "they take turns"
        long.stop()
        assert long.state == "stopped"


@pytest.mark.skipif(os.name != "posix", reason="SIGSTOP is a Unix signal")
def test_stopping_one_training_ends_no_other(worker, state, monkeypatch):
    images = cells(4, size=96)
    mine = TrainingSession(SMALL, images, TILE, worker, steps=100_000)
    other = TrainingSession(UNetConfig(depth=1, base_filters=2), images, 60, worker, steps=100_000)
    with mine, other:
        for session in (mine, other):
            session.start(force=True)
        learns = threading.Event()
        other.changed.connect(lambda: len(other.history.losses) > 3 and learns.set())
        assert learns.wait(LONG)
        process = worker.process
        # As in the midst of a long step.
        os.kill(process, signal.SIGSTOP)
        spent = itertools.count()
        monkeypatch.setattr("unet_explorer.learning.session.cpu_seconds", lambda _: next(spent))
        mine.stop()
        assert worker.process == process
        os.kill(process, signal.SIGCONT)
        assert mine.join(LONG)
        assert (mine.state, other.state) == ("stopped", "running")


def test_a_step_is_the_same_whether_another_network_learns_beside_it_or_not(worker, state):
    def losses(beside):
        other = TrainingSession(
            UNetConfig(depth=1, base_filters=2), cells(3, size=64), 60, worker, steps=100_000, seed=5
        )
        with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=6, seed=3) as session, other:
            if beside:
                other.start(force=True)
            session.start(force=True)
            assert session.join(LONG)
            return session.history.losses

    assert losses(False) == pytest.approx(losses(True), abs=1e-5)


def test_a_request_that_fails_ends_no_training(worker, state):
    told = []
    with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=100_000) as session:
        session.start(force=True)
        worker.events.connect(told.append)
        bad = {"config": SMALL.to_dict(), "step": "nowhere", "channel": 0, "tile": np.zeros((76, 76, 1), "float32")}
        worker.send({"do": "maps", "request": "x", "training": session.folder.name, "folder": "", **bad})
        before = len(session.history.losses)
        further = threading.Event()
        session.changed.connect(lambda: len(session.history.losses) > before + 5 and further.set())
        assert further.wait(LONG)
        worker.events.disconnect(told.append)
        assert session.state == "running"
    failed = [message for message in told if message["event"] == "failed"]
    assert [message["request"] for message in failed] == ["x"]
    assert failed[0]["reason"].startswith("Something went wrong in the worker")


def test_the_tabs_of_a_panel_share_one_worker_and_one_image(state):
    panel = explore(SMALL, 76, cells(4, size=96))
    tile, inside = panel.tab("Tile"), panel.tab("Inside")
    pressed(tile, "choose", key="set 3")
    Watch(inside).until(lambda: inside.title == "cells, image 4")
    assert tile._worker is inside._worker
    assert tile.instrument == f"anywidget:{panel.instrument.model_id}"
    panel.close()
