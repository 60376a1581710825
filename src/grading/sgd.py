"""2b: runs of sgd, each x checked against what follows from the x before it."""

import numpy as np

from sandbox.objects import MAX_NUMBERS, Postprocessing, Quadratic
from sandbox.session import WorkerError
from utils import ANNEAL_EVERY as EVERY

from . import cases
from .compare import changed_arguments, difference, drawn, to_array, to_array_of_shape

NEVER = 10**9  # PRINT_EVERY, to print nothing
A_STEP = "A step is: loss, grad = f(x), then x <- x - step * grad."
MUST_BE_HALVED = f": it must be halved after every {EVERY:,} iterations."
SOME = 20  # iterations that one mistake must explain
OF_MOVE = 3e-7  # error that a move may have: in single precision it is right, too
OF_X, OF_SINGLE_X = 1e-12, 1e-6  # error that x may have


class SgdChecks:
    """Checks for a `graderUtil.GradedTestCase` on sgd.py."""

    module = "sgd"

    def check_square(self, x0):
        """Check 1,000 steps of 0.01 on x^2: if each is right, the end is within 1e-6 of 0."""
        f = Quadratic(2.0, 0.0)
        found = self.submission.sgd(f, x0, 0.01, 1000, PRINT_EVERY=100)
        self.compare(check_run, f, found, x0, 0.01, 1000)

    def note_other_mistakes(self):
        """Note what only hidden tests give points for: arrays, and the postprocessing."""
        f, x0 = Quadratic(np.array([0.5, 1.0, 1.5]), np.ones(3)), np.array([3.0, -1.0, 2.0])
        how = x0, 0.1, 5, Postprocessing(0.5, 0.5)
        try:
            found = self.submission.sgd(f, *how, PRINT_EVERY=NEVER)
            self.note(check_run(f, found, *how))
            self.note(changed_arguments("sgd", self.session.changed))
        except WorkerError as error:
            self.note(f"sgd of an array, with a postprocessing: {error.kind}: {error}")

    def check_updates(self, x0, step, iterations, postprocessing=None):
        """Check every x from x0 to the result, on a quadratic whose minimum is not 0."""
        f = Quadratic(*cases.quadratic(np.shape(x0)))
        how = x0, step, iterations, postprocessing
        found = self.submission.sgd(f, *how, PRINT_EVERY=NEVER)
        self.note(changed_arguments("sgd", self.session.changed))
        self.compare(check_run, f, found, *how, reveal=self.reveal)
        self.compare(lambda: drawn("sgd", self.session)[1])


def check_run(f, result, x0, step, iterations, postprocessing=None, *, reveal=True):
    """Say what is wrong with a run, whose f has a record of each x; nothing if all is right."""
    shape, how = np.shape(x0), (1e-6, 1e-6, reveal)
    try:
        record = to_array(f.record).reshape(-1, *shape)
    except ValueError:  # it is forged
        record = np.empty((0, *shape))
    if len(record) != iterations:
        return wrong_count(len(record), iterations, x0, result)
    end = to_array_of_shape(result, shape)
    xs = np.append(record, [np.full(shape, np.nan) if end is None else end], axis=0)
    with np.errstate(all="ignore"):
        run = Run(f, xs.reshape(len(xs), -1), step, postprocessing or Postprocessing())
        if first := difference("sgd: the first x", xs[0], x0, *how):
            said = "It must be x0."
            if not difference("", xs[0], run.after(x0), *how):
                said = "The postprocessing is applied before f, not after the update."
            return f"{first.where} {said}"
        right = run.fits(run.right)
        if right.all():
            return ""
        k = int(right.argmin())  # the first that is wrong
        found = result if end is None and k == iterations - 1 else xs[k + 1]
        what, expected = f"sgd: x after iteration {k + 1:,}", run.right[k].reshape(shape)
        wrong = difference(what, found, expected, 0, 0, reveal)
        rows = slice(k, max(k + 1, min(k + SOME, iterations - 1)))  # the last one may differ
        known = (words for words, x in run.mistakes(rows) if run.fits(x)[rows].all())
        return f"{wrong.where} {next(known, '')}".strip()


def wrong_count(calls, iterations, x0, result):
    """Say that f is called too often, or not often enough."""
    zero = not difference("", result, np.zeros(np.shape(x0)))
    hints = {
        1: "The loop ends in the first iteration: is there a return inside the loop?",
        iterations - 1: "That is one iteration too few.",
        iterations + 1: "That is one iteration too many.",
        2 * iterations: "f is evaluated twice in each.",
        0: f"f is never called. {A_STEP}{' The result is 0, whatever f is.' * zero}",
    }
    many = f"The for loop is there, write one step only. {A_STEP}" * (calls > 2 * iterations)
    least = "at least " * (calls * np.size(x0) >= MAX_NUMBERS)
    times = f"{least}{calls:,} call{'s' * (calls != 1)} of f in {iterations:,} iterations"
    return f"sgd: {times}, expected one in each. {hints.get(calls, many)}".strip()


class Run:
    """A run of sgd: for each iteration, in a row, x before it and what was found after it."""

    def __init__(self, f, xs, step, postprocessing):
        self.x, self.found = xs[:-1], xs[1:]
        self.k = np.arange(len(self.x))[:, np.newaxis]  # iterations, counted from 0
        self.step = step * 0.5 ** (self.k // EVERY)
        self.from_minimum = self.x - np.reshape(f.b, -1)
        self.grad = np.reshape(f.a, -1) * self.from_minimum
        self.move = self.step * self.grad
        self.is_called, self.after = bool(postprocessing.record), postprocessing
        self.right = self.after(self.x - self.move)

    def fits(self, update):
        """Tell for each iteration whether an update gives what was found."""
        single = np.array_equal(self.x[1:], np.float32(self.x[1:]))
        error = (OF_SINGLE_X if single else OF_X) * np.maximum(abs(self.x), abs(self.found))
        error = error.max(axis=1) + OF_MOVE * abs(self.move).max(axis=1)
        return abs(self.found - update).max(axis=1) <= error

    def mistakes(self, rows):
        """Yield what is said of known mistakes, and the x that each gives from some row on."""
        x, found, grad, move, after = self.x, self.found, self.grad, self.move, self.after
        k, is_last = rows.start, 0 < rows.start == len(x) - 1
        if len(x) > 1 and np.all(x == x[0]) and np.any(found[-1] != x[0]):
            yield "f is evaluated at x0 in every iteration, expected at the current x.", found

        how = "called, but its result is thrown away" if self.is_called else "never called"
        left_out = f"{how}: x <- postprocessing(x) after every update."
        if is_last:
            left_out = "left out after the last update."
        elif self.fits(self.right)[-1]:
            left_out = "applied at the end only, expected after every update."
        yield f"The postprocessing is {left_out}", x - move
        yield "The postprocessing is applied before the update.", after(x) - move
        yield "The postprocessing is applied twice.", after(self.right)
        yield "The postprocessing is applied to the gradient.", x - self.step * after(grad)

        yield "It is 0.", 0 * x
        yield "It is x + step * gradient, which goes uphill.", after(x + move)
        yield "The step is ignored: it is x - gradient.", after(x - grad)
        yield "The gradient is ignored: it is x - step.", after(x - self.step)
        yield "It takes only the sign of the gradient.", after(x - self.step * np.sign(grad))
        loss = 0.5 * np.sum(grad * self.from_minimum, axis=1, keepdims=True)
        yield "It is x - step * loss, not x - step * gradient.", after(x - self.step * loss)
        yield "It lacks x itself: it is -step * gradient.", after(-move)
        yield "It is x0 - step * gradient: expected x, not x0.", after(x[0] - move)
        move_before = np.vstack((0 * move[:1], move[:-1]))
        yield "It steps with the gradient at the x before.", after(x - move_before)
        for decimals in range(2, 10):
            yield f"It is rounded to {decimals} decimals.", np.round(self.right, decimals)
        stays = np.vstack((found[:k], x[k : k + 1], found[k + 1 :]))
        last = "last " * is_last
        yield f"It is x before this iteration: is the {last}update left out?", stays

        yield from self.multiples(rows)

    def multiples(self, rows):
        """Yield mistakes in how much of the step or of something else is taken."""
        x, move = self.x, self.move
        for when, halvings in {
            "an iteration early": (self.k + 1) // EVERY,
            "an iteration late": np.maximum(self.k - 1, 0) // EVERY,
            "a little at every iteration": self.k / EVERY,
        }.items():
            halved = move * 0.5 ** (halvings - self.k // EVERY)
            yield f"The step is halved {when}{MUST_BE_HALVED}", self.after(x - halved)
        if x[rows].size < 3:
            return  # a single number is a multiple of any other
        factor = f"The step is {{:.9g}} times the right one{MUST_BE_HALVED if rows.start else '.'}"
        decay = "It is an update with weight decay: {:.3g} times x is added."
        momentum = "It is an update with momentum: {:.3g} of the update before is added."
        before = np.vstack((x[:1], x[:-1]))
        ours, parts = (x, x - move, x - move), (move, self.step * x, before - x)
        for words, without, part in zip((factor, decay, momentum), ours, parts, strict=True):
            rest = without - (self.found - self.after.shift) / self.after.scale
            share = np.sum(rest[rows] * part[rows]) / np.sum(part[rows] ** 2)
            yield words.format(share), self.after(without - share * part)
