"""The U, written once."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from support import configs

from unet_explorer import UNetConfig, plan
from unet_explorer.core.plan import TILE


def test_the_names_in_the_order_of_the_paper():
    names = [step.name for step in plan(UNetConfig(depth=2))]
    assert names == [
        *("enc0_conv1", "enc0_conv2", "enc0_pool"),
        *("enc1_conv1", "enc1_conv2", "enc1_pool"),
        *("bottleneck_conv1", "bottleneck_conv2"),
        *("dec1_up", "dec1_concat", "dec1_conv1", "dec1_conv2"),
        *("dec0_up", "dec0_concat", "dec0_conv1", "dec0_conv2"),
        "head",
    ]


def test_without_skips_nothing_is_copied_and_nothing_else_changes():
    with_, without = plan(UNetConfig(depth=2)), plan(UNetConfig(depth=2, skips=False))
    assert [step.name for step in without] == [step.name for step in with_ if step.op != "crop_concat"]
    assert all(len(step.inputs) == 1 for step in without)
    (first,) = [step for step in without if step.name == "dec0_conv1"]
    assert (first.in_channels, first.channels) == (64, 64)


def test_the_paper_has_23_convolutions():
    ops = [step.op for step in plan(UNetConfig())]
    assert sum(op in {"conv", "upconv", "conv1x1"} for op in ops) == 23


@given(configs(), configs())
def test_two_plans_are_equal_only_if_all_their_steps_are(one, other):
    mine, theirs = plan(one), plan(other)
    assert (mine == theirs) == ([vars(step) for step in mine] == [vars(step) for step in theirs])


def test_a_step_is_more_than_its_name():
    assert plan(UNetConfig(base_filters=8, padding="same")) != plan(UNetConfig())
    step = plan(UNetConfig())[0]
    assert step != step.name
    assert copy.deepcopy(step) == pickle.loads(pickle.dumps(step)) == step
    assert len({step, copy.deepcopy(step)}) == 1
    with pytest.raises(FrozenInstanceError):
        step.channels = 3


@given(configs())
def test_every_step_can_be_computed_when_its_turn_comes(config):
    channels = {TILE: config.in_channels}
    for step in plan(config):
        assert step.name not in channels
        assert step.in_channels == sum(channels[name] for name in step.inputs)
        channels[step.name] = step.channels
    assert step.channels == config.num_classes
    used = {name for step in plan(config) for name in step.inputs}
    assert used == channels.keys() - {"head"}


def test_knobs_show_in_the_plan():
    names = {step.name: step for step in plan(UNetConfig(batch_norm=True, dropout=0.5, upsampling="bilinear", depth=2))}
    assert names["enc0_conv1"].activation == "linear"
    assert not names["enc0_conv1"].bias
    assert names["enc0_norm1"].inputs == ("enc0_conv1",)
    assert names["enc0_relu1"].inputs == ("enc0_norm1",)
    # Dropout "at the end of the contracting path" (section 3.1): on the deepest skip and at the bottom.
    assert [name for name in names if "dropout" in name] == ["enc1_dropout", "bottleneck_dropout"]
    assert names["dec1_concat"].inputs == ("enc1_dropout", "dec1_up")
    assert names["dec1_upsample"].channels == names["bottleneck_conv1"].channels
    assert (names["dec1_up"].op, names["dec1_up"].kernel, names["dec1_up"].padding) == ("conv", 2, "same")
