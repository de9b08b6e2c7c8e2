"""What the tabs of the panel are made of. What a tab needs, NumPy above all, is loaded when it is first opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from unet_explorer.panel.instrument.widget import Instrument

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.data.made.wanted import Made
    from unet_explorer.learning.process import Worker
    from unet_explorer.learning.session import TrainingSession
    from unet_explorer.panel.tabs.chosen_image import ChosenImage
    from unet_explorer.panel.tabs.numbers import StepNumbers

__all__ = ["SWEEP", "TABS", "Parts"]

SWEEP: Final = "Sweep"
"""The tab whose work is done by processes of its own: it needs no worker."""


class Parts(NamedTuple):
    """What tabs are made from."""

    instrument: Instrument
    worker: Worker
    dataset: Dataset | None
    chosen: ChosenImage
    session: Callable[[], TrainingSession | None]
    recipe: Callable[[], dict[str, Any]]
    numbers: StepNumbers
    made: Made | None = None
    """Which made set a link asks for."""
    taught: Mapping[str, Any] | None = None
    """The recipe that a link brings."""
    attended: bool = True
    """Whether somebody looks at what is made."""


def _build_tab(parts: Parts) -> list[Any]:
    from unet_explorer.panel.tabs.build import BuildTab

    return [BuildTab(parts.instrument, parts.worker)]


def _train_tab(parts: Parts) -> list[Any]:
    from unet_explorer.panel.tabs.train import TrainTab

    tab = TrainTab(
        parts.instrument,
        parts.worker,
        parts.dataset,
        parts.chosen,
        made=parts.made,
        taught=parts.taught,
    )
    # What a network has learnt is looked at as well.
    learnt = parts.chosen.changed
    tab.observe(lambda _: learnt.emit(), "status")
    return [tab]


def _tile_tab(parts: Parts) -> list[Any]:
    from unet_explorer.panel.tabs.tile import TileTab

    return [TileTab(parts.instrument, parts.worker, parts.chosen, parts.session, parts.attended)]


def _inside_tab(parts: Parts) -> list[Any]:
    from unet_explorer.panel.tabs.ablation import Ablation
    from unet_explorer.panel.tabs.inside import InsideTab

    looking = InsideTab(parts.instrument, parts.worker, parts.chosen, parts.session, parts.attended)
    return [looking, Ablation(parts.instrument, parts.worker, parts.chosen, parts.recipe)]


def _sweep_tab(parts: Parts) -> list[Any]:
    from unet_explorer.panel.tabs.sweep import SweepTab

    return [SweepTab(parts.instrument, parts.chosen, parts.recipe)]


TABS: Final[dict[str, tuple[str, Callable[[Parts], list[Any]]]]] = {
    "Build": ("make the live network, and prove the picture", _build_tab),
    "Train": ("let it learn, and watch", _train_tab),
    "Tile": ("cover a whole image with tiles, without seams", _tile_tab),
    "Inside": ("see the maps of every step, and what a pixel sees", _inside_tab),
    SWEEP: ("teach many designs, and see which knob matters", _sweep_tab),
}
"""The tabs, by title: what each is good for, and what makes it. TensorFlow is loaded in the worker alone."""
