"""The tokens of a link: how what it says is written as words and figures, and read again.

What version 1 means is written down here, and never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import shown

__all__ = ["DESIGN", "IMAGES", "ORDER", "RECIPE", "REST", "VARIED", "WORDS", "Field", "parsed", "tokens"]

_NUMBER: Final = re.compile(r"([a-z]+)(\d[0-9ex]*)")


class Field(NamedTuple):
    """How something is written: the letters of its token, its name, and what it is where no token says otherwise."""

    key: str
    name: str
    usual: Any


DESIGN: Final = (
    Field("d", "depth", 4),
    Field("f", "base_filters", 64),
    Field("c", "convs_per_block", 2),
    Field("k", "kernel_size", 3),
    Field("pad", "padding", "valid"),
    Field("in", "in_channels", 1),
    Field("out", "num_classes", 2),
    Field("up", "upsampling", "transpose"),
    Field("bn", "batch_norm", False),
    Field("drop", "dropout", 0.0),
    Field("head", "head_activation", "linear"),
    Field("skip", "skips", True),
)
RECIPE: Final = (
    Field("s", "steps", 300),
    Field("e", "steps_per_epoch", 25),
    Field("lr", "learning_rate", 0.0015),
    Field("by", "optimizer", "adam"),
    Field("loss", "loss", "cross-entropy"),
    Field("w", "patience", 0),
    Field("seed", "seed", 0),
    Field("v", "augmentation", 31),
)
VARIED: Final = ("shifts", "rotations", "flips", "grey", "elastic", "inverted")
"""The variations: one number holds all of them, the first as 1, the next as 2, then 4, and so on."""
IMAGES: Final = (
    Field("set", "name", ""),
    Field("m", "images", 24),
    Field("px", "size", (256, 256)),
    Field("i", "seed", 0),
)
REST: Final = (
    Field("t", "tile", None),
    Field("n", "batch_size", 1),
    Field("at", "selected", ""),
    Field("tab", "opened", "design"),
    # A recipe was chosen, be it the usual one.
    Field("r", "taught", False),
    Field("on", "lesson", ""),
    Field("lock", "lock", 0),
    Field("hide", "hide", 0),
)
ORDER: Final = (*REST[:1], *DESIGN, *REST[1:2], *IMAGES, *REST[4:5], *RECIPE, *REST[2:4], *REST[5:])
"""In the order in which they are written."""
WORDS: Final = {
    "pad": ("valid", "same"),
    "up": ("transpose", "bilinear"),
    "head": ("linear", "softmax", "sigmoid", "relu"),
    "by": ("adam", "sgd"),
    "loss": ("cross-entropy", "weighted", "dice", "combined"),
    "set": ("cells", "membranes", "shapes"),
    "tab": ("design", "build", "train", "tile", "inside", "sweep"),
}
"""What is written as a word alone: no two fields share one."""
_MEANT: Final = {word: key for key, words in WORDS.items() for word in words}


def tokens(values: Mapping[str, Any]) -> Iterator[str]:
    """The tokens of values by their keys, in their order; none for what is usual.

    Example:
        >>> list(tokens({"t": (188, 188), "d": 3, "pad": "same"}))
        ['t188', 'd3', 'same']
    """
    for each in ORDER:
        value = values.get(each.key, each.usual)
        if value != each.usual:
            yield value if each.key in WORDS else each.key + _written(value)


def _written(value: Any) -> str:
    match value:
        case bool():
            return str(int(value))
        case int() | str():
            return str(value)
        case float():
            return _decimal(value)
        case _:
            height, width = value
            return str(height) if height == width else f"{height}x{width}"


def _decimal(number: float) -> str:
    """The number in whole figures, and by how many places they stand behind the point: 0.0015 is 15e4.

    Example:
        >>> _decimal(0.0015), _decimal(2.0), _decimal(1e6)
        ('15e4', '2', '1000000')
    """
    exact = Decimal(repr(float(number))).normalize()
    _, digits, places = exact.as_tuple()
    assert isinstance(places, int)
    figures = "".join(map(str, digits))
    return figures + "0" * places if places >= 0 else f"{figures}e{-places}"


def parsed(tokens: list[str]) -> dict[str, Any]:
    """The values that tokens say, by their keys; whether they are allowed is not looked at.

    Raises:
        ValueError: If one is not known, or says again what was said.

    Example:
        >>> parsed(["t188", "same"])
        {'t': 188, 'pad': 'same'}
    """
    numbers = {each.key for each in ORDER if not isinstance(each.usual, str)}
    words = {each.key for each in ORDER} - numbers - WORDS.keys()
    values: dict[str, Any] = {}
    for token in tokens:
        number = _NUMBER.fullmatch(token)
        if number and number[1] in numbers:
            key, value = number[1], _number(number[2])
        elif token in _MEANT:
            key, value = _MEANT[token], token
        else:
            key = next((each for each in words if token.startswith(each)), "")
            value = token.removeprefix(key)
        if not key or key in values:
            raise ValueError(f"it says {shown(token)}, which this release does not know. Update unet_explorer.")
        values[key] = value
    return values


def _number(text: str) -> Any:
    if "x" in text:
        return tuple(_number(side) for side in text.split("x"))
    figures, _, places = text.partition("e")
    if not figures.isdigit() or (places and not places.isdigit()):
        raise ValueError(f"{text!r} is no number.")
    # Python reads no whole number of thousands of figures.
    return float(f"{figures}e-{places}") if places else int(figures)
