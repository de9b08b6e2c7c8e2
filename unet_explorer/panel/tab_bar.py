"""The row of tabs below the instrument. None is open at first: what is not asked for takes no room and no memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from unet_explorer.panel.assets import script, style

__all__ = ["TabBar"]


class TabBar(anywidget.AnyWidget):  # type: ignore[misc]
    """Tabs of which one or none is open.

    Attributes:
        titles: Their names, each with a word on what it does.
        opened: Name of the open one, or empty.
        problem: Why one could not be opened, in words.
    """

    _esm = script("tabs/tab_bar.js")
    _css = style("lib/base.css", "tabs/tabs.css")

    titles: Any = traitlets.List().tag(sync=True)
    opened = traitlets.Unicode("").tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(self, titles: Sequence[tuple[str, str]]) -> None:
        super().__init__(titles=[list(title) for title in titles])

    @traitlets.validate("opened")
    def _check(self, proposal: Any) -> Any:
        return proposal["value"] if proposal["value"] in {name for name, _ in self.titles} else ""
