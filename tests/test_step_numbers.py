"""Real numbers beside the U: only of a network that has learnt, that rests, and that the knobs show."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hands import SMALL, TILE, Silent

from unet_explorer.learning.history import Epoch
from unet_explorer.panel.tabs.numbers import StepNumbers


class Trained:
    """A session that has ended, without any learning."""

    def __init__(self, images, folder):
        from unet_explorer import TrainingSession

        made = TrainingSession(SMALL, images, TILE, Silent())
        self.order, self.dataset, self.history = made.order, images, made.history
        self.history.epochs.append(Epoch(1, 4, ((5, 1), (1, 5)), 0.1))
        self.state, self.folder = "finished", folder


@pytest.fixture
def made(instrument, chosen, images, tmp_path):
    session, worker = Trained(images, tmp_path), Silent()
    numbers = StepNumbers(instrument, worker, chosen, lambda: session)
    yield numbers, session, worker
    numbers.close()
    # As a panel that is thrown away does.
    numbers.close()
    numbers.attend(True)


def settled(numbers):
    """What was asked for so far has been done."""
    done = threading.Event()
    numbers._thread.submit(done.set)
    assert done.wait(60)


def asked(numbers, worker):
    settled(numbers)
    return [(message["step"], message["channel"], message["tile"].shape) for message in worker.asked]


def test_the_step_that_is_explained_gets_its_numbers(made, instrument):
    numbers, session, worker = made
    instrument.selected = "enc1_conv1"
    assert asked(numbers, worker) == [], "nobody looks"
    numbers.attend(True)
    assert asked(numbers, worker) == [("enc1_conv1", -1, (76, 76, 1))]
    assert worker.asked[0]["folder"] == str(session.folder)
    answer = {"event": "numbers", "request": worker.asked[0]["request"], "step": "enc1_conv1", "channel": 2}
    worker.tell(**answer, numbers={"behind": np.ones((2, 2), "float32")})
    assert instrument.numbers == {
        "step": "enc1_conv1",
        "channel": 2,
        "behind": [[1, 1], [1, 1]],
        "tile": [76, 76],
        "classes": ["background", "cell"],
    }
    # How the mask is made needs the scores of the head.
    instrument.selected = "argmax"
    assert instrument.selected == "argmax"
    assert asked(numbers, worker)[1:] == [("head", -1, (76, 76, 1))]
    # An answer to what was asked before counts no more.
    instrument.numbers = {}
    worker.tell(**answer, numbers={})
    assert instrument.numbers == {}
    instrument.tile = [84, 92]
    assert asked(numbers, worker)[2:] == [("head", -1, (84, 92, 1))]


def test_another_design_or_one_that_learns_shows_none(made, instrument):
    numbers, session, worker = made
    numbers.attend(True)
    settled(numbers)
    instrument.numbers = {"step": "head"}
    # At once, or numbers of one network would stand beside another.
    instrument.config = replace(SMALL, base_filters=6).to_dict()
    assert instrument.numbers == {}
    before = asked(numbers, worker)
    instrument.selected = "head"
    assert asked(numbers, worker) == before
    session.state = "running"
    instrument.config = SMALL.to_dict()
    assert asked(numbers, worker) == before
    session.state = "paused"
    numbers.attend(True)
    assert asked(numbers, worker)[len(before) :] == [("head", -1, (76, 76, 1))]
    # A tile that does not fit is told by the verdict.
    instrument.tile = [77, 77]
    assert len(asked(numbers, worker)) == len(before) + 1
    assert instrument.numbers == {}


def test_who_looks_elsewhere_leaves_the_worker_alone(made, instrument):
    numbers, _, worker = made
    worker.process = 1
    numbers.attend(True)
    settled(numbers)
    numbers.attend(False)
    settled(numbers)
    assert worker.asked[-1] == {"do": "stop_maps", "of": worker.asked[0]["request"]}
    assert instrument.numbers == {}
    # Once is enough.
    numbers.attend(False)
    settled(numbers)
    assert len(worker.asked) == 2


def test_a_lost_worker_takes_the_numbers_along_and_is_asked_anew(made, instrument):
    numbers, _, worker = made
    numbers.attend(True)
    settled(numbers)
    instrument.numbers = {"step": "enc0_conv1"}
    worker.tell(event="lost", reason="gone")
    assert instrument.numbers == {}
    numbers.attend(True)
    assert len(asked(numbers, worker)) == 2
