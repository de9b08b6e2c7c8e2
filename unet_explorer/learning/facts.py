"""What a set is: how wide its objects are, how its classes share the pixels, and in what its images differ."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.dataset import Dataset, Image, Labels, normalize
from unet_explorer.data.weights import regions

__all__ = ["LOOKED_AT", "Facts", "facts_of"]

LOOKED_AT: Final = 50
"""Images that are looked at, spread evenly over the set: more would say the same, later."""
_MOST: Final = 512
"""Pixels a side that are looked at, in the middle of an image."""
_CLEAR: Final = 1.0
"""Standard deviations of the image by which dark or bright objects differ from what is around them."""


class Facts(NamedTuple):
    """What was measured of a set.

    Attributes:
        images: How many there are.
        smallest: (height, width) in pixels of which no image has less.
        pixels: Of all images.
        shares: For each class its share of all pixels.
        widths: Widths of objects in pixels: the diameter of the widest circle that lies inside. A tenth of all labelled
            pixels is in objects that are narrower than the first, half than the second, all but a tenth than the
            third: so crumbs count as little as they are. Empty without objects.
        usual: The second of these figures of the image with the narrowest objects, and of the one with the widest.
            Empty without objects.
        darker: Images where objects are clearly darker than the background.
        brighter: Images where they are clearly brighter.
        looked_at: Images that the last four follow from.
        levels: For each class behind the background mean and standard deviation of its objects' grey values, in
            standard deviations of the image; None where it has no object.
        places: For each class behind the background, where it lies from top (0) to bottom (1): mean over the images,
            and how it differs among them; None where it is in too few images to tell.
    """

    images: int
    smallest: tuple[int, int]
    pixels: int
    shares: tuple[float, ...]
    widths: tuple[float, ...]
    usual: tuple[float, ...]
    darker: int
    brighter: int
    looked_at: int
    levels: tuple[tuple[float, float] | None, ...]
    places: tuple[tuple[float, float] | None, ...]


class _Seen(NamedTuple):
    """What one image shows: its objects' widths, areas, classes and levels, its contrast, and where its classes lie."""

    widths: NDArray[np.float64]
    areas: NDArray[np.int64]
    classes: NDArray[np.int64]
    levels: NDArray[np.float64]
    contrast: float
    places: dict[int, float]


def facts_of(dataset: Dataset) -> Facts:
    """Look at a set.

    Args:
        dataset: Images with their labels. Of many at most 50 are looked at, of large ones the middle.

    Example:
        >>> from unet_explorer import shapes
        >>> facts = facts_of(shapes(4, size=96))
        >>> facts.images, facts.smallest, len(facts.shares)
        (4, (96, 96), 4)
    """
    places = np.unique(np.linspace(0, len(dataset) - 1, LOOKED_AT).round().astype(int)).tolist()
    seen = [_look(dataset, place) for place in places]
    counts = dataset.pixels.sum(axis=0)
    classes = max(len(dataset.classes), int(np.flatnonzero(counts).max(initial=0)) + 1)
    widths, areas = (np.concatenate([getattr(each, name) for each in seen]) for name in ("widths", "areas"))
    usual = [_shares(each.widths, each.areas, (0.5,))[0] for each in seen if each.widths.size]
    contrasts = np.array([each.contrast for each in seen])
    heights, sides = zip(*dataset.sizes, strict=True)
    return Facts(
        images=len(dataset),
        smallest=(min(heights), min(sides)),
        pixels=int(counts.sum()),
        shares=tuple((counts[:classes] / max(1, counts.sum())).tolist()),
        widths=_shares(widths, areas, (0.1, 0.5, 0.9)) if widths.size else (),
        usual=(min(usual), max(usual)) if usual else (),
        darker=int((contrasts < -_CLEAR).sum()),
        brighter=int((contrasts > _CLEAR).sum()),
        looked_at=len(places),
        levels=tuple(_level(seen, label) for label in range(1, classes)),
        places=tuple(_place(seen, label) for label in range(1, classes)),
    )


def _middle(plane: NDArray[np.generic]) -> tuple[slice, slice]:
    first = [max(0, (side - _MOST) // 2) for side in plane.shape[:2]]
    return slice(first[0], first[0] + _MOST), slice(first[1], first[1] + _MOST)


def _look(dataset: Dataset, place: int) -> _Seen:
    labels = np.asarray(dataset.labels[place])
    part = _middle(labels)
    light = normalize(_grey(dataset.images[place]))[part][..., 0]
    cut = labels[part]
    objects = _objects(cut, None if dataset.instances is None else np.asarray(dataset.instances[place])[part])
    numbers = np.unique(objects[objects > 0])
    objects = np.searchsorted(np.concatenate([[0], numbers]), objects)
    count = range(1, len(numbers) + 1)
    inside = cut > 0
    both = inside.any() and not inside.all()
    rows = (np.arange(labels.shape[0]) + 0.5) / labels.shape[0]
    return _Seen(
        widths=_widths(objects, len(numbers)),
        areas=np.bincount(objects.ravel(), minlength=len(numbers) + 1)[1:],
        classes=np.asarray(ndimage.maximum(cut, objects, count), np.int64).reshape(-1),
        levels=np.asarray(ndimage.mean(light, objects, count), float).reshape(-1),
        contrast=float(light[inside].mean() - light[~inside].mean()) if both else 0.0,
        places={
            int(label): float(np.average(rows, weights=(labels == label).sum(axis=1)))
            for label in np.unique(cut[inside])
        },
    )


def _objects(labels: Labels, instances: Labels | None) -> Labels:
    """Objects behind the background: of membranes what is numbered is what they enclose, and not they."""
    known = None if instances is None else np.where(labels > 0, instances, 0)
    return regions(labels) if known is None or not known.any() else known


def _grey(image: Image) -> Image:
    mean: Image = np.asarray(image, np.float32).mean(axis=-1, keepdims=True)
    return mean


def _widths(objects: Labels, count: int) -> NDArray[np.float64]:
    """The diameter of the widest circle inside each object, in pixels; a line of one pixel is 1 wide."""
    widths = np.zeros(count)
    for number, box in enumerate(ndimage.find_objects(objects, count), 1):
        # Two objects that touch end where they touch; at the border of what is seen an object goes on.
        one = np.pad(objects[box] == number, 1)
        widths[number - 1] = 2 * float(ndimage.distance_transform_edt(one).max()) - 1
    return widths


def _shares(widths: NDArray[np.float64], areas: NDArray[np.int64], shares: tuple[float, ...]) -> tuple[float, ...]:
    """The widths up to which the objects hold such shares of all their pixels."""
    order = np.argsort(widths)
    held = np.cumsum(areas[order])
    return tuple(float(widths[order][np.searchsorted(held, share * held[-1])]) for share in shares)


def _level(seen: list[_Seen], label: int) -> tuple[float, float] | None:
    levels = np.concatenate([each.levels[each.classes == label] for each in seen])
    return (float(levels.mean()), float(levels.std())) if levels.size else None


def _place(seen: list[_Seen], label: int) -> tuple[float, float] | None:
    places = [each.places[label] for each in seen if label in each.places]
    return (float(np.mean(places)), float(np.std(places))) if len(places) >= 4 else None
