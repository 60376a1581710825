"""Gradients are compared with finite differences, whatever a submission gives."""

import numpy as np
import pytest

from grading.gradient import check_gradient

X = np.array([[0.5, -1.0], [2.0, 0.3], [1.0, 1.0]])
NAMES = {"center vectors": slice(0, 1), "outside vectors": slice(1, None)}


def check(f):
    return check_gradient("a loss", f, X, NAMES)


def parts(gradient):
    return gradient[:1], gradient[1:]


def test_right():
    assert check(lambda x: (np.sum(x**3), *parts(3 * x**2))) == ""


@pytest.mark.parametrize("wrong", [1.0005, 0, -1, np.nan, np.inf])
def test_wrong(wrong):
    assert check(lambda x: (np.sum(x**3), *parts(3 * x**2 * wrong))).startswith(
        "a loss: gradient check failed for the gradient of the center vectors: at [0, 0] yours is "
    )


def test_wrong_in_one_element():
    def f(x):
        gradient = 3 * x**2
        gradient[2, 1] += 0.1
        return np.sum(x**3), *parts(gradient)

    assert check(f) == (
        "a loss: gradient check failed for the gradient of the outside vectors: at [1, 1] yours is "
        "3.1, the numerical one 3."
    )


def test_a_loss_in_single_precision():
    problem = check(lambda x: (np.array(np.sum(x**3), np.float32), *parts(3 * x**2)))
    assert problem.endswith("Your loss is in single precision: compute in float64.")


@pytest.mark.parametrize(
    "result",
    [None, 3, (1.0,), ("a", "b", "c"), (1.0, np.zeros(3), None), (np.zeros(2), *parts(X)), ()],
    ids=repr,
)
def test_no_gradient(result):
    assert "cannot be checked" in check(lambda x: result)
