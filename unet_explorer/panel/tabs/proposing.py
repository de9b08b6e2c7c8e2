"""What the Train tab proposes for the chosen images, taken where nobody has chosen otherwise."""

from __future__ import annotations

from typing import Any

import traitlets

from unet_explorer.data.augment import Augmentation
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.facts import Facts, facts_of
from unet_explorer.learning.proposals import Proposal, propose
from unet_explorer.learning.recipe import Recipe
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.settings import choice_words
from unet_explorer.panel.tabs.trainings import Trainings

__all__ = ["Proposing", "without_batch"]


class Proposing(Trainings):
    """A tab that says what follows from its images for how they are learnt.

    Attributes:
        recipe: How to teach, as `Recipe.to_dict` writes it, without the tiles per batch: these are the instrument's.
        proposals: What is proposed for the images, in words, with the reason, and whether it is chosen now.
    """

    recipe = traitlets.Dict().tag(sync=True)
    proposals: Any = traitlets.List().tag(sync=True)

    _instrument: Instrument
    # The images that were measured last, and what was found.
    _measured: tuple[Dataset, Facts] | None = None
    # What of the recipe came with the images, by name.
    _brought: dict[str, Any]
    # Whether the recipe came with a link: then the first images bring none.
    _taught = False

    def _measure(self, dataset: Dataset) -> None:
        """Look at a set, once, in the thread that has read it."""
        if self._measured is None or self._measured[0] is not dataset:
            self._measured = dataset, facts_of(dataset)

    def _proposed(self) -> tuple[Proposal, ...]:
        if self._measured is None:
            return ()
        dataset, facts = self._measured
        return propose(dataset, self._instrument.design, facts)

    def _bring_recipe(self) -> None:
        """The images bring what is proposed for them; what was chosen by hand stays, and so does the tile."""
        wanted = {each.name: each.value for each in self._proposed() if each.name != "tile"}
        with self._lock:
            if self._taught:
                self._taught = False
                return
            usual, now = _flat(Recipe().to_dict()), _flat(self.recipe)
            for name, value in self._brought.items():
                if now[name] == value:
                    now[name] = usual[name]
            self._brought = {name: value for name, value in wanted.items() if now[name] == usual[name]}
            self.recipe = _nested(now | self._brought)

    def _show_proposals(self) -> None:
        chosen = {**_flat(self.recipe), "tile": list(self._instrument.tile)}
        self.proposals = [
            {
                "name": name,
                **choice_words(name, value),
                "reason": reason,
                "taken": chosen[name] == value,
            }
            for name, value, reason in self._proposed()
        ]

    def _do_take(self, request: dict[str, Any]) -> None:
        """Choose what is proposed: the one that is named, or all of the recipe."""
        name = request.get("kind")
        for each in self._proposed():
            if each.name == name == "tile":
                self._instrument.tile = each.value
            elif each.name != "tile" and name in {None, each.name}:
                self.recipe = _nested({**_flat(self.recipe), each.name: each.value})


def without_batch(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the page has it.

    Example:
        >>> "batch_size" in without_batch(Recipe())
        False
    """
    chosen = recipe.to_dict()
    del chosen["batch_size"]
    return chosen


def _flat(recipe: dict[str, Any]) -> dict[str, Any]:
    """All choices by their names, the variations among them."""
    return {**{name: value for name, value in recipe.items() if name != "augmentation"}, **recipe["augmentation"]}


def _nested(choices: dict[str, Any]) -> dict[str, Any]:
    """What `_flat` was given, without the tiles per batch."""
    variations = {name: choices[name] for name in Augmentation().to_dict()}
    others = {name: value for name, value in choices.items() if name not in variations and name != "batch_size"}
    return {**others, "augmentation": variations}
