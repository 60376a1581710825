"""Neutral objects: they are what a test computes with, too, and carry nothing but numbers."""

import random

import numpy as np
import pytest

from sandbox.objects import MAX_NUMBERS, LinearLoss, Postprocessing, Quadratic, TableDataset
from utils.gradcheck import gradcheck_naive

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("shape", [(), (2, 4)])
def test_quadratic(shape):
    a, b, x = RNG.uniform(0.5, 2, shape), RNG.normal(size=shape), RNG.normal(size=shape)
    f = Quadratic(a, b)
    loss, grad = f(x)
    assert isinstance(loss, float)
    assert loss == pytest.approx(0.5 * np.sum(a * (x - b) ** 2))
    assert np.shape(grad) == shape
    gradcheck_naive(f, np.array(x, float), "quadratic")


def test_quadratic_records_each_x_as_it_was_but_not_without_end():
    f, x = Quadratic(np.ones(5000), np.zeros(5000)), np.ones(5000)
    f(x)[1][:] = 7  # what it gives may be changed, and what it is given
    x += 1
    assert f(x)[1][0] == 2
    assert f.packed()[:, 0].tolist() == [1, 2]
    for _ in range(MAX_NUMBERS // 5000 + 10):
        f(x.astype("float32"))
    assert (f.packed().dtype, f.packed().size) == (np.float64, MAX_NUMBERS)


@pytest.mark.parametrize("x", [1.0, [1.0, 2.0], np.ones(3), np.ones((2, 1)), None], ids=str)
def test_quadratic_of_another_shape(x):
    f = Quadratic(np.ones(2), np.zeros(2))
    with pytest.raises(ValueError, match=r"f is given an x of shape \(.*\), expected \(2,\)"):
        f(x)
    assert f.record == []


def test_linear_loss():
    f = LinearLoss(RNG.normal(size=4), RNG.normal(size=3), RNG.normal(size=(4, 3)), "d")
    v, U = RNG.normal(size=3), RNG.normal(size=(4, 3))
    loss, grad_v, grad_U = f(v, np.int64(2), U, "d")
    assert isinstance(loss, float)
    assert loss == pytest.approx(f.w[2] * (f.p @ v + (f.A * U).sum()))
    gradcheck_naive(lambda x: (f(x, 2, U, "d")[0], grad_v), v.copy(), "center vector")
    gradcheck_naive(lambda x: (f(v, 2, x, "d")[0], grad_U), U.copy(), "outside vectors")
    assert f(center_word_vec=v, outside_word_idx=1, outside_vectors=U, dataset="d")[0] != loss
    assert (type(f.record[0]), f.record[0], f.record[-1]) == (int, 2, 1)


def test_postprocessing():
    assert Postprocessing()(3.0) == 3
    assert Postprocessing(2.0, 1.0)(np.array([-1.0, 3.0])).tolist() == [-1, 7]
    assert Postprocessing(2.0, 1.0, absolute=True)(np.array([-1.0, 3.0])).tolist() == [1, 7]


def test_dataset_draws_words_from_its_table_and_windows():
    random.seed(1)
    data = TableDataset([0, 1, 1, 1], ["abcdefg", "xxy"])
    drawn = [data.sample_token_idx() for _ in range(4000)]
    assert set(drawn) == {0, 1}
    assert sum(drawn) == pytest.approx(3000, abs=150)
    drawn = [data.get_random_context(2) for _ in range(500)]
    windows = "a bc|b acd|c abde|d bcef|e cdfg|f deg|g ef|x y|y xx"
    assert {f"{center} {''.join(outside)}" for center, outside in drawn} == set(windows.split("|"))
    assert len(TableDataset([0], ["abcdefg"]).get_random_context(C=9)[1]) == 6
