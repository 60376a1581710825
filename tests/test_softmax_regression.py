"""Softmax regression: loss against plain loops, gradient against differences, least loss, choice."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize

from submission import sgd
from utils.commands import command
from utils.gradcheck import gradcheck_naive
from utils.softmax_regression import choose, fit, predict, softmax_regression
from utils.utils import InputError

C = 3


def problem(seed=0, n=40, d=2):
    """Make features and classes: each class around a center of its own."""
    rng = np.random.default_rng(seed)
    y = rng.integers(C, size=n)
    centers = 2 * rng.normal(size=(C, d))
    return np.column_stack((np.ones(n), centers[y] + rng.normal(size=(n, d)))), y


def loss_by_loops(W, X, y, penalty):
    total = 0.0
    for x, k in zip(X, y, strict=True):
        exps = [math.exp(sum(a * b for a, b in zip(row, x, strict=True))) for row in W]
        total -= math.log(exps[k] / sum(exps))
    return total / len(y) + penalty / 2 * sum(w * w for row in W for w in row[1:])


def test_loss_is_that_of_plain_loops():
    X, y = problem()
    for penalty in (0, 0.3):
        W = np.random.default_rng(1).normal(size=(C, 3))
        loss, _ = softmax_regression(W, X, y, penalty)
        assert loss == pytest.approx(loss_by_loops(W, X, y, penalty), rel=1e-12)


@pytest.mark.parametrize("penalty", [0, 0.3])
def test_gradient_is_right(penalty, capsys):
    X, y = problem(2)
    W = np.random.default_rng(2).normal(size=(C, 3))
    assert gradcheck_naive(lambda W: softmax_regression(W, X, y, penalty), W, "W")
    wrong = gradcheck_naive(
        lambda W: (
            softmax_regression(W, X, y, penalty)[0],
            1.001 * softmax_regression(W, X, y, penalty)[1],
        ),
        W,
        "W",
    )
    assert not wrong


def test_large_scores_overflow_nothing():
    W, X, y = np.array([[0, 1e4], [0, -1e4]]), np.array([[1.0, 1.0]]), np.array([1])
    loss, grad = softmax_regression(W, X, y, 0)
    assert loss == pytest.approx(2e4)
    assert np.isfinite(grad).all()


def test_nothing_is_changed():
    X, y = problem()
    W = np.ones((C, 3))
    before = [W.copy(), X.copy(), y.copy()]
    softmax_regression(W, X, y, 0.1)
    for now, then in zip((W, X, y), before, strict=True):
        assert np.array_equal(now, then)


def test_fit_finds_the_least_loss():
    X, y = problem(3)
    least = minimize(
        lambda W: softmax_regression(W.reshape(C, 3), X, y, 0.01)[0], np.zeros(9), tol=1e-9
    ).fun
    loss, _ = softmax_regression(fit(sgd, X, y, C, 0.01), X, y, 0.01)
    assert least <= loss + 1e-9 <= least + 1e-4


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_fit_lowers_the_loss_whatever_the_scale(scale):
    X, y = problem(3)
    X[:, 1:] *= scale
    losses = []

    def seen(f, *args, **kwargs):
        return sgd(lambda W: losses.append(f(W)[0]) or f(W), *args, **kwargs)

    fit(seen, X, y, C, 0.01)
    assert all(after <= before + 1e-12 for before, after in pairwise(losses))
    assert losses[-1] < losses[0]


def test_fit_prints_nothing(capsys):
    fit(sgd, *problem(), C, 0.1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("weights", [np.nan, np.full((C, 3), np.inf), np.zeros((C, 4))])
def test_an_sgd_that_gives_no_weights_is_refused(weights):
    with pytest.raises(InputError, match=re.escape(f"run: {command('grade', '2b')}")):
        fit(lambda *args, **kwargs: weights, *problem(), C, 0.1)


def test_choice_is_the_best_on_dev_and_the_larger_of_equals(monkeypatch):
    right, wrong = np.eye(2), np.eye(2)[::-1]
    fitted = {1.0: wrong, 0.1: right, 0.0: right}
    monkeypatch.setattr("utils.softmax_regression.PENALTIES", list(fitted))
    monkeypatch.setattr(
        "utils.softmax_regression.fit", lambda sgd, X, y, C, penalty: fitted[penalty]
    )
    dev = np.eye(2), np.array([0, 1])
    W, penalty = choose(None, (None, None), dev, 2)
    assert penalty == 0.1
    assert W is right


def test_predict_takes_the_largest_score():
    assert predict(np.eye(3), np.array([[0.1, 0.3, 0.2], [5, 1, 1]])).tolist() == [1, 0]
