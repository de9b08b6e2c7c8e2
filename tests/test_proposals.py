"""What is proposed for a set follows from the set: measured here a second time, by hand or by counting."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import PRESETS, Dataset, cells, membranes, shapes, trace
from unet_explorer.data.augment import Augmentation
from unet_explorer.learning.facts import LOOKED_AT, facts_of
from unet_explorer.learning.proposals import SMALL, propose, proposed
from unet_explorer.learning.recipe import Recipe

CLASSROOM = PRESETS["classroom"].config


def disc(size, centre, radius):
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.hypot(rows - centre[0], columns - centre[1]) <= radius


def discs(radius=8, count=4, size=(96, 96), light=0.5, classes=1):
    """Images of one disc for each class, side by side, brighter than the ground by `light`."""
    labels = np.zeros((count, *size), np.uint8)
    for label in range(1, classes + 1):
        labels[:, disc(size, (size[0] // 2, label * size[1] // (classes + 1)), radius)] = label
    images = np.where(labels[..., None] > 0, 0.4 + light, 0.4).astype("float32")
    names = ("ground", *(f"disc {number}" for number in range(1, classes + 1)))
    return Dataset("discs", images, labels, names)


def of(dataset, config=CLASSROOM):
    return {each.name: each for each in propose(dataset, config)}


@st.composite
def datasets(draw):
    """Any labels on any light, some images without an object, sizes that differ."""
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    classes = draw(st.integers(2, 5))
    images, labels = [], []
    for _ in range(draw(st.integers(2, 6))):
        size = tuple(random.integers(17, 90, 2))
        label = np.zeros(size, np.uint8)
        for _ in range(random.integers(0, 6)):
            label[disc(size, random.uniform(0, 1, 2) * size, random.uniform(0.5, 12))] = random.integers(0, classes)
        light = random.choice([-1, 1]) * (label > 0) * random.uniform(0, 0.4) + 0.5
        images.append(np.clip(light + 0.05 * random.normal(size=size), 0, 1)[..., None].astype("float32"))
        labels.append(label)
    return Dataset("any", images, labels, tuple(f"class {number}" for number in range(classes)))


@examples(60)
@given(datasets(), configs())
def test_whatever_the_set_all_that_is_proposed_is_allowed_and_has_a_reason(dataset, config):
    proposals = propose(dataset, config)
    recipe = proposed(Recipe(), proposals)
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    known = {*Recipe().to_dict(), *Augmentation().to_dict(), "tile"}
    names = [each.name for each in proposals]
    assert set(names) <= known
    assert len(set(names)) == len(names)
    assert {"loss", "steps", "tile"} <= set(names)
    for each in proposals:
        assert re.fullmatch(r"[A-Z0-9“c].*\.", each.reason), each.reason
    height, width = of(dataset, config)["tile"].value
    trace(config, (height, width))


@examples(60)
@given(datasets())
def test_the_reasons_hold_what_is_counted_in_the_images(dataset):
    found = of(dataset)
    total = sum(each.size for each in dataset.labels)
    counts = [sum(int((each == label).sum()) for each in dataset.labels) for label in range(1, len(dataset.classes))]
    rarest = min((count for count in counts if count), default=None)
    if rarest is not None:
        assert f"{100 * rarest / total:.2g} %" in found["loss"].reason
        share = rarest / total
        assert found["loss"].value == ("combined" if share < SMALL else "cross-entropy")
    signs = []
    for image, labels in dataset:
        inside = labels > 0
        if inside.any() and not inside.all():
            apart = float(image[inside].mean() - image[~inside].mean()) / float(image.std())
            signs.append(np.sign(apart) if abs(apart) > 1 else 0)
    dark, bright = signs.count(-1), signs.count(1)
    assert ("inverted" in found) == bool(dark and bright)
    if "inverted" in found:
        assert f"In {dark} of {len(dataset)} images" in found["inverted"].reason
        assert f"in {bright} brighter" in found["inverted"].reason


@examples(30)
@given(st.integers(2, 40), st.integers(1, 10))
def test_smaller_objects_are_never_left_to_a_loss_that_hears_less_of_them(radius, less):
    order = ["cross-entropy", "combined"]
    large, small = (of(discs(each))["loss"].value for each in (radius, max(1, radius - less)))
    assert order.index(small) >= order.index(large)


@examples(30)
@given(st.integers(2, 30), st.integers(1, 30), st.integers(1, 4))
def test_more_images_and_more_classes_never_take_fewer_steps(count, more, classes):
    few = of(discs(count=count, classes=classes))["steps"].value
    many = of(discs(count=count + more, classes=classes))["steps"].value
    other = of(discs(count=count, classes=classes + 1))["steps"].value
    assert 300 <= few <= min(many, other)
    assert max(many, other) <= 2000


@examples(30)
@given(st.floats(3, 44), st.booleans())
def test_a_width_is_the_diameter_of_a_disc_also_where_objects_touch(radius, numbered):
    size = (100, 200)
    left, right = disc(size, (50, 50), radius), disc(size, (50, 150), radius)
    # As if they touched: what lies between them is the second object's, and only the numbers say so.
    labels, instances = np.zeros(size, np.uint8), np.zeros(size, np.int32)
    labels[left | right] = 1
    instances[left], instances[right] = 1, 7
    if numbered:
        labels[:, 50 + int(radius) : 51 + int(radius)] = 1
        instances[(labels > 0) & (instances == 0)] = 7
    image = labels[..., None].astype("float32")
    given_numbers = [instances, instances] if numbered else None
    facts = facts_of(Dataset("two", [image, image], [labels, labels], ("ground", "disc"), given_numbers))
    assert facts.widths[2] == pytest.approx(2 * radius, abs=2)


def test_what_is_known_of_the_made_sets():
    """Cells and membranes are learnt as ever; shapes need the loss and the steps that once were written by hand."""
    for made in (cells(), membranes()):
        recipe = proposed(Recipe(), propose(made, CLASSROOM))
        assert recipe == Recipe()
    recipe = proposed(Recipe(), propose(shapes(), CLASSROOM))
    assert recipe == replace(Recipe(), loss="combined", steps=1500, steps_per_epoch=50)
    for made in (cells(), membranes(), shapes()):
        assert of(made)["tile"].value == [PRESETS["classroom"].tile] * 2


def test_sizes_that_differ_from_image_to_image_take_twice_the_steps():
    small, large = discs(4, count=40, size=(256, 256)), discs(20, count=40, size=(256, 256))
    images = np.concatenate([small.images, large.images])
    mixed = Dataset("mixed", images, np.concatenate([small.labels, large.labels]), small.classes)
    alike = Dataset("alike", images, np.concatenate([large.labels, large.labels]), small.classes)
    steps, usual = of(mixed)["steps"], of(alike)["steps"]
    # By hand: 80 images, four fifths of them, 65,536 / 10,000 tiles each, ten times, by four.
    assert usual.value == 1000
    assert steps.value == 2000
    assert re.search(r"objects are [789] px wide in one image and (39|40|41) px in another", steps.reason)
    assert "in another" not in usual.reason
    assert of(mixed)["steps_per_epoch"].value == 50, "forty examinations"


def test_wide_objects_want_a_wide_tile_and_small_images_a_narrow_one():
    wide = of(discs(70, size=(400, 500)))["tile"]
    output = trace(CLASSROOM, tuple(wide.value)).output
    # The widest circle is 141 px; the output shall be twice that.
    assert 282 <= output.height < 282 + 8
    narrow = of(discs(size=(60, 96)))["tile"]
    output = trace(CLASSROOM, tuple(narrow.value)).output
    assert 60 - 8 < output.height <= 60
    assert "60 × 96 px" in narrow.reason


def test_what_has_its_place_is_not_turned_and_what_has_none_is():
    """A sky is above, whatever else there is."""
    labels = np.zeros((6, 90, 60), np.uint8)
    for number in range(6):
        labels[number, : 25 + 2 * number] = 1
    street = Dataset("street", np.zeros((6, 90, 60, 3), "float32"), labels, ("street", "sky"))
    found = of(street)
    assert (found["rotations"].value, found["flips"].value) == (False, False)
    assert "“sky” lies about 17 % of the way down" in found["flips"].reason
    # Upside down every other time, and no side is up.
    labels = labels.copy()
    labels[::2] = labels[::2, ::-1]
    assert not {"rotations", "flips"} & of(replace(street, labels=labels)).keys()


def test_classes_that_brightness_alone_tells_apart_are_not_lit_differently():
    """Two discs of one size, one a little brighter than the other."""
    random = np.random.default_rng(0)
    two = discs(10, count=8, size=(96, 160), classes=2)
    for step, expected in ((0.08, True), (0.0, False)):
        light = 0.2 + 0.4 * (two.labels > 0) + step * (two.labels == 2)
        images = (light + 0.02 * random.normal(size=light.shape))[..., None].astype("float32")
        found = of(replace(two, images=images))
        assert (found.get("grey") is not None) == expected
    images = np.where(two.labels == 2, 0.8, np.where(two.labels == 1, 0.1, 0.4))[..., None].astype("float32")
    assert "grey" not in of(replace(two, images=images)), "so far apart that no light mixes them up"


def test_of_many_images_some_are_looked_at_and_of_large_ones_the_middle():
    many = discs(count=130, size=(32, 32), radius=5)
    facts = facts_of(many)
    assert (facts.images, facts.looked_at, facts.brighter) == (130, LOOKED_AT, LOOKED_AT)
    far = np.zeros((1200, 600), np.uint8)
    far[:100] = 1
    far[600:610, 300:310] = 1
    image = far[..., None].astype("float32")
    large = facts_of(Dataset("large", [image, image], [far, far], ("ground", "thing")))
    assert large.widths[2] == pytest.approx(10, abs=2)
    # But every pixel is counted.
    assert large.shares[1] == pytest.approx((100 * 600 + 100) / (1200 * 600))


def test_numbers_of_what_membranes_enclose_are_not_their_own():
    facts = facts_of(membranes(4, size=128))
    assert 1 <= facts.widths[1] < 20
    assert facts.darker == 4
