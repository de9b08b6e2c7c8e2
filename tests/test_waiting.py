"""Ctrl + C at any moment leaves no lock taken: not of a session, a worker or a tab."""

from __future__ import annotations

import sys
import threading

import pytest
from hands import LONG, SMALL, TILE, Silent

from unet_explorer import TrainingSession, cells
from unet_explorer.learning.process import Worker
from unet_explorer.learning.requests import Requests
from unet_explorer.learning.waiting import Bell, Flag

HOMES = ("unet_explorer", "threading.py")


class Interrupting:
    """Raises `KeyboardInterrupt` where Python itself may: as a function begins, or after what it called last.

    Between two instructions of one function Python looks for no signal, so a ``with`` of a lock made in C is whole.
    """

    def __init__(self, at):
        self.left = at

    def __call__(self, frame, event, _):
        if any(home in frame.f_code.co_filename for home in HOMES) and event in {"call", "return"}:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        # Lines are of no interest, but returning is.
        frame.f_trace_lines = False
        return self


def interrupted(work, at):
    """Whether Ctrl + C at the given moment broke it off; False if it was through before."""
    sys.settrace(Interrupting(at))
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(None)
    return False


def free(lock):
    """Whether another thread can have it. Nobody else is at work here, so it need not wait."""
    got = []
    other = threading.Thread(target=lambda: got.append(lock.acquire(blocking=False) and not lock.release()))
    other.start()
    other.join(LONG)
    return got == [True]


@pytest.fixture
def asked(state):
    """A session that learns, as far as it knows, and a worker that never answers."""
    worker = Silent()
    worker.kill = lambda: worker.tell(event="lost", reason="killed")
    session = TrainingSession(SMALL, cells(4, size=96), TILE, worker)
    session.start(force=True)
    worker.tell(event="started", request=session.name, step=0)
    yield session
    session.close()


def poll(session):
    session.join(1e-3)
    return session.state, session.name, session.problem, session.predictions(0)


WAYS = {
    "poll": poll,
    "pause": TrainingSession.pause,
    "go on": TrainingSession.resume,
    "start twice": TrainingSession.start,
}


@pytest.mark.parametrize("way", WAYS)
def test_ctrl_c_leaves_no_lock_of_a_session(asked, way):
    for at in range(10_000):
        broken = interrupted(lambda: WAYS[way](asked), at)
        assert free(asked._lock), f"taken for ever, at moment {at}"
        assert free(asked._requests._sending)
        if not broken:
            break
    assert 3 < at < 9_999
    # Whoever brings news does so unhindered.
    waiting = threading.Thread(target=asked.join)
    waiting.start()
    asked._worker.tell(event="lost", reason="killed")
    waiting.join(LONG)
    assert not waiting.is_alive()


def test_ctrl_c_leaves_no_lock_of_a_worker_or_of_who_asks(monkeypatch):
    worker, lock = Worker(idle=0), threading.RLock()
    monkeypatch.setattr(worker, "warm_up", lambda: None)
    worker._running = type("Running", (), {"ready": False, "outbox": type("Box", (), {"put": lambda *_: None})()})()
    asker = type("Asker", (), {})()
    requests = Requests(worker, asker, lock)
    build = {"do": "build", "config": {}, "tile": [1, 1]}

    def ask():
        requests.ask(lambda request: {**build, "request": request})
        worker.wait(1e-3)
        requests.drop()

    for at in range(10_000):
        broken = interrupted(ask, at)
        assert free(lock)
        assert free(worker._lock)
        assert free(requests._sending)
        if not broken:
            break
    assert 3 < at < 9_999


@pytest.mark.parametrize("kind", [Flag, Bell])
def test_ctrl_c_leaves_a_flag_and_a_bell_in_order(kind):
    made = kind()
    ring = made.set if kind is Flag else made.ring

    def use():
        ring()
        made.wait(0.0) if kind is Flag else made.wait_for(lambda: False, 0.0)

    for at in range(10_000):
        if not interrupted(use, at):
            break
        other = threading.Thread(target=ring, daemon=True)
        other.start()
        other.join(LONG)
        assert not other.is_alive()
    assert 3 < at < 9_999


def test_a_real_condition_would_have_been_left_locked():
    """So that the tests above can fail."""
    condition = threading.Condition(threading.RLock())

    def use():
        with condition:
            condition.wait(0)

    assert not all(free(condition._lock) for at in range(50) if interrupted(use, at))
