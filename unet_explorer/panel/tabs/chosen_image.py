"""What the tabs Tile and Inside look at: an image, and a network."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.data.arrays import decoded_array, scaled
from unet_explorer.data.dataset import Dataset, Image, normalize
from unet_explorer.data.decoded import DataError
from unet_explorer.data.lazy import open_image
from unet_explorer.data.made import SETS, made_set
from unet_explorer.data.made.wanted import Made
from unet_explorer.data.pixel_size import PixelSize, pixel_size
from unet_explorer.learning.protocol import Numbers, Weights
from unet_explorer.learning.session import TrainingSession
from unet_explorer.learning.signals import Signal
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.whole import printable

__all__ = ["ChosenImage", "network_summary", "numbers_for_page", "start_of", "state_of", "weights_of"]

LARGEST: Final = 1 << 22
"""The panel shows images of up to so many pixels."""
LONGEST: Final = 32_000
"""The panel shows images of up to so many pixels on a side: no browser has a larger canvas."""
MOST_CHANNELS: Final = 256
"""No network takes more."""
_LARGE: Final = 1024
_LISTED: Final = 60
_CLOSED: Final = "The panel was closed: run its cell again."
_GREY: Final = np.array([0.299, 0.587, 0.114], np.float32)


class ChosenImage:
    """The image that is looked at, shared by the tabs.

    Attributes:
        image: (height, width, channels), from 0 to 1.
        title: What it is called.
        number: Goes up with every other image.
        key: Which of the `options` it is; empty for one that came from outside.
        classes: Names of the classes, where it is one of a set.
        pixel: How large a pixel is, where its file says so.
        changed: Emitted when another image was chosen, or others are offered, or the network has learnt.
    """

    def __init__(self, dataset: Dataset | None = None, made: Made | None = None) -> None:
        self._lock = threading.RLock()
        self._dataset, self._first = dataset, made or Made()
        self._image: Image | None = None
        self._closed = False
        self.title, self.number, self.key = "", 0, ""
        self.classes: tuple[str, ...] = ()
        self.pixel: PixelSize | None = None
        self.changed: Signal[[]] = Signal()

    @property
    def image(self) -> Image:
        """The image; at first it is the first one there is."""
        with self._lock:
            if self._image is None:
                self.choose("set 0")
            if self._image is None:
                raise ValueError(_CLOSED)
            return self._image

    @property
    def dataset(self) -> Dataset:
        """The images that are offered: those that are learnt from, where some are."""
        with self._lock:
            if self._closed:
                raise ValueError(_CLOSED)
            if self._dataset is None:
                self._dataset = self._first.make()
            return self._dataset

    def options(self) -> list[list[str]]:
        """What can be chosen, as [key, words]."""
        data = self.dataset
        titles = [f"{data.name}, {title}" for title in data.titles[:_LISTED]]
        large = [[f"large {name}", f"{name}, {_LARGE} × {_LARGE} px"] for name in SETS]
        return [[f"set {place}", title] for place, title in enumerate(titles)] + large

    def offer(self, dataset: Dataset) -> None:
        """Offer the images of another data set; the first is chosen, unless one from outside is."""
        with self._lock:
            if self._closed:
                return
            before, self._dataset = self._dataset, dataset
            if before is not dataset and (self.key.startswith("set") or self._image is None):
                self.choose("set 0")
        self.changed.emit()

    def choose(self, key: str) -> None:
        """Take one of the options.

        Raises:
            ValueError: If there is no such option.
        """
        kind, _, rest = key.partition(" ")
        if kind == "large" and rest in SETS:
            data, place = made_set(rest, 1, size=_LARGE), 0
        elif kind == "set" and rest.isdecimal() and int(rest) < len(self.dataset):
            data, place = self.dataset, int(rest)
        else:
            raise ValueError(f"{shown(key)} is not among the images: choose another one.")
        name = data.titles[place] if kind == "set" else f"{_LARGE} px"
        self._take(np.asarray(data.images[place]), f"{data.name}, {name}", key, data.classes)

    def open(self, path: str, *, planes: Any = None, plane: Any = None) -> None:
        """Take an image from a file on the machine where the notebook runs; see `open_image` for what may be said.

        Raises:
            ValueError: If it is none, or too large to be shown, in words.
        """
        wanted = path.strip().strip("\"'")
        if not wanted:
            raise ValueError("Type the path of an image on the machine where the notebook runs.")
        file = Path(wanted)
        opened = open_image(file, planes=planes, plane=plane)
        name, shape = printable(file.name), tuple(opened.shape)
        if len(shape) not in {2, 3} or 0 in shape:
            raise DataError(f"{name} has shape {shape}: give one image, (height, width) or with channels behind.")
        if opened.dtype.kind not in "buif":
            raise DataError(f"{name} holds {opened.dtype}, not real numbers: give 8 or 16 bits, or floats.")
        _check_size(shape, name)
        picture = decoded_array(np.asarray(opened[:, :])).image()
        picture.check_finite(name)
        self._take(scaled([picture])[0], name, "", pixel=pixel_size(file))

    def _take(
        self, image: Image, title: str, key: str, classes: tuple[str, ...] = (), pixel: PixelSize | None = None
    ) -> None:
        _check_size(image.shape, title)
        with self._lock:
            if self._closed:
                return
            self._image, self.title, self.key = image, title, key
            self.classes, self.pixel = classes, pixel
            self.number += 1
        self.changed.emit()

    def close(self) -> None:
        """Let go of the images, and take no others."""
        with self._lock:
            self._closed, self._image, self._dataset = True, None, None

    def network_input(self, channels: int) -> NDArray[np.float32]:
        """The image as a network is given it: normalised, in as many channels as it takes.

        Raises:
            ValueError: If neither grey nor colour will do.
        """
        image = self.image
        has = image.shape[2]
        if has != channels:
            if channels == 1 and has == 3:
                image = (image @ _GREY)[..., None]
            elif has == 1 and channels == 3:
                image = np.repeat(image, 3, axis=2)
            else:
                raise ValueError(
                    f"The network takes {channels} channels, the image has {has}: set Image channels to {has} under "
                    "More, or choose another image."
                )
        return normalize(image)


def _check_size(shape: tuple[int, ...], name: str) -> None:
    """Refuse what a browser cannot paint.

    Raises:
        DataError: In words.
    """
    if len(shape) == 3 and shape[2] > MOST_CHANNELS:
        raise DataError(
            f"{name} has {shape[2]:,} channels, and a network takes at most {MOST_CHANNELS}: save those that are meant."
        )
    if shape[0] * shape[1] > LARGEST or max(shape[:2]) > LONGEST:
        raise DataError(
            f"{name} is {shape[0]:,} × {shape[1]:,} pixels: up to {LARGEST:,} are shown here, {LONGEST:,} on a side. "
            "In a cell, predict_image(panel.model(), path, tile) takes any size."
        )


def start_of(place: float, side: int, tile: int) -> int:
    """First row or column of the tile; one that is larger than the image lies round its middle.

    Example:
        >>> start_of(1, 96, 76), start_of(0.5, 96, 76), start_of(1, 60, 76)
        (20, 10, -8)
    """
    return math.floor((place if side > tile else 0.5) * (side - tile))


def weights_of(instrument: Instrument, session: TrainingSession | None) -> Weights:
    """Whose weights the network on the knobs has: those of the training, if that is of the same design.

    Returns:
        The name of the training and its folder, as the worker wants them; both empty for fresh weights.
    """
    if session is not None and session.folder and session.order.config == instrument.design:
        return {"training": session.folder.name, "folder": str(session.folder)}
    return {"training": "", "folder": ""}


def state_of(weights: Weights, session: TrainingSession | None) -> str:
    """State of the training whose weights are looked at; empty for fresh ones."""
    return session.state if session is not None and weights["training"] else ""


def network_summary(at: int, weights: Weights, best: bool = False) -> str:
    """What the network has learnt, in words.

    Args:
        at: After how many steps of learning it is.
        weights: Whose weights it has; see `weights_of`.
        best: Whether these are the best that were kept, not those of now.

    Example:
        >>> network_summary(300, {"training": "a", "folder": "a"})
        'after 300 steps of training'
        >>> network_summary(0, {"training": "a", "folder": "a"}, best=True)
        'before its first step of training: nothing was saved later'
    """
    if at:
        steps = "1 step" if at == 1 else f"{at:,} steps"
        return f"after {steps} of training{' (its best state)' if best else ''}"
    if weights["training"]:
        return (
            "before its first step of training: nothing was saved later"
            if best
            else "before the first step of training"
        )
    return "fresh weights: this design was not trained yet"


def numbers_for_page(sent: Numbers) -> dict[str, Any]:
    """Some numbers around a step, as lists, which is what a browser is sent.

    Example:
        >>> numbers_for_page({"event": "numbers", "request": "", "step": "head", "channel": 0, "numbers": {}})
        {'step': 'head', 'channel': 0}
    """
    return {
        "step": sent["step"],
        "channel": sent["channel"],
        **{name: part.tolist() for name, part in sent["numbers"].items()},
    }
