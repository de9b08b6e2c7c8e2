"""What becomes of the scores of a block, in the process that computed them."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.blocks import Block
from unet_explorer.core.config import UNetConfig
from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.data.zarr_files import writable_zarr, zarr_package
from unet_explorer.predict import ome
from unet_explorer.predict.across import in_block, numbered
from unet_explorer.predict.scores import classes_of, probabilities

__all__ = ["InOme", "InZarr", "Scores", "Writer", "coarser", "put_objects"]


class Writer(Protocol):
    """What is sent to the workers: plain data, and what it does with a block there."""

    def write(self, block: Block, scores: NDArray[np.float32], image: Any) -> Any:
        """Write a block.

        Args:
            block: Which.
            scores: (height, width, classes) of it.
            image: Gives an array for ``image[block.write]``.

        Returns:
            What whoever asked for the block is told; see `outputs.Output.take`.
        """


class Scores(NamedTuple):
    """Writes nothing: scores go back as they are."""

    def write(self, block: Block, scores: NDArray[np.float32], image: Any) -> NDArray[np.float32]:
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
        zarr.create_array(self.folder, shape=(*shape, *more), dtype=kind, chunks=chunks)

    def write(self, block: Block, scores: NDArray[np.float32], image: Any) -> int:
        """Write a block, and see it to the disc.

        Returns:
            Bytes of its files, by which it is known to be whole later.

        Raises:
            OSError: If there is no room.
        """
        array = writable_zarr(zarr_package(), self.folder)
        array[block.write] = classes_of(scores, self.config) if self.labels else probabilities(scores, self.config)
        return _on_disc(self._files(block))

    def size(self, block: Block) -> int:
        """Bytes of the files of a block; -1 if one is missing."""
        return _bytes_of(self._files(block))

    def _files(self, block: Block) -> list[Path]:
        behind = () if self.labels else ("0",)
        return [Path(self.folder, "c", *place, *behind) for place in _chunks(block, self.chunk)]


class InOme(NamedTuple):
    """Writes a block into a folder of OME-Zarr that is there already, and what has to be known to join its objects.

    Attributes:
        folder: Made by `ome.create`.
        config: The network.
        save: What is in it: ``"mask"``, ``"objects"`` or ``"probabilities"``.
        chunk: (height, width) of its chunks.
        classes: Names of all classes, or nothing.
        pixel: How large a pixel is, where that is known.
    """

    folder: str
    config: UNetConfig
    save: str
    chunk: tuple[int, int]
    classes: tuple[str, ...] = ()
    pixel: PixelSize | None = None

    def make(self, shape: tuple[int, int]) -> None:
        """Make the folder, with nothing in it.

        Args:
            shape: (height, width) of the image.

        Raises:
            OSError: If there is no room.
        """
        ome.create(Path(self.folder), shape, self.save, self.config, self.chunk, self.classes, self.pixel)
        if self.save == "objects":
            self._records.mkdir(exist_ok=True)

    def write(self, block: Block, scores: NDArray[np.float32], image: Any) -> int:
        """Write a block, and see it to the disc.

        Returns:
            Bytes of its files, by which it is known to be whole later.

        Raises:
            OSError: If there is no room.
        """
        labels = ome.put_scores(Path(self.folder), block.write, scores, self.config)
        if self.save == "objects":
            _, found = in_block(labels, image[block.write], block.write)
            with self.record(block.number).open("wb") as stream:
                np.savez(stream, **found._asdict())
        return _on_disc(self._files(block))

    def size(self, block: Block) -> int:
        """Bytes of the files of a block; -1 if one is missing."""
        return _bytes_of(self._files(block))

    @property
    def _records(self) -> Path:
        # Beside the folder, which becomes the result.
        return Path(self.folder).with_suffix(".objects")

    def record(self, number: int) -> Path:
        """Where lies what has to be known of the objects of a block."""
        return self._records / f"{number}.npz"

    def _files(self, block: Block) -> list[Path]:
        found = [self.record(block.number)] if self.save == "objects" else []
        for kind, place in ome.IMAGES[self.save].items():
            deep = [(str(number),) for number in range(self.config.num_classes)] if kind == "probabilities" else [()]
            if kind != "objects":
                found += [
                    Path(self.folder, place, "0", "c", *before, *chunk)
                    for before in deep
                    for chunk in _chunks(block, self.chunk)
                ]
        return found


def put_objects(writer: InOme, number: int, place: tuple[slice, slice], table: NDArray[np.uint32]) -> None:
    """Write the numbers of a block's objects, once these are joined with those of others; called in a worker.

    Args:
        writer: Has written the block.
        number: Which block.
        place: Its rows and columns.
        table: Its numbers in the image; see `across.joined`.
    """
    folder = Path(writer.folder)
    ome.put_numbers(folder, place, numbered(ome.array_of(folder, "mask")[place], table))


def coarser(folder: str, level: int, block: tuple[int, int]) -> None:
    """Compute one chunk of a coarser level; called in a worker.

    Args:
        folder: Of OME-Zarr, the level before whole.
        level: From 1 on.
        block: Row and column of the chunk.
    """
    ome.pyramid(Path(folder), level, block)


def _chunks(block: Block, chunk: tuple[int, int]) -> list[tuple[str, str]]:
    rows, columns = (
        range(part.start // side, -(-part.stop // side)) for part, side in zip(block.write, chunk, strict=True)
    )
    return [(str(row), str(column)) for row, column in product(rows, columns)]


def _on_disc(files: list[Path]) -> int:
    for file in files:
        # Windows syncs only what may be written.
        with file.open("rb+") as stream:
            os.fsync(stream.fileno())
    return _bytes_of(files)


def _bytes_of(files: list[Path]) -> int:
    try:
        return sum(file.stat().st_size for file in files)
    except OSError:
        return -1
