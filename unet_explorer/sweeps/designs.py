"""The designs of a sweep, in whatever words they are given: configs, presets, links, or a grid of knobs."""

from __future__ import annotations

import itertools
import math
from typing import Any, Final, NamedTuple, TypeAlias

from unet_explorer.core.config import PRESETS, UNetConfig, shown
from unet_explorer.core.signed import design_in, design_link, is_link
from unet_explorer.core.tiles import Tile, read_tile, tile_for_output
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.preflight import ENOUGH

__all__ = ["Design", "GivenDesign", "base_of", "grid", "read_design", "read_designs", "usual_tile"]

GivenDesign: TypeAlias = UNetConfig | tuple[UNetConfig, Tile] | str
_MOST: Final = 100_000
"""Designs of one sweep."""
_VALUES: Final = 1000
"""Values of one knob."""
_SUCH: Final = '["classroom", (UNetConfig(depth=3), 188)]'


class Design(NamedTuple):
    """A network with the tile that it learns from.

    Attributes:
        config: The network.
        tile: (height, width) in pixels; it need not fit.
    """

    config: UNetConfig
    tile: tuple[int, int]

    @property
    def link(self) -> str:
        """What tells it from all others.

        Example:
            >>> Design(PRESETS["classroom"].config, (188, 188)).link
            'unet1-t188-d3-f8-11hrn49'
        """
        return design_link(self.config, self.tile)


def usual_tile(config: UNetConfig, dataset: Dataset) -> tuple[int, int]:
    """The tile of a design that was given without one: its output has 64 px a side, or is as large as the images are.

    So all designs learn from as many pixels in a step, whatever their convolutions eat.

    Args:
        config: The network.
        dataset: Its smallest image counts.

    Returns:
        (height, width) in pixels.

    Example:
        >>> from unet_explorer import cells
        >>> usual_tile(UNetConfig(depth=2), cells(2, size=96)), usual_tile(UNetConfig(depth=2), cells(2, size=40))
        ((104, 104), (80, 80))
    """
    heights, widths = zip(*dataset.sizes, strict=True)
    height, width = (tile_for_output(config, min(ENOUGH, int(min(sides)))) for sides in (heights, widths))
    return height, width


def read_design(given: Any, dataset: Dataset) -> Design:
    """One design, whatever it was given as.

    Raises:
        ValueError: If it is none.

    Example:
        >>> from unet_explorer import cells
        >>> read_design("classroom", cells(2, size=64)).tile
        (188, 188)
        >>> read_design("clasroom", cells(2, size=64))
        Traceback (most recent call last):
        ...
        ValueError: 'clasroom' is no design: give a UNetConfig, (config, tile), the link of a panel, or one \
of paper, article, classroom.
    """
    if isinstance(given, UNetConfig):
        return Design(given, usual_tile(given, dataset))
    if isinstance(given, str) and given in PRESETS:
        config, side = PRESETS[given]
        return Design(config, (side, side))
    if is_link(given):
        return Design(*design_in(given))
    if isinstance(given, (tuple, list)) and len(given) == 2 and isinstance(given[0], UNetConfig):
        try:
            return Design(given[0], read_tile(given[1]))
        except ValueError as error:
            raise ValueError(f"{shown(given)} is no design: {error}") from None
    names = ", ".join(PRESETS)
    raise ValueError(
        f"{shown(given)} is no design: give a UNetConfig, (config, tile), the link of a panel, or one of {names}."
    )


def read_designs(given: object, dataset: Dataset) -> tuple[Design, ...]:
    """The designs of a sweep, each once.

    Raises:
        ValueError: If it is no list of designs, or one is there twice.

    Example:
        >>> from unet_explorer import cells
        >>> len(read_designs(["classroom", UNetConfig(depth=2)], cells(2, size=64)))
        2
    """
    if not isinstance(given, (list, tuple)) or isinstance(given, tuple(map(type, PRESETS.values()))) or not given:
        raise ValueError(
            f"designs={shown(given)} is not allowed: give a list of designs, such as {_SUCH}, a grid(…), or a sampler."
        )
    if len(given) > _MOST:
        raise ValueError(
            f"designs: {len(given):,} are more than {_MOST:,}: give fewer, or a sampler that chooses some."
        )
    try:
        designs = tuple(read_design(each, dataset) for each in given)
    except ValueError as error:
        raise ValueError(f"designs={shown(given)}: {error}") from None
    seen: dict[Design, int] = {}
    for number, design in enumerate(designs, start=1):
        if design in seen:
            raise ValueError(
                f"designs={shown(given)}: number {seen[design]} and number {number} are the same ({design.link}): "
                "give each once. How much chance has a say is told by several seeds."
            )
        seen[design] = number
    return designs


def grid(like: UNetConfig | str | None = None, *, tile: Any = None, **knobs: Any) -> list[GivenDesign]:
    """All combinations of some values of some knobs, as designs for `sweep`.

    A tile that does not fit one of them is not left out here: in the table of the sweep its row says why it was
    skipped.

    Args:
        like: What all other knobs are as: a config, or the name of a preset; left out, the paper's network.
        tile: A tile in pixels, or a list of them; a pair in a list is (height, width). Left out, each design gets the
            one with an output of 64 px a side, or as large as the smallest image.
        **knobs: Knobs of `UNetConfig`, each with a value or a list of values.

    Returns:
        Designs, the last knob changing fastest; the tile changes faster still.

    Raises:
        ValueError: If a knob is unknown, or a value is not allowed.

    Example:
        >>> designs = grid(depth=[2, 3], base_filters=[4, 8], tile=[108, 140])
        >>> len(designs), designs[1][0].depth, designs[1][1]
        (8, 2, 140)
        >>> grid(deph=[2, 3])
        Traceback (most recent call last):
        ...
        ValueError: deph=[2, 3]: Unknown key 'deph': did you mean 'depth'?
    """
    config = base_of(like)
    values = {name: _several(name, each, (list, tuple, range)) for name, each in knobs.items()}
    # A pair is one tile.
    tiles = _several("tile", tile, (list, range))
    if (count := math.prod(map(len, [*values.values(), tiles]))) > _MOST:
        raise ValueError(f"These are {count:,} combinations, more than {_MOST:,}: give fewer values, or a sampler.")
    if tile is not None:
        pairs = [read_tile(each) for each in tiles]
        tiles = [pair if isinstance(each, (tuple, list)) else pair[0] for pair, each in zip(pairs, tiles, strict=True)]
    for name, some in values.items():
        _check(config, name, knobs[name], some)
    made: list[GivenDesign] = []
    for chosen in itertools.product(*values.values()):
        one = UNetConfig.from_dict({**config.to_dict(), **dict(zip(values, chosen, strict=True))})
        made += [one] if tile is None else [(one, each) for each in tiles]
    return made


def _check(config: UNetConfig, name: str, given: Any, values: list[Any]) -> None:
    for each in values:
        try:
            UNetConfig.from_dict({**config.to_dict(), name: each})
        except ValueError as error:
            among = f"{name}={shown(given)}: " if given is not each else ""
            raise ValueError(f"{among}{error}") from None


def _several(name: str, given: Any, kinds: tuple[type, ...]) -> list[Any]:
    if not isinstance(given, kinds):
        return [given]
    if not 0 < len(given) <= _VALUES:  # type: ignore[arg-type]
        raise ValueError(f"{name}={shown(given)} is not allowed: give one value, or a list of 1 to {_VALUES:,}.")
    return list(given)  # type: ignore[call-overload,no-any-return]


def base_of(like: object) -> UNetConfig:
    """What all knobs are as that are not varied: the paper's network, if nothing is said.

    Raises:
        ValueError: If it is no network.

    Example:
        >>> base_of("classroom").depth, base_of(None).depth
        (3, 4)
    """
    if like is None:
        return UNetConfig()
    if isinstance(like, UNetConfig):
        return like
    if isinstance(like, str) and like in PRESETS:
        return PRESETS[like].config
    if is_link(like):
        return design_in(str(like))[0]
    raise ValueError(f"like={shown(like)} is no network: give a UNetConfig, or one of {', '.join(PRESETS)}.")
