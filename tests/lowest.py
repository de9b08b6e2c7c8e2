"""Runs the quick tests with the lowest version that is declared of everything: ``python tests/lowest.py``.

A new virtual environment gets the project with each dependency at its lower bound, and what those need in turn as pip
finds it; then the tests run there. A bound that is too low shows here, and nowhere else.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT: Final = Path(__file__).resolve().parents[1]
OLDEST: Final = (3, 11)
EXTRAS: Final = ("zarr", "test")
QUICK: Final = (
    "tests",
    "--ignore=tests/browser",
    # What the tools find depends on their versions and NumPy's types, not on what the project runs with.
    "--deselect=tests/test_imports.py::test_tools_find_nothing",
    # Minutes of TensorFlow; the short trainings of the others show whether its bound is right.
    "--ignore=tests/test_ablation.py",
    "--ignore=tests/test_cost.py",
    "--ignore=tests/test_desk.py",
    "--ignore=tests/test_learner.py",
    "--ignore=tests/test_model.py",
    "--ignore=tests/test_objective.py",
    "--ignore=tests/test_predict.py",
    "--ignore=tests/test_script.py",
    "--ignore=tests/test_seams.py",
)
"""What is run, as pytest is told it."""


def lowest(requirement: Requirement) -> str:
    """The lower bound as one version, such as ``numpy==2.0``.

    Raises:
        ValueError: If there is none.
    """
    lower = [each.version for each in requirement.specifier if each.operator in {">=", "==", "~="}]
    if not lower:
        raise ValueError(f"{requirement} has no lower bound: write one with >=.")
    return f"{requirement.name}=={max(lower, key=Version)}"


def pins(requirements: Iterable[str]) -> list[str]:
    """Every requirement that holds on this machine, at its lower bound; where two ask for one thing, the higher."""
    found: dict[str, str] = {}
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            pin = lowest(requirement)
            name = requirement.name.lower().replace("_", "-")
            found[name] = max(found.get(name, pin), pin, key=lambda each: Version(each.partition("==")[2]))
    return sorted(found.values())


def declared(project: Path = PROJECT) -> list[str]:
    """What the project needs, with the extras that the tests need."""
    told = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    return [*told["dependencies"], *(each for extra in EXTRAS for each in told["optional-dependencies"][extra])]


def main(argv: Sequence[str] | None = None) -> int:
    """Make the environment and run the tests; what pytest answers is returned."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, help="where to put the environment, to keep it (default: nowhere)")
    parser.add_argument("tests", nargs="*", default=QUICK, help="what to give to pytest instead; after --")
    options = parser.parse_args(argv)
    if sys.version_info[:2] != OLDEST:
        sys.exit("The lowest versions are those of the lowest Python: run it with Python {}.{}.".format(*OLDEST))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch) / "venv"
        constraints = Path(scratch) / "lowest.txt"
        constraints.write_text("\n".join(pins(declared())) + "\n", "utf-8")
        print(constraints.read_text("utf-8"), flush=True)
        python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        wanted = f"{PROJECT}[{','.join(EXTRAS)}]"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        install = [python, "-m", "pip", "install", "-c", constraints, "-e", wanted]
        done = subprocess.run(install, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode or "yanked" in done.stdout:
            sys.exit(f"{done.stdout[-4000:]}\nThey do not go together, or one was withdrawn: raise a bound.")
        return subprocess.run([python, "-m", "pytest", *options.tests], cwd=PROJECT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
