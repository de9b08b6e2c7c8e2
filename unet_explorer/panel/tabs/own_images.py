"""Which images are learnt from: made ones, a folder, or files from the browser; and what was understood of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import traitlets

from unet_explorer.core.config import shown
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.made import SETS
from unet_explorer.panel.sources import load, read_options, sample_zip
from unet_explorer.panel.tabs.background_tab import BackgroundTab
from unet_explorer.panel.tabs.paint import gallery

if TYPE_CHECKING:
    from unet_explorer.panel.tabs.chosen_image import ChosenImage

__all__ = ["OwnImages", "understood"]

_LISTED: Final = 40
"""Classes that are listed with their share."""
_LONGEST: Final = 60
"""Letters of a class's name."""


class OwnImages(BackgroundTab):
    """A tab that learns from images.

    Attributes:
        source: Where the images come from; see `sources.load`.
        sources: The made sets, by name.
        data: What was understood of the images; see `understood`.
        gallery: Pictures of one image under each variation.
        sample: A small set to try, packed, as ``{"name", "content"}``; empty again once it is sent.
        dataset: The images; None until some are read.
    """

    source = traitlets.Dict().tag(sync=True)
    sources: Any = traitlets.List(list(SETS)).tag(sync=True)
    data = traitlets.Dict().tag(sync=True)
    gallery: Any = traitlets.List().tag(sync=True)
    sample = traitlets.Dict().tag(sync=True)

    dataset: Dataset | None = None
    _chosen: ChosenImage | None = None

    def __init__(self, **traits: Any) -> None:
        # Where the images that are shown were read from; and what was tried last, which may want a word more.
        self._read: dict[str, Any] = {"kind": "made", "name": SETS[0]}
        self._tried: dict[str, Any] = {}
        super().__init__(**traits)

    @traitlets.observe("source")
    def _follow_source(self, change: Any) -> None:
        if change["old"] and self.source != self._read and self.source.get("kind") in {"made", "path"}:
            self._later(self._load, dict(self.source))

    def _do_answer(self, request: dict[str, Any]) -> None:
        """Read what was tried last once more, with what has been said of it."""
        said = {**read_options(self._tried.get("options")), str(request.get("option")): request.get("value")}
        self._load({**self._tried, "options": read_options(said)})

    def _do_name_classes(self, request: dict[str, Any]) -> None:
        """Call the classes otherwise; nothing is read again for that."""
        names = request.get("names")
        dataset = self.dataset
        if dataset is None:
            return
        if not isinstance(names, list) or len(names) != len(dataset.classes):
            raise ValueError(f"{shown(names)} are no names for {len(dataset.classes)} classes: give one for each.")
        cleaned = tuple(" ".join(str(name).split())[:_LONGEST] for name in names)
        if not all(cleaned) or len(set(cleaned)) < len(cleaned):
            raise ValueError("Two classes have the same name, or one has none: give each its own.")
        self._use(dataclasses.replace(dataset, classes=cleaned))

    def _do_sample(self, _: dict[str, Any]) -> None:
        """Hand over a small set to try. It is not kept, or every notebook that is saved would hold it."""
        self.sample = {"name": "sample.zip", "content": sample_zip()}
        self.sample = {}

    def _receive(self) -> None:
        self._load({"kind": "upload"})

    def _load(self, source: dict[str, Any]) -> None:
        self._tried = source
        self.data = {**self.data, "loading": True, "progress": ""}
        try:
            if source.get("kind") == "upload":
                dataset = self._upload.dataset(**read_options(source.get("options")))
                source = {"kind": "upload", "name": dataset.name}
            else:
                dataset = load(source, self._tell)
            self._use(dataset)
            self._read = source
            self._images_changed()
        finally:
            # What cannot be read leaves everything as it was, the menu included.
            self.source = self._read
            self.data = {**self.data, "loading": False, "progress": ""}

    def _tell(self, done: int, every: int) -> None:
        if done % 50 == 0:
            self.data = {**self.data, "progress": f"looking at the masks: {done:,} of {every:,}"}

    def _images_changed(self) -> None:
        """Other images were chosen by hand."""

    def _use(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.data = {**understood(dataset), "loading": False, "progress": ""}
        self.gallery = gallery(dataset)
        if self._chosen is not None:
            self._chosen.offer(dataset)
        self.problem, self.question = "", {}
        self._due.set()


def understood(dataset: Dataset) -> dict[str, Any]:
    """What there is to say of a set before anything is learnt from it.

    Example:
        >>> from unet_explorer import cells
        >>> said = understood(cells(5, size=64))
        >>> said["count"], said["channels"], [each["name"] for each in said["classes"]]
        (5, 1, ['background', 'cell'])
    """
    sizes = np.array(dataset.sizes)
    pixels = dataset.pixels.sum(axis=0)
    total = max(1, int(pixels.sum()))
    unknown = 1 - total / max(1, int(sizes.prod(axis=1).sum()))
    counts = [int(pixels[number]) if number < len(pixels) else 0 for number in range(len(dataset.classes))]
    return {
        "name": dataset.name,
        "count": len(dataset),
        "validation": dataset.validation,
        "smallest": sizes[sizes.prod(axis=1).argmin()].tolist(),
        "largest": sizes[sizes.prod(axis=1).argmax()].tolist(),
        "channels": dataset.channels,
        "objects": dataset.instances is not None,
        "classes": [
            {
                "name": name,
                "share": count / total,
                "colour": dataset.colours[number] if number < len(dataset.colours) else "",
            }
            for number, (name, count) in enumerate(zip(dataset.classes[:_LISTED], counts, strict=False))
        ],
        "more": max(0, len(dataset.classes) - _LISTED),
        "unknown": unknown if unknown > 1e-9 else 0.0,
        "notes": list(dataset.notes),
        "licence": dataset.licence,
    }
