"""Is a gradient right? Compare it with finite differences."""

import contextlib
import random

import numpy as np

from .utils import InputError, shown

H = 1e-4  # half the distance between the two points of a difference
TOLERANCE = 1e-5  # largest relative error that passes


def gradcheck_naive(f, x, gradient_text):
    """Check the gradient of f at x against finite differences, and print the verdict.

    Each element's relative error, ``|num - grad| / max(1, |num|, |grad|)``, must be at most 1e-5,
    where num is the central difference::

        dJ/dx_i = (J(x + h e_i) - J(x - h e_i)) / 2h        h = 1e-4

    Parameters
    ----------
    f : callable
        f(x) returns the loss at x, a float, and its gradient, in the shape of x. It may draw from
        Python's ``random``: every evaluation starts from the same state, so all see the same draws.
    x : float or ndarray, any shape
        Where to check; it is not changed.
    gradient_text : str
        What is checked, for the message.

    Returns
    -------
    bool
        Whether it passed.

    Examples
    --------
    >>> gradcheck_naive(lambda x: (np.sum(x**2), 2 * x), np.array([1.0, -2.0]), "x squared")
    Gradient check passed!
    True
    >>> gradcheck_naive(lambda x: (np.sum(x**2), x), np.array([1.0, -2.0]), "x squared")
    Gradient check failed for x squared.
    At index (0,) your gradient is 1, the numerical gradient 2.
    False
    """
    try:
        numerical = numerical_gradient(f, x)
        (loss, *rest), (again, *_) = (_evaluate(f, np.array(x, float)) for _ in range(2))
        if not rest:
            raise InputError("Your function returns no gradient after the loss.")
        if not np.array_equal(loss, again, equal_nan=True):
            raise InputError(
                "Your function gives another loss at a second call: it draws random numbers, other "
                "than by Python's random, or keeps something from call to call."
            )
        problem = _first_difference(_numbers("gradient", rest[0]), numerical)
    except InputError as error:
        problem = error
    print(
        f"Gradient check failed for {gradient_text}.\n{problem}"
        if problem
        else "Gradient check passed!"
    )
    return not problem


def numerical_gradient(f, x):
    """Estimate the gradient at x by central differences of the loss, the first thing f returns."""
    if np.asarray(x).dtype.kind not in "iuf":
        raise InputError(f"x must hold real numbers, not {np.asarray(x).dtype}.")
    x = np.array(x, float)
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[index] = H
        higher, lower = (_evaluate(f, np.array(x + move))[0] for move in (step, -step))
        gradient[index] = (higher - lower) / (2 * H)
    return gradient


def _evaluate(f, x):
    """Give what f returns at x, the loss as a number; leave Python's random state as it was."""
    state = random.getstate()
    result = f(x)
    random.setstate(state)
    if not isinstance(result, tuple | list) or not result:
        raise InputError(f"Your function must return loss and gradient, not {shown(result)}.")
    loss = _numbers("loss", result[0])
    if loss.size != 1:
        raise InputError(f"Your loss must be one number, but has the shape {loss.shape}.")
    return loss.item(), *result[1:]


def _numbers(name, found):
    with contextlib.suppress(TypeError, ValueError):
        if found is not None:  # which NumPy takes for NaN
            return np.asarray(found, float)
    raise InputError(f"Your {name} must be a number or an array, not {shown(found)}.")


def _first_difference(gradient, numerical):
    """Say where a gradient first differs from the numerical one; nothing if it does not."""
    if gradient.shape != numerical.shape:
        return f"Your gradient has the shape {gradient.shape}, but x has {numerical.shape}."
    size = np.maximum(1, np.maximum(abs(numerical), abs(gradient)))
    with np.errstate(invalid="ignore"):  # infinite over infinite
        error = abs(numerical - gradient) / size
    wrong = np.argwhere(~(error <= TOLERANCE))  # so that NaN is wrong too
    if not len(wrong):
        return ""
    index = tuple(wrong[0].tolist())
    return (
        f"At index {index} your gradient is {gradient[index]:.10g}, "
        f"the numerical gradient {numerical[index]:.10g}."
    )
