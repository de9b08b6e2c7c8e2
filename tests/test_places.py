"""The line of trainings: many processes, in the order in which they came, and who is gone keeps nobody waiting."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hands import LONG, Silent

from unet_explorer import TrainingSession, UNetConfig
from unet_explorer.learning import places, turns
from unet_explorer.learning.machine import resident_memory
from unet_explorer.learning.places import Ticket
from unet_explorer.learning.process import Worker
from unet_explorer.learning.waiting import Bell

BELL = Bell()
"""Rung whenever a training has changed, or a worker was asked for something."""
LINE = Path(__file__).with_name("line.py")


@pytest.fixture(autouse=True)
def line(state, monkeypatch):
    """A line of its own, with one place."""
    monkeypatch.setenv(places.PLACES, "1")
    monkeypatch.delenv(places.QUEUE, raising=False)
    return state / "queue"


@pytest.fixture
def others(line, monkeypatch):
    """Other processes in the line."""
    monkeypatch.setenv(places.QUEUE, str(line))
    running = []

    def start(count):
        made = [
            subprocess.Popen([sys.executable, LINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        running.extend(made)
        return made

    yield start
    for each in running:
        each.kill()
        each.communicate()


def ask(process, what="before"):
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def number_of(process):
    return int(process.stdout.readline())


def test_processes_that_come_at_once_get_different_numbers_and_the_first_has_its_turn(others, line):
    made = others(4)
    numbers = [number_of(each) for each in made]
    assert sorted(numbers) == [1, 2, 3, 4]
    in_order = [process for _, process in sorted(zip(numbers, made, strict=True), key=lambda pair: pair[0])]
    assert [ask(each) for each in in_order] == ["0", "1", "2", "3"]
    # Whoever leaves makes room, wherever it stood; one that is killed as well as one that says so.
    assert ask(in_order[1], "drop") == "dropped"
    assert [ask(each) for each in (in_order[0], *in_order[2:])] == ["0", "1", "2"]
    in_order[0].kill()
    in_order[0].wait()
    assert [ask(each) for each in in_order[2:]] == ["0", "1"]
    # What the killed one has left is gone, too.
    assert len(list(line.iterdir())) == 2


def test_several_places(monkeypatch):
    monkeypatch.setenv(places.PLACES, "2")
    tickets = [Ticket(1) for _ in range(4)]
    assert [each.before() for each in tickets] == [0, 0, 1, 2]
    monkeypatch.setenv(places.PLACES, "0")
    assert [each.before() for each in tickets] == [0] * 4
    for each in tickets:
        each.drop()


def test_one_that_hangs_keeps_others_waiting_until_it_has_stood_still_for_long(monkeypatch):
    now = 1000.0
    monkeypatch.setattr(places, "_clock", lambda: now)
    first, second = Ticket(1), Ticket(1)
    assert second.before() == 1
    now += places.STILL - 1
    assert second.before() == 1
    first.beat()
    now += places.STILL - 1
    assert second.before() == 1
    now += places.STILL
    assert second.before() == 0
    # It was only asleep: it counts again.
    first.beat()
    assert second.before() == 1
    first.drop()
    assert second.before() == 0
    second.drop()


def test_what_does_not_fit_into_memory_waits_unless_nobody_else_learns(monkeypatch):
    monkeypatch.setenv(places.PLACES, "8")
    monkeypatch.setattr(places, "available_memory", lambda: 10)
    first, second, third = Ticket(8), Ticket(8), Ticket(1)
    assert [each.before() for each in (first, second, third)] == [0, 1, 1], "nobody overtakes"
    # What the first has taken is no longer to come, and no longer free.
    monkeypatch.setattr(places, "resident_memory", lambda process: 8 if process else 0)
    first.beat(worker=7)
    assert second.before() == 0
    first.drop()
    # Whoever was behind somebody gives the memory a while to come back; whoever is alone waits for nothing.
    now = 1000.0
    monkeypatch.setattr(places, "_clock", lambda: now)
    monkeypatch.setattr(places, "available_memory", lambda: 0)
    second.drop()
    later = Ticket(1)
    assert [third.before(), later.before()] == [1, 1]
    third.drop()
    assert later.before() == 1
    now += 61
    assert later.before() == 0
    later.drop()
    alone = Ticket(1)
    assert alone.before() == 0
    alone.drop()


def test_a_child_that_is_forked_takes_no_place_along():
    if not hasattr(os, "fork"):
        pytest.skip("nothing is forked here")
    ticket = Ticket(1)
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    ticket.drop()
    later = Ticket(1)
    assert later.before() == 0
    later.drop()
    os.close(writing)
    os.waitpid(child, 0)


@pytest.mark.parametrize("said", ["-1", "1.5", "many", "٣"])
def test_a_number_of_places_that_is_none(monkeypatch, said):
    monkeypatch.setenv(places.PLACES, said)
    with pytest.raises(ValueError, match=f"UNET_EXPLORER_PLACES='{said}' is not allowed"):
        places.places()


def test_a_folder_where_nothing_can_be_written_keeps_nobody_from_learning(tmp_path, monkeypatch, learner):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(places.QUEUE, str(tmp_path / "file"))
    session = learner()
    session.start()
    assert session.state == "starting"


def test_an_administrator_may_name_a_folder(tmp_path, monkeypatch, line):
    monkeypatch.setenv(places.QUEUE, str(tmp_path))
    ticket = Ticket(1)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o044 == 0o044, "others must be able to see that it moves"
    assert not line.exists()
    ticket.drop()
    assert not list(tmp_path.iterdir())


# Trainings ------------------------------------------------------------------------------------------------------------


class Heard(Silent):
    def send(self, request):
        super().send(request)
        BELL.ring()


@pytest.fixture
def learner(images, monkeypatch):
    """Makes trainings, each with a worker of its own that only remembers what it was asked."""
    monkeypatch.setattr(turns, "_LOOK", 0.01)
    made = []

    def make(worker=None):
        worker = worker or Heard()
        worker.kill = lambda: worker.tell(event="lost", reason="killed")
        made.append(TrainingSession(UNetConfig(depth=2, base_filters=4), images, 76, worker, steps=8))
        made[-1].changed.connect(BELL.ring)
        return made[-1]

    yield make
    for each in made:
        if each.state not in {"new", "stopped"}:
            each.on_failed("the test is over")
        each.close()


def asked(session):
    return [request["do"] for request in session._worker.asked]


def tell(session, event):
    session._worker.tell(event=event, request=session.name, points=[], step=0, seconds=0.0, waited=0.0)


def until(condition):
    assert BELL.wait_for(condition, LONG)


def test_the_second_waits_is_told_and_goes_on_when_the_first_is_done(learner):
    first, second, third = learner(), learner(), learner()
    first.start()
    assert (first.state, first.before, asked(first)) == ("starting", 0, ["train"])
    second.start()
    third.start()
    assert [(each.state, each.before, asked(each)) for each in (second, third)] == [
        ("waiting", 1, []),
        ("waiting", 2, []),
    ]
    first.on_failed("too bad")
    until(lambda: (asked(second), third.before) == (["train"], 1))
    assert (second.state, asked(third), third.state) == ("starting", [], "waiting")


def test_to_stop_while_waiting_is_to_leave_at_once_and_it_can_be_lined_up_again(learner, line):
    first, second, third = learner(), learner(), learner()
    for each in (first, second, third):
        each.start()
    second.stop()
    assert (second.state, second.before, asked(second)) == ("stopped", 0, [])
    assert len(list(line.iterdir())) == 2
    until(lambda: third.before == 1)
    second.resume()
    assert (second.state, second.before) == ("waiting", 2), "at the end of the line"


def test_a_pause_lets_others_go_first_and_to_go_on_means_to_line_up(learner):
    first, second = learner(), learner()
    first.start()
    tell(first, "resumed")
    second.start()
    assert (first.state, second.state) == ("running", "waiting")
    first.pause()
    tell(first, "paused")
    until(lambda: second.state == "starting")
    first.resume()
    assert (first.state, first.before) == ("waiting", 1)
    # A pause that was on its way when it was asked to go on changes nothing.
    tell(first, "paused")
    assert first.state == "waiting"
    # Other than what never began, it is held by its worker, which has to be told.
    second.on_failed("too bad")
    until(lambda: asked(first) == ["train", "pause", "resume"])


def test_to_pause_or_take_one_step_while_waiting_is_to_wait_no_longer(learner):
    first, second = learner(), learner()
    first.start()
    second.start()
    second.step()
    assert asked(second) == ["train", "step"]
    assert second._worker.asked[0]["paused"] is True
    assert second.before == 0
    assert second.state == "starting"


def test_one_panel_needs_one_place_however_much_learns_in_it(learner):
    worker = Heard()
    one, two, other = learner(worker), learner(worker), learner()
    for each in (one, two, other):
        each.start()
    assert [each.state for each in (one, two, other)] == ["starting", "starting", "waiting"]
    one.on_failed("too bad")
    assert other.before == 1
    two.on_failed("too bad")
    until(lambda: other.state == "starting")


def test_a_worker_that_is_lost_while_its_training_waits_is_no_loss(learner):
    first, second = learner(), learner()
    first.start()
    second.start()
    second._worker.tell(event="lost", reason="killed")
    assert second.state == "waiting"
    first._worker.tell(event="lost", reason="killed")
    assert first.state == "interrupted"
    until(lambda: second.state == "starting")


def test_a_worker_that_hangs_does_not_say_that_it_goes_on(monkeypatch):
    monkeypatch.setattr(turns, "_BEAT", 0.0)
    worked, beats, looked, bell = 0.0, [], 0, Bell()

    class Watched(Ticket):
        def beat(self, worker=None):
            beats.append(worked)
            super().beat(worker)

    def seconds(_):
        nonlocal looked
        looked += 1
        bell.ring()
        return worked

    monkeypatch.setattr(turns, "Ticket", Watched)
    monkeypatch.setattr(turns, "cpu_seconds", seconds)
    worker = Silent()
    turn = turns.turn_of(worker)
    assert turn.enter("me", 1, lambda: None, lambda _: None) == 0
    for worked in (0.0, 1.0):  # noqa: B007  # the worker asks for it
        seen = looked
        assert bell.wait_for(lambda seen=seen: looked > seen + 3, LONG)
    # As long as it has its turn: one that is just leaving may be taken for one that waits.
    beaten = list(beats)
    turn.leave("me")
    # Once for what it has done, however often it is looked at; and before, while it was not yet its turn.
    assert beaten[-1] == 1.0
    assert beaten.count(1.0) == 1
    assert set(beaten[:-1]) == {0.0}


def test_a_ticket_that_is_dropped_while_it_is_written_writes_into_no_other_file(tmp_path, monkeypatch):
    ticket, seek, bell, opened = Ticket(1), os.lseek, Bell(), []
    other = tmp_path / "other"

    def drop():
        ticket.drop()
        # The system gives the number that has become free.
        opened.append(os.open(other, os.O_RDWR | os.O_CREAT))
        bell.ring()

    def slow(file, *where):
        threading.Thread(target=drop).start()
        # Only where it does not wait for what is being written.
        bell.wait_for(lambda: opened, 0.2)
        return seek(file, *where)

    monkeypatch.setattr(places.os, "lseek", slow)
    ticket.beat()
    assert bell.wait_for(lambda: opened, LONG)
    os.close(opened[0])
    assert other.read_bytes() == b""


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="nothing can be stopped here")
def test_a_kernel_that_is_killed_while_it_waits_lets_those_behind_move_up(others, learner):
    (other,) = others(1)
    number_of(other)
    session = learner()
    session.start()
    assert (session.state, session.before) == ("waiting", 1)
    other.kill()
    until(lambda: session.state == "starting")


def test_those_who_load_tensorflow_are_as_many_as_there_are_processors(monkeypatch):
    monkeypatch.setattr(places, "usable_cores", lambda: 2)
    learning = Ticket(1)
    loading = [Ticket(1, starting=True) for _ in range(3)]
    assert [each.before() for each in (learning, *loading)] == [0, 0, 0, 1], "a line of their own"
    loading[0].drop()
    assert loading[2].before() == 0


def test_a_worker_waits_outside_while_others_load_tensorflow(line, monkeypatch):
    monkeypatch.setenv(places.QUEUE, str(line))
    bell, told = Bell(), []
    others = [Ticket(1, starting=True) for _ in range(places.usable_cores())]
    worker = Worker()
    worker.rests.connect(lambda: (told.append(worker.before), bell.ring()))
    worker.warm_up()
    try:
        assert bell.wait_for(lambda: worker.before == 1, LONG)
        # So little is held until then.
        assert resident_memory(worker.process) < 200_000_000
        others[0].drop()
        assert bell.wait_for(lambda: worker.before == 0, LONG)
        assert worker.process is not None
    finally:
        worker.close()
        for each in others:
            each.drop()
    assert told[:1] == [0], "it has begun"
    assert told[-1] == 0
