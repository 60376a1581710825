"""A step by arrays is the submission's, and makes nothing of the vocabulary's size."""

import tracemalloc

import numpy as np
import pytest

from submission import neg_sampling_loss_and_gradient
from utils import arrays
from utils.arrays import step_by_arrays
from utils.windows import Windows


def made_windows(V, K, n=50, seed=0):
    stream = np.random.RandomState(seed)
    counts = stream.randint(1, 11, n).astype(np.int32)
    words = stream.randint(0, V, (counts.sum(), 1 + K)).astype(np.int32)
    words[:, 1:][words[:, 1:] == words[:, :1]] += 1
    return Windows(stream.randint(0, V, n).astype(np.int32), counts, words % V)


def step_by_pairs(word_vectors, windows, step):
    """Make the step pair by pair with the submission's loss."""
    V, K = len(word_vectors) // 2, windows.words.shape[1] - 1
    centers = np.repeat(windows.centers, windows.counts)
    loss, grad = 0.0, np.zeros_like(word_vectors)
    for c, (o, *negatives) in zip(centers, windows.words.tolist(), strict=True):
        dataset = iter(negatives)
        dataset = type("Dataset", (), {"sample_token_idx": lambda self, d=dataset: next(d)})()
        loss_of_pair, grad_center, grad_outside = neg_sampling_loss_and_gradient(
            word_vectors[c], o, word_vectors[V:], dataset, K
        )
        loss += loss_of_pair
        grad[c] += grad_center
        grad[V:] += grad_outside
    n = len(windows.centers)
    return loss / n, word_vectors - step * grad / n


@pytest.mark.parametrize("public", [False, True], ids=["csc_matvecs", "public NumPy"])
@pytest.mark.parametrize(("V", "d", "K"), [(40, 10, 10), (15, 1, 1), (25, 30, 20)])
def test_a_step_is_that_of_the_submission(monkeypatch, public, V, d, K):
    if public:
        monkeypatch.setattr(arrays, "csc_matvecs", None)
    word_vectors, windows = np.random.RandomState(1).normal(size=(2 * V, d)), made_windows(V, K)
    expected_loss, expected = step_by_pairs(word_vectors, windows, 0.7)
    loss = step_by_arrays(word_vectors, windows, 0.7, with_loss=True)
    assert loss == pytest.approx(expected_loss, rel=1e-13)
    np.testing.assert_allclose(word_vectors, expected, rtol=0, atol=1e-13)


def test_the_loss_is_computed_only_where_asked_for():
    word_vectors, windows = np.zeros((80, 4)), made_windows(40, 5)
    assert step_by_arrays(word_vectors, windows, 0.1) is None


def test_the_fast_way_to_add_products_is_there():
    assert arrays.csc_matvecs is not None


def test_a_step_makes_no_array_of_the_vocabularys_size():
    V, d = 1_000_000, 2
    word_vectors, windows = np.zeros((2 * V, d)), made_windows(V, 10)
    step_by_arrays(word_vectors, windows, 0.1, with_loss=True)
    tracemalloc.start()
    step_by_arrays(word_vectors, windows, 0.1, with_loss=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < peak < V  # bytes: an array of a byte for each word would be more
