"""The gradient check is checked: it must pass what is right and reject what is slightly wrong."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from utils.gradcheck import gradcheck_naive, numerical_gradient
from utils.utils import InputError

X = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.75]])


def cubic(x):
    """Return a loss and its right gradient, no two elements of which are alike."""
    weights = np.arange(1.0, np.size(x) + 1).reshape(np.shape(x))
    return np.sum(weights * (x + x**3 / 6)), weights * (1 + x**2 / 2)


def passes(f, x):
    return gradcheck_naive(f, x, "this test")


def wrong(change):
    """Return an f with the loss of `cubic` and its gradient changed."""
    return lambda x: (cubic(x)[0], change(cubic(x)[1]))


def times(index, factor):
    """Return a change of a gradient that multiplies one element of it."""

    def change(gradient):
        gradient[index] *= factor
        return gradient

    return change


def noisy(x):
    """Return a loss and gradient that depend on random draws, an uneven number of them."""
    weights = np.array([random.gauss(0, 1) for _ in range(x.size)]).reshape(x.shape)
    for _ in range(random.randint(0, 5)):
        random.random()
    return np.sum(weights * x**2), 2 * weights * x


def spoiler(x):
    """Write into x."""
    result = cubic(x)
    x[...] = 99.0
    return result


@given(
    hnp.arrays(
        float,
        st.just(()) | hnp.array_shapes(max_dims=3, max_side=3),
        elements=st.floats(-10, 10),
    )
)
def test_passes_right_gradients_of_any_shape(x):
    assert passes(cubic, x) is True
    np.testing.assert_allclose(numerical_gradient(cubic, x), cubic(x)[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (1e8 * cubic(x)[0], 1e8 * cubic(x)[1]),
        lambda x: (1e-6 * cubic(x)[0], 1e-6 * cubic(x)[1]),
        lambda x: (*cubic(x), "more"),
        lambda x: (cubic(x)[0].reshape(1, 1), cubic(x)[1]),
        noisy,
        spoiler,
    ],
    ids=["large", "small", "more than two", "loss in an array", "draws", "writes into x"],
)
def test_passes_what_is_right_in_any_form(f):
    random.seed(1)
    assert passes(f, X)


@pytest.mark.parametrize(
    "x",
    [2.0, 3, np.int64(3), np.array(0.3), np.float32(0.5), [1, 2], np.arange(3), X.astype("f")],
    ids=repr,
)
def test_takes_numbers_of_any_kind_which_f_sees_as_floats(x):
    def f(x):
        assert x.dtype == float
        return np.sum(x**3), 3 * x**2

    assert passes(f, x)
    assert not passes(lambda x: (f(x)[0], 1.001 * f(x)[1]), x)


@pytest.mark.parametrize("index", list(np.ndindex(X.shape)), ids=str)
@pytest.mark.parametrize("factor", [1.0005, 0.9995, -1, 0, 2, np.nan, np.inf, -np.inf])
def test_rejects_one_wrong_element_even_if_by_half_a_per_mille(index, factor, capsys):
    assert passes(wrong(times(index, factor)), X) is False
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Gradient check failed for this test."
    assert second.startswith(f"At index {index} your gradient is ")


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("slope", "tolerance"), [(1e-3, 1e-5), (0.5, 1e-5), (1, 1e-5), (100, 1e-3), (1e4, 0.1)]
)
def test_tolerance_is_1e_5_of_the_larger_gradient_but_of_1_if_that_is_smaller(
    slope, tolerance, sign
):
    assert passes(lambda x: (slope * x, slope + sign * 0.9 * tolerance), 0.0)
    assert not passes(lambda x: (slope * x, slope + sign * 1.1 * tolerance), 0.0)


@pytest.mark.parametrize(
    "f",
    [
        wrong(lambda gradient: gradient[::-1]),
        lambda x: (spoiler(x)[0], x),
        *(lambda x, loss=loss: (loss, np.ones(x.shape)) for loss in (np.nan, np.inf, -np.inf)),
        *(lambda x, g=g: (np.inf if x.sum() > X.sum() else 0.0, g * x) for g in (0, np.inf)),
    ],
)
def test_rejects_exchanged_rows_and_losses_that_are_not_finite(f):
    assert not passes(f, X)


@pytest.mark.parametrize(
    ("shape", "change"),
    [
        ((3,), lambda gradient: gradient[np.newaxis]),
        ((1, 3), lambda gradient: gradient[0]),
        ((3, 1), lambda gradient: gradient.T),
        ((3,), lambda gradient: gradient[:2]),
        ((), lambda gradient: gradient[np.newaxis]),
        ((1,), lambda gradient: gradient[0]),
    ],
)
def test_rejects_a_gradient_of_another_shape_though_its_numbers_are_right(shape, change, capsys):
    gradient = change(np.ones(shape))
    assert passes(lambda x: (np.sum(x), gradient), np.full(shape, 0.5)) is False
    assert capsys.readouterr().out == (
        "Gradient check failed for this test.\n"
        f"Your gradient has the shape {gradient.shape}, but x has {shape}.\n"
    )


counted = itertools.count()
NO_LOSS = {
    "another loss at a second call: it draws random numbers": [
        lambda x: (cubic(x)[0] + np.random.random(), cubic(x)[1]),
        lambda x: (cubic(x)[0] + next(counted), cubic(x)[1]),
    ],
    "must return loss and gradient, not ": [lambda x: cubic(x)[0], lambda x: None, lambda x: ()],
    "loss must be one number, but has the shape (2, 3)": [lambda x: (x**2, 2 * x)],
    "returns no gradient after the loss": [lambda x: (cubic(x)[0],)],
    "loss must be a number or an array, not ": [
        lambda x: (None, 2 * x),
        lambda x: ("much", 2 * x),
        lambda x: (1j, 2 * x),
    ],
    "gradient must be a number or an array, not ": [
        lambda x: (cubic(x)[0], None),
        lambda x: (cubic(x)[0], [[1.0, 2.0], [3.0]]),
    ],
}


@pytest.mark.parametrize(("told", "f"), [(told, f) for told in NO_LOSS for f in NO_LOSS[told]])
def test_what_is_no_loss_and_gradient_is_told_in_a_line(told, f, capsys):
    assert not passes(f, X)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Gradient check failed for this test."
    assert told in second


@pytest.mark.parametrize("x", [np.array([True]), np.array([1j]), "ab", None])
def test_x_must_hold_real_numbers(x, capsys):
    assert not passes(pytest.fail, x)
    assert "\nx must hold real numbers, not " in capsys.readouterr().out
    with pytest.raises(InputError, match="x must hold real numbers"):
        numerical_gradient(pytest.fail, x)


@pytest.mark.parametrize("check", [passes, numerical_gradient])
def test_x_is_not_changed_even_if_f_writes_into_it(check):
    for right in (X, np.array(3.0)):
        x = right.copy()
        check(spoiler, x)
        np.testing.assert_array_equal(x, right)


@pytest.mark.parametrize("check", [passes, numerical_gradient])
def test_random_is_in_the_same_state_at_every_evaluation_and_afterwards(check):
    states = []

    def f(x):
        states.append(random.getstate())
        return noisy(x)

    random.seed(2)
    random.gauss(0, 1)  # so that the state holds the next one
    before = random.getstate()
    check(f, X)
    assert random.getstate() == before
    assert len(states) >= 2 * X.size
    assert all(state == before for state in states)


@pytest.mark.parametrize(
    ("gradient", "told"),
    [
        ([[2.0, 4.0], [6.0, 8.0]], "Gradient check passed!\n"),
        (
            [[2.0, 4.0], [6.5, 0.0]],
            "Gradient check failed for the squares.\n"
            "At index (1, 0) your gradient is 6.5, the numerical gradient 6.\n",
        ),
        (
            [[2.0, 4.0], [6.0, 8.0001]],  # so many digits that a small difference shows
            "Gradient check failed for the squares.\n"
            "At index (1, 1) your gradient is 8.0001, the numerical gradient 8.\n",
        ),
    ],
)
def test_prints_the_first_bad_index_and_both_values(gradient, told, capsys):
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    gradcheck_naive(lambda x: (np.sum(x**2), np.array(gradient)), x, "the squares")
    assert capsys.readouterr() == (told, "")
