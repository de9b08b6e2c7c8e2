"""What is said of a worker that has ended without being asked to."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys

import pytest

from unet_explorer.learning import process
from unet_explorer.learning.process import Worker, _why

HELPS = "ake fewer tiles per batch, a smaller tile, or fewer filters."


@pytest.mark.parametrize(
    "last",
    [
        "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
        "MemoryError",
        "Out of memory",
        "OSError: [Errno 12] Cannot allocate memory",
    ],
)
@pytest.mark.parametrize("code", [1, -6, -11])
def test_what_it_said_last_of_memory_counts_most(code, last):
    words = _why(code, f"something before\n{last}\n")
    assert words == f"The worker ran out of memory. T{HELPS}"


@pytest.mark.skipif(os.name != "posix", reason="signals are a Unix matter")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS"])
def test_a_crash_is_mostly_a_lack_of_memory(name):
    """TensorFlow 2.20 does not look whether it got the memory that it asked for."""
    words = _why(-signal.Signals[name].value, "")
    assert words == f"The worker crashed ({name}); mostly that is because memory ran out. If so, t{HELPS}"


@pytest.mark.skipif(os.name != "posix", reason="signals are a Unix matter")
def test_the_system_kills_where_memory_runs_out():
    assert _why(-9, "").startswith("The worker was killed from outside; mostly that is the system, because memory")
    assert _why(-9, "").endswith(f"t{HELPS}")
    assert _why(-15, "") == "The worker was ended by the system (SIGTERM)."
    # One without a name.
    assert _why(-40, "") == "The worker was ended by the system (signal 40)."


def test_whatever_else_it_was_its_last_line_is_shown():
    assert _why(3, "first\nlast\n\n") == "The worker ended by itself (code 3): last"
    assert _why(0, "") == "The worker ended by itself (code 0)."


@pytest.mark.skipif(os.name != "posix", reason="signals are a Unix matter")
@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_listeners_hear_it_of_a_real_process(monkeypatch, name):
    def spawn(log):
        code = f"import os, signal; os.kill(os.getpid(), signal.{name})"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        return subprocess.Popen([sys.executable, "-c", code], **pipes)

    monkeypatch.setattr(process, "_spawn", spawn)
    told = queue.Queue()
    worker = Worker()
    worker.events.connect(told.put)
    worker.warm_up()
    message = told.get(timeout=60)
    assert message["event"] == "lost"
    assert message["reason"].endswith(f"memory ran out. If so, t{HELPS}")
    worker.close()
