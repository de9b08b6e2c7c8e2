"""The law of sizes against step-by-step arithmetic."""

from __future__ import annotations

import itertools

import naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs

from unet_explorer import ShapeError, UNetConfig, nearest_sizes, plan, tile_for_output, trace, valid_sizes
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.tiles import LARGEST, read_tile, sides

GRID = [
    UNetConfig(depth=d, convs_per_block=c, kernel_size=k, padding=p, upsampling=u)
    for d, c, k, p, u in itertools.product(
        range(1, 8), range(1, 5), (1, 3, 5, 7), ("valid", "same"), ("transpose", "bilinear")
    )
]


def test_every_config_and_tile_against_naive_arithmetic():
    """448 networks × tiles around their smallest: whether it fits, every side, and the first failure."""
    pairs = 0
    for config in GRID:
        smallest = valid_sizes(config, 1, LARGEST)[0]
        period = 2**config.depth
        for n in {1, 2, 3, *range(max(1, smallest - period), smallest + period + 1)}:
            pairs += 1
            try:
                expected = naive.sides(config, n)
            except naive.Misfit as misfit:
                step, side = misfit.args
                with pytest.raises(ShapeError) as caught:
                    trace(config, n)
                assert (caught.value.step, caught.value.side, caught.value.axis) == (step, side, "height")
            else:
                assert {name: pair[0] for name, pair in sides(config, n).items()} == expected
    assert pairs > 30_000


@given(configs(), st.integers(1, 40_000))
def test_valid_sizes_are_exactly_those_that_fit(config, n):
    try:
        naive.sides(config, n)
        fits = True
    except naive.Misfit:
        fits = False
    assert (n in valid_sizes(config, n, n)) == fits
    assert (n in valid_sizes(config, 1, 50_000)) == fits
    below, above = nearest_sizes(config, n)
    assert above >= n
    assert fits == (below == n == above)
    if below is not None:
        assert below <= n
        assert valid_sizes(config, below + 1, above - 1) == range(0) or fits
        naive.sides(config, below)
    naive.sides(config, above)


def test_closed_form_of_the_paper():
    sizes = valid_sizes(UNetConfig())
    assert isinstance(sizes, range)
    assert list(sizes[:2]) == [188, 204]
    assert 572 in sizes
    assert {n % 16 for n in sizes} == {12}
    assert sizes[-1] <= 1024
    assert list(valid_sizes(UNetConfig(), 573, 587)) == []
    assert list(valid_sizes(UNetConfig(), -5, 188)) == [188]


@given(configs())
def test_closed_forms_of_the_paper_hold_for_all(config):
    t = config.convs_per_block * (config.kernel_size - 1) if config.padding == "valid" else 0
    s = 2**config.depth
    sizes = valid_sizes(config, 1, LARGEST)
    assert sizes.step == s
    assert sizes[0] % s == -t % s
    assert sizes[0] - t * (3 * s - 2) in range(1, s + 1)
    known = laws(config)
    cut = [crop(step, known) for step in plan(config) if step.op == "crop_concat"]
    # With t pixels a block; 0 if padded.
    assert cut == [(t * (3 * 2 ** (e - 1) - 2)) for e in range(1, config.depth + 1) if config.skips]
    assert cut == naive.crops(config, sizes[0])


@given(configs(), st.integers(1, 5000))
def test_tile_for_output_is_the_smallest(config, wanted):
    n = tile_for_output(config, wanted)
    assert naive.sides(config, n)["head"] >= wanted
    before = nearest_sizes(config, n - 1)[0] if n > 1 else None
    assert before is None or naive.sides(config, before)["head"] < wanted


@pytest.mark.parametrize("bad", [0, -1, 1.5, "388", None, True, LARGEST, LARGEST - 184 + 1, float("nan")])
def test_tile_for_output_refuses(bad):
    with pytest.raises(ValueError, match="is not allowed: give a whole number"):
        tile_for_output(UNetConfig(), bad)


def test_nothing_beyond_the_limit_is_suggested():
    below, above = nearest_sizes(UNetConfig(), LARGEST)
    assert above is None
    assert LARGEST - 16 < below <= LARGEST
    assert nearest_sizes(UNetConfig(), 10 * LARGEST) == (below, None)
    assert sides(UNetConfig(), below)["head"]
    with pytest.raises(ShapeError) as caught:
        trace(UNetConfig(), LARGEST)
    assert caught.value.suggestions == (below,)
    assert tile_for_output(UNetConfig(), below - 184) == below


@pytest.mark.parametrize("bad", [512.5, "512", None, float("nan"), True])
def test_sizes_that_are_no_numbers_are_one_value_error(bad):
    with pytest.raises(ValueError, match="n=.* is not allowed: give a whole number of pixels"):
        nearest_sizes(UNetConfig(), bad)
    with pytest.raises(ValueError, match="low=.* is not allowed"):
        valid_sizes(UNetConfig(), bad)
    with pytest.raises(ValueError, match="high=.* is not allowed"):
        valid_sizes(UNetConfig(), 1, bad)


@pytest.mark.parametrize("bad", ["paper", None, {"depth": 3}, 4])
def test_what_is_no_network_is_one_value_error(bad):
    for ask in (
        plan,
        valid_sizes,
        lambda config: trace(config, 572),
        lambda config: nearest_sizes(config, 5),
        lambda config: tile_for_output(config, 5),
    ):
        with pytest.raises(ValueError, match="config=.* is not a network: give a UNetConfig"):
            ask(bad)


@pytest.mark.parametrize(
    "bad",
    [0, -4, 1.0, "572", None, True, (572,), (1, 2, 3), (572, "x"), (572, 0), [True, 572], float("nan"), LARGEST + 1],
)
def test_bad_tiles_are_one_value_error_that_says_how_to_write_one(bad):
    with pytest.raises(ValueError, match=r"tile=.* is not allowed: give one whole number .* such as \(572, 444\)"):
        read_tile(bad)


def test_each_axis_follows_the_law_on_its_own():
    both = sides(UNetConfig(), (188, 572))
    assert both["head"] == (4, 388)
    for name, (down, across) in both.items():
        assert sides(UNetConfig(), 188)[name][0] == down
        assert sides(UNetConfig(), 572)[name][1] == across
