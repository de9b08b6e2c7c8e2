"""What speaks against starting is said before, and whatever mends it does mend it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from support import configs, examples

from unet_explorer import PRESETS, Dataset, TrainingSession, UNetConfig, cells, estimate_memory, shapes, trace
from unet_explorer.core.tiles import nearest_sizes, tile_for_output
from unet_explorer.data.dataset import joined
from unet_explorer.learning.finding import Finding, TrainingError
from unet_explorer.learning.machine import usual_speed
from unet_explorer.learning.preflight import FEW, RARE, findings, macs_per_step
from unet_explorer.learning.recipe import Order, Recipe

CLASSROOM = PRESETS["classroom"].config


@pytest.fixture(scope="module")
def images():
    return cells(6, size=256)


def order(config=CLASSROOM, tile=188, **recipe):
    return Order(config, (tile, tile) if isinstance(tile, int) else tile, Recipe(**recipe))


def mended(wanted: Order, found: Finding) -> Order:
    """The order with the change that the finding proposes."""
    config = UNetConfig.from_dict({**wanted.config.to_dict(), **found.change.get("config", {})})
    height, width = found.change.get("tile", wanted.tile)
    batch = found.change.get("batch_size", wanted.recipe.batch_size)
    return Order(config, (height, width), replace(wanted.recipe, batch_size=batch, **found.change.get("recipe", {})))


def masked(label, images, classes=("background", "cell")):
    return replace(images, labels=np.full_like(images.labels, label), instances=None, classes=classes)


def test_nothing_speaks_against_the_classroom(images):
    assert findings(order(), images, 8 * 10**9, usual_speed()) == []


def test_what_nobody_waits_for_is_said_with_a_design_that_learns_soon(images):
    paper = order(UNetConfig(), 572, batch_size=1)
    # By hand: 150.4 GMAC forward, three times that to learn, 300 steps, 20 G a second.
    assert macs_per_step(paper) == pytest.approx(3 * 150.4e9, rel=1e-3)
    (slow,) = [each for each in findings(paper, images, None, 20e9) if each.kind == "slow"]
    assert slow.weight == "doubt"
    assert "300 steps of this design would take about 1.9 hours" in slow.words
    better = mended(paper, slow)
    assert not [each for each in findings(better, images, None, 20e9) if each.kind == "slow"]
    # What is offered fits, whatever else is chosen; where nothing is left to make smaller, fewer steps are.
    for more in ({"padding": "same"}, {"kernel_size": 5}, {"convs_per_block": 3}):
        wide = UNetConfig(**more)
        wanted = order(wide, nearest_sizes(wide, 572)[1], batch_size=1)
        (each,) = [one for one in findings(wanted, images, None, 2e9) if one.kind == "slow"]
        assert macs_per_step(mended(wanted, each)) < macs_per_step(wanted)
    (many,) = [each for each in findings(order(steps=100_000), images, None, 20e9) if each.kind == "slow"]
    assert (many.fix, many.change) == ("Take fewer steps.", {})
    # Who trains from a script waits as long as it takes.
    assert not [each for each in findings(paper, images) if each.kind == "slow"]


@pytest.mark.parametrize(
    ("wanted", "change_images", "kind", "weight", "message", "fix"),
    [
        (
            order(replace(CLASSROOM, head_activation="relu")),
            None,
            "head",
            "doubt",
            "ends in a ReLU: it cuts off all negative scores",
            "Set the head to linear",
        ),
        (
            order(),
            lambda some: masked(1, some),
            "one-class",
            "doubt",
            "Every pixel of every mask is class 1 (cell)",
            "",
        ),
        (
            order(),
            lambda some: masked(0, some),
            "one-class",
            "doubt",
            "Every pixel of every mask is 0 (background)",
            "",
        ),
        (order(), lambda some: masked(7, some), "classes", "stop", "The labels go up to 7", "Set the classes to 8"),
        (
            order(replace(CLASSROOM, num_classes=4)),
            None,
            "phantom",
            "doubt",
            "The network tells 4 classes apart, but the images have 2",
            "Set the classes to 2",
        ),
        (order(), lambda some: shapes(4), "classes", "stop", "The labels go up to 3", "Set the classes to 4"),
        (
            order(PRESETS["paper"].config, 188),
            None,
            "output",
            "doubt",
            "The output is only 4 × 4 px: 188 × 188 px are computed for each tile, and only 16 of them",
            "Take a tile of 252",
        ),
        (
            order(tile=380),
            None,
            "small",
            "doubt",
            "The smallest image (256 × 256 px) is smaller than the output (292 × 292 px)",
            "Take a tile of 340 × 340",
        ),
        (
            order(tile=300),
            None,
            "mirrored",
            "note",
            "smaller than the tile (300 × 300 px): the tile is filled up with the mirrored image",
            "",
        ),
        (
            order(replace(CLASSROOM, in_channels=3)),
            None,
            "channels",
            "stop",
            "have 1 channel, but the network takes 3",
            "",
        ),
        (order(), lambda some: some.take([0]), "images", "stop", "There is one image only", "Add another"),
        (
            order(replace(CLASSROOM, num_classes=1, head_activation="softmax")),
            None,
            "head",
            "stop",
            "A softmax over one class is always 1",
            "Set the classes to 2",
        ),
    ],
)
def test_what_goes_wrong_is_said_with_a_fix(images, wanted, change_images, kind, weight, message, fix):
    some = change_images(images) if change_images else images
    found = {each.kind: each for each in findings(wanted, some)}
    assert kind in found
    each = found[kind]
    assert each.weight == weight
    assert message in each.words
    assert fix in each.fix
    if each.change:
        better = mended(wanted, each)
        trace(better.config, better.tile)
        assert kind not in {one.kind for one in findings(better, some)}


def spotted(images, pixels, label=1):
    """All pixels of the first class but so many of another one, which lie in all images."""
    labels = np.zeros_like(images.labels)
    flat = labels.reshape(-1)
    flat[:: flat.size // pixels][:pixels] = label
    assert np.count_nonzero(labels) == pixels
    return replace(images, labels=labels, instances=None)


def test_what_is_too_rare_for_cross_entropy_is_said_with_the_loss_that_learns_it(images):
    total = images.labels.size
    few = spotted(images, round(0.0015 * total))
    (found,) = findings(order(), few)
    assert (found.kind, found.weight) == ("rare", "doubt")
    assert found.words.startswith("0.15 % of the pixels are “cell”: whoever never says so is right at 99.85 % of them")
    assert found.change == {"recipe": {"loss": "combined"}}
    assert findings(mended(order(), found), few) == []
    assert "rare" not in {each.kind for each in findings(order(loss="weighted"), few)}
    # Dice finds as little to begin with.
    (dice,) = findings(order(loss="dice"), few)
    assert dice.words.endswith("of them, and the Dice loss easily settles for that.")
    # The least share that is not doubted.
    least = math.ceil(RARE * total)
    assert [each.kind for each in findings(order(), spotted(images, least))] == []
    assert [each.kind for each in findings(order(), spotted(images, least - 1))] == ["rare"]


@pytest.mark.parametrize("rare", [0, 1, 2])
def test_one_rare_class_of_three_is_enough_whichever_it_is(images, rare):
    config = replace(CLASSROOM, num_classes=3)
    often = [label for label in range(3) if label != rare]
    labels = np.where(np.arange(256) < 128, *often)[None, None].repeat(6, 0).repeat(256, 1).astype(np.uint8)
    labels[:, :8, :8] = rare
    some = replace(images, labels=labels, instances=None, classes=("ground", "cell", "spot"))
    (found,) = [each for each in findings(order(config), some) if each.kind == "rare"]
    # By hand: 64 of 65,536 pixels.
    assert found.words.startswith(f"0.098 % of the pixels are “{some.classes[rare]}”")
    # A class that does not occur at all is another matter.
    gone = np.where(labels == rare, often[0], labels)
    assert "rare" not in {each.kind for each in findings(order(config), replace(some, labels=gone))}


def test_some_masks_without_an_object_are_worth_a_note(images):
    labels = images.labels.copy()
    labels[:2] = 0
    found = findings(order(), replace(images, labels=labels))
    assert [(each.kind, each.weight, each.words) for each in found] == [
        ("empty", "note", "2 of 6 masks hold background alone.")
    ]


@examples(60)
@given(configs())
def test_every_change_is_a_design_that_fits_and_ends(config):
    """Following the advice again and again comes to an end, whatever the network."""
    some = cells(2, size=64)
    side = tile_for_output(config, 1)
    wanted = order(config, side)
    for _ in range(8):
        proposals = [each for each in findings(wanted, some) if each.change]
        if not proposals:
            break
        wanted = mended(wanted, proposals[0])
        trace(wanted.config, wanted.tile)
    else:
        pytest.fail(f"no end: {proposals[0].words}")


def test_what_does_not_fit_into_memory_is_refused_with_the_nearest_that_does(images):
    wanted = order(PRESETS["paper"].config, 572, batch_size=8)
    needed = estimate_memory(wanted.config, 572, 8, training=True)["total"]
    assert "memory" not in {each.kind for each in findings(wanted, images, needed)}
    (found,) = [each for each in findings(wanted, images, 2_000_000_000) if each.kind == "memory"]
    assert found.weight == "doubt", "it can be forced"
    assert f"about {needed / 1e9:.1f} GB of memory; 2.0 GB are free" in found.words
    assert found.fix.startswith("This would fit: one tile per batch, a tile of ")
    better = mended(wanted, found)
    assert estimate_memory(better.config, better.tile, better.recipe.batch_size, training=True)["total"] <= 2 * 10**9
    (hopeless,) = [each for each in findings(wanted, images, 1000) if each.kind == "memory"]
    assert "No smaller design fits either" in hopeless.fix
    assert not hopeless.change


def test_a_session_refuses_and_can_be_forced(images):
    relu = replace(CLASSROOM, head_activation="relu")
    with TrainingSession(relu, images, 188) as session:
        with pytest.raises(TrainingError, match="(?s)ends in a ReLU.*force=True") as caught:
            session.start()
        assert [each.kind for each in caught.value.findings] == ["head"]
        assert session.state == "new"
        TrainingError.check(session.check(), force=True)
    three = replace(CLASSROOM, in_channels=3)
    with TrainingSession(three, images, 188) as session:
        with pytest.raises(TrainingError, match="Set the image channels to 1") as caught:
            session.start(force=True)
        assert "force" not in str(caught.value), "this cannot be forced"


def test_the_smallest_output_that_is_not_doubted(images):
    for side in range(1, 3 * FEW):
        tile = tile_for_output(UNetConfig(depth=1, convs_per_block=1, kernel_size=1), side)
        config = UNetConfig(depth=1, base_filters=4, convs_per_block=1, kernel_size=1)
        output = trace(config, tile).output.height
        kinds = {each.kind for each in findings(order(config, tile), images)}
        assert ("output" in kinds) == (output < FEW)


def test_a_dataset_of_many_sizes_is_judged_by_its_smallest(images):
    parts = [images.images[0][:120, :90], images.images[1]]
    labels = [images.labels[0][:120, :90], images.labels[1]]
    mixed = Dataset("mixed", parts, labels, images.classes)
    (found,) = findings(order(), mixed)
    assert "The smallest image (120 × 90 px)" in found.words
    better = mended(order(), found)
    output = trace(better.config, better.tile).output
    assert output.height <= 120
    assert output.width <= 90


def test_the_same_images_in_both_parts_are_no_examination():
    data = cells(4, size=96)
    both = joined(data, data.take([1, 2]))
    (found,) = [each for each in findings(order(), both) if each.kind == "twins"]
    assert "2 of the 2 images for validation" in found.words
    assert not [each for each in findings(order(), joined(data, cells(4, size=96, seed=9))) if each.kind == "twins"]


def test_classes_that_no_mask_holds_are_told_and_so_are_masks_of_which_nothing_is_known():
    labels = np.ones((2, 96, 96), int)
    labels[:, 20:40] = 2
    data = Dataset("trimaps", np.zeros((2, 96, 96, 1), "float32"), labels, ("background", "pet", "border"))
    (found,) = [each for each in findings(order(replace(CLASSROOM, num_classes=3)), data) if each.kind == "absent"]
    assert found.words == "No pixel of any mask is background. Do the masks count from 1?"
    nothing = Dataset("none", np.zeros((2, 96, 96, 1), "float32"), np.full((2, 96, 96), -1), ("a", "b"))
    assert [(each.kind, each.weight) for each in findings(order(), nothing)] == [("unknown", "stop")]
