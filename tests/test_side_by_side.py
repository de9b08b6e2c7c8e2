"""A design that is pinned as A beside the shown one, B: the trait, which trainings belong to them, and their masks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import traitlets
from hands import SMALL, TILE
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import UNetConfig, explore
from unet_explorer.learning.examination import Example
from unet_explorer.learning.kept import Kept
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.panel.instrument.facts import describe
from unet_explorer.panel.instrument.pinning import read_pinned
from unet_explorer.panel.tabs.side_by_side import Seen, chosen_pair, common_part, held_against

DEEP = UNetConfig(depth=3, base_filters=4)


@pytest.fixture
def knobs():
    panel = explore(SMALL, TILE)
    yield panel.instrument
    panel.close()


def design(config=SMALL, tile=TILE):
    return {"config": config.to_dict(), "tile": list(tile)}


@examples(25)
@given(configs(), st.tuples(st.integers(1, 999), st.integers(1, 999)))
def test_what_is_pinned_comes_with_the_facts_that_follow_from_it(config, tile):
    pinned = read_pinned(design(config, tile))
    assert pinned == design(config, tile) | {"network": describe(config)}
    assert json.loads(json.dumps(pinned)) == pinned
    assert read_pinned(pinned) == pinned


def test_the_browser_pins_swaps_and_unpins(knobs):
    assert knobs.pinned == {}
    # It knows the facts of what it shows, but which are true is said here.
    knobs.set_state({"pinned": design() | {"network": describe(DEEP)}, "problem": ""})
    assert knobs.pinned == design() | {"network": describe(SMALL)}
    knobs.set_state({"config": DEEP.to_dict(), "tile": [124, 124]})
    swapped = {"pinned": design(DEEP, (124, 124)), **design(), "network": describe(DEEP)}
    knobs.set_state(swapped)
    assert (knobs.design, knobs.tile, knobs.network) == (SMALL, list(TILE), describe(SMALL))
    assert (knobs.pinned["config"], knobs.pinned["tile"]) == (DEEP.to_dict(), [124, 124])
    knobs.set_state({"network": describe(DEEP)})
    assert knobs.network == describe(SMALL)
    # A tile that does not fit is pinned as well.
    knobs.set_state({"pinned": design(tile=(75, 76))})
    assert knobs.pinned["tile"] == [75, 76]
    knobs.set_state({"pinned": {}})
    assert (knobs.pinned, knobs.problem) == ({}, "")


@pytest.mark.parametrize(
    ("junk", "words"),
    [
        (None, "pinned=None is not allowed: give a design as"),
        ([], "pinned=[] is not allowed"),
        ("<img src=x onerror=alert(1)>", "pinned='<img src=x onerror=alert(1)>' is not allowed"),
        ({"config": {}}, "is not allowed: give a design as"),
        ({"config": {"depth": 99}, "tile": [76, 76]}, "Depth: 99 is not allowed. Give a whole number from 1 to 7."),
        ({"config": None, "tile": [76, 76]}, "A design is a dict"),
        ({"config": {}, "tile": [0, 76]}, "tile=[0, 76] is not allowed"),
        ({"config": {}, "tile": "76"}, "tile='76' is not allowed"),
    ],
)
def test_junk_is_refused_and_what_was_pinned_stays(knobs, junk, words):
    knobs.set_state({"pinned": design()})
    before, told = knobs.pinned, []
    knobs.send_state = lambda key=None: told.append(key)
    knobs.set_state({"pinned": junk, "tile": [84, 84]})
    assert words in knobs.problem
    assert knobs.pinned is before
    # The good value beside it is taken, and the browser is told what is still true.
    assert knobs.tile == [84, 84]
    assert ["pinned", "problem"] in told
    with pytest.raises((ValueError, traitlets.TraitError)):
        knobs.pinned = junk
    assert knobs.pinned is before


# Which trainings belong to A and B ---------------------------------------------------------------------------------


def kept(name, config=SMALL, tile=TILE):
    return Kept(name, name, Order(config, tile, Recipe()), "cells", "finished", 8, 0.5, 1, False)


def names(pair):
    return tuple(each.name if each else None for each in pair)


def test_each_design_has_its_training():
    trainings = [kept("new"), kept("wide", tile=(84, 84)), kept("deep", DEEP, (124, 124)), kept("old")]
    a, b = design(), design(DEEP, (124, 124))
    assert names(chosen_pair(a, b, trainings, "", "")) == ("new", "deep")
    # The one that was open counts; then one with the same tile.
    assert names(chosen_pair(a, b, trainings, "old", "deep")) == ("old", "deep")
    assert names(chosen_pair(design(tile=(84, 84)), b, trainings, "", "")) == ("wide", "deep")
    assert names(chosen_pair(design(tile=(92, 92)), b, trainings, "", "")) == ("new", "deep")
    assert names(chosen_pair(b, a, trainings, "", "old")) == ("deep", "old")
    assert names(chosen_pair(a, design(UNetConfig()), trainings, "", "")) == ("new", None)
    assert names(chosen_pair(design(UNetConfig()), a, [], "", "")) == (None, None)


def test_of_one_design_two_trainings_are_held_against_each_other_never_one_against_itself():
    trainings, same = [kept("new"), kept("old")], design()
    # Pinned while the old one was shown, and taught anew.
    assert names(chosen_pair(same, same, trainings, "old", "new")) == ("old", "new")
    # Just pinned: what is shown belongs to A.
    assert names(chosen_pair(same, same, trainings[1:], "old", "old")) == ("old", None)
    # Pinned before anything was taught: what is shown belongs to B.
    assert names(chosen_pair(same, same, trainings[:1], "", "new")) == (None, "new")


# Their masks -------------------------------------------------------------------------------------------------------


def seen_by(image, labels, side, mask):
    """An example as it is made of an image for a network with this output: its centre."""
    first = [(whole - part) // 2 for whole, part in zip(labels.shape, side, strict=True)]
    part = tuple(slice(at, at + length) for at, length in zip(first, side, strict=True))
    return Example("image 1", image, image[part], labels[part]), mask[part]


@given(st.data(), st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_the_part_that_both_have_predicted_is_the_same_place_of_the_image(data, size):
    sides = [tuple(data.draw(st.integers(1, whole)) for whole in size) for _ in range(2)]
    random = np.random.default_rng(0)
    # Every pixel is another one, so that a place is known by it.
    image = np.arange(size[0] * size[1], dtype="float32").reshape(*size, 1)
    labels = image[..., 0].astype(int)
    masks = [labels + 1, labels + 2]
    made = [seen_by(image, labels, side, mask) for side, mask in zip(sides, masks, strict=True)]
    found = common_part(size, tuple(one for one, _ in made), tuple(mask for _, mask in made))
    truth = found.example.truth
    assert truth.shape == tuple(map(min, *sides))
    assert (found.example.picture[..., 0] == truth).all()
    assert all((mask == truth + more).all() for more, mask in enumerate(found.masks, 1))
    # Another image of the same size and name is another one.
    other = made[1][0]._replace(picture=random.random(made[1][0].picture.shape))
    assert common_part(size, (made[0][0], other), tuple(mask for _, mask in made)) is None


def test_how_far_two_masks_agree_with_the_truth_and_with_each_other():
    truth = np.array([[1, 1, 0, 0], [0, 1, -1, 2]])
    a = np.array([[1, 0, 0, 0], [1, 1, 1, 2]], np.uint8)
    b = np.array([[1, 1, 0, 0], [2, 1, 0, 1]], np.uint8)
    picture = np.linspace(0, 1, 8, dtype="float32").reshape(2, 4, 1)
    held = held_against([Seen(Example("one", picture, picture, truth), (a, b))], 3)
    assert held["differ"] == 4 / 8
    assert held["right"] == [1 / 4, 1 / 4]

    def iou(one, other, where):
        found = []
        for label in (1, 2):
            mine, its = (one == label) & where, (other == label) & where
            found.append((mine & its).sum() / (mine | its).sum())
        return np.mean(found)

    known = truth >= 0
    assert held["iou"] == pytest.approx([iou(truth, a, known), iou(truth, b, known)])
    assert held["between"] == pytest.approx(iou(a, b, np.ones_like(known)))
    (shown,) = held["pictures"]
    assert shown["masks"] == [a.tobytes(), b.tobytes()]
    assert shown["truth"] == bytes([1, 1, 0, 0, 0, 1, 255, 2])
    assert (shown["height"], shown["width"], shown["unknown"]) == (2, 4, True)
    same = held_against([Seen(Example("one", picture, picture, truth), (a, a))], 3)
    assert (same["differ"], same["right"], same["between"]) == (0, [0, 0], 1)
