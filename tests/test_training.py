"""A training in its own process: what can be asked of it."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest
from hands import SMALL, finished, until
from support import second

from unet_explorer import TrainingSession, UNetConfig, build_model, predict_image, shapes
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.data.dataset import normalize
from unet_explorer.learning.finding import TrainingError
from unet_explorer.predict.scores import classes_of

pytestmark = pytest.mark.tensorflow

TILE = 76  # output 36


def test_it_learns_and_tells(session):
    made = session(steps=60, steps_per_epoch=20, learning_rate=0.01)
    made.start()
    finished(made)
    history = made.history
    assert len(history.losses) == 60
    assert np.mean(history.losses[-10:]) < 0.8 * np.mean(history.losses[:5])
    assert [(epoch.number, epoch.step) for epoch in history.epochs] == [(1, 20), (2, 40), (3, 60)]
    assert history.best.iou > 0.5
    assert history.steps_per_second > 0
    # What had learnt nothing yet was examined on the same pixels.
    assert (history.first.number, history.first.step) == (0, 0)
    assert history.first.iou < history.best.iou
    assert sum(map(sum, history.first.table)) == sum(map(sum, history.epochs[0].table))
    assert len(made.predictions(0)) == len(made.predictions(1))


def test_the_model_is_the_one_that_was_examined(session):
    made = session(steps=12, steps_per_epoch=4)
    made.start()
    finished(made)
    for which, epoch in (("best", made.history.best.number), ("last", 3)):
        model = made.model(which)
        kept = made.predictions(epoch)
        assert len(kept) == min(3, len(made.examples))
        for example, shown in zip(made.examples, kept, strict=False):
            scores = model.predict_on_batch(example.tile[None])[0]
            height, width = example.truth.shape
            assert (classes_of(scores[:height, :width], SMALL) == shown).mean() > 0.999
    assert made.predictions(4) is None
    with pytest.raises(ValueError, match="which='first' is not allowed"):
        made.model("first")


def test_a_network_knows_how_its_images_were_prepared(session, tmp_path):
    """The plain call is as good as the examination, also from a file, and with weights that are loaded elsewhere."""
    trained = session(steps=8)
    trained.start()
    finished(trained)
    model = trained.model()
    image = (np.random.default_rng(0).random((90, 100)) * 255).astype("uint8")
    wanted = predict_image(model, image, TILE, normalize=True)
    assert np.array_equal(predict_image(model, image, TILE), wanted)
    assert not np.array_equal(predict_image(model, image, TILE, normalize=False), wanted)
    model.save(tmp_path / "a.keras")
    again = keras.saving.load_model(tmp_path / "a.keras")
    assert np.array_equal(predict_image(again, image, TILE), wanted)
    # Prepared by hand is not prepared twice.
    assert np.allclose(predict_image(again, normalize(image[..., None])), wanted, atol=1e-5)
    # One from elsewhere takes numbers as they are.
    other = build_model(trained.order.config)
    other.set_weights(model.get_weights())
    assert np.array_equal(predict_image(other, image, TILE), predict_image(model, image, TILE, normalize=False))


def test_the_same_seed_learns_the_same(session):
    runs = []
    for seed in (3, 3, 4):
        made = session(steps=5, seed=seed)
        made.start()
        runs.append(finished(made).history.losses)
    assert runs[0] == pytest.approx(runs[1], rel=1e-5)
    assert runs[0] != pytest.approx(runs[2], rel=1e-3)


def test_pause_one_step_and_go_on(session):
    made = session(steps=400, steps_per_epoch=400)
    made.step()
    until(made, lambda: made.state == "paused" and len(made.history.losses) == 1)
    made.step()
    until(made, lambda: len(made.history.losses) == 2)
    assert made.state == "paused"
    made.resume()
    until(made, lambda: len(made.history.losses) > 4)
    made.pause()
    until(made, lambda: made.state == "paused")
    done = len(made.history.losses)
    made.step()
    until(made, lambda: len(made.history.losses) == done + 1)
    made.stop()
    assert made.state == "stopped"
    assert len(made.history.losses) < 400


def test_a_paused_start_may_go_on_before_it_is_ready(session):
    made = session()
    made.start(paused=True)
    assert made.state == "starting"
    made.resume()
    finished(made)
    assert len(made.history.losses) == 8


def test_requests_that_overtake_an_answer_end_in_the_state_that_was_asked_for(session):
    made = session(steps=100_000, steps_per_epoch=50_000)
    made.start()
    until(made, lambda: made.history.losses)
    made.pause()
    made.resume()
    done = len(made.history.losses)
    until(made, lambda: len(made.history.losses) > done + 20)
    until(made, lambda: made.state == "running")
    made.pause()
    until(made, lambda: made.state == "paused")
    made.step()
    made.resume()
    done = len(made.history.losses)
    until(made, lambda: len(made.history.losses) > done + 20)
    until(made, lambda: made.state == "running")
    made.stop()


def test_a_save_that_was_cut_in_two_leaves_no_hole(session):
    """Of the files of an epoch, one is there and the other is still that of the epoch before."""
    made = session(steps=12)
    made.start(paused=True)
    for _ in range(4):
        made.step()
    until(made, lambda: len(made.history.epochs) == 1)
    older = (made.folder / "last.npz").read_bytes()
    for _ in range(4):
        made.step()
    until(made, lambda: len(made.history.epochs) == 2)
    made.stop()
    history, weights = ((made.folder / name).stat().st_mtime_ns for name in ("history.json", "last.npz"))
    assert history <= weights, "a history that runs ahead can be cut"
    (made.folder / ".last.npz.0.half").write_bytes(b"half")
    (made.folder / "last.npz").write_bytes(older)
    made.resume()
    finished(made)
    assert len(made.history.losses) == 12
    assert [epoch.step for epoch in made.history.epochs] == [4, 8, 12]
    assert not list(made.folder.glob(".*.half"))


def test_a_training_that_goes_on_is_the_one_that_was_never_stopped(session):
    whole = session(steps=12, seed=5)
    whole.start()
    finished(whole)
    cut = session(steps=12, seed=5)
    cut.start(paused=True)
    for _ in range(6):
        cut.step()
    until(cut, lambda: len(cut.history.losses) == 6)
    cut.stop()
    cut.resume()
    finished(cut)
    assert len(cut.history.losses) == 12
    assert cut.history.losses == pytest.approx(whole.history.losses, rel=1e-3)
    assert cut.history.epochs[0].table == whole.history.epochs[0].table
    assert [epoch.step for epoch in cut.history.epochs] == [4, 8, 12]


def test_starting_twice_is_starting_once(session, worker):
    started = []
    worker.events.connect(listen := lambda message: started.append(message) if message["event"] == "started" else None)
    made = session()
    threads = [threading.Thread(target=made.start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finished(made)
    made.start()
    worker.events.disconnect(listen)
    assert len(started) == 1
    assert len(made.history.losses) == 8


def test_it_stops_early_once_nothing_gets_better(session):
    made = session(steps=400, steps_per_epoch=2, patience=2, learning_rate=1e-12)
    made.start()
    finished(made)
    assert len(made.history.losses) == 6, "one epoch that was better than nothing, and two that were not"


@second("learns, stops and goes on")
def test_patience_lasts_through_a_stop(session):
    made = session(steps=1000, steps_per_epoch=2, patience=4, learning_rate=1e-12)
    made.start(paused=True)
    for _ in range(6):
        made.step()
    until(made, lambda: len(made.history.epochs) == 3)
    made.stop()
    made.resume()
    finished(made)
    assert len(made.history.epochs) == 5, "the first is the best, and four are no better"


@pytest.mark.parametrize(
    "recipe",
    [{"loss": "weighted"}, {"loss": "dice"}, {"loss": "combined"}, {"optimizer": "sgd", "learning_rate": 0.001}],
    ids=str,
)
def test_every_way_to_teach(session, recipe):
    made = session(steps=4, **recipe)
    made.start()
    assert np.isfinite(finished(made).history.losses).all()


@pytest.mark.parametrize(
    "config",
    [
        UNetConfig(
            depth=1, base_filters=2, num_classes=4, padding="same", upsampling="bilinear", batch_norm=True, dropout=0.2
        ),
        UNetConfig(depth=1, base_filters=2, num_classes=4, head_activation="sigmoid"),
        UNetConfig(depth=2, base_filters=2, num_classes=4, head_activation="softmax", convs_per_block=1),
    ],
    ids=["padded", "sigmoid", "softmax"],
)
def test_other_networks_and_several_classes(session, config):
    tile = tuple(tile_for_output(config, side) for side in (24, 20))
    made = session(config, steps=4, dataset=shapes(6, size=64), tile=tile)
    made.start()
    finished(made)
    assert np.shape(made.history.epochs[0].table) == (4, 4)
    assert sum(map(sum, made.history.epochs[0].table)) == sum(each.truth.size for each in made.examples)


def test_one_score_a_pixel_tells_two_classes_apart(session):
    made = session(UNetConfig(depth=1, base_filters=4, num_classes=1), steps=30, tile=40, learning_rate=0.01)
    made.start()
    assert finished(made).history.best.iou > 0.3


def test_nothing_to_give_before_the_first_epoch(session):
    with pytest.raises(TrainingError, match="Nothing was saved yet"):
        session().model()


def test_what_is_no_dataset_or_recipe_is_refused_at_once(images):
    with pytest.raises(ValueError, match="dataset='cells' is not a dataset: give a Dataset, such as cells()"):
        TrainingSession(SMALL, "cells", TILE)
    with pytest.raises(ValueError, match="steps=0 is not allowed: give a whole number from 1 to 1,000,000"):
        TrainingSession(SMALL, images, TILE, steps=0)
    with pytest.raises(ValueError, match="Unknown key 'step'"):
        TrainingSession(SMALL, images, TILE, step=3)
    with pytest.raises(ValueError, match="Tile 75 does not fit"):
        TrainingSession(SMALL, images, 75)
