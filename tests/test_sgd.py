"""`sgd` against the formula of its path, and against itself when it is stopped and goes on."""

import contextlib
import functools
import io
import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from submission import sgd
from utils.checkpoint import load_checkpoint
from utils.utils import InputError

QUIET = 10**9  # a PRINT_EVERY that is never reached


def frozen(array):
    """Return a copy that raises if it is written to; a number stays one."""
    array = np.array(array, float)
    array.setflags(write=False)
    return array if array.shape else float(array)


class Quadratic:
    """J(x) = sum of a (x - m)^2 / 2; notes every x that it is called with."""

    def __init__(self, a, m):
        self.a, self.m, self.seen = a, m, []

    def __call__(self, x):
        self.seen.append(np.array(x))
        return float(np.sum(self.a * (x - self.m) ** 2) / 2), frozen(self.a * (x - self.m))


# The path


@given(
    st.one_of(st.just(()), hnp.array_shapes(max_dims=3, max_side=4)),
    st.integers(0, 60),
    st.floats(0.01, 1.9),
    st.integers(0, 2**32 - 1),
)
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


def test_no_iterations_give_x0_without_calling_f(capsys):
    x0 = np.ones(3)
    assert sgd(None, x0, 0.1, 0) is x0
    assert capsys.readouterr().out == ""


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
    assert len(updates) == 20
    for (before, after), update in zip(pairwise([*f.seen, x]), updates, strict=True):
        np.testing.assert_allclose(update, before - 0.25 * f.a * (before - f.m), rtol=1e-13)
        np.testing.assert_array_equal(after, update / np.linalg.norm(update))


# What is printed


def losses_of(numbers):
    """Return an f whose losses are `numbers`."""
    numbers = iter(numbers)
    return lambda x: (next(numbers), 0.0)


@pytest.mark.parametrize(
    ("losses", "options", "expected"),
    [
        (
            [float(i) for i in range(1, 36)],
            {},
            "iter 10: 10.000000\niter 20: 10.500000\niter 30: 11.475000\n",
        ),
        ([1.0, 21.0, 0.0, 1.0], {"PRINT_EVERY": 2}, "iter 2: 21.000000\niter 4: 20.000000\n"),
        ([1.0, 21.0, 0.0, 1.0], {"PRINT_EVERY": 4}, "iter 4: 1.000000\n"),
        ([1.0, 21.0, 0.0, 1.0], {"PRINT_EVERY": 5}, ""),
        ([0.0, 1.0], {"PRINT_EVERY": 1}, "iter 1: 0.000000\niter 2: 0.050000\n"),
    ],
)
def test_prints_the_smoothed_loss_which_only_printed_losses_make(losses, options, expected, capsys):
    numbers = iter(losses)
    sgd(lambda x: (next(numbers), 0.0), 0.0, 0.1, len(losses), **options)
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
        return (x - target) ** 2, 2 * (x - target)


def run(f, iterations, **options):
    """Run sgd as a fresh process does; return x, the random state and the lines printed."""
    random.seed(31415)
    x, out = None, io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(StopError):
        x = sgd(f, 3.0, 0.01, iterations, **{"PRINT_EVERY": 700, **options})
    return x, random.getstate(), out.getvalue().splitlines()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Make an empty folder the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved_iteration():
    """Return the iteration of the save in the working directory, 0 without one."""
    saved = load_checkpoint()
    return saved.iteration if saved else 0


@functools.cache
def uninterrupted(iterations):
    """Return the result of an uninterrupted run without saves."""
    return run(Noisy(), iterations)


@pytest.mark.parametrize(
    "stops",
    [
        (),
        (1,),
        (5_000,),
        (5_001,),
        (5_002, 1, 2),
        (12_345, 8_888),
        (20_001,),
        (7_000, 16_000, 3_000),
    ],
)
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
def test_a_matrix_goes_on_bit_for_bit():
    def result(stop=None, **options):
        noisy, x0 = Noisy(stop), np.array([[1.0, -2.0], [0.1, 1e9]])
        random.seed(1)
        return sgd(lambda x: (0.0, noisy(x)[1]), x0, 0.01, 6_000, **options)

    with pytest.raises(StopError):
        result(5_900, use_saved=True)
    assert saved_iteration() == 5_000
    np.testing.assert_array_equal(result(use_saved=True), result())


@pytest.mark.usefixtures("here")
def test_a_finished_run_asked_for_more_goes_on():
    run(Noisy(), 10_000, use_saved=True)
    f = Noisy()
    x, state, lines = run(f, 12_000, use_saved=True)
    assert f.calls == 2_001
    expected = uninterrupted(12_000)
    assert (x, state, lines) == (*expected[:2], expected[2][10_000 // 700 :])


@pytest.mark.usefixtures("here")
def test_a_finished_run_called_again_gives_the_same_at_once():
    expected = run(Noisy(), 5_000, use_saved=True)
    f = Noisy()
    assert run(f, 5_000, use_saved=True) == (*expected[:2], [])
    assert f.calls == 1


def test_saves_after_every_5000th_iteration(here):
    calls, saved = 0, {}

    def f(x):
        nonlocal calls
        calls += 1
        if calls % 5_000 <= 1:
            saved[calls] = saved_iteration()
        return 0.0, 0.0

    sgd(f, 0.0, 1.0, 10_002, use_saved=True, PRINT_EVERY=QUIET)
    assert saved == {1: 0, 5_000: 0, 5_001: 5_000, 10_000: 5_000, 10_001: 10_000}
    assert [file.name for file in here.iterdir()] == ["saved_sgd.npz"]


@pytest.mark.parametrize("saved", [np.ones(2), 1.0])
@pytest.mark.parametrize(
    ("x0", "iterations", "told"),
    [
        (np.zeros((1, 2)), 5_000, "shape {shape}, but x0 has (1, 2): it is of another run. Delete"),
        (np.zeros(1), 5_000, "shape {shape}, but x0 has (1,): it is of another run. Delete"),
        (None, 4_999, "iteration 5000, more than the 4999 asked for. Ask for more"),
        (None, 0, "iteration 5000, more than the 0 asked for. Ask for more"),
    ],
)
def test_a_save_of_another_run_is_refused_and_kept(here, saved, x0, iterations, told):
    sgd(lambda x: (0.0, x), saved, 0.1, 5_000, use_saved=True, PRINT_EVERY=QUIET)
    before = (here / "saved_sgd.npz").read_bytes()
    with pytest.raises(InputError) as error:  # f is not called
        sgd(None, saved if x0 is None else x0, 0.1, iterations, use_saved=True)
    assert told.format(shape=np.shape(saved)) in str(error.value)
    assert str(error.value).startswith("saved_sgd.npz holds ")
    assert (here / "saved_sgd.npz").read_bytes() == before


def test_only_with_use_saved_a_save_is_read_or_written(here):
    run(Noisy(), 5_001)
    assert list(here.iterdir()) == []
    (here / "saved_sgd.npz").write_bytes(b"damaged")
    run(Noisy(), 5_001)
    assert (here / "saved_sgd.npz").read_bytes() == b"damaged"
    with pytest.raises(InputError, match=r"saved_sgd\.npz is damaged"):
        sgd(None, 0.0, 0.1, 1, use_saved=True)
