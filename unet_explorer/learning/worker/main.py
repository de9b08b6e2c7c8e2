"""The process that builds, teaches and predicts: ``python -m unet_explorer.learning.worker.main``.

It waits for requests on its standard input and answers on its standard output. Between two steps of a training it
looks whether a request has arrived; a paused training is one whose next step is not taken. When its input ends,
whoever started it is gone, and it goes as well.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import BinaryIO, Final, cast

from unet_explorer.learning.messages import read_message, write_message
from unet_explorer.learning.protocol import Request
from unet_explorer.learning.worker.admission import admitted

__all__ = ["main"]

NICE: Final = 5
"""So much the worker gives way to what a hand does in the browser (a Unix niceness)."""


def main() -> None:
    """Serve until the input ends."""
    requests, replies = _private_streams()
    if hasattr(os, "nice"):
        os.nice(NICE)
    inbox: queue.Queue[Request] = queue.Queue()
    stops: set[str] = set()
    threading.Thread(target=_listen, args=(requests, inbox, stops), daemon=True).start()
    # Heavy, and only now: TensorFlow.
    try:
        with admitted(lambda before: write_message(replies, {"event": "waits", "before": before})):
            from unet_explorer.learning.worker.scheduler import Scheduler
    except ImportError as error:
        # The last line is what the notebook shows.
        sys.exit(f"TensorFlow cannot be loaded: {' '.join(str(error).split())}")

    scheduler = Scheduler(lambda event: write_message(replies, event), stops)
    write_message(replies, {"event": "ready", "process": os.getpid()})
    while True:
        try:
            scheduler.handle(inbox.get(block=not scheduler.busy))
        except queue.Empty:
            scheduler.advance()


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Our two ends of the line. What libraries print goes to standard error, where it can do no harm."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, replies


def _listen(requests: BinaryIO, inbox: queue.Queue[Request], stops: set[str]) -> None:
    while True:
        message = read_message(requests)
        if message is None:
            # Nobody is there any more. Files are only ever written whole, so going at once loses nothing.
            os._exit(0)
        request = cast("Request", message)
        if request["do"] == "stop":
            stops.add(request["request"])
        inbox.put(request)


if __name__ == "__main__":
    main()
