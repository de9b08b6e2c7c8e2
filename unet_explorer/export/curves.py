"""How a training has gone, for print: loss and IoU over the steps, as a picture or as numbers."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.core.config import shown
from unet_explorer.drawing.palette import BLUE, PAGE, class_colour, mixed
from unet_explorer.export.paper import PICTURES, drawn, quiet, save
from unet_explorer.learning.history import Epoch, History, thinned
from unet_explorer.learning.session import TrainingSession
from unet_explorer.predict.exports import write_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves_bytes", "save_curves"]

_KINDS: Final = (*PICTURES, ".csv")
_SMOOTH: Final = 60
"""Points of the thick line of losses, each the mean of its neighbours."""


def save_curves(history: History | TrainingSession, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Save how a training has gone: the loss of each step, and the IoU of each examination.

    A picture shows the loss, thin for each step and thick for the mean of its neighbours, and below it the IoU of each
    class and their mean. A table has a row for each step, with the IoU of each class where the network was examined;
    what is not known is left empty.

    Args:
        history: A training, or its ``history``, which knows classes by number alone.
        path: Where; its name ends in ``.pdf``, ``.png``, ``.svg`` or ``.csv``.
        overwrite: Whether to replace a file that is there already.

    Raises:
        ValueError: If nothing has been learnt yet, or an argument is not allowed.
        FileExistsError: If the file is there already, and may not be replaced.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "loss.csv"
        >>> save_curves(History(losses=[0.7, 0.6]), path)
        >>> path.read_text().split()
        ['step,loss', '1,0.7', '2,0.6']
    """
    read_history(history)
    save(path, overwrite, _KINDS, lambda kind: curves_bytes(history, kind))


def read_history(history: object) -> tuple[History, Sequence[str]]:
    """A training's numbers, and the names of its classes as far as they are known."""
    if isinstance(history, TrainingSession):
        found, names = history.history, history.dataset.classes
    elif isinstance(history, History):
        found, names = history, ()
    else:
        raise ValueError(
            f"history={shown(history)} is no training: give a TrainingSession, or its history, once it has learnt."
        )
    if not found.losses and not found.epochs:
        raise ValueError(f"history={shown(history)} has learnt nothing yet, so there is no curve: start it first.")
    return found, names


def curves_bytes(history: History | TrainingSession, kind: str) -> bytes:
    """The file of `save_curves`, to be handed on.

    Args:
        history: A training, or its history.
        kind: ``".pdf"``, ``".png"``, ``".svg"`` or ``".csv"``.

    Raises:
        ValueError: If nothing has been learnt yet.

    Example:
        >>> curves_bytes(History(losses=[0.7, 0.6]), ".pdf")[:4]
        b'%PDF'
    """
    found, names = read_history(history)
    # A training that goes on appends to these.
    losses, epochs = list(found.losses), [*([found.first] if found.first else []), *found.epochs]
    count = max((len(epoch.table) for epoch in epochs), default=0)
    classes = [names[number] if number < len(names) else f"class {number}" for number in range(count)]
    if kind == ".csv":
        return _table(losses, epochs, classes)
    best = found.best if any(epoch.iou is not None for epoch in found.epochs) else None
    return drawn(lambda figure: _draw(figure, losses, epochs, classes, best), kind, (3.5, 3.7 if epochs else 2.1))


def _table(losses: list[float], epochs: list[Epoch], classes: list[str]) -> bytes:
    examined = {epoch.step: epoch for epoch in epochs}
    stream = io.BytesIO()
    head = ["step", "loss"]
    if epochs:
        head += ["mean IoU", "accuracy", *(f"IoU of {name}" for name in classes)]
    write_table(stream, head, _rows(losses, examined, len(classes)))
    return stream.getvalue()


def _rows(losses: list[float], examined: dict[int, Epoch], classes: int) -> Iterator[Sequence[object]]:
    for step in sorted({*range(1, len(losses) + 1), *examined}):
        loss = losses[step - 1] if 0 < step <= len(losses) else math.nan
        row: list[Any] = [step, "" if math.isnan(loss) else float(loss)]
        if epoch := examined.get(step):
            scores = epoch.scores
            iou = [*scores.iou, *[None] * (classes - len(scores.iou))]
            row += ["" if each is None else float(each) for each in (scores.mean_iou, scores.accuracy, *iou)]
        elif examined:
            row += [""] * (2 + classes)
        yield row


def _draw(figure: Figure, losses: list[float], epochs: list[Epoch], classes: list[str], best: Epoch | None) -> None:
    from matplotlib.ticker import MaxNLocator

    above, *below = figure.subplots(2 if epochs else 1, 1, sharex=True, squeeze=False)[:, 0]
    steps = range(1, len(losses) + 1)
    points = thinned(losses, _SMOOTH) if len(losses) >= 2 * _SMOOTH else []
    above.plot(steps, losses, color=mixed(BLUE, 0.3) if points else BLUE, linewidth=0.5 if points else 1.4)
    if points:
        above.plot(*zip(*points, strict=True), color=BLUE, linewidth=1.4)
    above.set_ylabel("loss")
    above.set_ylim(bottom=0)
    last = max([len(losses), *(epoch.step for epoch in epochs)])
    for axes in (above, *below):
        quiet(axes)
        axes.set_xlim(0, max(1, last))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    (below or [above])[-1].set_xlabel("step of learning")
    for axes in below:
        _draw_iou(axes, epochs, classes, best)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=7)


def _draw_iou(axes: Axes, epochs: list[Epoch], classes: list[str], best: Epoch | None) -> None:
    steps = [epoch.step for epoch in epochs]
    several = len(classes) > 2
    for number in range(1, len(classes)) if several else ():
        values = [epoch.scores.iou[number] for epoch in epochs]
        known = [math.nan if value is None else value for value in values]
        # A name that begins with _ would be left out.
        label = f" {_short(classes[number])}"
        axes.plot(steps, known, color=class_colour(number), linewidth=1, marker="o", markersize=2, label=label)
    mean = [math.nan if epoch.iou is None else epoch.iou for epoch in epochs]
    label = "mean" if several else f" {_short(classes[-1])}"
    axes.plot(steps, mean, color=PAGE["ink"], linewidth=1.4, marker="o", markersize=2.4, label=label, clip_on=False)
    if best is not None and best.iou is not None:
        ring: dict[str, Any] = {"fillstyle": "none", "markersize": 7, "markeredgewidth": 0.8, "clip_on": False}
        axes.plot([best.step], [best.iou], "o", color=PAGE["ink"], **ring)
        axes.set_title(
            f"best {'mean ' if several else ''}IoU: {best.iou:.3f} at step {best.step:,} (ring)", loc="right"
        )
    axes.set_ylim(0, 1)
    axes.set_ylabel("IoU")


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
