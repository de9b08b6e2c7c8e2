"""What the knobs say and the U shows, as traits. How they are shown is in ``static/``; the stage puts it together."""

from __future__ import annotations

import threading
from typing import Any, Final

import anywidget
import traitlets

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.cost import read_batch_size
from unet_explorer.core.plan import TILE, plan
from unet_explorer.core.tiles import read_tile
from unet_explorer.drawing.palette import painted
from unet_explorer.panel.instrument.explanations import by_label
from unet_explorer.panel.instrument.facts import describe, knobs, presets
from unet_explorer.panel.instrument.pack import networks_at_hand
from unet_explorer.panel.instrument.pinning import read_pinned

__all__ = ["ARGMAX", "Instrument"]

ARGMAX: Final = "argmax"
"""Can be selected beside the steps: how scores become a mask. Nothing of the network is in it."""


def _read(value: Any, trait: str, design: UNetConfig) -> Any:
    """A value from outside, checked and in its one canonical form."""
    match trait:
        case "config":
            return UNetConfig.from_dict(value).to_dict()
        case "tile":
            return list(read_tile(value))
        case "batch_size":
            return read_batch_size(value)
        case "selected":
            known = {"", TILE, ARGMAX, *(step.name for step in plan(design))}
            return value if isinstance(value, str) and value in known else ""
        case "pinned":
            return read_pinned(value)
    return value


class Instrument(anywidget.AnyWidget):  # type: ignore[misc]
    """Knobs, the U, the card and the table, in one piece. Its traits are the truth; the browser only shows them.

    Attributes:
        config: The network, as `UNetConfig.to_dict` writes it.
        tile: [height, width] in pixels; it need not fit.
        selected: Name of the step that the card explains, ``"input"`` for the tile, ``"argmax"`` for how the
            mask is made of the scores, or empty.
        shown: Name of the step that tabs show: the one that is selected, or was last; else the first.
        linked: Whether height and width move together.
        snap: Whether the sliders stop at fitting sizes only.
        batch_size: Tiles that the memory is told for.
        problem: What was last refused, in words; empty once something was accepted.
        network: What the browser is told of the network; follows `config`.
        history: Designs to go back to, as {"config", "tile"}.
        position: Which of them is shown.
        pinned: The design A that the shown one, B, is compared with; or empty. See `read_pinned`.
        asked: Number of the browser's last question whether anybody hears it.
        answered: Number of the last one that was heard.
        numbers: Real numbers around the shown step, of a network that has learnt; see `StepNumbers`.
        proof: What Keras made of a design: its ``config`` and ``tile``, and for each of its ``steps`` an empty text
            where Keras agrees, or how it does not.
        packed: Networks that the page draws without asking, from its first question on; see `pack`.
        start: The design it was opened with.
        presets: Designs to choose from.
        knobs: What can be chosen, and which values are allowed.
        palette: The colours of classes, as [red, green, blue].
    """

    _esm = "export default {};"  # the stage shows it

    config = traitlets.Dict().tag(sync=True)
    tile: Any = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    shown = traitlets.Unicode("").tag(sync=True)
    linked = traitlets.Bool(True).tag(sync=True)
    snap = traitlets.Bool(False).tag(sync=True)
    batch_size = traitlets.Int(1).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    network = traitlets.Dict().tag(sync=True)
    history: Any = traitlets.List().tag(sync=True)
    position = traitlets.Int(0).tag(sync=True)
    pinned = traitlets.Dict().tag(sync=True)
    asked = traitlets.Int(0).tag(sync=True)
    answered = traitlets.Int(0).tag(sync=True)
    numbers = traitlets.Dict().tag(sync=True)
    proof = traitlets.Dict().tag(sync=True)
    packed = traitlets.Bytes(b"").tag(sync=True)
    start = traitlets.Dict().tag(sync=True)
    presets: Any = traitlets.List().tag(sync=True)
    knobs: Any = traitlets.List().tag(sync=True)
    palette = traitlets.Dict(painted()).tag(sync=True)

    def __init__(self, config: UNetConfig, tile: tuple[int, int]) -> None:
        # JupyterLab may serve messages on several threads (subshells), beside the one that runs the cells.
        self._lock = threading.RLock()
        design = {"config": config.to_dict(), "tile": list(tile)}
        super().__init__(
            config=design["config"],
            tile=design["tile"],
            linked=tile[0] == tile[1],
            history=[design],
            start=design,
            presets=presets(),
            knobs=knobs(),
            shown=plan(config)[0].name,
        )

    @property
    def design(self) -> UNetConfig:
        """The network that is shown."""
        return UNetConfig.from_dict(self.config)

    @traitlets.validate("config", "tile", "batch_size", "selected", "pinned")
    def _check(self, proposal: Any) -> Any:
        return _read(proposal["value"], proposal["trait"].name, self.design if self.config else UNetConfig())

    @traitlets.observe("config")
    def _follow(self, _: Any) -> None:
        with self._lock:
            # Read anew under the lock: of two changes at once, the later one is drawn last.
            design = self.design
            self.network, self.numbers = describe(design), {}
            self.selected = self.selected
            self._show_step()

    @traitlets.observe("selected")
    def _show_step(self, _: Any = None) -> None:
        with self._lock:
            steps = [step.name for step in plan(self.design)]
            wanted = (steps[-1] if self.selected == ARGMAX else self.selected) or self.shown
            self.shown = wanted if wanted in {TILE, *steps} else steps[0]

    @traitlets.observe("asked")
    def _answer(self, _: Any) -> None:
        self.answered = self.asked
        # By now the first picture stands.
        self.packed = networks_at_hand()

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the browser sends; what is not allowed is said in `problem`, and the last good value stays.

        Called by ipywidgets.
        """
        with self._lock:
            accepted, refused, problem = dict(sync_data), [], ""
            # The browser may show a network that it knows at once; which facts are true is said here.
            accepted.pop("network", None)
            for trait in ("config", "tile", "batch_size", "pinned"):
                if trait in sync_data:
                    try:
                        accepted[trait] = _read(sync_data[trait], trait, self.design)
                    except ValueError as error:
                        del accepted[trait]
                        refused.append(trait)
                        problem = by_label(str(error))
            super().set_state(accepted)
            if refused:
                # The browser shows what it sent; tell it what is still true.
                self.problem = problem
                self.send_state([*refused, "problem"])
