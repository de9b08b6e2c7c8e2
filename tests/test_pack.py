"""Networks that come packed with the package; that the page unpacks them rightly is tested in tests/javascript."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import PRESETS, UNetConfig
from unet_explorer.panel.instrument.facts import describe
from unet_explorer.panel.instrument.pack import networks_at_hand, offered
from unet_explorer.panel.instrument.records import as_records

READ = {
    "`": str,
    "~": lambda number: f"{number / 10:.1f}",
    "^": lambda number: f"{number / 100:.2f}",
    "|": lambda number: f"{number:,}",
}


def summed(text):
    sums = [0]

    def add(found):
        sums.append(sums[-1] + int(found[0]))
        return str(sums[-1])

    return re.sub(r"-?\d+", add, text)


def table(columns, sources, count):
    rows = []
    for row in range(count):
        now = []
        for number, (column, source) in enumerate(zip(columns, sources, strict=True)):
            above = rows[-1][number] if rows else 0
            base = 0 if source == 0 else above if source == -1 else now[number - source]
            now.append(base + (column[row] if isinstance(column, list) else column))
        rows.append(now)
    return rows


def unfolded(held):
    """All trees, record by record and each number for itself."""
    read = {**READ, "@": lambda number: summed(held["lists"][number])}
    tables = [
        iter(table(held["columns"][kind], held["from"][kind], held["kinds"].count(kind)))
        for kind in range(len(held["texts"]))
    ]
    records = []
    for kind in held["kinds"]:
        row = iter(next(tables[kind]))
        text = re.sub("[`~^|@]", lambda found, row=row: read[found[0]](next(row)), held["texts"][kind])
        records.append(json.loads(text))
    for tree in map(json.loads, map(summed, held["trees"])):
        rest, *parts = [[records[n] for n in each] if isinstance(each, list) else records[each] for each in tree]
        yield {**rest, **dict(zip(held["names"], parts, strict=True))}


def as_text_and_back(trees):
    return json.loads(json.dumps(as_records(trees)))


def test_what_comes_with_the_package_is_what_is_drawn_today():
    """If not: python -m unet_explorer.panel.instrument.pack"""
    held = json.loads(gzip.decompress(networks_at_hand()))
    assert list(unfolded(held)) == [describe(config) for config in offered()]


@examples(5)
@given(st.lists(configs(), min_size=1, max_size=4, unique=True))
def test_any_networks_come_out_as_they_went_in(designs):
    networks = [describe(config) for config in designs]
    # As text: 1 and 1.0 and true are not the same.
    assert json.dumps(list(unfolded(as_text_and_back(networks)))) == json.dumps(networks)


def test_numbers_that_would_come_back_as_others_stay_where_they_are():
    odd = {"a": "007", "b": -0.0, "c": "= 1,234", "d": 1e-05, "e": [[1, 2], [3]], "f": 0.05}
    trees = [{"map": odd, "maps": [{"a": each}]} for each in (1, 2.5, "-0", "1.2.3", "3,14", [])]
    assert json.dumps(list(unfolded(as_text_and_back(trees)))) == json.dumps(trees)
    with pytest.raises(ValueError, match="sign that stands for a number"):
        as_records([{"map": {"a": "a~b"}}])


def test_every_knob_of_every_preset_is_turned_by_itself():
    held = set(offered())
    grid = {
        UNetConfig(depth=depth, base_filters=filters, padding=padding)
        for depth in range(1, 8)
        for filters in (4, 8, 16, 32, 64)
        for padding in ("valid", "same")
    }
    assert grid <= held
    turned = {
        "convs_per_block": [1, 2, 3, 4],
        "kernel_size": [1, 3, 5, 7],
        "padding": ["valid", "same"],
        "in_channels": [1, 2, 3, 4],
        "num_classes": list(range(1, 22)),
        "upsampling": ["transpose", "bilinear"],
        "batch_norm": [True],
        "dropout": [0.05, 0.15, 0.35, 0.5, 0.95],
        "head_activation": ["linear", "softmax", "sigmoid", "relu"],
        "skips": [False],
    }
    for preset in PRESETS.values():
        for knob, values in turned.items():
            assert {replace(preset.config, **{knob: value}) for value in values} <= held, knob
