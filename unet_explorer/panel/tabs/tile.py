"""The Tile tab: how tiles cover an image, which tile is best, and what seams come of laying them carelessly."""

from __future__ import annotations

from typing import Any, Final

import traitlets

from unet_explorer.core.budget import FEWEST_BYTES, best_tile
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import estimate_memory, fixed_bytes
from unet_explorer.core.tiles import ShapeError, read_tile, tile_for_output, valid_sizes
from unet_explorer.core.tiling import Tiling
from unet_explorer.learning.protocol import Answer, Predicted, PredictRequest, Weights
from unet_explorer.panel.assets import script
from unet_explorer.panel.tabs.chosen_image import network_summary, state_of, weights_of
from unet_explorer.panel.tabs.image_tab import ImageTab
from unet_explorer.panel.tabs.paint import label_bytes, picture
from unet_explorer.panel.tabs.saving import Kept, ProbabilitiesAsker, SavedFile, saved

__all__ = ["TileTab"]

_ROOM: Final = 400_000_000
"""Bytes above the loaded network that are allowed at first."""
_QUICK: Final = 3.0
"""Seconds a prediction may have taken to be made anew whenever the tile is dragged."""


class TileTab(ImageTab):
    """Tiles over the chosen image.

    Attributes:
        picture: The image, as the browser paints it.
        limit: Bytes of memory that a tile may take, the network and TensorFlow included.
        naive: Whether tiles are laid carelessly, to show what comes of it.
        table: The smallest, the shown, the best tile, and the image in one piece, each with what it costs.
        best: The best tile's [height, width]; empty if there is none within the limit.
        progress: Tiles done, and tiles in all.
        result: Labels and seams of the last prediction.
        learnt: Whether the network is another one since, by learning.
        saved: The file that was asked for by the request of that ``number``: its ``name``, its ``type`` as browsers
            call it, and its ``content``. It is empty again at once, so that no notebook keeps it.
    """

    _esm = script("tabs/tile.js")

    picture = traitlets.Dict().tag(sync=True)
    limit = traitlets.Float(0.0).tag(sync=True)
    naive = traitlets.Bool(False).tag(sync=True)
    table: Any = traitlets.List().tag(sync=True)
    best: Any = traitlets.List().tag(sync=True)
    progress: Any = traitlets.List([0, 0]).tag(sync=True)
    result = traitlets.Dict().tag(sync=True)
    learnt = traitlets.Bool(False).tag(sync=True)
    saved = traitlets.Dict().tag(sync=True)

    def __init__(self, *parts: Any) -> None:
        self._painted = 0
        self._weighed: Any = None
        self._predicted: Any = None
        self._shown: Any = None
        self._refused: Any = None
        self._took, self._work = 0.0, 0
        self._kept: Kept | None = None
        super().__init__(*parts)
        self._probabilities = ProbabilitiesAsker(self._worker, self._lock, self._hand_over, self._say)

    @traitlets.validate("limit")
    def _check_limit(self, proposal: Any) -> Any:
        value = float(proposal["value"])
        # NaN is not above anything either; the page asks for whole MB.
        return value if FEWEST_BYTES <= value < 1e15 else self.limit

    @traitlets.observe("limit", "naive")
    def _follow(self, _: Any) -> None:
        self._due.set()

    def _refresh(self) -> None:
        chosen = self._chosen
        self._show_choice()
        image = chosen.image
        if self._painted != chosen.number:
            self._painted = chosen.number
            with self.hold_sync():
                self.picture = picture(image, chosen.title, number=chosen.number)
                self.result, self._took, self._kept = {}, 0.0, None
        config, tile = self._instrument.design, read_tile(self._instrument.tile)
        if not self.limit:
            self.limit = _usual_limit(config)
        weighed = (config, image.shape, self.limit, tile)
        if self._weighed != weighed:
            self._weighed = weighed
            self.best, self.table = self._weigh(*weighed)
        self._predict_again(config, tile)

    def _weigh(
        self, config: UNetConfig, shape: tuple[int, ...], limit: float, tile: tuple[int, int]
    ) -> tuple[list[int], list[dict[str, Any]]]:
        best = best_tile(config, shape, int(limit))
        whole = tile_for_output(config, shape[0]), tile_for_output(config, shape[1])
        smallest = _smallest(config, shape)
        rows = [("smallest that covers it", smallest), ("chosen now", tile), ("best within the limit", best)]
        rows.append(("the image in one piece", whole))
        table: list[dict[str, Any]] = []
        for name, size in rows:
            row = None if size is None else _row(config, shape, size, limit)
            if row is None:
                continue
            same = next((each for each in table if each["tile"] == row["tile"]), None)
            if same:
                same["name"] += f", {name}"
            else:
                table.append({"name": name, **row})
        return list(best or ()), sorted(table, key=lambda row: row["tile"])

    # Saving -------------------------------------------------------------------------------------------------------

    def _do_save(self, request: dict[str, Any]) -> None:
        kept, number, kind = self._kept, int(request.get("number", 0)), str(request.get("kind"))
        if kept is None or not self.result:
            raise ValueError("There is no prediction to save yet: predict the image first.")
        if kind == "probabilities":
            self._probabilities.ask(kept, number)
        else:
            self._hand_over(number, saved(kept, kind))

    def _hand_over(self, number: int, file: SavedFile) -> None:
        for content in ({"number": number, **file._asdict()}, {}):
            # Each is sent by itself, whatever another thread holds back just then.
            with self.hold_sync():
                self.saved = content

    def _say(self, reason: str) -> None:
        with self._lock:
            self.problem = reason

    def _shut(self) -> None:
        self._probabilities.close()
        super()._shut()

    def _let_go(self) -> None:
        super()._let_go()
        self._kept = None

    # Predicting ---------------------------------------------------------------------------------------------------

    def _do_take_best(self, _: dict[str, Any]) -> None:
        if self.best:
            height, width = self.best
            self._instrument.linked = self._instrument.linked and height == width
            self._instrument.tile = [height, width]

    def _do_predict(self, _: dict[str, Any]) -> None:
        config, tile = self._instrument.design, read_tile(self._instrument.tile)
        wanted = self._wanted(config, tile)
        try:
            self._predict(config, tile)
        except ValueError as error:
            self._refuse(wanted, str(error))

    def _refuse(self, wanted: Any, reason: str = "") -> None:
        with self._lock:
            self._refused, self.problem = wanted, reason or self.problem

    def _do_stop(self, _: dict[str, Any]) -> None:
        with self._lock:
            self._requests.drop()
            self.state = "done" if self.result else "new"
        self._requests.post({"do": "stop_prediction"})

    def _predict(self, config: UNetConfig, tile: tuple[int, int]) -> None:
        wanted = self._wanted(config, tile)
        chosen = self._chosen
        image = chosen.network_input(config.in_channels)
        tiling = Tiling(config, image.shape, tile, seamless=not self.naive)
        self._check_room(config, tiling.tile)
        weights = weights_of(self._instrument, self._session())
        self._predicted, self._refused = wanted, None
        self.progress = [0, 0]
        asked: PredictRequest = {
            "do": "predict",
            "request": "",
            "config": config.to_dict(),
            "size": list(tile),
            "seamless": not self.naive,
            "image": image,
            **weights,
        }
        about = chosen.image, chosen.title, chosen.classes, chosen.pixel, asked
        self._ask(lambda request: {**asked, "request": request}, (wanted, weights, tiling.macs, about))

    def _wanted(self, config: UNetConfig, tile: tuple[int, int]) -> Any:
        session = self._session()
        weights = weights_of(self._instrument, session)
        return config, tile, self.naive, self._chosen.number, (weights["training"], state_of(weights, session))

    def _predict_again(self, config: UNetConfig, tile: tuple[int, int]) -> None:
        """Follow the hand, once somebody has asked for a prediction, and it is a quick one."""
        wanted = self._wanted(config, tile)
        self.learnt = bool(self.result) and wanted[-1] != self._shown[-1]
        if self._refused is not None and self._refused != wanted:
            self._refused, self.problem = None, ""
        if not (self._attended and self.result and self._took) or wanted in (self._predicted, self._refused):
            return
        try:
            tiling = Tiling(config, self._chosen.image.shape, tile, seamless=not self.naive)
            if self._took * tiling.macs < _QUICK * self._work:
                self._predict(config, tile)
        except ShapeError:
            # The instrument says why; what was predicted last stays.
            self._refuse(wanted)
        except ValueError as error:
            self._refuse(wanted, str(error))

    def on_answer(self, answer: Answer, context: Any) -> None:
        """Tiles are done, or all of them are."""
        super().on_answer(answer, context)
        if answer["event"] == "predicting":
            self.progress = [answer["done"], answer["total"]]
        elif answer["event"] == "predicted":
            self._show(answer, *context)

    def _show(self, predicted: Predicted, wanted: Any, weights: Weights, macs: int, about: Any) -> None:
        config, tile, naive, number, _ = wanted
        self._kept = Kept(predicted["request"], predicted["labels"], *about)._replace(process=self._worker.process)
        self._shown = wanted
        self._took, self._work = predicted["seconds"], macs
        with self.hold_sync():
            self.result = {
                "number": number,
                "tile": list(tile),
                "config": config.to_dict(),
                "naive": naive,
                "labels": label_bytes(predicted["labels"]),
                "wanted": label_bytes(predicted["wanted"]),
                "seams": predicted["difference"].tobytes(),
                "flipped": predicted["flipped"],
                "largest": predicted["largest"],
                "scale": predicted["scale"],
                "pieces": predicted["pieces"],
                "seconds": self._took,
                "network": network_summary(predicted["at"], weights, predicted["best"]),
            }
            self.state = "done"
        # The knobs may have been turned meanwhile.
        self._due.set()


def _usual_limit(config: UNetConfig) -> float:
    """Room for tiles above what the network takes anyhow, in round numbers.

    Example:
        >>> _usual_limit(UNetConfig())
        1300000000.0
    """
    total = sum(fixed_bytes(config, training=False).values()) + _ROOM
    return float(-(-total // 100_000_000) * 100_000_000)


def _smallest(config: UNetConfig, shape: tuple[int, ...]) -> tuple[int, int] | None:
    """The smallest square tile that covers the image without seams."""
    largest = max(tile_for_output(config, side) for side in shape[:2])
    for size in valid_sizes(config, 1, largest):
        try:
            return Tiling(config, shape, size).tile
        except ValueError:
            continue
    return None


def _row(config: UNetConfig, shape: tuple[int, ...], tile: tuple[int, int], limit: float) -> dict[str, Any] | None:
    """What a tile costs; None if it does not fit, or cannot cover the image."""
    try:
        tiling = Tiling(config, shape, tile)
    except ValueError:
        return None
    memory = estimate_memory(config, tiling.tile)["total"]
    return {
        "tile": list(tiling.tile),
        "count": len(tiling),
        "share": tiling.share,
        "macs": tiling.macs,
        "memory": memory,
        "within": memory <= limit,
    }
