"""What is seen in a mask before anybody says what it means: numbers or colours, how often, in how many pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from unet_explorer.data.decoded import DataError, DecodedImage, thumbnail

__all__ = ["LARGEST_OBJECT", "Seen", "colour_numbers", "counted", "look"]

LARGEST_OBJECT: Final = 2**31 - 1
"""Objects are numbered up to here."""
_NOISE: Final = 8
"""So many numbers at least make noise."""
_SMALL: Final = 2
"""Pixels of an object, on average: smaller ones are noise."""
_MOST_LOOKED_AT: Final = 4096
"""Numbers whose pieces are counted."""
_EDGE: Final = 5
"""Pixels a side: where so large a square holds nothing but values between dark and bright, it is no soft edge."""
_RINGING: Final = 17
"""The same for what JPEG spreads within its blocks, which are twice 8 pixels apart at most."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen in one mask.

    Attributes:
        name: What the mask is called.
        values: The numbers in it, or the indices of its palette, in order; colours as 0xRRGGBB where it is in colour.
        counts: How many pixels are of each.
        top: The number that stands for full brightness, or None.
        coloured: Whether it is in colour, without a palette.
        palette: The colour of each index as 0xRRGGBB, or None.
        lossy: Whether its format makes up values, as JPEG does.
        single: How many numbers besides 0 lie in one connected piece; 0 where it is of no use to know.
        broken: How many lie in several.
        soft: Whether it is dark and bright, and what lies between are the seams alone.
        noisy: Whether so many numbers lie in so many pieces that it looks like an image.
        small: What it looks like, small, where it is neither in colour nor of two numbers alone; or None.
        reds: Whether it is in colour, and all but red is 0, as where the numbers of objects were put into one channel.
    """

    name: str
    values: NDArray[np.int64]
    counts: NDArray[np.int64]
    top: int | None
    coloured: bool = False
    palette: tuple[int, ...] | None = None
    lossy: bool = False
    single: int = 0
    broken: int = 0
    soft: bool = False
    noisy: bool = False
    small: NDArray[np.uint8] | None = None
    reds: bool = False

    def colours(self) -> NDArray[np.int64]:
        """The colour of each value, as 0xRRGGBB.

        Raises:
            DataError: If it is grey in other than 8 bits.
        """
        if self.coloured:
            return self.values
        if self.palette is not None:
            return np.array(self.palette, np.int64)[self.values]
        colours: NDArray[np.int64] = _grey_colours(self.values, self.top, self.name)
        return colours

    @property
    def numbers(self) -> set[int]:
        """The values as a set."""
        return set(self.values.tolist())


def look(mask: DecodedImage, name: str) -> Seen:
    """Look at a mask.

    Args:
        mask: What `masks.mask_values` gave.
        name: What to call it.

    Raises:
        DataError: If it is in colours that cannot be told apart.

    Example:
        >>> seen = look(DecodedImage(np.array([[0, 2, 2]], np.uint8), 255), "a.png")
        >>> seen.values.tolist(), seen.counts.tolist(), seen.single
        ([0, 2], [1, 2], 1)
    """
    palette = None
    if mask.palette is not None:
        red, green, blue = mask.palette.astype(int).T
        palette = tuple((red << 16 | green << 8 | blue).tolist())
    else:
        mask = mask.image()
    coloured = mask.values.ndim == 3
    values, counts = counted(colour_numbers(mask, name) if coloured else mask.values)
    reds = coloured and not np.any(values & 0xFFFF)
    seen = Seen(name, values, counts, mask.top, coloured, palette, mask.lossy, reds=reds)
    if not coloured and palette is None and len(values) > 2:
        seen = replace(seen, small=thumbnail(mask))
    white = len(values) <= 2 and values[-1] in (0, 255, mask.top) and values[0] in (0, values[-1])
    if mask.lossy or (coloured and not reds) or (white and palette is None and not reds):
        return seen if coloured else replace(seen, soft=len(values) > 2 and _is_soft(mask))
    numbers = mask.values[..., 0] if reds else mask.values
    single, broken = _pieces(numbers, values >> 16 if reds else values)
    pixels = mask.values.shape[0] * mask.values.shape[1]
    noisy = len(values) > max(_NOISE, pixels // _SMALL) or broken > max(single, _NOISE)
    soft = not reds and palette is None and len(values) > 2 and _is_soft(mask)
    return replace(seen, single=single, broken=broken, noisy=noisy, soft=soft)


def counted(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different values, and how often each occurs. Masks are flat: whole runs are counted at once.

    Example:
        >>> [each.tolist() for each in counted(np.array([[7, 7, 7], [1, 7, 7]]))]
        [[1, 7], [1, 5]]
    """
    flat = values.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    lengths = np.diff(np.append(starts, flat.size))
    found, place = np.unique(flat[starts], return_inverse=True)
    return found.astype(np.int64), np.bincount(place, lengths, len(found)).astype(np.int64)


def colour_numbers(mask: DecodedImage, name: str) -> NDArray[np.int32]:
    """Each pixel's colour as one number, 0xRRGGBB.

    Raises:
        DataError: If it is grey in other than 8 bits.

    Example:
        >>> hex(int(colour_numbers(DecodedImage(np.array([[[255, 128, 0]]], np.uint8), 255), "a.png")[0, 0]))
        '0xff8000'
    """
    decoded = mask.image()
    values = decoded.values.astype(np.int32)
    numbers: NDArray[np.int32]
    if values.ndim == 2:
        numbers = _grey_colours(values, decoded.top, name)
    else:
        numbers = values[..., 0] << 16 | values[..., 1] << 8 | values[..., 2]
    return numbers


def _grey_colours(values: Any, top: int | None, name: str) -> Any:
    if top not in (1, 255):
        raise DataError(f"{name} is grey in other than 8 bits, but other masks are in colour: save all in one way.")
    return values * (255 // top) * 0x010101


def _pieces(mask: NDArray[Any], numbers: NDArray[np.int64]) -> tuple[int, int]:
    """How many numbers besides 0 lie in one connected piece, and how many in several; of very many, the first."""
    if numbers[-1] > LARGEST_OBJECT // 1000:
        mask = np.searchsorted(numbers, mask) + int(numbers[0] != 0)
    pieces = [0, 0]
    for number, box in enumerate(ndimage.find_objects(mask.astype(np.int32), _MOST_LOOKED_AT), start=1):
        if box is not None:
            pieces[ndimage.label(mask[box] == number, np.ones((3, 3)))[1] > 1] += 1
    return pieces[0], pieces[1]


def _is_soft(mask: DecodedImage) -> bool:
    """Whether a grey mask is dark and bright, and whatever lies between is narrow, as at edges drawn smoothly."""
    if mask.top not in (255, 65535):
        return False
    values = mask.values
    dark, bright = (8, 247) if mask.lossy else (0, mask.top)
    if values.max() < bright:
        # Of what is empty, JPEG makes up a little as well.
        return bool(mask.lossy and values.max() <= dark)

    def filled(between: NDArray[np.bool_], side: int) -> bool:
        """Whether a square of that side holds nothing else."""
        return bool(ndimage.minimum_filter(between, side, mode="constant", cval=0).any())

    # An edge is a few pixels wide; what JPEG makes up lies within a block of its edge, and is faint.
    if filled((values > 64) & (values < 191) if mask.lossy else (values > dark) & (values < bright), _EDGE):
        return False
    return not mask.lossy or not filled((values > dark) & (values < bright), _RINGING)
