"""What whoever runs a network elsewhere must know of it, in figures and in sentences; all follows from the plan."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from unet_explorer.core.axis import margins
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiles import tile_for_output, valid_sizes

__all__ = ["IMAGE", "NOTE", "SCORES", "Sizes", "facts_in_words", "sizes"]

IMAGE: Final = "image"
"""What goes into a network is called so: an image or tile, 32-bit numbers."""
SCORES: Final = "scores"
"""What comes out of it: a number for each class at each pixel, 32-bit numbers."""
NOTE: Final = "assets.extra/unet_explorer.json"
"""Where in a SavedModel all this stands; TensorFlow leaves that folder to others."""
_FAR: Final = 1 << 20


class Sizes(NamedTuple):
    """Which sides a tile may have, and what becomes of them; the same for height and width. In pixels.

    Attributes:
        smallest: The smallest side that fits.
        step: Every so many pixels there is another; tiles of one image must lie a multiple of it apart.
        lost: By so much a side of the prediction is shorter than the tile's.
        halo: So many predicted pixels at each end depend on zeros beyond the tile; 0 if none do. Rounded up to a
            multiple of `step`: whoever adds as many pixels before the first tile moves no max-pooling.
        roomy: The smallest side of which something is left without the halo.
    """

    smallest: int
    step: int
    lost: int
    halo: int
    roomy: int


@lru_cache(maxsize=512)
def sizes(config: UNetConfig) -> Sizes:
    """The sides of tiles of this network.

    Example:
        >>> sizes(UNetConfig())
        Sizes(smallest=188, step=16, lost=184, halo=0, roomy=188)
        >>> sizes(UNetConfig(depth=2, padding="same"))
        Sizes(smallest=4, step=4, lost=0, halo=24, roomy=52)
    """
    fitting, seen = valid_sizes(config, 1, _FAR), margins(config)
    halo = -(-max(seen.first, seen.last) // fitting.step) * fitting.step
    return Sizes(fitting[0], fitting.step, 2 * seen.border, halo, tile_for_output(config, 2 * halo + 1))


def facts_in_words(config: UNetConfig, prepared: bool, probable: bool = False) -> dict[str, str]:
    """What must be known, as sentences, by what they are about.

    Args:
        config: The network.
        prepared: Whether it was taught with images of mean 0 and standard deviation 1.
        probable: Whether probabilities are made of its scores before they come out.

    Example:
        >>> facts_in_words(UNetConfig(), True)["tile"]
        'Height and width may each be 188, 204, 220, … px: 188 and any multiple of 16 more.'
    """
    known = sizes(config)
    first = ", ".join(str(known.smallest + number * known.step) for number in range(3))
    return {
        "image": (
            "Each channel of the whole image must have mean 0 and standard deviation 1 before it is cut into tiles."
            if prepared
            else "The numbers of the image are given to the network as they are, as far as is known."
        ),
        "tile": (
            f"Height and width may each be {first}, … px: {known.smallest} and any multiple of {known.step} more."
        ),
        "output": (
            f"The prediction is {known.lost} px shorter than the tile on each axis, {known.lost // 2} at each end."
            if known.lost
            else "The prediction is as large as the tile."
        ),
        "tiles": _apart(known),
        "scores": _scores(config, probable),
    }


def _apart(known: Sizes) -> str:
    words = f"Tiles of one image must begin a multiple of {known.step} px apart, or they disagree where they meet."
    if known.halo:
        words += (
            f" Of each prediction the outer {known.halo} px are to be left out: they depend on zeros beyond the tile."
        )
    return words


def _scores(config: UNetConfig, probable: bool) -> str:
    many = config.num_classes > 1
    if config.head_activation == "sigmoid" and many:
        return "A probability for each class; each was judged by itself, so they need not add up to 1."
    if probable or config.head_activation in {"softmax", "sigmoid"}:
        return "A probability for each class; they add up to 1." if many else "The probability of class 1."
    which = "any number" if config.head_activation == "linear" else "cut off below 0"
    rule = "softmax over the classes" if many else "the logistic function"
    return f"A score {'for each class' if many else 'of class 1'} (a logit, {which}): {rule} makes probabilities of it."
