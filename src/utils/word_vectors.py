"""Word vectors: what training gives, and files of them."""

import codecs
import difflib
import itertools
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .utils import InputError, normalize_rows, read_lines, shown, write_files

# The words that the handout's picture shows.
PLOTTED_WORDS = (
    "great cool brilliant wonderful well amazing worth sweet enjoyable boring bad dumb annoying "
    "female male queen king man woman rain snow hail coffee tea"
).split()

CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")  # no text has them
LARGEST = 1e100  # such numbers can be squared and summed up
ARCHIVES = b"PK\x03\x04", b"BZh", b"\xfd7zX", b"7z\xbc\xaf"  # how they begin


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Word vectors, as `training.train` gives them; ``vectors["tea"]`` is the vector of a word.

    Attributes
    ----------
    words : list of str
        The vocabulary: words in order of first appearance, "UNK" last.
    vectors : ndarray of float, shape (V, d)
        Center vectors, a row for each word: the word vectors that are used afterwards.
    outside_vectors : ndarray of float, shape (V, d)
        Outside vectors.
    frequency : ndarray of int, shape (V,)
        How often each word occurs in the text.
    loss : float or None
        Smoothed loss at the end of training; None if it was too short.

    Examples
    --------
    >>> x, zero = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), np.zeros((3, 2))
    >>> trained = WordVectors(["tea", "coffee", "UNK"], x, zero, np.array([2, 3, 1]), 9.8)
    >>> trained
    <WordVectors: 3 words, dim 2, loss 9.800>
    >>> trained["tea"], trained.neighbors("tea", 1)
    (array([1., 0.]), [('coffee', 0.9938...)])
    """

    words: list
    vectors: np.ndarray
    outside_vectors: np.ndarray
    frequency: np.ndarray
    loss: float | None

    def __repr__(self):
        loss = "" if self.loss is None else f", loss {self.loss:.3f}"
        return f"<WordVectors: {len(self.words):,} words, dim {self.vectors.shape[1]}{loss}>"

    def __contains__(self, word):
        return word in self._index

    def __iter__(self):
        return iter(self.words)

    def __len__(self):
        return len(self.words)

    def __getitem__(self, word):
        if word not in self._index:
            like = difflib.get_close_matches(str(word), self.words, 3)
            hint = f" Did you mean {' or '.join(map(repr, like))}?" if like else ""
            raise KeyError(f"{word!r} is not a word of the text.{hint}")
        return self.vectors[self._index[word]].copy()

    def neighbors(self, word, count=10, min_frequency=1):
        """Find the words whose vectors point most nearly where a word's vector does.

        Parameters
        ----------
        word : str or ndarray of float, shape (d,)
            The word, which is left out, or any vector, such as ``v["king"] - v["man"]``. KeyError
            if the text does not have the word, InputError if it is neither.
        count : int, default 10
            How many neighbors.
        min_frequency : int, default 1
            Leave out words that the text has less often: their vectors hardly moved.

        Returns
        -------
        list of (str, float)
            The nearest first, each with the cosine between it and the word.
        """
        vector = self[word] if isinstance(word, str) else np.asarray(word)
        if vector.shape != self.vectors.shape[1:]:
            expected = f"a word, or a vector of {self.vectors.shape[1]} numbers"
            raise InputError(f"neighbors takes {expected}, not {shown(word)}.")
        cosine = self._directions @ normalize_rows(vector[None])[0]
        cosine[self.frequency < min_frequency] = -np.inf
        cosine[-1] = -np.inf  # "UNK", which is no word
        if isinstance(word, str):
            cosine[self._index[word]] = -np.inf
        nearest = np.argsort(-cosine, kind="stable")[: max(count, 0)]
        return [(self.words[i], float(cosine[i])) for i in nearest if cosine[i] > -np.inf]

    def save(self, path):
        """Save the vectors in word2vec's text format, the most frequent words first, "UNK" last.

        ``gensim.models.KeyedVectors.load_word2vec_format(path)`` reads it, as do most tools.

        Parameters
        ----------
        path : str or Path
            File to make or replace; InputError if it cannot be written.
        """
        write_files({path: self.to_text()})

    def to_text(self):
        """Write what `save` saves."""
        order = [*np.argsort(-self.frequency[:-1], kind="stable"), len(self.words) - 1]
        vectors = self.vectors.tolist()
        return to_word2vec_text({self.words[i]: vectors[i] for i in order})

    @cached_property
    def _index(self):
        return {word: i for i, word in enumerate(self.words)}

    @cached_property
    def _directions(self):
        return normalize_rows(self.vectors)


def to_word2vec_text(vectors):
    r"""Write a dict of vectors as text: their number and length, then a line for each word.

    >>> to_word2vec_text({"tea": [0.1, -2.0]})
    '1 2\ntea 0.1 -2.0\n'
    """
    dim = len(next(iter(vectors.values())))
    lines = [
        f"{word} {' '.join(map(repr, map(float, vector)))}" for word, vector in vectors.items()
    ]
    return "\n".join([f"{len(vectors)} {dim}", *lines, ""])


def read_word_vectors(path, words):
    """Read the vectors of some words from a file of text: word2vec's format, GloVe's, fastText's.

    A line holds a word and its vector, separated by blanks; the word may hold blanks itself. A
    first line with the number of vectors and their length may be there or not.

    Parameters
    ----------
    path : str or Path
        The file, compressed (.gz) or not. Where a word stands twice, the first counts.
    words : collection of str
        Words to look for; others are passed over, so that a large file takes little memory. A
        word that the file has only with capitals, as names often are, gets that vector.

    Returns
    -------
    dict of str to ndarray of float, shape (d,)
        Vector of each word that was found.

    Raises
    ------
    InputError
        If the file cannot be read, or is malformed; then the message names the line.
    """
    lines = read_lines(path, "Pass another file.")
    first = next(lines, b"").removeprefix(codecs.BOM_UTF8)
    if first.startswith(ARCHIVES):
        raise InputError(f"{path} is an archive. Unpack it, and pass the file that was in it.")
    if CONTROLS.search(first):
        raise _malformed(path, 1, "text", first)
    count, dim = _shape(path, first)
    header = 0 if count is None else 1
    vectors, capitals, rows, empty = {}, {}, 0, None
    for number, line in enumerate(lines if header else itertools.chain([first], lines), 1 + header):
        if not line.strip():
            empty = empty or number
            continue
        word, *numbers = line.strip().rsplit(None, dim)
        surplus = word.split()[1:]  # a part of the word, or a number too many
        if empty or len(numbers) != dim or (surplus and _number(surplus[-1]) is not None):
            found = b"" if empty else line
            raise _malformed(path, empty or number, f"a word and {dim} numbers", found)
        rows += 1
        word = word.decode("utf-8", "replace")
        found, word = (vectors, word) if word in words else (capitals, word.lower())
        if word in words and word not in found:
            found[word] = _vector(path, number, numbers)
    if header and rows != count:
        raise InputError(
            f"{path}, line {1 + rows}: the file ends after {rows} vectors, but line 1 promises "
            f"{count}: it is cut off, or two were joined. Get a new copy."
        )
    return capitals | vectors


def _shape(path, first):
    """Tell the number of vectors, None if the first line does not, and their length."""
    fields = first.split()
    if len(fields) == 2 and all(re.fullmatch(b"[0-9]{1,12}", field) for field in fields):
        count, dim = map(int, fields)
        if not count or not dim:
            raise _malformed(path, 1, "at least one vector of at least one number", first)
        return count, dim
    numbers = itertools.takewhile(lambda text: _number(text) is not None, fields[:0:-1])
    dim = len(list(numbers))
    if not dim:
        raise _malformed(path, 1, "a word and its vector, or how many vectors how long", first)
    return None, dim


def _number(text):
    """Give the number that a text is, None if it is none."""
    try:
        return float(text) if text.isascii() and b"_" not in text else None
    except ValueError:
        return None


def _vector(path, number, texts):
    vector = []
    for text in texts:
        vector.append(_number(text))
        if vector[-1] is None or not abs(vector[-1]) <= LARGEST:
            raise _malformed(path, number, "finite numbers up to 1e100", text)
    return np.array(vector)


def _malformed(path, number, expected, found):
    """Make the error of a malformed line; where the file is not text at all, say so instead."""
    if CONTROLS.search(found):
        return InputError(
            f"{path} is not text in UTF-8. If it is in word2vec's binary format, let gensim make "
            "text of it: KeyedVectors.load_word2vec_format(path, binary=True)"
            ".save_word2vec_format('vectors.txt')."
        )
    text = shown(found.decode("utf-8", "replace").rstrip("\r\n"))
    return InputError(f"{path}, line {number}: expected {expected}, found {text}.")
