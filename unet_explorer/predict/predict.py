"""Whole images through a network that is given a tile at a time."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Unpack
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.budget import best_tile
from unet_explorer.core.config import Flag, UNetConfig, read_value, shown
from unet_explorer.core.cost import fixed_bytes, read_batch_size
from unet_explorer.core.tiles import Tile
from unet_explorer.core.tiling import PlacedTile, Tiling
from unet_explorer.data.mirror import mirrored
from unet_explorer.data.pixel_size import pixel_size
from unet_explorer.predict.asked import check_names, check_progress, check_words
from unet_explorer.predict.source import read_image
from unet_explorer.predict.standard import Standard
from unet_explorer.predict.targets import Saving, Scene, Target, writing

if TYPE_CHECKING:
    import keras

__all__ = ["MODEST", "Standard", "forward", "predict_image", "predicted_tiles", "usual_tile"]

MODEST: Final = 300_000_000
"""Bytes that predicting takes above the loaded network, where nobody says how much it may be."""
_BATCH: Final = 1 << 17
"""Pixels that are given to the network together, where tiles are small."""


def predict_image(
    model: keras.Model,
    image: Any,
    tile: Tile | None = None,
    *,
    batch_size: int | None = None,
    normalize: bool | None = None,
    out: Any = None,
    progress: Callable[[int, int], None] | None = None,
    **saving: Unpack[Saving],
) -> Any:
    """Predict an image of any size, tile by tile, as if it had been predicted in one piece.

    The image is mirrored beyond its border where a tile needs context (Ronneberger et al. 2015, figure 2). An image of
    a size that does not fit is mirrored up to the next that does. The result does not depend on the tile: every pixel
    is what the whole image in one tile would give, up to the rounding of 32-bit numbers. Beyond the result it takes
    memory for one batch of tiles.

    A path as ``out`` is a file for other programs. By its ending it holds

    - ``.png``, ``.tif``: the class of every pixel, in the colours of the panel; `from_folder` reads it as a mask;
    - ``.zarr``, ``.npy``: the probability of every class, (height, width, classes), 32-bit numbers;
    - ``.csv``: a row for each object, that is each connected region of a class but 0: its number, class, area, centre
      (row, column, in pixels from 0), box, and the mean of each channel of the image.

    It is written whole or not at all. How large a pixel is goes along from a TIFF or PNG that says so. A mask takes a
    byte a pixel meanwhile, objects five, and probabilities wait on disc.

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
        out: Where to put the scores: whatever takes ``out[rows, columns] = scores``, of shape (height, width, classes);
            or the path of a file.
        progress: Called with tiles done and tiles in all after every batch.
        **saving: Where ``out`` is a path: ``save="mask"``, ``"probabilities"`` or ``"objects"``, for a ``.tif`` may
            hold each of these (probabilities as a plane a class, objects as numbers); and ``classes``, the names of
            all classes from 0 on, for tables and planes.

    Returns:
        Scores, (height, width, classes), as 32-bit numbers; or ``out``, a path as `pathlib.Path`.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the model, the image, the tile, ``out`` or ``saving`` do not go together; nothing has been
            written then.
        OSError: If there is no room for the file; what was there before is still whole.

    Example:
        >>> from unet_explorer import build_model
        >>> model = build_model(UNetConfig(depth=2, base_filters=4))
        >>> predict_image(model, np.zeros((70, 301), "uint8"), 76).shape
        (70, 301, 2)
        >>> import tempfile
        >>> predict_image(model, np.zeros((70, 301), "uint8"), 76, out=f"{tempfile.mkdtemp()}/mask.tif").name
        'mask.tif'
    """
    check_words("predict_image", saving, Saving.__annotations__)
    target = Target.read(out, image, saving) if isinstance(out, (str, os.PathLike)) else None
    check_progress(progress)
    run = Run.of(model, image, tile, batch_size, normalize)
    if target is not None:
        check_names(target.classes, run.config)
        pixel = pixel_size(image) if isinstance(image, (str, os.PathLike)) else None
        with writing([target], Scene(run.config, run.source, pixel)) as sink:
            run.into(sink, progress)
        return target.path
    said = [word for word, value in saving.items() if value is not None]
    if said:
        raise ValueError(f"{' and '.join(said)} say what is written to a file: give its path as out=….")
    wanted = (*run.tiling.image, run.config.num_classes)
    if out is None:
        out = np.empty(wanted, np.float32)
    elif not isinstance(room := getattr(out, "shape", None), (tuple, list)) or tuple(room) != wanted:
        given = f"={shown(out)} is not allowed" if room is None else f" has shape {shown(room)}"
        raise ValueError(f"out{given}: give one of shape {wanted}, or the path of a file.")
    else:
        _check_out(out, image)
    run.into(out, progress)
    return out


def _check_out(out: Any, image: Any) -> None:
    """Refuse what would not hold the scores, or would change the image while it is read.

    Raises:
        ValueError: In words.
    """
    kind = getattr(out, "dtype", None)
    if kind is not None and np.dtype(kind).kind not in "fc":
        raise ValueError(f"out holds {np.dtype(kind)}, which would cut the scores: give one of 32-bit floats.")
    if out is image or (
        isinstance(out, np.ndarray) and isinstance(image, np.ndarray) and np.may_share_memory(out, image)
    ):
        raise ValueError("out shares its memory with the image, which would change while it is read: give another.")


class Run(NamedTuple):
    """An image on its way through a network, all checked that can be before the first tile."""

    model: keras.Model
    config: UNetConfig
    source: Any
    tiling: Tiling
    batch: int
    prepare: bool

    @classmethod
    def of(
        cls, model: keras.Model, image: Any, tile: Tile | None, batch_size: int | None, normalize: bool | None
    ) -> Run:
        """Look at what `predict_image` is given; see there.

        Raises:
            ValueError: If it does not go together.
        """
        from unet_explorer.model import build_model, config_of, is_prepared

        config = config_of(model, image)
        if normalize is not None:
            normalize = read_value("normalize", normalize, Flag(), ", or leave it out")
        source = read_image(image, config)
        shape = tuple(int(side) for side in source.shape)
        tiling = Tiling(config, shape, usual_tile(config, shape) if tile is None else tile)
        batch = read_batch_size(_usual_batch(tiling) if batch_size is None else batch_size)
        prepare = is_prepared(model) if normalize is None else normalize
        if model.input_shape[1:3] not in {(None, None), tiling.tile}:
            # Built for tiles of one size; the weights serve any.
            flexible = build_model(config)
            flexible.set_weights(model.get_weights())
            model = flexible
        return cls(model, config, source, tiling, batch, prepare)

    def into(self, out: Any, progress: Callable[[int, int], None] | None = None) -> None:
        """Predict tile after tile.

        Args:
            out: Takes ``out[rows, columns] = scores``.
            progress: Called with tiles done and tiles in all after every batch.

        Raises:
            ValueError: If a number of the image is NaN or infinite; nothing has been put out then.
        """
        standard = Standard.of(self.source) if self.prepare else Standard.none(self.source)
        total = len(self.tiling)
        tiles = predicted_tiles(self.model, self.source, self.tiling, self.batch, standard)
        for done, (placed, scores) in enumerate(tiles, start=1):
            out[placed.write[0], placed.write[1]] = scores
            if progress and (done % self.batch == 0 or done == total):
                progress(done, total)


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
