"""Softmax regression: loss against plain loops, gradient against differences, least loss, choice."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize

from sentiment import C, classify, fit, softmax_regression
from submission import sgd
from utils.commands import command
from utils.gradcheck import gradcheck_naive
from utils.utils import InputError


@pytest.fixture
def problem():
    """Make features and classes, each class around a center of its own, and some weights."""
    rng = np.random.default_rng(3)
    y, centers = rng.integers(C, size=40), 2 * rng.normal(size=(C, 2))
    X = np.column_stack((np.ones(40), centers[y] + rng.normal(size=(40, 2))))
    for array in (X, y):
        array.setflags(write=False)
    return X, y, rng.normal(size=(C, 3))


def loss_by_loops(W, X, y, penalty):
    total = 0.0
    for x, k in zip(X, y, strict=True):
        exps = [math.exp(sum(a * b for a, b in zip(row, x, strict=True))) for row in W]
        total -= math.log(exps[k] / sum(exps))
    return total / len(y) + penalty / 2 * sum(w * w for row in W for w in row[1:])


@pytest.mark.parametrize("penalty", [0, 0.3])
def test_loss_is_that_of_plain_loops_and_the_gradient_is_its(problem, penalty):
    X, y, W = problem
    loss, _ = softmax_regression(W, X, y, penalty)
    assert loss == pytest.approx(loss_by_loops(W, X, y, penalty), rel=1e-12)
    assert gradcheck_naive(lambda W: softmax_regression(W, X, y, penalty), W, "W")


def test_large_scores_overflow_nothing():
    W, X, y = np.array([[0, 1e4], [0, -1e4]]), np.array([[1.0, 1.0]]), np.array([1])
    loss, grad = softmax_regression(W, X, y, 0)
    assert loss == pytest.approx(2e4)
    assert np.isfinite(grad).all()


def test_fit_finds_the_least_loss_and_prints_nothing(problem, capsys):
    X, y, W = problem
    least = minimize(
        lambda W: softmax_regression(W.reshape(C, 3), X, y, 0.1)[0], np.zeros(W.size), tol=1e-9
    ).fun
    loss, _ = softmax_regression(fit(sgd, X, y, 0.1), X, y, 0.1)
    assert least <= loss + 1e-9 <= least + 1e-4
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_fit_lowers_the_loss_whatever_the_scale(problem, scale):
    X, y, _ = problem
    losses = []

    def seen(f, *args, **kwargs):
        return sgd(lambda W: losses.append(f(W)[0]) or f(W), *args, **kwargs)

    fit(seen, X * [1, scale, scale], y, 0.01)
    assert all(after <= before + 1e-12 for before, after in pairwise(losses))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("weights", [np.nan, np.full((C, 3), np.inf), np.zeros((C, 4))])
def test_an_sgd_that_gives_no_weights_is_refused(problem, weights):
    with pytest.raises(InputError, match=re.escape(f"run: {command('grade', '2b')}")):
        fit(lambda *args, **kwargs: weights, *problem[:2], 0.1)


def test_the_penalty_is_the_best_on_dev_and_the_largest_of_equals():
    vectors = {"good": np.array([1.0]), "bad": np.array([-1.0])}
    labelled = [(["good"], 4), (["bad"], 0)]
    split = {"train": labelled, "dev": labelled, "test": labelled}
    weights = np.zeros((C, 2))
    weights[:, 1] = [-1, 0, 0, 0, 1]  # right
    signs = iter([-1, 1, -1, 1, 1])  # from the largest penalty on
    found = classify("", lambda *args, **kwargs: next(signs) * weights, split, vectors)
    assert found.penalty == 0.1
    assert found.accuracy == {"train": 1, "dev": 1, "test": 1}
