"""What the given parts of the assignment do, by plain loops: negative sampling, the wrapper."""

import contextlib
import math
import random

import numpy as np

from utils import BATCH_SIZE


@contextlib.contextmanager
def drawing(seed):
    """Draw from Python's random numbers as a call of the submission with this seed did."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def negative_samples(outside_word_idx, dataset, K):
    """Draw K words that are not the outside word."""
    words = []
    while len(words) < K:
        word = dataset.sample_token_idx()
        if word != outside_word_idx:
            words.append(word)
    return words


def neg_sampling(pair, negatives, once=False):
    """Give the negative sampling loss of a pair, and its gradients.

    Parameters
    ----------
    pair : cases.Pair
        The pair.
    negatives : list of int
        The words drawn.
    once : bool
        Count a word drawn twice only once: a known mistake.

    Returns
    -------
    tuple of (float, ndarray, ndarray)
        Loss, gradient of the center vector, gradient of the outside vectors.
    """
    v, o, U = pair.arguments
    loss, grad_v, grad_U = 0.0, np.zeros(v.shape), np.zeros(U.shape)
    signs = [(o, 1), *((k, -1) for k in (dict.fromkeys(negatives) if once else negatives))]
    for word, sign in signs:
        score = float(U[word] @ v)
        loss += math.log1p(math.exp(-sign * score))
        error = -sign / (1 + math.exp(sign * score))
        grad_v += error * U[word]
        grad_U[word] += error * v
    return loss, grad_v, grad_U


def windows(dataset, window_size):
    """Draw the windows of one step: sizes, center words, outside words."""
    drawn = []
    for _ in range(BATCH_SIZE):
        size = random.randint(1, window_size)
        center, outside = dataset.get_random_context(size)
        drawn.append((center, size, outside))
    return drawn
