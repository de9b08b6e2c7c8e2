"""A training in its own process: what can be asked of it, and what may happen to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import psutil
import pytest
from hands import LONG
from support import PROJECT

from unet_explorer import TrainingSession, UNetConfig, build_model, cells, shapes
from unet_explorer.learning.predict import classes_of
from unet_explorer.learning.preflight import TrainingError
from unet_explorer.tiles import tile_for_output

CONFIG = UNetConfig(depth=2, base_filters=4)
TILE = 76  # output 36
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of Unix")


@pytest.fixture(scope="module")
def images():
    return cells(8, size=96)


@pytest.fixture
def session(images, worker, state):
    made = []

    def make(config=CONFIG, **recipe):
        recipe = {"steps": 8, "steps_per_epoch": 4, "batch_size": 2, **recipe}
        dataset = recipe.pop("dataset", images)
        made.append(TrainingSession(config, dataset, recipe.pop("tile", TILE), worker, **recipe))
        return made[-1]

    yield make
    for each in made:
        each.close()


def until(session, condition):
    """Wait until something holds of a session; its state changes wake us."""
    with session._changed:
        changed = session._changed
        session.listeners.append(wake := (lambda: _wake(changed)))
        try:
            assert changed.wait_for(condition, LONG), (session.state, session.problem)
        finally:
            session.listeners.remove(wake)


def _wake(changed):
    with changed:
        changed.notify_all()


def finished(session):
    assert session.join(LONG)
    assert session.state == "finished", session.problem
    return session


# What can be asked ------------------------------------------------------------------------------------------------


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


def test_the_model_is_the_one_that_was_examined(session):
    made = session(steps=12, steps_per_epoch=4)
    made.start()
    finished(made)
    for which, epoch in (("best", made.history.best.number), ("last", 3)):
        model = made.model(which)
        kept = made.predictions(epoch)
        assert len(kept) == min(3, len(made.questions))
        for question, shown in zip(made.questions, kept, strict=False):
            scores = model.predict_on_batch(question.tile[None])[0]
            height, width = question.truth.shape
            assert (classes_of(scores[:height, :width], CONFIG) == shown).mean() > 0.999
    assert made.predictions(4) is None
    with pytest.raises(ValueError, match="which='first' is not allowed"):
        made.model("first")


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
    worker.listeners.append(lambda message: started.append(message) if message["event"] == "started" else None)
    made = session()
    threads = [threading.Thread(target=made.start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finished(made)
    made.start()
    worker.listeners.pop()
    assert len(started) == 1
    assert len(made.history.losses) == 8


def test_it_stops_early_once_nothing_gets_better(session):
    made = session(steps=400, steps_per_epoch=2, patience=2, learning_rate=1e-12)
    made.start()
    finished(made)
    assert len(made.history.losses) == 6, "one epoch that was better than nothing, and two that were not"


@pytest.mark.parametrize(
    "recipe", [{"loss": "weighted"}, {"loss": "dice"}, {"optimizer": "sgd", "learning_rate": 0.001}], ids=str
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
    assert sum(map(sum, made.history.epochs[0].table)) == sum(each.truth.size for each in made.questions)


def test_one_score_a_pixel_tells_two_classes_apart(session):
    made = session(UNetConfig(depth=1, base_filters=4, num_classes=1), steps=30, tile=40, learning_rate=0.01)
    made.start()
    assert finished(made).history.best.iou > 0.3


def test_nothing_to_give_before_the_first_epoch(session):
    with pytest.raises(TrainingError, match="Nothing was saved yet"):
        session().model()


# What may happen to it -------------------------------------------------------------------------------------------


@POSIX
@pytest.mark.parametrize("when", ["at once", "in a step"])
def test_a_killed_worker_loses_at_most_an_epoch(session, worker, when):
    made = session(steps=100_000, steps_per_epoch=4)
    worker.warm_up()
    assert worker.wait(LONG)
    made.start()
    if when == "in a step":
        until(made, lambda: made.history.epochs)
    victim = worker.process
    os.kill(victim, signal.SIGKILL)
    until(made, lambda: made.state == "interrupted")
    kept = made.history.epochs[-1].step if made.history.epochs else 0
    assert made.problem.startswith("The worker was killed from outside")
    assert made.problem.endswith(f"What was learnt up to step {kept} is kept.")
    before = made.history.losses[:kept]
    made.resume()
    until(made, lambda: made.history.epochs and made.history.epochs[-1].step > kept)
    made.stop()
    assert made.problem == ""
    assert made.history.losses[:kept] == before
    assert [epoch.step for epoch in made.history.epochs] == [4 * each.number for each in made.history.epochs]
    assert worker.process != victim


@POSIX
def test_a_worker_without_memory_says_so(session, worker):
    made = session(steps=400)
    made.start()
    until(made, lambda: made.history.losses)
    made.stop()
    import resource

    used = psutil.Process(worker.process).memory_info().vms
    resource.prlimit(worker.process, resource.RLIMIT_AS, (used + 200_000_000, used + 200_000_000))
    huge = session(UNetConfig(depth=4, base_filters=64), tile=572, dataset=cells(3, size=400))
    huge.start(force=True)
    assert huge.join(LONG)
    assert huge.state in {"failed", "interrupted"}
    assert "memory" in huge.problem
    assert "smaller tile" in huge.problem
    worker.kill()
    again = session(steps=4)
    again.start()
    finished(again)


@POSIX
def test_a_full_disc_is_told_and_learning_goes_on(session, worker):
    import resource

    made = session(steps=8)
    made.start(paused=True)
    until(made, lambda: made.state == "paused")
    resource.prlimit(worker.process, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    try:
        made.resume()
        finished(made)
    finally:
        resource.prlimit(worker.process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert "could not be saved" in made.problem
    assert "free some disc space" in made.problem
    assert not list(made.folder.glob("*.half")), "nothing half-written is left"
    assert not list(made.folder.glob(".*.half"))
    assert len(made.history.losses) == 8


def test_a_loss_that_is_no_number_is_told(session):
    made = session(steps=12)
    made.start(paused=True)
    for _ in range(4):
        made.step()
    until(made, lambda: made.history.epochs)
    made.stop()
    # Too large a step may end in weights that are no numbers, or in dead ones; this leaves nothing to chance.
    kept = dict(np.load(made.folder / "last.npz"))
    spoilt = {name: np.full_like(each, np.nan) for name, each in kept.items() if name.startswith("weight")}
    np.savez(made.folder / "last.npz", **{**kept, **spoilt})
    made.resume()
    assert made.join(LONG)
    assert made.state == "failed"
    assert "The training came apart: the loss is" in made.problem
    assert "lower the learning rate" in made.problem
    again = session(steps=4)
    again.start()
    finished(again)


def test_a_folder_that_vanishes_is_told(session):
    made = session(steps=8)
    made.start(paused=True)
    until(made, lambda: made.state == "paused")
    for file in made.folder.iterdir():
        file.unlink()
    made.folder.rmdir()
    made.resume()
    finished(made)
    assert "could not be saved" in made.problem or "folder of this training is gone" in made.problem


@POSIX
def test_a_long_step_does_not_hold_up_a_stop(session, worker):
    made = session(UNetConfig(depth=4, base_filters=32), tile=572, dataset=cells(3, size=400), batch_size=4)
    made.start(force=True)
    until(made, lambda: made.state != "starting" or worker.warm)
    made.stop()
    assert made.state == "stopped"
    again = session(steps=4)
    again.start()
    finished(again)


def test_a_program_in_the_folder_is_not_taken_for_keras(images, state, tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("raise SystemExit('not the real one')")
    monkeypatch.chdir(tmp_path)
    with TrainingSession(CONFIG, images, TILE, steps=2) as made:
        made.start()
        finished(made)


SCRIPT = """
import sys, os, threading
from unet_explorer import TrainingSession, UNetConfig, cells
session = TrainingSession(UNetConfig(depth=2, base_filters=4), cells(8, size=96), 76, steps=100000, steps_per_epoch=4)
session.start()
there = threading.Event()
session.listeners.append(lambda: there.set() if session.history.epochs else None)
there.wait()
print(session._worker.process, flush=True)
sys.stdin.read() if sys.argv[1] == "wait" else os._exit(0)
"""


def gone(process):
    try:
        psutil.Process(process).wait(LONG)
    except psutil.NoSuchProcess:
        return True
    return not psutil.pid_exists(process)


@POSIX
def test_no_worker_outlives_its_notebook_and_the_next_one_goes_on(state, worker):
    command = [sys.executable, "-c", SCRIPT, "wait"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as notebook:
        process = int(notebook.stdout.readline())
        assert os.getpgid(process) != os.getpgid(notebook.pid), "an interrupt of the kernel must not reach it"
        assert TrainingSession.unfinished(worker) is None, "it is looked after"
        notebook.kill()
    assert gone(process)
    found = TrainingSession.unfinished(worker)
    assert found.state == "interrupted"
    assert found.history.epochs
    assert len(found.history.losses) >= found.history.epochs[-1].step
    assert found.predictions(1)[0].shape == found.questions[0].truth.shape
    start = found.history.epochs[-1].step
    found.resume()
    until(found, lambda: found.history.epochs[-1].step > start)
    found.stop()
    found.forget()
    assert TrainingSession.unfinished(worker) is None
    found.close()


def test_a_script_that_ends_takes_its_worker_along(state):
    done = subprocess.run([sys.executable, "-c", SCRIPT, "leave"], capture_output=True, text=True, check=True)
    assert gone(int(done.stdout))


def test_what_the_readme_shows_runs(state):
    """With fewer steps."""
    shown = (PROJECT / "README.md").read_text("utf-8")
    code = next(block for block in shown.split("```") if "TrainingSession(" in block).removeprefix("python\n")
    assert "steps=300" in code
    code = code.replace("steps=300", "steps=2, steps_per_epoch=2") + "\nprint(model.count_params())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    iou, parameters = done.stdout.split()
    assert 0 <= float(iou) <= 1
    assert int(parameters) == 120_690


def test_closing_leaves_no_process(images, state):
    made = TrainingSession(CONFIG, images, TILE, steps=1000)
    made.start()
    process = made._worker.process
    made.close()
    assert gone(process)
    made.close()
    assert made.state in {"stopped", "interrupted"}


def test_what_is_no_dataset_or_recipe_is_refused_at_once(images):
    with pytest.raises(ValueError, match="dataset='cells' is not a dataset: give a Dataset, such as cells()"):
        TrainingSession(CONFIG, "cells", TILE)
    with pytest.raises(ValueError, match="steps=0 is not allowed: give a whole number from 1 to 1,000,000"):
        TrainingSession(CONFIG, images, TILE, steps=0)
    with pytest.raises(ValueError, match="Unknown key 'step'"):
        TrainingSession(CONFIG, images, TILE, step=3)
    with pytest.raises(ValueError, match="Tile 75 does not fit"):
        TrainingSession(CONFIG, images, 75)


def test_the_worker_survives_a_request_that_fails(worker):
    heard = threading.Event()
    messages = []

    def listen(message):
        messages.append(message)
        heard.set()

    worker.listeners.append(listen)
    for request in ({"do": "build", "config": {"depth": 99}, "tile": [76, 76], "request": 1}, {"do": "nonsense"}):
        messages.clear()
        heard.clear()
        worker.send(request)
        assert heard.wait(LONG)
        while messages[-1]["event"] == "ready":
            heard.clear()
            assert heard.wait(LONG)
        assert messages[-1]["event"] == "failed"
        assert messages[-1]["words"].startswith("Something went wrong in the worker")
    worker.listeners.remove(listen)
    assert worker.warm


def test_the_built_network_is_the_traced_one(worker):
    from unet_explorer.learning.proof import prove

    built, there = [], threading.Event()

    def listen(message):
        if message["event"] == "built":
            built.append(message)
            there.set()

    worker.listeners.append(listen)
    config = UNetConfig(depth=2, base_filters=3, batch_norm=True, upsampling="bilinear", dropout=0.1)
    worker.send({"do": "build", "config": config.to_dict(), "tile": [76, 84], "request": 7})
    assert there.wait(LONG)
    worker.listeners.remove(listen)
    told = built[0]
    assert told["parameters"] == build_model(config).count_params()
    for words in ("Connected to", "enc0_conv1", "bottleneck_dropout"):
        assert words in told["summary"], "nothing is cut off"
    assert max(map(len, told["summary"].splitlines())) > 100, "as wide as Keras makes it, though there is no terminal"
    checks = prove(config, (76, 84), told["layers"])
    assert all(not check.words for check in checks)
    told["layers"]["enc1_conv1"]["shape"][0] += 1
    told["layers"]["head"]["parameters"] += 1
    del told["layers"]["dec0_up"]
    wrong = {check.step: check.words for check in prove(config, (76, 84), told["layers"]) if check.words}
    assert wrong.keys() == {"enc1_conv1", "head", "dec0_up"}
    assert wrong["dec0_up"].endswith("Keras has no such layer")
    assert "the plan says" in wrong["head"]
