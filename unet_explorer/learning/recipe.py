"""How a network is taught: all that a learner chooses, beside the network and the images."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from unet_explorer.core.config import Choice, Positive, UNetConfig, Whole, knob, read_knobs, shown
from unet_explorer.core.cost import LARGEST_BATCH
from unet_explorer.data.augment import Augmentation

__all__ = ["MOMENTUM", "SHOWN", "SUGGESTED_RATE", "Order", "Recipe"]

SHOWN: Final = 3
"""Predictions that are kept of each examination, to be looked at."""
MOMENTUM: Final = 0.99
"""Of ``"sgd"``. High, so that many earlier tiles have a say in each change (Ronneberger et al. 2015, section 3)."""
SUGGESTED_RATE: Final = {"adam": 0.0015, "sgd": 0.003}
"""A learning rate to start from, for each optimizer."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to teach.

    Args:
        steps: Changes of the weights; each is learnt from one batch.
        steps_per_epoch: After so many, the network is examined on images that it does not learn from.
        batch_size: Tiles in a batch.
        learning_rate: How large a change is.
        optimizer: ``"adam"`` (Kingma and Ba 2015), or ``"sgd"`` with momentum 0.99, as in the paper (section 3).
        loss: ``"cross-entropy"`` of all pixels; ``"weighted"`` by the paper's weight map (equation 2); ``"dice"``; or
            ``"combined"``: cross-entropy plus Dice.
        patience: Stop once the IoU has not risen for so many epochs; 0 never stops early.
        seed: Decides the first weights, the tiles and their variations. The same seed learns the same.
        augmentation: How tiles vary.

    Raises:
        ValueError: If any value is of the wrong type or out of range; every such value is named.

    Example:
        >>> Recipe(steps=600).steps
        600
        >>> Recipe(loss="hinge")
        Traceback (most recent call last):
        ...
        ValueError: loss='hinge' is not allowed: give one of 'cross-entropy', 'weighted', 'dice', 'combined'.
    """

    steps: int = knob(300, Whole(1, 1_000_000))
    steps_per_epoch: int = knob(25, Whole(1, 100_000))
    batch_size: int = knob(4, Whole(1, LARGEST_BATCH))
    learning_rate: float = knob(SUGGESTED_RATE["adam"], Positive(1e6))
    optimizer: str = knob("adam", Choice(("adam", "sgd")))
    loss: str = knob("cross-entropy", Choice(("cross-entropy", "weighted", "dice", "combined")))
    patience: int = knob(0, Whole(0, 100_000))
    seed: int = knob(0, Whole(0, 2**31 - 1))
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        read_knobs(self)
        if not isinstance(self.augmentation, Augmentation):
            raise ValueError(
                f"augmentation={shown(self.augmentation)} is not allowed: give an Augmentation, such as "
                "Augmentation(elastic=False)."
            )

    @property
    def epochs(self) -> int:
        """How often it is examined; the last epoch may be shorter.

        Example:
            >>> Recipe(steps=60, steps_per_epoch=25).epochs
            3
        """
        return -(-self.steps // self.steps_per_epoch)

    def to_dict(self) -> dict[str, Any]:
        """The choices as plain numbers and words, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Read what `to_dict` wrote. What is left out takes its default.

        Raises:
            ValueError: If a key is unknown, or a value is not allowed.

        Example:
            >>> Recipe.from_dict(Recipe(seed=3).to_dict()) == Recipe(seed=3)
            True
        """
        chosen = dict(values)
        known = {each.name for each in fields(cls)}
        for key in chosen:
            if key not in known:
                raise ValueError(f"Unknown key {shown(key)}: the keys are {', '.join(sorted(known))}.")
        if isinstance(chosen.get("augmentation"), dict):
            variations = chosen["augmentation"]
            if not variations.keys() <= Augmentation().to_dict().keys():
                raise ValueError(f"augmentation={shown(variations)} is not allowed: it has an unknown key.")
            chosen["augmentation"] = Augmentation(**variations)
        return cls(**chosen)


@dataclass(frozen=True)
class Order:
    """What is taught: the design as it was at Start.

    Attributes:
        config: The network.
        tile: (height, width) of the tiles in pixels.
        recipe: How it is taught.
    """

    config: UNetConfig
    tile: tuple[int, int]
    recipe: Recipe

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and words, ready for JSON."""
        return {"config": self.config.to_dict(), "tile": list(self.tile), "recipe": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Order:
        """Read what `to_dict` wrote.

        Raises:
            ValueError: If it is not that.
        """
        try:
            height, width = (int(side) for side in values["tile"])
            return cls(UNetConfig.from_dict(values["config"]), (height, width), Recipe.from_dict(values["recipe"]))
        except (KeyError, TypeError) as error:
            raise ValueError(f"This is no order of a training: {error}.") from None
