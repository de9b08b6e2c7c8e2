"""A design as a notebook: it is valid, it runs from top to bottom without this package, and means what was chosen."""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from support import everything, run_notebook

from unet_explorer import Dataset, UNetConfig, save_notebook, to_script
from unet_explorer.data.weights import class_weights, regions, weight_map
from unet_explorer.export.notebook import notebook_bytes
from unet_explorer.learning.recipe import Recipe

SMALL = UNetConfig(depth=1, base_filters=2, convs_per_block=1)
QUICK = {"steps": 2, "steps_per_epoch": 1, "batch_size": 2, "seed": 3}
LINEAR = [
    ("cross-entropy", SMALL),
    ("weighted", replace(SMALL, num_classes=3)),
    ("combined", replace(SMALL, in_channels=3)),
]
OTHERS = [
    ("dice", replace(SMALL, num_classes=1)),
    ("combined", replace(SMALL, head_activation="sigmoid", num_classes=3)),
    ("dice", replace(SMALL, head_activation="softmax", padding="same")),
    ("weighted", replace(SMALL, num_classes=1, head_activation="sigmoid")),
    ("cross-entropy", replace(SMALL, head_activation="relu", batch_norm=True, dropout=0.5)),
]


def cells_of(config, tile=20, recipe=None, dataset=None):
    notebook = nbformat.reads(notebook_bytes(config, tile, recipe, dataset).decode(), as_version=4)
    nbformat.validate(notebook)
    return notebook.cells


def code_of(*given, **named):
    return [cell.source for cell in cells_of(*given, **named) if cell.cell_type == "code"]


def test_the_network_stands_in_it_line_by_line():
    config = replace(SMALL, depth=3, batch_norm=True)
    code = "\n".join(code_of(config, 46)).splitlines()
    body = to_script(config, 46).split('"""', 2)[2].partition("\n\nif __name__")[0]
    lines = [line for line in body.splitlines() if " = " in line and not line.startswith(" ")]
    assert [line for line in code if line in lines] == lines


def test_words_of_others_are_shown_and_do_nothing(tmp_path):
    name, odd = "<img src=x onerror=alert(1)> [a](b) `c`", ("back'ground", 'a"); import os; ("', "\udcff\n")
    data = Dataset(name, np.zeros((1, 4, 4, 1), "float32"), np.zeros((1, 4, 4), int), odd)
    save_notebook(tmp_path / "a.ipynb", replace(SMALL, num_classes=3), 20, dataset=data)
    cells = nbformat.read(tmp_path / "a.ipynb", as_version=4).cells
    (line,) = [line for cell in cells for line in cell.source.splitlines() if line.startswith("classes =")]
    assert ast.literal_eval(line.removeprefix("classes = ")) == odd
    (words,) = [cell.source for cell in cells if "onerror" in cell.source]
    assert r"\<img src\=x" in words or r"\<img src=x" in words
    assert r"\[a\]\(b\) \`c\`" in words


def test_what_is_chosen_is_written_down():
    code = "\n".join(code_of(SMALL, 20, {"steps": 60, "batch_size": 7, "optimizer": "sgd", "learning_rate": 0.01}))
    assert "keras.optimizers.SGD(0.01, momentum=0.99)" in code
    assert "size=7" in code
    assert "epochs=3" in code
    assert "steps_per_epoch=25" in code
    assert "dice.random() < 0.5" in code
    assert "dice.random()" not in "\n".join(code_of(SMALL, 20, Recipe.from_dict({"augmentation": {"flips": False}})))


def test_what_is_no_recipe_and_no_place_is_refused(tmp_path):
    with pytest.raises(ValueError, match="recipe=7 is not allowed"):
        notebook_bytes(SMALL, 20, 7)
    with pytest.raises(ValueError, match="Unknown key 'stesp'"):
        notebook_bytes(SMALL, 20, {"stesp": 7})
    with pytest.raises(ValueError, match=r"ends in \.ipynb"):
        save_notebook(tmp_path / "a.py", SMALL, 20)
    save_notebook(tmp_path / "a.ipynb", SMALL, 20)
    with pytest.raises(FileExistsError):
        save_notebook(tmp_path / "a.ipynb", SMALL, 20)
    before = (tmp_path / "a.ipynb").read_bytes()
    save_notebook(tmp_path / "a.ipynb", SMALL, 20, overwrite=True)
    assert (tmp_path / "a.ipynb").read_bytes() == before, "the same design, the same file"


def test_tools_find_nothing_in_its_code(tmp_path):
    for number, (loss, config) in enumerate((*LINEAR, *OTHERS)):
        text = "\n\n".join(code_of(config, 20, {**QUICK, "loss": loss})) + "\n"
        (tmp_path / f"n{number}.py").write_text(text, "utf-8")
    tool = Path(sys.executable).with_name("ruff")
    # In a notebook, imports stand where they are needed.
    line = [str(tool), "check", "--isolated", "--select", "E,F,W,B", "--ignore", "B905", "--line-length", "120", "."]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def run(sources):
    """All cells, one after the other, where this package is not installed: what they define."""
    importing = builtins.__import__

    def without_us(name, *rest, **more):
        if name.partition(".")[0] == "unet_explorer":
            raise ImportError(name)
        return importing(name, *rest, **more)

    held = {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "__import__", without_us)
        for source in sources:
            exec(compile(source, "cell", "exec"), held)
    return held


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("loss", "config"), [*LINEAR, *OTHERS], ids=lambda each: getattr(each, "head_activation", each)
)
def test_its_loss_is_that_of_the_panel(loss, config):
    import keras

    from unet_explorer.learning.worker.objective import loss_of

    held = run(code_of(config, 24, {**QUICK, "loss": loss})[:-3])
    dice = np.random.default_rng(0)
    scores = dice.normal(size=(2, 9, 8, config.num_classes)).astype("float32")
    if config.head_activation in ("softmax", "sigmoid"):
        scores = keras.ops.convert_to_numpy(getattr(keras.ops, config.head_activation)(scores))
    truth = dice.integers(-1, max(2, config.num_classes), (2, 9, 8)).astype("int32")
    found = keras.ops.mean(held["loss"](truth, scores))
    assert float(found) == pytest.approx(float(loss_of(config, Recipe(loss=loss))(truth, scores)), rel=1e-5)
    tiles, labels, *weights = next(held["batches"](held["images"], held["labels"]))
    assert tiles.shape == (2, *held["TILE"], config.in_channels)
    assert {each.shape for each in (labels, *weights)} == {(2, *held["OUTPUT"])}
    assert bool(weights) == (loss == "weighted")
    keras.utils.clear_session(free_memory=False)


@pytest.mark.tensorflow
def test_it_runs_without_this_package(monkeypatch):
    import keras
    import matplotlib
    from matplotlib import pyplot

    matplotlib.use("Agg")
    monkeypatch.setattr(pyplot, "show", lambda: None)
    config = replace(SMALL, num_classes=3)
    held = run(code_of(config, (24, 28), {**QUICK, "loss": "weighted"}))
    pyplot.close("all")
    assert len(held["history"].history["loss"]) == 2
    assert np.isfinite(held["history"].history["loss"]).all()
    labels, every = held["labels"][0], np.concatenate([each.ravel() for each in held["labels"]])
    pixels = np.bincount(every, minlength=3)
    made = Dataset("made", np.zeros((12, 64, 64, 1), "float32"), np.stack(held["labels"]), ("a", "b", "c"))
    expected = weight_map(labels, regions(labels), class_weights(made))
    np.testing.assert_allclose(held["weights_of"](labels, pixels), expected, atol=1e-4)
    # Every pixel of a prediction lies over the pixel of the image that it speaks of.
    image = np.arange(64.0 * 64).reshape(64, 64, 1)
    tiles, truths, _ = next(held["batches"]([image], [np.arange(64 * 64).reshape(64, 64)], seed=1))
    flat, border = held["prepared"](image), held["BORDER"]
    for tile, truth in zip(tiles, truths, strict=True):
        inner = tile[border[0] : -border[0], border[1] : -border[1], 0]
        np.testing.assert_allclose(inner, flat[border[0] : -border[0], border[1] : -border[1]].ravel()[truth])
    keras.utils.clear_session(free_memory=False)


@pytest.mark.tensorflow
@pytest.mark.more
@pytest.mark.skipif(not everything(), reason="a kernel of its own takes 10 s: with --all")
def test_it_runs_in_a_kernel_from_top_to_bottom(tmp_path):
    path = tmp_path / "unet.ipynb"
    save_notebook(path, UNetConfig(depth=2, base_filters=4, num_classes=4), 60, recipe=QUICK)
    notebook = nbformat.read(path, as_version=4)
    run_notebook(notebook, tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("IoU of disc" in output.get("text", "") or "no disc" in output.get("text", "") for output in outputs)
    assert any("image/png" in output.get("data", {}) for output in outputs), "the mask is drawn"
