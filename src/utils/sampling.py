"""Draws by the array: Python's random stream, the subsampled corpus, the table of negatives."""

import random

import numpy as np


class PythonStream:
    """The stream of Python's ``random``, for NumPy to draw from by the array.

    Both are the same Mersenne Twister: ``stream.uniforms(n)`` gives the very numbers of n calls of
    ``random.random()``, and ``stream.words(n)`` the 32-bit words that all its draws are made of.
    Python's ``random`` stays where it was until it is told to `advance`.

    Examples
    --------
    >>> random.seed(1)
    >>> one, two = PythonStream().uniforms(2)
    >>> (one, two) == (random.random(), random.random())
    True
    """

    def __init__(self):
        self._version, (*self._key, self._position), self._gauss_next = random.getstate()
        self._bits = self._twister()

    def _twister(self):
        twister = np.random.MT19937()
        twister.state = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(self._key, np.uint32), "pos": self._position},
        }
        return twister

    def uniforms(self, n):
        """Draw numbers in [0, 1), two words each.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        ndarray of float, shape (n,)
            The numbers.
        """
        return np.random.RandomState(self._bits).random_sample(n)

    def words(self, n):
        """Draw words of 32 random bits.

        Parameters
        ----------
        n : int
            How many.

        Returns
        -------
        ndarray of uint32, shape (n,)
            The words.
        """
        return np.random.Generator(self._bits).integers(0, 2**32, n, dtype=np.uint32)

    def advance(self, n):
        """Let Python's ``random`` go on behind the first n words drawn.

        Parameters
        ----------
        n : int
            How many words count as drawn.
        """
        twister = self._twister()
        twister.random_raw(n, output=False)
        state = twister.state["state"]
        random.setstate((self._version, (*state["key"].tolist(), state["pos"]), self._gauss_next))


def subsample(word_ids, lengths, reject_prob, repeat):
    """Go through a text several times and drop frequent words at random.

    Each word whose probability r of being dropped is above 0 draws one ``random.random()`` and
    stays if that is at least r; other words stay without a draw. Sentences left with fewer than
    two words are left out.

    Parameters
    ----------
    word_ids : ndarray of int, shape (N,)
        The words of all sentences, one after the other.
    lengths : ndarray of int, shape (number of sentences,)
        Number of words of each sentence, at least 1.
    reject_prob : ndarray of float, shape (V,)
        Probability r of each word.
    repeat : int
        How many times to go through the text.

    Returns
    -------
    word_ids : ndarray of int, shape (M,)
        The words that stay.
    starts : ndarray of int, shape (S + 1,)
        Sentence s is ``word_ids[starts[s]:starts[s + 1]]``.
    """
    starts = np.cumsum(lengths) - lengths
    reject = reject_prob[word_ids]
    at_risk = np.flatnonzero(reject > 0)
    reject = reject[at_risk]
    stays = np.ones((repeat, len(word_ids)), bool)
    stream = PythonStream()
    for row in stays:
        row[at_risk] = stream.uniforms(len(at_risk)) >= reject
    stream.advance(2 * repeat * len(at_risk))

    left = np.add.reduceat(stays, starts, axis=1, dtype=int)  # words left of each sentence
    stays &= np.repeat(left > 1, lengths, axis=1)
    return (
        np.tile(word_ids, repeat)[stays.ravel()],
        np.concatenate(([0], np.cumsum(left[left > 1]))),
    )


def negative_table(frequency, size):
    """Make a table in which each word stands in proportion to its frequency to the power 0.75.

    Parameters
    ----------
    frequency : ndarray of int, shape (V,)
        How often each word occurs.
    size : int
        Number of entries.

    Returns
    -------
    ndarray of int32, shape (size,)
        Word indices: entry i is the first word at which the shares, summed up and multiplied by
        `size`, reach i.
    """
    share = frequency**0.75
    reached = np.cumsum(share / share.sum()) * size
    return np.searchsorted(reached, np.arange(size)).astype(np.int32)
