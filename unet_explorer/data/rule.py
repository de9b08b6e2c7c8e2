"""How the masks of a set are read, one by one, once it is clear what they mean."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.dataset import LARGEST_LABEL, UNKNOWN
from unet_explorer.data.decoded import DataError, DecodedImage, listed
from unet_explorer.data.legend import colour_name
from unet_explorer.data.seen import Seen, colour_numbers

__all__ = ["BINARY", "NOTHING_SAID", "Kind", "Meaning", "Rule", "Said", "named"]

BINARY: Final = ("background", "foreground")
Kind: TypeAlias = Literal["classes", "objects", "onehot"]
"""What the numbers of masks are."""


class Said(NamedTuple):
    """What whoever reads a set has said of its masks, because they do not say it themselves.

    Attributes:
        kind: What their numbers are.
        threshold: From which brightness on a pixel is foreground: a share of white below 1, else the number itself.
        ignore: The number of pixels of which nothing is known.
        ignore_colour: Their colour, as 0xRRGGBB.
    """

    kind: Kind | None = None
    threshold: float | None = None
    ignore: int | None = None
    ignore_colour: int | None = None


NOTHING_SAID: Final = Said()


class Meaning(NamedTuple):
    """What masks say: the class of every pixel, the classes' names, objects and colours where known; and a note."""

    labels: list[NDArray[Any]]
    classes: tuple[str, ...]
    instances: list[NDArray[np.int32]] | None
    note: str = ""
    colours: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """How the masks of a set are read, one by one.

    Attributes:
        kind: ``"foreground"``: all but 0; ``"objects"``: the same, each number an object; ``"numbers"``: each number a
            class; ``"colours"``: each colour a class; ``"bright"``: what is bright is foreground.
        classes: Their names.
        colours: The colour of each class, as 0xRRGGBB.
        threshold: From which number on, for ``"bright"``.
        ignore: Which number or colour says that nothing is known.
        note: What whoever reads the set should know of it.
    """

    kind: Literal["foreground", "objects", "numbers", "colours", "bright"]
    classes: tuple[str, ...]
    colours: tuple[int, ...] = ()
    threshold: float = 0.5
    ignore: int | None = None
    note: str = ""

    def labels(self, mask: DecodedImage) -> NDArray[Any]:
        """The class of every pixel, (height, width); −1 where nothing is known.

        Example:
            >>> Rule("numbers", ("a", "b"), ignore=255).labels(DecodedImage(np.array([[1, 0, 255]]), 255)).tolist()
            [[1, 0, -1]]
        """
        return self._classes(self._values(mask))

    def pixels(self, seen: Seen) -> NDArray[np.int64]:
        """(256,): how many pixels of a mask are of each class, from what was seen in it.

        Example:
            >>> from unet_explorer.data.seen import look
            >>> Rule("foreground", BINARY).pixels(look(DecodedImage(np.array([[0, 9, 9]]), 255), "a.png"))[:2].tolist()
            [1, 2]
        """
        values = seen.colours() if self.kind == "colours" else seen.values >> 16 if seen.coloured else seen.values
        if self.kind == "bright" and seen.palette is not None:
            values = seen.colours() & 255
        labels = self._classes(values)
        known = labels >= 0
        return np.bincount(labels[known], seen.counts[known], LARGEST_LABEL + 1).astype(np.int64)

    def _classes(self, values: NDArray[Any]) -> NDArray[Any]:
        labels: NDArray[Any]
        if self.kind == "colours":
            order = np.argsort(self.colours)
            known = np.array(self.colours)[order]
            # What is ignored has no class; its place is overwritten below.
            place = np.minimum(np.searchsorted(known, values), len(known) - 1)
            labels = order.astype(np.uint8)[place]
        elif self.kind == "numbers":
            labels = values.astype(np.uint8)
        elif self.kind == "bright":
            labels = (values >= self.threshold).astype(np.uint8)
        else:
            labels = (values > 0).astype(np.uint8)
        if self.ignore is None:
            return labels
        return np.where(values == self.ignore, UNKNOWN, labels.astype(np.int16))

    def instances(self, mask: DecodedImage) -> NDArray[np.int32] | None:
        """Which object each pixel belongs to, (height, width); None where the masks do not say."""
        if self.kind != "objects":
            return None
        values = self._values(mask).astype(np.int32)
        return values if self.ignore is None else np.where(values == self.ignore, 0, values).astype(np.int32)

    def _values(self, mask: DecodedImage) -> NDArray[Any]:
        if self.kind == "colours":
            return colour_numbers(mask, "A mask")
        values = mask.values if mask.palette is not None and self.kind != "bright" else mask.image().values
        # Numbers in one channel of three are in red.
        return values if values.ndim == 2 else values[..., 0]

    @property
    def colour_names(self) -> tuple[str, ...]:
        """The colour of each class as people write it."""
        return tuple(map(colour_name, self.colours))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Rule:
        """Read what `to_dict` wrote."""
        words: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in values.items()}
        return cls(**words)


def named(classes: tuple[str, ...], count: int, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """The names given for so many classes, or else the other ones.

    Raises:
        DataError: If there are too few.

    Example:
        >>> named((), 2, BINARY), named(("sky", "bird"), 2, BINARY)
        (('background', 'foreground'), ('sky', 'bird'))
    """
    if classes and len(classes) < count:
        raise DataError(
            f"classes.txt names {len(classes)} classes ({listed(classes)}), but the masks hold {count}, numbered 0 to "
            f"{count - 1}. Write one name a line for each, the background first."
        )
    return classes or otherwise
