"""How a made set is asked for: its name, how many images, how large, and the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from unet_explorer.core.config import Whole, read_value, shown
from unet_explorer.data.made import SETS, made_set

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset

__all__ = ["COUNT", "SEED", "SIDE", "Made", "read_size"]

SIDE: Final = Whole(16, 4096)
COUNT: Final = Whole(1, 10_000)
# One 32-bit word: the pair (seed, number of the image) then never reads like another pair.
SEED: Final = Whole(0, 2**32 - 1)
_MOST: Final = 1 << 30
"""Bytes of images that may come without having been asked for."""
_BYTES: Final = 9
"""What a pixel takes: its grey value, its class, and its object."""


def read_size(size: object) -> tuple[int, int]:
    """The size of an image as (height, width), from one whole number for both or from two.

    Raises:
        ValueError: If it is anything else, or a side is below 16 or above 4096.

    Example:
        >>> read_size(256), read_size((256, 320))
        ((256, 256), (256, 320))
        >>> read_size(8)
        Traceback (most recent call last):
        ...
        ValueError: size=8 is not allowed: give one whole number from 16 to 4,096, such as 256, or two as (height, \
width), such as (256, 320).
    """
    pair = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    try:
        height, width = (SIDE.read(side) for side in pair)
    except (ValueError, TypeError):
        bad = True
    else:
        bad = False
    if bad:
        raise ValueError(
            f"size={shown(size)} is not allowed: give one {str(SIDE).removeprefix('a ')}, such as 256, "
            "or two as (height, width), such as (256, 320)."
        )
    return height, width


class Made(NamedTuple):
    """What a set was made from: the same again is the same set.

    Attributes:
        name: One of `SETS`.
        images: How many images.
        size: (height, width) of each in pixels.
        seed: What decides all chance in them.
    """

    name: str = SETS[0]
    images: int = 24
    size: tuple[int, int] = (256, 256)
    seed: int = 0

    def checked(self) -> Made:
        """The same, once it is clear that it can be made.

        Raises:
            ValueError: If there is no such set, or a value is not allowed.

        Example:
            >>> Made("cells", images=0).checked()
            Traceback (most recent call last):
            ...
            ValueError: count=0 is not allowed: give a whole number from 1 to 10,000.
        """
        if self.name not in SETS:
            raise ValueError(f"There is no made set {shown(self.name)}: give one of {', '.join(SETS)}.")
        count, seed = read_value("count", self.images, COUNT), read_value("seed", self.seed, SEED)
        return Made(self.name, count, read_size(self.size), seed)

    @property
    def bytes(self) -> int:
        """Memory that its images take, with their labels.

        Example:
            >>> Made().bytes
            14155776
        """
        return self.images * self.size[0] * self.size[1] * _BYTES

    @property
    def fits_a_link(self) -> bool:
        """Whether whoever opens a link may be brought so many images unasked."""
        return self.bytes <= _MOST

    def make(self) -> Dataset:
        """The set itself.

        Example:
            >>> Made("shapes", 2, (64, 64), seed=3).make().made
            Made(name='shapes', images=2, size=(64, 64), seed=3)
        """
        return made_set(self.name, self.images, size=self.size, seed=self.seed)

    def marked(self, dataset: Dataset) -> Dataset:
        """The set, which bears from now on what it was made from."""
        object.__setattr__(dataset, "made", self)
        return dataset
