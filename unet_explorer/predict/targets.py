"""Files that a prediction is written to: what is meant by a path, and the parts of the image on their way into it."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.data.reading import read_path
from unet_explorer.data.weights import regions
from unet_explorer.data.zarr_files import zarr_package
from unet_explorer.predict import ome
from unet_explorer.predict.across import TABLES, parquet_package, write_objects
from unet_explorer.predict.asked import read_names
from unet_explorer.predict.exports import empty_planes, write_mask, write_numbers
from unet_explorer.predict.objects import objects_in
from unet_explorer.predict.scores import classes_of, probabilities
from unet_explorer.whole import printable, whole

__all__ = ["OME", "SAVES", "Saving", "Scene", "Sink", "Target", "writing"]

SAVES: Final = {
    "mask": (".png", ".tif", ".tiff", ".ome.zarr"),
    "objects": (".csv", ".parquet", ".tif", ".tiff", ".ome.zarr"),
    "probabilities": (".zarr", ".npy", ".tif", ".tiff", ".ome.zarr"),
}
"""What can be saved, and the endings of the files that hold it."""
OME: Final = ".ome.zarr"
"""How a folder of OME-Zarr ends."""
_USUAL: Final = {ending: save for save in reversed(SAVES) for ending in SAVES[save]}
"""What an ending stands for where nothing else is said."""
_LARGE: Final = 1 << 28
"""Pixels from which on classes wait on disc, not in memory, until they are written."""
_CHUNK: Final = 512
"""Pixels a side of the pieces of a Zarr."""


class Saving(TypedDict, total=False):
    """What else may be said of a file: ``save``, one of `SAVES`; and ``classes``, the names of all classes."""

    save: str | None
    classes: Sequence[str] | None


@dataclass(frozen=True)
class Target:
    """A file to be written, of which all was checked that can be before anything is predicted.

    Args:
        path: Where.
        save: What: one of `SAVES`.
        classes: Names of all classes, or nothing.
    """

    path: Path
    save: str
    classes: tuple[str, ...] = ()

    @classmethod
    def read(cls, out: str | os.PathLike[str], image: Any, saving: Saving) -> Target:
        """What is meant by a path.

        Args:
            out: The path; its ending says what is written.
            image: What is predicted: where it is a file itself, it must be another one.
            saving: What else was said.

        Raises:
            ValueError: If the ending is none of those known, its folder is not there, or `save` does not go with it.

        Example:
            >>> Target.read("mask.tif", None, {}).save, Target.read("a.tif", None, {"save": "objects"}).save
            ('mask', 'objects')
        """
        path = read_path(out, "out", "the path of a file")
        ending, name = _ending(path), printable(path.name)
        if ending not in _USUAL:
            every = "; ".join(f"{', '.join(endings)} for {save}" for save, endings in SAVES.items())
            raise ValueError(f"out={shown(str(out))} ends in none of the kinds that can be written: give {every}.")
        said = saving.get("save")
        save = _USUAL[ending] if said is None else said
        if not isinstance(save, str) or save not in SAVES or ending not in SAVES[save]:
            some = [each for each in SAVES if ending in SAVES[each]]
            raise ValueError(
                f"save={shown(save)} does not go with {name}: a {ending} file holds {' or '.join(map(repr, some))}"
                + (f"; {save} go into {', '.join(SAVES[save])}." if isinstance(save, str) and save in SAVES else ".")
            )
        if ending == ".parquet":
            parquet_package()
        if ending.endswith(".zarr") and zarr_package() is None:
            raise ValueError(
                f'{name} is written with the package zarr, which is not here, or older than 3: pip install "zarr>=3", '
                "or give a name that ends in .npy."
            )
        if not path.parent.is_dir():
            raise ValueError(f"There is no folder {printable(path.parent)} to write {name} to: make it first.")
        _check_free(path, ending.endswith(".zarr"), image)
        return cls(path, save, read_names(saving.get("classes")))

    @property
    def ending(self) -> str:
        """How its name ends, in small letters.

        Example:
            >>> Target(Path("A.OME.Zarr"), "mask").ending
            '.ome.zarr'
        """
        return _ending(self.path)


def _ending(path: Path) -> str:
    name = path.name.lower()
    return OME if name.endswith(OME) and name != OME else path.suffix.lower()


def _check_free(path: Path, is_folder: bool, image: Any) -> None:
    """Refuse to replace what must not be.

    Raises:
        ValueError: If it is the image itself, or a folder where a file shall be, or one that is no Zarr.
    """
    name = printable(path.name)
    if not os.access(path.parent, os.W_OK):
        raise ValueError(f"The folder {printable(path.parent)} may not be written to: give out=… another one.")
    if isinstance(image, (str, os.PathLike)) and _are_one(path, image):
        raise ValueError(f"out={name} is the image itself, which would be lost: give another name.")
    if not is_folder and path.is_dir():
        raise ValueError(f"{name} is a folder, and a file is to be written: give another name.")
    holds = {"zarr.json", ".zarray"}
    if is_folder and (path.is_symlink() or path.exists()) and not _is_zarr(path, holds):
        raise ValueError(f"{name} is there already, and is no Zarr that could be replaced: give another name.")


def _are_one(path: Path, image: str | os.PathLike[str]) -> bool:
    # What is no path is refused when it is opened.
    with contextlib.suppress(ValueError, RuntimeError, OSError):
        return path.resolve() == Path(image).expanduser().resolve()
    return False


def _is_zarr(path: Path, holds: set[str]) -> bool:
    return path.is_dir() and not path.is_symlink() and any((path / each).is_file() for each in holds)


class Scene(NamedTuple):
    """What is known before the first tile: the network's design, the image, and how large a pixel is."""

    config: UNetConfig
    image: Any
    pixel: PixelSize | None = None


class Sink:
    """Takes scores part by part, as an array would: ``sink[rows, columns] = scores``.

    Args:
        scene: What is predicted.
        labels: Where the class of every pixel is noted; None where nobody asks for it.
        maps: Where probabilities are.
    """

    def __init__(self, scene: Scene, labels: NDArray[np.uint8] | None, maps: list[Any]) -> None:
        self.scene, self.maps, self._labels = scene, maps, labels

    def __setitem__(self, place: tuple[slice, slice], scores: NDArray[np.float32]) -> None:
        if self._labels is not None:
            self._labels[place] = classes_of(scores, self.scene.config)
        if self.maps:
            shares = probabilities(scores, self.scene.config)
            for each in self.maps:
                each[place] = shares

    def put(self, place: tuple[slice, slice], values: NDArray[Any]) -> None:
        """Take what was made of scores already: classes where these are noted, or else probabilities.

        Args:
            place: Rows and columns.
            values: (rows, columns), or (rows, columns, classes).
        """
        for each in self.maps if self._labels is None else [self._labels]:
            each[place] = values

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The class of every pixel, once all parts are there."""
        assert self._labels is not None
        return self._labels

    @cached_property
    def objects(self) -> NDArray[np.int32]:
        """The number of every pixel's object, once all parts are there."""
        return regions(self.labels)


@contextmanager
def writing(targets: Sequence[Target], scene: Scene, *, classes: bool = False) -> Iterator[Sink]:
    """Write files of a prediction. Each is there once all of it is, and not at all if anything goes wrong before.

    Args:
        targets: The files.
        scene: What is predicted.
        classes: Note the class of every pixel though no file needs it.

    Yields:
        What takes the scores.

    Raises:
        OSError: If there is no room.

    Example:
        >>> import tempfile
        >>> target = Target(Path(tempfile.mkdtemp()) / "a.csv", "objects")
        >>> with writing([target], Scene(UNetConfig(), np.zeros((1, 2)))) as sink:
        ...     sink[:, :] = np.array([[[0, 1], [1, 0]]], "float32")
        >>> target.path.read_text().splitlines()[1]
        '1,1,1,0,0,0,0,1,1,0'
    """
    height, width = (int(side) for side in scene.image.shape[:2])
    with ExitStack() as stack:
        folder = targets[0].path.parent if targets else None
        noted = classes or any(target.save != "probabilities" or target.ending == OME for target in targets)
        labels = stack.enter_context(_room((height, width), folder)) if noted else None
        shape = (height, width, scene.config.num_classes)
        kept = [each for each in targets if each.save == "probabilities"]
        maps = [stack.enter_context(_map(each, shape, scene, labels)) for each in kept]
        sink = Sink(scene, labels, maps)
        yield sink
        for target in targets:
            if target.save != "probabilities":
                with whole(target.path) as half:
                    _write(target, sink, half)
        # What is still held cannot be moved on every system.
        maps.clear()


@contextmanager
def _room(shape: tuple[int, int], folder: Path | None) -> Iterator[NDArray[np.uint8]]:
    """Place for a byte a pixel: in memory, or on disc if it is much."""
    if folder is None or shape[0] * shape[1] < _LARGE:
        yield np.zeros(shape, np.uint8)
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        _reserve(file.fileno(), shape[0] * shape[1])
        yield np.memmap(file, np.uint8, "w+", shape=shape)


@contextmanager
def _map(target: Target, shape: tuple[int, int, int], scene: Scene, noted: NDArray[np.uint8] | None) -> Iterator[Any]:
    with whole(target.path) as half:
        ending = target.ending
        if ending == OME:
            assert noted is not None
            yield from _in_ome(half, target, scene, noted)
            return
        if ending == ".zarr":
            chunks = (min(_CHUNK, shape[0]), min(_CHUNK, shape[1]), shape[2])
            zarr: Any = zarr_package()
            yield zarr.create_array(str(half), shape=shape, dtype="f4", chunks=chunks)
            return
        if ending == ".npy":
            mapped: Any = np.lib.format.open_memmap(half, "w+", np.float32, shape)
        else:
            names = target.classes if scene.config.num_classes > 1 else target.classes[1:]
            mapped = empty_planes(half, shape, names, scene.pixel)
        with half.open("rb+") as file:
            _reserve(file.fileno(), half.stat().st_size)
        yield mapped
        mapped = None


def _in_ome(half: Path, target: Target, scene: Scene, noted: NDArray[np.uint8]) -> Iterator[Any]:
    """Probabilities as OME-Zarr, and the classes, once all are noted."""
    height, width = noted.shape
    ome.create(half, (height, width), target.save, scene.config, classes=target.classes, pixel=scene.pixel)
    yield _Turned(ome.array_of(half, "probabilities", write=True))
    _fill(half, "mask", noted)
    _coarser(half)


class _Turned:
    """An array with the classes first, written to as if they were last."""

    def __init__(self, held: Any) -> None:
        self._held = held

    def __setitem__(self, place: tuple[slice, slice], shares: NDArray[np.float32]) -> None:
        self._held[(slice(None), *place)] = np.moveaxis(shares, -1, 0)


def _coarser(half: Path) -> None:
    for level in ome.pyramid_steps(half):
        for step in level:
            ome.pyramid(half, *step)


def _whole_ome(target: Target, sink: Sink, half: Path) -> None:
    """A mask, or objects, as OME-Zarr."""
    scene = sink.scene
    height, width = sink.labels.shape
    ome.create(half, (height, width), target.save, scene.config, classes=target.classes, pixel=scene.pixel)
    kinds = {"image": sink.labels, "mask": sink.labels}
    if target.save == "objects":
        kinds |= {"objects": sink.objects.astype(np.uint32)}
    for kind, values in kinds.items():
        _fill(half, kind, values)
    _coarser(half)


def _fill(half: Path, kind: str, values: NDArray[Any]) -> None:
    held = ome.array_of(half, kind, write=True)
    for top in range(0, len(values), _CHUNK):
        rows = slice(top, min(top + _CHUNK, len(values)))
        held[rows] = values[rows]


def _reserve(file: int, size: int) -> None:
    """Take the room that a file will need: who writes to a map of it is ended by the system where there is none.

    Raises:
        OSError: If there is no room.
    """
    # Windows has none of it, and gives a file its room at once.
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)


def _write(target: Target, sink: Sink, path: Path) -> None:
    scene = sink.scene
    if target.ending == OME:
        _whole_ome(target, sink, path)
    elif target.save == "mask":
        write_mask(path, sink.labels, ".png" if target.ending == ".png" else ".tif", scene.pixel)
    elif target.ending in TABLES:
        found = objects_in(sink.objects, sink.labels, scene.image)
        with path.open("xb") as stream:
            write_objects(stream, found, target.ending, target.classes, scene.pixel)
    else:
        write_numbers(path, sink.objects, scene.pixel)
