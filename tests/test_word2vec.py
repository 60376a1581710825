"""The loss of a window against plain loops, differentiated by complex steps."""

import cmath
import inspect
import random
import re
from functools import partial
from types import MappingProxyType

import numpy as np
import pytest
from conftest import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import expit

import submission
from submission import (
    get_negative_samples,
    naive_softmax_loss_and_gradient,
    neg_sampling_loss_and_gradient,
    sigmoid,
    skipgram,
    word2vec_sgd_wrapper,
)

numbers = st.floats(-2, 2)
scales = st.sampled_from([1e-3, 1, 30])  # scores up to 5 * 60 * 60


# The oracle: losses as plain loops over numbers that may be complex


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


def softplus(x):
    """Compute log(1 + exp(x)), which is -log sigma(-x)."""
    return x + softplus(-x) if x.real > 0 else cmath.log(1 + cmath.exp(x))


def softmax_loss(v_c, o, U):
    scores = [dot(u, v_c) for u in U]
    top = max(score.real for score in scores)
    return top + cmath.log(sum(cmath.exp(score - top) for score in scores)) - scores[o]


def sampling_loss(v_c, o, U, negatives):
    return softplus(-dot(U[o], v_c)) + sum(softplus(dot(U[w], v_c)) for w in negatives)


def evaluate(loss, *arrays):
    """Return loss(*arrays) and its gradients by each array: Im J(x + ih) / h, exact to rounding."""
    arrays = [np.array(array, complex) for array in arrays]
    gradients = [np.zeros(array.shape) for array in arrays]
    for array, gradient in zip(arrays, gradients, strict=True):
        for index in np.ndindex(array.shape):
            array[index] += 1e-100j
            gradient[index] = loss(*[a.tolist() for a in arrays]).imag / 1e-100
            array[index] -= 1e-100j
    return loss(*[a.tolist() for a in arrays]).real, *gradients


def assert_same(result, expected, rtol=1e-9, atol=1e-9):
    """Compare loss and gradients, each with its shape; the loss is one number."""
    for number, (found, right) in enumerate(zip(result, expected, strict=True)):
        assert np.shape(found) == np.shape(right), f"shape of result {number}"
        np.testing.assert_allclose(found, right, rtol, atol, err_msg=f"result {number}")


@st.composite
def pairs(draw, min_words=1):
    """Draw v_c, o, U of various sizes and scales; they raise if they are written to."""
    V, d = draw(st.integers(min_words, 6)), draw(st.integers(1, 5))
    v_c = draw(scales) * draw(hnp.arrays(float, d, elements=numbers))
    U = draw(scales) * draw(hnp.arrays(float, (V, d), elements=numbers))
    return frozen(v_c), draw(st.integers(0, V - 1)), frozen(U)


class Draws:
    """A dataset whose negative samples are given."""

    def __init__(self, words):
        self.words = list(words)

    def sample_token_idx(self):
        return self.words.pop(0)


@st.composite
def pairs_with_draws(draw):
    """Draw v_c, o, U as `pairs` does, and words for K negative samples, o among them but not last.

    K comes last; o must not count, so that all words are needed.
    """
    v_c, o, U = draw(pairs(min_words=2))
    others = st.integers(0, len(U) - 1).filter(lambda word: word != o)
    words = draw(st.lists(st.integers(0, len(U) - 1), max_size=8))
    words.append(draw(others))
    return v_c, o, U, words, sum(word != o for word in words)


@given(hnp.arrays(float, hnp.array_shapes(min_dims=0, min_side=0), elements=st.floats(-750, 750)))
def test_sigmoid_is_scipys_in_the_shape_of_x(x):
    result = sigmoid(frozen(x))
    assert np.shape(result) == x.shape
    np.testing.assert_allclose(result, expit(x), rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("number", [0.5, np.float64(0.5), np.array(0.5), -1, 1000.0])
def test_sigmoid_of_a_scalar_is_a_scalar(number):
    assert isinstance(sigmoid(number), float)
    assert sigmoid(number) == pytest.approx(expit(float(number)), rel=1e-15)


def test_sigmoid_of_large_numbers_reaches_0_and_1():
    x = frozen([-np.inf, -1e308, -1000, 1000, 1e308, np.inf])
    np.testing.assert_array_equal(sigmoid(x), [0, 0, 0, 1, 1, 1])


@given(pairs())
def test_naive_softmax_is_the_plain_loop(pair):
    v_c, o, U = pair
    expected = evaluate(lambda v_c, U: softmax_loss(v_c, o, U), v_c, U)
    assert_same(naive_softmax_loss_and_gradient(v_c, o, U, None), expected)


@given(pairs_with_draws(), st.lists(st.integers(0, 5)))
def test_neg_sampling_is_the_plain_loop_and_draws_no_more_than_it_needs(case, rest):
    v_c, o, U, words, K = case
    negatives = [word for word in words if word != o]
    expected = evaluate(lambda v_c, U: sampling_loss(v_c, o, U, negatives), v_c, U)
    dataset = Draws(words + rest)
    assert get_negative_samples(o, dataset, K) == negatives
    assert dataset.words == rest
    dataset = Draws(words + rest)
    assert_same(neg_sampling_loss_and_gradient(v_c, o, U, dataset, K), expected)
    assert dataset.words == rest


def test_neg_sampling_takes_10_samples_unless_told_otherwise():
    v_c, U = frozen([1, 2]), frozen(np.zeros((3, 2)))
    for options, K in ({}, 10), ({"K": 1}, 1), ({"K": 25}, 25):
        dataset = Draws([2] * 30)
        loss, *_ = neg_sampling_loss_and_gradient(v_c, 0, U, dataset, **options)
        assert len(dataset.words) == 30 - K
        assert loss == pytest.approx((K + 1) * np.log(2))


WORDS = list("abcde")
WORD2IND = MappingProxyType({word: index for index, word in enumerate(WORDS)})  # cannot change


def made_up(v, o, U, dataset, /):
    """Return a loss of no meaning with gradients that raise if they are written to."""
    return o + v.sum(), frozen(v * o - 1), frozen(U + o)


@settings(max_examples=30)
@pytest.mark.parametrize(
    "chosen",
    [
        [naive_softmax_loss_and_gradient],
        [],  # the default is negative sampling
        [partial(neg_sampling_loss_and_gradient, K=2)],
        [made_up],
    ],
)
@given(st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), max_size=12), st.integers(1, 7))
def test_skipgram_sums_over_the_outside_words_in_order(chosen, center, outside_words, window_size):
    V, U = frozen(np.random.RandomState(1).randn(2, 5, 3))
    draws = random.Random(2).choices(range(5), k=300)
    words = outside_words.copy()
    result = skipgram(center, window_size, words, WORD2IND, V, U, Draws(draws), *chosen)

    (loss,) = chosen or [neg_sampling_loss_and_gradient]
    dataset, c = Draws(draws), WORDS.index(center)
    expected = [0, np.zeros((5, 3)), np.zeros((5, 3))]
    for word in outside_words:
        loss_of_pair, grad_v, grad_u = loss(V[c], WORDS.index(word), U, dataset)
        expected[0] += loss_of_pair
        expected[1][c] += grad_v
        expected[2] += grad_u
    assert_same(result, expected, rtol=1e-13, atol=1e-13)
    assert np.flatnonzero(result[1].any(axis=1)).tolist() in ([c], [])  # exactly zero elsewhere
    assert words == outside_words


class Windows:
    """A dataset that notes the window it gave last."""

    def get_random_context(self, size):
        self.last = random.choice(WORDS), size, random.choices(WORDS, k=2)
        return self.last[0], self.last[2]


def test_step_is_the_mean_over_50_windows_of_any_model():
    dataset, given_vectors, seen = Windows(), np.arange(30.0).reshape(10, 3), []

    def model(center, size, outside_words, word2ind, V, U, *others):
        assert (center, size, outside_words) == dataset.last
        assert word2ind is WORD2IND
        assert others == (dataset, made_up)
        np.testing.assert_array_equal(np.concatenate((V, U)), given_vectors)
        seen.append(size)
        number = len(seen)
        return float(number), frozen(V * number), frozen(U * -number)

    random.seed(8)
    result = word2vec_sgd_wrapper(model, WORD2IND, frozen(given_vectors), dataset, 4, made_up)
    assert len(seen) == 50
    assert set(seen) == {1, 2, 3, 4}
    signs = np.repeat([1, -1], 5)[:, np.newaxis]
    assert_same(result, (25.5, 25.5 * given_vectors * signs), rtol=1e-13)


SIGNATURES = """
sigmoid(x)
naive_softmax_loss_and_gradient(center_word_vec, outside_word_idx, outside_vectors, dataset)
get_negative_samples(outside_word_idx, dataset, K)
neg_sampling_loss_and_gradient(center_word_vec, outside_word_idx, outside_vectors, dataset, K=10)
skipgram(current_center_word, window_size, outside_words, word2ind, center_word_vectors, outside_vectors, dataset, word2vec_loss_and_gradient=neg_sampling_loss_and_gradient)
word2vec_sgd_wrapper(word2vec_model, word2ind, word_vectors, dataset, window_size, word2vec_loss_and_gradient=neg_sampling_loss_and_gradient)
sgd(f, x0, step, iterations, postprocessing=None, use_saved=False, PRINT_EVERY=10)
"""


def test_functions_have_the_names_arguments_and_defaults_of_the_contract():
    names = {}
    exec("from submission import *", names)
    found = [f"{name}{inspect.signature(names[name])}" for name in submission.__all__]
    found = [re.sub(r"<function (\w+) at \w+>", r"\1", signature) for signature in found]
    assert sorted(found) == sorted(SIGNATURES.split("\n")[1:-1])
