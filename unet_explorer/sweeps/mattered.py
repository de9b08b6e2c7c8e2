"""Which knob mattered: how much of the differences each explains, held against what chance alone makes of seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.sweeps.run import KNOBS, Run, read_runs

__all__ = ["CHANCE", "Effect", "Mattered", "mattered"]

CHANCE: Final = 0.05
"""How often one knob at least may be named where none matters."""
_DRAWS: Final = 2000
_FEWEST: Final = 2
"""Degrees of freedom of chance: with fewer nothing can be said."""
_Matrix = NDArray[np.float64]


class Effect(NamedTuple):
    """What one knob has to do with the IoU.

    Attributes:
        knob: Its name; of knobs that always changed together all of them.
        share: Of the variance of the IoU that it explains, 0 to 1, less what chance would.
        low: The share is hardly less than that (5 % of the draws are).
        high: It is hardly more.
        chance: How often chance alone would make as much of it, corrected for how many knobs were looked at.
        levels: The mean IoU at each of its values, the best first.
    """

    knob: str
    share: float
    low: float
    high: float
    chance: float
    levels: tuple[tuple[Any, float], ...]

    @property
    def told(self) -> bool:
        """Whether it can be told from chance."""
        return self.chance <= CHANCE

    @property
    def verdict(self) -> str:
        """What is to be said of it, in a sentence.

        Example:
            >>> Effect("depth", 0.62, 0.5, 0.71, 0.001, ((3, 0.84), (2, 0.71))).verdict
            'depth mattered: it explains 62 % (50 to 71 %) of the differences; best 3 (IoU 0.840), worst 2 (0.710).'
            >>> Effect("padding", 0.01, 0.0, 0.05, 0.4, (("same", 0.8), ("valid", 0.79))).verdict
            'padding: cannot be told from chance.'
        """
        if not self.told:
            return f"{self.knob}: cannot be told from chance."
        (best, most), (worst, least) = self.levels[0], self.levels[-1]
        return (
            f"{self.knob} mattered: it explains {100 * self.share:.0f} % ({100 * self.low:.0f} to "
            f"{100 * self.high:.0f} %) of the differences; best {best} (IoU {most:.3f}), worst {worst} ({least:.3f})."
        )


class Mattered(NamedTuple):
    """What can be said of all knobs.

    Attributes:
        effects: One a knob that was varied, the one that explains most first.
        noise: Share of the variance that seeds make, with the same design, 0 to 1; None where there is one seed alone.
        note: What must be known to read it, in sentences; empty if nothing must.
    """

    effects: tuple[Effect, ...]
    noise: float | None
    note: str

    def __str__(self) -> str:
        lines = [effect.verdict for effect in self.effects] or ["Nothing was varied that could have mattered."]
        if self.noise is not None:
            lines.append(f"Seeds alone make {100 * self.noise:.0f} % of the differences.")
        return "\n".join([*lines, *([self.note] if self.note else [])])


def mattered(runs: Iterable[Run]) -> Mattered:
    """Which knobs mattered for the IoU, and which cannot be told from chance.

    Main effects alone, as in an analysis of variance on a grid: how much the means over the values of a knob differ,
    all else being shared out evenly. They are held against the spread of runs of one design with different seeds, less
    what a seed does to all designs alike; with one seed, against what the knobs together do not explain. How far chance
    goes is drawn from these very remainders, 2,000 times, and corrected for how many knobs are looked at (Holm 1979).

    Args:
        runs: A `Sweep`, or rows of one; those without an IoU are left out.

    Raises:
        ValueError: If it is no list of runs.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.sweeps.run import Run
        >>> runs = [
        ...     Run("", UNetConfig(depth=depth), (92, 92), seed, "done", iou=0.1 * depth + 0.01 * ((seed * depth) % 3))
        ...     for depth in (2, 3, 4) for seed in range(4)
        ... ]
        >>> print(mattered(runs).effects[0].verdict[:14])
        depth mattered
    """
    rows = _rows(runs)
    factors = _factors(rows)
    if not factors:
        return Mattered((), None, "")
    iou = np.array([run.iou for run in rows], float)
    names = list(factors)
    model = _Model(rows, [factors[name] for name in names])
    if model.left < _FEWEST or not model.spread(iou):
        levels = {name: _levels(factors[name], iou) for name in names}
        few = "There are too few runs to tell anything from chance: teach each design with more seeds."
        return Mattered(tuple(Effect(name, 0.0, 0.0, 1.0, 1.0, levels[name]) for name in names), None, few)
    chances = _holm(model.chances(iou))
    effects = []
    for name, share, (low, high), chance in zip(names, model.shares(iou), model.intervals(iou), chances, strict=True):
        # What no other knob leaves to it cannot be told either.
        effects.append(Effect(name, share, low, high, chance, _levels(factors[name], iou)))
    effects.sort(key=lambda each: -each.share)
    note = "" if model.repeated else "With one seed chance is not known by itself: what knobs do together counts as it."
    return Mattered(tuple(effects), model.noise(iou) if model.repeated else None, note)


def _rows(runs: object) -> list[Run]:
    rows = read_runs("runs", runs, "give a Sweep, or a list of its rows")
    return [run for run in rows if run.iou is not None and run.state == "done"]


def _factors(rows: Sequence[Run]) -> dict[str, tuple[Any, ...]]:
    """What was varied: for each knob its value in each row. Knobs that always change together are one."""
    found: dict[str, tuple[Any, ...]] = {}
    for knob in KNOBS:
        values = tuple(getattr(run.config, knob) for run in rows)
        if len(set(values)) > 1:
            found[knob] = values
    tiles = tuple(run.tile for run in rows)
    others = list(zip(*found.values(), strict=True)) if found else [()] * len(rows)
    # A tile that follows from the knobs is no choice of its own.
    if len(set(zip(others, tiles, strict=True))) > len(set(others)):
        found["tile"] = tuple(f"{h}" if h == w else f"{h}×{w}" for h, w in tiles)
    together: dict[tuple[int, ...], list[str]] = {}
    for name, values in found.items():
        together.setdefault(_coded(values), []).append(name)
    return {
        " + ".join(names): found[names[0]] if len(names) == 1 else tuple(zip(*(found[n] for n in names), strict=True))
        for names in together.values()
    }


def _coded(values: Sequence[Any]) -> tuple[int, ...]:
    """Each value by the number of the row where it came first: equal where two knobs always change together."""
    first: dict[Any, int] = {}
    return tuple(first.setdefault(value, len(first)) for value in values)


def _levels(values: Sequence[Any], iou: _Matrix) -> tuple[tuple[Any, float], ...]:
    means = {
        value: float(np.mean([each for each, at in zip(iou, values, strict=True) if at == value])) for value in values
    }
    return tuple(sorted(means.items(), key=lambda pair: -pair[1]))


def _holm(chances: Sequence[float]) -> list[float]:
    """Corrected so that among all that are looked at, one is named by chance no more often than is allowed.

    Example:
        >>> _holm([0.01, 0.04, 0.5])
        [0.03, 0.08, 0.5]
    """
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    corrected, most = [0.0] * len(chances), 0.0
    for rank, place in enumerate(order):
        most = max(most, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = most
    return corrected


class _Model:
    """Means over the values of each knob, and over seeds, as orthogonal projections.

    Attributes:
        repeated: Whether there are designs with several seeds, so that chance is known by itself.
        left: Degrees of freedom of chance.
    """

    def __init__(self, rows: Sequence[Run], factors: Sequence[Sequence[Any]]) -> None:
        seeds = _indicators([run.seed for run in rows])
        parts = [_indicators(values) for values in factors]
        one = np.ones((len(rows), 1))
        self._base = _basis(np.hstack([one, seeds]))
        whole = _basis(np.hstack([one, seeds, *parts]))
        self._own = []
        for number in range(len(parts)):
            rest = _basis(np.hstack([one, seeds, *parts[:number], *parts[number + 1 :]]))
            # What this knob alone adds to all others.
            self._own.append(_basis(whole - rest @ (rest.T @ whole)))
        cells = _basis(np.hstack([one, seeds, _indicators([(run.config, run.tile) for run in rows])]))
        self.repeated = len(rows) - cells.shape[1] >= _FEWEST
        self._fit = cells if self.repeated else whole
        self.left = len(rows) - self._fit.shape[1]
        self._random = np.random.default_rng(0)

    def spread(self, iou: _Matrix) -> bool:
        """Whether there is anything to explain, and chance has a say at all."""
        return bool(_square(self._rest(iou)) > 1e-12) or bool(_square(iou - iou.mean()) > 1e-12)

    def _rest(self, iou: _Matrix) -> _Matrix:
        """What the design, or the knobs, leave: along the first axis, for one table or for many."""
        left: _Matrix = iou - self._fit @ (self._fit.T @ iou)
        return left

    def _shares(self, iou: _Matrix) -> _Matrix:
        """(knobs, tables): share of the variance beyond seeds, less what chance would explain."""
        total = _square(iou - self._base @ (self._base.T @ iou))
        chance = _square(self._rest(iou)) / self.left
        own = np.stack([_square(basis.T @ iou) - basis.shape[1] * chance for basis in self._own])
        found: _Matrix = np.clip(own / np.maximum(total, 1e-300), 0, 1)
        return found

    def shares(self, iou: _Matrix) -> list[float]:
        """Of each knob the share that it explains."""
        return [float(share) for share in self._shares(iou[:, None])[:, 0]]

    def noise(self, iou: _Matrix) -> float:
        """Share of the variance that seeds make with the same design."""
        chance = _square(self._rest(iou)) / self.left * (len(iou) - 1)
        return float(min(1.0, chance / max(_square(iou - iou.mean()), 1e-300)))

    def _drawn(self, iou: _Matrix) -> _Matrix:
        """(rows, draws): remainders in an order of chance, as large as they are before a fit has made them smaller."""
        rest = self._rest(iou) * np.sqrt(len(iou) / self.left)
        return np.stack([self._random.permutation(rest) for _ in range(_DRAWS)], axis=1)

    def chances(self, iou: _Matrix) -> list[float]:
        """How often chance alone would make as much of each knob."""
        drawn = self._drawn(iou)
        noise, here = np.maximum(_square(self._rest(drawn)), 1e-300), max(_square(self._rest(iou)), 1e-300)
        found = []
        for basis in self._own:
            if not basis.shape[1]:
                found.append(1.0)
                continue
            more = np.count_nonzero(_square(basis.T @ drawn) / noise >= _square(basis.T @ iou) / here)
            found.append((1 + int(more)) / (1 + _DRAWS))
        return found

    def intervals(self, iou: _Matrix) -> list[tuple[float, float]]:
        """Of each knob between which shares it lies in nine of ten draws."""
        fitted = (iou - self._rest(iou))[:, None]
        low, high = np.quantile(self._shares(fitted + self._drawn(iou)), [0.05, 0.95], axis=1)
        return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _indicators(values: Sequence[Any]) -> _Matrix:
    codes = np.array(_coded(values))
    found: _Matrix = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
    return found


def _basis(matrix: _Matrix) -> _Matrix:
    """(rows, rank): orthonormal columns that span the same."""
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=False)
    found: _Matrix = left[:, sizes > 1e-9]
    return found


def _square(values: _Matrix) -> Any:
    return (values**2).sum(axis=0)
