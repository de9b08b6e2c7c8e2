"""What the folder of an OME-Zarr says of itself: axes, levels and channels, looked at before any of it is followed."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from unet_explorer.data.decoded import DataError, listed, read_bytes
from unet_explorer.whole import printable

__all__ = ["Level", "Multiscales", "holds_zarr", "inside", "read_multiscales"]

_LONGEST: Final = 1 << 22
"""Bytes of metadata, at most."""
_MOST_LEVELS: Final = 64
_MOST_CHANNELS: Final = 1 << 12
_AXES: Final = range(2, 6)
"""How many axes an image may have."""
_KINDS: Final = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
"""What an axis is whose kind is not said, by its name."""
_OLD: Final = ("0.1", "0.2")
"""Versions of which all images have the same five axes."""
_HEADS: Final = ("zarr.json", ".zarray", ".zgroup", ".zattrs")


class Level(NamedTuple):
    """One resolution.

    Attributes:
        path: Its folder, below that of the image.
        scale: How large a pixel is along each axis, or None where nothing understood is said.
    """

    path: str
    scale: tuple[float, ...] | None


class Multiscales(NamedTuple):
    """An image at several resolutions.

    Attributes:
        letters: A letter for each axis: t, c, z, y, x; ``"?"`` for what is none of these.
        names: What the file calls them.
        units: The unit of each, or nothing.
        levels: From the finest on.
        channels: What channels are called, as far as that is said.
    """

    letters: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    levels: tuple[Level, ...]
    channels: tuple[str, ...]


def holds_zarr(folder: Path) -> bool:
    """Whether a folder is an array or a group of Zarr, whatever it is called.

    Example:
        >>> holds_zarr(Path("/nowhere"))
        False
    """
    return folder.is_dir() and any((folder / head).is_file() for head in _HEADS)


def read_multiscales(folder: Path, name: str) -> Multiscales | None:
    """The image in a group of OME-Zarr, as versions 0.4 and 0.5 say it.

    Args:
        folder: Of the group.
        name: What to call it in an error.

    Returns:
        What is said; None where the folder is an array, or a group that says nothing of the kind.

    Raises:
        DataError: If it says what cannot be, or is a plate or a collection of images.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> axes = [{"name": "y", "type": "space", "unit": "micrometer"}, {"name": "x", "type": "space"}]
        >>> datasets = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [0.5, 0.5]}]}]
        >>> said = {"multiscales": [{"version": "0.4", "axes": axes, "datasets": datasets}]}
        >>> _ = (folder / ".zgroup").write_text('{"zarr_format": 2}'), (folder / ".zattrs").write_text(json.dumps(said))
        >>> found = read_multiscales(folder, "a.zarr")
        >>> found.letters, found.units, found.levels
        ('yx', ('micrometer', ''), (Level(path='0', scale=(0.5, 0.5)),))
    """
    said = _attributes(folder, name)
    if said is None:
        return None
    if "multiscales" not in said:
        _refuse_collections(said, name)
        return None
    try:
        return _read(said, folder, name)
    except DataError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        reason = printable(f"{type(error).__name__}: {error}")
        raise DataError(f"{name} says of its levels what OME-Zarr does not know ({reason}). Save it again.") from None


def _attributes(folder: Path, name: str) -> dict[str, Any] | None:
    """What is said of a group; None if it is none."""
    if (folder / "zarr.json").exists():
        head = _json(folder / "zarr.json", name)
        if head.get("node_type") != "group":
            return None
        attributes = head.get("attributes")
        found = attributes.get("ome", attributes) if isinstance(attributes, dict) else {}
    elif (folder / ".zarray").exists() or not (folder / ".zattrs").exists():
        return None
    else:
        found = _json(folder / ".zattrs", name)
    return found if isinstance(found, dict) else {}


def _json(file: Path, name: str) -> dict[str, Any]:
    if not inside(file, file.parent):
        raise DataError(f"{name} has a {file.name} that leads out of its folder. It is not followed.")
    try:
        found = json.loads(read_bytes(file, f"{name}/{file.name}", _LONGEST))
    except (RecursionError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name}/{file.name} is no JSON, or nested too deep. Save it again.") from None
    return found if isinstance(found, dict) else {}


def inside(path: Path, folder: Path) -> bool:
    """Whether a path, links followed, is within a folder.

    Example:
        >>> inside(Path("/a/b/../../c"), Path("/a"))
        False
    """
    return path.resolve().is_relative_to(folder.resolve())


def _refuse_collections(said: dict[str, Any], name: str) -> None:
    """Say which folder to give where a folder holds many images.

    Raises:
        DataError: If it does.
    """
    if "plate" in said or "well" in said:
        kind = "a plate" if "plate" in said else "a well of a plate"
        raise DataError(f"{name} is {kind}, with many images. Give the folder of one, such as {name}/A/1/0.")
    if "bioformats2raw.layout" in said:
        raise DataError(f"{name} is a collection of images. Give the folder of one, such as {name}/0.")
    if "labels" in said:
        some = said["labels"] if isinstance(said["labels"], list) else []
        raise DataError(f"{name} holds labels of an image, not the image. Give the folder of one: {listed(some)}.")


def _read(said: dict[str, Any], folder: Path, name: str) -> Multiscales:
    # Of several, the first counts where no name is given: so the specification has it.
    first = said["multiscales"][0]
    version = first.get("version", said.get("version", ""))
    axes = first.get("axes", [*"tczyx"] if version in _OLD else None)
    if axes is None:
        raise DataError(
            f"{name} is OME-Zarr of version {printable(version or 'unknown')}, and names no axes: 0.4 and 0.5 are read."
        )
    names, kinds, units = _axes(axes, name)
    whole = _scale(first.get("coordinateTransformations"), len(names), name)
    levels = []
    for each in first["datasets"][: _MOST_LEVELS + 1]:
        scale = _scale(each.get("coordinateTransformations"), len(names), name)
        if scale is not None and whole is not None:
            scale = tuple(mine * other for mine, other in zip(scale, whole, strict=True))
        levels.append(Level(_path(each["path"], folder, name), scale))
    if not 1 <= len(levels) <= _MOST_LEVELS:
        raise DataError(f"{name} has {'no' if not levels else f'more than {_MOST_LEVELS}'} levels. Save it again.")
    if len({PurePosixPath(level.path) for level in levels}) < len(levels):
        raise DataError(f"{name} names one folder for several levels: it goes round in a circle. Save it again.")
    return Multiscales(_letters(names, kinds, name), names, units, tuple(levels), _channels(said))


def _axes(axes: Any, name: str) -> tuple[tuple[str, ...], list[str], tuple[str, ...]]:
    """Name, kind and unit of each axis."""
    if not isinstance(axes, list) or len(axes) not in _AXES:
        raise DataError(f"{name} has {len(axes) if isinstance(axes, list) else 'no'} axes: images have 2 to 5.")
    every = [each if isinstance(each, dict) else {"name": each} for each in axes]
    names = tuple(each["name"] for each in every)
    if not all(isinstance(each, str) and each for each in names) or len(set(names)) < len(names):
        raise DataError(f"{name} has axes without a name of their own: {listed(names)}. Save it again.")
    kinds = [str(each.get("type") or _KINDS.get(each["name"].lower(), "")) for each in every]
    units = tuple(each["unit"] if isinstance(each.get("unit"), str) else "" for each in every)
    return names, kinds, units


def _letters(names: Sequence[str], kinds: Sequence[str], name: str) -> str:
    """What each axis is to us; the two of space that are no depth are rows and columns, whatever they are called."""
    letters = [{"time": "t", "channel": "c"}.get(kind, "?") for kind in kinds]
    space = [place for place, kind in enumerate(kinds) if kind == "space"]
    lower = [each.lower() for each in names]
    plane = [lower.index(each) for each in "yx" if each in lower and lower.index(each) in space]
    if len(plane) < 2:
        plane = space[-2:]
    if len(plane) < 2 or len(space) > 3:
        raise DataError(f"{name} has axes {listed(names)}, {len(space)} of them in space: an image has two or three.")
    for place in space:
        letters[place] = dict(zip(plane, "yx", strict=True)).get(place, "z")
    found = "".join(letters)
    if any(found.count(letter) > 1 for letter in "tczyx"):
        raise DataError(f"{name} has axes {listed(names)}, two of which are of one kind. Save it again.")
    return found


def _path(path: Any, folder: Path, name: str) -> str:
    """The folder of a level, if it is below that of the image.

    Raises:
        DataError: If it leads anywhere else.
    """
    # Links are followed to see where they lead; a name with a zero byte leads nowhere.
    parts = path.split("/") if isinstance(path, str) and "\0" not in path else []
    plain = parts and all(part not in ("", ".", "..") and "\\" not in part and ":" not in part for part in parts)
    if not plain or not inside(folder / path, folder):
        raise DataError(f"{name} names {printable(repr(path))} as a level: no folder within it. It is not followed.")
    return str(path)


def _scale(steps: Any, count: int, name: str) -> tuple[float, ...] | None:
    """How large a pixel is along each axis, if it is said in numbers.

    Raises:
        DataError: If it is said, and cannot be.
    """
    for step in steps or ():
        if step["type"] != "scale" or "scale" not in step:
            continue
        numbers = step["scale"]
        plain = isinstance(numbers, list) and all(type(each) in (int, float) for each in numbers)
        if not plain or len(numbers) != count or not all(0 < each < math.inf for each in numbers):
            raise DataError(
                f"{name} says that its pixels are {printable(numbers)} large: {count} numbers above 0 are meant."
            )
        return tuple(float(each) for each in numbers)
    return None


def _channels(said: dict[str, Any]) -> tuple[str, ...]:
    """What channels are called; it is welcome, and no image fails for want of it."""
    omero = said.get("omero")
    channels = omero.get("channels") if isinstance(omero, dict) else None
    if not isinstance(channels, list) or len(channels) > _MOST_CHANNELS:
        return ()
    labels = [each.get("label") if isinstance(each, dict) else None for each in channels]
    return tuple(printable(label) if isinstance(label, str) else "" for label in labels)
