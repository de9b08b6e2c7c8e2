"""A sweep that goes on in the background, as a panel shows it: rows as they come, and a stop that answers at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from unet_explorer.learning.signals import Signal
from unet_explorer.learning.waiting import Bell
from unet_explorer.sweeps.run import Run

if TYPE_CHECKING:
    from distributed import Client

    from unet_explorer.data.dataset import Dataset

__all__ = ["SweepSession", "SweepState"]

SweepState = Literal["idle", "running", "stopped", "finished", "failed"]


class SweepSession:
    """A sweep in the background: the notebook's process holds rows alone, TensorFlow is in processes of Dask.

    Args:
        designs: As `sweep` takes them.
        dataset: What all learn from.
        seeds: Of each design.
        steps: Of each run; left out, as many as the recipe says.
        client: A ``distributed.Client``, the address of a scheduler, or None for processes of its own.
        out: A folder that keeps all; see `sweep`.
        **how: What else `sweep` takes by name: ``recipe``, ``memory``, ``halving``, ``workers``, ``again``.

    Attributes:
        state: ``"idle"``, ``"running"``, ``"stopped"``, ``"finished"`` or ``"failed"``.
        rows: The runs that have ended, in the order of designs and seeds.
        total: How many runs there will be; None where a sampler decides that.
        problem: Why it failed, in words; empty if nothing is wrong.
        changed: Emitted after each row and each change of the state, from another thread; listeners must return at
            once.

    Raises:
        ValueError: If an argument is not allowed.
    """

    def __init__(
        self,
        designs: Any,
        dataset: Dataset,
        seeds: Sequence[int] = (0,),
        *,
        steps: int | None = None,
        client: Client | str | None = None,
        out: Any = None,
        **how: Any,
    ) -> None:
        self.state: SweepState = "idle"
        self.rows: tuple[Run, ...] = ()
        self.total: int | None = 0
        self.problem = ""
        self.changed: Signal[[]] = Signal()
        self._bell = Bell()

    def start(self) -> None:
        """Begin, in a thread of its own. Starting twice is starting once."""

    def stop(self) -> None:
        """End it at once; rows that are there stay. A stopped one can be started again, and makes what is missing."""

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; False if it takes longer.

        Args:
            seconds: How long at most; for ever, if left out.
        """
        return self._bell.wait_for(lambda: self.state != "running", seconds)

    def close(self) -> None:
        """Stop, and end the processes."""
        self.stop()
