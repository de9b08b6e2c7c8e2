"""What is loaded when, who may import whom, and the tools that check the rest."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import unet_explorer

HEAVY = ("tensorflow", "keras", "numpy", "matplotlib", "scipy", "PIL", "graphviz")
WIDGETS = ("ipywidgets", "anywidget", "traitlets", "IPython")


def loaded_by(code: str) -> set[str]:
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_importing_loads_neither_keras_nor_widgets():
    assert not loaded_by("import unet_explorer").intersection(HEAVY + WIDGETS)


def test_the_whole_core_needs_the_standard_library_alone():
    code = (
        "from unet_explorer import *; from unet_explorer import UNetConfig, trace, receptive_field\n"
        "from unet_explorer.drawing.svg import svg; trace(UNetConfig(), 572)"
    ).replace("from unet_explorer import *; ", "")
    loaded = loaded_by(code)
    assert loaded - set(sys.stdlib_module_names) - {"__main__", "__mp_main__", "sitecustomize"} <= {
        "unet_explorer",
        *(name for name in loaded if name.startswith(("_", "distutils"))),
    }


def test_what_saves_figures_and_tables_loads_nothing_before_it_draws():
    code = "from unet_explorer import UNetConfig, save_figure, save_table\nfrom unet_explorer.drawing.saving import *\n"
    code += "figure_data(UNetConfig(), 572, '.svg'); table_data(UNetConfig(), 572, '.csv')"
    assert not loaded_by(code).intersection((*HEAVY, *WIDGETS, "pandas"))


def test_opening_the_panel_loads_no_tensorflow():
    loaded = loaded_by("from unet_explorer import explore; explore().config")
    assert "ipywidgets" in loaded
    assert not loaded.intersection(HEAVY)


@pytest.mark.parametrize("name", unet_explorer.__all__)
def test_public_names(name):
    public = getattr(unet_explorer, name)
    assert public is getattr(unet_explorer, name)
    assert not isinstance(public, type(sys)), "a room hides the name it holds"
    assert name in dir(unet_explorer)


@pytest.mark.parametrize("room", ["config", "plan", "laws", "tiles", "receptive", "trace", "axis", "tiling", "cost"])
def test_a_module_of_the_core_is_a_module_whatever_it_holds(room):
    code = f"import types, unet_explorer\nimport unet_explorer.core.{room} as module\n"
    loaded_by(f"{code}assert isinstance(module, types.ModuleType), module")


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'explorer'"):
        unet_explorer.explorer  # noqa: B018


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["lint-imports", "--no-cache"],
    ],
    ids=lambda command: " ".join(command),
)
def test_tools_find_nothing(project, command):
    tool = Path(sys.executable).with_name(command[0])
    done = subprocess.run([tool, *command[1:]], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_fetched_at_run_time(project):
    for file in (project / "unet_explorer" / "panel" / "static").rglob("*.*"):
        if file.suffix in {".gz", ".png"}:
            # A picture, networks, and jax-js, which a policy forbids to fetch: tests/browser/test_page_network.py.
            continue
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")
        # Types are named in comments, for the type checker alone.
        text = re.sub(r'/\*\* @import \{[^}]*\} from "[./\w]+" \*/', "", text)
        assert "http" not in text, file
        assert "@import" not in text
        assert "import(" not in text
        assert "innerHTML" not in text, "text is set as text"
