"""A plug-in: Optuna chooses the designs of a sweep. It is no part of the package, and is loaded only here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from unet_explorer.core.config import UNetConfig, Whole, allowed, read_value, shown
from unet_explorer.core.tiles import Tile
from unet_explorer.sweeps.designs import GivenDesign, base_of
from unet_explorer.sweeps.run import KNOBS

__all__ = ["optuna_sampler"]

_INSTALL: Final = "pip install optuna"
_VALUES: Final = 1000
_RUNS: Final = Whole(1, 100_000)


class _Sampler:
    """Trials of a study, each of which becomes a design."""

    def __init__(self, study: Any, space: Mapping[str, Sequence[Any]], runs: int, like: UNetConfig) -> None:
        self._study, self._space, self._left, self._like = study, space, runs, like
        self._open: list[tuple[GivenDesign, Any]] = []

    def ask(self) -> GivenDesign | None:
        """The design of the next trial; None once there were as many as shall be."""
        if self._left <= 0:
            return None
        self._left -= 1
        trial = self._study.ask()
        chosen = {name: trial.suggest_categorical(name, list(values)) for name, values in self._space.items()}
        tile: Tile | None = chosen.pop("tile", None)
        config = UNetConfig.from_dict({**self._like.to_dict(), **chosen})
        design: GivenDesign = config if tile is None else (config, tile)
        self._open.append((design, trial))
        return design

    def tell(self, design: GivenDesign, score: float | None) -> None:
        """What came of it; a design that could not be taught is a trial that failed."""
        from optuna.trial import TrialState

        place = next(number for number, (given, _) in enumerate(self._open) if given == design)
        _, trial = self._open.pop(place)
        if score is None:
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, score)


def optuna_sampler(study: Any, space: Mapping[str, Sequence[Any]], runs: int, like: Any = None) -> _Sampler:
    """Let a study of Optuna choose the designs of a sweep, by what came of earlier ones.

    Args:
        study: An ``optuna.Study`` that maximizes one number, the mean IoU over the seeds of a design.
        space: For each knob of `UNetConfig`, and for ``"tile"``, the values that it may have.
        runs: How many designs are chosen.
        like: What all other knobs are as; see `grid`.

    Returns:
        What `sweep` takes in place of a list of designs.

    Raises:
        ValueError: If the study does not maximize, or a knob or a value is not allowed.
        ImportError: If Optuna is not installed; it names the command that brings it.

    Example:
        >>> import optuna
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
        >>> sampler = optuna_sampler(study, {"depth": [2, 3], "tile": [108, 140]}, runs=1)
        >>> config, tile = sampler.ask()
        >>> sampler.tell((config, tile), 0.8)
        >>> study.best_value, sampler.ask()
        (0.8, None)
    """
    try:
        import optuna
    except ImportError:
        raise ImportError(f"Optuna is missing, which chooses designs: {_INSTALL}") from None
    if not isinstance(study, optuna.Study):
        raise ValueError(f'study={shown(study)} is none: give optuna.create_study(direction="maximize").')
    if [each.name for each in study.directions] != ["MAXIMIZE"]:
        raise ValueError(
            'study: it minimizes, or has several aims; an IoU shall be high: make it with direction="maximize".'
        )
    return _Sampler(study, _space(space), int(read_value("runs", runs, _RUNS)), base_of(like))


def _space(space: object) -> dict[str, Sequence[Any]]:
    if not isinstance(space, Mapping) or not space:
        raise ValueError(f'space={shown(space)} is not allowed: give a dict of lists, such as {{"depth": [2, 3, 4]}}.')
    found: dict[str, Sequence[Any]] = {}
    for name, values in space.items():
        if name not in (*KNOBS, "tile"):
            raise ValueError(f"space: there is no knob {shown(name)}: give some of {', '.join((*KNOBS, 'tile'))}.")
        if not isinstance(values, (list, tuple, range)) or not 0 < len(values) <= _VALUES:
            raise ValueError(f"space: {name}={shown(values)} is not allowed: give a list of 1 to {_VALUES:,} values.")
        if name == "tile":
            found[name] = [int(read_value("space: tile", each, Whole(1, 100_000))) for each in values]
        else:
            found[name] = [read_value(f"space: {name}", each, allowed(name)) for each in values]
    return found
