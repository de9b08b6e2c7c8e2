"""The quick tests: those that need neither a browser nor TensorFlow, and the proof that they do not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from quick.sitecustomize import Refusal
from support import PROJECT

TESTS = PROJECT / "tests"
HEAVY = {"browser", "tensorflow", "fuzz"}
ELSEWHERE = {"unet_explorer.sweeps.sweeping.sweep"}
"""Examples that ask for TensorFlow in a process of their own, which cannot skip them."""
MARKED = "pytestmark = pytest.mark.tensorflow"


class Quickly(Refusal):
    """Leaves out what needs more, and lets whatever asks for more nevertheless fail.

    A test cannot hide it: what was refused is remembered, so that it also comes out when the import was caught or
    happened in a thread. Examples in docstrings cannot be marked; they are skipped when they ask for more.
    """

    def __init__(self) -> None:
        self._examples = False
        self._refused: list[str] = []
        sys.meta_path.insert(0, self)
        # For the processes that tests start.
        paths = [str(TESTS / "quick"), *filter(None, [os.environ.get("PYTHONPATH")])]
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)

    def refuse(self, name, needed):
        if self._examples:
            pytest.skip(f"needs {needed}", allow_module_level=True)
        self._refused.append(f"{name} was imported: mark what needs {needed}, or do without it")
        pytest.fail(self._refused[-1])

    def pytest_ignore_collect(self, collection_path: Path):
        if collection_path == TESTS / "browser":
            return True
        if collection_path.parent == TESTS and collection_path.suffix == ".py":
            # It would import TensorFlow at once.
            return MARKED in collection_path.read_text("utf-8") or None
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector):
        self._examples = isinstance(collector, pytest.File) and not collector.path.is_relative_to(TESTS)
        before = set(sys.modules)
        report = yield
        if report.skipped:
            # Half a module would be taken for the whole one.
            for name in {each for each in sys.modules if each.startswith("unet_explorer")} - before:
                del sys.modules[name]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        self._examples = isinstance(item, pytest.DoctestItem)
        self._refused.clear()

    def pytest_runtest_logreport(self, report):
        if report.failed:
            # It is told already.
            self._refused.clear()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self):
        if self._refused:
            pytest.fail(self._refused[0])

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        heavy = [
            item for item in items if item.name in ELSEWHERE or {each.name for each in item.iter_markers()} & HEAVY
        ]
        config.hook.pytest_deselected(items=heavy)
        items[:] = [item for item in items if item not in heavy]
