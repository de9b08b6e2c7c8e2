"""The reference: every public name, each on the page of the room that it comes from, and what these hand over."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from inspect import Parameter, Signature, signature
from pathlib import Path
from types import FunctionType
from typing import Any, Final, NamedTuple

import unet_explorer
from unet_explorer.core.config import PRESETS
from unet_explorer.panel.instrument.explanations import PRESET_NOTES

__all__ = ["write_reference"]


class _Room(NamedTuple):
    title: str
    about: str
    rooms: tuple[str, ...]
    handed: tuple[str, ...] = ()
    """What public names take or give, though mostly nobody has to import it."""


_ROOMS: Final = {
    "network": _Room(
        "Networks and their sizes",
        "What a network is, which tiles fit, and what every layer makes of them. All of it is computed at once, "
        "without TensorFlow.",
        ("core",),
        ("core.tiles.Tile", "core.config.Preset", "core.trace.Shape", "core.trace.Row", "core.receptive.Box"),
    ),
    "images": _Room(
        "Images",
        "What a network learns from: images that are made in an instant, or your own.",
        ("data",),
        (
            "data.dataset.Image",
            "data.dataset.Labels",
            "data.dataset.normalize",
            "data.decoded.DataError",
            "data.decoded.Question",
            "data.augment.Augmentation",
        ),
    ),
    "learning": _Room(
        "Build and learn",
        "The live network in Keras, and its learning in a process of its own.",
        ("model", "learning"),
        (
            "learning.recipe.Recipe",
            "learning.recipe.Order",
            "learning.history.History",
            "learning.history.Epoch",
            "learning.scores.Scores",
            "learning.finding.Finding",
            "learning.finding.TrainingError",
            "learning.examination.Example",
            "learning.kept.kept_trainings",
            "learning.kept.Kept",
            "learning.process.Worker",
        ),
    ),
    "prediction": _Room(
        "Predict",
        "Images of any size, tile by tile, on one machine or on a cluster.",
        ("predict",),
        ("predict.folder.FolderResult", "cluster.connected", "cluster.ClusterError"),
    ),
    "saving": _Room(
        "Take it away",
        "Figures, tables, data sets, notebooks and curves as files.",
        ("drawing", "export"),
        ("drawing.options.FigureOptions", "export.layouts.SavedDataset"),
    ),
    "sweeps": _Room(
        "Many designs at once",
        "Each design taught with several seeds, in the processes of this machine or of a cluster of Dask.",
        ("sweeps",),
        (
            "sweeps.table.Sweep",
            "sweeps.run.Run",
            "sweeps.asked.Sampler",
            "sweeps.shelf.read_sweep",
            "sweeps.mattered.mattered",
            "sweeps.mattered.Mattered",
            "sweeps.mattered.Effect",
            "sweeps.pareto.points_of",
            "sweeps.pareto.Point",
            "sweeps.session.SweepSession",
            "sweeps.optuna.optuna_sampler",
        ),
    ),
    "teaching": _Room(
        "Teach",
        "Lessons, exercises and questions, of which every number is made by the engine.",
        ("lessons",),
        (
            "lessons.lesson.Lesson",
            "lessons.lesson.Page",
            "lessons.lesson.Ask",
            "lessons.lesson.Choice",
            "lessons.lesson.Mistake",
            "lessons.lesson.LessonError",
            "lessons.facts.Design",
            "lessons.facts.Value",
        ),
    ),
    "panel": _Room("The panel", "The panel in a notebook, and what a cell may ask of it.", ("panel",)),
}


def write_reference(folder: Path) -> None:
    """Write a page for each room, and one that lists them."""
    folder.mkdir(parents=True)
    pages = {
        page: [name for name in sorted(unet_explorer.__all__, key=str.lower) if _page(name) == page] for page in _ROOMS
    }
    for page, names in pages.items():
        (folder / f"{page}.rst").write_text(_written(_ROOMS[page], names), "utf-8")
    (folder / "index.rst").write_text(_index(pages), "utf-8")


def _page(name: str) -> str:
    """On which page a public name stands: that of its room; what belongs to none is part of the core."""
    module = getattr(getattr(unet_explorer, name), "__module__", None) or "unet_explorer.core"
    room = module.split(".")[1]
    return next((page for page, each in _ROOMS.items() if room in each.rooms), "network")


def _index(pages: dict[str, list[str]]) -> str:
    lines = [
        _title("Reference", "="),
        "Every public name is imported from ``unet_explorer`` itself. The examples are run as tests.",
    ]
    for page, names in pages.items():
        links = ", ".join(f":py:obj:`~unet_explorer.{name}`" for name in names)
        lines.append(f":doc:`{page}`\n   {_ROOMS[page].about} {links}")
    tree = "\n".join(f"   {page}" for page in pages)
    return "\n\n".join([*lines, f".. toctree::\n   :hidden:\n\n{tree}"]) + "\n"


def _written(room: _Room, names: list[str]) -> str:
    parts = [_title(room.title, "="), room.about, ".. py:currentmodule:: unet_explorer"]
    parts += [part for name in names for part in _entry(name, getattr(unet_explorer, name))]
    if room.handed:
        parts += [
            _title("What these hand over", "-"),
            "Nobody has to import these: public names take them or give them.",
        ]
        parts += [_documented(f"unet_explorer.{each}") for each in room.handed]
    return "\n\n".join(parts) + "\n"


def _title(words: str, line: str) -> str:
    return f"{words}\n{line * len(words)}"


def _entry(name: str, thing: Any) -> Iterator[str]:
    yield _title(name, "-")
    yield _documented(f"unet_explorer.{name}") if callable(thing) else _presets()


def _documented(path: str) -> str:
    module, _, name = path.rpartition(".")
    thing = getattr(import_module(module), name)
    if isinstance(thing, type):
        return f".. autoclass:: {path}{_arguments(thing)}\n   :members:"
    return f".. autofunction:: {path}" if isinstance(thing, FunctionType) else f".. autodata:: {path}\n   :no-value:"


def _arguments(thing: type) -> str:
    """How a class is called, where Sphinx would tell how its metaclass makes it."""
    if type(thing) is type or issubclass(thing, Exception):
        return ""
    given = signature(thing)
    plain = [each.replace(annotation=Parameter.empty) for each in given.parameters.values()]
    return str(given.replace(parameters=plain, return_annotation=Signature.empty))


def _presets() -> str:
    rows = "\n".join(f"   * ``{name!r}``: {PRESET_NOTES[name]}." for name in PRESETS)
    return (
        ".. py:data:: PRESETS\n   :type: dict[str, unet_explorer.core.config.Preset]\n\n"
        f"   The designs to start from, by name: a network and the tile it is shown with.\n\n{rows}\n\n"
        '   >>> config, tile = PRESETS["paper"]'
    )
