"""Objects of an image that is looked at block by block: parts that touch over an edge are one, as in one piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.data.weights import regions
from unet_explorer.predict.exports import write_table
from unet_explorer.predict.objects import Objects, columns_of, rows_of, sums_of

__all__ = [
    "TABLES",
    "BlockObjects",
    "Joined",
    "in_block",
    "joined",
    "numbered",
    "parquet_package",
    "renumbered",
    "write_objects",
]

TABLES: Final = (".csv", ".parquet")
"""How files end that hold a table of objects."""
_MOST: Final = 2**32 - 1
"""Objects that can be told apart in 32 bits."""


class BlockObjects(NamedTuple):
    """What has to be known of a block to join it to others: nothing of it but its edges, and a record an object.

    All are plain arrays: ``np.savez(path, **found._asdict())`` keeps them, ``BlockObjects(**np.load(path))`` has them
    again.

    Attributes:
        place: (4,), top, left, height and width of the block in the image.
        kinds: (objects,), the class of each.
        sums: (objects, 3 + channels), as in `Objects`, with rows and columns counted in the image.
        boxes: (objects, 4), top, left, height and width in the image.
        firsts: (objects, 2), row and column in the image of its first pixel in reading order.
        above: (width,), the number of each pixel's object in the block's first row, 0 where there is none.
        below: (width,), the same of its last row.
        left: (height,), of its first column.
        right: (height,), of its last column.
    """

    place: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    sums: NDArray[np.float64]
    boxes: NDArray[np.int64]
    firsts: NDArray[np.int64]
    above: NDArray[np.int32]
    below: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]


class Joined(NamedTuple):
    """Objects of the whole image.

    Attributes:
        tables: For each block, in the order in which they were given, the number in the image of each number in the
            block, (1 + objects in the block,), 32 bits; 0 stays 0.
        objects: What was summed up of all of them.
    """

    tables: list[NDArray[np.uint32]]
    objects: Objects


def in_block(
    labels: NDArray[np.uint8], image: NDArray[Any], place: tuple[slice, slice]
) -> tuple[NDArray[np.int32], BlockObjects]:
    """Number the objects of a block, as `regions` does, and sum them up.

    Args:
        labels: (height, width), the class of every pixel of the block.
        image: (height, width) or (height, width, channels), the same pixels of the image.
        place: Which rows and columns of the image these are.

    Returns:
        The number of every pixel's object in the block, and what has to be known of them.

    Raises:
        ValueError: If labels, image and place differ in size.

    Example:
        >>> labels = np.array([[1, 1, 0, 2]], "uint8")
        >>> local, found = in_block(labels, labels, (slice(7, 8), slice(20, 24)))
        >>> local.tolist(), found.firsts.tolist()
        ([[1, 1, 0, 2]], [[7, 20], [7, 23]])
    """
    top, left = (side.start for side in place)
    height, width = labels.shape
    if (top + height, left + width) != (place[0].stop, place[1].stop) or image.shape[:2] != labels.shape:
        raise ValueError(f"Labels {labels.shape} and image {image.shape} are not those of rows and columns {place}.")
    local = regions(labels)
    count = int(local.max(initial=0))
    kinds, sums = sums_of(local, labels, image, count)
    sums[:, 1] += sums[:, 0] * top
    sums[:, 2] += sums[:, 0] * left
    boxes, firsts = _places(local, count)
    edges = (local[0], local[-1], local[:, 0], local[:, -1])
    where = np.array([top, left, height, width], np.int64)
    return local, BlockObjects(
        where,
        kinds[1:],
        sums[1:],
        boxes + np.array([top, left, 0, 0]),
        firsts + np.array([top, left]),
        *(edge.copy() for edge in edges),
    )


def _places(local: NDArray[np.int32], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The box round each object, and its first pixel in reading order: row and column."""
    inside = np.flatnonzero(local)
    numbers = local.ravel()[inside] - 1
    first = np.full(count, local.size)
    np.minimum.at(first, numbers, inside)
    low, high = np.zeros((2, count), np.int64), np.zeros((2, count), np.int64)
    low[1] = local.shape[1]
    for axis, along in enumerate(np.divmod(inside, local.shape[1])):
        np.maximum.at(high[axis], numbers, along + 1)
    np.minimum.at(low[1], numbers, inside % local.shape[1])
    firsts = np.stack(np.divmod(first, local.shape[1]), axis=1)
    low[0] = firsts[:, 0]
    return np.concatenate([low, high - low]).T, firsts


def joined(blocks: Iterable[BlockObjects]) -> Joined:
    """Join the objects of all blocks of an image: the numbers are those of `regions` on the whole.

    That is: class by class, and in each by the first pixel in reading order. Parts are one where they have the same
    class and share the side of a pixel; a corner is not enough.

    Args:
        blocks: Of `in_block`, in any order; together they are the image, without gap or overlap.

    Raises:
        ValueError: If they leave a gap, or overlap.

    Example:
        >>> labels = np.array([[1, 1, 1, 0]], "uint8")
        >>> halves = [(slice(0, 1), slice(0, 2)), (slice(0, 1), slice(2, 4))]
        >>> found = joined(in_block(labels[place], labels[place], place)[1] for place in halves)
        >>> [table.tolist() for table in found.tables], found.objects.sums[:, 0].tolist()
        ([[0, 1], [0, 1]], [3.0])
    """
    every = list(blocks)
    if not every:
        raise ValueError("There is no block: give all blocks of an image.")
    starts = np.cumsum([0, *(len(block.kinds) for block in every)])
    kinds = np.concatenate([block.kinds for block in every])
    firsts = np.concatenate([block.firsts for block in every])
    one, other = _touching(every, starts, kinds)
    graph = sparse.coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(kinds), len(kinds)))
    count, member = sparse.csgraph.connected_components(graph, directed=False)
    if count > _MOST:
        raise ValueError(f"There are {count:,} objects, more than 32 bits can number.")
    # The part that is first in reading order says where its object stands among the others.
    order = np.lexsort((firsts[:, 1], firsts[:, 0]))
    lead = order[np.unique(member[order], return_index=True)[1]]
    rank = np.lexsort((firsts[lead, 1], firsts[lead, 0], kinds[lead]))
    place = np.empty(count, np.int64)
    place[rank] = np.arange(count)
    numbers = place[member]
    objects = _merged(every, numbers, kinds[lead[rank]])
    tables = [np.concatenate([[0], numbers[start:stop] + 1]).astype(np.uint32) for start, stop in pairwise(starts)]
    return Joined(tables, objects)


def _merged(blocks: Sequence[BlockObjects], numbers: NDArray[np.int64], kinds: NDArray[np.uint8]) -> Objects:
    """Objects of which each part bears the number, from 0 on."""
    count = len(kinds)
    sums: NDArray[np.float64] = np.stack(
        [
            np.bincount(numbers, column, count).astype(np.float64)
            for column in np.concatenate([block.sums for block in blocks]).T
        ],
        axis=1,
    )
    parts = np.concatenate([block.boxes for block in blocks])
    low, high = np.full((count, 2), np.iinfo(np.int64).max), np.zeros((count, 2), np.int64)
    for axis in (0, 1):
        np.minimum.at(low[:, axis], numbers, parts[:, axis])
        np.maximum.at(high[:, axis], numbers, parts[:, axis] + parts[:, axis + 2])
    return Objects(np.arange(1, count + 1), kinds, sums, np.concatenate([low, high - low], axis=1))


def _touching(
    blocks: Sequence[BlockObjects], starts: NDArray[np.int64], kinds: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Parts of one class on both sides of an edge, as pairs of places among all parts.

    Raises:
        ValueError: If the blocks are not the image, each pixel once.
    """
    places = np.stack([block.place for block in blocks])
    ends = places[:, :2] + places[:, 2:]
    sides = ends.max(axis=0)
    pairs = [np.zeros((2, 0), np.int64)]
    for axis in (0, 1):
        before, after = (["below", "right"][axis], ["above", "left"][axis])
        ending, beginning = _by_place(ends[:, axis]), _by_place(places[:, axis])
        for edge in set(ending) | set(beginning):
            if edge in (0, sides[axis]):
                continue
            lines = np.full((2, sides[1 - axis]), -1)
            for line, name, some in ((0, before, ending.get(edge, ())), (1, after, beginning.get(edge, ()))):
                for number in some:
                    along = places[number, 1 - axis]
                    numbers = getattr(blocks[number], name)
                    part = np.where(numbers > 0, starts[number] + numbers, 0)
                    lines[line, along : along + len(numbers)] = part
            if ((lines < 0).sum(axis=0) == 1).any():
                raise ValueError(f"The blocks leave a gap at {'row' if axis == 0 else 'column'} {edge}: give all.")
            pairs.append(_same(lines[:, (lines > 0).all(axis=0)] - 1, kinds))
    if places[:, 2:].prod(axis=1).sum() != sides.prod():
        raise ValueError(f"The blocks do not make up an image of {sides[0]:,} × {sides[1]:,} pixels, each once.")
    one, other = np.concatenate(pairs, axis=1)
    return one, other


def _same(pairs: NDArray[np.int64], kinds: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Those of one class, without what is said twice in a row."""
    pairs = pairs[:, kinds[pairs[0]] == kinds[pairs[1]]]
    new = np.ones(pairs.shape[1], np.bool_)
    new[1:] = (pairs[:, 1:] != pairs[:, :-1]).any(axis=0)
    return pairs[:, new]


def _by_place(places: NDArray[np.int64]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number, place in enumerate(places.tolist()):
        found.setdefault(place, []).append(number)
    return found


def renumbered(local: NDArray[np.int32], table: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The number in the image of every pixel's object.

    Args:
        local: (height, width), the numbers in the block.
        table: Of the block, from `joined`.

    Raises:
        ValueError: If there are more objects in the block than the table knows.

    Example:
        >>> renumbered(np.array([[0, 2, 1]], "int32"), np.array([0, 9, 4], "uint32")).tolist()
        [[0, 4, 9]]
    """
    if local.max(initial=0) >= len(table):
        raise ValueError(
            f"The block has {local.max():,} objects, and {len(table) - 1:,} were joined: its mask was changed since."
        )
    return table[local]


def numbered(labels: NDArray[np.uint8], table: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The same from the mask of the block: what is written twice, after an interruption, is the same twice.

    Args:
        labels: (height, width), the class of every pixel of the block.
        table: Of the block, from `joined`.

    Raises:
        ValueError: If it has other objects than it had.
    """
    local = regions(labels)
    if local.max(initial=0) != len(table) - 1:
        raise ValueError(
            f"The block has {local.max(initial=0):,} objects, and {len(table) - 1:,} were joined: its mask was "
            "changed since."
        )
    return renumbered(local, table)


def parquet_package() -> Any:
    """The part of ``pyarrow`` that writes Parquet, loaded when it is asked for.

    Raises:
        ValueError: If it is not installed; it names the command that brings it.
    """
    try:
        from pyarrow import parquet
    except ImportError:
        raise ValueError(
            "A .parquet file is written with the package pyarrow, which is not here: "
            'pip install "unet_explorer[parquet]", or give a name that ends in .csv.'
        ) from None
    return parquet


def write_objects(
    stream: BinaryIO, objects: Objects, kind: str, classes: Sequence[str] = (), pixel: PixelSize | None = None
) -> None:
    """Write the table of `measured`.

    Args:
        stream: A file, open to be written.
        objects: Of `joined`.
        kind: ``".csv"``, or ``".parquet"``, in which numbers keep all their digits.
        classes: Names of the classes from 0 on, for a column more; or nothing.
        pixel: How large a pixel is, where that is known.

    Raises:
        ValueError: If Parquet is wanted and pyarrow is not there.

    Example:
        >>> import io
        >>> labels = np.array([[1, 1, 0, 2]], "uint8")
        >>> found = joined([in_block(labels, labels * 10, (slice(0, 1), slice(0, 4)))[1]])
        >>> file = io.BytesIO()
        >>> write_objects(file, found.objects, ".csv")
        >>> file.getvalue().decode().split()[1]
        '1,1,2,0,0.5,0,0,1,2,10'
    """
    columns = columns_of(objects, classes, pixel)
    if kind == ".parquet":
        parquet = parquet_package()
        import pyarrow

        parquet.write_table(pyarrow.table(columns), stream)
    else:
        write_table(stream, tuple(columns), rows_of(objects, classes, pixel))
