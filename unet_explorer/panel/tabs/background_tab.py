"""What tabs have in common that work on their own threads: requests, what takes long, and a page kept up to date."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import anywidget
import traitlets

from unet_explorer.core.values import Whole, shown
from unet_explorer.data.decoded import DataError
from unet_explorer.drawing.palette import painted
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.waiting import Flag
from unet_explorer.panel.closing import forget
from unet_explorer.panel.instrument.explanations import SENTENCES
from unet_explorer.panel.sources import ACCEPTED, Upload
from unet_explorer.panel.tabs.questions import question_for_page

__all__ = ["BackgroundTab"]

_OFTEN: Final = 0.1
"""Seconds between two updates of the page at least."""


class BackgroundTab(anywidget.AnyWidget):  # type: ignore[misc]
    """A tab whose work is done beside the messages from the browser. Its traits are the truth.

    A request ``{"number": n, "do": "start", …}`` from the page is served by the method ``_do_start``; `_refresh` brings
    the page up to date, as often as `_due` is set and no more often than eyes can follow.

    Attributes:
        request: What was asked for last in the browser.
        handled: Number of the last request that was served or refused.
        problem: What was refused or went wrong, in words.
        question: What must be said before something can be read: which option it is, choices, pictures; or empty.
        chunk: A piece of a file on its way here.
        received: How far the file has arrived.
        accepted: Which files may be sent; see `sources.ACCEPTED`.
        palette: The colours of classes and errors, as [red, green, blue].
    """

    request = traitlets.Dict().tag(sync=True)
    handled = traitlets.Int(0).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    question = traitlets.Dict().tag(sync=True)
    chunk = traitlets.Dict().tag(sync=True)
    received = traitlets.Dict().tag(sync=True)
    accepted = traitlets.Dict(ACCEPTED).tag(sync=True)
    palette = traitlets.Dict(painted()).tag(sync=True)

    at_once: ClassVar[frozenset[str]] = frozenset()
    """Requests that must not wait for anything else."""
    numbers: ClassVar[dict[str, tuple[str, Whole]]] = {}
    """Traits that are typed: the label at the field, and what is allowed."""

    def __init__(self, **traits: Any) -> None:
        self._lock = threading.RLock()
        self._upload = Upload()
        # One thread for whatever takes long, so that no message from the browser waits for it.
        self._hand = ThreadPoolExecutor(1, thread_name_prefix=type(self).__name__)
        self._due = Flag()
        self._closed = False
        super().__init__(**traits)
        threading.Thread(target=self._refresh_loop, daemon=True, name=type(self).__name__).start()

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        """Send what is changed in here at once, in one message.

        Traits are set by several threads here, and ipywidgets keeps one list: who leaves it would throw away what
        another one has still to send.
        """
        with self._lock, super().hold_sync():
            yield

    @traitlets.observe("request")
    def _serve(self, _: Any) -> None:
        request = dict(self.request)
        work = getattr(self, f"_do_{request.get('do')}", None)
        if work is None:
            return
        if request["do"] in self.at_once:
            self._guarded(work, request)
        else:
            self._later(work, request)

    def _do_number(self, request: dict[str, Any]) -> None:
        name = str(request.get("name"))
        if name in self.numbers:
            setattr(self, name, self._read_number(name, request.get("value")))

    def _read_number(self, name: str, value: object) -> int:
        """What was typed, or ValueError with the label at its field."""
        label, allowed = self.numbers[name]
        try:
            return allowed.read(value)
        except (TypeError, ValueError):
            given = "an empty field" if value is None else shown(value).replace("-", "−")
            raise ValueError(SENTENCES["refused_knob"].format(label=label, given=given, allowed=allowed)) from None

    @traitlets.observe("chunk")
    def _take(self, _: Any) -> None:
        chunk = self.chunk
        if not chunk:
            return
        try:
            self._upload.add(chunk)
            if chunk.get("last"):
                self._later(self._receive)
            self.problem = ""
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._upload.close()
            self.problem = f"The images were not taken: {error}"
        self.received = {"upload": chunk.get("upload"), "chunk": chunk.get("chunk"), "stopped": bool(self.problem)}

    def _receive(self) -> None:
        """Make use of what has arrived."""

    def _refresh(self) -> None:
        """Show what has changed."""

    def _refresh_loop(self) -> None:
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
            self.problem, self.question = "", {}
        try:
            work(*arguments)
        except DataError as error:
            with self.hold_sync():
                self.problem, self.question = str(error), question_for_page(error.question)
        except (ValueError, TrainingError, OSError) as error:
            self.problem = str(error)
        except Exception as error:  # noqa: BLE001  # a defect of ours must be seen as well
            self.problem = f"Something went wrong in the panel ({type(error).__name__}: {error})."
        if number:
            self.handled = number
            self._due.set()
        if self._closed:
            # It was closed meanwhile; what this has brought is not wanted any more.
            self._let_go()

    def _shut(self) -> None:
        """Part from all that would still call it; called once, before it is removed."""

    def _let_go(self) -> None:
        """Forget what is large: whoever keeps a closed tab keeps no images. Called once it is closed."""
        forget(self)

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
            self._let_go()
        super().close()
