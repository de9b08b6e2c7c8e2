"""What a sweep is asked for, read and checked before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypedDict, runtime_checkable

from unet_explorer.core.budget import read_limit
from unet_explorer.core.config import Flag, Whole, read_value, shown
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.tiles import ShapeError
from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Dataset, read_dataset
from unet_explorer.learning.preflight import stops
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.predict.asked import check_words
from unet_explorer.sweeps.designs import Design, GivenDesign, read_designs
from unet_explorer.sweeps.halving import read_halving
from unet_explorer.sweeps.run import Run

__all__ = ["Asked", "How", "Sampler", "facts_of", "read_asked", "unfit"]

_SEED: Final = Whole(0, 2**31 - 1)
_STEPS: Final = Whole(1, 1_000_000)
_WORKERS: Final = Whole(1, 256)


@runtime_checkable
class Sampler(Protocol):
    """What chooses designs one after the other, by what came of earlier ones."""

    def ask(self) -> GivenDesign | None:
        """The next design, as a list of designs may hold it; None if there is none left."""

    def tell(self, design: GivenDesign, score: float | None) -> object:
        """The mean IoU that a design has reached, over its seeds; None if it could not be taught."""


class How(TypedDict, total=False):
    """What else a sweep may be told.

    Attributes:
        recipe: How each run is taught: a dict of fields of `Recipe`, but for the seed, or a `Recipe`.
        memory: Bytes that a run may be estimated to take, or words such as ``"2 GB"``; left out, what each process
            can have.
        halving: Let only the best one in so many designs learn on, after a ninth and a third of the steps where it is
            3; None lets all.
        workers: How many processes are made where no client is given; left out, one for each processor.
        progress: Called with each row as it comes, and with how many there will be; None where nobody knows.
        again: Begin anew in a folder that holds a sweep, whatever it is of.
    """

    recipe: Mapping[str, Any] | Recipe | None
    memory: int | str | None
    halving: int | None
    workers: int | None
    progress: Callable[[Run, int | None], object] | None
    again: bool


@dataclass(frozen=True)
class Asked:
    """What a sweep is asked for, once it is clear that it can begin.

    Attributes:
        designs: What is taught; empty where a sampler chooses.
        sampler: What chooses; None where designs are given.
        dataset: What all learn from.
        seeds: Of each design.
        recipe: How each is taught; its seed is none of theirs.
        memory: Bytes that a run may be estimated to take; None for what each process can have.
        halving: One design in how many learns on; None for all.
        workers: How many processes are made; None for one a processor.
        again: Whether to begin anew.
    """

    designs: tuple[Design, ...]
    sampler: Sampler | None
    dataset: Dataset
    seeds: tuple[int, ...]
    recipe: Recipe
    memory: int | None = None
    halving: int | None = None
    workers: int | None = None
    again: bool = False

    @property
    def total(self) -> int | None:
        """How many runs there will be; None where a sampler decides."""
        return None if self.sampler else len(self.designs) * len(self.seeds)

    @property
    def shared(self) -> dict[str, Any]:
        """What all runs have in common of how they are taught."""
        recipe = self.recipe.to_dict()
        del recipe["seed"]
        return recipe

    def order(self, design: Design, seed: int) -> Order:
        """What one run learns, exactly as a `TrainingSession` would be told."""
        return Order(design.config, design.tile, replace(self.recipe, seed=seed))


def read_asked(designs: object, dataset: object, seeds: object, steps: object, how: Mapping[str, Any]) -> Asked:
    """All that was asked for, or what is wrong with it.

    Args:
        designs: A list of designs, or a sampler.
        dataset: What all learn from.
        seeds: Of each design.
        steps: Of each run; None for those of the recipe.
        how: See `How`.

    Raises:
        ValueError: If something is not allowed.
        TypeError: If there is a word that is no argument.

    Example:
        >>> from unet_explorer import cells
        >>> read_asked(["classroom"], cells(2, size=64), [0, 1], 50, {}).total
        2
    """
    check_words("sweep", how, How.__annotations__)
    data = read_dataset(dataset, designs)
    sampler = designs if isinstance(designs, Sampler) and not isinstance(designs, type) else None
    halving = read_halving(how.get("halving"))
    if sampler and halving is not None:
        raise ValueError(f"halving={halving} goes with a list of designs: a sampler chooses by itself who goes on.")
    progress = how.get("progress")
    if progress is not None and not callable(progress):
        raise ValueError(f"progress={shown(progress)} is not allowed: give a function of a row and a number, or None.")
    workers = how.get("workers")
    return Asked(
        () if sampler else read_designs(designs, data),
        sampler,
        data,
        _seeds(seeds),
        _recipe(how.get("recipe"), steps),
        _memory(how.get("memory")),
        halving,
        None if workers is None else read_value("workers", workers, _WORKERS, ", or None for one a processor"),
        read_value("again", how.get("again", False), Flag()),
    )


def _seeds(seeds: object) -> tuple[int, ...]:
    if not isinstance(seeds, (list, tuple, range)) or not seeds or len(seeds) > 10_000:
        raise ValueError(f"seeds={shown(seeds)} is not allowed: give a list of whole numbers, such as (0, 1, 2).")
    found = tuple(int(read_value("seeds", each, _SEED)) for each in seeds)
    if len(set(found)) < len(found):
        raise ValueError(f"seeds={shown(seeds)} is not allowed: give each seed once, for the same learns the same.")
    return found


def _recipe(recipe: object, steps: object) -> Recipe:
    if recipe is None:
        read = Recipe()
    elif isinstance(recipe, Recipe):
        read = recipe
    elif isinstance(recipe, Mapping):
        if "seed" in recipe:
            raise ValueError(f"recipe: seed={shown(recipe['seed'])} is not allowed there: give seeds=[…].")
        try:
            read = Recipe.from_dict(dict(recipe))
        except (ValueError, TypeError) as error:
            raise ValueError(f"recipe: {error}") from None
    else:
        raise ValueError(f"recipe={shown(recipe)} is no recipe: give a dict such as {{'batch_size': 2}}, or a Recipe.")
    if steps is not None:
        read = replace(read, steps=read_value("steps", steps, _STEPS, ", or None for those of the recipe"))
    return replace(read, seed=0)


def _memory(memory: object) -> int | None:
    try:
        return None if memory is None else read_limit(memory)
    except ValueError as error:
        raise ValueError(str(error).replace("limit=", "memory=", 1)) from None


def facts_of(design: Design, recipe: Recipe) -> dict[str, int]:
    """What is known of a design before it learns: parameters, multiply-adds, and bytes that learning will take.

    Raises:
        ShapeError: If the tile does not fit.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> facts_of(Design(UNetConfig(depth=1, base_filters=2), (20, 20)), Recipe())["parameters"]
        434
    """
    followed = trace(design.config, design.tile)
    needed = estimate_memory(design.config, design.tile, recipe.batch_size, training=True)["total"]
    return {"parameters": followed.parameters, "macs": followed.macs, "memory": needed}


def unfit(asked: Asked, design: Design, spare: int | None) -> tuple[str, dict[str, int]]:
    """Why a design cannot be taught, in a sentence, which is empty if it can; and what is known of it.

    Args:
        asked: The sweep.
        design: The design.
        spare: Bytes that a process can have; None if that is not known.
    """
    try:
        facts = facts_of(design, asked.recipe)
    except ShapeError as error:
        return " ".join(str(error).split()), {}
    found = stops(asked.order(design, asked.seeds[0]), asked.dataset)
    if found:
        return f"{found[0].words} {found[0].fix}".strip(), facts
    limit = asked.memory if asked.memory is not None else spare
    if limit is not None and facts["memory"] > limit:
        who = "memory= allows" if asked.memory is not None else "a process can have"
        return f"Learning would take about {_bytes(facts['memory'])} of memory, and {who} {_bytes(limit)}.", facts
    return "", facts


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
