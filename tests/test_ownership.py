"""Who looks after a folder: a lock that ends with its process, and a number that is counted on; never the clock."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from unet_explorer.learning import ownership
from unet_explorer.learning.kept import remove
from unet_explorer.learning.store import Store, trainings_folder
from unet_explorer.locks import is_locked

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals, forks and zombies are a Unix matter")
CLAIM = """
import sys
from pathlib import Path
from unet_explorer.learning.store import Store
store = Store(Path(sys.argv[1]))
sys.stdin.readline()
print(store.claim(), flush=True)
sys.stdin.read()
"""


class Other:
    """Another notebook's process, which claims a folder."""

    def __init__(self, folder):
        command = [sys.executable, "-c", CLAIM, str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def begin(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def granted(self):
        return self.process.stdout.readline().strip() == "True"

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def free(state):
    """A folder that nobody looks after."""
    store = Store.new()
    store.release()
    return store


@pytest.fixture
def other(free):
    """Makes processes that claim it; they end with the test."""
    made = []

    def make():
        made.append(Other(free.folder))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def clock(monkeypatch):
    """Our own clock, which goes when it is told to."""
    now = [1000.0]
    monkeypatch.setattr(ownership, "_clock", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def told(store, **changed):
    """What the owner says of itself, otherwise."""
    path = store.folder / "owner.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def left(store, **changed):
    """As another process has left it that was cut off: its words are there, its lock is not."""
    store.claim()
    told(store, token="of another one", **changed)
    store._hold.drop()
    store._hold = None


def test_it_ends_with_the_process_and_not_before(free, other):
    notebook = other()
    notebook.begin()
    assert notebook.granted()
    assert free.is_claimed
    assert not free.claim()
    assert not free.remove()
    notebook.end()
    assert not free.is_claimed
    assert free.claim()


@pytest.mark.parametrize(
    "changed",
    [{"since": 0}, {"start": "0"}, {"process": 2**22 + 1}, {"space": "1"}, {"boot": "x"}, {"host": "y"}],
    ids=str,
)
def test_whatever_is_told_of_a_clock_a_number_or_a_place_the_lock_decides(free, other, changed):
    notebook = other()
    notebook.begin()
    assert notebook.granted()
    told(free, **changed)
    assert free.is_claimed
    assert not free.claim()
    (free.folder / "owner.json").unlink()
    assert free.is_claimed


def test_of_many_at_once_one_is_granted(free, other):
    notebooks = [other() for _ in range(4)]
    for each in notebooks:
        each.begin()
    assert sorted(each.granted() for each in notebooks) == [False, False, False, True]


def test_of_many_in_one_process_one_is_granted(free):
    granted, stores = [], [Store(free.folder) for _ in range(8)]
    start = threading.Barrier(len(stores))

    def claim(store):
        start.wait()
        granted.append(store.claim())

    threads = [threading.Thread(target=claim, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 1
    (holder,) = [store for store in stores if store._hold]
    assert holder.claim(), "who has it may ask again"
    holder.release()
    assert not free.is_claimed


@POSIX
def test_a_stopped_process_still_has_it(free, other):
    notebook = other()
    notebook.begin()
    assert notebook.granted()
    notebook.process.send_signal(signal.SIGSTOP)
    assert free.is_claimed


@POSIX
def test_one_that_has_ended_and_was_not_waited_for_has_it_no_longer(free, other):
    notebook = other()
    notebook.begin()
    assert notebook.granted()
    told(free)
    notebook.process.kill()
    os.waitid(os.P_PID, notebook.process.pid, os.WEXITED | os.WNOWAIT)
    assert not free.is_claimed


@POSIX
def test_a_forked_child_neither_has_it_nor_lets_go_of_it(free):
    free.claim()
    (up, child_up), (end, parent_end) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(parent_end)
        os.write(child_up, b".")
        os.read(end, 1)
        os._exit(0)
    assert os.read(up, 1)
    lock = free.folder / "owner.lock"
    assert is_locked(lock), "it is the parent's"
    free.release()
    # The child lives, and nothing of it is in the way.
    assert not is_locked(lock)
    assert Store(free.folder).claim()
    for pipe in (up, child_up, end, parent_end):
        os.close(pipe)
    os.waitpid(child, 0)
    assert is_locked(lock)


def test_without_its_lock_a_process_here_is_looked_for(free):
    """Where the file system knows no locks, or somebody has deleted the file."""
    left(free)
    assert free.is_claimed, "it is this very process"
    told(free, start="1")
    assert not free.is_claimed, "the number was given to another process"
    told(free, start=None, process=2**22 + 1)
    assert not free.is_claimed
    for odd in ("x", None, -1, 2**70):
        told(free, start="1", process=odd)
        assert not free.is_claimed


@pytest.mark.parametrize("place", [{"host": "another"}, {"boot": "another"}, {"space": "another"}], ids=str)
def test_elsewhere_it_is_gone_only_once_its_number_stands_still(free, clock, place):
    left(free, **place, process=2**22 + 1)
    number = free.folder / "owner.lock"
    assert free.is_claimed, "one look tells nothing"
    assert ownership.undecided()
    clock(ownership.STILL - 1)
    number.write_text("2")
    clock(2)
    assert free.is_claimed, "it has counted on"
    clock(ownership.STILL - 1)
    assert free.is_claimed
    assert not free.claim()
    clock(2)
    assert not ownership.undecided()
    assert not free.is_claimed
    assert free.claim()
    assert free.owner == free._hold.token


def test_an_owner_counts_on(free, monkeypatch):
    free.claim()
    number = free.folder / "owner.lock"
    before = number.read_text()
    counted = threading.Event()
    beat = ownership.Hold.beat
    monkeypatch.setattr(ownership.Hold, "beat", lambda hold: (beat(hold), hold is free._hold and counted.set()))
    assert counted.wait(60)
    assert int(number.read_text()) > int(before)
    assert len(number.read_text()) == len(before), "a full disc has room for it"


def test_what_was_taken_over_from_elsewhere_is_lost(free):
    free.claim()
    assert not free.is_lost
    told(free, host="another", token="of another one")
    assert free.is_lost
    assert free.is_claimed
    assert not free.claim(), "it is not taken back"
    free.release()
    assert free.owner == "of another one", "nor deleted"


def test_on_a_full_disc_the_lock_does_alone(free, monkeypatch, other):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(ownership, "_replace", full)
    assert free.claim()
    assert free.is_claimed
    assert not Store(free.folder).claim()
    notebook = other()
    notebook.begin()
    assert not notebook.granted()


def test_words_that_cannot_be_read_are_watched(free, clock):
    left(free)
    (free.folder / "owner.json").write_text("{")
    assert free.is_claimed
    clock(ownership.STILL + 1)
    assert not free.is_claimed


def test_what_earlier_releases_wrote_is_read(free, other):
    process = other().process
    since = ownership.psutil.Process(process.pid).create_time()
    owner = free.folder / "owner.json"
    for number, moment, claimed in (
        (process.pid, since, True),
        # The clock was set meanwhile.
        (process.pid, since - 2, True),
        (process.pid, 0, False),
        (2**22 + 1, since, False),
        (os.getpid(), ownership.psutil.Process().create_time(), False),
        ("x", since, False),
        (process.pid, None, False),
    ):
        owner.write_text(json.dumps({"process": number, "since": moment}))
        assert free.is_claimed == claimed, (number, moment)
    assert free.claim()
    assert {"process", "since"} <= json.loads(owner.read_text()).keys(), "earlier releases read ours"


def test_what_others_hold_is_neither_swept_nor_deleted(free, other):
    free.write("passing.json", {})
    notebook = other()
    notebook.begin()
    assert notebook.granted()
    Store.new()
    assert free.folder.exists()
    with pytest.raises(RuntimeError, match="open in a panel or in another notebook"):
        remove(free.folder.name)
    notebook.end()
    Store.new()
    assert not free.folder.exists()


def test_a_folder_that_is_swept_before_it_is_claimed_is_made_anew(state, monkeypatch):
    """Another notebook's Start, between the two."""
    claim, swept = Store.claim, []

    def swept_first(store):
        if not swept:
            swept.append(store.folder)
            store.folder.rmdir()
        return claim(store)

    monkeypatch.setattr(Store, "claim", swept_first)
    made = Store.new()
    assert made.folder != swept[0]
    assert made.is_claimed
    assert [each.folder for each in Store.all()] == [made.folder]
    assert not list(trainings_folder().glob(".*"))
