"""A set too large for the memory: images and masks stay in their files, and are read when they are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.arrays import scaled_image
from unet_explorer.data.decoded import DataError
from unet_explorer.data.layout import Layout
from unet_explorer.data.legend import Legend
from unet_explorer.data.meaning import decide
from unet_explorer.data.peek import Peeked, peek
from unet_explorer.data.reading import Reading, channels_of, describe_beyond, read_objects, same_size, title_of
from unet_explorer.data.rule import Rule, named
from unet_explorer.data.seen import Seen, look
from unet_explorer.data.views import Part, in_grey
from unet_explorer.whole import printable

__all__ = ["NUCLEUS", "Entry", "FileSet", "Opened", "numbers_in", "open_files"]

NUCLEUS: Final = ("background", "nucleus")
"""The classes of a set with one mask an object, where nobody names them."""
_THREADS: Final = 4
_LOOKED_AT: Final = 256
"""Images that are looked at when a set is opened."""
_KEPT: Final = 1 << 26
"""Bytes of what was read last that are kept: the same image is often asked for twice."""


class Entry(NamedTuple):
    """An image and its masks, by their places in the folder.

    Attributes:
        image: The file of the image.
        part: Which image of that file.
        masks: The files of its masks.
        height: In pixels.
        width: In pixels.
        stamps: Size and time of change of each file, to see whether it is still the same.
    """

    image: str
    part: int
    masks: tuple[str, ...]
    height: int
    width: int
    stamps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class FileSet:
    """Images and masks in files; a source of views.

    Args:
        root: The folder.
        entries: The images.
        rule: What the masks mean; None where each is an object.
        table: (images, 256), how many pixels are of each class.
        channels: Of the images as they are stored.
        reading: How they are read.
    """

    root: Path
    entries: tuple[Entry, ...]
    rule: Rule | None
    table: NDArray[np.int64]
    channels: int
    reading: Reading
    _recent: OrderedDict[tuple[Part, int], NDArray[Any]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def shape(self, place: int) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        entry = self.entries[place]
        return entry.height, entry.width, 1 if self.reading.grey else self.channels

    def pixels(self, place: int) -> NDArray[np.int64]:
        """(256,): how many pixels of an image are of each class."""
        row: NDArray[np.int64] = self.table[place]
        return row

    def grey(self) -> FileSet:
        """The same with images in one channel."""
        return replace(self, reading=self.reading._replace(grey=True), _recent=OrderedDict(), _lock=threading.Lock())

    def read(self, part: Part, place: int) -> NDArray[Any]:
        """The pixels of an image, from 0 to 1, or what they are.

        Raises:
            DataError: If a file is gone, damaged, or not the one that was looked at when the set was opened.
        """
        with self._lock:
            if (part, place) in self._recent:
                self._recent.move_to_end((part, place))
                return self._recent[part, place]
        found = self._read(part, self.entries[place])
        with self._lock:
            self._recent[part, place] = found
            while len(self._recent) > 1 and sum(each.nbytes for each in self._recent.values()) > _KEPT:
                self._recent.popitem(last=False)
        return found

    def _read(self, part: Part, entry: Entry) -> NDArray[Any]:
        files = [entry.image, *entry.masks]
        if tuple(_stamp(self.root / name) for name in files) != entry.stamps:
            raise DataError(
                f"{printable(entry.image)} or its mask has changed, or is gone, since the set was opened from "
                f"{printable(self.root)}. Put it back, or read the set again."
            )
        if part == "image":
            return self._image(entry)
        check = same_size(entry.height, entry.width, printable(entry.image))
        if self.rule is None:
            paths = [self.root / name for name in entry.masks]
            numbers = read_objects(paths, entry.masks, (entry.height, entry.width), entry.image)
            return numbers if part == "instances" else (numbers > 0).astype(np.uint8)
        mask = self.reading.masks(self.root / entry.masks[0], printable(entry.masks[0]), check)[entry.part]
        found: NDArray[Any] | None = self.rule.instances(mask) if part == "instances" else self.rule.labels(mask)
        assert found is not None
        return found

    def _image(self, entry: Entry) -> NDArray[np.float32]:
        name = printable(entry.image)
        decoded = self.reading.images(self.root / entry.image, name, _no_limit)[entry.part]
        if channels_of(decoded) not in (1, self.channels) and not self.reading.grey:
            raise DataError(
                f"{name} has {channels_of(decoded)} channels, other images of the set {self.channels}: read all in one "
                "channel with grey=True, or save them alike."
            )
        image, _ = scaled_image(decoded, self.channels)
        return in_grey(image) if self.reading.grey else image

    def to_dict(self) -> dict[str, Any]:
        """All but the table as plain values, ready for JSON."""
        return {
            "root": str(self.root),
            "entries": [list(entry) for entry in self.entries],
            "rule": self.rule.to_dict() if self.rule else None,
            "channels": self.channels,
            "grey": self.reading.grey,
            "planes": self.reading.planes,
            "hot": self.reading.hot,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], table: NDArray[np.int64]) -> FileSet:
        """Read what `to_dict` wrote."""
        entries = tuple(
            Entry(image, part, tuple(masks), height, width, tuple((size, time) for size, time in stamps))
            for image, part, masks, height, width, stamps in values["entries"]
        )
        labels = "onehot" if values["hot"] else None
        reading = Reading.of(grey=values["grey"], planes=values["planes"], labels=labels)
        rule = Rule.from_dict(values["rule"]) if values["rule"] else None
        return cls(Path(values["root"]), entries, rule, table, values["channels"], reading)


class Opened(NamedTuple):
    """A set in files, the names of its classes, a title for each image, and what is worth knowing."""

    files: FileSet
    classes: tuple[str, ...]
    titles: tuple[str, ...]
    notes: tuple[str, ...]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_size, found.st_mtime_ns


def _no_limit(height: int, width: int, name: str) -> None:
    """Sizes were looked at when the set was opened."""


def numbers_in(layout: Layout, root: Path, reading: Reading) -> tuple[int, list[Peeked]]:
    """How many numbers the images of a set hold, from the beginnings of their files.

    Raises:
        DataError: If a file is no picture, or too large.
    """
    found = [peek(path, _name(path, root), reading.planes) for path in layout.images]
    channels = max(each.channels for each in found)
    return sum(each.images * each.height * each.width for each in found) * channels, found


def open_files(
    layout: Layout,
    root: Path,
    reading: Reading,
    legend: Legend,
    peeked: Sequence[Peeked],
    progress: Callable[[int, int], None] | None,
) -> Opened:
    """Look at all masks of a set, and at the beginnings of its images.

    Args:
        layout: Its files.
        root: The folder.
        reading: How they are read.
        legend: Names and colours of the classes.
        peeked: What `numbers_in` gave.
        progress: Called with how many masks were looked at, and how many there are.

    Raises:
        DataError: If a mask cannot be read, or one of the images that are looked at.
    """
    entries, titles = [], []
    for path, masks, found in zip(layout.images, layout.masks, peeked, strict=True):
        relative = tuple(mask.relative_to(root).as_posix() for mask in masks)
        stamps = tuple(_stamp(file) for file in (path, *masks))
        for part in range(found.images):
            name = path.relative_to(root).as_posix()
            entries.append(Entry(name, part, relative, found.height, found.width, stamps))
            titles.append(title_of(path) + (f", {part + 1}" if found.images > 1 else ""))
    channels, beyond = _look_at_images(layout, root, reading, peeked)
    if layout.kind == "objects":
        empty = np.zeros((len(entries), 256), np.int64)
        set_ = FileSet(root, tuple(entries), None, empty, channels, reading)
        for place in _counted(range(len(entries)), progress):
            empty[place, :2] = np.bincount(set_.read("labels", place).ravel(), minlength=2)
        return Opened(set_, named(legend.names, 2, NUCLEUS), tuple(titles), describe_beyond(beyond))
    seen: list[Seen] = []
    work = [(root, reading, path, found) for (path,), found in zip(layout.masks, peeked, strict=True)]
    with ThreadPoolExecutor(_THREADS) as threads:
        for each in _counted(threads.map(lambda job: _looked(*job), work), progress, len(work)):
            seen.extend(each)
    rule = decide(seen, legend, reading.said)
    table = np.stack([rule.pixels(each) for each in seen])
    notes = (*filter(None, [rule.note]), *describe_beyond(beyond))
    return Opened(FileSet(root, tuple(entries), rule, table, channels, reading), rule.classes, tuple(titles), notes)


def _looked(root: Path, reading: Reading, path: Path, image: Peeked) -> list[Seen]:
    name = _name(path, root)
    masks = reading.masks(path, name, same_size(image.height, image.width, image.name))
    if len(masks) != image.images:
        raise DataError(
            f"{image.name} holds {image.images} images, and its mask {name} {len(masks)}: give one for each."
        )
    return [look(mask, name) for mask in masks]


def _look_at_images(
    layout: Layout, root: Path, reading: Reading, peeked: Sequence[Peeked]
) -> tuple[int, dict[str, int]]:
    """How many channels there are, and numbers that are none, as some images, evenly spread, tell; all of a few.

    Each is looked at again when it is read.
    """
    some = layout.images[:: -(-len(layout.images) // _LOOKED_AT)]
    channels, beyond = 1, {}
    with ThreadPoolExecutor(_THREADS) as threads:
        looks = threads.map(lambda path: _look_at(path, _name(path, root), reading), some)
        for path, (several, count) in zip(some, looks, strict=True):
            channels = max(channels, several)
            if count:
                beyond[title_of(path)] = count
    if {each.channels for each in peeked} - {1, 3}:
        channels = max(each.channels for each in peeked)
    return channels, beyond


def _look_at(path: Path, name: str, reading: Reading) -> tuple[int, int]:
    """The most channels of the images in a file, and how many pixels hold numbers that are none."""
    found = reading.images(path, name, _no_limit)
    strange = sum(scaled_image(each)[1] for each in found if each.top is None)
    return max(map(channels_of, found)), strange


def _counted(items: Iterable[Any], progress: Callable[[int, int], None] | None, total: int | None = None) -> Any:
    for number, item in enumerate(items, start=1):
        yield item
        if progress:
            progress(number, len(items) if total is None else total)  # type: ignore[arg-type]


def _name(path: Path, root: Path) -> str:
    return printable(path.relative_to(root))
