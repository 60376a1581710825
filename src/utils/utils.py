"""Small helpers: softmax, unit vectors, JSON, files read line by line and written whole."""

import contextlib
import gzip
import json
import os
import zlib
from pathlib import Path

import numpy as np


class InputError(ValueError):
    """Something that the user gave is wrong; the message says what, where and what to do."""

    def _render_traceback_(self):
        """Give what IPython and notebooks show of it: the message alone."""
        return [f"{type(self).__name__}: {self}"]


class SubmissionError(ValueError):
    """The submission is wrong in a way that ends the program; the message says how."""

    _render_traceback_ = InputError._render_traceback_

    @classmethod
    def of(cls, function, found, expected):
        """Make the error of a function that returns something other than expected."""
        return cls(f"{function} returns {shown(found)}, expected {expected}")


def shown(found):
    """Show a value in a message: one line, a long one without most of it."""
    text = " ".join(repr(found).split())
    return text if len(text) <= 50 else f"{text[:46]}...{text[-1]}"


def softmax(x):
    """Turn scores into probabilities: softmax(x)_i = exp(x_i) / sum_j exp(x_j).

    Parameters
    ----------
    x : ndarray of float, shape (n,) or (m, n)
        Scores; each row of a matrix is taken by itself.

    Returns
    -------
    ndarray of float, shape of `x`
        Probabilities; each row sums to 1.

    Examples
    --------
    >>> softmax(np.array([[1001.0, 1002.0], [3.0, 4.0]])).round(4)
    array([[0.2689, 0.7311],
           [0.2689, 0.7311]])
    """
    exp = np.exp(x - np.max(x, axis=-1, keepdims=True))  # the highest score becomes exp(0)
    return exp / exp.sum(axis=-1, keepdims=True)


def normalize_rows(x):
    """Scale each row to unit length; a zero row stays zero.

    Parameters
    ----------
    x : ndarray of float, shape (m, n)
        Vectors, one a row.

    Returns
    -------
    ndarray of float, shape (m, n)
        The rows divided by their Euclidean lengths.

    Examples
    --------
    >>> normalize_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def dump(obj, path):
    """Save an object as JSON; its numbers must be finite.

    Parameters
    ----------
    obj : object
        Lists, dicts, strings, numbers.
    path : str or Path
        File to make or replace.
    """
    write_files({path: to_json(obj)})


def load(path):
    """Load an object from JSON; InputError if the file is missing or not JSON.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    object
        Lists, dicts, strings, numbers.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}.") from error


def to_json(obj):
    """Write an object as one line of JSON, its numbers at full precision."""
    return json.dumps(obj, ensure_ascii=False, allow_nan=False) + "\n"


def write_files(contents):
    """Write a dict of path to content whole: none is replaced before all are on disk."""
    temporary = {Path(path): Path(f"{path}.tmp") for path in contents}
    try:
        for path, content in zip(temporary, contents.values(), strict=True):
            data = content.encode() if isinstance(content, str) else content
            temporary[path].write_bytes(data)
        for path in temporary:
            os.replace(temporary[path], path)
    except OSError as error:
        remedy = "Make room for it, or write elsewhere."
        if isinstance(error, PermissionError):
            remedy = "Close what has it open, allow writing there, or write elsewhere."
        raise InputError(
            f"{path.absolute()} cannot be written: {error.strerror}. {remedy}"
        ) from error
    finally:
        for leftover in temporary.values():
            with contextlib.suppress(OSError):
                leftover.unlink()


def read_lines(path, remedy):
    """Yield the lines of a file as bytes, unpacked if compressed by gzip."""
    number = 0
    try:
        with open(path, "rb") as file:
            compressed = file.peek(2)[:2] == b"\x1f\x8b"
            for line in gzip.GzipFile(fileobj=file) if compressed else file:
                number += 1
                yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path} is damaged after line {number}: {error}. Get a new copy."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: no name that a file can have
        reason = getattr(error, "strerror", error)
        raise InputError(f"{path} cannot be read: {reason}. {remedy}") from None


def read_text(path, remedy):
    """Yield the lines of a file as text in UTF-8; an error names the line."""
    for number, line in enumerate(read_lines(path, remedy), 1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{path}, line {number}: expected text in UTF-8, found the byte "
                f"0x{error.object[error.start]:02x}. {remedy}"
            ) from None
