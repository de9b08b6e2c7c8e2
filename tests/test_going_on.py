"""Going on from what is left: the newest whole weights count, nothing better is overwritten, and it is said."""

from __future__ import annotations

import errno
import json
import math

import numpy as np
import pytest
from hands import SMALL, TILE, Silent, finished, until
from support import exhaustive

from unet_explorer import TrainingSession
from unet_explorer.learning import saved
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.history import History
from unet_explorer.learning.kept import history_of, kept_trainings
from unet_explorer.learning.saved import SavedHistory, kept_step, saved_history, write_epoch
from unet_explorer.learning.scores import scores
from unet_explorer.learning.store import Store, trainings_folder


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def examined(number, step, right=5):
    return {"epoch": number, "step": step, "iou": None, "table": [[right, 1], [1, right]], "seconds": 0.5}


@pytest.fixture
def learnt(session):
    """A training of three epochs that was stopped, of which the second is said to be the best by far."""

    def make(former=False):
        made = session(steps=1000)
        made.start(paused=True)
        for _ in range(12):
            made.step()
        until(made, lambda: len(made.history.epochs) == 3)
        made.stop()
        store = Store(made.folder)
        best = store.read_arrays("best.npz") | {"step": np.array(8), "table": np.array([[10_000, 1], [1, 10_000]])}
        history = store.read("history.json")
        history["epochs"][1]["table"] = best["table"].tolist()
        epoch = store.read("epoch000002.json")
        epoch["examination"]["table"] = best["table"].tolist()
        if former:
            del best["step"], best["table"]
            for number in range(4):
                (store.folder / f"epoch{number:06}.json").unlink()
        else:
            store.write("epoch000002.json", epoch)
        store.write_arrays("best.npz", best)
        store.write("history.json", history)
        return made, store

    return make


def gone_on(made, epochs):
    """What was said as it went on, until so many examinations were made."""
    made.resume()
    until(made, lambda: made.state not in {"starting"} and (made.state == "failed" or made.history.epochs))
    said = made.problem
    until(made, lambda: made.state == "failed" or len(made.history.epochs) >= epochs)
    return said


@pytest.mark.parametrize("harm", exhaustive(["damaged", "deleted"], ["damaged"]))
def test_it_goes_on_from_the_best_weights_where_the_latest_are(learnt, harm):
    made, store = learnt()
    best = (store.folder / "best.npz").read_bytes()
    if harm == "damaged":
        damage(store.folder / "last.npz")
    else:
        (store.folder / "last.npz").unlink()
    assert kept_step(store) in ({8, 12} if harm == "damaged" else {8})
    said = gone_on(made, 3)
    how = "are damaged" if harm == "damaged" else "are not there any more"
    assert said == f"The latest weights {how} (last.npz): it goes on from the best ones, of step 8."
    assert made.problem == said, "it stays, or nobody has seen it"
    made.stop()
    assert [epoch.step for epoch in made.history.epochs][:3] == [4, 8, 12]
    assert not any(map(math.isnan, made.history.losses))
    assert (store.folder / "best.npz").read_bytes() == best
    assert store.read_whole_arrays("last.npz")["step"] >= 12


@pytest.mark.parametrize("former", exhaustive([False, True], [True]))
def test_a_damaged_history_is_put_together_again_and_the_best_weights_stay(learnt, former):
    made, store = learnt(former)
    best, losses = (store.folder / "best.npz").read_bytes(), list(made.history.losses)
    damage(store.folder / "history.json")
    with pytest.raises(TrainingError, match="open in a panel or in another notebook"):
        TrainingSession.reopen(made.name, made._worker)
    made.close()
    again = TrainingSession.reopen(made.name, made._worker)
    assert again.problem.startswith("The history of this training is damaged (history.json)")
    if former:
        # Weights of which nothing is known are examined before anything can take their place.
        assert "between step 0 and step 12 is lost" in again.problem
    else:
        assert [epoch.step for epoch in again.history.epochs] == [4, 8, 12]
        assert again.history.losses == losses
        assert again.history.first == made.history.first
        assert "lost" not in again.problem
        assert [each.name for each in kept_trainings()] == [made.name]
        assert kept_trainings()[0].problem == again.problem
    said = gone_on(again, 1 if former else 4)
    assert said.startswith("The history of this training is damaged")
    again.stop()
    assert len(again.history.losses) >= 12
    assert again.history.epochs[-1].step >= 12
    if not former:
        assert (store.folder / "best.npz").read_bytes() == best
    assert store.read_whole("history.json")["epochs"]
    again.close()


def test_without_whole_weights_it_says_so_and_leaves_everything(learnt):
    made, store = learnt()
    damage(store.folder / "last.npz")
    damage(store.folder / "best.npz")
    files = {file.name: file.read_bytes() for file in store.folder.iterdir() if file.suffix in {".npz", ".json"}}
    gone_on(made, 1)
    assert made.state == "failed"
    assert "its weights are damaged (last.npz, best.npz); what is left was not touched" in made.problem
    changed = {file.name for file in store.folder.iterdir() if files.get(file.name, b"") != file.read_bytes()}
    assert changed <= {"state.json", "owner.lock"}


def test_damaged_best_weights_are_kept_anew(learnt):
    made, store = learnt()
    damage(store.folder / "best.npz")
    with pytest.raises(TrainingError, match=r"weights are damaged \(best.npz cannot be read: .*model\('last'\)"):
        made.model()
    assert made.model("last")
    said = gone_on(made, 4)
    assert said == "The best weights are damaged (best.npz): the next ones are kept in their place."
    made.stop()
    assert store.read_whole_arrays("best.npz")["step"] >= 16
    assert [epoch.step for epoch in made.history.epochs][:4] == [4, 8, 12, 16]


def test_one_that_was_taken_over_writes_nothing_more(session):
    """This machine slept, and another one has gone on meanwhile."""
    made = session(steps=1000, steps_per_epoch=4)
    made.start(paused=True)
    for _ in range(4):
        made.step()
    until(made, lambda: len(made.history.epochs) == 1)
    owner = made.folder / "owner.json"
    owner.write_text(json.dumps({**json.loads(owner.read_text()), "host": "another", "token": "of another one"}))
    files = {file.name: file.read_bytes() for file in made.folder.iterdir() if file.suffix in {".npz", ".json"}}
    made.resume()
    made.join(120)
    assert made.state == "failed"
    assert "another notebook has taken it over, and goes on with it" in made.problem
    assert files == {file.name: file.read_bytes() for file in made.folder.iterdir() if file.suffix in {".npz", ".json"}}
    with pytest.raises(TrainingError, match="open in a panel or in another notebook"):
        made.resume()
    made.discard()
    assert owner.exists()


# On disc alone --------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(state):
    return Store.new()


def test_what_runs_ahead_in_an_epochs_own_file_is_part_of_the_history(store):
    """It was cut off between the two."""
    history = SavedHistory([(1, 0.5), (2, 0.25)], examined(0, 0), [examined(1, 2)], 3.0)
    store.write("history.json", history.to_dict())
    history.points += [(3, 0.2), (4, 0.1)]
    history.epochs.append(examined(2, 4))
    write_epoch(store, history.epochs[-1], history)
    assert saved_history(store).points == history.points
    assert [epoch["step"] for epoch in saved_history(store).epochs] == [2, 4]
    # Weights that are behind it cut it.
    store.write_arrays("last.npz", {"step": np.array(2)})
    assert [epoch.step for epoch in history_of(store).epochs] == [2]
    assert kept_step(store) == 2


@pytest.mark.tensorflow
def test_best_weights_of_which_nothing_is_known_are_examined(store):
    """As earlier releases kept them; something worse would take their place otherwise."""
    from unet_explorer.learning.worker.going_on import go_on

    class Learner:
        """A network of one number, which is as good as that says."""

        step = weight = 0

        def restore_weights(self, state, step):
            self.weight, self.step = int(state["weight0"]), step

        def restore(self, state):
            self.restore_weights(state, int(state["step"]))

        def examine(self, interrupted):
            return np.array([[self.weight, 0], [100 - self.weight, 0]]), []

    store.write_arrays("best.npz", {"weight0": np.array(90)})
    store.write_arrays("last.npz", {"weight0": np.array(20), "step": np.array(12)})
    (store.folder / "history.json").write_bytes(b"{")
    learner = Learner()
    course = go_on(store, learner)
    assert course.best == scores([[90, 0], [10, 0]]).quality
    assert (learner.weight, learner.step) == (20, 12), "and it goes on from the latest"
    # Where the history is whole, it says so without.
    store.write("history.json", SavedHistory([], None, [examined(1, 4), examined(2, 8, 50)], 1.0).to_dict())
    assert go_on(store, learner).best == scores([[50, 1], [1, 50]]).quality


def test_epochs_of_a_course_that_was_left_are_deleted(store):
    history = SavedHistory([(step, 1.0) for step in range(1, 9)], None, [], 3.0)
    for number in range(1, 5):
        history.epochs.append(examined(number, 2 * number))
        write_epoch(store, history.epochs[-1], history)
    history.cut(4)
    history.points.append((5, 7.0))
    history.epochs.append(examined(3, 5))
    write_epoch(store, history.epochs[-1], history)
    (store.folder / "history.json").write_bytes(b"{")
    again = saved_history(store)
    assert [epoch["step"] for epoch in again.epochs] == [2, 4, 5]
    assert again.points == history.points


def test_losses_that_are_lost_leave_a_gap():
    history = History()
    history.add_point(3, 0.5)
    history.cut(5)
    assert [math.isnan(loss) for loss in history.losses] == [True, True, False, True, True]
    history.extend({"points": [(6, 0.25)], "seconds": 1.0, "waited": 0.0})
    assert history.losses[-1] == 0.25


@pytest.mark.parametrize("full_at", ["epoch000002.npz", "epoch000002.json", "best.npz", "history.json", "last.npz"])
def test_what_is_told_as_kept_was_saved(store, full_at, monkeypatch):
    history = SavedHistory([(1, 1.0), (2, 1.0)], None, [], 1.0)

    def save(number, step):
        """In the order in which the worker does it."""
        history.epochs.append(examined(number, step, 5 + number))
        store.write_arrays(f"epoch{number:06}.npz", {"prediction0": np.zeros(2)})
        write_epoch(store, history.epochs[-1], history)
        store.write_arrays("best.npz", saved.best_arrays({}, history.epochs[-1]))
        store.write("history.json", history.to_dict())
        store.write_arrays("last.npz", {"step": np.array(step)})

    save(1, 1)
    replace = Store._replace

    def full(self, name, fill):
        if name == full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(self, name, fill)

    monkeypatch.setattr(Store, "_replace", full)
    with pytest.raises(OSError, match="No space"):
        save(2, 2)
    assert kept_step(store) == 1
    assert [epoch.step for epoch in history_of(store).epochs] == [1]


def test_a_start_that_is_refused_leaves_nothing(images, state, monkeypatch):
    def full(self, dataset):
        raise OSError(errno.ENOSPC, "No space left on device")

    made = TrainingSession(*start_with(images))
    monkeypatch.setattr(Store, "write_dataset", full)
    with pytest.raises(TrainingError, match=r"cannot be kept on disc \(No space left on device\)\.$"):
        made.start(force=True)
    assert (made.state, made.folder) == ("new", None)
    assert not list(trainings_folder().iterdir())
    made.close()


class Ended(Silent):
    """One that can be ended."""

    def kill(self):
        pass


def start_with(images):
    return SMALL, images, TILE, Ended()


def test_folders_that_others_delete_at_start_are_no_hindrance(images, state, monkeypatch):
    """Its own, by a release that does not see the lock; and another's, between being listed and being looked at."""
    write, deleted = Store.write_dataset, []

    def deleted_first(self, dataset):
        if len(deleted) < 2:
            deleted.append(self.folder)
            for file in self.folder.iterdir():
                file.unlink()
            self.folder.rmdir()
        write(self, dataset)

    made = TrainingSession(*start_with(images))
    monkeypatch.setattr(Store, "write_dataset", deleted_first)
    gone = Store(trainings_folder() / "20260101-120000-00000000")
    monkeypatch.setattr(Store, "all", classmethod(lambda cls: [gone]))
    made.start(force=True)
    assert made.state == "starting"
    assert made.folder not in deleted
    assert (made.folder / "dataset.npz").exists()
    made.close()


def test_a_damaged_one_keeps_no_other_from_being_found(images, state):
    left = []
    for _ in range(2):
        each = TrainingSession(*start_with(images))
        each.start(force=True)
        each._store.release()
        left.append(each._store)
    whole, harmed = sorted(left, key=lambda store: store.folder.name)
    file = harmed.folder / "dataset.npz"
    # As earlier releases wrote it, without a checksum, and the words of an array's shape are no Python.
    np.savez(file, **harmed.read_arrays("dataset.npz"))
    data = bytearray(file.read_bytes())
    data[data.index(b"), }")] ^= 1
    file.write_bytes(data)
    epoch = {**examined(1, 4), "step": 4}
    harmed.write("history.json", {"points": [], "first": None, "epochs": [epoch], "seconds": 1.0})
    assert kept_trainings()[0].problem == ""
    found = TrainingSession.unfinished(Silent())
    assert found.folder == whole.folder
    (listed,) = kept_trainings()
    assert listed.name == harmed.folder.name
    assert listed.problem.startswith("It cannot be opened: dataset.npz cannot be read: ")
    assert not harmed.is_claimed
    with pytest.raises(TrainingError, match=r"cannot be read any more\. It cannot be opened: dataset\.npz"):
        TrainingSession.reopen(listed.name, Silent())
    found.close()


def test_it_learns_on_after_all_of_this(session):
    """Nothing is said where nothing is wrong."""
    made = session(steps=8)
    made.start()
    finished(made)
    assert made.problem == ""
    store = Store(made.folder)
    assert kept_step(store) == 8
    assert store.read_whole("epoch000000.json")["examination"]["step"] == 0
    best = store.read_whole_arrays("best.npz")
    assert int(best["step"]) == made.history.best.step
    assert best["table"].tolist() == [list(row) for row in made.history.best.table]
