"""One step of learning, against Keras's own training loop; and what is kept of it."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from support import everything

from unet_explorer import Dataset, UNetConfig, cells, shapes
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.data.augment import Augmentation
from unet_explorer.learning.proposals import propose
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.scores import scores
from unet_explorer.learning.worker.learner import DivergedError, Learner
from unet_explorer.learning.worker.objective import loss_of, optimizer_of

pytestmark = pytest.mark.tensorflow


def learner(config=None, dataset=None, **recipe):
    config = config or UNetConfig(depth=2, base_filters=3)
    recipe = Recipe(batch_size=2, augmentation=Augmentation(elastic=False), **recipe)
    side = tile_for_output(config, 20)
    return Learner(Order(config, (side, side), recipe), dataset or cells(3, size=48))


@pytest.fixture
def made():
    every = []

    def make(*given, **recipe):
        every.append(learner(*given, **recipe))
        return every[-1]

    yield make
    for each in every:
        each.close()


PLAIN = UNetConfig(depth=2, base_filters=3)
NORMALISED = UNetConfig(depth=1, base_filters=3, batch_norm=True, padding="same", upsampling="bilinear", num_classes=4)
ONE_SCORE = UNetConfig(depth=1, base_filters=3, num_classes=1)


@pytest.mark.parametrize(
    ("config", "loss", "optimizer"),
    [
        (PLAIN, "cross-entropy", "adam"),
        (PLAIN, "weighted", "sgd"),
        (PLAIN, "dice", "adam"),
        (NORMALISED, "weighted", "adam"),
        (ONE_SCORE, "cross-entropy", "sgd"),
        (ONE_SCORE, "dice", "adam"),
    ],
)
def test_a_step_is_the_one_that_keras_takes(made, config, loss, optimizer):
    ours = made(config, shapes(3, size=48) if config.num_classes == 4 else None, loss=loss, optimizer=optimizer)
    theirs = keras.models.clone_model(ours.model)
    theirs.set_weights(ours.model.get_weights())
    theirs.compile(optimizer_of(ours.order.recipe), loss_of(config, ours.order.recipe))
    for number in range(3):
        batch = ours._feed.batch(number)
        theirs.reset_metrics()
        told = theirs.train_on_batch(batch.tiles, batch.labels, batch.weights)
        assert ours.advance() == pytest.approx(float(told), rel=1e-4)
    assert ours.step == 3
    for mine, other in zip(ours.model.get_weights(), theirs.get_weights(), strict=True):
        assert np.allclose(mine, other, rtol=1e-3, atol=1e-4)


def test_dropout_drops_while_it_learns_and_only_then(made):
    config = UNetConfig(depth=1, base_filters=8, dropout=0.9)
    ours = made(config)
    tiles = ours._feed.batch(0).tiles
    assert not np.allclose(ours.model(tiles, training=True), ours.model(tiles, training=True))
    first, again = (ours.examine(lambda: False) for _ in range(2))
    assert np.array_equal(first[0], again[0])


def test_what_is_remembered_goes_on_as_if_nothing_had_been(made):
    ours = made()
    for _ in range(3):
        ours.advance()
    memory = ours.state()
    after = [ours.advance() for _ in range(3)]
    again = made()
    again.restore(memory)
    assert again.step == 3
    assert [again.advance() for _ in range(3)] == pytest.approx(after, rel=1e-4)


def test_an_examination_can_be_left(made):
    assert made().examine(lambda: True) is None


def test_a_loss_that_is_no_number_is_an_error(made):
    ours = made()
    ours.model.set_weights([np.full_like(each, np.nan) for each in ours.model.get_weights()])
    with pytest.raises(DivergedError, match="the loss is nan at step 1"):
        ours.advance()


@pytest.mark.more
@pytest.mark.skipif(not everything(), reason="learns for many seconds: with --all")
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_too_rare_is_learnt_as_proposed_and_not_by_dice(seed):
    """One bright square of 4 px in each image: 0.17 % of the pixels."""
    random = np.random.default_rng(0)
    labels = np.zeros((8, 96, 96), np.uint8)
    for each in labels:
        row, column = random.integers(20, 72, 2)
        each[row : row + 4, column : column + 4] = 1
    light = 0.4 + 0.1 * random.normal(size=labels.shape) + 0.5 * labels
    few = Dataset("few", light[..., None].astype("float32"), labels, ("ground", "spot"))
    config = UNetConfig(depth=2, base_filters=4)
    assert {each.name: each.value for each in propose(few, config)}["loss"] == "combined"
    reached = {}
    for loss in ("dice", "combined"):
        taught = Learner(Order(config, (76, 76), Recipe(steps=300, loss=loss, seed=seed)), few)
        seen = []
        for step in range(300):
            taught.advance()
            if step % 50 == 49:
                table, _ = taught.examine(lambda: False)
                seen.append(scores(table).mean_iou)
        reached[loss] = max(seen)
        taught.close()
    assert reached["dice"] < 0.05
    assert reached["combined"] > 0.5
