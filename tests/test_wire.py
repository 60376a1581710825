"""Values and messages: what comes back is what went, and no message does harm."""

import contextlib
import json
import math
import socket
import threading
import time
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sandbox import wire
from sandbox.wire import LENGTHS, TAG, Channel, ClosedError, Opaque, WireError

ELEMENTS, HEADER = wire.MAX_ELEMENTS, wire.MAX_HEADER


@contextlib.contextmanager
def channel_to(other_side, look=lambda: None, **options):
    """Give a channel that trusts nothing; a function does what it likes with the other socket."""
    ours, theirs = socket.socketpair()

    def run():
        with theirs, contextlib.suppress(OSError, ClosedError):
            other_side(theirs)

    thread = threading.Thread(target=run)
    thread.start()
    with ours:
        yield Channel(ours, look=look, **options)
    thread.join(10)


def there_and_back(value, describe=None, **options):
    def send(sock):
        Channel(sock, describe=describe).send(value)

    with channel_to(send, **options) as channel:
        return channel.receive()


def received(data):
    """Give what a channel makes of some bytes, after which nothing comes."""
    with channel_to(lambda sock: sock.sendall(data)) as channel:
        return channel.receive()


def frame(header, data=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return LENGTHS.pack(len(header), len(data)) + header + data


def tag(*content):
    return {TAG: list(content)}


SHAPES = array_shapes(min_side=0, max_side=4)
ARRAYS = st.one_of([arrays(dtype, SHAPES) for dtype in wire.DTYPES.values()])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
KEYS = st.text().filter(TAG.__ne__)  # the one word that is the wire's own
VALUES = st.recursive(
    PLAIN | ARRAYS, lambda x: st.lists(x) | st.dictionaries(KEYS, x), max_leaves=10
)


@settings(max_examples=40)
@example([2**63, -(10**4000), 5e-324, -0.0, math.nan, -math.inf, "größe\0\x1b", "\ud800"])
@example([b"x", np.ones(2), np.arange(6.0).reshape(2, 3).T, np.ones(6)[::2], np.empty((3, 0))])
@given(VALUES)
def test_values_come_as_they_went(value):
    found = there_and_back(value)
    assert repr(found) == repr(value)  # which tells 1 from 1.0, 0.0 from -0.0
    np.testing.assert_equal(found, value)  # to the last digit


def test_other_kinds_come_plain():
    value = [Counter("aab"), (1, 2), np.float64(0.5), type("Text", (str,), {})("a"), {1: None}]
    assert repr(there_and_back(value)) == "[{'a': 2, 'b': 1}, [1, 2], 0.5, 'a', {'1': None}]"
    dtypes = {"f": "float64", "u": "int64", "i": "int64", "b": "bool"}
    odd = [np.float16(1), np.longdouble(1), np.uint8([1]), np.int32(7), np.bool_(True)]
    for array in [*odd, np.ones(3, ">f8"), np.ones((1, 2)).view(np.matrix), np.ma.array([1.0])]:
        found = there_and_back(array)
        assert found.dtype == dtypes[array.dtype.kind]
        assert isinstance(found, np.ndarray if array.ndim else np.generic)
        assert found.tolist() == array.tolist()


def test_arrays_are_fresh_writable_and_aligned():
    one, _, other = there_and_back([np.ones(2), b"x", np.ones(2)])
    one[0] = other[1] = 5
    assert (one.tolist(), other.tolist(), other.flags.aligned) == ([5, 1], [1, 5], True)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "object"), ((x for x in "ab"), "generator"), ({1, 2}, "set"), (1j, "complex"),
        (type("x" * 1000, (), {})(), "x" * 100), (np.array([None]), "array of object, shape (1,)"),
        (np.array(["a"]), "array of str32, shape (1,)"), (np.complex128(1), "array of complex128, shape ()"),
        (np.empty((1,) * 17), "array of float64"), (np.empty((0, 2**31)), "array of float64, shape (0, 2147483648)"),
        (np.broadcast_to(0.5, (10**6, 10**6)), "array of float64"),
    ],
)  # fmt: skip
def test_what_is_no_data_is_only_named(value, name):
    (found,) = there_and_back([value])
    assert found == Opaque(found.type_name[:100])
    assert found.type_name.startswith(name)


HOSTILE = {
    "no JSON": frame(b"{"), "an empty header": frame(b""), "two values": frame(b"1 2"), "no UTF-8": frame(b'"\xff\xfe"'),
    "an integer of a million digits": frame(b"9" * 10**6), "deep lists": frame(b"[" * 100_000 + b"]" * 100_000),
    "deep dicts": frame(b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "deep references": frame(b'{"__is__":["given",' * 20_000 + b"0" + b"]}" * 20_000),
    "a reference to nothing": frame(tag("given", 0)), "an unknown word": frame([tag("__class__", 1)]), "a thing that nobody makes": frame(tag("give", 0, "own", "f")),
    "bytes left over": frame([], b"a"), "bytes that are not there": frame(tag("bytes", 2), b"a"),
    "bytes of -1": frame([tag("bytes", 2), tag("bytes", -1), tag("bytes", 1)], b"aa"),
    "too many bytes": frame([tag("bytes", ELEMENTS + 1)], bytes(ELEMENTS + 1)),
    "too many truth values": frame([tag("array", "bool", [ELEMENTS // 2])] * 3, bytes(ELEMENTS // 2 * 3)),
    "4 GB": b"\xff" * 8, "a header too long": LENGTHS.pack(HEADER + 1, 0), "arrays too long": LENGTHS.pack(2, 8 * ELEMENTS + 1),
}  # fmt: skip
TAGS = [
    None, 5, "array", {}, [], [1], [None], [[]], [{}], ["array"], ["array", "float64"], ["array", "float64", [1], 0], ["opaque", 1],
    *(["array", name, [2]] for name in ("object", "O", "V0", "float16", ["float64"], None, {})), ["bytes", "16"], ["bytes", 2**70],
    *(["array", "float64", shape] for shape in (
        [1], [3], [-1, -2], [2.0], [2, True], ["2"], 2, None, [[2]], [tag("array", "int64", [])], [1] * 16 + [2],
        [2**40], [2**63], [2**70], [2**32, 2**32], [0, 2**30, 2**30], [2**62, 0, 2**62], [0] * 100,
    )),
]  # fmt: skip
HOSTILE |= {f"{tree}, {n}": frame({TAG: tree}, bytes(n)) for tree in TAGS for n in (0, 16)}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_message_is_an_error(data):
    with pytest.raises(WireError):
        received(data)


WORDS = st.sampled_from(["array", "bytes", "opaque", "given", *wire.DTYPES])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda x: st.lists(x) | st.dictionaries(st.text() | st.just(TAG), x) | st.builds(tag, WORDS, x),
)
GOOD = frame([tag("array", "float64", [2, 3]), {"a": [-1.5, math.nan]}, tag("bytes", 3)], bytes(51))
SPOILED = st.builds(lambda k, x: GOOD[:k] + x + GOOD[k + 1 :], st.integers(0, 150), st.binary())
MESSAGES = st.binary() | st.builds(frame, st.binary() | JSON, st.binary()) | SPOILED
KINDS = type(None), bool, int, float, str, bytes, list, dict, np.ndarray, Opaque


@settings(max_examples=100)
@given(MESSAGES)
def test_any_bytes_are_a_plain_value_or_an_error(data):
    try:
        found = [received(data)]
    except (WireError, ClosedError):
        return
    for value in found:  # grows
        assert type(value) in KINDS
        if isinstance(value, (list, dict)):
            found += value.values() if isinstance(value, dict) else value


@pytest.mark.parametrize("item", [{"": 0}, tag("opaque", ""), tag("array", "bool", [0])], ids=str)
def test_a_large_header_needs_little_memory_and_time(item):
    size = HEADER // 4
    header = json.dumps([item] * (size // (len(json.dumps(item)) + 2))).encode()
    tracemalloc.start()
    began = time.process_time()
    received(frame(header))
    assert tracemalloc.get_traced_memory()[1] < 64 * size
    tracemalloc.stop()
    assert time.process_time() - began < 2


def test_what_is_at_the_limit_or_looks_odd():
    half = tag("array", "float64", [ELEMENTS // 2])
    assert len(received(frame([half, half], bytes(8 * ELEMENTS)))) == 2
    found = received(frame([tag("array", "bool", [2]), tag("opaque", "x" * 1000)], b"\0\2"))
    assert (found[0].view(np.uint8).tolist(), found[1]) == ([0, 1], Opaque("x" * 100))
    assert received(frame(b'[{"a": 1, "a": 2}, 1e999]')) == [{"a": 2}, math.inf]


def test_who_is_trusted_may_send_more():
    sizes = []
    with channel_to(lambda sock: sizes.extend(map(len, Channel(sock).receive()))) as channel:
        channel.send([np.ones(ELEMENTS)] * 2)
    assert sizes == [ELEMENTS] * 2


def test_messages_in_pieces_and_together():
    data = b"".join(frame([k, tag("array", "int64", [1])], bytes(8)) for k in range(3))

    def other_side(sock):
        for start, end in [*((k, k + 1) for k in range(50)), (50, len(data))]:
            sock.sendall(data[start:end])
            time.sleep(0.001)

    with channel_to(other_side) as channel:
        assert [channel.receive() for _ in range(3)] == [[0, 0], [1, 0], [2, 0]]


@pytest.mark.parametrize(
    ("start", "more", "pause"),
    [(b"\0\0\0", b"", 1), (LENGTHS.pack(10_000, 0), b"\0", 0.02), (b"", frame([]) * 1000, 0)],
    ids=["silence", "a drip", "a flood"],
)  # fmt: skip
def test_who_waits_looks_around(start, more, pause):
    end = time.monotonic() + 0.3

    def other_side(sock):
        sock.sendall(start)
        while time.monotonic() < end + 2:
            time.sleep(pause)
            sock.sendall(more)

    def look():
        if time.monotonic() > end:
            raise TimeoutError("too late")

    with channel_to(other_side, look) as channel:
        with pytest.raises(TimeoutError, match="too late"):
            list(iter(channel.receive, "no such message"))
        with pytest.raises(TimeoutError, match="too late"):  # nobody reads
            channel.send(bytes(2**24))
        assert time.monotonic() < end + 1


@pytest.mark.parametrize("data", [b"", b"\0\0", frame({"a": 1})[:-3]])
def test_the_other_side_is_gone(data):
    with channel_to(lambda sock: sock.sendall(data)) as channel:
        with pytest.raises(ClosedError):
            channel.receive()
        for _ in range(2):
            with pytest.raises(ClosedError):
                channel.send(bytes(10**7))
            channel.sock.close()
        with pytest.raises(ClosedError):
            channel.receive()


def test_over_tcp_as_on_windows_no_part_of_a_message_waits_for_an_acknowledgement():
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    with ours, theirs:
        for sock in (ours, theirs):
            Channel(sock)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
