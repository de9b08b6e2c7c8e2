"""All images of a folder through a network, their results as files, and going on where a run was cut off."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict, Unpack

import numpy as np

from unet_explorer.core.config import Flag, read_value, shown
from unet_explorer.core.cost import read_batch_size
from unet_explorer.core.tiles import Tile, sides
from unet_explorer.data.decoded import SUFFIXES, DataError
from unet_explorer.data.listing import entries, visible
from unet_explorer.data.pixel_size import pixel_size
from unet_explorer.data.reading import read_path
from unet_explorer.model import opened_model
from unet_explorer.predict.asked import Progress, check_names, check_words, read_names, read_progress
from unet_explorer.predict.exports import write_table
from unet_explorer.predict.journal import Journal, fingerprint
from unet_explorer.predict.predict import Run
from unet_explorer.predict.targets import SAVES, Scene, Sink, Target, writing
from unet_explorer.whole import printable, whole

if TYPE_CHECKING:
    import keras

__all__ = ["FolderResult", "predict_folder"]

_ENDINGS: Final = {"mask": "mask.tif", "objects": "objects.csv", "probabilities": "probabilities.tif"}
"""What a result is called behind the name of its image."""
_READ: Final = SUFFIXES | {".npy"}
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What would be said of every further image as well."""


class FolderResult(NamedTuple):
    """What has come of a folder, a path of an image each.

    Attributes:
        written: Predicted now.
        skipped: Predicted by an earlier run, and not changed since.
        failed: Not predicted, each with the reason in words.
    """

    written: tuple[Path, ...]
    skipped: tuple[Path, ...]
    failed: dict[Path, str]


class Predicting(TypedDict, total=False):
    """How `predict_image` is to predict each: its ``tile``, ``batch_size``, ``normalize`` and ``classes``."""

    tile: Tile | None
    batch_size: int | None
    normalize: bool | None
    classes: Sequence[str] | None


class _Job(NamedTuple):
    """What is done with every image."""

    model: keras.Model
    out: Path
    saves: tuple[str, ...]
    classes: tuple[str, ...]
    how: Predicting


def predict_folder(
    model: keras.Model | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    save: str | Sequence[str] = "mask",
    again: bool = False,
    progress: Progress | bool | None = None,
    **how: Unpack[Predicting],
) -> FolderResult:
    """Predict every image that lies in a folder, each as `predict_image` does; a run that was cut off goes on.

    Of ``NAME.png`` comes ``NAME_mask.tif``, ``NAME_objects.csv`` or ``NAME_probabilities.tif``; where two images are
    called alike but for the ending, ``NAME.png_mask.tif``. ``summary.csv`` has a row for each image: its size, how many
    objects it holds, and the share of its pixels that each class takes.

    ``prediction.json`` notes which network made the results, and ``images.jsonl`` of which images: those that are there
    and whole are not made anew, unless their image has changed. A file that no run has written is never replaced.

    Args:
        model: A U-Net from `build_model`, `TrainingSession.model`, or loaded again by Keras; or the path of its
            ``.keras`` file.
        folder: Where the images lie: PNG, TIFF, BMP, GIF, JPEG and .npy. Folders inside it are not looked into, and
            links that lead out of it are not followed.
        out: Where results go: another folder, which is made if need be.
        save: ``"mask"``, ``"objects"`` or ``"probabilities"``, or several of them.
        again: Make all results anew, also those of another network.
        progress: Called with images done and images in all after each; True for a line that tells how far it is.
        **how: ``tile``, ``batch_size`` and ``normalize`` as for `predict_image`, and the names of all ``classes``.

    Returns:
        The images that were predicted, those that had been before, and those that could not be, with the reason.

    Raises:
        ValueError: If there is no image, ``out`` does not do, or holds what another network has made.
        OSError: If there is no room left. What was written is whole, and the next run goes on from there.

    Example:
        >>> import tempfile
        >>> from unet_explorer import UNetConfig, build_model, predict_folder
        >>> images, results = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
        >>> np.save(images / "a.npy", np.zeros((60, 70), "uint8"))
        >>> model = build_model(UNetConfig(depth=2, base_filters=2))
        >>> [path.name for path in predict_folder(model, images, results).written]
        ['a.npy']
        >>> sorted(path.name for path in results.iterdir())
        ['a_mask.tif', 'images.jsonl', 'prediction.json', 'summary.csv']
        >>> [path.name for path in predict_folder(model, images, results).skipped]
        ['a.npy']
    """
    model = opened_model(model)
    job = _job(model, folder, read_path(out, "out", "the path of a folder"), save, how)
    again = read_value("again", again, Flag())
    told = read_progress(progress)
    images, failed = _images(read_path(folder, "folder", "the path of a folder"), job.out)
    job.out.mkdir(parents=True, exist_ok=True)
    journal = Journal.open(job.out, fingerprint(model, how.get("normalize"), job.saves, job.classes), again)
    names = journal.names(images)
    written, skipped = [], []
    try:
        for done, image in enumerate(images, start=1):
            if journal.is_done(image):
                skipped.append(image)
            else:
                try:
                    _predict(job, image, names[image], journal)
                    written.append(image)
                except Exception as error:  # damaged files end in all kinds of errors
                    if isinstance(error, OSError) and error.errno in _NO_ROOM:
                        raise
                    failed[image] = _words(error)
            if told:
                told(done, len(images))
    finally:
        _summarise(job, [*written, *skipped], journal)
    return FolderResult(tuple(written), tuple(skipped), failed)


def _job(model: keras.Model, folder: object, out: Path, save: str | Sequence[str], how: Predicting) -> _Job:
    """What is done, as far as it can be looked at before the first image.

    Raises:
        ValueError: If the network, the tile or any of the rest does not do.
    """
    from unet_explorer.model import config_of

    check_words("predict_folder", how, Predicting.__annotations__)
    config = config_of(model, folder, out)
    saves = (save,) if isinstance(save, str) else save
    several = isinstance(saves, (list, tuple)) and len(saves) > 0
    if not several or not all(isinstance(each, str) and each in SAVES for each in saves):
        raise ValueError(f"save={shown(save)}: give one or several of {', '.join(map(repr, SAVES))}.")
    classes = read_names(how.get("classes"))
    check_names(classes, config)
    tile, batch_size, normalize = how.get("tile"), how.get("batch_size"), how.get("normalize")
    if tile is not None:
        sides(config, tile)
    if batch_size is not None:
        read_batch_size(batch_size)
    if normalize is not None:
        read_value("normalize", normalize, Flag(), ", or leave it out")
    return _Job(model, out, tuple(each for each in SAVES if each in saves), classes, how)


def _images(folder: Path, out: Path) -> tuple[list[Path], dict[Path, str]]:
    """The images of a folder, and links that are not followed, with the reason.

    Raises:
        ValueError: If there is none, or the results would come among them.
    """
    name = printable(folder.name)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {printable(folder)}: look at the path.")
    if "\0" in str(out) or (out.exists() and not out.is_dir()):
        raise ValueError(f"out={printable(out)} is no folder: give the path of one, which need not be there yet.")
    if out.resolve() == folder.resolve():
        raise ValueError(f"out is the folder of the images itself: give another one, such as {name}/predicted.")
    images = [each for each in visible(folder, folder.resolve()) if _is_image(each)]
    links = [each for each in entries(folder) if _is_image(each) and each not in images]
    if not images and not links:
        raise ValueError(f"{name} holds no image: files ending in {', '.join(sorted(_READ))} are read.")
    return images, dict.fromkeys(links, "a link that leads out of the folder is not followed: copy the file.")


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _READ and path.is_file()


def _predict(job: _Job, image: Path, name: str, journal: Journal) -> None:
    """One image: its files, and what is noted of them.

    Raises:
        ValueError: If it cannot be predicted, or a file that is not ours would be replaced.
    """
    files = [f"{name}_{_ENDINGS[save]}" for save in job.saves]
    targets = [Target(job.out / file, save, job.classes) for file, save in zip(files, job.saves, strict=True)]
    for target in targets:
        if os.path.lexists(target.path) and not journal.is_ours(target.path.name):
            raise DataError(
                f"{printable(target.path.name)} is there already, and no run has written it: move it away, or give "
                "another folder as out."
            )
    how, state = job.how, image.stat()
    run = Run.of(job.model, image, how.get("tile"), how.get("batch_size"), how.get("normalize"))
    journal.begin(image, name, files)
    with writing(targets, Scene(run.config, run.source, pixel_size(image)), classes=True) as sink:
        run.into(sink)
        counted = _count(sink)
    journal.end(image, name, files, state, counted)


def _count(sink: Sink) -> dict[str, Any]:
    """What the summary says of an image."""
    height, width = sink.labels.shape
    pixels = np.bincount(np.ravel(sink.labels), minlength=max(2, sink.scene.config.num_classes))
    return {
        "height": height,
        "width": width,
        "objects": int(sink.objects.max(initial=0)),
        "shares": (pixels / pixels.sum()).tolist(),
    }


def _words(error: Exception) -> str:
    if isinstance(error, ValueError):
        return str(error)
    return f"{type(error).__name__}: {error}".split("\n")[0]


def _summarise(job: _Job, images: Sequence[Path], journal: Journal) -> None:
    from unet_explorer.model import config_of

    count = max(2, config_of(job.model).num_classes)
    shares = [f"share_{name}" for name in job.classes or map(str, range(count))]
    rows: list[Sequence[object]] = []
    for image in sorted(images):
        counted = journal.counted(image)
        sizes = [counted[word] for word in ("height", "width", "objects")]
        rows.append([printable(image.name), *sizes, *map(float, counted["shares"])])
    with whole(job.out / "summary.csv") as half, half.open("xb") as stream:
        write_table(stream, ("image", "height", "width", "objects", *shares), rows)
