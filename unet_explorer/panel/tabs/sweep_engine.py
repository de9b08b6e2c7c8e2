"""What the tab Sweep asks of those who run sweeps; loaded when one is started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from unet_explorer.panel.tabs.sweep_plan import Design
from unet_explorer.sweeps.run import Run

__all__ = ["Engine", "engine"]


class Engine(NamedTuple):
    """Who runs sweeps, and judges them.

    Attributes:
        session: Makes a session, from designs, images, seeds, ``steps`` and ``recipe``.
        best: The designs that nothing cheaper is as good as, of some runs.
        mattered: Which knob mattered in them, for the page.
    """

    session: Callable[..., Any]
    best: Callable[[Sequence[Run]], Sequence[Design]]
    mattered: Callable[[Sequence[Run]], dict[str, Any]]


def engine() -> Engine:
    """The one of this package."""
    from unet_explorer.sweeps.session import SweepSession

    return Engine(SweepSession, lambda _: (), lambda _: {})
