"""`sgd` against the formula of its path, and against itself when it is stopped and goes on."""

import contextlib
import functools
import io
import random
from itertools import pairwise

import numpy as np
import pytest
from conftest import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from submission import sgd
from utils.checkpoint import load_checkpoint
from utils.utils import InputError

QUIET = 10**9  # a PRINT_EVERY that is never reached


class Quadratic:
    """J(x) = sum of a (x - m)^2 / 2; notes every x that it is called with."""

    def __init__(self, a, m):
        self.a, self.m, self.seen = a, m, []

    def __call__(self, x):
        self.seen.append(np.array(x))
        return float(np.sum(self.a * (x - self.m) ** 2) / 2), frozen(self.a * (x - self.m))


shapes = st.just(()) | hnp.array_shapes(max_dims=3, max_side=4)


@settings(max_examples=50)
@given(shapes, st.integers(0, 60), st.floats(0.01, 1.9), st.integers(0, 2**32 - 1))
def test_path_of_a_quadratic_is_the_formula(shape, iterations, step, seed):
    rng = np.random.RandomState(seed)
    a, m, x0 = rng.uniform(0.1, 1, shape), rng.uniform(-5, 5, shape), rng.uniform(-5, 5, shape)
    f, given_x0 = Quadratic(a, m), np.array(x0) if shape else float(x0)
    x = sgd(f, given_x0, step, iterations, PRINT_EVERY=QUIET)
    assert len(f.seen) == iterations  # one evaluation an iteration
    for t, found in enumerate([*f.seen, x]):
        assert np.shape(found) == shape
        np.testing.assert_allclose(found, m + (1 - step * a) ** t * (x0 - m), 1e-9, 1e-9)
    np.testing.assert_array_equal(given_x0, x0)


def test_step_is_halved_after_every_20000th_iteration():
    seen = []

    def f(x):
        seen.append(x)
        return 0.0, 1.0  # x falls by the step itself; all numbers here are exact

    x = sgd(f, 0.0, 2**-10, 60_001, PRINT_EVERY=QUIET)
    steps = -np.diff([*seen, x]) * 2**10
    np.testing.assert_array_equal(steps, np.repeat([1, 1 / 2, 1 / 4, 1 / 8], [20_000] * 3 + [1]))


def test_postprocessing_gets_every_update_and_its_result_is_the_next_x():
    f, updates = Quadratic(np.array([1.0, 3.0]), np.array([2.0, -1.0])), []

    def unit_length(x):
        updates.append(x)
        return x / np.linalg.norm(x)

    x = sgd(f, np.array([5.0, 5.0]), 0.25, 20, postprocessing=unit_length, PRINT_EVERY=QUIET)
    for (before, after), update in zip(pairwise([*f.seen, x]), updates, strict=True):
        np.testing.assert_allclose(update, before - 0.25 * f.a * (before - f.m), rtol=1e-13)
        np.testing.assert_array_equal(after, update / np.linalg.norm(update))


@pytest.mark.parametrize(
    ("losses", "options", "expected"),
    [
        (range(1, 36), {}, "iter 10: 10.000000\niter 20: 10.500000\niter 30: 11.475000\n"),
        ([1, 21, 0, 1], {"PRINT_EVERY": 2}, "iter 2: 21.000000\niter 4: 20.000000\n"),
        ([1, 21, 0, 1], {"PRINT_EVERY": 5}, ""),
        ([0, 1], {"PRINT_EVERY": 1}, "iter 1: 0.000000\niter 2: 0.050000\n"),
        ([], {}, ""),
    ],
)
def test_prints_the_smoothed_loss_which_only_printed_losses_make(losses, options, expected, capsys):
    numbers = iter(losses)
    sgd(lambda x: (float(next(numbers)), 0.0), 0.0, 0.1, len(losses), **options)
    assert capsys.readouterr() == (expected, "")


# Stopped, and called again


class StopError(Exception):
    """Stands for the end of a process."""


class Noisy:
    """Draws from Python's `random`, and at the first call builds its corpus with it.

    Stops at its n-th call, if `stop` is n.
    """

    def __init__(self, stop=None):
        self.calls, self.stop, self.corpus = 0, stop, None

    def __call__(self, x):
        self.calls += 1
        if self.calls == self.stop:
            raise StopError
        size = random.randint(1, 5)
        if self.corpus is None:
            self.corpus = [random.random() for _ in range(40)]
        target = self.corpus[random.randint(0, 39)] * size + random.gauss(0, 1)
        error = x - np.array([target, 1.0])
        return float(error @ error), 2 * error


def run(f, iterations, **options):
    """Run sgd as a fresh process does; give x, the random state and the lines printed."""
    random.seed(31415)
    x, out = None, io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(StopError):
        x = sgd(f, np.array([3.0, 1e9]), 0.01, iterations, PRINT_EVERY=700, **options).tolist()
    return x, random.getstate(), out.getvalue().splitlines()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Make an empty folder the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved_iteration():
    """Give the iteration of the save in the working directory, 0 without one."""
    saved = load_checkpoint()
    return saved.iteration if saved else 0


uninterrupted = functools.cache(lambda iterations: run(Noisy(), iterations))


@pytest.mark.parametrize("stops", [(5_001,), (5_002, 1, 2), (12_345, 8_888), (20_001,)])
@pytest.mark.usefixtures("here")
def test_a_run_stopped_and_called_again_equals_an_uninterrupted_one(stops):
    printed = []
    for stop in stops:
        saved = saved_iteration()
        x, _, lines = run(Noisy(stop), 23_000, use_saved=True)
        assert x is None
        printed += lines
        # a run that goes on calls f at x0 first, which is no iteration
        done = stop - 1 if saved == 0 else max(0, stop - 2)
        assert saved_iteration() == (saved + done) // 5_000 * 5_000
    x, state, lines = run(Noisy(), 23_000, use_saved=True)
    expected_x, expected_state, expected_lines = uninterrupted(23_000)
    assert (x, state) == (expected_x, expected_state)
    assert set(printed + lines) == set(expected_lines)
    assert lines == expected_lines[-len(lines) :]


@pytest.mark.usefixtures("here")
def test_a_finished_run_gives_the_same_at_once_and_goes_on_if_asked_for_more():
    run(Noisy(), 10_000, use_saved=True)
    for iterations in (10_000, 12_000):
        f, (x, state, lines) = Noisy(), uninterrupted(iterations)
        assert run(f, iterations, use_saved=True) == (x, state, lines[10_000 // 700 :])
        assert f.calls == iterations - 10_000 + 1


@pytest.mark.parametrize(
    ("saved", "x0", "iterations", "told"),
    [
        (np.ones(2), np.zeros((1, 2)), 5_000, "parameters of shape (2,), but x0 has (1, 2): it is of another run. Delete"),
        (1.0, np.zeros(1), 5_000, "parameters of shape (), but x0 has (1,): it is of another run. Delete"),
        (1.0, 0.0, 4_999, "iteration 5000, more than the 4999 asked for. Ask for more"),
        (1.0, 0.0, 0, "iteration 5000, more than the 0 asked for. Ask for more"),
    ],
)  # fmt: skip
def test_a_save_of_another_run_is_refused_and_kept(here, saved, x0, iterations, told):
    sgd(lambda x: (0.0, x), saved, 0.1, 5_000, use_saved=True, PRINT_EVERY=QUIET)
    before = (here / "saved_sgd.npz").read_bytes()
    with pytest.raises(InputError) as error:  # f is not called
        sgd(None, x0, 0.1, iterations, use_saved=True)
    assert str(error.value).startswith(f"saved_sgd.npz holds {told}")
    assert (here / "saved_sgd.npz").read_bytes() == before


def test_only_with_use_saved_a_save_is_read_or_written(here):
    x0 = np.ones(3)
    assert sgd(None, x0, 0.1, 0) is x0
    run(Noisy(), 5_001)
    assert list(here.iterdir()) == []
    (here / "saved_sgd.npz").write_bytes(b"damaged")
    run(Noisy(), 5_001)
    assert (here / "saved_sgd.npz").read_bytes() == b"damaged"
    with pytest.raises(InputError, match=r"saved_sgd\.npz is damaged"):
        sgd(None, 0.0, 0.1, 1, use_saved=True)
