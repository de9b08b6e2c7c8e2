"""Which designs a sweep is of: values of knobs, and all that they combine to; which of these do not fit, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import Choice, Flag, UNetConfig, allowed, shown
from unet_explorer.core.tiles import ShapeError, nearest_sizes, read_tile, sides
from unet_explorer.panel.instrument.explanations import KNOBS, VALUES

__all__ = [
    "MOST_DESIGNS",
    "VARIED",
    "Combined",
    "Design",
    "combined",
    "design_words",
    "label_of",
    "offered",
    "toggled",
    "value_words",
]

Design = tuple[UNetConfig, tuple[int, int]]
"""A network, and (height, width) of its tile."""

MOST_DESIGNS: Final = 200
"""More are no picture any more, and take a day; code takes any number."""
VARIED: Final = (
    "depth",
    "base_filters",
    "tile",
    "padding",
    "convs_per_block",
    "kernel_size",
    "upsampling",
    "skips",
    "batch_norm",
    "dropout",
)
"""What can be varied, in the order in which it is shown. Image channels, classes and head follow from the images."""
_PRIMARY: Final = frozenset({"depth", "base_filters", "tile", "padding"})
_USUAL: Final[Mapping[str, tuple[Any, ...]]] = {
    "depth": (1, 2, 3, 4, 5),
    "base_filters": (4, 8, 16, 32),
    "convs_per_block": (1, 2, 3),
    "kernel_size": (1, 3, 5),
    "dropout": (0.0, 0.2, 0.5),
}
"""Values to choose from, of knobs that allow more than can be shown."""
_SHARES: Final = (0.5, 0.75, 1.5)
"""Tiles to choose from, by their share of the shown one."""
_WORDS: Final = {
    ("padding", "valid"): "no padding",
    ("padding", "same"): "padded",
    ("upsampling", "transpose"): "transposed convolutions",
    ("upsampling", "bilinear"): "bilinear up-sampling",
    ("skips", True): "skips",
    ("skips", False): "no skips",
    ("batch_norm", True): "batch norm",
    ("batch_norm", False): "no batch norm",
}
_ON_A_BUTTON: Final = {
    "valid": "none",
    "same": "zeros",
    "transpose": "transposed",
    "bilinear": "bilinear",
    True: "with",
    False: "without",
}


class Combined(NamedTuple):
    """All that some values combine to.

    Attributes:
        designs: Those that can be built, each once.
        combinations: How many there are.
        misfits: How many of these do not fit.
        reason: The first of them, and why; empty if all fit.
    """

    designs: tuple[Design, ...]
    combinations: int
    misfits: int
    reason: str


def offered(config: UNetConfig, tile: tuple[int, int], ranges: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """What can be varied, with values to choose from, for the page.

    Args:
        config: The network that is shown.
        tile: (height, width) of its tile.
        ranges: The values that are chosen, by the names of knobs and ``"tile"``; of all others the shown one is.

    Example:
        >>> depth, *_ = offered(UNetConfig(depth=3), (188, 188), {"depth": [3, 4]})
        >>> depth["label"], [value["words"] for value in depth["values"] if value["chosen"]]
        ('Depth', ['3', '4'])
    """
    return [_offer(name, config, tile, ranges) for name in VARIED]


def _offer(name: str, config: UNetConfig, tile: tuple[int, int], ranges: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    own = _own(name, config, tile)
    chosen = list(ranges.get(name, [own]))
    usual = _tiles(config, tile) if name == "tile" else _choices(name)
    values = [*usual, *(each for each in [own, *chosen] if each not in usual)]
    if not isinstance(own, (str, bool)):
        values = sorted({_key(each): each for each in values}.values(), key=_key)
    return {
        "name": name,
        "label": label_of(name),
        "help": KNOBS[name][1] if name in KNOBS else "side of the square tile, in pixels",
        "primary": name in _PRIMARY,
        "values": [{"value": each, "words": _button(name, each), "chosen": each in chosen} for each in values],
    }


def _own(name: str, config: UNetConfig, tile: tuple[int, int]) -> Any:
    if name != "tile":
        return getattr(config, name)
    return tile[0] if tile[0] == tile[1] else list(tile)


def _choices(name: str) -> tuple[Any, ...]:
    values = allowed(name)
    match values:
        case Choice() if name not in _USUAL:
            return values.values
        case Flag():
            return True, False
        case _:
            return _USUAL[name]


def _tiles(config: UNetConfig, tile: tuple[int, int]) -> tuple[int, ...]:
    """Sides that fit, about as large as the shown one."""
    near = (nearest_sizes(config, max(1, round(share * tile[0]))) for share in _SHARES)
    found = {below or above for below, above in near}
    return tuple(sorted(side for side in found if side))


def _key(value: Any) -> Any:
    """By which numbers are sorted; a rectangle stands by its height."""
    return tuple(value) if isinstance(value, list) else (value, value)


def _button(name: str, value: Any) -> str:
    if name == "tile":
        return _tile_words(read_tile(value))
    if name == "kernel_size":
        return VALUES[value]
    return _ON_A_BUTTON[value] if isinstance(value, (bool, str)) else f"{value:g}"


def _tile_words(tile: tuple[int, int]) -> str:
    return f"{tile[0]}" if tile[0] == tile[1] else f"{tile[0]} × {tile[1]}"


def toggled(
    config: UNetConfig, tile: tuple[int, int], ranges: Mapping[str, Sequence[Any]], name: object, value: object
) -> dict[str, list[Any]]:
    """The ranges with one more value, or without it; one value of each knob always stays.

    Args:
        config: The network that is shown.
        tile: (height, width) of its tile.
        ranges: The values that were chosen.
        name: Of a knob, or ``"tile"``.
        value: What is chosen of it, or no longer.

    Raises:
        ValueError: If there is no such knob, or it does not take the value.

    Example:
        >>> toggled(UNetConfig(depth=3), (188, 188), {}, "depth", 4)
        {'depth': [3, 4]}
        >>> toggled(UNetConfig(depth=3), (188, 188), {"depth": [3, 4]}, "depth", 4)
        {}
    """
    if not isinstance(name, str) or name not in VARIED:
        raise ValueError(f"{shown(name)} cannot be varied: give one of {', '.join(VARIED)}.")
    read = _read(config, name, value)
    own = _own(name, config, tile)
    before = list(ranges.get(name, [own]))
    after = [each for each in before if each != read] if read in before else [*before, read]
    if not isinstance(own, (str, bool)):
        after.sort(key=_key)
    rest = {each: list(values) for each, values in ranges.items() if each != name}
    # What is not varied follows the knobs.
    return rest if after == [own] else {**rest, name: after or before}


def _read(config: UNetConfig, name: str, value: object) -> Any:
    if name == "tile":
        height, width = read_tile(value)
        return height if height == width else [height, width]
    return getattr(UNetConfig.from_dict({**config.to_dict(), name: value}), name)


def combined(
    config: UNetConfig, tile: tuple[int, int], ranges: Mapping[str, Sequence[Any]], nearest: bool = False
) -> Combined:
    """All designs of some ranges.

    Args:
        config: The network that is shown: all that is not varied is as in it.
        tile: (height, width) of its tile.
        ranges: The values that are varied, by names.
        nearest: Whether a tile that does not fit a network gives way to the nearest that does.

    Raises:
        ValueError: If there are more than `MOST_DESIGNS`.

    Example:
        >>> found = combined(UNetConfig(depth=3), (188, 188), {"depth": [2, 3], "padding": ["valid", "same"]})
        >>> found.combinations, len(found.designs), found.misfits
        (4, 3, 1)
        >>> found.reason.partition(":")[0]
        'depth 3, padded, tile 188'
    """
    count = math.prod(len(values) for values in ranges.values())
    if count > MOST_DESIGNS:
        raise ValueError(
            f"These are {count:,} designs, and {MOST_DESIGNS} are the most here: choose fewer values, or call sweep() "
            "in a cell, which takes any number."
        )
    designs: dict[Design, None] = {}
    misfits, reason = 0, ""
    for network, given in _every(config, tile, ranges):
        taken = _nearest(network, given) if nearest else given
        try:
            sides(network, taken)
        except ShapeError as error:
            misfits += 1
            reason = reason or _misfit(network, taken, ranges, error)
            continue
        designs[network, taken] = None
    return Combined(tuple(designs), count, misfits, reason)


def _every(config: UNetConfig, tile: tuple[int, int], ranges: Mapping[str, Sequence[Any]]) -> Iterator[Design]:
    names = [name for name in VARIED if name in ranges]
    for values in product(*(ranges[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        given = read_tile(chosen.pop("tile", tile))
        yield replace(config, **chosen), given


def _nearest(config: UNetConfig, tile: tuple[int, int]) -> tuple[int, int]:
    """The nearest tile that fits, the smaller one of two."""

    def near(side: int) -> int:
        found = [each for each in nearest_sizes(config, side) if each is not None]
        return min(found, key=lambda each: abs(each - side))

    return near(tile[0]), near(tile[1])


def _misfit(config: UNetConfig, tile: tuple[int, int], ranges: Mapping[str, Sequence[Any]], error: ShapeError) -> str:
    words = design_words(config, tile, {*ranges, "tile"})
    # What it says first is which tile; that stands in the words already.
    return f"{words}: {str(error).partition(': ')[2].splitlines()[0]}"


def design_words(config: UNetConfig, tile: tuple[int, int], varied: set[str] | frozenset[str]) -> str:
    """What is different about a design, in words; of one of a kind, the usual ones.

    Example:
        >>> design_words(UNetConfig(depth=3, skips=False), (188, 188), {"depth", "skips"})
        'depth 3, no skips'
    """
    named = [name for name in VARIED if name in varied] or ["depth", "base_filters", "tile"]
    # The tile comes last: it is what the network is given.
    ordered = [*(name for name in named if name != "tile"), *(name for name in named if name == "tile")]
    return ", ".join(value_words(name, _own(name, config, tile)) for name in ordered)


def label_of(name: str) -> str:
    """What stands at a knob, or at the tile.

    Example:
        >>> label_of("base_filters"), label_of("tile")
        ('Filters', 'Tile')
    """
    return KNOBS[name][0] if name in KNOBS else "Tile"


def value_words(name: str, value: Any) -> str:
    """A value of a knob in words; of a tile its side, both, or words already.

    Example:
        >>> value_words("depth", 3), value_words("skips", False), value_words("tile", [76, 92])
        ('depth 3', 'no skips', 'tile 76 × 92')
    """
    match name:
        case "tile":
            return f"tile {value if isinstance(value, str) else _tile_words(read_tile(value))}"
        case "base_filters":
            return f"{value} filter{'s' if value > 1 else ''}"
        case "convs_per_block":
            return f"{value} conv{'s' if value > 1 else ''} per block"
        case "kernel_size":
            return f"kernel {VALUES[value]}"
        case "depth" | "dropout":
            return f"{name} {value:g}"
    return _WORDS[name, value]
