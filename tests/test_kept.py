"""Trainings that are kept: nothing that has learnt is thrown away unasked, and all of it can be opened again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hands import SMALL, Watch, finished, pressed

from unet_explorer import TrainingSession, cells
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.kept import kept_trainings, remove, rename, store_of
from unet_explorer.learning.store import Store, trainings_folder
from unet_explorer.panel.tabs.train import TrainTab


def tab_of(instrument, worker, images, **recipe):
    made = TrainTab(instrument, worker, images)
    Watch(made).until(lambda: made.data.get("name"))
    made.set_state({"recipe": {**made.recipe, "steps": 8, "steps_per_epoch": 4, **recipe}})
    instrument.batch_size = 2
    return made


@pytest.fixture
def train(instrument, worker):
    made = tab_of(instrument, worker, cells(8, size=96))
    yield made
    made.close()


def learnt(tab):
    """Press Start and wait for the end; the name of what was learnt."""
    before = tab.session
    pressed(tab, "start")
    Watch(tab).until(lambda: tab.session is not before and tab.status.get("state") == "finished")
    return tab.session.name


def places(tab):
    return {each["title"]: each["place"] for each in tab.trainings}


def test_start_anew_and_reset_keep_what_has_learnt_and_it_can_be_opened_again(train, instrument):
    watch = Watch(train)
    usual = train.recipe["learning_rate"]
    first = learnt(train)
    iou = train.session.history.best.iou
    weights = train.session.model().get_weights()
    instrument.config = replace(SMALL, base_filters=6).to_dict()
    train.set_state({"recipe": {**train.recipe, "learning_rate": 0.002, "steps": 4}})
    second = learnt(train)
    watch.until(lambda: places(train) == {"cells 1": "kept", "cells 2": "here"})
    pressed(train, "reset")
    watch.until(lambda: places(train) == {"cells 1": "kept", "cells 2": "kept"})
    row = train.trainings[1]
    assert (row["name"], row["iou"], row["step"], row["steps"]) == (first, iou, 8, 8)
    assert row["design"] == "depth 2, 4 filters, tile 76 × 76, on cells"
    assert row["bytes"] == sum(file.stat().st_size for file in (trainings_folder() / first).iterdir())
    pressed(train, "reopen", name=first)
    # Knobs, recipe and images are those that it was taught with.
    watch.until(lambda: train.status.get("state") == "finished" and not train.status["differs"])
    assert instrument.design == SMALL
    assert (train.recipe["steps"], train.recipe["learning_rate"], instrument.batch_size) == (8, usual, 2)
    assert not train.status["images"]
    assert len(train.dataset) == 8
    assert train.curve["epochs"][-1]["mean_iou"] == train.session.history.epochs[-1].iou
    watch.until(lambda: train.predictions.get("epoch") == 2)
    assert all((old == new).all() for old, new in zip(weights, train.session.model().get_weights(), strict=True))
    # Beside it the other one, until it is deleted.
    pressed(train, "compare", name=second, on=True)
    watch.until(lambda: [each["title"] for each in train.compared] == ["cells 2"])
    assert [step for step, _ in train.compared[0]["scores"]] == [0, 4]
    assert len(train.compared[0]["points"]) == 4
    pressed(train, "remove", name=first)
    watch.until(lambda: "close it first" in train.problem)
    pressed(train, "remove", name=second)
    watch.until(lambda: not train.compared and places(train) == {"cells 1": "here"})
    assert not (trainings_folder() / second).exists()
    assert (trainings_folder() / first).exists()


def test_what_another_panel_looks_after_is_seen_and_left_alone(train, instrument, worker):
    name = learnt(train)
    other = tab_of(instrument, worker, cells(6, size=96))
    watch = Watch(other)
    watch.until(lambda: places(other) == {"cells 1": "elsewhere"})
    for request in ("remove", "reopen"):
        pressed(other, request, name=name)
        watch.until(lambda: "open in a panel or in another notebook" in other.problem)
        other.problem = ""
    # A panel that is closed lets go of it.
    train.close()
    pressed(other, "rename", name=name, title="  the first   one ")
    watch.until(lambda: places(other) == {"the first one": "kept"})
    # While one learns, another cannot take its place.
    other.set_state({"recipe": {**other.recipe, "steps": 100_000}})
    pressed(other, "start", force=True)
    watch.until(lambda: other.status.get("state") == "running")
    pressed(other, "reopen", name=name)
    watch.until(lambda: other.problem == "Another training is under way: stop it first.")
    pressed(other, "stop")
    other.close()


@pytest.fixture
def saved(state):
    """A folder as a training leaves it, without any learning."""

    def save(day, **changed):
        images = cells(2, size=96)
        session = TrainingSession(SMALL, images, 76, steps=4)
        store = Store(trainings_folder() / f"202601{day:02}-120000-00000000")
        store.folder.mkdir(parents=True)
        store.write_dataset(images)
        epoch = {"epoch": 1, "step": 4, "table": [[5, 1], [1, 5]], "seconds": 0.1}
        history = {"points": [[1, 0.5]], "first": None, "epochs": [epoch], "seconds": 1.0}
        files = {"order.json": session.order.to_dict(), "history.json": history, "state.json": {"state": "finished"}}
        for file, content in (files | changed).items():
            if content is not None:
                store.write(file, content)
        session.close()
        return store

    return save


def test_only_what_can_be_read_and_has_learnt_is_listed(saved):
    good = saved(1)
    saved(2, **{"history.json": None})
    saved(3, **{"order.json": {"config": {"depth": "no"}}})
    saved(4, **{"history.json": {"points": 3}})
    saved(5, **{"passing.json": {}})
    (trainings_folder() / "20260106-120000-00000000").write_text("no folder")
    (found,) = kept_trainings()
    assert (found.name, found.title, found.images, found.state) == (good.folder.name, "cells", "cells", "finished")
    assert (found.started, found.iou, found.step, found.held) == ("2026-01-01 12:00", 5 / 7, 4, False)
    again = TrainingSession.reopen(found.name)
    assert again.state == "finished"
    assert kept_trainings()[0].held
    with pytest.raises(TrainingError, match="open in a panel"):
        TrainingSession.reopen(found.name)
    again.close()
    assert not kept_trainings()[0].held


def test_images_that_cannot_be_read_any_more_are_told_with_the_place(saved):
    store = saved(1)
    (store.folder / "dataset.npz").write_bytes(b"no zip")
    with pytest.raises(TrainingError, match=r"cannot be read any more.*20260101-120000"):
        TrainingSession.reopen(store.folder.name)
    assert not store.is_claimed


@pytest.mark.parametrize(
    "name", ["", "..", "../../20260101-120000-00000000", "20260101-120000-00000000/..", "20260101-120000-000"]
)
def test_a_name_never_leads_out_of_the_folder(saved, name):
    saved(1)
    for act in (store_of, remove, TrainingSession.reopen):
        with pytest.raises(TrainingError, match="There is no training"):
            act(name)
    with pytest.raises(TrainingError, match="keeps its name"):
        rename(name, "x")
    assert len(kept_trainings()) == 1


def test_a_new_training_deletes_nothing_that_is_listed(saved):
    kept = [saved(day).folder.name for day in (1, 2)]
    cut_off = saved(3, **{"history.json": None, "state.json": {"state": "running"}})
    of_no_use = [saved(4, **{"history.json": None}), saved(5, **{"passing.json": {}})]
    new = Store.new()
    assert new.is_claimed
    left = {store.folder.name for store in Store.all()}
    assert left == {*kept, cut_off.folder.name, new.folder.name}
    assert not any(store.folder.exists() for store in of_no_use)
    assert [each.name for each in kept_trainings()] == kept[::-1]


def test_a_title_is_one_line(saved):
    store = saved(1)
    rename(store.folder.name, "a\n\tb" + "c" * 100)
    assert json.loads((store.folder / "title.json").read_text())["title"] == "a b" + "c" * 57
    rename(store.folder.name, "   ")
    assert kept_trainings()[0].title == "a b" + "c" * 57


def test_what_the_pinned_and_the_shown_design_have_learnt_is_held_against_each_other(train, instrument, worker):
    watch = Watch(train)
    assert train.pair == {}
    instrument.pinned = {"config": instrument.config, "tile": instrument.tile}
    watch.until(lambda: train.pair.get("words") == "Neither A nor B has been taught yet.")
    first = learnt(train)
    # Not pinned when it was taught: it is what is shown, B.
    watch.until(lambda: "A has not been taught" in train.pair["words"])
    instrument.pinned = {}
    watch.until(lambda: train.pair == {})
    instrument.pinned = {"config": instrument.config, "tile": instrument.tile}
    watch.until(lambda: "B has not been taught" in train.pair.get("words", ""))
    a = train.session
    instrument.config, instrument.tile = replace(SMALL, depth=1, base_filters=6).to_dict(), [36, 36]
    second = learnt(train)
    # The page may still show that the one before is finished.
    b = finished(train.session)
    # Its masks may be there before its scores are.
    best = [a.history.best.iou, b.history.best.iou]
    watch.until(lambda: train.pair.get("epochs", [0, 0])[1] == b.history.best.number and train.pair.get("pictures"))
    watch.until(lambda: train.pair["best"] == best)
    pair = train.pair
    assert pair["words"] == ""
    assert [each["name"] for each in pair["curves"]] == [first, second]
    # Both have seen whole images here, so their masks lie on each other as they are.
    truths = [each.truth for each in a.examples]
    masks = [session.predictions(session.history.best.number) for session in (a, b)]
    assert all(mask.shape == truth.shape for each in masks for mask, truth in zip(each, truths, strict=True))
    for at, shown in enumerate(pair["pictures"]):
        assert shown["masks"] == [masks[0][at].tobytes(), masks[1][at].tobytes()]
    flat, truth = [np.concatenate([mask.ravel() for mask in each]) for each in masks], np.concatenate(truths, axis=None)
    assert pair["differ"] == np.mean(flat[0] != flat[1])
    for mask, iou in zip(flat, pair["iou"], strict=True):
        either = ((mask == 1) | (truth == 1)).sum()
        assert iou == pytest.approx(((mask == 1) & (truth == 1)).sum() / either)
    # Swapped, each keeps what it has learnt.
    now = {"config": instrument.config, "tile": instrument.tile}
    instrument.pinned, instrument.config, instrument.tile = now, SMALL.to_dict(), list(instrument.pinned["tile"])
    watch.until(lambda: [each["name"] for each in train.pair["curves"]] == [second, first])
    assert train.pair["iou"] == pair["iou"][::-1]
    # What cannot be read is said, and the curves stay.
    (a.folder / f"epoch{a.history.best.number:06}.npz").write_bytes(b"no longer whole")
    pressed(train, "rename", name=second, title="shallow")
    watch.until(lambda: train.pair["words"] == "The masks of one of them cannot be read any more.")
    assert [each["title"] for each in train.pair["curves"]] == ["shallow", "cells 1"]
    # From other images something else is learnt.
    other = tab_of(instrument, worker, cells(8, size=96, seed=3))
    third = learnt(other)
    Watch(other).until(lambda: [each["name"] for each in other.pair.get("curves", [])] == [second, third])
    words = "A and B learnt from different images: neither scores nor masks can be compared."
    assert (other.pair["words"], other.pair["best"]) == (words, [None, None])
    assert "pictures" not in other.pair
    other.close()
