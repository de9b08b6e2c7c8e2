"""A file on its way to a browser."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["File"]


class File(NamedTuple):
    """A file for a browser: what it is called, its kind as browsers call it, and its bytes."""

    name: str
    type: str
    content: bytes
