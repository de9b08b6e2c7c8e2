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
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.cost import read_batch_size
from unet_explorer.core.plan import TILE, plan
from unet_explorer.core.tiles import read_tile
from unet_explorer.data.made.wanted import Made
from unet_explorer.lessons.lesson import HIDDEN, find_lesson
from unet_explorer.panel.tokens import DESIGN, IMAGES, RECIPE, REST, VARIED, Field, parsed, tokens

__all__ = [
    "ASKED",
    "LOCKED",
    "LONGEST",
    "Link",
    "asked_for",
    "is_link",
    "link_in",
    "read_link",
    "write_link",
]

ASKED: Final = "UNET_EXPLORERDESIGN"
"""The variable of the environment that says what `explore` opens with where its call says nothing."""
LONGEST: Final = 300
"""No link is longer."""
_VERSION: Final = 1
_BEGINS: Final = re.compile(r"\s*unet(\d+)-", re.IGNORECASE)
_SIGNS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Figures of the checksum: no letter that is easily taken for another sign."""
_BY_HAND: Final = "Copy it once more, whole, from where it was made; it cannot be changed by hand."


_TABS: Final = ("Design", "Build", "Train", "Tile", "Inside", "Sweep")
LOCKED: Final = ("tile", *(each.name for each in DESIGN), "batch_size", "preset")
"""What of the panel can be locked: the tile, each knob, the tiles per batch, the list of designs."""


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
        lesson: The lesson that is opened, one of those that come with the package; empty for none.
        lock: What cannot be changed, some of `LOCKED`.
        hide: What of the stage is hidden, some of `HIDDEN`.

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
    lesson: str = ""
    lock: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()

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
        if self.lesson:
            find_lesson(self.lesson)
        object.__setattr__(self, "lock", _some("lock", self.lock, LOCKED))
        object.__setattr__(self, "hide", _some("hide", self.hide, HIDDEN))


def _some(name: str, given: object, known: tuple[str, ...]) -> tuple[str, ...]:
    """Some of what there is, in its order."""
    wanted = [given] if isinstance(given, str) else given
    if not isinstance(wanted, (list, tuple)) or not all(isinstance(each, str) and each in known for each in wanted):
        raise ValueError(f"{name}={shown(given)} is not allowed: give a list of some of {', '.join(known)}.")
    return tuple(each for each in known if each in wanted)


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
    body = "-".join([f"unet{_VERSION}", *tokens(_values(link))])
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
        return _link(parsed(body.split("-")[1:]))
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
        "on": link.lesson.replace("-", "_"),
        "lock": _bits(link.lock, LOCKED),
        "hide": _bits(link.hide, HIDDEN),
    }
    values |= {each.key: getattr(link.config, each.name) for each in DESIGN}
    if link.images is not None:
        values |= {each.key: getattr(link.images, each.name) for each in IMAGES}
    if link.recipe is not None:
        values |= {each.key: link.recipe[each.name] for each in RECIPE}
        values["v"] = _bits(tuple(name for name, on in link.recipe["augmentation"].items() if on), VARIED)
    return values


def _bits(some: tuple[str, ...], known: tuple[str, ...]) -> int:
    return sum(1 << place for place, name in enumerate(known) if name in some)


def _of_bits(bits: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(bits, int) or bits >> len(known):
        raise ValueError(f"it says {shown(bits)}, which this release does not know. Update unet_explorer.")
    return tuple(name for place, name in enumerate(known) if bits >> place & 1)


def _link(values: Mapping[str, Any]) -> Link:
    def of(fields: tuple[Field, ...]) -> dict[str, Any]:
        found = {each.name: values.get(each.key, each.usual) for each in fields}
        flags = {each.name for each in fields if isinstance(each.usual, bool)}
        return {name: _flag(value) if name in flags else value for name, value in found.items()}

    images, rest = of(IMAGES), of(REST)
    if rest["tile"] is None:
        raise ValueError("it says no tile.")
    size = images["size"]
    return Link(
        UNetConfig.from_dict(of(DESIGN)),
        rest["tile"],
        Made(**{**images, "size": size if isinstance(size, tuple) else (size, size)}) if images["name"] else None,
        _taught(of(RECIPE)) if rest["taught"] else None,
        rest["batch_size"],
        rest["selected"],
        rest["opened"].capitalize(),
        rest["lesson"].replace("_", "-"),
        _of_bits(rest["lock"], LOCKED),
        _of_bits(rest["hide"], HIDDEN),
    )


def _taught(recipe: dict[str, Any]) -> dict[str, Any]:
    varied = _of_bits(recipe["augmentation"], VARIED)
    return {**recipe, "augmentation": {name: name in varied for name in VARIED}}


def _flag(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value
