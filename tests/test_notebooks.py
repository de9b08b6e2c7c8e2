"""Every notebook runs from top to bottom."""

from __future__ import annotations

import nbformat
import pytest
from support import PROJECT, exhaustive, run_notebook

from unet_explorer import PRESETS, ShapeError, Tiling, UNetConfig, trace
from unet_explorer.export.lesson_notebooks import lesson_notebooks
from unet_explorer.lessons.lesson import lessons

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
LESSONS = [file for file in NOTEBOOKS if file.name.startswith("lesson-")]
FIRST = PROJECT / "notebooks" / "explore.ipynb"


def test_what_the_first_notebook_asks_has_the_answer_it_hints_at():
    assert trace(UNetConfig(depth=5), 572).output.height == 196
    with pytest.raises(ShapeError, match="nothing is left of the map at dec5_conv1"):
        trace(UNetConfig(depth=6), 572)
    with pytest.raises(ShapeError, match=r"enc2_pool would halve an odd side \(121\)"):
        trace(UNetConfig(), 512)
    assert trace(UNetConfig(), 572)["dec0_concat"].crop == 88
    assert set(trace(UNetConfig(padding="same"), 576).crops) == {0}
    naive = Tiling(PRESETS["classroom"].config, (256, 256), 188, seamless=False)
    assert [axis.stride for axis in naive.axes] == [100, 100]
    # The first and the third on each axis begin where the grid of the whole has a line.
    assert [tile.write[1].start % 8 == 0 for tile in naive][:3] == [True, False, True]


def test_the_notebooks_of_lessons_say_what_the_lessons_do():
    assert {file.name: file.read_bytes() for file in LESSONS} == lesson_notebooks()


@pytest.mark.tensorflow
def test_every_lesson_runs_from_top_to_bottom():
    """In this process, since a kernel for each takes long; with ``--all`` they have their kernels as well."""
    opened = []
    for file in LESSONS:
        names = {}
        for cell in nbformat.read(file, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, file.name, "exec"), names)
        opened.append(names["panel"].lesson["name"])
        names["panel"].close()
    assert opened == list(lessons())
    # The last one has built the network that its lesson speaks of.
    design = lessons()["keras"].pages[0].design
    assert names["model"].count_params() == trace(*design).parameters
    assert names["model"].output_shape[1:] == tuple(trace(*design).output)


@pytest.mark.parametrize("file", exhaustive(NOTEBOOKS, [FIRST], lambda file: file.name))
def test_it_runs(file):
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    # Without it JupyterLab stops at a dialog that asks for a kernel.
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any(cell.get("outputs") for cell in notebook.cells), "notebooks are kept without output"
    run_notebook(notebook, file.parent)
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert file != FIRST or "100 × 100 × 2" in printed
