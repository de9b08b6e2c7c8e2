"""What a training leaves on disc: whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from unet_explorer import cells, from_stack
from unet_explorer.learning import store as room
from unet_explorer.learning.store import DamagedError, Store, trainings_folder

WRITE = """
import sys, numpy as np
from pathlib import Path
from unet_explorer.learning.store import Store
store = Store(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    store.write_arrays("last.npz", {"a": np.full(200_000, number, "int64"), "number": np.array(number)})
    store.write("history.json", {"number": number, "points": list(range(20_000))})
    print(number, flush=True)
"""


@pytest.fixture
def kept(state):
    return Store.new()


def test_a_folder_of_its_own_that_nobody_else_may_read(kept):
    assert kept.folder.parent == trainings_folder()
    if os.name == "posix":
        assert kept.folder.stat().st_mode & 0o777 == 0o700
    assert [each.folder for each in Store.all()] == [kept.folder]
    (trainings_folder() / "not-ours").mkdir()
    assert len(Store.all()) == 1


def test_what_is_written_is_read(kept):
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.array(2.5, "float32")}
    kept.write_arrays("x.npz", arrays)
    kept.write("x.json", {"a": [1, "two"]})
    again = kept.read_arrays("x.npz")
    assert again.keys() == arrays.keys()
    assert all(np.array_equal(again[key], value) for key, value in arrays.items())
    assert kept.read("x.json") == {"a": [1, "two"]}
    assert kept.read("y.json") is None
    assert kept.read_arrays("y.npz") is None


def test_an_archive_holds_the_arrays_and_nothing_else(kept, monkeypatch):
    """Before NumPy 2.2 every keyword of savez became an array, ``allow_pickle`` as well."""
    saved, given = np.savez, []

    def savez(stream, **keywords):
        given.extend(keywords)
        saved(stream, **keywords)

    monkeypatch.setattr(room.np, "savez", savez)
    kept.write_arrays("x.npz", {"a": np.zeros(3), "b": np.ones(2)})
    assert given == ["a", "b"]
    assert list(kept.read_arrays("x.npz")) == ["a", "b"]


@pytest.mark.parametrize("thing", [np.array([None, {}]), np.array([(1, None)], dtype=[("a", "i4"), ("b", "O")])])
def test_what_is_no_number_is_refused_and_what_was_there_stays(kept, thing):
    kept.write_arrays("x.npz", {"a": np.arange(3)})
    with pytest.raises(ValueError, match="b holds Python objects: only numbers are kept"):
        kept.write_arrays("x.npz", {"a": np.zeros(3), "b": thing})
    assert np.array_equal(kept.read_arrays("x.npz")["a"], np.arange(3))
    assert sorted(each.name for each in kept.folder.iterdir()) == ["owner.json", "owner.lock", "x.npz"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"PK\x03\x04 no zip", b"\xff\xfe"])
def test_what_cannot_be_read_is_nothing(kept, damage):
    for name, read in (("x.json", kept.read), ("x.npz", kept.read_arrays)):
        (kept.folder / name).write_bytes(damage)
        assert read(name) is None


def test_pickles_are_not_opened(kept, tmp_path):
    np.savez(kept.folder / "x.npz", a=np.array([{"an": "object"}], dtype=object))
    assert kept.read_arrays("x.npz") is None


@pytest.mark.parametrize("make", [lambda: cells(3, size=32), "various"])
def test_a_dataset_comes_back_as_it_was(kept, make):
    if make == "various":
        sizes = [(20, 30), (24, 16)]
        made = from_stack(
            [np.random.default_rng(0).random(size) for size in sizes], [np.eye(*size, dtype=int) for size in sizes]
        )
    else:
        made = make()
    kept.write_dataset(made)
    again = kept.read_dataset()
    assert (again.name, again.classes, again.licence, again.titles) == (
        made.name,
        made.classes,
        made.licence,
        made.titles,
    )
    for (image, labels), (old_image, old_labels) in zip(again, made, strict=True):
        assert np.array_equal(image, old_image)
        assert np.array_equal(labels, old_labels)
    assert (again.instances is None) == (made.instances is None)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a Unix signal")
def test_a_kill_while_saving_leaves_something_whole(kept):
    for _ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITE, str(kept.folder)], stdout=subprocess.PIPE, text=True
        ) as writer:
            told = [int(writer.stdout.readline()) for _ in range(3)]
            writer.send_signal(signal.SIGKILL)
        arrays = kept.read_arrays("last.npz")
        assert arrays["number"] >= told[-1]
        assert (arrays["a"] == arrays["number"]).all()
        assert kept.read("history.json")["number"] >= told[-1]


def test_a_full_disc_leaves_what_was_there(kept, monkeypatch):
    kept.write("x.json", {"good": 1})
    kept.write_arrays("x.npz", {"good": np.ones(3)})

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "_to_disc", full)
    for write in (lambda: kept.write("x.json", {"bad": 1}), lambda: kept.write_arrays("x.npz", {"bad": np.ones(9)})):
        with pytest.raises(OSError, match="No space left"):
            write()
    assert kept.read("x.json") == {"good": 1}
    assert kept.read_arrays("x.npz").keys() == {"good"}
    assert sorted(file.name for file in kept.folder.iterdir()) == ["owner.json", "owner.lock", "x.json", "x.npz"]


def test_who_looks_after_it(kept):
    """More in test_ownership.py."""
    assert kept.is_claimed
    kept.release()
    assert not kept.is_claimed
    assert kept.claim()
    assert kept.is_claimed
    assert not Store(kept.folder).claim()
    kept.release()
    code = (
        "import sys; from pathlib import Path; from unet_explorer.learning.store import Store; "
        "assert Store(Path(sys.argv[1])).claim()"
    )
    subprocess.run([sys.executable, "-c", code, str(kept.folder)], check=True)
    assert (kept.folder / "owner.json").exists()
    assert not kept.is_claimed, "that process has ended"
    kept.write("owner.json", {"process": os.getpid(), "since": 12.0})
    assert not kept.is_claimed, "the number was given to another process"


def is_seen(file, changed, read, wanted):
    file.write_bytes(changed)
    try:
        found = read(file.name)
    except DamagedError as error:
        assert str(error).startswith(f"{file.name} cannot be read: ")
        return True
    assert str(found) == str(wanted)
    return False


def test_one_wrong_bit_is_seen(kept):
    """Wherever it is; what is still read is what was written."""
    arrays, words = {"a": np.arange(3, dtype="int16"), "step": np.array(7)}, {"step": 7, "points": [[1, 0.25]]}
    kept.write_arrays("x.npz", arrays)
    kept.write("x.json", words)
    kept.write("empty.json", {})
    for name, read in (("x.npz", kept.read_whole_arrays), ("x.json", kept.read_whole), ("empty.json", kept.read_whole)):
        file = kept.folder / name
        data, wanted, seen = file.read_bytes(), read(name), 0
        for place in range(8 * len(data)):
            changed = bytearray(data)
            changed[place // 8] ^= 1 << place % 8
            seen += is_seen(file, changed, read, wanted)
        # The rest are bits of the checksum's own name, or of that there is one.
        assert seen > 8 * (len(data) - 60)
        cut = sum(is_seen(file, data[:length], read, wanted) for length in range(len(data)))
        assert cut >= len(data) - 45, "only of the checksum itself something may be missing"
    assert kept.read_whole("y.json") is None
    assert kept.read_whole_arrays("y.npz") is None
    (kept.folder / "y.npz").mkdir()
    with pytest.raises(DamagedError):
        kept.read_whole_arrays("y.npz")


def test_files_of_earlier_releases_are_read_and_earlier_releases_read_ours(kept):
    (kept.folder / "x.json").write_text(json.dumps({"state": "paused"}))
    np.savez(kept.folder / "x.npz", a=np.arange(3))
    assert kept.read_whole("x.json") == {"state": "paused"}
    assert kept.read_whole_arrays("x.npz")["a"].tolist() == [0, 1, 2]
    kept.write("x.json", {"state": "paused"})
    kept.write_arrays("x.npz", {"a": np.arange(4)})
    assert json.loads((kept.folder / "x.json").read_text())["state"] == "paused"
    with np.load(kept.folder / "x.npz", allow_pickle=False) as content:
        assert content.files == ["a"]
        assert content["a"].tolist() == [0, 1, 2, 3]


def test_one_number_is_read_without_the_rest(kept):
    kept.write_arrays("x.npz", {"a": np.arange(9), "step": np.array(7)})
    assert kept.read_number("x.npz", "step") == 7
    assert kept.read_number("x.npz", "a") is None
    assert kept.read_number("x.npz", "b") is None
    assert kept.read_number("y.npz", "step") is None
    (kept.folder / "x.npz").write_bytes(b"PK")
    assert kept.read_number("x.npz", "step") is None


def test_what_has_a_use_is_not_swept(kept):
    """Not even if the file that says how it ended is damaged."""
    names = {}
    for name, files in {
        "nothing": {},
        "ended": {"state.json": b'{"state": "failed"}'},
        "cut off": {"state.json": b'{"state": "running"}'},
        "damaged": {"state.json": b'{"state": "runn'},
        "learnt": {"best.npz": b"whatever", "state.json": b'{"state": "stopped"}'},
        "passing": {"passing.json": b"", "best.npz": b"whatever"},
    }.items():
        store = Store.new()
        names[store.folder.name] = name
        for file, content in files.items():
            (store.folder / file).write_bytes(content)
    for store in Store.all():
        assert store.is_of_no_use == (names.get(store.folder.name, "nothing") in {"nothing", "ended", "passing"})
