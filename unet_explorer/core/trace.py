"""The plan on whole numbers: what every step makes of one tile, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.core.receptive import sights
from unet_explorer.core.table import Line, lines
from unet_explorer.core.tiles import ShapeError, Tile, read_tile, sides

if TYPE_CHECKING:
    import pandas

__all__ = ["BYTES_PER_NUMBER", "Row", "Shape", "ShapeError", "Trace", "macs_per_pixel", "trace"]

BYTES_PER_NUMBER: Final = 4
"""Maps and parameters are 32-bit floating-point numbers, as Keras has them by default."""


class Shape(NamedTuple):
    """A map: height and width in pixels, and channels."""

    height: int
    width: int
    channels: int

    def __str__(self) -> str:
        return f"{self.height} × {self.width} × {self.channels}"


class Row(NamedTuple):
    """What one step does to one tile.

    Attributes:
        step: The step: its name, what it does (``step.op``), and its channels.
        inputs: The maps that arrive, before any crop.
        output: The map that leaves.
        crop: Pixels that the skip loses on each side; 0 for every step but ``crop_concat``.
        parameters: Numbers it holds, as Keras counts them.
        macs: Multiply-adds. One is a product added to a sum, within a convolution: an output pixel costs
            kernel² × channels in × channels out; an output pixel of a 2×2 transposed convolution costs
            channels in × channels out, as one kernel entry reaches it. Biases, poolings, interpolation and
            normalisation are not counted.
        bytes: Size of its output for one tile, in 32-bit numbers.
        receptive_field: Longest side in pixels of what one of its pixels sees of the tile: the largest over all
            positions, since in the decoder it depends on where the pixel lies.
    """

    step: Step
    inputs: tuple[Shape, ...]
    output: Shape
    crop: int
    parameters: int
    macs: int
    bytes: int
    receptive_field: int


@dataclass(frozen=True)
class Trace:
    """All rows of one tile, in the order in which they are computed.

    Attributes:
        config: The network.
        tile: (height, width) of the input in pixels.
        rows: One row a step.
    """

    config: UNetConfig
    tile: tuple[int, int]
    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, step: str) -> Row:
        """The row of a step, by name.

        Raises:
            KeyError: If there is no such step.

        Example:
            >>> trace(UNetConfig(), 572)["dec0_concat"].crop
            88
        """
        if not isinstance(step, str) or step not in self._by_name:
            names = ", ".join(self._by_name)
            raise KeyError(f"There is no step {shown(step)} in this network: give one of {names}.")
        return self._by_name[step]

    @cached_property
    def _by_name(self) -> dict[str, Row]:
        return {row.step.name: row for row in self.rows}

    @property
    def output(self) -> Shape:
        """The prediction."""
        return self.rows[-1].output

    @property
    def crops(self) -> tuple[int, ...]:
        """Pixels a side that each skip loses, from the deepest to the top.

        Example:
            >>> trace(UNetConfig(), 572).crops
            (4, 16, 40, 88)
        """
        return tuple(row.crop for row in self.rows if row.step.op == "crop_concat")

    @property
    def parameters(self) -> int:
        """Numbers that the whole network holds."""
        return sum(row.parameters for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds to predict one tile."""
        return sum(row.macs for row in self.rows)

    def to_pandas(self) -> pandas.DataFrame:
        """The table of all layers for pandas: one row a step, in the order in which they are computed.

        Its columns are ``step``, ``operation`` in words, ``inputs`` as shapes in words, ``height``, ``width`` and
        ``channels`` of the output, ``crop`` in pixels a side, ``parameters``, ``multiply_adds``, ``bytes`` of the
        output for one tile, and ``receptive_field`` in pixels. `save_table` writes the same.

        Raises:
            ImportError: If pandas is not installed; it says how to install it.

        Example:
            >>> table = trace(UNetConfig(), 572).to_pandas()
            >>> len(table), int(table["parameters"].sum())
            (31, 31030658)
        """
        try:
            import pandas
        except ImportError:
            raise ImportError('This needs pandas: run pip install "unet_explorer[pandas]", then try again.') from None
        return pandas.DataFrame(lines(self.rows), columns=list(Line._fields))


def macs_per_pixel(step: Step) -> int:
    """Multiply-adds for one pixel of a step's output; see `Row` for what counts.

    Example:
        >>> [macs_per_pixel(step) for step in plan(UNetConfig())[:3]]
        [576, 36864, 0]
    """
    return step.in_channels * step.channels if step.op == "upconv" else step.weights


def trace(config: UNetConfig, tile: Tile) -> Trace:
    """Follow one tile through the network, step by step.

    Each unpadded 3×3 convolution eats a one-pixel rim, so the prediction is smaller than the tile that produced it.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).

    Raises:
        ShapeError: If a map vanishes, or a pooling is handed an odd side.
        ValueError: If the tile is not one or two whole numbers of at least 1.

    Example:
        >>> result = trace(UNetConfig(), 572)
        >>> result.output.height, result.parameters
        (388, 31030658)
    """
    sized = sides(config, tile)
    height, width = read_tile(tile)
    known, sees = laws(config), sights(config)
    shapes = {TILE: Shape(height, width, config.in_channels)}
    rows = []
    for step in plan(config):
        name = step.name
        down, across = sized[name]
        output = shapes[name] = Shape(down, across, step.channels)
        sight = sees[name]
        field = sight.largest(down, height)
        if down != across or height != width:
            field = max(field, sight.largest(across, width))
        pixels = down * across
        rows.append(
            Row(
                step=step,
                inputs=tuple(shapes[each] for each in step.inputs),
                output=output,
                crop=crop(step, known),
                parameters=step.parameters,
                macs=macs_per_pixel(step) * pixels,
                bytes=step.channels * BYTES_PER_NUMBER * pixels,
                receptive_field=field,
            )
        )
    return Trace(config, (height, width), tuple(rows))
