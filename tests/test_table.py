"""The table of layers: the same rows in every format, for programs and for readers."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from support import configs, examples

from unet_explorer import ShapeError, UNetConfig, save_table, trace, valid_sizes
from unet_explorer.core.latex import in_latex
from unet_explorer.core.table import as_csv, as_latex, as_markdown

PAPER = trace(UNetConfig(), 572)


@examples(40)
@given(configs())
def test_csv_says_of_every_step_what_the_trace_says(config):
    sizes = valid_sizes(config, 1, 10_000)
    traced = trace(config, (sizes[0], sizes[1]))
    rows = list(csv.DictReader(as_csv(traced).splitlines()))
    assert [row["step"] for row in rows] == [row.step.name for row in traced]
    for row, known in zip(rows, traced, strict=True):
        assert [int(row[side]) for side in ("height", "width", "channels")] == list(known.output)
        numbers = known.crop, known.parameters, known.macs, known.bytes, known.receptive_field
        columns = ("crop", "parameters", "multiply_adds", "bytes", "receptive_field")
        assert tuple(int(row[name]) for name in columns) == numbers
        given_shapes = [tuple(map(int, shape.split("×"))) for shape in row["inputs"].split(" + ")]
        assert given_shapes == [tuple(shape) for shape in known.inputs]
        assert row["operation"]
    assert sum(int(row["parameters"]) for row in rows) == traced.parameters


def test_markdown_ends_in_totals_of_what_can_be_summed_up():
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in as_markdown(PAPER).splitlines()]
    head, ruler, *rows, totals = lines
    assert {len(line) for line in lines} == {11}
    assert head[-1] == "receptive field"
    assert set(ruler) == {"---", "---:"}
    assert len(rows) == 31
    assert rows[-1][:3] == ["head", "conv 1×1", "388×388×64"]
    assert totals == ["**total**", *[""] * 6, "**31,030,658**", f"**{PAPER.macs:,}**", "", ""]
    assert sum(int(row[8].replace(",", "")) for row in rows) == PAPER.macs


def test_latex_is_ascii_and_escapes_what_means_something_there():
    text = as_latex(PAPER)
    assert text.isascii()
    rows = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 31 + 1
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {10}
    assert r"dec0\_concat & crop, concat & 568$\times$568$\times$64 + 392$\times$392$\times$64 &" in text
    assert "_" not in text.replace(r"\_", "")
    assert in_latex("\\{}$&#%_^~×²≈–→é") == (
        r"\textbackslash{}\{\}\$\&\#\%\_\textasciicircum{}\textasciitilde{}$\times$\textsuperscript{2}$\approx$--"
        r"$\rightarrow$?"
    )


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no pdflatex here: the table is not compiled")
def test_latex_compiles_it(tmp_path):
    save_table(UNetConfig(depth=1, dropout=0.5), 100, tmp_path / "layers.tex")
    text = r"\documentclass[landscape]{article}\usepackage{booktabs}\begin{document}\tiny\input{layers}\end{document}"
    (tmp_path / "paper.tex").write_text(text, "utf-8")
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    log = (tmp_path / "paper.log").read_text("latin-1")
    if "booktabs.sty' not found" in log:
        pytest.skip("LaTeX lacks the package booktabs here: the table is not compiled")
    assert done.returncode == 0, log[-1500:]


def test_pandas_has_the_rows_of_the_csv(tmp_path):
    import pandas

    path = save_table(UNetConfig(), 572, tmp_path / "layers.csv")
    pandas.testing.assert_frame_equal(pandas.read_csv(path), PAPER.to_pandas())


def test_without_pandas_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pip install "unet_explorer\[pandas\]"'):
        PAPER.to_pandas()


def test_it_is_written_where_it_may_be(tmp_path):
    for kind, text in ((".csv", as_csv), (".md", as_markdown), (".TEX", as_latex)):
        path = save_table(UNetConfig(), 572, tmp_path / f"layers{kind}")
        assert path.read_bytes() == text(PAPER).encode()
    with pytest.raises(FileExistsError, match="layers.csv is there already"):
        save_table(UNetConfig(), 572, tmp_path / "layers.csv")
    save_table(UNetConfig(depth=1), 100, tmp_path / "layers.csv", overwrite=True)
    assert "dec1" not in (tmp_path / "layers.csv").read_text("utf-8")
    with pytest.raises(ValueError, match=r"give a name that ends in .csv, .md or .tex"):
        save_table(UNetConfig(), 572, tmp_path / "layers.xlsx")
    with pytest.raises(ShapeError, match="Tile 570 does not fit"):
        save_table(UNetConfig(), 570, tmp_path / "other.csv")
    assert not (tmp_path / "other.csv").exists()
