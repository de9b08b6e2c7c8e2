"""Whatever is handed to a public function, out of order or out of range: a result, or a sentence that helps."""

from __future__ import annotations

import atexit
import gc
import inspect
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
import pytest
from junk import GREY, NETWORK, as_list, as_numpy, complaint, junk

import unet_explorer
from unet_explorer import Dataset, ShapeError, Tiling, TrainingSession, UNetConfig, cells, membranes, shapes, trace
from unet_explorer.core.config import shown
from unet_explorer.learning.process import Worker
from unet_explorer.learning.recipe import Recipe

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
    names: dict[str, tuple[str, ...]] = {}
    also: tuple[type[Exception], ...] = ()
    ends: str = ""

    def complaint(self, given: dict[str, Any]) -> str:
        """What is wrong with how the call ends, with these in place of right values."""
        names = tuple(name for each in given for name in (each, *NAMES.get(each, ()), *self.names.get(each, ())))
        return complaint(
            lambda: self.call(**{**self.good, **given}), names, tuple(given.values()), self.also, self.ends
        )


NAMES = {"dataset": ("data set",), "images": ("image",), "labels": ("label",), "tile": ("data ?set",)}
"""What errors call an argument, besides its name."""
RESULTS = {"Step", "Trace"}
"""What the package gives, and nobody makes."""
CALLED_BACK = {"on_ready", "on_lost", "on_failed", "on_answer"}
"""What `Requests` tells a session; no one else calls these."""


def _setter(panel: Any, name: str) -> Callable[..., None]:
    return lambda **given: setattr(panel, name, given[name])


def _explore(**given: Any) -> None:
    unet_explorer.explore(**given).close()


def _explorer(**given: Any) -> None:
    unet_explorer.Explorer(**given).close()


def _tab(title: Any) -> None:
    panel = unet_explorer.explore("classroom")
    panel._make = lambda _: [None]  # No tab, and no worker for it.
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
            },
        ),
        "Dataset.take": lambda: Tried(GREY.take, {"places": (2, 0)}),
        "Dataset.split": lambda: Tried(GREY.split, {"share": 0.5, "seed": 1}),
        "Explorer": lambda: Tried(_explorer, {**design, "dataset": GREY}),
        "Explorer.tab": lambda: Tried(_tab, {"title": "Build"}),
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
        "TrainingSession": lambda: Tried(_session, {**design, "dataset": GREY, "worker": None, **Recipe().to_dict()}),
        "TrainingSession.start": lambda: Tried(_stopped().start, {"force": True, "paused": False}),
        "TrainingSession.join": lambda: Tried(_stopped().join, {"seconds": 0.1}),
        "TrainingSession.model": lambda: Tried(_stopped().model, {"which": "best"}, ends="Nothing was saved yet"),
        "TrainingSession.predictions": lambda: Tried(_stopped().predictions, {"epoch": 0}),
        "TrainingSession.discard": lambda: Tried(_stopped().discard, {"keep_files": True}),
        "TrainingSession.unfinished": lambda: Tried(TrainingSession.unfinished, {"worker": Worker()}),
        "TrainingSession.reopen": lambda: Tried(
            TrainingSession.reopen,
            {"name": "no such", "worker": None},
            ends="There is no training of the name 'no such'",
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
        "explore": lambda: Tried(_explore, {"design": NETWORK, "tile": (20, 24), "dataset": GREY}),
        "from_folder": lambda: Tried(
            unet_explorer.from_folder,
            {
                "path": f"{_folder()}/images",
                "masks": f"{_folder()}/masks",
                "grey": True,
                "limit": 2,
                "labels": "classes",
            },
            {"path": ("folder", "images"), "masks": ("folder",)},
        ),
        "from_stack": lambda: Tried(
            unet_explorer.from_stack,
            {"images": IMAGES, "labels": LABELS, "name": "mine", "labels_are": "classes"},
            dict.fromkeys(("images", "labels"), ("plain file",)),
        ),
        "membranes": lambda: Tried(membranes, sized),
        "nearest_sizes": lambda: Tried(unet_explorer.nearest_sizes, {"config": NETWORK, "n": 20}),
        "open_image": lambda: Tried(
            unet_explorer.open_image, {"path": f"{_folder()}/images/one.png"}, {"path": ("file",)}
        ),
        "plan": lambda: Tried(unet_explorer.plan, {"config": NETWORK}),
        "predict_image": _predicting,
        "receptive_field": lambda: Tried(unet_explorer.receptive_field, {**design, "step": "head", "pixel": (1, 0)}),
        "shapes": lambda: Tried(shapes, sized),
        "tile_for_output": lambda: Tried(unet_explorer.tile_for_output, {"config": NETWORK, "wanted": 20}),
        "to_script": lambda: Tried(unet_explorer.to_script, design),
        "trace": lambda: Tried(trace, design),
        "valid_sizes": lambda: Tried(unet_explorer.valid_sizes, {"config": NETWORK, "low": 10, "high": 40}),
    }


def _predicting() -> Tried:
    model = unet_explorer.build_model(NETWORK)
    good = {
        "model": model,
        "image": np.zeros((24, 28), "float32"),
        "tile": (20, 24),
        "batch_size": 2,
        "normalize": True,
    }
    return Tried(
        unet_explorer.predict_image, {**good, "out": np.zeros((24, 28, 2)), "progress": lambda done, total: None}
    )


TABLE = _table()
KERAS = {"build_model", "predict_image"}
CASES = [pytest.param(name, marks=[pytest.mark.tensorflow] * (name in KERAS)) for name in TABLE]


@pytest.fixture
def tried(request, state, tmp_path, monkeypatch) -> Tried:
    # What is taken for a path leads nowhere.
    monkeypatch.chdir(tmp_path)
    return TABLE[request.param]()


def _public() -> Iterator[tuple[str, Any]]:
    """All that can be called with arguments, by name; of classes, what this package wrote itself."""
    for name in unet_explorer.__all__:
        thing = getattr(unet_explorer, name)
        if not callable(thing) or name in RESULTS:
            continue
        yield name, thing
        if inspect.isclass(thing):
            for method, made in vars(thing).items():
                if method != "__getitem__" and (method.startswith("_") or method in CALLED_BACK):
                    continue
                if isinstance(made, property) and made.fset:
                    yield f"{name}.{method}", made.fset
                elif isinstance(made, classmethod) or inspect.isfunction(made):
                    yield f"{name}.{method}", getattr(thing, method)


def _arguments(thing: Any) -> list[inspect.Parameter]:
    return [each for each in inspect.signature(thing).parameters.values() if each.name != "self"]


def test_every_public_callable_and_every_argument_is_tried(state):
    public = {name: _arguments(thing) for name, thing in _public()}
    asked = {name for name, arguments in public.items() if arguments}
    assert asked - TABLE.keys() == set(), "put it into the table of this file"
    assert TABLE.keys() - asked == {"Trace.__getitem__"}
    for name in asked:
        named = {each.name for each in public[name] if each.kind is not each.VAR_KEYWORD}
        more = {each.name for each in fields(Recipe)} if name == "TrainingSession" else set()
        tried = set(TABLE[name]().good) if name not in KERAS else named
        assert tried == (tried if name.startswith("Explorer.") else named | more), name


@pytest.mark.parametrize("tried", CASES, indirect=True)
def test_a_right_call_has_no_complaint(tried):
    assert tried.complaint({}) == ""


@pytest.mark.parametrize("tried", CASES, indirect=True)
def test_whatever_is_given_is_taken_or_refused_in_a_sentence(tried, capsys):
    found = [
        f"{name}={shown(value)} → {words}"
        for name in tried.good
        for value in junk()
        # What somebody's own function makes of two numbers is theirs.
        if not (name == "progress" and callable(value)) and (words := tried.complaint({name: value}))
    ]
    assert found == []


@pytest.mark.parametrize("tried", CASES, indirect=True)
def test_two_arguments_in_each_other_s_place_are_told(tried):
    found = [
        f"{one} and {other} swapped → {words}"
        for one, other in combinations(tried.good, 2)
        if (words := tried.complaint({one: tried.good[other], other: tried.good[one]}))
    ]
    assert found == []


@pytest.mark.parametrize("tried", CASES, indirect=True)
def test_numbers_of_numpy_and_lists_are_as_good_as_plain_ones(tried):
    for other in (as_numpy, as_list):
        swapped = {name: other(value) for name, value in tried.good.items()}
        try:
            assert _plain(tried.call(**swapped)) == _plain(tried.call(**tried.good))
        except Exception as error:
            assert tried.ends, error
            assert str(error).startswith(tried.ends)


def _plain(result: Any) -> str:
    return repr(result) if not isinstance(result, Tiling) else str(result)


CONFIG = UNetConfig()
SWAPPED = {
    "give the network first, then 572": [
        lambda: trace(572, CONFIG),
        lambda: unet_explorer.to_script(572, CONFIG),
        lambda: unet_explorer.estimate_memory(572, CONFIG),
        lambda: unet_explorer.nearest_sizes(572, CONFIG),
        lambda: unet_explorer.tile_for_output(572, CONFIG),
        lambda: unet_explorer.valid_sizes(572, CONFIG),
        lambda: unet_explorer.build_model(572, CONFIG),
        lambda: unet_explorer.receptive_field(572, CONFIG, "head", (0, 0)),
        lambda: unet_explorer.best_tile(572, CONFIG, "2 GB"),
        lambda: Tiling(572, (512, 512), CONFIG),
        lambda: ShapeError(572, CONFIG),
    ],
    "give the network first": [lambda: TrainingSession(GREY, CONFIG, 572)],
    "give the dataset first": [lambda: TrainingSession(CONFIG, 572, GREY)],
    "give the design first, then 572": [
        lambda: unet_explorer.explore(572, CONFIG),
        lambda: unet_explorer.explore(572, "paper"),
    ],
    "write UNetConfig\\(\\)": [lambda: trace(UNetConfig, 572)],
    "give its .config": [lambda: trace(unet_explorer.PRESETS["paper"], 572)],
    "UNetConfig.from_dict": [lambda: trace(CONFIG.to_dict(), 572)],
}


@pytest.mark.parametrize(
    ("words", "call"), [(words, call) for words, calls in SWAPPED.items() for call in calls], ids=str
)
def test_an_order_that_can_be_recognised_is_said(words, call):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.tensorflow
def test_the_image_before_the_network_is_said():
    model, image = unet_explorer.build_model(NETWORK), np.zeros((24, 28))
    with pytest.raises(ValueError, match="model=.* is no network, but what follows is one: give the network first"):
        unet_explorer.predict_image(image, model)


def test_a_panel_that_is_refused_leaves_no_noise_when_it_is_collected():
    """A widget that was never made is closed when it is collected; what that throws would be printed."""
    unraisable = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", unraisable.append)
        with pytest.raises(ValueError, match="config="):
            unet_explorer.Explorer("paper", (188, 188))
        gc.collect()
    assert unraisable == []
