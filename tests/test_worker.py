"""What may happen to a training, and to the process that it is in."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import psutil
import pytest
from hands import LONG, SMALL, TILE, finished, until
from support import PROJECT, exhaustive, second

from unet_explorer import TrainingSession, UNetConfig, build_model, cells

pytestmark = pytest.mark.tensorflow
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and limits of Unix")


@POSIX
@pytest.mark.parametrize("when", exhaustive(["at once", "in a step"], ["in a step"]))
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
@second("fills memory, which takes 25 s; what is said then is tested in test_lost")
def test_a_worker_without_memory_says_so(session, worker):
    made = session(steps=400)
    made.start()
    until(made, lambda: made.history.losses)
    made.stop()
    # On a busy machine a step takes so long that the worker is ended for it.
    worker.warm_up()
    assert worker.wait(LONG)
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
@second("a long step")
def test_a_long_step_does_not_hold_up_a_stop(session, worker):
    made = session(UNetConfig(depth=4, base_filters=32), tile=572, dataset=cells(3, size=400), batch_size=4)
    made.start(force=True)
    until(made, lambda: made.state != "starting" or worker.warm)
    made.stop()
    assert made.state == "stopped"
    again = session(steps=4)
    again.start()
    finished(again)


@POSIX
def test_a_stop_spares_a_worker_that_others_wait_for(session, worker, monkeypatch):
    made = session(steps=100_000)
    made.start()
    until(made, lambda: made.history.losses)
    process = worker.process
    # As if it were in the midst of something long.
    os.kill(process, signal.SIGSTOP)
    fresh = {"training": "", "folder": "", "config": SMALL.to_dict(), "size": TILE, "seamless": True}
    worker.send({"do": "predict", "request": "an image", "image": np.zeros((96, 96, 1), "float32"), **fresh})
    assert worker.open == {made.folder.name: "train", "an image": "predict"}
    # A step that is long keeps the processor busy; one that is stopped from outside does not.
    spent = itertools.count()
    with monkeypatch.context() as patched:
        patched.setattr("unet_explorer.learning.session.cpu_seconds", lambda _: next(spent))
        made.stop()
    os.kill(process, signal.SIGCONT)
    until(made, lambda: made.state == "stopped")
    assert worker.process == process
    answered = threading.Event()
    worker.events.connect(listen := lambda event: event["event"] == "predicted" and answered.set())
    worker.send({"do": "predict", "request": "an image", "image": np.zeros((96, 96, 1), "float32"), **fresh})
    assert answered.wait(LONG)
    worker.events.disconnect(listen)
    assert worker.open == {}
    worker.send({"do": "predict", "request": "an image", "image": np.zeros((96, 96, 1), "float32"), **fresh})
    worker.send({"do": "stop_prediction"})
    assert worker.open == {}


@POSIX
@pytest.mark.parametrize("hangs", exhaustive(["without working", "while it works"], ["without working"]))
def test_a_worker_that_hangs_holds_up_neither_stop_nor_close(session, worker, monkeypatch, hangs):
    """Though more is on its way than fits into the pipe, and though others wait for an answer."""
    made, other = session(steps=100_000), session(steps=100_000)
    for each in (made, other):
        each.start()
        until(each, lambda each=each: each.history.losses)
    victim = worker.process
    os.kill(victim, signal.SIGSTOP)
    fresh = {"training": "", "folder": "", "config": SMALL.to_dict(), "size": TILE, "seamless": True}

    def press():
        image = np.zeros((512, 512, 1), "float32")
        worker.send({"do": "predict", "request": "an image", "image": image, **fresh})
        if hangs == "while it works":
            # In a loop without end, say: only a second stop tells it from a long step.
            spent = itertools.count()
            monkeypatch.setattr("unet_explorer.learning.session.cpu_seconds", lambda _: next(spent))
            made.stop()
            assert made.state == "running"
            monkeypatch.setattr("unet_explorer.learning.session._GIVEN_UP", 0.0)
        made.stop()
        other.close()

    pressing = threading.Thread(target=press, daemon=True)
    pressing.start()
    pressing.join(LONG)
    assert not pressing.is_alive()
    # Which of the two hears first that the worker has ended is a matter of chance.
    assert {made.state, other.state} <= {"stopped", "interrupted"}
    assert gone(victim)
    made.resume()
    until(made, lambda: made.state == "running")


@second("two trainings; they are tried in test_sharing")
def test_one_of_two_that_learn_is_closed(session):
    one, two = session(steps=100_000), session(steps=100_000)
    for each in (one, two):
        each.start()
        until(each, lambda each=each: each.history.losses)
    one.close()
    assert one.state == "stopped"
    learnt = len(two.history.losses)
    until(two, lambda: len(two.history.losses) > learnt + 3)


@second("a worker of its own")
def test_a_program_in_the_folder_is_not_taken_for_keras(images, state, tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("raise SystemExit('not the real one')")
    monkeypatch.chdir(tmp_path)
    with TrainingSession(SMALL, images, TILE, steps=2) as made:
        made.start()
        finished(made)


SCRIPT = """
import sys, os, threading
from unet_explorer import TrainingSession, UNetConfig, cells
session = TrainingSession(UNetConfig(depth=2, base_filters=4), cells(8, size=96), 76, steps=100000, steps_per_epoch=4)
session.start()
there = threading.Event()
session.changed.connect(lambda: there.set() if session.history.epochs else None)
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
    assert found.predictions(1)[0].shape == found.examples[0].truth.shape
    start = found.history.epochs[-1].step
    found.resume()
    until(found, lambda: found.history.epochs[-1].step > start)
    found.stop()
    found.discard()
    assert TrainingSession.unfinished(worker) is None


@second("as a notebook that is killed")
def test_a_script_that_ends_takes_its_worker_along(state):
    done = subprocess.run([sys.executable, "-c", SCRIPT, "leave"], capture_output=True, text=True, check=True)
    assert gone(int(done.stdout))


@second("a process of its own")
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
    made = TrainingSession(SMALL, images, TILE, steps=1000)
    made.start()
    process = made._worker.process
    made.close()
    assert gone(process)
    made.close()
    assert made.state in {"stopped", "interrupted"}


def test_the_worker_survives_a_request_that_fails(worker):
    heard = threading.Event()
    messages = []

    def listen(message):
        messages.append(message)
        heard.set()

    worker.events.connect(listen)
    for request in ({"do": "build", "config": {"depth": 99}, "tile": [76, 76], "request": "1"}, {"do": "nonsense"}):
        messages.clear()
        heard.clear()
        worker.send(request)
        assert heard.wait(LONG)
        while messages[-1]["event"] == "ready":
            heard.clear()
            assert heard.wait(LONG)
        assert messages[-1]["event"] == "failed"
        assert messages[-1]["reason"].startswith("Something went wrong in the worker")
    worker.events.disconnect(listen)
    assert worker.warm


def test_the_built_network_is_the_traced_one(worker):
    from unet_explorer.learning.proof import prove

    built, there = [], threading.Event()

    def listen(message):
        if message["event"] == "built":
            built.append(message)
            there.set()

    worker.events.connect(listen)
    config = UNetConfig(depth=2, base_filters=3, batch_norm=True, upsampling="bilinear", dropout=0.1)
    worker.send({"do": "build", "config": config.to_dict(), "tile": [76, 84], "request": "7"})
    assert there.wait(LONG)
    worker.events.disconnect(listen)
    told = built[0]
    assert told["parameters"] == build_model(config).count_params()
    for words in ("Connected to", "enc0_conv1", "bottleneck_dropout"):
        assert words in told["summary"], "nothing is cut off"
    assert max(map(len, told["summary"].splitlines())) > 100, "as wide as Keras makes it, though there is no terminal"
    checks = prove(config, (76, 84), told["layers"])
    assert all(not check.difference for check in checks)
    told["layers"]["enc1_conv1"]["shape"][0] += 1
    told["layers"]["head"]["parameters"] += 1
    del told["layers"]["dec0_up"]
    wrong = {check.step: check.difference for check in prove(config, (76, 84), told["layers"]) if check.difference}
    assert wrong.keys() == {"enc1_conv1", "head", "dec0_up"}
    assert wrong["dec0_up"].endswith("Keras has no such layer")
    assert "the plan says" in wrong["head"]
