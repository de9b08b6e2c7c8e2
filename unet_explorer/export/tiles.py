"""How tiles cover an image, for print."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.core.tiling import PlacedTile, Tiling
from unet_explorer.drawing.palette import BLUE, PAGE, SKY, VERMILLION, mixed
from unet_explorer.export.paper import PICTURES, drawn, numbers, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["save_tiling", "tiling_bytes"]

_NUMBERED: Final = 64
"""So many tiles can still be read by their numbers."""
_DRAWN: Final = 10_000
"""More can no longer be told apart."""
_WIDTH: Final = 4.6


def save_tiling(tiling: Tiling, path: str | os.PathLike[str], image: Any = None, *, overwrite: bool = False) -> None:
    """Save a picture of how tiles cover an image.

    Each tile's own part of the prediction is a field, in reading order. Of one tile, in the middle, all is shown: what
    it reads, which overlaps its neighbours, and what it writes. Hatched is what lies beyond the image and is mirrored.

    Args:
        tiling: The tiles.
        path: Where; its name ends in ``.pdf``, ``.png`` or ``.svg``.
        image: The image itself, to be shown below, (height, width) or (height, width, channels).
        overwrite: Whether to replace a file that is there already.

    Raises:
        ValueError: If an argument is not allowed, or the image has other sides than the tiling.
        FileExistsError: If the file is there already, and may not be replaced.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from unet_explorer import UNetConfig
        >>> path = Path(tempfile.mkdtemp()) / "tiles.png"
        >>> save_tiling(Tiling(UNetConfig(depth=3), (292, 292), 188), path)
        >>> path.stat().st_size > 1000
        True
    """
    read = _read_tiling(tiling), _read_image(tiling, image)
    save(path, overwrite, PICTURES, lambda kind: _bytes(*read, kind))


def tiling_bytes(tiling: Tiling, kind: str, image: Any = None) -> bytes:
    """The file of `save_tiling`, to be handed on.

    Args:
        tiling: The tiles.
        kind: ``".pdf"``, ``".png"`` or ``".svg"``.
        image: The image itself, or None.

    Raises:
        ValueError: If the image has other sides than the tiling, or there are too many tiles to be seen.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> tiling_bytes(Tiling(UNetConfig(depth=3), (292, 292), 188), ".svg")[:5]
        b'<?xml'
    """
    return _bytes(_read_tiling(tiling), _read_image(tiling, image), kind)


def _read_tiling(tiling: object) -> Tiling:
    if not isinstance(tiling, Tiling):
        raise ValueError(f"tiling={shown(tiling)} is no Tiling: give one, such as Tiling(config, (512, 512), 188).")
    if len(tiling) > _DRAWN:
        raise ValueError(
            f"tiling={shown(tiling)} has {len(tiling):,} tiles, and beyond {_DRAWN:,} none can be seen: give larger "
            "tiles, or a part of the image."
        )
    return tiling


def _read_image(tiling: Tiling, image: object) -> NDArray[np.float32] | None:
    """What is shown below, from 0 to 1, grey or RGB, and no larger than a page shows."""
    if image is None:
        return None
    pixels = numbers(image)
    if pixels is None or pixels.ndim not in (2, 3) or pixels.shape[:2] != tiling.image:
        shape, (height, width) = getattr(pixels, "shape", ()), tiling.image
        raise ValueError(
            f"image={shown(image)} with shape {shape} is not the image of this tiling: give an array of {height} × "
            f"{width} pixels, with or without channels."
        )
    apart = -(-max(pixels.shape[:2]) // 2048)
    small = np.nan_to_num(pixels[::apart, ::apart].astype(np.float32))
    if small.ndim == 3 and small.shape[-1] != 3:
        small = small.mean(axis=-1)
    low, high = float(small.min()), float(small.max())
    scaled: NDArray[np.float32] = (small - low) / (high - low if high > low else 1)
    return scaled


def _bytes(tiling: Tiling, image: NDArray[np.float32] | None, kind: str) -> bytes:
    top, bottom, left, right = _extent(tiling)
    height = (_WIDTH - 0.6) * min(3.0, max(0.2, (bottom - top) / (right - left)))
    return drawn(lambda figure: _draw(figure, tiling, image), kind, (_WIDTH, height + 1.35))


def _extent(tiling: Tiling) -> tuple[int, int, int, int]:
    """First row and the one behind the last, first column and the one behind the last, of all tiles and the image."""
    first, last = tiling[0], tiling[-1]
    top, left = (min(0, start) for start in first.start)
    bottom, right = (
        max(side, start + size) for side, start, size in zip(tiling.image, last.start, last.size, strict=True)
    )
    return top, bottom, left, right


def _draw(figure: Figure, tiling: Tiling, image: NDArray[np.float32] | None) -> None:
    axes = figure.add_subplot()
    handles = _ground(axes, tiling, image)
    handles = [*_highlight(axes, tiling, image is not None), *handles]
    top, bottom, left, right = _extent(tiling)
    axes.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xlabel="pixels", ylabel="pixels")
    for side in axes.spines.values():
        side.set_visible(False)
    said = str(tiling).splitlines()[0]
    if not tiling.seamless:
        said = f"{said[:-1]}; laid without care for seams."
    axes.set_title(said.replace("; ", ";\n", 1), loc="left")
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=7)


def _ground(axes: Axes, tiling: Tiling, image: NDArray[np.float32] | None) -> list[Any]:
    """What lies below all: what is mirrored, the image, and the fields that tiles write; what the legend says of it."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Patch, Rectangle

    (top, bottom, left, right), (height, width) = _extent(tiling), tiling.image
    beyond: dict[str, Any] = {
        "facecolor": mixed(PAGE["line"], 0.35),
        "edgecolor": PAGE["line"],
        "hatch": "////",
        "linewidth": 0,
    }
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, zorder=0, **beyond))
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=PAGE["paper"], linewidth=0, zorder=0.1))
    if image is not None:
        extent = (0.0, float(width), float(height), 0.0)
        axes.imshow(image, extent=extent, cmap="gray", vmin=0, vmax=1, interpolation="nearest", zorder=0.2)
    fields, colours = [], []
    for number, tile in enumerate(tiling):
        fields.append(Rectangle(*_box(tile)))
        colours.append(BLUE if sum(divmod(number, tiling.axes[1].count)) % 2 else SKY)
    edges: dict[str, Any] = {"edgecolors": PAGE["paper"], "linewidths": 0.8 if len(tiling) <= 400 else 0.2}
    axes.add_collection(PatchCollection(fields, facecolors=colours, alpha=0.3 if image is None else 0.25, **edges))
    axes.add_patch(Rectangle((0, 0), width, height, fill=False, edgecolor=PAGE["ink"], linewidth=1, clip_on=False))
    written = Patch(facecolor=SKY, alpha=0.5, label="what each tile writes")
    inside = (top, left, bottom, right) == (0, 0, height, width)
    return [written] if inside else [Patch(label="beyond the image: mirrored", **beyond), written]


def _box(tile: PlacedTile) -> tuple[tuple[int, int], int, int]:
    """Corner, width and height of what a tile writes."""
    rows, columns = tile.write
    return (columns.start, rows.start), columns.stop - columns.start, rows.stop - rows.start


def _highlight(axes: Axes, tiling: Tiling, on_image: bool) -> list[Any]:
    """Of the tile in the middle what it reads and what it writes, and all numbers; what the legend says of it."""
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    tile = tiling[(tiling.axes[0].count // 2) * tiling.axes[1].count + tiling.axes[1].count // 2]
    (row, column), (height, width) = tile.start, tile.size
    corner, wide, tall = _box(tile)
    line: dict[str, Any] = {"fill": False, "edgecolor": VERMILLION, "clip_on": False}
    read = Rectangle((column, row), width, height, linewidth=1.4, linestyle="--", zorder=3, **line)
    write = Rectangle(corner, wide, tall, linewidth=1.8, zorder=3, **line)
    read.set_label(f"one tile reads {height} × {width}")
    write.set_label(f"and writes {tall} × {wide}")
    for patch in (read, write):
        axes.add_patch(patch)
    rim = withStroke(linewidth=2 if on_image else 1.5, foreground=PAGE["paper"])
    for number, each in enumerate(tiling if len(tiling) <= _NUMBERED else (), start=1):
        (left, top), wide, tall = _box(each)
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "path_effects": [rim], "zorder": 4}
        axes.text(left + wide / 2, top + tall / 2, str(number), **style)
    return [read, write]
