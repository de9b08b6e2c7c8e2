"""Files to take away: the drawing as a figure for a paper, and the layers as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from unet_explorer.core.config import Choice, UNetConfig, read_config, read_value
from unet_explorer.core.table import as_csv, as_latex, as_markdown
from unet_explorer.core.tiles import Tile
from unet_explorer.core.trace import Trace, trace
from unet_explorer.drawing.dot import dot
from unet_explorer.drawing.figure import pdf, png
from unet_explorer.drawing.options import FigureOptions, read_options
from unet_explorer.drawing.picture import Picture, picture
from unet_explorer.drawing.tikz import tikz
from unet_explorer.drawing.vector import vector
from unet_explorer.whole import place_for, printable, whole

__all__ = ["figure_data", "save_figure", "save_table", "table_data"]

_FIGURES: Final[dict[str, Callable[[Picture, FigureOptions], bytes]]] = {
    ".svg": lambda drawn, _: vector(drawn).encode(),
    ".pdf": lambda drawn, _: pdf(drawn),
    ".png": lambda drawn, chosen: png(drawn, chosen.dpi),
    ".tex": lambda drawn, _: tikz(drawn).encode(),
    ".dot": lambda drawn, _: dot(drawn).encode(),
}
_TABLES: Final[dict[str, Callable[[Trace], str]]] = {".csv": as_csv, ".md": as_markdown, ".tex": as_latex}


def figure_data(config: UNetConfig, tile: Tile, kind: str, **options: Any) -> bytes:
    """What `save_figure` writes, for whoever hands it over otherwise, such as a download.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width); it need not fit.
        kind: ``".svg"``, ``".pdf"``, ``".png"``, ``".tex"`` or ``".dot"``.
        options: How it shall look; see `save_figure`.

    Raises:
        ValueError: If anything of it is not allowed; it says what is.

    Example:
        >>> figure_data(UNetConfig(depth=1), 100, ".pdf", width=84)[:5]
        b'%PDF-'
    """
    kind = read_value("kind", kind, Choice(tuple(_FIGURES)))
    chosen = read_options(options)
    return _FIGURES[kind](picture(config, tile, chosen), chosen)


def table_data(config: UNetConfig, tile: Tile, kind: str) -> bytes:
    """What `save_table` writes, for whoever hands it over otherwise.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width); it must fit.
        kind: ``".csv"``, ``".md"`` or ``".tex"``.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If anything of it is not allowed; it says what is.

    Example:
        >>> table_data(UNetConfig(depth=1), 100, ".csv").splitlines()[0][:24]
        b'step,operation,inputs,he'
    """
    kind = read_value("kind", kind, Choice(tuple(_TABLES)))
    return _TABLES[kind](trace(config, tile)).encode()


def save_figure(config: UNetConfig, tile: Tile, path: object, *, overwrite: bool = False, **options: Any) -> Path:
    """Save the drawing of the U as a figure for a paper, a poster or a slide.

    All formats show the same: SVG for the web and for drawing programs, PDF with real text, PNG for slides, TikZ
    (``.tex``) for LaTeX, and DOT for Graphviz, with a place for every box. The same call always makes the same file.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width). It need not fit: what cannot be computed is drawn pale.
        path: Where to; it ends in .svg, .pdf, .png, .tex or .dot.
        overwrite: Whether a file that is there already may be replaced.
        options: How it shall look: ``width`` in mm (174), ``font_size`` in points (7), ``ground`` (``"white"`` or
            ``"transparent"``), ``legend`` (True), ``crop_frames`` (True), ``sides`` (``"square"`` or ``"both"``),
            ``grey`` (False), ``dpi`` of a PNG (300). See `FigureOptions` in ``unet_explorer.drawing.options``.

    Returns:
        Where it is.

    Raises:
        ValueError: If the network, the tile, the path or an option is not allowed, or if the figure is so narrow that
            its numbers could not be read; it says what is.
        FileExistsError: If there is a file already, and it may not be replaced.
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> path = save_figure(UNetConfig(), 572, tempfile.mkdtemp() + "/u.pdf", width=174, font_size=7)
        >>> path.name, path.read_bytes()[:5]
        ('u.pdf', b'%PDF-')
    """
    read_config(config, tile, path)
    read_options(options)
    place = place_for(path, tuple(_FIGURES), overwrite)
    return _written(place, figure_data(config, tile, place.suffix.lower(), **options))


def save_table(config: UNetConfig, tile: Tile, path: object, *, overwrite: bool = False) -> Path:
    """Save the table of all layers: one row a step, in the order in which they are computed.

    The columns are the step, what it does, the shapes that it is given, height, width and channels of what it makes,
    pixels cropped from each side, parameters, multiply-adds, bytes of its output for one tile, and the receptive
    field. Markdown and LaTeX end in a row of totals; CSV has none, so that it can be read as it is.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width); it must fit.
        path: Where to; it ends in .csv, .md or .tex. The last is a ``tabular`` for the package booktabs.
        overwrite: Whether a file that is there already may be replaced.

    Returns:
        Where it is.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the network, the tile or the path is not allowed; it says what is.
        FileExistsError: If there is a file already, and it may not be replaced.
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> path = save_table(UNetConfig(), 572, tempfile.mkdtemp() + "/layers.csv")
        >>> path.read_text("utf-8").splitlines()[1]
        'enc0_conv1,"conv 3×3, ReLU",572×572×1,570,570,64,0,640,187142400,83174400,3'
    """
    read_config(config, tile, path)
    place = place_for(path, tuple(_TABLES), overwrite)
    return _written(place, table_data(config, tile, place.suffix.lower()))


def _written(place: Path, data: bytes) -> Path:
    try:
        with whole(place) as half:
            half.write_bytes(data)
    except OSError as error:
        raise OSError(f"{printable(place.name)} could not be written: {error.strerror or error}.") from error
    return place
