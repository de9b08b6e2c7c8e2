"""What a prediction as OME-Zarr says of itself: axes, levels, channels and colours, as version 0.5 has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.drawing.palette import PAGE, class_colour, class_rgb

__all__ = ["IMAGES", "KINDS", "VERSION", "axes_of", "channels_of", "image_label", "multiscales", "sides_of_levels"]

VERSION: Final = "0.5"
_SMALLEST: Final = 512
"""Pixels of the longest side at which no coarser level is needed."""
IMAGES: Final = {
    "probabilities": {"probabilities": "", "mask": "labels/mask"},
    "mask": {"image": "", "mask": "labels/mask"},
    "objects": {"image": "", "mask": "labels/mask", "objects": "labels/objects"},
}
"""For each kind of result the images in its folder, and where they are; that which is no label image is the first."""
KINDS: Final = {"probabilities": "float32", "image": "uint8", "mask": "uint8", "objects": "uint32"}
_UNITS: Final = {
    "nm": "nanometer",
    "um": "micrometer",
    "mm": "millimeter",
    "cm": "centimeter",
    "inch": "inch",
    "m": "meter",
}


def axes_of(kind: str) -> list[str]:
    """What the axes of an image of a kind are called."""
    return ["c", "y", "x"] if kind == "probabilities" else ["y", "x"]


def sides_of_levels(shape: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and width of every level: half of the one before, rounded up, until the longest is 512 pixels or less.

    Example:
        >>> sides_of_levels((1025, 30))
        [(1025, 30), (513, 15), (257, 8)]
    """
    levels = [shape]
    while max(levels[-1]) > _SMALLEST:
        levels.append((-(-levels[-1][0] // 2), -(-levels[-1][1] // 2)))
    return levels


def multiscales(kind: str, shape: tuple[int, int], pixel: PixelSize | None) -> dict[str, Any]:
    """What is said of the levels of an image.

    Args:
        kind: One of `KINDS`.
        shape: (height, width) of the finest.
        pixel: How large a pixel of it is, where that is known.
    """
    from unet_explorer import __version__

    unit = {"unit": _UNITS[pixel.unit]} if pixel else {}
    sides = (pixel.height, pixel.width) if pixel else (1.0, 1.0)
    before = [1.0] * (len(axes_of(kind)) - 2)
    datasets = []
    for level in range(len(sides_of_levels(shape))):
        # The middle of a coarser pixel lies between those of the pixels that it is made of.
        scale = [side * 2.0**level for side in sides]
        shift = [side * (2.0**level - 1) / 2 for side in sides]
        steps: list[dict[str, Any]] = [{"type": "scale", "scale": before + scale}]
        steps += [{"type": "translation", "translation": [0.0] * len(before) + shift}] if level else []
        datasets.append({"path": str(level), "coordinateTransformations": steps})
    mean = kind == "probabilities"
    how = "the mean of four pixels" if mean else "the upper left of four pixels"
    return {
        "name": "mask" if kind == "image" else kind,
        "axes": [
            {"name": name, "type": "channel"} if name == "c" else {"name": name, "type": "space", **unit}
            for name in axes_of(kind)
        ],
        "datasets": datasets,
        "type": "mean" if mean else "nearest",
        "metadata": {"description": how, "method": "unet_explorer.predict.ome.pyramid", "version": __version__},
    }


def channels_of(kind: str, names: Sequence[str], count: int) -> list[dict[str, Any]]:
    """How programs show the image: probabilities in the colours of their classes, a mask in grey.

    Args:
        kind: One of `KINDS`.
        names: Of all classes.
        count: How many channels there are.
    """
    if kind != "probabilities":
        return [_channel("class", PAGE["paper"], len(names) - 1)]
    shown = [*enumerate(names)][-count:]
    return [
        _channel(name, class_colour(number) if number else PAGE["paper"], 1, bool(number)) for number, name in shown
    ]


def _channel(label: str, colour: str, top: int, active: bool = True) -> dict[str, Any]:
    window = {"min": 0, "max": top, "start": 0, "end": top}
    return {"label": label, "color": colour.removeprefix("#"), "window": window, "active": active, "family": "linear"}


def image_label(names: Sequence[str], *, numbered: bool) -> dict[str, Any]:
    """What is said of a label image: its colours, and of which image it is one.

    Args:
        names: Of all classes.
        numbered: Whether it holds numbers of objects, not classes.
    """
    said: dict[str, Any] = {"version": VERSION, "source": {"image": "../../"}}
    if numbered:
        # There may be millions: programs give each a colour of their own.
        return said
    said["colors"] = [
        {"label-value": number, "rgba": [*class_rgb(number), 255 if number else 0]} for number in range(len(names))
    ]
    said["properties"] = [{"label-value": number, "class": name} for number, name in enumerate(names)]
    return said
