"""What `predict_image` and `predict_folder` are asked for in the same words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.predict.progress import Line

__all__ = ["Progress", "check_names", "check_words", "read_names", "read_progress"]

Progress: TypeAlias = Callable[[int, int], object]
"""Called with how much is done, and how much there is in all."""


def check_words(function: str, given: Collection[str], known: Collection[str]) -> None:
    """Refuse a word that is no argument, as Python itself does.

    Args:
        function: Who was called.
        given: The words.
        known: Those that there are.

    Raises:
        TypeError: If there is one.

    Example:
        >>> check_words("predict_image", {"sav": 1}, {"save"})
        Traceback (most recent call last):
        ...
        TypeError: predict_image() got an unexpected keyword argument 'sav'
    """
    for word in given:
        if word not in known:
            raise TypeError(f"{function}() got an unexpected keyword argument {word!r}")


def read_progress(progress: object) -> Progress | None:
    """Whom to tell how far the work is.

    Args:
        progress: A function of two numbers; True for a line in the terminal or under the cell; or None.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> read_progress(print) is print, type(read_progress(True)).__name__
        (True, 'Line')
    """
    if progress is True:
        return Line()
    if progress is not None and not callable(progress):
        raise ValueError(
            f"progress={shown(progress)} is not allowed: give a function of two numbers, True for a line that tells "
            "how far it is, or leave it out."
        )
    return progress


def read_names(names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of classes, as they were given.

    Raises:
        ValueError: If they are no words.

    Example:
        >>> read_names(["background", "cell"]), read_names(None)
        (('background', 'cell'), ())
    """
    if names is None:
        return ()
    if not isinstance(names, (list, tuple)) or not all(isinstance(each, str) for each in names):
        raise ValueError(f"classes={shown(names)}: give the names of all classes in order, such as ['sky', 'bird'].")
    return tuple(names)


def check_names(names: Sequence[str], config: UNetConfig) -> None:
    """Refuse names of which there are more or fewer than classes.

    Raises:
        ValueError: If there are; none at all will do.

    Example:
        >>> check_names(("sky", "bird"), UNetConfig(num_classes=2))
    """
    count = max(2, config.num_classes)
    if names and len(names) != count:
        raise ValueError(f"classes={shown(list(names))} are {len(names)}, the network tells {count} apart: name all.")
