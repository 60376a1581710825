"""What a wrong array is instead: told if it is so, not told if it is not."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grading import cases
from grading.compare import check_array
from grading.mistakes import of_sigmoid, of_skipgram, of_softmax, same, sums_of

EXPECTED = np.random.RandomState(0).randn(5, 4)
SQUARE = EXPECTED[:4]


def diagnosis(found, expected, **options):
    """Give what is said behind the worst element."""
    message = check_array("x", found, expected, **options)
    assert message
    return message.partition(", expected ")[2].partition(". ")[2]


def only(row):
    return EXPECTED * (np.arange(5) == row)[:, np.newaxis]


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (-EXPECTED, EXPECTED, "It is negated."),
        (-EXPECTED.astype(np.float32), EXPECTED, "It is negated."),
        (SQUARE.T, SQUARE, "It is transposed."),
        (0 * EXPECTED, EXPECTED, "It is zero everywhere."),
        (2 * EXPECTED, EXPECTED, "It is 2 times the right value."),
        (-3 * EXPECTED, EXPECTED, "It is -3 times the right value."),
        (EXPECTED / 50, EXPECTED, "It is 1/50 times the right value."),
        (-EXPECTED / 6, EXPECTED, "It is -1/6 times the right value."),
        (0.7 * EXPECTED, EXPECTED, "It is 0.7 times the right value."),
        (1.3 * EXPECTED, EXPECTED, "It is 1.3 times the right value."),
        (np.round(EXPECTED, 3), EXPECTED, "It is rounded to 3 decimals."),
        (EXPECTED - only(0) - only(1), EXPECTED, ""),
        (EXPECTED + 1, EXPECTED, ""),
        (EXPECTED * (1 + 5e-6), EXPECTED, ""),
    ],
)
def test_known_mistakes(found, expected, words):
    assert diagnosis(found, expected) == words


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (0.0, 2.3, "It is zero."),
        (-2.3, 2.3, "It is negated."),
        (4.6, 2.3, "It is 2 times the right value."),
        (2.3 / 50, 2.3, "It is 1/50 times the right value."),
        (2.3 * 1.7, 2.3, ""),
        (2.3 * 101, 2.3, ""),
        (1.0, 0.0, ""),
    ],
)
def test_known_mistakes_of_a_number(found, expected, words):
    assert diagnosis(np.array(found), np.array(expected)) == words


def test_nothing_is_said_that_holds_for_other_reasons():
    symmetric = EXPECTED @ EXPECTED.T
    assert "transposed" not in diagnosis(symmetric * (np.arange(5) > 0), symmetric)
    one_row = only(2)
    assert diagnosis(one_row + only(2) ** 2, one_row) == ""
    assert diagnosis(one_row + 1, one_row) == ""
    assert diagnosis(np.array([0.0, 3.1]), np.array([0.0, 1.0])) == ""
    assert diagnosis(EXPECTED[:2] - only(0)[:2], EXPECTED[:2]) == ""
    blocks = EXPECTED.reshape(5, 2, 2)
    assert diagnosis(blocks * (np.arange(5) > 0)[:, np.newaxis, np.newaxis], blocks) == ""


def test_words_of_the_caller_come_before_a_factor():
    def instead():
        return [("the sum", EXPECTED.sum(axis=0)), ("the mean", EXPECTED / 7)]

    assert diagnosis(EXPECTED / 7, EXPECTED, instead=instead) == "It is the mean."
    assert diagnosis(EXPECTED / 8, EXPECTED, instead=instead) == "It is 1/8 times the right value."
    message = check_array("x", EXPECTED.sum(axis=0), EXPECTED, instead=instead)
    assert message == "x has shape (4,), expected shape (5, 4). It is the sum."


def test_a_function_of_the_caller_may_tell():
    found = EXPECTED.copy()
    found[1, 1] = 9

    def instead():
        return [("nine", lambda found: 9 in found)]

    assert diagnosis(found, EXPECTED, instead=instead) == "It is nine."
    assert "nine" not in diagnosis(found + 1, EXPECTED, instead=instead)
    assert "nine" not in check_array("x", found[:2], EXPECTED, instead=instead)


def test_hidden_tests_tell_no_numbers():
    factor = check_array("x", 1.3 * EXPECTED, EXPECTED, reveal=False)
    assert factor.endswith("It is right but for a constant factor.")
    assert check_array("x", 4.6, 2.3, reveal=False) == "x differs: yours is 4.6."
    assert "negated" in check_array("x", -EXPECTED, EXPECTED, reveal=False)


@settings(max_examples=30)
@given(
    arrays(float, (4, 3), elements=st.floats(0.1, 9)),
    arrays(float, (4, 3), elements=st.floats(0.1, 9)),
    st.booleans(),
)
def test_hidden_tests_show_no_expected_value(found, expected, same_shape):
    found = found if same_shape else found.ravel()
    message = check_array("x", found, expected + 123456, reveal=False)
    assert message
    assert "12345" not in message


# Sigmoid


def test_mistakes_of_the_sigmoid():
    x = np.array([-900.0, -7.0, -1.0, 0.5, 7.0, 900.0])
    y = (1 + np.tanh(x / 2)) / 2

    def said(found):
        return check_array("sigmoid", found, y, instead=partial(of_sigmoid, x, y)).partition(". ")[
            2
        ]

    assert "sigma(-x)" in said(1 - y)
    assert "derivative" in said(y * (1 - y))
    assert "tanh" in said(np.tanh(x))
    assert "x itself" in said(x)
    assert "exp overflows" in said(np.where(x > 700, np.nan, y))
    assert "exp overflows" not in said(np.where(x > 0, np.nan, y))
    assert "|x| is large" in said(np.where(abs(x) > 6, 0.99, y))
    assert "large" not in said(np.where(abs(x) > 0.7, 0.99, y))


def test_all_wrong_is_not_wrong_only_where_x_is_large():
    x, y = np.array([7.0, 8.0]), np.array([0.99, 0.999])
    assert "large" not in check_array(
        "x", np.array([0.4, 0.5]), y, instead=partial(of_sigmoid, x, y)
    )


# Skip-gram and softmax: what the table of wrong submissions does not show

WINDOW = cases.WINDOWS[0]
LOSS = cases.linear_loss(2, WINDOW)
PAIRS = [
    LOSS(WINDOW.center_vectors[0], o, WINDOW.outside_vectors, LOSS.dataset) for o in WINDOW.words
]
SUMS = sums_of(PAIRS, WINDOW)


def said_of_window(number, found, window=WINDOW, pairs=PAIRS):
    instead = [(words, parts[number]) for words, parts in of_skipgram(window, pairs)]
    instead = [pair for pair in instead if pair[1] is not None]
    expected = np.asarray(sums_of(pairs, window)[number])
    return diagnosis(np.asarray(found), expected, instead=lambda: instead)


def test_the_last_word_left_out():
    for number, part in enumerate(sums_of(PAIRS[:-1], WINDOW)):
        assert said_of_window(number, part) == "It is the sum without the last outside word."


def test_rows_of_outside_words():
    found = np.zeros(SUMS[1].shape)
    np.add.at(found, WINDOW.words, [center for _, center, _ in PAIRS])
    assert "rows of the outside words" in said_of_window(1, found)
    assert said_of_window(1, found + (found == 0)) == ""
    assert said_of_window(1, SUMS[1] * (1 + 4e-6)) == ""


def test_one_outside_word_only():
    window = cases.WINDOWS[-1]
    assert len(window.words) == 1
    loss = cases.linear_loss(2, window)
    pairs = [loss(window.center_vectors[0], 0, window.outside_vectors, loss.dataset)]
    assert said_of_window(0, 2 * pairs[0][0], window, pairs) == "It is 2 times the right value."


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # those who call do so, too
def test_a_center_vector_of_zeros():
    for words, parts in of_softmax(np.zeros(4), 1, EXPECTED, (1.6, EXPECTED[0], 0 * EXPECTED)):
        assert isinstance(words, str)
        assert len(parts) == 3


def test_arrays_are_the_same_to_five_digits_of_the_largest():
    assert same(EXPECTED * (1 + 1e-6), EXPECTED)
    assert not same(EXPECTED * (1 + 1e-4), EXPECTED)
    assert not same(EXPECTED, EXPECTED * np.nan)
    assert not same(EXPECTED, np.full((5, 4), np.inf))
    assert not same(EXPECTED, EXPECTED[0])
    assert same(EXPECTED, EXPECTED[np.newaxis])
