"""Do the submission's functions do what the loops do? Checked before loops stand in for them."""

import contextlib
import io
import random

import numpy as np

from utils import ANNEAL_EVERY
from utils.corpus import Corpus

from .loops import draw_blocks
from .train import _expect_x

TOLERANCE = 1e-9  # of the largest element
SINGLE = 1e-4  # what differs less than this is right, but in single precision


class DifferenceError(Exception):
    """The submission does not do what the loops do; the message says where they differ."""


def check_sgd(sgd, step, iterations):
    """Check every iterate of `sgd` on a problem of three numbers against the formula."""
    x0 = np.array([[0.1], [-0.7], [2.3]])
    grads = np.random.RandomState(1).uniform(-1, 1, (iterations, *x0.shape)) / step
    given, path = grads.copy(), np.zeros((iterations + 1, *x0.shape))  # sgd may change given
    calls, state = 0, random.getstate()

    def f(x):
        nonlocal calls
        if calls == iterations:
            raise DifferenceError(f"sgd evaluates f more than {iterations:,} times")
        if np.shape(x) != x0.shape:
            raise DifferenceError(f"sgd evaluates f at an x of shape {np.shape(x)}, not {x0.shape}")
        path[calls] = x
        calls += 1
        return float(calls), given[calls - 1]

    with contextlib.redirect_stdout(io.StringIO()):
        x = sgd(f, x0.copy(), step, iterations)
    path[-1] = _expect_x(x, x0.shape)
    if calls < iterations:
        raise DifferenceError(f"sgd evaluates f {calls:,} times in {iterations:,} iterations")
    if random.getstate() != state:
        raise DifferenceError("sgd draws random numbers")
    steps = step * 0.5 ** (np.arange(iterations) // ANNEAL_EVERY)
    expected = np.concatenate((x0[None], path[:-1] - steps[:, None, None] * grads))
    error = abs(path - expected).max(axis=(1, 2))
    for iteration in np.flatnonzero(~(error <= 1e-12))[:1]:
        if error[iteration] <= SINGLE:
            raise DifferenceError("sgd's x is right in single precision only (float32)")
        raise DifferenceError(
            f"sgd's x after iteration {iteration:,} is {path[iteration].ravel().round(6)}, "
            f"expected {expected[iteration].ravel().round(6)}"
        )


def check_step(f, words, word_vectors, block, before, where):
    """Check draws, loss and gradient of a step, which begins at the random state `before`."""
    given, moved = word_vectors.copy(), word_vectors.copy()
    random.setstate(before)
    loss, grad = f(given)
    if not np.array_equal(given, word_vectors):
        raise DifferenceError(f"{where} your functions change the word vectors they are given")
    expected_loss = block.make_steps(moved, 1.0)
    expected, V = word_vectors - moved, len(words)
    if np.shape(grad) != expected.shape:
        raise DifferenceError(f"{where} the gradient has shape {np.shape(grad)}")
    _compare(np.reshape(loss, -1), expected_loss, f"{where} the loss")
    _compare(grad[:V], expected[:V], f"{where} the gradient of the center vector of ", words)
    _compare(grad[V:], expected[V:], f"{where} the gradient of the outside vector of ", words)
    if random.getstate() != block.state:
        raise DifferenceError(f"{where} other windows are drawn")


def _compare(found, expected, what, words=None):
    if found.shape != expected.shape:
        raise DifferenceError(f"{what} has shape {found.shape}")
    largest = abs(expected).max()
    error = abs(found - expected)
    if (error <= TOLERANCE * largest + 1e-15).all():
        return
    worst = np.unravel_index(np.nanargmax(np.where(np.isnan(error), np.inf, error)), error.shape)
    if words:
        what += repr(words[worst[0]])
    if error[worst] <= SINGLE * largest:
        raise DifferenceError(f"{what} is right in single precision only (float32)")
    raise DifferenceError(f"{what} has {found[worst]:.6g} where {expected[worst]:.6g} is expected")


def check_rare_cases(loss_of, settings):
    """Check a step on a made text: full windows, repeated words and samples, large scores."""
    m, K, state = settings.window, settings.negatives, random.getstate()
    words = [f"word{i}" for i in range(max(m, K) + 3)]  # so many that K or m in a row can differ
    corpus = Corpus([words * 4, [words[i] for i in (0, 1, 0, 2)] * m] * 4, 9 * len(words))
    corpus.thinning = 1
    V, words = len(corpus.tokens()), list(corpus.tokens())
    vectors = np.random.RandomState(2).normal(size=(2 * V, settings.dim))
    vectors *= np.sqrt(8 / abs(vectors[:V] @ vectors[V:].T).max())
    arrays, before = (*corpus.corpus_arrays(), corpus.sample_table()), random.getstate()
    block = next(draw_blocks(arrays, settings, 0, before))
    check_step(loss_of(corpus), words, vectors, block, before, "in a step of rare cases")
    random.setstate(state)
