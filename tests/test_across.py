"""Objects numbered block by block: the same as in one piece, number by number and row by row."""

from __future__ import annotations

import csv
import io
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.data.weights import regions
from unet_explorer.predict.across import BlockObjects, in_block, joined, numbered, renumbered, write_objects
from unet_explorer.predict.exports import write_table
from unet_explorer.predict.objects import columns_of, measured, rows_of

PIXEL = PixelSize(0.5, 0.25, "um")


def spiral(side: int) -> np.ndarray:
    """One line that winds inwards, a pixel wide, with a pixel between its turns."""
    found = np.zeros((side, side), "uint8")
    row, column, (down, right) = 0, -1, (0, 1)
    length, turns = side, 0
    while length > 0:
        for _ in range(length):
            row, column = row + down, column + right
            found[row, column] = 1
        down, right = right, -down
        turns += 1
        length -= 2 if turns % 2 == 1 and turns > 1 else 0
        length -= 1 if turns == 1 else 0
    return found


def checkers(height: int, width: int) -> np.ndarray:
    return (np.indices((height, width)).sum(axis=0) % 2).astype("uint8")


def cut(side: int, cuts) -> list[slice]:
    every = sorted({0, side, *(each % side for each in cuts)})
    return [slice(*pair) for pair in pairwise(every)]


@st.composite
def pictures(draw):
    """Labels of many kinds, of which objects reach over many blocks."""
    height, width = draw(st.integers(1, 24)), draw(st.integers(1, 24))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["few", "most", "checkers", "rows", "spiral", "none", "all"]))
    if kind == "spiral":
        return spiral(draw(st.integers(1, 24)))
    if kind == "checkers":
        return checkers(height, width) * draw(st.sampled_from([1, 255]))
    if kind == "rows":
        return np.repeat(random.integers(0, 3, (height, 1)), width, axis=1).astype("uint8")
    share = {"few": 0.3, "most": 0.75, "none": 0.0, "all": 1.0}[kind]
    kinds = draw(st.integers(1, 3))
    return (random.integers(1, kinds + 1, (height, width)) * (random.random((height, width)) < share)).astype("uint8")


@st.composite
def blocks(draw):
    """A picture, and where its blocks lie: from one to one a pixel, in any order."""
    labels = draw(pictures())
    several = st.lists(st.integers(1, 23), max_size=24)
    rows, columns = cut(labels.shape[0], draw(several)), cut(labels.shape[1], draw(several))
    if draw(st.booleans()):
        # No grid: every band of rows is cut elsewhere.
        places = [(band, part) for band in rows for part in cut(labels.shape[1], draw(several))]
    else:
        places = [(band, part) for band in rows for part in columns]
    return labels, draw(st.permutations(places))


def in_blocks(labels, image, places):
    found = [in_block(labels[place], image[place], place) for place in places]
    return [local for local, _ in found], joined(each for _, each in found)


@settings(deadline=None, max_examples=250)
@given(given=blocks(), channels=st.sampled_from([None, 1, 3]), seed=st.integers(0, 99))
def test_numbers_and_rows_are_those_of_the_whole(given, channels, seed):
    labels, places = given
    shape = labels.shape if channels is None else (*labels.shape, channels)
    image = np.random.default_rng(seed).normal(100, 20, shape).astype("float32")
    wanted = regions(labels)
    locals_, (tables, objects) = in_blocks(labels, image, places)
    for place, local, table in zip(places, locals_, tables, strict=True):
        number = renumbered(local, table)
        assert number.dtype == np.uint32
        assert np.array_equal(number, wanted[place])
        assert np.array_equal(numbered(labels[place], table), wanted[place])
    classes = tuple(f"class {number}" for number in range(256))
    table = measured(wanted, labels, image, classes, PIXEL)
    assert tuple(columns_of(objects, classes, PIXEL)) == table.head
    rows = list(rows_of(objects, classes, PIXEL))
    assert len(rows) == len(table.rows)
    for one, other in zip(rows, table.rows, strict=True):
        assert [type(each) for each in one] == [type(each) for each in other]
        numbers = [[each for each in row if not isinstance(each, str)] for row in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)
        assert one[2] == other[2] == classes[one[1]]


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_spiral_is_one_and_a_checkerboard_is_as_many_as_it_has_fields(side):
    wound = spiral(31)
    assert regions(wound).max() == 1
    for labels, count in ((wound, 1), (checkers(9, 14), 63)):
        places = [
            (slice(top, min(top + side, labels.shape[0])), slice(left, min(left + side, labels.shape[1])))
            for top in range(0, labels.shape[0], side)
            for left in range(0, labels.shape[1], side)
        ]
        _, (_, objects) = in_blocks(labels, labels, places)
        assert len(objects.numbers) == count
        assert objects.sums[:, 0].sum() == labels.sum()


def test_over_a_corner_nothing_is_joined_and_neither_are_two_classes():
    labels = np.array([[1, 0, 2, 2], [0, 1, 3, 3]], "uint8")
    places = [(slice(row, row + 1), slice(column, column + 1)) for row in range(2) for column in range(4)]
    _, (tables, _) = in_blocks(labels, labels, places)
    assert [int(table[-1]) for table in tables] == [1, 0, 3, 3, 0, 2, 4, 4]


def test_what_is_no_whole_image_is_refused():
    labels = np.ones((4, 6), "uint8")
    places = [(slice(top, top + 2), slice(left, left + 3)) for top in (0, 2) for left in (0, 3)]
    found = [in_block(labels[place], labels[place], place)[1] for place in places]
    assert len(joined(found).objects.numbers) == 1
    for wrong in (found[:3], found[1:], [*found, found[0]], found[2:]):
        with pytest.raises(ValueError, match=r"The blocks (leave a gap|do not make up an image)"):
            joined(wrong)
    with pytest.raises(ValueError, match="There is no block"):
        joined([])
    with pytest.raises(ValueError, match="are not those of rows and columns"):
        in_block(labels[:2], labels[:2], (slice(0, 2), slice(0, 5)))
    table = joined(found).tables[0]
    split = np.array([[1, 0, 1]], "uint8")
    for call in (lambda: numbered(split, table), lambda: renumbered(regions(split), table)):
        with pytest.raises(ValueError, match="has 2 objects, and 1 were joined"):
            call()
    with pytest.raises(ValueError, match="has 0 objects, and 1 were joined"):
        numbered(split * 0, table)


def test_records_outlive_a_process_without_pickle(tmp_path):
    labels = np.random.default_rng(0).integers(0, 3, (12, 15)).astype("uint8")
    place = (slice(0, 12), slice(0, 15))
    _, found = in_block(labels, labels, place)
    np.savez(tmp_path / "a.npz", **found._asdict())
    with np.load(tmp_path / "a.npz", allow_pickle=False) as kept:
        again = BlockObjects(**kept)
    for one, other in zip(found, again, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_very_many_objects_are_no_matter():
    """Only edges and records are looked at, and no loop goes over objects."""
    side, step = 800, 200
    labels = checkers(side, side)
    labels[:, 300] = 2
    places = [
        (slice(top, top + step), slice(left, left + step))
        for top in range(0, side, step)
        for left in range(0, side, step)
    ]
    _, (tables, objects) = in_blocks(labels, labels, places)
    wanted = regions(labels)
    assert len(objects.numbers) == wanted.max() > 319_000
    assert all(np.array_equal(numbered(labels[p], t), wanted[p]) for p, t in zip(places[:2], tables, strict=False))


def table_of(labels, image):
    half = labels.shape[1] // 2
    places = [(slice(0, len(labels)), slice(0, half)), (slice(0, len(labels)), slice(half, labels.shape[1]))]
    return in_blocks(labels, image, places)[1].objects


def test_the_table_is_the_file_that_one_piece_gives():
    labels = np.random.default_rng(1).integers(0, 3, (20, 30)).astype("uint8")
    image = np.random.default_rng(2).integers(0, 255, (20, 30, 2)).astype("uint8")
    classes = ("ground", "=cell", "wall, thick")
    wanted, found = io.BytesIO(), io.BytesIO()
    write_table(wanted, *measured(regions(labels), labels, image, classes, PIXEL))
    write_objects(found, table_of(labels, image), ".csv", classes, PIXEL)
    assert found.getvalue() == wanted.getvalue()
    assert len(list(csv.reader(io.StringIO(found.getvalue().decode())))) == regions(labels).max() + 1


def test_as_parquet_where_pyarrow_is(monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    labels = np.random.default_rng(1).integers(0, 3, (20, 30)).astype("uint8")
    for some in (labels, labels * 0):
        found = io.BytesIO()
        write_objects(found, table_of(some, some / 3), ".parquet", ("ground", "=cell", "wall"), PIXEL)
        read = parquet.read_table(io.BytesIO(found.getvalue())).to_pydict()
        head, rows = measured(regions(some), some, some / 3, ("ground", "=cell", "wall"), PIXEL)
        assert tuple(read) == head
        for one, other in zip(zip(*read.values(), strict=True), rows, strict=True):
            assert [each for each in one if not isinstance(each, str)] == pytest.approx(
                [each for each in other if not isinstance(each, str)], rel=1e-9
            )
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ValueError, match=r'pip install "unet_explorer\[parquet\]", or give a name that ends in \.csv'):
        write_objects(io.BytesIO(), table_of(labels, labels), ".parquet")
