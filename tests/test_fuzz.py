"""A few cases of the fuzz suite, always the same; `python tests/benchmarks/fuzz.py --seconds 600` makes new ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support import exhaustive

BENCHMARKS = Path(__file__).resolve().parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

# Its neighbours are called like other modules, so the folder stands last.
import fuzz  # noqa: E402
from fuzzed import KINDS  # noqa: E402

CASES = {
    "tiff": 80,
    "zarr": 60,
    "ome": 40,
    "npy": 60,
    "picture": 60,
    "zip": 50,
    "message": 120,
    "config": 120,
    "state": 60,
}


def test_every_kind_is_tried():
    assert CASES.keys() == KINDS.keys()


@pytest.mark.fuzz
@pytest.mark.parametrize("kind", exhaustive(KINDS, [kind for kind in KINDS if kind not in {"npy", "zarr"}]))
def test_whatever_is_handed_over_ends_in_a_result_or_in_words(kind):
    child = fuzz.Child()
    try:
        bad = {f"{kind}:{seed}": found for seed in range(CASES[kind]) if (found := child.run(kind, seed))}
    finally:
        child.close()
    assert not bad, "again: python tests/benchmarks/fuzz.py --replay " + next(iter(bad))


def test_another_library_s_error_is_found(monkeypatch, tmp_path):
    """The suite can fail: an error of NumPy, one without words, and one of this package."""
    from unet_explorer.data.decoded import DataError

    def kind(dice, folder):
        def failing(error):
            raise error

        yield lambda: failing(IndexError("no"))
        yield lambda: failing(DataError(""))
        yield lambda: failing(DataError("a.tif is damaged. Save it again."))
        yield lambda: None

    monkeypatch.setitem(KINDS, "made", kind)
    found = list(fuzz.faults("made", 1, tmp_path / "case"))
    assert [each.partition(": ")[2].partition(" ")[0] for each in found] == ["builtins.IndexError:", "DataError"]
