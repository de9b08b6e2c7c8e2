"""Which cell of a notebook has opened which panel, so that a cell that is run again takes the place of its own."""

from __future__ import annotations

import contextlib
import sys
import weakref
from typing import Any, Final, Protocol

__all__ = ["close_former"]


class Closable(Protocol):
    """A panel, as far as it matters here."""

    def close(self) -> None:
        """Remove it."""


_OPENED: Final[dict[str, tuple[str, list[weakref.ref[Closable]]]]] = {}
"""For each cell of a notebook the run of it, and the panels that this run has opened."""


def close_former(panel: Closable) -> None:
    """A cell that is run again takes the place of its former panels; these would go on unseen, each with a worker."""
    cell, run = _cell_and_run()
    if not cell:
        return
    former, panels = _OPENED.get(cell, ("", []))
    if former != run:
        for each in panels:
            if (old := each()) is not None:
                # What is wrong with an old one must not hinder the new one.
                with contextlib.suppress(Exception):
                    old.close()
        panels = []
    _OPENED[cell] = run, [*panels, weakref.ref(panel)]


def _cell_and_run() -> tuple[str, str]:
    """Which cell of a notebook is running, and which run of it this is; nothing outside of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    parent: dict[str, Any] = getattr(shell, "get_parent", dict)() if shell is not None else {}
    cell = parent.get("metadata", {}).get("cellId", "")
    return str(cell), str(parent.get("header", {}).get("msg_id", ""))
