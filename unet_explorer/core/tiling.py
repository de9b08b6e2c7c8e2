"""How tiles cover an image without a seam.

Every max-pooling halves the map on a grid that starts at the tile's own corner. Two tiles agree about a pixel only if
their grids coincide, so their origins must lie multiples of 2^depth apart; and of its prediction a tile may write only
the pixels that see nothing of the zeros beyond its border. Then every output pixel is written once, there is nothing
to blend, and the result is that of the whole image in one piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import product
from typing import Final, NamedTuple

from unet_explorer.core.axis import Axis, axis_of, needed
from unet_explorer.core.config import Flag, UNetConfig, read_config, read_value, shown, whole, wholes
from unet_explorer.core.tiles import AXES, Tile, sides, tile_for_output
from unet_explorer.core.trace import trace

__all__ = ["PlacedTile", "Tiling", "read_image_shape"]

LARGEST_SIDE: Final = 500_000
"""Pixels a side of an image, so that it could still be predicted in one tile."""
_COLUMNS: Final = 64
_LINES: Final = 12


class PlacedTile(NamedTuple):
    """One tile of an image.

    Attributes:
        start: (row, column) of its first pixel in the image; negative where it begins outside.
        size: (height, width) in pixels.
        read: The part of the image that it is made of. What lies beyond the border is mirrored there, from this part.
        write: The part of the prediction that it writes.
        keep: Where that part lies in the tile's own prediction.
    """

    start: tuple[int, int]
    size: tuple[int, int]
    read: tuple[slice, slice]
    write: tuple[slice, slice]
    keep: tuple[slice, slice]


class Tiling:
    """Tiles over an image, in reading order.

    Args:
        config: The network.
        image_shape: (height, width) of the image, or (height, width, channels).
        tile: Input side in pixels, or (height, width). More than the image needs in one piece is not taken.
        seamless: False lays them naively, side by side with their own predictions, to show what comes of it.

    Attributes:
        tile: (height, width) that each tile has.
        output: (height, width) that each predicts.
        axes: How they lie on the height, and on the width.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If the image has no such shape, or several tiles would be needed and these cannot meet.

    Example:
        >>> tiling = Tiling(UNetConfig(), (512, 512), 572)
        >>> len(tiling), [tile.write[1] for tile in tiling][:2]
        (4, [slice(0, 384, None), slice(384, 512, None)])
        >>> tiling[0].start, tiling[3].start
        ((-92, -92), (36, 36))
    """

    def __init__(self, config: UNetConfig, image_shape: tuple[int, ...], tile: Tile, *, seamless: bool = True) -> None:
        self.config = read_config(config, image_shape, tile)
        seamless = read_value("seamless", seamless, Flag())
        self.image = read_image_shape(image_shape)
        size = next(iter(sides(config, tile).values()))
        self.seamless = seamless
        down, across = (axis_of(config, side, length, seamless) for side, length in zip(self.image, size, strict=True))
        self.axes = (down, across)
        for name, axis in zip(AXES, self.axes, strict=True):
            if not axis.count:
                raise ValueError(_cannot_meet(config, axis, name if size[0] != size[1] else ""))
        self.tile = (down.tile, across.tile)
        self.output = (down.output, across.output)

    def __len__(self) -> int:
        return self.axes[0].count * self.axes[1].count

    def __getitem__(self, number: int) -> PlacedTile:
        try:
            number = whole(number)
        except ValueError:
            raise ValueError(
                f"{shown(number)} is no number of a tile: give a whole number below {len(self)}, as in tiling[0]."
            ) from None
        if not -len(self) <= number < len(self):
            raise IndexError(f"There are {len(self)} tiles, counted from 0: there is no tile {shown(number)}.")
        down, across = divmod(number % len(self), self.axes[1].count)
        return self._placed(down, across)

    def __iter__(self) -> Iterator[PlacedTile]:
        return (self._placed(*place) for place in product(*(range(axis.count) for axis in self.axes)))

    def _placed(self, *numbers: int) -> PlacedTile:
        starts, reads, writes, keeps = [], [], [], []
        for axis, number in zip(self.axes, numbers, strict=True):
            start, (first, behind) = axis.start(number), axis.written(number)
            origin = start + axis.margins.border
            starts.append(start)
            reads.append(needed(start, axis.tile, axis.side))
            writes.append(slice(first, behind))
            keeps.append(slice(first - origin, behind - origin))
        return PlacedTile(
            (starts[0], starts[1]), self.tile, (reads[0], reads[1]), (writes[0], writes[1]), (keeps[0], keeps[1])
        )

    @property
    def computed(self) -> int:
        """Pixels that the network is given, in all tiles together."""
        return len(self) * self.tile[0] * self.tile[1]

    @property
    def kept(self) -> int:
        """Pixels that come out of it, those of the image."""
        return self.image[0] * self.image[1]

    @property
    def share(self) -> float:
        """Kept pixels for each computed one, which is what is not waste.

        Example:
            >>> [round(Tiling(UNetConfig(), (512, 512), tile).share, 2) for tile in (572, 700)]
            [0.2, 0.53]
        """
        return self.kept / self.computed

    @cached_property
    def macs(self) -> int:
        """Multiply-adds for the whole image."""
        return len(self) * trace(self.config, self.tile).macs

    def __repr__(self) -> str:
        naive = "" if self.seamless else ", seamless=False"
        return f"Tiling({self.config}, {self.image}, {self.tile}{naive})"

    def __str__(self) -> str:
        """A row a tile, on each axis: ``o`` is written, ``-`` context from the image, ``~`` mirrored context.

        Example:
            >>> print(Tiling(UNetConfig(depth=3, base_filters=8), (292, 292), 188))
            292 × 292 px in 3 × 3 tiles of 188 × 188, 96 px apart; 27 % of the pixels computed are kept.
            height and width
            ~~~~~~~ooooooooooooooooo--------................................
            ................--------oooooooooooooooo--------................
            ................................--------ooooooooooooooooo~~~~~~~
        """
        (down, across), (height, width) = self.axes, self.tile
        apart = " × ".join(dict.fromkeys(str(axis.stride) for axis in self.axes if axis.count > 1))
        lines = [
            f"{self.image[0]} × {self.image[1]} px in {down.count} × {across.count} tiles of {height} × {width}"
            f"{f', {apart} px apart' if apart else ''}; {self.share:.0%} of the pixels computed are kept.".replace(
                "%", " %"
            )
        ]
        named = [("height and width", down)] if down == across else list(zip(AXES, self.axes, strict=True))
        for name, axis in named:
            lines += [name, *_rows(axis)]
        return "\n".join(lines)


def _rows(axis: Axis) -> Iterator[str]:
    begin = axis.start(0)
    scale = (axis.start(axis.count - 1) + axis.tile - begin) / _COLUMNS
    for number in range(min(axis.count, _LINES)):
        start, (first, behind) = axis.start(number), axis.written(number)
        places = [begin + (column + 0.5) * scale for column in range(_COLUMNS)]
        yield "".join(
            "o"
            if first <= place < behind
            else "."
            if not start <= place < start + axis.tile
            else "-"
            if 0 <= place < axis.side
            else "~"
            for place in places
        )
    if axis.count > _LINES:
        yield f"… {axis.count - _LINES} more"


def _cannot_meet(config: UNetConfig, axis: Axis, name: str) -> str:
    lost = axis.margins
    wanted = lost.period + lost.first + lost.last
    where = f" in {name}" if name else ""
    usable = axis.output - lost.first - lost.last
    return (
        f"Tiles of {axis.tile} px{where} cannot cover {axis.side} px without seams: of each, {max(0, usable)} px can "
        f"be used, but tiles must lie a multiple of {lost.period} px apart. The smallest that can is "
        f"{tile_for_output(config, wanted)}; {axis.whole} takes it in one piece."
    )


def read_image_shape(shape: object) -> tuple[int, int]:
    """(height, width) of an image.

    Raises:
        ValueError: If it is not (height, width) or (height, width, channels) in whole numbers of at least 1.

    Example:
        >>> read_image_shape((512, 640, 3))
        (512, 640)
    """
    try:
        height, width, *_ = numbers = wholes(shape, most=3)
        if all(1 <= side <= LARGEST_SIDE for side in numbers):
            return height, width
    except ValueError:
        pass
    raise ValueError(
        f"image_shape={shown(shape)} is not allowed: give (height, width) in whole pixels, from 1 to "
        f"{LARGEST_SIDE:,} each, such as (512, 640)."
    )
