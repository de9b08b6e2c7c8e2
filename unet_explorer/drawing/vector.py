"""A figure as SVG that needs nothing beside it: every shape says its own colours, as office programs want it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from unet_explorer.drawing.picture import POINTS_IN_A_MM, Paint, Painted, Picture
from unet_explorer.drawing.shapes import Arrow, Rectangle, Words

__all__ = ["vector"]

_FACE: Final = "'DejaVu Sans', Verdana, Arial, Helvetica, sans-serif"


def vector(drawn: Picture) -> str:
    """The figure as SVG text, as large as it is in mm. Each step is a group with its name in ``data-step``.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.options import FigureOptions
        >>> from unet_explorer.drawing.picture import picture
        >>> vector(picture(UNetConfig(), 572, FigureOptions(width=174)))[:60]
        '<svg xmlns="http://www.w3.org/2000/svg" width="174mm" height'
    """
    width, height = (_number(each / POINTS_IN_A_MM) for each in (drawn.width, drawn.height))
    box = f"0 0 {_number(drawn.width)} {_number(drawn.height)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="{box}" '
        f"font-family={quoteattr(_FACE)}>",
        f"<title>{escape(drawn.title)}</title>",
    ]
    if drawn.ground:
        lines.append(f'<rect width="100%" height="100%" fill="{drawn.ground}"/>')
    for step, shapes in groupby(drawn.shapes, key=lambda each: each.step):
        lines.append(f"<g data-step={quoteattr(step)}>" if step else "<g>")
        lines.extend(part for each in shapes for part in _shape(each))
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def _shape(each: Painted) -> Iterator[str]:
    paint = each.paint
    match each.shape:
        case Rectangle() as box:
            size = (
                f'x="{_number(box.x)}" y="{_number(box.y)}" width="{_number(box.width)}" height="{_number(box.height)}"'
            )
            rounded = f' rx="{_number(box.radius)}"' if box.radius else ""
            yield f'<rect {size}{rounded} fill="{paint.fill or "none"}"{_line(paint)}/>'
        case Arrow() as arrow:
            (x, y), (x2, y2) = arrow.start, arrow.neck
            ends = f'x1="{_number(x)}" y1="{_number(y)}" x2="{_number(x2)}" y2="{_number(y2)}"'
            yield f"<line {ends}{_line(paint)}/>"
            corners = " ".join(f"{_number(x)},{_number(y)}" for x, y in (arrow.tip, *arrow.corners))
            yield f'<polygon points="{corners}" fill="{paint.fill}"/>'
        case Words() as words:
            look = ' font-weight="bold"' if paint.bold else ""
            look += ' font-style="italic"' if paint.italic else ""
            place = f'x="{_number(words.x)}" y="{_number(words.y)}" font-size="{_number(words.size)}"'
            yield (f'<text {place} text-anchor="{words.align}" fill="{paint.fill}"{look}>{escape(words.text)}</text>')


def _line(paint: Paint) -> str:
    if not paint.stroke:
        return ""
    dash = f' stroke-dasharray="{" ".join(map(_number, paint.dash))}"' if paint.dash else ""
    return f' stroke="{paint.stroke}" stroke-width="{_number(paint.width)}"{dash}'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
