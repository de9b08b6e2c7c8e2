"""The parts that a data set is made from, before anything is counted in them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, Final

import numpy as np

from unet_explorer.core.config import shown, whole

__all__ = ["read_images", "read_names", "read_places", "read_text"]

_MOST: Final = 1 << 24
"""Names, or places; more is a number in their place, or what never ends."""


def read_text(value: object, name: str) -> str:
    """A text.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> read_text("mine", "name")
        'mine'
    """
    if not isinstance(value, str):
        raise ValueError(f"{name}={shown(value)} is not allowed: give text, such as {name}='my own'.")
    return value


def read_names(value: object, name: str) -> tuple[str, ...]:
    """Names, from a tuple, a list or an array of text.

    Raises:
        ValueError: If it is anything else; a single text would be a name for each letter.

    Example:
        >>> read_names(["background", "cell"], "classes")
        ('background', 'cell')
    """
    parts = _listed(value)
    if parts is None or not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{name}={shown(value)} is not allowed: give a list of names, such as ['first', 'second'].")
    return tuple(str(part) for part in parts)


def read_places(value: object, name: str, count: int) -> tuple[int, ...]:
    """Places of images, counted from 0; or from the end, if negative.

    Raises:
        ValueError: If it is no list of whole numbers, or none, or there are fewer images.

    Example:
        >>> read_places(range(2), "places", 4)
        (0, 1)
    """
    parts = _listed(value)
    try:
        places = tuple(whole(part) for part in parts or ())
    except ValueError:
        places = ()
    if not places or not all(-count <= place < count for place in places):
        raise ValueError(
            f"{name}={shown(value)} is not allowed: give a list of whole numbers, each below {count:,}, such as [0]."
        )
    return places


def read_images(value: object, name: str, sides: str) -> Any:
    """An array, or a list of arrays; what they hold is looked at elsewhere.

    Args:
        value: What was given.
        name: What it is called.
        sides: What each is to be, in words.

    Raises:
        ValueError: If it is anything else, or not of numbers.

    Example:
        >>> len(read_images(np.zeros((2, 8, 8)), "labels", "(height, width)"))
        2
    """
    whole_array = isinstance(value, np.ndarray)
    parts = (value,) if whole_array else _listed(value)
    if parts is None or not all(_is_array(part) for part in parts):
        raise ValueError(
            f"{name}={shown(value)} is not allowed: give one array, or a list with an array for each image, {sides}."
        )
    return value if whole_array or hasattr(value, "__getitem__") else parts


def _is_array(part: Any) -> bool:
    try:
        return np.asarray(part).dtype.kind in "buif" and np.ndim(part) > 0
    except Exception:  # noqa: BLE001  # foreign objects may fail in any way when asked for their numbers
        return False


def _listed(value: Any) -> tuple[Any, ...] | None:
    """What is in a list, or in anything else that has an order and an end."""
    if isinstance(value, (str, bytes, bytearray, memoryview, Set, Mapping)) or not hasattr(value, "__iter__"):
        return None
    try:
        return tuple(value) if not hasattr(value, "__len__") or len(value) <= _MOST else None
    except Exception:  # noqa: BLE001  # a class, an array of a single number, or a foreign object that fails
        return None
