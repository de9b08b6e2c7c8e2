"""What a learner may choose, and what is said of anything else."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs

from unet_explorer import PRESETS, UNetConfig
from unet_explorer.core.config import allowed

BOUNDS = {
    "depth": (1, 7),
    "base_filters": (1, 256),
    "convs_per_block": (1, 4),
    "in_channels": (1, 256),
    "num_classes": (1, 256),
}


def test_defaults_are_the_paper_and_frozen():
    config = UNetConfig()
    assert (config.depth, config.base_filters, config.padding, config.head_activation) == (4, 64, "valid", "linear")
    with pytest.raises(AttributeError):
        config.depth = 3


def test_presets():
    assert PRESETS["paper"] == (UNetConfig(), 572)
    assert PRESETS["article"] == (UNetConfig(in_channels=3, head_activation="relu"), 572)
    assert PRESETS["classroom"] == (UNetConfig(depth=3, base_filters=8), 188)


@pytest.mark.parametrize(("knob", "bounds"), BOUNDS.items())
def test_bounds_are_allowed_and_one_beyond_is_not(knob, bounds):
    for good in bounds:
        assert getattr(UNetConfig(**{knob: good}), knob) == good
    for bad in (bounds[0] - 1, bounds[1] + 1):
        with pytest.raises(ValueError, match=rf"^{knob}={bad} is not allowed: give a whole number from"):
            UNetConfig(**{knob: bad})


@pytest.mark.parametrize("bad", [None, "4", 4.0, True, math.nan, math.inf, -1, 10**30, [4], Decimal(4), b"4", 4 + 0j])
@pytest.mark.parametrize("knob", BOUNDS)
def test_wrong_types_are_one_value_error(knob, bad):
    with pytest.raises(ValueError, match=f"{knob}=.* is not allowed: give "):
        UNetConfig(**{knob: bad})


@pytest.mark.parametrize(
    ("knob", "bad"),
    [
        ("kernel_size", 2),
        ("kernel_size", "3"),
        ("kernel_size", True),
        ("padding", "VALID"),
        ("padding", 3),
        ("upsampling", "nearest"),
        ("batch_norm", 1),
        ("batch_norm", "yes"),
        ("batch_norm", None),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", math.nan),
        ("dropout", "0.5"),
        ("dropout", True),
        ("head_activation", "tanh"),
        ("head_activation", None),
    ],
)
def test_other_knobs_refuse_what_is_not_theirs(knob, bad):
    with pytest.raises(ValueError, match="is not allowed: give ") as caught:
        UNetConfig(**{knob: bad})
    assert repr(bad) in str(caught.value)
    assert str(allowed(knob)) in str(caught.value)


def test_all_problems_are_told_at_once():
    with pytest.raises(ValueError, match="depth=0 .* padding='full' .* dropout=2 "):
        UNetConfig(depth=0, padding="full", dropout=2)


def test_a_long_or_hostile_value_is_shown_short():
    class Hostile:
        def __repr__(self):
            raise RuntimeError

    with pytest.raises(ValueError, match="a Hostile is not allowed"):
        UNetConfig(depth=Hostile())
    with pytest.raises(ValueError, match="…") as caught:
        UNetConfig(padding="x" * 10_000)
    assert len(str(caught.value)) < 200


def test_numpy_numbers_become_plain_ones():
    config = UNetConfig(depth=np.int64(3), dropout=np.float32(0.5), batch_norm=np.bool_(True), kernel_size=np.int8(5))
    assert json.loads(json.dumps(config.to_dict()))["depth"] == 3
    assert [type(v) for v in (config.depth, config.dropout, config.batch_norm, config.kernel_size)] == [
        int,
        float,
        bool,
        int,
    ]


@given(configs())
def test_a_design_survives_json(config):
    again = UNetConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert hash(again) == hash(config)


def test_shared_dicts_are_read_with_care():
    assert UNetConfig.from_dict({}) == UNetConfig()
    for bad, words in (
        ({"depht": 3}, "Unknown key 'depht': did you mean 'depth'"),
        ({"<script>": 3}, "Unknown key '<script>': the keys are depth"),
        ({"version": 2}, "version=2 is not known"),
        ({"version": "1"}, "version='1' is not known"),
        ({"version": True}, "version=True is not known"),
        ({"depth": "4"}, "depth='4' is not allowed"),
        ({1: 2}, "Unknown key 1"),
        ([("depth", 3)], "A design is a dict"),
        (None, "A design is a dict"),
    ):
        with pytest.raises(ValueError, match=words):
            UNetConfig.from_dict(bad)


@given(
    st.dictionaries(
        st.sampled_from([*UNetConfig.__dataclass_fields__, "version", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    )
)
def test_no_dict_does_more_than_raise_a_value_error(values):
    before = dict(values)
    try:
        config = UNetConfig.from_dict(values)
    except ValueError as error:
        assert len(str(error)) > 20
    else:
        assert UNetConfig.from_dict(config.to_dict()) == config
    assert list(values) == list(before)


def test_unknown_knob():
    with pytest.raises(ValueError, match="Unknown knob 'colour'"):
        allowed("colour")
