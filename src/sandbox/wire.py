"""Values and messages between the grader and a worker: a JSON header, then the bytes of arrays.

Who reads trusts nothing: sizes, kinds and numbers of elements are limited before anything is built,
no object but plain data is made of a message, and what breaks a rule raises `WireError`. Whether a
value is right, or true, is for others to judge.
"""

import json
import math
import socket
import struct
import time
from dataclasses import dataclass

import numpy as np

DTYPES = {name: np.dtype(name) for name in ("float64", "float32", "int64", "bool")}
WIDEST = {"i": "int64", "u": "int64", "f": "float64"}  # what other dtypes of a kind are sent as
MAX_HEADER = 2**20  # bytes
MAX_ELEMENTS = 2 * 2**20  # of all arrays of a message, whatever their dtype
MAX_RECEIVED = 128 * 2**20  # bytes of memory for all messages together
WEIGHT = 32  # bytes of memory, at most, for a byte of JSON
MAX_AXES = 16
MAX_NAME, MAX_TEXT = 100, 4000  # characters of a type's name, and of an exception's text
MAX_FRAMES = 1000  # of an exception
LENGTHS = struct.Struct(">II")
LOOK_SECONDS = 0.05  # how often somebody who waits looks around
TAG = "__is__"


class WireError(Exception):
    """What came is no message, or what should be sent is too large for one."""


class ClosedError(Exception):
    """The other side is gone."""


@dataclass(frozen=True)
class Opaque:
    """A value that is no data, such as a generator; only the name of its type is known."""

    type_name: str


def encode(value, refer):
    """Turn a value into the header and the arrays of a message.

    `refer(item)` describes what is no data as a list that begins with a word.
    """
    arrays = []

    def default(item):
        if isinstance(item, bytes):
            arrays.append(item)
            return {TAG: ["bytes", len(item)]}
        if not isinstance(item, (np.ndarray, np.generic)):
            return {TAG: refer(item)}
        item = np.asarray(item)
        kind, name, shape = item.dtype.kind, item.dtype.name, item.shape
        sent_as = name if name in DTYPES else WIDEST.get(kind)
        if not sent_as or elements(shape) > MAX_ELEMENTS or len(shape) > MAX_AXES:
            return {TAG: ["opaque", f"array of {name}, shape {shape}"[:MAX_NAME]]}
        item = np.ascontiguousarray(item, DTYPES[sent_as])
        arrays.append(item.reshape(-1).view(np.uint8).data)
        return {TAG: ["array", sent_as, list(shape)]}

    return json.dumps(value, default=default).encode(), arrays


def elements(shape):
    """Count elements; an axis of 0 must not hide others that are too long."""
    return math.prod(max(n, 1) for n in shape)


def decode(header, data, find, room=math.inf):
    """Turn a message into a value.

    `find(word, content)` gives what is referred to; `room` is how many elements fit.
    """
    place = 0

    def take(size, many):
        nonlocal place, room
        place += size
        room -= many
        if room < 0:
            raise WireError("arrays with too many elements")
        if size < 0 or place > len(data):
            raise WireError("an array with too few bytes")
        return data[place - size : place]

    def build(tree):
        if TAG not in tree:
            return tree
        match tree[TAG]:
            case ["array", str(name), list(shape)] if name in DTYPES:
                if len(shape) > MAX_AXES or not all(type(n) is int and n >= 0 for n in shape):
                    raise WireError("an array of impossible shape")
                taken = take(math.prod(shape) * DTYPES[name].itemsize, elements(shape))
                array = np.require(np.frombuffer(taken, DTYPES[name]), requirements="A")
                if name == "bool":  # a byte that is neither 0 nor 1 is no bool
                    array = array.view(np.uint8) != 0
                return array.reshape(shape)[()]  # that of shape () is a NumPy scalar
            case ["bytes", int(size)]:
                return bytes(take(size, size))
            case ["opaque", str(name)]:
                return Opaque(name[:MAX_NAME])
            case [str(word), *content]:
                return find(word, content)
        raise WireError("a value of unknown kind")

    try:
        value = json.loads(header, object_hook=build)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no message: {error}") from error
    if place != len(data):
        raise WireError("a message with bytes left over")
    return value


class Channel:
    """Messages over a socket.

    With `look`, a function, nothing that comes is trusted, and it is called every now and then
    while the channel waits; what it raises ends the waiting.

    What is no data is handed over once, and stays known to both sides by its number, in `objects`:
    `describe(thing)` tells its kind and content, `make(number, kind, content)` makes what stands
    for it on the other side.
    """

    def __init__(self, sock, look=None, describe=None, make=None):
        self.sock, self.look, self.describe, self.make = sock, look, describe, make
        self.objects = {}
        self.room = MAX_ELEMENTS if look else math.inf
        self.left = MAX_RECEIVED if look else math.inf
        self.next_look = 0
        sock.settimeout(LOOK_SECONDS if look else None)
        if sock.type == socket.SOCK_STREAM and sock.family == socket.AF_INET:  # as on Windows
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else parts wait for acks

    def send(self, value):
        """Send a value; raise `ClosedError` if nobody is there."""
        header, arrays = encode(value, self._refer)
        size = sum(map(len, arrays))
        if len(header) > MAX_HEADER or (not self.look and size > 8 * MAX_ELEMENTS):
            raise WireError(f"a message of {len(header) + size:,} bytes, which is too large")
        for part in (LENGTHS.pack(len(header), size) + header, *arrays):
            part = memoryview(part)
            while part:
                part = part[self._wait(self.sock.send, part) :]

    def receive(self):
        """Wait for a value; raise `WireError`, or `ClosedError` if nobody is there."""
        header_size, size = LENGTHS.unpack(self._take(LENGTHS.size))
        if header_size > MAX_HEADER or size > 8 * self.room:
            raise WireError(f"a message of {header_size + size:,} bytes, which is too large")
        self.left -= WEIGHT * header_size + size
        if self.left < 0:
            raise WireError(f"more than {MAX_RECEIVED:,} bytes in all")
        header = self._take(header_size)
        return decode(bytes(header), self._take(size), self._find, self.room)

    def _refer(self, item):
        """Refer to what is no data by its number, with what it is the first time."""
        for number, thing in self.objects.items():
            if thing is item:
                return ["given", number]
        if self.describe is None:
            return ["opaque", type(item).__name__[:MAX_NAME]]
        number, about = len(self.objects), self.describe(item)
        self.objects[number] = item
        return ["give", number, *about]

    def _find(self, word, content):
        """Find what is referred to, or make it."""
        match word, content:
            case "given", [int(number)] if number in self.objects:
                return self.objects[number]
            case "give", [number, kind, about] if self.make:
                self.objects[number] = self.make(number, kind, about)
                return self.objects[number]
        raise WireError(f"a value of unknown kind {word!r:.50}")

    def _take(self, size):
        """Read as many bytes."""
        taken = memoryview(bytearray(size))
        place = 0
        while place < size:
            count = self._wait(self.sock.recv_into, taken[place:])
            if not count:
                raise ClosedError
            place += count
        return taken

    def _wait(self, operation, argument):
        """Do an operation of the socket when it can be done, and look around meanwhile."""
        while True:
            if self.look and time.monotonic() > self.next_look:
                self.look()
                self.next_look = time.monotonic() + LOOK_SECONDS
            try:
                return operation(argument)
            except TimeoutError:
                continue
            except OSError as error:
                raise ClosedError from error
