"""Do the submission's functions do what the loops do? Checked before the loops replace them.

Not checked are the steps between the first four and the last four.
"""

import contextlib
import io
import random

import numpy as np

from utils import ANNEAL_EVERY
from utils.corpus import Corpus

from .loops import draw_blocks

TOLERANCE = 1e-9  # of the largest element: smaller errors are rounding
SINGLE = 1e-4  # of the largest element: smaller errors are those of single precision


class DifferenceError(Exception):
    """The submission does not do what the loops do; the message says where they differ."""


def check_sgd(sgd, step, iterations):
    """Check every iterate of `sgd` on a problem of three numbers against the formula."""
    x0 = np.array([[0.1], [-0.7], [2.3]])
    wobble = np.random.RandomState(1).uniform(-1, 1, (iterations + 1, *x0.shape))
    grads = np.diff(wobble, axis=0) / step  # so that x stays near x0
    handed_out = grads.copy()  # sgd may change what f returns
    iterates = np.zeros(wobble.shape)
    calls, state = 0, random.getstate()

    def f(x):
        nonlocal calls
        calls += 1
        if calls > iterations:
            raise DifferenceError(f"sgd evaluates f more than {iterations:,} times")
        if np.shape(x) != x0.shape:
            raise DifferenceError(f"sgd evaluates f at an x of shape {np.shape(x)}, not {x0.shape}")
        iterates[calls - 1] = x
        return float(calls), handed_out[calls - 1]

    with contextlib.redirect_stdout(io.StringIO()):
        iterates[-1] = sgd(f, x0.copy(), step, iterations)
    if calls != iterations:
        raise DifferenceError(f"sgd evaluates f {calls:,} times in {iterations:,} iterations")
    if random.getstate() != state:
        raise DifferenceError("sgd draws random numbers")
    steps = step * 0.5 ** (np.arange(iterations) // ANNEAL_EVERY)
    expected = np.concatenate((x0[None], iterates[:-1] - steps[:, None, None] * grads))
    _compare(iterates, expected, "sgd's x after iteration {:,}", range(iterations + 1), 1e-12, 0)


def check_step(f, words, word_vectors, block, before, where):
    """Check draws, loss and gradient of a step that begins at the random state `before`."""
    handed_in, moved = word_vectors.copy(), word_vectors.copy()
    expected_loss = block.make_steps(moved, 1.0)
    if not np.isfinite(expected_loss).all():
        return  # training has broken, and will stop
    random.setstate(before)
    loss, grad = f(handed_in)
    if random.getstate() != block.state:
        raise DifferenceError(f"{where} other windows or samples are drawn")
    if not np.array_equal(handed_in, word_vectors):
        raise DifferenceError(f"{where} your functions change the word vectors they are given")
    expected, grad = np.subtract(word_vectors, moved, out=moved), np.asarray(grad)
    if grad.shape != expected.shape:
        raise DifferenceError(f"{where} the gradient has shape {grad.shape}")
    V, loss, rounding = len(words), np.array([loss]), 1e-13 * (1 + abs(word_vectors).max())
    _compare(loss, expected_loss, f"{where} the loss", words, rounding)
    for half, kind in ((slice(V), "center"), (slice(V, None), "outside")):
        what = f"{where} the gradient of the {kind} vector of {{!r}}"
        _compare(grad[half], expected[half], what, words, rounding)


@np.errstate(all="ignore")
def _compare(found, expected, what, names, rounding, tolerance=TOLERANCE):
    """Raise DifferenceError at the first number that differs; `what` says what a row holds."""
    largest = abs(expected).max()
    error = abs(found - expected)
    wrong = np.argwhere(~(error <= tolerance * largest + rounding))
    if not len(wrong):
        return
    if error.max() <= SINGLE * largest:
        what = what.partition(" of ")[0].partition(" after ")[0]
        raise DifferenceError(f"{what} is right in single precision only (float32)")
    at = tuple(wrong[0])
    what = what.format(names[at[0]])
    raise DifferenceError(f"{what} is {found[at]:.6g} where {expected[at]:.6g} is expected")


def check_edge_cases(loss_of, settings):
    """Check a step on edge cases: full windows, repeated words and samples, large scores."""
    m, K = settings.window, settings.negatives
    words = [f"word{i}" for i in range(max(m, K) + 3)]  # so many that K or m in a row can differ
    corpus = Corpus([words * 4, [words[i] for i in (0, 1, 0, 2)] * m] * 4, 9 * len(words))
    corpus.thinning = 1
    V, words = len(corpus.tokens()), list(corpus.tokens())
    vectors = np.random.RandomState(2).normal(size=(2 * V, settings.dim))
    vectors *= np.sqrt(8 / abs(vectors[:V] @ vectors[V:].T).max())
    arrays, before = (*corpus.corpus_arrays(), corpus.sample_table()), random.getstate()
    block = next(draw_blocks(arrays, settings, 0, before))
    check_step(loss_of(corpus), words, vectors, block, before, "in a step built from edge cases")
