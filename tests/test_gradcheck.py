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


def change_at(index, factor):
    """Return a change of a gradient that multiplies one element of it."""

    def change(gradient):
        gradient = np.array(gradient)
        gradient[index] *= factor
        return gradient

    return change


# What is right


@given(
    hnp.arrays(
        float,
        st.one_of(st.just(()), hnp.array_shapes(max_dims=3, max_side=3)),
        elements=st.floats(-10, 10),
    )
)
def test_passes_right_gradients_of_any_shape(x):
    assert passes(cubic, x) is True
    np.testing.assert_allclose(numerical_gradient(cubic, x), cubic(x)[1], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "x", [2.0, 3, np.int64(3), np.float64(-0.5), np.array(0.3), np.float32(0.5)]
)
def test_passes_a_scalar_and_rejects_its_wrong_gradient(x):
    assert passes(lambda x: (x**3, 3 * x**2), x)
    assert not passes(lambda x: (x**3, 3.001 * x**2), x)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e3, 1e8])
def test_passes_losses_of_any_scale(scale):
    assert passes(lambda x: (scale * cubic(x)[0], scale * cubic(x)[1]), X)


@pytest.mark.parametrize("x", [[0.5, -1.0, 2.0], [1, 2], np.arange(3), X.astype(np.float32)])
def test_passes_numbers_of_any_kind_which_f_sees_as_floats(x):
    def f(x):
        assert x.dtype == float
        return cubic(x)

    assert passes(f, x)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_passes_a_loss_that_is_an_array_of_one_number(shape):
    assert passes(lambda x: (cubic(x)[0].reshape(shape), cubic(x)[1]), X)


def test_passes_an_f_that_returns_more_than_two_things():
    assert passes(lambda x: (*cubic(x), "more"), X)


def noisy(x):
    """Return a loss and gradient that depend on random draws, an uneven number of them."""
    weights = np.array([random.gauss(0, 1) for _ in range(x.size)]).reshape(x.shape)
    for _ in range(random.randint(0, 5)):
        random.random()
    return np.sum(weights * x**2), 2 * weights * x


def test_passes_an_f_that_draws_from_random():
    random.seed(1)
    assert passes(noisy, X)


# What is wrong


@pytest.mark.parametrize("index", list(np.ndindex(X.shape)), ids=str)
@pytest.mark.parametrize("factor", [1.0005, 0.9995, -1, 0, 2])
def test_rejects_one_wrong_element_even_if_by_half_a_per_mille(index, factor, capsys):
    assert passes(wrong(change_at(index, factor)), X) is False
    out = capsys.readouterr().out
    assert out.startswith("Gradient check failed for this test.\n")
    assert f"At index {index} " in out


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
    "change",
    [
        lambda gradient: -gradient,
        lambda gradient: gradient / 6,
        lambda gradient: gradient[::-1],
        lambda gradient: gradient * 0,
    ],
    ids=["sign", "mean instead of sum", "rows exchanged", "zero"],
)
def test_rejects_usual_mistakes(change):
    assert not passes(wrong(change), X)


def test_rejects_a_transposed_gradient():
    square = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert not passes(wrong(np.transpose), square)
    assert not passes(wrong(np.transpose), X)


@pytest.mark.parametrize(
    ("shape_of_x", "change"),
    [
        ((3,), lambda gradient: gradient[np.newaxis]),
        ((1, 3), lambda gradient: gradient[0]),
        ((3, 1), lambda gradient: gradient.T),
        ((3,), lambda gradient: gradient[:2]),
        ((3,), lambda gradient: gradient[0]),
        ((), lambda gradient: gradient[np.newaxis]),
        ((1,), lambda gradient: gradient[0]),
    ],
)
def test_rejects_a_gradient_of_another_shape_though_its_numbers_are_right(
    shape_of_x, change, capsys
):
    x = np.full(shape_of_x, 0.5)

    def f(x):
        return np.sum(x), change(np.ones(shape_of_x))

    assert passes(f, x) is False
    assert capsys.readouterr().out == (
        "Gradient check failed for this test.\n"
        f"Your gradient has the shape {np.shape(f(x)[1])}, but x has {shape_of_x}.\n"
    )


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_rejects_a_gradient_that_is_not_finite(number):
    for index in np.ndindex(X.shape):
        assert not passes(wrong(change_at(index, number)), X)
    assert not passes(wrong(lambda gradient: gradient * np.nan), X)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("gradient", [0.0, 1.0, np.nan, np.inf])
def test_rejects_a_loss_that_is_not_finite(number, gradient):
    assert not passes(lambda x: (number, np.full(x.shape, gradient)), X)


def test_rejects_a_loss_that_is_not_finite_at_one_side_of_x():
    assert not passes(lambda x: (np.inf if x > 0 else 0.0, 0.0), 0.0)
    assert not passes(lambda x: (np.inf if x > 0 else 0.0, np.inf), 0.0)


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
    def f(x):
        pytest.fail("f is called")

    assert not passes(f, x)
    assert "\nx must hold real numbers, not " in capsys.readouterr().out
    with pytest.raises(InputError, match="x must hold real numbers"):
        numerical_gradient(f, x)


# What is left behind


def spoiler(x):
    result = cubic(x)
    x[...] = 99.0
    return result


@pytest.mark.parametrize("check", [passes, numerical_gradient])
@pytest.mark.parametrize("f", [cubic, spoiler])
def test_x_is_not_changed_even_if_f_writes_into_it(check, f):
    x = X.copy()
    check(f, x)
    np.testing.assert_array_equal(x, X)


def test_the_verdict_is_right_even_if_f_writes_into_x():
    assert passes(spoiler, X)
    assert not passes(lambda x: (spoiler(x)[0], x), X)


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


# What is printed


def test_prints_that_it_passed(capsys):
    passes(cubic, X)
    assert capsys.readouterr() == ("Gradient check passed!\n", "")


def test_prints_the_first_bad_index_and_both_values(capsys):
    def f(x):
        return np.sum(x**2), np.array([[2.0, 4.0], [6.5, 0.0]])

    assert not gradcheck_naive(f, np.array([[1.0, 2.0], [3.0, 4.0]]), "the squares")
    assert capsys.readouterr().out == (
        "Gradient check failed for the squares.\n"
        "At index (1, 0) your gradient is 6.5, the numerical gradient 6.\n"
    )


def test_prints_values_so_that_a_small_difference_shows(capsys):
    passes(lambda x: (2.0 * x, 2.0001), 0.0)
    assert "your gradient is 2.0001, the numerical gradient 2.\n" in capsys.readouterr().out


def test_prints_nan(capsys):
    passes(lambda x: (x.sum(), np.array([1.0, np.nan])), np.zeros(2))
    line = "At index (1,) your gradient is nan, the numerical gradient 1."
    assert line in capsys.readouterr().out
