"""Question 2a: what its tests check of the parts that are given: sampling, the wrapper, a default.

What these do stands here once more, by plain loops.
"""

import random
from functools import partial

import numpy as np

from sandbox.objects import TableModel
from sandbox.session import Function, SubmissionError
from utils import BATCH_SIZE

from . import cases, mistakes
from .compare import (
    check_array,
    check_draws,
    check_gradient,
    check_loss_and_gradients,
    check_scalar,
    drawing,
)
from .values import to_three
from .word2vec import NEGATIVES, SAMPLING, SINGLE, SOFTMAX, WRAPPER


class GivenChecks:
    """Checks for `Word2vecChecks` on what students are given."""

    def check_default_loss(self, window):
        """Check that skip-gram without a loss function uses negative sampling."""
        data = cases.dataset_in_turn(window)
        shapes = (), window.center_vectors.shape, window.outside_vectors.shape
        try:
            given, softmax = (
                to_three(self.submission.skipgram(*window.arguments, data, loss), shapes)
                for loss in (getattr(self.submission, name) for name in (SAMPLING, SOFTMAX))
            )
        except SubmissionError:
            return  # it is charged elsewhere
        found = to_three(self.submission.skipgram(*window.arguments, data), shapes)
        if given is None or found is None or all(map(mistakes.same, found, given)):
            return
        uses = ""
        if softmax is not None and all(map(mistakes.same, found, softmax)):
            uses = f" It uses {SOFTMAX}."
        self.fail(f"skipgram called without a loss function must use {SAMPLING}.{uses}")

    def check_negative_samples(self):
        """Check the draws of get_negative_samples."""
        for o, K in enumerate((3, 1, 10)):
            arguments = o, cases.dataset(K, list("abcd")), K
            found = self.call(NEGATIVES, *arguments)
            with drawing(self.session.seed):
                expected = negative_samples(*arguments)
            with drawing(self.session.seed):
                different = negative_samples(o, arguments[1], min(K, 3), once=True)
            instead = [
                ("a list of different words: one may be drawn twice", different),
                (
                    f"a list with the outside word, {o}, in it",
                    lambda found, right, o=o: bool((found == o).any()),
                ),
                (
                    "one word, repeated",
                    lambda found, right: len(found) > 1 and bool(np.ptp(found) == 0),
                ),
            ]
            label = f"{NEGATIVES}: the list of words drawn, K = {K},"
            self.compare(check_array, label, found, np.array(expected), instead=instead)
            self.check_draws_of(NEGATIVES, partial(negative_samples, *arguments))

    def check_sampling(self, pair, K):
        """Check negative sampling: loss, gradients, draws."""
        data = cases.dataset(K, [f"word{i}" for i in range(len(pair.outside_vectors))])
        found = self.call(SAMPLING, *pair.arguments, data, K)
        with drawing(self.session.seed):
            negatives = negative_samples(pair.outside_word_idx, data, K)
        with drawing(self.session.seed):
            of_ten = negative_samples(pair.outside_word_idx, data, 10)
        self.compare(
            check_loss_and_gradients,
            "negative sampling",
            found,
            mistakes.neg_sampling(pair, negatives),
            instead=partial(mistakes.of_sampling, pair, negatives, of_ten),
            **SINGLE,
        )
        self.check_draws_of(SAMPLING, lambda: negative_samples(pair.outside_word_idx, data, K))

    def check_sampling_gradient(self, pair, data):
        """Compare the gradients of negative sampling with finite differences."""

        def loss_of_stacked(x):
            return self.call(SAMPLING, x[0], pair.outside_word_idx, x[1:], data)

        x = np.vstack([pair.center_word_vec, pair.outside_vectors])
        names = {"center vector": slice(0, 1), "outside vectors": slice(1, None)}
        self.compare(check_gradient, "negative sampling", loss_of_stacked, x, names)

    def check_wrapper(self, seed):
        """Check that word2vec_sgd_wrapper draws 50 windows and gives their mean."""
        window, size, n = cases.window(seed, V=6, d=2, outside=1), 4, BATCH_SIZE
        data = cases.dataset(seed, list(window.word2ind))
        vectors = np.vstack([window.center_vectors, window.outside_vectors])
        grads = cases.numbers(seed, (2, n, 6, 2))
        model, loss = TableModel(*grads), getattr(self.submission, SOFTMAX)  # any function
        found = self.call(WRAPPER, model, window.word2ind, vectors, data, size, loss)
        with drawing(self.session.seed):
            expected = windows(data, size)
        self.compare(check_windows, model.record, expected, vectors, data, loss)
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            self.fail(f"{WRAPPER} must return loss and gradient")
        self.compare(check_scalar, f"{WRAPPER}: the loss", found[0], (n - 1) / 2)
        centers, outsides = grads.mean(axis=1)
        nothing = np.zeros(centers.shape)
        instead = [
            ("without the gradient of the outside vectors", np.vstack([centers, nothing])),
            ("without the gradient of the center vectors", np.vstack([nothing, outsides])),
            ("that of both in the rows of one", np.vstack([nothing, centers + outsides])),
            ("that of both in the rows of one", np.vstack([centers + outsides, nothing])),
        ]
        label, mean = f"{WRAPPER}: the gradient", np.vstack([centers, outsides])
        self.compare(check_array, label, found[1], mean, instead=instead)
        self.check_draws_of(WRAPPER, lambda: windows(data, size))

    def check_draws_of(self, name, draw):
        """Check that the last call drew the random numbers that it should."""
        self.compare(check_draws, name, self.session.seed, self.session.next, draw)


def negative_samples(outside_word_idx, dataset, K, once=False):
    """Draw K words that are not the outside word; `once` leaves out those drawn before."""
    words = []
    while len(words) < K:
        word = dataset.sample_token_idx()
        if word != outside_word_idx and not (once and word in words):
            words.append(word)
    return words


def windows(dataset, window_size):
    """Draw the windows of one step: sizes, center words, outside words."""
    drawn = []
    for _ in range(BATCH_SIZE):
        size = random.randint(1, window_size)
        center, outside = dataset.get_random_context(size)
        drawn.append([center, size, outside])
    return drawn


def check_windows(handed, expected, vectors, data, loss):
    """Compare what the wrapper hands to its model, as the submission says, with what it should."""
    V, halves = len(vectors) // 2, ("center vectors", "outside vectors")
    if len(handed) != len(expected):
        return f"{WRAPPER} evaluates {len(handed)} windows, expected {len(expected)}."
    for call, window in zip(handed, expected, strict=True):
        if not isinstance(call, list) or len(call) != 7 or not same_window(call[:3], window):
            return f"{WRAPPER} draws other windows than the given code does."
        if call[5] is not data or not isinstance(call[6], Function) or call[6] != loss:
            return f"{WRAPPER} must hand dataset and loss function on."
        parts = vectors[:V], vectors[V:]
        for what, found, rows, others in zip(halves, call[3:5], parts, parts[::-1], strict=True):
            label, instead = f"{WRAPPER}: the matrix of {what} handed on", [("the other", others)]
            if problem := check_array(label, found, rows, instead=instead):
                return problem
    return ""


def same_window(found, expected):
    """Tell whether center word, size and outside words of two windows are the same."""
    center, size, outside = found
    if not isinstance(outside, list) or not all(isinstance(w, str) for w in [center, *outside]):
        return False
    size = size.item() if getattr(size, "shape", None) == () else size
    return type(size) is int and [center, size, outside] == expected
