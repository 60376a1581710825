"""Check that the gradient that a submission gives is that of its loss."""

import numpy as np

from utils.gradcheck import TOLERANCE, numerical_gradient

NEARLY = 1e-2  # relative error that differences of losses in single precision may have


def check_gradient(what, f, x, names):
    """Compare a gradient with finite differences.

    Parameters
    ----------
    what : str
        What is checked, for the message.
    f : callable
        f(x) gives the loss and gradients of its parts, in the order of x, as the submission gave
        them: nothing is known of them.
    x : ndarray of float
        Where.
    names : dict of str to slice
        Rows of x that belong together, such as ``{"center vectors": slice(0, 5)}``.

    Returns
    -------
    str
        What is wrong; empty if nothing is.
    """
    try:
        numerical = numerical_gradient(f, x)
        loss, *parts = f(x.copy())
        gradient = np.concatenate([np.asarray(part, float).reshape(-1) for part in parts])
        gradient = gradient.reshape(x.shape)
    except (TypeError, ValueError, IndexError, OverflowError):
        return f"{what}: the gradient cannot be checked: loss or gradients are no numbers."
    size = np.maximum(1, np.maximum(abs(numerical), abs(gradient)))
    with np.errstate(invalid="ignore"):
        error = abs(numerical - gradient) / size
    for name, rows in names.items():
        wrong = np.argwhere(~(error[rows] <= TOLERANCE))
        if len(wrong):
            index = tuple(wrong[0].tolist())
            problem = (
                f"{what}: gradient check failed for the gradient of the {name}: at {list(index)} "
                f"yours is {gradient[rows][index]:.6g}, the numerical one "
                f"{numerical[rows][index]:.6g}."
            )
            if getattr(loss, "dtype", None) == np.float32:
                problem += " Your loss is in single precision: compute in float64."
            elif np.all(error < NEARLY):
                problem += " It is nearly right: in single precision (float32)? Compute in float64."
            return problem
    return ""
