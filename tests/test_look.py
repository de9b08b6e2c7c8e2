"""One palette and one style sheet: page, picture saved alone, graph, curves and masks have the same colours."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from unet_explorer import UNetConfig, plan
from unet_explorer.drawing.look import page_style, picture_style
from unet_explorer.drawing.palette import CLASSES, ERRORS, OPERATIONS, class_colour, properties, rgb
from unet_explorer.drawing.scene import largest_tile, scene
from unet_explorer.drawing.svg import standalone, svg
from unet_explorer.panel.assets import read
from unet_explorer.panel.instrument.facts import describe

SVG = "{http://www.w3.org/2000/svg}"
VARIABLE = re.compile(r"var\((--ue-[\w-]+)")
OKABE_ITO = {"#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#f0e442", "#d55e00"}


@pytest.fixture(scope="module")
def sources(project):
    """Every file of ours that may name a colour, but the palette."""
    every = [file for kind in ("py", "js", "css", "html") for file in (project / "unet_explorer").rglob(f"*.{kind}")]
    return {file: file.read_text("utf-8") for file in every if file.name != "palette.py"}


def test_every_operation_has_a_colour_of_its_kind():
    every = {
        step.op
        for config in (UNetConfig(), UNetConfig(batch_norm=True, dropout=0.5, upsampling="bilinear"))
        for step in plan(config)
    }
    assert every < OPERATIONS.keys()
    apart = [OPERATIONS[op] for op in ("conv", "pool", "upconv", "crop_concat", "conv1x1")]
    assert len(set(apart)) == len(apart)
    assert {colour.lower() for colour in CLASSES} == OKABE_ITO
    assert len(set(ERRORS.values())) == 3
    assert CLASSES[0] not in ERRORS.values(), "what is right is seen in green"
    assert class_colour(len(CLASSES) + 2) == CLASSES[1]


def test_no_colour_of_the_palette_is_stated_anywhere_else(sources):
    triples = {str(list(rgb(colour))).strip("[]") for colour in OKABE_ITO}
    for file, text in sources.items():
        assert not {found.lower() for found in re.findall(r"#[0-9a-fA-F]{6}\b", code(text))} & OKABE_ITO, file
        assert not [triple for triple in triples if triple in text], file


def code(text):
    """Without the examples of docstrings."""
    return "\n".join(line for line in text.splitlines() if ">>>" not in line and "'#" not in line)


def test_every_property_that_a_style_sheet_uses_is_defined(sources):
    sheets = {file.name: text for file, text in sources.items() if file.suffix == ".css"}
    assert sheets.keys() == {"look.css", "base.css", "stage.css", "tabs.css", "page.css"}
    own = (read(f"{name}.css") for name in ("lib/base", "stage/stage", "tabs/tabs", "page/page"))
    # The height comes from static/stage/frame.js.
    defined = {"--ue-height", *re.findall(r"(--ue-[\w-]+):", "".join([page_style(), *own]))}
    used = {name for text in sheets.values() for name in VARIABLE.findall(text)}
    assert used <= defined


def test_a_picture_saved_alone_has_its_look_inside():
    for tile in ((572, 572), (570, 572), (1500, 1500)):
        config = UNetConfig()
        alone, drawn = standalone(config, tile), scene(config, max(largest_tile(config), *tile))
        root = ET.fromstring(alone)
        style = root.find(f"{SVG}style").text
        assert "var(" not in style
        assert f".ue-pool {{ stroke: {OPERATIONS['pool']}" in style
        classes = {kind for node in root.iter() for kind in node.get("class", "").split()}
        shown = classes - {"ue-step", "ue-op-conv", "ue-op-pool", "ue-op-upconv", "ue-op-conv1x1"}
        assert all(f".{kind}" in style for kind in shown)
        ghosts = {node.get("data-step") for node in root.iter() if "ue-ghost" in node.get("class", "")}
        assert ("enc3_conv1" in ghosts, "enc0_conv2" in ghosts) == (tile[0] == 570, False)
        # The same as on the page: every text, every length.
        on_page = ET.fromstring(svg(drawn, tile))
        groups = [node for node in root if node.tag == f"{SVG}g"]
        assert [ET.tostring(node) for node in groups] == [ET.tostring(node) for node in on_page]


def test_the_page_and_the_picture_have_the_same_rules():
    page = page_style()
    for name, colour in properties().items():
        assert re.search(rf"{name}: (var\(--jp-[\w-]+, )?{colour}", page), name
    rules = [line for line in picture_style().splitlines() if line.startswith(".ue")]
    assert len(rules) > 15
    for rule in rules:
        selector = rule.split("{")[0]
        assert selector in page
    assert ":hover" not in picture_style()


def test_every_class_of_a_style_sheet_is_the_class_of_something(sources):
    sheets = [
        re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL) for file, text in sources.items() if file.suffix == ".css"
    ]
    styled = {name for text in sheets for name in re.findall(r"\.(ue-[\w-]+)", text)}
    said = (text for file, text in sources.items() if file.suffix != ".css")
    made = {name for text in said for name in re.findall(r"ue-[\w-]+", text)}
    # These are put together when they are used: by operation, by class, and by kind of curve.
    composed = {f"ue-{op}" for op in OPERATIONS} | {f"ue-op-{op}" for op in OPERATIONS}
    composed |= {f"ue-cell-class{number}" for number in (1, 2, 3)}
    orphans = {name for name in styled - composed if not any(f"{each}-".startswith(f"{name}-") for each in made)}
    assert {name for name in orphans if not name.startswith("ue-curve-")} == set()


def test_a_picture_saved_alone_is_laid_out_as_on_screen():
    for config in (UNetConfig(), UNetConfig(depth=7)):
        alone = ET.fromstring(standalone(config, (572, 572)))
        told = describe(config)
        width, height = sum(told["width"]), sum(told["height"][:2])
        assert alone.get("viewBox") == f"0 0 {width:.1f} {height:.1f}"
