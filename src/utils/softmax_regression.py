"""Softmax regression: a linear classifier, trained by the `sgd` that it is given.

Notation: n cases with d features each, C classes.

======  ==========================================================================
X       features, shape (n, d+1): a 1, then the features of each case
y       class of each case, 0 .. C-1, shape (n,)
W       weights, shape (C, d+1); column 0 meets the 1
y_hat   the prediction: y_hat[i, k] = P(class k | case i), shape (n, C)
======  ==========================================================================
"""

import numpy as np
from scipy.special import log_softmax

from .commands import command
from .utils import InputError

PENALTIES = 1.0, 0.1, 0.01, 0.001, 0.0
ITERATIONS = 500


def softmax_regression(W, X, y, penalty):
    """Compute the loss of softmax regression, and its gradient.

    The loss is the mean cross-entropy, as in naive softmax, and a penalty on large weights, from
    which column 0 is exempt::

        J = -1/n sum_i log y_hat[i, y_i] + penalty/2 |W|^2          y_hat = softmax(X W^T)

    Parameters
    ----------
    W : ndarray of float, shape (C, d+1)
        Weights.
    X : ndarray of float, shape (n, d+1)
        Features.
    y : ndarray of int, shape (n,)
        Classes.
    penalty : float
        Strength of the regularisation, at least 0.

    Returns
    -------
    loss : float
        J.
    grad : ndarray of float, shape (C, d+1)
        The gradient dJ/dW.
    """
    n, each = len(y), np.arange(len(y))
    log_y_hat = log_softmax(X @ W.T, axis=1)
    error = np.exp(log_y_hat)  # y_hat, and after the next line y_hat minus the truth
    error[each, y] -= 1
    penalized = W * (np.arange(W.shape[1]) > 0)
    loss = penalty / 2 * np.sum(penalized**2) - np.mean(log_y_hat[each, y])
    return loss, error.T @ X / n + penalty * penalized


def fit(sgd, X, y, C, penalty):
    """Find the weights of least loss.

    The loss is convex, and the step 1 over the most that it can be curved, so that every step
    lowers it, whatever the features are.

    Parameters
    ----------
    sgd : callable
        As the submission's.
    X : ndarray of float, shape (n, d+1)
        Features.
    y : ndarray of int, shape (n,)
        Classes.
    C : int
        Number of classes.
    penalty : float
        Strength of the regularisation, at least 0.

    Returns
    -------
    ndarray of float, shape (C, d+1)
        Weights W.

    Raises
    ------
    InputError
        If `sgd` gives no such weights.
    """
    start = np.zeros((C, X.shape[1]))
    curvature = np.linalg.eigvalsh(X.T @ X / len(X))[-1] / 2 + penalty
    W = sgd(
        lambda W: softmax_regression(W, X, y, penalty),
        start,
        1 / curvature,
        ITERATIONS,
        PRINT_EVERY=ITERATIONS + 1,
    )
    if np.shape(W) != start.shape or not np.isfinite(W).all():
        raise InputError(f"sgd gives no finite weights. To see why, run: {command('grade', '2b')}")
    return W


def choose(sgd, train, dev, C):
    """Fit with each penalty, and take the weights that are right most often on dev.

    Parameters
    ----------
    sgd : callable
        As the submission's.
    train, dev : tuple of (ndarray, ndarray)
        Features X and classes y to learn from, and those to choose by.
    C : int
        Number of classes.

    Returns
    -------
    W : ndarray of float, shape (C, d+1)
        Weights.
    penalty : float
        The penalty they were fitted with; of equally good ones the largest.
    """
    fitted = [(fit(sgd, *train, C, penalty), penalty) for penalty in PENALTIES]
    return max(fitted, key=lambda choice: np.mean(predict(choice[0], dev[0]) == dev[1]))


def predict(W, X):
    """Give the most probable class of each case.

    Parameters
    ----------
    W : ndarray of float, shape (C, d+1)
        Weights.
    X : ndarray of float, shape (n, d+1)
        Features.

    Returns
    -------
    ndarray of int, shape (n,)
        Classes.
    """
    return np.argmax(X @ W.T, axis=1)
