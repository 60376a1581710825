"""Neutral objects: they are what a test computes with, too, and carry nothing but numbers."""

import random
from collections import Counter

import numpy as np
import pytest

from sandbox.objects import KINDS, LinearLoss, Quadratic, TableDataset
from utils.gradcheck import gradcheck_naive

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("shape", [(), (3,), (2, 4)])
def test_quadratic(shape):
    a, b, x = RNG.uniform(0.5, 2, shape), RNG.normal(size=shape), RNG.normal(size=shape)
    f = Quadratic(a, b)
    loss, grad = f(x)
    assert isinstance(loss, float)
    assert loss == pytest.approx(0.5 * np.sum(a * (x - b) ** 2))
    assert np.shape(grad) == shape
    assert f(b)[0] == 0
    assert np.all(np.asarray(f(b)[1]) == 0)
    gradcheck_naive(f, np.array(x, float), "quadratic")


def test_quadratic_of_floats():
    assert Quadratic(2.0, 1.0)(4.0) == (9.0, 6.0)
    assert [type(value) for value in Quadratic(2.0, 0.0)(0.5)] == [float, float]


def test_what_quadratic_gives_may_be_changed():
    f = Quadratic(np.ones(2), np.zeros(2))
    x = np.array([1.0, 2.0])
    f(x)[1][:] = 0
    assert (x.tolist(), f.a.tolist(), f.b.tolist()) == ([1, 2], [1, 1], [0, 0])
    assert f(x)[1].tolist() == [1, 2]


def test_linear_loss():
    V, d = 4, 3
    f = LinearLoss(RNG.normal(size=V), RNG.normal(size=d), RNG.normal(size=(V, d)))
    v, U = RNG.normal(size=d), RNG.normal(size=(V, d))
    loss, grad_v, grad_U = f(v, 2, U, None)
    assert isinstance(loss, float)
    assert loss == pytest.approx(f.w[2] * (f.p @ v + (f.A * U).sum()))
    np.testing.assert_allclose(grad_v, f.w[2] * f.p)
    np.testing.assert_allclose(grad_U, f.w[2] * f.A)
    gradcheck_naive(lambda x: (f(x, 2, U, None)[0], grad_v), v.copy(), "center vector")
    gradcheck_naive(lambda x: (f(v, 2, x, None)[0], grad_U), U.copy(), "outside vectors")
    assert f(center_word_vec=v, outside_word_idx=1, outside_vectors=U, dataset=None)[0] != loss


def test_dataset_draws_words_from_its_table():
    random.seed(1)
    data = TableDataset([0, 1, 1, 1], [["a", "b"]])
    drawn = Counter(data.sample_token_idx() for _ in range(4000))
    assert set(drawn) == {0, 1}
    assert drawn[1] == pytest.approx(3000, abs=150)


def test_dataset_draws_windows():
    random.seed(2)
    sentence = "a b c d e f g".split()
    data = TableDataset([0], [sentence, ["x", "x", "y"]])
    seen = set()
    for _ in range(500):
        center, outside = data.get_random_context(2)
        seen.add((center, *outside))
        if center in sentence:
            i = sentence.index(center)
            assert outside == sentence[max(0, i - 2) : i] + sentence[i + 1 : i + 3]
        else:
            assert outside in ([{"x": "y", "y": "x"}[center]], ["x", "x"])
    assert {("a", "b", "c"), ("d", "b", "c", "e", "f"), ("g", "e", "f"), ("y", "x", "x")} <= seen
    assert len(TableDataset([0], [sentence]).get_random_context(C=9)[1]) == 6


def test_the_same_seed_gives_the_same_draws():
    data = TableDataset(list(range(9)), [list("abcde")])
    draws = []
    for _ in range(2):
        random.seed(3)
        draws.append([data.get_random_context(1), data.sample_token_idx()])
    assert draws[0] == draws[1]


def test_they_are_told_apart_by_identity():
    one, other = TableDataset([0], []), TableDataset([0], [])
    assert one != other
    assert one == one
    assert {one: 1}[one] == 1


def test_kinds_go_by_the_names_of_their_classes():
    assert {name: kind.__name__ for name, kind in KINDS.items()} == {name: name for name in KINDS}
