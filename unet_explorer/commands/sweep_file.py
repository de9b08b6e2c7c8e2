"""The file of a sweep, read and checked: what is wrong is said with the key, and with what is allowed there."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from unet_explorer.core.config import Flag, UNetConfig, read_value, shown
from unet_explorer.whole import printable

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.sweeps.designs import GivenDesign

__all__ = ["Asking", "SweepFileError", "read_file"]

_KEYS: Final = ("steps", "seeds", "designs", "dataset", "grid", "recipe", "halving", "memory")
_MADE: Final = ("made", "images", "size", "seed")
_READ: Final = ("folder", "masks", "grey")
_LARGEST: Final = 1 << 22
"""Bytes of such a file, at most."""


class SweepFileError(ValueError):
    """What is wrong with the file of a sweep, in words."""


class Asking(NamedTuple):
    """What a file asks for.

    Attributes:
        designs: As `sweep` takes them.
        dataset: What all learn from.
        seeds: Of each design.
        recipe: How each is taught; the steps among it.
        halving: See `sweep`.
        memory: See `sweep`.
    """

    designs: list[GivenDesign]
    dataset: Dataset
    seeds: list[int]
    recipe: dict[str, Any]
    halving: int | None
    memory: int | str | None


def read_file(path: Path) -> Asking:
    """What the file asks for.

    Args:
        path: A file in TOML. Folders that it names are looked for where it lies.

    Raises:
        SweepFileError: If it cannot be read, or something in it is not allowed; it names the key.
    """
    values = _toml(path)
    name = printable(path.name)
    _known(values, _KEYS, name)
    with _told(f"{name}, [dataset]"):
        dataset = _dataset(values.get("dataset"), path.parent)
    designs = _designs(values, name)
    recipe = dict(_table(values, "recipe"))
    if "seed" in recipe:
        raise SweepFileError(f"{name}, [recipe]: seed is not allowed there: say seeds = [0, 1], above all tables.")
    if "steps" in values:
        if "steps" in recipe:
            raise SweepFileError(f"{name}: steps stands there twice: above all tables, and in [recipe]: leave one out.")
        recipe["steps"] = values["steps"]
    seeds = values.get("seeds", [0])
    from unet_explorer.sweeps.asked import read_asked

    with _told(name):
        how = {"recipe": recipe, "halving": values.get("halving"), "memory": values.get("memory")}
        read_asked(designs, dataset, seeds, None, how)
    return Asking(designs, dataset, list(seeds), recipe, values.get("halving"), values.get("memory"))


class _told:  # noqa: N801  # reads as a word of the language
    """Say where what is wrong stands."""

    def __init__(self, where: str) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ValueError, TypeError)) and not isinstance(error, SweepFileError):
            raise SweepFileError(f"{self._where}: {error}") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise SweepFileError(f"{printable(path.name)} is no file of a sweep: it is larger than 4 MB.")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SweepFileError(f"{printable(path)} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SweepFileError(f"{printable(path.name)} is no TOML: {error}.") from None


def _known(values: dict[str, Any], keys: Collection[str], where: str) -> None:
    for key in values:
        if key not in keys:
            close = difflib.get_close_matches(key, keys, n=1)
            hint = f"did you mean {close[0]}?" if close else f"the keys are {', '.join(keys)}."
            raise SweepFileError(f"{where}: there is no key {shown(key)}: {hint}")


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise SweepFileError(f"{key} = {shown(table)} is not allowed: make it a table, [{key}].")
    return table


def _dataset(asked: object, home: Path) -> Dataset:
    if not isinstance(asked, dict):
        raise SweepFileError('[dataset] is missing: say made = "cells" there, or folder = "my images".')
    if "made" in asked and "folder" not in asked:
        _known(asked, _MADE, "[dataset]")
        return _made(asked)
    if "folder" in asked and "made" not in asked:
        _known(asked, _READ, "[dataset]")
        return _read(asked, home)
    raise SweepFileError('[dataset]: say either made = "cells", or folder = "my images".')


def _made(asked: dict[str, Any]) -> Dataset:
    from unet_explorer.data.made.wanted import Made, read_size

    size = asked.get("size", 256)
    made = Made(asked["made"], asked.get("images", Made().images), read_size(size), asked.get("seed", 0))
    if not isinstance(made.name, str):
        raise SweepFileError(f"[dataset]: made = {shown(made.name)} is not allowed: give the name of a made set.")
    return made.checked().make()


def _read(asked: dict[str, Any], home: Path) -> Dataset:
    from unet_explorer.data.files import from_folder

    for key in ("folder", "masks"):
        if not isinstance(asked.get(key, ""), str):
            raise SweepFileError(f"[dataset]: {key} = {shown(asked[key])} is not allowed: give the path of a folder.")
    masks = home / asked["masks"] if "masks" in asked else None
    grey = read_value("grey", asked.get("grey", False), Flag())
    return from_folder(home / asked["folder"], masks, grey=grey)


def _designs(values: dict[str, Any], name: str) -> list[GivenDesign]:
    listed = values.get("designs", [])
    if not isinstance(listed, list):
        raise SweepFileError(f'{name}: designs = {shown(listed)} is not allowed: give a list, such as ["classroom"].')
    made: list[GivenDesign] = [_design(each, f"{name}, designs") for each in listed]
    if "grid" in values:
        from unet_explorer.sweeps.designs import grid

        knobs: dict[str, Any] = {
            key: _tiles(value) if key == "tile" else value for key, value in _table(values, "grid").items()
        }
        like: Any = knobs.pop("like", None)
        with _told(f"{name}, [grid]"):
            build: Callable[..., list[GivenDesign]] = grid
            made += build(like, **knobs)
    if not made:
        raise SweepFileError(f'{name}: there is no design: say designs = ["classroom"], or make a table [grid].')
    return made


def _tiles(value: object) -> object:
    """A pair in a list is (height, width)."""
    return [tuple(each) if isinstance(each, list) else each for each in value] if isinstance(value, list) else value


def _design(given: object, where: str) -> Any:
    if not isinstance(given, dict):
        return given
    knobs = dict(given)
    tile = knobs.pop("tile", None)
    with _told(where):
        config = UNetConfig.from_dict(knobs)
    return config if tile is None else (config, tuple(tile) if isinstance(tile, list) else tile)
