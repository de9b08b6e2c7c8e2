"""How the worker looks inside: in this process, so that it can be seen what it computes."""

from __future__ import annotations

import numpy as np
import pytest
from hands import SMALL, TILE

from unet_explorer import plan
from unet_explorer.learning import desk as room
from unet_explorer.learning import looking, looks
from unet_explorer.learning.desk import Desk

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


def finish(desk):
    while desk.busy:
        desk.advance()


def test_a_look_goes_on_with_maps_that_are_being_made(desk, told, monkeypatch):
    made, walk = [], looks.walk

    def watched(*given):
        for step, maps in walk(*given):
            made.append(step.name)
            yield step, maps

    for each in (looks, looking):
        monkeypatch.setattr(each, "walk", watched)
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
