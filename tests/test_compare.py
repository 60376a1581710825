"""Messages about wrong arrays, losses and gradients: what differs, and what it is instead."""

import random
import time
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import submission
from grading import mistakes
from grading.compare import (
    PARTS,
    changed_arguments,
    check_array,
    check_gradient,
    check_loss_and_gradients,
    drawn,
)

MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])
SINGLE = MATRIX.astype(np.float32)
NUMBERS = "expected numbers of shape (2, 3)."


@dataclass
class Opaque:
    """As `sandbox.wire.Opaque`."""

    type_name: str


# Arrays: kind, shape, finiteness, elements


@pytest.mark.parametrize(
    ("found", "expected", "options"),
    [
        (MATRIX.tolist(), MATRIX, {}),
        ([MATRIX[0], (4, 5.0, np.array(6.5))], MATRIX, {}),
        (MATRIX[np.newaxis], MATRIX, {}),
        (MATRIX * (1 + 5e-7), MATRIX, {}),
        (MATRIX + 5e-10, MATRIX, {}),
        (SINGLE * np.float32(1 + 5e-5), MATRIX, {}),
        (SINGLE * np.float32(1.0005), MATRIX, {"rtol": 1e-3}),
        (MATRIX * 1.0009, MATRIX, {"rtol": 1e-3}),
        (MATRIX + 0.1, MATRIX, {"atol": 0.2}),
        (np.array([1, 2]), np.array([1.0, 2.0]), {}),
        (3, 3.0, {}),
        (np.array([[2.5]]), 2.5, {}),
        ([2.5], np.array(2.5), {}),
        (2.5, np.array([2.5]), {}),
    ],
    ids=str,
)
def test_the_same_in_another_form_is_right(found, expected, options):
    assert check_array("x", found, expected, **options) == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "is None: did you forget `return`?"),
        (True, f"is a value of type bool, {NUMBERS}"),
        ("1", f"is a value of type str, {NUMBERS}"),
        ({}, f"is a value of type dict, {NUMBERS}"),
        (Opaque("generator"), f"is a value of type generator, {NUMBERS}"),
        (Opaque("a\x1b[31m\nb" * 99), f"is a value of type {('a?[31m?b' * 99)[:100]}, {NUMBERS}"),
        (MATRIX > 2, f"is an array of bool, {NUMBERS}"),
        (MATRIX * 1j, f"is an array of complex128, {NUMBERS}"),
        ([[1, 2, 3], [4, 5, None]], f"holds something that is not a number, {NUMBERS}"),
        ([[1, 2, 3], [4, 5, 10**400]], f"holds something that is not a number, {NUMBERS}"),
        ([[1, 2, 3], [4, 5]], f"is a list whose parts differ in shape, {NUMBERS}"),
        (7.0, "is one number, expected shape (2, 3)."),
        (np.empty((0, 3)), "has shape (0, 3), expected shape (2, 3)."),
        (MATRIX[:1], "has shape (1, 3), expected shape (2, 3)."),
        (MATRIX.T, "has shape (3, 2), expected shape (2, 3). It is transposed."),
        (MATRIX.T + 1, "has shape (3, 2), expected shape (2, 3)."),
        (MATRIX.ravel(), "has shape (6,), expected shape (2, 3). Its numbers are right, its shape is not."),
        (MATRIX * np.nan, "is nan everywhere."),
        (SINGLE * np.inf, "is inf everywhere."),
        (np.where(MATRIX > 4, np.nan, MATRIX), "is nan in 2 of 6 places, first at [1, 1]."),
        (np.where(MATRIX > 6, -np.inf, 9), "is -inf in 1 of 6 places, first at [1, 2]."),
        (np.trunc(MATRIX).astype(int), "differs most at [1, 2]: yours is 6, expected 6.5. It holds whole numbers only, as np.zeros_like of whole numbers does."),
        (MATRIX + np.array([[0, 0.25, 0], [0, 0, -0.125]]), "differs most at [0, 1]: yours is 2.25, expected 2."),
        (MATRIX * 1.0011, "differs most at [1, 2]: yours is 6.50715, expected 6.5. It is 1.0011 times the right value."),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_said(found, message):
    assert check_array("x", found, MATRIX) == f"x {message}"


@pytest.mark.parametrize(
    ("found", "expected", "message"),
    [
        (np.ones((3, 1)), np.ones(3), "x has shape (3, 1), expected shape (3,)."),
        (np.ones(2), 1.0, "x has shape (2,), expected one number."),
        (np.nan, 1.0, "x is nan."),
        ([1e6 + 0.5, 1.1], [1e6, 1.0], "x differs most at [1]: yours is 1.1, expected 1."),
        (1.000002, 1.0, "x differs: yours is 1.000002, expected 1."),
        (-0.0, 1.0, "x differs: yours is 0, expected 1. It is zero."),
        (1e308, -1e308, "x differs: yours is 1e+308, expected -1e+308. It is negated."),
    ],
    ids=str,
)
def test_other_shapes_and_the_worst_element(found, expected, message):
    assert check_array("x", found, np.array(expected)).startswith(message)


def test_hidden_tests_show_no_expected_value():
    near = np.array([1.000002, 5.0]), np.array([1.0, 5.0])
    assert check_array("x", *near, reveal=False) == "x differs most at [0]: yours is 1."
    assert check_array("x", 4.6, 2.3, reveal=False) == "x differs: yours is 4.6."


def test_large_arrays_are_quick():
    x = np.random.RandomState(0).randn(1000, 1000)
    expected = submission.sigmoid(x)
    start = time.process_time()
    assert check_array("sigmoid", expected, expected) == ""
    instead = partial(mistakes.of_sigmoid, x, expected)
    assert "transposed" in check_array("sigmoid", expected.T, expected, instead=instead)
    assert time.process_time() - start < 2


# Loss and gradients together

GOOD = 2.5, np.array([1.0, -2.0, 3.0]), MATRIX
OF_CENTER = "softmax: the gradient of the center vector"
OF_OUTSIDE = "softmax: the gradient of the outside vectors"
EXPECTED = (
    "expected 3: the loss, the gradient of the center vector, the gradient of the outside vectors."
)


def check(found, **options):
    return check_loss_and_gradients("softmax", found, GOOD, **options)


def test_three_right_parts_are_right():
    forms = GOOD, list(GOOD), (np.array([2.5]), GOOD[1][np.newaxis], MATRIX.tolist())
    assert [check(found, instead=pytest.fail, unexplained=pytest.fail) for found in forms] == [
        ""
    ] * 3
    assert check_loss_and_gradients("softmax", GOOD, (np.array([2.5]), *GOOD[1:])) == ""


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (None, ["softmax returned None: did you forget `return`?"]),
        (MATRIX, [f"softmax returned an array of float64, {EXPECTED}"]),
        (Opaque("generator"), [f"softmax returned a value of type generator, {EXPECTED}"]),
        ((2.5,), [f"softmax returned 1 value, {EXPECTED}"]),
        (GOOD[:2], [f"softmax returned 2 values, {EXPECTED}"]),
        ((-2.5, GOOD[1][:2], MATRIX * np.nan),
         ["softmax: the loss differs: yours is -2.5, expected 2.5. It is negated.",
          f"{OF_CENTER} has shape (2,), expected shape (3,).", f"{OF_OUTSIDE} is nan everywhere."]),
        ((2.5, -GOOD[1], -MATRIX),  # the same of both: said once
         [f"{OF_CENTER} differs most at [2]: yours is -3, expected 3.",
          f"{OF_OUTSIDE} differs most at [1, 2]: yours is -6.5, expected 6.5.", "It is negated."]),
        ((GOOD[0], GOOD[2], GOOD[1]),
         [f"{OF_CENTER} has shape (2, 3), expected shape (3,). It is the gradient of the outside vectors.",
          f"{OF_OUTSIDE} has shape (3,), expected shape (2, 3). It is the gradient of the center vector."]),
    ],
    ids=str,
)  # fmt: skip
def test_each_wrong_part_has_a_line(found, lines):
    assert check(found).splitlines() == lines


def test_names_and_known_mistakes_are_the_callers():
    known = {"instead": lambda: [("one too many", (3.5, None, None))], "unexplained": pytest.fail}
    message = check((3.5, *GOOD[1:]), names=("loss", "slope", "tilt"), **known)
    assert message == "softmax: the loss differs: yours is 3.5, expected 2.5. It is one too many."


def test_more_is_told_where_numbers_alone_differ():
    more = {"unexplained": lambda: "more"}
    assert check((3.6, *GOOD[1:]), **more).endswith("expected 2.5.\nmore")
    assert check_array("x", 3.6, 2.5, **more) == "x differs: yours is 3.6, expected 2.5.\nmore"
    for wrong in (-2.5, np.nan, "x", None):
        assert "more" not in check((wrong, *GOOD[1:]), **more)


# Whatever a stranger gives

numbers = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=3),
    st.builds(Opaque, st.text(max_size=3)), st.binary(max_size=2),
    arrays(
        st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
        st.sampled_from([(), (1,), (3,), (2, 3), (3, 2), (1, 2, 3), (0,)]),
    ),
)  # fmt: skip
anything = st.recursive(
    numbers,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner, inner),
        st.dictionaries(st.text(max_size=2), inner, max_size=2),
    ),
    max_leaves=8,
)


@given(st.one_of(anything, st.tuples(numbers, numbers, numbers)), st.booleans())
def test_any_value_gets_a_text(found, reveal):
    for expected in (0.0, GOOD[1], MATRIX, np.zeros((2, 2))):
        assert isinstance(check_array("x", found, expected, reveal=reveal), str)
    instead = partial(mistakes.of_sigmoid, MATRIX, MATRIX / 9)
    assert isinstance(check_array("x", found, MATRIX / 9, instead=instead), str)
    instead = partial(mistakes.of_softmax, GOOD[1], 1, MATRIX, GOOD)
    assert len(check(found, instead=instead, reveal=reveal).splitlines()) <= 4
    assert isinstance(changed_arguments("sigmoid", found), str)


@given(arrays(float, (3, 2), elements=st.floats(-9, 9)), st.integers(0, 5), st.floats(1e-3, 1e3))
def test_one_wrong_element_is_found_and_shown(expected, place, error):
    found = expected.copy()
    found.flat[place] += error
    message = check_array("x", found, expected)
    assert f"at {list(divmod(place, 2))}: yours is {found.flat[place]:.6g}, expected" in message


# Gradients, and random draws

X = np.array([[0.623, -1.0], [2.0, 0.3], [1.0, 1.0]])
FAILED = "a loss: gradient check failed: by finite differences of the loss, the gradient of the"


def check_cubes(factor=1.0, added=0.0, kind=float):
    def f(v, U):
        x = np.vstack([v, U])
        gradient = 3 * x**2 * factor + added
        return np.array(np.sum(x**3), kind), gradient[:1], gradient[1:]

    return check_gradient("a loss", f, PARTS, X[0], X[1:])


@pytest.mark.parametrize("wrong", [1.0005, 0, -1, np.nan, np.inf])
def test_a_wrong_gradient(wrong):
    assert check_cubes() == ""
    assert check_cubes(wrong).startswith(f"{FAILED} center vector")


def test_a_gradient_wrong_in_one_element_and_one_of_a_loss_in_single_precision():
    assert check_cubes(added=0.1 * (np.arange(6) == 5).reshape(3, 2)) == (
        f"{FAILED} outside vectors differs most at [1, 1]: yours is 3.1, expected 3. "
        "Either the loss or its gradient is wrong."
    )
    problem = check_cubes(kind=np.float32)
    assert problem.endswith("It is nearly right: is something in single precision (float32)?")


@pytest.mark.parametrize(
    "result", [None, 3, (1.0,), ("a", "b", "c"), (np.nan, X[:1], X[1:]), (np.zeros(2), X[:1], X[1:])], ids=repr
)  # fmt: skip
def test_a_gradient_that_cannot_be_checked(result):
    results = iter([(1.0, X[:1], X[1:]), *[result] * 99])
    for f in (lambda v, U: result, lambda v, U: next(results)):
        assert "cannot be checked" in check_gradient("a loss", f, PARTS, X[0], X[1:])


def draw_twice():
    return [random.randint(0, 9) for _ in "ab"]


@pytest.mark.parametrize("draws", [0, 1, 2, 3])
def test_draws(draws):
    state, source = random.getstate(), random.Random(1)
    expected = [source.randint(0, 9) for _ in range(draws)]
    session = SimpleNamespace(seed=1, next_random=source.getrandbits(32))
    value, problem = drawn("f", session, draw_twice)
    assert value[:draws] == expected[:2]
    assert problem.startswith("f draws other random numbers") == (draws != 2)
    assert bool(drawn("f", session)[1]) == (draws != 0)
    assert random.getstate() == state


def test_arguments_that_changed_are_named():
    assert changed_arguments("sigmoid", []) == ""
    told = "sigmoid changes the x that it is given: work on a copy."
    assert changed_arguments("sigmoid", [0]) == told
    assert "the outside_words and the word2ind that" in changed_arguments("skipgram", [2, 3])
