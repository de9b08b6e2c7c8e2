"""A data set as plain values and arrays of numbers, and back: how a training keeps its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.fileset import FileSet
from unet_explorer.data.made.wanted import Made
from unet_explorer.data.views import Held, Part, Source, View

__all__ = ["arrays_of", "dataset_of", "words_of"]

Arrays = dict[str, NDArray[Any]]
_PARTS: tuple[tuple[str, Part], ...] = (("image", "image"), ("label", "labels"), ("object", "instances"))
"""What a part is called in the file, and in a view."""


def words_of(dataset: Dataset) -> dict[str, Any]:
    """All that is no pixel."""
    names = ("name", "classes", "licence", "titles", "notes", "validation", "colours", "made")
    return {name: getattr(dataset, name) for name in names}


def arrays_of(dataset: Dataset) -> tuple[Arrays, list[dict[str, Any]]]:
    """The pixels of a data set; and for images that stay in their files, where these are.

    Of those the arrays hold no pixel: how many there are of each class, and in which order they come.

    Example:
        >>> from unet_explorer import cells
        >>> sorted(arrays_of(cells(1, size=64))[0])
        ['image0', 'label0', 'object0']
    """
    arrays: Arrays = {}
    sources: list[Source] = []
    for name, part in _PARTS:
        parts = {"image": dataset.images, "labels": dataset.labels, "instances": dataset.instances}[part]
        if isinstance(parts, View):
            for source, _ in parts.items:
                if source not in sources:
                    sources.append(source)
            arrays[f"order_{name}"] = np.array([(sources.index(source), place) for source, place in parts.items])
        elif parts is not None:
            arrays |= {f"{name}{number}": np.asarray(each) for number, each in enumerate(parts)}
    kept = []
    for number, source in enumerate(sources):
        if isinstance(source, FileSet):
            arrays[f"table{number}"] = source.table
            kept.append(source.to_dict())
        elif isinstance(source, Held):
            arrays |= {f"held{number}_{place}": np.asarray(each) for place, each in enumerate(source.parts)}
            kept.append({"part": source.part})
    return arrays, kept


def dataset_of(words: Mapping[str, Any], arrays: Arrays) -> Dataset:
    """What `words_of` and `arrays_of` were made from.

    Raises:
        ValueError, KeyError, TypeError: If they are damaged.
    """
    sources: list[Source] = []
    for number, values in enumerate(words.get("sources", ())):
        if "root" in values:
            sources.append(FileSet.from_dict(values, arrays[f"table{number}"]))
        else:
            sources.append(Held(values["part"], tuple(_numbered(arrays, f"held{number}_"))))

    def parts(name: str, part: Part) -> Any:
        order = arrays.get(f"order_{name}")
        if order is not None:
            return View(part, [(sources[which], int(place)) for which, place in order.tolist()])
        found = tuple(_numbered(arrays, name))
        if not found:
            return None
        return np.stack(found) if len({each.shape for each in found}) == 1 else found

    dataset = Dataset(
        name=words["name"],
        images=parts("image", "image"),
        labels=parts("label", "labels"),
        classes=tuple(words["classes"]),
        instances=parts("object", "instances"),
        licence=words["licence"],
        titles=tuple(words["titles"]),
        notes=tuple(words.get("notes", ())),
        validation=int(words.get("validation", 0)),
        colours=tuple(words.get("colours", ())),
    )
    if kept := words.get("made"):
        name, count, size, seed = kept
        dataset = Made(name, count, tuple(size), seed).checked().marked(dataset)
    return dataset


def _numbered(arrays: Arrays, name: str) -> Iterator[NDArray[Any]]:
    number = 0
    while f"{name}{number}" in arrays:
        yield arrays[f"{name}{number}"]
        number += 1
