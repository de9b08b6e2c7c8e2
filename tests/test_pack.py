"""Networks that come packed with the package; that the page unpacks them rightly is tested in tests/javascript."""

from __future__ import annotations

import gzip
import json

from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer.panel.instrument.facts import describe
from unet_explorer.panel.instrument.pack import COLUMN, PART, networks_at_hand, offered, packed


def unfolded(tree, parts, at):
    if isinstance(tree, list):
        return [unfolded(each, parts, at) for each in tree]
    if not isinstance(tree, dict):
        return tree
    if PART in tree:
        return unfolded(parts[tree[PART]], parts, at)
    if COLUMN in tree:
        return unfolded(tree[COLUMN][at], parts, at)
    return {name: unfolded(each, parts, at) for name, each in tree.items()}


def test_what_comes_with_the_package_is_what_is_drawn_today():
    """If not: python -m unet_explorer.panel.instrument.pack"""
    there, now = (json.loads(gzip.decompress(each)) for each in (networks_at_hand(), packed(offered())))
    assert there == now


@examples(5)
@given(st.lists(configs(), min_size=1, max_size=4, unique=True))
def test_any_networks_come_out_as_they_went_in(designs):
    held = json.loads(gzip.decompress(packed(designs)))
    networks = [
        unfolded(group["network"], held["parts"], at) for group in held["groups"] for at in range(group["count"])
    ]
    # As text: 1 and 1.0 and true are not the same to a page.
    assert json.dumps(networks) == json.dumps([describe(config) for config in designs])


def test_every_depth_with_each_number_of_filters_and_both_paddings():
    wanted = {
        (depth, filters, padding)
        for depth in range(1, 8)
        for filters in (4, 8, 16, 32, 64)
        for padding in ("valid", "same")
    }
    assert {(config.depth, config.base_filters, config.padding) for config in offered()} == wanted
