"""The loss of a window against plain loops, differentiated by complex steps."""

import cmath
import inspect
import random
from functools import partial
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
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


@pytest.fixture(autouse=True)
def strict_floats():
    """Let nothing overflow or become invalid, whatever the warnings are set to."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


def frozen(array):
    """Return a copy that raises if it is written to."""
    array = np.array(array, float)
    array.setflags(write=False)
    return array


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


# sigmoid


@given(hnp.arrays(float, hnp.array_shapes(min_dims=0, min_side=0), elements=st.floats(-750, 750)))
def test_sigmoid_is_scipys_in_the_shape_of_x(x):
    result = sigmoid(frozen(x))
    assert np.shape(result) == x.shape
    np.testing.assert_allclose(result, expit(x), rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize("number", [0.5, np.float64(0.5), np.array(0.5), 0, -1, 1000.0, -1000.0])
def test_sigmoid_of_a_scalar_is_a_scalar(number):
    assert isinstance(sigmoid(number), float)
    assert sigmoid(number) == pytest.approx(expit(float(number)), rel=1e-15)


def test_sigmoid_of_large_numbers_reaches_0_and_1():
    x = frozen([-np.inf, -1e308, -1000, 1000, 1e308, np.inf])
    np.testing.assert_array_equal(sigmoid(x), [0, 0, 0, 1, 1, 1])


# naive softmax


@given(pairs())
def test_naive_softmax_is_the_plain_loop(pair):
    v_c, o, U = pair
    expected = evaluate(lambda v_c, U: softmax_loss(v_c, o, U), v_c, U)
    assert_same(naive_softmax_loss_and_gradient(v_c, o, U, None), expected)


@pytest.mark.parametrize(
    ("o", "loss", "error"), [(0, 0, [0, 0, 0]), (1, 1000, [1, -1, 0]), (2, 2000, [1, 0, -1])]
)
def test_naive_softmax_of_scores_1000_and_0_and_minus_1000(o, loss, error):
    v_c, U = frozen([10, 0]), frozen([[100, 1], [0, 2], [-100, 3]])
    expected = loss, np.array(error) @ U, np.outer(error, v_c)
    assert_same(naive_softmax_loss_and_gradient(v_c, o, U, None), expected, atol=0)


# negative sampling


@given(pairs_with_draws())
def test_negative_samples_are_the_draws_that_differ_from_the_outside_word(case):
    _, o, _, words, K = case
    dataset = Draws(words)
    assert get_negative_samples(o, dataset, K) == [word for word in words if word != o]
    assert dataset.words == []


@given(pairs_with_draws(), st.lists(st.integers(0, 5)))
def test_neg_sampling_is_the_plain_loop_and_draws_no_more_than_it_needs(case, rest):
    v_c, o, U, words, K = case
    negatives = [word for word in words if word != o]
    expected = evaluate(lambda v_c, U: sampling_loss(v_c, o, U, negatives), v_c, U)
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


@pytest.mark.parametrize(
    ("o", "draws", "loss", "error"),
    [(0, [1], 0, [0, 0, 0]), (1, [0, 0], 3000, [2, -1, 0]), (1, [0, 2], 2000, [1, -1, 0])],
)
def test_neg_sampling_of_scores_1000_and_minus_1000(o, draws, loss, error):
    v_c, U = frozen([10, 0]), frozen([[100, 1], [-100, 2], [-100, 3]])
    expected = loss, np.array(error) @ U, np.outer(error, v_c)
    result = neg_sampling_loss_and_gradient(v_c, o, U, Draws(draws), len(draws))
    assert_same(result, expected, atol=0)


# skip-gram


WORDS = list("abcde")
WORD2IND = MappingProxyType({word: index for index, word in enumerate(WORDS)})  # cannot change


def made_up(v, o, U, dataset, /):
    """Return a loss of no meaning with gradients that raise if they are written to."""
    return o + v.sum(), frozen(v * o - 1), frozen(U + o)


@pytest.mark.parametrize(
    "loss",
    [
        naive_softmax_loss_and_gradient,
        neg_sampling_loss_and_gradient,
        partial(neg_sampling_loss_and_gradient, K=2),
        made_up,
    ],
)
@given(st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), max_size=12), st.integers(1, 7))
def test_skipgram_sums_over_the_outside_words_in_order(loss, center, outside_words, window_size):
    V, U = frozen(np.random.RandomState(1).randn(2, 5, 3))
    draws = random.Random(2).choices(range(5), k=300)
    words = outside_words.copy()
    result = skipgram(center, window_size, words, WORD2IND, V, U, Draws(draws), loss)

    dataset, c = Draws(draws), WORDS.index(center)
    total, grad_V, grad_U = 0, np.zeros((5, 3)), np.zeros((5, 3))
    for word in outside_words:
        loss_of_pair, grad_v, grad_u = loss(V[c], WORDS.index(word), U, dataset)
        total = total + loss_of_pair
        grad_V[c] = grad_V[c] + grad_v
        grad_U = grad_U + grad_u
    assert_same(result, (total, grad_V, grad_U), rtol=1e-13, atol=1e-13)
    assert np.flatnonzero(result[1].any(axis=1)).tolist() in ([c], [])  # exactly zero elsewhere
    assert words == outside_words


def test_skipgram_uses_negative_sampling_unless_told_otherwise():
    V, U = frozen(np.random.RandomState(4).randn(2, 5, 3))
    arguments = ["a", 2, ["b", "d"], WORD2IND, V, U]
    draws = random.Random(5).choices(range(5), k=99)
    expected = skipgram(*arguments, Draws(draws), neg_sampling_loss_and_gradient)
    assert_same(skipgram(*arguments, Draws(draws)), expected, rtol=0, atol=0)


# A step: 50 windows


class TinyDataset:
    """A treebank of five words, all drawn from Python's `random`; it notes what is drawn."""

    def __init__(self):
        self.log = []

    def get_random_context(self, size):
        center = random.choice(WORDS)
        context = [random.choice(WORDS) for _ in range(random.randint(1, 2 * size))]
        self.log.append(("context", size, center, context))
        return center, context

    def sample_token_idx(self):
        self.log.append(("negative", random.randint(0, 4)))
        return self.log[-1][1]


def test_step_is_the_plain_loop_over_50_windows_in_the_order_of_draws():
    word_vectors = frozen(np.random.RandomState(6).randn(10, 2))
    found, expected = TinyDataset(), TinyDataset()
    random.seed(7)
    result = word2vec_sgd_wrapper(skipgram, WORD2IND, word_vectors, found, 3)
    state = random.getstate()

    random.seed(7)
    pairs = []
    for _ in range(50):
        center, context = expected.get_random_context(random.randint(1, 3))
        for word in context:
            negatives = []
            while len(negatives) < 10:
                if WORDS[index := expected.sample_token_idx()] != word:
                    negatives.append(index)
            pairs.append((WORDS.index(center), WORDS.index(word), negatives))
    assert found.log == expected.log
    assert state == random.getstate()

    def loss(vectors):
        return sum(sampling_loss(vectors[c], o, vectors[5:], w) for c, o, w in pairs) / 50

    assert_same(result, evaluate(loss, word_vectors))


def test_step_is_the_mean_over_50_windows_of_any_model():
    dataset, given_vectors, seen = TinyDataset(), np.arange(30.0).reshape(10, 3), []

    def model(center, size, outside_words, word2ind, V, U, given_dataset, loss):
        assert ("context", size, center, outside_words) == dataset.log[-1]
        assert word2ind is WORD2IND
        assert given_dataset is dataset
        assert loss is made_up
        np.testing.assert_array_equal(V, given_vectors[:5])
        np.testing.assert_array_equal(U, given_vectors[5:])
        seen.append(size)
        number = len(seen)
        return float(number), frozen(V * number), frozen(U * -number)

    random.seed(8)
    result = word2vec_sgd_wrapper(model, WORD2IND, frozen(given_vectors), dataset, 4, made_up)
    assert len(seen) == 50
    assert set(seen) == {1, 2, 3, 4}
    signs = np.repeat([1, -1], 5)[:, np.newaxis]
    assert_same(result, (25.5, 25.5 * given_vectors * signs), rtol=1e-13)


# The contract

NAMES = {
    "sigmoid": "x",
    "naive_softmax_loss_and_gradient": (
        "center_word_vec, outside_word_idx, outside_vectors, dataset"
    ),
    "get_negative_samples": "outside_word_idx, dataset, K",
    "neg_sampling_loss_and_gradient": (
        "center_word_vec, outside_word_idx, outside_vectors, dataset, K=10"
    ),
    "skipgram": (
        "current_center_word, window_size, outside_words, word2ind, center_word_vectors, "
        "outside_vectors, dataset, word2vec_loss_and_gradient=neg_sampling_loss_and_gradient"
    ),
    "word2vec_sgd_wrapper": (
        "word2vec_model, word2ind, word_vectors, dataset, window_size, "
        "word2vec_loss_and_gradient=neg_sampling_loss_and_gradient"
    ),
    "sgd": "f, x0, step, iterations, postprocessing=None, use_saved=False, PRINT_EVERY=10",
}


def test_star_import_gives_the_names_of_the_contract():
    names = {}
    exec("from submission import *", names)
    assert names.keys() >= NAMES.keys()
    assert set(submission.__all__) == NAMES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_the_names_and_defaults_of_the_contract(name):
    signature = inspect.signature(getattr(submission, name))
    assert {p.kind.name for p in signature.parameters.values()} == {"POSITIONAL_OR_KEYWORD"}
    shown = [
        p.name if p.default is p.empty else f"{p.name}={getattr(p.default, '__name__', p.default)}"
        for p in signature.parameters.values()
    ]
    assert ", ".join(shown) == NAMES[name]
