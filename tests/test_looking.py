"""The Tile and Inside tabs and the comparison of skips, without a browser; and what the worker answers them."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from hands import LONG, Silent, Watch, pressed
from hypothesis import given
from hypothesis import strategies as st
from support import configs

from unet_explorer import (
    Tiling,
    TrainingSession,
    UNetConfig,
    best_tile,
    cells,
    estimate_memory,
    explore,
    shapes,
    tile_for_output,
    trace,
    valid_sizes,
)
from unet_explorer.learning.process import Worker
from unet_explorer.panel.ablation import Ablation, variants
from unet_explorer.panel.chosen import ChosenImage
from unet_explorer.panel.inside import InsideTab
from unet_explorer.panel.instrument import Instrument
from unet_explorer.panel.tile import TileTab

SMALL = UNetConfig(depth=2, base_filters=4)
TILE = (76, 76)
FRESH = {"training": "", "folder": ""}


@pytest.fixture(scope="module")
def worker():
    made = Worker()
    yield made
    made.close()


@pytest.fixture
def instrument(state):
    made = Instrument(SMALL, TILE)
    yield made
    made.close()


@pytest.fixture
def chosen():
    return ChosenImage(cells(4, size=96))


def tab_of(kind, instrument, worker, chosen, session=None):
    return kind(instrument, worker, chosen, lambda: session)


@pytest.fixture
def tile(instrument, worker, chosen, monkeypatch):
    # However slow this machine is: what is quick is not what is tested.
    monkeypatch.setattr("unet_explorer.panel.tile._QUICK", 1e9)
    made = tab_of(TileTab, instrument, worker, chosen)
    Watch(made).until(lambda: made.table)
    yield made
    made.close()


@pytest.fixture
def inside(instrument, worker, chosen):
    made = tab_of(InsideTab, instrument, worker, chosen)
    Watch(made).until(lambda: made.views)
    yield made
    made.close()


# Tile --------------------------------------------------------------------------------------------------------------


def test_the_table_says_what_tiles_cost(instrument, chosen):
    tab = tab_of(TileTab, instrument, Silent(), chosen)
    Watch(tab).until(lambda: tab.table)
    rows = {row["name"]: row for row in tab.table}
    assert list(rows) == ["smallest that covers it", "on the knobs", "best within the limit, the image in one piece"]
    assert tab.best == [136, 136] == [tile_for_output(SMALL, 96)] * 2
    for row in rows.values():
        tiling = Tiling(SMALL, (96, 96), tuple(row["tile"]))
        assert (row["count"], row["share"], row["macs"]) == (len(tiling), tiling.share, tiling.macs)
        assert row["memory"] == estimate_memory(SMALL, tuple(row["tile"]))["total"]
        assert row["within"]
    assert rows["smallest that covers it"]["tile"] == [44, 44]
    # Less room: another best, and the one piece is too much.
    tab.limit = float(rows["on the knobs"]["memory"])
    Watch(tab).until(lambda: tab.best != [136, 136])
    assert tab.best == list(best_tile(SMALL, (96, 96), int(tab.limit)))
    assert [row["within"] for row in tab.table][-1] is False
    tab.limit = 1.0
    Watch(tab).until(lambda: not tab.best)
    for bad in (0.0, -5.0, float("nan"), 1e16):
        tab.limit = bad
        assert tab.limit == 1.0
    tab.close()


def test_the_best_tile_is_put_on_the_knobs(tile, instrument):
    pressed(tile, "take_best")
    assert instrument.tile == tile.best == [136, 136]
    assert instrument.linked
    chosen = tile._chosen
    chosen.choose("set 1")
    chosen._take(np.zeros((40, 90, 1), "float32"), "wide", "")
    Watch(tile).until(lambda: tile.best != [136, 136])
    pressed(tile, "take_best")
    assert instrument.tile == tile.best
    assert not instrument.linked


def test_tiles_without_seams_and_laid_naively(tile, instrument):
    watch = Watch(tile)
    pressed(tile, "predict")
    watch.until(lambda: tile.state == "done" and tile.result)
    result = dict(tile.result)
    assert (result["flipped"], result["naive"], result["tile"]) == (0, False, [76, 76])
    assert result["largest"] < 1e-5
    assert result["labels"] == result["wanted"]
    assert len(result["labels"]) == len(result["seams"]) == 96 * 96
    assert result["network"].startswith("fresh weights")
    # The switch asks anew by itself, as long as that is quick.
    tile.naive = True
    watch.until(lambda: tile.result.get("naive"))
    # 36 px predicted, 36 mod 4 = 0: laid side by side they lie on one grid by chance.
    assert tile.result["flipped"] == 0
    # What does not fit leaves what was there.
    instrument.tile = [78, 78]
    tile._guarded(tile._refresh)
    assert (tile.result["tile"], tile.problem) == ([76, 76], "")
    instrument.config = UNetConfig(depth=3, base_filters=4).to_dict()
    instrument.tile = [124, 124]
    watch.until(lambda: tile.result["tile"] == [124, 124])
    assert tile.result["flipped"] > 10, "36 px predicted, and 36 mod 8 = 4"
    assert tile.result["seams"] != bytes(96 * 96)
    tile.naive = False
    watch.until(lambda: not tile.result["naive"])
    assert tile.result["flipped"] == 0


def test_what_cannot_be_predicted_is_refused_in_words(tile, instrument, monkeypatch):
    for config, side, words in (
        (SMALL, 77, "Tile 77 does not fit"),
        (UNetConfig(depth=4, base_filters=1), 188, "cannot cover 96 px without seams"),
        (UNetConfig(depth=2, base_filters=4, in_channels=2), 76, "set Image channels to 1"),
    ):
        instrument.config, instrument.tile = config.to_dict(), [side, side]
        pressed(tile, "predict")
        assert words in tile.problem
    assert tile.result == {}
    # What cannot meet without seams can be laid with them.
    instrument.config, instrument.tile = UNetConfig(depth=3, base_filters=1).to_dict(), [92, 92]
    pressed(tile, "predict")
    assert "cannot cover 96 px without seams" in tile.problem
    tile.naive = True
    pressed(tile, "predict")
    Watch(tile).until(lambda: tile.state == "done")
    assert tile.result["tile"] == [92, 92]
    tile.naive = False
    instrument.config, instrument.tile = SMALL.to_dict(), [76, 76]
    monkeypatch.setattr("unet_explorer.panel.imaging.available_memory", lambda: 1)
    monkeypatch.setattr("unet_explorer.panel.imaging.resident_memory", lambda _: 1)
    pressed(tile, "predict")
    assert "GB are free: take a smaller tile" in tile.problem


def test_another_image_by_name_and_by_path(tile, tmp_path):
    from PIL import Image

    pressed(tile, "choose", key="set 2")
    watch = Watch(tile)
    watch.until(lambda: tile.title == "cells, image 3")
    Image.fromarray(np.arange(2100, dtype="uint8").reshape(42, 50)).save(tmp_path / "own.png")
    pressed(tile, "open", path=str(tmp_path / "own.png"))
    watch.until(lambda: tile.picture["title"] == "own.png")
    assert (tile.picture["height"], tile.picture["width"], tile.choice) == (42, 50, "")
    pressed(tile, "open", path=str(tmp_path / "none.png"))
    assert "none.png is not there" in tile.problem
    assert tile.title == "own.png"


def test_an_image_from_the_browser(tile, tmp_path):
    from PIL import Image

    Image.fromarray(np.arange(600, dtype="uint8").reshape(20, 30)).save(tmp_path / "sent.png")
    data = (tmp_path / "sent.png").read_bytes()
    for piece, at in enumerate(range(0, len(data), 100)):
        last = at + 100 >= len(data)
        part = {"upload": 1, "piece": piece, "name": "sent.png", "at": at, "last": last, "data": data[at : at + 100]}
        tile.set_state({"piece": part})
        assert tile.taken == {"upload": 1, "piece": piece, "stopped": False}
    Watch(tile).until(lambda: tile.picture["title"] == "sent.png")
    assert tile.picture["width"] == 30
    tile.set_state({"piece": {"upload": 2, "piece": 0, "name": "../x.png", "at": 0, "last": True, "data": b"a"}})
    assert "is not a file name that can be kept here" in tile.problem


def test_a_later_request_takes_the_place_of_an_earlier_one_and_stop_ends_it(tile, worker):
    told = []
    worker.listeners.append(told.append)
    pressed(tile, "choose", key="large cells")
    Watch(tile).until(lambda: tile.picture["width"] == 1024)
    pressed(tile, "predict")
    pressed(tile, "stop")
    assert tile.state == "new"
    pressed(tile, "choose", key="set 0")
    Watch(tile).until(lambda: tile.picture["width"] == 96)
    pressed(tile, "predict")
    Watch(tile).until(lambda: tile.state == "done")
    worker.listeners.remove(told.append)
    assert [message["request"] for message in told if message["event"] == "segmented"] == [f"TileTab {tile._request}"]


def test_a_lost_worker_is_told_where_somebody_waits(instrument, chosen):
    silent = Silent()
    tab = tab_of(TileTab, instrument, silent, chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    assert tab.state == "starting"
    silent.tell(event="ready")
    assert tab.state == "working"
    silent.tell(event="segmenting", request="TileTab 1", done=2, total=9)
    assert tab.progress == [2, 9]
    silent.tell(event="failed", request="TileTab 99", words="another's")
    assert tab.state == "working"
    silent.tell(event="lost", words="The worker was killed.")
    assert (tab.state, tab.problem) == ("failed", "The worker was killed.")
    tab.close()
    assert not silent.listeners


def test_an_answer_is_of_what_was_asked_for_and_an_old_one_is_not_heard(instrument, chosen):
    silent = Silent()
    tab = tab_of(TileTab, instrument, silent, chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    instrument.tile = [84, 84]
    pressed(tab, "predict")
    labels = np.zeros((96, 96), "uint8")
    answer = {"labels": labels, "wanted": labels, "picture": labels, "flipped": 0, "largest": 0.0, "scale": 1e-3}
    answer |= {"event": "segmented", "at": 0, "pieces": 1, "seconds": 1.0, "best": True}
    silent.tell(**answer, request="TileTab 1")
    assert tab.result == {}
    silent.tell(**answer, request="TileTab 2")
    assert tab.result["tile"] == [84, 84]
    tab.close()


def test_a_worker_that_cannot_be_started_is_told_and_stays_told(instrument, chosen):
    class Broken(Silent):
        def send(self, message):
            raise OSError(12, "Cannot allocate memory")

    tab = tab_of(TileTab, instrument, Broken(), chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    assert (tab.state, tab.problem) == ("failed", "The worker cannot be started (Cannot allocate memory).")
    tab.close()


def test_a_refusal_goes_when_the_knobs_are_turned_back(tile, instrument):
    pressed(tile, "predict")
    Watch(tile).until(lambda: tile.state == "done")
    instrument.config, instrument.tile = UNetConfig(depth=3, base_filters=4).to_dict(), [92, 92]
    Watch(tile).until(lambda: "cannot cover 96 px" in tile.problem)
    instrument.config, instrument.tile = SMALL.to_dict(), [76, 76]
    Watch(tile).until(lambda: tile.problem == "")
    assert tile.result["tile"] == [76, 76]


def test_the_list_follows_the_images_though_ones_own_is_shown(tile, chosen):
    chosen._take(np.zeros((40, 90, 1), "float32"), "own.png", "")
    chosen.offer(shapes(2, size=48))
    Watch(tile).until(lambda: tile.options[0] == ["set 0", "shapes, image 1"])
    assert tile.title == "own.png"


def test_progress_is_told_no_oftener_than_eyes_can_follow(tile, instrument, worker):
    told = []
    instrument.config, instrument.tile = UNetConfig(depth=3, base_filters=1).to_dict(), [92, 92]
    worker.listeners.append(told.append)
    tile.naive = True
    pressed(tile, "predict")
    Watch(tile).until(lambda: tile.state == "done")
    worker.listeners.remove(told.append)
    seconds = next(message["seconds"] for message in told if message["event"] == "segmented")
    assert sum(message["event"] == "segmenting" for message in told) <= seconds / 0.1 + 2


# Inside -------------------------------------------------------------------------------------------------------------


def test_the_selected_step_is_looked_at(inside, instrument):
    assert inside.step == "enc0_conv1"
    assert [view["step"] for view in inside.views] == ["enc0_conv1"]
    watch = Watch(inside)
    for step in ("bottleneck_conv2", "dec0_concat", "head", "input"):
        instrument.selected = step
        watch.until(lambda step=step: inside.state == "done" and inside.views[-1]["step"] in {step, "dec0_up"})
        rows = {row.step.name: row.output for row in trace(SMALL, TILE)}
        for view in inside.views:
            shape = rows.get(view["step"], (76, 76, 1))
            assert (view["height"], view["width"], view["channels"]) == tuple(shape)
            assert len(view["whole"]) == shape[0] * shape[1]
            assert len(view["thumbs"]) == view["rows"] * view["columns"] * view["channels"]
    instrument.selected = "dec1_concat"
    watch.until(lambda: [view["step"] for view in inside.views] == ["enc1_conv2", "dec1_up"])
    instrument.selected = "enc1_pool"
    watch.until(lambda: inside.patch)
    blocks = np.array(inside.patch["before"]).reshape(2, 2, 2, 2).max(axis=(1, 3))
    assert blocks.tolist() == inside.patch["behind"]


def test_another_channel_tile_or_image(inside, instrument):
    watch = Watch(inside)
    inside.channel = 3
    watch.until(lambda: inside.views[0]["channel"] == 3)
    instrument.tile = [84, 92]
    watch.until(lambda: (inside.views[0]["height"], inside.views[0]["width"]) == (82, 90))
    assert (inside.picture["height"], inside.picture["width"]) == (84, 92)
    before = inside.views
    pressed(inside, "choose", key="set 1")
    watch.until(lambda: inside.views != before and inside.picture["title"] == "cells, image 2")
    instrument.tile = [77, 77]
    watch.until(lambda: "Tile 77 does not fit" in inside.problem)
    assert inside.views, "what was seen last stays"
    instrument.tile = [76, 76]
    watch.until(lambda: inside.views[0]["height"] == 74)
    assert inside.problem == ""


def test_it_is_live_while_the_network_learns(instrument, worker, chosen):
    with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=100_000, steps_per_epoch=100_000) as session:
        session.start(force=True)
        tab = tab_of(InsideTab, instrument, worker, chosen, session)
        watch = Watch(tab)
        watch.until(lambda: tab.at > 0)
        seen, first = tab.views, tab.at
        watch.until(lambda: tab.at > first)
        assert tab.views[0]["thumbs"] != seen[0]["thumbs"]
        assert tab.network == f"after {tab.at:,} steps of learning"
        # Nobody looks: the worker is left alone, which learns on.
        tab.attend(False)
        tab._guarded(tab._refresh)
        seen, learnt = tab.at, len(session.history.losses)
        further = threading.Event()
        session.listeners.append(lambda: len(session.history.losses) > learnt + 40 and further.set())
        assert further.wait(LONG)
        assert tab.at <= seen + 20
        tab.close()


def test_it_looks_again_when_a_lost_worker_is_there_again(inside, worker):
    watch = Watch(inside)
    inside._instrument.selected = "head"
    watch.until(lambda: inside.seen.get("step") == "head")
    worker.kill()
    inside._instrument.selected = "enc1_conv1"
    watch.until(lambda: inside.seen["step"] == "enc1_conv1" and inside.state == "done")
    assert inside.problem == ""


def test_a_finished_training_is_looked_at_where_it_was_best(instrument, worker, chosen):
    with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=6, steps_per_epoch=2) as session:
        session.start(force=True)
        assert session.join(LONG)
        best = session.history.best.step
        tab = tab_of(InsideTab, instrument, worker, chosen, session)
        Watch(tab).until(lambda: tab.views)
        assert (tab.at, tab.network) == (best, f"after {best} steps of learning, where it was best")
        tab.close()


# The comparison of skips --------------------------------------------------------------------------------------------


@given(configs(depth=st.integers(1, 3), kernel_size=st.sampled_from([1, 3])), st.integers(0, 5), st.integers(0, 5))
def test_all_that_are_compared_fit(config, more, further):
    sizes = valid_sizes(config, 1, 10_000)
    tile = sizes[more], sizes[further]
    made = variants(config, tile)
    assert [each.name for each in made] in (["cropped", "no skips", "padded"], ["padded", "no skips", "cropped"])
    outputs = [trace(each.config, each.tile).output for each in made]
    assert outputs[0] == outputs[1]
    assert all(0 <= b - a < 2**config.depth for a, b in zip(outputs[0][:2], outputs[2][:2], strict=True))
    assert [each.config.skips for each in made] == [True, False, True]
    assert made[0].config.padding == made[1].config.padding == config.padding != made[2].config.padding


def test_three_networks_learn_in_turn_and_can_be_stopped(instrument, worker, chosen):
    tab = Ablation(instrument, worker, chosen, lambda: {"steps_per_epoch": 3, "batch_size": 2})
    watch = Watch(tab)
    for bad, good in ((0, 1), (7, 7)):
        tab.steps = bad
        assert tab.steps == good
    pressed(tab, "start")
    watch.until(lambda: tab.state == "done")
    assert [course["name"] for course in tab.courses] == ["cropped", "no skips", "padded"]
    assert [course["state"] for course in tab.courses] == ["finished"] * 3
    assert [course["step"] for course in tab.courses] == [7] * 3
    assert [[epoch["step"] for epoch in course["curve"]["epochs"]] for course in tab.courses] == [[3, 6, 7]] * 3
    for questions, answers in zip(tab.questions, tab.answers, strict=True):
        assert [len(each["truth"]) for each in questions] == [len(each) for each in answers]
    folders = [session.folder for _, session in tab._sessions]
    tab.steps = 100_000
    pressed(tab, "start")
    assert not any(folder.exists() for folder in folders), "what was compared before is forgotten"
    watch.until(lambda: all(course["step"] for course in tab.courses))
    pressed(tab, "stop")
    watch.until(lambda: tab.state == "done")
    assert {course["state"] for course in tab.courses} == {"stopped"}
    instrument.tile = [77, 77]
    pressed(tab, "start")
    assert "Tile 77 does not fit" in tab.problem
    tab.close()
    assert TrainingSession.unfinished() is None


def test_a_refused_comparison_says_so_at_once(instrument, worker, chosen, monkeypatch):
    monkeypatch.setattr("unet_explorer.panel.ablation._PATIENCE", 10 * LONG)
    tab = Ablation(instrument, worker, chosen, dict)
    instrument.config = UNetConfig(depth=2, base_filters=4, in_channels=3).to_dict()
    pressed(tab, "start")
    assert tab.problem
    assert tab.state == "new"
    instrument.config = SMALL.to_dict()
    monkeypatch.setattr("unet_explorer.panel.ablation.available_memory", lambda: 1)
    pressed(tab, "start")
    assert "Three networks at once take" in tab.problem
    assert tab.state == "new"
    tab.close()


def test_a_stop_while_they_are_started_is_not_lost(instrument, chosen, monkeypatch):
    started = []

    def start(session, force):
        started.append(session)
        tab._do_stop({})

    monkeypatch.setattr(TrainingSession, "start", start)
    tab = Ablation(instrument, Silent(), chosen, dict)
    pressed(tab, "start")
    Watch(tab).until(lambda: tab.state == "done")
    assert len(started) == 1
    tab.close()


def test_nobody_is_offered_to_go_on_with_a_comparison(worker, state):
    session = TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=100_000)
    session.lasting = False
    session.start(force=True)
    running = threading.Event()
    session.listeners.append(lambda: session.history.losses and running.set())
    assert running.wait(LONG)
    worker.kill()
    assert session.state == "interrupted"
    assert TrainingSession.unfinished() is None
    assert session.folder.exists()
    # As if another notebook had left it.
    session._store.write("owner.json", {"process": 2**30, "since": 0})
    assert TrainingSession.unfinished() is None
    assert not session.folder.exists()
    session.close()


# The worker -----------------------------------------------------------------------------------------------------------


def test_two_trainings_share_a_worker_and_one_can_be_stopped(worker, state):
    images = cells(4, size=96)
    long = TrainingSession(SMALL, images, TILE, worker, steps=100_000, steps_per_epoch=50_000)
    short = TrainingSession(UNetConfig(depth=1, base_filters=2), images, 60, worker, steps=12, steps_per_epoch=6)
    with long, short:
        long.start(force=True)
        short.start(force=True)
        assert short.join(LONG)
        assert short.state == "finished", short.problem
        assert long.state == "running"
        steps = len(long.history.losses)
        assert steps >= 5, "they take turns"
        long.stop()
        assert long.state == "stopped"


@pytest.mark.skipif(os.name != "posix", reason="SIGSTOP is a Unix signal")
def test_stopping_one_training_ends_no_other(worker, state):
    images = cells(4, size=96)
    mine = TrainingSession(SMALL, images, TILE, worker, steps=100_000)
    other = TrainingSession(UNetConfig(depth=1, base_filters=2), images, 60, worker, steps=100_000)
    with mine, other:
        for session in (mine, other):
            session.start(force=True)
        learns = threading.Event()
        other.listeners.append(lambda: len(other.history.losses) > 3 and learns.set())
        assert learns.wait(LONG)
        process = worker.process
        # As in the midst of a long step.
        os.kill(process, signal.SIGSTOP)
        mine.stop()
        assert worker.process == process
        os.kill(process, signal.SIGCONT)
        assert mine.join(LONG)
        assert (mine.state, other.state) == ("stopped", "running")


def test_a_step_is_the_same_whether_another_network_learns_beside_it_or_not(worker, state):
    def losses(beside):
        other = TrainingSession(
            UNetConfig(depth=1, base_filters=2), cells(3, size=64), 60, worker, steps=100_000, seed=5
        )
        with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=6, seed=3) as session, other:
            if beside:
                other.start(force=True)
            session.start(force=True)
            assert session.join(LONG)
            return session.history.losses

    assert losses(False) == pytest.approx(losses(True), abs=1e-5)


def test_a_request_that_fails_ends_no_training(worker, state):
    told = []
    with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=100_000) as session:
        session.start(force=True)
        worker.listeners.append(told.append)
        bad = {"config": SMALL.to_dict(), "step": "nowhere", "channel": 0, "tile": np.zeros((76, 76, 1), "float32")}
        worker.send({"do": "look", "request": "x", "training": session.folder.name, "folder": "", **bad})
        before = len(session.history.losses)
        further = threading.Event()
        session.listeners.append(lambda: len(session.history.losses) > before + 5 and further.set())
        assert further.wait(LONG)
        worker.listeners.remove(told.append)
        assert session.state == "running"
    failed = [message for message in told if message["event"] == "failed"]
    assert [message["request"] for message in failed] == ["x"]
    assert failed[0]["words"].startswith("Something went wrong in the worker")


def test_the_tabs_of_a_panel_share_one_worker_and_one_image(state):
    panel = explore(SMALL, 76, cells(4, size=96))
    tile, inside = panel.tab("Tile"), panel.tab("Inside")
    pressed(tile, "choose", key="set 3")
    Watch(inside).until(lambda: inside.title == "cells, image 4")
    assert tile._worker is inside._worker
    assert tile.instrument == f"anywidget:{panel.instrument.model_id}"
    panel.close()
