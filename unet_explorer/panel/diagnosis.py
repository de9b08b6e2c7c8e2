"""What a report of a defect needs: versions, the design and the last messages; no path and nobody's name."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import re
import socket
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from unet_explorer import __version__

__all__ = ["diagnosis", "without_names"]

_PACKAGES: Final = (
    "anywidget",
    "ipykernel",
    "ipywidgets",
    "jupyter_server",
    "jupyterlab",
    "keras",
    "marimo",
    "notebook",
    "numpy",
    "pillow",
    "scipy",
    "tensorflow",
    "tifffile",
    "voila",
    "zarr",
)
_QUOTED: Final = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|“[^”\n]*”|`[^`\n]*`")
_PATH: Final = re.compile(r"(?:[A-Za-z]:)?[^\s'\"(),;:]*[\\/][^\s'\"(),;]*")
_FILE: Final = re.compile(r"[^\s'\"(),;:]+\.[A-Za-z]\w{0,9}\b")
_LONGEST: Final = 1000
"""Letters of one message."""


def diagnosis(link: str, messages: Mapping[str, str], private: Iterable[str] = ()) -> str:
    """Everything about this place that a report of a defect needs.

    Args:
        link: The design, as a link says it.
        messages: What went wrong last, by where it is said; empty ones are left out.
        private: Names that somebody has given, of images say, which shall not be in it.

    Example:
        >>> said = {"Train": "'/home/me/a.png' is no image."}
        >>> print(diagnosis("unet1-t188-d3-f8-11hrn49", said))  # doctest: +ELLIPSIS
        unet_explorer ...
        Design: unet1-t188-d3-f8-11hrn49
        Train: … is no image.
    """
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        f"unet_explorer {__version__}",
        f"{python} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name))),
        f"Shown by: {'Voilà' if os.environ.get('SERVER_SOFTWARE', '').startswith('voila') else 'a notebook'}",
        f"Design: {link}",
    ]
    names = tuple(private)
    said = [f"{place}: {without_names(words, names)[:_LONGEST]}" for place, words in messages.items() if words]
    return "\n".join([*lines, *(said or ["No message."])])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def without_names(words: str, private: Iterable[str] = ()) -> str:
    """A message without what is quoted in it, without paths and files, and without names of the user and the machine.

    Args:
        words: The message.
        private: Names that somebody has given.

    Example:
        >>> without_names("The folder C:\\\\Users\\\\me\\\\cells holds no image beside cell_1.tif (5 px).")
        'The folder … holds no image beside … (5 px).'
    """
    for pattern in (_QUOTED, _PATH, _FILE):
        words = pattern.sub("…", words)
    # The longest first: one may begin another.
    names = sorted({*private, *_own_names()} - {""}, key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", "…", words, flags=re.IGNORECASE)


def _own_names() -> set[str]:
    """What the user and the machine are called."""
    names = {socket.gethostname(), socket.gethostname().partition(".")[0], platform.node()}
    # In a container the user may have no name, and no home.
    with contextlib.suppress(OSError, KeyError, ImportError):
        names.add(getpass.getuser())
    with contextlib.suppress(RuntimeError):
        names |= {str(Path.home()), Path.home().name}
    return names
