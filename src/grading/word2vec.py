"""Question 2a: what its tests check."""

import random
from functools import partial

import numpy as np

from sandbox.objects import LinearLoss, ProductModel
from sandbox.session import Function, StarvedError, WorkerError
from utils import BATCH_SIZE

from . import cases, mistakes
from .compare import (
    PARTS,
    changed_arguments,
    check_array,
    check_gradient,
    check_loss_and_gradients,
    drawn,
    to_parts,
    written,
)

OF_WINDOW = "loss", "gradient of the center vectors", "gradient of the outside vectors"
SUMS = {"rtol": 1e-5, "atol": 1e-6}  # a loss may compute in single precision
SIGMOID, SOFTMAX = "sigmoid", "naive_softmax_loss_and_gradient"
SAMPLING, NEGATIVES = "neg_sampling_loss_and_gradient", "get_negative_samples"
SKIPGRAM, WRAPPER = "skipgram", "word2vec_sgd_wrapper"
NEVER_CALLED = (
    "skipgram never calls the loss function that it is given: call word2vec_loss_and_gradient, "
    "whatever it is; do not compare it with the course's."
)
HANDED = (
    "skipgram hands the loss function other outside words than the window has, or in another order"
)


class Word2vecChecks:
    """Checks for a `graderUtil.GradedTestCase` on word2vec.py."""

    module = "word2vec"

    def call(self, name, *args):
        """Call a function of the submission; say so if it changes its arguments."""
        found = getattr(self.submission, name)(*args)
        if problem := changed_arguments(name, self.session.changed):
            if self.is_graded and self.about.is_hidden:
                self.fail(problem)
            self.note(problem)
        return found

    def check_result(self, check, small, name, *args, expected=None, **how):
        """Check what a call gives, with what is expected or with what the solution gives."""
        found = self.call(name, *args)
        if expected is None:
            expected = self.expected(name, *args)
        unexplained = partial(self.smallest, check, small, name)
        how |= {"reveal": self.reveal, "unexplained": unexplained}
        self.compare(check, *args, found, expected, **how)

    def smallest(self, check, small, name):
        """Tell of the first of some small cases that fails; of a hidden test nothing."""
        for args, expected in () if self.about.is_hidden else small:
            try:
                found = getattr(self.submission, name)(*args)
            except WorkerError:
                break
            if problem := check(*args, found, expected):
                return f"The smallest case that fails: {written(name, args)}.\n{problem}"
        return ""

    def check_sigmoid(self, x, expected=None, **how):
        """Check a sigmoid."""

        def check(x, found, expected, **how):
            instead = partial(mistakes.of_sigmoid, x, expected)
            return check_array(SIGMOID, found, expected, instead=instead, **how)

        self.check_result(check, cases.SMALL_SIGMOIDS, SIGMOID, x, expected=expected, **how)

    def check_softmax(self, pair, expected=None, **how):
        """Check the naive softmax loss of a pair and its gradients."""

        def check(v, o, U, _, found, expected, **how):
            how["instead"] = partial(mistakes.of_softmax, v, o, U, expected)
            return check_loss_and_gradients("naive softmax", found, expected, **how)

        small = cases.SMALL_PAIRS
        self.check_result(check, small, SOFTMAX, *pair, None, expected=expected, **how)

    # Skip-gram

    def check_window(self, window, loss, expected=None, data=None, **how):
        """Check the loss of a window and its gradients.

        By default they must be the sums of what the submission's own loss gives, which has tests
        of its own; if that gives nothing usable, nothing is compared.
        """

        def check(*args):
            return check_loss_and_gradients(SKIPGRAM, *args[-2:], names=OF_WINDOW, **SUMS)

        small = (
            ((*small, None, loss), mistakes.sums_of(pairs, small))
            for small in cases.SMALL_WINDOWS
            if (pairs := self.pairs_of(small, loss))
        )

        def unexplained():
            smallest = partial(self.smallest, check, small, SKIPGRAM)
            known = self.attempt(self.problem_of_linear, window, unexplained=smallest)
            return known or smallest()  # a simpler loss may tell why

        if not self.about.is_hidden:
            how["unexplained"] = unexplained
        problem = self.problem_of_window(window, loss, expected, data, **how)
        self.compare(lambda: problem)

    def check_linear(self, window):
        """Check skip-gram with a loss that is none of the two; that needs no solution."""
        problem = self.problem_of_linear(window)
        self.compare(lambda: problem)
        if not self.notes:  # one window is enough
            self.note(problem)

    def problem_of_linear(self, window, **how):
        """Say what is wrong with skip-gram for a loss that is none of the two."""
        loss = cases.linear_loss(2, window)
        return self.problem_of_window(window, loss, data=loss.dataset, **how)

    def problem_of_window(self, window, loss, expected=None, data=None, **how):
        """Say what is wrong with the loss of a window and its gradients."""
        pairs, is_linear = self.pairs_of(window, loss, data), isinstance(loss, LinearLoss)
        if expected is None and not pairs:
            return ""
        found = self.call(SKIPGRAM, *window, data, loss)
        handed = [o if type(o) is int else None for o in loss.record] if is_linear else window.words
        if not handed:
            return NEVER_CALLED
        sums = mistakes.sums_of(pairs, window) if pairs else None

        def instead():
            known = mistakes.of_skipgram(window, pairs) if pairs else []
            if is_linear:
                known += mistakes.of_handed(loss, window)
            elif pairs and expected is not None:
                words = f"the sum of what {loss.name} gives: the mistake is there"
                known.insert(0, (words, sums))
            return known

        how = SUMS | {"names": OF_WINDOW, "instead": instead, "reveal": self.reveal} | how
        right = sums if expected is None else expected
        what = "skipgram with a linear loss" if is_linear else SKIPGRAM
        problem = check_loss_and_gradients(what, found, right, **how)
        if problem and pairs and expected is not None:
            parts = to_parts(found, [np.shape(part) for part in sums])
            if parts and all(map(mistakes.nearly_equal, parts, sums)):
                self.blamed = loss.name  # skipgram does what it should with what that gives
        if handed == window.words:
            return problem
        words = f": {handed[:30]}, expected {window.words}" if self.reveal else ""
        return f"{HANDED}{words}.\n{problem}"

    def attempt(self, call, *args, **kwargs):
        """Call where errors are told elsewhere: None if one is raised."""
        try:
            return call(*args, **kwargs)
        except StarvedError:
            raise
        except WorkerError:
            return None

    def pairs_of(self, window, loss, data=None):
        """Give what the submission computes for each outside word; nothing if it is no use."""
        v_c, U = window.center_vectors[window.c], window.outside_vectors

        def parts_of(o):
            found = loss(v_c, o, U, data)
            if isinstance(loss, Function) and changed_arguments(loss.name, self.session.changed):
                return None
            return to_parts(found, ((), v_c.shape, U.shape))

        pairs = {o: self.attempt(parts_of, o) for o in dict.fromkeys(window.words)}
        again = self.attempt(parts_of, window.words[0])  # it differs if draws of its own decide
        if not again or not all(pairs.values()):
            return []
        is_same = all(map(mistakes.nearly_equal, again, pairs[window.words[0]]))
        return [pairs[o] for o in window.words] if is_same else []

    def check_window_gradient(self, window, loss):
        """Compare the gradients of a window with finite differences."""
        *others, center_vectors, outside_vectors = window

        def call(V, U):
            return self.call(SKIPGRAM, *others, V, U, None, loss)

        self.compare(check_gradient, SKIPGRAM, call, OF_WINDOW, center_vectors, outside_vectors)

    def check_default_loss(self, window):
        """Check that skip-gram without a loss function uses negative sampling."""
        data, skipgram = cases.dataset_of_one(window), self.submission.skipgram
        shapes = (), window.center_vectors.shape, window.outside_vectors.shape
        sampling = getattr(self.submission, SAMPLING)
        # what is wrong with negative sampling, or with skip-gram in all cases, is told elsewhere
        given = to_parts(self.attempt(skipgram, *window, data, sampling), shapes)
        found = to_parts(skipgram(*window, data), shapes)
        if given and found and not all(map(mistakes.nearly_equal, found, given)):
            self.fail(f"skipgram called without a loss function must use {SAMPLING}.")

    # What students are given: it stands here once more, by plain loops

    def check_given(self, check, name, *args):
        """Fail if a given function does not pass a check: one thing is to be done about it."""
        if problem := check(*args):
            self.fail(f"{problem}\n{name} is given: put its original lines back.")

    def check_drawn(self, name, draw):
        """Check that the last call drew what `draw` draws; give that."""
        value, problem = drawn(name, self.session, draw)
        self.check_given(lambda: problem, name)
        return value

    def check_negative_samples(self):
        """Check get_negative_samples."""
        for o, K in enumerate((3, 1, 10)):
            data = cases.dataset(K, list("abcd"))
            found = self.call(NEGATIVES, o, data, K)
            expected = self.check_drawn(NEGATIVES, partial(negative_samples, o, data, K))
            self.check_given(check_array, NEGATIVES, NEGATIVES, found, expected)

    def check_sampling(self, pair, K):
        """Check the negative sampling loss of a pair and its gradients."""
        v_c, o, U = pair
        scores, data = U @ v_c, cases.dataset(K, [f"word{i}" for i in range(len(U))])
        self.check_sigmoid(scores, cases.right_sigmoid(scores))  # its mistake would show here
        found = self.call(SAMPLING, *pair, data, *([K] if K != 10 else []))  # 10 by default
        negatives = self.check_drawn(SAMPLING, partial(negative_samples, o, data, K))
        expected, once = (neg_sampling(*pair, some) for some in (negatives, set(negatives)))
        known = [("that with samples drawn twice counted once", once)]
        check = partial(check_loss_and_gradients, instead=lambda: known, **SUMS)
        self.check_given(check, SAMPLING, "negative sampling", found, expected)

    def check_sampling_gradient(self, pair, data):
        """Compare the gradients of negative sampling with finite differences."""
        v_c, o, U = pair

        def call(v_c, U):
            return self.call(SAMPLING, v_c, o, U, data)

        self.check_given(check_gradient, SAMPLING, "negative sampling", call, PARTS, v_c, U)

    def check_wrapper(self, seed):
        """Check that word2vec_sgd_wrapper gives the mean over the windows that it should draw."""
        window, size = cases.window(seed, V=6, d=2, outside=1), 4
        *_, word2ind, V, U = window
        data, loss = cases.dataset(seed, list(word2ind)), getattr(self.submission, SOFTMAX)
        model = ProductModel(data, loss)
        found = self.call(WRAPPER, model, word2ind, np.vstack([V, U]), data, size, loss)
        some = self.check_drawn(WRAPPER, partial(draw_windows, data, size))
        results = [model(*one, word2ind, V, U, data, loss) for one in some]
        losses, *gradients = (np.mean(part, axis=0) for part in zip(*results, strict=True))
        check = partial(check_loss_and_gradients, names=("loss", "gradient"))
        self.check_given(check, WRAPPER, WRAPPER, found, (losses, np.vstack(gradients)))


def negative_samples(outside_word_idx, dataset, K):
    """Draw K words that are not the outside word."""
    words = []
    while len(words) < K:
        word = dataset.sample_token_idx()
        if word != outside_word_idx:
            words.append(word)
    return words


def neg_sampling(v_c, o, U, negatives):
    """Give the negative sampling loss of a pair, and its gradients."""
    loss, grad_center, grad_outside = 0.0, np.zeros(v_c.shape), np.zeros(U.shape)
    for k, sign in [(o, 1), *((k, -1) for k in negatives)]:
        score = sign * (U[k] @ v_c)
        loss += np.logaddexp(0, -score)
        error = -sign / (1 + np.exp(score))
        grad_center += error * U[k]
        grad_outside[k] += error * v_c
    return loss, grad_center, grad_outside


def draw_windows(dataset, window_size):
    """Draw the windows of one step: center words, sizes, outside words."""
    windows = []
    for _ in range(BATCH_SIZE):
        size = random.randint(1, window_size)
        center, outside = dataset.get_random_context(size)
        windows.append([center, size, outside])
    return windows
