"""What the tests of question 2a check."""

import functools

import numpy as np

from sandbox.session import SubmissionError

from . import cases, given
from .compare import (
    check_array,
    check_loss_and_gradients,
    check_scalar,
    check_sigmoid,
)
from .conduct import check_draws
from .diagnose import PARTS, skipgram_instead, softmax_instead
from .gradient import check_gradient

OF_WINDOW = ("loss", "gradient of the center vectors", "gradient of the outside vectors")


class Word2vecChecks:
    """Checks for a `graderUtil.GradedTestCase` on word2vec.py."""

    module = "word2vec"

    def check_sigmoid(self, x):
        """Compare sigmoids with the solution's."""
        found, expected = self.both("sigmoid", x)
        self.compare(check_sigmoid, "sigmoid", x, found, expected, reveal=False)

    def check_softmax(self, pair, found, expected, **how):
        """Compare the naive softmax loss of a pair and its gradients with those expected."""
        if self.is_graded:
            how["instead"] = softmax_instead(expected, *pair.arguments)
        self.compare(check_loss_and_gradients, "naive softmax", found, expected, **how)

    def check_window(self, window, loss, found, expected, **how):
        """Compare the loss of a window and its gradients with those expected."""
        if not self.is_graded:
            return
        last = self.loss_of_last_word(window, loss) if loss is not None else None
        how["instead"] = skipgram_instead(
            expected, window.center_index, window.outside_indices, last, OF_WINDOW
        )
        self.compare(check_loss_and_gradients, "skipgram", found, expected, names=OF_WINDOW, **how)

    def loss_of_last_word(self, window, loss):
        """Give what the submission computes for the last outside word; None if it is no use."""
        v_c, U = window.center_vectors[window.center_index], window.outside_vectors
        try:
            loss, grad_v, grad_U = loss(v_c, window.outside_indices[-1], U, None)
            shapes = (), v_c.shape, U.shape
            parts = [np.asarray(part, float) for part in (loss, grad_v, grad_U)]
            return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
        except (SubmissionError, TypeError, ValueError):
            return None

    def check_window_gradient(self, window, loss):
        """Compare the gradients of a window with finite differences."""
        center, size, outside, word2ind, *vectors = window.arguments
        V = len(word2ind)

        def loss_of_window(x):
            return self.submission.skipgram(
                center, size, outside, word2ind, x[:V], x[V:], None, loss
            )

        names = {"center vectors": slice(0, V), "outside vectors": slice(V, None)}
        self.compare(check_gradient, "skipgram", loss_of_window, np.vstack(vectors), names)

    def check_pairs_of(self, window):
        """Check which pairs of words skip-gram hands to the loss function that it is given."""
        data = cases.dataset(1, list(window.word2ind))
        linear = cases.linear_loss(2, window)
        handed = []

        def loss(center_word_vec, outside_word_idx, outside_vectors, dataset):
            handed.append((center_word_vec, outside_word_idx, outside_vectors, dataset is data))
            V = len(window.word2ind)
            problem = "" if outside_word_idx in range(V) else "an outside word that is no index"
            if problem:
                self.fail(f"skipgram hands {problem} to the loss function")
            return linear(
                window.center_vectors[0], outside_word_idx, window.outside_vectors, dataset
            )

        self.submission.skipgram(*window.arguments, data, loss)
        self.compare(check_pairs, window, handed)

    def check_negative_samples(self):
        """Check the draws of get_negative_samples."""
        name = "get_negative_samples"
        for outside_word_idx, K in enumerate((10, 1, 3)):
            what = outside_word_idx, cases.dataset(K, list("abcd")), K
            found = getattr(self.submission, name)(*what)
            draw = functools.partial(given.negative_samples, *what)
            with given.drawing(self.session.seed):
                expected = draw()
            self.compare(check_array, f"{name}: the {K} words drawn", found, np.array(expected))
            self.check_draws_of(name, draw)

    def check_sampling(self, pair, K):
        """Check negative sampling: loss, gradients, draws."""
        words = [f"word{i}" for i in range(len(pair.outside_vectors))]
        data = cases.dataset(K, words)
        found = self.submission.neg_sampling_loss_and_gradient(*pair.arguments, data, K)

        def draw():
            return given.negative_samples(pair.outside_word_idx, data, K)

        with given.drawing(self.session.seed):
            negatives = draw()
        once = given.neg_sampling(pair, negatives, once=True)
        said = "that with samples drawn twice counted once"
        instead = {name: [(said, value)] for name, value in zip(PARTS, once, strict=True)}
        self.compare(
            check_loss_and_gradients,
            "negative sampling",
            found,
            given.neg_sampling(pair, negatives),
            instead=instead,
        )
        self.check_draws_of("neg_sampling_loss_and_gradient", draw)

    def check_sampling_gradient(self, pair, data):
        """Compare the gradients of negative sampling with finite differences."""

        def loss_of_stacked(x):
            return self.submission.neg_sampling_loss_and_gradient(
                x[0], pair.outside_word_idx, x[1:], data
            )

        x = np.vstack([pair.center_word_vec, pair.outside_vectors])
        names = {"center vector": slice(0, 1), "outside vectors": slice(1, None)}
        self.compare(check_gradient, "negative sampling", loss_of_stacked, x, names)

    def check_wrapper(self, seed):
        """Check that word2vec_sgd_wrapper draws 50 windows and gives their mean."""
        window, size = cases.window(seed, V=6, d=2, outside=1), 4
        data = cases.dataset(seed, list(window.word2ind))
        vectors = np.vstack([window.center_vectors, window.outside_vectors])
        handed, name = [], "word2vec_sgd_wrapper"
        grads = cases.numbers(seed, (2, 50, 6, 2))

        def model(center, size, outside, word2ind, centers, others, dataset, loss):
            number = len(handed)
            handed.append((center, size, outside, centers, others, dataset is data, loss))
            return float(number), grads[0, number % 50], grads[1, number % 50]

        marker = self.submission.sigmoid  # any function: the model gets what the wrapper was given
        found = self.submission.word2vec_sgd_wrapper(
            model, window.word2ind, vectors, data, size, marker
        )
        with given.drawing(self.session.seed):
            expected = given.windows(data, size)
        self.compare(check_windows, handed, expected, vectors, marker)
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            self.fail(f"{name} must return loss and gradient")
        self.compare(check_scalar, f"{name}: the loss", found[0], 24.5)
        mean = np.vstack([grads[0].mean(axis=0), grads[1].mean(axis=0)])
        self.compare(check_array, f"{name}: the gradient", found[1], mean)
        self.check_draws_of(name, lambda: given.windows(data, size))

    def check_draws_of(self, name, draw):
        """Check that the last call drew the random numbers that it should."""
        self.compare(check_draws, name, self.session.seed, self.session.next, draw)


def check_pairs(window, handed):
    """Compare what a loss function was handed with the pairs of a window."""
    indices = [o for _, o, _, _ in handed]
    if indices != window.outside_indices:
        said = [int(o) if np.ndim(o) == 0 else "?" for o in indices[:30]]
        return (
            f"skipgram hands the outside words {said} to the loss function, where the window "
            f"has {window.outside_indices}, in this order."
        )
    for center, _, outside, has_dataset in handed:
        if not has_dataset:
            return "skipgram must hand the dataset that it is given to the loss function."
        expected = window.center_vectors[window.center_index]
        problem = check_array("skipgram: the center vector handed on", center, expected)
        problem = problem or check_array(
            "skipgram: the outside vectors handed on", outside, window.outside_vectors
        )
        if problem:
            return problem
    return ""


def check_windows(handed, expected, vectors, loss):
    """Compare the windows that the wrapper hands to its model with those that it should draw."""
    name, V = "word2vec_sgd_wrapper", len(vectors) // 2
    if len(handed) != len(expected):
        return f"{name} evaluates {len(handed)} windows, expected {len(expected)}."
    for (center, size, outside, centers, others, has_dataset, given_loss), window in zip(
        handed, expected, strict=True
    ):
        if not same_window((center, size, outside), window):
            return f"{name} draws other windows than the given code does."
        if not has_dataset or given_loss != loss:
            return f"{name} must hand dataset and loss function on."
        for what, found, rows in (
            ("center vectors", centers, vectors[:V]),
            ("outside vectors", others, vectors[V:]),
        ):
            if problem := check_array(f"{name}: the {what} handed on", found, rows):
                return problem
    return ""


def same_window(found, expected):
    """Tell whether center word, size and outside words of two windows are the same."""
    center, size, outside = found
    texts = [center, *outside] if isinstance(outside, (list, tuple)) else [center, outside]
    if not all(isinstance(text, str) for text in texts) or np.ndim(size) != 0:
        return False
    return (center, int(size), list(outside)) == expected
