"""Is a gradient right? Compare it with finite differences."""

import contextlib
import random

import numpy as np

from .utils import InputError, shown

H = 1e-4  # half the distance between the two points of a difference
TOLERANCE = 1e-5  # largest relative error that passes


def numerical_gradient(f, x):
    """Estimate the gradient of f at x by central differences.

    Each element i in turn moves by h = 1e-4 either way::

        dJ/dx_i = (J(x + h e_i) - J(x - h e_i)) / 2h

    f may draw from Python's ``random``: every evaluation starts from the same state, so that all
    see the same draws, and that state is left behind.

    Parameters
    ----------
    f : callable
        f(x) returns the loss at x, a float, first of a tuple.
    x : float or ndarray, any shape
        Where; it is not changed. f is given floats.

    Returns
    -------
    ndarray of float, shape of `x`
        The estimate.

    Raises
    ------
    InputError
        If x holds no real numbers, or f does not return a loss that is one number.

    Examples
    --------
    >>> numerical_gradient(lambda x: (np.sum(x**2), 2 * x), np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])
    """
    if np.asarray(x).dtype.kind not in "iuf":
        raise InputError(f"x must hold real numbers, not {np.asarray(x).dtype}.")
    x = np.array(x, float)  # a copy: f must never see the caller's array moved
    state = random.getstate()

    def loss_with(index, value):
        moved = x.copy()
        moved[index] = value
        random.setstate(state)
        loss = _loss_of(f(moved))
        random.setstate(state)
        return loss

    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        difference = loss_with(index, x[index] + H) - loss_with(index, x[index] - H)
        gradient[index] = difference / (2 * H)
    return gradient


def gradcheck_naive(f, x, gradient_text):
    """Check the gradient of f at x against finite differences, and print the verdict.

    It passes if every element's relative error, ``|num - grad| / max(1, |num|, |grad|)``, is at
    most 1e-5.

    Parameters
    ----------
    f : callable
        f(x) returns the loss at x, a float, and its gradient, in the shape of x. It may draw from
        Python's ``random``, which is in the same state at every evaluation.
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
        numerical, state, results = numerical_gradient(f, x), random.getstate(), []
        for _ in range(2):
            results.append(f(np.array(x, float)))
            random.setstate(state)
        problem = _first_difference(_gradient_of(*results), numerical)
    except InputError as error:
        problem = error
    print(
        f"Gradient check failed for {gradient_text}.\n{problem}"
        if problem
        else "Gradient check passed!"
    )
    return not problem


def _loss_of(result):
    """Give the loss that a function returns, first of a tuple."""
    if not isinstance(result, tuple | list) or not result:
        raise InputError(f"Your function must return loss and gradient, not {shown(result)}.")
    loss = _numbers("loss", result[0])
    if loss.size != 1:
        raise InputError(f"Your loss must be one number, but has the shape {loss.shape}.")
    return loss.item()


def _gradient_of(result, again):
    """Give the gradient that a function returns, if it gives the same loss when called again."""
    if len(result) < 2:
        raise InputError("Your function returns no gradient after the loss.")
    if not np.array_equal(_loss_of(result), _loss_of(again), equal_nan=True):
        raise InputError(
            "Your function gives another loss at a second call: it draws random numbers, other "
            "than by Python's random, or keeps something from call to call."
        )
    return _numbers("gradient", result[1])


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
