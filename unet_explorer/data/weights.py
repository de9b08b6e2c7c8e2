"""The weight map of the paper: rare classes count more, and so do the gaps between touching cells."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.dataset import Dataset, Labels

__all__ = ["BORDER", "SPREAD", "class_weights", "regions", "weight_map", "weight_maps", "weight_of"]

BORDER: Final = 10.0
"""What a gap of no width would count on top: w0 of equation 2 in Ronneberger et al. 2015."""
SPREAD: Final = 5.0
"""How fast that fades as the gap widens, in pixels: sigma of the same equation."""
_REACH: Final = 6.5
"""In sigmas: beyond it the border counts less than 1e-8 and is taken as nothing."""


def class_weights(dataset: Dataset, num_classes: int | None = None) -> NDArray[np.float64]:
    """What a pixel of each class counts (w_c), so that all classes count the same in total.

    A pixel counts 1 on average over the whole dataset. Classes that do not occur count nothing.

    Args:
        dataset: The images with their labels.
        num_classes: How many classes the network tells apart; as many as are named, if left out.

    Example:
        >>> empty, full = np.zeros((1, 4, 3), int), np.ones((1, 4, 1), int)
        >>> labels = np.concatenate([empty, full], axis=2)
        >>> class_weights(Dataset("x", np.zeros((1, 4, 4, 1), "float32"), labels, ("empty", "full"))).round(2).tolist()
        [0.67, 2.0]
    """
    count = num_classes or len(dataset.classes)
    pixels = dataset.pixels.sum(axis=0)[:count]
    occurring = pixels > 0
    weights = np.zeros(count)
    weights[occurring] = pixels.sum() / (occurring.sum() * pixels[occurring])
    return weights


def weight_map(
    labels: Labels,
    instances: Labels | None,
    weights: NDArray[np.float64],
    border: float = BORDER,
    spread: float = SPREAD,
) -> NDArray[np.float32]:
    """What each pixel counts in the loss: ``w_c + border · exp(−(d1 + d2)² / (2 · spread²))``.

    d1 and d2 are the distances, in pixels, to the nearest and the second-nearest object. The border term is added
    outside the objects, where figure 3 of the paper shows it: it is the gaps that must be learnt.

    Args:
        labels: (height, width), the class of every pixel; −1, where nothing is known, counts nothing.
        instances: (height, width), which object a pixel belongs to, 0 for none. None leaves the border term out.
        weights: What a pixel of each class counts, see `class_weights`.
        border: w0.
        spread: Sigma, in pixels.

    Returns:
        (height, width).

    Example:
        >>> two = np.array([[1, 0, 2]])
        >>> weight_map((two > 0).astype(int), two, np.ones(2)).astype(float).round(2).tolist()
        [[1.0, 10.23, 1.0]]
    """
    counted = np.where(labels < 0, 0.0, weights[np.clip(labels, 0, len(weights) - 1)])
    if instances is not None:
        border_term = border * np.exp(-((_two_distances(instances, _REACH * spread)) ** 2) / (2 * spread**2))
        counted = counted + np.where(labels < 0, 0.0, border_term)
    return counted.astype(np.float32)


def _two_distances(instances: Labels, reach: float) -> NDArray[np.float64]:
    """The sum d1 + d2 outside the objects, and infinity inside them or where it is more than `reach`."""
    total = np.full(instances.shape, np.inf)
    outside = instances == 0
    if outside.all() or not outside.any():
        return total
    nearest, (row, column) = ndimage.distance_transform_edt(outside, return_indices=True)
    owner = np.where(outside & (nearest <= reach), instances[row, column], 0)
    margin = int(np.ceil(reach)) + 1
    for number, box in enumerate(ndimage.find_objects(owner), 1):
        if box is None:
            continue
        # The second-nearest object of these pixels lies within reach of them, or does not matter.
        room = tuple(slice(max(0, side.start - margin), side.stop + margin) for side in box)
        others = (instances[room] != 0) & (instances[room] != number)
        if not others.any():
            continue
        second = ndimage.distance_transform_edt(~others)
        mine = owner[room] == number
        total[room][mine] = (nearest[room] + second)[mine]
    total[total > reach] = np.inf
    return total


def regions(labels: Labels) -> NDArray[np.int32]:
    """Connected regions of one class, numbered: what counts as objects where these are not known.

    Args:
        labels: (height, width), the class of every pixel; 0 is the background.

    Returns:
        (height, width), 0 for the background.

    Example:
        >>> regions(np.array([[1, 1, 0, 1, 2]])).tolist()
        [[1, 1, 0, 2, 3]]
    """
    found = np.zeros(labels.shape, np.int32)
    for label in np.unique(labels[labels > 0]):
        numbers, _ = ndimage.label(labels == label)
        found[numbers > 0] = numbers[numbers > 0] + found.max()
    return found


def weight_maps(dataset: Dataset, num_classes: int | None = None) -> tuple[NDArray[np.float32], ...]:
    """A weight map for each image, (height, width), with the paper's w0 = 10 and sigma = 5 px.

    Where objects are not known one by one, each connected region of a class counts as one.

    Example:
        >>> from unet_explorer import cells
        >>> weight_maps(cells(2, size=64))[0].shape
        (64, 64)
    """
    weights = class_weights(dataset, num_classes)
    return tuple(weight_of(dataset, place, weights) for place in range(len(dataset)))


def weight_of(dataset: Dataset, place: int, weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """The weight map of one image, (height, width).

    Args:
        dataset: The images.
        place: Which one.
        weights: What a pixel of each class counts, see `class_weights`.
    """
    labels = np.asarray(dataset.labels[place])
    objects = regions(labels) if dataset.instances is None else np.asarray(dataset.instances[place])
    return weight_map(labels, objects, weights)
