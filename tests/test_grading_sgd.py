"""2b: what is said of wrong runs of sgd that the table of mistakes does not have, or not so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compare import anything

from grading import cases
from grading.sgd import check_run
from sandbox.objects import Postprocessing, Quadratic
from submission import sgd

MATRIX = np.random.RandomState(0).randn(4, 4)
HALF = Postprocessing(0.5)


def checked(run, x0=1.7, step=0.07, iterations=30, postprocessing=None, reveal=False):
    """Run an sgd and say what is wrong with its updates."""
    f, how = Quadratic(*cases.quadratic(np.shape(x0))), (step, iterations, postprocessing)
    result = run(f, np.copy(x0)[()], *how, PRINT_EVERY=10**9)
    return check_run(f, result, x0, *how, reveal=reveal)


def said(run, **how):
    """Give what is said behind the first wrong number."""
    message = checked(run, **how)
    assert message
    return message.partition("yours is ")[2].partition(". ")[2]


def descent(update):
    """Make an sgd of an update: x, step, gradient, number of the iteration from 0."""

    def run(f, x0, step, iterations, postprocessing=None, **options):
        x = x0
        for k in range(iterations):
            x = update(x, step, f(x)[1], k)
        return x

    return run


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (lambda x, s, g, k: x - s / 3 * g, "The step is 0.333333333 times the right one."),
        (lambda x, s, g, k: x - s * g * (1.5 if k > 4 else 1), "The step is 1.5 times the right one: it must be halved"),
        (lambda x, s, g, k: x - s * g * (k != 4), "It is x before this iteration: is the update left"),
        (lambda x, s, g, k: x - s * g * (k < 29), "It is x before this iteration: is the last update"),
        (lambda x, s, g, k: 0 * x, "It is 0."),
        (lambda x, s, g, k: x - s * g + 0.01 * k * x, ""),
        (lambda x, s, g, k: x - s * g * (1 + 5e-7), "The step is 1.0000005 times the right one."),
        (lambda x, s, g, k: x - s * g * (2 if k == 4 else 1), ""),
        (lambda x, s, g, k: np.float32(x + s * g), "It is x + step * gradient, which goes uphill"),
        (lambda x, s, g, k: x - s * (g + 0.3 * x), "It is an update with weight decay: 0.3 times x"),
        (lambda x, s, g, k: np.round(x - s * g, 4), "It is rounded to 4 decimals."),
        (lambda x, s, g, k: x - s * g if k < 4 else x * np.inf, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("x0", [1.7, MATRIX], ids=["number", "matrix"])
def test_wrong_updates(update, words, x0):
    found = said(descent(update), x0=x0)
    assert found.startswith(words)
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("update", "iteration", "words"),
    [
        (lambda x, s, g, k: x - s * g * (k != 19_999), "20,000", "It is x before this iteration: is"),
        (lambda x, s, g, k: x - s * g * (1 + 1e-6 * (k > 42_000)) / 2 ** (k // 20_000), "42,002", "The step is 1.000001 times the right one: it must be halved after every"),
        (lambda x, s, g, k: np.float32(x - s * g), "20,001", "The step is 2"),
        (lambda x, s, g, k: np.round(x - s * g / 2 ** (k // 20_000), 6), "2", "It is rounded to 6"),
    ],
)  # fmt: skip
def test_wrong_iterations_of_a_long_run(update, iteration, words):
    message = checked(descent(update), x0=4.0, step=2e-5, iterations=43_000)
    assert message.startswith(f"sgd: x after iteration {iteration} differs: yours is ")
    assert words in message


def test_a_single_iteration():
    uphill, thrice = (descent(lambda x, s, g, k, c=c: x - c * s * g) for c in (-1, 3))
    assert "uphill" in said(uphill, iterations=1)
    assert said(thrice, iterations=1) == ""  # one number is a multiple of any other
    assert said(thrice, iterations=1, x0=MATRIX) == "The step is 3 times the right one."


def test_evaluation_at_x0_every_time():
    def run(f, x0, step, iterations, *others, **options):
        return x0 - step * sum(f(x0)[1] for _ in range(iterations))

    for iterations in (3, 30):
        assert said(run, iterations=iterations).startswith("f is evaluated at x0 in every")


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        (0, "0 calls of f in 30 iterations, expected one in each. f is never called."),
        (1, "1 call of f in 30 iterations, expected one in each. The loop ends in the first"),
        (29, "29 calls of f in 30 iterations, expected one in each. That is one iteration too few."),
        (31, "31 calls of f in 30 iterations, expected one in each. That is one iteration too many."),
        (60, "60 calls of f in 30 iterations, expected one in each. f is evaluated twice in each."),
        (900, "900 calls of f in 30 iterations, expected one in each. The for loop is there"),
    ],
)  # fmt: skip
def test_each_iteration_calls_f_once(calls, words):
    def run(f, x0, step, iterations, *others, **options):
        for _ in range(calls):
            f(x0)
        return x0

    assert checked(run).startswith(f"sgd: {words}")


def test_expected_numbers_are_shown_unless_hidden():
    def run(f, x0, *others, **options):
        return sgd(f, x0 + 1, *others, **options)

    for reveal in (True, False):
        told = "yours is 2.7" + ", expected 1.7" * reveal
        message = checked(run, reveal=reveal)
        assert message == f"sgd: the first x differs: {told}. It must be x0."


@pytest.mark.parametrize("x0", [1.7, MATRIX], ids=["number", "matrix"])
@pytest.mark.parametrize(
    "update",
    [
        lambda x, s, g, k: x - s * g,
        lambda x, s, g, k: x * (1 - s) + s * (x - g),
        lambda x, s, g, k: np.float32(x - s * g),
        lambda x, s, g, k: x - np.float32(s) * np.float32(g),
    ],
    ids=["plain", "in another order", "x in single precision", "moves in single precision"],
)
def test_right_runs_are_right_with_their_postprocessing(update, x0):
    def run(f, x, step, iterations, postprocessing, **options):
        for k in range(iterations):
            x = (postprocessing or Postprocessing())(update(x, step, f(x)[1], k))
        return x

    assert checked(sgd, x0=x0) == ""
    for postprocessing in (None, HALF, Postprocessing(absolute=True)):
        for step in (0.07, 0.4):
            assert checked(run, x0, step, postprocessing=postprocessing) == ""


def test_a_postprocessing_that_changes_nothing_is_not_blamed():
    uphill = descent(lambda x, s, g, k: x + s * g)
    assert "uphill" in said(uphill, postprocessing=Postprocessing())


@settings(max_examples=50)
@given(st.lists(anything, max_size=3), anything)
def test_whatever_is_recorded_and_returned_there_is_a_text(calls, result):
    for x0 in (1.7, MATRIX[0]):
        for start in ([], [x0], [x0, x0 - 0.05]):
            for postprocessing in (None, HALF):
                f = Quadratic(*cases.quadratic(np.shape(x0)))
                f.record = start + calls
                for iterations in {len(f.record), 5} - {0}:
                    assert check_run(f, result, x0, 0.1, iterations, postprocessing)
