"""Who made a network, and on what terms it may be used: read, and never guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from unet_explorer.core.config import shown

__all__ = ["UNNAMED", "read_authors", "read_license"]

UNNAMED: Final = "not named"
"""What stands in the place of the authors where none were given: a package must say something there."""

_MOST: Final = 1000
_LONGEST: Final = 200
_FACTS: Final = {
    "name": (r"(?=.*\S)[^/\\]+", "a name without / and \\"),
    "affiliation": (r".*\S.*", "where they work"),
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as ada@example.org"),
    "orcid": (r"(\d{4}-){3}\d{3}[\dX]", "an ORCID iD such as 0000-0002-1825-0097"),
    "github_user": (r"[A-Za-z0-9-]+", "their name at GitHub"),
}
"""What may be said of an author: how it must look, and in words."""


def read_authors(authors: object) -> list[dict[str, str]]:
    """The authors as a package names them.

    Args:
        authors: Names, or dicts with ``name`` and any of ``affiliation``, ``email``, ``orcid`` and ``github_user``;
            where there are none, the package says so.

    Raises:
        ValueError: If one cannot be understood.

    Example:
        >>> read_authors(["Ada Lovelace", {"name": "Mary Somerville", "affiliation": "Oxford"}])
        [{'name': 'Ada Lovelace'}, {'name': 'Mary Somerville', 'affiliation': 'Oxford'}]
    """
    every = [authors] if isinstance(authors, (str, Mapping)) else authors
    if not isinstance(every, (list, tuple)) or len(every) > _MOST:
        raise ValueError(
            f'authors={shown(authors)} does not say who made the network: give names, such as authors=["Ada Lovelace"].'
        )
    try:
        return [_author(author) for author in every] or [{"name": UNNAMED}]
    except ValueError as error:
        raise ValueError(f"authors={shown(authors)} is not allowed: {error}") from None


def _author(author: object) -> dict[str, str]:
    facts = {"name": author} if isinstance(author, str) else author
    if not isinstance(facts, Mapping) or "name" not in facts or not facts.keys() <= _FACTS.keys():
        raise ValueError(
            f"{shown(author)} is no author. Give a name, or a dict with a name and any of "
            f"{', '.join(list(_FACTS)[1:])}."
        )
    for key, value in facts.items():
        pattern, words = _FACTS[key]
        said = isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()
        if not (said and re.fullmatch(pattern, value)):
            raise ValueError(f"{key}={shown(value)} cannot be understood. Give {words}.")
    return {key: facts[key].strip() for key in _FACTS if key in facts}


def read_license(name: object) -> str | None:
    """The licence as SPDX writes it; None if none is given.

    Raises:
        ValueError: If it is no licence of that list.
        ImportError: If the package is missing that holds the list.

    Example:
        >>> read_license("cc-by-4.0")
        'CC-BY-4.0'
    """
    if name is None:
        return None
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z0-9.+-]{1,80}", name) and not name.lower().startswith("license"):
        try:
            licenses: Any = import_module("packaging.licenses")
        except ImportError:
            raise ImportError(
                "The list of licences comes with the package packaging, from 24.2 on: "
                'pip install "unet_explorer[onnx]".'
            ) from None
        try:
            return str(licenses.canonicalize_license_expression(name))
        except ValueError:
            pass
    raise ValueError(
        f"license={shown(name)} is no licence that spdx.org/licenses lists: give its short name there, such as "
        "'CC-BY-4.0' or 'MIT', or leave it out."
    )
