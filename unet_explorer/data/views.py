"""Images, labels or objects that stay where they are, and are read when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

__all__ = ["Held", "Part", "Source", "View", "in_grey", "shapes_of"]

Part: TypeAlias = Literal["image", "labels", "instances"]
"""What of a source is viewed."""


class Source(Protocol):
    """Where images come from, each with its labels."""

    def shape(self, place: int) -> tuple[int, int, int]:
        """Height, width and channels of an image."""

    def read(self, part: Part, place: int) -> NDArray[Any]:
        """The pixels of an image, or what they are."""

    def pixels(self, place: int) -> NDArray[np.int64]:
        """(256,): how many pixels of an image are of each class."""

    def grey(self) -> Source:
        """The same with images in one channel."""


class View(Sequence[NDArray[Any]]):
    """A part of some images of one or more sources, in some order.

    Args:
        part: What of them.
        items: For each image its source, and its place there.
    """

    def __init__(self, part: Part, items: Iterable[tuple[Source, int]]) -> None:
        self.part, self.items = part, tuple(items)

    @classmethod
    def of(cls, parts: Any, part: Part) -> View:
        """Arrays as a view; a view as it is."""
        if isinstance(parts, View):
            return parts
        held = Held(part, parts)
        return cls(part, ((held, place) for place in range(len(parts))))

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, place: int) -> NDArray[Any]: ...

    @overload
    def __getitem__(self, place: slice) -> View: ...

    def __getitem__(self, place: int | slice) -> NDArray[Any] | View:
        if isinstance(place, slice):
            return View(self.part, self.items[place])
        source, number = self.items[place]
        return source.read(self.part, number)

    def __add__(self, other: View) -> View:
        return View(self.part, self.items + other.items)

    def take(self, places: Iterable[int]) -> View:
        """These of them, in this order."""
        return View(self.part, (self.items[place] for place in places))

    def grey(self) -> View:
        """The same in one channel."""
        grey = {id(source): source.grey() for source, _ in self.items}
        return View(self.part, ((grey[id(source)], place) for source, place in self.items))

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """Height, width and channels of each image."""
        return [source.shape(place) for source, place in self.items]

    @property
    def pixels(self) -> NDArray[np.int64]:
        """(images, 256): how many pixels of each are of each class."""
        return np.stack([source.pixels(place) for source, place in self.items])


class Held:
    """Arrays in memory as a source of one part."""

    def __init__(self, part: Part, parts: Sequence[NDArray[Any]]) -> None:
        self.part, self.parts = part, parts

    def shape(self, place: int) -> tuple[int, int, int]:
        """Height, width and channels; of labels, these are not known."""
        height, width, *channels = np.shape(self.parts[place])
        return height, width, channels[0] if channels else 1

    def read(self, part: Part, place: int) -> NDArray[Any]:
        """The array."""
        assert part == self.part
        return np.asarray(self.parts[place])

    def pixels(self, place: int) -> NDArray[np.int64]:
        """How many pixels are of each class."""
        labels = np.asarray(self.parts[place])
        return np.bincount(labels[labels >= 0], minlength=256)

    def grey(self) -> Source:
        """The same in one channel."""
        return Held(self.part, tuple(in_grey(each) for each in self.parts))


def in_grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """An image in one channel: the luminance of RGB (Rec. 601), the mean of any other number.

    Example:
        >>> in_grey(np.ones((1, 1, 3), "float32")).tolist()
        [[[1.0]]]
    """
    channels = image.shape[-1]
    weights = np.array([0.299, 0.587, 0.114] if channels == 3 else [1 / channels] * channels)
    return np.asarray((image @ weights).astype(np.float32)[..., None])


def shapes_of(parts: Any) -> list[tuple[int, ...]]:
    """The shape of each image, without reading any that stays in its file.

    Example:
        >>> shapes_of(np.zeros((2, 3, 4, 1)))
        [(3, 4, 1), (3, 4, 1)]
    """
    return list(parts.shapes) if isinstance(parts, View) else [np.shape(each) for each in parts]
