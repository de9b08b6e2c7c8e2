"""The trainings that are kept: seen, reopened, compared, named and deleted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import traitlets

from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.history import History, thinned
from unet_explorer.learning.kept import Kept, history_of, kept_trainings, remove, rename
from unet_explorer.learning.ownership import STILL, undecided
from unet_explorer.learning.process import Worker
from unet_explorer.learning.session import TrainingSession
from unet_explorer.learning.store import Store
from unet_explorer.panel.tabs.background_tab import BackgroundTab
from unet_explorer.panel.tabs.settings import design_summary, recipe_summary

__all__ = ["MOST", "Trainings", "curves_of"]

MOST: Final = 3
"""Trainings whose curves are told apart beside the one that is shown."""


class Trainings(BackgroundTab):
    """A tab that keeps its trainings in a list.

    Attributes:
        trainings: What there is of each, the latest first.
        compared: Curves of those that are shown beside the present one.
        session: The training that is shown; None before the first.
    """

    trainings: Any = traitlets.List().tag(sync=True)
    compared: Any = traitlets.List().tag(sync=True)

    session: TrainingSession | None
    _worker: Worker
    # What the list shows.
    _kept: Sequence[Kept] = ()
    # Only for comparing: what the list was made of.
    _listed: tuple[Any, ...] | None = None

    # The next look for one that was cut off, where the first could not tell.
    _again: threading.Timer | None = None

    def _take_on(self, session: TrainingSession) -> None:
        """Show a training, and whatever belongs to it."""
        raise NotImplementedError

    def _find_unfinished(self) -> None:
        if self.session is not None:
            return
        session = TrainingSession.unfinished(self._worker)
        if session is not None:
            session.problem = f"An earlier training was interrupted here. {session.problem}".strip()
            self._take_on(session)
        elif undecided():
            # Of an owner on another machine, or before this one was started anew, it is known only then.
            self._again = threading.Timer(STILL + 1, self._later, [self._find_unfinished])
            self._again.daemon = True
            self._again.start()

    def _look_no_more(self) -> None:
        if self._again is not None:
            self._again.cancel()

    def _do_rename(self, request: dict[str, Any]) -> None:
        rename(str(request.get("name")), str(request.get("title")))
        self._list()

    def _do_remove(self, request: dict[str, Any]) -> None:
        """Delete one of them; the page has asked whether that is meant."""
        name = str(request.get("name"))
        self._check_other(name)
        remove(name)
        self.compared = [each for each in self.compared if each["name"] != name]
        self._list()

    def _do_compare(self, request: dict[str, Any]) -> None:
        """Show the curves of one of them as well, or no longer."""
        name = str(request.get("name"))
        others = [each for each in self.compared if each["name"] != name]
        if request.get("on"):
            if len(others) >= MOST:
                raise TrainingError(f"{MOST} can be told apart beside the one that is shown: take one away first.")
            found = [each for each in kept_trainings() if each.name == name]
            history = history_of(Store.named(name)) if found else None
            if history is None:
                raise TrainingError("The curves of this training cannot be read any more.")
            others.append(curves_of(found[0], history))
        self.compared = others

    def _check_other(self, name: str) -> None:
        if self.session is not None and self.session.name == name:
            raise TrainingError("This training is the one that is shown: close it first.")

    def _list_if_new(self) -> None:
        """The list anew, where the present training has come so far that it looks different."""
        session = self.session
        now = (session.name, session.state, len(session.history.epochs)) if session else ()
        if now != self._listed:
            self._listed = now
            self._list()

    def _list(self) -> None:
        shown = self.session.name if self.session else ""
        self._kept = kept_trainings()
        self.trainings = [_row(each, shown) for each in self._kept]


def _row(each: Kept, shown: str) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "design": design_summary(each.order.config, each.order.tile, each.images),
        "recipe": recipe_summary(each.order.recipe),
        "iou": each.iou,
        "step": each.step,
        "steps": each.order.recipe.steps,
        "started": each.started,
        "bytes": each.size,
        "problem": each.problem,
        "place": "here" if each.name == shown else "elsewhere" if each.held else "kept",
    }


def curves_of(each: Kept, history: History) -> dict[str, Any]:
    """Losses and scores of a training, as the page draws them beside others."""
    first = [history.first] if history.first else []
    return {
        "name": each.name,
        "title": each.title,
        "images": each.images,
        "steps": each.order.recipe.steps,
        "points": thinned(history.losses),
        "scores": [(epoch.step, epoch.iou) for epoch in [*first, *history.epochs] if epoch.iou is not None],
    }
