"""A design as a notebook that runs from top to bottom: the network line by line, images, learning, looking."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.core.config import UNetConfig, read_config, shown
from unet_explorer.core.script import to_script
from unet_explorer.core.script_parts import blocks
from unet_explorer.core.tiles import Tile
from unet_explorer.core.trace import trace
from unet_explorer.data.made import SETS
from unet_explorer.export.teaching import (
    Taught,
    compiling,
    data,
    feeding,
    fitting,
    loss_words,
    own_data,
    predicting,
    showing,
)
from unet_explorer.learning.recipe import Recipe
from unet_explorer.whole import place_for, printable, whole

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset

__all__ = ["notebook_bytes", "save_notebook"]

_PARTS: Final = re.compile(r"\n\n(?=# |model = )")
_MARKDOWN: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&.-])")


def save_notebook(
    path: str | os.PathLike[str],
    config: UNetConfig,
    tile: Tile,
    *,
    recipe: Recipe | Mapping[str, Any] | None = None,
    dataset: Dataset | None = None,
    overwrite: bool = False,
) -> None:
    """Write a design as a notebook that a colleague can run: the network line by line, then data, learning and looking.

    The notebook needs Keras, TensorFlow and matplotlib, and nothing of this package. It learns from the colleague's own
    arrays; where none are given, from a made set of this package, and where that is not installed, from discs it draws.

    Args:
        path: Where; its name ends in ``.ipynb``.
        config: The network.
        tile: Input side in pixels, or (height, width).
        recipe: How to teach, as in `TrainingSession`, such as ``{"steps": 600, "loss": "dice"}``. Of the variations of
            tiles, the notebook has flips alone.
        dataset: What the design is for: the names of its classes are written down, and a made set is made again. Images
            of others are not put into the notebook.
        overwrite: Whether to replace a file that is there already.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If an argument is not allowed.
        FileExistsError: If the file is there already, and may not be replaced.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "unet.ipynb"
        >>> save_notebook(path, UNetConfig(depth=1, base_filters=2), 20, recipe={"steps": 10})
        >>> "keras.Model(inputs, scores" in path.read_text("utf-8")
        True
    """
    content = notebook_bytes(config, tile, recipe, dataset)
    with whole(place_for(path, [".ipynb"], overwrite)) as half:
        half.write_bytes(content)


def notebook_bytes(
    config: UNetConfig,
    tile: Tile,
    recipe: Recipe | Mapping[str, Any] | None = None,
    dataset: Dataset | None = None,
) -> bytes:
    """The file of `save_notebook`, to be handed on.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).
        recipe: How to teach.
        dataset: What the design is for.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If an argument is not allowed, or nbformat is not installed.

    Example:
        >>> notebook_bytes(UNetConfig(depth=1, base_filters=2), 20)[:1]
        b'{'
    """
    read_config(config, tile)
    traced = trace(config, tile)
    name, classes = _read_dataset(dataset, config)
    made = name if name in SETS else "shapes" if config.num_classes > 2 else "cells"
    taught = Taught(traced, _read_recipe(recipe), made, classes)
    try:
        import nbformat
        from nbformat import v4
    except ModuleNotFoundError:
        raise ValueError("nbformat, which writes notebooks, is not installed: pip install nbformat") from None
    made_cells = []
    for number, (kind, text) in enumerate(_cells(taught, name)):
        make = v4.new_markdown_cell if kind == "words" else v4.new_code_cell
        made_cells.append(make(text.strip("\n"), id=f"cell-{number}"))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = v4.new_notebook(cells=made_cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return bytes((nbformat.writes(notebook) + "\n").encode("utf-8"))


def _read_recipe(recipe: object) -> Recipe:
    if recipe is None:
        return Recipe()
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, Mapping) and all(isinstance(key, str) for key in recipe):
        return Recipe.from_dict(dict(recipe))
    raise ValueError(f"recipe={shown(recipe)} is not allowed: give choices by name, such as {{'steps': 600}}.")


def _read_dataset(dataset: object, config: UNetConfig) -> tuple[str, tuple[str, ...]]:
    """What it is called, and its classes."""
    if dataset is None:
        names = ("background", "foreground")
        return "", names if config.num_classes < 3 else ("background",)
    from unet_explorer.data.dataset import read_dataset

    held = read_dataset(dataset)
    return held.name, held.classes


def _plain(text: str) -> str:
    """Somebody's words as Markdown shows them, whatever they hold."""
    return _MARKDOWN.sub(r"\\\1", printable(text))


def _cells(taught: Taught, name: str) -> Iterator[tuple[str, str]]:
    _, words, source = to_script(taught.config, taught.traced.tile).split('"""', 2)
    head, *paragraphs = _PARTS.split(source.partition("\n\nif __name__")[0])
    yield "words", _title(taught, words)
    yield "code", _imports(head, taught)
    yield "words", "## The network\n\nLine by line, from the tile down to the bottom and up again."
    *levels, model = paragraphs
    for paragraph in levels:
        yield "code", paragraph
    yield "code", f"{model.strip()}\nmodel.summary()"
    yield "words", _data_words(taught, name)
    yield "code", own_data(taught)
    yield "code", data(taught)
    yield "words", _tile_words(taught)
    yield "code", feeding(taught)
    yield "words", _learning_words(taught)
    yield "code", compiling(taught)
    yield "code", fitting(taught)
    yield (
        "words",
        "## What it has learnt\n\nA part of an image that it has not learnt from, its truth, and what is said.",
    )
    yield "code", predicting(taught)
    yield "code", showing(taught)


def _title(taught: Taught, words: str) -> str:
    title, *rest = words.strip().split("\n\n")
    rows = []
    for comment, _ in blocks(taught.traced):
        place, sizes = comment.rsplit(": ", 1)
        rows.append("| {} | {} | {} |".format(place, *sizes.split(" → ")))
    table = "\n".join(["| | from | to |", "| --- | --- | --- |", *rows])
    crops = ", ".join(map(str, taught.traced.crops))
    cut = f"Each skip loses pixels on every side, from the deepest up: {crops}." if any(taught.traced.crops) else ""
    more = " scipy" if taught.recipe.loss == "weighted" else ""
    needs = f"It needs Keras, which TensorFlow brings along: `pip install tensorflow matplotlib{more}`."
    parts = [f"# {title.rstrip('.')}", *rest[:2], needs, *rest[2:], table, cut]
    return "\n\n".join(part for part in parts if part)


def _imports(head: str, taught: Taught) -> str:
    first, *others = head.strip("\n").split("\n\n")
    lines = [*others[0].splitlines(), "import matplotlib.pyplot as plt", "import numpy as np"]
    lines += ["from scipy import ndimage"] * (taught.recipe.loss == "weighted")
    first_seed = f"keras.utils.set_random_seed({taught.recipe.seed})  # the same seed, the same first weights"
    return "\n".join([first, "", *sorted(lines, key=lambda line: (line.startswith("from"), line)), "", first_seed])


def _data_words(taught: Taught, name: str) -> str:
    about = f"The design was made for the images of {_plain(name)}. " if name and name not in SETS else ""
    return (
        f"## Images\n\n{about}Either give your own arrays in the next cell – `images` (N, height, width, "
        f"{taught.config.in_channels}), `labels` (N, height, width) with the class of every pixel, 0 for the "
        "background and −1 where nothing is known – or leave it as it is: then a small set is made, by `unet_explorer` "
        f"(`{taught.made}`) where that is installed."
    )


def _tile_words(taught: Taught) -> str:
    traced = taught.traced
    return (
        f"The network is given tiles of {traced.tile[0]} × {traced.tile[1]} and predicts {traced.output.height} × "
        f"{traced.output.width} in their middle. What lies beyond the border of an image is mirrored. Tiles are taken "
        "from anywhere" + (", half of them flipped." if taught.recipe.augmentation.flips else ".")
    )


def _learning_words(taught: Taught) -> str:
    recipe = taught.recipe
    steps = min(recipe.steps, recipe.steps_per_epoch)
    logits = "The scores are logits: the loss turns them into shares itself. " if taught.logits else ""
    mistaken = (
        "The ReLU behind the head is a widely copied mistake, and can stop the learning: `linear` is better. "
        if taught.config.head_activation == "relu"
        else ""
    )
    return (
        f"## Learning\n\n{loss_words(taught)} {logits}{mistaken}{steps * recipe.epochs:,} changes of the weights, "
        f"each from {recipe.batch_size} tiles, take a few minutes for a small network; fewer show already how it goes."
    )
