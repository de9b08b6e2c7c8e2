"""A real browser and our own reading of the style sheet agree on what every mark looks like."""

from __future__ import annotations

import re

import pytest

from unet_explorer import UNetConfig
from unet_explorer.drawing.look import picture_style
from unet_explorer.drawing.options import FigureOptions
from unet_explorer.drawing.palette import mixed, rgb
from unet_explorer.drawing.picture import picture
from unet_explorer.drawing.scene import METRICS
from unet_explorer.drawing.svg import standalone

SEEN = """() => [...document.querySelectorAll("g.ue-step > :not(.ue-hit)")].map((node) => {
    const { fill, stroke, strokeWidth, strokeDasharray, opacity, fontWeight, fontStyle } = getComputedStyle(node);
    const step = node.parentElement.dataset.step ?? "input";
    return [step, node.getAttribute("class"), node.localName,
            fill, stroke, strokeWidth, strokeDasharray, opacity, fontWeight, fontStyle];
})"""


def colour(said, opacity):
    """As it shows on white."""
    numbers = re.findall(r"\d+", said)
    return None if said == "none" else mixed("#" + "".join(f"{int(each):02X}" for each in numbers[:3]), float(opacity))


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("side", [572, 570])
def test_paper_looks_as_the_browser_has_it(page, side, grey):
    text = standalone(UNetConfig(), (side, side)).replace(picture_style(), picture_style(grey))
    if grey:
        text = text.replace('class="ue-drawing"', 'class="ue-drawing ue-grey"')
    # Not in place of JupyterLab: the next test goes on there.
    paper = page.context.new_page()
    paper.set_content(text)
    # A figure whose type is as large as that on a page.
    drawn = picture(UNetConfig(), side, FigureOptions(width=400, font_size=METRICS.font, legend=False, grey=grey))
    seen = paper.evaluate(SEEN)
    assert len(seen) == len(drawn.shapes)
    for each, (step, look, tag, fill, stroke, width, dash, opacity, weight, style) in zip(
        drawn.shapes, seen, strict=True
    ):
        paint = each.paint
        assert (each.step, each.shape.look) == (step, look)
        assert paint.fill == colour(fill, opacity), (step, look)
        assert paint.stroke == colour(stroke, opacity), (step, look)
        if tag == "text":
            assert (paint.bold, paint.italic) == (weight == "700", style == "italic")
        else:
            assert paint.width == pytest.approx(float(width.removesuffix("px")))
            assert paint.dash == pytest.approx([float(part) for part in re.findall(r"[\d.]+", dash)])
    assert rgb(drawn.shapes[0].paint.fill) == (255, 255, 255)
