"""What the panel hands over: each kind of file, from code and from the menu, and the refusals in words."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
from hands import Watch

from unet_explorer import UNetConfig, cells, explore, trace
from unet_explorer.learning.recipe import Recipe
from unet_explorer.panel.taking import KINDS, Content, file_of, kind_of, menu
from unet_explorer.sweeps.run import run_of
from unet_explorer.sweeps.table import Sweep

SMALL = UNetConfig(depth=2, base_filters=4)


@pytest.fixture(scope="module")
def images():
    return cells(3, size=64)


@pytest.fixture
def panel(images):
    made = explore(SMALL, 76, images)
    yield made
    made.close()


def a_view():
    """What the worker answers a click with."""
    return {
        "step": "enc0_conv1",
        "height": 74,
        "width": 74,
        "channels": 4,
        "channel": 0,
        "scale": 1,
        "cell": 74,
        "thumbs": np.random.default_rng(0).integers(0, 255, (4, 74, 74), "uint8"),
        "whole": np.zeros((74, 74), "uint8"),
        "low": np.zeros(4, "float32"),
        "high": np.ones(4, "float32"),
        "dead": np.zeros(4, bool),
    }


BEGINS = {
    ".svg": (b"<svg", b"<?xml"),
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG",),
    ".tex": (b"\\documentclass", b"%", b"\\begin"),
    ".dot": (b"digraph", b"graph", b"//"),
    ".csv": (b"step,", b"design,"),
    ".md": (b"|",),
    ".html": (b"<!doctype html>",),
    ".py": (b'"""A U-Net in',),
    ".ipynb": (b"{",),
}
EVERY = [(what, ending) for what, kind in KINDS.items() for ending in kind.endings]
LEARNT = {"curves", "network", "package"}


@pytest.mark.parametrize(("what", "ending"), [each for each in EVERY if each[0] not in LEARNT])
def test_each_file_is_what_its_name_says(panel, images, what, ending):
    runs = Sweep([run_of("unet1-t188-d3-f8-11hrn49", 0, "done", iou=0.8, macs=10**8)])
    told = panel._content().told
    content = Content(SMALL, (76, 76), images, Recipe(), None, images.images[0], a_view(), runs, told)
    file = file_of(content, what, ending, {})
    if ending:
        assert file.name == f"unet-depth2-76x76{'' if what == 'figure' else '-' + what}{ending}"
        assert file.content.startswith(BEGINS[ending])
    else:
        names = zipfile.ZipFile(io.BytesIO(file.content)).namelist()
        assert any(name.endswith(("dataset.json", "_masks.tif")) for name in names)
        assert file.name == f"{'Dataset101_cells' if what == 'nnunet' else 'cells_cellpose'}.zip"


@pytest.mark.parametrize(
    ("what", "ending"), [each for each in EVERY if each[0] in {*LEARNT, "tiling", "maps", "sweep", "nnunet"}]
)
def test_what_is_not_there_yet_is_said_with_what_to_do(what, ending):
    with pytest.raises(ValueError, match="yet: open (Train|Tile|Inside|Sweep)"):
        file_of(Content(SMALL, (76, 76)), what, ending, {})


def test_what_is_offered_can_be_made():
    offered = [(file["what"], file["ending"]) for row in menu() for file in row["files"]]
    assert offered == EVERY
    assert json.loads(json.dumps(menu())) == menu()


def test_code_saves_by_the_ending_or_by_what_is_said(panel, tmp_path):
    panel.save(tmp_path / "u.svg", width=120, legend=False)
    assert "120" in (tmp_path / "u.svg").read_text("utf-8")[:300]
    panel.save(tmp_path / "layers.tex", "table")
    assert "toprule" in (tmp_path / "layers.tex").read_text("utf-8")
    panel.save(tmp_path / "layers.csv")
    assert len((tmp_path / "layers.csv").read_text("utf-8").splitlines()) == 1 + len(trace(SMALL, 76))
    panel.save(tmp_path / "twin.py", "torch")
    assert "import torch" in (tmp_path / "twin.py").read_text("utf-8")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        panel.save(tmp_path / "layers.csv")
    panel.tile = 92
    panel.save(tmp_path / "layers.csv", overwrite=True)
    assert "92×92" in (tmp_path / "layers.csv").read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "what", "options", "words"),
    [
        ("u.bmp", None, {}, "ends in none of the kinds"),
        ("u", None, {}, "ends in none of the kinds"),
        ("u.svg", "table", {}, "does not go with what='table'"),
        ("u.svg", "picture", {}, "what='picture' cannot be saved: give one of 'figure'"),
        ("u.svg", None, {"widht": 3}, "did you mean 'width'"),
        ("u.md", None, {"width": 3}, "There is no option 'width' for what='table'"),
        ("u.keras", None, {}, "Nothing has been learnt yet"),
        ("no/folder/u.svg", None, {}, "There is no folder"),
    ],
)
def test_what_cannot_be_saved_is_said(panel, tmp_path, path, what, options, words):
    with pytest.raises(ValueError, match=words):
        panel.save(tmp_path / path, what, **options)
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_is_a_picture_all_the_same_but_no_table(panel, tmp_path):
    panel.tile = 77
    panel.save(tmp_path / "u.pdf")
    with pytest.raises(ValueError, match="77 does not fit"):
        panel.save(tmp_path / "u.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["u.pdf"]


def asked(panel, do, **more):
    """What the browser sends, and the first answer to it."""
    answers, number = [], panel.request.get("number", 0) + 1
    panel.observe(lambda change: answers.append(change["new"]), "taken")
    panel.set_state({"request": {"do": do, "number": number, **more}})
    Watch(panel).until(lambda: any(answers))
    assert answers[0]["number"] == number
    return answers[0]


def test_the_menu_hands_over_a_file_and_keeps_none(panel):
    given = asked(panel, "take", what="figure", ending=".pdf", options={"width": 150, "grey": True, "legend": False})
    assert (given["name"], given["type"], given["content"][:5]) == (
        "unet-depth2-76x76.pdf",
        "application/pdf",
        b"%PDF-",
    )
    Watch(panel).until(lambda: panel.taken == {})


def test_the_menu_says_what_cannot_be(panel):
    assert "Nothing has been learnt yet" in asked(panel, "take", what="network", ending=".onnx")["problem"]
    assert "cannot be saved" in asked(panel, "take", what="<b>", ending=".exe", options=3)["problem"]
    problem = asked(panel, "take", what="figure", ending=".svg", options={"width": 1})["problem"]
    assert "width=1 is not allowed" in problem


def test_the_menu_hands_over_link_and_code(panel):
    assert asked(panel, "link")["text"] == panel.link
    assert asked(panel, "code")["text"] == panel.code
    assert asked(panel, "diagnosis")["text"] == panel.diagnosis


def test_an_ending_stands_for_the_first_that_has_it():
    for what, ending in EVERY:
        if (
            ending
            and what not in {"torch", "tiling", "maps", "curves", "sweep"}
            and (what, ending) != ("table", ".tex")
        ):
            assert kind_of(f"a{ending}") == what
