"""What several tests need: how thoroughly they look and how long they wait, random networks, and where things are."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode

from unet_explorer import UNetConfig
from unet_explorer.core.config import Choice, Flag, Fraction, Whole, allowed

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"
PATIENCE = 120
"""Seconds until what hangs is given up. It measures nothing: whoever waits goes on as soon as there is a reason to."""
FULL = 100
"""Examples of a property with ``--all``, where it says nothing else."""
T = TypeVar("T")


def run_notebook(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells of a notebook in a kernel of its own."""
    # Through sockets where there are some: a port that is chosen may be taken before the kernel has it.
    transport = "ipc" if sys.platform.startswith("linux") else "tcp"
    manager = AsyncKernelManager(transport=transport, kernel_name="python3")
    place = {"metadata": {"path": str(folder)}}
    with tempfile.TemporaryDirectory() as short:
        manager.connection_file = f"{short}/kernel.json"
        NotebookClient(notebook, km=manager, timeout=PATIENCE, resources=place).execute()


def everything() -> bool:
    """Whether the tests are run with ``--all``."""
    return settings.default is not None and settings.default.max_examples == FULL


def examples(number: int) -> settings:
    """How many examples a property is tried on with ``--all``; otherwise a part of them, as in the profile."""
    share = settings().max_examples / FULL
    return settings(max_examples=max(min(number, 5), round(number * share)))


def pairwise(values: Iterable[T], features: Callable[[T], tuple]) -> list[T]:
    """Few of many, in their order: whatever two features occur together somewhere occur together here as well."""
    shown = {value: set(itertools.combinations(enumerate(features(value)), 2)) for value in values}
    wanted, chosen = set().union(*shown.values()), set()
    while wanted:
        best = max(shown, key=lambda value: len(shown[value] & wanted))
        chosen.add(best)
        wanted -= shown[best]
    return [value for value in shown if value in chosen]


def exhaustive(every: Iterable[T], some: Iterable[T], ids: Callable[[T], str] | None = None) -> list:
    """Parameters for ``parametrize``: with ``--all`` every one, otherwise some of them."""
    some = list(some)
    chosen = list(every) if everything() else some
    more = {True: [pytest.mark.more], False: []}
    return [pytest.param(value, marks=more[value not in some], id=ids and ids(value)) for value in chosen]


def second(why: str) -> Callable[[T], T]:
    """Marks a test that is run with ``--all`` alone: what it looks at is seen, in another way, without it as well."""
    return lambda test: pytest.mark.more(pytest.mark.skipif(not everything(), reason=f"{why}: with --all")(test))


def values(knob: str) -> st.SearchStrategy:
    """Every value that a knob allows."""
    match allowed(knob):
        case Whole(low=low, high=high):
            return st.integers(low, high)
        case Fraction(below=below):
            return st.floats(0, below, exclude_max=True)
        case Choice(values=some):
            return st.sampled_from(some)
        case Flag():
            return st.booleans()


def configs(**fixed: st.SearchStrategy) -> st.SearchStrategy[UNetConfig]:
    """Networks of all kinds; a knob may be narrowed by name."""
    knobs = {knob: values(knob) for knob in UNetConfig.__dataclass_fields__}
    return st.builds(UNetConfig, **(knobs | fixed))
