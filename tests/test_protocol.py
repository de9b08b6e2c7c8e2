"""What really crosses the wire, held against the types that say so."""

from __future__ import annotations

import types
import typing

import numpy as np
import pytest
from hands import SMALL, TILE

from unet_explorer import cells
from unet_explorer.learning import protocol
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.store import Store

pytestmark = pytest.mark.tensorflow
CONFIG = SMALL.to_dict()
FRESH = {"training": "", "folder": "", "config": CONFIG}
IMAGE = np.random.default_rng(0).normal(size=(*TILE, 1)).astype("float32")


def variants(union):
    return [each for each in typing.get_args(union) for each in (variants(each) or [each])]


def kinds(typed, key):
    return set(typing.get_args(typing.get_type_hints(typed)[key]))


def fits(value, kind):
    """Whether a value is of a type, as far as the protocol's types go."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if hasattr(origin, "__value__"):  # NumPy's types are aliases from Python 3.12 on
        return fits(value, origin.__value__[arguments])
    if kind is typing.Any:
        return True
    if typing.is_typeddict(kind):
        hints = typing.get_type_hints(kind)
        return value.keys() == hints.keys() and all(fits(value[key], hints[key]) for key in hints)
    if origin is typing.Literal:
        return value in arguments
    if origin is list:
        return isinstance(value, list) and all(fits(each, arguments[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(fits(each, arguments[1]) for each in value.values())
    if origin is tuple:
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    if origin in {typing.Union, types.UnionType}:
        return any(fits(value, each) for each in arguments)
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype == typing.get_args(arguments[1])[0]
    return isinstance(value, (int, float) if kind is float else kind) and (kind is bool or not isinstance(value, bool))


@pytest.fixture(scope="module")
def sent(tmp_path_factory):
    """Everything that a worker sends when it is asked for all there is."""
    from unet_explorer.learning.worker import scheduler as module

    events = []
    folder = tmp_path_factory.mktemp("trainings")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("UNET_EXPLORER_STATE", str(folder))
        patched.setattr(module, "_warm_up", lambda: None)
        scheduler = module.Scheduler(events.append, set())
        store = Store.new()
        store.write("order.json", Order(SMALL, TILE, Recipe(steps=3, steps_per_epoch=2, batch_size=1)).to_dict())
        store.write_dataset(cells(4, size=96))
        name, weights = store.folder.name, {"training": store.folder.name, "folder": str(store.folder)}
        requests = [
            {"do": "build", "request": "Build 1", "config": CONFIG, "tile": list(TILE)},
            {"do": "maps", "request": "Inside 1", "step": "enc1_pool", "channel": 0, "tile": IMAGE, **FRESH},
            {"do": "stop_maps", "of": "Inside 1"},
            {"do": "predict", "request": "Tile 1", "size": [76, 76], "seamless": True, "image": IMAGE, **FRESH},
            {"do": "probabilities", "request": "Saver 1", "of": "Tile 1"},
            {"do": "stop_prediction"},
            {"do": "predict", "request": "Tile 2", "size": [76, 76], "seamless": False, "image": IMAGE, **FRESH},
            {"do": "probabilities", "request": "Saver 2", "of": "Tile 1"},
            {"do": "train", "request": name, "folder": str(store.folder), "paused": True},
            {"do": "maps", "request": "Inside 2", "step": "head", "channel": 1, "tile": IMAGE, **FRESH | weights},
            *({"do": do, "request": name} for do in ("step", "resume", "pause", "stop")),
            {"do": "train", "request": name, "folder": str(store.folder), "paused": False},
            {"do": "build", "request": "Build 2", "config": {"depth": 99}, "tile": list(TILE)},
            {"do": "fly", "request": "Build 3"},
            {"do": "fly"},
        ]
        for request in requests:
            scheduler.handle(request)
            while scheduler.busy and request["do"] not in {"stop_prediction", "resume"}:
                scheduler.advance()
    return requests, events


def test_every_request_and_every_event_is_written_down(sent):
    requests, events = sent
    asked = {do for typed in variants(protocol.Request) for do in kinds(typed, "do")}
    assert {request["do"] for request in requests} == asked | {"fly"}
    answered = {event for typed in variants(protocol.Event) for event in kinds(typed, "event")}
    # The worker's main says that it is ready, and nobody is left to say that it is lost.
    assert {event["event"] for event in events} == answered - {"ready", "lost"}


def test_what_is_sent_is_what_its_type_says(sent):
    requests, events = sent
    for request in requests:
        if request["do"] != "fly":
            (typed,) = [each for each in variants(protocol.Request) if request["do"] in kinds(each, "do")]
            assert fits(request, typed), (request, typed)
    for event in events:
        (typed,) = [each for each in variants(protocol.Event) if event["event"] in kinds(each, "event")]
        assert fits(event, typed), (event, typed)


def test_whoever_asked_hears_of_it(sent):
    requests, events = sent
    identifiers = {request.get("request", "") for request in requests}
    assert {event["request"] for event in events} <= identifiers
    assert [event["request"] for event in events if event["event"] == "failed"] == ["Saver 2", "Build 2", "Build 3", ""]
    assert {event["request"] for event in events if protocol.closes(event)} == identifiers
