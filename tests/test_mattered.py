"""Which knob mattered: planted effects are found, and where none was planted none is named. No network learns here."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from support import second

from unet_explorer import UNetConfig
from unet_explorer.sweeps.mattered import CHANCE, mattered
from unet_explorer.sweeps.pareto import COSTS, points_of
from unet_explorer.sweeps.run import Run

VALUES = {"depth": (2, 3, 4), "base_filters": (4, 8, 16), "padding": ("valid", "same"), "batch_norm": (False, True)}
CASES = 20
NOISE = 0.03
"""Standard deviation of the IoU from seed to seed: as small networks have it."""


def table(case, planted=None, size=0.05, seeds=3, knobs=tuple(VALUES)):
    """A grid whose IoU is chance, what a seed does to all alike, and a step of ``size`` for each value of one knob."""
    random = np.random.default_rng([case, 7])
    shared = random.normal(0, 0.05, seeds)
    rows = []
    for chosen in itertools.product(*(VALUES[knob] for knob in knobs)):
        config = UNetConfig(**dict(zip(knobs, chosen, strict=True)))
        effect = size * VALUES[planted].index(getattr(config, planted)) if planted else 0.0
        for seed in range(seeds):
            iou = 0.7 + effect + shared[seed] + random.normal(0, NOISE)
            rows.append(Run(str(chosen), config, (100, 100), seed, "done", iou=float(iou)))
    return rows


def named(found):
    return [effect.knob for effect in found.effects if effect.told]


def test_the_knob_that_was_planted_is_found_in_nineteen_of_twenty():
    right = 0
    for case in range(CASES):
        planted = list(VALUES)[case % len(VALUES)]
        found = mattered(table(case, planted))
        right += planted in named(found) and found.effects[0].knob == planted
        assert f"{planted} mattered: it explains" in str(found) or planted not in named(found)
    assert right >= 19


def test_where_nothing_was_planted_none_is_named_in_eighteen_of_twenty():
    assert sum(named(mattered(table(case))) == [] for case in range(CASES)) >= 18


@second("many tables")
def test_others_are_not_named_beside_the_one_that_was_planted():
    alone = sum(named(mattered(table(case, "depth"))) == ["depth"] for case in range(CASES))
    assert alone >= 18


def test_the_chance_is_that_of_the_f_test():
    """Of an analysis of variance by hand: designs against what is left of designs and seeds."""
    for case, size in ((0, 0.01), (1, 0.02), (2, 0.0)):
        rows = table(case, "depth", size, seeds=8, knobs=("depth",))
        y = np.array([[row.iou for row in rows if row.config.depth == depth] for depth in VALUES["depth"]])
        levels, seeds = y.shape
        between = seeds * ((y.mean(1) - y.mean()) ** 2).sum()
        rest = ((y - y.mean(1, keepdims=True) - y.mean(0, keepdims=True) + y.mean()) ** 2).sum()
        left = (levels - 1) * (seeds - 1)
        wanted = stats.f.sf((between / (levels - 1)) / (rest / left), levels - 1, left)
        (effect,) = mattered(rows).effects
        assert effect.chance == pytest.approx(wanted, abs=0.04)
        share = (between - (levels - 1) * rest / left) / (((y - y.mean(0)) ** 2).sum())
        assert effect.share == pytest.approx(max(0, share), abs=1e-9)
        assert effect.low <= effect.high


def test_levels_are_means_and_the_best_comes_first():
    rows = table(3, "depth", 0.2)
    (best, most), *_, (worst, _) = next(each for each in mattered(rows).effects if each.knob == "depth").levels
    assert (best, worst) == (4, 2)
    assert most == pytest.approx(np.mean([row.iou for row in rows if row.config.depth == 4]))


def test_too_few_runs_say_nothing():
    found = mattered(table(0, "depth", 0.5, seeds=1, knobs=("depth",)))
    assert named(found) == []
    assert "too few" in found.note
    assert "cannot be told from chance" in str(found)
    assert mattered([]).effects == ()
    assert "Nothing was varied" in str(mattered(table(0, seeds=3, knobs=())))


def test_knobs_that_changed_together_are_one():
    rows = [
        Run(
            "",
            UNetConfig(depth=depth, base_filters=depth * 4),
            (100, 100),
            seed,
            "done",
            iou=0.1 * depth + 0.01 * seed**2,
        )
        for depth in (2, 3, 4)
        for seed in range(3)
    ]
    rows = [row._replace(iou=row.iou + 0.001 * ((number * 7) % 5)) for number, row in enumerate(rows)]
    assert [effect.knob for effect in mattered(rows).effects] == ["depth + base_filters"]


def test_a_tile_that_follows_from_the_design_is_no_choice():
    rows = [row._replace(tile=(100 + row.config.depth, 100)) for row in table(0, "depth", knobs=("depth", "padding"))]
    assert {effect.knob for effect in mattered(rows).effects} == {"depth", "padding"}
    free = [row._replace(tile=(side, side)) for row in table(0, "depth", knobs=("depth",)) for side in (100, 200)]
    assert {effect.knob for effect in mattered(free).effects} == {"depth", "tile"}


def test_runs_that_are_not_done_do_not_count():
    rows = table(5, "depth")
    strange = [row._replace(state="stopped", iou=0.0) for row in rows if row.config.padding == "same"]
    assert mattered([*rows, *strange]) == mattered(rows)


def test_what_is_no_run_is_refused():
    with pytest.raises(ValueError, match="runs=7 is not allowed"):
        mattered(7)
    assert 0 < CHANCE < 0.1


def test_designs_on_the_line_are_those_that_nobody_beats():
    random = np.random.default_rng(0)
    for cost in COSTS:
        rows = [
            Run(f"{number}", UNetConfig(), (572, 572), seed, "done", iou=float(random.random()))._replace(
                **{cost: int(random.integers(1, 6))}
            )
            for number in range(12)
            for seed in range(2)
        ]
        points = points_of(rows, cost)
        assert [point.cost for point in points] == sorted(point.cost for point in points)
        for point in points:
            ious = [row.iou for row in rows if row.design == point.design]
            assert (point.low, point.high, point.runs) == (min(ious), max(ious), 2)
            assert point.iou == pytest.approx(math.fsum(ious) / 2)
            beaten = any(
                (other.iou >= point.iou and other.cost < point.cost)
                or (other.iou > point.iou and other.cost <= point.cost)
                for other in points
            )
            assert point.on_line is not beaten
