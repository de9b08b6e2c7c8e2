"""The scene as SVG text: for a page, whose style sheet colours it, or as a picture of its own."""

from __future__ import annotations

from collections.abc import Iterator

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.laws import laws
from unet_explorer.core.plan import TILE, plan
from unet_explorer.drawing.look import picture_style
from unet_explorer.drawing.palette import PAGE
from unet_explorer.drawing.placement import Placement, anchors, font_size, kept_name, side_text
from unet_explorer.drawing.scene import METRICS, Box, Scene, Skip, largest_tile, scene

__all__ = ["standalone", "svg"]

HEAD = 9.0  # length of an arrow's head
OVER = 2.5  # by how much the frame of a crop stands out from its box
M = METRICS


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
    size = f'width="{drawn.width:.0f}" height="{drawn.height:.0f}" '
    ground = f'<rect width="100%" height="100%" fill="{PAGE["paper"]}"/>'
    head, rest = svg(drawn, tile).split(">", 1)
    return f"{head.replace('viewBox', size + 'viewBox', 1)}><style>{picture_style()}</style>{ground}{rest}"


def svg(drawn: Scene, tile: tuple[int, int]) -> str:
    """The drawing for one tile, whether it fits or not. What cannot be computed is pale.

    Each drawn step is a group with its name in ``data-step``; the tile itself is the group with ``data-input``.
    There are no ids, so the same drawing may stand on a page twice.

    Args:
        drawn: What `scene` laid out.
        tile: (height, width) in pixels.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.drawing.scene import scene
        >>> svg(scene(UNetConfig(), 1024), (572, 572)).count("data-step")
        31
    """
    placed = Placement(drawn, tile)
    order = [TILE, *(step.name for step in plan(drawn.config))]
    skips = {skip.name: skip for skip in drawn.skips}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ue-drawing" '
        f'viewBox="0 0 {drawn.width:.1f} {drawn.height:.1f}" font-size="{M.font:g}" '
        f'role="listbox" aria-label="The network, step by step" aria-orientation="horizontal">'
    ]
    known, ghost = laws(drawn.config), ""
    for name in order:
        if any(known[name].side(side) is None for side in tile):
            ghost = " ue-ghost"
        if name in drawn.boxes:
            parts.extend(_group(drawn, drawn.boxes[name], skips.get(name), placed, tile, ghost))
    parts.append("</svg>")
    return "".join(parts)


def _group(
    drawn: Scene,
    box: Box,
    skip: Skip | None,
    placed: Placement,
    tile: tuple[int, int],
    ghost: str,
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
    yield _hit(drawn, box)
    if skip:
        yield from _skip(drawn, skip, placed)
    elif box.source:
        yield _arrow(drawn, box, placed)
    moved = {name: placed.y(anchor) for name, anchor in anchors(drawn, box, skip).items()}
    top, height = moved["top"], placed.heights[box.name]
    yield (
        f'<rect class="ue-box" x="{box.left:.1f}" y="{top:.1f}" width="{box.width:.1f}" height="{height:.1f}" '
        'rx="1.5"/>'
    )
    if box.labelled:
        x = box.label_x
        yield f'<text class="ue-channels" x="{x:.1f}" y="{moved["channels"]:.1f}">{box.channels}</text>'
        lines = side_text(law, tile)
        size = font_size(lines, box.room)
        yield f'<text class="ue-side" x="{x:.1f}" y="{moved["side"]:.1f}" style="font-size:{size:g}px">'
        yield f'<tspan x="{x:.1f}">{lines[0]}</tspan>'
        second = lines[1] if len(lines) > 1 else ""
        yield f'<tspan x="{x:.1f}" dy="{M.line:.0f}">{second}</tspan></text>'
    if box.end:
        x, anchor = (box.left, "start") if box.op is None else (box.right, "end")
        yield f'<text class="ue-end" x="{x:.1f}" y="{moved["end"]:.1f}" text-anchor="{anchor}">{box.end}</text>'
    yield "</g>"


def _hit(drawn: Scene, box: Box) -> str:
    """The area that answers to the pointer: the box at its tallest, its labels, and the arrow that leads to it."""
    below, above = 2 * M.line + M.gap, M.line + M.gap
    left, right = box.left, box.right
    top, bottom = (drawn.rows[box.row] + sign * drawn.tallest(box.row) / 2 for sign in (-1, 1))
    if box.source:
        source = drawn.boxes[box.source]
        between = drawn.rows[source.row]
        if box.direction == "across":
            left = source.right
        elif box.direction == "down":
            top = between + drawn.tallest(source.row) / 2 + below + above
        else:
            bottom = between - drawn.tallest(source.row) / 2 - below - above
    return (
        f'<rect class="ue-hit" x="{left:.1f}" y="{top - above:.1f}" width="{right - left:.1f}" '
        f'height="{bottom + below - top + above:.1f}"/>'
    )


def _arrow(drawn: Scene, box: Box, placed: Placement) -> str:
    assert box.source is not None
    before = drawn.boxes[box.source]
    y = drawn.rows[box.row]
    if box.direction == "across":
        return arrow(f"ue-arrow ue-{box.op}", (before.right + 2, y), (box.left - OVER - 1, y))
    moved = anchors(drawn, box, None)
    start, tip = placed.y(moved["start"]), placed.y(moved["tip"])
    return arrow(f"ue-arrow ue-{box.op}", (box.x, start), (box.x, tip))


def arrow(kind: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    """A straight arrow, level or upright, as one path: the shaft, then the head."""
    (x1, y1), (x2, y2) = start, end
    if y1 == y2:
        head = f"M{x2:.1f} {y2:.1f}l{-HEAD} {-HEAD / 2}v{HEAD}z"
    else:
        back = -HEAD if y2 > y1 else HEAD
        head = f"M{x2:.1f} {y2:.1f}l{-HEAD / 2} {back}h{HEAD}z"
    return f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}{head}"/>'


def _skip(drawn: Scene, skip: Skip, placed: Placement) -> Iterator[str]:
    source, target = drawn.boxes[skip.source], drawn.boxes[skip.target]
    y = drawn.rows[source.row]
    over = OVER if skip.crop else 0
    start, end = source.right + over + 3, target.left - 2
    yield f'<rect class="ue-hit" x="{start:.1f}" y="{y - 22:.1f}" width="{end - start:.1f}" height="44"/>'
    yield arrow("ue-arrow ue-crop_concat", (start, y), (end, y))
    words = f"crop {skip.crop}" + (" px per side" if end - start > 160 else "") if skip.crop else "copy"
    yield f'<text class="ue-crop-label" x="{(start + end - HEAD) / 2:.1f}" y="{y - 6:.1f}">{words}</text>'
    if skip.crop:
        top = placed.y(anchors(drawn, target, skip)["crop"])
        height = placed.heights[kept_name(skip)]
        yield (
            f'<rect class="ue-crop" x="{source.left - over:.1f}" y="{top:.1f}" '
            f'width="{source.width + 2 * over:.1f}" height="{height:.1f}"/>'
        )
