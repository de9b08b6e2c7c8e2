"""Messages: whatever is sent arrives, and nothing else does harm."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from unet_explorer.learning.messages import read_message, write_message

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
ARRAYS = arrays.arrays(
    st.sampled_from(["u1", "i4", "i8", "f4", "f8", "?"]), arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)
)


@given(st.dictionaries(st.text(), PLAIN), st.lists(ARRAYS, max_size=3))
def test_what_is_sent_arrives(plain, sent):
    stream = io.BytesIO()
    write_message(stream, {"plain": plain, "arrays": sent})
    write_message(stream, {"next": 1})
    stream.seek(0)
    got = read_message(stream)
    assert got["plain"] == plain
    for one, other in zip(sent, got["arrays"], strict=True):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    assert read_message(stream) == {"next": 1}
    assert read_message(stream) is None


@given(st.integers(0, 200))
def test_a_message_that_is_cut_off_is_no_message(length):
    stream = io.BytesIO()
    write_message(stream, {"a": np.arange(9), "b": "word"})
    assert read_message(io.BytesIO(stream.getvalue()[: min(length, len(stream.getvalue()) - 1)])) is None


@pytest.mark.parametrize("bad", [np.array(["x"]), np.array([object()]), object(), {1, 2}, b"bytes"])
def test_only_plain_data_is_sent(bad):
    stream = io.BytesIO()
    with pytest.raises(TypeError, match="A message holds numbers, words and arrays of numbers"):
        write_message(stream, {"bad": bad})
    assert not stream.getvalue(), "nothing was sent"


@pytest.mark.parametrize("kind", ["|O", "<U3", "V8"])
def test_no_objects_are_made(kind):
    head = json.dumps({"message": "{}", "arrays": [{"kind": kind, "shape": [1]}]}).encode()
    with pytest.raises(ValueError, match="Not a message"):
        read_message(io.BytesIO(struct.pack("!Q", len(head)) + head + b"\0" * 64))


def test_absurd_lengths_are_refused_before_anything_is_read():
    with pytest.raises(ValueError, match="bytes long"):
        read_message(io.BytesIO(struct.pack("!Q", 1 << 60)))
    head = json.dumps({"message": "{}", "arrays": [{"kind": "<f8", "shape": [1 << 40]}]}).encode()
    with pytest.raises(ValueError, match="bytes long"):
        read_message(io.BytesIO(struct.pack("!Q", len(head)) + head))
