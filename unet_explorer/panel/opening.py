"""Opening the panel: from a config, a name, or a link."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from unet_explorer.core.config import PRESETS, UNetConfig, read_config, shown
from unet_explorer.core.tiles import nearest_sizes, read_tile
from unet_explorer.lessons.lesson import Lesson
from unet_explorer.panel.explorer import Explorer
from unet_explorer.panel.link import Link, asked_for, is_link, read_link
from unet_explorer.panel.taking import write_page
from unet_explorer.panel.teaching import lesson_of
from unet_explorer.whole import place_for

if TYPE_CHECKING:
    from os import PathLike

    import keras

    from unet_explorer.core.tiles import Tile
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.learning.session import TrainingSession
    from unet_explorer.panel.page_network import PageNetwork

__all__ = ["explore", "save_page"]


def _design(design: Any, *rest: object) -> tuple[UNetConfig, Tile | None, Link | None]:
    """A config, the tile that comes with it, and what else a link brings; from a config, a name, a link, or nothing."""
    if design is None:
        design = asked_for() or "classroom"
    if isinstance(design, str) and design in PRESETS:
        return *PRESETS[design], None
    if isinstance(design, UNetConfig):
        return design, None, None
    if is_link(design):
        link = read_link(design)
        return link.config, link.tile, link
    first = any(isinstance(each, UNetConfig) or (isinstance(each, str) and each in PRESETS) for each in rest)
    order = f" What follows is one: give the design first, then {shown(design)}." if first else ""
    presets = ", ".join(PRESETS)
    raise ValueError(
        f"design={shown(design)} is not known: give a UNetConfig, the name of a preset ({presets}), or the link of a "
        f"panel.{order}"
    )


def explore(
    design: UNetConfig | str | None = None,
    tile: Tile | None = None,
    dataset: Dataset | None = None,
    *,
    lock: Sequence[str] = (),
    hide: Sequence[str] = (),
    lesson: str | os.PathLike[str] | Lesson | None = None,
) -> Explorer:
    """Open the panel.

    Args:
        design: A config; a preset's name: ``"classroom"`` (the default: it learns while people watch), ``"paper"`` or
            ``"article"``; or the link of another panel, as its ``link`` says it, also within an address.
        tile: Input side in pixels, or (height, width). It need not fit: the panel says why. Left out, it is the
            preset's or the link's, or the fitting one nearest to the paper's.
        dataset: Images to train on, such as `cells` makes or `from_folder` reads; others may be chosen in the panel.
        lock: What a class shall not turn: knobs by their names, ``"tile"``, ``"batch_size"``, ``"preset"``.
        hide: What a class shall not see: some of ``"sides"``, ``"channels"``, ``"crops"``, ``"verdict"``, ``"totals"``,
            ``"card"``, ``"layers"`` and ``"Sweep"``, the tab.
        lesson: A lesson to open, by name, such as ``"why-572"``, or a ``.toml`` file of your own.

    Returns:
        A widget; as the last line of a notebook's cell it shows itself.

    Raises:
        ValueError: If the design is not known, a link was cut off or mistyped, the tile is not one or two whole numbers
            of at least 1, the dataset is none, or there is no such lesson, lock or part to hide.

    Example:
        >>> explore("classroom").tile
        (188, 188)
        >>> explore(explore("paper", tile=512).link).tile
        (512, 512)
    """
    config, usual, link = _design(design, tile, dataset)
    if tile is None:
        tile = usual or nearest_sizes(config, PRESETS["paper"].tile)[1] or 1
    taught = None if lesson is None else lesson_of(lesson)
    scene = link or Link(config, read_tile(tile))
    # Whatever else it is, an empty tuple is what nobody has said.
    said: dict[str, Any] = {"lock": lock, "hide": hide}
    scene = replace(scene, **{name: some for name, some in said.items() if type(some) is not tuple or some})
    panel = Explorer(config, read_tile(tile), dataset, link=scene)
    if taught is not None:
        panel.teach(taught)
    return panel


def save_page(
    path: str | PathLike[str],
    config: UNetConfig | None = None,
    tile: Tile | None = None,
    model: TrainingSession | keras.Model | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Save the instrument as one page, to be opened from disc, handed to a class, or put on any web space.

    It holds depth 1 to 7 with 4, 8, 16, 32 and 64 filters, both kinds of padding, the design that it is opened with,
    all lessons and exercises, and a sheet that it prints; nothing is fetched when it is read. A network of 7,402
    numbers learns in it (with WebGPU, that of the classroom, too) and can be looked into: the maps of each of its
    steps, and its mask of a few images, or of one that the reader brings, in tiles without seams or with some. A model
    runs in it likewise.

    It has a title, a description and a picture for previews of links. The picture lies in the page, and most previews
    show none that does: whoever puts the page on the web puts one beside it, such as that of `save_figure`, and
    writes its whole address into the line ``og:image`` at the top of the file.

    Args:
        path: Where to, a name that ends in ``.html``.
        config: The design that it opens with; left out, that of the model, or the classroom's.
        tile: Input side in pixels, or (height, width); left out, that of the training, the preset's, or the fitting
            one nearest to 572.
        model: A trained network to run in it: a training, of which the best weights count and the first three images
            are shown, or a live U-Net, which is shown with made images. It may have up to 1,000,000 numbers, each in
            16 bits: 2.7 bytes in the file.
        overwrite: Whether a file that is there already may be replaced.

    Raises:
        ValueError: If the path, the config or the tile is not allowed, the model is none or too large, or it is of
            another design than ``config``.
        TrainingError: If the training has saved nothing yet, or that is damaged.
        FileExistsError: If there is a file already, and it may not be replaced.
        OSError: If it cannot be written; what was there before is still whole.

    Example:
        >>> import tempfile
        >>> path = f"{tempfile.mkdtemp()}/unet.html"
        >>> save_page(path)
        >>> os.path.getsize(path) < 1_000_000
        True
    """
    place = place_for(path, [".html"], overwrite)
    network, usual = _held(model, config, tile) if model is not None else (None, None)
    design = config if network is None else UNetConfig.from_dict(network.told["config"])
    panel = explore("classroom" if design is None else read_config(design, tile), usual if tile is None else tile)
    try:
        write_page(panel.told, place, network, overwrite=overwrite)
    finally:
        panel.close()


def _held(model: Any, config: object, tile: object) -> tuple[PageNetwork, Tile | None]:
    """A network to be put into a page, and the tile that it was taught with, where it knows."""
    from unet_explorer.export.network import read_network
    from unet_explorer.panel.page_network import network_for_page, usual_images

    network = read_network(model)
    if config is not None and read_config(config, tile) != network.config:
        raise ValueError(
            f"config={shown(config)} is another design than that of model: leave it out, or give the model's own."
        )
    session = network.session
    images = usual_images(network.config) if session is None else session.dataset
    return network_for_page(network, images), None if session is None else session.order.tile
