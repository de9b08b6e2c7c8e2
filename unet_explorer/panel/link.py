"""A design as one short text: what is written on a board, sent in a message, or put into an address.

A link lists what differs from the first version's defaults, token by token, and ends in a checksum::

    unet1-t188-d3-f8-11hrn49

Only small letters, digits, ``-`` and ``_`` occur, so it needs no escaping anywhere. What version 1 means is written
down below and never changes: a link outlives the defaults of its day.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from unet_explorer.core.config import PRESETS, UNetConfig, shown
from unet_explorer.core.cost import read_batch_size
from unet_explorer.core.plan import TILE, plan
from unet_explorer.core.tiles import read_tile
from unet_explorer.data.made.wanted import Made

__all__ = ["ASKED", "LONGEST", "Link", "as_code", "asked_for", "is_link", "link_in", "read_link", "write_link"]

ASKED: Final = "UNET_EXPLORER_DESIGN"
"""The variable of the environment that says what `explore` opens with where its call says nothing."""
LONGEST: Final = 300
"""No link is longer."""
_VERSION: Final = 1
_BEGINS: Final = re.compile(r"\s*unet(\d+)-", re.IGNORECASE)
_NUMBER: Final = re.compile(r"([a-z]+)(\d[0-9ex]*)")
_SIGNS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Figures of the checksum: no letter that is easily taken for another sign."""
_BY_HAND: Final = "Copy it once more, whole, from where it was made; it cannot be changed by hand."


class _Field(NamedTuple):
    """How something is written: the letters of its token, its name, and what it is where no token says otherwise."""

    key: str
    name: str
    usual: Any


_DESIGN: Final = (
    _Field("d", "depth", 4),
    _Field("f", "base_filters", 64),
    _Field("c", "convs_per_block", 2),
    _Field("k", "kernel_size", 3),
    _Field("pad", "padding", "valid"),
    _Field("in", "in_channels", 1),
    _Field("out", "num_classes", 2),
    _Field("up", "upsampling", "transpose"),
    _Field("bn", "batch_norm", False),
    _Field("drop", "dropout", 0.0),
    _Field("head", "head_activation", "linear"),
    _Field("skip", "skips", True),
)
_RECIPE: Final = (
    _Field("steps", "steps", 300),
    _Field("e", "steps_per_epoch", 25),
    _Field("lr", "learning_rate", 0.0015),
    _Field("by", "optimizer", "adam"),
    _Field("loss", "loss", "cross-entropy"),
    _Field("w", "patience", 0),
    _Field("seed", "seed", 0),
    _Field("v", "augmentation", 31),
)
_VARIED: Final = ("shifts", "rotations", "flips", "grey", "elastic", "inverted")
"""The variations: one number holds all of them, the first as 1, the next as 2, then 4, and so on."""
_IMAGES: Final = (
    _Field("set", "name", ""),
    _Field("m", "images", 24),
    _Field("px", "size", (256, 256)),
    _Field("draw", "seed", 0),
)
_REST: Final = (
    _Field("t", "tile", None),
    _Field("n", "batch_size", 1),
    _Field("at", "selected", ""),
    _Field("tab", "opened", "design"),
    # A recipe was chosen, be it the usual one.
    _Field("r", "taught", False),
)
_ALL: Final = (*_REST[:1], *_DESIGN, *_REST[1:2], *_IMAGES, *_REST[4:], *_RECIPE, *_REST[2:4])
"""In the order in which they are written."""
_TABS: Final = ("Design", "Build", "Train", "Tile", "Inside")


@dataclass(frozen=True)
class Link:
    """What a link holds; each part is checked exactly as if it were typed.

    Args:
        config: The network.
        tile: (height, width) of the tile in pixels; it need not fit.
        images: The made set that is learnt from; None for the usual one, or for somebody's own images.
        recipe: How to teach, as `Recipe.to_dict` says it but for the tiles per batch; None for what the images bring.
        batch_size: Tiles per batch.
        selected: The step that is selected: a step's name, ``"input"``, ``"argmax"``, or nothing.
        opened: The open tab.

    Raises:
        ValueError: If a part is not allowed.

    Example:
        >>> Link(UNetConfig(depth=3, base_filters=8), (188, 188)).images is None
        True
    """

    config: UNetConfig
    tile: tuple[int, int]
    images: Made | None = None
    recipe: Mapping[str, Any] | None = None
    batch_size: int = 1
    selected: str = ""
    opened: str = "Design"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tile", read_tile(self.tile))
        read_batch_size(self.batch_size)
        if self.images is not None:
            made = self.images.checked()
            if not made.fits_a_link:
                raise ValueError(
                    f"{made.images:,} images of {made.size[0]} × {made.size[1]} px take {made.bytes / 1e9:.1f} GB, and "
                    "a link may bring 1 GB: make fewer, or smaller ones."
                )
        if self.recipe is not None:
            object.__setattr__(self, "recipe", _checked_recipe(self.recipe))
        known = {"", TILE, "argmax", *(step.name for step in plan(self.config))}
        if self.selected not in known:
            raise ValueError(f"There is no step {shown(self.selected)} in this network.")
        if self.opened not in _TABS:
            raise ValueError(f"There is no tab {shown(self.opened)}: give one of {', '.join(_TABS)}.")


def _checked_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    from unet_explorer.learning.recipe import Recipe  # here, as it needs NumPy, and the panel opens without

    checked = Recipe.from_dict(dict(recipe)).to_dict()
    del checked["batch_size"]
    return checked


def is_link(text: object) -> bool:
    """Whether a text wants to be a link, whole or not.

    Example:
        >>> is_link("unet1-t572"), is_link("paper")
        (True, False)
    """
    return isinstance(text, str) and _BEGINS.match(link_in(text)) is not None


def link_in(text: str) -> str:
    """The link in what was pasted: in an address, what stands behind ``design=``; else the text itself.

    Example:
        >>> link_in("http://localhost:8866/?design=unet1-t572-7hq2m4s&theme=dark"), link_in(" paper ")
        ('unet1-t572-7hq2m4s', 'paper')
    """
    try:
        found = parse_qs(urlsplit(text.strip()).query).get("design")
    except ValueError:
        found = None
    return found[0].strip() if found else text.strip()


def asked_for() -> str:
    """The design that the command line, or the address of a page without cells, asks for; empty if none does.

    Example:
        >>> asked_for()
        ''
    """
    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        found = parse_qs(os.environ.get("QUERY_STRING", "")).get("design")
        if found:
            return found[0]
    return os.environ.get(ASKED, "")


def write_link(link: Link) -> str:
    """The text of a link, at most 300 characters.

    Example:
        >>> write_link(Link(UNetConfig(depth=3, base_filters=8), (188, 188)))
        'unet1-t188-d3-f8-11hrn49'
    """
    body = "-".join([f"unet{_VERSION}", *_tokens(_values(link))])
    return f"{body}-{_checksum(body)}"


def read_link(text: str) -> Link:
    """What a link holds.

    Args:
        text: The link, or an address with ``design=`` in it; blanks around it do not matter.

    Raises:
        ValueError: If it was cut off or mistyped, was made by a later release, or holds what is not allowed.

    Example:
        >>> read_link("unet1-t188-d3-f8-11hrn49").config.depth
        3
        >>> read_link("unet1-t188-d4-f8-11hrn49")
        Traceback (most recent call last):
        ...
        ValueError: The link 'unet1-t188-d4-f8-11hrn49' was cut off or mistyped: its checksum does not agree. \
Copy it once more, whole, from where it was made; it cannot be changed by hand.
    """
    link = link_in(text).lower()
    begins = _BEGINS.match(link)
    if begins is None:
        raise ValueError(f"{shown(text)} is no link: one begins with unet1-, such as unet1-t188-d3-f8-11hrn49.")
    body, _, checksum = link.rpartition("-")
    if len(link) > LONGEST or checksum != _checksum(body):
        raise ValueError(f"The link {shown(link)} was cut off or mistyped: its checksum does not agree. {_BY_HAND}")
    if begins[1] != str(_VERSION):
        raise ValueError(
            f"The link {shown(link)} is of version {begins[1]}; this release reads version {_VERSION}: update "
            "unet_explorer."
        )
    try:
        return _link(_parsed(body.split("-")[1:]))
    except ValueError as error:
        raise ValueError(f"The link {shown(link)} cannot be opened: {error}") from None


def _checksum(body: str) -> str:
    """CRC-32 in seven figures: it tells any one sign that is wrong, any two that are exchanged, and nearly all else."""
    number, figures = zlib.crc32(body.encode()), ""
    for _ in range(7):
        number, figure = divmod(number, len(_SIGNS))
        figures = _SIGNS[figure] + figures
    return figures


def _values(link: Link) -> dict[str, Any]:
    """All that a link says, by the keys of its tokens."""
    values: dict[str, Any] = {
        "t": link.tile,
        "n": link.batch_size,
        "at": link.selected,
        "tab": link.opened.lower(),
        "r": link.recipe is not None,
    }
    values |= {each.key: getattr(link.config, each.name) for each in _DESIGN}
    if link.images is not None:
        values |= {each.key: getattr(link.images, each.name) for each in _IMAGES}
    if link.recipe is not None:
        values |= {each.key: link.recipe[each.name] for each in _RECIPE}
        values["v"] = sum(link.recipe["augmentation"][name] << place for place, name in enumerate(_VARIED))
    return values


def _tokens(values: Mapping[str, Any]) -> Iterator[str]:
    for each in _ALL:
        value = values.get(each.key, each.usual)
        if value != each.usual:
            yield each.key + _written(value)


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


def _parsed(tokens: list[str]) -> dict[str, Any]:
    numbers = {each.key for each in _ALL if not isinstance(each.usual, str)}
    words = sorted({each.key for each in _ALL} - numbers, key=len, reverse=True)
    values: dict[str, Any] = {}
    for token in tokens:
        number = _NUMBER.fullmatch(token)
        if number and number[1] in numbers:
            key, value = number[1], _number(number[2])
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


def _link(values: Mapping[str, Any]) -> Link:
    def of(fields: tuple[_Field, ...]) -> dict[str, Any]:
        found = {each.name: values.get(each.key, each.usual) for each in fields}
        flags = {each.name for each in fields if isinstance(each.usual, bool)}
        return {name: _flag(value) if name in flags else value for name, value in found.items()}

    images, rest = of(_IMAGES), of(_REST)
    if rest["tile"] is None:
        raise ValueError("it says no tile.")
    size = images["size"]
    return Link(
        UNetConfig.from_dict(of(_DESIGN)),
        rest["tile"],
        Made(**{**images, "size": size if isinstance(size, tuple) else (size, size)}) if images["name"] else None,
        _taught(of(_RECIPE)) if rest["taught"] else None,
        rest["batch_size"],
        rest["selected"],
        rest["opened"].capitalize(),
    )


def _taught(recipe: dict[str, Any]) -> dict[str, Any]:
    varied = recipe["augmentation"]
    if not isinstance(varied, int) or varied >> len(_VARIED):
        raise ValueError(f"it says variations {shown(varied)}, which this release does not know. Update unet_explorer.")
    return {**recipe, "augmentation": {name: bool(varied >> place & 1) for place, name in enumerate(_VARIED)}}


def _flag(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def as_code(config: UNetConfig, tile: tuple[int, int], images: Made | None = None) -> str:
    """The call that opens a design, as a person would write it.

    Args:
        config: The network.
        tile: (height, width) in pixels.
        images: The made set that is learnt from, where that is not the usual one.

    Example:
        >>> print(as_code(UNetConfig(depth=3, base_filters=8), (188, 252), Made("shapes", seed=3)))
        from unet_explorer import explore, shapes
        <BLANKLINE>
        explore("classroom", tile=(188, 252), dataset=shapes(seed=3))
        >>> print(as_code(UNetConfig(depth=2), (572, 572)))
        from unet_explorer import UNetConfig, explore
        <BLANKLINE>
        explore(UNetConfig(depth=2), tile=572)
    """
    names, arguments = {"explore"}, []
    preset = next((name for name, each in PRESETS.items() if each.config == config), None)
    if preset is None:
        names.add("UNetConfig")
        usual = UNetConfig()
        chosen = {each.name: getattr(config, each.name) for each in fields(config)}
        said = [f"{name}={_quoted(value)}" for name, value in chosen.items() if value != getattr(usual, name)]
        arguments.append(f"UNetConfig({', '.join(said)})")
    else:
        arguments.append(_quoted(preset))
    if preset is None or tile != (PRESETS[preset].tile,) * 2:
        arguments.append(f"tile={tile[0] if tile[0] == tile[1] else tile}")
    if images is not None:
        names.add(images.name)
        usual_set = Made(images.name)
        how = [] if images.images == usual_set.images else [f"{images.images}"]
        if images.size != usual_set.size:
            how.append(f"size={images.size[0] if images.size[0] == images.size[1] else images.size}")
        if images.seed != usual_set.seed:
            how.append(f"seed={images.seed}")
        arguments.append(f"dataset={images.name}({', '.join(how)})")
    # Constants, classes, functions: the order in which names are sorted everywhere here.
    listed = ", ".join(sorted(names, key=lambda name: (name.islower(), name)))
    return f"from unet_explorer import {listed}\n\nexplore({', '.join(arguments)})"


def _quoted(value: object) -> str:
    # Words of ours: none holds a quotation mark.
    return f'"{value}"' if isinstance(value, str) else repr(value)
