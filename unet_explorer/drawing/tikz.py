"""A figure as TikZ: a LaTeX file of its own, whose picture may be put into a paper's source as it is."""

from __future__ import annotations

from typing import Final

from unet_explorer.core.latex import in_latex
from unet_explorer.drawing.picture import Paint, Painted, Picture
from unet_explorer.drawing.shapes import Arrow, Rectangle, Words

__all__ = ["tikz"]

_HEAD: Final = r"""% {title}
% Compile this file with pdflatex, or put its tikzpicture, and the lines above it, into a paper of your own.
\documentclass{{standalone}}
\usepackage{{fix-cm, tikz}}
% The face, at any size; \sffamily instead takes the paper's own.
\DeclareFontFamily{{OT1}}{{uefigure}}{{}}
\DeclareFontShape{{OT1}}{{uefigure}}{{m}}{{n}}{{<-> cmss10}}{{}}
\DeclareFontShape{{OT1}}{{uefigure}}{{m}}{{it}}{{<-> cmssi10}}{{}}
\DeclareFontShape{{OT1}}{{uefigure}}{{bx}}{{n}}{{<-> cmssbx10}}{{}}
\newcommand{{\ueface}}{{\fontencoding{{OT1}}\fontfamily{{uefigure}}}}
"""
_ANCHOR: Final = {"start": "base west", "middle": "base", "end": "base east"}
_BIG: Final = 72.27 / 72  # TeX's points in one of everybody else's


def tikz(drawn: Picture) -> str:
    """The figure as a LaTeX file, in ASCII; its lengths are in bp, that is 1/72 inch, y going down.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.options import FigureOptions
        >>> from unet_explorer.drawing.picture import picture
        >>> text = tikz(picture(UNetConfig(), 572, FigureOptions()))
        >>> "% enc0_conv1" in text, text.isascii()
        (True, True)
    """
    names = {colour: f"ue{colour[1:]}" for colour in _colours(drawn)}
    lines = [_HEAD.format(title=in_latex(drawn.title)).rstrip()]
    lines += [rf"\definecolor{{{name}}}{{HTML}}{{{colour[1:]}}}" for colour, name in names.items()]
    lines += [r"\begin{document}", r"\begin{tikzpicture}[x=1bp, y=-1bp, inner sep=0pt, outer sep=0pt]"]
    whole = f"(0,0) rectangle ({_number(drawn.width)},{_number(drawn.height)})"
    lines.append(rf"\useasboundingbox {whole};")
    if drawn.ground:
        lines.append(rf"\fill[{names[drawn.ground]}] {whole};")
    step = None
    for each in drawn.shapes:
        if each.step != step:
            step = each.step
            lines.append(f"% {step or 'legend'}")
        lines += _shape(each, names)
    return "\n".join([*lines, r"\end{tikzpicture}", r"\end{document}", ""])


def _colours(drawn: Picture) -> list[str]:
    every = {drawn.ground, *(colour for each in drawn.shapes for colour in (each.paint.fill, each.paint.stroke))}
    return sorted(colour for colour in every if colour)


def _shape(each: Painted, names: dict[str, str]) -> list[str]:
    paint = each.paint
    match each.shape:
        case Rectangle(x=x, y=y, width=width, height=height, radius=radius):
            fill = [f"fill={names[paint.fill]}"] if paint.fill else []
            rounded = [f"rounded corners={_number(radius)}bp"] if radius else []
            options = ", ".join([*_line(paint, names), *fill, *rounded])
            return [
                rf"\path[{options}] ({_number(x)},{_number(y)}) rectangle ({_number(x + width)},{_number(y + height)});"
            ]
        case Arrow() as arrow:
            corners = " -- ".join(map(_place, (arrow.tip, *arrow.corners)))
            shaft = ", ".join(_line(paint, names))
            return [
                rf"\path[{shaft}] {_place(arrow.start)} -- {_place(arrow.neck)};",
                rf"\fill[{names[paint.fill or '']}] {corners} -- cycle;",
            ]
        case Words(text=text, x=x, y=y, size=size, align=align):
            shape = (r"\fontseries{bx}" if paint.bold else "") + (r"\fontshape{it}" if paint.italic else "")
            points = _number(size * _BIG)
            font = rf"\ueface{shape}\fontsize{{{points}}}{{{points}}}\selectfont"
            colour = names[paint.fill or ""]
            return [
                rf"\node[anchor={_ANCHOR[align]}, text={colour}, font={font}] at {_place((x, y))} {{{in_latex(text)}}};"
            ]


def _line(paint: Paint, names: dict[str, str]) -> list[str]:
    if not paint.stroke:
        return []
    # Dashes and gaps in turn: on, off, on, off.
    dash = " ".join(f"{('on', 'off')[place % 2]} {_number(each)}bp" for place, each in enumerate(paint.dash))
    dashed = [f"dash pattern={dash}"] if dash else []
    return [f"draw={names[paint.stroke]}", f"line width={_number(paint.width)}bp", *dashed]


def _place(place: tuple[float, float]) -> str:
    return f"({_number(place[0])},{_number(place[1])})"


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
