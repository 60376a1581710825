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
    """Give a loss and its right gradient, no two elements of which are alike."""
    weights = np.arange(1.0, np.size(x) + 1).reshape(np.shape(x))
    return np.sum(weights * (x + x**3 / 6)), weights * (1 + x**2 / 2)


def passes(f, x=X):
    return gradcheck_naive(f, x, "this test")


def draws(x):
    """Give a loss and gradient that depend on random draws, an uneven number of them."""
    weights = np.array([random.gauss(0, 1) for _ in range(x.size)]).reshape(x.shape)
    random.sample(range(9), random.randint(0, 5))
    return np.sum(weights * x**2), 2 * weights * x


def writes_into_x(x):
    result = cubic(x)
    x[...] = 99.0
    return result


shapes = st.just(()) | hnp.array_shapes(max_dims=3, max_side=3)


@given(hnp.arrays(float, shapes, elements=st.floats(-10, 10)))
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
        lambda x: (cubic(x)[0], cubic(x)[1].tolist()),
    ],
    ids=["large", "small", "more than two", "loss in an array", "gradient in a list"],
)
def test_passes_what_is_right_in_any_form(f):
    assert passes(f)


@pytest.mark.parametrize("x", [2.0, 3, np.array(0.3), np.float32(0.5), [1, 2], X.astype("f")], ids=repr)  # fmt: skip
def test_takes_numbers_of_any_kind_which_f_sees_as_floats(x):
    def f(x):
        assert x.dtype == float
        return np.sum(x**3), 3 * x**2

    assert passes(f, x)
    assert not passes(lambda x: (f(x)[0], 1.001 * f(x)[1]), x)


@pytest.mark.parametrize("index", [(0, 0), (1, 2)], ids=str)
@pytest.mark.parametrize("factor", [1.0005, 0.9995, -1, 0, np.nan, np.inf])
def test_rejects_one_wrong_element_even_if_by_half_a_per_mille(index, factor, capsys):
    def f(x):
        loss, gradient = cubic(x)
        gradient[index] *= factor
        return loss, gradient

    assert passes(f) is False
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
        lambda x: (cubic(x)[0], cubic(x)[1][::-1]),
        lambda x: (writes_into_x(x)[0], x),
        *(lambda x, loss=loss: (loss, np.ones(x.shape)) for loss in (np.nan, -np.inf)),
        *(lambda x, g=g: (np.inf if x.sum() > X.sum() else 0.0, g * x) for g in (0, np.inf)),
    ],
)
def test_rejects_exchanged_rows_and_losses_that_are_not_finite(f):
    assert not passes(f)


@pytest.mark.parametrize(
    ("shape", "of_gradient"), [((3,), (1, 3)), ((3, 1), (1, 3)), ((3,), (2,)), ((), (1,)), ((1,), ())]
)  # fmt: skip
def test_rejects_a_gradient_of_another_shape_though_its_numbers_are_right(
    shape, of_gradient, capsys
):
    assert not passes(lambda x: (np.sum(x), np.ones(of_gradient)), np.full(shape, 0.5))
    told = f"Your gradient has the shape {of_gradient}, but x has {shape}.\n"
    assert capsys.readouterr().out == f"Gradient check failed for this test.\n{told}"


counted = itertools.count()


@pytest.mark.parametrize(
    ("told", "f"),
    [
        ("another loss at a second call: it draws random numbers", lambda x: (np.random.random(), x)),
        ("another loss at a second call", lambda x: (next(counted), x)),
        ("must return loss and gradient, not ", lambda x: cubic(x)[0]),
        ("must return loss and gradient, not ()", lambda x: ()),
        ("loss must be one number, but has the shape (2, 3)", lambda x: (x**2, 2 * x)),
        ("returns no gradient after the loss", lambda x: (cubic(x)[0],)),
        ("loss must be a number or an array, not None", lambda x: (None, 2 * x)),
        ("loss must be a number or an array, not 'much'", lambda x: ("much", 2 * x)),
        ("loss must be a number or an array, not 1j", lambda x: (1j, 2 * x)),
        ("gradient must be a number or an array, not None", lambda x: (0.0, None)),
        ("gradient must be a number or an array, not [[1.0", lambda x: (0.0, [[1.0, 2.0], [3.0]])),
    ],
)  # fmt: skip
def test_what_is_no_loss_and_gradient_is_told_in_a_line(told, f, capsys):
    assert not passes(f)
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
@pytest.mark.parametrize("right", [X, np.array(3.0)])
def test_x_and_the_random_state_are_the_same_at_every_evaluation_and_afterwards(check, right):
    states = []

    def f(x):
        states.append(random.getstate())
        result = draws(x)
        x[...] = 99.0
        return result

    random.seed(2)
    random.gauss(0, 1)  # so that the state holds the next one
    before, x = random.getstate(), right.copy()
    check(f, x)
    np.testing.assert_array_equal(x, right)
    assert len(states) >= 2 * x.size
    assert all(state == before for state in [*states, random.getstate()])


def test_prints_the_first_bad_index_and_both_values(capsys):
    def with_gradient(gradient):
        return lambda x: (np.sum(x**2), np.array(gradient))

    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    gradcheck_naive(with_gradient([[2.0, 4.0], [6.0, 8.0]]), x, "the squares")
    gradcheck_naive(with_gradient([[2.0, 4.0], [6.0001, 0.0]]), x, "the squares")
    assert capsys.readouterr().out == (
        "Gradient check passed!\n"
        "Gradient check failed for the squares.\n"
        "At index (1, 0) your gradient is 6.0001, the numerical gradient 6.\n"
    )
