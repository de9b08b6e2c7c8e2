"""A figure for paper: the drawing for one tile as shapes with their colours, all in points, from the bottom up.

It is laid out here once for all kinds of files. Places come from `shapes`, colours and lines from the style sheet by
`cascade`; the legend and the caption follow below, of a width that is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from unet_explorer.core.config import UNetConfig, read_config
from unet_explorer.core.tiles import Tile, read_tile
from unet_explorer.drawing.cascade import Element, said_of
from unet_explorer.drawing.legend import caption
from unet_explorer.drawing.look import picture_style
from unet_explorer.drawing.options import LEAST_TYPE, FigureOptions
from unet_explorer.drawing.palette import PAGE, mixed
from unet_explorer.drawing.placement import Placement, Scale, width_of
from unet_explorer.drawing.scene import METRICS, Scene, largest_tile, scene
from unet_explorer.drawing.shapes import Arrow, Part, Rectangle, Shape, Words, arrow, parts

__all__ = ["POINTS_IN_A_MM", "Paint", "Painted", "Picture", "picture", "text_length"]

POINTS_IN_A_MM: Final = 72 / 25.4
_LETTER: Final = 0.62  # width of most letters by their height, in the widest of the usual faces
_LETTERS: Final = {**dict.fromkeys(" ijlfrtI.,:;()²", 0.38), **dict.fromkeys("mwMW×=≈–", 0.84)}
_KEY: Final = 22.0  # length of an arrow in the legend
_HEAD: Final = 0.7  # of an arrow, at most
_ABOVE, _BELOW = 0.8, 0.25  # how far letters reach from their base line, by their height
_TALL: Final = 1.4  # boxes are no taller than this, by the type: a small network on wide paper stays handy
_SHORTEST: Final = 1.0  # points that an arrow must have
_WIDEST: Final = 1000  # mm
_TAGS: Final = {Rectangle: "rect", Arrow: "path", Words: "text"}


class Paint(NamedTuple):
    """How a shape is painted.

    Attributes:
        fill: The colour inside, or of words; None leaves it empty.
        stroke: The colour of the line; None draws none.
        width: Of the line in points.
        dash: Lengths of dashes and gaps in points; nothing for a line in one piece.
        bold: Of words.
        italic: Of words.
    """

    fill: str | None
    stroke: str | None
    width: float
    dash: tuple[float, ...]
    bold: bool
    italic: bool


class Painted(NamedTuple):
    """A shape on paper.

    Attributes:
        step: The name of the step that it belongs to, ``"input"`` for the tile; "" for the legend.
        source: Of an arrow the box that it comes from.
        shape: Where it is, in points from the upper left corner.
        paint: How it is painted. Pale is a colour of its own: nothing shines through, as printers want it.
    """

    step: str
    source: str
    shape: Shape
    paint: Paint


class Picture(NamedTuple):
    """All of a figure.

    Attributes:
        title: What it shows, in words.
        width: In points.
        height: In points.
        ground: The colour below everything; None leaves it open.
        shapes: What is drawn, from the bottom up.
    """

    title: str
    width: float
    height: float
    ground: str | None
    shapes: tuple[Painted, ...]


def picture(config: UNetConfig, tile: Tile, options: FigureOptions) -> Picture:
    """Lay a figure out.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width). It need not fit: what cannot be computed is pale.
        options: Width, type and look.

    Raises:
        ValueError: If the network or the tile is none, or the figure is so narrow that its numbers could not be read;
            it says which width can.

    Example:
        >>> drawn = picture(UNetConfig(), 572, FigureOptions(width=174))
        >>> round(drawn.width), [each.shape.text for each in drawn.shapes if isinstance(each.shape, Words)][:2]
        (493, ['1', '572²'])
    """
    height, width = read_tile(tile)
    drawn = scene(read_config(config, tile), max(largest_tile(config), height, width))
    sheet = _Sheet(drawn, (height, width), options)
    if not sheet.readable(options.width):
        raise ValueError(_too_narrow(sheet, options))
    return sheet.picture()


def _too_narrow(sheet: _Sheet, options: FigureOptions) -> str:
    """What is wrong, and which width, or which type, would do."""
    remedies = []
    widths = range(round(options.width), _WIDEST + 1)
    place = bisect_left(widths, True, key=sheet.readable)
    if place < len(widths):
        remedies.append(f"give width={widths[place]} or more")
    for size in range(int(options.font_size), int(LEAST_TYPE) - 1, -1):
        if _Sheet(sheet.drawn, sheet.tile, replace(options, font_size=size)).readable(options.width):
            remedies.append(f"font_size={size}")
            break
    remedies.append("draw a network with fewer levels")
    said = f"{', '.join(remedies[:-1])}, or {remedies[-1]}" if len(remedies) > 1 else remedies[0]
    return (
        f"width={options.width:g} mm is too narrow for this network: its numbers would run into each other, or be "
        f"smaller than {LEAST_TYPE:g} points. {said[0].upper()}{said[1:]}."
    )


class _Sheet:
    """The paper that a drawing is laid out on."""

    def __init__(self, drawn: Scene, tile: tuple[int, int], options: FigureOptions) -> None:
        self.drawn, self.tile, self.options = drawn, tile, options
        self.style = picture_style(options.grey)
        self.type = options.font_size / METRICS.font

    def placed(self, width: float) -> Placement:
        """The drawing in a width in mm: its type is as large as wanted, and columns share what is left."""
        drawn, points = self.drawn, width * POINTS_IN_A_MM
        across = (points - drawn.width.type * self.type) / drawn.width.columns
        # Where columns are wide, the last box reaches further than its label.
        last = max(box.right for box in drawn.boxes.values())
        across = min(across, (points - (drawn.margin + METRICS.margin) * self.type) / last)
        scale = Scale(across, min(across, _TALL * self.type), self.type)
        return Placement(drawn, self.tile, scale, self.options.sides == "both")

    def readable(self, width: float) -> bool:
        """Whether all words of a figure have room in a width in mm."""
        placed = self.placed(width)
        if placed.scale.across <= 0:
            return False
        every = [each.shape for part in parts(self.drawn, self.tile, placed) for each in self._painted(part)]
        if any(each.tip[0] - each.start[0] < _SHORTEST for each in every if isinstance(each, Arrow) and each.level):
            return False
        if self.options.legend:
            key = (_KEY + METRICS.gap + 2 * METRICS.margin) * self.type
            terms = {term for _, terms in self.drawn.legend for term in terms.split()}
            if key + max(text_length(term, placed.font) for term in terms) > width * POINTS_IN_A_MM:
                return False
        words = [each for each in every if isinstance(each, Words)]
        if any(each.size < LEAST_TYPE for each in words):
            return False
        # All other words have their room; what a skip says stands between boxes, whose numbers may be wider than they.
        said = [each for each in words if each.look == "ue-crop-label"]
        return not any(_touch(one, other) for one in said for other in words if other is not one)

    def picture(self) -> Picture:
        options, drawn = self.options, self.drawn
        placed = self.placed(options.width)
        painted = [each for part in parts(drawn, self.tile, placed) for each in self._painted(part)]
        bottom = placed.y(drawn.height)
        if options.legend:
            below = list(self._legend(bottom, placed))
            painted += below
            bottom = max(each.shape.y for each in below if isinstance(each.shape, Words)) + METRICS.margin * self.type
        size = " × ".join(map(str, self.tile))
        config = drawn.config
        title = f"U-Net with {config.depth} levels and {config.base_filters} filters, for a tile of {size} px"
        ground = PAGE["paper"] if options.ground == "white" else None
        return Picture(title, options.width * POINTS_IN_A_MM, bottom, ground, tuple(painted))

    def _painted(self, part: Part) -> Iterator[Painted]:
        box = part.box
        group = {"ue-step", f"ue-op-{box.op or 'input'}"} | ({"ue-ghost"} if part.ghost else set())
        sources = {skip.name: skip.source for skip in self.drawn.skips}
        for mark, shapes in part.shapes:
            if mark.look == "ue-hit" or (mark.look == "ue-crop" and not self.options.crop_frames):
                continue
            for shape in shapes:
                source = (sources.get(box.name) or box.source or "") if isinstance(shape, Arrow) else ""
                yield Painted(box.name, source, self._sized(shape), self._paint(shape, frozenset(group)))

    def _sized(self, shape: Shape) -> Shape:
        """What has one size on screen, by the type; and a head that leaves a short arrow some of its shaft."""
        match shape:
            case Rectangle():
                return shape._replace(radius=min(shape.radius * self.type, shape.width / 2, shape.height / 2))
            case Arrow():
                return shape._replace(head=min(shape.head, _HEAD * shape.length))
            case Words():
                return shape

    def _paint(self, shape: Shape, group: frozenset[str]) -> Paint:
        tag = _TAGS[type(shape)]
        root = Element("svg", frozenset({"ue-drawing", "ue-grey"} if self.options.grey else {"ue-drawing"}))
        # How words are aligned is one of the things that the style sheet asks for.
        asked = (("text-anchor", shape.align),) if isinstance(shape, Words) else ()
        said = said_of((root, Element("g", group), Element(tag, frozenset(shape.look.split()), asked)), self.style)
        opacity = float(said.get("opacity", 1))
        fill, stroke = (_colour(said.get(what, "none"), opacity) for what in ("fill", "stroke"))
        dash = tuple(float(each) * self.type for each in said.get("stroke-dasharray", "").split())
        width = float(said.get("stroke-width", "0").removesuffix("px")) * self.type
        return Paint(fill, stroke, width, dash, said.get("font-weight") == "700", said.get("font-style") == "italic")

    def _legend(self, top: float, placed: Placement) -> Iterator[Painted]:
        """Arrows with what they mean, in one row or in columns; below them the caption."""
        size, unit = placed.font, self.type
        line, key, left = METRICS.line * unit, (_KEY + METRICS.gap) * unit, METRICS.margin * unit
        room = self.options.width * POINTS_IN_A_MM - 2 * left
        entries = [(op, _wrapped(words, size, room - key)) for op, words in self.drawn.legend]
        gap = 3 * METRICS.gap * unit
        lengths = [key + max(text_length(each, size) for each in lines) + gap for _, lines in entries]
        if sum(lengths) > room + gap:
            # More than one row: columns of one width.
            columns = max(1, int((room + gap) / max(lengths)))
            lengths = [max(lengths)] * columns
        columns = len(lengths)
        y = top + METRICS.gap * unit + size
        for first in range(0, len(entries), columns):
            row = entries[first : first + columns]
            for place, (op, lines) in enumerate(row):
                x, middle = left + sum(lengths[:place]), y - 0.35 * size
                shape = arrow(f"ue-arrow ue-{op}", (x, middle), (x + _KEY * unit, middle), unit)
                yield Painted("", "", shape, self._paint(shape, frozenset({f"ue-op-{op}"})))
                for number, each in enumerate(lines):
                    yield self._line(Words("ue-legend", each, x + key, y + number * line, size, "start"))
            y += max(len(lines) for _, lines in row) * line
        y += METRICS.gap * unit
        for number, each in enumerate(_wrapped(self._caption(placed), size, room)):
            yield self._line(Words("ue-caption", each, left, y + number * line, size, "start"))

    def _line(self, shape: Words) -> Painted:
        return Painted("", "", shape, self._paint(shape, frozenset()))

    def _caption(self, placed: Placement) -> str:
        drawn = self.drawn
        cropped = any(skip.crop for skip in drawn.skips)
        words = caption(drawn.config, cropped, placed.square, self.options.crop_frames)
        if any(part.ghost for part in parts(drawn, self.tile, placed)):
            size = " × ".join(map(str, self.tile))
            words += f" Pale: what cannot be computed, as a tile of {size} px does not fit."
        return words


def _colour(said: str, opacity: float) -> str | None:
    return None if said == "none" else mixed(said, opacity)


def text_length(text: str, size: float) -> float:
    """About how long a line of running text is, in the widest of the usual faces: better too long than too short.

    Example:
        >>> round(text_length("copy and crop", 7.0))
        51
    """
    return size * sum(_LETTERS.get(letter, _LETTER) for letter in text)


def _touch(one: Words, other: Words) -> bool:
    """Whether two labels run into each other; both are centred."""
    wide = (width_of(one.text, one.size) + width_of(other.text, other.size)) / 2
    above, below = sorted((one, other), key=lambda each: each.y)
    return abs(one.x - other.x) < wide and above.y + _BELOW * above.size > below.y - _ABOVE * below.size


def _wrapped(text: str, size: float, room: float) -> list[str]:
    """A text in lines that are no longer than there is room."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_length(longer, size) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
