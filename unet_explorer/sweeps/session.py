"""A sweep that goes on in the background, as a panel shows it: rows as they come, and a stop that answers at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, Unpack

from unet_explorer.cluster import ClusterError
from unet_explorer.core.config import Fraction, read_value
from unet_explorer.data.dataset import Dataset
from unet_explorer.learning.signals import Signal
from unet_explorer.learning.waiting import Bell
from unet_explorer.sweeps.asked import How, Sampler, read_asked
from unet_explorer.sweeps.designs import GivenDesign
from unet_explorer.sweeps.engine import opened_course
from unet_explorer.sweeps.pool import LeftError, Pool
from unet_explorer.sweeps.run import Run
from unet_explorer.sweeps.shelf import folder_for
from unet_explorer.sweeps.table import Sweep

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["SweepSession", "SweepState"]

SweepState = Literal["idle", "running", "stopped", "finished", "failed"]
_WAIT: Final = Fraction(1e6, reached=True)


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

    Example:
        >>> from unet_explorer import cells
        >>> session = SweepSession(["classroom"], cells(4, size=64), seeds=[0, 1], steps=10)
        >>> session.state, session.total
        ('idle', 2)
        >>> session.close()
    """

    def __init__(
        self,
        designs: Sequence[GivenDesign] | Sampler,
        dataset: Dataset,
        seeds: Sequence[int] = (0,),
        *,
        steps: int | None = None,
        client: Client | str | None = None,
        out: str | os.PathLike[str] | None = None,
        **how: Unpack[How],
    ) -> None:
        self._asked = read_asked(designs, dataset, seeds, steps, how)
        self._client, self._out = client, None if out is None else folder_for(out)
        self._progress = how.get("progress")
        self.state: SweepState = "idle"
        self.rows: tuple[Run, ...] = ()
        self.total = self._asked.total
        self.problem = ""
        self.changed: Signal[[]] = Signal()
        self._bell = Bell()
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._pool: Pool | None = None

    def start(self) -> None:
        """Begin, in a thread of its own. Starting twice is starting once; what has stopped makes what is missing."""
        with self._lock:
            if self.state in {"running", "finished"}:
                return
            before = self._thread
            self.rows, self.problem = (), ""
            self._thread = threading.Thread(target=self._work, args=(before,), daemon=True, name="sweep")
            self.state = "running"
            self._thread.start()
        self.changed.emit()

    def stop(self) -> None:
        """End it at once; rows that are there stay. Started again, it makes what is missing, as far as it was kept."""
        with self._lock:
            if self.state != "running":
                return
            self.state = "stopped"
            if self._pool:
                self._pool.stop()
        self._bell.ring()
        self.changed.emit()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; False if it takes longer.

        Args:
            seconds: How long at most; for ever, if left out.
        """
        if seconds is not None:
            seconds = read_value("seconds", seconds, _WAIT, ", or None to wait for ever")
        return self._bell.wait_for(lambda: self.state != "running", seconds)

    def close(self) -> None:
        """Stop, and wait until its processes have ended."""
        self.stop()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    @property
    def table(self) -> Sweep:
        """The table so far, to be saved, drawn, and opened."""
        kept = None if self._out is None else self._out / "runs"
        return Sweep(self.rows, self._asked.dataset.classes, kept)

    def __enter__(self) -> SweepSession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _work(self, before: threading.Thread | None) -> None:
        if before is not None:
            # It may still be ending its processes, and holds the folder until then.
            before.join()
        mine = threading.current_thread()
        try:
            self._follow(mine)
        except LeftError:
            pass
        except (ClusterError, ValueError, OSError) as error:
            self._become("failed", mine, str(error))
        except Exception as error:  # noqa: BLE001  # whatever it is, whoever looks at the panel must see it
            first = str(error).splitlines()[:1]
            self._become("failed", mine, f"Something went wrong ({': '.join([type(error).__name__, *first])}).")

    def _follow(self, mine: threading.Thread) -> None:
        with opened_course(self._asked, self._client, self._out) as course:
            with self._lock:
                if not self._is_on(mine):
                    return
                self._pool = course.pool
            try:
                for row in course.run():
                    with self._lock:
                        if not self._is_on(mine):
                            return
                        self.rows = course.rows
                    if self._progress is not None:
                        self._progress(row, self.total)
                    self.changed.emit()
                self._become("finished", mine)
            finally:
                self._pool = None

    def _is_on(self, mine: threading.Thread) -> bool:
        return self.state == "running" and self._thread is mine

    def _become(self, state: SweepState, mine: threading.Thread, problem: str = "") -> None:
        with self._lock:
            if not self._is_on(mine):
                return
            self.state, self.problem = state, problem
        self._bell.ring()
        self.changed.emit()
