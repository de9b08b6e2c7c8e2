"""Curves, tilings and maps for print: what is drawn is what was measured."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from PIL import Image
from support import examples

from unet_explorer import PRESETS, Tiling, TrainingSession, UNetConfig, cells, save_curves, save_maps, save_tiling
from unet_explorer.export import curves, maps, tiles
from unet_explorer.export.curves import curves_bytes
from unet_explorer.export.maps import maps_bytes, view_bytes
from unet_explorer.export.tiles import tiling_bytes
from unet_explorer.learning.history import Epoch, History

BEGINS = {".pdf": b"%PDF", ".svg": b"<?xml", ".png": b"\x89PNG"}
CLASSROOM = PRESETS["classroom"].config
# Of class 1: 6 right, 2 missed, 2 invented. Of class 2: none ever.
FIRST = Epoch(0, 0, ((90, 10, 0), (8, 0, 0), (0, 0, 0)), 1.0)
BETTER = Epoch(1, 3, ((98, 2, 0), (2, 6, 0), (0, 0, 0)), 1.0)
HISTORY = History(losses=[0.9, math.nan, 0.5], epochs=[BETTER], first=FIRST)


def read_csv(content):
    return list(csv.reader(io.StringIO(content.decode())))


def test_the_table_of_a_training():
    head, *rows = read_csv(curves_bytes(HISTORY, ".csv"))
    assert head == ["step", "loss", "mean IoU", "accuracy", "IoU of class 0", "IoU of class 1", "IoU of class 2"]
    assert rows[0] == ["0", "", "0", f"{90 / 108:.6g}", f"{90 / 108:.6g}", "0", ""]
    assert rows[1] == ["1", "0.9", "", "", "", "", ""]
    assert rows[2] == ["2", "", "", "", "", "", ""], "a loss that is not known is left empty"
    assert rows[3] == ["3", "0.5", "0.6", f"{104 / 108:.6g}", f"{98 / 102:.6g}", "0.6", ""]


@examples(40)
@given(st.lists(st.one_of(st.floats(0, 1e6), st.just(math.nan)), min_size=1, max_size=30))
def test_every_loss_is_in_the_table(losses):
    head, *rows = read_csv(curves_bytes(History(losses=losses), ".csv"))
    assert head == ["step", "loss"]
    assert [int(step) for step, _ in rows] == list(range(1, len(losses) + 1))
    for (_, said), loss in zip(rows, losses, strict=True):
        assert said == "" if math.isnan(loss) else float(said) == pytest.approx(loss, rel=1e-5)


def test_the_curve_is_that_of_the_history():
    figure = Figure()
    curves._draw(figure, HISTORY.losses, [FIRST, BETTER], ["none", "cell", "_odd $x$"], BETTER)
    above, below = figure.axes
    np.testing.assert_array_equal(above.lines[0].get_ydata(), HISTORY.losses)
    drawn = {line.get_label(): line.get_xydata() for line in below.lines}
    np.testing.assert_array_equal(drawn["mean"], [(0, 0), (3, 0.6)])
    np.testing.assert_array_equal(drawn[" cell"], [(0, 0), (3, 0.6)])
    assert np.isnan(drawn[" _odd $x$"][:, 1]).all(), "a class that never occurs has no IoU"
    assert below.get_title("right") == "best mean IoU: 0.600 at step 3 (ring)"
    assert [text.get_text() for text in figure.legends[0].texts] == [" cell", " _odd $x$", "mean"]


def test_a_session_names_its_classes(state, tmp_path):
    session = TrainingSession(CLASSROOM, cells(4, size=96), 100, steps=2)
    with pytest.raises(ValueError, match="has learnt nothing yet"):
        save_curves(session, tmp_path / "a.csv")
    table = ((9, 1), (1, 9))
    session.history = History(losses=[1.0], epochs=[Epoch(1, 1, table, 1.0)])
    save_curves(session, tmp_path / "a.csv")
    session.close()
    assert "IoU of cell" in (tmp_path / "a.csv").read_text()
    with pytest.raises(ValueError, match=r"ends in \.pdf, \.png, \.svg or \.csv"):
        save_curves(HISTORY, tmp_path / "a.txt")


@examples(60)
@given(
    st.tuples(st.integers(20, 700), st.integers(20, 700)),
    st.integers(0, 6),
    st.booleans(),
    st.sampled_from(["valid", "same"]),
)
def test_fields_cover_the_image_once(sides, more, seamless, padding):
    config = UNetConfig(depth=2, base_filters=2, padding=padding)
    tile = (44 if padding == "valid" else 48) + 16 * 2 + 4 * more
    tiling = Tiling(config, sides, tile, seamless=seamless)
    axes = Figure().add_subplot()
    tiles._ground(axes, tiling, None)
    tiles._highlight(axes, tiling, on_image=False)
    (fields,) = [each for each in axes.collections if isinstance(each, PatchCollection)]
    covered = np.zeros(sides, int)
    for path in fields.get_paths():
        (left, top), (right, bottom) = path.get_extents().get_points().astype(int)
        covered[top:bottom, left:right] += 1
    assert (covered == 1).all()
    shown = {patch.get_label(): patch for patch in axes.patches}
    read = shown[f"one tile reads {tiling.tile[0]} × {tiling.tile[1]}"]
    assert (read.get_y(), read.get_x()) in {tile.start for tile in tiling}
    assert (read.get_height(), read.get_width()) == tiling.tile


def test_numbers_stand_in_their_fields():
    tiling = Tiling(CLASSROOM, (292, 400), 188)
    axes = Figure().add_subplot()
    tiles._highlight(axes, tiling, on_image=True)
    for number, (text, tile) in enumerate(zip(axes.texts, tiling, strict=True), start=1):
        column, row = text.get_position()
        assert text.get_text() == str(number)
        assert tile.write[0].start < row < tile.write[0].stop
        assert tile.write[1].start < column < tile.write[1].stop


def test_an_image_of_other_sides_is_refused(tmp_path):
    tiling = Tiling(CLASSROOM, (292, 400), 188)
    with pytest.raises(ValueError, match=r"\(400, 292\) is not the image of this tiling: give an array of 292 × 400"):
        save_tiling(tiling, tmp_path / "a.png", np.zeros((400, 292)))
    with pytest.raises(ValueError, match="beyond 10,000 none can be seen"):
        tiling_bytes(Tiling(CLASSROOM, (30_000, 30_000), 188), ".png")
    assert not list(tmp_path.iterdir())


def test_each_map_is_stretched_by_itself():
    ramp = np.linspace(0, 1, 40 * 60).reshape(40, 60)
    given = np.stack([ramp, 100 - 7 * ramp, np.full_like(ramp, 3)], axis=-1)
    figure = Figure()
    low, high = given.min((0, 1)), given.max((0, 1))
    scaled = (given - low) / np.where(high > low, high - low, 1)
    maps._draw(figure, maps._Grid(scaled.astype("float32"), (40, 60), low, high, "enc0_conv1"), 3, 2.3)
    (axes,) = figure.axes
    sheet = axes.images[0].get_array()[..., 0]
    places = {text.get_text(): text.get_position() for text in axes.texts}
    lefts = [int(places[str(channel + 1)][0]) for channel in range(3)]
    assert lefts == sorted(lefts), "in reading order"
    top = sheet.shape[0] - 40
    shown = [sheet[top:, left : left + 60] for left in lefts]
    np.testing.assert_allclose(shown[0], ramp, atol=1e-6)
    np.testing.assert_allclose(shown[1], 1 - ramp, atol=1e-6)
    np.testing.assert_allclose(shown[2], 0.5)
    first, second = axes.get_title("left").splitlines()
    assert first == "enc0_conv1: 3 maps of 40 × 60 pixels"
    assert second.endswith("all lie from 0 to 100; 1 the same everywhere (grey)")


def test_large_maps_are_shown_by_means():
    given = np.random.default_rng(0).random((10, 7, 2)).astype("float32")
    small = maps._thinned(given, 3)
    assert small.shape == (4, 3, 2)
    np.testing.assert_allclose(small[:3, :2], given[:9, :6].reshape(3, 3, 2, 3, 2).mean((1, 3)), rtol=1e-6)
    np.testing.assert_allclose(small[3, 2], given[9, 6])


def test_the_numbers_of_maps_are_kept(tmp_path):
    given = np.random.default_rng(0).normal(size=(6, 5, 3)).astype("float32")
    save_maps(given, tmp_path / "maps.npy", "head")
    np.testing.assert_array_equal(np.load(tmp_path / "maps.npy"), given)
    # As the panel has them: 8 bits between the smallest and the largest number of each.
    low, high = given.min((0, 1)), given.max((0, 1))
    thumbs = np.moveaxis(np.rint((given - low) / (high - low) * 255), -1, 0).astype("uint8")
    view = {"step": "head", "height": 6, "width": 5, "thumbs": thumbs, "low": low, "high": high}
    back = np.load(io.BytesIO(view_bytes(view, ".npy")))
    assert (abs(back - given) <= (high - low) / 509).all()
    assert view_bytes(view, ".png").startswith(BEGINS[".png"])
    with pytest.raises(ValueError, match="hold NaN"):
        maps_bytes(np.full((2, 2), np.nan), ".png")


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        (".pdf", lambda: curves_bytes(HISTORY, ".pdf")),
        (".svg", lambda: tiling_bytes(Tiling(CLASSROOM, (292, 400), 188), ".svg", np.zeros((292, 400, 3)))),
        (".png", lambda: maps_bytes(np.eye(9), ".png", "a $b$ <c>")),
    ],
    ids=list(BEGINS),
)
def test_the_same_makes_the_same_file_whatever_is_set(kind, make):
    plain = make()
    assert plain.startswith(BEGINS[kind])
    assert b"CreationDate" not in plain
    assert b"<dc:date>" not in plain
    with mpl.rc_context({"font.size": 30, "axes.grid": True, "text.usetex": True, "savefig.dpi": 20}):
        before = dict(mpl.rcParams)
        assert make() == plain
        assert dict(mpl.rcParams) == before, "what somebody has set stays"


def test_a_picture_for_print_is_sharp():
    with Image.open(io.BytesIO(curves_bytes(HISTORY, ".png"))) as picture:
        assert picture.width == pytest.approx(3.5 * 300, abs=1)


def test_no_window_is_opened_and_nothing_heavy_loaded():
    code = (
        "import sys; from unet_explorer import *; from unet_explorer.export.tiles import tiling_bytes\n"
        "tiling_bytes(Tiling(UNetConfig(depth=3), (292, 292), 188), '.svg')\n"
        "assert not {'matplotlib.pyplot', 'keras', 'tensorflow'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
