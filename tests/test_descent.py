"""Messages about runs of sgd: where the path leaves the right one, and what is done instead."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistakes import FLOAT32, MISTAKES, STYLES, apply, load
from test_compare import anything

import submission
from grading.descent import check_sgd, check_sgd_end

OVERFLOW = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # in a wrong submission
EVERY = 40  # iterations after which the step is halved, where tests shorten the 20,000
A, B, X0 = np.array([0.5, 1.0, 3.0]), np.array([0.3, -1.2, 0.7]), np.array([2.0, 1.0, -1.0])
MATRIX = np.random.RandomState(0).randn(4, 4)


class Served:
    """A function that notes where it is called, and the gradients that it gives."""

    def __init__(self, f):
        self.f, self.calls, self.grads = f, [], []

    def __call__(self, x):
        self.calls.append(x if x is None else np.copy(x))
        loss, grad = self.f(x, len(self.calls))
        self.grads.append(np.copy(grad))
        return loss, grad


def wavy(x, call):
    """Give a loss and its gradient, which never ends to change."""
    return float(np.sum(x**2)), 2 * x + np.sin(7 * call) + 2


def shrink(x):
    return x / (1 + 0.1 * abs(x))


def checked(
    sgd, x0=1.7, step=0.07, iterations=2 * EVERY + 7, postprocessing=None, f=wavy, **options
):
    """Run an sgd and check its path."""
    served = Served(f)
    result = sgd(served, np.copy(x0)[()], step, iterations, postprocessing, PRINT_EVERY=10**9)
    return check_sgd(
        served.calls,
        served.grads,
        result,
        x0=x0,
        step=step,
        iterations=iterations,
        postprocessing=postprocessing,
        **options,
    )


def ended(sgd, iterations, a=A, **options):
    """Run an sgd on a quadratic and check where it ends."""
    result = sgd(lambda x: (0.0, a * (x - B)), X0.copy(), 0.02, iterations, PRINT_EVERY=10**9)
    return check_sgd_end(result, X0, a, B, 0.02, iterations, **options)


# The table of wrong submissions

EARLY = [row for row in MISTAKES if row.function == "sgd" and row.fails and not row.shows_after]
LATE = [row for row in MISTAKES if row.function == "sgd" and row.shows_after]
RIGHT = [row for row in [*STYLES, *FLOAT32] if {edit[0] for edit in row.edits} == {"sgd"}]
RAISES = {"sgd: not written yet", "sgd: of numbers only"}
MATRICES = {"sgd: other updates of matrices"}
SAID = {  # more than the table asks for
    "sgd: uphill": "It is x + step * gradient, which goes uphill",
    "sgd: gradient for x": "It lacks x itself: it is -step * gradient.",
    "sgd: momentum": "It is an update with momentum: 0.9 of the update before is added.",
    "sgd: gradient of the x before": "It is an update with the gradient at the x before.",
    "sgd: gradient of x0": "f is evaluated at x0 in every iteration",
    "sgd: nothing returned": "sgd returned None: is the return missing?",
    "sgd: f called twice": "f is evaluated twice in each.",
    "sgd: one iteration too few": "one iteration too few.",
    "sgd: one iteration too many": "one iteration too many.",
    "sgd: x0 * 0": "The result is 0, whatever f is.",
    "sgd: other updates of matrices": "The step is 1.1 times the one given.",
    "annealing: counted from 0": "From here on the step is 0.5 times the right one",
    "annealing: a little at every iteration": "The step is halved a little at every iteration",
    "postprocessing: ignored": "The postprocessing is left out: its result",
    "postprocessing: result dropped": "The postprocessing is left out: its result",
    "postprocessing: before the update": "The postprocessing is applied before the update",
    "postprocessing: only at the end": "The postprocessing is applied at the end only",
    "postprocessing: not at the end": "The postprocessing is left out after the last update.",
    "postprocessing: applied twice": "The postprocessing is applied twice.",
    "postprocessing: of the gradient": "The postprocessing is applied to the gradient",
}
FROM_THE_TENTH_ON = {"sgd: other updates from the tenth on"}


def rows(table):
    unseen = [row.name for row in MISTAKES if "random" in row.name]  # draws show on no path
    table = [row for row in table if row.name not in (*RAISES, *unseen)]
    mark = pytest.mark.parametrize("row", table, ids=lambda row: row.name)
    return lambda test: OVERFLOW(mark(test))


@pytest.fixture
def sgd(row, tmp_path):
    """Give the sgd that a row makes of the reference, with halvings that come soon."""
    sgd = load(apply(row, tmp_path)).sgd
    sgd.__globals__["ANNEAL_EVERY"] = EVERY
    return sgd


@rows(EARLY)
@pytest.mark.parametrize("iterations", [8, 2 * EVERY + 7])
def test_wrong_updates(row, sgd, iterations):
    options = {"halve_every": EVERY, "iterations": iterations}
    if row.name in MATRICES:
        options["x0"] = MATRIX
    if row.name.startswith("postprocessing"):
        options["postprocessing"] = shrink
    for reveal in (True, False):
        message = checked(sgd, reveal=reveal, **options)
        assert bool(message) == (iterations > 8 or row.name not in FROM_THE_TENTH_ON)
        assert not message or SAID.get(row.name, "") in message


@rows(LATE)
def test_wrong_halvings_on_the_path(row, sgd):
    for reveal in (True, False):
        message = checked(sgd, halve_every=EVERY, reveal=reveal)
        assert "halved" in message or not row.name.startswith("annealing"), message
        assert message


@rows([row for row in MISTAKES if row.name.startswith("annealing")])
@pytest.mark.parametrize("reveal", [True, False])
def test_wrong_halvings_from_the_end(row, sgd, reveal):
    message = ended(sgd, 2 * EVERY + 7, halve_every=EVERY, reveal=reveal)
    assert "halved" in message


@rows(RIGHT)
def test_right_runs(row, sgd):
    assert checked(sgd, halve_every=EVERY) == ""
    assert checked(sgd, x0=MATRIX, halve_every=EVERY, postprocessing=shrink) == ""
    assert ended(sgd, 2 * EVERY + 7, halve_every=EVERY) == ""


# Mistakes that the table does not have, or not so


def descent(update):
    """Make an sgd of an update: x, step, gradient, number of the iteration."""

    def sgd(f, x0, step, iterations, postprocessing=None, PRINT_EVERY=10):
        x = x0
        for k in range(iterations):
            x = update(x, step, f(x)[1], k)
        return x

    return sgd


def said(sgd, iterations=30, **options):
    """Give what is said behind the first wrong number."""
    message = checked(sgd, iterations=iterations, reveal=False, **options)
    assert message
    return message.partition("yours is ")[2].partition(". ")[2]


@pytest.mark.parametrize(
    ("update", "words"),
    [
        (lambda x, s, g, k: x + s * g, "It is x + step * gradient, which goes uphill"),
        (lambda x, s, g, k: x - g, "The step is ignored"),
        (lambda x, s, g, k: x - s, "The gradient is ignored"),
        (lambda x, s, g, k: x - s * np.sign(g), "It takes no more than the sign"),
        (lambda x, s, g, k: x - s / 3 * g, "The step is 0.333333333 times the one given."),
        (lambda x, s, g, k: x - s * g * (1.5 if k > 4 else 1), "From here on the step is 1.5 times the right one."),
        (lambda x, s, g, k: x - s * g * (2 if k > 4 else 1), "From here on the step is 2 times the right one: it must be halved after every 20,000 iterations."),
        (lambda x, s, g, k: x - s * g * (k != 4), "It is x before this iteration: is the update left out?"),
        (lambda x, s, g, k: x - s * g * (k < 29), "It is x before this iteration: is the last update left out?"),
        (lambda x, s, g, k: x, "It is x before this iteration: is the update left out?"),
        (lambda x, s, g, k: 0 * x, "It is 0."),
        (lambda x, s, g, k: x - s * g + 0.01 * k * x, ""),
        (lambda x, s, g, k: x - s * g * (1 + 5e-8), ""),
        (lambda x, s, g, k: x - s * g * (1 + 1e-6), "The step is 1.000001 times the one given."),
        (lambda x, s, g, k: x - s * g * (2 if k == 4 else 1), ""),
        (lambda x, s, g, k: np.float32(x + s * g), "It is x + step * gradient, which goes uphill"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("x0", [1.7, MATRIX], ids=["number", "matrix"])
def test_wrong_formulas(update, words, x0):
    def f(x, call):
        return (0.0, np.sin(7.0 * call + 1) + 0 * (1.0 if x is None else x))

    assert said(descent(update), x0=x0, f=f).startswith(words)
    assert bool(said(descent(update), x0=x0, f=f)) == bool(words)


def test_a_single_iteration():
    uphill, larger = (
        descent(lambda x, s, g, k: x + s * g),
        descent(lambda x, s, g, k: x - 3 * s * g),
    )
    assert "uphill" in said(uphill, iterations=1)
    assert said(larger, iterations=1) == ""  # one number has some factor
    assert said(larger, iterations=1, x0=MATRIX) == "The step is 3 times the one given."
    unchanged = descent(lambda x, s, g, k: x)
    assert said(unchanged, iterations=1).endswith("is the update left out?")


def momentum_of_averages():
    """Make an sgd whose momentum mixes gradients."""
    speed = 0

    def update(x, step, grad, k):
        nonlocal speed
        speed = 0.9 * speed + 0.1 * grad
        return x - step * speed

    return descent(update)


def test_other_momentum_is_wrong_without_a_name():
    assert said(momentum_of_averages()) == ""


def test_evaluation_at_x0_every_time():
    def sgd(f, x0, step, iterations, *others, **options):
        return x0 - step * sum(f(x0)[1] for _ in range(iterations))

    for iterations in (3, 30):
        assert said(sgd, iterations).startswith("f is evaluated at x0 in every iteration")


def test_a_path_that_overflows():
    def ignores_the_step(f, x, step, iterations, *others, **options):
        for k in range(iterations):
            grad = f(x)[1]
            x = x - grad if k < 4 else float("inf")
        return x

    words = said(ignores_the_step, f=lambda x, call: (0.0, 1e50 * x), step=1e-60)
    assert words.startswith("The step is ignored")


def test_another_start():
    def sgd(f, x0, *others, **options):
        return submission.sgd(f, x0 + 1, *others, **options)

    assert checked(sgd) == "sgd: the first x differs: yours is 2.7, expected 1.7. It must be x0."
    assert "first x" in checked(lambda f, x0, *others, **options: x0 + 1, iterations=0)
    assert checked(lambda f, x0, *others, **options: x0, iterations=0) == ""


def test_number_of_calls():
    def stops(f, x0, step, iterations, *others, **options):
        return [f(x0) for _ in range(1)] and x0

    assert checked(stops, iterations=9) == "sgd: 1 call of f in 9 iterations, expected one in each."
    assert "The result" not in checked(lambda f, x0, *others, **options: x0)
    assert "The result" not in checked(lambda f, x0, *others, **options: "0")
    assert "The result" not in checked(lambda f, x0, *others, **options: f(x0) and 0.0)
    assert checked(stops, iterations=2).endswith("in each. That is one iteration too few.")


def test_postprocessing_in_place():
    def in_place(x):
        x *= 0.5
        return x

    def before(f, x, step, iterations, postprocessing, **options):
        for _ in range(iterations):
            grad = f(x)[1]
            x = postprocessing(np.copy(x)) - step * grad
        return x

    assert checked(submission.sgd, x0=MATRIX, postprocessing=in_place) == ""
    twice = descent(lambda x, s, g, k: (x - s * g) / 4)
    assert said(twice, x0=MATRIX, postprocessing=in_place) == "The postprocessing is applied twice."
    words = said(before, x0=MATRIX, postprocessing=in_place)
    assert words == "The postprocessing is applied before the update, expected after it."


def test_postprocessing_of_a_number_gets_a_number():
    def of_number(x):
        assert isinstance(x, float)
        return shrink(x)

    assert checked(submission.sgd, postprocessing=of_number) == ""
    assert checked(descent(lambda x, s, g, k: x - s * g), postprocessing=of_number)


def test_a_postprocessing_that_changes_nothing_is_not_blamed():
    def clip(x):
        return np.clip(x, -9, 9)

    doubled = descent(lambda x, s, g, k: clip(x - 2 * s * g))
    assert said(doubled, postprocessing=clip) == "The step is 2 times the one given."
    assert said(doubled, postprocessing=lambda x: x) == "The step is 2 times the one given."


def test_real_halvings():
    assert ended(submission.sgd, 41_000, a=A / 500) == ""
    never = descent(lambda x, s, g, k: x - s * g)
    assert "never halved; it must be halved after every 20,000" in ended(never, 41_000, a=A / 500)


def halves(halvings):
    """Make an sgd that has halved its step so often before iteration k, counted from 0."""
    return descent(lambda x, s, g, k: x - s * 0.5 ** halvings(k) * g)


@pytest.mark.parametrize(
    ("sgd", "words"),
    [
        (halves(lambda k: min(k // EVERY, 1)), "The step is halved once only; it must be halved"),
        (halves(lambda k: k // EVERY - 1), "The step is 2 times the one given."),
        (halves(lambda k: k // EVERY + 1), "The step is half the one given."),
        (descent(lambda x, s, g, k: x - g), "The step is ignored"),
        (descent(lambda x, s, g, k: x + s * 0.5 ** (k // EVERY) * g), "It goes uphill: x + step"),
        (descent(lambda x, s, g, k: x), "It is x0"),
        (descent(lambda x, s, g, k: 0 * x), "It is 0."),
        (descent(lambda x, s, g, k: x - s * 0.5 ** (k // EVERY) * g * (k < 86)), "That is one iteration too few."),
        (descent(lambda x, s, g, k: x - s * 0.5 ** (k // EVERY) * g * (1 + (k == 86))), "That is one iteration too many."),
        (descent(lambda x, s, g, k: x - s * 0.5 ** (k // EVERY) * g * 1.1), ""),
    ],
)  # fmt: skip
def test_wrong_ends(sgd, words):
    message = ended(sgd, 87, halve_every=EVERY, reveal=False)
    assert message.startswith("sgd: x after 87 iterations differs most at ")
    assert message.partition("yours is ")[2].partition(". ")[2].startswith(words)
    assert bool(message.partition("yours is ")[2].partition(". ")[2]) == bool(words)


def test_an_end_where_wrong_runs_overflow():
    assert check_sgd_end(X0, X0, A, B, 0.02, 41_000).endswith("It is x0: no update was done.")


def test_an_end_that_is_none():
    assert check_sgd_end(None, X0, A, B, 1, 9) == "sgd returned None: is the return missing?"


def test_an_end_shows_what_is_expected_unless_hidden():
    for reveal in (True, False):
        message = ended(submission.sgd, 90, halve_every=EVERY, reveal=reveal)
        assert ("expected" in message.partition(". ")[0]) == reveal


# Whatever a stranger gives


@settings(max_examples=50)
@given(st.lists(anything, max_size=3), anything)
def test_any_path_gets_a_text(calls, result):
    grads = [np.ones(7)] * len(calls)
    for x0 in (1.7, MATRIX[0]):
        for start in ([], [x0], [x0, x0 - 0.05]):
            assert check_sgd(
                start + calls,
                [0.5 + 0 * x0] * len(start) + grads,
                result,
                x0=x0,
                step=0.1,
                iterations=len(start + calls),
                postprocessing=shrink if calls else None,
            )


@given(anything)
def test_any_end_gets_a_text(result):
    assert check_sgd_end(result, X0, A, B, 0.02, 50)
    assert check_sgd_end(result, 0.123, 1.7, 0.456, 0.02, 50)


def test_long_paths_of_matrices_are_quick():
    start = time.perf_counter()
    x0 = np.random.RandomState(0).randn(100, 100)
    assert checked(submission.sgd, x0=x0, iterations=300) == ""
    assert time.perf_counter() - start < 5
