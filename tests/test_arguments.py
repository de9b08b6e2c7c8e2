"""Whatever is handed to a public function, out of order or out of range: a result, or a sentence that helps."""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from callables import TABLE, Tried
from junk import GREY, NETWORK, as_list, as_numpy, junk

import unet_explorer
from unet_explorer import ShapeError, Tiling, TrainingSession, UNetConfig, trace
from unet_explorer.core.config import shown
from unet_explorer.drawing.options import FigureOptions
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.recipe import Recipe
from unet_explorer.sweeps.asked import How

RESULTS = {"Step", "Trace"}
"""What the package gives, and nobody makes."""
CALLED_BACK = {"on_ready", "on_lost", "on_failed", "on_answer"}
"""What `Requests` tells a session; no one else calls these."""
MORE = {"TrainingSession": Recipe, "grid": UNetConfig, "save_figure": FigureOptions, "sweep": How}
"""What else than its own arguments is taken by name."""
KERAS = {"build_model", "predict_folder", "predict_image", "save_model", "save_package", "save_page"}
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
        more = set(MORE[name].__annotations__) if name in MORE else set()
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
        with pytest.raises(TrainingError, match=tried.ends) if tried.ends else nullcontext():
            assert _plain(tried.call(**swapped)) == _plain(tried.call(**tried.good))


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


@pytest.mark.parametrize("words", list(SWAPPED))
@pytest.mark.parametrize("place", range(max(map(len, SWAPPED.values()))))
def test_an_order_that_can_be_recognised_is_said(words, place):
    if place >= len(SWAPPED[words]):
        return
    call = SWAPPED[words][place]
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
