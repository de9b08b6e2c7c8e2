"""Where a training goes on: at the newest weights that are whole, and never over better ones."""

from __future__ import annotations

from typing import NamedTuple

from unet_explorer.learning.saved import SavedHistory, best_of, saved_history
from unet_explorer.learning.scores import scores
from unet_explorer.learning.store import Arrays, DamagedError, Store
from unet_explorer.learning.worker.learner import Learner

__all__ = ["Course", "go_on"]


class Course(NamedTuple):
    """What a training starts from.

    Attributes:
        history: Losses and examinations up to there, and in words what could not be read.
        best: How good the best weights on disc are, as `Scores.quality`; −1 if there are none.
    """

    history: SavedHistory
    best: float


def go_on(store: Store, learner: Learner) -> Course:
    """Bring a network to where it was last saved: from the latest weights, or from the best if those are damaged.

    Raises:
        OSError: If something was learnt, and none of its weights can be read; nothing is changed then.
    """
    last, best = _weights(store, "last.npz"), _weights(store, "best.npz")
    history = saved_history(store)
    if last is None and best is None and (history is None or not history.epochs):
        # Cut off before its first epoch, if ever it began.
        return Course(SavedHistory(), -1.0)
    history = history or SavedHistory()
    if not last and not best:
        raise OSError(f"its weights {_are(last)} (last.npz, best.npz); what is left was not touched")
    step, quality = best_of(best, history) if best else (0, -1.0)
    if best and quality is None:
        quality = _examined(learner, best)
    if last:
        learner.restore(last)
    elif best:
        learner.restore_weights(best, step)
        _say(history, f"The latest weights {_are(last)} (last.npz): it goes on from the best ones, of step {step}.")
    if not best:
        _say(history, f"The best weights {_are(best)} (best.npz): the next ones are kept in their place.")
    history.cut(learner.step)
    return Course(history, -1.0 if quality is None else quality)


def _say(history: SavedHistory, words: str) -> None:
    history.problem = f"{history.problem} {words}".strip()


def _are(weights: Arrays | None) -> str:
    return "are not there any more" if weights is None else "are damaged"


def _weights(store: Store, name: str) -> Arrays | None:
    """Weights that are kept; None if there are none, and nothing in it if they are damaged."""
    try:
        return store.read_whole_arrays(name)
    except DamagedError:
        return {}


def _examined(learner: Learner, best: Arrays) -> float:
    """How good weights are of which nothing is known any more; so long the first step must wait."""
    learner.restore_weights(best, 0)
    examined = learner.examine(lambda: False)
    assert examined is not None
    return scores(examined[0].tolist()).quality
