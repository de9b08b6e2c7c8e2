"""Tiles to learn from: where each pixel comes from, under every variation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import examples

from unet_explorer.data.augment import BRIGHTNESS, CONTRAST, STRENGTH, Augmentation, Source, draw_tile

NAMES = list(Augmentation().to_dict())


def ramp(height, width, far=0):
    """An image whose pixels say where they are: row and column; the label is both in one number."""
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return Source(np.stack([rows, columns], -1).astype("float32") + far, rows * width + columns)


def only(*names):
    return Augmentation(**{name: name in names for name in NAMES})


def drawn(source, tile, output, augmentation, seed=0):
    return draw_tile(np.random.default_rng(seed), source, tile, output, augmentation)


def centre(array, output):
    first = [(side - part) // 2 for side, part in zip(array.shape, output, strict=False)]
    return array[first[0] : first[0] + output[0], first[1] : first[1] + output[1]]


@examples(60)
@given(
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.integers(0, 10), st.integers(0, 10)),
    st.sampled_from([(), ("shifts",)]),
    st.integers(0, 99),
)
def test_a_plain_tile_is_a_part_of_the_mirrored_image(size, output, border, names, seed):
    tile = output[0] + 2 * border[0], output[1] + 2 * border[1]
    source = ramp(*size)
    got = drawn(source, tile, output, only(*names), seed)
    far = 60
    pad = ((far, far), (far, far))
    rows, columns = np.pad(source.image[..., 0], pad, mode="reflect"), np.pad(source.image[..., 1], pad, mode="reflect")
    places = [
        (down, across)
        for down in range(far - 24, far + 56)
        for across in range(far - 24, far + 56)
        if np.array_equal(rows[down : down + tile[0], across : across + tile[1]], got.tile[..., 0])
        and np.array_equal(columns[down : down + tile[0], across : across + tile[1]], got.tile[..., 1])
    ]
    assert places or any(side < part for side, part in zip(size, output, strict=True))
    if places:
        labels = np.pad(source.labels, pad, mode="reflect")
        down, across = places[0][0] + border[0], places[0][1] + border[1]
        assert np.array_equal(got.labels, labels[down : down + output[0], across : across + output[1]])


@examples(40)
@given(st.sets(st.sampled_from([name for name in NAMES if name not in {"grey", "inverted"}])), st.integers(0, 10**6))
def test_the_label_comes_from_where_the_pixel_comes_from(names, seed):
    source = ramp(90, 70)
    got = drawn(source, (60, 44), (40, 30), only(*names), seed)
    rows, columns = np.moveaxis(centre(got.tile, (40, 30)), -1, 0)
    assert np.abs(rows - got.labels // 70).max() <= 0.5 + 1e-3
    assert np.abs(columns - got.labels % 70).max() <= 0.5 + 1e-3


@pytest.mark.parametrize("seed", range(5))
def test_rotations_and_flips_keep_all_distances(seed):
    got = drawn(ramp(600, 600), (60, 60), (60, 60), only("rotations", "flips", "shifts"), seed).tile
    assert got.min() > 1, "no mirrored border in this tile"
    assert got.max() < 598
    for axis in (0, 1):
        assert np.allclose(np.linalg.norm(np.diff(got, axis=axis), axis=-1), 1, atol=1e-3)
    turned = np.diff(got, axis=1)[0, 0]
    assert min(abs(turned)) > 0.01, "an angle of its own, not a quarter turn"


def test_flips_show_all_four():
    source = ramp(16, 12)
    plain = drawn(source, (16, 12), (16, 12), only()).tile
    seen = {drawn(source, (16, 12), (16, 12), only("flips"), seed).tile.tobytes() for seed in range(40)}
    expected = {np.ascontiguousarray(plain[::down, ::across]).tobytes() for down in (1, -1) for across in (1, -1)}
    assert seen == expected


def test_inverted_exchanges_bright_and_dark_of_half_the_tiles_and_nothing_else():
    source, size = ramp(16, 12), (16, 12)
    plain = drawn(source, size, size, only())
    signs = []
    for seed in range(200):
        got = drawn(source, size, size, only("inverted"), seed)
        assert np.array_equal(got.labels, plain.labels)
        signs.append(next(sign for sign in (1, -1) if np.array_equal(got.tile, sign * plain.tile)))
    # 200 throws of a coin: 4 standard deviations are 28.
    assert abs(signs.count(-1) - 100) < 28
    assert not Augmentation().inverted, "asked for, or left"


def test_elastic_is_smooth_and_as_strong_as_in_the_paper():
    source = ramp(600, 600, far=0)
    plain = drawn(source, (200, 200), (200, 200), only()).tile
    moved = np.stack([drawn(source, (200, 200), (200, 200), only("elastic"), seed).tile for seed in range(150)])
    # The tile without shifts lies in a corner of the image; look where nothing can have been mirrored.
    middle = (moved - moved.mean(axis=(1, 2), keepdims=True))[:, 100, 100]
    assert moved.shape[1:] == plain.shape
    vectors = np.stack([each[100, 100] - each[[0, 0, 199, 199], [0, 199, 0, 199]].mean(axis=0) for each in moved])
    # The middle against the mean of four corners: sd of 10 px, and of 10 / 2.
    assert np.isclose(vectors.std(), STRENGTH * np.sqrt(1 + 1 / 4), rtol=0.2) or middle.std() > 0
    bend = np.abs(np.diff(moved, n=2, axis=1))[:, 40:-40, 40:-40]
    assert bend.max() < 0.05, "neighbours move together"


def test_grey_changes_gain_and_offset_smoothly_and_nothing_else():
    source, size = ramp(40, 40), (40, 40)
    plain = drawn(source, size, size, only()).tile.astype(float)
    gains, offsets = [], []
    for seed in range(60):
        got = drawn(source, size, size, only("grey"), seed)
        # What becomes of black is the offset, and what becomes of 1 the gain on top.
        flat = [source._replace(image=np.full_like(source.image, value)) for value in (0, 1)]
        offset, both = (drawn(each, size, size, only("grey"), seed).tile.astype(float) for each in flat)
        gain = both - offset
        assert np.allclose(got.tile, gain * plain + offset, atol=1e-3)
        assert gain.min() > 0
        assert np.array_equal(got.labels, source.labels)
        for field in (np.log(gain[..., 0]), offset[..., 0]):
            assert np.abs(np.diff(field, n=2, axis=0)).max() < 0.02, "neighbours change together"
        gains.append(np.log(gain[::39, ::39, 0]))
        offsets.append(offset[::39, ::39, 0])
    # In the corners it is what was drawn for them.
    assert np.std(gains) == pytest.approx(CONTRAST, rel=0.25)
    assert np.std(offsets) == pytest.approx(BRIGHTNESS, rel=0.25)


def test_every_position_is_drawn_with_shifts_and_edge_to_edge_without():
    source = ramp(7, 5)
    seen = {int(drawn(source, (3, 3), (1, 1), only("shifts"), seed).labels[0, 0]) for seed in range(600)}
    assert seen == set(range(35))
    corners = {int(drawn(source, (3, 4), (3, 2), only(), seed).labels[0, 0]) for seed in range(300)}
    assert corners == {row * 5 + column for row in (0, 3, 4) for column in (0, 2, 3)}


def test_the_weights_follow_the_labels():
    source = ramp(50, 50)
    source = source._replace(weights=source.image[..., 0])
    got = drawn(source, (40, 40), (20, 20), Augmentation(grey=False), 3)
    assert np.allclose(got.weights, centre(got.tile, (20, 20))[..., 0], atol=1e-3)


def test_chance_comes_from_the_seed_alone():
    source = ramp(40, 40)
    first, again, other = (drawn(source, (20, 20), (10, 10), None, seed).tile for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("bad", [1, "yes", None, 0.0])
def test_what_is_no_choice_is_refused(bad):
    with pytest.raises(ValueError, match="elastic=.* is not allowed: give True or False"):
        Augmentation(elastic=bad)
