"""Messages about wrong arrays, losses and gradients: what differs, and what it is instead."""

import random
import time
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mistakes import FLOAT32, MISTAKES, STYLES, apply, load

import submission
from grading.compare import (
    check_array,
    check_loss_and_gradients,
    check_scalar,
    check_sigmoid,
)
from grading.diagnose import PARTS_OF_WINDOW, skipgram_instead, softmax_instead

OVERFLOW = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # in a wrong submission
EYE = np.eye(2)
MATRIX = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.5]])


class Dataset:
    """A dataset that draws the words of `windows`."""

    def sample_token_idx(self):
        return random.randint(0, 7)


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
    assert check_scalar("x", found, 2.5) == ""
    assert check_scalar("x", found, np.array([2.5])) == ""
    assert check_scalar("x", found, 2.6)


def test_whole_numbers_are_numbers():
    assert check_array("x", np.array([1, 2]), np.array([1.0, 2.0])) == ""
    assert check_scalar("x", 3, 3.0) == ""


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "x is None: is the return missing?"),
        (True, "x is a truth value, expected shape (2, 3)."),
        ("1", "x is a string, expected shape (2, 3)."),
        ({}, "x is of type dict, expected shape (2, 3)."),
        (b"", "x is of type bytes, expected shape (2, 3)."),
        (Opaque("generator"), "x is of type generator, expected shape (2, 3)."),
        (Opaque("a\x1b[31m\nb" * 99), "x is of type " + ("a?[31m?b" * 99)[:100] + ", expected shape (2, 3)."),
        (MATRIX > 2, "x is an array of bool, expected shape (2, 3)."),
        (MATRIX * 1j, "x is an array of complex128, expected shape (2, 3)."),
        (MATRIX.astype(object), "x is an array of object, expected shape (2, 3)."),
        ([[1, 2, 3], [4, 5, None]], "x holds None, expected shape (2, 3)."),
        ([[1, 2, 3], [4, 5, "6.5"]], "x holds a string, expected shape (2, 3)."),
        ([[1, 2, 3], [4, 5, True]], "x holds a truth value, expected shape (2, 3)."),
        ([[1, 2, 3], [4, 5]], "x is a list whose parts differ in shape, expected shape (2, 3)."),
        ([[1, 2, 3], [4, 5, 10**400]], "x has a number that is too large, expected shape (2, 3)."),
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
    assert check_scalar("x", np.ones(2), 1.0) == "x has shape (2,), expected one number."


def test_lists_without_end_are_no_numbers():
    endless = []
    endless.append(endless)
    assert "lists of lists" in check_array("x", endless, MATRIX)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (MATRIX * np.nan, "x is nan everywhere."),
        (MATRIX * np.inf, "x is infinite everywhere."),
        (np.where(MATRIX > 4, np.nan, MATRIX), "x is nan in 2 of 6 places, first at [1, 1]."),
        (np.where(MATRIX > 6, -np.inf, 9), "x is infinite in 1 of 6 places, first at [1, 2]."),
    ],
)
def test_nan_is_named(found, message):
    assert check_array("x", found, MATRIX) == message
    assert check_array("x", found.astype(np.float32), MATRIX) == message


def test_nan_and_infinite_numbers():
    assert check_scalar("the loss", np.nan, 1.0) == "the loss is nan."
    assert check_scalar("the loss", -np.inf, 1.0) == "the loss is infinite."


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
    assert check_scalar("x", 1.000002, 1.0) == "x differs: yours is 1.000002, expected 1."
    near = check_array("x", np.array([1.000002, 5.0]), np.array([1.0, 5.0]), reveal=False)
    assert near == "x differs most at [0]: yours is 1."


def test_there_is_no_minus_zero():
    assert check_scalar("x", -0.0, 1.0) == "x differs: yours is 0, expected 1. It is zero."
    assert check_array("x", -EYE, 2 * EYE).startswith("x differs most at [0, 0]: yours is -1,")
    assert "yours is 2, expected 0." in check_array(
        "x", np.array([2.0, 1.0]), np.array([-0.0, 1.0])
    )


def test_huge_numbers_are_wrong_without_a_warning():
    assert "yours is 1e+308, expected -1e+308" in check_scalar("x", 1e308, -1e308)


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
    assert check_sigmoid("sigmoid", x, expected, expected) == ""
    assert "transposed" in check_sigmoid("sigmoid", x, expected.T, expected)
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
        (2.5, "softmax returned a value of type float, expected three values: ", "outside vectors."),
        (MATRIX, "softmax returned an array of float64, expected three", "outside vectors."),
        (Opaque("generator"), "softmax returned a value of type generator, expected three", "."),
        ([], "softmax returned 0 values, expected three", "outside vectors."),
        ((2.5,), "softmax returned 1 value, expected three", "outside vectors."),
        (GOOD[1:], "softmax returned 2 values, expected three", "The loss is missing."),
        (GOOD[:2], "softmax returned 2 values, expected three", "outside vectors."),
        ((*GOOD, 1), "softmax returned 4 values, expected three", "outside vectors."),
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


def test_what_all_parts_have_in_common_is_said_once():
    two = check((GOOD[0], -GOOD[1], -GOOD[2])).splitlines()
    assert len(two) == 2
    assert not two[0].endswith("negated.")
    assert two[1].endswith("expected 6.5. Both are negated.")
    three = check([part * 4 for part in GOOD]).splitlines()
    assert len(three) == 3
    assert three[2].endswith("expected 6.5. All three are 4 times the right value.")


def test_swapped_gradients():
    swapped = GOOD[0], GOOD[2], GOOD[1]
    assert check(swapped) == (
        "softmax: the gradients are swapped, expected the loss, "
        "the gradient of the center vector, the gradient of the outside vectors."
    )
    assert len(check((-1.0, *swapped[1:])).splitlines()) == 2
    assert "swapped" not in check((GOOD[0], GOOD[2], GOOD[2]))
    assert "It is the gradient of the outside vectors." in check((GOOD[0], GOOD[2], GOOD[2]))
    assert "It is the gradient of the center vector." in check((GOOD[0], GOOD[1], GOOD[1]))


def test_nothing_computed():
    assert check((0.0, np.zeros(3), np.zeros((2, 3)))) == (
        "softmax: loss and gradients are zero: is anything computed?"
    )


def test_names_and_known_mistakes_are_the_callers():
    names = "loss", "slope", "tilt"
    message = check((3.5, *GOOD[1:]), names=names, instead={"loss": [("one too many", 3.5)]})
    assert message == "softmax: the loss differs: yours is 3.5, expected 2.5. It is one too many."
    with pytest.raises(AssertionError, match="slope"):
        check(GOOD, instead={"slope": []})


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
    assert isinstance(check_sigmoid("x", MATRIX, found, MATRIX / 9, reveal=reveal), str)


@given(st.one_of(anything, st.tuples(numbers, numbers, numbers)), st.booleans())
def test_any_value_gets_a_text_instead_of_loss_and_gradients(found, reveal):
    instead = softmax_instead(GOOD, GOOD[1], 1, MATRIX)
    message = check(found, instead=instead, reveal=reveal)
    assert len(message.splitlines()) <= 3
    window = 2.5, MATRIX, MATRIX[::-1]
    instead = skipgram_instead(window, 1, [0, 1, 1], found)
    how = {"names": PARTS_OF_WINDOW, "instead": instead}
    assert isinstance(check_loss_and_gradients("skipgram", found, window, **how), str)


@given(arrays(float, (3, 2), elements=st.floats(-9, 9)), st.integers(0, 5), st.floats(1e-3, 1e3))
def test_one_wrong_element_is_found_and_shown(expected, place, error):
    found = expected.copy()
    found.flat[place] += error
    message = check_array("x", found, expected)
    assert f"at {list(divmod(place, 2))}: yours is {found.flat[place]:.6g}, expected" in message


# The table of wrong submissions

RAISES = {"sigmoid: of numbers only"}  # and what is not written yet
UNSEEN = {  # by values
    "sigmoid: written over x",
    "softmax: five words at most",  # raises, too
    "skip-gram: words in alphabetical order",
    "skip-gram: no dataset handed on",
    "skip-gram: outside words used up",
    "skip-gram: doubled from the tenth call on",
}


SAID = {  # more than the table asks for
    "sigmoid: tanh": "It is tanh(x).",
    "sigmoid: three digits": "It is rounded to 3 decimals.",
    "softmax: log to base 2": "It is taken with the logarithm to base 2.",
    "softmax: loss without log": "It is the probability itself: its logarithm is missing.",
    "softmax: no one-hot subtracted": "Both are the gradient with no one-hot vector y subtracted.",
    "softmax: one-hot added": "Both are the gradient with the one-hot vector y added, not",
    "softmax: center gradient from the outside word only": "It is the outside word's part alone",
    "softmax: outside gradient of the outside word only": "Only row 3 is right.",
    "softmax: mean over the vocabulary": "All three are divided by the number of words",
    "skip-gram: last word only": "All three are that of the last outside word only.",
    "skip-gram: mean over the outside words": "All three are the mean over the 6 outside words",
    "skip-gram: times the number of outside words": "All three are multiplied by the number of",
    "skip-gram: divided by the batch size": "All three are divided by the batch size, 50.",
}


def rows(function, *tables):
    """Parametrize a test with the rows that edit a function and nothing else."""
    table = [
        row
        for row in [row for table in tables for row in table]
        if {edit[0] for edit in row.edits} == {function}
        and row.name not in RAISES | UNSEEN
        and "not written" not in row.name
    ]
    mark = pytest.mark.parametrize("row", table, ids=lambda row: row.name)
    return lambda test: OVERFLOW(mark(test))


@pytest.fixture
def package(row, tmp_path):
    """Give the submission that a row makes of the reference."""
    return load(apply(row, tmp_path))


def assert_words(row, messages):
    """Check the first message; that all of the row's words are said, the grader's tests hold."""
    message = next(filter(None, messages), "")
    assert message
    assert SAID.get(row.name, "") in message


def sigmoids(package, reveal):
    rng = np.random.RandomState(1)
    for x in (
        rng.randn(5),
        30 * rng.randn(30),
        np.array([-900.0, 0.5, 900.0]),
        rng.randn(4, 4),
        rng.randn(4, 6),
        0.7,
    ):
        found = package.sigmoid(np.array(x)[()])
        yield check_sigmoid("sigmoid", x, found, submission.sigmoid(x), reveal=reveal)


@rows("sigmoid", MISTAKES)
def test_wrong_sigmoids(row, package):
    assert_words(row, sigmoids(package, reveal=True))
    assert_words(row, sigmoids(package, reveal=False))


@rows("sigmoid", STYLES, FLOAT32)
def test_right_sigmoids(row, package):
    assert not any(sigmoids(package, reveal=True))


def softmaxes(package, reveal):
    rng = np.random.RandomState(2)
    for o, (V, d) in ((3, (5, 3)), (0, (6, 2)), (6, (7, 7)), (11, (12, 4))):
        arguments = rng.randn(d), o, rng.randn(V, d)
        found = package.naive_softmax_loss_and_gradient(*arguments, None)
        expected = submission.naive_softmax_loss_and_gradient(*arguments, None)
        instead = softmax_instead(expected, *arguments)
        yield check_loss_and_gradients("softmax", found, expected, instead=instead, reveal=reveal)


@rows("naive_softmax_loss_and_gradient", MISTAKES)
def test_wrong_softmaxes(row, package):
    assert_words(row, softmaxes(package, reveal=True))
    assert_words(row, softmaxes(package, reveal=False))


@rows("naive_softmax_loss_and_gradient", STYLES)
def test_right_softmaxes(row, package):
    assert not any(softmaxes(package, reveal=True))


def windows(package, reveal, with_last=True):
    rng = np.random.RandomState(3)
    words = dict(zip("abcdefgh", range(8), strict=True))
    for center, size, outside in (
        ("c", 3, "abedbc"),
        ("a", 1, "b"),
        ("h", 5, "abcdefggfe"),
        ("e", 2, "aafg"),
    ):
        V = rng.randn(8, 3)
        arguments = center, size, list(outside), words, V, rng.randn(8, 3), Dataset()
        for name in ("naive_softmax_loss_and_gradient", "linear"):
            expected = submission.skipgram(
                *(np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments),
                loss(submission, name),
            )
            last = loss(submission, name)(V[words[center]], words[outside[-1]], arguments[5], None)
            found = package.skipgram(*arguments, loss(package, name))
            indices = [words[word] for word in outside]
            instead = skipgram_instead(
                expected, words[center], indices, last if with_last else None
            )
            yield check_loss_and_gradients(
                "skipgram", found, expected, names=PARTS_OF_WINDOW, instead=instead, reveal=reveal
            )


def loss(package, name):
    """Give a loss of a pair: one of the package's, or a linear one."""
    return getattr(package, name, linear_loss)


def linear_loss(center_word_vec, outside_word_idx, outside_vectors, dataset):
    w, v, U = outside_word_idx + 1, center_word_vec, outside_vectors
    return w * (v.sum() + U[0].sum()), w * np.ones(len(v)), w * (0 * U + 1)


@rows("skipgram", MISTAKES)
def test_wrong_windows(row, package):
    assert_words(row, windows(package, reveal=True))
    assert_words(row, windows(package, reveal=False))


@rows("skipgram", STYLES, FLOAT32)
def test_right_windows(row, package):
    assert not any(windows(package, reveal=True))
