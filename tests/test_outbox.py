"""Requests on their way: nobody waits for a worker that does not read, and nothing piles up before it."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from hands import LONG

from unet_explorer.learning.messages import read_message
from unet_explorer.learning.outbox import Outbox

LARGE = np.zeros(1 << 18, "float32")


@pytest.fixture
def line():
    """An outbox, and the end that a worker would read; nobody reads yet."""
    reading, writing = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
    outbox = Outbox(writing)
    yield outbox, reading
    outbox.close()
    reading.close()


def put(outbox, *requests):
    """As a message from the page would be served."""
    thread = threading.Thread(target=lambda: [outbox.put(each) for each in requests], daemon=True)
    thread.start()
    thread.join(LONG)
    assert not thread.is_alive(), "a write that takes long has held up who sends"


def test_what_does_not_fit_into_the_pipe_holds_up_nobody_and_arrives_in_order(line):
    outbox, reading = line
    names = ["a", "b", "c"]
    put(outbox, *({"do": "train", "request": name, "image": LARGE} for name in names))
    put(outbox, {"do": "stop", "request": "a"})
    told = [read_message(reading) for _ in range(4)]
    assert [each["request"] for each in told] == [*names, "a"]
    assert np.array_equal(told[2]["image"], LARGE)


def test_what_is_asked_otherwise_meanwhile_is_not_written(line):
    outbox, reading = line
    put(outbox, {"do": "train", "request": "first", "image": LARGE})
    # The first is under way; these wait behind it.
    put(outbox, *({"do": "maps", "request": f"Inside {number}", "tile": LARGE} for number in range(100)))
    put(outbox, {"do": "predict", "request": "Tile 1"}, {"do": "build", "request": "Build 1"})
    # Of another asker, whose maps are not there any more.
    put(outbox, {"do": "stop_maps", "of": "StepNumbers 1"}, {"do": "stop_prediction"})
    told = [read_message(reading) for _ in range(5)]
    assert [each.get("request") for each in told] == ["first", "Inside 99", "Build 1", None, None]


def test_a_reader_that_is_gone_ends_the_writing(line):
    outbox, reading = line
    put(outbox, {"do": "train", "request": "first", "image": LARGE})
    # The latest that was started: that of this test.
    writer = [each for each in threading.enumerate() if each.name == "requests to the worker"][-1]
    reading.close()
    writer.join(LONG)
    assert not writer.is_alive()


def test_what_no_message_holds_is_told_to_who_sends_it(line):
    with pytest.raises(TypeError, match="not object"):
        line[0].put({"do": "build", "request": object()})
