"""Files to take away: the drawing as a figure for a paper, and the layers as a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from unet_explorer.core.config import UNetConfig, read_config
from unet_explorer.core.table import as_csv, as_latex, as_markdown
from unet_explorer.core.tiles import Tile
from unet_explorer.core.trace import Trace, trace
from unet_explorer.drawing.dot import dot
from unet_explorer.drawing.figure import write_pdf, write_png
from unet_explorer.drawing.options import read_options
from unet_explorer.drawing.picture import Picture, picture
from unet_explorer.drawing.tikz import tikz
from unet_explorer.drawing.vector import vector
from unet_explorer.whole import place_for, printable, whole

__all__ = ["save_figure", "save_table"]

_TEXTS: Final[dict[str, Callable[[Picture], str]]] = {".svg": vector, ".tex": tikz, ".dot": dot}
_FIGURES: Final = (".svg", ".pdf", ".png", ".tex", ".dot")
_TABLES: Final[dict[str, Callable[[Trace], str]]] = {".csv": as_csv, ".md": as_markdown, ".tex": as_latex}


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
    chosen = read_options(options)
    place = place_for(path, _FIGURES, overwrite)
    drawn = picture(config, tile, chosen)
    kind = place.suffix.lower()

    def write(half: Path) -> None:
        if kind == ".pdf":
            write_pdf(drawn, half)
        elif kind == ".png":
            write_png(drawn, half, chosen.dpi)
        else:
            half.write_text(_TEXTS[kind](drawn), "utf-8", newline="\n")

    return _written(place, write)


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
    text = _TABLES[place.suffix.lower()](trace(config, tile))
    return _written(place, lambda half: half.write_text(text, "utf-8", newline="\n"))


def _written(place: Path, write: Callable[[Path], object]) -> Path:
    try:
        with whole(place) as half:
            write(half)
    except OSError as error:
        raise OSError(f"{printable(place.name)} could not be written: {error.strerror or error}.") from error
    return place
