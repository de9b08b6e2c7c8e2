"""The Inside tab: what the network makes of the chosen image, step by step, and what a pixel of it sees."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import traitlets

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiles import read_tile, sides
from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Image
from unet_explorer.data.mirror import mirrored
from unet_explorer.learning.map_grid import GRID
from unet_explorer.learning.protocol import MAP_CACHE_BYTES, Answer, Maps, MapView, Weights
from unet_explorer.panel.assets import script
from unet_explorer.panel.tabs.chosen_image import network_summary, numbers_for_page, start_of, state_of, weights_of
from unet_explorer.panel.tabs.image_tab import ImageTab
from unet_explorer.panel.tabs.paint import picture

__all__ = ["InsideTab"]

_OVERVIEW: Final = 256
"""Pixels a side of the small image that shows where the tile lies."""


class InsideTab(ImageTab):
    """The maps behind the selected step, live while the network learns.

    Attributes:
        channel: Which of its maps is shown whole; −1 until one is chosen: the liveliest.
        place: Where in the image the tile lies, down and across: 0 at its first row and column, 1 at its last.
        overview: The image, small, and its ``sides``.
        picture: The tile, and the row and column where it starts; what lies outside of the image is mirrored.
        seen: What the views are of: ``{"step": name, "tile": [height, width]}``.
        views: For each map its bytes, as `activations.view` gives them: of the step, or of both that a skip joins.
        patch: Some numbers from before and behind the step; see `numbers_for_page`.
        network: What the network has learnt, in words.
        at: After how many steps of learning it is.
        view: The maps of the step as they are shown, to be taken away; None before there are any.
    """

    _esm = script("tabs/inside.js")

    channel = traitlets.Int(-1).tag(sync=True)
    place: Any = traitlets.List([0.5, 0.5]).tag(sync=True)
    overview = traitlets.Dict().tag(sync=True)
    picture = traitlets.Dict().tag(sync=True)
    seen = traitlets.Dict().tag(sync=True)
    views: Any = traitlets.List().tag(sync=True)
    patch = traitlets.Dict().tag(sync=True)
    network = traitlets.Unicode("").tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)

    def __init__(self, *parts: Any) -> None:
        self.view: MapView | None = None
        self._wanted: _Wanted | None = None
        self._waits = False
        self._painted: Any = None
        # The liveliest channel of a step stays the same while the network learns, or pictures would jump.
        self._lively: dict[tuple[str, str, int], int] = {}
        super().__init__(*parts)

    @traitlets.validate("place")
    def _check_place(self, proposal: Any) -> Any:
        place = proposal["value"]
        # NaN is not between anything.
        good = len(place) == 2 and all(isinstance(share, int | float) and 0 <= share <= 1 for share in place)
        return place if good else self.place

    @traitlets.observe("channel", "place")
    def _follow(self, _: Any) -> None:
        self._due.set()

    def _refresh(self) -> None:
        if not self._attended:
            self._leave()
            return
        self._show_choice()
        number, image = self._chosen.number, self._chosen.image
        self._show_overview(number, image)
        config, tile = self._instrument.design, read_tile(self._instrument.tile)
        start = start_of(self.place[0], image.shape[0], tile[0]), start_of(self.place[1], image.shape[1], tile[1])
        step = self._instrument.shown
        session = self._session()
        weights = weights_of(self._instrument, session)
        state = state_of(weights, session)
        channel = self.channel if self.channel >= 0 else self._lively.get((step, weights["training"], number), -1)
        wanted = _Wanted(config, tile, start, step, channel, number, weights["training"], state)
        with self._lock:
            self._waits = self._requests.waiting and wanted != self._wanted and wanted.moved_from(self._wanted)
        if wanted == self._wanted or self._waits:
            return
        self._wanted = wanted
        sides(config, tile)  # a tile that does not fit is refused in words
        numbers = sum(math.prod(row.output) for row in trace(config, tile))
        self._check_room(config, tile, kept=min(MAP_CACHE_BYTES, numbers))  # a byte each
        shown = mirrored(self._chosen.network_input(config.in_channels), start, tile)
        self._ask(
            lambda request: {
                "do": "maps",
                "request": request,
                "config": config.to_dict(),
                "step": step,
                "channel": wanted.channel,
                "tile": shown,
                **weights,
            },
            (step, tile, start, number, weights),
        )

    def _leave(self) -> None:
        if self._wanted is not None:
            self._wanted, asked = None, self._requests.current
            self._requests.drop()
            if self._worker.process:
                self._requests.post({"do": "stop_maps", "of": asked})

    def _show_overview(self, number: int, image: Image) -> None:
        if self.overview.get("number") != number:
            apart = -(-max(image.shape[:2]) // _OVERVIEW)
            small = image[::apart, ::apart]
            self.overview = picture(small, self._chosen.title, number=number, sides=list(image.shape[:2]))

    def on_lost(self, reason: str) -> None:
        """The worker is gone: whatever is wanted must be asked for anew."""
        self._wanted = None
        super().on_lost(reason)

    def on_answer(self, answer: Answer, context: Any) -> None:
        """The maps are there."""
        super().on_answer(answer, context)
        if answer["event"] == "maps":
            self._show(answer, *context)
        elif answer["event"] == "numbers":
            self.patch = numbers_for_page(answer)

    def _show(
        self, maps: Maps, step: str, tile: tuple[int, int], start: tuple[int, int], number: int, weights: Weights
    ) -> None:
        with self.hold_sync():
            if self._painted != (tile, start, number) and number == self._chosen.number:
                self._painted = tile, start, number
                shown = mirrored(self._chosen.image, start, tile)
                self.picture = picture(shown, self._chosen.title, number=number, start=list(start))
            self.views = [_for_page(view) for view in maps["views"]]
            for view in maps["views"][-1:]:
                lively = self._lively.setdefault((step, weights["training"], number), view["channel"])
                if self._wanted is not None and self._wanted.channel < 0:
                    self._wanted = self._wanted._replace(channel=lively)
            self.view = maps["views"][-1] if maps["views"] else None
            self.seen = {"step": step, "tile": list(tile)}
            self.at, self.network = maps["at"], network_summary(maps["at"], weights, maps["best"])
            self.state = "done"
        # The hand has gone on meanwhile.
        if self._waits:
            self._due.set()


class _Wanted(NamedTuple):
    """What is looked at."""

    config: UNetConfig
    tile: tuple[int, int]
    start: tuple[int, int]
    step: str
    channel: int
    number: int
    training: str
    state: str

    def moved_from(self, other: _Wanted | None) -> bool:
        """Whether it is only another tile of the same image: a hand that drags asks faster than it can be answered."""
        return other is not None and self == other._replace(tile=self.tile, start=self.start)


def _for_page(view: MapView) -> dict[str, Any]:
    """Arrays as bytes and lists, which is what a browser is sent; and the grid that the maps are shown in."""
    arrays = {"thumbs": view["thumbs"].tobytes(), "whole": view["whole"].tobytes()}
    rows, columns = view["thumbs"].shape[1:]
    lists = {key: view[key].tolist() for key in ("low", "high", "dead")}
    return {**view, **arrays, **lists, "rows": rows, "columns": columns, "grid": GRID}
