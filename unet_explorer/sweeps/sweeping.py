"""`sweep`: many designs, each taught with several seeds, in the processes of this machine or of a cluster."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from unet_explorer.data.dataset import Dataset
from unet_explorer.sweeps.asked import How, Sampler, read_asked
from unet_explorer.sweeps.designs import GivenDesign
from unet_explorer.sweeps.engine import opened_course
from unet_explorer.sweeps.shelf import folder_for
from unet_explorer.sweeps.table import Sweep

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["sweep"]


def sweep(
    designs: Sequence[GivenDesign] | Sampler,
    dataset: Dataset,
    seeds: Sequence[int] = (0,),
    *,
    steps: int | None = None,
    client: Client | str | None = None,
    out: str | os.PathLike[str] | None = None,
    **how: Unpack[How],
) -> Sweep:
    """Teach many designs, each with several seeds, and put what has come of it into one table.

    Every run is what a `TrainingSession` with the same design, tile, recipe and seed learns, to the last bit where the
    machines are alike. What cannot be taught is a row as well, which says why: a tile that does not fit, images of
    other channels, too little memory, a loss that is no number any more.

    With a folder, all is kept as it comes: ``runs.csv`` is the table, ``runs.jsonl`` the same a line a run, and in
    ``runs/`` lie the best weights of each. The same call goes on where an earlier one was cut off: what is done is not
    done again, what has failed is. With pyarrow (extra ``parquet``) there is a ``runs.parquet`` in the end. Ctrl + C
    keeps what is done, and ends the processes. A run whose process is lost is run again.

    Args:
        designs: A list of designs – configs, pairs (config, tile), names of presets, links of a panel –, a `grid`, or a
            sampler: an object with ``ask()``, which gives a design or None, and ``tell(design, score)``. A config
            without a tile gets the one with an output of 64 px a side, or as large as the smallest image.
        dataset: What all learn from. About a fifth of the images is kept back to examine them on; which ones, the seed
            decides.
        seeds: Each design is taught once with each: they tell how much of a difference is chance.
        steps: Of each run; left out, those of the recipe.
        client: A ``distributed.Client``, the address of a scheduler, or None for processes of this machine, which end
            with the sweep; a script calls it below ``if __name__ == "__main__":`` then, as each process reads the
            script anew. For ``"tls://…"`` see `unet_explorer.cluster.connected`.
        out: A folder: a new one, an empty one, or that of an earlier sweep.
        **how: ``recipe``, how each is taught, as a dict of fields of `Recipe`; ``memory`` that a run may be estimated
            to take, such as ``"2 GB"``; ``halving=3`` lets only the best third of the designs learn on after a ninth
            and after a third of the steps; ``workers``, how many processes are made; ``progress``, called with each row
            and how many there will be; ``again=True`` begins anew in a folder that holds a sweep.

    Returns:
        The table, with a row for each design and seed, in their order.

    Raises:
        ValueError: If an argument is not allowed, or the folder holds a sweep of other images or another recipe.
        ClusterError: If Dask is missing, or its cluster does not do.

    Example:
        >>> from unet_explorer import cells, grid, sweep
        >>> table = sweep(grid(depth=1, base_filters=[1, 2], tile=[20, 21]), cells(4, size=48), steps=2, workers=1)
        >>> [(run.config.base_filters, run.tile[0], run.state) for run in table]
        [(1, 20, 'done'), (1, 21, 'skipped'), (2, 20, 'done'), (2, 21, 'skipped')]
        >>> print(table[1].reason[:38])
        Tile 21 does not fit this U-Net: enc0_
    """
    asked = read_asked(designs, dataset, seeds, steps, how)
    if out is not None:
        folder_for(out)
    progress = how.get("progress")
    with opened_course(asked, client, out) as course:
        for row in course.run():
            if progress is not None:
                progress(row, asked.total)
        kept = None if out is None else folder_for(out) / "runs"
        return Sweep(course.rows, asked.dataset.classes, kept)
