"""Word vectors in word2vec's text format, which most tools read and write."""

import codecs
import re
from pathlib import Path

import numpy as np

from .utils import InputError

LARGEST = 1e100  # such numbers can be squared and summed up


def to_word2vec_text(vectors):
    """Write word vectors in word2vec's text format, to the last digit of their numbers.

    The first line holds how many vectors there are and their length, each other line a word and
    its vector, parted by blanks.

    Parameters
    ----------
    vectors : dict of str to sequence of float
        Vector of each word.

    Returns
    -------
    str
        The lines.

    Examples
    --------
    >>> print(to_word2vec_text({"tea": [0.1, -2.0]}), end="")
    1 2
    tea 0.1 -2.0
    """
    dim = len(next(iter(vectors.values())))
    lines = [
        f"{word} {' '.join(map(repr, map(float, vector)))}" for word, vector in vectors.items()
    ]
    return "\n".join([f"{len(vectors)} {dim}", *lines, ""])


def read_word2vec_text(path, words):
    """Read the vectors of some words from a file in word2vec's text format.

    Parameters
    ----------
    path : str or Path
        The file. Where a word stands twice, the first counts.
    words : collection of str
        Words to look for; others are passed over, so that a large file takes little memory.

    Returns
    -------
    dict of str to ndarray of float, shape (d,)
        Vector of each word that was found.

    Raises
    ------
    InputError
        If the file cannot be read, has none of the words, or is malformed; then the message names
        the line.
    """
    path, vectors = Path(path), {}
    try:
        with path.open("rb") as file:
            count, dim = _header(path, file.readline().removeprefix(codecs.BOM_UTF8))
            number = 1
            for number, line in enumerate(file, 2):
                if number == count + 2 and not line.strip() and not file.read(1):
                    number -= 1  # an empty line at the end
                    break
                word, *numbers = _fields(path, number, line)
                if len(numbers) != dim:
                    raise _malformed(path, number, f"a word and {dim} numbers", line)
                if word in words and word not in vectors:
                    vectors[word] = _vector(path, number, numbers)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Pass --vectors FILE.") from None
    if number - 1 != count:
        raise InputError(
            f"{path}, line {number}: the file ends after {number - 1} vectors, but line 1 tells of "
            f"{count}: it is cut off, or two were joined. Make it anew."
        )
    if not vectors:
        raise InputError(f"{path} has no vector of any word of the treebank. Pass --vectors FILE.")
    return vectors


def _header(path, line):
    fields = _fields(path, 1, line)
    if len(fields) != 2 or not all(re.fullmatch("[0-9]{1,12}", field) for field in fields):
        raise _malformed(path, 1, "a header, the number of vectors and their length", line)
    count, dim = map(int, fields)
    if not count or not dim:
        raise _malformed(path, 1, "at least one vector of at least one number", line)
    return count, dim


def _fields(path, number, line):
    """Split a line at its blanks; a word may hold any other white space."""
    try:
        return line.decode("utf-8").rstrip(" \r\n").split(" ")
    except UnicodeDecodeError:
        raise _malformed(
            path, number, "text in UTF-8 (not word2vec's binary format)", line
        ) from None


def _vector(path, number, numbers):
    for text in numbers:
        try:
            usual = abs(float(text)) <= LARGEST and text.isascii() and "_" not in text
        except ValueError:
            usual = False
        if not usual:
            raise _malformed(path, number, "finite numbers up to 1e100", text.encode())
    return np.array(numbers, float)


def _malformed(path, number, expected, found):
    text = found.decode("utf-8", "replace").rstrip("\r\n")
    text = text if len(text) <= 50 else f"{text[:47]}..."
    return InputError(f"{path}, line {number}: expected {expected}, found {text!r}.")
