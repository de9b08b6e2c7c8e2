"""Blocks of tiles: every pixel once, by a tile that sees all of it, on the grid of the whole, and no chunk shared."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import ShapeError, Tiling, UNetConfig, tile_for_output
from unet_explorer.core.axis import margins, reflected
from unet_explorer.core.blocks import Blocks

SMALL = {"depth": st.integers(1, 3), "convs_per_block": st.integers(1, 2), "kernel_size": st.sampled_from([1, 3, 5])}


@st.composite
def cut(draw):
    """A network, an image, tiles that can cover it, and how many of them make a block."""
    config = draw(configs(**SMALL))
    image = draw(st.tuples(st.integers(1, 500), st.integers(1, 500)))
    lost = margins(config)
    able = tile_for_output(config, lost.period + lost.first + lost.last)
    tile = tuple(able + draw(st.integers(0, 6)) * lost.period for _ in range(2))
    return Blocks(config, image, tile, per_block=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))))


@examples(70)
@given(cut())
def test_every_pixel_is_written_exactly_once_and_no_two_blocks_share_a_chunk(blocks):
    written = np.zeros(blocks.image, int)
    owners: dict[tuple[int, int], int] = {}
    for number, block in enumerate(blocks):
        mine = np.zeros(blocks.image, int)
        for tile in block.tiles:
            mine[tile.write] += 1
            inside = np.zeros(block.shape, int)
            inside[block.inside(tile)] += 1
            assert inside.sum() == mine[tile.write].size
            assert [part.stop - part.start for part in tile.keep] == [part.stop - part.start for part in tile.write]
        assert mine[block.write].all()
        assert mine.sum() == np.prod(block.shape)
        written += mine
        assert block.number == number
        rows, columns = block.write
        for chunk in {
            (row // blocks.chunk[0], column // blocks.chunk[1])
            for row in range(rows.start, rows.stop)
            for column in (columns.start, columns.stop - 1)
        }:
            assert owners.setdefault(chunk, number) == number
    assert (written == 1).all()
    assert len(blocks) == number + 1
    for side, chunk in zip(blocks.side, blocks.chunk, strict=True):
        assert side % chunk == 0
        assert chunk % 2**blocks.config.depth == 0


@examples(50)
@given(cut(), st.data())
def test_a_written_pixel_sees_what_it_sees_in_the_whole_and_the_block_holds_all_of_that(blocks, data):
    """Against walking back, step by step, through the whole and through the tile."""
    config = blocks.config
    block = blocks[data.draw(st.integers(0, len(blocks) - 1))]
    tile = data.draw(st.sampled_from(block.tiles))
    for at in (0, 1):
        side = blocks.image[at]
        whole = tile_for_output(config, side)
        border = (whole - naive.sides(config, whole)["head"]) // 2
        origin = tile.start[at] + border
        assert origin % 2**config.depth == 0
        assert 0 <= origin <= whole - tile.size[at]
        keep = range(tile.keep[at].start, tile.keep[at].stop)
        assert tile.write[at].start == keep[0] + origin
        for pixel in {keep[0], keep[-1], data.draw(st.sampled_from(keep))}:
            in_tile = naive.seen(config, tile.size[at], "head", pixel)
            in_whole = naive.seen(config, whole, "head", pixel + origin)
            assert tuple(place + origin for place in in_tile) == in_whole
        read = block.read[at]
        assert 0 <= read.start < read.stop <= side
        places = {reflected(place, side) for place in range(tile.start[at], tile.start[at] + tile.size[at])}
        assert read.start <= min(places)
        assert max(places) < read.stop


@examples(40)
@given(cut())
def test_a_block_reads_no_more_than_its_tiles_need(blocks):
    for block in blocks:
        for at in (0, 1):
            side = blocks.image[at]
            needed = {
                reflected(place, side)
                for tile in block.tiles
                for place in range(tile.start[at], tile.start[at] + tile.size[at])
            }
            assert (block.read[at].start, block.read[at].stop) == (min(needed), max(needed) + 1)


@examples(40)
@given(cut(), st.integers(1, 3))
def test_a_block_has_no_more_tiles_than_it_was_given_or_it_could_not_be(blocks, more):
    asked = Blocks(blocks.config, blocks.image, blocks.tile, per_block=more)
    for axis, lost in zip(asked._axes, [margins(blocks.config)] * 2, strict=True):
        assume(axis.axis.output - lost.last - lost.first >= 2 * lost.period)
        for number in range(axis.count):
            assert len(axis.spans(number)) <= more


def test_the_papers_network():
    config = UNetConfig()
    blocks = Blocks(config, (1024, 1000), 572)
    assert (blocks.side, blocks.grid) == ((384, 384), (3, 3))
    # Nothing is lost at its borders, so blocks of one tile are the tiles themselves.
    tiles = list(Tiling(config, (1024, 1000), 572))
    assert [block.tiles[0].write for block in blocks] == [tile.write for tile in tiles]
    assert all(len(block.tiles) == 1 for block in blocks)
    # The last one begins later than it must: only the last of all is laid so that it ends with the whole.
    assert blocks[8].tiles[0].start == tiles[8].start


def test_one_block_takes_all_where_one_tile_does():
    blocks = Blocks(UNetConfig(), (100, 2000), 572, per_block=(2, 100))
    assert len(blocks) == 1
    assert blocks[0].write == (slice(0, 100), slice(0, 2000))
    assert [tile.start for tile in blocks[0].tiles] == [tile.start for tile in Tiling(UNetConfig(), (100, 2000), 572)]


def test_margins_that_use_up_a_tile_take_a_second_one():
    config = UNetConfig(depth=2, padding="same")
    lost = margins(config)
    tile = tile_for_output(config, lost.period + lost.first + lost.last)
    blocks = Blocks(config, (300, 300), tile)
    assert max(len(block.tiles) for block in blocks) == 4
    assert blocks.side == (4, 4)


def test_a_large_image_is_cut_without_listing_what_is_in_it():
    blocks = Blocks(UNetConfig(depth=3, base_filters=8), (500_000, 400_000), 1100, per_block=2)
    last = blocks[-1]
    assert last.number == len(blocks) - 1
    assert (last.write[0].stop, last.write[1].stop) == (500_000, 400_000)
    assert last.write[0].stop - last.write[0].start <= blocks.side[0]


def test_what_does_not_do_is_refused_in_words():
    config = UNetConfig(depth=2)
    for bad in (0, -1, "two", 1.5, None, True, (1, 2, 3), (1, 0), [], 10**9):
        with pytest.raises(ValueError, match="per_block=|per_block is"):
            Blocks(config, (300, 300), 76, per_block=bad)
    with pytest.raises(ShapeError, match="Tile 77 does not fit"):
        Blocks(config, (300, 300), 77)
    with pytest.raises(ValueError, match="cannot cover"):
        Blocks(UNetConfig(), (512, 512), 188)
    blocks = Blocks(config, (300, 300), 76)
    with pytest.raises(IndexError, match="there is no block"):
        blocks[len(blocks)]
    with pytest.raises(ValueError, match="is no number of a block"):
        blocks["first"]
    assert blocks[-1].number == len(blocks) - 1
