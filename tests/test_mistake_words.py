"""What a wrong array is instead: told if it is so, not told if it is not."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grading import cases
from grading.compare import check_array
from grading.mistakes import nearly_equal, of_sigmoid, of_skipgram, of_softmax, sums_of

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
        (-2.3, 2.3, "It is negated."),
        (2.3 / 50, 2.3, "It is 1/50 times the right value."),
        (2.3 * 1.7, 2.3, ""),
        (2.3 * 101, 2.3, ""),
        (1.0, 0.0, ""),
    ],
)
def test_known_mistakes(found, expected, words):
    assert said(found, expected) == words


def test_words_of_the_caller_come_before_a_factor():
    def instead():
        return [
            ("the sum", EXPECTED.sum(axis=0)),
            ("the mean", EXPECTED / 7),
            ("nine", lambda found: 9 in found),
        ]

    assert said(EXPECTED / 7, EXPECTED, instead=instead) == "It is the mean."
    assert said(EXPECTED / 8, EXPECTED, instead=instead) == "It is 1/8 times the right value."
    assert said(np.where(EXPECTED < 1, EXPECTED, 9), EXPECTED, instead=instead) == "It is nine."
    message = check_array("x", EXPECTED.sum(axis=0), EXPECTED, instead=instead)
    assert message == "x has shape (4,), expected shape (5, 4). It is the sum."


def test_hidden_tests_tell_no_factor():
    factor = check_array("x", 1.3 * EXPECTED, EXPECTED, reveal=False)
    assert factor.endswith("It is right but for a constant factor.")
    assert "negated" in check_array("x", -EXPECTED, EXPECTED, reveal=False)


@settings(max_examples=30)
@given(
    arrays(float, (4, 3), elements=st.floats(0.1, 9)),
    arrays(float, (4, 3), elements=st.floats(0.1, 9)),
    st.sampled_from([(4, 3), (12,)]),
)
def test_hidden_tests_show_no_expected_value(found, expected, shape):
    message = check_array("x", found.reshape(shape), expected + 123456, reveal=False)
    assert message
    assert "12345" not in message


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
    message = check_array("sigmoid", found, Y, instead=partial(of_sigmoid, X, Y))
    assert (words in message) == is_so


# Skip-gram and softmax: what the table of wrong submissions does not show

WINDOW = cases.WINDOWS[0]
LOSS = cases.linear_loss(2, WINDOW)
PAIRS = [
    LOSS(WINDOW.center_vectors[0], o, WINDOW.outside_vectors, LOSS.dataset) for o in WINDOW.words
]
SUMS = sums_of(PAIRS, WINDOW)


def said_of_window(number, found):
    known = [(words, parts[number]) for words, parts in of_skipgram(WINDOW, PAIRS)]
    known = [pair for pair in known if pair[1] is not None]
    return said(found, SUMS[number], instead=lambda: known)


def test_mistakes_of_skipgram():
    for number, part in enumerate(sums_of(PAIRS[:-1], WINDOW)):
        assert said_of_window(number, part) == "It is the sum without the last outside word."
    found = np.zeros(SUMS[1].shape)
    np.add.at(found, WINDOW.words, [center for _, center, _ in PAIRS])
    assert "rows of the outside words" in said_of_window(1, found)
    assert said_of_window(1, found + (found == 0)) == ""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # those who call do so, too
def test_a_center_vector_of_zeros():
    for words, parts in of_softmax(np.zeros(4), 1, EXPECTED, (1.6, EXPECTED[0], 0 * EXPECTED)):
        assert (type(words), len(parts)) == (str, 3)


def test_arrays_are_nearly_equal_to_five_digits_of_the_largest():
    others = [EXPECTED * (1 + 1e-6), EXPECTED[np.newaxis], EXPECTED * (1 + 1e-4), EXPECTED * np.nan]
    others += [np.full((5, 4), np.inf), EXPECTED[0]]
    assert [nearly_equal(EXPECTED, other) for other in others] == [True] * 2 + [False] * 4
