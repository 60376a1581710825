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
from grading import cases, mistakes
from grading.compare import (
    PARTS,
    changed_arguments,
    check_array,
    check_gradient,
    check_loss_and_gradients,
    drawn,
)

EYE = np.eye(2)
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])


@dataclass
class Opaque:
    """As `sandbox.wire.Opaque`."""

    type_name: str


# Arrays: kind, shape, finiteness, elements


@pytest.mark.parametrize(
    "found",
    [
        MATRIX,
        MATRIX.tolist(),
        tuple(MATRIX),
        [MATRIX[0], [4, 5.0, np.array(6.5)]],
        MATRIX[np.newaxis],
        MATRIX * (1 + 5e-7),
        MATRIX.astype(np.float32) * np.float32(1 + 5e-5),
        MATRIX + 5e-10,
    ],
    ids=["array", "lists", "tuple", "mixed", "leading axis", "near", "single precision", "atol"],
)
def test_the_same_in_another_form_is_right(found):
    assert check_array("x", found, MATRIX) == ""


@pytest.mark.parametrize("found", [2.5, np.array(2.5), np.array([2.5]), [2.5], np.array([[2.5]])])
def test_a_number_may_be_an_array_of_one(found):
    assert check_array("x", found, 2.5) == ""
    assert check_array("x", found, np.array([2.5])) == ""
    assert check_array("x", found, 2.6)


def test_whole_numbers_are_numbers():
    assert check_array("x", np.array([1, 2]), np.array([1.0, 2.0])) == ""
    assert check_array("x", 3, 3.0) == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "x is None: is the return missing?"),
        (True, "x is a value of type bool, expected numbers of shape (2, 3)."),
        ("1", "x is a value of type str, expected numbers of shape (2, 3)."),
        ({}, "x is a value of type dict, expected numbers of shape (2, 3)."),
        (b"", "x is a value of type bytes, expected numbers of shape (2, 3)."),
        (Opaque("generator"), "x is a value of type generator, expected numbers of shape (2, 3)."),
        (Opaque("a\x1b[31m\nb" * 99), "x is a value of type " + ("a?[31m?b" * 99)[:100] + ", expected numbers of shape (2, 3)."),
        (MATRIX > 2, "x is an array of bool, expected numbers of shape (2, 3)."),
        (MATRIX * 1j, "x is an array of complex128, expected numbers of shape (2, 3)."),
        (MATRIX.astype(object), "x is an array of object, expected numbers of shape (2, 3)."),
        ([[1, 2, 3], [4, 5, None]], "x holds what is no number, expected numbers of shape (2, 3)."),
        ([[1, 2, 3], [4, 5, "6.5"]], "x holds what is no number, expected numbers of shape (2, 3)."),
        ([[1, 2, 3], [4, 5]], "x is a list whose parts differ in shape, expected numbers of shape (2, 3)."),
        ([[1, 2, 3], [4, 5, 10**400]], "x holds what is no number, expected numbers of shape (2, 3)."),
        (7.0, "x is one number, expected shape (2, 3)."),
        ([], "x has shape (0,), expected shape (2, 3)."),
        (np.empty((0, 3)), "x has shape (0, 3), expected shape (2, 3)."),
        (MATRIX[:1], "x has shape (1, 3), expected shape (2, 3)."),
        (MATRIX.T, "x has shape (3, 2), expected shape (2, 3). It is transposed."),
        (MATRIX.T + 1, "x has shape (3, 2), expected shape (2, 3)."),
        (MATRIX.ravel(), "x has shape (6,), expected shape (2, 3). Its numbers are right, its shape is not."),
        (MATRIX[..., np.newaxis], "x has shape (2, 3, 1), expected shape (2, 3). Its numbers are right, its shape is not."),
    ],
)  # fmt: skip
def test_kind_and_shape_come_first(found, message):
    assert check_array("x", found, MATRIX) == message


def test_a_column_is_no_vector_and_a_vector_no_number():
    assert "has shape (3, 1), expected shape (3,)" in check_array("x", np.ones((3, 1)), np.ones(3))
    assert "has shape (1,), expected shape (2,)" in check_array("x", np.ones(1), np.ones(2))
    assert check_array("x", np.ones(2), 1.0) == "x has shape (2,), expected one number."


def test_lists_without_end_are_no_numbers():
    endless = []
    endless.append(endless)
    assert "parts differ in shape" in check_array("x", endless, MATRIX)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (MATRIX * np.nan, "x is nan everywhere."),
        (MATRIX * np.inf, "x is inf everywhere."),
        (np.where(MATRIX > 4, np.nan, MATRIX), "x is nan in 2 of 6 places, first at [1, 1]."),
        (np.where(MATRIX > 6, -np.inf, 9), "x is -inf in 1 of 6 places, first at [1, 2]."),
    ],
)
def test_nan_is_named(found, message):
    assert check_array("x", found, MATRIX) == message
    assert check_array("x", found.astype(np.float32), MATRIX) == message


def test_nan_and_infinite_numbers():
    assert check_array("the loss", np.nan, 1.0) == "the loss is nan."
    assert check_array("the loss", -np.inf, 1.0) == "the loss is -inf."


def test_the_worst_element_is_shown():
    found = MATRIX + np.array([[0, 0.25, 0], [0, 0, -0.125]])
    assert check_array("x", found, MATRIX) == "x differs most at [0, 1]: yours is 2.25, expected 2."
    assert (
        check_array("x", found, MATRIX, reveal=False) == "x differs most at [0, 1]: yours is 2.25."
    )
    assert (
        check_array("x", MATRIX[0] + [0, 0, 1], MATRIX[0])
        == "x differs most at [2]: yours is 4, expected 3."
    )


def test_the_worst_element_is_a_wrong_one():
    message = check_array("x", np.array([1e6 + 0.5, 1.1]), np.array([1e6, 1.0]))
    assert message == "x differs most at [1]: yours is 1.1, expected 1."


def test_enough_digits_to_see_the_difference():
    assert check_array("x", 1.000002, 1.0) == "x differs: yours is 1.000002, expected 1."
    near = check_array("x", np.array([1.000002, 5.0]), np.array([1.0, 5.0]), reveal=False)
    assert near == "x differs most at [0]: yours is 1."


def test_there_is_no_minus_zero():
    assert check_array("x", -0.0, 1.0) == "x differs: yours is 0, expected 1. It is zero."
    assert check_array("x", -EYE, 2 * EYE).startswith("x differs most at [0, 0]: yours is -1,")
    assert "yours is 2, expected 0." in check_array(
        "x", np.array([2.0, 1.0]), np.array([-0.0, 1.0])
    )


def test_huge_numbers_are_wrong_without_a_warning():
    assert "yours is 1e+308, expected -1e+308" in check_array("x", 1e308, -1e308)


def test_tolerances_are_the_callers():
    assert check_array("x", MATRIX * 1.0009, MATRIX, rtol=1e-3) == ""
    assert check_array("x", MATRIX * 1.0011, MATRIX, rtol=1e-3)
    assert check_array("x", MATRIX + 0.1, MATRIX, atol=0.2) == ""
    single = MATRIX.astype(np.float32) * np.float32(1.0005)
    assert check_array("x", single, MATRIX)
    assert check_array("x", single, MATRIX, rtol=1e-3) == ""


def test_large_arrays_are_quick():
    x = np.random.RandomState(0).randn(1000, 1000)
    expected = submission.sigmoid(x)
    start = time.perf_counter()
    assert check_array("sigmoid", expected, expected) == ""
    instead = partial(mistakes.of_sigmoid, x, expected)
    assert "transposed" in check_array("sigmoid", expected.T, expected, instead=instead)
    assert check_array("sigmoid", expected + (x > 4), expected)
    assert time.perf_counter() - start < 2


# Loss and gradients together

GOOD = 2.5, np.array([1.0, -2.0, 3.0]), MATRIX


def check(found, **options):
    return check_loss_and_gradients("softmax", found, GOOD, **options)


def test_three_right_parts_are_right():
    assert check(GOOD) == check(list(GOOD)) == ""
    assert check((np.array([2.5]), GOOD[1][np.newaxis], MATRIX.tolist())) == ""
    expected = np.array([2.5]), *GOOD[1:]
    assert check_loss_and_gradients("softmax", GOOD, expected) == ""
    wrong = check_loss_and_gradients("softmax", (-2.5, *GOOD[1:]), expected)
    assert wrong == "softmax: the loss differs: yours is -2.5, expected 2.5. It is negated."


@pytest.mark.parametrize(
    ("found", "start", "end"),
    [
        (None, "softmax returned None: is the return missing?", ""),
        (2.5, "softmax returned a value of type float, expected 3: the loss, ", "outside vectors."),
        (MATRIX, "softmax returned an array of float64, expected 3: the loss, ", "outside vectors."),
        (Opaque("generator"), "softmax returned a value of type generator, expected 3: the loss, ", "."),
        ([], "softmax returned 0 values, expected 3: the loss, ", "outside vectors."),
        ((2.5,), "softmax returned 1 value, expected 3: the loss, ", "outside vectors."),
        (GOOD[1:], "softmax returned 2 values, expected 3: the loss, ", "outside vectors."),
        (GOOD[:2], "softmax returned 2 values, expected 3: the loss, ", "outside vectors."),
        ((*GOOD, 1), "softmax returned 4 values, expected 3: the loss, ", "outside vectors."),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else None,
)  # fmt: skip
def test_there_must_be_three_parts(found, start, end):
    message = check(found)
    assert message.startswith(start)
    assert message.endswith(end)


def test_each_wrong_part_has_a_line():
    loss, center, outside = GOOD
    assert check((loss, -center, outside)) == (
        "softmax: the gradient of the center vector differs most at [2]: "
        "yours is -3, expected 3. It is negated."
    )
    lines = check((-loss, center[:2], outside * np.nan)).splitlines()
    assert lines == [
        "softmax: the loss differs: yours is -2.5, expected 2.5. It is negated.",
        "softmax: the gradient of the center vector has shape (2,), expected shape (3,).",
        "softmax: the gradient of the outside vectors is nan everywhere.",
    ]


def test_what_all_wrong_parts_have_in_common_is_said_once():
    two = check((GOOD[0], -GOOD[1], -GOOD[2])).splitlines()
    assert len(two) == 3
    assert two[1].endswith("expected 6.5.")
    assert two[2] == "It is negated."
    *problems, said = check([part * 4 for part in GOOD]).splitlines()
    assert len(problems) == 3
    assert said == "It is 4 times the right value."


def test_swapped_gradients():
    assert check((GOOD[0], GOOD[2], GOOD[1])).splitlines() == [
        "softmax: the gradient of the center vector has shape (2, 3), expected shape (3,). "
        "It is the gradient of the outside vectors.",
        "softmax: the gradient of the outside vectors has shape (3,), expected shape (2, 3). "
        "It is the gradient of the center vector.",
    ]


def test_nothing_computed():
    assert check((0.0, np.zeros(3), np.zeros((2, 3)))).count("It is zero") == 3


def test_names_and_known_mistakes_are_the_callers():
    names = "loss", "slope", "tilt"
    wrong = (3.5, *GOOD[1:])
    message = check(wrong, names=names, instead=lambda: [("one too many", (3.5, None, None))])
    assert message == "softmax: the loss differs: yours is 3.5, expected 2.5. It is one too many."


def test_mistakes_are_listed_only_where_something_differs():
    assert check(GOOD, instead=pytest.fail) == ""


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


@given(anything, st.booleans())
def test_any_value_gets_a_text(found, reveal):
    for expected in (0.0, 2.5, GOOD[1], MATRIX, np.zeros((2, 2))):
        assert isinstance(check_array("x", found, expected, reveal=reveal), str)
    instead = partial(mistakes.of_sigmoid, MATRIX, MATRIX / 9)
    assert isinstance(check_array("x", found, MATRIX / 9, reveal=reveal, instead=instead), str)


@given(st.one_of(anything, st.tuples(numbers, numbers, numbers)), st.booleans())
def test_any_value_gets_a_text_instead_of_loss_and_gradients(found, reveal):
    message = check(
        found, instead=lambda: mistakes.of_softmax(GOOD[1], 1, MATRIX, GOOD), reveal=reveal
    )
    assert len(message.splitlines()) <= 4
    window = cases.WINDOWS[0]
    loss = cases.linear_loss(2, window)
    v_c, U = window.center_vectors[window.c], window.outside_vectors
    pairs = [loss(v_c, o, U, loss.dataset) for o in window.words]
    how = {"instead": lambda: mistakes.of_skipgram(window, pairs)}
    right = mistakes.sums_of(pairs, window)
    assert check_loss_and_gradients("skipgram", right, right, **how) == ""
    assert isinstance(check_loss_and_gradients("skipgram", found, right, **how), str)


@given(anything)
def test_any_list_of_changed_arguments_gets_a_text(told):
    assert isinstance(changed_arguments("sigmoid", told), str)


@given(arrays(float, (3, 2), elements=st.floats(-9, 9)), st.integers(0, 5), st.floats(1e-3, 1e3))
def test_one_wrong_element_is_found_and_shown(expected, place, error):
    found = expected.copy()
    found.flat[place] += error
    message = check_array("x", found, expected)
    assert f"at {list(divmod(place, 2))}: yours is {found.flat[place]:.6g}, expected" in message


# Gradients, and random draws

X = np.array([[0.623, -1.0], [2.0, 0.3], [1.0, 1.0]])


def check_cubes(f):
    return check_gradient("a loss", lambda v, U: f(np.vstack([v, U])), PARTS, X[0], X[1:])


def parts(gradient):
    return gradient[:1], gradient[1:]


def test_right_gradient():
    assert check_cubes(lambda x: (np.sum(x**3), *parts(3 * x**2))) == ""


@pytest.mark.parametrize("wrong", [1.0005, 0, -1, np.nan, np.inf])
def test_wrong_gradient(wrong):
    assert check_cubes(lambda x: (np.sum(x**3), *parts(3 * x**2 * wrong))).startswith(
        "a loss: gradient check failed: by finite differences of the loss, the gradient of the center vector"
    )


def test_gradient_wrong_in_one_element():
    def f(x):
        gradient = 3 * x**2
        gradient[2, 1] += 0.1
        return np.sum(x**3), *parts(gradient)

    assert check_cubes(f) == (
        "a loss: gradient check failed: by finite differences of the loss, the gradient of the "
        "outside vectors differs most at [1, 1]: yours is 3.1, expected 3. "
        "Either the loss is wrong or its gradient."
    )


def test_a_loss_in_single_precision():
    problem = check_cubes(lambda x: (np.array(np.sum(x**3), np.float32), *parts(3 * x**2)))
    assert problem.endswith("It is nearly right: is something in single precision (float32)?")


@pytest.mark.parametrize(
    "result",
    [None, 3, (1.0,), ("a", "b", "c"), (np.nan, *parts(X)), (np.zeros(2), *parts(X)), (), {}],
    ids=repr,
)
def test_no_gradient(result):
    assert "cannot be checked" in check_cubes(lambda x: result)
    results = iter([(1.0, *parts(X)), *[result] * 99])
    assert "cannot be checked" in check_cubes(lambda x: next(results))


def following(seed, draws):
    source = random.Random(seed)
    for _ in range(draws):
        source.randint(0, 9)
    return source.getrandbits(32)


def draw_twice():
    return [random.randint(0, 9) for _ in "ab"]


@pytest.mark.parametrize("draws", [0, 1, 2, 3])
def test_draws(draws):
    state, session = random.getstate(), SimpleNamespace(seed=1, next_random=following(1, draws))
    value, problem = drawn("f", session, draw_twice)
    random.seed(1)
    assert value == draw_twice()
    random.setstate(state)
    assert problem.startswith("f draws other random numbers") == (draws != 2)
    assert bool(drawn("f", session)[1]) == (draws != 0)
    assert random.getstate() == state


@pytest.mark.parametrize("told", [None, "x", [], 1.5])
def test_what_is_told_of_draws_may_be_anything(told):
    assert drawn("f", SimpleNamespace(seed=1, next_random=told))[1]


def test_arguments_that_changed_are_named():
    assert changed_arguments("sigmoid", []) == ""
    assert changed_arguments("sigmoid", [0]) == (
        "sigmoid changes the x that it is given: work on a copy."
    )
    assert "the outside_words and the word2ind that" in changed_arguments("skipgram", [2, 3])
