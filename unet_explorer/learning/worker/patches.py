"""A few real numbers from before and behind a step, so that what it computes can be followed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.plan import Step

if TYPE_CHECKING:
    import keras

__all__ = ["FOLLOWED", "Numbers", "patch"]

Numbers = dict[str, NDArray[np.float32]]
FOLLOWED: Final = frozenset({"pool", "conv", "conv1x1"})
"""What a step does that can be followed with a few numbers."""
PLACES: Final = 2
"""Pixels a side that are followed behind a convolution."""
SCORED: Final = 3
"""Pixels a side whose scores are shown."""
POOLED: Final = 2
"""Pixels a side that are followed behind a pooling."""
CLASSES: Final = 4
"""Classes whose scores are shown where the mask is made of them."""


def patch(model: keras.Model, step: Step, before: Any, behind: Any, channel: int) -> Numbers:
    """Some numbers around the largest of a channel.

    Args:
        model: The network.
        step: One of its steps.
        before: (height, width, channels), what the step is given.
        behind: What it makes of it.
        channel: Which channel of that.

    Returns:
        For a pooling ``before`` and ``behind``. For a convolution the same of the one channel of its input that counts
        most there, ``from``; its ``kernel``; ``others``, what all other channels add; the ``bias``; and for the head
        ``scores`` (rows, columns, classes) where two classes are closest. For any other step nothing.

    Example:
        >>> from unet_explorer import UNetConfig, build_model, plan
        >>> model, step = build_model(UNetConfig(depth=1, base_filters=2)), plan(UNetConfig(depth=1))[2]
        >>> maps = np.arange(64, dtype="float32").reshape(8, 8, 1)
        >>> found = patch(model, step, maps, maps[1::2, 1::2], 0)
        >>> found["before"].shape, found["behind"].tolist()
        ((4, 4), [[45.0, 47.0], [61.0, 63.0]])
    """
    if step.op not in FOLLOWED:
        return {}
    before, behind = np.asarray(before), np.asarray(behind)
    seen = behind[..., channel]
    row, column = (int(place) for place in np.unravel_index(np.argmax(seen), seen.shape))
    if step.op == "pool":
        return _pooled(before[..., channel], seen, (row, column))
    kernel, *bias = (np.asarray(each)[..., channel] for each in model.get_layer(step.name).get_weights())
    followed = _convolved(step, before, seen, kernel, (row, column))
    followed["bias"] = np.array([float(each) for each in bias] or [0.0], np.float32)
    return followed | ({"scores": _scores(behind)} if step.op == "conv1x1" else {})


def _around(place: tuple[int, int], most: int, behind: Any) -> list[tuple[int, int]]:
    """First pixel and number of pixels, down and across, that lie round a place."""
    sizes = [min(most, side) for side in behind.shape[:2]]
    ranges = zip(place, sizes, behind.shape[:2], strict=True)
    return [(max(0, min(at - size // 2, side - size)), size) for at, size, side in ranges]


def _pooled(before: Any, behind: Any, place: tuple[int, int]) -> Numbers:
    around = _around(place, POOLED, behind)
    small, large = (tuple(slice(k * start, k * (start + size)) for start, size in around) for k in (1, 2))
    return {"before": before[large], "behind": behind[small]}


def _convolved(step: Step, before: Any, behind: Any, kernel: Any, place: tuple[int, int]) -> Numbers:
    around = _around(place, PLACES, behind)
    window = _window(before, around, step)
    k, sizes = step.kernel, [size for _, size in around]
    # What each channel adds, at every place: (rows, columns, channels).
    parts = np.zeros((*sizes, before.shape[-1]), np.float32)
    for row in range(k):
        for column in range(k):
            parts += window[row : row + sizes[0], column : column + sizes[1]] * kernel[row, column]
    at = tuple(pixel - start for pixel, (start, _) in zip(place, around, strict=True))
    strongest = int(np.argmax(np.abs(parts[at])))
    rows, columns = (slice(start, start + size) for start, size in around)
    return {
        "before": np.ascontiguousarray(window[..., strongest]),
        "kernel": np.ascontiguousarray(kernel[..., strongest]),
        "others": parts.sum(axis=-1) - parts[..., strongest],
        "from": np.array([strongest], np.float32),
        "behind": behind[rows, columns],
    }


def _window(before: Any, around: list[tuple[int, int]], step: Step) -> Any:
    """What the kernel sees on its way over these places; zeros stand for what lies outside."""
    first = (step.kernel - 1) // 2 if step.padding == "same" else 0
    wanted = [np.arange(start - first, start - first + size + step.kernel - 1) for start, size in around]
    inside = [np.clip(each, 0, side - 1) for each, side in zip(wanted, before.shape[:2], strict=True)]
    window = before[np.ix_(*inside)]
    for axis, (each, kept) in enumerate(zip(wanted, inside, strict=True)):
        window = np.where(np.expand_dims(each == kept, (1 - axis, 2)), window, np.float32(0))
    return window


def _scores(behind: Any) -> NDArray[np.float32]:
    """Scores of the classes where the best two are closest: there the mask has its borders."""
    if behind.shape[-1] > 1:
        best = np.sort(behind, axis=-1)
        close = best[..., -1] - best[..., -2]
    else:
        close = np.abs(behind[..., 0])
    row, column = (int(place) for place in np.unravel_index(np.argmin(close), close.shape))
    rows, columns = (slice(start, start + size) for start, size in _around((row, column), SCORED, behind))
    return np.ascontiguousarray(behind[rows, columns, :CLASSES])
