"""What the worker does with a request, and with the time between two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import keras

from unet_explorer.core.config import UNetConfig
from unet_explorer.data.cells import cells
from unet_explorer.learning.messages import Message
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.store import Store
from unet_explorer.learning.worker.inspection import Looking
from unet_explorer.learning.worker.learner import DivergedError, Learner
from unet_explorer.learning.worker.networks import Networks
from unet_explorer.learning.worker.segmentation import Segmenting
from unet_explorer.learning.worker.task import Task
from unet_explorer.learning.worker.training import Course
from unet_explorer.model import build_model

__all__ = ["Desk"]

_TEACHING: Final = frozenset({"train", "pause", "resume", "step", "stop"})


class Desk:
    """Takes requests, one at a time, and tells what comes of them.

    What takes long is done bit by bit, so that the next request is soon heard: trainings take a step each in turn, and
    images are predicted tile by tile between them.

    Args:
        tell: Sends a message.
        stops: Names of trainings that shall stop; filled from outside as soon as that is asked for, so that a long
            examination ends early.
    """

    def __init__(self, tell: Callable[[Message], None], stops: set[str]) -> None:
        self.tell, self.stops = tell, stops
        self.courses: dict[str, Course] = {}
        networks = Networks(self.courses)
        self._looking = Looking(tell, self._failed, networks)
        self._segmenting = Segmenting(tell, networks)
        self._image = Task(self._failed)
        self._turn = 0
        _warm_up()

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being asked."""
        working = self._image.busy or self._looking.busy
        return working or any(course.running for course in self.courses.values())

    def answer(self, message: Message) -> None:
        """Do what is asked. Whatever goes wrong is told, and the desk stays open."""
        try:
            getattr(self, f"_do_{message['do']}")(message)
        except Exception as error:  # noqa: BLE001  # a worker that ends for one request would take all others along
            self._failed(message, error)

    def advance(self) -> None:
        """One step of a training, then a piece of an image, in turn; and a look inside, if one is due."""
        held = self._looking.holds
        running = [course for course in self.courses.values() if course.running and course.name != held]
        self._turn += 1
        if running:
            course = running[self._turn % len(running)]
            try:
                course.advance()
            except Exception as error:  # noqa: BLE001  # as above
                self._failed({"do": "train", "training": course.name}, error)
            else:
                self._looking.look_again(course.name, at_once=course.ended)
                if course.ended:
                    # All that it leaves is on disc.
                    self._drop(course.name)
        self._image.advance()
        self._looking.advance()

    def _failed(self, message: Message, error: Exception) -> None:
        named = ("do", "request")
        if message["do"] in _TEACHING:
            self._drop(message["training"])
            named = ("do", "training")
        self.tell({"event": "failed", **{key: message[key] for key in named if key in message}, "words": _words(error)})

    def _drop(self, training: str) -> None:
        course = self.courses.pop(training, None)
        if course:
            course.learner.close()
        if not self.courses:
            # Keras keeps what it has built; a class tries many designs.
            keras.utils.clear_session()

    # Building and teaching ---------------------------------------------------------------------------------------

    def _do_build(self, message: Message) -> None:
        config = UNetConfig.from_dict(message["config"])
        model = build_model(config, tuple(message["tile"]))
        summary: list[str] = []
        model.summary(print_fn=summary.append)
        layers = {
            layer.name: {"shape": list(layer.output.shape[1:]), "parameters": layer.count_params()}
            for layer in model.layers
        }
        built = {"layers": layers, "parameters": model.count_params(), "summary": "\n".join(summary)}
        self.tell({"event": "built", "request": message["request"], **built})

    def _do_train(self, message: Message) -> None:
        name = message["training"]
        self._do_stop(message)
        course = Course(Store(Path(message["folder"])), self.tell, lambda: bool(self.stops))
        course.running = not message["paused"]
        self.courses[name] = course
        self.tell({"event": "started", "training": name, "step": course.learner.step, "paused": message["paused"]})

    def _do_pause(self, message: Message) -> None:
        course = self.courses.get(message["training"])
        if course:
            course.running = False
            course.report("paused")

    def _do_resume(self, message: Message) -> None:
        course = self.courses.get(message["training"])
        if course and not course.ended:
            course.running = True
            course.report("resumed")

    def _do_step(self, message: Message) -> None:
        course = self.courses.get(message["training"])
        if course and not course.ended:
            course.running = False
            self._looking.finish(course.name)
            course.advance()
            if not course.ended:
                course.report("paused")
            self._looking.look_again(course.name, at_once=True)

    def _do_stop(self, message: Message) -> None:
        name = message["training"]
        if name in self.courses:
            self.courses[name].report("stopped")
        self._drop(name)
        self.stops.discard(name)

    # Looking --------------------------------------------------------------------------------------------------------

    def _do_look(self, message: Message) -> None:
        self._looking.look(message)

    def _do_look_away(self, _: Message) -> None:
        self._looking.look_away()

    def _do_segment(self, message: Message) -> None:
        self._image.start(self._segmenting.segment(message), message)

    def _do_leave_image(self, _: Message) -> None:
        self._image.leave()


def _words(error: Exception) -> str:
    """What went wrong, as a learner can use it."""
    if isinstance(error, DivergedError):
        return f"The training came apart: {error}. Steps this large overshoot: lower the learning rate, to a tenth say."
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind in {"ResourceExhaustedError", "InternalError"}:
        return "The memory of this machine is used up. Take fewer tiles a batch, a smaller tile, or fewer filters."
    if isinstance(error, OSError):
        return f"The training cannot be read or written: {error}."
    said = str(error).splitlines()[:1]
    return f"Something went wrong in the worker ({': '.join([kind, *said])})."


def _warm_up() -> None:
    """Let Keras do once what takes it long the first time, so that the first Start is quick."""
    config = UNetConfig(depth=1, base_filters=1, convs_per_block=1)
    tiny = Learner(Order(config, (10, 10), Recipe(steps=1, batch_size=1)), cells(2, size=16))
    tiny.advance()
    tiny.examine(lambda: False)
    tiny.close()
    keras.utils.clear_session()
