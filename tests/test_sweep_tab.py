"""The Sweep tab without a browser, and without a cluster: a stand-in runs what would be taught."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hands import SMALL, TILE, Watch, pressed
from hypothesis import given, settings
from hypothesis import strategies as st

from unet_explorer import UNetConfig, cells, explore, trace
from unet_explorer.core.tiles import ShapeError
from unet_explorer.learning.recipe import Recipe
from unet_explorer.learning.signals import Signal
from unet_explorer.panel.link import Link, write_link
from unet_explorer.panel.tabs import sweep as module
from unet_explorer.panel.tabs.chosen_image import ChosenImage
from unet_explorer.panel.tabs.sweep import SweepTab
from unet_explorer.panel.tabs.sweep_plan import MOST_DESIGNS, combined, offered, toggled
from unet_explorer.panel.tabs.sweep_rows import Course, mattered_for_page
from unet_explorer.sweeps.run import Run
from unet_explorer.sweeps.session import SweepSession
from unet_explorer.sweeps.table import Sweep


class Session:
    """Teaches nothing: rows come when a test says so."""

    def __init__(self, designs, dataset, seeds, *, steps, recipe):
        self.designs, self.dataset, self.seeds, self.steps, self.recipe = designs, dataset, seeds, steps, recipe
        self.state, self.rows, self.total, self.problem = "idle", (), len(designs) * len(seeds), ""
        self.changed, self.closed = Signal(), False

    def start(self):
        self.become("running")

    def stop(self):
        self.become("stopped")

    def close(self):
        self.closed = True

    @property
    def table(self):
        return Sweep(self.rows)

    def become(self, state, problem=""):
        self.state, self.problem = state, problem
        self.changed.emit()

    def end(self, design, seed, state="done", **known):
        config, tile = self.designs[design]
        row = Run(write_link(Link(config, tile)), config, tile, seed, state, macs=trace(config, tile).macs, **known)
        self.rows = (*self.rows, row)
        self.changed.emit()


@pytest.fixture
def sessions():
    return []


@pytest.fixture
def tab(instrument, sessions):
    def make(*arguments, **named):
        sessions.append(Session(*arguments, **named))
        return sessions[-1]

    chosen = ChosenImage(cells(3, size=96))
    made = SweepTab(instrument, chosen, lambda: {"loss": "dice"}, make)
    Watch(made).until(lambda: made.plan and made.images)
    yield made
    made.close()


@pytest.fixture
def panel_with_runs(state):
    panel = explore(SMALL, 76, cells(3, size=96))
    tab, session = panel.tab("Sweep"), Session([(SMALL, TILE)], None, (0,), steps=3, recipe=None)
    tab._session = session
    session.end(0, 0, iou=0.5)
    yield panel
    panel.close()


def toggle(tab, name, value):
    pressed(tab, "toggle", name=name, value=value)


# Which designs -----------------------------------------------------------------------------------------------------

RANGES = st.fixed_dictionaries(
    {},
    optional={
        "depth": st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True),
        "tile": st.lists(st.integers(20, 200), min_size=1, max_size=4, unique=True),
        "padding": st.just(["valid", "same"]),
        "skips": st.just([True, False]),
        "kernel_size": st.lists(st.sampled_from([1, 3, 5]), min_size=1, unique=True),
    },
)


@given(RANGES)
def test_every_combination_is_there_once_or_does_not_fit(ranges):
    found = combined(SMALL, TILE, ranges)
    fit, wrong = set(), 0
    for values in itertools.product(*ranges.values()):
        knobs = dict(zip(ranges, values, strict=True))
        tile = knobs.pop("tile", TILE[0])
        config = replace(SMALL, **knobs)
        try:
            trace(config, tile)
            fit.add((config, (tile, tile)))
        except ShapeError:
            wrong += 1
    assert set(found.designs) == fit
    assert len(found.designs) == len(fit)
    assert (found.combinations, found.misfits) == (len(fit) + wrong, wrong)
    assert bool(found.reason) == bool(wrong)


def fits(config, side):
    try:
        trace(config, side)
    except ShapeError:
        return False
    return True


@settings(max_examples=20)
@given(st.integers(1, 150), st.integers(1, 3), st.sampled_from(["valid", "same"]))
def test_a_tile_gives_way_to_the_nearest_that_fits(side, depth, padding):
    config = replace(SMALL, depth=depth, padding=padding)
    ((_, (height, width)),) = combined(config, (side, side), {}, nearest=True).designs
    nearer = range(side - abs(side - height) + 1, side + abs(side - height))
    assert height == width
    assert fits(config, height)
    assert not any(fits(config, each) for each in nearer if each > 0)


def test_what_is_pressed_is_varied_and_what_is_not_follows_the_knobs():
    ranges = toggled(SMALL, TILE, {}, "depth", 3)
    assert ranges == {"depth": [2, 3]}
    ranges = toggled(SMALL, TILE, ranges, "tile", 92)
    assert ranges == {"depth": [2, 3], "tile": [76, 92]}
    ranges = toggled(SMALL, TILE, ranges, "depth", 2)
    assert ranges["depth"] == [3], "another value than the shown one alone is a choice"
    # One always stays.
    assert toggled(SMALL, TILE, ranges, "depth", 3)["depth"] == [3]
    assert "depth" not in toggled(SMALL, TILE, {"depth": [2, 3]}, "depth", 3)
    for name, value in (
        ("depth", 9),
        ("depth", "two"),
        ("skips", 1),
        ("head_activation", "relu"),
        ([], 1),
        ("tile", 0),
    ):
        with pytest.raises(ValueError, match="allowed|cannot be varied"):
            toggled(SMALL, TILE, {}, name, value)


def test_what_is_shown_is_offered_and_pressed():
    odd = UNetConfig(depth=6, base_filters=7, dropout=0.35)
    for each in offered(odd, (300, 204), {"convs_per_block": [2, 3]}):
        chosen = [value["value"] for value in each["values"] if value["chosen"]]
        own = [300, 204] if each["name"] == "tile" else getattr(odd, each["name"])
        assert chosen == ([2, 3] if each["name"] == "convs_per_block" else [own])
        words = [value["words"] for value in each["values"]]
        assert len(set(words)) == len(words)


def test_too_many_are_refused():
    with pytest.raises(ValueError, match=f"300 designs, and {MOST_DESIGNS} are the most"):
        combined(SMALL, TILE, {"tile": list(range(1, 76)), "padding": ["valid", "same"], "skips": [True, False]})


# The tab -----------------------------------------------------------------------------------------------------------


def test_what_start_would_do_is_said_at_once(tab, sessions):
    assert tab.images == "cells, 3 images"
    watch = Watch(tab)
    for name, value in (("depth", 3), ("padding", "same"), ("base_filters", 8)):
        toggle(tab, name, value)
    watch.until(lambda: tab.plan["combinations"] == 8)
    # 76 padded is 19 behind two poolings, and the third cannot halve it; unpadded, depth 3 needs 92.
    assert (tab.plan["designs"], tab.plan["misfits"], tab.plan["runs"]) == (4, 4, 8)
    assert tab.plan["reason"].startswith("depth 3, 4 filters, no padding, tile 76: ")
    tab.nearest = True
    watch.until(lambda: not tab.plan["misfits"])
    assert tab.plan["designs"] == 8
    toggle(tab, "depth", 99)
    assert tab.problem == "Depth: 99 is not allowed. Give a whole number from 1 to 7."
    assert not sessions


def test_rows_come_in_and_become_dots(tab, sessions):
    watch = Watch(tab)
    toggle(tab, "base_filters", 8)
    pressed(tab, "start")
    session = sessions[0]
    assert (session.seeds, session.steps, session.recipe.loss) == ((0, 1), 200, "dice")
    assert [config.base_filters for config, _ in session.designs] == [4, 8]
    assert [each["words"] for each in tab.designs] == ["4 filters", "8 filters"]
    # They come in the order of designs, whichever ends first.
    session.end(1, 0, iou=0.5, dice=0.6, seconds=2.0)
    watch.until(lambda: tab.rows)
    assert (tab.state, tab.progress["left"]) == ("running", None)
    session.end(1, 1, iou=0.7, dice=0.8)
    session.end(0, 0, "failed", reason="The process was killed.")
    watch.until(lambda: len(tab.rows) == 3)
    assert tab.progress["left"] is not None
    assert (tab.progress["done"], tab.progress["total"], tab.progress["failed"]) == (3, 4, 1)
    assert tab.dots == [
        {"design": 1, "macs": trace(*session.designs[1]).macs, "iou": pytest.approx(0.6), "low": 0.5, "high": 0.7}
        | {"runs": 2, "best": True}
    ]
    assert [(each["number"], each["design"], each["reason"]) for each in tab.rows][-1] == (
        3,
        0,
        "The process was killed.",
    )
    # What is chosen next says nothing of what is under way.
    toggle(tab, "depth", 1)
    assert len(tab.designs) == 2
    session.end(0, 1, iou=0.4)
    session.become("finished")
    watch.until(lambda: tab.state == "done")
    assert tab.progress["left"] is None
    pressed(tab, "start")
    assert session.closed
    assert (len(sessions), tab.rows, tab.dots) == (2, [], [])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("seeds", 9, "Seeds: 9 is not allowed. Give a whole number from 1 to 5."),
        ("steps", 0, "Steps: 0 is not allowed. Give a whole number from 1 to 1,000,000."),
        ("steps", 2.5, "Steps: 2.5 is not allowed. Give a whole number from 1 to 1,000,000."),
        ("seeds", None, "Seeds: an empty field is not allowed. Give a whole number from 1 to 5."),
    ],
)
def test_a_number_that_is_not_allowed_is_told_and_the_last_good_one_stays(tab, name, value, words):
    pressed(tab, "number", name=name, value=value)
    assert tab.problem == words
    assert (tab.seeds, tab.steps) == (2, 200)
    pressed(tab, "number", name=name, value=3)
    assert (tab.problem, getattr(tab, name)) == ("", 3)
    with pytest.raises(ValueError, match="Seeds: 6 is not allowed"):
        tab.seeds = 6


def test_the_stand_in_is_as_the_real_one():
    real = SweepSession([(SMALL, TILE)], cells(3, size=96), (0, 1), steps=3, recipe=Recipe(steps=3))
    stand_in = Session([(SMALL, TILE)], None, (0, 1), steps=3, recipe=None)
    for name in ("state", "rows", "total", "problem"):
        assert getattr(real, name) == getattr(stand_in, name)
    assert isinstance(real.table, type(stand_in.table))
    real.changed.connect(print)
    for name in ("start", "stop", "close"):
        assert callable(getattr(real, name))
    real.close()


def test_the_table_is_saved(panel_with_runs, tmp_path):
    panel_with_runs.save(tmp_path / "runs.csv", "sweep")
    lines = (tmp_path / "runs.csv").read_text("utf-8").splitlines()
    assert len(lines) == 2
    assert "unet1-t76-d2-f4-224jc5e" in lines[1]
    panel_with_runs.save(tmp_path / "runs.svg", "sweep")
    assert (tmp_path / "runs.svg").read_bytes().startswith(b"<?xml")


def test_stop_answers_at_once_and_what_went_wrong_is_said(tab, sessions):
    watch = Watch(tab)
    pressed(tab, "start")
    pressed(tab, "start")
    assert len(sessions) == 1, "one at a time"
    pressed(tab, "stop")
    watch.until(lambda: tab.state == "done")
    assert sessions[0].state == "stopped"
    pressed(tab, "start")
    sessions[1].become("failed", "Nobody answers.")
    watch.until(lambda: tab.problem == "Nobody answers.")
    assert tab.state == "done"


def test_what_cannot_be_taught_is_said_before_start_and_left_out(tab, instrument, sessions):
    watch = Watch(tab)
    instrument.config = {**instrument.config, "in_channels": 3}
    watch.until(lambda: tab.plan["refused"])
    assert tab.plan["refused"] == "The images have 1 channel, but the network takes 3. Set the image channels to 1."
    assert (tab.plan["designs"], tab.plan["runs"]) == (0, 0)
    pressed(tab, "start")
    assert tab.problem == tab.plan["refused"]
    assert not sessions
    instrument.config = {**instrument.config, "in_channels": 1}
    watch.until(lambda: not tab.plan["refused"])


def test_closing_while_one_is_being_started_leaves_none(tab, sessions):
    make = tab._make

    def late(*arguments, **named):
        tab.close()
        return make(*arguments, **named)

    tab._make = late
    tab.set_state({"request": {"do": "start", "number": 1}})
    tab._hand.shutdown(wait=True)
    assert sessions[0].closed
    assert tab._session is None


def test_a_closed_tab_holds_nothing_and_ends_what_runs(tab, sessions):
    pressed(tab, "start")
    tab.close()
    assert sessions[0].closed
    assert tab._session is None
    # A row that comes too late is nobody's.
    sessions[0].end(0, 0, iou=0.5)
    assert tab.rows == []


def test_time_is_told_by_work():
    large, small = (UNetConfig(depth=2, base_filters=filters) for filters in (8, 4))
    course = Course([(large, TILE), (small, TILE)], 2)
    work = {config: trace(config, TILE).macs for config in (large, small)}
    rows = [Run("", large, TILE, seed, "done") for seed in range(2)]
    course.rows = rows[0], Run("", small, TILE, 0, "skipped")
    assert course.left(8.0) is None, "one run is none, and what was skipped took no time"
    course.rows = tuple(rows)
    assert course.left(8.0) == pytest.approx(8 * work[small] / work[large])
    course.rows = (*rows, Run("", small, TILE, 0, "failed"))
    assert course.left(8.0) == pytest.approx(4 * work[small] / work[large])


def test_which_knob_mattered_is_told_beside_chance():
    def runs(seeds):
        for depth, padding, seed in itertools.product((1, 2, 3), ("valid", "same"), range(seeds)):
            config, noise = replace(SMALL, depth=depth, padding=padding), ((7 * depth + 3 * seed) % 5) / 100
            yield Run("", config, (92, 92), seed, "done", iou=0.2 * depth + noise)

    said = mattered_for_page(list(runs(3)))
    depth, padding = said["shares"]
    assert (depth["label"], padding["label"]) == ("Depth", "Padding")
    assert depth["told"]
    assert re.fullmatch(r"\d+ % \(\d+ to \d+\), best: depth 3", depth["words"])
    assert not padding["told"]
    assert padding["words"] == "cannot be told from chance"
    assert re.match(r"Seeds alone make \d+ % of all differences\.", said["words"])
    # Of too few it is said that nothing can be told.
    few = mattered_for_page(list(runs(1))[:2])
    assert not any(each["told"] for each in few["shares"])
    assert "too few" in few["words"]


# The panel around it -------------------------------------------------------------------------------------------------


def test_without_dask_it_is_said_what_to_install(monkeypatch, state):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    panel = explore(SMALL, 76, cells(3, size=96))
    try:
        tab = panel.tab("Sweep")
        pressed(tab, "start")
        assert 'pip install "unet_explorer[cluster]"' in tab.missing
        assert tab.problem == tab.missing
        with pytest.raises(ValueError, match="yet: open Sweep"):
            panel.save("runs.csv", "sweep")
    finally:
        panel.close()


def test_opening_it_loads_neither_dask_nor_tensorflow(state):
    code = (
        "import sys\nfrom unet_explorer import cells, explore\n"
        "panel = explore('classroom', dataset=cells(3, size=96), hide=['Sweep'])\npanel.opened = 'Sweep'\n"
        "assert not panel.problem, panel.problem\nassert panel._worker.process is None\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\npanel.close()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not {"dask", "distributed", "tensorflow", "keras"} & set(done.stdout.split())
    assert "unet_explorer" in done.stdout
