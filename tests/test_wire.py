"""Values and messages: what comes back is what went, and no message does harm."""

import contextlib
import json
import math
import os
import random
import socket
import threading
import time
from collections import Counter

import numpy as np
import pytest

from sandbox import wire
from sandbox.wire import LENGTHS, Channel, ClosedError, Opaque, WireError


@pytest.fixture
def sockets():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


@pytest.fixture
def channels(sockets):
    return [Channel(sock) for sock in sockets]


def frame(header, arrays=b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return LENGTHS.pack(len(header), len(arrays)) + header + arrays


def soon():
    return time.monotonic() + 5


def received(data, **options):
    """Give what a channel makes of some bytes that come."""
    one, other = socket.socketpair()
    with one, other:
        writer = threading.Thread(target=put, args=[one, data])
        writer.start()
        try:
            return Channel(other, **options).receive(soon())
        finally:
            other.close()
            writer.join()


def put(sock, data):
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def same(one, other):
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and (one == other or one != one)


VALUES = [
    None, True, False, 0, -1, 2**63, -(2**999), 0.1, -0.0, 5e-324, math.nan, math.inf, -math.inf, "", "größe\0\x1b", "\ud800",
    b"", b"\0\xff" * 9, [], (), {}, [1, [2.5, (3, "a")]], {"a": [1, {"b": (None,)}], "": 2},
    np.arange(6.0).reshape(2, 3), np.float32([1, math.nan]), np.int64([[2**62]]), np.array([True, False]),
    np.array(1.5), np.empty(0), np.empty((3, 0, 2)), np.arange(6.0).reshape(2, 3).T,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_as_they_went(value, channels):
    sender, receiver = channels
    sender.send(value)
    assert same(value, receiver.receive(soon()))


def test_values_within_others(channels):
    sender, receiver = channels
    sender.send({"a": (np.ones(2), [b"xy", np.zeros((1, 1))]), "b": np.int64([3])})
    found = receiver.receive(soon())
    assert list(found) == ["a", "b"]
    assert found["a"][0].tolist() == [1, 1]
    assert found["a"][1][0] == b"xy"
    assert found["a"][1][1].shape == (1, 1)
    assert found["b"].tolist() == [3]


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.float16(1.5), "float64"),
        (np.longdouble(1.5), "float64"),
        (np.float64(1.5), "float64"),
        (np.uint8([1]), "int64"),
        (np.int32(7), "int64"),
        (np.bool_(True), "bool"),
        (np.ones(2).view(type("Own", (np.ndarray,), {})), "float64"),
        (np.ma.array([1.0]), "float64"),
        (np.ones(3, ">f8"), "float64"),
    ],
)
def test_other_kinds_of_numbers(value, dtype, channels):
    channels[0].send(value)
    found = channels[1].receive(soon())
    assert type(found) is np.ndarray
    assert found.dtype == dtype
    assert found.tolist() == np.asarray(value).tolist()


def test_arrays_are_fresh_and_writable(channels):
    array = np.ones(3)
    channels[0].send([array, array])
    one, other = channels[1].receive(soon())
    one[0] = 5
    assert (array[0], other[0]) == (1, 1)


class Text(str):
    """A kind of string."""


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (object(), "object"),
        ((x for x in "ab"), "generator"),
        ({1, 2}, "set"),
        (Text("a"), "Text"),
        (1j, "complex"),
        (2**1000, "int"),
        ({1: 2}, "dict"),
        ({Text("a"): 2}, "dict"),
        (type("x" * 1000, (), {})(), "x" * 100),
        (np.array([None]), "array of object, shape (1,)"),
        (np.array(["a"]), "array of str32, shape (1,)"),
        (np.complex128(1), "array of complex128, shape ()"),
        (np.empty((1,) * 17), "array of float64"),
        (np.empty((0, 2**31)), "array of float64, shape (0, 2147483648)"),
        (np.broadcast_to(0.5, (10**6, 10**6)), "array of float64"),
    ],
)
def test_what_is_no_data_is_only_named(value, name, channels):
    channels[0].send([value])
    (found,) = channels[1].receive(soon())
    assert type(found) is Opaque
    assert found.type_name.startswith(name)
    assert len(found.type_name) <= 100


def test_subclasses_of_lists_and_dicts_come_plain(channels):
    channels[0].send([Counter("aab"), type("L", (list,), {})([1])])
    found = channels[1].receive(soon())
    assert found == [{"a": 2, "b": 1}, [1]]
    assert [type(item) for item in found] == [dict, list]


def test_lists_that_are_too_deep_or_hold_themselves(channels):
    endless, deep = [], 0
    endless.append(endless)
    for _ in range(100_000):
        deep = [deep]
    for value in (endless, deep, {"a": endless}, (deep,)):
        channels[0].send(value)
        found, depth = channels[1].receive(soon()), 0
        while not isinstance(found, Opaque):
            (found,) = found.values() if isinstance(found, dict) else found
            depth += 1
        assert (depth, found.type_name) == (wire.MAX_DEPTH, "list")
    while deep:  # to take it apart all at once would need a deep stack
        deep = deep[0]


def test_references(sockets):
    things = [print, open]
    sender = Channel(sockets[0], refer=lambda value: ("thing", things.index(value)))
    receiver = Channel(sockets[1], resolve=lambda tag, content: (tag, content))
    sender.send([open])
    assert receiver.receive(soon()) == [("thing", 1)]


# Bytes that a hostile worker sends


def nested(opening, closing, count=100_000):
    return b"1".join([opening.encode() * count, closing.encode() * count])


ARRAYS = [
    (["float64", [2]], 8), (["float64", [2]], 17), (["float64", [-1, -2]], 16), (["float64", [2.0]], 16), (["float64", [True]], 8),
    (["float64", ["2"]], 16), (["float64", 2], 16), (["float64", None], 0), (["float64"], 0), (["float64", [1], 0], 8), ("float64", 8), (None, 0),
    (["object", [1]], 8), (["O", [1]], 8), (["V0", [2**40]], 0), ([["float64"], [1]], 8), ([None, [1]], 8), ([{}, [1]], 8),
    (["float64", [2**40]], 8), (["float64", [2**63]], 8), (["float64", [2**70]], 8), (["float64", [2**32, 2**32]], 0),
    (["float64", [0, 2**30, 2**30]], 0), (["float64", [2**62, 0, 2**62]], 0), (["float64", [0] * 100], 0), (["float64", [1] * 17], 8),
]  # fmt: skip
HOSTILE = {
    "nothing": b"",
    "half a length": b"\0\0\0",
    "half a message": frame({"a": 1})[:-3],
    "garbage": random.Random(1).randbytes(100_000),
    "4 GB": b"\xff" * 100,
    "a header too long": LENGTHS.pack(wire.MAX_HEADER + 1, 0),
    "arrays too long": LENGTHS.pack(2, wire.MAX_ARRAYS + 1) + b"[]",
    "an empty header": frame(b""),
    "no JSON": frame(b"{"),
    "two values": frame(b"1 2"),
    "no UTF-8": frame(b'"\xff\xfe"'),
    "UTF-16": frame('"a"'.encode("utf-16")),
    "NaN": frame(b"[NaN]"),
    "Infinity": frame(b"-Infinity"),
    "1e999": frame(b"[1e999]"),
    "an integer of a million digits": frame(b"9" * 10**6),
    "an integer of 4000 digits": frame(b"9" * 4000),
    "deep lists": frame(nested("[", "]")),
    "deep lists, not too deep for JSON": frame(nested("[", "]", wire.MAX_DEPTH + 3)),
    "deep tuples": frame(nested('{"tuple":[', "]}", 500)),
    "deep dicts": frame(nested('{"dict":[["a",', "]]}", 500)),
    "deep references": frame(nested('{"given":', "}", 500)),
    "very deep references": frame(nested('{"given":', "}")),
    "an object without a tag": frame({}),
    "an object with two tags": frame({"tuple": [], "bytes": 0}),
    "an unknown tag": frame({"__class__": [1]}),
    "a reference to nothing": frame({"given": 0}),
    "a dict of no pairs": frame({"dict": [1]}),
    "a dict of triples": frame({"dict": [["a", 1, 2]]}),
    "a dict of a dict": frame({"dict": {"a": 1}}),
    "a dict with a list for a key": frame({"dict": [[[1], 2]]}),
    "a dict with an object for a key": frame({"dict": [[{"tuple": []}, 2]]}),
    "a dict with numbers for keys": frame({"dict": [[1, 2]]}),
    "a dict with NaN for a key": frame({"dict": [[{"float": "nan"}, 2]]}),
    "a tuple of a number": frame({"tuple": 1}),
    "a float that is none": frame({"float": "1"}),
    "a float of a list": frame({"float": []}),
    "bytes of -1": frame({"bytes": -1}, b"a"),
    "bytes of 2**70": frame({"bytes": 2**70}, b"a"),
    "bytes of True": frame({"bytes": True}, b"a"),
    "bytes that are not there": frame({"bytes": 2}, b"a"),
    "bytes left over": frame({"bytes": 1}, b"aa"),
    "an opaque of a number": frame({"opaque": 1}),
    "a truth value of 2": frame({"array": ["bool", [2]]}, b"\1\2"),
} | {f"array {content} in {size} bytes": frame({"array": content}, bytes(size)) for content, size in ARRAYS}  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_message_is_an_error(data):
    with pytest.raises((WireError, ClosedError)):
        received(data)


@pytest.mark.parametrize("seed", range(5))
def test_messages_with_errors_are_no_other_error(seed):
    source = random.Random(seed)
    good = frame(
        {"dict": [["result", [{"array": ["float64", [2, 3]]}, {"tuple": [1, {"float": "nan"}]}]], ["b", {"bytes": 3}]]},
        bytes(51),
    )  # fmt: skip
    assert len(received(good)) == 2
    for _ in range(200):
        data = bytearray(good)
        for _ in range(source.randint(1, 4)):
            data[source.randrange(len(data))] = source.choice([0, 255, source.randrange(128)])
        with contextlib.suppress(WireError, ClosedError):
            received(bytes(data))


@pytest.mark.parametrize(
    "sizes", [(2**32 - 1, 2**32 - 1), (wire.MAX_HEADER + 1, 0), (0, wire.MAX_ARRAYS + 1)]
)
def test_too_much_is_not_even_waited_for(sizes, sockets):
    sockets[0].sendall(LENGTHS.pack(*sizes))
    with pytest.raises(WireError, match="too large"):
        Channel(sockets[1]).receive(soon())


def test_what_looks_odd_and_is_none():
    assert received(frame(b'{"dict": [["a", 1], ["a", 2]]}')) == {"a": 2}
    assert received(frame(b'{"float": "nan", "float": "inf"}')) == math.inf
    assert received(frame({"opaque": "x" * 1000})) == Opaque("x" * 100)
    assert received(frame(b'"\\ud800"')) == "\ud800"


def test_decoding_is_quick_and_small():
    began, count = time.process_time(), wire.MAX_HEADER // 3 - 10
    assert len(received(frame(b"[" + b"[]," * count + b"[]]"))) == count + 1
    assert time.process_time() - began < 3


def test_all_messages_together_are_limited():
    data = frame({"bytes": 1000}, bytes(1000))
    one, other = socket.socketpair()
    with one, other:
        channel = Channel(other, most=2500)
        one.sendall(data * 3)
        assert [len(channel.receive(soon())) for _ in range(2)] == [1000, 1000]
        with pytest.raises(WireError, match="2,500 bytes in all"):
            channel.receive(soon())


# Time


def test_a_message_in_pieces(channels, sockets):
    data = frame({"dict": [["a", {"array": ["float64", [2]]}]]}, np.ones(2).tobytes())
    for k in range(len(data)):
        sockets[0].sendall(data[k : k + 1])
        if k == len(data) // 2:
            threading.Timer(0.05, sockets[0].sendall, [data[k + 1 :]]).start()
            break
    assert channels[1].receive(soon())["a"].tolist() == [1, 1]


def test_messages_that_come_together(channels):
    for k in range(5):
        channels[0].send([k, np.full(3, float(k))])
    assert [channels[1].receive(soon())[0] for _ in range(5)] == list(range(5))


def test_silence_ends_at_the_deadline(channels):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        channels[0].receive(began + 0.1)
    assert 0.05 < time.monotonic() - began < 1


def test_a_drip_ends_at_the_deadline(sockets):
    def drip():
        while not done.wait(0.02):
            sockets[0].sendall(b"\0")

    done = threading.Event()
    thread = threading.Thread(target=drip)
    sockets[0].sendall(LENGTHS.pack(10_000, 0))
    thread.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Channel(sockets[1]).receive(began + 0.2)
    done.set()
    thread.join()
    assert time.monotonic() - began < 1


def test_messages_without_end_end_at_the_deadline(sockets):
    def flood():
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                sockets[0].sendall(frame([]) * 1000)

    done = threading.Event()
    sockets[0].settimeout(0.1)
    thread = threading.Thread(target=flood)
    thread.start()
    channel, began = Channel(sockets[1]), time.monotonic()
    with pytest.raises(TimeoutError):
        list(iter(lambda: channel.receive(began + 0.2), "no such message"))
    done.set()
    thread.join()
    assert time.monotonic() - began < 1


def test_past_the_deadline_not_even_what_is_here_is_received(channels):
    channels[0].send(1)
    channels[0].send(2)
    assert channels[1].receive(soon()) == 1
    with pytest.raises(TimeoutError):
        channels[1].receive(time.monotonic() - 1)
    with pytest.raises(TimeoutError):
        channels[1].send(1, time.monotonic() - 1)


def test_sending_ends_at_the_deadline_if_nobody_reads(channels):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        channels[0].send(bytes(2**24), began + 0.1)
    assert time.monotonic() - began < 1


def test_the_other_side_is_gone(channels, sockets):
    channels[1].close()
    with pytest.raises(ClosedError):
        channels[0].receive(soon())
    with pytest.raises(ClosedError):
        channels[0].send(bytes(10**7), soon())
    channels[0].close()
    with pytest.raises(ClosedError):
        channels[0].receive(soon())
    with pytest.raises(ClosedError):
        channels[0].send(1)


def test_too_much_is_not_sent(channels):
    for value in (
        [0.5] * 10**6,
        "a" * (wire.MAX_HEADER + 1),
        [np.ones(2**22)] * 3,
        bytes(wire.MAX_ARRAYS + 1),
    ):
        with pytest.raises(WireError, match="too large"):
            channels[0].send(value)
    channels[0].send("still there")
    assert channels[1].receive(soon()) == "still there"


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory as Linux shows it")
def test_a_large_message_needs_little_memory():
    def pages():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = pages()
    with pytest.raises(ClosedError):  # sizes alone reserve nothing
        received(LENGTHS.pack(wire.MAX_HEADER, wire.MAX_ARRAYS))
    assert pages() - before < 2**23
