"""A figure as PDF or PNG, by matplotlib: never pyplot, and nothing of what the notebook has set there counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.drawing.picture import Painted, Picture
from unet_explorer.drawing.shapes import Arrow, Rectangle, Words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "pdf", "png"]

_POINTS: Final = 72.0  # in an inch
_FACE: Final = "DejaVu Sans"  # the one that comes with matplotlib
_ALIGN: Final = {"start": "left", "middle": "center", "end": "right"}
_ONE_AT_A_TIME: Final = threading.Lock()  # matplotlib's settings are the same for all threads


def figure(drawn: Picture) -> Figure:
    """The figure as matplotlib's artists, each with the name of its step as ``gid``.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.options import FigureOptions
        >>> from unet_explorer.drawing.picture import picture
        >>> made = figure(picture(UNetConfig(), 572, FigureOptions()))
        >>> [text.get_text() for text in made.texts if text.get_gid() == "head"]
        ['2', '388²', 'prediction']
    """
    from matplotlib.figure import Figure
    from matplotlib.transforms import Affine2D

    made = Figure(
        figsize=(drawn.width / _POINTS, drawn.height / _POINTS), dpi=_POINTS, frameon=drawn.ground is not None
    )
    if drawn.ground:
        made.set_facecolor(drawn.ground)
    # Points from the upper left corner.
    place = Affine2D().scale(1 / _POINTS, -1 / _POINTS).translate(0, drawn.height / _POINTS) + made.dpi_scale_trans
    for order, each in enumerate(drawn.shapes):
        _add(made, each, {"transform": place, "gid": each.step, "zorder": order})
    return made


def _add(made: Figure, each: Painted, common: dict[str, Any]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyBboxPatch, Polygon

    paint = each.paint
    line: dict[str, Any] = {"linewidth": paint.width, "linestyle": (0, paint.dash) if paint.dash else "-"}
    match each.shape:
        case Rectangle(x=x, y=y, width=width, height=height, radius=radius):
            style = f"round,pad=0,rounding_size={radius}" if radius else "square,pad=0"
            colours: dict[str, Any] = {"facecolor": paint.fill or "none", "edgecolor": paint.stroke or "none"}
            made.add_artist(FancyBboxPatch((x, y), width, height, boxstyle=style, **colours, **line, **common))
        case Arrow(start=start, tip=tip) as arrow:
            xs, ys = zip(start, arrow.neck, strict=True)
            shaft: dict[str, Any] = {"color": paint.stroke, "solid_capstyle": "butt", "dash_capstyle": "butt"}
            made.add_artist(Line2D(xs, ys, **shaft, **line, **common))
            made.add_artist(Polygon([tip, *arrow.corners], closed=True, color=paint.fill, linewidth=0, **common))
        case Words(text=text, x=x, y=y, size=size, align=align):
            type_: dict[str, Any] = {
                "family": _FACE,
                "size": size,
                "weight": "bold" if paint.bold else "normal",
                "style": "italic" if paint.italic else "normal",
                "color": paint.fill,
                "ha": _ALIGN[align],
                "va": "baseline",
                "parse_math": False,
            }
            made.text(x, y, text, **type_, **common)


def pdf(drawn: Picture) -> bytes:
    """The figure as PDF, with text as text. The same figure always gives the same bytes: no date, no program."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    nothing = dict.fromkeys(("Creator", "Producer", "CreationDate"))
    with _as_it_comes():
        canvas: Any = FigureCanvasPdf(figure(drawn))
        data = BytesIO()
        canvas.print_pdf(data, metadata={"Title": drawn.title, **nothing})
    return data.getvalue()


def png(drawn: Picture, dpi: int) -> bytes:
    """The figure as PNG, with so many pixels per inch. The same figure always gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with _as_it_comes():
        made = figure(drawn)
        made.set_dpi(dpi)
        canvas: Any = FigureCanvasAgg(made)
        data = BytesIO()
        canvas.print_png(data, metadata={"Title": drawn.title, "Software": None})
    return data.getvalue()


@contextmanager
def _as_it_comes() -> Iterator[None]:
    """matplotlib without what the notebook has chosen there; afterwards that is there again."""
    import matplotlib

    with _ONE_AT_A_TIME, matplotlib.rc_context():
        matplotlib.rcdefaults()
        # Text stays text: TrueType, as journals ask for.
        matplotlib.rcParams["pdf.fonttype"] = 42
        yield
