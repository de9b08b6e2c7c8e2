"""All colours, once: for the drawing, the graph of layers, curves, masks and the page.

The eight of Okabe and Ito ("Color Universal Design", 2008) can be told apart by most colour-blind eyes. What is on
screen follows the page's own theme; the values here are those of a white page.
"""

from __future__ import annotations

from typing import Final

from unet_explorer.core.plan import TILE

__all__ = [
    "CLASSES",
    "ERRORS",
    "NIGHT",
    "OPERATIONS",
    "PAGE",
    "class_colour",
    "class_rgb",
    "greys",
    "luminance",
    "mixed",
    "painted",
    "properties",
    "rgb",
]

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, YELLOW, VERMILLION, GREY = "#56B4E9", "#F0E442", "#D55E00", "#808080"

OPERATIONS: Final = {
    TILE: GREY,
    "conv": BLUE,
    "norm": BLUE,
    "relu": BLUE,
    "dropout": BLUE,
    "pool": VERMILLION,
    "upconv": GREEN,
    "upsample": GREEN,
    "crop_concat": GREY,
    "conv1x1": PURPLE,
}
"""The colour of a step, by what it does."""

CLASSES: Final = (GREEN, ORANGE, SKY, PURPLE, YELLOW, VERMILLION, BLUE)
"""The colours of the classes from 1 on; class 0, the background, has none. Beyond these they begin anew."""

ERRORS: Final = {"missed": ORANGE, "invented": SKY, "confused": PURPLE}
"""What is wrong with a pixel: an object not found, one that is not there, or another class."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue from 0 to 255.

    Example:
        >>> rgb("#0072B2")
        (0, 114, 178)
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return red, green, blue


def mixed(colour: str, share: float, ground: str = "#FFFFFF") -> str:
    """A colour thinned with another one.

    Example:
        >>> mixed("#0072B2", 0.1)
        '#E6F1F7'
    """
    parts = (round(share * mine + (1 - share) * other) for mine, other in zip(rgb(colour), rgb(ground), strict=True))
    return "#{:02X}{:02X}{:02X}".format(*parts)


def class_colour(number: int) -> str:
    """The colour of a class from 1 on.

    Example:
        >>> class_colour(1), class_colour(8)
        ('#009E73', '#009E73')
    """
    return CLASSES[(number - 1) % len(CLASSES)]


def class_rgb(number: int) -> tuple[int, int, int]:
    """Red, green and blue of a class from 0 on, where masks are painted without an image below: class 0 is black.

    Example:
        >>> class_rgb(0), class_rgb(1)
        ((0, 0, 0), (0, 158, 115))
    """
    return rgb(class_colour(number)) if number else (0, 0, 0)


_INK: Final = "#1A1A1A"
PAGE: Final = {
    "paper": "#FFFFFF",
    "ink": _INK,
    "quiet": "#555555",
    "line": "#D0D0D0",
    "fill": mixed(BLUE, 0.1),
    "edge": mixed(BLUE, 0.92, _INK),
}
"""Ground, text and boxes on a white page. On screen the theme decides; see ``look.css``."""

NIGHT: Final = {
    "paper": "#111111",
    "panel": "#212121",
    "ink": "#FFFFFF",
    "quiet": "#B8B8B8",
    "line": "#4A4A4A",
    "brand": SKY,
}
"""Ground and text of a page of its own where the reader's system asks for dark ones."""

_NAMED: Final = {
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "purple": PURPLE,
    "sky": SKY,
    "yellow": YELLOW,
    "vermillion": VERMILLION,
    "grey": GREY,
    # Darker, so that white text on them can be read.
    "agrees": "#007A59",
    "differs": "#B34E00",
    "conv": OPERATIONS["conv"],
    "pool": OPERATIONS["pool"],
    "up": OPERATIONS["upconv"],
    "skip": OPERATIONS["crop_concat"],
    "head": OPERATIONS["conv1x1"],
    "selected": ORANGE,
    **{f"class{number}": colour for number, colour in enumerate(CLASSES, start=1)},
}


def properties() -> dict[str, str]:
    """Every colour that a style sheet may use, by the name of its custom property.

    Example:
        >>> properties()["--ue-pool"]
        '#D55E00'
    """
    return {f"--ue-{name}": colour for name, colour in {**_NAMED, **PAGE}.items()}


_GREYS: Final = {
    "conv": "#000000",
    "pool": "#484848",
    "up": "#6E6E6E",
    "skip": "#929292",
    "head": "#B4B4B4",
    "fill": "#EDEDED",
    "edge": "#2B2B2B",
    "ink": "#000000",
    "quiet": "#404040",
}
"""As far apart as five greys can be that all show on white paper, whoever prints them."""


def greys() -> dict[str, str]:
    """What `properties` gives, without a colour: for printers, and for journals that charge for colour.

    Example:
        >>> greys()["--ue-pool"]
        '#484848'
    """
    plain = {name: "#{0:02X}{0:02X}{0:02X}".format(round(255 * luminance(colour))) for name, colour in _NAMED.items()}
    return {f"--ue-{name}": colour for name, colour in {**plain, **PAGE, **_GREYS}.items()}


def luminance(colour: str) -> float:
    """How bright a colour is, from 0 for black to 1 for white, as a printer without colours sees it (Rec. 709).

    Example:
        >>> luminance("#000000"), round(luminance("#FFFFFF"), 3), round(luminance("#0072B2"), 2)
        (0.0, 1.0, 0.37)
    """
    red, green, blue = rgb(colour)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def painted() -> dict[str, object]:
    """What is painted pixel by pixel, as [red, green, blue]: the classes in their order, and each kind of error.

    Example:
        >>> painted()["classes"][0]
        [0, 158, 115]
    """
    errors = {kind: list(rgb(colour)) for kind, colour in ERRORS.items()}
    return {"classes": [list(rgb(colour)) for colour in CLASSES], **errors}
