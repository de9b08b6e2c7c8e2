"""The scene as SVG text: for a page, whose style sheet colours it, or as a picture of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.laws import laws
from unet_explorer.core.plan import TILE, plan
from unet_explorer.drawing.look import picture_style
from unet_explorer.drawing.marks import Mark, marks
from unet_explorer.drawing.palette import PAGE
from unet_explorer.drawing.placement import Placement, Scale, fitting, font_size, side_text
from unet_explorer.drawing.scene import METRICS, Box, Scene, Skip, largest_tile, scene

__all__ = ["standalone", "svg"]


def standalone(config: UNetConfig, tile: tuple[int, int]) -> str:
    """The drawing as a picture of its own, which looks as it does on a white page.

    Args:
        config: The network.
        tile: (height, width) in pixels; it need not fit.

    Returns:
        A whole SVG file, with its look inside.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> "<style>" in standalone(UNetConfig(), (572, 572))
        True
    """
    drawn = scene(config, max(largest_tile(config), *tile))
    placed = Placement(drawn, tile)
    size = f'width="{placed.x(drawn.width):.0f}" height="{placed.y(drawn.height):.0f}" '
    ground = f'<rect width="100%" height="100%" fill="{PAGE["paper"]}"/>'
    head, rest = svg(drawn, tile).split(">", 1)
    return f"{head.replace('viewBox', size + 'viewBox', 1)}><style>{picture_style()}</style>{ground}{rest}"


def svg(drawn: Scene, tile: tuple[int, int], scale: Scale | None = None) -> str:
    """The drawing for one tile, whether it fits or not. What cannot be computed is pale.

    Each drawn step is a group with its name in ``data-step``; the tile itself is the group with ``data-input``.
    There are no ids, so the same drawing may stand on a page twice.

    Args:
        drawn: What `scene` laid out.
        tile: (height, width) in pixels.
        scale: How large it is.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> svg(scene(UNetConfig(), 1024), (572, 572)).count("data-step")
        31
    """
    placed = Placement(drawn, tile, scale)
    skips = {skip.name: skip for skip in drawn.skips}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ue-drawing" '
        f'viewBox="0 0 {placed.x(drawn.width):.1f} {placed.y(drawn.height):.1f}" font-size="{placed.font:g}" '
        f'role="listbox" aria-label="The network, step by step" aria-orientation="horizontal">'
    ]
    known, ghost = laws(drawn.config), ""
    for name in [TILE, *(step.name for step in plan(drawn.config))]:
        if any(known[name].side(side) is None for side in tile):
            ghost = " ue-ghost"
        if name in drawn.boxes:
            parts.extend(_group(drawn, drawn.boxes[name], skips.get(name), placed, tile, ghost))
    parts.append("</svg>")
    return "".join(parts)


def _group(
    drawn: Scene, box: Box, skip: Skip | None, placed: Placement, tile: tuple[int, int], ghost: str
) -> Iterator[str]:
    law = laws(drawn.config)[box.name]
    if box.op is None:
        yield f'<g class="ue-step ue-op-input{ghost}" data-input="tile" role="option" aria-selected="false">'
    else:
        sides = [law.side(side) for side in tile]
        shape = "".join(
            f' data-{what}="{number}"'
            for what, number in zip(("height", "width", "channels"), (*sides, box.channels), strict=True)
            if number is not None
        )
        kind = f"ue-step ue-op-{box.op}{ghost}"
        yield f'<g class="{kind}" data-step="{box.name}"{shape} role="option" aria-selected="false">'
    for mark in marks(drawn, box, skip):
        match mark.kind:
            case "rect":
                yield _rectangle(mark, placed)
            case "arrow":
                yield _arrow(mark, placed)
            case "text":
                yield _text(mark, placed, [(words,) for words in mark.words])
            case "side":
                yield _text(mark, placed, [side_text(law, tile), side_text(law, tile, tenths=False)])
    yield "</g>"


def _rectangle(mark: Mark, placed: Placement) -> str:
    (left, right), (top, bottom) = map(placed.x, mark.x), map(placed.y, mark.y)
    rounded = ' rx="1.5"' if mark.look == "ue-box" else ""
    return (
        f'<rect class="{mark.look}" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{bottom - top:.1f}"{rounded}/>'
    )


def _arrow(mark: Mark, placed: Placement) -> str:
    """A straight arrow, level or upright, as one path: the shaft, then the head."""
    (x1, x2), (y1, y2) = map(placed.x, mark.x), map(placed.y, mark.y)
    head = METRICS.head * placed.scale.type
    if y1 == y2:
        tip = f"M{x2:.1f} {y2:.1f}l{-head:g} {-head / 2:g}v{head:g}z"
    else:
        back = -head if y2 > y1 else head
        tip = f"M{x2:.1f} {y2:.1f}l{-head / 2:g} {back:g}h{head:g}z"
    return f'<path class="{mark.look}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}{tip}"/>'


def _text(mark: Mark, placed: Placement, wordings: Sequence[tuple[str, ...]]) -> str:
    x, room = map(placed.x, mark.x)
    lines = fitting(wordings, room, placed.font)
    size = font_size(lines, room, placed.font)
    small = "" if size == placed.font else f' style="font-size:{size:g}px"'
    align = "" if mark.align == "middle" else f' text-anchor="{mark.align}"'
    start = f'<text class="{mark.look}" x="{x:.1f}" y="{placed.y(mark.y[0]):.1f}"{align}{small}>'
    if mark.kind == "text":
        return f"{start}{lines[0]}</text>"
    below = METRICS.line * placed.scale.type
    spans = "".join(f'<tspan x="{x:.1f}" dy="{at * below:g}">{line}</tspan>' for at, line in enumerate(lines))
    return f"{start}{spans}</text>"
