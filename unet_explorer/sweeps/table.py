"""The table of a sweep: a row a run, to be read, sorted, saved, and opened."""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import shown
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.history import History
from unet_explorer.learning.store import DamagedError, Store
from unet_explorer.predict.exports import write_table
from unet_explorer.sweeps.run import COLUMNS, KNOBS, Run, columns_of
from unet_explorer.sweeps.work import BEST, HISTORY
from unet_explorer.whole import place_for, whole

if TYPE_CHECKING:
    import keras
    import pandas

__all__ = ["Sweep", "table_bytes"]

_PANDAS: Final = 'pip install "unet_explorer[pandas]"'
_PARQUET: Final = 'pip install "unet_explorer[parquet]"'
_KINDS: Final = (".csv", ".md", ".parquet")
_SHOWN: Final = 40
"""Rows that are printed."""


class Sweep(Sequence[Run]):
    """The runs of a sweep, in the order of designs and seeds.

    Args:
        rows: The runs.
        classes: Names of the classes, the background first.
        folder: Where weights and histories are kept; None if they are not.

    Attributes:
        rows: The runs.
        classes: Names of the classes.
        folder: Where weights and histories are kept.

    Example:
        >>> from unet_explorer.sweeps.run import run_of
        >>> table = Sweep([run_of("unet1-t188-d3-f8-11hrn49", 0, "skipped", reason="No room.")])
        >>> len(table), table[0].config.depth, table.to_pandas()["depth"].tolist()
        (1, 3, [3])
    """

    def __init__(self, rows: Iterable[Run], classes: Sequence[str] = (), folder: Path | None = None) -> None:
        self.rows, self.classes, self.folder = tuple(rows), tuple(classes), folder

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Run]:
        return iter(self.rows)

    def __getitem__(self, place: Any) -> Any:
        return self.rows[place]

    def __str__(self) -> str:
        return _printed(self.rows)

    def __repr__(self) -> str:
        return f"<Sweep of {len(self.rows)} runs>"

    @property
    def columns(self) -> dict[str, list[Any]]:
        """The table by columns, with the design's link, its name, its knobs, tile, seed and state, and all numbers.

        ``iou`` and ``dice`` go from 0 to 1, ``memory`` and ``peak`` are bytes, ``macs`` multiply-adds of one tile.
        """
        found = {name: [columns_of(run)[name] for run in self.rows] for name in COLUMNS}
        count = max((len(run.class_iou) for run in self.rows), default=0)
        for number in range(count):
            name = self.classes[number] if number < len(self.classes) else f"class {number}"
            found[f"iou of {name}"] = [
                run.class_iou[number] if number < len(run.class_iou) else None for run in self.rows
            ]
        return found

    @property
    def best(self) -> Run | None:
        """The run with the highest IoU, the first of several; None if there is none."""
        return max((run for run in self.rows if run.iou is not None), key=lambda run: run.iou or 0.0, default=None)

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a data frame, a row a run.

        Raises:
            ImportError: If pandas is not installed; it names the command that brings it.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(f"pandas is missing, which makes data frames: {_PANDAS}") from None
        return pandas.DataFrame(self.columns)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Save the table.

        Args:
            path: Where; its name ends in ``.csv``, ``.parquet`` or ``.md``, which shows what differs alone.
            overwrite: Whether to replace a file that is there already.

        Raises:
            ValueError: If the path does not do.
            FileExistsError: If the file is there already, and may not be replaced.
            ImportError: If pyarrow is missing, which writes Parquet.

        Example:
            >>> import tempfile
            >>> path = Path(tempfile.mkdtemp()) / "runs.csv"
            >>> Sweep([]).save(path)
            >>> path.read_text()[:17]
            'design,name,depth'
        """
        place = place_for(path, _KINDS, overwrite)
        content = table_bytes(self, place.suffix.lower())
        with whole(place) as half:
            half.write_bytes(content)

    def history(self, run: Run) -> History:
        """How a run has gone: losses and examinations, as `save_curves` draws them.

        Args:
            run: One of the rows.

        Raises:
            TrainingError: If nothing was kept of it: give the sweep a folder, ``out=``.
        """
        kept = _read(self._store(run).read_whole, HISTORY)
        found = History(seconds=float(kept["seconds"]))
        for at, loss in kept["points"]:
            found.add_point(int(at), float(loss))
        for epoch in (kept["first"], *kept["epochs"]):
            if epoch:
                found.add_epoch(epoch)
        return found

    def weights(self, run: Run) -> tuple[NDArray[Any], ...]:
        """The best weights of a run, as plain arrays, in the order of Keras's ``get_weights``. Needs no TensorFlow.

        Args:
            run: One of the rows.

        Raises:
            TrainingError: If nothing was kept of it: give the sweep a folder, ``out=``.
        """
        kept = _read(self._store(run).read_whole_arrays, BEST)
        return tuple(np.asarray(kept[f"weight{number}"]) for number in range(sum(n.startswith("weight") for n in kept)))

    def model(self, run: Run) -> keras.Model:
        """The network of a run with its best weights, ready for `predict_image`. Needs TensorFlow here.

        Args:
            run: One of the rows.

        Raises:
            TrainingError: If nothing was kept of it: give the sweep a folder, ``out=``.
        """
        weights = self.weights(run)
        from unet_explorer.model import build_model, mark_prepared

        network = build_model(run.config)
        mark_prepared(network)
        network.set_weights(weights)
        return network

    def _store(self, run: Run) -> Store:
        if not isinstance(run, Run) or run not in self.rows:
            raise ValueError(f"run={shown(run)} is no row of this table: give one, such as sweep.best or sweep[0].")
        if self.folder is None:
            raise TrainingError("The weights of this sweep were not kept: give it a folder next time, out=…")
        return Store(self.folder / run.key)


def _read(read: Any, name: str) -> Any:
    try:
        kept = read(name)
    except DamagedError as error:
        raise TrainingError(f"This run is damaged: {error}.") from None
    if kept is None:
        raise TrainingError("Of this run nothing was kept: it has not come to its first examination.")
    return kept


def table_bytes(sweep: Sweep, kind: str) -> bytes:
    """The file of `Sweep.save`, to be handed on.

    Args:
        sweep: The table.
        kind: ``".csv"``, ``".parquet"`` or ``".md"``.

    Raises:
        ImportError: If pyarrow is missing, which writes Parquet.

    Example:
        >>> table_bytes(Sweep([]), ".md")
        b'No runs.\\n'
    """
    if kind == ".parquet":
        return _parquet(sweep)
    if kind == ".md":
        return _markdown(sweep.rows).encode()
    stream = io.BytesIO()
    columns = sweep.columns
    rows = zip(*columns.values(), strict=True)
    write_table(stream, list(columns), (["" if each is None else each for each in row] for row in rows))
    return stream.getvalue()


def _parquet(sweep: Sweep) -> bytes:
    if find_spec("pyarrow") is None:
        raise ImportError(f"pyarrow is missing, which writes Parquet: {_PARQUET}")
    import pyarrow
    import pyarrow.parquet

    kinds = {
        **dict.fromkeys(("depth", "base_filters", "convs_per_block", "kernel_size", "in_channels"), pyarrow.int64()),
        **dict.fromkeys(("num_classes", "tile_height", "tile_width", "seed", "steps"), pyarrow.int64()),
        **dict.fromkeys(("parameters", "macs", "memory", "peak"), pyarrow.int64()),
        **dict.fromkeys(("batch_norm", "skips"), pyarrow.bool_()),
        **dict.fromkeys(("design", "name", "padding", "upsampling", "head_activation"), pyarrow.string()),
        **dict.fromkeys(("state", "reason"), pyarrow.string()),
    }
    # All else is a share, or seconds: a column of which nothing is known has its kind as well.
    arrays = {name: pyarrow.array(values, kinds.get(name, pyarrow.float64())) for name, values in sweep.columns.items()}
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays), stream)
    return stream.getvalue()


def _cells(rows: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """What is read on a page: the knobs that differ, and the numbers that matter."""
    varied = [knob for knob in KNOBS if len({getattr(run.config, knob) for run in rows}) > 1]
    tiles = len({run.tile for run in rows}) > 1
    head = [*varied, *(["tile"] if tiles else []), "seed", "state", "IoU", "parameters", "GMAC", "peak", "seconds"]
    body = []
    for run in rows:
        height, width = run.tile
        cells = [str(getattr(run.config, knob)) for knob in varied]
        cells += [f"{height}" if height == width else f"{height}×{width}"] if tiles else []
        cells += [str(run.seed), run.state, _number(run.iou, "{:.3f}"), _number(run.parameters, "{:,}")]
        cells += [_number(run.macs, "{:.3g}", 1e9), _number(run.peak, "{:.0f} MB", 1e6), f"{run.seconds:.1f}"]
        body.append([*cells, run.reason])
    return [*head, "reason"], body


def _number(value: float | None, form: str, unit: float = 1) -> str:
    return "" if value is None else form.format(value / unit if unit != 1 else value)


def _printed(rows: Sequence[Run]) -> str:
    if not rows:
        return "No runs."
    head, body = _cells(rows)
    shown_ = body[:_SHOWN]
    widths = [max(map(len, column)) for column in zip(head[:-1], *(line[:-1] for line in shown_), strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [cell.rjust(width) for cell, width in zip(cells[:-1], widths, strict=True)]
        return "  ".join([*padded, cells[-1]]).rstrip()

    more = [f"… and {len(body) - _SHOWN} more"] if len(body) > _SHOWN else []
    return "\n".join([line(head), *map(line, shown_), *more])


def _markdown(rows: Sequence[Run]) -> str:
    if not rows:
        return "No runs.\n"
    head, body = _cells(rows)

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(map(_escaped, cells))} |\n"

    return line(head) + line("---" for _ in head) + "".join(map(line, body))


@functools.lru_cache(maxsize=1024)
def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
