"""The wire between a notebook and its worker: every message that crosses it, a typed dict each.

The notebook sends requests, the worker answers with events; `messages` carries both as plain data. A request says what
to ``do`` and has an identifier in ``request``; whatever answers it bears the same. A training keeps one identifier as
long as it lasts: the name of its folder.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAP_CACHE_BYTES",
    "SCORES_BYTES",
    "Answer",
    "BuildRequest",
    "Built",
    "EpochEnded",
    "Event",
    "Examination",
    "Failed",
    "Layer",
    "Lost",
    "MapView",
    "Maps",
    "MapsRequest",
    "Network",
    "Numbers",
    "PredictRequest",
    "Predicted",
    "Predicting",
    "Probabilities",
    "ProbabilitiesRequest",
    "Ready",
    "Request",
    "StopMapsRequest",
    "StopPredictionRequest",
    "TrainRequest",
    "TrainingControl",
    "TrainingProgress",
    "TrainingStarted",
    "Waits",
    "Weights",
    "closes",
    "superseded_by",
]

MAP_CACHE_BYTES: Final = 256_000_000
"""Bytes of maps that the worker keeps at most, so that the next step is shown at once."""
SCORES_BYTES: Final = 256_000_000
"""Bytes of scores that the worker keeps at most until the next prediction, so that they can be saved."""

# Requests, from the notebook ---------------------------------------------------------------------------------------


class Weights(TypedDict):
    """Whose weights a network has: the name of a training, and its folder; both are empty for fresh weights."""

    training: str
    folder: str


class Network(Weights):
    """Which network a request is about: its design as `UNetConfig.to_dict` writes it, and whose weights it has."""

    config: dict[str, Any]


class BuildRequest(TypedDict):
    """Sent when somebody presses Build: make this network in Keras and describe its layers."""

    do: Literal["build"]
    request: str
    config: dict[str, Any]
    tile: list[int]


class MapsRequest(Network):
    """Sent when Inside shows another step, channel, tile or network: send the maps behind the step.

    ``tile`` is (height, width, channels) as the network takes it. While that network is being trained, the maps are
    sent again now and then until a `StopMapsRequest`.
    """

    do: Literal["maps"]
    request: str
    step: str
    channel: int
    tile: NDArray[np.float32]


class StopMapsRequest(TypedDict):
    """Sent when nobody looks any more: send no more maps of the request ``of``, or of any if it is empty; keep none.

    Two ask for maps, the tab Inside and the card beside the U, and who leaves may be heard after who has come.
    """

    do: Literal["stop_maps"]
    of: str


class PredictRequest(Network):
    """Sent when Tile predicts: segment the image in tiles of this size, and in one piece to compare.

    ``image`` is (height, width, channels) as the network takes it; ``size`` is [height, width] of a tile.
    """

    do: Literal["predict"]
    request: str
    size: list[int]
    seamless: bool
    image: NDArray[np.float32]


class StopPredictionRequest(TypedDict):
    """Sent when somebody presses Stop in Tile: leave the image."""

    do: Literal["stop_prediction"]


class ProbabilitiesRequest(TypedDict):
    """Sent when somebody saves probabilities: send those of the last prediction, that of the request ``of``."""

    do: Literal["probabilities"]
    request: str
    of: str


class TrainRequest(TypedDict):
    """Sent at Start, and when a training goes on from what its folder holds; ``paused`` waits for the first step."""

    do: Literal["train"]
    request: str
    folder: str
    paused: bool


class TrainingControl(TypedDict):
    """Sent to a training that goes on: pause it, resume it, take one step, or stop it."""

    do: Literal["pause", "resume", "step", "stop"]
    request: str


Request = (
    BuildRequest
    | MapsRequest
    | StopMapsRequest
    | PredictRequest
    | StopPredictionRequest
    | ProbabilitiesRequest
    | TrainRequest
    | TrainingControl
)

# Events, from the worker -------------------------------------------------------------------------------------------


class Ready(TypedDict):
    """Sent once, when TensorFlow is imported and requests are served."""

    event: Literal["ready"]
    process: int


class Waits(TypedDict):
    """Sent before that, where others load TensorFlow at this moment, or hold the memory that it takes.

    ``before`` is how many of them come first; 0 if its turn has come.
    """

    event: Literal["waits"]
    before: int


class Lost(TypedDict):
    """Never sent: the notebook's side makes it when the process has ended without being asked to."""

    event: Literal["lost"]
    reason: str


class Failed(TypedDict):
    """Sent instead of an answer; a training that fails is at its end."""

    event: Literal["failed"]
    do: str
    request: str
    reason: str


class Layer(TypedDict):
    """A layer as Keras tells it: [height, width, channels] of its output, and its parameters."""

    shape: list[int]
    parameters: int


class Built(TypedDict):
    """Answers a `BuildRequest`: layers by name, all parameters, and Keras's own summary."""

    event: Literal["built"]
    request: str
    layers: dict[str, Layer]
    parameters: int
    summary: str


class MapView(TypedDict):
    """The maps of one step as they are shown, in 8 bits; see `learning.worker.activations.view`."""

    step: str
    height: int
    width: int
    channels: int
    channel: int
    scale: int
    cell: int
    thumbs: NDArray[np.uint8]
    whole: NDArray[np.uint8]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    dead: NDArray[np.bool_]


class Maps(TypedDict):
    """Answers a `MapsRequest`: a view for each map that the step joins or makes.

    ``at`` is after how many steps of learning the network is, ``best`` whether these are its best weights rather than
    those of now.
    """

    event: Literal["maps"]
    request: str
    step: str
    at: int
    best: bool
    views: list[MapView]


class Numbers(TypedDict):
    """Follows `Maps`: some numbers from before and behind the step; see `learning.worker.patches.patch`."""

    event: Literal["numbers"]
    request: str
    step: str
    channel: int
    numbers: dict[str, NDArray[np.float32]]


class Predicting(TypedDict):
    """Sent while a `PredictRequest` is being served: tiles ``done`` of ``total``."""

    event: Literal["predicting"]
    request: str
    done: int
    total: int


class Predicted(TypedDict):
    """Answers a `PredictRequest`: labels in tiles and in one piece, both (height, width), and how they differ.

    ``difference`` (height, width) shows it in 8 bits, 255 standing for ``scale``; ``flipped`` labels are
    others than in one piece, and ``largest`` is the largest difference of a score; ``pieces`` is how many tiles the
    "one piece" took.
    """

    event: Literal["predicted"]
    request: str
    labels: NDArray[np.uint8]
    wanted: NDArray[np.uint8]
    difference: NDArray[np.uint8]
    flipped: int
    largest: float
    scale: float
    pieces: int
    at: int
    best: bool
    seconds: float


class Probabilities(TypedDict):
    """Answers a `ProbabilitiesRequest`: (height, width, classes), from the tiles."""

    event: Literal["probabilities"]
    request: str
    shares: NDArray[np.float32]


class TrainingStarted(TypedDict):
    """Answers a `TrainRequest`; ``step`` is where it goes on from, 0 for a new one.

    ``problem`` says in words what of it could not be read any more.
    """

    event: Literal["started"]
    request: str
    step: int
    problem: str


class TrainingProgress(TypedDict):
    """Sent a few times a second while a training runs, and in answer to a `TrainingControl`.

    ``points`` are the [step, loss] that were not sent yet, ``seconds`` the time spent learning so far, ``waited`` how
    much of it was spent waiting for batches.
    """

    event: Literal["progress", "paused", "resumed", "stopped", "finished"]
    request: str
    step: int
    points: list[tuple[int, float]]
    seconds: float
    waited: float


class Examination(TypedDict):
    """The figures of one examination, counted from epoch 1; 0 is before the first step. They are kept on disc as well.

    ``table`` is the table of confusion, (classes, classes); ``seconds`` is how long the examination took.
    """

    epoch: int
    step: int
    iou: float | None
    table: list[list[int]]
    seconds: float


class EpochEnded(Examination):
    """Sent after each examination of a network in training; ``problem`` says in words what could not be saved."""

    event: Literal["epoch"]
    request: str
    problem: str


Answer = (
    Built | Maps | Numbers | Predicting | Predicted | Probabilities | TrainingStarted | TrainingProgress | EpochEnded
)
Event = Ready | Lost | Failed | Answer

# Which answers are due ---------------------------------------------------------------------------------------------

_LAST: Final = frozenset({"failed", "built", "maps", "predicted", "probabilities", "stopped", "finished"})
_SUPERSEDED: Final[dict[str, frozenset[str]]] = {
    "maps": frozenset({"maps"}),
    "stop_maps": frozenset({"maps"}),
    "predict": frozenset({"predict"}),
    "stop_prediction": frozenset({"predict"}),
}


def closes(event: Event) -> bool:
    """Whether an event is the last that a request is owed; maps of a network in training may still be sent again.

    Example:
        >>> closes({"event": "predicting", "request": "Tile 1", "done": 3, "total": 9})
        False
    """
    return event["event"] in _LAST


def superseded_by(do: str) -> frozenset[str]:
    """Kinds of requests that are not answered any more once this one is sent.

    Example:
        >>> superseded_by("stop_maps")
        frozenset({'maps'})
    """
    return _SUPERSEDED.get(do, frozenset())
