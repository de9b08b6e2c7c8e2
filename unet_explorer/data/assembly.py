"""A data set put together from what was read: images scaled, masks understood, and what is worth knowing of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unet_explorer.data.arrays import scaled_image, together
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.decoded import DecodedImage
from unet_explorer.data.reading import channels_of, describe_beyond
from unet_explorer.data.rule import Meaning
from unet_explorer.data.views import in_grey
from unet_explorer.whole import printable

__all__ = ["assembled"]


def assembled(
    name: str,
    images: Sequence[DecodedImage],
    found: Meaning,
    titles: Sequence[str],
    grey: bool,
    notes: tuple[str, ...] = (),
    validation: int = 0,
) -> Dataset:
    """A data set in memory.

    Args:
        name: What it is called.
        images: As they were decoded.
        found: What their masks mean.
        titles: A name for each image.
        grey: Whether to turn colour into one channel.
        notes: What is known already.
        validation: How many images, the last ones, are for validation.
    """
    channels = max(map(channels_of, images))
    beyond: dict[str, int] = {}
    pixels: list[Any] = []
    for image, title in zip(images, titles, strict=True):
        numbers, count = scaled_image(image, channels)
        pixels.append(in_grey(numbers) if grey else numbers)
        if count:
            beyond[printable(title)] = count
    return Dataset(
        printable(name),
        together(pixels),
        together(found.labels),
        found.classes,
        None if found.instances is None else together(found.instances),
        titles=tuple(map(printable, titles)),
        notes=(*notes, *filter(None, [found.note]), *describe_beyond(beyond)),
        validation=validation,
        colours=found.colours,
    )
