"""What tabs that work have in common: wishes, one hand for what takes long, and a page that is kept up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import anywidget
import traitlets

from unet_explorer.drawing.palette import CLASSES, ERRORS, rgb
from unet_explorer.learning.preflight import TrainingError
from unet_explorer.panel.assets import style
from unet_explorer.panel.sources import ACCEPTED, Upload

__all__ = ["WorkingTab"]

_OFTEN: Final = 0.1
"""Seconds between two updates of the page at least."""
_PALETTE: Final = {
    "classes": [list(rgb(colour)) for colour in CLASSES],
    **{kind: list(rgb(colour)) for kind, colour in ERRORS.items()},
}


class WorkingTab(anywidget.AnyWidget):  # type: ignore[misc]
    """A tab whose work is done beside the messages from the browser. Its traits are the truth.

    A wish ``{"number": n, "do": "start", …}`` is granted by the method ``_do_start``; `_refresh` keeps the page up to
    date, as often as `_due` is set and no more often than eyes can follow.

    Attributes:
        wish: What was asked for last in the browser.
        heard: Number of the last wish that was granted or refused.
        problem: What was refused or went wrong, in words.
        piece: A piece of a file on its way here.
        taken: How far the file has arrived.
        accepted: Which files may be sent; see `sources.ACCEPTED`.
        palette: The colours of classes and errors, as [red, green, blue].
    """

    _css = style("lib/base.css", "tabs/tabs.css")

    wish = traitlets.Dict().tag(sync=True)
    heard = traitlets.Int(0).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    piece = traitlets.Dict().tag(sync=True)
    taken = traitlets.Dict().tag(sync=True)
    accepted = traitlets.Dict(ACCEPTED).tag(sync=True)
    palette = traitlets.Dict(_PALETTE).tag(sync=True)

    at_once: ClassVar[frozenset[str]] = frozenset()
    """Wishes that must not wait for anything else."""

    def __init__(self, **traits: Any) -> None:
        self._lock = threading.RLock()
        self._upload = Upload()
        # One hand for whatever takes long, so that no message from the browser waits for it.
        self._hand = ThreadPoolExecutor(1, thread_name_prefix=type(self).__name__)
        self._due = threading.Event()
        self._closed = False
        super().__init__(**traits)
        threading.Thread(target=self._keep_up, daemon=True, name=type(self).__name__).start()

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        """Send what is changed in here at once, in one message.

        Traits are set by several threads here, and ipywidgets keeps one list: who leaves it would throw away what
        another one has still to send.
        """
        with self._lock, super().hold_sync():
            yield

    @traitlets.observe("wish")
    def _grant(self, _: Any) -> None:
        wish = dict(self.wish)
        work = getattr(self, f"_do_{wish.get('do')}", None)
        if work is None:
            return
        if wish["do"] in self.at_once:
            self._guarded(work, wish)
        else:
            self._later(work, wish)

    @traitlets.observe("piece")
    def _take(self, _: Any) -> None:
        piece = self.piece
        if not piece:
            return
        try:
            self._upload.take(piece)
            if piece.get("last"):
                self._later(self._receive)
            self.problem = ""
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._upload.close()
            self.problem = f"The images were not taken: {error}"
        self.taken = {"upload": piece.get("upload"), "piece": piece.get("piece"), "stopped": bool(self.problem)}

    def _receive(self) -> None:
        """Make use of what has arrived."""

    def _refresh(self) -> None:
        """Show what has changed."""

    def _keep_up(self) -> None:
        pause = threading.Event()
        while not self._closed:
            self._due.wait()
            self._due.clear()
            if not self._closed:
                self._guarded(self._refresh)
                pause.wait(_OFTEN)

    def _later(self, work: Any, *arguments: Any) -> None:
        if not self._closed:
            self._hand.submit(self._guarded, work, *arguments)

    def _guarded(self, work: Any, *arguments: Any) -> None:
        """Whatever goes wrong is told on the page: nobody sees what a thread throws."""
        number = arguments[0].get("number", 0) if arguments and isinstance(arguments[0], dict) else 0
        if number:
            self.problem = ""
        try:
            work(*arguments)
        except (ValueError, TrainingError, OSError) as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001  # a defect of ours must be seen as well
            self.problem = f"Something went wrong in the panel ({type(error).__name__}: {error})."
        if number:
            self.heard = number
            self._due.set()

    def _shut(self) -> None:
        """Let go of what it holds; called once, before it is removed."""

    def close(self) -> None:
        """Remove it, in the browser and here."""
        # ipywidgets closes once more when the object is thrown away.
        if not self._closed:
            self._closed = True
            self._due.set()
            self._hand.shutdown(wait=False, cancel_futures=True)
            self._shut()
            self._upload.close()
        super().close()
