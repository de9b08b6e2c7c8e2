"""A picture of any size that lies nowhere: whoever asks for a chunk of it has that one made."""

from __future__ import annotations

import dask.array as da
import numpy as np

CHUNK = 1000


def pixels(block_info=None):
    """A chunk: waves, and some noise that follows from the place."""
    (rows, columns) = block_info[None]["array-location"]
    row, column = np.ogrid[slice(*rows), slice(*columns)]
    noise = np.random.default_rng(rows[0] * 1_000_003 + columns[0]).integers(0, 40, (row.size, column.size))
    return (100 + 60 * np.sin(row / 23) * np.cos(column / 31) + noise).astype("uint8")


def image(side: int):
    """The picture, as an array of Dask."""
    parts = (CHUNK,) * (side // CHUNK) + ((side % CHUNK,) if side % CHUNK else ())
    return da.map_blocks(pixels, dtype="uint8", chunks=(parts, parts), meta=np.empty((0, 0), "uint8"))
