"""How a data set comes to the processes that learn: by what it is made from, by its files, or by its numbers."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from typing import Any, Final, NamedTuple

import numpy as np

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.keeping import arrays_of, dataset_of, words_of
from unet_explorer.data.made.wanted import Made

__all__ = ["Carried", "Payload", "carry", "opened"]

Payload = tuple[dict[str, Any], dict[str, Any]]
"""What `words_of` and `arrays_of` give of a data set that is not made here."""
_KEPT: Final = 2
"""Data sets that a process keeps: a sweep has one."""
_open: OrderedDict[str, Dataset] = OrderedDict()
_lock: Final = threading.Lock()


class Carried(NamedTuple):
    """A data set on its way.

    Attributes:
        key: The same for the same images, masks and classes.
        made: What a made set is made from; None of any other.
        payload: All else; None of a made set. Of images in files it holds where these are, not their pixels.
    """

    key: str
    made: tuple[str, int, tuple[int, int], int] | None
    payload: Payload | None


def carry(dataset: Dataset) -> Carried:
    """What must travel of a data set, so that `opened` gives the same one elsewhere.

    Example:
        >>> from unet_explorer import cells
        >>> carry(cells(2, size=64)).key
        'cells, 2 images of 64 × 64 px, seed 0'
        >>> carry(cells(2, size=64).grey()).made is None
        True
    """
    if dataset.made is not None:
        name, images, (height, width), seed = dataset.made
        key = f"{name}, {images} images of {height} × {width} px, seed {seed}"
        return Carried(key, (name, images, (height, width), seed), None)
    arrays, sources = arrays_of(dataset)
    words = {**words_of(dataset), "sources": sources}
    told = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        told.update(f"{name} {array.dtype.str} {array.shape}".encode())
        told.update(array.data.cast("B") if array.size else b"")
    return Carried(f"{dataset.name}, {len(dataset)} images, {told.hexdigest()[:32]}", None, (words, arrays))


def opened(key: str, made: tuple[str, int, tuple[int, int], int] | None, payload: Payload | None) -> Dataset:
    """The data set again; the process keeps it for the next one who asks.

    Args:
        key: As `carry` gave it.
        made: The same.
        payload: The same.

    Raises:
        ValueError: If it cannot be made.

    Example:
        >>> from unet_explorer import cells
        >>> data = cells(2, size=64)
        >>> bool((opened(*carry(data)).images == data.images).all()), opened(*carry(data)) is opened(*carry(data))
        (True, True)
    """
    with _lock:
        if key not in _open:
            if made is not None:
                name, images, (height, width), seed = made
                _open[key] = Made(name, images, (height, width), seed).make()
            else:
                assert payload is not None
                _open[key] = dataset_of(*payload)
        _open.move_to_end(key)
        while len(_open) > _KEPT:
            _open.popitem(last=False)
        return _open[key]
