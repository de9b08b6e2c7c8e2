"""What is given from outside: which values are allowed, and reading them into plain Python."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Mapping, Set, Sized
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = [
    "Allowed",
    "Between",
    "Choice",
    "Flag",
    "Fraction",
    "Positive",
    "Whole",
    "knob",
    "read_knobs",
    "read_value",
    "shown",
    "whole",
    "wholes",
]


def whole(value: object) -> int:
    """A whole number as a plain int, from Python, NumPy or whatever else counts; True and False are none.

    Raises:
        ValueError: If it is anything else. Whoever asks says what is allowed.

    Example:
        >>> whole(572)
        572
    """
    if isinstance(value, bool):
        raise ValueError
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what is no number is refused below
    except Exception:  # noqa: BLE001  # foreign objects may fail in any way when asked for their number
        raise ValueError from None


def wholes(value: object, most: int = 4) -> tuple[int, ...]:
    """A few whole numbers in a row, from a tuple, a list, an array, or whatever else has an order and an end.

    Raises:
        ValueError: If it is anything else, such as text, a set, a single number, or more than `most` numbers.

    Example:
        >>> wholes([572, 444])
        (572, 444)
    """
    if isinstance(value, (str, bytes, bytearray, memoryview, Set, Mapping)) or not isinstance(value, Sized):
        raise ValueError
    parts: tuple[Any, ...] = ()
    # An array that holds a single number has no length; other objects fail in their own ways.
    with contextlib.suppress(Exception):
        parts = tuple(value) if len(value) <= most else ()  # type: ignore[arg-type]
    if not parts:
        raise ValueError
    return tuple(whole(part) for part in parts)


def _real(value: object) -> float:
    """A number as a plain float, or ValueError."""
    # An array of one, a complex number and text in an array have a __float__, too, which warns or reads the text.
    kind, sides = getattr(getattr(value, "dtype", None), "kind", "f"), getattr(value, "ndim", 0)
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__") or kind not in {"u", "i", "f"} or sides:
        raise ValueError
    try:
        return float(value)
    except Exception:  # noqa: BLE001  # too large, masked, or a foreign object that fails in its own way
        raise ValueError from None


@dataclass(frozen=True)
class Whole:
    """A whole number between two bounds, both allowed."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high:,}"

    def read(self, value: object) -> int:
        """The value as a plain int, or ValueError."""
        number = whole(value)
        if not self.low <= number <= self.high:
            raise ValueError
        return number


@dataclass(frozen=True)
class Fraction:
    """A share: zero is allowed, the upper bound is not reached, unless it is said to be."""

    below: float
    reached: bool = False

    def __str__(self) -> str:
        return f"a number from 0 {'to' if self.reached else 'up to, but not including,'} {self.below:g}"

    def read(self, value: object) -> float:
        """The value as a plain float, or ValueError."""
        number = _real(value)
        if not (math.isfinite(number) and 0 <= number <= self.below) or (number == self.below and not self.reached):
            raise ValueError
        return number


@dataclass(frozen=True)
class Positive:
    """A number above zero, up to a bound that is allowed."""

    high: float

    def __str__(self) -> str:
        return f"a number above 0, up to {self.high:g}"

    def read(self, value: object) -> float:
        """The value as a plain float, or ValueError."""
        number = _real(value)
        if not 0 < number <= self.high:
            raise ValueError
        return number


@dataclass(frozen=True)
class Between:
    """A number between two bounds, both allowed."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def read(self, value: object) -> float:
        """The value as a plain float, or ValueError."""
        number = _real(value)
        if not self.low <= number <= self.high:
            raise ValueError
        return number


@dataclass(frozen=True)
class Choice:
    """One of a few words or numbers."""

    values: tuple[str | int, ...]

    def __str__(self) -> str:
        return "one of " + ", ".join(repr(value) for value in self.values)

    def read(self, value: object) -> str | int:
        """The value as it stands in the list, or ValueError."""
        value = value if isinstance(value, str) else whole(value)
        if value not in self.values:
            raise ValueError
        return self.values[self.values.index(value)]


@dataclass(frozen=True)
class Flag:
    """On or off."""

    def __str__(self) -> str:
        return "True or False"

    def read(self, value: object) -> bool:
        """The value as a plain bool, or ValueError."""
        # NumPy's own bool is not a bool; anything else that is merely truthy is refused.
        if type(value).__name__ not in {"bool", "bool_"}:
            raise ValueError
        return bool(value)


Allowed = Whole | Fraction | Choice | Flag


def knob(default: Any, values: Allowed | Positive | Between) -> Any:
    """A field of a dataclass that takes these values only; `read_knobs` sees to it."""
    return field(default=default, metadata={"allowed": values})


def read_knobs(chosen: Any) -> None:
    """Check all knobs of a frozen dataclass, and keep them as plain Python.

    Raises:
        ValueError: If any value is of the wrong type or out of range; every such value is named.
    """
    problems = []
    for each in fields(chosen):
        if "allowed" not in each.metadata:
            continue
        value = getattr(chosen, each.name)
        try:
            # Frozen: plain attributes are refused, and what is kept must be plain Python
            # (a NumPy integer would otherwise end up in shared files).
            object.__setattr__(chosen, each.name, each.metadata["allowed"].read(value))
        except ValueError:
            problems.append(f"{each.name}={shown(value)} is not allowed: give {each.metadata['allowed']}.")
    if problems:
        raise ValueError(" ".join(problems))


def read_value(name: str, value: object, kind: Allowed | Positive | Between, instead: str = "") -> Any:
    """An argument as plain Python.

    Args:
        name: What it is called.
        value: What was given.
        kind: What is allowed.
        instead: What else may be given, in words.

    Raises:
        ValueError: If it is not allowed.

    Example:
        >>> read_value("epoch", -1, Whole(0, 99))
        Traceback (most recent call last):
        ...
        ValueError: epoch=-1 is not allowed: give a whole number from 0 to 99.
    """
    try:
        return kind.read(value)
    except ValueError:
        raise ValueError(f"{name}={shown(value)} is not allowed: give {kind}{instead}.") from None


def shown(value: object) -> str:
    """A value as it was typed, short enough for one line of an error.

    Example:
        >>> shown("572")
        "'572'"
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  # a foreign object's repr may fail in any way; its type is enough then
        text = f"a {type(value).__name__}"
    if "\n" in text:  # an array, in rows
        text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"
