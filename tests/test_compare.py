"""Messages about wrong arrays, losses and gradients: what differs, and what it is instead."""

import random
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
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
from sandbox.wire import Opaque

MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])
SINGLE = MATRIX.astype(np.float32)
NUMBERS = "expected numbers of shape (2, 3)."

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
def test_what_is_near_or_in_another_form_is_right(found, expected, options):
    assert check_array("x", found, expected, **options) == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "is None: did you forget `return`?"),
        (True, f"is a value of type bool, {NUMBERS}"),
        ("1", f"is a value of type str, {NUMBERS}"),
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


@given(arrays(float, (3, 2), elements=st.floats(-9, 9)), st.integers(0, 5), st.floats(1e-3, 1e3))
def test_one_wrong_element_is_found_and_shown(expected, place, error):
    found = expected.copy()
    found.flat[place] += error
    message = check_array("x", found, expected)
    assert f"at {list(divmod(place, 2))}: yours is {found.flat[place]:.6g}, expected" in message


# Hidden tests show no expected value


@pytest.mark.parametrize(
    ("found", "expected", "message"),
    [
        (np.array([1.000002, 5.0]), np.array([1.0, 5.0]), "x differs most at [0]: yours is 1."),
        (4.6, 2.3, "x differs: yours is 4.6."),
        (1.3 * MATRIX, MATRIX, "x differs most at [1, 2]: yours is 8.45. It is right but for a constant factor."),
        (-MATRIX, MATRIX, "x differs most at [1, 2]: yours is -6.5. It is negated."),
    ],
    ids=str,
)  # fmt: skip
def test_hidden_tests_tell_what_they_may(found, expected, message):
    assert check_array("x", found, expected, reveal=False) == message


POSITIVE = arrays(float, (4, 3), elements=st.floats(0.1, 9))


@settings(max_examples=30)
@given(POSITIVE, POSITIVE, st.sampled_from([(4, 3), (12,)]))
def test_hidden_tests_show_no_expected_value(found, expected, shape):
    message = check_array("x", found.reshape(shape), expected + 123456, reveal=False)
    assert message
    assert "12345" not in message


# What a wrong array is instead: told if it is so, not told if it is not

EXPECTED = np.random.RandomState(0).randn(5, 4)
SQUARE = EXPECTED[:4]
SYMMETRIC = EXPECTED @ EXPECTED.T
ROW_2 = EXPECTED * (np.arange(5) == 2)[:, np.newaxis]


def said(found, expected, **options):
    """Give what is said behind the worst element."""
    message = check_array("x", np.asarray(found), np.asarray(expected), **options)
    assert message
    return message.partition(", expected ")[2].partition(". ")[2]


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (-EXPECTED.astype(np.float32), EXPECTED, "It is negated."),
        (SQUARE.T, SQUARE, "It is transposed."),
        (0 * EXPECTED, EXPECTED, "It is zero everywhere."),
        (-3 * EXPECTED, EXPECTED, "It is -3 times the right value."),
        (EXPECTED / 50, EXPECTED, "It is 1/50 times the right value."),
        (1.3 * EXPECTED, EXPECTED, "It is 1.3 times the right value."),
        (np.round(EXPECTED, 3), EXPECTED, "It is rounded to 3 decimals."),
        (EXPECTED + 1, EXPECTED, ""),
        (EXPECTED * (1 + 5e-6), EXPECTED, ""),
        (SYMMETRIC * (np.arange(5) > 0), SYMMETRIC, ""),
        (ROW_2 + ROW_2**2, ROW_2, ""),
        ([0.0, 3.1], [0.0, 1.0], ""),  # any number is some multiple of another
        (0.0, 2.3, "It is zero."),
        (2.3 / 50, 2.3, "It is 1/50 times the right value."),
        (2.3 * 1.7, 2.3, ""),
        (2.3 * 101, 2.3, ""),
        (1.0, 0.0, ""),
    ],
)
def test_known_mistakes(found, expected, words):
    assert said(found, expected) == words


def test_words_of_the_caller_come_before_a_factor():
    known = [("the mean", EXPECTED / 7), ("nine", lambda found: 9 in found)]
    known.append(("the sum", EXPECTED.sum(axis=0)))
    tell = {"instead": lambda: known}
    assert said(EXPECTED / 7, EXPECTED, **tell) == "It is the mean."
    assert said(EXPECTED / 8, EXPECTED, **tell) == "It is 1/8 times the right value."
    assert said(np.where(EXPECTED < 1, EXPECTED, 9), EXPECTED, **tell) == "It is nine."
    message = check_array("x", EXPECTED.sum(axis=0), EXPECTED, **tell)
    assert message == "x has shape (4,), expected shape (5, 4). It is the sum."


X = np.array([-900.0, -7.0, -1.0, 0.5, 7.0, 900.0])
Y = (1 + np.tanh(X / 2)) / 2


@pytest.mark.parametrize(
    ("found", "words", "is_so"),
    [
        (1 - Y, "sigma(-x)", True),
        (Y * (1 - Y), "derivative", True),
        (np.tanh(X), "tanh", True),
        (X, "x itself", True),
        (np.where(X > 700, np.nan, Y), "exp overflows", True),
        (np.where(X > 0, np.nan, Y), "exp overflows", False),
        (np.where(abs(X) > 6, 0.99, Y), "|x| is large", True),
        (np.where(abs(X) > 0.7, 0.99, Y), "large", False),
        (0.4 + 0 * X, "large", False),  # all is wrong
    ],
)
def test_mistakes_of_the_sigmoid(found, words, is_so):
    message = check_array("sigmoid", found, Y, instead=partial(mistakes.of_sigmoid, X, Y))
    assert (words in message) == is_so


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # those who call do so, too
def test_a_center_vector_of_zeros():
    expected = 1.6, EXPECTED[0], 0 * EXPECTED
    for words, parts in mistakes.of_softmax(np.zeros(4), 1, EXPECTED, expected):
        assert (type(words), len(parts)) == (str, 3)


def test_mistakes_of_skipgram():
    window = cases.WINDOWS[0]
    loss, V, U = cases.linear_loss(2, window), window.center_vectors, window.outside_vectors
    pairs = [loss(V[0], o, U, loss.dataset) for o in window.words]
    sums = mistakes.sums_of(pairs, window)

    def said_of(number, found):
        known = [(words, parts[number]) for words, parts in mistakes.of_skipgram(window, pairs)]
        return said(found, sums[number], instead=lambda: [pair for pair in known if pair[1] is not None])  # fmt: skip

    for number, part in enumerate(mistakes.sums_of(pairs[:-1], window)):
        assert said_of(number, part) == "It is the sum without the last outside word."
    found = np.zeros(V.shape)
    np.add.at(found, window.words, [center for _, center, _ in pairs])
    assert "rows of the outside words" in said_of(1, found)
    assert said_of(1, found + (found == 0)) == ""


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
OF_CENTER, OF_OUTSIDE = (f"softmax: the gradient of the {of} vector" for of in ("center", "outside"))  # fmt: skip
EXPECTS = (
    "expected 3: the loss, the gradient of the center vector, the gradient of the outside vectors."
)


def check(found, **options):
    return check_loss_and_gradients("softmax", found, GOOD, **options)


def test_three_right_parts_are_right():
    unused = {"instead": pytest.fail, "unexplained": pytest.fail}
    for found in GOOD, list(GOOD), (np.array([2.5]), GOOD[1][np.newaxis], MATRIX.tolist()):
        assert check(found, **unused) == ""
    assert check_loss_and_gradients("softmax", GOOD, (np.array([2.5]), *GOOD[1:])) == ""


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (None, ["softmax returned None: did you forget `return`?"]),
        (MATRIX, [f"softmax returned an array of float64, {EXPECTS}"]),
        (Opaque("generator"), [f"softmax returned a value of type generator, {EXPECTS}"]),
        ((2.5,), [f"softmax returned 1 value, {EXPECTS}"]),
        (GOOD[:2], [f"softmax returned 2 values, {EXPECTS}"]),
        ((-2.5, GOOD[1][:2], MATRIX * np.nan),
         ["softmax: the loss differs: yours is -2.5, expected 2.5. It is negated.",
          f"{OF_CENTER} has shape (2,), expected shape (3,).", f"{OF_OUTSIDE}s is nan everywhere."]),
        ((2.5, -GOOD[1], -MATRIX),  # the same of both: said once
         [f"{OF_CENTER} differs most at [2]: yours is -3, expected 3.",
          f"{OF_OUTSIDE}s differs most at [1, 2]: yours is -6.5, expected 6.5.", "It is negated."]),
        ((GOOD[0], GOOD[2], GOOD[1]),
         [f"{OF_CENTER} has shape (2, 3), expected shape (3,). It is the gradient of the outside vectors.",
          f"{OF_OUTSIDE}s has shape (3,), expected shape (2, 3). It is the gradient of the center vector."]),
    ],
    ids=str,
)  # fmt: skip
def test_each_wrong_part_has_a_line(found, lines):
    assert check(found).splitlines() == lines


def test_names_and_known_mistakes_are_the_callers_and_more_is_told_where_numbers_differ():
    known = {"instead": lambda: [("one too many", (3.5, None, None))], "unexplained": pytest.fail}
    message = check((3.5, *GOOD[1:]), names=("loss", "slope", "tilt"), **known)
    assert message == "softmax: the loss differs: yours is 3.5, expected 2.5. It is one too many."
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


@settings(max_examples=50)
@given(st.one_of(anything, st.tuples(numbers, numbers, numbers)), st.booleans())
def test_any_value_gets_a_text(found, reveal):
    for expected in (0.0, GOOD[1], MATRIX, np.zeros((2, 2))):
        assert isinstance(check_array("x", found, expected, reveal=reveal), str)
    instead = partial(mistakes.of_sigmoid, MATRIX, MATRIX / 9)
    assert isinstance(check_array("x", found, MATRIX / 9, instead=instead), str)
    instead = partial(mistakes.of_softmax, GOOD[1], 1, MATRIX, GOOD)
    assert len(check(found, instead=instead, reveal=reveal).splitlines()) <= 4
    assert isinstance(changed_arguments("sigmoid", found), str)


# Gradients, random draws, changed arguments

PLACE = np.array([[0.623, -1.0], [2.0, 0.3], [1.0, 1.0]])
FAILED = "a loss: gradient check failed: by finite differences of the loss, the gradient of the"


def check_cubes(factor=1.0, added=0.0, kind=float):
    def f(v, U):
        x = np.vstack([v, U])
        gradient = 3 * x**2 * factor + added
        return np.array(np.sum(x**3), kind), gradient[:1], gradient[1:]

    return check_gradient("a loss", f, PARTS, PLACE[0], PLACE[1:])


def test_a_wrong_gradient():
    assert check_cubes() == ""
    for wrong in (1.0005, 0, -1, np.nan, np.inf):
        assert check_cubes(wrong).startswith(f"{FAILED} center vector")
    assert check_cubes(added=0.1 * (np.arange(6) == 5).reshape(3, 2)) == (
        f"{FAILED} outside vectors differs most at [1, 1]: yours is 3.1, expected 3. "
        "Either the loss or its gradient is wrong."
    )
    problem = check_cubes(kind=np.float32)
    assert problem.endswith("It is nearly right: is something in single precision (float32)?")


GRADIENTS = PLACE[:1], PLACE[1:]


@pytest.mark.parametrize(
    "result",
    [None, 3, (1.0,), ("a", "b", "c"), (np.nan, *GRADIENTS), (np.zeros(2), *GRADIENTS)],
    ids=repr,
)
def test_a_gradient_that_cannot_be_checked(result):
    results = iter([(1.0, *GRADIENTS), *[result] * 99])
    for f in (lambda v, U: result, lambda v, U: next(results)):
        assert "cannot be checked" in check_gradient("a loss", f, PARTS, PLACE[0], PLACE[1:])


@pytest.mark.parametrize("draws", [0, 1, 2, 3])
def test_draws(draws):
    state, source = random.getstate(), random.Random(1)
    expected = [source.randint(0, 9) for _ in range(draws)]
    session = SimpleNamespace(seed=1, next_random=source.getrandbits(32))
    value, problem = drawn("f", session, lambda: [random.randint(0, 9) for _ in "ab"])
    assert value[:draws] == expected[:2]
    assert problem.startswith("f draws other random numbers") == (draws != 2)
    assert bool(drawn("f", session)[1]) == (draws != 0)
    assert random.getstate() == state


def test_arguments_that_changed_are_named():
    assert changed_arguments("sigmoid", []) == ""
    told = "sigmoid changes the x that it is given: work on a copy."
    assert changed_arguments("sigmoid", [0]) == told
    assert "the outside_words and the word2ind that" in changed_arguments("skipgram", [2, 3])
