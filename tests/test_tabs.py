"""The Build and Train tabs without a browser: what they tell, and what may happen to their worker."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from hands import LONG, SMALL, TILE, Silent, Watch, pressed
from ipywidgets.widgets import widget as widgets
from support import second

from unet_explorer import PRESETS, Dataset, TrainingSession, UNetConfig, cells, explore, plan, to_script, trace
from unet_explorer.data.augment import Augmentation
from unet_explorer.panel.tabs import trainings
from unet_explorer.panel.tabs.build import BuildTab
from unet_explorer.panel.tabs.train import TrainTab

POSIX = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a Unix signal")


@pytest.fixture
def build(instrument, worker):
    made = BuildTab(instrument, worker)
    yield made
    made.close()


@pytest.fixture
def train(instrument, worker):
    made = TrainTab(instrument, worker, cells(8, size=96))
    watch = Watch(made)
    watch.until(lambda: made.data.get("name"))
    made.set_state({"recipe": {**made.recipe, "steps": 8, "steps_per_epoch": 4, "batch_size": 2}})
    yield made
    made.close()


def state_of(tab):
    return tab.status.get("state")


# Build -------------------------------------------------------------------------------------------------------------


def test_build_proves_every_step_and_shows_what_keras_made(build, instrument):
    build.set_state({"request": {"do": "build", "number": 1}})
    Watch(build).until(lambda: build.state == "built")
    result = build.result
    rows = trace(SMALL, TILE)
    assert [check["step"] for check in result["proof"]] == [step.name for step in plan(SMALL)]
    assert not any(check["difference"] for check in result["proof"])
    assert result["parameters"] == rows.parameters
    assert result["script"] == to_script(SMALL, TILE)
    assert "bottleneck_conv2" in result["summary"]
    assert result["graph"].lstrip().startswith("<")
    assert instrument.proof["steps"] == dict.fromkeys((step.name for step in plan(SMALL)), "")
    assert (instrument.proof["config"], instrument.proof["tile"]) == (instrument.config, instrument.tile)
    assert not build.differs
    instrument.tile = [84, 84]
    assert build.differs
    instrument.tile = list(TILE)
    assert not build.differs


def test_a_step_that_keras_made_otherwise_shows_both(instrument):
    worker = Silent()
    tab = BuildTab(instrument, worker)
    tab.build()
    layers = {row.step.name: {"shape": list(row.output), "parameters": row.parameters} for row in trace(SMALL, TILE)}
    layers["enc1_conv1"]["shape"][0] += 1
    worker.tell(event="built", request=worker.asked[-1]["request"], layers=layers, parameters=1, summary="")
    wrong = {check["step"]: check["difference"] for check in tab.result["proof"] if check["difference"]}
    assert wrong == {"enc1_conv1": "the plan says 34 × 34 × 8 and 296 parameters, Keras 35 × 34 × 8 and 296"}
    assert instrument.proof["steps"]["enc1_conv1"] == wrong["enc1_conv1"]
    tab.close()


def test_only_the_latest_build_counts(instrument):
    worker = Silent()
    tab = BuildTab(instrument, worker)
    tab.build()
    tab.build()
    worker.tell(event="built", request=worker.asked[0]["request"], layers={}, parameters=1, summary="")
    assert tab.state == "starting"
    assert tab.result == {}
    worker.tell(event="ready")
    assert tab.state == "building"
    tab.close()


def test_a_tile_that_does_not_fit_is_not_built(build, instrument):
    instrument.tile = [75, 75]
    build.build()
    assert build.state == "failed"
    assert build.problem.startswith("Tile 75 does not fit this U-Net: enc0_pool would halve an odd side (71)")


@POSIX
def test_a_worker_killed_at_build_is_told_and_the_next_build_works(build, worker):
    worker.warm_up()
    assert worker.wait(LONG)
    os.kill(worker.process, signal.SIGSTOP)
    build.build()
    assert build.state == "building"
    os.kill(worker.process, signal.SIGKILL)
    watch = Watch(build)
    watch.until(lambda: build.state == "failed")
    assert build.problem.startswith("The worker was killed from outside")
    build.build()
    watch.until(lambda: build.state == "built")
    assert build.problem == ""


@POSIX
def test_a_worker_stopped_by_another_tab_is_told_as_well(build, worker):
    worker.warm_up()
    assert worker.wait(LONG)
    os.kill(worker.process, signal.SIGSTOP)
    build.build()
    worker.kill()
    assert (build.state, build.problem) == ("failed", "The worker was stopped.")


def test_a_worker_that_cannot_be_started_is_told(instrument):
    class Absent(Silent):
        def send(self, message):
            raise OSError(11, "Resource temporarily unavailable")

    tab = BuildTab(instrument, Absent())
    tab.build()
    assert (tab.state, tab.problem) == ("failed", "The worker cannot be started (Resource temporarily unavailable).")
    tab.close()


# Train -------------------------------------------------------------------------------------------------------------


def test_start_learns_and_shows_curves_scores_and_pictures(train):
    pressed(train, "start")
    watch = Watch(train)
    watch.until(lambda: state_of(train) == "finished" and train.predictions.get("epoch") == 2)
    status = train.status
    assert (status["step"], status["steps"], status["epoch"], status["epochs"]) == (8, 8, 2, 2)
    assert status["rate"] > 0
    assert status["design"] == "depth 2, 4 filters, tile 76 × 76, on cells"
    curve = train.curve
    assert len(curve["points"]) == 8
    assert [epoch["step"] for epoch in curve["epochs"]] == [4, 8]
    assert len(curve["epochs"][0]["iou"]) == len(curve["epochs"][0]["dice"]) == len(curve["classes"]) == 2
    assert 0 < curve["epochs"][0]["constant"] < 1
    assert len(train.examples) == len(train.predictions["images"]) == 2
    for question, answer in zip(train.examples, train.predictions["images"], strict=True):
        assert len(question["truth"]) == len(answer) == question["height"] * question["width"]
    session = train.session
    assert train.predictions["images"][0] == session.predictions(2)[0].tobytes()
    train.set_state({"shown": 1})
    watch.until(lambda: train.predictions["epoch"] == 1)
    assert train.predictions["images"][0] == session.predictions(1)[0].tobytes()


def test_the_knobs_stay_free_and_the_panel_says_when_they_differ(train, instrument):
    pressed(train, "start", paused=True)
    watch = Watch(train)
    watch.until(lambda: state_of(train) == "paused")
    assert not train.status["differs"]
    instrument.config = replace(SMALL, base_filters=8).to_dict()
    instrument.tile = [84, 92]
    watch.until(lambda: train.status["differs"])
    assert train.session.order.config == SMALL
    pressed(train, "show_design")
    watch.until(lambda: not train.status["differs"])
    assert instrument.design == SMALL
    assert tuple(instrument.tile) == TILE
    pressed(train, "stop")


def test_starting_twice_is_starting_once(train, state):
    pressed(train, "start", paused=True)
    first = train.session
    pressed(train, "start")
    assert train.session is first
    assert len(list((state / "trainings").iterdir())) == 1
    pressed(train, "stop")


@second("the same in a browser in test_train")
def test_one_step_pause_go_on_stop_and_reset(train):
    watch = Watch(train)
    train.recipe = {**train.recipe, "steps": 100_000}
    pressed(train, "step")
    watch.until(lambda: state_of(train) == "paused" and train.status["step"] == 1)
    pressed(train, "step")
    watch.until(lambda: train.status["step"] == 2)
    pressed(train, "resume")
    watch.until(lambda: train.status["step"] > 4 and train.status["epoch"] >= 1)
    pressed(train, "pause")
    watch.until(lambda: state_of(train) == "paused")
    pressed(train, "stop")
    watch.until(lambda: state_of(train) == "stopped")
    kept = train.session.folder
    assert kept.is_dir()
    pressed(train, "resume")
    watch.until(lambda: state_of(train) == "running")
    pressed(train, "stop")
    pressed(train, "reset")
    watch.until(lambda: state_of(train) == "new")
    assert (train.curve, train.examples, train.predictions) == ({}, [], {})
    # What has learnt something is kept; see test_kept.py.
    assert kept.exists()


@second("a worker that is killed at Build is tried, too")
def test_a_training_that_went_wrong_can_be_started_anew(train, worker):
    pressed(train, "start", paused=True)
    watch = Watch(train)
    watch.until(lambda: state_of(train) == "paused")
    worker.kill()
    watch.until(lambda: state_of(train) == "interrupted")
    assert train.status["problem"] == "The worker was stopped. What was learnt up to step 0 is kept."
    before = train.session
    pressed(train, "start")
    assert train.session is not before
    watch.until(lambda: state_of(train) == "finished")


def test_one_of_which_nothing_is_known_yet_is_looked_for_again(instrument, images, monkeypatch):
    """Its owner may run on another machine: it must be watched for a while."""
    looks, made = [], []

    class Timer:
        daemon = False

        def __init__(self, seconds, work, given):
            assert seconds > trainings.STILL
            self.work, self.given, self.cancelled = work, given, False
            made.append(self)

        def start(self):
            pass

        def cancel(self):
            self.cancelled = True

    monkeypatch.setattr(trainings.threading, "Timer", Timer)
    monkeypatch.setattr(trainings, "undecided", lambda: len(looks) < 2)
    monkeypatch.setattr(TrainingSession, "unfinished", lambda worker: looks.append(worker))
    tab = TrainTab(instrument, Silent(), images)
    tab._hand.submit(lambda: None).result()
    assert (len(looks), len(made)) == (1, 1)
    made[0].work(*made[0].given)
    tab._hand.submit(lambda: None).result()
    assert (len(looks), len(made)) == (2, 1), "once it is known, nobody looks any more"
    tab.close()
    assert made[0].cancelled


@second("going on is tried in test_going_on and test_kept")
def test_a_former_notebooks_training_is_offered_and_goes_on(train, instrument, worker):
    train.recipe = {**train.recipe, "steps": 100_000}
    watch = Watch(train)
    pressed(train, "start")
    watch.until(lambda: train.status.get("epoch", 0) >= 1)
    os.kill(worker.process, signal.SIGKILL)
    watch.until(lambda: state_of(train) == "interrupted")
    # As if another process had looked after it.
    (train.session.folder / "owner.json").unlink()
    again = TrainTab(instrument, worker, cells(2, size=64))
    later = Watch(again)
    later.until(lambda: state_of(again) == "interrupted")
    assert again.status["problem"] == "An earlier training was interrupted here."
    epochs = again.status["epoch"]
    assert epochs >= 1
    later.until(lambda: again.predictions.get("epoch") == epochs)
    assert again.session.dataset.name == "cells"
    assert len(again.session.dataset) == 8
    pressed(again, "resume")
    later.until(lambda: again.status["epoch"] > epochs)
    pressed(again, "stop")
    again.close()


@pytest.mark.parametrize(
    ("design", "kind"),
    [
        (PRESETS["article"], "head"),
        (PRESETS["article"], "channels"),
        ((SMALL, 75), "tile"),
        ((UNetConfig(base_filters=4), 188), "output"),
        ((UNetConfig(depth=2, base_filters=4), 204), "small"),
    ],
    ids=["head", "channels", "tile", "output", "small"],
)
def test_what_goes_wrong_is_found_before_start_and_a_button_mends_it(train, instrument, design, kind):
    watch = Watch(train)
    config, side = design
    with instrument.hold_trait_notifications():
        instrument.config, instrument.tile = config.to_dict(), [side, side]
    watch.until(lambda: kind in {each["kind"] for each in train.findings})
    (found,) = [each for each in train.findings if each["kind"] == kind]
    assert found["mendable"]
    pressed(train, "fix", kind=kind)
    watch.until(lambda: kind not in {each["kind"] for each in train.findings})


def test_a_start_that_must_not_be_is_refused_in_words_and_leaves_nothing(train, instrument, state):
    instrument.config = replace(SMALL, head_activation="relu").to_dict()
    pressed(train, "start")
    assert train.problem == "Not started: see what is marked below."
    Watch(train).until(lambda: "head" in {each["kind"] for each in train.findings})
    assert train.session is None
    assert not (state / "trainings").exists()
    pressed(train, "start", force=True, paused=True)
    Watch(train).until(lambda: state_of(train) == "paused")
    assert train.problem == ""
    pressed(train, "stop")
    instrument.tile = [75, 75]
    pressed(train, "start")
    assert train.problem.startswith("Tile 75 does not fit")


def test_a_training_that_would_not_fit_into_memory_is_refused_with_the_numbers(train, instrument, monkeypatch):
    monkeypatch.setattr("unet_explorer.panel.tabs.train.available_memory", lambda: 10**9)
    monkeypatch.setattr("unet_explorer.panel.tabs.train.resident_memory", lambda _: 0)
    instrument.config, instrument.tile = UNetConfig(base_filters=32).to_dict(), [316, 316]
    watch = Watch(train)
    watch.until(lambda: "memory" in {each["kind"] for each in train.findings})
    (found,) = [each for each in train.findings if each["kind"] == "memory"]
    assert found["weight"] == "doubt"
    assert "1.0 GB are free" in found["message"]
    pressed(train, "fix", kind="memory")
    watch.until(lambda: "memory" not in {each["kind"] for each in train.findings})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "Steps: 0 is not allowed. Give a whole number from 1 to 1,000,000."),
        ({"learning_rate": None}, "Learning rate: an empty field is not allowed. Give"),
        ({"loss": "<b>"}, "Loss: '<b>' is not allowed. Give"),
    ],
)
def test_a_recipe_that_is_not_allowed_is_refused_and_the_last_one_kept(train, change, words):
    before = dict(train.recipe)
    train.set_state({"recipe": {**before, **change}})
    assert train.recipe == before
    assert train.problem.startswith(words)
    train.set_state({"recipe": {**before, "steps": 9}})
    assert train.problem == ""
    assert train.recipe["steps"] == 9


def test_the_batch_is_the_one_that_the_memory_is_told_for(train, instrument):
    train.set_state({"recipe": {**train.recipe, "batch_size": 5}})
    assert instrument.batch_size == 5
    instrument.batch_size = 3
    assert train.whole_recipe.batch_size == 3
    assert "batch_size" not in train.recipe, "it has one owner"


def test_a_training_is_judged_anew_only_when_what_is_judged_has_changed(train, instrument, monkeypatch):
    from unet_explorer.panel.tabs import train as module

    judged, judge = [], module.findings_of

    def counted(*given):
        judged.append(given)
        return judge(*given)

    monkeypatch.setattr(module, "findings_of", counted)
    train._findings()
    judged.clear()
    for _ in range(5):
        train._guarded(train._refresh)
    assert judged == []
    for turn in (
        lambda: setattr(instrument, "tile", [84, 84]),
        lambda: setattr(instrument, "batch_size", instrument.batch_size + 1),
        lambda: train.set_state({"recipe": {**train.recipe, "loss": "dice"}}),
        lambda: setattr(train, "dataset", cells(3, size=64)),
    ):
        before = len(judged)
        turn()
        train._findings()
        train._findings()
        assert len(judged) == before + 1


def test_what_nobody_waits_for_must_be_asked_for_twice(train):
    train.set_state({"recipe": {**train.recipe, "steps": 1_000_000}})
    watch = Watch(train)
    watch.until(lambda: [each["kind"] for each in train.findings] == ["slow"] and train.status["left"] > 900)
    pressed(train, "start")
    watch.until(lambda: train.problem)
    assert train.problem == "Not started: see what is marked below."
    assert state_of(train) == "new"
    pressed(train, "start", force=True, paused=True)
    watch.until(lambda: state_of(train) == "paused")


def test_the_learning_rate_follows_the_optimizer(train):
    train.set_state({"recipe": {**train.recipe, "learning_rate": 0.5}})
    train.set_state({"recipe": {**train.recipe, "optimizer": "sgd"}})
    assert train.recipe["learning_rate"] != 0.5


def test_images_are_chosen_and_what_cannot_be_read_changes_nothing(train, tmp_path):
    watch, steps = Watch(train), train.recipe["steps"]
    train.set_state({"source": {"kind": "made", "name": "shapes", "again": 1}})
    watch.until(lambda: train.data["name"] == "shapes" and not train.data["loading"])
    assert [each["name"] for each in train.data["classes"]] == ["background", "disc", "square", "triangle"]
    # It brings what it needs to be learnt; what was chosen by hand stays.
    watch.until(lambda: train.recipe["loss"] == "combined")
    assert train.recipe["steps"] == steps
    watch.until(lambda: ("cross-entropy + Dice", True) in {(each["value"], each["taken"]) for each in train.proposals})
    shown = {each["name"]: each for each in train.proposals}
    assert (shown["loss"]["value"], shown["steps"]["value"]) == ("cross-entropy + Dice", "1,500")
    assert not shown["steps"]["taken"]
    assert "3 classes must be told apart from each other" in shown["steps"]["reason"]
    titles = [picture["title"] for picture in train.gallery]
    varied = ["shifted", "rotated", "flipped", "grey values", "elastic", "inverted"]
    assert titles[:-1] == ["as it is", *varied, "all together"]
    assert titles[-1].startswith("weights, ")
    assert len(titles) == len(Augmentation().to_dict()) + 3
    train.set_state({"source": {"kind": "path", "path": str(tmp_path / "gone"), "again": 2}})
    watch.until(lambda: train.problem)
    assert train.problem.startswith(f"There is no folder {tmp_path / 'gone'}")
    watch.until(lambda: not train.data["loading"])
    assert train.data["name"] == "shapes"
    assert train.dataset.name == "shapes"
    # The menu shows what is there.
    assert train.source == {"kind": "made", "name": "shapes", "again": 1}
    train.set_state({"source": {"kind": "made", "name": "cells", "again": 3}})
    watch.until(lambda: train.recipe["loss"] == "cross-entropy")


def test_what_is_proposed_is_taken_one_by_one_or_all_but_the_tile(train, instrument):
    watch = Watch(train)
    train.set_state({"source": {"kind": "made", "name": "shapes", "again": 1}})
    watch.until(lambda: train.recipe["loss"] == "combined" and not train.data["loading"])

    def others():
        return {each["name"] for each in train.proposals if not each["taken"]}

    watch.until(lambda: others() == {"steps", "steps_per_epoch", "tile"})
    train.set_state({"recipe": {**train.recipe, "loss": "weighted"}})
    watch.until(lambda: others() == {"loss", "steps", "steps_per_epoch", "tile"})
    tile = list(instrument.tile)
    pressed(train, "take", kind="steps")
    assert (train.recipe["steps"], train.recipe["loss"]) == (1500, "weighted")
    pressed(train, "take")
    assert train.recipe["loss"] == "combined"
    assert instrument.tile == tile, "the knobs are turned only by whoever asks for it"
    pressed(train, "take", kind="tile")
    watch.until(lambda: not others())
    assert trace(instrument.design, instrument.tile[0]).output.height >= 100
    before = train.recipe
    pressed(train, "take", kind="nothing of this name")
    assert train.recipe == before


def test_what_is_too_rare_is_learnt_by_another_loss_at_a_press(train):
    labels = np.zeros((4, 96, 96), np.uint8)
    labels[:, 40:44, 40:44] = 1
    images = np.random.default_rng(0).random((4, 96, 96, 1), np.float32)
    train.set_state({"recipe": {**train.recipe, "loss": "cross-entropy"}})
    train.dataset = Dataset("rare", images, labels, ("background", "spot"))
    train._guarded(train._refresh)
    assert [each["kind"] for each in train.findings] == ["rare"]
    pressed(train, "fix", kind="rare")
    assert train.recipe["loss"] == "combined"
    Watch(train).until(lambda: not train.findings)


def test_a_bad_upload_is_told_and_stops(train):
    train.set_state(
        {"chunk": {"upload": 1, "chunk": 0, "name": "../x.png", "at": 0, "data": memoryview(b"1"), "last": True}}
    )
    assert train.problem.startswith("The images were not taken: '../x.png' is not a file name")
    assert train.received == {"upload": 1, "chunk": 0, "stopped": True}
    train.set_state(
        {"chunk": {"upload": 2, "chunk": 0, "name": "x.zip", "at": 0, "data": memoryview(b"PK"), "last": True}}
    )
    Watch(train).until(lambda: "x.zip" in train.problem)
    assert train.dataset.name == "cells"


def test_a_defect_of_ours_is_seen_as_well(train, monkeypatch):
    monkeypatch.setattr(train, "_do_start", lambda request: 1 / 0)
    pressed(train, "start")
    assert train.problem == "Something went wrong in the panel (ZeroDivisionError: division by zero)."
    train.set_state({"request": {"do": "launch", "number": 99}})
    train.set_state({"request": {"do": "__class__", "number": 100}})


# The panel around them ---------------------------------------------------------------------------------------------


def test_a_tab_is_made_and_the_worker_started_when_it_is_first_opened(state):
    before = set(widgets._instances)
    panel = explore("classroom", dataset=cells(3, size=96))
    assert panel._worker is None
    panel.set_state({"opened": "Train"})
    tab = panel.tab("Train")
    Watch(tab).until(lambda: tab.data.get("name") == "cells" and tab.data["count"] == 3)
    process = panel._worker.process
    assert process
    panel.set_state({"opened": "Build"})
    assert panel._worker.process == process, "one worker for all tabs"
    assert panel.tabs == {title: [f"anywidget:{panel.tab(title).model_id}"] for title in ("Train", "Build")}
    panel.set_state({"opened": "<b>"})
    assert panel.opened == "Design"
    panel.close()
    assert set(widgets._instances) == before
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_in_marimo_all_tabs_are_made_at_once_but_nothing_is_started(state, monkeypatch):
    """It takes no widgets that are made at a click."""
    marimo = ModuleType("marimo")
    marimo.running_in_notebook = lambda: True
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    panel = explore("classroom", dataset=cells(3, size=96))
    assert set(panel.tabs) == {"Build", "Train", "Tile", "Inside", "Sweep"}
    inside = panel._open_tabs.tabs["Inside"][0]
    inside._guarded(inside._refresh)
    assert panel._worker.process is None
    panel.close()


@pytest.mark.tensorflow
def test_the_model_in_the_next_cell_is_the_trained_one(state):
    panel = explore(SMALL, 76, cells(8, size=96))
    tab = panel.tab("Train")
    watch = Watch(tab)
    watch.until(lambda: tab.data.get("name"))
    tab.recipe = {**tab.recipe, "steps": 4, "steps_per_epoch": 4}
    assert panel.model().count_params() == trace(SMALL, 76).parameters, "nothing learnt yet: the design of the knobs"
    pressed(tab, "start")
    watch.until(lambda: state_of(tab) == "finished")
    panel.config = replace(SMALL, base_filters=2)
    kept = tab.session.model().get_weights()
    for weight, same in zip(panel.model().get_weights(), kept, strict=True):
        assert (weight == same).all()
    panel.close()
