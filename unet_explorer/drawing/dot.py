"""A figure as DOT: the network as a graph whose boxes have their places, so that Graphviz draws the U and nothing else.

The file asks for the layout ``nop2``, which takes all places as they are given: ``dot -Tpdf u.dot`` is enough. Boxes
are nodes of their step's name; an arrow is an edge from the box that its map comes from. Words and frames are nodes
beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from unet_explorer.drawing.picture import Paint, Painted, Picture, text_length
from unet_explorer.drawing.shapes import Arrow, Rectangle, Words

__all__ = ["dot"]

_POINTS: Final = 72.0  # in an inch
_FACE: Final = "Helvetica"  # Graphviz knows its bold and its slanted faces by name, whatever is installed
_SLANTS: Final = {"start": "l", "middle": "", "end": "r"}
_LINE: Final = 1.6  # height of a node that is a line of text, by that of its letters
_HEAD: Final = 10.0  # points that an arrow's head has in DOT
_BASE: Final = 0.31  # from the middle of a line of text down to where its letters stand, by their height


def dot(drawn: Picture) -> str:
    """The figure as text in the DOT language.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.options import FigureOptions
        >>> from unet_explorer.drawing.picture import picture
        >>> '"dec3_up"' in dot(picture(UNetConfig(), 572, FigureOptions()))
        True
    """
    lines = [
        "digraph unet {",
        f"  graph [layout=nop2, outputorder=nodesfirst, pad=0, bgcolor=transparent, tooltip={_said(drawn.title)}];",
        '  node [shape=box, fixedsize=true, margin="0,0", label=""];',
        f"  {_node('whole', (0, 0, drawn.width, drawn.height), drawn.height, _inside(drawn.ground, None))}",
    ]
    for number, each in enumerate(drawn.shapes):
        lines += [f"  {line}" for line in _shape(each, f"{each.step or 'legend'} {number}", drawn.height)]
    return "\n".join([*lines, "}", ""])


def _shape(each: Painted, name: str, whole: float) -> Iterator[str]:
    """The lines for one shape; `whole` is the height of the figure, as places count from below."""
    paint = each.paint
    match each.shape:
        case Rectangle() as box:
            called = each.step if box.look == "ue-box" else name
            yield _node(called, (box.x, box.y, box.width, box.height), whole, _inside(paint.fill, paint))
        case Arrow(start=start, tip=tip) as arrow:
            ends = each.source, each.step
            if not each.source:
                # An arrow of the legend stands between two places where nothing is.
                ends = f"{name} from", f"{name} to"
                for end, place in zip(ends, (start, tip), strict=True):
                    yield _node(end, (*place, 0, 0), whole, "style=invis")
            yield f"{_said(ends[0])} -> {_said(ends[1])} [{_way(arrow, whole)}, {_line(paint)}];"
        case Words() as words:
            width, height = text_length(words.text, words.size) + words.size, _LINE * words.size
            left = words.x - {"start": 0, "middle": width / 2, "end": width}[words.align]
            top = words.y - _BASE * words.size - height / 2
            face = "Bold" if paint.bold else "Oblique" if paint.italic else ""
            look = (
                f"shape=plaintext, label={_said(words.text, _SLANTS[words.align])}, fontsize={_number(words.size)}, "
                f'fontname="{f"{_FACE}-{face}".strip("-")}", fontcolor="{paint.fill}"'
            )
            yield _node(name, (left, top, width, height), whole, look)


def _node(name: str, box: tuple[float, float, float, float], whole: float, look: str) -> str:
    x, y, width, height = box
    size = f"width={width / _POINTS:.5f}, height={height / _POINTS:.5f}"
    return f'{_said(name)} [pos="{_number(x + width / 2)},{_number(whole - y - height / 2)}", {size}, {look}];'


def _inside(fill: str | None, paint: Paint | None) -> str:
    """How a box is filled, and its line."""
    styles = ["filled"] if fill else []
    if paint is None or not paint.stroke:
        return f'style=filled, fillcolor="{fill}", penwidth=0' if fill else "style=invis"
    colours = f'fillcolor="{fill}", ' if fill else ""
    return colours + _line(paint, styles)


def _line(paint: Paint, styles: Sequence[str] = ()) -> str:
    # DOT knows two kinds of broken lines.
    broken = [] if not paint.dash else ["dotted" if len(set(paint.dash)) == 1 else "dashed"]
    style = ",".join([*styles, *broken]) or "solid"
    return f'color="{paint.stroke}", penwidth={_number(paint.width)}, style="{style}"'


def _way(arrow: Arrow, whole: float) -> str:
    """A straight line as the curve that DOT has; the head begins at its end and points to the tip."""
    start, end, tip = (f"{_number(x)},{_number(whole - y)}" for x, y in (arrow.start, arrow.neck, arrow.tip))
    return f'pos="e,{tip} {start} {start} {end} {end}", arrowsize={_number(arrow.head / _HEAD)}'


def _said(text: str, slant: str = "") -> str:
    """A text in quotes; a line of a label ends in how it is aligned."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}' + (f"\\{slant}" if slant else "") + '"'


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
