"""What the worker does with a request, and with the time between two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from unet_explorer.config import UNetConfig
from unet_explorer.data.cells import cells
from unet_explorer.learning.activations import patch, view, walk
from unet_explorer.learning.course import Course
from unet_explorer.learning.learner import DivergedError, Learner
from unet_explorer.learning.looks import Looks
from unet_explorer.learning.messages import Message
from unet_explorer.learning.networks import Networks, one_piece
from unet_explorer.learning.predict import classes_of
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.seams import seams, tiled
from unet_explorer.learning.store import Store
from unet_explorer.model import build_model
from unet_explorer.plan import plan
from unet_explorer.tiling import Tiling

__all__ = ["Desk"]

_TEACHING: Final = frozenset({"train", "pause", "resume", "step", "stop"})
_MOMENT: Final = 0.05
"""Seconds that a look goes on before others have a turn."""
_OFTEN: Final = 0.1
"""Seconds between two reports of tiles."""
_PAUSE: Final = 0.4
"""Seconds between two looks inside a network that learns, at least,"""
_SHARE: Final = 4
"""and so many times what a look takes."""


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
        self._networks = Networks(self.courses)
        self._image: Iterator[None] | None = None
        self._asked: Message = {}
        self._watched: Message | None = None
        self._looks = Looks()
        self._looking: Iterator[None] | None = None
        self._looked_for: Message = {}
        self._making: Iterator[None] | None = None
        self._next_look, self._told, self._turn = 0.0, 0.0, 0
        _warm_up()

    @property
    def busy(self) -> bool:
        """Whether there is something to do without being asked."""
        working = any(each is not None for each in (self._image, self._looking, self._making))
        return working or any(course.running for course in self.courses.values())

    def answer(self, message: Message) -> None:
        """Do what is asked. Whatever goes wrong is told, and the desk stays open."""
        try:
            getattr(self, f"_do_{message['do']}")(message)
        except Exception as error:  # noqa: BLE001  # a worker that ends for one request would take all others along
            self._failed(message, error)

    def advance(self) -> None:
        """One step of a training, then a piece of an image, in turn; and a look inside, if one is due."""
        running = [course for course in self.courses.values() if course.running]
        self._turn += 1
        if running:
            course = running[self._turn % len(running)]
            try:
                course.advance()
            except Exception as error:  # noqa: BLE001  # as above
                self._failed({"do": "train", "training": course.name}, error)
            else:
                self._look_again(course, at_once=course.ended)
                if course.ended:
                    # All that it leaves is on disc.
                    self._drop(course.name)
        if self._image is not None and not self._went_on(self._image, self._asked):
            self._image = None
        if self._looking is not None and not self._finish_look():
            return
        self._make_on()

    def _make_on(self) -> None:
        """Make the next of the maps that are kept."""
        if self._making is not None and not self._went_on(self._making, {"do": "look", "request": ""}):
            self._making = None

    def _finish_look(self) -> bool:
        """Go on with a look for a moment; False if it takes longer."""
        end = time.perf_counter() + _MOMENT
        while self._looking is not None and time.perf_counter() < end:
            if not self._went_on(self._looking, self._looked_for):
                self._looking = None
        return self._looking is None

    def _went_on(self, work: Iterator[None], asked: Message) -> bool:
        """Do the next piece of something; False if there is none left."""
        try:
            next(work)
        except StopIteration:
            return False
        except Exception as error:  # noqa: BLE001  # as above
            self._failed(asked, error)
            return False
        return True

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
            course.advance()
            if not course.ended:
                course.report("paused")
            self._look_again(course, at_once=True)

    def _do_stop(self, message: Message) -> None:
        name = message["training"]
        if name in self.courses:
            self.courses[name].report("stopped")
        self._drop(name)
        self.stops.discard(name)

    # Looking --------------------------------------------------------------------------------------------------------

    def _do_look(self, message: Message) -> None:
        """The maps behind a step; again and again, if it is of a network that learns."""
        self._watched = None
        self._start_look(message)

    def _start_look(self, message: Message) -> None:
        self._looking, self._looked_for = self._look(message), message

    def _look(self, message: Message) -> Iterator[None]:
        config = UNetConfig.from_dict(message["config"])
        start = time.perf_counter()
        model, at = self._networks.take(message)
        step, channel = message["step"], message["channel"]
        joined = next((each.inputs for each in plan(config) if each.name == step and len(each.inputs) > 1), None)
        names = joined or (step,)
        if message["training"] in self.courses:
            self._forget_looks()
        elif self._looks.key != (key := (message["config"], message["training"], at, message["tile"].tobytes())):
            self._making = self._looks.make(key, model, config, message["tile"])
        # What rests is kept as it is made, once, also while a look waits for it.
        while self._making is not None and any(map(self._looks.ahead, names)):
            self._make_on()
            yield
        views = [each for each in (self._looks.view(name, channel) for name in names) if each is not None]
        if len(views) == len(names):
            numbers = self._looks.patch(step, channel)
        else:
            found = {step: message["tile"]}
            for last, maps in walk(model, config, message["tile"], step):
                if last.name == step:
                    found = {name: np.asarray(maps[name])[0] for name in (*last.inputs, step)}
                yield
            views, numbers = [view(found[name], channel) for name in names], patch(config, step, found, channel)
        told = {"event": "maps", "request": message["request"], "step": step, "at": at, "patch": numbers}
        told["best"] = message["training"] not in self.courses
        self.tell({**told, "views": [{"step": name, **each} for name, each in zip(names, views, strict=True)]})
        self._next_look = time.perf_counter() + max(_PAUSE, _SHARE * (time.perf_counter() - start))
        if message["training"] in self.courses:
            self._watched = message

    def _look_again(self, course: Course, at_once: bool = False) -> None:
        watched = self._watched
        due = at_once or time.perf_counter() > self._next_look
        if watched and watched["training"] == course.name and due and self._looking is None:
            self._start_look(watched)
            if at_once:
                # Before the network is let go, or the next step is taken.
                while self._looking is not None:
                    self._finish_look()

    def _do_look_away(self, _: Message) -> None:
        self._watched = self._looking = None
        self._forget_looks()

    def _forget_looks(self) -> None:
        self._making = None
        self._looks.forget()

    def _do_segment(self, message: Message) -> None:
        """Predict an image in tiles; a later request takes the place of one that is not done."""
        self._asked = message
        self._image = self._segment(message)

    def _segment(self, message: Message) -> Iterator[None]:
        start = time.perf_counter()
        config = UNetConfig.from_dict(message["config"])
        model, at = self._networks.take(message)
        image = message["image"]
        found: NDArray[np.float32]
        wanted: NDArray[np.float32]
        one = Tiling(config, image.shape, one_piece(config, image.shape))
        many = Tiling(config, image.shape, tuple(message["size"]), seamless=message["seamless"])
        total = len(one) + len(many)
        for done in tiled(model, image, one):
            if isinstance(done, np.ndarray):
                wanted = done
            else:
                self._tell_progress(message, done, total)
                yield
        for done in tiled(model, image, many):
            if isinstance(done, np.ndarray):
                found = done
            else:
                self._tell_progress(message, len(one) + done, total)
                yield
        result = seams(found, wanted, config)._asdict()
        labels = {"labels": classes_of(found, config), "wanted": classes_of(wanted, config)}
        told = {"event": "segmented", "request": message["request"], "at": at, "pieces": len(one)}
        told["best"] = message["training"] not in self.courses
        told["seconds"] = time.perf_counter() - start
        self.tell({**told, **labels, **result})

    def _tell_progress(self, message: Message, done: int, total: int) -> None:
        if time.perf_counter() < self._told + _OFTEN:
            return
        self._told = time.perf_counter()
        self.tell({"event": "segmenting", "request": message["request"], "done": done, "total": total})

    def _do_leave_image(self, _: Message) -> None:
        self._image = None


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
