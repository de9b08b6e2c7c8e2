"""The error that students meet most: it names the step, the axis, the side, and what would fit."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs

from unet_explorer import ShapeError, UNetConfig, trace


def caught(config, tile):
    with pytest.raises(ShapeError) as error:
        trace(config, tile)
    return error.value


def test_the_error_as_it_should_read():
    assert str(caught(UNetConfig(), 512)) == (
        "Tile 512 does not fit this U-Net: enc2_pool would halve an odd side (121).\n"
        "Nearest tiles that fit: 508 (output 324) and 524 (output 340)."
    )


def test_a_map_that_vanishes():
    # 92: 90 88 44 42 40 20 18 16 8 6 4 2, and the next convolution leaves nothing.
    error = caught(UNetConfig(), 92)
    assert (error.step, error.side, error.suggestions) == ("bottleneck_conv1", 0, (188,))
    assert str(error) == (
        "Tile 92 does not fit this U-Net: nothing is left of the map at bottleneck_conv1 (side 0).\n"
        "Nearest tile that fits: 188 (output 4)."
    )


def test_a_rectangle_names_the_axis_and_mends_each_alone_and_both():
    error = caught(UNetConfig(), (572, 570))
    assert (error.step, error.axis, error.side) == ("enc1_pool", "width", 279)
    assert error.by_axis == {"height": (572,), "width": (556, 572)}
    assert error.suggestions == ((572, 556), (572, 572))
    assert "in width" in str(error)
    error = caught(UNetConfig(), (512, 570))
    assert (error.step, error.axis) == ("enc1_pool", "width")
    assert error.by_axis == {"height": (508, 524), "width": (556, 572)}
    assert error.suggestions == ((508, 556), (508, 572), (524, 556), (524, 572))


def test_a_pair_is_mended_with_pairs_and_a_number_with_numbers():
    assert caught(UNetConfig(), (512, 512)).suggestions == ((508, 508), (524, 524))
    assert caught(UNetConfig(), 512).suggestions == (508, 524)


@given(configs(), st.integers(1, 3000), st.integers(1, 3000))
def test_whatever_is_suggested_fits(config, height, width):
    try:
        trace(config, (height, width))
    except ShapeError as error:
        assert error.suggestions
        assert isinstance(error, ValueError)
        for suggestion in error.suggestions:
            trace(config, suggestion)
        for axis, given_side in (("height", height), ("width", width)):
            for side in error.by_axis[axis]:
                trace(config, side)
            assert (given_side in error.by_axis[axis]) == (error.by_axis[axis] == (given_side,))
        assert error.side % 2 == 1 or error.side <= 0
        again = pickle.loads(pickle.dumps(error))
        assert str(again) == str(error)
        assert again.suggestions == error.suggestions
