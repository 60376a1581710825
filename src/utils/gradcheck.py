"""Is a gradient right? Compare it with finite differences."""

import random

import numpy as np

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
    x : float or ndarray of float, any shape
        Where; it is not changed.

    Returns
    -------
    ndarray of float, shape of `x`
        The estimate.

    Raises
    ------
    TypeError
        If x holds no floating-point numbers.

    Examples
    --------
    >>> numerical_gradient(lambda x: (np.sum(x**2), 2 * x), np.array([1.0, -2.0])).round(6)
    array([ 2., -4.])
    """
    if not np.issubdtype(np.asarray(x).dtype, np.floating):
        kind = np.asarray(x).dtype
        raise TypeError(f"x must hold floating-point numbers, not {kind}: use x.astype(float)")
    x = np.array(x, float)  # a copy: f must never see the caller's array moved
    state = random.getstate()

    def loss_with(index, value):
        moved = x.copy()
        moved[index] = value
        random.setstate(state)
        loss = f(moved)[0]
        random.setstate(state)
        return np.asarray(loss, float).item()

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
    x : float or ndarray of float, any shape
        Where to check; it is not changed.
    gradient_text : str
        What is checked, for the message.

    Returns
    -------
    bool
        Whether it passed.

    Raises
    ------
    TypeError
        If x holds no floating-point numbers.

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
    numerical = numerical_gradient(f, x)
    state = random.getstate()
    gradient = np.asarray(f(np.array(x, float))[1], float)
    random.setstate(state)
    problem = _first_difference(gradient, numerical)
    print(
        f"Gradient check failed for {gradient_text}.\n{problem}"
        if problem
        else "Gradient check passed!"
    )
    return not problem


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
