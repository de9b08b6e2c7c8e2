"""A dataset: images, the label of every pixel, and what else is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import Fraction, Whole, read_value, shown
from unet_explorer.data.limits import limits_of, sampled
from unet_explorer.data.parts import read_images, read_names, read_places, read_text
from unet_explorer.data.views import Part, View, in_grey, shapes_of

if TYPE_CHECKING:
    from unet_explorer.data.made.wanted import Made

__all__ = [
    "LARGEST_LABEL",
    "UNKNOWN",
    "Dataset",
    "Image",
    "Labels",
    "joined",
    "normalize",
    "read_dataset",
    "spread_of",
]

Image: TypeAlias = NDArray[np.float32]
"""(height, width, channels), numbers from 0 to 1."""
Labels: TypeAlias = NDArray[np.integer[Any]]
"""(height, width), the class of every pixel, −1 where it is not known; or, for instances, its object, 0 for none."""

LARGEST_LABEL: Final = 255
"""A U-Net here tells up to 256 classes apart."""
UNKNOWN: Final = -1
"""The label of a pixel of which nothing is known: it is neither learnt from nor counted."""
_SEED: Final = Whole(0, 2**64 - 1)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with the class of every pixel.

    Args:
        name: What it is called.
        images: N images, each (height, width, channels) in 32-bit numbers from 0 to 1. One array (N, H, W, C) where
            all have the same size, else a sequence of N arrays. All have the same number of channels.
        labels: For each image the class of every pixel, (height, width), whole numbers from 0 to 255; −1 where nothing
            is known, which is neither learnt from nor counted. Class 0 is the background, where there is one.
        classes: Names of the classes, in order.
        instances: For each image which object a pixel belongs to, (height, width), 0 where there is none; or None
            where that is not known.
        licence: On what terms it may be used.
        titles: A name for each image.
        notes: What whoever uses it should know of how it was read, in sentences.
        validation: How many images, the last ones, are kept to examine a network on, where the set says so itself.
        colours: The colour of each class in the masks, such as ``"#ff0000"``, where these are in colour.
        made: What it was made from, where it is a made set as it came; None of whatever was changed since.

    Raises:
        ValueError: If the parts do not go together, or a pixel is no number or of no class; it says which.

    Example:
        >>> data = Dataset("grey", np.zeros((2, 8, 8, 1), "float32"), np.zeros((2, 8, 8), int), ("empty", "full"))
        >>> len(data), data.channels, data.size
        (2, 1, (8, 8))
    """

    name: str
    images: Sequence[Image] | NDArray[np.float32]
    labels: Sequence[Labels] | Labels
    classes: tuple[str, ...]
    instances: Sequence[Labels] | Labels | None = None
    licence: str = ""
    titles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    validation: int = 0
    colours: tuple[str, ...] = ()
    made: Made | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._read_parts()
        if len(self.images) == 0:
            raise ValueError(f"Dataset {shown(self.name)} has no images: give at least one.")
        if not 0 <= self.validation < len(self.images):
            raise ValueError(
                f"validation={self.validation} of {len(self.images)} images: leave at least one to learn from."
            )
        if not self.titles:
            object.__setattr__(self, "titles", tuple(f"image {number}" for number in range(1, len(self.images) + 1)))
        for word, parts in (("labels", self.labels), ("instances", self.instances), ("titles", self.titles)):
            if parts is not None and len(parts) != len(self.images):
                raise ValueError(f"{len(self.images)} images, but {len(parts)} {word}: give one for each image.")
        # Whoever opens files looks at them.
        if not isinstance(self.images, View):
            self._check_pixels()

    def _check_pixels(self) -> None:
        channels = np.shape(self.images[0])[-1]
        for image, labels, title in zip(self.images, self.labels, self.titles, strict=True):
            if np.ndim(image) != 3 or np.shape(image)[-1] != channels:
                raise ValueError(
                    f"{title} has shape {np.shape(image)}: every image must be (height, width, {channels}). Read "
                    "all in one channel with grey=True, or save them alike."
                )
            if np.shape(labels) != np.shape(image)[:2]:
                raise ValueError(
                    f"{title} has shape {np.shape(image)}, its labels {np.shape(labels)}: they must match."
                )
            _check_values(title, image, labels)
        for title, labels, objects in zip(self.titles, self.labels, self._objects(), strict=True):
            _check_objects(title, labels, objects)

    def _objects(self) -> Sequence[Labels] | Labels:
        return self.labels if self.instances is None else self.instances

    def _read_parts(self) -> None:
        """Refuse what is no image, no label or no name at all."""
        flat = "(height, width)"
        for name, sides in (("images", "(height, width, channels)"), ("labels", flat), ("instances", flat)):
            given = getattr(self, name)
            # A view reads what it is asked for.
            if not isinstance(given, View) and (given is not None or name != "instances"):
                object.__setattr__(self, name, read_images(given, name, sides))
        for name in ("name", "licence"):
            read_text(getattr(self, name), name)
        object.__setattr__(self, "classes", read_names(self.classes, "classes"))
        object.__setattr__(self, "titles", read_names(() if self.titles is None else self.titles, "titles"))
        object.__setattr__(self, "notes", read_names(self.notes, "notes"))
        object.__setattr__(self, "colours", read_names(self.colours, "colours"))
        object.__setattr__(self, "validation", read_value("validation", self.validation, Whole(0, 2**31)))

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[tuple[Image, Labels]]:
        return zip(self.images, self.labels, strict=True)

    @property
    def channels(self) -> int:
        """Channels of every image. 1 is grey, 3 is RGB."""
        return int(shapes_of(self.images)[0][-1])

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) of each image in pixels."""
        return [(int(shape[0]), int(shape[1])) for shape in shapes_of(self.images)]

    @property
    def in_files(self) -> bool:
        """Whether images and labels stay in their files, and are read when they are asked for."""
        return isinstance(self.images, View)

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width) in pixels if all images share it, else None."""
        sizes = set(self.sizes)
        return sizes.pop() if len(sizes) == 1 else None

    @cached_property
    def pixels(self) -> NDArray[np.int64]:
        """(images, 256), how many pixels of each image are of each class; those of which nothing is known are left out.

        Example:
            >>> data = Dataset("x", np.zeros((1, 2, 2, 1), "float32"), np.array([[[0, 1], [1, 1]]]), ("no", "yes"))
            >>> data.pixels[0, :2].tolist()
            [1, 3]
        """
        if isinstance(self.labels, View):
            return self.labels.pixels
        return np.stack([_counted(np.asarray(each)) for each in self.labels])

    def take(self, places: Sequence[int]) -> Dataset:
        """The images at these places, in this order.

        Raises:
            ValueError: If there is none at one of them, or no place is given.

        Example:
            >>> from unet_explorer import cells
            >>> len(cells(4, size=64).take([2, 0]))
            2
        """

        listed = read_places(places, "places", len(self))

        def chosen(parts: Any) -> Any:
            if isinstance(parts, np.ndarray):
                return parts[list(listed)]
            if isinstance(parts, View):
                return parts.take(listed)
            return None if parts is None else tuple(parts[place] for place in listed)

        return replace(
            self,
            validation=0,
            images=chosen(self.images),
            labels=chosen(self.labels),
            instances=chosen(self.instances),
            titles=chosen(self.titles),
        )

    def split(self, share: float = 0.2, seed: int = 0) -> tuple[Dataset, Dataset]:
        """To learn from, and to be examined on: whole images, so that no pixel is in both.

        A set that comes with images of its own for that, see ``validation``, is split there.

        Args:
            share: About how much of the images the second part gets; at least one, and at least one is left.
            seed: Which ones; the same seed chooses the same. If none of them held anything but background, one that
                does takes the place of another.

        Raises:
            ValueError: If there is but one image, ``share`` is no number from 0 to 1, or ``seed`` no whole number.

        Example:
            >>> from unet_explorer import cells
            >>> [len(part) for part in cells(10, size=64).split(0.2)]
            [8, 2]
        """
        share, seed = read_value("share", share, Fraction(1, reached=True)), read_value("seed", seed, _SEED)
        count = len(self)
        if count < 2:
            raise ValueError(f"Dataset {shown(self.name)} has one image: give at least two, one to be examined on.")
        if self.validation:
            first = count - self.validation
            return self.take(range(first)), self.take(range(first, count))
        order = np.random.default_rng(seed).permutation(count).tolist()
        examined = min(count - 1, max(1, round(share * count)))
        kept, learnt = order[:examined], order[examined:]
        holding = (self.pixels[:, 1:].sum(axis=1) > 0).tolist()
        others = [place for place in learnt if holding[place]]
        # Of images without any object nothing can be said; but not the only one that has some is kept back.
        if not any(holding[place] for place in kept) and len(others) > 1:
            kept[-1], learnt[learnt.index(others[0])] = others[0], kept[-1]
        return self.take(sorted(learnt)), self.take(sorted(kept))

    def grey(self) -> Dataset:
        """The same images in one channel: the luminance of RGB (Rec. 601), the mean of any other number.

        Example:
            >>> from unet_explorer import shapes
            >>> shapes(2, size=64).grey().channels
            1
        """
        if isinstance(self.images, View):
            return replace(self, images=self.images.grey())
        grey = [in_grey(np.asarray(image)) for image in self.images]
        return replace(self, images=np.stack(grey) if isinstance(self.images, np.ndarray) else tuple(grey))


def joined(learnt: Dataset, validation: Dataset) -> Dataset:
    """A data set to learn from, and behind it one to be examined on.

    Args:
        learnt: What is learnt from.
        validation: What a network is examined on.

    Raises:
        ValueError: If they do not go together; it says why.

    Example:
        >>> from unet_explorer import cells
        >>> both = joined(cells(4, size=64), cells(2, size=64, seed=1))
        >>> [len(part) for part in both.split()]
        [4, 2]
    """
    if learnt.channels != validation.channels:
        raise ValueError(
            f"The images to learn from have {learnt.channels} channels, those of validation {validation.channels}: "
            "read both in the same way, such as with grey=True."
        )
    if learnt.classes != validation.classes:
        raise ValueError(
            f"The classes to learn are {', '.join(learnt.classes)}, those of validation "
            f"{', '.join(validation.classes)}: give both the same classes.txt."
        )

    def both(one: Any, other: Any, part: Part) -> Any:
        if one is None or other is None:
            return None
        if isinstance(one, View) or isinstance(other, View):
            return View.of(one, part) + View.of(other, part)
        return (*one, *other)

    return replace(
        learnt,
        images=both(learnt.images, validation.images, "image"),
        labels=both(learnt.labels, validation.labels, "labels"),
        instances=both(learnt.instances, validation.instances, "instances"),
        titles=learnt.titles + validation.titles,
        notes=tuple(dict.fromkeys(learnt.notes + validation.notes)),
        validation=len(validation),
    )


def _counted(labels: Labels) -> NDArray[np.int64]:
    known = labels[labels >= 0] if labels.dtype.kind == "i" else labels
    return np.bincount(np.ravel(known), minlength=LARGEST_LABEL + 1)


def _check_values(title: str, image: Image, labels: Labels) -> None:
    kind = np.asarray(labels).dtype
    if kind.kind not in "ui":
        raise ValueError(f"The labels of {title} are {kind}, not whole numbers: give labels.astype('uint8').")
    low, high = (int(np.min(labels)), int(np.max(labels))) if np.size(labels) else (0, 0)
    if low < UNKNOWN or high > LARGEST_LABEL:
        raise ValueError(
            f"The labels of {title} go from {low} to {high}: give classes from 0 to {LARGEST_LABEL}, or -1 where "
            "nothing is known."
        )
    if not np.isfinite(image).all():
        raise ValueError(f"{title} holds NaN or infinite numbers: put a number in their place.")


def _check_objects(title: str, labels: Labels, objects: Labels) -> None:
    if np.shape(objects) != np.shape(labels):
        raise ValueError(
            f"The labels of {title} have shape {np.shape(labels)}, its instances {np.shape(objects)}: they must match."
        )


def read_dataset(dataset: object, *rest: object) -> Dataset:
    """A data set itself.

    Args:
        dataset: What was given as one.
        rest: What was given beside it: if that is one, the order is what is wrong.

    Raises:
        ValueError: If it is anything but a `Dataset`.

    Example:
        >>> read_dataset("cells")
        Traceback (most recent call last):
        ...
        ValueError: dataset='cells' is not a dataset: give a Dataset, such as cells().
    """
    if isinstance(dataset, Dataset):
        return dataset
    if any(isinstance(each, Dataset) for each in rest):
        raise ValueError(f"dataset={shown(dataset)} is not a dataset, but what follows is one: give the dataset first.")
    raise ValueError(f"dataset={shown(dataset)} is not a dataset: give a Dataset, such as cells().")


def normalize(image: Image) -> Image:
    """An image as a network is given it: each channel with mean 0 and standard deviation 1.

    Microscopes differ in gain and offset, and so do 8 and 16 bits; after this they no longer do. Numbers that stand for
    "no data", and single ones far beyond all others, count as the nearest of the others (see ``limits_of`` in
    ``unet_explorer.data.limits``). A channel without any contrast becomes all zeros.

    Args:
        image: (height, width, channels).

    Example:
        >>> normalize(np.array([[[2.0], [4.0]]], "float32")).ravel().tolist()
        [-1.0, 1.0]
    """
    limits = limits_of(sampled(image))
    normal: Image = np.empty(np.shape(image), np.float32)
    # Channel by channel, for 64 bits take room.
    for channel, (low, high) in enumerate(zip(*limits, strict=True)):
        pixels = np.clip(np.asarray(image[..., channel], np.float64), low, high)
        middle = pixels.mean()
        normal[..., channel] = (pixels - middle) / spread_of(pixels.std(), middle)
    return normal


def spread_of(deviation: Any, middle: Any) -> Any:
    """By what a channel is divided: its standard deviation, or 1 where that is but the rounding of its mean.

    Args:
        deviation: Of one channel, or of each.
        middle: The mean, the same.

    Example:
        >>> spread_of(np.array([1e-12, 1e-12]), np.array([0.0, 1.0])).tolist()
        [1e-12, 1.0]
    """
    return np.where(deviation > 1e-9 * np.abs(middle), deviation, 1.0)
