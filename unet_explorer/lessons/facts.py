"""What a lesson may say of a network, written as a formula: ``side("enc0_pool")``, ``(tile - output()) / 2``.

Lessons hold words; numbers are computed where they are shown, so that none can be wrong. A formula knows numbers,
texts, ``+ - * / // % **`` and the facts below; nothing else of Python.
"""

from __future__ import annotations

import ast
import inspect
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.plan import plan
from unet_explorer.core.receptive import receptive_field
from unet_explorer.core.script import to_script
from unet_explorer.core.tiles import ShapeError, nearest_sizes, sides, tile_for_output, valid_sizes
from unet_explorer.core.tiling import Tiling
from unet_explorer.core.trace import Row, trace

__all__ = ["BACKGROUND", "FACTS", "Design", "FormulaError", "Value", "evaluate", "filled", "in_words"]

Value: TypeAlias = int | Fraction | str | bool

_KNOBS: Final = frozenset(each.name for each in fields(UNetConfig))
_OPERATORS: Final[Mapping[type[ast.AST], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: Fraction(left) / right,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: lambda base, power: _power(base, power),
}
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
_LONGEST: Final = 300
_LARGEST: Final = 10**18
"""No number of a lesson is larger; a formula that goes on squaring would hold up whoever reads it."""

BACKGROUND: Final[Mapping[str, int]] = {"cells": 64, "membranes": 73, "shapes": 77}
"""Percent of all pixels of a made set that are class 0. Stated, since a lesson is read before anything that would be
needed to make the images is loaded; a test holds it against them."""


_BROKEN: Final = (
    SyntaxError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
"""What a formula that makes no sense, such as ``side(side)``, may run into."""


class FormulaError(ValueError):
    """A formula that cannot be computed; it says which, and why."""


class Design(NamedTuple):
    """A network, and the side of its tile in pixels."""

    config: UNetConfig
    tile: int

    def turned(self, **knobs: Any) -> Design:
        """The same with some knobs, or the tile, turned.

        Example:
            >>> Design(UNetConfig(), 572).turned(depth=3, tile=188).config.depth
            3
        """
        tile = knobs.pop("tile", self.tile)
        return Design(UNetConfig.from_dict({**self.config.to_dict(), **knobs}), tile)


def _row(design: Design, step: str) -> Row:
    return trace(design.config, design.tile)[step]


def _side(design: Design, step: str) -> int:
    """Side of the map that a step makes."""
    return _row(design, step).output.height


def _before(design: Design, step: str) -> int:
    """Side of the map that a step is given; where two are joined, of the one that comes up."""
    return _row(design, step).inputs[-1].height


def _channels(design: Design, step: str) -> int:
    """Channels of the map that a step makes."""
    return _row(design, step).output.channels


def _arriving(design: Design, step: str) -> int:
    """Channels that a step is given, of all maps together."""
    return _row(design, step).step.in_channels


def _crop(design: Design, step: str) -> int:
    """Pixels that a skip loses on each side."""
    return _row(design, step).crop


def _parameters(design: Design, step: str = "") -> int:
    """Numbers that a step, or the whole network, learns and holds."""
    return _row(design, step).parameters if step else sum(each.parameters for each in plan(design.config))


def _macs(design: Design, step: str = "") -> int:
    """Multiply-adds of a step, or of all."""
    return _row(design, step).macs if step else trace(design.config, design.tile).macs


def _output(design: Design) -> int:
    """Side of the prediction."""
    return trace(design.config, design.tile).output.height


def _field(design: Design, step: str = "") -> int:
    """Side of what one pixel of a step, or of the prediction, sees at most."""
    return _row(design, step or plan(design.config)[-1].name).receptive_field


def _sees(design: Design, step: str, row: int) -> int:
    """Side of what one certain pixel of a step sees: the one on the diagonal in that row."""
    box = receptive_field(design.config, design.tile, step, (row, row))
    return box[2] - box[0]


def _fits(design: Design) -> bool:
    """Whether the tile fits."""
    try:
        sides(design.config, design.tile)
    except ShapeError:
        return False
    return True


def _misfit(design: Design) -> str:
    """The first step that cannot be computed."""
    return _error(design).step


def _odd(design: Design) -> int:
    """The side that this step would have to halve, or to shrink to nothing."""
    return int(_error(design).side)


def _error(design: Design) -> ShapeError:
    try:
        sides(design.config, design.tile)
    except ShapeError as error:
        return error
    raise FormulaError(f"A tile of {design.tile} px fits, so no step fails.")


def _below(design: Design) -> int:
    """The largest tile that fits and is not larger."""
    return nearest_sizes(design.config, design.tile)[0] or 0


def _above(design: Design) -> int:
    """The smallest tile that fits and is not smaller."""
    return nearest_sizes(design.config, design.tile)[1] or 0


def _smallest(design: Design) -> int:
    """The smallest tile that fits."""
    return valid_sizes(design.config).start


def _apart(design: Design) -> int:
    """How far fitting tiles are apart."""
    return valid_sizes(design.config).step


def _tile_for(design: Design, output: int) -> int:
    """The tile that a prediction of at least so many pixels needs."""
    return tile_for_output(design.config, output)


def _tiles(design: Design, image: int) -> int:
    """How many tiles cover a square image, without seams."""
    return len(Tiling(design.config, (image, image), design.tile))


def _stride(design: Design) -> int:
    """By how many pixels tiles are shifted, so that no seam is seen: the largest multiple of 2^depth in the output."""
    tiling = Tiling(design.config, (design.tile, 4 * design.tile), design.tile)
    return tiling[1].start[1] - tiling[0].start[1]


def _memory(design: Design, batch: int = 1, training: int = 0) -> int:
    """Megabytes that predicting, or learning from, so many tiles takes."""
    return round(estimate_memory(design.config, design.tile, batch, bool(training))["total"] / 1e6)


def _steps(design: Design, op: str = "") -> int:
    """How many steps there are, or how many of one operation, such as ``"pool"``."""
    return sum(each.op == op or not op for each in plan(design.config))


def _line(design: Design, step: str) -> str:
    """The line of the design's Keras source that makes a step, or the tile ``"input"``, or a crop."""
    for line in to_script(design.config, design.tile).splitlines():
        if f'name="{step}"' in line:
            return line.strip()
    raise FormulaError(f"The source has no line that makes {shown(step)}.")


def _background(design: Design, name: str) -> int:
    """Percent of the pixels of a made set that are background: what one who never finds anything is right at."""
    return BACKGROUND[name]


def _images(design: Design, name: str) -> int:
    """How many images a made set has, unless more are asked for."""
    from unet_explorer.data.made.wanted import Made

    return Made(name).checked().images


FACTS: Final[dict[str, Callable[..., Value]]] = {
    "side": _side,
    "before": _before,
    "channels": _channels,
    "arriving": _arriving,
    "crop": _crop,
    "parameters": _parameters,
    "macs": _macs,
    "output": _output,
    "field": _field,
    "sees": _sees,
    "fits": _fits,
    "misfit": _misfit,
    "odd": _odd,
    "below": _below,
    "above": _above,
    "smallest": _smallest,
    "apart": _apart,
    "tile_for": _tile_for,
    "tiles": _tiles,
    "stride": _stride,
    "memory": _memory,
    "steps": _steps,
    "line": _line,
    "background": _background,
    "images": _images,
}
"""The facts, by name. Each may be asked of another design: ``output(tile=570)``, ``parameters(depth=5)``."""


def evaluate(formula: str, design: Design) -> Value:
    """What a formula comes to.

    Args:
        formula: Such as ``side("enc0_pool")``; ``tile`` and the knobs are known by their names.
        design: Of which network.

    Raises:
        FormulaError: If it cannot be read or computed.

    Example:
        >>> paper = Design(UNetConfig(), 572)
        >>> evaluate("(tile - output()) / 2", paper), evaluate('side("enc0_pool")', paper)
        (92, 284)
        >>> evaluate("fits(tile=570)", paper)
        False
    """
    if len(formula) > _LONGEST:
        raise FormulaError(f"The formula {shown(formula)} is too long.")
    try:
        return _simple(_value(ast.parse(formula.strip(), mode="eval").body, design))
    except FormulaError:
        raise
    except _BROKEN as error:
        raise FormulaError(f"The formula {shown(formula)} cannot be computed: {error}") from None


def _value(node: ast.expr, design: Design) -> Any:
    match node:
        case ast.Constant(value=int() | str() as value):
            return value
        case ast.Constant(value=float() as value):
            return Fraction(str(value))
        case ast.Name(id=name) if name == "tile" or name in _KNOBS:
            return design.tile if name == "tile" else getattr(design.config, name)
        case ast.Name(id=name) | ast.Call(func=ast.Name(id=name)) if name in FACTS:
            given = [_value(each, design) for each in getattr(node, "args", [])]
            named = {each.arg or "": _value(each.value, design) for each in getattr(node, "keywords", [])}
            return _asked(name, given, named, design)
        case ast.UnaryOp(op=ast.USub()):
            return -_number(node.operand, design)
        case ast.BinOp(op=sign) if type(sign) in _OPERATORS:
            left, right = _number(node.left, design), _number(node.right, design)
            return _bounded(_OPERATORS[type(sign)](left, right))
    known = ", ".join(["tile", *FACTS])
    raise FormulaError(f"{shown(ast.unparse(node))} is none of the facts: give numbers, knobs, or {known}.")


def _number(node: ast.expr, design: Design) -> int | Fraction:
    value = _value(node, design)
    if not isinstance(value, (int, Fraction)):
        # A text can be multiplied, too, and fill the memory.
        raise FormulaError(f"{shown(ast.unparse(node))} is no number to reckon with.")
    return value


def _bounded(value: Any) -> Any:
    if abs(value) > _LARGEST or Fraction(value).denominator > _LARGEST:
        raise FormulaError("A number of this size is none that a lesson needs.")
    return value


def _power(base: Any, power: Any) -> Any:
    if not 0 <= power <= 64 or type(power) is not int:
        raise FormulaError(f"A power of {power} is none that a lesson needs.")
    return base**power


def _asked(name: str, given: list[Any], named: dict[str, Any], design: Design) -> Any:
    fact = FACTS[name]
    own = inspect.signature(fact).parameters
    turned = {knob: value for knob, value in named.items() if knob not in own}
    for knob in turned:
        if knob != "tile" and knob not in _KNOBS:
            raise FormulaError(f"{name}(…) knows no {shown(knob)}.")
    rest = {each: value for each, value in named.items() if each in own}
    return fact(design.turned(**turned), *given, **rest)


def _simple(value: Any) -> Value:
    if isinstance(value, Fraction) and value.denominator == 1:
        return int(value)
    if isinstance(value, float):
        # A knob such as dropout.
        return Fraction(str(value))
    assert isinstance(value, (int, Fraction, str, bool))
    return value


def in_words(value: Value) -> str:
    """A value as it stands in a text.

    Example:
        >>> in_words(31030658), in_words(Fraction(285, 2)), in_words(Fraction(1, 3)), in_words(True)
        ('31,030,658', '142.5', '0.333', 'yes')
    """
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}" if abs(value) >= 10_000 else str(value)
        case Fraction():
            return f"{float(value):.3f}".rstrip("0").rstrip(".")
    return value


def filled(text: str, design: Design) -> str:
    """A text with its formulas, in braces, computed.

    Raises:
        FormulaError: If one cannot be computed.

    Example:
        >>> filled("A tile of {tile} px gives {output} px.", Design(UNetConfig(), 572))
        'A tile of 572 px gives 388 px.'
    """
    return _PLACE.sub(lambda found: in_words(evaluate(found[1], design)), text)
