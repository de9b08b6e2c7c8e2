"""Work that is done bit by bit, so that the next request is soon heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unet_explorer.learning.messages import Message

__all__ = ["Task"]


class Task:
    """What is being done for a request; a later one takes its place.

    Args:
        failed: Told the request and the error, if the work goes wrong.

    Example:
        >>> task = Task(lambda asked, error: print(asked["do"], "failed:", error))
        >>> task.start((1 / number for number in (1, 0)), {"do": "divide"})
        >>> task.advance()
        >>> task.busy
        True
        >>> task.advance()
        divide failed: division by zero
        >>> task.busy
        False
    """

    def __init__(self, failed: Callable[[Message, Exception], None]) -> None:
        self._failed = failed
        self._work: Iterator[object] | None = None
        self._asked: Message = {}

    @property
    def busy(self) -> bool:
        """Whether there is anything left to do."""
        return self._work is not None

    def start(self, work: Iterator[object], asked: Message) -> None:
        """Begin with something else."""
        self._work, self._asked = work, asked

    def leave(self) -> None:
        """Do no more of it."""
        self._work = None

    def advance(self) -> None:
        """Do the next piece, if there is one."""
        work, asked = self._work, self._asked
        if work is None:
            return
        try:
            next(work)
        except StopIteration:
            self._end(work)
        except Exception as error:  # noqa: BLE001  # a worker that ends for one request would take all others along
            self._end(work)
            self._failed(asked, error)

    def _end(self, work: Iterator[object]) -> None:
        if self._work is work:
            self._work = None
