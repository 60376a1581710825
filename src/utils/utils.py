"""Small helpers: softmax, unit vectors, JSON files, files written whole."""

import contextlib
import json
import os
from pathlib import Path

import numpy as np


class InputError(ValueError):
    """Something that the user gave is wrong; the message says what, where and what to do."""


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


def write_whole(path, content):
    """Write a file all at once: a reader finds the old content or the new, never a part.

    Parameters
    ----------
    path : str or Path
        File to make or replace.
    content : str or bytes
        What it shall hold; text is written as UTF-8.

    Raises
    ------
    InputError
        If the file cannot be written; one that was there is unchanged.
    """
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise InputError(
            f"{path.absolute()} cannot be written: {error.strerror}. "
            "Make room for it, or name another folder."
        ) from error


def dump(obj, path):
    """Save an object as JSON.

    Parameters
    ----------
    obj : object
        Lists, dicts, strings, finite numbers.
    path : str or Path
        File to make or replace.
    """
    write_whole(path, json.dumps(obj, ensure_ascii=False, allow_nan=False) + "\n")


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


def dump_vectors(vectors, path):
    """Save word vectors in word2vec's text format, every number to its last digit.

    The first line holds how many vectors there are and their length, each other line a word and
    its vector, parted by blanks.

    Parameters
    ----------
    vectors : dict of str to list of float
        Vector of each word.
    path : str or Path
        File to make or replace.
    """
    dim = len(next(iter(vectors.values())))
    lines = [f"{word} {' '.join(map(repr, vector))}" for word, vector in vectors.items()]
    write_whole(path, "\n".join([f"{len(vectors)} {dim}", *lines, ""]))
