"""Small helpers: softmax, unit vectors, JSON files, files written whole."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np


class InputError(ValueError):
    """Something that the user gave is wrong; the message says what, where and what to do."""

    def _render_traceback_(self):
        """Give what IPython and notebooks show of it: the message alone."""
        return [f"{type(self).__name__}: {self}"]


class SubmissionError(ValueError):
    """The submission is wrong in a way that ends the program; the message says in which."""

    _render_traceback_ = InputError._render_traceback_

    @classmethod
    def of(cls, function, found, expected):
        """Make the error of a function that returns something else than what is expected."""
        return cls(f"{function} returns {shown(found)}, expected {expected}")


def shown(found):
    """Show a value in a message.

    Parameters
    ----------
    found : object
        What was found instead of what is expected.

    Returns
    -------
    str
        The beginning of its `repr`, in one line.
    """
    return " ".join(repr(found).split())[:50]


def softmax(x):
    """Turn scores into probabilities: softmax(x)_i = exp(x_i) / sum_j exp(x_j).

    Parameters
    ----------
    x : ndarray of float, shape (n,) or (m, n)
        Scores; each row of a matrix is one set of them.

    Returns
    -------
    ndarray of float, shape of `x`
        Probabilities, each row summing to 1.

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
        The rows over their Euclidean lengths.

    Examples
    --------
    >>> normalize_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def write_files(contents):
    """Write files whole: a reader finds the old content or the new, never a part.

    Parameters
    ----------
    contents : dict of (str or Path) to (str or bytes)
        What each file, to be made or replaced, shall hold; text is written as UTF-8.

    Raises
    ------
    InputError
        If one cannot be written. None is replaced before all are on disk under another name.
    """
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


def dump(obj, path):
    """Save an object as JSON.

    Parameters
    ----------
    obj : object
        Lists, dicts, strings, finite numbers.
    path : str or Path
        File to make or replace.
    """
    write_files({path: to_json(obj)})


def to_json(obj):
    """Write an object as JSON, to the last digit of its numbers.

    Parameters
    ----------
    obj : object
        Lists, dicts, strings, finite numbers.

    Returns
    -------
    str
        One line.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    return json.dumps(obj, ensure_ascii=False, allow_nan=False) + "\n"


def load(path):
    """Load an object from JSON.

    Parameters
    ----------
    path : str or Path
        File to read.

    Returns
    -------
    object
        Lists, dicts, strings, numbers.

    Raises
    ------
    InputError
        If the file is not there, or is no JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{path} is no valid JSON: {error}.") from error
