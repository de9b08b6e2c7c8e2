"""The maps of a step side by side, for print, or as the numbers themselves."""

from __future__ import annotations

import io
import math
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.drawing.palette import PAGE, rgb
from unet_explorer.export.paper import PICTURES, drawn, numbers, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from unet_explorer.learning.protocol import MapView

__all__ = ["maps_bytes", "save_maps", "view_bytes"]

_KINDS: Final = (*PICTURES, ".npy")
_SHARP: Final = 3000
"""Pixels a side that all maps together have at most in a picture; larger ones are shown by means of neighbours."""
_WIDTH, _HEIGHT = 7.0, 9.0
"""Inches of a page."""
_MOST: Final = 4096


class _Grid(NamedTuple):
    """Maps as they are laid out: each from 0 to 1 by its own smallest and largest number."""

    maps: NDArray[np.float32]
    size: tuple[int, int]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    step: str


def save_maps(maps: Any, path: str | os.PathLike[str], step: str = "", *, overwrite: bool = False) -> None:
    """Save all maps of a step in one picture, or their numbers.

    Each map has its channel's number. Black is its own smallest number, white its own largest, and the picture says
    within which bounds all of these lie; a map that is the same everywhere is grey.

    Args:
        maps: (height, width, channels), or (height, width) for a single one.
        path: Where; its name ends in ``.pdf``, ``.png`` or ``.svg``; or in ``.npy`` for the numbers, as they are.
        step: What the maps come from, such as ``"enc0_conv2"``.
        overwrite: Whether to replace a file that is there already.

    Raises:
        ValueError: If an argument is not allowed.
        FileExistsError: If the file is there already, and may not be replaced.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "maps.npy"
        >>> save_maps(np.zeros((8, 8, 4), "float32"), path, "enc0_conv1")
        >>> np.load(path).shape
        (8, 8, 4)
    """
    read, name = _read_maps(maps), _read_step(step)
    save(path, overwrite, _KINDS, lambda kind: maps_bytes(read, kind, name))


def maps_bytes(maps: Any, kind: str, step: str = "") -> bytes:
    """The file of `save_maps`, to be handed on.

    Args:
        maps: (height, width, channels), or (height, width).
        kind: ``".pdf"``, ``".png"``, ``".svg"`` or ``".npy"``.
        step: What the maps come from.

    Raises:
        ValueError: If these are no maps.

    Example:
        >>> maps_bytes(np.zeros((8, 8, 4)), ".png", "enc0_conv1")[1:4]
        b'PNG'
    """
    read, name = _read_maps(maps), _read_step(step)
    if kind == ".npy":
        stream = io.BytesIO()
        np.save(stream, read, allow_pickle=False)
        return stream.getvalue()
    values = read.astype(np.float32)
    low, high = values.min(axis=(0, 1)), values.max(axis=(0, 1))
    scaled = (values - low) / np.where(high > low, high - low, 1)
    return _picture(_Grid(scaled, (read.shape[0], read.shape[1]), low, high, name), kind)


def view_bytes(view: MapView, kind: str) -> bytes:
    """The same of what the panel shows: maps as small as on the screen, in 8 bits.

    Args:
        view: What a `MapsRequest` was answered with, its arrays as the worker sent them.
        kind: ``".pdf"``, ``".png"``, ``".svg"``, or ``".npy"`` for (rows, columns, channels) as they are on the screen.
    """
    shares = np.moveaxis(np.asarray(view["thumbs"]), 0, -1).astype(np.float32) / np.float32(255)
    low, high = (np.asarray(view[end], np.float32) for end in ("low", "high"))
    if kind == ".npy":
        return maps_bytes(low + shares * (high - low), kind)
    return _picture(_Grid(shares, (view["height"], view["width"]), low, high, view["step"]), kind)


def _read_maps(maps: object) -> NDArray[Any]:
    found = numbers(maps)
    found = found[..., None] if found is not None and found.ndim == 2 else found
    if found is None or found.ndim != 3:
        shape = getattr(found, "shape", ())
        raise ValueError(
            f"maps={shown(maps)} with shape {shape} are no maps: give numbers (height, width, channels), such as one "
            "image of what a layer gives."
        )
    if found.shape[-1] > _MOST:
        raise ValueError(
            f"maps={shown(maps)} with shape {found.shape} are too many to be seen: give at most {_MOST:,} channels, "
            "such as maps[..., :64]."
        )
    if not np.isfinite(found).all():
        raise ValueError(f"maps={shown(maps)} hold NaN or infinite numbers: put a number in their place.")
    return found


def _read_step(step: object) -> str:
    if not isinstance(step, str):
        raise ValueError(f"step={shown(step)} is not allowed: give the name of the step, such as 'enc0_conv2'.")
    return "".join(sign for sign in step if sign.isprintable())[:80]


def _picture(grid: _Grid, kind: str) -> bytes:
    height, width, channels = grid.maps.shape
    columns = _columns(height, width, channels)
    rows = -(-channels // columns)
    # As wide as a page, unless it would become higher than one.
    cell = (_WIDTH if channels > 1 else _WIDTH / 2) / columns
    cell = min(cell, _HEIGHT / (rows * height / width))
    tall = rows * (cell * height / width + _label(cell) / 72)
    wide = max(_WIDTH / 2, cell * columns)
    return drawn(lambda figure: _draw(figure, grid, columns, cell), kind, (wide, tall + 0.42))


def _columns(height: int, width: int, channels: int) -> int:
    """As many side by side as make the whole about as high as it is wide, and no map larger than a third of it."""
    return min(channels, max(3, math.ceil(math.sqrt(channels * height / width)))) if channels > 1 else 1


def _label(cell: float) -> float:
    """Points of height for the numbers above maps that are so many inches wide."""
    return max(2.0, min(9.0, cell * 14))


def _draw(figure: Figure, grid: _Grid, columns: int, cell: float) -> None:
    height, width, channels = grid.maps.shape
    rows = -(-channels // columns)
    scale = max(1, -(-max(rows * height, columns * width) // _SHARP))
    small = _thinned(grid.maps, scale)
    tall, wide = small.shape[:2]
    gap = max(1, round(0.05 * wide))
    letters = _label(cell)
    head = math.ceil(letters / 72 / cell * (wide + gap))
    sheet = np.empty((rows * (tall + head), columns * (wide + gap) - gap, 3), np.float32)
    sheet[:] = np.array(rgb(PAGE["paper"]), np.float32) / 255
    axes = figure.add_subplot()
    constant = grid.high <= grid.low
    for channel in range(channels):
        down, across = divmod(channel, columns)
        top, left = down * (tall + head) + head, across * (wide + gap)
        grey = np.full((tall, wide), 0.5) if constant[channel] else small[..., channel]
        sheet[top : top + tall, left : left + wide] = grey[..., None]
        words = axes.text(
            left, top - head * 0.15, str(channel + 1) if channels > 1 else "", fontsize=letters * 0.8, va="bottom"
        )
        words.set(color=PAGE["quiet"], in_layout=False)
    axes.imshow(np.clip(sheet, 0, 1), interpolation="nearest")
    axes.set_axis_off()
    axes.set_title(_words(grid, int(constant.sum())), loc="left")


def _words(grid: _Grid, constant: int) -> str:
    channels, (height, width) = grid.maps.shape[-1], grid.size
    name = f"{grid.step}: " if grid.step else ""
    several = f"{channels:,} maps" if channels > 1 else "1 map"
    first = f"{name}{several} of {height} × {width} pixels"
    low, high = float(grid.low.min()), float(grid.high.max())
    bounds = f"from {low:.3g} to {high:.3g}".replace("-", "−")
    if channels == 1:
        return f"{first}\nBlack to white: {bounds}"
    same = f"; {constant} the same everywhere (grey)" if constant else ""
    return f"{first}\nBlack to white: each from its smallest to its largest number; all lie {bounds}{same}"


def _thinned(maps: NDArray[np.float32], scale: int) -> NDArray[np.float32]:
    """The mean of every square of so many pixels a side; what is left over at the end counts as its own edge."""
    if scale == 1:
        return maps
    height, width, channels = maps.shape
    filled = np.pad(maps, [(0, -height % scale), (0, -width % scale), (0, 0)], mode="edge")
    squares = filled.reshape(filled.shape[0] // scale, scale, filled.shape[1] // scale, scale, channels)
    means: NDArray[np.float32] = squares.mean(axis=(1, 3))
    return means
