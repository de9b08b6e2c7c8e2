"""What comes of the blocks of an image: the one place where it is chosen how they are written, and what they become.

An output says what happens to a block in the worker (its `writer`), takes what the worker says of it here, and finishes
once all blocks are there. Another kind of result is another class with these three, and a line in `output_for`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.blocks import Block, Blocks
from unet_explorer.data.zarr_files import zarr_package
from unet_explorer.predict import ome
from unet_explorer.predict.across import TABLES, BlockObjects, Joined, joined, write_objects
from unet_explorer.predict.exports import write_tiled
from unet_explorer.predict.staged import Staged
from unet_explorer.predict.targets import OME, Scene, Target, writing
from unet_explorer.predict.writers import InOme, InZarr, Scores, Writer, coarser, put_objects
from unet_explorer.whole import moved, whole

__all__ = ["InArray", "InFiles", "InOmeFiles", "Output", "Work", "output_for"]

Work: TypeAlias = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], None]
"""Has the workers call a function with each of several lists of arguments, and waits for all of them."""
_ROWS: Final = 512
"""Rows that are read together when blocks become a file."""


class Output(Protocol):
    """What becomes of an image's blocks."""

    @property
    def writer(self) -> Writer:
        """What a worker does with a block; plain data that is sent there."""

    @property
    def done(self) -> set[int]:
        """Blocks that are there already."""

    def take(self, block: Block, answer: Any) -> None:
        """Take what the writer has said of a block."""

    def finish(self, work: Work) -> Any:
        """Make the result of the blocks, which are all there; gives what `predict_image` gives.

        Args:
            work: Has the workers do something.
        """


class InArray(NamedTuple):
    """Scores that are put into an array here, as they come.

    Attributes:
        out: Whatever takes ``out[rows, columns] = scores``.
    """

    out: Any

    @property
    def writer(self) -> Writer:
        """Scores come back."""
        return Scores()

    @property
    def done(self) -> set[int]:
        """None: nobody knows what an array holds."""
        return set()

    def take(self, block: Block, answer: NDArray[np.float32]) -> None:
        """Put the scores of a block where they belong."""
        self.out[block.write[0], block.write[1]] = answer

    def finish(self, work: Work) -> Any:
        """The array."""
        return self.out


class _InFolder:
    """What becomes of blocks that workers write into the folder beside the file.

    Args:
        target: The file.
        scene: What is predicted.
        staged: The folder.
        blocks: The blocks of the image.
        writer: Writes into the folder.
    """

    def __init__(self, target: Target, scene: Scene, staged: Staged, blocks: Blocks, writer: InZarr | InOme) -> None:
        self._target, self._scene, self._staged, self._blocks = target, scene, staged, blocks
        staged.prepare(writer, blocks)

    @property
    def done(self) -> set[int]:
        """Blocks that an earlier run has written."""
        return self._staged.done

    def take(self, block: Block, answer: int) -> None:
        """Note that a block is on disc."""
        self._staged.note(block.number, answer)


class InFiles(_InFolder):
    """A file whose blocks the workers write into a folder beside it, which becomes the file at the end.

    Args:
        target: The file.
        scene: What is predicted.
        staged: The folder.
        blocks: The blocks of the image.

    Attributes:
        writer: Writes into the folder.
    """

    def __init__(self, target: Target, scene: Scene, staged: Staged, blocks: Blocks) -> None:
        # Workers begin in folders of their own.
        self.writer = InZarr(str(staged.values.absolute()), scene.config, target.save != "probabilities", blocks.chunk)
        super().__init__(target, scene, staged, blocks, self.writer)

    def finish(self, work: Work) -> Any:
        """Write the file, whole or not at all, and delete the folder."""
        path, kind = self._target.path, self._target.ending
        if kind == ".zarr":
            # It is on the disc, every block of it.
            moved(self._staged.values, path)
        elif self._target.save == "mask" and kind != ".png":
            with whole(path) as half:
                write_tiled(half, self._array(), _ROWS, self._scene.pixel)
        else:
            with writing([self._target], self._scene) as sink:
                for rows, values in self._bands():
                    sink.put((rows, slice(0, self._blocks.image[1])), values)
        self._staged.remove()
        return path

    def _array(self) -> Any:
        zarr: Any = zarr_package()
        return zarr.open_array(self.writer.folder, mode="r")

    def _bands(self) -> Iterator[tuple[slice, NDArray[Any]]]:
        array = self._array()
        for top in range(0, self._blocks.image[0], _ROWS):
            rows = slice(top, min(top + _ROWS, self._blocks.image[0]))
            yield rows, np.asarray(array[rows])


class InOmeFiles(_InFolder):
    """Objects, numbered across all blocks, or a folder of OME-Zarr; both begin as one in the folder beside it.

    Args:
        target: The file.
        scene: What is predicted.
        staged: The folder.
        blocks: The blocks of the image.

    Attributes:
        writer: Writes into the folder.
    """

    def __init__(self, target: Target, scene: Scene, staged: Staged, blocks: Blocks) -> None:
        folder = str(staged.values.absolute())
        self.writer = InOme(folder, scene.config, target.save, blocks.chunk, target.classes, scene.pixel)
        super().__init__(target, scene, staged, blocks, self.writer)

    def finish(self, work: Work) -> Any:
        """Number the objects, make coarser levels, and move it into place, or write the file."""
        target, found = self._target, None
        if target.save == "objects":
            found = joined(self._record(number) for number in range(len(self._blocks)))
        if found is not None and target.ending not in TABLES:
            tables = enumerate(found.tables)
            work(put_objects, ((self.writer, number, self._blocks[number].write, table) for number, table in tables))
        if target.ending == OME:
            for level in ome.pyramid_steps(self._staged.values):
                work(coarser, ((self.writer.folder, *step) for step in level))
            moved(self._staged.values, target.path)
        elif found is not None:
            with whole(target.path) as half:
                self._write(half, found)
        self._staged.remove()
        return target.path

    def _record(self, number: int) -> BlockObjects:
        with np.load(self.writer.record(number), allow_pickle=False) as held:
            return BlockObjects(**held)

    def _write(self, half: Path, found: Joined) -> None:
        target, pixel = self._target, self._scene.pixel
        if target.ending in TABLES:
            with half.open("xb") as stream:
                write_objects(stream, found.objects, target.ending, target.classes, pixel)
        else:
            numbers = ome.array_of(self._staged.values, "objects")
            write_tiled(half, numbers, _ROWS, pixel, most=len(found.objects.numbers))


def output_for(target: Target | None, out: Any, scene: Scene, staged: Staged | None, blocks: Blocks) -> Output:
    """What becomes of the blocks.

    Args:
        target: The file that is asked for, or None.
        out: Else the array.
        scene: What is predicted.
        staged: Where half-done work lies, if it becomes a file.
        blocks: The blocks of the image.

    Raises:
        OSError: If there is no room.
    """
    if target is None or staged is None:
        return InArray(out)
    if target.ending == OME or target.save == "objects":
        return InOmeFiles(target, scene, staged, blocks)
    return InFiles(target, scene, staged, blocks)
