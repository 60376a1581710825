"""Values and messages between the grader and a worker: a JSON header and raw array bytes.

Whoever reads trusts nothing that it reads: sizes, depth and kinds are limited, no object is built
from a message but plain data, and what breaks a rule raises `WireError`.
"""

import contextlib
import io
import json
import math
import os
import struct
import time
from dataclasses import dataclass

import numpy as np

DTYPES = {name: np.dtype(name) for name in ("float64", "float32", "int64", "bool")}
MAX_HEADER = 2**20  # bytes
MAX_ARRAYS = 64 * 2**20  # bytes, all arrays of a message together
MAX_AXES, MAX_LENGTH = 16, MAX_ARRAYS // 8  # of an array; its length is the product of its axes
MAX_DEPTH = 30
MAX_INT = 2**1000
LENGTHS = struct.Struct(">II")
# To be woken costs more than most answers take: where both sides have a processor, they look first.
LOOK_SECONDS = 3e-4 * (hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1)


class WireError(Exception):
    """What came is no message, or what should be sent is too large for one."""


class ClosedError(Exception):
    """The other side is gone."""


@dataclass(frozen=True)
class Opaque:
    """A value that is no data, such as a generator; only the name of its type is known."""

    type_name: str


def encode(value, refer, arrays, depth=0):
    """Turn a value into what JSON can hold.

    Parameters
    ----------
    value : object
        Numbers, strings, bytes, arrays, and lists, tuples, dicts of these; keys are strings.
    refer : callable
        Names any other object by a tag and a content that is data; None if it cannot.
    arrays : list of bytes
        Gets the bytes of arrays.
    depth : int
        How deep in lists this is.

    Returns
    -------
    object
        For `json.dumps`; what is neither data nor known to `refer` becomes the name of its type.
    """
    kind = type(value)
    if value is None or kind in (bool, str):
        return value
    if kind is int and abs(value) < MAX_INT:
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if kind is bytes:
        arrays.append(value)
        return {"bytes": len(value)}
    if isinstance(value, (np.ndarray, np.generic)):
        return _encode_array(value, arrays)
    if depth < MAX_DEPTH and isinstance(value, (list, tuple)):
        items = [encode(item, refer, arrays, depth + 1) for item in list(value)]
        return items if isinstance(value, list) else {"tuple": items}
    if depth < MAX_DEPTH and isinstance(value, dict) and all(type(key) is str for key in value):
        return {"dict": [[k, encode(v, refer, arrays, depth + 1)] for k, v in value.items()]}
    if (reference := refer(value)) is not None:
        tag, content = reference
        return {tag: encode(content, refer, arrays, depth + 1)}
    return {"opaque": kind.__name__[:100]}


def _encode_array(value, arrays):
    array = np.asarray(value)
    name = array.dtype.name
    if array.dtype.kind in "iu":
        name = "int64"
    elif array.dtype.kind == "f" and name != "float32":
        name = "float64"
    if name not in DTYPES or not _is_possible(array.shape):
        return {"opaque": f"array of {array.dtype.name}, shape {array.shape}"[:100]}
    arrays.append(np.ascontiguousarray(array, DTYPES[name]).tobytes())
    return {"array": [name, list(array.shape)]}


def _is_possible(shape):
    """Tell whether an array may have that shape; an axis of 0 must not hide others too long."""
    return len(shape) <= MAX_AXES and math.prod(max(n, 1) for n in shape) <= MAX_LENGTH


def decode(tree, resolve, arrays, depth=0):
    """Turn what `encode` gave back into a value.

    Parameters
    ----------
    tree : object
        From `json.loads`.
    resolve : callable
        resolve(tag, content) gives the object that a reference names, or raises `WireError`.
    arrays : io.BytesIO
        The bytes of all arrays, in order.
    depth : int
        How deep in lists this is.

    Returns
    -------
    object
        Plain data; every array is a fresh copy.

    Raises
    ------
    WireError
        If the tree is none that `encode` makes.
    """
    if depth > MAX_DEPTH + 1:
        raise WireError("lists that are nested too deeply")
    if isinstance(tree, list):
        return [decode(item, resolve, arrays, depth + 1) for item in tree]
    if not isinstance(tree, dict):
        return _decode_plain(tree)
    if len(tree) != 1:
        raise WireError("a value with no or several tags")
    ((tag, content),) = tree.items()
    if tag == "array":
        return _decode_array(content, arrays)
    if tag == "float" and content in ("nan", "inf", "-inf"):
        return float(content)
    if tag == "tuple" and isinstance(content, list):
        return tuple(decode(item, resolve, arrays, depth + 1) for item in content)
    if tag == "dict" and isinstance(content, list):
        return _decode_dict(content, resolve, arrays, depth)
    if tag == "bytes" and type(content) is int:
        return _take(arrays, content)
    if tag == "opaque" and isinstance(content, str):
        return Opaque(content[:100])
    return resolve(tag, decode(content, resolve, arrays, depth + 1))


def _decode_plain(value):
    if type(value) is int and abs(value) >= MAX_INT:
        raise WireError("an integer that is too large")
    if type(value) is float and not math.isfinite(value):
        raise WireError("a number that is not finite")
    return value


def _decode_dict(pairs, resolve, arrays, depth):
    result = {}
    for pair in pairs:
        # Keys of other types could be chosen with one hash, which makes a dict slow.
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise WireError("a dict that is none")
        result[pair[0]] = decode(pair[1], resolve, arrays, depth + 1)
    return result


def _decode_array(content, arrays):
    if not isinstance(content, list) or len(content) != 2:
        raise WireError("an array without kind and shape")
    name, shape = content
    if not isinstance(name, str) or name not in DTYPES or not isinstance(shape, list):
        raise WireError("an array of unknown kind")
    if not all(type(n) is int and n >= 0 for n in shape) or not _is_possible(shape):
        raise WireError("an array of impossible shape")
    data = _take(arrays, math.prod(shape) * DTYPES[name].itemsize)
    if name == "bool" and (np.frombuffer(data, np.uint8) > 1).any():
        raise WireError("a truth value that is neither true nor false")
    return np.frombuffer(data, DTYPES[name]).reshape(shape).copy()


def _take(arrays, size):
    data = arrays.read(size) if 0 <= size <= MAX_ARRAYS else b""
    if len(data) != size:
        raise WireError("an array with too few bytes")
    return data


class Channel:
    """Messages over a socket.

    Parameters
    ----------
    sock : socket.socket
        Connected to the other side.
    refer, resolve : callable
        As in `encode` and `decode`; may be set later.
    most : float
        Bytes that may come in all.
    """

    def __init__(self, sock, refer=lambda value: None, resolve=None, most=math.inf):
        self.sock = sock
        self.refer = refer
        self.resolve = resolve or _unknown
        self.most = most
        self.received = 0
        self.waiting = bytearray()  # read, not used yet

    def send(self, value, deadline=None):
        """Send a value; raise `ClosedError` if nobody is there, TimeoutError past the deadline."""
        arrays = []
        header = json.dumps(encode(value, self.refer, arrays)).encode()
        size = sum(map(len, arrays))
        if len(header) > MAX_HEADER or size > MAX_ARRAYS:
            raise WireError(f"a message of {len(header) + size:,} bytes, which is too large")
        self._set_time(deadline)
        try:
            self.sock.sendall(b"".join([LENGTHS.pack(len(header), size), header, *arrays]))
        except TimeoutError:
            raise
        except OSError as error:
            raise ClosedError from error

    def receive(self, deadline=None):
        """Wait for a value; raise `WireError`, `ClosedError`, or TimeoutError past the deadline."""
        self._set_time(deadline)  # also if the message is here already
        header_size, arrays_size = LENGTHS.unpack(self._read(LENGTHS.size, deadline))
        size = header_size + arrays_size
        self.received += size
        if header_size > MAX_HEADER or arrays_size > MAX_ARRAYS:
            raise WireError(f"a message of {size:,} bytes, which is too large")
        if self.received > self.most:
            raise WireError(f"more than {self.most:,} bytes in all")
        data = io.BytesIO(self._read(size, deadline))
        try:
            tree = json.loads(data.read(header_size).decode())
            value = decode(tree, self.resolve, data)
        except (ValueError, RecursionError) as error:
            raise WireError(f"no message: {error}") from error
        if data.read(1):
            raise WireError("a message with bytes left over")
        return value

    def _read(self, size, deadline):
        """Read as many bytes; what comes with them is kept for the next time."""
        while len(self.waiting) < size:
            try:
                data = self._read_some(deadline)
            except TimeoutError:
                raise
            except OSError as error:
                raise ClosedError from error
            if not data:
                raise ClosedError
            self.waiting += data
        data = bytes(self.waiting[:size])
        del self.waiting[:size]
        return data

    def _read_some(self, deadline):
        """Read what comes next; if it comes at once, as in most calls, without going to sleep."""
        self._set_time(deadline)
        timeout = self.sock.gettimeout()
        self.sock.setblocking(False)
        try:
            until = time.monotonic() + LOOK_SECONDS
            while time.monotonic() < until:
                with contextlib.suppress(BlockingIOError):
                    return self.sock.recv(2**16)
                os.sched_yield()
        finally:
            self.sock.settimeout(timeout)
        return self.sock.recv(2**16)

    def _set_time(self, deadline):
        """Let the next operation end at the deadline; past it not even ready data is read."""
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            try:
                self.sock.settimeout(left)
            except OSError as error:
                raise ClosedError from error

    def close(self):
        """Close the socket."""
        self.sock.close()


def _unknown(tag, content):
    raise WireError(f"a value of unknown kind {tag!r:.50}")
