"""What people hand over by mistake, and how to tell a sentence for people from another library's complaint."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from unet_explorer import Dataset, ShapeError, UNetConfig, trace
from unet_explorer.core.config import shown
from unet_explorer.data.decoded import DataError
from unet_explorer.learning.finding import TrainingError

__all__ = ["GREY", "NETWORK", "as_list", "as_numpy", "complaint", "junk"]

NETWORK = UNetConfig(depth=1, base_filters=2)
"""A small network; a tile of 20 fits."""
GREY = Dataset("grey", np.zeros((4, 24, 28, 1), "float32"), np.zeros((4, 24, 28), "uint8"), ("empty", "full"))


class _Stubborn:
    """Whatever is asked of it fails in its own way."""

    def __repr__(self) -> str:
        raise RuntimeError("no words")

    def __index__(self) -> int:
        raise OverflowError("no number")

    def __float__(self) -> float:
        raise OverflowError("no number")

    def __len__(self) -> int:
        raise AttributeError("no length")

    def __eq__(self, other: object) -> bool:
        raise RecursionError("nothing is equal")

    __hash__ = None  # type: ignore[assignment]


def _nest() -> list[Any]:
    """A list so deep that even its words are too many."""
    inner: list[Any] = []
    for _ in range(5000):
        inner = [inner]
    return inner


_PLAIN = (None, True, False, ..., -1, 0, 1, 2, 1.5, 2.0, float("nan"), float("inf"), -float("inf"), 1j)
_HUGE = (10**9, 10**30, -(10**30), 10**5000, 2**31, 2**63, range(10**9), "long" * 10_000, _nest())
_TEXTS = ("", "512", "cells", "paper", "2 GB", "ab", "tab\ttab", "nul\0", "\udcff", "~nobody/there", b"", b"x")
_ROWS = ([], (), [[]], (1,), (1, 2), (1, 2, 3), (20, 10**30), (20, None), (20, "20"), (True, True), (1.5, 2), [0, 20])
_MORE_ROWS = ([float("nan")], ["a", "b"], ("a", 1), [object()], (None, None), [(1, 2), (3,)], range(2))
_OTHER = ({}, {"depth": 3}, {"tile": 20}, {1: 2}, set(), {20}, frozenset({1, 2}), slice(2), bytearray(b"x"))
_OWN_THINGS = (UNetConfig(), NETWORK, GREY, trace(NETWORK, 20), UNetConfig, Dataset)
_OBJECTS = (int, len, print, lambda *_: 1, Path, Path("nowhere"), object(), _Stubborn(), ValueError("x"))
_NUMPY = (np.int64(20), np.int64(-1), np.uint64(2**64 - 1), np.float32(1.5), np.complex128(1), np.bool_(True))
_MORE_NUMPY = (np.str_("cells"), np.datetime64("2026-01-01"), np.zeros(2, [("a", int)]))
_SINGLE = (np.array(20), np.array(1.5), np.array("a"), np.array(1j), np.array(None, object))
_ARRAYS = (np.zeros(0), np.zeros(2), np.array([20, 20]), np.array(["a", "b"]), np.array([1j, 2]), np.array([np.nan, 1]))
_MORE_ARRAYS = (np.zeros((3, 3)), np.array([10**30, 2], object), np.zeros((0, 4, 4)), np.zeros((2, 4, 4, 1, 1)))
_LAST_ARRAYS = (np.full((2, 3, 3), "x"), np.ma.masked_array([1, 2], [True, False]))
_FIXED = (_PLAIN, _HUGE, _TEXTS, _ROWS, _MORE_ROWS, _OTHER, _OWN_THINGS, _OBJECTS, _NUMPY, _MORE_NUMPY, _SINGLE)


def junk() -> Iterator[Any]:
    """Values of every kind; some mean something to some arguments."""
    yield from chain(*_FIXED, _ARRAYS, _MORE_ARRAYS, _LAST_ARRAYS)
    # What can be gone through only once is made anew.
    yield from (memoryview(b"ab"), iter([1, 2]), (each for each in (20, 20)))


_OWN = (ValueError, ShapeError, DataError, TrainingError)
_FOREIGN = re.compile(
    r"truth value|not supported between|object is not|object has no|invalid literal|could not convert|unhashable"
    r"|positional argument|unexpected keyword|NoneType|out of bounds|cannot be interpreted|unpack|broadcast"
)


def complaint(
    call: Callable[[], Any],
    names: tuple[str, ...],
    values: tuple[Any, ...],
    also: tuple[type[Exception], ...] = (),
    ends: str = "",
) -> str:
    """What is wrong with how a call ends; nothing if it gives a result, or refuses in a sentence.

    Args:
        call: What to try.
        names: What the sentence may call the argument.
        values: What was handed over; the sentence shows one, or tells its shape or type.
        also: Errors that are as good as ours.
        ends: How the error begins that even right values end in.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # The oldest widgets that are allowed ask newer traitlets in a former way: no word of ours.
            warnings.filterwarnings("ignore", "Deprecated in traitlets", DeprecationWarning)
            call()
    except Exception as error:  # noqa: BLE001  # whatever comes is looked at
        words = _words(error)
        if type(error) not in (*_OWN, *also):
            return f"{type(error).__name__}: {words[:150]}"
        # A tile that does not fit is told with what does; that sentence is tested elsewhere.
        if type(error) is ShapeError or (ends and words.startswith(ends)):
            return ""
        return "; ".join(_unclear(words, names, values))
    return ""


def _words(error: Exception) -> str:
    try:
        return str(error)
    except ValueError:  # it holds a number that is too long for words
        return ""


def _unclear(words: str, names: tuple[str, ...], values: tuple[Any, ...]) -> Iterator[str]:
    ours = words
    for value in values:
        ours = ours.replace(shown(value), "")
    if found := _FOREIGN.search(ours):
        yield f"{found[0]!r} is no word of ours: {words[:150]}"
    if not any(re.search(rf"\b{name}\b", words, re.IGNORECASE) for name in names):
        yield f"it does not say which argument: {words[:150]}"
    if len(words) > 1500:
        yield f"nobody reads {len(words)} letters"
    if len(words) < 30 or not words.rstrip("'\"").endswith((".", "?")):
        yield f"that is no sentence: {words[:150]}"
    if not any(part in words for value in values for part in _traces(value)):
        yield f"it does not show what was given: {words[:150]}"


def _traces(value: Any) -> Iterator[str]:
    """Any of these tells what was given."""
    yield shown(value)[:20]
    yield f"a {type(value).__name__}"
    if isinstance(value, (int, float, np.integer)) and -(10**40) < value < 10**40:
        yield from (str(value), f"{value:,}")
    if isinstance(value, (str, Path)):
        # Paths are shown without what cannot be printed, in sentences with what is not there.
        yield from (str(value)[:2], repr(repr(str(value)))[2:9], "�", "is no plain file")
        yield Path(value).name[:9]
    if isinstance(value, (list, tuple, dict, range, np.ndarray)):
        yield from (str(len(value)) if getattr(value, "ndim", 1) else "has shape", "has shape", "no image")
        yield from ("holds object", "a list of paths")
        yield from map(shown, value if type(value) is dict else ())
    if isinstance(value, np.ndarray):
        yield from (", ".join(map(str, np.ravel(value)[:2])) or "has shape", f"{value.shape[-1:]}"[1:-2] + " channel")
    if value is None:
        # As good as left out: the sentence tells what there must be then.
        yield "Understood are"
    for what in (getattr(value, "shape", None), getattr(value, "dtype", None)):
        if what is not None:
            yield str(what)


def as_numpy(value: Any) -> Any:
    """Whole numbers as NumPy has them; anything else as it is."""
    if type(value) is int:
        return np.int64(value)
    return tuple(map(as_numpy, value)) if type(value) is tuple else value


def as_list(value: Any) -> Any:
    """Lists where there may be tuples."""
    return list(value) if type(value) is tuple else value
