"""Errors of other libraries in this package's words: which file, what is wrong with it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from unet_explorer.data.decoded import DataError
from unet_explorer.whole import printable

__all__ = ["in_words", "own_words"]


def in_words(error: Exception, name: str) -> DataError:
    """Somebody else's error as one of this package.

    Args:
        error: What a library raised over a file.
        name: What to call the file.

    Example:
        >>> str(in_words(KeyError("ImageWidth"), "a.tif"))
        "a.tif is damaged or cut off ('ImageWidth'). Save it again, or leave it out."
    """
    if isinstance(error, DataError):
        return error
    if isinstance(error, MemoryError):
        return DataError(f"{name} needs more memory than there is: close something, or cut it into smaller files.")
    if isinstance(error, OSError) and error.strerror:
        return DataError(f"{name} cannot be read ({error.strerror}). Look at its path, and whether you may open it.")
    reason = str(error).strip().split("\n")[0][:120].rstrip(".") or type(error).__name__
    return DataError(f"{name} is damaged or cut off ({printable(reason)}). Save it again, or leave it out.")


@contextmanager
def own_words(name: str) -> Iterator[None]:
    """Whatever is raised within becomes a `DataError` that names the file.

    Raises:
        DataError: Instead of any other error.

    Example:
        >>> with own_words("a.png"):
        ...     raise EOFError
        Traceback (most recent call last):
        ...
        unet_explorer.data.decoded.DataError: a.png is damaged or cut off (EOFError). Save it again, or leave it out.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  # a decoder handed hostile bytes may fail in any way
        raise in_words(error, name) from None
