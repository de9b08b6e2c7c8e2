"""How tiles cover an image: every pixel once, on one grid, and nothing that a border could have spoilt."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import (
    ShapeError,
    Tiling,
    UNetConfig,
    best_tile,
    estimate_memory,
    nearest_sizes,
    tile_for_output,
    trace,
    valid_sizes,
)
from unet_explorer.core.axis import margins, needed, reflected
from unet_explorer.core.tiling import read_image_shape

SMALL = {"depth": st.integers(1, 4), "convs_per_block": st.integers(1, 2), "kernel_size": st.sampled_from([1, 3, 5])}


@st.composite
def tilings(draw, naive_too=False):
    """A network, an image, and a tile with which it can be covered."""
    config = draw(configs(**SMALL))
    image = draw(st.tuples(st.integers(1, 400), st.integers(1, 400)))
    lost = margins(config)
    able = tile_for_output(config, lost.period + lost.first + lost.last)
    tile = tuple(able + draw(st.integers(0, 6)) * lost.period for _ in range(2))
    return Tiling(config, image, tile, seamless=not (naive_too and draw(st.booleans())))


@examples(150)
@given(tilings(naive_too=True))
def test_every_pixel_is_written_exactly_once(tiling):
    written = np.zeros(tiling.image, int)
    for tile in tiling:
        written[tile.write] += 1
        sizes = [part.stop - part.start for part in tile.write]
        assert all(size > 0 for size in sizes)
        assert sizes == [part.stop - part.start for part in tile.keep]
    assert (written == 1).all()
    assert len(list(tiling)) == len(tiling)


@examples(150)
@given(tilings())
def test_tiles_share_one_grid_and_stay_within_the_whole(tiling):
    for name, at in (("height", 0), ("width", 1)):
        period = 2**tiling.config.depth
        side = tiling.image[at]
        whole = tile_for_output(tiling.config, side)
        border = (whole - trace(tiling.config, whole).output.height) // 2
        starts = {tile.start[at] for tile in tiling}
        assert {(start + border) % period for start in starts} == {0}, name
        assert min(starts) == -border
        assert all(start + tiling.tile[at] <= whole - border for start in starts)
        assert max(starts) + tiling.tile[at] == whole - border


@examples(60)
@given(tilings(), st.data())
def test_a_written_pixel_sees_nothing_beyond_its_tile_but_what_the_whole_would_not_see_either(tiling, data):
    """Against walking back, step by step, through the whole and through the tile."""
    tile = tiling[data.draw(st.integers(0, len(tiling) - 1))]
    for at in (0, 1):
        whole = tile_for_output(tiling.config, tiling.image[at])
        border = (whole - naive.sides(tiling.config, whole)["head"]) // 2
        origin = tile.start[at] + border
        ends = {tile.keep[at].start, tile.keep[at].stop - 1}
        for pixel in ends | {data.draw(st.sampled_from(range(tile.keep[at].start, tile.keep[at].stop)))}:
            in_tile = naive.seen(tiling.config, tile.size[at], "head", pixel)
            in_whole = naive.seen(tiling.config, whole, "head", pixel + origin)
            assert tuple(place + origin for place in in_tile) == in_whole


@examples(60)
@given(configs(**SMALL), st.integers(0, 3))
def test_margins_are_as_narrow_as_they_can_be(config, more):
    """One pixel further out would see beyond the tile."""
    lost = margins(config)
    tile = tile_for_output(config, 1 + lost.first + lost.last) + more * lost.period
    large = tile + 40 * lost.period
    output = naive.sides(config, tile)["head"]
    assert lost.border * 2 == tile - output

    def agrees(pixel: int, shift: int) -> bool:
        inner = naive.seen(config, tile, "head", pixel)
        outer = naive.seen(config, large, "head", pixel + shift)
        return tuple(place + shift for place in inner) == outer

    far = 20 * lost.period
    assert agrees(lost.first, far) or lost.last + lost.first >= output
    assert lost.first == 0 or not agrees(lost.first - 1, far)
    assert agrees(output - 1 - lost.last, far)
    assert lost.last == 0 or not agrees(output - lost.last, far)


def test_the_paper():
    # 388 mod 16 = 4, so a stride of 388 would not be exact; 384 is (DESIGN and section 2 of the paper).
    tiling = Tiling(UNetConfig(), (1024, 1024), 572)
    assert (tiling.tile, tiling.output) == ((572, 572), (388, 388))
    assert [axis.stride for axis in tiling.axes] == [384, 384]
    naively = Tiling(UNetConfig(), (1024, 1024), 572, seamless=False)
    assert [axis.stride for axis in naively.axes] == [388, 388]
    assert [tile.start[1] for tile in naively][:3] == [-92, 296, 684]
    assert tiling.computed == 9 * 572**2
    assert tiling.share == pytest.approx(1024**2 / (9 * 572**2))
    assert tiling.macs == 9 * trace(UNetConfig(), 572).macs


def test_what_is_asked_for_beyond_the_image_is_not_taken():
    tiling = Tiling(UNetConfig(), (100, 20), 572)
    assert len(tiling) == 1
    assert tiling.tile == (tile_for_output(UNetConfig(), 100), tile_for_output(UNetConfig(), 20))


def test_tiles_that_cannot_meet_are_refused_and_the_smallest_that_can_is_named():
    with pytest.raises(ValueError, match="4 px can be used, but tiles must lie a multiple of 16 px apart") as told:
        Tiling(UNetConfig(), (512, 512), 188)
    assert "The smallest that can is 204; 700 takes it in one piece." in str(told.value)
    assert len(Tiling(UNetConfig(), (512, 512), 204)) == 32**2
    # One tile meets nobody, and naive ones do not care.
    assert len(Tiling(UNetConfig(), (4, 4), 188)) == 1
    assert len(Tiling(UNetConfig(), (512, 512), 188, seamless=False)) == 128**2
    with pytest.raises(ValueError, match="188 px in height"):
        Tiling(UNetConfig(), (512, 512), (188, 700))


def test_what_is_no_image_or_no_tile_is_refused_in_words():
    for bad in ((512,), (0, 5), (1, 2, 3, 4), "512", None, (5, 10**9), (5.5, 5), (True, [])):
        with pytest.raises(ValueError, match="image_shape=.* is not allowed: give \\(height, width\\)"):
            Tiling(UNetConfig(), bad, 572)
    with pytest.raises(ShapeError, match="Tile 512 does not fit"):
        Tiling(UNetConfig(), (512, 512), 512)
    with pytest.raises(IndexError, match="There are 4 tiles"):
        Tiling(UNetConfig(), (512, 512), 572)[4]
    assert Tiling(UNetConfig(), (512, 512), 572)[-1].write == (slice(384, 512), slice(384, 512))
    assert read_image_shape(np.zeros((3, 4, 1)).shape) == (3, 4)


@given(st.integers(1, 12), st.integers(-60, 60), st.integers(1, 70))
def test_mirroring_is_numpys(side, start, length):
    padded = np.pad(np.arange(side), 200, mode="reflect")
    seen = padded[start + 200 : start + 200 + length]
    assert [reflected(place, side) for place in range(start, start + length)] == seen.tolist()
    part = needed(start, length, side)
    assert (part.start, part.stop) == (seen.min(), seen.max() + 1)


def test_it_draws_itself():
    rows = str(Tiling(UNetConfig(depth=2), (120, 2000), 76)).splitlines()
    assert rows[0] == "120 × 2000 px in 4 × 56 tiles of 76 × 76, 36 px apart; 19 % of the pixels computed are kept."
    assert rows[1] == "height"
    assert rows[6] == "width"
    assert rows[-1] == "… 44 more"
    assert all(len(row) == 64 and "o" in row for row in rows[2:6])
    assert rows[2].startswith("~")
    assert rows[5].endswith("~")
    # Every column is written by one tile, but for the mirrored border.
    assert sum("o" in column for column in zip(*rows[2:6], strict=True)) == sum(row.count("o") for row in rows[2:6])
    assert eval(repr(Tiling(UNetConfig(), (5, 5), 572)), {"Tiling": Tiling, "UNetConfig": UNetConfig}).tile == (
        204,
        204,
    )


@examples(25)
@given(
    configs(depth=st.integers(1, 2), base_filters=st.integers(1, 8), kernel_size=st.sampled_from([1, 3])),
    st.tuples(st.integers(1, 120), st.integers(1, 120)),
    st.floats(0, 1),
)
def test_the_best_tile_is_the_best_of_all(config, image, where):
    """Against trying every pair."""
    shares = {}
    for n in valid_sizes(config, 1, tile_for_output(config, image[0])):
        for m in valid_sizes(config, 1, tile_for_output(config, image[1])):
            try:
                share = Tiling(config, image, (n, m)).share
            except ValueError:
                continue
            shares[n, m] = (share, estimate_memory(config, (n, m))["total"])
    memories = sorted(memory for _, memory in shares.values())
    limit = memories[round(where * (len(memories) - 1))]
    found = best_tile(config, image, limit)
    assert shares[found][1] <= limit
    assert shares[found][0] == max(share for share, memory in shares.values() if memory <= limit)
    assert best_tile(config, image, memories[0] - 1) is None


def test_more_memory_never_gives_a_worse_tile():
    config = UNetConfig(depth=3, base_filters=8)
    shares = [
        Tiling(config, (2048, 1500), best_tile(config, (2048, 1500), limit)).share
        for limit in range(700_000_000, 3_000_000_000, 100_000_000)
    ]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]
    assert nearest_sizes(config, best_tile(config, (2048, 1500), 10**10)[0])[0] == tile_for_output(config, 2048)


def test_thousands_of_tiles_on_an_axis():
    tiling = Tiling(UNetConfig(depth=2), (10, 100_000), 76)
    assert len(tiling) > 2500
    assert tiling[1300].write[1] == slice(1300 * 36, 1301 * 36)
    assert sum(tile.write[1].stop - tile.write[1].start for tile in tiling) == 100_000
