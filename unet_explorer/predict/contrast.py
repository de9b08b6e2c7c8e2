"""How the numbers of an image are given to a network, found by all workers of a cluster; see `standard.Standard`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from unet_explorer.data.dataset import spread_of
from unet_explorer.data.limits import Limits, limits_of, sample_step
from unet_explorer.predict.onworker import Look, Moments, looked_at, measured_part
from unet_explorer.predict.parts import Place, carrier, chunks_of
from unet_explorer.predict.standard import Standard, not_finite, warn_beyond
from unet_explorer.predict.submitting import answers

__all__ = ["merged", "rectangles", "standard_of"]

_TOGETHER: Final = 1 << 22
"""Numbers of an image that are looked at together."""
_WIDE: Final = 2048
"""Pixels a side of what is looked at together, about."""


def standard_of(client: Any, image: Any, prepare: bool) -> Standard:
    """Mean and standard deviation of each channel, or none of it; the same as `Standard.of` and `Standard.none`.

    Args:
        client: Of Dask.
        image: As `read_image` gives it.
        prepare: Whether images are to have mean 0 and standard deviation 1.

    Raises:
        ValueError: If a number is NaN or infinite.
        TaskError: If a part cannot be read.
    """
    places, sent = list(rectangles(image.shape, chunks_of(image))), carrier(image, client)
    limits = Limits(np.full(1, -np.inf), np.full(1, np.inf))
    if prepare or np.dtype(image.dtype).kind == "f":
        step = sample_step(image.shape)
        tasks = ((number, (sent(place), place, step)) for number, place in enumerate(places))
        sample = _sample(look for _, look in answers(client, looked_at, tasks))
        limits = limits_of(sample) if prepare else limits
    if not prepare:
        return Standard(np.zeros(1), np.ones(1), limits)
    parts = ((number, (sent(place), place, limits)) for number, place in enumerate(places))
    # In their order, or the last digits would depend on who was first.
    found = sorted(answers(client, measured_part, parts), key=lambda each: each[0])
    total = merged([moments for _, moments in found])
    if total.beyond:
        warn_beyond(total.beyond, 6)
    spread = spread_of(np.sqrt(total.squares / total.pixels), total.middle)
    return Standard(total.middle, spread, limits)


def _sample(looks: Iterable[Look]) -> Any:
    """All samples together, once it is clear that every number is one.

    Raises:
        ValueError: If one is not; it names the first in reading order, whoever found it.
    """
    samples, faults = [], []
    for look in looks:
        samples.append(look.sample)
        faults += [look.fault] if look.fault else []
    if faults:
        raise not_finite(*min(faults))
    return np.concatenate(samples).astype(np.float64)


def merged(parts: list[Moments]) -> Moments:
    """Moments of the whole from those of its parts (Chan, Golub and LeVeque 1983).

    Args:
        parts: Of each part.

    Example:
        >>> halves = [Moments(2, 0, np.array([mean]), np.array([0.0])) for mean in (1.0, 3.0)]
        >>> whole = merged(halves)
        >>> whole.pixels, whole.middle.tolist(), whole.squares.tolist()
        (4, [2.0], [4.0])
    """
    pixels = sum(part.pixels for part in parts)
    middle = sum(part.middle * (part.pixels / pixels) for part in parts)
    squares = sum(part.squares + part.pixels * (part.middle - middle) ** 2 for part in parts)
    return Moments(pixels, sum(part.beyond for part in parts), np.asarray(middle), np.asarray(squares))


def rectangles(shape: tuple[int, ...], chunks: tuple[int, int]) -> Iterator[Place]:
    """An image in parts of a few million numbers, each of whole chunks where these are not larger.

    Args:
        shape: (height, width), or with channels behind.
        chunks: (rows, columns) that are stored together.

    Example:
        >>> [[part.stop for part in place] for place in rectangles((3000, 2500), (1000, 1000))]
        [[2000, 2000], [2000, 2500], [3000, 2000], [3000, 2500]]
    """
    height, width = shape[:2]
    channels = shape[2] if len(shape) == 3 else 1
    across = min(width, max(1, _WIDE // chunks[1]) * chunks[1])
    down = max(1, min(height, _TOGETHER // (across * channels)))
    down = max(1, down // chunks[0]) * chunks[0] if chunks[0] <= down else down
    for top in range(0, height, down):
        for left in range(0, width, across):
            yield slice(top, min(top + down, height)), slice(left, min(left + across, width))
