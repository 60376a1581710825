"""What the treebank draws from: the subsampled corpus, the table of negative samples."""

import random
from contextlib import contextmanager

import numpy as np


@contextmanager
def python_random_stream():
    """Lend the stream of Python's ``random`` to NumPy, and take it back where NumPy left it.

    Both are the same Mersenne Twister, so ``stream.random_sample(n)`` gives the very numbers of n
    calls of ``random.random()``.

    Yields
    ------
    numpy.random.RandomState
        The stream. Python's ``random`` must not be used before the block ends.

    Examples
    --------
    >>> random.seed(1)
    >>> with python_random_stream() as stream:
    ...     one, two = stream.random_sample(2)
    >>> random.seed(1)
    >>> (one, two) == (random.random(), random.random())
    True
    """
    version, (*key, position), gauss_next = random.getstate()
    twister = np.random.MT19937()
    twister.state = {
        "bit_generator": "MT19937",
        "state": {"key": np.array(key, np.uint32), "pos": position},
    }
    yield np.random.RandomState(twister)
    state = twister.state["state"]
    random.setstate((version, (*state["key"].tolist(), state["pos"]), gauss_next))


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
    with python_random_stream() as stream:
        for row in stays:
            row[at_risk] = stream.random_sample(len(at_risk)) >= reject

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
