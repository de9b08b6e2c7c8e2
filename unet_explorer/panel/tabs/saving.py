"""A prediction that the panel shows, as a file that the browser is handed."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import PurePath
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.data.dataset import Image
from unet_explorer.data.decoded import SUFFIXES
from unet_explorer.data.pixel_size import PixelSize
from unet_explorer.data.weights import regions
from unet_explorer.learning.process import Worker
from unet_explorer.learning.protocol import Answer, PredictRequest
from unet_explorer.learning.requests import Requests, UnreachableError
from unet_explorer.predict.exports import write_mask, write_planes, write_table
from unet_explorer.predict.objects import measured

__all__ = ["KINDS", "Kept", "ProbabilitiesAsker", "SavedFile", "file_name", "saved"]

KINDS: Final = {
    "mask-png": ("mask.png", "image/png"),
    "mask-tiff": ("mask.tif", "image/tiff"),
    "probabilities": ("probabilities.tif", "image/tiff"),
    "objects": ("objects.csv", "text/csv"),
}
"""What can be saved: how the file ends, and what browsers call its kind."""
_LONGEST: Final = 80


class SavedFile(NamedTuple):
    """A file: what it is called, its kind as browsers call it, and its bytes."""

    name: str
    type: str
    content: bytes


class Kept(NamedTuple):
    """A prediction as long as it is shown.

    Attributes:
        request: The request that asked for it; the worker knows its probabilities by that.
        labels: (height, width), the class of every pixel.
        image: (height, width, channels), from 0 to 1.
        title: What the image is called.
        classes: Names of the classes, where they are known.
        pixel: How large a pixel is, where that is known.
        asked: The request as it was sent.
        process: The number of the process that predicted it.
    """

    request: str
    labels: NDArray[np.uint8]
    image: Image
    title: str
    classes: tuple[str, ...] = ()
    pixel: PixelSize | None = None
    asked: PredictRequest | None = None
    process: int | None = None


class ProbabilitiesAsker:
    """Asks the worker for the probabilities of a prediction, once somebody saves them: they are large.

    Its requests are its own, so that neither takes the place of a prediction that is under way.

    Args:
        worker: Who is asked.
        lock: The lock of the tab.
        hand_over: Called with the number of the request from the page, and the file.
        say: Called with the reason in words where there is none.
    """

    def __init__(
        self,
        worker: Worker,
        lock: AbstractContextManager[Any],
        hand_over: Callable[[int, SavedFile], None],
        say: Callable[[str], None],
    ) -> None:
        self._worker, self._hand_over, self._say = worker, hand_over, say
        self._requests = Requests(worker, self, lock)

    def ask(self, kept: Kept, number: int) -> None:
        """Ask for those of a prediction, for the request of that number from the page.

        Raises:
            UnreachableError: If the worker cannot be reached.
        """
        if self._worker.process == kept.process:
            self._fetch(kept.request, kept, number)
        elif asked := kept.asked:
            # The worker has rested since, and forgotten it: it is predicted once more, as it was.
            self._requests.ask(lambda request: {**asked, "request": request}, (kept, number))

    def _fetch(self, of: str, kept: Kept, number: int) -> None:
        self._requests.ask(lambda request: {"do": "probabilities", "request": request, "of": of}, (kept, number))

    def _fetch_later(self, *what: Any) -> None:
        try:
            self._fetch(*what)
        except UnreachableError as error:
            self._say(str(error))

    def close(self) -> None:
        """Hear nothing more."""
        self._requests.close()

    def on_ready(self) -> None:
        """The worker has imported TensorFlow. Called by `Requests`, as the next three."""

    def on_answer(self, answer: Answer, context: Any) -> None:
        """The probabilities are here."""
        kept, number = context
        if answer["event"] == "probabilities":
            self._hand_over(number, saved(kept, "probabilities", answer["shares"]))
        elif answer["event"] == "predicted" and not np.array_equal(answer["labels"], kept.labels):
            self._say("The network has learnt since: predict the image again, then save.")
        elif answer["event"] == "predicted":
            # Not here: the tab's lock is held, and to ask comes before it in the order of locks.
            threading.Thread(target=self._fetch_later, args=(answer["request"], kept, number), daemon=True).start()

    def on_failed(self, reason: str) -> None:
        """They are not there any more."""
        self._say(reason)

    def on_lost(self, reason: str) -> None:
        """The worker is gone, and with it what it kept."""
        if self._requests.waiting:
            self._say(reason)


def saved(kept: Kept, kind: str, shares: NDArray[np.float32] | None = None) -> SavedFile:
    """A prediction as one of `KINDS`.

    Args:
        kept: The prediction.
        kind: Which; ``"probabilities"`` needs `shares`, (height, width, classes).

    Raises:
        ValueError: If there is no such kind.

    Example:
        >>> kept = Kept("", np.array([[0, 1]], "uint8"), np.zeros((1, 2, 1), "float32"), "cells, image 3")
        >>> saved(kept, "objects").name
        'cells-image-3_objects.csv'
    """
    if kind not in KINDS:
        raise ValueError(f"{shown(kind)} cannot be saved: choose one of {', '.join(KINDS)}.")
    ending, type_ = KINDS[kind]
    file = io.BytesIO()
    if kind == "probabilities":
        assert shares is not None
        names = kept.classes if len(kept.classes) == shares.shape[-1] else ()
        write_planes(file, shares, names, kept.pixel)
    elif kind == "objects":
        write_table(file, *measured(regions(kept.labels), kept.labels, kept.image, _names(kept), kept.pixel))
    else:
        write_mask(file, kept.labels, PurePath(ending).suffix, kept.pixel)
    return SavedFile(f"{file_name(kept.title)}_{ending}", type_, file.getvalue())


def _names(kept: Kept) -> tuple[str, ...]:
    # A network may tell more classes apart than the set has names for.
    return kept.classes if int(kept.labels.max(initial=0)) < len(kept.classes) else ()


def file_name(title: str) -> str:
    """The beginning of a file's name from what an image is called: letters and digits of any script, - and _.

    Example:
        >>> file_name("cells, image 3"), file_name("nuclei 7.tif"), file_name("../..")
        ('cells-image-3', 'nuclei-7', 'image')
    """
    stem = title[: -len(PurePath(title).suffix)] if PurePath(title).suffix.lower() in SUFFIXES | {".npy"} else title
    return re.sub(r"[^\w]+", "-", stem)[:_LONGEST].strip("-_") or "image"
