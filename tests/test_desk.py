"""How the worker looks inside: in this process, so that it can be seen what it computes."""

from __future__ import annotations

import numpy as np
import pytest
from hands import SMALL, TILE

from unet_explorer import cells, plan
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.store import Store
from unet_explorer.learning.worker import inspection as looking
from unet_explorer.learning.worker import map_cache as looks
from unet_explorer.learning.worker import scheduler as room
from unet_explorer.learning.worker.scheduler import Desk

IMAGE = np.random.default_rng(0).normal(size=(*TILE, 1)).astype("float32")


@pytest.fixture
def told():
    return []


@pytest.fixture
def desk(told, monkeypatch):
    monkeypatch.setattr(room, "_warm_up", lambda: None)
    return Desk(told.append, set())


def look(step, image=IMAGE):
    fresh = {"training": "", "folder": "", "channel": 0, "config": SMALL.to_dict()}
    return {"do": "look", "request": step, "step": step, "tile": image, **fresh}


def segment(**learner):
    size, image = [76, 76], np.random.default_rng(1).normal(size=(96, 96, 1)).astype("float32")
    given = {"config": SMALL.to_dict(), "size": size, "seamless": True, "image": image, **learner}
    return {"do": "segment", "request": "image", **given}


@pytest.fixture
def learner(desk, tmp_path, monkeypatch):
    """A training that changes its network a lot with every step."""
    monkeypatch.setenv("UNET_EXPLORER_STATE", str(tmp_path))
    recipe = Recipe(steps=10_000, steps_per_epoch=10_000, batch_size=1, learning_rate=0.05, seed=5)
    store = Store.new()
    store.write("order.json", Order(SMALL, TILE, recipe).to_dict())
    store.write_dataset(cells(4, size=96))
    named = {"training": store.folder.name, "folder": str(store.folder)}
    desk.answer({"do": "train", "paused": False, **named})
    yield named
    desk.answer({"do": "stop", "training": named["training"]})


@pytest.fixture
def made(monkeypatch):
    """Names of the steps whose maps are computed."""
    names, walk = [], looks.walk

    def watched(*given):
        for step, maps in walk(*given):
            names.append(step.name)
            yield step, maps

    for each in (looks, looking):
        monkeypatch.setattr(each, "walk", watched)
    return names


def finish(desk):
    while desk.busy:
        desk.advance()


def test_a_look_goes_on_with_maps_that_are_being_made(desk, told, made):
    desk.answer(look("enc0_conv1"))
    while not told:
        desk.advance()
    assert [message["request"] for message in told] == ["enc0_conv1"]
    assert 0 < len(made) < len(plan(SMALL))
    desk.answer(look("head"))
    finish(desk)
    for step in ("dec0_concat", "enc1_pool", "input", "enc0_conv1"):
        desk.answer(look(step))
        finish(desk)
    assert [message["request"] for message in told] == [
        "enc0_conv1",
        "head",
        "dec0_concat",
        "enc1_pool",
        "input",
        "enc0_conv1",
    ]
    assert made == [step.name for step in plan(SMALL)], "each once"
    # Another image is another walk.
    desk.answer(look("enc0_conv1", IMAGE + 1))
    finish(desk)
    assert len(made) == 2 * len(plan(SMALL))
    assert not np.array_equal(told[0]["views"][0]["high"], told[-1]["views"][0]["high"])


def test_what_there_is_no_room_for_is_computed_when_it_is_asked_for(desk, told, monkeypatch):
    monkeypatch.setattr(looks, "ROOM", 0)
    desk.answer(look("head"))
    finish(desk)
    assert told[0]["views"][0]["whole"].shape == (36, 36)


def test_maps_that_cannot_be_made_are_told_to_who_asked(desk, told):
    desk.answer(look("head", IMAGE[:50]))
    finish(desk)
    assert [(message["event"], message["request"]) for message in told][-1] == ("failed", "head")
    desk.answer(look("head"))
    finish(desk)
    assert told[-1]["event"] == "maps"


def test_an_image_is_of_one_network_though_it_learns_meanwhile(desk, told, learner):
    course = desk.courses[learner["training"]]
    desk.answer(segment(**learner))
    before = course.learner.step
    while told[-1]["event"] != "segmented":
        desk.advance()
    result = told[-1]
    assert before <= result["at"] <= before + 1
    assert course.learner.step > before + 2, "it learns on"
    assert (result["flipped"], result["largest"] < 1e-5) == (0, True)


def test_a_look_is_of_one_moment_though_the_network_learns(desk, told, learner, monkeypatch):
    monkeypatch.setattr(looking, "_MOMENT", 0)
    course = desk.courses[learner["training"]]
    for step in ("head", "dec0_concat"):
        desk.answer(look(step) | learner)
        at = course.learner.step
        for _ in range(200):
            desk.advance()
            if told[-1]["event"] == "maps":
                break
            assert course.learner.step == at
        assert (told[-1]["step"], told[-1]["at"]) == (step, at)
        for _ in range(3):
            desk.advance()
        assert course.learner.step > at, "and then it learns on"
        told.append({"event": ""})
    # A single step that is asked for in the midst of a look waits for it as well.
    desk.answer({"do": "pause", **learner})
    desk.answer(look("head") | learner)
    desk.advance()
    at = course.learner.step
    desk.answer({"do": "step", **learner})
    assert [message["at"] for message in told if message["event"] == "maps"][-2:] == [at, at + 1]


def test_a_training_that_rests_is_looked_at_like_any_network_that_does(desk, told, learner, made):
    course = desk.courses[learner["training"]]
    for _ in range(3):
        desk.advance()
    desk.answer({"do": "pause", **learner})
    for step in ("enc0_conv1", "head", "enc1_pool"):
        desk.answer(look(step) | learner)
        finish(desk)
        assert (told[-1]["step"], told[-1]["at"], told[-1]["best"]) == (step, 3, False)
    assert made == [step.name for step in plan(SMALL)], "each once"
    before = told[-1]["views"]
    desk.answer({"do": "step", **learner})
    assert (told[-1]["event"], told[-1]["at"]) == ("maps", 4)
    assert not np.array_equal(before[0]["high"], told[-1]["views"][0]["high"])
    assert course.learner.step == 4


def test_maps_of_a_training_that_rested_are_made_no_further_once_it_learns(desk, told, learner, made, monkeypatch):
    monkeypatch.setattr(looking, "_PAUSE", 1e9)
    desk.answer({"do": "pause", **learner})
    desk.answer(look("enc0_conv1") | learner)
    while told[-1]["event"] != "maps":
        desk.advance()
    before = len(made)
    assert before < len(plan(SMALL))
    desk.answer({"do": "resume", **learner})
    for _ in range(3):
        desk.advance()
    assert len(made) == before


def test_one_that_was_stopped_before_anything_was_saved_shows_what_it_began_with(desk, told, learner):
    desk.answer({"do": "pause", **learner})
    desk.answer(look("head") | learner)
    finish(desk)
    began = told[-1]
    desk.answer({"do": "resume", **learner})
    for _ in range(3):
        desk.advance()
    desk.answer({"do": "stop", "training": learner["training"]})
    desk.answer(look("head") | learner)
    finish(desk)
    assert (began["at"], began["best"], told[-1]["at"], told[-1]["best"]) == (0, False, 0, True)
    assert np.array_equal(began["views"][0]["whole"], told[-1]["views"][0]["whole"])
