"""What the worker does with a request, and with the time between two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import keras

from unet_explorer.core.config import UNetConfig
from unet_explorer.data.made.cells import cells
from unet_explorer.learning.protocol import (
    BuildRequest,
    Event,
    Request,
    TrainingControl,
    TrainRequest,
)
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.store import Store
from unet_explorer.learning.worker.inspection import Inspector
from unet_explorer.learning.worker.learner import DivergedError, Learner
from unet_explorer.learning.worker.networks import Networks
from unet_explorer.learning.worker.segmentation import GoneError, Segmentation
from unet_explorer.learning.worker.task import Task
from unet_explorer.learning.worker.training import Training
from unet_explorer.model import build_model

__all__ = ["Scheduler"]

_OF_A_TRAINING: Final = frozenset({"train", "pause", "resume", "step", "stop"})


class Scheduler:
    """Takes requests, one at a time, and sends what comes of them.

    What takes long is done bit by bit, so that the next request is soon heard: trainings take a step each in turn, and
    images are predicted tile by tile between them.

    Args:
        send: Sends an event to the notebook.
        stops: Names of trainings that shall stop; filled from outside as soon as that is asked for, so that a long
            examination ends early.
    """

    def __init__(self, send: Callable[[Event], None], stops: set[str]) -> None:
        self.send, self.stops = send, stops
        self.trainings: dict[str, Training] = {}
        networks = Networks(self.trainings)
        self._inspector = Inspector(send, self._fail, networks)
        self._segmentation = Segmentation(send, networks)
        self._image = Task(self._fail)
        self._turn = 0
        _warm_up()

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being asked."""
        working = self._image.busy or self._inspector.busy
        return working or any(training.running for training in self.trainings.values())

    def handle(self, request: Request) -> None:
        """Do what is asked. Whatever goes wrong is sent as an event, and the worker goes on."""
        try:
            self._dispatch(request)
        except Exception as error:  # noqa: BLE001  # a worker that ends for one request would take all others along
            self._fail(request, error)

    def _dispatch(self, request: Request) -> None:
        match request["do"]:
            case "build":
                self._build(request)
            case "train":
                self._train(request)
            case "maps":
                self._inspector.show(request)
            case "stop_maps":
                self._inspector.stop(request["of"])
            case "predict":
                self._image.start(self._segmentation.predict(request), request)
            case "stop_prediction":
                self._image.leave()
            case "probabilities":
                self._segmentation.send_probabilities(request)
            case "pause" | "resume" | "step" | "stop":
                self._control(request)
            case _:
                raise ValueError(f"there is no such request: {request['do']}")

    def advance(self) -> None:
        """One step of a training, then a piece of an image, in turn; and maps, if some are due."""
        held = self._inspector.holds
        running = [training for training in self.trainings.values() if training.running and training.name != held]
        self._turn += 1
        if running:
            training = running[self._turn % len(running)]
            try:
                training.advance()
            except Exception as error:  # noqa: BLE001  # as above
                self._fail({"do": "step", "request": training.name}, error)
            else:
                self._inspector.follow(training.name, at_once=training.ended)
                if training.ended:
                    # All that it leaves is on disc.
                    self._drop(training.name)
        self._image.advance()
        self._inspector.advance()

    def _fail(self, request: Request, error: Exception) -> None:
        identifier = str(request.get("request", ""))
        if request["do"] in _OF_A_TRAINING:
            self._drop(identifier)
        self.send({"event": "failed", "do": request["do"], "request": identifier, "reason": _reason(error)})

    def _drop(self, name: str) -> None:
        training = self.trainings.pop(name, None)
        if training:
            training.learner.close()
        if not self.trainings:
            # Keras keeps what it has built; a class tries many designs.
            keras.utils.clear_session()

    def _build(self, request: BuildRequest) -> None:
        config = UNetConfig.from_dict(request["config"])
        height, width = request["tile"]
        model = build_model(config, (height, width))
        summary: list[str] = []
        model.summary(print_fn=summary.append)
        self.send(
            {
                "event": "built",
                "request": request["request"],
                "layers": {
                    layer.name: {"shape": list(layer.output.shape[1:]), "parameters": layer.count_params()}
                    for layer in model.layers
                },
                "parameters": model.count_params(),
                "summary": "\n".join(summary),
            }
        )

    def _train(self, request: TrainRequest) -> None:
        name = request["request"]
        self._stop(name)
        training = Training(Store(Path(request["folder"])), self.send, lambda: bool(self.stops))
        training.running = not request["paused"]
        self.trainings[name] = training
        self.send({"event": "started", "request": name, "step": training.learner.step, "problem": training.note})

    def _control(self, request: TrainingControl) -> None:
        name = request["request"]
        training = self.trainings.get(name)
        if request["do"] == "stop":
            self._stop(name)
        elif training and request["do"] == "pause":
            training.running = False
            training.report("paused")
        elif training and not training.ended and request["do"] == "resume":
            training.running = True
            training.report("resumed")
        elif training and not training.ended:
            self._step(training)

    def _step(self, training: Training) -> None:
        training.running = False
        self._inspector.finish(training.name)
        training.advance()
        if not training.ended:
            training.report("paused")
        self._inspector.follow(training.name, at_once=True)

    def _stop(self, name: str) -> None:
        if name in self.trainings:
            self.trainings[name].report("stopped")
        self._drop(name)
        self.stops.discard(name)


def _reason(error: Exception) -> str:
    """What went wrong, as a learner can use it."""
    if isinstance(error, DivergedError):
        return f"The training came apart: {error}. Steps this large overshoot: lower the learning rate, to a tenth say."
    if isinstance(error, GoneError):
        return str(error)
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind in {"ResourceExhaustedError", "InternalError"}:
        return "The memory of this machine is used up. Take fewer tiles per batch, a smaller tile, or fewer filters."
    if isinstance(error, OSError):
        return f"The training cannot be read or written: {error}."
    first_line = str(error).splitlines()[:1]
    return f"Something went wrong in the worker ({': '.join([kind, *first_line])})."


def _warm_up() -> None:
    """Let Keras do once what takes it long the first time, so that the first Start is quick."""
    config = UNetConfig(depth=1, base_filters=1, convs_per_block=1)
    tiny = Learner(Order(config, (10, 10), Recipe(steps=1, batch_size=1)), cells(2, size=16))
    tiny.advance()
    tiny.examine(lambda: False)
    tiny.close()
    keras.utils.clear_session()
