"""Whole images through a network that is given a tile at a time; and scores into classes."""

from __future__ import annotations

import contextlib
import os
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.budget import best_tile
from unet_explorer.core.config import Flag, UNetConfig, read_value, shown
from unet_explorer.core.cost import fixed_bytes, read_batch_size
from unet_explorer.core.tiles import Tile
from unet_explorer.core.tiling import PlacedTile, Tiling
from unet_explorer.data.dataset import spread_of
from unet_explorer.data.lazy import open_image
from unet_explorer.data.limits import Limits, limits_of, sample_step
from unet_explorer.data.mirror import mirrored

if TYPE_CHECKING:
    import keras

__all__ = ["MODEST", "Standard", "classes_of", "forward", "predict_image", "predicted_tiles", "usual_tile"]

MODEST: Final = 300_000_000
"""Bytes that predicting takes above the loaded network, where nobody says how much it may be."""
GREY: Final = np.array([0.299, 0.587, 0.114])
"""How red, green and blue make grey (Rec. 601), as in `Dataset.grey`."""
_SMALL: Final = 1 << 29
"""Bytes of a picture from a file that may be looked at as a whole."""
_BAND: Final = 1 << 22
"""Numbers of an image that are looked at together."""
_BATCH: Final = 1 << 17
"""Pixels that are given to the network together, where tiles are small."""


def classes_of(scores: NDArray[np.floating[Any]], config: UNetConfig) -> NDArray[np.uint8]:
    """The likeliest class of every pixel.

    With one score a pixel there are two classes, told apart where the head's own function has its middle.

    Args:
        scores: (…, classes), as the network gives them.
        config: The network.

    Example:
        >>> classes_of(np.array([[-1.0], [2.0]]), UNetConfig(num_classes=1)).tolist()
        [0, 1]
    """
    if config.num_classes > 1:
        likeliest: NDArray[np.uint8] = np.argmax(scores, axis=-1).astype(np.uint8)
        return likeliest
    middle = 0.5 if config.head_activation in {"sigmoid", "softmax"} else 0.0
    return (scores[..., 0] > middle).astype(np.uint8)


def predict_image(
    model: keras.Model,
    image: Any,
    tile: Tile | None = None,
    *,
    batch_size: int | None = None,
    normalize: bool | None = None,
    out: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """Predict an image of any size, tile by tile, as if it had been predicted in one piece.

    The image is mirrored beyond its border where a tile needs context (Ronneberger et al. 2015, figure 2). An image of
    a size that does not fit is mirrored up to the next that does. The result does not depend on the tile: every pixel
    is what the whole image in one tile would give, up to the rounding of 32-bit numbers. Beyond the result it takes
    memory for one batch of tiles.

    Args:
        model: A U-Net from `build_model`, `TrainingSession.model`, or loaded again by Keras.
        image: (height, width) or (height, width, channels): an array, whatever gives an array for
            ``image[rows, columns]`` (a memory map, Zarr), or the path of a file; see `open_image`.
        tile: Input side in pixels, or (height, width); left out, the least wasteful one that takes no more than some
            300 MB. More than the image needs in one piece is not taken.
        batch_size: Tiles computed at once; left out, as many small ones as make a fair batch.
        normalize: Give the network each channel with mean 0 and standard deviation 1 over the image. Left out, the
            network itself says: one that was taught here carries the note that it wants that, also in its ``.keras``
            file; any other is given the numbers as they are. It is never done twice.
        out: Where to put the scores: whatever takes ``out[rows, columns] = scores``, of shape (height, width, classes).
        progress: Called with tiles done and tiles in all after every batch.

    Returns:
        Scores, (height, width, classes), as 32-bit numbers; or `out`.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the model, the image, the tile or `out` do not go together; nothing has been written then.

    Example:
        >>> from unet_explorer import build_model
        >>> model = build_model(UNetConfig(depth=2, base_filters=4))
        >>> predict_image(model, np.zeros((70, 301), "uint8"), 76).shape
        (70, 301, 2)
    """
    from unet_explorer.model import build_model, config_of, is_prepared

    config = config_of(model, image)
    if normalize is not None:
        normalize = read_value("normalize", normalize, Flag(), ", or leave it out")
    if progress is not None and not callable(progress):
        raise ValueError(f"progress={shown(progress)} is not allowed: give a function of two numbers, or leave it out.")
    source = _read_image(image, config)
    shape = tuple(int(side) for side in source.shape)
    tiling = Tiling(config, shape, usual_tile(config, shape) if tile is None else tile)
    count = read_batch_size(_usual_batch(tiling) if batch_size is None else batch_size)
    wanted = (*tiling.image, config.num_classes)
    if out is None:
        out = np.empty(wanted, np.float32)
    elif not isinstance(room := getattr(out, "shape", None), (tuple, list)) or tuple(room) != wanted:
        given = f"={shown(out)} is not allowed" if room is None else f" has shape {shown(room)}"
        raise ValueError(f"out{given}: give one of shape {wanted}.")
    prepare = is_prepared(model) if normalize is None else normalize
    standard = Standard.of(source) if prepare else Standard.none(source)
    if model.input_shape[1:3] not in {(None, None), tiling.tile}:
        # Built for tiles of one size; the weights serve any.
        flexible = build_model(config)
        flexible.set_weights(model.get_weights())
        model = flexible
    tiles = predicted_tiles(model, source, tiling, count, standard)
    for done, (placed, scores) in enumerate(tiles, start=1):
        out[placed.write[0], placed.write[1]] = scores
        if progress and (done % count == 0 or done == len(tiling)):
            progress(done, len(tiling))
    return out


def usual_tile(config: UNetConfig, shape: tuple[int, ...], limit: int = MODEST) -> tuple[int, int]:
    """The least wasteful tile that takes no more than this above the loaded network.

    Raises:
        ValueError: If there is none.

    Example:
        >>> usual_tile(UNetConfig(depth=3, base_filters=8), (300, 200))
        (388, 292)
    """
    allowed = limit + sum(fixed_bytes(config, training=False).values())
    found = best_tile(config, shape, allowed)
    if found is None:
        raise ValueError(f"No tile of this network does with {limit / 1e6:.0f} MB above itself: give one as tile=….")
    return found


def _usual_batch(tiling: Tiling) -> int:
    return max(1, min(len(tiling), _BATCH // (tiling.tile[0] * tiling.tile[1])))


def _read_image(image: Any, config: UNetConfig) -> Any:
    """What parts can be asked for, of a shape that the network can be given."""
    if isinstance(image, (str, os.PathLike)):
        image = _in_channels(open_image(image), config.in_channels)
    try:
        np.dtype(image.dtype)
        known = hasattr(image, "shape") and hasattr(image, "__getitem__")
    except (AttributeError, TypeError):
        known = False
    image = image if known else _as_array(image)
    shape, kind = tuple(image.shape), np.dtype(image.dtype)
    if kind.kind not in "biuf":
        raise ValueError(f"The image holds {kind}: give whole or real numbers, such as image.astype('float32').")
    if len(shape) not in {2, 3} or 0 in shape:
        raise ValueError(f"The image has shape {shape}: give (height, width) or (height, width, channels).")
    channels = shape[2] if len(shape) == 3 else 1
    if channels != config.in_channels:
        colours = channels > config.in_channels
        hint = f"image[..., :{config.in_channels}] takes the first" if colours else "repeat what there is"
        if (channels, config.in_channels) == (3, 1):
            hint = "image @ [0.299, 0.587, 0.114] makes grey of colours, as from_folder(…, grey=True) does"
        alpha = "; the fourth of RGBA says how to show a pixel, not what was measured" if channels == 4 else ""
        raise ValueError(
            f"The image has {channels} channel{'' if channels == 1 else 's'}, the network takes {config.in_channels}: "
            f"{hint}{alpha}."
        )
    return image


def _as_array(image: Any) -> Any:
    if isinstance(image, (list, tuple)) or hasattr(image, "__array__"):
        # Rows of several lengths; and foreign objects fail in their own ways.
        with contextlib.suppress(Exception):
            return np.asarray(image)
    raise ValueError(f"image={shown(image)} is not allowed: give an array, (height, width[, channels]), or a path.")


def _in_channels(image: Any, channels: int) -> Any:
    """A picture from a file as `from_folder` reads it: grey may be stored as colour, and colour be wanted in grey."""
    has = image.shape[2] if image.ndim == 3 else 1
    if has == channels or getattr(image, "nbytes", _SMALL + 1) > _SMALL:
        return image
    image = np.asarray(image)
    if image.ndim == 2 and channels == 3:
        return np.repeat(image[..., None], 3, axis=2)
    if image.ndim == 3 and image.shape[2] == 3 and channels == 1:
        alike = (image == image[..., :1]).all()
        return image[..., 0] if alike else (image @ GREY).astype(np.float32)
    return image


class Standard(NamedTuple):
    """What is taken off each channel, and by what it is divided, before the network is given it.

    Attributes:
        middle: What is taken off.
        spread: By what it is divided.
        limits: Within which a number is taken for a measurement; see `limits.limits_of`.
    """

    middle: NDArray[np.float64]
    spread: NDArray[np.float64]
    limits: Limits

    @classmethod
    def none(cls, image: Any) -> Standard:
        """Leave the numbers as they are, once it is clear that they are numbers.

        Raises:
            ValueError: If one is NaN or infinite.
        """
        if np.dtype(image.dtype).kind == "f":
            for _ in _bands(image):
                pass
        return cls(np.zeros(1), np.ones(1), Limits(np.full(1, -np.inf), np.full(1, np.inf)))

    @classmethod
    def of(cls, image: Any) -> Standard:
        """Mean and standard deviation of each channel; 1 where there is no contrast. The same as `normalize` finds.

        Raises:
            ValueError: If a number is NaN or infinite.
        """
        step = sample_step(image.shape)
        limits = limits_of(np.concatenate([band[-top % step :: step, ::step] for top, band in _bands(image)]))
        count, beyond, middle = image.shape[0] * image.shape[1], 0, np.zeros(1)
        for _, band in _bands(image):
            beyond += limits.beyond(band)
            middle = middle + limits.clipped(band).sum(axis=(0, 1)) / count
        if beyond:
            warnings.warn(
                f"{beyond:,} pixels of the image hold numbers far beyond all others, as NoData and hot pixels do: they "
                "count as the nearest of the others.",
                stacklevel=3,
            )
        squares = sum(((limits.clipped(band) - middle) ** 2).sum(axis=(0, 1)) for _, band in _bands(image))
        return cls(middle, spread_of(np.sqrt(squares / count), middle), limits)

    def prepared(self, part: NDArray[Any]) -> NDArray[np.float32]:
        """A part of the image as the network is given it, (height, width, channels)."""
        pixels = np.asarray(part)
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if not self.middle.any() and (self.spread == 1).all():
            return pixels.astype(np.float32)
        return ((self.limits.clipped(pixels) - self.middle) / self.spread).astype(np.float32)


def _bands(image: Any) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """The image in bands of rows, (rows, width, channels), with the first row's number; NaN is looked for."""
    height, width = image.shape[:2]
    rows = max(1, _BAND // (width * (image.shape[2] if len(image.shape) == 3 else 1)))
    for top in range(0, height, rows):
        band = np.asarray(image[top : top + rows, 0:width])
        band = (band[..., None] if band.ndim == 2 else band).astype(np.float64)
        if not np.isfinite(band).all():
            row, column, _ = (int(place[0]) for place in np.nonzero(~np.isfinite(band)))
            raise ValueError(
                f"The image holds NaN or infinite numbers, the first in row {top + row}, column {column}: put a number "
                "in their place, as np.nan_to_num does."
            )
        yield top, band


_SIZES: Final = 8
"""Sizes of tiles for which a network is kept compiled; each takes a few MB."""
_COMPILED: WeakKeyDictionary[Any, dict[tuple[int, int], Any]] = WeakKeyDictionary()
"""For each network what TensorFlow has made of it, by the size of its tiles."""


def forward(model: keras.Model, tile: tuple[int, int]) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The network as a function of batches of tiles of one size.

    Keras's own `predict_on_batch` merges the sizes it has seen into one function for any, and its bilinear
    up-sampling cannot be traced without a size.

    Args:
        model: The network.
        tile: (height, width) in pixels.

    Example:
        >>> from unet_explorer import build_model
        >>> model = build_model(UNetConfig(depth=1, base_filters=2))
        >>> forward(model, (20, 24))(np.zeros((3, 20, 24, 1), "float32")).shape
        (3, 4, 8, 2)
    """
    import tensorflow as tf

    known = _COMPILED.setdefault(model, {})
    if tile in known:
        # The last used stands last.
        known[tile] = known.pop(tile)
    else:
        # The function must not hold the network, or neither would ever go.
        network: Any = weakref.ref(model)

        def scores(tiles: tf.Tensor) -> tf.Tensor:
            return network()(tiles, training=False)

        signature = [tf.TensorSpec((None, *tile, model.input_shape[-1]), tf.float32)]
        known[tile] = tf.function(scores, input_signature=signature, autograph=False)
        while len(known) > _SIZES:
            del known[next(iter(known))]
    compiled = known[tile]
    return lambda tiles: np.asarray(compiled(tf.convert_to_tensor(tiles)))


def predicted_tiles(
    model: keras.Model, image: Any, tiling: Tiling, batch_size: int, standard: Standard
) -> Iterator[tuple[PlacedTile, NDArray[np.float32]]]:
    """Predict tile after tile, a batch at a time.

    Args:
        model: A network that takes tiles of this size.
        image: What parts can be asked for.
        tiling: Where the tiles lie.
        batch_size: Tiles computed at once.
        standard: How numbers are given to the network.

    Yields:
        Each tile, and the scores that it writes.
    """
    number, total = 0, len(tiling)
    while number < total:
        batch = [tiling[place] for place in range(number, min(number + batch_size, total))]
        number += len(batch)
        inputs = np.stack([standard.prepared(mirrored(image, tile.start, tile.size)) for tile in batch])
        scores = forward(model, tiling.tile)(inputs)
        for tile, predicted in zip(batch, scores, strict=True):
            yield tile, predicted[tile.keep[0], tile.keep[1]]
