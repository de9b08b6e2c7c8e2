"""Every public callable that takes arguments, with a right call of it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import PIL.Image
from junk import GREY, NETWORK, complaint

import unet_explorer
from unet_explorer import Dataset, ShapeError, Tiling, TrainingSession, UNetConfig, cells, membranes, shapes, trace
from unet_explorer.drawing.options import FigureOptions
from unet_explorer.learning.history import History
from unet_explorer.learning.process import Worker
from unet_explorer.learning.recipe import Recipe
from unet_explorer.lessons.lesson import LessonError
from unet_explorer.sweeps.run import run_of

__all__ = ["TABLE", "Tried"]

IMAGES, LABELS = np.zeros((2, 24, 28), "uint8"), np.tile(np.array([0, 255], "uint8"), (2, 24, 14))


class Tried(NamedTuple):
    """A public callable, and one call of it that is right.

    Attributes:
        call: Takes all arguments by name.
        good: A right value for each.
        names: What else than by its name an error may call an argument.
        also: Errors that are as good as ours there, such as IndexError where one writes ``tiling[5]``.
        ends: How even the right call ends here, where there is nothing to be had; or what its value must not be, for
            it would start a process.
    """

    call: Callable[..., Any]
    good: dict[str, Any]
    names: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    also: tuple[type[Exception], ...] = ()
    ends: str = ""

    def complaint(self, given: dict[str, Any]) -> str:
        """What is wrong with how the call ends, with these in place of right values."""
        names = tuple(name for each in given for name in (each, *NAMES.get(each, ()), *self.names.get(each, ())))
        values = tuple(given.values()) or tuple(self.good.values())
        return complaint(lambda: self.call(**{**self.good, **given}), names, values, self.also, self.ends)


NAMES = {"dataset": ("data set",), "images": ("image",), "labels": ("label",), "tile": ("data ?set",)}
"""What errors call an argument, besides its name."""


def _setter(panel: Any, name: str) -> Callable[..., None]:
    return lambda **given: setattr(panel, name, given[name])


def _explore(**given: Any) -> None:
    unet_explorer.explore(**given).close()


def _explorer(**given: Any) -> None:
    unet_explorer.Explorer(**given).close()


def _tab(title: Any) -> None:
    panel = unet_explorer.explore("classroom")
    panel._open_tabs.make = lambda _: [None]  # No tab, and no worker for it.
    panel.tab(title)
    panel.close()


def _session(**given: Any) -> None:
    TrainingSession(**given).close()


def _stopped() -> TrainingSession:
    """Starting it again does nothing, so no process is started."""
    session = TrainingSession(NETWORK, GREY, 20)
    session.state = "stopped"
    return session


@cache
def _folder() -> str:
    """One image, and its mask."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for part in ("images", "masks"):
        (folder / part).mkdir()
        PIL.Image.fromarray(LABELS[0]).save(folder / part / "one.png")
    return str(folder)


def _anew(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same, once what an earlier call has written is gone."""

    def called(**given: Any) -> Any:
        for written in Path(_folder()).glob("anew*"):
            if written.is_dir():
                shutil.rmtree(written)
            else:
                written.unlink()
        return call(**given)

    return called


def _table() -> dict[str, Callable[[], Tried]]:
    sized = {"count": 1, "size": (20, 24), "seed": 3}
    design = {"config": NETWORK, "tile": (20, 24)}
    return {
        "Dataset": lambda: Tried(
            Dataset,
            {
                "name": "mine",
                "images": GREY.images,
                "labels": GREY.labels,
                "classes": ("empty", "full"),
                "instances": GREY.labels,
                "licence": "free",
                "titles": ("a", "b", "c", "d"),
                "notes": ("read in grey",),
                "validation": 1,
                "colours": ("#000000", "#ffffff"),
            },
        ),
        "Dataset.take": lambda: Tried(GREY.take, {"places": (2, 0)}),
        "Dataset.split": lambda: Tried(GREY.split, {"share": 0.5, "seed": 1}),
        "Explorer": lambda: Tried(_explorer, {**design, "dataset": GREY, "link": None}),
        "Explorer.tab": lambda: Tried(_tab, {"title": "Build"}),
        "Explorer.teach": lambda: Tried(
            unet_explorer.explore("classroom").teach, {"lesson": "why-572"}, also=(LessonError,)
        ),
        "Explorer.save": lambda: Tried(
            _anew(unet_explorer.explore("classroom").save),
            {"path": f"{_folder()}/anew.svg", "what": "figure", "overwrite": True},
            also=(FileExistsError, PermissionError),
        ),
        "Explorer.config": lambda: Tried(_setter(unet_explorer.explore("classroom"), "config"), {"config": NETWORK}),
        "Explorer.tile": lambda: Tried(_setter(unet_explorer.explore("classroom"), "tile"), {"tile": (20, 24)}),
        "ShapeError": lambda: Tried(ShapeError, {"config": NETWORK, "tile": (21, 24)}),
        "Tiling": lambda: Tried(
            Tiling, {"config": NETWORK, "image_shape": (50, 60), "tile": (20, 24), "seamless": True}
        ),
        "Tiling.__getitem__": lambda: Tried(
            Tiling(NETWORK, (50, 60), 20).__getitem__, {"number": 3}, {"number": ("tile",)}, (IndexError,)
        ),
        "Trace.__getitem__": lambda: Tried(trace(NETWORK, 20).__getitem__, {"step": "head"}, also=(KeyError,)),
        "TrainingSession": lambda: Tried(
            _session, {**design, "dataset": GREY, "worker": None, "validation": GREY, **Recipe().to_dict()}
        ),
        "TrainingSession.start": lambda: Tried(_stopped().start, {"force": True, "paused": False}),
        "TrainingSession.join": lambda: Tried(_stopped().join, {"seconds": 0.1}),
        "TrainingSession.model": lambda: Tried(_stopped().model, {"which": "best"}, ends="Nothing was saved yet"),
        "TrainingSession.weights": lambda: Tried(_stopped().weights, {"which": "best"}, ends="Nothing was saved yet"),
        "TrainingSession.predictions": lambda: Tried(_stopped().predictions, {"epoch": 0}),
        "TrainingSession.discard": lambda: Tried(_stopped().discard, {"keep_files": True}),
        "TrainingSession.unfinished": lambda: Tried(TrainingSession.unfinished, {"worker": Worker()}),
        "TrainingSession.reopen": lambda: Tried(
            TrainingSession.reopen,
            {"name": "nowhere", "worker": None},
            ends="There is no training of the name 'nowhere'",
        ),
        "UNetConfig": lambda: Tried(
            UNetConfig, {name: each for name, each in NETWORK.to_dict().items() if name != "version"}
        ),
        "UNetConfig.from_dict": lambda: Tried(
            UNetConfig.from_dict, {"values": NETWORK.to_dict()}, {"values": ("design", "key")}
        ),
        "best_tile": lambda: Tried(
            unet_explorer.best_tile, {"config": NETWORK, "image_shape": (50, 60), "limit": "2 GB", "batch_size": 2}
        ),
        "build_model": lambda: Tried(unet_explorer.build_model, design),
        "cells": lambda: Tried(cells, sized),
        "estimate_memory": lambda: Tried(unet_explorer.estimate_memory, {**design, "batch_size": 2, "training": True}),
        "exercises": lambda: Tried(unet_explorer.exercises, {**design, "seed": 3, "count": 4}),
        "explore": lambda: Tried(
            _explore,
            {
                "design": NETWORK,
                "tile": (20, 24),
                "dataset": GREY,
                "lock": ["depth"],
                "hide": ["totals"],
                "lesson": "why-572",
            },
            also=(LessonError,),
        ),
        "from_folder": lambda: Tried(
            unet_explorer.from_folder,
            {
                "path": f"{_folder()}/images",
                "masks": f"{_folder()}/masks",
                "grey": True,
                "limit": 2,
                "labels": "classes",
                "planes": "channels",
                "threshold": 0.5,
                "ignore": 7,
                "classes": ("empty", "full"),
                "progress": print,
            },
            {"path": ("folder", "images"), "masks": ("folder", "mask"), "threshold": ("dark",)},
        ),
        "from_stack": lambda: Tried(
            unet_explorer.from_stack,
            {
                "images": IMAGES,
                "labels": LABELS,
                "name": "mine",
                "labels_are": "classes",
                "planes": "images",
                "threshold": 0.5,
                "ignore": 7,
                "classes": ("empty", "full"),
            },
            dict.fromkeys(("images", "labels"), ("plain file", "cannot be read")),
        ),
        "grid": lambda: Tried(
            unet_explorer.grid,
            {
                "like": NETWORK,
                "tile": 20,
                **{name: each for name, each in NETWORK.to_dict().items() if name != "version"},
            },
        ),
        "membranes": lambda: Tried(membranes, sized),
        "nearest_sizes": lambda: Tried(unet_explorer.nearest_sizes, {"config": NETWORK, "n": 20}),
        "open_image": lambda: Tried(
            unet_explorer.open_image,
            {
                "path": f"{_folder()}/images/one.png",
                "planes": "channels",
                "plane": 0,
                "level": 0,
                "channel": 0,
                "z": 0,
                "t": 0,
            },
            {"path": ("file", "damaged")},
        ),
        "plan": lambda: Tried(unet_explorer.plan, {"config": NETWORK}),
        "predict_folder": _predicting_folder,
        "predict_image": _predicting,
        "read_answers": lambda: Tried(unet_explorer.read_answers, {"path": _answers()}),
        "receptive_field": lambda: Tried(unet_explorer.receptive_field, {**design, "step": "head", "pixel": (1, 0)}),
        "save_curves": lambda: Tried(
            _anew(unet_explorer.save_curves),
            {"history": History(losses=[0.7, 0.6]), "path": f"{_folder()}/anew.csv", "overwrite": True},
        ),
        "save_dataset": lambda: Tried(
            _anew(unet_explorer.save_dataset),
            {
                "dataset": GREY,
                "path": f"{_folder()}/anew",
                "layout": "cellpose",
                "name": "grey",
                "overwrite": True,
            },
            {"path": ("folder",)},
            also=(FileExistsError, PermissionError),
        ),
        "save_maps": lambda: Tried(
            _anew(unet_explorer.save_maps),
            {
                "maps": np.zeros((4, 5, 3), "float32"),
                "path": f"{_folder()}/anew.npy",
                "step": "head",
                "overwrite": True,
            },
        ),
        "save_notebook": lambda: Tried(
            _anew(unet_explorer.save_notebook),
            {"path": f"{_folder()}/anew.ipynb", **design, "recipe": {"steps": 7}, "dataset": GREY, "overwrite": True},
            {"recipe": ("key", "augmentation", "steps")},
            (FileExistsError, PermissionError),
        ),
        "save_tiling": lambda: Tried(
            _anew(unet_explorer.save_tiling),
            {
                "tiling": Tiling(NETWORK, (50, 60), 20),
                "path": f"{_folder()}/anew.svg",
                "image": np.zeros((50, 60)),
                "overwrite": True,
            },
        ),
        "save_exercises": lambda: _saving("save_exercises", "sheet.md", **design, seed=3, count=4, key=True),
        "save_inventory": lambda: _saving("save_inventory", "before.md", form="after", key=True),
        "save_sweep": lambda: Tried(
            _anew(unet_explorer.save_sweep),
            {
                "sweep": [run_of("unet1-t188-d3-f8-11hrn49", 0, "done", iou=0.5, macs=9)],
                "path": f"{_folder()}/anew.svg",
                "cost": "macs",
                "overwrite": True,
            },
        ),
        "score": lambda: Tried(unet_explorer.score, {"answers": ("A", "b", "", None) * 5, "form": "after"}),
        "save_figure": lambda: _saving("save_figure", "u.svg", **design, **asdict(FigureOptions())),
        "save_page": lambda: _saving("save_page", "page.html", **design, model=unet_explorer.build_model(NETWORK)),
        "save_table": lambda: _saving("save_table", "layers.csv", **design),
        "save_model": lambda: Tried(
            _save_model,
            {**_network_for("unet.onnx"), "overwrite": True},
            {"path": ("folder",)},
            # Where a path leads, somebody's folder may be.
            also=(FileExistsError,),
        ),
        "save_package": lambda: Tried(
            _save_package,
            {**_network_for("unet.zip"), "authors": ("Ada Lovelace",), "license": "MIT", "overwrite": True},
            {"path": ("folder",)},
            also=(FileExistsError,),
        ),
        "shapes": lambda: Tried(shapes, sized),
        "sweep": lambda: Tried(
            _sweep,
            {
                "designs": [(NETWORK, 20)],
                "dataset": GREY,
                "seeds": (0, 1),
                "steps": 2,
                "client": None,
                "out": f"{_folder()}/sweep",
                "recipe": {"batch_size": 2},
                "memory": "2 GB",
                "halving": 3,
                "workers": 1,
                "progress": lambda run, total: None,
                "again": True,
            },
            {"out": ("folder",), "recipe": ("key", "augmentation", "steps"), "designs": ("design",)},
        ),
        "tile_for_output": lambda: Tried(unet_explorer.tile_for_output, {"config": NETWORK, "wanted": 20}),
        "to_script": lambda: Tried(unet_explorer.to_script, {**design, "framework": "torch"}),
        "trace": lambda: Tried(trace, design),
        "valid_sizes": lambda: Tried(unet_explorer.valid_sizes, {"config": NETWORK, "low": 10, "high": 40}),
    }


@cache
def _answers() -> str:
    """One sheet of the inventory, handed in."""
    path = Path(_folder()) / "answers.csv"
    path.write_text("form,crop\nbefore,A\n", "utf-8")
    return str(path)


def _sweep(**given: Any) -> Any:
    """What is asked for is read, and nothing is taught."""
    with mock.patch("unet_explorer.sweeps.sweeping.opened_course") as course:
        course.return_value.__enter__.return_value.rows = ()
        return unet_explorer.sweep(**given)


def _saving(name: str, file: str, **good: Any) -> Tried:
    """What saves a file; the file of the call before is not there any more."""
    path = Path(_folder()) / file

    def call(**given: Any) -> None:
        path.unlink(missing_ok=True)
        getattr(unet_explorer, name)(**given)

    return Tried(call, {**good, "path": str(path), "overwrite": False}, {"path": ("folder", "file")})


def _network_for(name: str) -> dict[str, Any]:
    return {"path": name, "session_or_model": unet_explorer.build_model(NETWORK)}


def _save_model(**given: Any) -> str:
    Path("unet.onnx").unlink(missing_ok=True)
    # Whatever has no ending would become a folder, which takes Keras a while.
    with mock.patch("unet_explorer.export.models._write_saved_model"):
        return str(unet_explorer.save_model(**given))


def _save_package(**given: Any) -> str:
    Path("unet.zip").unlink(missing_ok=True)
    with mock.patch("unet_explorer.export.package._answer", return_value=np.ones((1, 1, 2), "float32")):
        return str(unet_explorer.save_package(**given))


def _predicting() -> Tried:
    good = {
        "model": unet_explorer.build_model(NETWORK),
        "image": np.zeros((24, 28), "float32"),
        "tile": (20, 24),
        "batch_size": 2,
        "normalize": True,
        "out": np.zeros((24, 28, 2)),
        "progress": lambda done, total: None,
        "client": None,
        "again": False,
    }
    return Tried(unet_explorer.predict_image, good, {"image": ("file", "damaged", "out"), "out": ("image",)})


def _predicting_folder() -> Tried:
    images = Path(_folder()) / "alone"
    images.mkdir(exist_ok=True)
    np.save(images / "one.npy", np.zeros((24, 28), "uint8"))
    good = {
        "model": unet_explorer.build_model(NETWORK),
        "folder": str(images),
        "out": f"{images}-predicted",
        "save": ["mask"],
        "again": True,
        "progress": lambda done, total: None,
    }
    return Tried(unet_explorer.predict_folder, good, {"out": ("folder",)})


TABLE = _table()
