"""The scene as SVG text: for a page, whose style sheet colours it, or as a picture of its own."""

from __future__ import annotations

from collections.abc import Iterator

from unet_explorer.core.config import UNetConfig
from unet_explorer.drawing.look import picture_style
from unet_explorer.drawing.marks import Mark
from unet_explorer.drawing.palette import PAGE
from unet_explorer.drawing.placement import Placement, Scale
from unet_explorer.drawing.scene import METRICS, Scene, largest_tile, scene
from unet_explorer.drawing.shapes import Arrow, Part, Rectangle, Words, parts

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
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ue-drawing" '
        f'viewBox="0 0 {placed.x(drawn.width):.1f} {placed.y(drawn.height):.1f}" font-size="{placed.font:g}" '
        f'role="listbox" aria-label="The network, step by step" aria-orientation="horizontal">'
    ]
    for part in parts(drawn, tile, placed):
        lines.extend(_group(part, placed))
    lines.append("</svg>")
    return "".join(lines)


def _group(part: Part, placed: Placement) -> Iterator[str]:
    box, ghost = part.box, " ue-ghost" if part.ghost else ""
    if box.op is None:
        yield f'<g class="ue-step ue-op-input{ghost}" data-input="tile" role="option" aria-selected="false">'
    else:
        shape = "".join(
            f' data-{what}="{number}"'
            for what, number in zip(("height", "width", "channels"), (*part.sides, box.channels), strict=True)
            if number is not None
        )
        kind = f"ue-step ue-op-{box.op}{ghost}"
        yield f'<g class="{kind}" data-step="{box.name}"{shape} role="option" aria-selected="false">'
    for mark, placed_shapes in part.shapes:
        match placed_shapes[0]:
            case Rectangle() as rectangle:
                yield _rectangle(rectangle)
            case Arrow() as arrow:
                yield _arrow(arrow)
            case Words() as first:
                yield _text(mark, first, [each.text for each in placed_shapes if isinstance(each, Words)], placed)
    yield "</g>"


def _rectangle(shape: Rectangle) -> str:
    rounded = f' rx="{shape.radius:g}"' if shape.radius else ""
    return (
        f'<rect class="{shape.look}" x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" '
        f'height="{shape.height:.1f}"{rounded}/>'
    )


def _arrow(shape: Arrow) -> str:
    """One path: the shaft, then the head."""
    (x1, y1), (x2, y2), head = shape.start, shape.tip, shape.head
    (left, back), _ = shape.corners
    across = "v" if shape.level else "h"
    tip = f"M{x2:.1f} {y2:.1f}l{left - x2:g} {back - y2:g}{across}{head:g}z"
    return f'<path class="{shape.look}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}{tip}"/>'


def _text(mark: Mark, first: Words, lines: list[str], placed: Placement) -> str:
    small = "" if first.size == placed.font else f' style="font-size:{first.size:g}px"'
    align = "" if first.align == "middle" else f' text-anchor="{first.align}"'
    start = f'<text class="{first.look}" x="{first.x:.1f}" y="{first.y:.1f}"{align}{small}>'
    if mark.kind == "text":
        return f"{start}{lines[0]}</text>"
    below = METRICS.line * placed.scale.type
    spans = "".join(f'<tspan x="{first.x:.1f}" dy="{at * below:g}">{line}</tspan>' for at, line in enumerate(lines))
    return f"{start}{spans}</text>"
