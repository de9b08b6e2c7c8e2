"""A design as one short text: what is written on a board, sent in a message, or put into an address.

A link lists what differs from the first version's defaults, token by token, and ends in a checksum::

    unet1-t188-d3-f8-11hrn49

Only small letters, digits, ``-`` and ``_`` occur, so it needs no escaping anywhere. What version 1 means is written
down below and never changes: a link outlives the defaults of its day.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.cost import read_batch_size
from unet_explorer.core.plan import TILE, plan
from unet_explorer.core.signed import LONGEST, config_in, fields_in, is_link, link_in, signed, values_in
from unet_explorer.core.tiles import read_tile
from unet_explorer.core.tokens import DESIGN, IMAGES, RECIPE, REST, VARIED
from unet_explorer.data.made.wanted import Made
from unet_explorer.lessons.lesson import HIDDEN, find_lesson

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
    return signed(_values(link))


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
    values = values_in(text)
    try:
        return _link(values)
    except ValueError as error:
        raise ValueError(f"The link {shown(link_in(text).lower())} cannot be opened: {error}") from None


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
    images, rest = fields_in(values, IMAGES), fields_in(values, REST)
    if rest["tile"] is None:
        raise ValueError("it says no tile.")
    size = images["size"]
    return Link(
        config_in(values),
        rest["tile"],
        Made(**{**images, "size": size if isinstance(size, tuple) else (size, size)}) if images["name"] else None,
        _taught(fields_in(values, RECIPE)) if rest["taught"] else None,
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
