"""How the worker looks inside: in this process, so that it can be seen what it computes."""

from __future__ import annotations

import numpy as np
import pytest
from hands import SMALL, TILE

from unet_explorer import cells, plan
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.store import Store
from unet_explorer.learning.worker import inspection, map_cache
from unet_explorer.learning.worker import scheduler as module
from unet_explorer.learning.worker.scheduler import Scheduler

pytestmark = pytest.mark.tensorflow

IMAGE = np.random.default_rng(0).normal(size=(*TILE, 1)).astype("float32")


@pytest.fixture
def sent():
    return []


@pytest.fixture
def scheduler(sent, monkeypatch):
    monkeypatch.setattr(module, "_warm_up", lambda: None)
    return Scheduler(sent.append, set())


def maps(step, image=IMAGE):
    fresh = {"training": "", "folder": "", "channel": 0, "config": SMALL.to_dict()}
    return {"do": "maps", "request": step, "step": step, "tile": image, **fresh}


def predict(**learner):
    size, image = [76, 76], np.random.default_rng(1).normal(size=(96, 96, 1)).astype("float32")
    given = {"config": SMALL.to_dict(), "size": size, "seamless": True, "image": image, **learner}
    return {"do": "predict", "request": "image", **given}


@pytest.fixture
def learner(scheduler, tmp_path, monkeypatch):
    """A training that changes its network a lot with every step."""
    monkeypatch.setenv("UNET_EXPLORER_STATE", str(tmp_path))
    recipe = Recipe(steps=10_000, steps_per_epoch=10_000, batch_size=1, learning_rate=0.05, seed=5)
    store = Store.new()
    store.write("order.json", Order(SMALL, TILE, recipe).to_dict())
    store.write_dataset(cells(4, size=96))
    name, folder = store.folder.name, str(store.folder)
    scheduler.handle({"do": "train", "request": name, "folder": folder, "paused": False})
    yield {"training": name, "folder": folder}
    scheduler.handle({"do": "stop", "request": name})


@pytest.fixture
def made(monkeypatch):
    """Names of the steps whose maps are computed to be kept."""
    names, walk = [], map_cache.walk

    def watched(*given):
        for step, maps in walk(*given):
            names.append(step.name)
            yield step, maps

    monkeypatch.setattr(map_cache, "walk", watched)
    return names


def finish(scheduler):
    while scheduler.busy:
        scheduler.advance()


def looks(sent):
    """The maps that were sent; numbers follow them."""
    return [message for message in sent if message["event"] == "maps"]


def test_a_look_goes_on_with_maps_that_are_being_made(scheduler, sent, made):
    scheduler.handle(maps("enc0_conv1"))
    while not sent:
        scheduler.advance()
    assert [message["request"] for message in looks(sent)] == ["enc0_conv1"]
    assert 0 < len(made) < len(plan(SMALL))
    scheduler.handle(maps("head"))
    finish(scheduler)
    for step in ("dec0_concat", "enc1_pool", "input", "enc0_conv1"):
        scheduler.handle(maps(step))
        finish(scheduler)
    assert [message["request"] for message in looks(sent)] == [
        "enc0_conv1",
        "head",
        "dec0_concat",
        "enc1_pool",
        "input",
        "enc0_conv1",
    ]
    assert made == [step.name for step in plan(SMALL)], "each once"
    # Another image is another walk.
    scheduler.handle(maps("enc0_conv1", IMAGE + 1))
    finish(scheduler)
    assert len(made) == 2 * len(plan(SMALL))
    assert not np.array_equal(sent[0]["views"][0]["high"], looks(sent)[-1]["views"][0]["high"])


def test_what_there_is_no_room_for_is_computed_when_it_is_asked_for(scheduler, sent, monkeypatch):
    monkeypatch.setattr(map_cache, "MAP_CACHE_BYTES", 0)
    scheduler.handle(maps("head"))
    finish(scheduler)
    assert sent[0]["views"][0]["whole"].shape == (36, 36)


def test_maps_that_cannot_be_made_are_sent_to_who_asked(scheduler, sent):
    scheduler.handle(maps("head", IMAGE[:50]))
    finish(scheduler)
    assert [(message["event"], message["request"]) for message in sent][-1] == ("failed", "head")
    scheduler.handle(maps("head"))
    finish(scheduler)
    assert sent[-2]["event"] == "maps"


def test_an_image_is_of_one_network_though_it_learns_meanwhile(scheduler, sent, learner):
    training = scheduler.trainings[learner["training"]]
    scheduler.handle(predict(**learner))
    before = training.learner.step
    while sent[-1]["event"] != "predicted":
        scheduler.advance()
    result = sent[-1]
    assert before <= result["at"] <= before + 1
    assert training.learner.step > before + 2, "it learns on"
    assert (result["flipped"], result["largest"] < 1e-5) == (0, True)


def test_a_look_is_of_one_moment_though_the_network_learns(scheduler, sent, learner, monkeypatch):
    monkeypatch.setattr(inspection, "_SLICE", 0)
    training = scheduler.trainings[learner["training"]]
    for step in ("head", "dec0_concat"):
        scheduler.handle(maps(step) | learner)
        at = training.learner.step
        for _ in range(200):
            scheduler.advance()
            if looks(sent):
                break
            assert training.learner.step == at
        assert [(each["step"], each["at"]) for each in looks(sent)] == [(step, at)]
        for _ in range(3):
            scheduler.advance()
        assert training.learner.step > at, "and then it learns on"
        sent.clear()
    # A single step that is asked for in the midst of a look waits for it as well.
    scheduler.handle({"do": "pause", "request": learner["training"]})
    scheduler.handle(maps("head") | learner)
    scheduler.advance()
    at = training.learner.step
    scheduler.handle({"do": "step", "request": learner["training"]})
    assert [message["at"] for message in sent if message["event"] == "maps"][-2:] == [at, at + 1]


def test_a_training_that_rests_is_looked_at_like_any_network_that_does(scheduler, sent, learner, made):
    training = scheduler.trainings[learner["training"]]
    for _ in range(3):
        scheduler.advance()
    scheduler.handle({"do": "pause", "request": learner["training"]})
    for step in ("enc0_conv1", "head", "enc1_pool"):
        scheduler.handle(maps(step) | learner)
        finish(scheduler)
        last = looks(sent)[-1]
        assert (last["step"], last["at"], last["best"]) == (step, 3, False)
        if step == "head":
            numbers = sent[-1]["numbers"]
    assert made == [step.name for step in plan(SMALL)], "each once"
    before = looks(sent)[-1]["views"]
    scheduler.handle({"do": "step", "request": learner["training"]})
    last = looks(sent)[-1]
    assert last["at"] == 4
    assert not np.array_equal(before[0]["high"], last["views"][0]["high"])
    # The numbers are of the same network as the maps.
    assert sent[-1]["event"] == "numbers"
    assert sent[-1]["numbers"]["behind"].max() == last["views"][0]["high"][0]
    scheduler.handle(maps("head") | learner)
    finish(scheduler)
    assert not np.array_equal(numbers["behind"], sent[-1]["numbers"]["behind"])
    assert training.learner.step == 4


def test_maps_of_a_training_that_rested_are_made_no_further_once_it_learns(scheduler, sent, learner, made, monkeypatch):
    monkeypatch.setattr(inspection, "_PAUSE", 1e9)
    scheduler.handle({"do": "pause", "request": learner["training"]})
    scheduler.handle(maps("enc0_conv1") | learner)
    # On a slow machine, maps that are sent are not done with in the same moment: until then nothing is learnt.
    while not looks(sent) or scheduler._inspector.holds:
        scheduler.advance()
    before = len(made)
    assert before < len(plan(SMALL))
    scheduler.handle({"do": "resume", "request": learner["training"]})
    for _ in range(3):
        scheduler.advance()
    assert len(made) == before


def test_who_leaves_late_does_not_end_what_another_has_asked_for_since(scheduler, sent):
    scheduler.handle(maps("enc0_conv1"))
    scheduler.handle(maps("head"))
    scheduler.handle({"do": "stop_maps", "of": "enc0_conv1"})
    finish(scheduler)
    assert [message["request"] for message in looks(sent)] == ["head"]
    scheduler.handle(maps("enc0_conv1"))
    scheduler.handle({"do": "stop_maps", "of": "enc0_conv1"})
    finish(scheduler)
    assert len(looks(sent)) == 1


def test_one_that_was_stopped_before_anything_was_saved_shows_what_it_began_with(scheduler, sent, learner):
    scheduler.handle({"do": "pause", "request": learner["training"]})
    scheduler.handle(maps("head") | learner)
    finish(scheduler)
    began = looks(sent)[-1]
    scheduler.handle({"do": "resume", "request": learner["training"]})
    for _ in range(3):
        scheduler.advance()
    scheduler.handle({"do": "stop", "request": learner["training"]})
    scheduler.handle(maps("head") | learner)
    finish(scheduler)
    last = looks(sent)[-1]
    assert (began["at"], began["best"], last["at"], last["best"]) == (0, False, 0, True)
    assert np.array_equal(began["views"][0]["whole"], last["views"][0]["whole"])


def answer_to(scheduler, sent, request):
    scheduler.handle(request)
    while scheduler.busy:
        scheduler.advance()
    return sent[-1]


def ask_for_probabilities(of="image"):
    return {"do": "probabilities", "request": "saver", "of": of}


def test_probabilities_are_kept_until_the_next_prediction(scheduler, sent):
    fresh = {"training": "", "folder": ""}
    predicted = answer_to(scheduler, sent, predict(**fresh))
    shares = answer_to(scheduler, sent, ask_for_probabilities())["shares"]
    assert np.array_equal(shares.argmax(axis=-1), predicted["labels"])
    assert np.abs(shares.sum(axis=-1) - 1).max() < 1e-6
    answer_to(scheduler, sent, predict(**fresh) | {"request": "another"})
    gone = answer_to(scheduler, sent, ask_for_probabilities())
    assert gone["event"] == "failed"
    assert gone["reason"].startswith("The probabilities are not here any more")
    assert answer_to(scheduler, sent, ask_for_probabilities("another"))["event"] == "probabilities"


def test_what_is_too_large_is_not_kept(scheduler, sent, monkeypatch):
    monkeypatch.setattr("unet_explorer.learning.worker.segmentation.SCORES_BYTES", 96 * 96 * 2 * 4 - 1)
    answer_to(scheduler, sent, predict(training="", folder=""))
    gone = answer_to(scheduler, sent, ask_for_probabilities())
    assert (gone["event"], gone["request"]) == ("failed", "saver")
