"""Shapes, crops, parameters and work, against the paper's figure and against counting by hand."""

from __future__ import annotations

import json

import naive
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import SHARED, configs

from unet_explorer import ShapeError, UNetConfig, trace, valid_sizes

# Figure 1 of Ronneberger et al. 2015, read off by hand: side and channels behind every step.
PAPER = """
    enc0_conv1 570 64     enc0_conv2 568 64     enc0_pool 284 64
    enc1_conv1 282 128    enc1_conv2 280 128    enc1_pool 140 128
    enc2_conv1 138 256    enc2_conv2 136 256    enc2_pool 68 256
    enc3_conv1 66 512     enc3_conv2 64 512     enc3_pool 32 512
    bottleneck_conv1 30 1024                    bottleneck_conv2 28 1024
    dec3_up 56 512        dec3_concat 56 1024   dec3_conv1 54 512   dec3_conv2 52 512
    dec2_up 104 256       dec2_concat 104 512   dec2_conv1 102 256  dec2_conv2 100 256
    dec1_up 200 128       dec1_concat 200 256   dec1_conv1 198 128  dec1_conv2 196 128
    dec0_up 392 64        dec0_concat 392 128   dec0_conv1 390 64   dec0_conv2 388 64
    head 388 2
""".split()


def test_the_figure_of_the_paper():
    rows = [(row.step.name, str(row.output.height), str(row.output.channels)) for row in trace(UNetConfig(), 572)]
    assert rows == list(zip(PAPER[0::3], PAPER[1::3], PAPER[2::3], strict=True))
    result = trace(UNetConfig(), 572)
    assert result.crops == (4, 16, 40, 88)
    assert result.parameters == 31_030_658
    assert round(result.macs / 1e9, 1) == 150.4
    assert trace(UNetConfig(in_channels=3), 572).parameters == 31_031_810
    assert result["bottleneck_conv2"].receptive_field == 140
    assert result.output == (388, 388, 2)


def test_the_table_of_the_facts():
    file = SHARED / "facts" / "paper-572.json"
    if not file.is_file():
        pytest.skip("shared/facts/paper-572.json is not here")
    facts = json.loads(file.read_text())
    result = trace(UNetConfig(), facts["tile"])
    assert result.parameters == facts["parameters"]
    told = [
        (r["step"], r["op"], r["side"], r["channels"], r["parameters"], r.get("crop_per_side", 0))
        for r in facts["rows"]
    ]
    mine = [(r.step.name, r.step.op, r.output.height, r.output.channels, r.parameters, r.crop) for r in result]
    assert mine == told


def test_work_and_memory_counted_by_hand():
    rows = trace(UNetConfig(), 572)
    assert rows["enc0_conv1"].macs == 570 * 570 * 9 * 1 * 64
    assert rows["enc0_conv1"].bytes == 570 * 570 * 64 * 4
    # Stride 2: each output pixel of the up-convolution is reached by one of the four kernel entries.
    assert rows["dec3_up"].macs == 56 * 56 * 1024 * 512
    assert rows["dec3_up"].parameters == 2 * 2 * 1024 * 512 + 512
    assert rows["enc0_pool"].macs == rows["dec0_concat"].macs == 0
    assert rows["head"].macs == 388 * 388 * 64 * 2
    bilinear = trace(UNetConfig(upsampling="bilinear"), 572)
    assert bilinear["dec3_up"].macs == 56 * 56 * 4 * 1024 * 512
    assert bilinear.parameters == rows.parameters


def test_what_arrives_is_what_left_before():
    rows = trace(UNetConfig(), (572, 188))
    concat = rows["dec0_concat"]
    assert concat.inputs == (rows["enc0_conv2"].output, rows["dec0_up"].output)
    assert rows["enc0_conv1"].inputs == ((572, 188, 1),)
    assert rows.tile == (572, 188)
    assert len(rows) == 31


@given(configs(), st.integers(0, 12), st.integers(0, 12))
def test_rows_of_a_rectangle_are_the_product_of_its_sides(config, down, across):
    sizes = valid_sizes(config, 1, 100_000)
    assume(len(sizes) > 12)
    tile = sizes[down], sizes[across]
    expected = [naive.sides(config, n) for n in tile]
    result = trace(config, tile)
    for row in result:
        assert row.output[:2] == tuple(found[row.step.name] for found in expected)
        assert row.bytes == 4 * row.output.height * row.output.width * row.output.channels
    assert result.crops == tuple(naive.crops(config, tile[0]))


def test_trace_refuses_with_value_errors_only():
    for bad in ("x", None, 0, float("nan"), (1, 2, 3)):
        with pytest.raises(ValueError, match="is not allowed"):
            trace(UNetConfig(), bad)
    with pytest.raises(ShapeError):
        trace(UNetConfig(), 571)
