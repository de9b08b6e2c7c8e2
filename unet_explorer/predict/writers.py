"""What becomes of the scores of a block, in the process that computed them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.blocks import Block
from unet_explorer.core.config import UNetConfig
from unet_explorer.data.zarr_files import zarr_package
from unet_explorer.predict.scores import classes_of, probabilities

__all__ = ["InZarr", "Scores", "Writer"]

_WHOLE: Final = {"write_empty_chunks": True}
"""A chunk of zeros is a file as well, or it could not be told from one that is missing."""


class Writer(Protocol):
    """What is sent to the workers: plain data, and what it does with a block there."""

    def write(self, block: Block, scores: NDArray[np.float32]) -> Any:
        """Write a block.

        Args:
            block: Which.
            scores: (height, width, classes) of it.

        Returns:
            What whoever asked for the block is told; see `outputs.Output.take`.
        """


class Scores(NamedTuple):
    """Writes nothing: scores go back as they are."""

    def write(self, block: Block, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the scores back."""
        return scores


class InZarr(NamedTuple):
    """Writes classes or probabilities into an array of Zarr that is there already, whole chunks only.

    Attributes:
        folder: The array.
        config: The network.
        labels: Whether it holds the class of every pixel, (height, width), or else the probability of every class,
            (height, width, classes).
        chunk: (height, width) of its chunks.
    """

    folder: str
    config: UNetConfig
    labels: bool
    chunk: tuple[int, int]

    def make(self, shape: tuple[int, int]) -> None:
        """Make the array, with nothing in it.

        Args:
            shape: (height, width) of the image.

        Raises:
            OSError: If there is no room.
        """
        zarr: Any = zarr_package()
        more = () if self.labels else (self.config.num_classes,)
        kind = "u1" if self.labels else "f4"
        chunks = (*(min(side, most) for side, most in zip(self.chunk, shape, strict=True)), *more)
        zarr.create_array(self.folder, shape=(*shape, *more), dtype=kind, chunks=chunks, config=_WHOLE)

    def write(self, block: Block, scores: NDArray[np.float32]) -> int:
        """Write a block, and see it to the disc.

        Returns:
            Bytes of its files, by which it is known to be whole later.

        Raises:
            OSError: If there is no room.
        """
        zarr: Any = zarr_package()
        array = zarr.open_array(self.folder, mode="r+", config=_WHOLE)
        array[block.write] = classes_of(scores, self.config) if self.labels else probabilities(scores, self.config)
        for file in self._files(block):
            # Windows syncs only what may be written.
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
        return self.size(block)

    def size(self, block: Block) -> int:
        """Bytes of the files of a block; -1 if one is missing."""
        try:
            return sum(file.stat().st_size for file in self._files(block))
        except OSError:
            return -1

    def _files(self, block: Block) -> Iterator[Path]:
        rows, columns = (
            range(part.start // side, -(-part.stop // side)) for part, side in zip(block.write, self.chunk, strict=True)
        )
        for row, column in product(rows, columns):
            yield Path(self.folder, "c", str(row), str(column), *(() if self.labels else ("0",)))
