"""The Inside tab without a browser; and what the worker answers it."""

from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest
from hands import LONG, SMALL, TILE, Silent, Watch, pressed, tab_of

from unet_explorer import TrainingSession, cells, estimate_memory, trace
from unet_explorer.panel.tabs.inside import InsideTab
from unet_explorer.panel.tabs.paint import picture


@pytest.fixture
def inside(instrument, worker, chosen):
    with closing(tab_of(InsideTab, instrument, worker, chosen)) as made:
        Watch(made).until(lambda: made.views)
        yield made


def test_the_selected_step_is_looked_at(inside, instrument):
    assert instrument.shown == "enc0_conv1"
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
    watch.until(lambda: inside.patch.get("step") == "enc1_pool")
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


def test_the_tile_is_moved_over_the_image(inside, instrument, chosen):
    image = chosen.image
    assert image.shape[0] > 80, "or there is no way to go"
    assert inside.picture["start"] == [(side - 76) // 2 for side in image.shape[:2]]
    assert inside.overview["sides"] == list(image.shape[:2])
    watch = Watch(inside)
    first = inside.views
    for place, start in (
        ([0, 1], [0, image.shape[1] - 76]),
        ([1, 0.5], [image.shape[0] - 76, (image.shape[1] - 76) // 2]),
    ):
        inside.place = place
        watch.until(lambda start=start: inside.picture["start"] == start and inside.state == "done")
        part = image[start[0] : start[0] + 76, start[1] : start[1] + 76]
        assert inside.picture["pixels"] == picture(part, "")["pixels"]
        assert inside.views[0]["whole"] != first[0]["whole"]
        first = inside.views
    for nonsense in ([2, 0], [0.5], [float("nan"), 0.5], ["a", 0.5]):
        inside.place = nonsense
        assert inside.place == [1, 0.5]
    instrument.tile = [132, 132]
    larger = [(side - 132) // 2 for side in image.shape[:2]]
    watch.until(lambda: inside.picture["start"] == larger)


def test_a_large_image_is_sent_small(inside, chosen):
    chosen.choose("large cells")
    Watch(inside).until(lambda: inside.overview["sides"] == [1024, 1024])
    assert (inside.overview["height"], inside.overview["width"]) == (256, 256)


def test_the_maps_that_are_kept_are_counted_too(inside, instrument, monkeypatch):
    held = {
        tile: estimate_memory(SMALL, (tile, tile))["total"]
        + sum(int(np.prod(row.output)) for row in trace(SMALL, tile))
        for tile in (76, 108)
    }
    watch = Watch(inside)
    for free, refused in ((held[108] - 1, True), (held[108], False)):
        monkeypatch.setattr("unet_explorer.panel.tabs.image_tab.available_memory", lambda free=free: free)
        monkeypatch.setattr("unet_explorer.panel.tabs.image_tab.resident_memory", lambda _: 0)
        instrument.tile = [76, 76]
        watch.until(lambda: inside.problem == "" and inside.seen["tile"] == [76, 76])
        instrument.tile = [108, 108]
        watch.until(lambda: inside.problem or inside.seen["tile"] == [108, 108])
        assert ("GB are free: take a smaller tile" in inside.problem) is refused


def test_a_hand_that_drags_asks_no_faster_than_it_is_answered(instrument, chosen, monkeypatch):
    monkeypatch.setattr(InsideTab, "_refresh_loop", lambda _: None)
    worker = Silent()
    tab = tab_of(InsideTab, instrument, worker, chosen)

    def asked():
        tab._guarded(tab._refresh)
        return [(message["step"], message["tile"].shape[0]) for message in worker.asked]

    def answer(event, **more):
        tab._due.clear()
        worker.tell(event=event, request=worker.asked[-1]["request"], **more)
        assert tab._due.is_set(), "or what waits would never be asked for"

    maps = {"views": [], "at": 0, "best": True}
    assert asked() == [("enc0_conv1", 76)]
    for side in (84, 92, 100):
        instrument.tile = [side, side]
        assert len(asked()) == 1
    answer("maps", **maps)
    assert asked() == [("enc0_conv1", 76), ("enc0_conv1", 100)]
    # What fails is an answer as well; another step is no hand that drags.
    instrument.tile = [84, 84]
    assert len(asked()) == 2
    answer("failed", reason="no")
    assert asked()[2:] == [("enc0_conv1", 84)]
    instrument.selected = "head"
    assert asked()[3:] == [("head", 84)]
    tab.close()


def test_one_that_was_closed_asks_nothing(instrument, chosen, monkeypatch):
    # It would take the place of what the tab that came after it asks for.
    monkeypatch.setattr(InsideTab, "_refresh_loop", lambda _: None)
    worker = Silent()
    tab = tab_of(InsideTab, instrument, worker, chosen)
    tab._guarded(tab._refresh)
    instrument.selected = "head"
    tab.close()
    tab._guarded(tab._refresh)
    assert [message["step"] for message in worker.asked] == ["enc0_conv1"]


def test_closing_waits_for_what_is_being_asked(instrument, chosen, monkeypatch):
    monkeypatch.setattr(InsideTab, "_refresh_loop", lambda _: None)
    worker, under_way, go_on = Silent(), threading.Event(), threading.Event()

    def send(message):
        under_way.set()
        assert go_on.wait(LONG)
        worker.asked.append(message)

    worker.send = send
    tab = tab_of(InsideTab, instrument, worker, chosen)
    asking = threading.Thread(target=tab._guarded, args=(tab._refresh,))
    asking.start()
    assert under_way.wait(LONG)
    closing_ = threading.Thread(target=tab.close)
    closing_.start()
    closing_.join(0.2)
    assert closing_.is_alive()
    go_on.set()
    closing_.join(LONG)
    asking.join(LONG)
    assert len(worker.asked) == 1


def test_it_is_live_while_the_network_learns(instrument, worker, chosen):
    with TrainingSession(SMALL, cells(4, size=96), TILE, worker, steps=100_000, steps_per_epoch=100_000) as session:
        session.start(force=True)
        tab = tab_of(InsideTab, instrument, worker, chosen, session)
        watch = Watch(tab)
        watch.until(lambda: tab.at > 0)
        seen, first = tab.views, tab.at
        watch.until(lambda: tab.at > first)
        assert tab.views[0]["thumbs"] != seen[0]["thumbs"]
        watch.until(lambda: tab.network == f"after {tab.at:,} steps of training")
        # Nobody looks: the worker is left alone, which learns on.
        tab.attend(False)
        tab._guarded(tab._refresh)
        seen, learnt = tab.at, len(session.history.losses)
        further = threading.Event()
        session.changed.connect(lambda: len(session.history.losses) > learnt + 40 and further.set())
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
        Watch(tab).until(lambda: tab.views and tab.state == "done")
        assert (tab.at, tab.network) == (best, f"after {best} steps of training (its best state)")
        tab.close()
