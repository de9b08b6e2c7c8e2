"""One way to ask: numbers, answers, refusals, losses, and threads that do it at once."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from hands import LONG, Silent

from unet_explorer.learning.process import Worker
from unet_explorer.learning.requests import Requests, UnreachableError
from unet_explorer.learning.signals import Signal


class Asker:
    def __init__(self):
        self.heard = []

    def on_ready(self):
        self.heard.append("ready")

    def on_answer(self, answer, context):
        self.heard.append((answer["event"], context))

    def on_failed(self, reason):
        self.heard.append(("failed", reason))

    def on_lost(self, reason):
        self.heard.append(("lost", reason, self.requests.waiting))


@pytest.fixture
def asker():
    made, worker = Asker(), Silent()
    made.worker, made.lock = worker, threading.RLock()
    made.requests = Requests(worker, made, made.lock)
    return made


def build(request):
    return {"do": "build", "request": request, "config": {}, "tile": [1, 1]}


def test_only_what_answers_the_latest_request_is_passed_on(asker):
    asker.requests.ask(build, "first")
    asker.requests.ask(build, "second")
    first, second = (each["request"] for each in asker.worker.asked)
    assert first != second
    asker.worker.tell(event="built", request=first)
    assert asker.heard == []
    assert asker.requests.waiting
    asker.worker.tell(event="predicting", request=second)
    assert asker.requests.waiting, "that was not the last of it"
    asker.worker.tell(event="built", request=second)
    assert asker.heard == [("predicting", "second"), ("built", "second")]
    assert not asker.requests.waiting


def test_a_refusal_and_a_loss_reach_who_waits(asker):
    asker.requests.ask(build)
    asker.worker.tell(event="ready")
    asker.worker.tell(event="failed", request="another's", reason="no")
    asker.worker.tell(event="failed", request=asker.requests.current, reason="too large")
    asker.worker.tell(event="lost", reason="killed")
    asker.requests.ask(build)
    asker.worker.tell(event="lost", reason="killed again")
    assert asker.heard == ["ready", ("failed", "too large"), ("lost", "killed", False), ("lost", "killed again", True)]
    assert not asker.requests.waiting


def test_what_was_dropped_or_closed_is_not_heard_and_asks_nothing(asker):
    asker.requests.ask(build)
    asker.requests.drop()
    asker.worker.tell(event="built", request=asker.worker.asked[0]["request"])
    asker.requests.adopt("a training")
    asker.worker.tell(event="progress", request="a training")
    assert asker.heard == [("progress", None)]
    asker.requests.close()
    asker.requests.ask(build)
    asker.requests.post({"do": "stop_maps", "of": ""})
    asker.worker.tell(event="lost", reason="killed")
    assert len(asker.worker.asked) == len(asker.heard) == 1


def test_a_worker_that_cannot_be_reached_is_told_in_words(asker):
    def send(_):
        raise OSError(12, "Cannot allocate memory")

    asker.worker.send = send
    with pytest.raises(UnreachableError, match=r"^The worker cannot be started \(Cannot allocate memory\)\.$"):
        asker.requests.ask(build)
    assert not asker.requests.waiting


def test_a_write_that_takes_long_holds_up_no_answer(asker):
    writing, written = threading.Event(), threading.Event()

    def send(_):
        writing.set()
        assert written.wait(LONG)

    asker.worker.send = send
    asking = threading.Thread(target=asker.requests.ask, args=(build, "large"))
    asking.start()
    assert writing.wait(LONG)
    # As a worker would that reads and answers in turn: it must be heard, or neither goes on.
    asker.worker.tell(event="predicting", request=asker.requests.current)
    assert asker.heard == [("predicting", "large")]
    written.set()
    asking.join(LONG)


def test_listeners_may_take_locks_and_come_and_go_while_they_are_called():
    signal, lock, heard = Signal(), threading.RLock(), []
    inside, go_on = threading.Event(), threading.Event()

    def slow():
        inside.set()
        with lock:
            heard.append("slow")

    def once():
        signal.disconnect(once)
        heard.append("once")

    for each in (slow, once):
        signal.connect(each)
    with lock:
        other = threading.Thread(target=signal.emit)
        other.start()
        assert inside.wait(LONG)
        # The other thread waits for the lock that this one holds; it must be able to emit all the same.
        signal.emit()
        go_on.set()
    other.join(LONG)
    assert sorted(heard) == ["once", "once", "slow", "slow"]


def test_what_a_worker_still_owes(monkeypatch):
    worker = Worker()
    monkeypatch.setattr(worker, "warm_up", lambda: None)
    worker._running = SimpleNamespace(outbox=SimpleNamespace(put=lambda _: None))

    def maps(request):
        return {"do": "maps", "request": request}

    for request in (
        build("Build 1"),
        maps("Inside 1"),
        maps("Inside 2"),
        {"do": "train", "request": "a"},
        {"do": "pause", "request": "a"},
        {"do": "predict", "request": "Tile 1"},
        {"do": "stop_prediction"},
    ):
        worker.send(request)
    assert worker.open == {"Build 1": "build", "Inside 2": "maps", "a": "train"}
    worker._emit({"event": "progress", "request": "a"})
    worker._emit({"event": "built", "request": "Build 1"})
    assert worker.open == {"Inside 2": "maps", "a": "train"}
    worker._emit({"event": "stopped", "request": "a"})
    worker._emit({"event": "lost", "reason": "killed"})
    assert worker.open == {}
