"""The course of a sweep: which run is taught next, how far, and the row that comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.cluster import connected
from unet_explorer.learning.checksums import json_with_checksum
from unet_explorer.learning.scores import scores
from unet_explorer.sweeps.asked import Asked, unfit
from unet_explorer.sweeps.carried import carry
from unet_explorer.sweeps.designs import Design, GivenDesign, read_design
from unet_explorer.sweeps.halving import rungs, survivors
from unet_explorer.sweeps.pool import Job, Pool
from unet_explorer.sweeps.run import Run
from unet_explorer.sweeps.shelf import Shelf, opened_folder
from unet_explorer.sweeps.work import BEST, HISTORY, LAST, Outcome

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Course", "opened_course"]

_AGAIN: Final = 1000
"""A sampler that so often in a row chooses what it has chosen before has nothing new."""


class Course:
    """A sweep from its first row to its last.

    Args:
        asked: What is asked for.
        shelf: What keeps it.
        pool: What runs it.
    """

    def __init__(self, asked: Asked, shelf: Shelf, pool: Pool) -> None:
        self.asked, self.shelf, self.pool = asked, shelf, pool
        self._rows: dict[str, Run] = {}
        self._designs: list[Design] = list(asked.designs)
        self._facts: dict[Design, dict[str, int]] = {}
        self._peaks: dict[str, int | None] = {}

    @property
    def rows(self) -> tuple[Run, ...]:
        """The rows so far, in the order of designs and seeds."""
        keys = (_key(design, seed) for design in self._designs for seed in self.asked.seeds)
        return tuple(self._rows[key] for key in keys if key in self._rows)

    def run(self) -> Iterator[Run]:
        """Every row, as it comes.

        Raises:
            LeftError: If the pool was told to stop.
            ClusterError: If the scheduler is gone.
        """
        for row in self._sampled() if self.asked.sampler else self._listed():
            self._rows[row.key] = row
            if self.shelf.known(row.key) != row:
                self.shelf.add(row, self.rows)
            yield row
        self.shelf.end(self.rows)

    # Designs that are given -----------------------------------------------------------------------------------------

    def _listed(self) -> Iterator[Run]:
        left = []
        for design in self._designs:
            rows = self._looked_at(design)
            yield from rows
            left += [] if rows else [design]
        if self.asked.halving is None:
            yield from self._rung(left, self.asked.recipe.steps, {}, last=True)
            return
        for until in (every := rungs(self.asked.recipe, self.asked.halving)):
            last = until == every[-1]
            reached: dict[Design, list[float]] = {design: [] for design in left}
            yield from self._rung(left, until, reached, last)
            if not last:
                going_on = survivors(reached, self.asked.halving)
                for design in left:
                    if design not in going_on:
                        yield from self._stopped(design, until)
                left = [design for design in left if design in going_on]

    def _looked_at(self, design: Design) -> list[Run]:
        """The rows of a design that cannot be taught; none if it can."""
        words, self._facts[design] = unfit(self.asked, design, self.pool.spare)
        known: Any = self._facts[design]
        return [Run(design.link, *design, seed, "skipped", words, **known) for seed in self.asked.seeds if words]

    def _rung(self, designs: list[Design], until: int, reached: dict[Design, list[float]], last: bool) -> Iterator[Run]:
        """Teach all of them up to a step; of those that are done, or have failed, the rows."""
        jobs = [Job(_key(design, seed), design, seed, until) for design in designs for seed in self.asked.seeds]
        for job in jobs:
            while self.pool.full:
                yield from self._taken(reached, last)
            row = None if job.key in self._rows else self._teach(job, last)
            if row is not None:
                self._note(job, reached)
                if last:
                    yield row
        while self.pool.open:
            yield from self._taken(reached, last)

    def _taken(self, reached: dict[Design, list[float]], last: bool) -> Iterator[Run]:
        """What comes of the next run that is done: its row, unless it goes on."""
        job, outcome = self.pool.take()
        if outcome["problem"]:
            yield self._row(job, "failed", outcome["problem"])
            return
        self._keep(job, outcome)
        self._note(job, reached)
        if last:
            yield self._row(job, "done", "")

    def _teach(self, job: Job, last: bool) -> Run | None:
        """Give a run out, unless it has come so far already; then its row."""
        done, history = self.shelf.known(job.key), self.shelf.history(job.key)
        if done is not None and (last or history):
            return done
        if not last and history and history["epochs"] and history["epochs"][-1]["step"] >= job.until:
            return self._row(job, "stopped", "")
        wanted = self.shelf.wanted if last else (BEST, LAST)
        self.pool.submit(job, self.asked.order(job.design, job.seed), self.shelf.files(job.key), wanted)
        return None

    def _keep(self, job: Job, outcome: Outcome) -> None:
        self._peaks[job.key] = max(filter(None, (self._peaks.get(job.key), outcome["peak"])), default=None)
        files = {**outcome["files"], HISTORY: json_with_checksum(outcome["history"])}
        self.shelf.put(job.key, self.asked.order(job.design, job.seed).to_dict(), files)

    def _note(self, job: Job, reached: dict[Design, list[float]]) -> None:
        """What a run has reached by the end of a rung."""
        history = self.shelf.history(job.key) or {"epochs": []}
        qualities = [scores(each["table"]).quality for each in history["epochs"] if each["step"] <= job.until]
        if qualities and job.design in reached:
            reached[job.design].append(max(qualities))

    def _stopped(self, design: Design, until: int) -> Iterator[Run]:
        words = f"Halving has left it after {until} of {self.asked.recipe.steps} steps: others were better."
        for seed in self.asked.seeds:
            job = Job(_key(design, seed), design, seed, until)
            if job.key not in self._rows:
                # An earlier sweep without halving may have taught it to its end.
                yield self.shelf.known(job.key) or self._row(job, "stopped", words)

    # Designs that are chosen ----------------------------------------------------------------------------------------

    def _sampled(self) -> Iterator[Run]:
        """As many designs at once as there are processes: each is chosen by what is known by then."""
        waiting: dict[Design, list[GivenDesign]] = {}
        sampler, again, left = self.asked.sampler, 0, True
        assert sampler is not None
        while left or self.pool.open:
            while left and self.pool.open < self.pool.workers:
                given = sampler.ask()
                again = again + 1 if given is not None and self._is_known(given, waiting) else 0
                left = given is not None and again < _AGAIN
                if left and not again:
                    assert given is not None
                    yield from self._begun(given, waiting)
            if self.pool.open:
                row = next(self._taken({}, last=True))
                yield row
                self._tell_if_done(Design(row.config, row.tile), waiting)

    def _is_known(self, given: GivenDesign, waiting: dict[Design, list[GivenDesign]]) -> bool:
        """Whether a design was chosen before: what it has reached is known, or soon will be."""
        design = read_design(given, self.asked.dataset)
        if design in waiting:
            waiting[design].append(given)
        elif design in self._designs:
            self._tell(design, [given])
        return design in self._designs

    def _begun(self, given: GivenDesign, waiting: dict[Design, list[GivenDesign]]) -> Iterator[Run]:
        """A new design: given out, or looked up; of what is known of it already, the rows."""
        design = read_design(given, self.asked.dataset)
        self._designs.append(design)
        waiting[design] = [given]
        rows = self._looked_at(design)
        if not rows:
            jobs = [Job(_key(design, seed), design, seed, self.asked.recipe.steps) for seed in self.asked.seeds]
            rows = [row for job in jobs if (row := self._teach(job, last=True))]
        yield from rows
        self._tell_if_done(design, waiting)

    def _tell_if_done(self, design: Design, waiting: dict[Design, list[GivenDesign]]) -> None:
        if all(_key(design, seed) in self._rows for seed in self.asked.seeds):
            self._tell(design, waiting.pop(design, []))

    def _tell(self, design: Design, given: list[GivenDesign]) -> None:
        assert self.asked.sampler is not None
        reached = [self._rows[_key(design, seed)].iou for seed in self.asked.seeds]
        known = [each for each in reached if each is not None]
        for each in given:
            self.asked.sampler.tell(each, sum(known) / len(known) if known else None)

    # Rows -----------------------------------------------------------------------------------------------------------

    def _row(self, job: Job, state: Any, reason: str) -> Run:
        known: Any = {**self._facts[job.design], "peak": self._peaks.get(job.key)}
        history = self.shelf.history(job.key)
        if history and state != "failed":
            known |= _learnt(history)
        return Run(job.design.link, *job.design, job.seed, state, reason, **known)


def _key(design: Design, seed: int) -> str:
    return f"{design.link}-seed{seed}"


def _learnt(history: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says of what was learnt: the best examination counts, the first of several, as on the panel."""
    points, epochs = history["points"], history["epochs"]
    found: dict[str, Any] = {"seconds": float(history["seconds"])}
    if points:
        found |= {"steps": int(points[-1][0]), "loss": float(points[-1][1])}
    if epochs:
        best = max((scores(epoch["table"]) for epoch in epochs), key=lambda each: each.quality)
        dice = [each for each in best.dice[1:] if each is not None]
        mean = sum(dice) / len(dice) if dice else None
        found |= {"iou": best.mean_iou, "dice": mean, "class_iou": best.iou}
    return found


@contextmanager
def opened_course(asked: Asked, client: Client | str | None, out: object) -> Iterator[Course]:
    """A sweep with all that it needs, for as long as it runs: its folder, the processes, and the images there.

    Args:
        asked: What is asked for.
        client: As `connected` takes it.
        out: The folder; None to keep nothing.

    Raises:
        ValueError: If the folder does not do.
        ClusterError: If Dask is missing, or its cluster does not do.
    """
    with _shelf(asked, out) as shelf, connected(client, workers=asked.workers) as found:
        pool = Pool(found, asked.dataset)
        try:
            yield Course(asked, shelf, pool)
        finally:
            pool.close()


@contextmanager
def _shelf(asked: Asked, out: object) -> Iterator[Shelf]:
    if out is None:
        yield Shelf()
        return
    key, classes = carry(asked.dataset).key, asked.dataset.classes
    with opened_folder(out, key, classes, asked.shared, asked.again) as folder:
        yield folder
