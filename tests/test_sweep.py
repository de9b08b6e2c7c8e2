"""Sweeps: a run is what the panel learns, whatever cannot learn is a row, and what is done is done once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import dask
import numpy as np
import pytest
from clusters import certificates, in_threads, settings_of
from support import PATIENCE, everything, second

from unet_explorer import PRESETS, TrainingSession, UNetConfig, cells, grid, save_sweep, sweep
from unet_explorer.cluster import connected
from unet_explorer.commands import sweep as command
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.files import from_folder
from unet_explorer.learning.recipe import Recipe
from unet_explorer.panel.link import Link, write_link
from unet_explorer.sweeps import work
from unet_explorer.sweeps.asked import read_asked
from unet_explorer.sweeps.carried import carry, opened
from unet_explorer.sweeps.designs import read_design, usual_tile
from unet_explorer.sweeps.halving import rungs, survivors
from unet_explorer.sweeps.pool import Pool
from unet_explorer.sweeps.run import COLUMNS, Run, read_run, run_of
from unet_explorer.sweeps.session import SweepSession
from unet_explorer.sweeps.shelf import opened_folder, read_sweep
from unet_explorer.sweeps.table import Sweep
from unet_explorer.sweeps.work import BEST

THIN, WIDE, DEEP = (UNetConfig(depth=1, base_filters=f, convs_per_block=c) for f, c in ((2, 1), (4, 1), (2, 2)))
TILE = 36
RECIPE = {"steps": 8, "steps_per_epoch": 2, "batch_size": 2, "augmentation": {"elastic": False}}


@pytest.fixture(scope="module")
def data():
    return cells(6, size=48)


@pytest.fixture(scope="module")
def client():
    """A cluster behind certificates: two processes with ``--all``, otherwise a thread, as another process teaches.

    The processes that a sweep makes itself are seen in its docstring.
    """
    if everything():
        with connected(workers=2) as made:
            yield made
        return
    security, process = certificates(), work._Process()
    with (
        pytest.MonkeyPatch.context() as patch,
        dask.config.set(settings_of(security)),
        in_threads(security=security) as made,
    ):
        patch.setattr(work, "_here", process)
        yield made
        process.worker.close()


@pytest.mark.tensorflow
def test_all_of_this_is_learnt_behind_certificates(taught, client):
    assert everything() or client.scheduler.address.startswith("tls://")
    assert {run.state for run in taught} == {"done"}


@pytest.fixture(scope="module")
def taught(client, data, tmp_path_factory):
    """A small sweep, kept: three designs, two seeds."""
    out = tmp_path_factory.mktemp("sweep") / "kept"
    designs = [(config, TILE) for config in (THIN, WIDE, DEEP)]
    return sweep(designs, data, [0, 3], client=client, out=out, recipe=RECIPE)


# What is learnt -------------------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_a_run_is_what_the_panel_learns(taught, data, worker, state):
    row = taught[3]
    assert (row.config, row.tile, row.seed, row.state) == (WIDE, (TILE, TILE), 3, "done")
    recipe = Recipe.from_dict(RECIPE).to_dict() | {"seed": 3}
    with TrainingSession(WIDE, data, TILE, worker, **recipe) as session:
        session.start(force=True)
        assert session.join(PATIENCE)
        assert session.state == "finished"
        best = session.history.best
        assert row.iou == pytest.approx(best.iou, abs=1e-6)
        assert row.class_iou == pytest.approx(best.scores.iou, abs=1e-6)
        assert row.dice == pytest.approx(best.scores.dice[1], abs=1e-6)
        assert (row.steps, row.loss) == (8, pytest.approx(session.history.losses[-1], abs=1e-6))
        kept = taught.history(row)
        assert kept.losses == pytest.approx(session.history.losses, abs=1e-6)
        assert [epoch.table for epoch in kept.epochs] == [epoch.table for epoch in session.history.epochs]
        for mine, theirs in zip(taught.weights(row), session.weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-6)


@pytest.mark.tensorflow
def test_a_row_can_be_opened(taught, data):
    network = taught.model(taught[0])
    assert network.count_params() == taught[0].parameters
    for weight, kept in zip(network.get_weights(), taught.weights(taught[0]), strict=True):
        np.testing.assert_array_equal(weight, kept)


@pytest.mark.tensorflow
def test_rows_come_in_the_order_of_designs_and_seeds_and_measure_what_they_took(taught):
    assert [(run.config, run.seed) for run in taught] == [(c, s) for c in (THIN, WIDE, DEEP) for s in (0, 3)]
    assert len(taught) == 6
    for run in taught:
        assert run.state == "done"
        assert run.reason == ""
        assert run.seconds > 0
        assert run.memory > run.parameters * 16
        # A process with TensorFlow holds hundreds of megabytes.
        assert 2e8 < run.peak < 5e9


@pytest.mark.tensorflow
@second("many runs")
def test_halving_leaves_the_worse_and_the_rest_learn_as_if_there_were_none(taught, client, data):
    designs = [(config, TILE) for config in (THIN, WIDE, DEEP)]
    halved = sweep(designs, data, [0, 3], client=client, recipe=RECIPE, halving=3)
    assert rungs(Recipe.from_dict(RECIPE), 3) == (2, 4, 8)
    reached = {}
    for run in taught:
        early = [epoch.scores.quality for epoch in taught.history(run).epochs if epoch.step <= 2]
        reached.setdefault(run.config, []).append(max(early))
    winner = max(reached, key=lambda config: np.mean(reached[config]))
    for run, whole in zip(halved, taught, strict=True):
        if run.config == winner:
            assert (run.state, run.steps) == ("done", 8)
            # It was left and gone on with, twice.
            assert (run.iou, run.loss) == (whole.iou, whole.loss)
        else:
            assert (run.state, run.steps) == ("stopped", 2)
            assert "Halving has left it after 2 of 8 steps" in run.reason
            assert run.iou <= whole.iou


@pytest.mark.tensorflow
def test_images_that_were_not_made_here_come_along(taught, client, data):
    same = Dataset("mine", data.images, data.labels, data.classes)
    (run,) = sweep([(THIN, TILE)], same, [3], client=client, recipe=RECIPE)
    assert (run.iou, run.loss) == (taught[1].iou, taught[1].loss)


@pytest.mark.tensorflow
def test_what_came_apart_is_a_row_and_is_tried_again(client, data, tmp_path):
    recipe = {**RECIPE, "learning_rate": 1e6, "optimizer": "sgd", "steps": 50, "steps_per_epoch": 50}
    seen = []
    for _ in range(2):
        table = sweep(
            [(THIN, TILE)], data, client=client, out=tmp_path / "o", recipe=recipe, progress=lambda r, n: seen.append(n)
        )
        assert table[0].state == "failed"
        assert "lower the learning rate" in table[0].reason
    assert seen == [1, 1]
    lines = [json.loads(line) for line in (tmp_path / "o" / "runs.jsonl").read_text().splitlines()]
    assert [line["state"] for line in lines] == ["failed", "failed"]


# What cannot be learnt ------------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_what_cannot_learn_is_a_row_that_says_why(client, data):
    colour = UNetConfig(depth=1, base_filters=2, in_channels=3)
    many = UNetConfig(depth=1, base_filters=64)
    table = sweep(
        [(THIN, 37), (colour, TILE), (many, 1000)], data, [0, 1], client=client, recipe=RECIPE, memory="900 MB"
    )
    assert [run.state for run in table] == ["skipped"] * 6
    assert "Tile 37 does not fit this U-Net" in table[0].reason
    assert "The images have 1 channel, but the network takes 3" in table[2].reason
    assert "and memory= allows 900 MB" in table[4].reason
    assert table.best is None
    assert "\n" not in table[0].reason
    with pytest.raises(ValueError, match="has no run that is done"):
        save_sweep(table, "nowhere.svg")


def test_wrong_arguments_are_refused_before_anything_starts(data):
    class Nobody:
        def ask(self):
            return None

        def tell(self, design, score):
            pass

    for words, call in {
        "designs='classroom' is not allowed: give a list": lambda: sweep("classroom", data),
        "'clasroom' is no design": lambda: sweep(["clasroom"], data),
        "number 1 and number 2 are the same": lambda: sweep(["classroom", PRESETS["classroom"]], data),
        "give the dataset first": lambda: sweep(data, ["classroom"]) and None,
        "seeds=7 is not allowed": lambda: sweep(["classroom"], data, 7),
        "give each seed once": lambda: sweep(["classroom"], data, [1, 1]),
        "steps=0 is not allowed": lambda: sweep(["classroom"], data, steps=0),
        "recipe: Unknown key 'stepz'": lambda: sweep(["classroom"], data, recipe={"stepz": 3}),
        "recipe: seed=3 is not allowed there": lambda: sweep(["classroom"], data, recipe={"seed": 3}),
        "halving=1 is not allowed": lambda: sweep(["classroom"], data, halving=1),
        "halving=3 goes with a list": lambda: sweep(Nobody(), data, halving=3),
        "memory=3 is not allowed": lambda: sweep(["classroom"], data, memory=3),
        "workers=0 is not allowed": lambda: sweep(["classroom"], data, workers=0),
        "progress=3 is not allowed": lambda: sweep(["classroom"], data, progress=3),
        "again=3 is not allowed": lambda: sweep(["classroom"], data, again=3),
        "out=3 cannot be written to": lambda: sweep(["classroom"], data, out=3),
        "client=3 is not allowed": lambda: sweep(["classroom"], data, client=3),
    }.items():
        with pytest.raises(ValueError, match=words.replace("(", r"\(").replace(")", r"\)")):
            call()
    with pytest.raises(TypeError, match="unexpected keyword argument 'step'"):
        sweep(["classroom"], data, step=3)


def test_a_design_may_be_given_in_many_ways(data):
    link = write_link(Link(UNetConfig(depth=3, base_filters=8), (188, 188)))
    same = [
        "classroom",
        PRESETS["classroom"],
        link,
        f"http://localhost/?design={link}",
        (UNetConfig(depth=3, base_filters=8), 188),
    ]
    designs = {read_design(each, data) for each in same}
    assert len(designs) == 1
    assert designs.pop().link == link
    assert read_design(THIN, data).tile == usual_tile(THIN, data)


def test_the_usual_tile_gives_all_designs_an_output_of_the_same_size(data):
    from unet_explorer import trace

    large = cells(2, size=96)
    for config in (THIN, UNetConfig(depth=3), UNetConfig(depth=2, padding="same")):
        output = trace(config, usual_tile(config, large)).output
        assert output.height >= 64
        assert trace(config, usual_tile(config, data)).output.height >= 48


def test_a_grid_is_all_combinations():
    made = grid("classroom", depth=[1, 2], padding="same", tile=[32, (32, 64)])
    assert [(config.depth, tile) for config, tile in made] == [(1, 32), (1, (32, 64)), (2, 32), (2, (32, 64))]
    assert {(config.base_filters, config.padding) for config, _ in made} == {(8, "same")}
    with pytest.raises(ValueError, match="depth=9 is not allowed"):
        grid(depth=[2, 9])
    with pytest.raises(ValueError, match="depth=\\[\\] is not allowed"):
        grid(depth=[])


def test_survivors_are_the_best_by_their_mean():
    reached = {"a": [0.1, 0.9], "b": [0.6, 0.6], "c": [0.2], "d": []}
    assert survivors(reached, 4) == {"b"}
    assert survivors(reached, 2) == {"a", "b"}
    assert survivors({"d": []}, 3) == set()
    assert rungs(Recipe(steps=30, steps_per_epoch=25), 3) == (25, 30)


# What is kept ---------------------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_the_same_call_goes_on_and_another_one_is_refused(taught, client, data):
    out, seen = taught.folder.parent, []
    before = {path: path.stat().st_mtime_ns for path in taught.folder.rglob(BEST)}
    lines = (out / "runs.jsonl").read_text()
    designs = [(config, TILE) for config in (THIN, WIDE, DEEP)]
    again = sweep(
        designs, data, [0, 3], client=client, out=out, recipe=RECIPE, progress=lambda run, _: seen.append(run)
    )
    assert again.rows == taught.rows
    assert len(seen) == 6
    assert {path: path.stat().st_mtime_ns for path in taught.folder.rglob(BEST)} == before
    assert (out / "runs.jsonl").read_text() == lines
    for words, changed in {
        "another recipe (steps 8 then, 9 now)": {"recipe": {**RECIPE, "steps": 9}},
        "another recipe (loss cross-entropy then, dice now)": {"recipe": {**RECIPE, "loss": "dice"}},
    }.items():
        with pytest.raises(ValueError, match="holds a sweep of " + words.replace("(", r"\(").replace(")", r"\)")):
            sweep(designs, data, client=client, out=out, **changed)
    with pytest.raises(ValueError, match="other images"):
        sweep(designs, cells(6, size=48, seed=1), client=client, out=out, recipe=RECIPE)


@pytest.mark.tensorflow
def test_what_was_cut_off_keeps_what_is_done(client, data, tmp_path):
    out, seen = tmp_path / "cut", []

    def cut(run, total):
        seen.append(run)
        raise KeyboardInterrupt

    designs = [(config, TILE) for config in (THIN, WIDE)]
    with pytest.raises(KeyboardInterrupt):
        sweep(designs, data, client=client, out=out, recipe=RECIPE, progress=cut)
    kept = read_sweep(out)
    assert kept.rows == tuple(seen)
    (out / "runs.jsonl").open("a").write('{"design": "unet1-t')
    table = sweep(designs, data, client=client, out=out, recipe=RECIPE)
    assert seen[0] in table.rows
    assert [run.state for run in table] == ["done"] * 2
    assert set(read_sweep(out).rows) == set(table.rows)
    anew = sweep(designs[:1], data, client=client, out=out, recipe={**RECIPE, "steps": 2}, again=True)
    assert anew[0].steps == 2
    assert [path.name for path in (out / "runs").iterdir()] == [anew[0].key]


def test_two_sweeps_do_not_share_a_folder(tmp_path):
    def one():
        return opened_folder(tmp_path / "o", "cells", ["a", "b"], {}, False)

    with one(), pytest.raises(ValueError, match="Another sweep writes into"), one():
        pass
    with one() as folder:
        assert folder.known("nobody") is None


def test_a_folder_of_somebody_s_is_left_alone(tmp_path, data):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        sweep(["classroom"], data, out=tmp_path, again=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(ValueError, match="There is no sweep in"):
        read_sweep(tmp_path)


@pytest.mark.tensorflow
def test_the_table_in_all_its_forms(taught, tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = taught.to_pandas()
    assert list(frame.columns) == [*COLUMNS, *(f"iou of {name}" for name in taught.classes)]
    assert frame["iou"].tolist() == [run.iou for run in taught]
    written = pandas.read_csv(taught.folder.parent / "runs.csv")
    assert written["design"].tolist() == [run.design for run in taught]
    assert written["iou"].tolist() == pytest.approx([run.iou for run in taught], abs=1e-5)
    assert written["base_filters"].tolist() == [2, 2, 4, 4, 2, 2]
    taught.save(tmp_path / "t.md")
    assert (tmp_path / "t.md").read_text("utf-8").count("\n") == 8
    assert str(taught).splitlines()[0].split()[:3] == ["base_filters", "convs_per_block", "seed"]
    save_sweep(taught, tmp_path / "t.svg")
    assert "mean and range of 2 seeds" in (tmp_path / "t.svg").read_text() or (tmp_path / "t.svg").stat().st_size > 5000
    parquet = pytest.importorskip("pyarrow.parquet")
    stored = parquet.read_table(taught.folder.parent / "runs.parquet").to_pydict()
    assert stored == taught.columns


def test_a_row_is_read_back_as_it_was_written():
    link = write_link(Link(UNetConfig(dropout=0.25, padding="same"), (64, 96)))
    run = run_of(link, 7, "stopped", reason="late", iou=0.1, class_iou=(None, 0.1), peak=10**10, loss=1e-9)
    assert read_run(json.loads(json.dumps(run.to_dict()))) == run
    assert (run.config.dropout, run.tile) == (0.25, (64, 96))
    for wrong in ({"state": "asleep"}, {"iou": float("nan")}, {"design": link + "x"}, {"more": 1}):
        with pytest.raises((ValueError, TypeError)):
            read_run({**run.to_dict(), **wrong})


def test_a_table_says_what_is_no_row_of_it(tmp_path):
    row = run_of("unet1-t188-d3-f8-11hrn49", 0, "done", iou=0.5)
    with pytest.raises(ValueError, match="is no row of this table"):
        Sweep([row]).weights(row._replace(seed=1))
    with pytest.raises(RuntimeError, match="were not kept: give it a folder"):
        Sweep([row]).weights(row)
    with pytest.raises(RuntimeError, match="Of this run nothing was kept"):
        Sweep([row], folder=tmp_path).history(row)


def test_sets_in_files_travel_by_where_they_are(tmp_path):
    import PIL.Image

    for part, top in (("images", 255), ("masks", 1)):
        (tmp_path / part).mkdir()
        for number in range(3):
            picture = (np.indices((20, 24)).sum(0) + number) % 2 * top
            PIL.Image.fromarray(picture.astype("uint8")).save(tmp_path / part / f"{number}.png")
    read = from_folder(tmp_path / "images", tmp_path / "masks")
    there = opened(*carry(read))
    assert carry(there).key == carry(read).key
    for number in range(3):
        np.testing.assert_array_equal(np.asarray(there.images[number]), np.asarray(read.images[number]))
        np.testing.assert_array_equal(np.asarray(there.labels[number]), np.asarray(read.labels[number]))
    assert carry(read.take([0, 1])).key != carry(read).key


def test_sets_that_differ_in_one_pixel_are_told_apart():
    one, labels = np.zeros((2, 20, 24, 1), "float32"), np.zeros((2, 20, 24), "uint8")
    other = one.copy()
    other[1, 3, 4] = 1e-6
    keys = [carry(Dataset("mine", images, labels, ("a", "b"))).key for images in (one, other, one.copy())]
    assert keys[0] == keys[2] != keys[1]


# Going on in the background -------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_a_session_in_the_background_stops_and_goes_on(client, data, tmp_path):
    designs = [(config, TILE) for config in (THIN, WIDE, DEEP)]
    session = SweepSession(designs, data, client=client, out=tmp_path / "o", recipe=RECIPE)
    seen, told = [], threading.Event()

    def changed():
        seen.append((session.state, len(session.rows)))
        if len(session.rows) == 1 and session.state == "running":
            session.stop()
        if session.state == "stopped":
            told.set()

    session.changed.connect(changed)
    assert (session.state, session.total) == ("idle", 3)
    session.start()
    assert session.join(PATIENCE)
    assert session.state == "stopped"
    # It is told from another thread.
    assert told.wait(PATIENCE)
    assert seen[-1] == ("stopped", 1)
    first = session.rows
    session.changed.disconnect(changed)
    session.start()
    assert session.join(PATIENCE)
    session.close()
    assert (session.state, session.problem) == ("finished", "")
    assert [run.config for run in session.rows] == [THIN, WIDE, DEEP]
    assert first[0] in session.rows
    assert session.table.weights(session.rows[0])
    assert [line.count("done") for line in (tmp_path / "o" / "runs.jsonl").read_text().splitlines()] == [1, 1, 1]


class Idle:
    """A client whose processes never end anything."""

    status = "running"

    def run(self, *_, **__):
        return {}


def test_a_stop_wakes_whoever_waits_for_a_run(data, monkeypatch):
    waits, pool = threading.Event(), Pool(Idle(), data)

    class Course:
        rows = ()

        def __init__(self):
            self.pool = pool

        def run(self):
            waits.set()
            yield pool.take()

    monkeypatch.setattr("unet_explorer.sweeps.session.opened_course", lambda *_: nullcontext(Course()))
    session = SweepSession(["classroom"], data)
    session.start()
    assert waits.wait(PATIENCE)
    session.stop()
    assert session.state == "stopped"
    # It would wait for ever.
    session._thread.join(PATIENCE)
    assert not session._thread.is_alive()
    assert (session.state, session.problem) == ("stopped", "")


@pytest.mark.tensorflow
def test_a_session_says_what_went_wrong(client, data, tmp_path):
    session = SweepSession(["classroom"], data, client=client, out=tmp_path / "o", steps=2)
    with opened_folder(tmp_path / "o", "cells", ["a", "b"], {}, False):
        session.start()
        assert session.join(PATIENCE)
    assert session.state == "failed"
    assert "Another sweep writes into" in session.problem
    session.close()


@pytest.mark.tensorflow
@pytest.mark.more
@pytest.mark.skipif(not everything(), reason="a process is started anew: with --all")
def test_the_runs_of_a_lost_process_are_run_again(data):
    designs = [(config, TILE) for config in (THIN, WIDE, DEEP)]
    with connected(workers=1) as own:
        killed = []

        def kill(run, total):
            if not killed:
                killed.extend(own.run(os.getpid).values())
                os.kill(killed[0], signal.SIGKILL)

        table = sweep(designs, data, client=own, recipe=RECIPE, progress=kill)
        assert [run.state for run in table] == ["done"] * 3
        assert own.run(os.getpid).values() != killed


# Designs that are chosen ----------------------------------------------------------------------------------------------


@pytest.mark.tensorflow
def test_a_sampler_chooses_by_what_it_is_told(taught, client, data):
    class Sampler:
        def __init__(self):
            self.left, self.told = [(THIN, TILE), (THIN, 37), (THIN, TILE), (WIDE, TILE)], []

        def ask(self):
            return self.left.pop(0) if self.left else None

        def tell(self, design, score):
            self.told.append((design, score))

    sampler = Sampler()
    table = sweep(sampler, data, [0, 3], client=client, recipe=RECIPE)
    assert [(run.config, run.tile[0], run.state) for run in table] == [
        *[(THIN, TILE, "done")] * 2,
        *[(THIN, 37, "skipped")] * 2,
        *[(WIDE, TILE, "done")] * 2,
    ]
    told = dict(sampler.told)
    assert len(sampler.told) == 4
    assert told[THIN, 37] is None
    assert told[THIN, TILE] == pytest.approx((taught[0].iou + taught[1].iou) / 2)
    assert read_asked(sampler, data, [0], None, {}).total is None


@pytest.mark.tensorflow
def test_optuna_chooses_designs(client, data):
    optuna = pytest.importorskip("optuna")
    from unet_explorer.sweeps.optuna import optuna_sampler

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    space = {"base_filters": [2, 4], "tile": [TILE, 37]}
    chosen = optuna_sampler(study, space, 4, like=THIN)
    table = sweep(chosen, data, client=client, recipe={**RECIPE, "steps": 2})
    assert len(study.trials) == 4
    done = {(run.config.base_filters, run.tile[0]): run.iou for run in table}
    for trial in study.trials:
        wanted = done[trial.params["base_filters"], trial.params["tile"]]
        assert trial.value == wanted
        assert (trial.state.name == "FAIL") is (trial.params["tile"] == 37)
    with pytest.raises(ValueError, match="it minimizes"):
        optuna_sampler(optuna.create_study(), space, 4)
    with pytest.raises(ValueError, match="there is no knob 'deph'"):
        optuna_sampler(study, {"deph": [1]}, 4)


# The command ----------------------------------------------------------------------------------------------------------

RIGHT = f"""
steps = 2
seeds = [0]
designs = [{{depth = 1, base_filters = 2, convs_per_block = 1, tile = {TILE}}}]
[dataset]
made = "cells"
images = 6
size = 48
[recipe]
batch_size = 2
steps_per_epoch = 2
"""


@pytest.mark.tensorflow
def test_the_command_prints_a_row_a_run_and_says_how_it_ended(client, tmp_path, capsys):
    file = tmp_path / "a.toml"
    file.write_text(RIGHT + "[grid]\nlike = 'classroom'\ndepth = 1\nbase_filters = 2\ntile = 37\n")
    address = client.scheduler.address
    assert command.main([str(file), "--scheduler", address]) == 0
    out = capsys.readouterr().out
    assert "[1/2]" in out
    assert "1 done, 1 skipped" in out
    assert len(read_sweep(tmp_path / "a")) == 2
    file.write_text(
        RIGHT.replace("batch_size = 2", "batch_size = 2\nlearning_rate = 1e6\noptimizer = 'sgd'").replace(
            "= 2\ns", "= 50\ns", 1
        )
    )
    assert command.main([str(file), "--scheduler", address]) == 2
    assert "holds a sweep of another recipe" in capsys.readouterr().err
    assert command.main([str(file), "--scheduler", address, "--again"]) == 1
    assert "1 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("there is no key 'step': did you mean steps?", ("steps = 2", "step = 2")),
        ("steps='many' is not allowed", ("steps = 2", "steps = 'many'")),
        ("seeds=3 is not allowed", ("seeds = [0]", "seeds = 3")),
        ("designs: Unknown key 'deph': did you mean 'depth'?", ("{depth", "{deph")),
        ("There is no made set 'cell'", ('"cells"', '"cell"')),
        ("[dataset]: there is no key 'image': did you mean images?", ("images = 6", "image = 6")),
        ("[dataset]: say either made", ('made = "cells"', "")),
        ("recipe: Unknown key 'batch'", ("batch_size", "batch")),
        ("[recipe]: seed is not allowed there", ("batch_size", "seed")),
        ("is no TOML", ("[dataset]", "[dataset")),
        ("there is no design", ("designs", "memory = '2 GB' #")),
        ("halving=1 is not allowed", ("steps = 2", "halving = 1")),
    ],
)
def test_a_wrong_file_is_told_with_the_key(words, change, tmp_path, capsys):
    file = tmp_path / "a.toml"
    file.write_text(RIGHT.replace(*change))
    assert command.main([str(file)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert "Traceback" not in told
    assert not (tmp_path / "a").exists()


def test_the_command_line_is_told_apart(tmp_path, capsys):
    assert command.main(["--help"]) == 0
    assert "an example of a FILE.toml" in capsys.readouterr().out
    assert command.main([]) == 2
    assert command.main([str(tmp_path / "none.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert command.main(["a.toml", "--scheduler", "tcp://x:1", "--workers", "2"]) == 2
    done = subprocess.run(
        [sys.executable, "-m", "unet_explorer", "sweep", "none.toml"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")


def test_whoever_asks_for_a_sweep_loads_no_tensorflow():
    code = (
        "import sys; from unet_explorer import UNetConfig, cells, sweep, grid\n"
        "from unet_explorer.sweeps.session import SweepSession\nimport unet_explorer.sweeps.pool\n"
        "SweepSession(grid(depth=[1, 2]), cells(2, size=32)).close()\n"
        "print(*{name.split('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'matplotlib', 'distributed'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_example_of_the_help_is_right(tmp_path):
    from unet_explorer.commands.sweep_file import read_file

    file = Path(tmp_path / "a.toml")
    lines = command._EXAMPLE.split("further keys")[0].splitlines()[1:]
    file.write_text("\n".join(lines))
    asking = read_file(file)
    assert len(asking.designs) == 5
    assert asking.recipe == {"steps": 300, "batch_size": 4}
    assert Run._fields[0] == "design"
