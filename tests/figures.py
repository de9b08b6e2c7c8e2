"""What can be read back from a saved figure, kind by kind, and what the one scene says should be there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

import pypdf
from pypdf.generic import ContentStream

from unet_explorer.core.laws import laws
from unet_explorer.drawing.marks import marks
from unet_explorer.drawing.placement import Placement, Scale, fitting, kept_name, side_text
from unet_explorer.drawing.scene import METRICS, largest_tile, scene

__all__ = ["Seen", "expected", "from_dot", "from_pdf", "from_svg", "from_tikz"]

SVG = "{http://www.w3.org/2000/svg}"
INCH, MM = 72.0, 72 / 25.4


class Seen(NamedTuple):
    """What a figure shows, in points from the upper left corner.

    Attributes:
        boxes: Left and upper edge, width and height of each box, by step; or in the order of the plan.
        labels: Every text of the drawing with where it stands, as (text, x, base line, align).
    """

    boxes: dict[str, tuple[float, ...]] | list[tuple[float, ...]]
    labels: list[tuple[str, float, float, str]]


def expected(config, tile, width=174.0, font_size=7.0, both=False):
    """Straight from the scene and its marks: columns share what the type leaves of the width."""
    drawn = scene(config, max(largest_tile(config), *tile))
    size = font_size / METRICS.font
    last = max(box.right for box in drawn.boxes.values())
    across = min(
        (width * MM - size * drawn.width.type) / drawn.width.columns,
        (width * MM - size * (drawn.margin + METRICS.margin)) / last,
    )
    placed = Placement(drawn, tile, Scale(across, min(across, 1.4 * size), size), both)
    skips = {skip.name: skip for skip in drawn.skips}
    boxes, labels = {}, []
    for name, box in drawn.boxes.items():
        left, right, high = placed.x(drawn.place(box.left)), placed.x(drawn.place(box.right)), placed.heights[name]
        boxes[name] = left, placed.y(drawn.rows[box.row]) - high / 2, right - left, high
        for mark in marks(drawn, box, skips.get(name)):
            law, wordings = laws(config)[name], [(words,) for words in mark.words]
            if mark.kind == "side":
                wordings = [side_text(law, tile, tenths, both) for tenths in (True, False)]
            for place, line in enumerate(fitting(wordings, placed.x(mark.x[1]), font_size) if wordings else ()):
                y = placed.y(mark.y[0]) + place * METRICS.line * size
                labels.append((line, placed.x(mark.x[0]), y, mark.align))
    frames = {name: placed.heights[kept_name(skip)] for name, skip in skips.items() if skip.crop}
    return Seen(boxes, labels), frames


def from_svg(text):
    """Boxes are what is not dashed."""
    boxes, labels = {}, []
    for group in ET.fromstring(text).iter(f"{SVG}g"):
        for node in group:
            if node.tag == f"{SVG}rect" and "stroke-dasharray" not in node.attrib:
                boxes[group.get("data-step")] = tuple(float(node.get(side)) for side in ("x", "y", "width", "height"))
            if node.tag == f"{SVG}text" and group.get("data-step"):
                labels.append((node.text, float(node.get("x")), float(node.get("y")), node.get("text-anchor")))
    return Seen(boxes, labels)


def from_pdf(path: Path):
    """Boxes have round corners, that is curves, and are filled; texts are told by their left edge."""
    reader = pypdf.PdfReader(path)
    (page,) = reader.pages
    whole = float(page.mediabox.height)
    boxes, points, curved = [], [], False
    for values, operator in ContentStream(page.get_contents(), reader).operations:
        match operator:
            case b"m" | b"l" | b"c":
                points = [] if operator == b"m" else points
                curved = (curved and operator != b"m") or operator == b"c"
                points += [(float(x), float(y)) for x, y in zip(values[::2], values[1::2], strict=True)]
            case b"B" if curved:
                xs, ys = zip(*points, strict=True)
                boxes.append((min(xs), whole - max(ys), max(xs) - min(xs), max(ys) - min(ys)))
    texts: dict[tuple[float, float], str] = {}

    def piece(text, matrix, *_):
        if text.strip():
            place = float(matrix[4]), whole - float(matrix[5])
            texts[place] = texts.get(place, "") + text.strip("\n")

    page.extract_text(visitor_text=piece)
    return Seen(boxes, [(text, *place, "start") for place, text in texts.items()])


NODE = re.compile(r"\\node\[anchor=base ?(\w*), .*\] at \((.*),(.*)\) \{(.*)\};")
BOX = re.compile(r"\\path\[(.*)\] \((.*),(.*)\) rectangle \((.*),(.*)\);")
SIGNS = {r"$\times$": "×", r"\textsuperscript{2}": "²", r"$\approx$": "≈", "--": "–", r"\_": "_", r"\%": "%"}


def from_tikz(text):
    """Each step begins with its name in a comment."""
    boxes, labels, step = {}, [], None
    for line in text.partition(r"\begin{tikzpicture}")[2].splitlines():
        if line.startswith("% "):
            step = line[2:]
        elif (found := BOX.fullmatch(line)) and "dash" not in found[1]:
            left, top, right, bottom = map(float, found.groups()[1:])
            boxes[step] = left, top, right - left, bottom - top
        elif (found := NODE.fullmatch(line)) and step != "legend":
            words = found[4]
            for sign, meant in SIGNS.items():
                words = words.replace(sign, meant)
            align = {"": "middle", "west": "start", "east": "end"}[found[1]]
            labels.append((words, float(found[2]), float(found[3]), align))
    return Seen(boxes, labels)


def from_dot(plain):
    """What Graphviz says, in its plain format, of where it puts the nodes; middles of lines instead of base lines."""
    boxes, labels, whole = {}, [], None
    for line in plain.splitlines():
        kind, *words = [quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', line) if quoted or bare] or [
            ""
        ]
        if kind == "node" and words[0] == "whole":
            whole = float(words[4]) * INCH
        if kind != "node" or words[0] == "whole" or words[0].startswith("legend"):
            continue
        x, y, width, height = (float(number) * INCH for number in words[1:5])
        if "plaintext" in line:
            text, align = words[5], "middle"
            for slant, meant in ((r"\l", "start"), (r"\r", "end")):
                if text.endswith(slant):
                    text, align = text.removesuffix(slant), meant
            x += {"start": -width / 2, "middle": 0, "end": width / 2}[align]
            labels.append((text, x, whole - y, align))
        elif "dashed" not in line:
            boxes[words[0]] = x - width / 2, whole - y - height / 2, width, height
    return Seen(boxes, labels)
