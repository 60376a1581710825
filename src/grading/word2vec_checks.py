"""What the tests of question 2a check."""

import functools

import numpy as np

from sandbox.session import SubmissionError
from utils import BATCH_SIZE

from . import cases, given
from .compare import (
    check_array,
    check_loss_and_gradients,
    check_scalar,
    check_sigmoid,
)
from .conduct import check_arguments, check_draws
from .diagnose import PARTS, PARTS_OF_WINDOW, skipgram_instead, softmax_instead
from .gradient import check_gradient
from .values import to_array_of_shape

SINGLE = {"rtol": 1e-5, "atol": 1e-6}  # where what is called may compute in single precision


class Word2vecChecks:
    """Checks for a `graderUtil.GradedTestCase` on word2vec.py."""

    module = "word2vec"

    def check_sigmoid(self, x):
        """Compare sigmoids with the solution's."""
        found, expected = self.both("sigmoid", x)
        self.compare(check_sigmoid, "sigmoid", x, found, expected, reveal=self.reveal)

    def check_softmax(self, pair, found, expected, **how):
        """Compare the naive softmax loss of a pair and its gradients with those expected."""
        if self.is_graded:
            how["instead"] = softmax_instead(expected, *pair.arguments)
        self.compare(check_loss_and_gradients, "naive softmax", found, expected, **how)

    def check_window(self, window, loss, found, expected, **how):
        """Compare the loss of a window and its gradients with those expected."""
        if not self.is_graded:
            return
        names = PARTS_OF_WINDOW
        pairs = self.pairs_of(window, loss) if loss is not None else []
        last = pairs[-1] if len(pairs) > 1 else None
        how["instead"] = skipgram_instead(
            expected, window.center_index, window.outside_indices, last, names
        )
        for words, sums in sums_of(pairs, window):
            for name, part in zip(names, sums, strict=True):
                how["instead"][name].insert(0, (words, part))
        how = SINGLE | how
        self.compare(check_loss_and_gradients, "skipgram", found, expected, names=names, **how)

    def pairs_of(self, window, loss):
        """Give what the submission computes for each outside word; nothing if it is no use."""
        v_c, U = window.center_vectors[window.center_index], window.outside_vectors
        shapes, pairs = ((), v_c.shape, U.shape), []
        try:
            for o in window.outside_indices:
                parts = zip(loss(v_c, o, U, None), shapes, strict=True)
                pairs.append([to_array_of_shape(part, shape) for part, shape in parts])
        except (SubmissionError, TypeError, ValueError):
            return []
        return [] if any(part is None for pair in pairs for part in pair) else pairs

    def check_window_gradient(self, window, loss):
        """Compare the gradients of a window with finite differences."""
        center, size, outside, word2ind, *vectors = window.arguments
        V, changes = len(word2ind), []

        def loss_of_window(x):
            found = self.submission.skipgram(
                center, size, outside, word2ind, x[:V], x[V:], None, loss
            )
            changes.append(check_arguments("skipgram", self.session.changed))
            return found

        names = {"center vectors": slice(0, V), "outside vectors": slice(V, None)}
        if problem := check_gradient("skipgram", loss_of_window, np.vstack(vectors), names):
            self.fail(next(filter(None, changes), problem))

    def check_pairs_of(self, window):
        """Check which pairs of words skip-gram hands to the loss function that it is given."""
        data = cases.dataset(1, list(window.word2ind))
        loss = cases.linear_loss(2, window)
        self.submission.skipgram(*window.arguments, data, loss)
        self.compare(check_pairs, window, data, loss.record)

    def check_negative_samples(self):
        """Check the draws of get_negative_samples."""
        name = "get_negative_samples"
        for outside_word_idx, K in enumerate((3, 1, 10)):
            what = outside_word_idx, cases.dataset(K, list("abcd")), K
            found = getattr(self.submission, name)(*what)
            draw = functools.partial(given.negative_samples, *what)
            with given.drawing(self.session.seed):
                expected = np.array(draw())
            said = f"a list with the outside word, {outside_word_idx}, in it"
            instead = [(said, lambda found, right, o=outside_word_idx: bool((found == o).any()))]
            label = f"{name}: the list of words drawn, K = {K},"
            self.compare(check_array, label, found, expected, instead=instead)
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
            **SINGLE,
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
        n = BATCH_SIZE
        grads = cases.numbers(seed, (2, n, 6, 2))

        def word2vec_model(
            current_center_word,
            window_size,
            outside_words,
            word2ind,
            center_word_vectors,
            outside_vectors,
            dataset,
            word2vec_loss_and_gradient,
        ):
            number, words = len(handed), (current_center_word, window_size, outside_words)
            hands_on = dataset is data, word2vec_loss_and_gradient == marker
            handed.append((words, center_word_vectors, outside_vectors, all(hands_on)))
            return float(number), grads[0, number % n], grads[1, number % n]

        word2vec_model.__qualname__ = "word2vec_model"  # for the message if it is called wrongly
        marker = self.submission.sigmoid  # any function: the model gets what the wrapper was given
        found = self.submission.word2vec_sgd_wrapper(
            word2vec_model, window.word2ind, vectors, data, size, marker
        )
        with given.drawing(self.session.seed):
            expected = given.windows(data, size)
        self.compare(check_windows, handed, expected, vectors)
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            self.fail(f"{name} must return loss and gradient")
        self.compare(check_scalar, f"{name}: the loss", found[0], (n - 1) / 2)
        mean = np.vstack([grads[0].mean(axis=0), grads[1].mean(axis=0)])
        self.compare(check_array, f"{name}: the gradient", found[1], mean)
        self.check_draws_of(name, lambda: given.windows(data, size))

    def check_draws_of(self, name, draw):
        """Check that the last call drew the random numbers that it should."""
        self.compare(check_draws, name, self.session.seed, self.session.next, draw)


def sums_of(pairs, window):
    """List sums that skip-gram may give, with words for each: the right one last."""
    different = dict(zip(window.outside_indices, pairs, strict=False)).values()
    chosen = {
        "the sum without the first outside word": pairs[1:],
        "the sum over different outside words: one that occurs twice counts twice": different,
        "the sum of what naive_softmax_loss_and_gradient gives: the mistake is there": pairs,
    }
    sums = []
    for words, some in chosen.items():
        if not some:
            continue
        loss, row, grad_outside = (sum(parts) for parts in zip(*some, strict=True))
        grad_center = np.zeros(window.center_vectors.shape)
        grad_center[window.center_index] = row
        sums.append((words, (loss, grad_center, grad_outside)))
    return sums


def check_pairs(window, data, handed):
    """Compare what a loss function was handed, as the submission says, with a window's pairs."""
    if not handed:
        has = f"where the window has the outside words {window.outside_indices}"
        return f"skipgram never calls the loss function that it is given, {has}."
    handed = [call for call in handed if isinstance(call, list) and len(call) == 4]
    indices = [o if type(o) is int else None for _, o, _, _ in handed]
    if indices != window.outside_indices:
        return (
            f"skipgram hands the outside words {indices[:30]} to the loss function, where the "
            f"window has {window.outside_indices}, in this order."
        )
    for center, _, outside, dataset in handed:
        if dataset is not data:
            return "skipgram must hand the dataset that it is given to the loss function."
        expected = window.center_vectors[window.center_index]
        for what, found, right in (
            ("center vector", center, expected),
            ("matrix of outside vectors", outside, window.outside_vectors),
        ):
            label = f"skipgram: the {what} handed on"
            if problem := check_array(label, found, right, reveal=False):
                return problem
    return ""


def check_windows(handed, expected, vectors):
    """Compare the windows that the wrapper hands to its model with those that it should draw."""
    name, V = "word2vec_sgd_wrapper", len(vectors) // 2
    if len(handed) != len(expected):
        return f"{name} evaluates {len(handed)} windows, expected {len(expected)}."
    for (words, centers, others, hands_on), window in zip(handed, expected, strict=True):
        if not same_window(words, window):
            return f"{name} draws other windows than the given code does."
        if not hands_on:
            return f"{name} must hand dataset and loss function on."
        for what, found, rows in (
            ("center vectors", centers, vectors[:V]),
            ("outside vectors", others, vectors[V:]),
        ):
            if problem := check_array(f"{name}: the matrix of {what} handed on", found, rows):
                return problem
    return ""


def same_window(found, expected):
    """Tell whether center word, size and outside words of two windows are the same."""
    center, size, outside = found
    texts = [center, *outside] if isinstance(outside, (list, tuple)) else [center, outside]
    if not all(isinstance(text, str) for text in texts):
        return False
    if isinstance(size, np.ndarray) and size.ndim == 0:
        size = size.item()
    return type(size) is int and (center, size, list(outside)) == expected
