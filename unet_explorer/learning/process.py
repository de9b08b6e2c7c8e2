"""The worker as the notebook sees it: started when it is first needed, listened to, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, Final, cast

from unet_explorer.learning.messages import read_message, write_message
from unet_explorer.learning.protocol import Event, Request, closes, superseded_by
from unet_explorer.learning.signals import Signal
from unet_explorer.needs import no_tensorflow

__all__ = ["Worker"]

SUMMARY_COLUMNS: Final = 112
"""Letters a line of Keras's summary; what is wider than the terminal, which is not there, would be cut off."""
_MODULE: Final = "unet_explorer.learning.worker.main"
_LAST_WORDS: Final = 4000
_LESS: Final = "take fewer tiles per batch, a smaller tile, or fewer filters."
_CRASHES: Final = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS"})
"""How TensorFlow ends where it gets no memory and does not look: 2.20 with SIGSEGV, others with SIGABRT."""


class Worker:
    """A process that imports TensorFlow, so that this one need not.

    It starts with the first request, or with `warm_up`; it ends with `close`, and with the process that started it.
    If it is killed, whoever listens is told, and the next request starts another one.

    Attributes:
        events: Emits every event, in a thread of its own; also `Lost`, when the process has ended without being asked
            to.
        open: What is being done there: requests whose last answer is due, trainings among them, by identifier, each
            with the kind of its request.
    """

    def __init__(self) -> None:
        self.events: Signal[[Event]] = Signal()
        self.open: dict[str, str] = {}
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._ready = threading.Event()

    @property
    def process(self) -> int | None:
        """The number of the process, or None if none is running."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    @property
    def warm(self) -> bool:
        """Whether it is ready to answer at once."""
        return self.process is not None and self._ready.is_set()

    def warm_up(self) -> None:
        """Start it, if it is not running; it takes some seconds to import TensorFlow.

        Raises:
            OSError: If no process can be started, TensorFlow is not installed, or it was closed.
        """
        with self._lock:
            if self._closed:
                raise OSError("it was closed")
            if self.process is not None:
                return
            if missing := no_tensorflow():
                # Whoever tells it puts it into a sentence.
                raise OSError(missing.removesuffix("."))
            self._ready.clear()
            log = tempfile.TemporaryFile()  # noqa: SIM115  # closed once the process has ended
            try:
                process = self._process = _spawn(log)
            except OSError:
                log.close()
                raise
            threading.Thread(target=self._listen, args=(process, log), daemon=True, name="worker").start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is ready; False if it takes longer."""
        return self._ready.wait(seconds)

    def send(self, request: Request) -> None:
        """Send a request; the process is started if there is none.

        Raises:
            OSError: If it cannot be reached.
        """
        with self._lock:
            self.warm_up()
            assert self._process is not None
            assert self._process.stdin is not None
            write_message(self._process.stdin, request)  # type: ignore[arg-type]
            past = superseded_by(request["do"])
            self.open = {identifier: do for identifier, do in self.open.items() if do not in past}
            if request["do"] in {"build", "maps", "predict", "probabilities", "train"}:
                self.open[request["request"]] = request["do"]

    def kill(self) -> None:
        """End the process at once; the next request starts another one. Whoever waits for an answer is told."""
        with self._lock:
            process, self._process = self._process, None
            self._unwanted = process
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
            self._emit({"event": "lost", "reason": "The worker was stopped."})

    def close(self) -> None:
        """End the process, tell nobody, and start none again."""
        with self._lock:
            self._closed = True
        self.events.clear()
        self.kill()

    def _listen(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        assert process.stdout is not None
        try:
            while (message := read_message(process.stdout)) is not None:  # type: ignore[arg-type]
                event = cast("Event", message)
                if event["event"] == "ready":
                    self._ready.set()
                self._emit(event)
        except (ValueError, KeyError, OSError):
            process.kill()
        code = process.wait()
        with self._lock:
            wanted = process is not self._unwanted
            if self._process is process:
                self._process = None
                self._ready.clear()
        reason = _why(code, _tail(log))
        for stream in (process.stdin, process.stdout, log):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]
        if wanted:
            self._emit({"event": "lost", "reason": reason})

    def _emit(self, event: Event) -> None:
        with self._lock:
            if event["event"] == "lost":
                self.open = {}
            elif event["event"] != "ready" and closes(event):
                self.open.pop(event["request"], None)
        self.events.emit(event)


def _spawn(log: IO[bytes]) -> subprocess.Popen[bytes]:
    # The worker must find this very package, and nothing that happens to lie in the notebook's folder.
    home = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    quiet = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": paths,
        "PYTHONIOENCODING": "utf-8",
        "COLUMNS": str(SUMMARY_COLUMNS),
    }
    # Out of reach of Ctrl + C and of Jupyter's "interrupt the kernel", which go to the whole group.
    apart: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined]
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    return subprocess.Popen(  # noqa: S603  # this very Python, and a module of ours
        [sys.executable, "-P", "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **quiet},
        **apart,
    )


def _tail(log: IO[bytes]) -> str:
    try:
        end = log.seek(0, os.SEEK_END)
        log.seek(max(0, end - _LAST_WORDS))
        return log.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _why(code: int, last_words: str) -> str:
    """Why a process ended, from its exit code and what it said last."""
    lowered = last_words.lower()
    if any(sign in lowered for sign in ("bad_alloc", "memoryerror", "out of memory", "cannot allocate memory")):
        return f"The worker ran out of memory. {_LESS[0].upper()}{_LESS[1:]}"
    name = _signal(code)
    if name == "SIGKILL":
        return f"The worker was killed from outside; mostly that is the system, because memory ran out. If so, {_LESS}"
    if name in _CRASHES:
        return f"The worker crashed ({name}); mostly that is because memory ran out. If so, {_LESS}"
    if name:
        return f"The worker was ended by the system ({name})."
    lines = [line for line in last_words.splitlines() if line.strip()]
    return f"The worker ended by itself (code {code})" + (f": {lines[-1][:200]}" if lines else ".")


def _signal(code: int) -> str:
    """Name of the signal that has ended a process; empty if none has."""
    if code >= 0:
        return ""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
