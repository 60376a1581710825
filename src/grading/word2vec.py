"""Question 2a: what its tests check."""

import re
from functools import partial

import numpy as np

from sandbox.session import Function, StarvedError, SubmissionError

from . import cases, mistakes
from .compare import (
    ATOL,
    PARAMETERS,
    RTOL,
    changed_arguments,
    check_array,
    check_gradient,
    check_loss_and_gradients,
)
from .values import to_three

PARTS_OF_WINDOW = "loss", "gradient of the center vectors", "gradient of the outside vectors"
SINGLE = {"rtol": 1e-5, "atol": 1e-6}  # where what is called may compute in single precision
SIGMOID, SOFTMAX = "sigmoid", "naive_softmax_loss_and_gradient"
SAMPLING, NEGATIVES = "neg_sampling_loss_and_gradient", "get_negative_samples"
SKIPGRAM, WRAPPER = "skipgram", "word2vec_sgd_wrapper"
NUMBERS_ALONE = re.compile(r"(.* expected [^ ,]+\.\n?)+")  # and no word on them


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

    def both(self, name, *args):
        """Call a function of the submission, and that of the solution, None without one."""
        found = self.call(name, *args)
        return found, getattr(self.solution, name)(*args) if self.solution else None

    def check_sigmoid(self, x, expected=None, **how):
        """Compare a sigmoid with what is expected, or with the solution's."""
        if expected is None:
            found, expected = self.both(SIGMOID, x)
        else:
            found = self.call(SIGMOID, x)

        def check(x, found, expected, **how):
            if not check_array(SIGMOID, found, expected, **how):
                return ""
            instead = mistakes.of_sigmoid(x, expected)
            return check_array(SIGMOID, found, expected, instead=instead, **how)

        self.judge(check, (SIGMOID, x), found, expected, cases.SMALL_SIGMOIDS, **how)

    def check_softmax(self, pair, expected=None, **how):
        """Compare the naive softmax loss of a pair and its gradients with what is expected."""
        arguments = *pair.arguments, None
        if expected is None:
            found, expected = self.both(SOFTMAX, *arguments)
        else:
            found = self.call(SOFTMAX, *arguments)

        def check(v_c, o, U, _, found, expected, **how):
            how["instead"] = partial(mistakes.of_softmax, expected, v_c, o, U)
            return check_loss_and_gradients("naive softmax", found, expected, **how)

        self.judge(check, (SOFTMAX, *arguments), found, expected, cases.SMALL_PAIRS, **how)

    def judge(self, check, call, found, expected, small=(), **how):
        """Fail if a check of a call says so; where it has no explanation, show a smaller case.

        The small cases are lists of arguments, each with what is expected.
        """
        name, *arguments = call
        if not self.is_graded:
            return
        problem = check(*arguments, found, expected, reveal=self.reveal, **how)
        if problem and not self.about.is_hidden and NUMBERS_ALONE.fullmatch(problem):
            for arguments, expected in small:
                try:
                    found = getattr(self.submission, name)(*arguments)
                except SubmissionError:
                    break
                if shorter := check(*arguments, found, expected, reveal=True):
                    problem += f"\nThe smallest case that fails: {shown(name, arguments)}.\n"
                    problem += shorter
                    break
        if problem:
            self.fail(problem)

    # Skip-gram

    def check_window(self, window, loss, expected=None, data=None, **how):
        """Compare loss and gradients of a window with what is expected.

        By default these are the sums of what the submission's own loss gives, as its mistakes are
        told and charged elsewhere; where it gives nothing of use, nothing is compared.
        """
        pairs = self.pairs_of(window, loss, data)
        if expected is None and not pairs:
            return
        found = self.submission.skipgram(*window.arguments, data, loss)
        sums = sums_of(pairs, window) if pairs else expected

        def instead():
            last = sums_of(pairs[-1:], window) if len(pairs) > 1 else None
            lists = mistakes.of_skipgram(sums, window.center_index, window.outside_indices, last)
            if pairs and expected is not None:
                words = f"the sum of what {loss.name} gives: the mistake is there"
                for known, part in zip(lists, sums, strict=True):
                    known.insert(0, (words, part))
            return lists

        how = SINGLE | {"names": PARTS_OF_WINDOW, "instead": instead, "reveal": self.reveal} | how
        right = sums if expected is None else expected
        problem = check_loss_and_gradients(SKIPGRAM, found, right, **how)
        if problem and self.is_graded:
            handed = self.what_is_handed(window)
            smaller = NUMBERS_ALONE.fullmatch(problem) and self.smaller_window(loss)
            self.fail("\n".join(filter(None, [handed, problem, not handed and smaller])))

    def pairs_of(self, window, loss, data=None):
        """Give what the submission computes for each outside word; nothing if it is no use."""
        v_c, U = window.center_vectors[window.center_index], window.outside_vectors
        shapes, pairs = ((), v_c.shape, U.shape), {}
        try:
            for o in dict.fromkeys(window.outside_indices):
                pairs[o] = to_three(loss(v_c, o, U, data), shapes)
                is_theirs = isinstance(loss, Function)
                changes = is_theirs and changed_arguments(loss.name, self.session.changed)
                if pairs[o] is None or changes:
                    return []
            first = next(iter(pairs))  # once more: what its own draws decide cannot be compared
            again = data and to_three(loss(v_c, first, U, data), shapes)
            if again and not all(map(mistakes.same, again, pairs[first])):
                return []
        except StarvedError:
            raise
        except SubmissionError:
            return []
        return [pairs[o] for o in window.outside_indices]

    def smaller_window(self, loss):
        """Show the smallest window that fails, if one of those here does."""
        for window in () if self.about.is_hidden else cases.SMALL_WINDOWS:
            if not (pairs := self.pairs_of(window, loss)):
                return ""
            arguments = *window.arguments, None
            try:
                found = self.submission.skipgram(*arguments, loss)
            except SubmissionError:
                return ""
            sums = sums_of(pairs, window)
            if problem := check_loss_and_gradients(SKIPGRAM, found, sums, names=PARTS_OF_WINDOW):
                case = shown(SKIPGRAM, arguments)
                return f"The smallest case that fails: {case}, and {loss.name}.\n{problem}"
        return ""

    def check_window_gradient(self, window, loss):
        """Compare the gradients of a window with finite differences."""
        center, size, outside, word2ind, *vectors = window.arguments
        V = len(word2ind)

        def loss_of_window(x):
            return self.call(SKIPGRAM, center, size, outside, word2ind, x[:V], x[V:], None, loss)

        names = {"center vectors": slice(0, V), "outside vectors": slice(V, None)}
        self.compare(check_gradient, SKIPGRAM, loss_of_window, np.vstack(vectors), names)

    def check_linear(self, window):
        """Check skip-gram with a loss that is none of the two, and what it hands to it."""
        handed = self.check_handed(window)
        self.compare(lambda: handed)
        self.note(handed)  # what is wrong here needs no solution to be seen
        self.check_window(window, cases.linear_loss(2, window), rtol=RTOL, atol=ATOL)

    def check_handed(self, window):
        """Say what is wrong with what skip-gram hands to a loss."""
        data, loss = cases.dataset(1, list(window.word2ind)), cases.linear_loss(2, window)
        self.call(SKIPGRAM, *window.arguments, data, loss)
        return check_pairs(window, data, loss.record, self.reveal)

    def what_is_handed(self, window):
        """Say what is wrong with it where only an explanation is wanted."""
        try:
            return self.check_handed(window)
        except SubmissionError:
            return ""


def sums_of(pairs, window):
    """Sum what a loss gives for the pairs of a window, as skip-gram should."""
    losses, rows, outside = zip(*pairs, strict=True)
    center = np.zeros(window.center_vectors.shape)
    center[window.center_index] = np.sum(rows, axis=0)
    return np.sum(losses), center, np.sum(outside, axis=0)


def check_pairs(window, data, handed, reveal=False):
    """Compare what a loss function was handed, as the submission says, with a window's pairs."""
    words = window.outside_indices
    if not handed:
        return (
            "skipgram never calls the loss function that it is given, where the window has the "
            f"outside words {words}: call word2vec_loss_and_gradient, whatever it is; do not "
            "compare it with those of the course."
        )
    handed = [call for call in handed if isinstance(call, list) and len(call) == 4]
    indices = [o if type(o) is int else None for _, o, _, _ in handed]
    if indices != words:
        return (
            f"skipgram hands the outside words {indices[:30]} to the loss function, where the "
            f"window has {words}, in this order.{why_other_words(indices, window)}"
        )
    V, U, label = window.center_vectors, window.outside_vectors, "skipgram: the {} handed on"
    of_outside = "a row of outside_vectors, expected one of center_word_vectors"
    for center, o, outside, dataset in handed:
        if dataset is not data:
            return "skipgram must hand the dataset that it is given to the loss function."
        for what, found, expected, instead in (
            (
                "center vector",
                center,
                V[window.center_index],
                [
                    ("the center vector of the outside word", V[o]),
                    (of_outside, U[o]),
                    (of_outside, U[window.center_index]),
                ],
            ),
            ("matrix of outside vectors", outside, U, [("center_word_vectors", V)]),
        ):
            how = {"reveal": reveal, "instead": instead}
            if problem := check_array(label.format(what), found, expected, **how):
                return problem
    return ""


def why_other_words(indices, window):
    """Say which outside words skip-gram takes, if it takes others, and if that is known."""
    words, size = window.outside_indices, window.size
    known = {
        " Is there a return within the loop?": words[:1],
        " It takes the last one only.": words[-1:],
        f" It takes window_size, {size}, of them, expected all.": words[:size],
        " It leaves out the first one.": words[1:],
        " It leaves out the last one.": words[:-1],
        " It takes each word once: one that occurs twice counts twice.": list(dict.fromkeys(words)),
        " It takes the center word in their place.": [window.center_index] * len(words),
        " They are sorted.": [window.word2ind[word] for word in sorted(window.outside)],
    }
    return next((said for said, taken in known.items() if taken == indices), "")


def shown(name, arguments):
    """Write a call as people read it: each argument that is not None by its name."""
    pairs = zip(PARAMETERS[name], arguments, strict=False)
    listed = [(k, v.tolist() if isinstance(v, np.ndarray) else v) for k, v in pairs]
    return f"{name} with " + ", ".join(f"{k} = {v}" for k, v in listed if v is not None)
