"""The pixels of a mask as whole numbers, or what is wrong with them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.decoded import DataError, DecodedImage, listed
from unet_explorer.data.seen import LARGEST_OBJECT

__all__ = ["mask_values", "object_mask"]

_TINT: Final = 16
"""By how much the colours of a grey JPEG may differ, of 255: it keeps them apart, and rounds them."""


def mask_values(decoded: DecodedImage, name: str) -> DecodedImage:
    """A mask's numbers as they are stored, those of a palette too; clear pixels are 0, the background.

    Raises:
        DataError: If a pixel is half clear, or a number is not whole, or below 0, or it is a JPEG in colour.

    Example:
        >>> mask_values(DecodedImage(np.array([[0.0, 2.0]]), None), "a.tif").values.tolist()
        [[0, 2]]
    """
    # ImageJ turns numbers for the screen alone; in its masks those that are stored count.
    values = decoded.values if not decoded.turned_by_imagej else (decoded.top or 0) - decoded.values
    if decoded.lossy and values.ndim == 3 and int(np.ptp(values.astype(np.int16), axis=-1).max()) <= _TINT:
        values = values[..., 1]
    if decoded.lossy and values.ndim == 3:
        raise DataError(
            f"{name} is a JPEG in colour: JPEG makes up colours between those of a mask, so the classes cannot be told "
            "apart. Save masks as PNG, straight from the program that drew them."
        )
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and (values == np.rint(values)).all()):
            raise DataError(
                f"{name} holds numbers that are not whole: a mask needs 0, 1, 2, … If they are probabilities, say from "
                "which on a pixel is foreground: threshold=0.5."
            )
        if abs(values).max() <= LARGEST_OBJECT:
            values = values.astype(np.int64)
    if values.min() < 0 or values.max() > LARGEST_OBJECT:
        raise DataError(
            f"{name} holds {values.min()} to {values.max()}: a mask needs whole numbers from 0. Number them anew."
        )
    if decoded.alpha is not None:
        values = _without_alpha(values, decoded, name)
    if values.ndim == 3 and (decoded.top != 255 or values.shape[-1] != 3):
        raise DataError(
            f"{name} is in colour with other than 8 bits, or has {values.shape[-1]} channels: save it in 8 bits, or as "
            "numbers in grey."
        )
    return DecodedImage(np.ascontiguousarray(values), decoded.top, palette=decoded.palette, lossy=decoded.lossy)


def _without_alpha(values: NDArray[Any], decoded: DecodedImage, name: str) -> NDArray[Any]:
    """Clear pixels are 0, unless all are, which says nothing."""
    clear = np.asarray(decoded.alpha == 0)
    if not (clear | (decoded.alpha == decoded.top)).all():
        raise DataError(f"{name} has half-clear pixels: draw the mask without soft edges and save it as PNG.")
    if clear.all():
        return values
    if clear.any() and not values[~clear].any():
        raise DataError(
            f"{name} has clear pixels, and all others are black: what is drawn cannot be told from the background. "
            "Save it in white on black."
        )
    return np.where(clear if values.ndim == 2 else clear[..., None], 0, values).astype(values.dtype)


def object_mask(decoded: DecodedImage, name: str) -> NDArray[np.bool_]:
    """Where the one object of a mask is: 0 is outside, any one other number inside.

    Raises:
        DataError: If there is more than one other number, or it is a JPEG.

    Example:
        >>> object_mask(DecodedImage(np.array([[0, 255]]), 255), "a.png").tolist()
        [[False, True]]
    """
    mask = mask_values(decoded, name)
    if mask.lossy:
        raise DataError(f"{name} is a JPEG, which has no sharp edge: save masks of single objects as PNG.")
    values = mask.values if mask.palette is not None else mask.image().values
    inside: NDArray[np.bool_] = values > 0 if values.ndim == 2 else (values > 0).max(axis=-1)
    seen = np.unique(values[inside], axis=0) if inside.any() else ()
    if len(seen) > 1:
        raise DataError(
            f"{name} holds {len(seen)} values besides 0 ({listed(seen)}): a mask of one object needs one, such as 255. "
            "Draw it without soft edges."
        )
    return inside
