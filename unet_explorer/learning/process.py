"""The worker as the notebook sees it: started when it is first needed, listened to, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any, Final, cast

from unet_explorer.learning.machine import available_memory
from unet_explorer.learning.messages import read_message
from unet_explorer.learning.outbox import Outbox
from unet_explorer.learning.protocol import Event, Request, closes, superseded_by
from unet_explorer.learning.signals import Signal
from unet_explorer.learning.waiting import Bell
from unet_explorer.needs import no_tensorflow

__all__ = ["IDLE_MINUTES", "Worker"]

IDLE_MINUTES: Final = "UNET_EXPLORER_IDLE_MINUTES"
"""Environment variable: after how many minutes without anything to do a worker rests; 0 for never."""

SUMMARY_COLUMNS: Final = 112
"""Letters a line of Keras's summary; what is wider than the terminal, which is not there, would be cut off."""
_MODULE: Final = "unet_explorer.learning.worker.main"
_LAST_WORDS: Final = 4000
_MOST_MINUTES: Final = 1_000_000
_PATIENCE: Final = 1.0
"""Seconds that a killed process is waited for; what the system itself holds up cannot be hurried."""
_GLANCE: Final = 15.0
"""Seconds after which it is looked whether memory is scarce."""
_SCARCE: Final = 800_000_000
"""Bytes that another worker would need; where fewer are left, one that has nothing to do rests at once."""
_LESS: Final = "take fewer tiles per batch, a smaller tile, or fewer filters."
_CRASHES: Final = frozenset({"SIGSEGV", "SIGABRT", "SIGBUS"})
"""How TensorFlow ends where it gets no memory and does not look: 2.20 with SIGSEGV, others with SIGABRT."""


class _Running:
    """One process, and the two ends of the line to it."""

    def __init__(self) -> None:
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed once the process has ended
        try:
            self.process = _spawn(self.log)
        except OSError:
            self.log.close()
            raise
        assert self.process.stdin is not None
        self.outbox = Outbox(self.process.stdin)
        self.ready, self.wanted = False, True
        self.over = threading.Event()

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def end(self) -> None:
        """End it at once, without a word; whatever it does, this does not wait for it."""
        self.wanted = False
        with contextlib.suppress(OSError):
            self.process.kill()
        self.outbox.close()


class Worker:
    """A process that imports TensorFlow, so that this one need not.

    It starts with the first request, or with `warm_up`; it ends with `close`, and with the process that started it.
    If it is killed, whoever listens is told, and the next request starts another one. So does the next request after
    it has rested: with nothing to do for some minutes it gives its memory back, and nobody loses anything.

    Args:
        idle: Seconds without anything to do after which it rests, 0 for never; left out, as many minutes as the
            environment variable ``UNET_EXPLORER_IDLE_MINUTES`` says, or ten.

    Attributes:
        events: Emits every event, in a thread of its own; also ``Lost``, when the process has ended without being asked
            to.
        open: What is being done there: requests whose last answer is due, trainings among them, by identifier, each
            with the kind of its request.
        resting: Whether it has ended because nothing was to be done.
        before: How many others load TensorFlow first, or have to give back the memory that it takes.
        rests: Emitted when one of these two has changed, from any thread.
    """

    def __init__(self, idle: float | None = None) -> None:
        self.events: Signal[[Event]] = Signal()
        self.rests: Signal[[]] = Signal()
        self.open: dict[str, str] = {}
        self.resting, self.before = False, 0
        self._idle = _idle_seconds() if idle is None else idle
        self._used = time.monotonic()
        # Never held while something is written or waited for: whoever stops or closes needs it at once.
        self._lock = threading.RLock()
        self._running: _Running | None = None
        self._closed = False
        self._bell = Bell()

    @property
    def process(self) -> int | None:
        """The number of the process, or None if none is running."""
        running = self._running
        return running.process.pid if running and running.alive else None

    @property
    def warm(self) -> bool:
        """Whether it is ready to answer at once."""
        running = self._running
        return running is not None and running.ready and running.alive

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
            running = self._running = _Running()
            self.resting, self._used = False, time.monotonic()
            threading.Thread(target=self._listen, args=(running,), daemon=True, name="worker").start()
            if self._idle:
                threading.Thread(target=self._watch, args=(running,), daemon=True, name="rest of the worker").start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is ready; False if it takes longer."""
        return self._bell.wait_for(lambda: self._running is not None and self._running.ready, seconds)

    def send(self, request: Request) -> None:
        """Send a request, without waiting until it is read; the process is started if there is none.

        Raises:
            OSError: If it cannot be started, or was closed.
        """
        with self._lock:
            self.warm_up()
            assert self._running is not None
            self._running.outbox.put(request)
            self._used = time.monotonic()
            past = superseded_by(request["do"])
            self.open = {identifier: do for identifier, do in self.open.items() if do not in past}
            if request["do"] in {"build", "maps", "predict", "probabilities", "train"}:
                self.open[request["request"]] = request["do"]

    def kill(self) -> None:
        """End the process at once; the next request starts another one. Whoever waits for an answer is told."""
        with self._lock:
            running = self._running
            if running is not None:
                # Ended first: a Ctrl + C in between shall leave no process that nobody knows.
                running.end()
                self._running = None
        if running is not None:
            # One that hangs in the system itself is not waited for; who listens to it takes note when it ends.
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(_PATIENCE)
            self._emit({"event": "lost", "reason": "The worker was stopped."})

    def close(self) -> None:
        """End the process, tell nobody, and start none again."""
        with self._lock:
            self._closed = True
        self.events.clear()
        self.rests.clear()
        self.kill()

    def _listen(self, running: _Running) -> None:
        process = running.process
        assert process.stdout is not None
        self.rests.emit()
        try:
            while (message := read_message(process.stdout)) is not None:  # type: ignore[arg-type]
                if message["event"] == "waits":
                    self._wait(running, int(message["before"]))
                    continue
                event = cast("Event", message)
                if event["event"] == "ready":
                    running.ready = True
                    self._bell.ring()
                self._emit(event)
        except (ValueError, KeyError, OSError):
            process.kill()
        code = process.wait()
        self._wait(running, 0)
        running.over.set()
        running.outbox.close()
        with self._lock:
            if self._running is running:
                self._running = None
        reason = _why(code, _tail(running.log))
        for stream in (process.stdout, running.log):
            with contextlib.suppress(OSError):
                stream.close()
        if running.wanted:
            self._emit({"event": "lost", "reason": reason})

    def _wait(self, running: _Running, before: int) -> None:
        with self._lock:
            changed = self._running is running and self.before != before
            if changed:
                self.before = before
        if changed:
            self.rests.emit()

    def _watch(self, running: _Running) -> None:
        """Let it rest once it has had nothing to do for long, or others need the memory.

        A training that is paused is something to do.
        """
        left = self._idle
        while not running.over.wait(min(left, _GLANCE)):
            scarce = available_memory() < _SCARCE
            with self._lock:
                idle = 0.0 if self.open else time.monotonic() - self._used
                left = 0.0 if scarce and idle > _GLANCE else self._idle - idle
                if self._running is not running:
                    return
                if left <= 0:
                    # What is sent from now on starts it anew: nothing can get lost in between.
                    running.end()
                    self._running, self.resting = None, True
                    break
        if self.resting:
            self.rests.emit()

    def _emit(self, event: Event) -> None:
        with self._lock:
            self._used = time.monotonic()
            if event["event"] == "lost":
                self.open = {}
            elif event["event"] != "ready" and closes(event):
                self.open.pop(event["request"], None)
        self.events.emit(event)


def _idle_seconds() -> float:
    """After how many seconds a worker rests that has nothing to do; 0 if never.

    Raises:
        ValueError: If the environment says something else than a number of minutes.
    """
    said = os.environ.get(IDLE_MINUTES, "").strip() or "10"
    try:
        minutes = float(said)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= _MOST_MINUTES:
        raise ValueError(
            f"The environment variable {IDLE_MINUTES}={said!r} is not allowed: give the minutes after which an idle "
            f"worker rests, from 0 (never) to {_MOST_MINUTES:,}, or leave it out for 10."
        )
    return 60 * minutes


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
