"""A data set in the layout of another program, so that it can be learnt from there."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from unet_explorer.core.config import Choice, Flag, read_value, shown
from unet_explorer.data.dataset import Dataset, read_dataset
from unet_explorer.data.spare import spare_folder
from unet_explorer.export.cellpose import write_cellpose
from unet_explorer.export.nnunet import write_nnunet
from unet_explorer.export.stored import bits_of
from unet_explorer.whole import place_for, printable, whole

__all__ = ["SavedDataset", "dataset_bytes", "save_dataset"]

FolderLayout: TypeAlias = Literal["nnunet", "cellpose"]
_WRITERS: Final = {"nnunet": write_nnunet, "cellpose": write_cellpose}
_ABOUT: Final = "unet_explorer.json"
"""What a folder of ours holds: what is in it, so that nothing else is ever replaced."""
_NNUNET_NAME: Final = re.compile(r"Dataset\d{3}_[A-Za-z0-9][A-Za-z0-9_-]*")


class SavedDataset(NamedTuple):
    """What was written.

    Attributes:
        path: The folder.
        images: How many images it holds.
        notes: What the other program knows differently, in sentences.
    """

    path: Path
    images: int
    notes: tuple[str, ...]


def save_dataset(
    dataset: Dataset,
    path: str | os.PathLike[str],
    layout: FolderLayout = "nnunet",
    *,
    name: str | None = None,
    overwrite: bool = False,
) -> SavedDataset:
    """Write a data set into a folder, in the layout that nnU-Net or Cellpose learns from.

    **nnU-Net v2** (Isensee et al. 2021): ``imagesTr/``, ``labelsTr/`` and ``dataset.json``, to be put into the folder
    that ``nnUNet_raw`` names. A channel is a file, ``NAME_0000.png``, ``NAME_0001.png``, …; RGB of 8 bits is one PNG.
    Classes keep their numbers; pixels of which nothing is known get the highest label, ``ignore``. A set that has its
    own validation images brings ``splits_final.json`` along.

    **Cellpose** (Stringer et al. 2021): ``train/`` and ``test/`` with ``NAME.tif`` and ``NAME_masks.tif``, the number
    of each pixel's object. ``test`` holds the images that `Dataset.split` keeps back. Where the set does not tell
    objects apart, each connected region of a class counts as one, and the notes say so.

    Images that come from 8 or 16 bits are stored in these, others as 32-bit numbers: nothing is lost. The folder is
    written whole or not at all.

    Args:
        dataset: Images, classes and objects. One that stays in its files is read image by image.
        path: The folder to write, which must not be there yet. For nnU-Net it is called ``Dataset``, three digits,
            ``_`` and a name, such as ``nnUNet_raw/Dataset101_Cells``.
        layout: ``"nnunet"`` or ``"cellpose"``.
        name: What to call the data set inside; left out, as it is called here.
        overwrite: Whether to replace an earlier data set of this function, if nothing was added to its folder since.

    Returns:
        The folder, the number of images, and what is worth knowing.

    Raises:
        ValueError: If an argument is not allowed, or Cellpose cannot be told what the set says.
        FileExistsError: If the folder is there already, and may not be replaced.

    Example:
        >>> import tempfile
        >>> from unet_explorer import cells
        >>> folder = Path(tempfile.mkdtemp()) / "Dataset101_Cells"
        >>> saved = save_dataset(cells(2, size=64), folder)
        >>> sorted(each.name for each in folder.iterdir())
        ['dataset.json', 'imagesTr', 'labelsTr', 'unet_explorer.json']
        >>> saved.notes
        ('nnU-Net learns classes: which object a pixel belongs to was left out.',)
    """
    dataset = read_dataset(dataset, path)
    layout = read_value("layout", layout, Choice(tuple(_WRITERS)))
    if name is not None:
        dataset = replace(dataset, name=_read_name(name))
    place = _place(path, layout, read_value("overwrite", overwrite, Flag()))
    with whole(place) as half:
        half.mkdir()
        notes = _WRITERS[layout](half, dataset, bits_of(dataset))
        _describe(half, dataset, layout, notes)
    return SavedDataset(place, len(dataset), notes)


def dataset_bytes(dataset: Dataset, folder: str, layout: FolderLayout = "nnunet") -> tuple[bytes, tuple[str, ...]]:
    """The folder of `save_dataset` as a .zip, to be handed on, and its notes. All of it is in memory once.

    Args:
        dataset: Images, classes and objects.
        folder: What the folder in it is called.
        layout: ``"nnunet"`` or ``"cellpose"``.

    Raises:
        ValueError: If `save_dataset` would not write it.

    Example:
        >>> from unet_explorer import cells
        >>> content, notes = dataset_bytes(cells(2, size=64), "cells", "cellpose")
        >>> zipfile.ZipFile(io.BytesIO(content)).namelist()[0]
        'cells/test/0001_image_1.tif'
    """
    if not isinstance(folder, str) or folder in {"", ".", ".."} or set(folder) & set("/\\\0"):
        raise ValueError(f"folder={shown(folder)} is no name of a folder: give one without slashes, such as 'cells'.")
    stream = io.BytesIO()
    with spare_folder() as spare, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        written = save_dataset(dataset, spare / folder, layout)
        for path in sorted(each for each in written.path.rglob("*") if each.is_file()):
            # Undated, so that the same set is the same file.
            inside = zipfile.ZipInfo(path.relative_to(spare).as_posix())
            archive.writestr(inside, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue(), written.notes


def _read_name(name: object) -> str:
    if isinstance(name, str) and name.strip() and name.isprintable():
        return name
    raise ValueError(f"name={shown(name)} is not allowed: give text, what to call the data set.")


def _place(path: object, layout: FolderLayout, overwrite: bool) -> Path:
    place = place_for(path, [""], overwrite)
    if layout == "nnunet" and not _NNUNET_NAME.fullmatch(place.name):
        raise ValueError(
            f"path={shown(str(path))} is no name for a data set of nnU-Net: it finds a set by its number, so call the "
            "folder Dataset, three digits, _ and a name in plain letters, such as Dataset101_Cells."
        )
    if place.is_symlink() or place.exists():
        _refuse_others(place)
    return place


def _refuse_others(place: Path) -> None:
    """Replace nothing but what this module wrote, and nobody has added to."""
    held = {each.relative_to(place).as_posix() for each in place.rglob("*") if not each.is_dir()}
    try:
        ours = {*json.loads((place / _ABOUT).read_text("utf-8"))["files"], _ABOUT}
    except (OSError, ValueError, KeyError, TypeError):
        ours = set()
    others = sorted(held - ours)
    if place.is_symlink() or not place.is_dir() or others:
        holds = f", for it holds {printable(others[0])}, which save_dataset did not write" if others else ""
        raise FileExistsError(
            f"The folder {printable(place.name)} is not replaced{holds}: give another name, or move it away yourself."
        )


def _describe(folder: Path, dataset: Dataset, layout: str, notes: tuple[str, ...]) -> None:
    files = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    about: dict[str, Any] = {
        "written_by": "unet_explorer",
        "layout": layout,
        "name": dataset.name,
        "licence": dataset.licence,
        "classes": dataset.classes,
        "titles": dataset.titles,
        "notes": [*dataset.notes, *notes],
        "files": files,
    }
    (folder / _ABOUT).write_text(json.dumps(about, indent=2) + "\n", "utf-8")
