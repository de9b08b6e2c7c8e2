"""The text of a link: what it says between its first sign and its checksum, and the design in it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.tiles import read_tile
from unet_explorer.core.tokens import DESIGN, Field, parsed, tokens

__all__ = [
    "LONGEST",
    "SIGNS",
    "config_in",
    "design_in",
    "design_link",
    "fields_in",
    "is_link",
    "link_in",
    "signed",
    "values_in",
]

LONGEST: Final = 300
"""No link is longer."""
_VERSION: Final = 1
_BEGINS: Final = re.compile(r"\s*unet(\d+)-", re.IGNORECASE)
SIGNS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Figures of the checksum: no letter that is easily taken for another sign."""
_BY_HAND: Final = "Copy it once more, whole, from where it was made; it cannot be changed by hand."


def is_link(text: object) -> bool:
    """Whether a text wants to be a link, whole or not.

    Example:
        >>> is_link("unet1-t572"), is_link("paper")
        (True, False)
    """
    return isinstance(text, str) and _BEGINS.match(link_in(text)) is not None


def link_in(text: str) -> str:
    """The link in what was pasted: in an address, what stands behind ``design=`` or ``#``; else the text itself.

    Example:
        >>> link_in("http://localhost:8866/?design=unet1-t572-7hq2m4s&theme=dark"), link_in(" paper ")
        ('unet1-t572-7hq2m4s', 'paper')
        >>> link_in("file:///home/ada/unet.html#unet1-t572-7hq2m4s")
        'unet1-t572-7hq2m4s'
    """
    try:
        address = urlsplit(text.strip())
        found = parse_qs(address.query).get("design", [])
    except ValueError:
        return text.strip()
    behind = [address.fragment] if address.scheme and _BEGINS.match(address.fragment) else []
    return next(iter([*found, *behind]), text).strip()


def signed(values: Mapping[str, Any]) -> str:
    """The link that says these values, by the keys of their tokens.

    Example:
        >>> signed({"t": (188, 188), "d": 3, "f": 8})
        'unet1-t188-d3-f8-11hrn49'
    """
    body = "-".join([f"unet{_VERSION}", *tokens(values)])
    return f"{body}-{_checksum(body)}"


def values_in(text: str) -> dict[str, Any]:
    """What a link says, by the keys of its tokens; whether it is allowed is not looked at.

    Raises:
        ValueError: If it was cut off or mistyped, was made by a later release, or says what this one does not know.

    Example:
        >>> values_in("unet1-t188-d3-f8-11hrn49")
        {'t': 188, 'd': 3, 'f': 8}
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
        return parsed(body.split("-")[1:])
    except ValueError as error:
        raise ValueError(f"The link {shown(link)} cannot be opened: {error}") from None


def fields_in(values: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """Some of what a link says, by name; what it does not say is as usual.

    Example:
        >>> fields_in({"d": 3}, DESIGN)["depth"]
        3
    """
    found = {each.name: values.get(each.key, each.usual) for each in fields}
    flags = {each.name for each in fields if isinstance(each.usual, bool)}
    return {name: _flag(value) if name in flags else value for name, value in found.items()}


def _flag(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def config_in(values: Mapping[str, Any]) -> UNetConfig:
    """The network of a link, of which `values_in` gave what it says.

    Raises:
        ValueError: If a knob is not allowed.
    """
    return UNetConfig.from_dict(fields_in(values, DESIGN))


def design_in(text: str) -> tuple[UNetConfig, tuple[int, int]]:
    """The network and the tile, (height, width), of a link; whatever else it says stays there.

    Raises:
        ValueError: If it was cut off or mistyped, or holds what is not allowed.

    Example:
        >>> config, tile = design_in("unet1-t188-d3-f8-11hrn49")
        >>> config.depth, tile
        (3, (188, 188))
    """
    values = values_in(text)
    try:
        if values.get("t") is None:
            raise ValueError("it says no tile.")
        return config_in(values), read_tile(values["t"])
    except ValueError as error:
        raise ValueError(f"The link {shown(link_in(text))} cannot be opened: {error}") from None


def design_link(config: UNetConfig, tile: tuple[int, int]) -> str:
    """The shortest link of a network with its tile: two designs are the same exactly if these are.

    Args:
        config: The network.
        tile: (height, width) in pixels; it need not fit.

    Example:
        >>> design_link(UNetConfig(depth=3, base_filters=8), (188, 188))
        'unet1-t188-d3-f8-11hrn49'
    """
    return signed({"t": read_tile(tile), **{each.key: getattr(config, each.name) for each in DESIGN}})


def _checksum(body: str) -> str:
    """CRC-32 in seven figures: it tells any one sign that is wrong, any two that are exchanged, and nearly all else."""
    number, figures = zlib.crc32(body.encode()), ""
    for _ in range(7):
        number, figure = divmod(number, len(SIGNS))
        figures = SIGNS[figure] + figures
    return figures
