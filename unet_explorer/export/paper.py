"""Figures for print, drawn by matplotlib without a window: alike on every machine, whatever somebody has set there."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.drawing.palette import PAGE
from unet_explorer.whole import place_for, whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "drawn", "numbers", "quiet", "save"]

PICTURES: Final = (".pdf", ".png", ".svg")
_DPI: Final = 300
_SETTINGS: Final = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.edgecolor": PAGE["quiet"],
    "axes.labelcolor": PAGE["ink"],
    "axes.linewidth": 0.6,
    "text.color": PAGE["ink"],
    "text.parse_math": False,  # names may hold a $
    "xtick.color": PAGE["quiet"],
    "ytick.color": PAGE["quiet"],
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "pdf.fonttype": 42,  # letters that a journal can read and change
    "svg.hashsalt": "unet_explorer",
    "savefig.facecolor": PAGE["paper"],
}
_UNDATED: Final[dict[str, dict[str, Any]]] = {
    ".pdf": {"CreationDate": None, "ModDate": None},
    ".svg": {"Date": None},
    ".png": {"Software": None},
}
"""The same numbers make the same file."""
_ALONE: Final = threading.Lock()


def drawn(draw: Callable[[Figure], None], kind: str, inches: tuple[float, float]) -> bytes:
    """A figure as the content of a file.

    Args:
        draw: What draws it.
        kind: ``".pdf"``, ``".png"`` or ``".svg"``.
        inches: Its width and height.

    Example:
        >>> drawn(lambda figure: None, ".png", (1, 1))[1:4]
        b'PNG'
    """
    from matplotlib import style
    from matplotlib.figure import Figure

    stream = io.BytesIO()
    # Settings are matplotlib's own, for all threads: they are as they were once the figure is done.
    with _ALONE, style.context(["default", _SETTINGS]):
        figure = Figure(figsize=inches, layout="constrained")
        draw(figure)
        figure.savefig(stream, format=kind[1:], dpi=_DPI, metadata=_UNDATED[kind])
    return stream.getvalue()


def quiet(axes: Axes) -> None:
    """Leave of a frame what is read: its left and its lower side."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def numbers(value: object) -> NDArray[Any] | None:
    """Real numbers as an array; None if it holds anything else. What only counts, such as a range, is no array.

    Example:
        >>> numbers([[1, 2]]).shape, numbers("a"), numbers(range(10**9))
        ((1, 2), None, None)
    """
    if not isinstance(value, (list, tuple)) and not hasattr(value, "__array__"):
        return None
    try:
        found = np.asarray(value)
    except Exception:  # noqa: BLE001  # foreign objects may fail in any way when asked for their numbers
        return None
    return found if found.dtype.kind in "buif" and found.size else None


def save(path: object, overwrite: object, kinds: Collection[str], content: Callable[[str], bytes]) -> Path:
    """Write a file whole or not at all.

    Args:
        path: Where.
        overwrite: Whether it may replace one that is there.
        kinds: Endings that are allowed.
        content: Gives what to write for an ending.

    Raises:
        ValueError: If the path does not do.
        FileExistsError: If it is there, and may not be replaced.
    """
    place = place_for(path, kinds, overwrite)
    written = content(place.suffix.lower())
    with whole(place) as half:
        half.write_bytes(written)
    return place
