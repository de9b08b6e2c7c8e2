"""The panel of a notebook: `explore` opens it."""

from __future__ import annotations

from typing import Any

import ipywidgets

from unet_explorer.config import PRESETS, UNetConfig, read_config, shown
from unet_explorer.panel.instrument import Instrument
from unet_explorer.tiles import Tile, nearest_sizes, read_tile

__all__ = ["Explorer", "explore"]


class Explorer(ipywidgets.VBox):  # type: ignore[misc]
    """The panel: a widget to be shown in a notebook. Make one with `explore`."""

    def __init__(self, config: UNetConfig, tile: tuple[int, int]) -> None:
        self.instrument = Instrument(config, tile)
        super().__init__([self.instrument])

    @property
    def config(self) -> UNetConfig:
        """The network that is shown; assign another to show that one.

        Raises:
            ValueError: If it is no `UNetConfig`.

        Example:
            >>> panel = explore("classroom")
            >>> panel.config.depth
            3
        """
        return self.instrument.design

    @config.setter
    def config(self, config: UNetConfig) -> None:
        self.instrument.config = read_config(config).to_dict()

    @property
    def tile(self) -> tuple[int, int]:
        """(height, width) of the tile in pixels; assign one number or two. It need not fit.

        Raises:
            ValueError: If it is not one or two whole numbers of at least 1.

        Example:
            >>> panel = explore()
            >>> panel.tile = 512
            >>> panel.tile
            (512, 512)
        """
        return read_tile(self.instrument.tile)

    @tile.setter
    def tile(self, tile: Tile) -> None:
        height, width = read_tile(tile)
        if height != width:
            self.instrument.linked = False
        self.instrument.tile = [height, width]

    def close(self) -> None:
        """Remove the panel and everything it is made of, in the browser and here."""
        layouts = self.instrument.layout, self.layout
        self.instrument.close()
        super().close()
        for layout in layouts:
            layout.close()


def _design(design: Any) -> tuple[UNetConfig, int | None]:
    """A config and the tile that comes with it, from a config, a preset's name, or nothing."""
    if design is None:
        design = "paper"
    if isinstance(design, str) and design in PRESETS:
        return PRESETS[design]
    if isinstance(design, UNetConfig):
        return design, None
    raise ValueError(
        f"design={shown(design)} is not known: give a UNetConfig, or the name of a preset ({', '.join(PRESETS)})."
    )


def explore(design: UNetConfig | str | None = None, tile: Tile | None = None) -> Explorer:
    """Open the panel.

    Args:
        design: A config, or a preset's name: ``"paper"`` (the default), ``"article"`` or ``"classroom"``.
        tile: Input side in pixels, or (height, width). It need not fit: the panel says why. Left out, it is the
            preset's, or the fitting one nearest to the paper's.

    Returns:
        A widget; as the last line of a notebook's cell it shows itself.

    Raises:
        ValueError: If the design is not known, or the tile is not one or two whole numbers of at least 1.

    Example:
        >>> explore("classroom").tile
        (188, 188)
    """
    config, usual = _design(design)
    if tile is None:
        tile = usual or nearest_sizes(config, PRESETS["paper"].tile)[1] or 1
    return Explorer(config, read_tile(tile))
