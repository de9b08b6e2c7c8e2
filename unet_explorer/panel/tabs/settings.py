"""What the Train tab offers to choose, in words."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, Final

from unet_explorer.core.config import Choice, Positive, UNetConfig, Whole
from unet_explorer.data.augment import Augmentation
from unet_explorer.learning.recipe import Recipe
from unet_explorer.panel.instrument.explanations import SENTENCES

__all__ = ["SETTINGS", "VARIATIONS", "choice_words", "design_summary", "recipe_summary", "refusal_words"]

_WORDS: Final = {
    "steps": ("Steps", "changes of the weights; each is learnt from one batch"),
    "batch_size": (SENTENCES["batch"], "more give steadier steps, and take more time and memory"),
    "learning_rate": ("Learning rate", "how large a change is: too small learns nothing, too large comes apart"),
    "optimizer": ("Optimizer", "the rule by which the weights are changed"),
    "loss": ("Loss", "what the training lowers"),
    "seed": ("Seed", "decides the first weights and all chance; the same seed learns the same"),
    "steps_per_epoch": ("Steps per epoch", "after so many, the network is examined on images it does not learn from"),
    "patience": ("Patience", "stop once the IoU has not risen for so many epochs; 0 never stops early"),
}
_VALUES: Final = {
    "adam": "Adam",
    "sgd": "SGD, momentum 0.99 (paper)",
    "cross-entropy": "cross-entropy",
    "weighted": "weighted cross-entropy (paper)",
    "dice": "Dice",
    "combined": "cross-entropy + Dice",
}
_FIRST: Final = ("steps", "batch_size", "learning_rate", "optimizer", "loss")
"""What is shown at once; the rest is under "More"."""

VARIATIONS: Final = {
    "shifts": ("shifts", "tiles lie at any position"),
    "rotations": ("rotations", "by any angle"),
    "flips": ("flips", "mirrored, half of the time"),
    "grey": ("grey values", "brightness and contrast vary, smoothly across the tile"),
    "elastic": ("elastic", "smoothly bent: random vectors on a 3 × 3 grid, standard deviation 10 px"),
    "inverted": ("inverted", "bright and dark exchanged, half of the time: where objects are dark in some images only"),
}


def _settings() -> list[dict[str, Any]]:
    known = {each.name: each.metadata.get("allowed") for each in fields(Recipe)}
    settings = []
    for name, (label, explanation) in _WORDS.items():
        allowed = known[name]
        setting: dict[str, Any] = {"name": name, "label": label, "help": explanation, "primary": name in _FIRST}
        match allowed:
            case Whole():
                setting |= {"kind": "number", "low": allowed.low, "high": allowed.high, "step": 1}
            case Positive():
                setting |= {"kind": "number", "low": 0, "high": allowed.high, "step": "any"}
            case Choice():
                setting |= {"kind": "choice", "values": [[value, _VALUES[str(value)]] for value in allowed.values]}
        settings.append({**setting, "allowed": str(allowed)})
    chosen = Augmentation().to_dict()
    return [
        *settings,
        *({"name": name, "kind": "flag", "label": VARIATIONS[name][0], "help": VARIATIONS[name][1]} for name in chosen),
    ]


SETTINGS: Final = _settings()


def refusal_words(words: str) -> str:
    """Why a recipe is refused, with the label that stands at the field.

    Example:
        >>> refusal_words("steps=0 is not allowed: give a whole number from 1 to 1,000,000.")
        'Steps: 0 is not allowed. Give a whole number from 1 to 1,000,000.'
        >>> refusal_words("seed=None is not allowed: give a whole number.")
        'Seed: an empty field is not allowed. Give a whole number.'
    """
    found = _REFUSED.fullmatch(words)
    if found is None or found["name"] not in _WORDS:
        return words
    given = "an empty field" if found["given"] == "None" else found["given"]
    return f"{_WORDS[found['name']][0]}: {given} is not allowed. G{found['rest']}"


_REFUSED: Final = re.compile(r"(?P<name>\w+)=(?P<given>.*) is not allowed: g(?P<rest>.*)", re.DOTALL)


def choice_words(name: str, value: Any) -> dict[str, str]:
    """A choice as label and value in words.

    Args:
        name: A field of `Recipe` or of `Augmentation`, or ``"tile"``.
        value: What is chosen of it.

    Example:
        >>> choice_words("steps", 1300), choice_words("tile", [188, 188])
        ({'label': 'Steps', 'value': '1,300'}, {'label': 'Tile', 'value': '188 × 188'})
    """
    if name == "tile":
        return {"label": "Tile", "value": f"{value[0]} × {value[1]}"}
    if name in VARIATIONS:
        return {"label": VARIATIONS[name][0], "value": "on" if value else "off"}
    return {"label": _WORDS[name][0], "value": _VALUES.get(value) or f"{value:,}"}


def design_summary(config: UNetConfig, tile: tuple[int, int], images: str) -> str:
    """A design in a few words.

    Example:
        >>> design_summary(UNetConfig(), (572, 572), "cells")
        'depth 4, 64 filters, tile 572 × 572, on cells'
    """
    filters = f"{config.base_filters} filter{'s' if config.base_filters > 1 else ''}"
    return f"depth {config.depth}, {filters}, tile {tile[0]} × {tile[1]}, on {images}"


def recipe_summary(recipe: Recipe) -> str:
    """How it is taught, in a few words.

    Example:
        >>> recipe_summary(Recipe(learning_rate=0.002))
        'Adam 0.002, cross-entropy, seed 0'
    """
    optimizer, loss = (_VALUES[each].removesuffix(" (paper)") for each in (recipe.optimizer, recipe.loss))
    return f"{optimizer} {recipe.learning_rate:g}, {loss}, seed {recipe.seed}"
