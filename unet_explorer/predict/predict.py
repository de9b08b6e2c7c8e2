"""Whole images through a network that is given a tile at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from unet_explorer.core.config import Flag, UNetConfig, read_value, shown
from unet_explorer.core.cost import read_batch_size
from unet_explorer.core.tiles import Tile
from unet_explorer.core.tiling import Tiling
from unet_explorer.data.pixel_size import pixel_of
from unet_explorer.model import opened_model
from unet_explorer.predict.asked import Progress, check_names, check_words, read_progress
from unet_explorer.predict.beyond import Whole, predict_blocks
from unet_explorer.predict.source import read_image
from unet_explorer.predict.standard import Standard
from unet_explorer.predict.targets import Saving, Scene, Target, writing
from unet_explorer.predict.tiles import predicted_tiles, usual_batch, usual_tile

if TYPE_CHECKING:
    import keras
    from distributed import Client

__all__ = ["Run", "predict_image"]


class Choices(Saving, total=False):
    """What else may be said: how a file is saved, which ``client`` of Dask computes, and whether to begin ``again``."""

    client: Client | str | None
    again: bool


def predict_image(
    model: keras.Model | str | os.PathLike[str],
    image: Any,
    tile: Tile | None = None,
    *,
    batch_size: int | None = None,
    normalize: bool | None = None,
    out: Any = None,
    progress: Progress | bool | None = None,
    **choices: Unpack[Choices],
) -> Any:
    """Predict an image of any size, tile by tile, as if it had been predicted in one piece.

    The image is mirrored beyond its border where a tile needs context (Ronneberger et al. 2015, figure 2). An image of
    a size that does not fit is mirrored up to the next that does. The result does not depend on the tile: every pixel
    is what the whole image in one tile would give, up to the rounding of 32-bit numbers. Beyond the result it takes
    memory for one batch of tiles.

    A path as ``out`` is a file for other programs. By its ending it holds

    - ``.png``, ``.tif``: the class of every pixel, in the colours of the panel; `from_folder` reads it as a mask;
    - ``.zarr``, ``.npy``: the probability of every class, (height, width, classes), 32-bit numbers;
    - ``.ome.zarr``: a folder of OME-Zarr 0.5 with coarser levels: the mask, with ``save="probabilities"`` these as
      channels, with ``save="objects"`` their numbers as a label image;
    - ``.csv``, ``.parquet``: a row for each object, that is each connected region of a class but 0: its number, class,
      area, centre (row, column, in pixels from 0), box, and the mean of each channel of the image.

    It is written whole or not at all. How large a pixel is goes along from a TIFF or PNG that says so. A mask takes a
    byte a pixel meanwhile, objects five, and probabilities wait on disc.

    With a ``client`` of Dask, the image is cut into blocks that all its workers predict, and the result is the same.
    Workers open a file themselves, and write their blocks of it; parts of any other image are sent to them. Half-done
    work lies in a folder ``.NAME.blocks`` beside the file: the same call goes on with it, if a run was cut off.

    Args:
        model: A U-Net from `build_model`, `TrainingSession.model`, or loaded again by Keras; or the path of its
            ``.keras`` file, which is opened in Keras's safe mode.
        image: (height, width) or (height, width, channels): an array of NumPy or Dask, whatever gives an array for
            ``image[rows, columns]`` (a memory map, Zarr), or the path of a file; see `open_image`.
        tile: Input side in pixels, or (height, width); left out, the least wasteful one that takes no more than some
            300 MB. More than the image needs in one piece is not taken.
        batch_size: Tiles computed at once; left out, as many small ones as make a fair batch.
        normalize: Give the network each channel with mean 0 and standard deviation 1 over the image. Left out, the
            network itself says: one that was taught here carries the note that it wants that, also in its ``.keras``
            file; any other is given the numbers as they are. It is never done twice.
        out: Where to put the scores: whatever takes ``out[rows, columns] = scores``, of shape (height, width, classes);
            or the path of a file.
        progress: Called with tiles done and tiles in all after every batch, with a ``client`` with blocks; True for a
            line that tells how far it is, and how long the rest takes.
        **choices: Where ``out`` is a path: ``save="mask"``, ``"probabilities"`` or ``"objects"``, for a ``.tif`` may
            hold each of these (probabilities as a plane a class, objects as numbers); and ``classes``, the names of
            all classes from 0 on, for tables and planes. ``client``: a ``distributed.Client``, or the address of a
            scheduler of Dask (extra ``cluster``), see `unet_explorer.cluster.connected`, also for processes of this
            machine; and ``again=True``, to throw away what a run that was cut off has left.

    Returns:
        Scores, (height, width, classes), as 32-bit numbers; or ``out``, a path as `pathlib.Path`.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the model, the image, the tile, ``out`` or what else was said do not go together; nothing has
            been written then.
        ClusterError: If the cluster does not answer, does not do, or comes to an end; it is a RuntimeError.
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
    check_words("predict_image", choices, {*Choices.__annotations__, *Saving.__annotations__})
    client, said = choices.pop("client", None), choices.pop("again", False)
    target = Target.read(out, image, choices) if isinstance(out, (str, os.PathLike)) else None
    again, told = read_value("again", said, Flag()), read_progress(progress)
    if again and (client is None or target is None):
        raise ValueError(
            f"again={shown(said)} throws away what a run with a client has left beside its file: give client=… and a "
            "path as out=…, or leave it out."
        )
    run = Run.of(opened_model(model), image, tile, batch_size, normalize)
    if target is None:
        out = _array(out, run, image, choices)
    else:
        check_names(target.classes, run.config)
    pixel = pixel_of(image) if target else None
    scene = Scene(run.config, run.source, pixel)
    if client is not None:
        return predict_blocks(run.whole(image), client, out, target, scene, again=again, progress=told)
    if target is None:
        run.into(out, told)
        return out
    with writing([target], scene) as sink:
        run.into(sink, told)
    return target.path


def _array(out: Any, run: Run, image: Any, saving: Saving) -> Any:
    """What takes the scores where no file is written.

    Raises:
        ValueError: If it does not do.
    """
    said = [word for word, value in saving.items() if value is not None]
    if said:
        raise ValueError(f"{' and '.join(said)} say what is written to a file: give its path as out=….")
    wanted = (*run.tiling.image, run.config.num_classes)
    if out is None:
        return np.empty(wanted, np.float32)
    if not isinstance(room := getattr(out, "shape", None), (tuple, list)) or tuple(room) != wanted:
        given = f"={shown(out)} is not allowed" if room is None else f" has shape {shown(room)}"
        raise ValueError(f"out{given}: give one of shape {wanted}, or the path of a file.")
    _check_out(out, image)
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
        batch = read_batch_size(usual_batch(tiling.tile, len(tiling)) if batch_size is None else batch_size)
        prepare = is_prepared(model) if normalize is None else normalize
        if model.input_shape[1:3] not in {(None, None), tiling.tile}:
            # Built for tiles of one size; the weights serve any.
            flexible = build_model(config)
            flexible.set_weights(model.get_weights())
            model = flexible
        return cls(model, config, source, tiling, batch, prepare)

    def whole(self, given: Any) -> Whole:
        """The same, for the workers of a cluster.

        Args:
            given: The image as it was given.
        """
        return Whole(self.model, self.config, given, self.source, self.tiling, self.batch, self.prepare)

    def into(self, out: Any, progress: Progress | None = None) -> None:
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
