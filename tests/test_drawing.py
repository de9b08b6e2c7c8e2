"""The U on paper: it is a U, nothing overlaps, and everything is to scale."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples

from unet_explorer import UNetConfig, trace, valid_sizes
from unet_explorer.core.laws import laws
from unet_explorer.drawing.marks import marks
from unet_explorer.drawing.placement import Placement, Scale, fitting, font_size, kept_name, side_text, width_of
from unet_explorer.drawing.scene import METRICS, largest_tile, scene
from unet_explorer.drawing.svg import svg
from unet_explorer.panel.instrument.facts import describe


def drawn(config):
    return scene(config, largest_tile(config))


@examples(60)
@given(configs(), st.integers(1, 4000), st.integers(1, 4000))
def test_nothing_touches_anything_else(config, height, width):
    picture = drawn(config)
    placed = Placement(picture, (height, width))
    known = laws(config)
    for row in range(len(picture.rows)):
        boxes = sorted((box for box in picture.boxes.values() if box.row == row), key=lambda box: box.x)
        for left, right in itertools.pairwise(boxes):
            together = left.name.endswith("concat") and right.name.endswith("up")
            assert right.left - left.right == pytest.approx(0) if together else right.left - left.right > 8
        labelled = [box for box in boxes if box.labelled]
        spans = []
        for box in labelled:
            lines = side_text(known[box.name], (height, width))
            size = font_size(lines, box.room - METRICS.gap)
            half = max(width_of(line, size) for line in lines) / 2
            half = max(half, METRICS.character * METRICS.font * len(str(box.channels)) / 2)
            x = placed.x(picture.place(box.label_x))
            spans.append((x - half, x + half))
        for (_, end), (start, _) in itertools.pairwise(spans):
            assert start >= end - 1e-6
        assert spans[0][0] >= 0
        assert spans[-1][1] <= placed.x(picture.width)
    for box in picture.boxes.values():
        tall = placed.heights[box.name]
        top = placed.y(picture.rows[box.row]) - tall / 2
        assert placed.x(picture.place(box.left)) >= 0
        assert placed.x(picture.place(box.right)) <= placed.x(picture.width)
        assert top - METRICS.line >= 0
        assert top + tall + (1 if placed.square else 2) * METRICS.line <= placed.y(picture.height)
        if box.source and box.direction != "across":
            upper, lower = sorted((box.row, picture.boxes[box.source].row))
            assert lower == upper + 1
            # There is always room for an arrow between the labels of two rows.
            gap = placed.y(picture.rows[lower]) - placed.y(picture.rows[upper])
            assert gap > picture.tallest(upper) / 2 + picture.tallest(lower) / 2 + 2 * METRICS.line + METRICS.fall


@given(configs())
def test_it_is_a_u(config):
    picture = drawn(config)
    for box in picture.boxes.values():
        if not box.source:
            continue
        source = picture.boxes[box.source]
        match box.direction:
            case "across":
                assert box.row == source.row
                assert box.left > source.right
            case "down":
                assert (box.row, box.x) == (source.row + 1, source.x)
            case "up":
                assert (box.row, box.x) == (source.row - 1, source.x)
    for skip in picture.skips:
        source, target = picture.boxes[skip.source], picture.boxes[skip.target]
        assert source.row == target.row
        assert target.left - source.right >= 60
    assert len(picture.skips) == (config.depth if config.skips else 0)


def test_heights_are_to_scale():
    picture = drawn(UNetConfig())
    placed = Placement(picture, (572, 572)).heights
    rows = trace(UNetConfig(), 572)
    for row in rows:
        share = placed[row.step.name] / placed["input"]
        assert share**2 == pytest.approx(row.output.height / 572)
    (top,) = [skip for skip in picture.skips if skip.source == "enc0_conv2"]
    assert placed[kept_name(top)] / placed["enc0_conv2"] == pytest.approx(392 / 568)
    # Of a rectangle the geometric mean counts.
    wide = Placement(picture, (572, 1020)).heights
    assert (wide["head"] / wide["input"]) ** 4 == pytest.approx(388 * 836 / 572 / 1020)


@examples(40)
@given(configs(), st.integers(1, 3000), st.integers(1, 3000))
def test_the_svg_says_what_the_trace_says(config, height, width):
    text = svg(drawn(config), (height, width))
    root = ET.fromstring(text)
    assert not [node for node in root.iter() if "id" in node.attrib]
    groups = {node.get("data-step"): node for node in root.iter() if node.get("data-step")}
    known = laws(config)
    for name, group in groups.items():
        side = known[name].side(height)
        assert group.get("data-height") == (None if side is None else str(side))
    fits = height in valid_sizes(config, height, height) and width in valid_sizes(config, width, width)
    if fits:
        for row in trace(config, (height, width)):
            if row.step.op in {"norm", "relu", "dropout", "upsample"}:
                assert row.step.name not in groups
                continue
            group = groups[row.step.name]
            shown = tuple(int(group.get(f"data-{what}")) for what in ("height", "width", "channels"))
            assert shown == tuple(row.output)
            labels = ["".join(node.itertext()) for node in group if node.tag.endswith("text")]
            if not row.step.name.endswith("_up") or not config.skips:
                assert str(row.output.channels) in labels
                square = f"{row.output.height}²"
                assert (square if height == width else f"{row.output.height}×{row.output.width}") in labels
    crops = [node for node in root.iter() if node.get("class") == "ue-crop-label"]
    assert len(crops) == (config.depth if config.skips else 0)


@examples(40)
@given(configs(), st.integers(1, 3000))
def test_the_pointer_meets_each_box_with_its_arrow_and_no_other(config, tile):
    picture = drawn(config)
    root = ET.fromstring(svg(picture, (tile, tile)))
    groups = {node.get("data-step") or "input": list(node) for node in root if node.tag.endswith("}g")}

    def edges(name, kind):
        found = next(node for node in groups[name] if node.get("class") == kind)
        x, y, width, height = (float(found.get(what)) for what in ("x", "y", "width", "height"))
        return x, y, x + width, y + height

    for name, box in picture.boxes.items():
        left, top, right, bottom = edges(name, "ue-hit")
        x, y, end, under = edges(name, "ue-box")
        assert left <= x + 0.2
        assert top <= y + 0.2
        assert end <= right + 0.2
        assert under <= bottom + 0.2
        for other in picture.boxes.keys() - {name}:
            x, y, end, under = edges(other, "ue-box")
            assert end <= left + 0.2 or right <= x + 0.2 or under <= top or bottom <= y, (name, other)
        if box.source and box.direction != "across":
            # All of the way from the labels of one box to those of the other.
            (way,) = [mark for mark in marks(picture, box, None) if mark.kind == "arrow"]
            start, tip = map(Placement(picture, (tile, tile)).y, way.y)
            assert top <= max(start, tip)
            assert min(start, tip) <= bottom


@given(configs())
def test_the_slider_reaches_the_usual_tiles_and_some_beyond_the_smallest(config):
    sizes = describe(config)["sizes"]
    assert sizes["largest"] >= 1024
    assert len(valid_sizes(config, 1, sizes["largest"])) > 16


@given(configs(), st.floats(0.5, 3), st.floats(0.2, 3), st.floats(0.3, 3))
def test_each_length_follows_its_own_scale(config, across, tall, size):
    picture = drawn(config)
    page, other = Placement(picture, (572, 572)), Placement(picture, (572, 572), Scale(across, tall, size))
    for box in picture.boxes.values():
        for mark in marks(picture, box, None):
            for place in mark.x:
                assert other.x(place) == pytest.approx(across * place.columns + size * place.type)
                assert page.x(place) == pytest.approx(place.columns + place.type)
        # Type of any size leaves the arrows between two rows their room.
        if box.source and box.direction != "across":
            (way,) = [mark for mark in marks(picture, box, None) if mark.kind == "arrow"]
            length = abs(other.y(way.y[1]) - other.y(way.y[0]))
            shrunk = [picture.tallest(row) * tall for row in (box.row, picture.boxes[box.source].row)]
            floor = (sum(shrunk) - other.heights[box.name] - other.heights[box.source]) / 2
            assert length >= METRICS.fall * size + floor - 0.2


def test_the_longest_wording_that_fits_is_taken():
    wordings = [("crop 40 px per side",), ("crop 40",)]
    assert fitting(wordings, 200, 13) == wordings[0]
    assert fitting(wordings, 100, 13) == wordings[1]
    # Where none does, the shortest; it is set smaller.
    assert fitting(wordings, 20, 13) == wordings[1]


def test_long_numbers_are_shortened_and_say_so():
    law = laws(UNetConfig())["bottleneck_conv1"]
    assert side_text(law, (570, 570)) == ("≈29.9",)
    assert side_text(law, (564, 564)) == ("29.5",)
    assert side_text(law, (572, 570)) == ("≈30", "×29.9")
    assert side_text(law, (570, 570), tenths=False) == ("≈30",)
    assert side_text(law, (572, 572), tenths=False) == ("30²",)
    # Nothing is left: no negative side, and no square of one.
    assert side_text(law, (1, 1)) == ("–",)
    assert side_text(law, (572, 1)) == ("30", "×–")
