"""The Tile tab without a browser; and what the worker answers it."""

from __future__ import annotations

import csv
import io
import threading

import numpy as np
import pytest
import tifffile
from hands import LONG, SMALL, TILE, Silent, Watch, finished, listening, pressed, tab_of
from PIL import Image

from unet_explorer import (
    Tiling,
    TrainingSession,
    UNetConfig,
    best_tile,
    cells,
    estimate_memory,
    shapes,
    tile_for_output,
)
from unet_explorer.learning.waiting import Bell
from unet_explorer.panel.tabs.saving import file_name
from unet_explorer.panel.tabs.tile import TileTab


@pytest.fixture
def tile(instrument, worker, chosen, monkeypatch):
    # However slow this machine is: what is quick is not what is tested.
    monkeypatch.setattr("unet_explorer.panel.tabs.tile._QUICK", 1e9)
    made = tab_of(TileTab, instrument, worker, chosen)
    Watch(made).until(lambda: made.table)
    yield made
    made.close()


def test_the_table_says_what_tiles_cost(instrument, chosen):
    tab = tab_of(TileTab, instrument, Silent(), chosen)
    Watch(tab).until(lambda: tab.table)
    rows = {row["name"]: row for row in tab.table}
    assert list(rows) == ["smallest that covers it", "chosen now", "best within the limit, the image in one piece"]
    assert tab.best == [136, 136] == [tile_for_output(SMALL, 96)] * 2
    for row in rows.values():
        tiling = Tiling(SMALL, (96, 96), tuple(row["tile"]))
        assert (row["count"], row["share"], row["macs"]) == (len(tiling), tiling.share, tiling.macs)
        assert row["memory"] == estimate_memory(SMALL, tuple(row["tile"]))["total"]
        assert row["within"]
    assert rows["smallest that covers it"]["tile"] == [44, 44]
    # Less room: another best, and the one piece is too much.
    tab.limit = float(rows["chosen now"]["memory"])
    Watch(tab).until(lambda: tab.best != [136, 136])
    assert tab.best == list(best_tile(SMALL, (96, 96), int(tab.limit)))
    assert [row["within"] for row in tab.table][-1] is False
    tab.limit = 1e6
    Watch(tab).until(lambda: not tab.best)
    for bad in (0.0, -5.0, float("nan"), 1e16):
        tab.limit = bad
        assert tab.limit == 1e6
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


def test_what_is_shown_is_saved_as_files(tile, chosen):
    sent = []
    tile.observe(lambda change: sent.append(change["new"]), "saved")
    pressed(tile, "save", kind="mask-png")
    assert "predict the image first" in tile.problem
    pressed(tile, "choose", key="set 2")
    pressed(tile, "predict")
    Watch(tile).until(lambda: tile.state == "done" and tile.result)
    labels = np.frombuffer(tile.result["labels"], "uint8").reshape(96, 96)
    for kind in ("mask-png", "mask-tiff", "objects", "probabilities"):
        pressed(tile, "save", kind=kind)
        number = tile.request["number"]
        Watch(tile).until(lambda number=number: any(each.get("number") == number for each in sent) and not tile.saved)
    files = {each["name"]: (each["type"], each["content"]) for each in sent if each}
    assert list(files) == [
        f"cells-image-3_{ending}" for ending in ("mask.png", "mask.tif", "objects.csv", "probabilities.tif")
    ]
    for ending, kind in (("mask.png", "image/png"), ("mask.tif", "image/tiff")):
        said, content = files[f"cells-image-3_{ending}"]
        assert said == kind
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), labels)
    with tifffile.TiffFile(io.BytesIO(files["cells-image-3_probabilities.tif"][1])) as file:
        assert file.series[0].axes == "CYX"
        shares = file.asarray()
    assert np.abs(shares.sum(axis=0) - 1).max() < 1e-6
    assert np.array_equal(shares.argmax(axis=0), labels)
    rows = list(csv.DictReader(io.StringIO(files["cells-image-3_objects.csv"][1].decode())))
    assert sum(int(row["area_px"]) for row in rows) == (labels == 1).sum() > 0
    assert {row["class_name"] for row in rows} == {chosen.dataset.classes[1]}
    bright = np.asarray(chosen.dataset.images[2])[labels == 1].sum()
    assert sum(float(row["mean"]) * int(row["area_px"]) for row in rows) == pytest.approx(bright, rel=1e-4)
    pressed(tile, "save", kind="../../x")
    assert "cannot be saved: choose one of" in tile.problem
    # Of another image nothing is known yet.
    pressed(tile, "choose", key="set 1")
    Watch(tile).until(lambda: not tile.result)
    pressed(tile, "save", kind="mask-png")
    assert "predict the image first" in tile.problem


def test_probabilities_of_which_nothing_is_left_are_refused_in_words(tile, instrument):
    pressed(tile, "predict")
    watch = Watch(tile)
    watch.until(lambda: tile.state == "done" and tile.result)
    tile._kept = tile._kept._replace(request="TileTab 99")
    pressed(tile, "save", kind="probabilities")
    watch.until(lambda: tile.problem)
    assert tile.problem.startswith("The probabilities are not here any more, or were more than 256 MB")
    assert tile.saved == {}
    assert tile.state == "done"


def test_saving_neither_hears_nor_stops_a_prediction(instrument, chosen):
    silent = Silent()
    tab = tab_of(TileTab, instrument, silent, chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    answer = dict.fromkeys(("labels", "wanted", "difference"), np.zeros((96, 96), "uint8"))
    answer |= {"event": "predicted", "flipped": 0, "largest": 0.0, "scale": 1e-3, "at": 0, "pieces": 1, "seconds": 1.0}
    silent.tell(**answer, best=True, request="TileTab 1")
    pressed(tab, "predict")
    pressed(tab, "save", kind="probabilities")
    assert silent.asked[-1] == {"do": "probabilities", "request": "ProbabilitiesAsker 1", "of": "TileTab 1"}
    # The next prediction is still heard.
    silent.tell(event="predicting", request="TileTab 2", done=2, total=9)
    assert tab.progress == [2, 9]
    silent.tell(event="failed", request="ProbabilitiesAsker 1", reason="They are gone.")
    assert (tab.problem, tab.state) == ("They are gone.", "starting")
    tab.close()
    assert not silent.events._listeners


@pytest.mark.parametrize("learnt", [False, True])
def test_a_worker_that_has_rested_predicts_once_more_what_is_saved(instrument, chosen, learnt):
    silent, bell = Silent(), Bell()
    silent.process, silent.send = 1, lambda request: (silent.asked.append(request), bell.ring())
    tab = tab_of(TileTab, instrument, silent, chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    answer = dict.fromkeys(("labels", "wanted", "difference"), np.zeros((96, 96), "uint8"))
    answer |= {"event": "predicted", "flipped": 0, "largest": 0.0, "scale": 1e-3, "at": 0, "pieces": 1, "seconds": 1.0}
    silent.tell(**answer, best=True, request="TileTab 1")
    silent.process = 2
    pressed(tab, "save", kind="probabilities")
    first, again = silent.asked
    assert again.pop("request") == "ProbabilitiesAsker 1"
    assert first.pop("request") == "TileTab 1"
    np.testing.assert_equal(again, first)
    if learnt:
        silent.tell(**answer | {"labels": np.ones((96, 96), "uint8")}, best=True, request="ProbabilitiesAsker 1")
        assert tab.problem == "The network has learnt since: predict the image again, then save."
        assert len(silent.asked) == 2
    else:
        silent.tell(**answer, best=True, request="ProbabilitiesAsker 1")
        assert bell.wait_for(lambda: len(silent.asked) == 3, LONG)
        assert silent.asked[-1] == {
            "do": "probabilities",
            "request": "ProbabilitiesAsker 2",
            "of": "ProbabilitiesAsker 1",
        }
    tab.close()


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("cells, image 3", "cells-image-3"),
        ("own.png", "own"),
        ("a.b.tiff", "a-b"),
        ("../../etc/passwd", "etc-passwd"),
        ('a<b>:"c|?*', "a-b-c"),
        ("Zellkerne_ä 1", "Zellkerne_ä-1"),
        ("细胞", "细胞"),
        ("\n\x00\u202e", "image"),
        ("", "image"),
        (".png", "png"),
        ("x" * 500, "x" * 80),
    ],
)
def test_names_of_files_come_of_titles_and_are_safe(title, wanted):
    assert file_name(title) == wanted


def test_what_cannot_be_predicted_is_refused_in_words(tile, instrument, monkeypatch):
    for config, side, words in (
        (SMALL, 77, "Tile 77 does not fit"),
        (UNetConfig(depth=4, base_filters=1), 188, "cannot cover 96 px without seams"),
        (UNetConfig(depth=2, base_filters=4, in_channels=2), 76, "set Image channels to 1"),
    ):
        instrument.config, instrument.tile = config.to_dict(), [side, side]
        pressed(tile, "predict")
        assert words in tile.problem
        instrument.config, instrument.tile = SMALL.to_dict(), [76, 76]
        Watch(tile).until(lambda: tile.problem == "")
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
    monkeypatch.setattr("unet_explorer.panel.tabs.image_tab.available_memory", lambda: 1)
    monkeypatch.setattr("unet_explorer.panel.tabs.image_tab.resident_memory", lambda _: 1)
    pressed(tile, "predict")
    assert "GB are free: take a smaller tile" in tile.problem


def test_another_image_by_name_and_by_path(tile, tmp_path):
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
    Image.fromarray(np.arange(600, dtype="uint8").reshape(20, 30)).save(tmp_path / "sent.png")
    data = (tmp_path / "sent.png").read_bytes()
    for piece, at in enumerate(range(0, len(data), 100)):
        last = at + 100 >= len(data)
        part = {"upload": 1, "chunk": piece, "name": "sent.png", "at": at, "last": last, "data": data[at : at + 100]}
        tile.set_state({"chunk": part})
        assert tile.received == {"upload": 1, "chunk": piece, "stopped": False}
    Watch(tile).until(lambda: tile.picture["title"] == "sent.png")
    assert tile.picture["width"] == 30
    tile.set_state({"chunk": {"upload": 2, "chunk": 0, "name": "../x.png", "at": 0, "last": True, "data": b"a"}})
    assert "is not a file name that can be kept here" in tile.problem


def test_a_later_request_takes_the_place_of_an_earlier_one_and_stop_ends_it(tile, worker):
    with listening(
        worker, lambda message: message["event"] == "predicted" and message["request"] == tile._requests.current
    ) as told:
        pressed(tile, "choose", key="large cells")
        Watch(tile).until(lambda: tile.picture["width"] == 1024)
        pressed(tile, "predict")
        first = tile._requests.current
        pressed(tile, "stop")
        assert tile.state == "new"
        pressed(tile, "choose", key="set 0")
        Watch(tile).until(lambda: tile.picture["width"] == 96)
        pressed(tile, "predict")
        Watch(tile).until(lambda: tile.state == "done")
    done = [message["request"] for message in told if message["event"] == "predicted"]
    assert first not in done
    assert done[-1] == tile._requests.current


def test_a_lost_worker_is_told_where_somebody_waits(instrument, chosen):
    silent = Silent()
    tab = tab_of(TileTab, instrument, silent, chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    assert tab.state == "starting"
    silent.tell(event="ready")
    assert tab.state == "working"
    silent.tell(event="predicting", request="TileTab 1", done=2, total=9)
    assert tab.progress == [2, 9]
    silent.tell(event="failed", request="TileTab 99", reason="another's")
    assert tab.state == "working"
    silent.tell(event="lost", reason="The worker was killed.")
    assert (tab.state, tab.problem) == ("failed", "The worker was killed.")
    tab.close()
    assert not silent.events._listeners


def test_an_answer_is_of_what_was_asked_for_and_an_old_one_is_not_heard(instrument, chosen):
    silent = Silent()
    tab = tab_of(TileTab, instrument, silent, chosen)
    Watch(tab).until(lambda: tab.table)
    pressed(tab, "predict")
    instrument.tile = [84, 84]
    pressed(tab, "predict")
    labels = np.zeros((96, 96), "uint8")
    answer = {"labels": labels, "wanted": labels, "difference": labels, "flipped": 0, "largest": 0.0, "scale": 1e-3}
    answer |= {"event": "predicted", "at": 0, "pieces": 1, "seconds": 1.0, "best": True}
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
    instrument.config, instrument.tile = UNetConfig(depth=3, base_filters=1).to_dict(), [92, 92]
    tile.naive = True
    with listening(worker, lambda message: message["event"] == "predicted") as told:
        pressed(tile, "predict")
        Watch(tile).until(lambda: tile.state == "done")
    seconds = next(message["seconds"] for message in told if message["event"] == "predicted")
    assert sum(message["event"] == "predicting" for message in told) <= seconds / 0.1 + 2


def test_what_a_network_says_is_of_what_it_has_learnt(instrument, worker, chosen):
    with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=6, steps_per_epoch=3) as session:
        tab = tab_of(TileTab, instrument, worker, chosen, session)
        watch = Watch(tab)
        pressed(tab, "predict")
        watch.until(lambda: tab.state == "done")
        assert tab.result["network"] == "fresh weights: this design was not trained yet"
        session.start(force=True)
        finished(session)
        chosen.changed.emit()
        watch.until(lambda: tab.result["network"].startswith(f"after {session.history.best.step} steps"))
        watch.until(lambda: not tab.learnt)
        # One that takes long is not made anew, but said to be of earlier.
        tab._took = 1e9
        tab._session = lambda: None
        chosen.changed.emit()
        watch.until(lambda: tab.learnt)
        assert tab.result["network"].startswith("after")
        tab.close()


def test_requests_arrive_in_the_order_of_their_numbers(instrument, chosen):
    class Slow(Silent):
        def __init__(self):
            super().__init__()
            self.first, self.second = threading.Event(), threading.Event()

        def send(self, message):
            if not self.first.is_set():
                self.first.set()
                self.second.wait(0.5)  # does the second one overtake it?
            super().send(message)
            self.second.set()

    worker = Slow()
    tab = tab_of(TileTab, instrument, worker, chosen)

    def ask(which):
        tab._ask(lambda request: {"which": which, "request": request}, None)

    both = [threading.Thread(target=ask, args=(which,)) for which in (1, 2)]
    both[0].start()
    assert worker.first.wait(LONG)
    both[1].start()
    for each in both:
        each.join(LONG)
    assert [(each["which"], each["request"]) for each in worker.asked] == [(1, "TileTab 1"), (2, "TileTab 2")]
    tab.close()
