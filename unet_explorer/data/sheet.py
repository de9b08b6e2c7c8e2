"""A contact sheet: data sets at a glance, images above and what every pixel is below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.dataset import Image as Pixels
from unet_explorer.drawing.palette import class_rgb

__all__ = ["contact_sheet"]

LARGEST: Final = 256
GAP: Final = 6
LETTERS: Final = 15


def contact_sheet(datasets: Dataset | Sequence[Dataset], columns: int = 4) -> Image.Image:
    """Draw the first images of some data sets, and below each the same image with its classes in colour.

    Where objects are known one by one, each has its own outline; else each patch of a class has.

    The sheet of the made sets in the notebooks' folder comes from

        contact_sheet([made(4, 160) for made in (cells, membranes, shapes)]).quantize(96, 1).save("made-sets.png")

    Args:
        datasets: What to draw, from top to bottom; a single one, too.
        columns: How many images of each, at least 1. A set with fewer shows all it has.

    Returns:
        An RGB picture. Images larger than 256 px are shown smaller.

    Raises:
        ValueError: If there is nothing to draw.

    Example:
        >>> from unet_explorer.data.made.cells import cells
        >>> contact_sheet(cells(2, size=64), columns=2).size
        (206, 167)
    """
    some = [datasets] if isinstance(datasets, Dataset) else list(datasets)
    if not some or isinstance(columns, bool) or not hasattr(columns, "__index__") or columns < 1:
        raise ValueError(
            f"contact_sheet of {len(some)} data sets in columns={columns!r} shows nothing: give at least one data set "
            "and a whole number of columns from 1."
        )
    strips = [_strip(data, min(columns, len(data))) for data in some]
    sheet = Image.new("RGB", (max(strip.width for strip in strips), sum(strip.height for strip in strips)), "white")
    top = 0
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height
    return sheet


def _strip(data: Dataset, columns: int) -> Image.Image:
    """One data set: its name and classes, a row of images, a row of the same in colour."""
    pairs = []
    for place in range(columns):
        grey = _rgb(data.images[place])
        objects = data.labels[place] if data.instances is None else data.instances[place]
        pairs.append((_fit(grey), _fit(_coloured(grey, np.asarray(data.labels[place]), np.asarray(objects)))))
    tall, wide = max(above.height for above, _ in pairs), max(above.width for above, _ in pairs)
    head = LETTERS + 2 * GAP
    size = (max(columns * (wide + GAP) + GAP, _caption(None, data)), head + 2 * (tall + GAP))
    strip = Image.new("RGB", size, "white")
    _caption(ImageDraw.Draw(strip), data)
    for place, (above, below) in enumerate(pairs):
        left = GAP + place * (wide + GAP)
        strip.paste(above, (left, head))
        strip.paste(below, (left, head + tall + GAP))
    return strip


def _caption(draw: ImageDraw.ImageDraw | None, data: Dataset) -> int:
    """Write the name, and each class behind a square of its colour; how far that goes, in pixels."""
    font = ImageFont.load_default(LETTERS)
    labels = [(data.name, None), *((word, class_rgb(number)) for number, word in enumerate(data.classes))]
    left = GAP
    for word, colour in labels:
        if colour is not None:
            if draw:
                draw.rectangle((left, GAP + 2, left + LETTERS - 4, GAP + LETTERS - 2), fill=colour)
            left += LETTERS + 1
        if draw:
            draw.text((left, GAP - 1), word, fill="black", font=font)
        left += round(font.getlength(word)) + 2 * GAP
    return left


def _rgb(image: Pixels) -> NDArray[np.uint8]:
    """(height, width, 3), as bright as the image can be shown."""
    pixels = np.asarray(image, np.float32)
    if pixels.shape[-1] != 3:
        pixels = np.repeat(pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    # The few brightest pixels may clip: fluorescence is mostly dark.
    low, high = np.quantile(pixels, (0.001, 0.998))
    shown: NDArray[np.uint8] = (np.clip((pixels - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    return shown


def _coloured(grey: NDArray[np.uint8], labels: NDArray[np.integer], objects: NDArray[np.integer]) -> NDArray[np.uint8]:
    colours = np.array([class_rgb(number) for number in range(int(labels.max()) + 1)], np.float32)[labels]
    edge = np.zeros(labels.shape, bool)
    for parts in (labels, objects):
        for axis in (0, 1):
            ahead = parts != np.roll(parts, -1, axis)
            behind = parts != np.roll(parts, 1, axis)
            # What rolls in from the other border is no neighbour.
            np.moveaxis(ahead, axis, 0)[-1] = False
            np.moveaxis(behind, axis, 0)[0] = False
            edge |= ahead | behind
    strength = np.where(labels == 0, 0, np.where(edge, 1, 0.3))[..., None].astype(np.float32)
    mixed: NDArray[np.uint8] = (grey * (1 - strength) + colours * strength).astype(np.uint8)
    return mixed


def _fit(pixels: NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(pixels)
    picture.thumbnail((LARGEST, LARGEST))
    return picture
