"""What a pixel sees, against walking back through every operation (gradients of Keras: test_model.py)."""

from __future__ import annotations

import itertools

import naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import ShapeError, UNetConfig, plan, receptive_field, trace, valid_sizes
from unet_explorer.core.tiles import sides

SMALL = [
    UNetConfig(depth=d, convs_per_block=c, kernel_size=k, padding=p, upsampling=u)
    for d, c, k, p, u in itertools.product((1, 2, 3), (1, 2), (1, 3, 5), ("valid", "same"), ("transpose", "bilinear"))
]


@pytest.mark.parametrize("config", SMALL, ids=str)
def test_every_pixel_of_every_step(config):
    for n in valid_sizes(config, 1, 1024)[:3]:
        rows = trace(config, n)
        for row in rows:
            boxes = [naive.seen(config, n, row.step.name, pixel) for pixel in range(row.output.height)]
            for pixel, (first, last) in enumerate(boxes):
                box = receptive_field(config, n, row.step.name, (pixel, 0))
                assert (box.top, box.bottom - 1) == (first, last), (row.step.name, pixel)
                assert (box.left, box.right - 1) == boxes[0]
            assert row.receptive_field == max(last - first + 1 for first, last in boxes), row.step


@examples(60)
@given(configs(), st.data())
def test_any_pixel_of_any_network(config, data):
    n = valid_sizes(config, 1, 100_000)[data.draw(st.integers(0, 2))]
    step = data.draw(st.sampled_from([step.name for step in plan(config)]))
    pixel = data.draw(st.integers(0, sides(config, n)[step][0] - 1))
    box = receptive_field(config, n, step, (pixel, pixel))
    first, last = naive.seen(config, n, step, pixel)
    assert box == (first, first, last + 1, last + 1)
    assert box.height == box.width == last - first + 1


def test_the_paper():
    seen = {receptive_field(UNetConfig(), 572, "head", (pixel, 0)).height for pixel in range(388)}
    # Between 188 and 204 px, depending on where the pixel lies.
    assert (min(seen), max(seen)) == (188, 204)
    assert trace(UNetConfig(), 572)["head"].receptive_field == 204
    # Of a tile of 188 px nobody sees more than 188.
    assert trace(UNetConfig(), 188)["head"].receptive_field == 188


def test_the_longer_side_of_a_rectangle_counts():
    config = UNetConfig(padding="same", depth=2)
    assert trace(config, (8, 64))["head"].receptive_field == trace(config, 64)["head"].receptive_field
    assert trace(config, 8)["head"].receptive_field == 8


def test_refusals():
    with pytest.raises(ShapeError):
        receptive_field(UNetConfig(), 571, "head", (0, 0))
    with pytest.raises(ValueError, match="There is no step 'tail'"):
        receptive_field(UNetConfig(), 572, "tail", (0, 0))
    for bad in ((388, 0), (0, -1), (0,), (0, 0, 0), None, 5, (0.5, 1), "ab"):
        with pytest.raises(ValueError, match=r"outside the map of head: .* to \(387, 387\)"):
            receptive_field(UNetConfig(), 572, "head", bad)
