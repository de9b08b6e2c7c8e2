"""Work that is done bit by bit, so that the next request is soon heard."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from unet_explorer.learning.protocol import Request

__all__ = ["Task"]


class Task:
    """What is being done for a request; a later one takes its place.

    Args:
        failed: Called with the request and the error, if the work goes wrong.

    Example:
        >>> task = Task(lambda request, error: print(request["do"], "failed:", error))
        >>> task.start((1 / number for number in (1, 0)), {"do": "step", "request": "a training"})
        >>> task.advance()
        >>> task.busy
        True
        >>> task.advance()
        step failed: division by zero
        >>> task.busy
        False
    """

    def __init__(self, failed: Callable[[Request, Exception], None]) -> None:
        self._failed = failed
        self._work: Iterator[object] | None = None
        self._request: Request | None = None

    @property
    def busy(self) -> bool:
        """Whether there is anything left to do."""
        return self._work is not None

    def start(self, work: Iterator[object], request: Request) -> None:
        """Begin with something else."""
        self._work, self._request = work, request

    def leave(self) -> None:
        """Do no more of it."""
        self._work = None

    def advance(self) -> None:
        """Do the next piece, if there is one."""
        work, request = self._work, self._request
        if work is None or request is None:
            return
        try:
            next(work)
        except StopIteration:
            self._end(work)
        except Exception as error:  # noqa: BLE001  # a worker that ends for one request would take all others along
            self._end(work)
            self._failed(request, error)

    def _end(self, work: Iterator[object]) -> None:
        if self._work is work:
            self._work = None
