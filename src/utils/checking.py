"""Do a submission's functions do what the arrays do? Checked before arrays stand in for them."""

import contextlib
import io
import random

import numpy as np

from .arrays import step_by_arrays
from .windows import Windows

TOLERANCE = 1e-9  # of the largest element
SINGLE = 1e-4  # what differs less than this is right, but in single precision
ANNEAL_EVERY = 20_000


class DifferenceError(Exception):
    """The submission does not do what the arrays do; the message says where they differ."""


def check_sgd(sgd, step, iterations):
    """Check every iterate of `sgd` on a problem of three numbers against the formula.

    Parameters
    ----------
    sgd : callable
        The submission's.
    step : float
        Step size.
    iterations : int
        Number of iterations.

    Raises
    ------
    DifferenceError
        If an iterate is another than ``x - step * grad``, the step halved every 20,000 iterations.
    """
    x0 = np.array([[0.1], [-0.7], [2.3]])
    wobble = np.random.RandomState(1).uniform(-1, 1, (iterations, 3, 1))
    path, grads = np.zeros((iterations + 1, 3, 1)), np.zeros((iterations, 3, 1))
    calls, state = 0, random.getstate()

    def f(x):
        nonlocal calls
        if calls == iterations:
            raise DifferenceError(f"sgd evaluates f more than {iterations:,} times")
        path[calls] = x
        grads[calls] = (0.1 * (path[calls] - 1) + wobble[calls]) / step
        calls += 1
        return float(calls), grads[calls - 1].copy()

    with contextlib.redirect_stdout(io.StringIO()):
        x = sgd(f, x0.copy(), step, iterations)
    if calls < iterations:
        raise DifferenceError(f"sgd evaluates f {calls:,} times in {iterations:,} iterations")
    if random.getstate() != state:
        raise DifferenceError("sgd draws random numbers")
    if np.shape(x) != x0.shape:
        raise DifferenceError(f"sgd returns shape {np.shape(x)} for an x0 of {x0.shape}")
    path[-1] = x
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


def check_step(f, words, word_vectors, windows, where):
    """Check loss and gradient of a step against the arrays.

    Parameters
    ----------
    f : callable
        The submission's loss and gradient at word vectors.
    words : list of str
        The vocabulary.
    word_vectors : ndarray of float, shape (2V, d)
        Where; not changed.
    windows : Windows
        The windows that f draws from where Python's ``random`` stands.
    where : str
        Which step it is, for the message.

    Raises
    ------
    DifferenceError
        If loss or gradient differ, or f changes the word vectors.
    """
    given, moved = word_vectors.copy(), word_vectors.copy()
    loss, grad = f(given)
    if not np.array_equal(given, word_vectors):
        raise DifferenceError(f"{where} your functions change the word vectors they are given")
    with np.errstate(over="ignore"):
        expected_loss = step_by_arrays(moved, windows, step=1.0, with_loss=True)
    expected, V = word_vectors - moved, len(words)
    if np.shape(grad) != expected.shape:
        raise DifferenceError(f"{where} the gradient has shape {np.shape(grad)}")
    _compare(np.reshape(loss, -1), np.array([expected_loss]), f"{where} the loss")
    _compare(grad[:V], expected[:V], f"{where} the gradient of the center vector of ", words)
    _compare(grad[V:], expected[V:], f"{where} the gradient of the outside vector of ", words)


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


class MadeDataset:
    """Gives windows and negative samples that were made beforehand, rare cases among them.

    Words repeat within a window and among negative samples, some draws hit the outside word and
    must be drawn again, some windows are full.

    Parameters
    ----------
    window : int
        Largest window size.
    negatives : int
        Number K of negative samples for an outside word.
    """

    def __init__(self, window, negatives):
        stream = np.random.RandomState(2)
        self.words = [f"word{i}" for i in range(12)]
        self.contexts, self.draws, rows = [], [], []
        for i in range(50):
            center = stream.randint(12)
            others = np.delete(np.arange(12), center)
            outside = stream.choice(others, 2 * window if i % 10 == 0 else 1 + i % 4)
            if i % 10 == 1:
                outside[:] = outside[0]
            self.contexts.append((center, outside))
            for o in outside:
                drawn = stream.choice(np.delete(np.arange(12), o), negatives)
                self.draws += [o, *drawn] if i % 3 == 0 else [*drawn]
                rows.append([o, *drawn])
        self.windows = Windows(
            np.array([center for center, _ in self.contexts], np.int32),
            np.array([len(outside) for _, outside in self.contexts], np.int32),
            np.array(rows, np.int32),
        )
        self._contexts, self._draws = iter(self.contexts), iter(self.draws)

    def word_vectors(self, d):
        """Make word vectors with scores u . v up to +-8.

        Parameters
        ----------
        d : int
            Length of a vector.

        Returns
        -------
        ndarray of float, shape (24, d)
            Center vectors, then outside vectors.
        """
        vectors = np.random.RandomState(3).normal(size=(24, d))
        scores = vectors[:12] @ vectors[12:].T
        return vectors * np.sqrt(8 / abs(scores).max())

    def get_random_context(self, C=5):
        """Give the next window made, whatever its size.

        Parameters
        ----------
        C : int, default 5
            Ignored.

        Returns
        -------
        center : str
            The center word.
        context : list of str
            The outside words.
        """
        for center, outside in self._contexts:
            return self.words[center], [self.words[o] for o in outside]
        raise DifferenceError("in a batch of rare cases too many windows are drawn")

    def sample_token_idx(self):
        """Give the next negative sample made.

        Returns
        -------
        int
            Its index.
        """
        for word in self._draws:
            return int(word)
        raise DifferenceError("in a batch of rare cases too many negative samples are drawn")


def check_rare_cases(loss_of, settings):
    """Check loss and gradient of one made batch of rare cases.

    Parameters
    ----------
    loss_of : callable
        ``loss_of(dataset, word2ind)`` gives the submission's f for a dataset.
    settings : utils.training.Settings
        Of the run.

    Raises
    ------
    DifferenceError
        If loss or gradient differ from the arrays'.
    """
    made = MadeDataset(settings.window, settings.negatives)
    f = loss_of(made, {word: i for i, word in enumerate(made.words)})
    state = random.getstate()
    vectors = made.word_vectors(settings.dim)
    check_step(f, made.words, vectors, made.windows, "in a batch of rare cases")
    random.setstate(state)
