"""A worker with nothing to do gives its memory back, and comes back when it is needed."""

from __future__ import annotations

import subprocess
import sys
from threading import Thread
from types import SimpleNamespace

import psutil
import pytest
from hands import LONG

from unet_explorer import explore
from unet_explorer.learning import process, turns
from unet_explorer.learning.process import Worker
from unet_explorer.learning.waiting import Bell

# As the worker, but for TensorFlow.
STUB = """
import sys
from unet_explorer.learning.messages import read_message, write_message
write_message(sys.stdout.buffer, {"event": "ready", "process": 0})
while (request := read_message(sys.stdin.buffer)) is not None:
    write_message(sys.stdout.buffer, {"event": "built", "request": request["request"]})
"""
BUILD = {"do": "build", "config": {}, "tile": [1, 1]}


@pytest.fixture
def quick(state, monkeypatch):
    """Makes workers that start at once, whatever is tested before or beside it, and notes what they say."""
    made, bell = [], Bell()
    monkeypatch.setattr(turns, "available_memory", lambda: 16_000_000_000)

    def spawn(log):
        pipe = subprocess.PIPE
        return subprocess.Popen([sys.executable, "-c", STUB], stdin=pipe, stdout=pipe, stderr=log)

    monkeypatch.setattr(process, "_spawn", spawn)
    monkeypatch.setattr(process, "no_tensorflow", lambda: "")

    def worker(idle):
        one = Worker(idle)
        one.heard, one.bell = [], bell
        one.events.connect(lambda event: (one.heard.append(event["event"]), bell.ring()))
        one.rests.connect(bell.ring)
        made.append(one)
        return one

    yield worker
    for each in made:
        each.close()


def test_it_rests_when_nothing_is_to_be_done_and_comes_back_with_the_next_request(quick):
    worker = quick(0.01)
    worker.send({**BUILD, "request": "Build 1"})
    first = psutil.Process(worker.process)
    assert worker.bell.wait_for(lambda: worker.resting, LONG)
    first.wait(LONG)
    assert worker.process is None
    assert not worker.warm
    assert worker.heard[:2] == ["ready", "built"], "not before it was answered"
    worker.send({**BUILD, "request": "Build 2"})
    assert not worker.resting or worker.heard[-1] == "built"
    assert worker.bell.wait_for(lambda: worker.heard == ["ready", "built"] * 2, LONG)
    assert worker.bell.wait_for(lambda: worker.resting, LONG)
    # Nobody is told that anything was lost: nothing was.
    assert "lost" not in worker.heard


@pytest.mark.parametrize("under_way", [{"a": "train"}, {"Tile 1": "predict"}])
def test_whoever_learns_or_waits_for_an_answer_keeps_it_awake(under_way):
    worker, waited = Worker(1.0), []
    over = SimpleNamespace(wait=lambda left: waited.append(left) or len(waited) > 3)
    running = worker._running = SimpleNamespace(over=over, end=lambda: waited.append("ended"))
    worker.open = dict(under_way)
    worker._used -= 1e6
    worker._watch(running)
    assert waited == [1.0] * 4
    worker.open, waited[:] = {}, []
    worker._watch(running)
    assert waited == [1.0, "ended"]
    assert worker.resting


def test_what_is_sent_meanwhile_begins_the_waiting_anew():
    worker, waited = Worker(60.0), []
    over = SimpleNamespace(wait=lambda left: waited.append(left) or len(waited) > 1)
    running = worker._running = SimpleNamespace(over=over, end=lambda: waited.append("ended"))
    worker._watch(running)
    assert len(waited) == 2
    assert 0 < waited[1] <= 60


@pytest.mark.parametrize(("said", "seconds"), [("", 600), (" 2.5 ", 150), ("0", 0), (None, 600)])
def test_the_environment_says_after_how_many_minutes(monkeypatch, said, seconds):
    if said is None:
        monkeypatch.delenv(process.IDLE_MINUTES, raising=False)
    else:
        monkeypatch.setenv(process.IDLE_MINUTES, said)
    assert Worker()._idle == seconds


@pytest.mark.parametrize("said", ["soon", "-1", "nan", "inf", "1e9"])
def test_what_is_no_number_of_minutes_is_refused_in_words(monkeypatch, said):
    monkeypatch.setenv(process.IDLE_MINUTES, said)
    with pytest.raises(ValueError, match="IDLE_MINUTES='.*give the minutes .* from 0 .never. to 1,000,000"):
        Worker()


def test_the_panel_says_so(quick, monkeypatch):
    worker = quick(0.01)
    monkeypatch.setattr(process, "Worker", lambda: worker)
    panel = explore("classroom")
    panel.tab("Build")
    bell = Bell()
    panel.observe(lambda _: bell.ring(), "resting")
    assert bell.wait_for(lambda: panel.resting, LONG)
    worker._idle = 0
    panel._worker.warm_up()
    assert bell.wait_for(lambda: not panel.resting, LONG)
    panel.close()


def test_of_two_threads_that_tell_it_at_once_the_last_to_know_is_shown(monkeypatch):
    """Whoever has read that it is awake, and is overtaken before it has said so, says what is true by then."""

    class Overtaken(Worker):
        begun = False

        @property
        def resting(self):
            past = self.begun
            if not past:
                self.begun = True
                other = Thread(target=self.rests.emit)
                other.start()
                other.join()
            return past

        @resting.setter
        def resting(self, value):
            pass

    worker = Overtaken(60.0)
    monkeypatch.setattr(process, "Worker", lambda: worker)
    monkeypatch.setattr(worker, "warm_up", lambda: None)
    panel = explore("classroom")
    panel.tab("Build")
    panel._show_rest()
    assert panel.resting
    panel.close()
