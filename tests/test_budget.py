"""The nearest design within a limit, against a search through all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_explorer import ShapeError, UNetConfig, estimate_memory, nearest_sizes, trace, valid_sizes
from unet_explorer.core.budget import FEWEST_FILTERS, SMALLEST_OUTPUT, fitting_design

NETWORKS = st.builds(
    UNetConfig,
    depth=st.integers(1, 3),
    base_filters=st.sampled_from([1, 3, 4, 6, 8, 13, 32]),
    convs_per_block=st.integers(1, 2),
    padding=st.sampled_from(["valid", "same"]),
    upsampling=st.sampled_from(["transpose", "bilinear"]),
)


def total(design, training):
    return estimate_memory(*design, training)["total"]


def simplest(config):
    """The same network, halved as often as is allowed: first filters, then levels."""
    networks = []
    for depth in range(config.depth, 0, -1):
        filters = config.base_filters
        networks.append(replace(config, depth=depth, base_filters=filters))
        while filters >= 2 * FEWEST_FILTERS:
            filters //= 2
            networks.append(replace(config, depth=depth, base_filters=filters))
    return networks


def by_search(config, side, batch, limit, training):
    """Try all batches, all square tiles and all networks, one by one, in the order of what is given up."""
    least = min(SMALLEST_OUTPUT, trace(config, side).output.height)
    for network in simplest(config):
        tries = [(network, (side, side), size) for size in range(batch, 0, -1)]
        tries += [
            (network, (smaller, smaller), 1)
            for smaller in reversed(valid_sizes(network, 1, side - 1))
            if trace(network, smaller).output.height >= least
        ]
        for design in tries:
            if total(design, training) <= limit:
                return design
    return None


@given(NETWORKS, st.integers(0, 12), st.integers(1, 6), st.floats(0, 1.1), st.booleans())
def test_squares(config, place, batch, share, training):
    side = valid_sizes(config)[place]
    wanted = (config, (side, side), batch)
    # From the least that anything takes to a little more than what is wanted.
    lowest = total((simplest(config)[-1], (nearest_sizes(config, 1)[1],) * 2, 1), training) - 10**6
    limit = int(lowest + share * (total(wanted, training) - lowest))
    assert fitting_design(config, side, batch, limit, training) == by_search(config, side, batch, limit, training)


@given(NETWORKS, st.integers(0, 12), st.integers(0, 12), st.floats(0, 1))
def test_rectangles(config, down, across, share):
    sizes = valid_sizes(config)
    tile = sizes[down], sizes[across]
    output = trace(config, tile).output
    lowest = total((config, (sizes[0], sizes[0]), 1), True)
    limit = int(lowest + share * (total((config, tile, 1), True) - lowest))
    found = fitting_design(config, tile, 1, limit)
    if found is None or found[0] != config:
        return
    _, (height, width), batch = found
    assert batch == 1
    assert total(found, True) <= limit
    assert height <= tile[0]
    assert width <= tile[1]
    left = trace(config, (height, width)).output
    least = [min(SMALLEST_OUTPUT, side) for side in output[:2]]
    assert left.height >= least[0]
    assert left.width >= least[1]
    # The next larger tile would have been too much, whichever way it grows that is not away from the one wanted.
    grown = (min(tile[0], height + sizes.step), min(tile[1], width + sizes.step))
    assert found[1] == tile or total((config, grown, 1), True) > limit
    # A rectangle never gets longer.
    assert abs(height - width) <= abs(tile[0] - tile[1])


def test_what_is_given_up_first():
    paper = UNetConfig()

    def given_up(limit):
        return fitting_design(paper, 572, 4, limit)

    assert given_up(6 * 10**9) == (paper, (572, 572), 4)
    assert given_up(5 * 10**9) == (paper, (572, 572), 3)
    assert given_up(2 * 10**9) == (paper, (460, 460), 1)
    # Below what its parameters alone take, the wanted batch and tile are tried again with half the filters.
    config, tile, batch = given_up(1_400 * 10**6)
    assert (config.depth, config.base_filters, tile, batch) == (4, 32, (572, 572), 1)
    assert given_up(600 * 10**6) is None


def test_predicting_takes_less():
    assert fitting_design(UNetConfig(), 572, 1, 1_200_000_000, training=False) == (UNetConfig(), (572, 572), 1)
    assert fitting_design(UNetConfig(), 572, 1, 1_200_000_000) != (UNetConfig(), (572, 572), 1)


def test_a_huge_tile_is_shrunk_at_once():
    found = fitting_design(UNetConfig(depth=1, base_filters=4), 999_998, 4096, 10**9)
    assert found is not None
    config, (side, _), batch = found
    assert (config.base_filters, batch) == (4, 1)
    assert total((config, (side + 2, side + 2), 1), True) > 10**9 >= total(found, True)


def test_refusals():
    for bad in (-1, 1.5, "2", True, None):
        with pytest.raises(ValueError, match="limit=.* is not allowed"):
            fitting_design(UNetConfig(), 572, 1, bad)
    with pytest.raises(ValueError, match="batch_size=0 is not allowed"):
        fitting_design(UNetConfig(), 572, 0, 10**9)
    with pytest.raises(ShapeError):
        fitting_design(UNetConfig(), 571, 1, 10**9)
