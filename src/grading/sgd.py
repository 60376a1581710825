"""2b: runs of sgd, each update checked against what follows from the x before it."""

import re
from dataclasses import replace
from itertools import takewhile

import numpy as np

from sandbox.objects import MAX_RECORD, Postprocessing, Quadratic
from sandbox.session import SubmissionError
from utils import ANNEAL_EVERY as EVERY

from . import cases
from .compare import changed_arguments, check_array, check_draws, difference
from .values import to_array_of_shape

NEVER = 10**9  # PRINT_EVERY, to print nothing
A_STEP = "A step is: loss, grad = f(x), then x <- x - step * grad."
HINTS = {  # for errors that hold this
    "'(loss|grad)'": f"Where are loss and grad set? {A_STEP}",
    "(for|to|not) .*NoneType": f"Is f called? {A_STEP}",
    "unpack|multiply sequence": f"f gives two values. {A_STEP}",
    "'NoneType' object is not callable": "Call postprocessing only if it is not None.",
}
EXACT = {"rtol": 1e-9, "atol": 1e-10}  # of one update, where the end is wrong: to find out why
SINGLE = {"rtol": 1e-6, "atol": 1e-6}  # what updates in single precision need
SOME = 20  # iterations that one mistake must explain
CLOSE = 1e-7  # of an update
ROUNDING, ROUNDING_SINGLE = 1e-12, 1e-6  # of x


class SgdChecks:
    """Checks for a `graderUtil.GradedTestCase` on sgd.py."""

    module = "sgd"

    def sgd(self, f, x0, step, iterations, postprocessing=None, every=NEVER):
        """Call sgd; to errors that are known add what to do."""
        try:
            return self.submission.sgd(f, x0, step, iterations, postprocessing, PRINT_EVERY=every)
        except SubmissionError as error:
            text = f"{error.kind}: {error}"
            hint = next((hint for known, hint in HINTS.items() if re.search(known, text)), None)
            if hint is None:
                raise
            raise SubmissionError(error.kind, f"{error}\n{hint}", error.frames) from None

    def check_square(self, x0):
        """Check that 1,000 steps of 0.01 on x^2 end within 1e-6 of 0, and that each is a step."""
        f = Quadratic(2.0, 0.0)
        found = self.sgd(f, x0, 0.01, 1000, every=100)
        problem = check_array("sgd: x at the end", found, 0.0, atol=1e-6)
        how = check_run(f, found, x0, 0.01, 1000, **(EXACT if problem else SINGLE))
        self.compare(lambda: how or problem)

    def note_other_mistakes(self):
        """Note what only hidden tests give points for: arrays, and the postprocessing."""
        f, x0 = Quadratic(np.array([0.5, 1.0, 1.5]), np.ones(3)), np.array([3.0, -1.0, 2.0])
        how = x0, 0.1, 5, Postprocessing(0.5, 0.5)
        try:
            self.note(check_run(f, self.sgd(f, *how), *how, **SINGLE))
            self.note(changed_arguments("sgd", self.session.changed))
        except SubmissionError as error:
            self.note(f"sgd of an array, with a postprocessing: {error.kind}: {error}")

    def check_updates(self, x0, step, iterations, postprocessing=None):
        """Check every x from x0 to the result, on a quadratic whose minimum is not 0."""
        f = Quadratic(*cases.quadratic(np.shape(x0)))
        how = x0, step, iterations, postprocessing
        found = self.sgd(f, *how)
        self.note(changed_arguments("sgd", self.session.changed))
        self.compare(check_run, f, found, *how, **SINGLE, reveal=self.reveal)
        self.compare(check_draws, "sgd", self.session.seed, self.session.next)

    def check_halvings(self):
        """Check where sgd ends when the step is halved, after every 20,000th iteration."""
        f, x0, step = Quadratic(1.0, -3.0), 4.0, 2e-5
        for iterations in (2 * EVERY + 3_000, EVERY + 5, EVERY - 1):  # what tells most first
            found = self.sgd(f, x0, step, iterations)
            self.compare(check_end, f, found, x0, step, iterations, reveal=self.reveal)


def check_run(f, result, x0, step, iterations, postprocessing=None, *, rtol, atol, reveal=True):
    """Say what is wrong with a run, whose f has a record of each x; nothing if all is right."""
    if len(f.record) != iterations:
        return wrong_count(len(f.record), iterations, x0, result)
    xs, shape, how = [*f.record, result], np.shape(x0), (rtol, atol, reveal)
    arrays = [to_array_of_shape(x, shape) for x in xs]
    arrays = [np.full(shape, np.nan) if x is None else x for x in arrays]
    with np.errstate(all="ignore"):
        run = Run(f, arrays, step, postprocessing)
        problem, _ = difference("sgd: the first x", xs[0], x0, *how)
        if problem and not any(difference("", xs[0], run.after(x0), *how)):
            return f"{problem} The postprocessing is applied before f, not after the update."
        if problem:
            return f"{problem} It must be x0."
        for k in range(iterations):
            what = f"sgd: x after iteration {k + 1:,}"
            problem, _ = difference(what, xs[k + 1], run.right(k), *how)
            if problem:
                return f"{problem} {run.explain(k)}".strip()
    return ""


def check_end(f, result, x0, step, iterations, *, reveal=True):
    """Say what is wrong with the end of a long run from a number; nothing if it is right."""

    def end(update):
        run = Run(f, [x0], step)
        for k in range(iterations):
            run.x.append(update(run, k))
        return run.x[-1]

    expected = end(Run.right)
    what = f"sgd: x after {iterations:,} iterations"
    problem, _ = difference(what, result, expected, rtol=1e-6, atol=1e-9, reveal=reveal)
    found = to_array_of_shape(result, ())
    if not problem or found is None:
        return problem
    with np.errstate(all="ignore"):
        for words, update in WRONG_UPDATES.items():
            if abs(found - end(update)) < 0.01 * abs(found - expected):
                return f"{problem} {words}"
    return problem


def wrong_count(calls, iterations, x0, result):
    """Say that f is called too often, or not often enough."""
    if calls == 0:
        zero = not difference("", result, np.zeros(np.shape(x0)))[0]
        return f"sgd: f is never called. {A_STEP}{' The result is 0, whatever f is.' * zero}"
    times = f"{calls:,} call{'s' * (calls != 1)} of f in {iterations:,} iterations"
    if calls == MAX_RECORD:
        return f"sgd: at least {times}: the for loop is there, write one step only. {A_STEP}"
    hints = {
        1: "The loop ends in the first iteration: is there a return inside the loop?",
        iterations - 1: "That is one iteration too few.",
        iterations + 1: "That is one iteration too many.",
        2 * iterations: "f is evaluated twice in each.",
    }
    return f"sgd: {times}, expected one in each. {hints.get(calls, '')}".strip()


class Run:
    """A run of sgd: x[k] is that of iteration k, counted from 0, and x[-1] the result."""

    def __init__(self, f, xs, step, postprocessing=None):
        self.f, self.x, self.step = f, xs, step
        self.called = bool(postprocessing and postprocessing.record)
        self.postprocessing = postprocessing and replace(postprocessing)  # the record stays

    def grad(self, k):
        """Give the gradient that f gives at x[k]."""
        return self.f.a * (self.x[k] - self.f.b)

    def loss(self, k):
        """Give the loss that f gives at x[k]."""
        return 0.5 * np.sum(self.grad(k) * (self.x[k] - self.f.b))

    def after(self, x):
        """Apply the postprocessing, if there is one."""
        return self.postprocessing(x) if self.postprocessing else x

    def move(self, k):
        """Give what takes x nearer to the minimum, as long as the step is not halved."""
        return self.step * self.grad(k)

    def right(self, k):
        """Give what x must be after iteration k."""
        return self.after(self.x[k] - self.step * 0.5 ** (k // EVERY) * self.grad(k))

    def explain(self, k):
        """Say what becomes of x[k], which is right, in place of the right x; nothing if unknown."""
        if self.fits(k, Run.right):
            return ""  # too near for any mistake to be told
        x0, *others, end = self.x
        if others and all(np.array_equal(x, x0) for x in others) and np.any(end != x0):
            return "f is evaluated at x0 in every iteration, expected at the present x."
        last = len(self.x) - 2
        if self.postprocessing and self.follows(k, lambda r, k: r.x[k] - r.move(k)):
            return self.not_postprocessed(k, last)
        for words, update in WRONG_UPDATES.items():
            if self.follows(k, update):
                return words
        if self.fits(k, lambda r, k: r.x[k]):
            which = "last update" if 0 < k == last else "update"
            return f"It is x before this iteration: is the {which} left out?"
        return self.multiple(k)

    def fits(self, k, update):
        """Tell whether an update gives x[k + 1]."""
        found, candidate = self.x[k + 1], np.asarray(update(self, k), float)
        rounding = ROUNDING_SINGLE if np.array_equal(found, np.float32(found)) else ROUNDING
        size = CLOSE * np.abs(candidate - self.x[k]).max() + rounding * np.abs(found).max()
        return bool(np.all(np.abs(found - candidate) <= size))

    def explained(self, k):
        """List the iterations from k on that a mistake must explain; the last one may differ."""
        end = min(k + SOME, max(len(self.x) - 2, k + 1))
        return list(takewhile(lambda i: not np.isnan(self.x[i + 1]).any(), range(k, end)))

    def follows(self, k, update):
        """Tell whether x follows from an update, other than the right one, from iteration k on."""
        some = self.explained(k)
        return len(some) > 0 and all(self.fits(i, update) for i in some)

    def not_postprocessed(self, k, last):
        """Say how the postprocessing is left out."""
        if 0 < k == last:
            return "The postprocessing is left out after the last update."
        if self.fits(last, Run.right):
            return "The postprocessing is applied at the end only, expected after every update."
        what = "called, but its result is thrown away" if self.called else "never called"
        return f"The postprocessing is {what}: x <- postprocessing(x) after every update."

    def multiple(self, k):
        """Tell whether a multiple of the gradient is taken, or of something else is added to it."""
        x, grad, step = self.x, self.grad, self.step
        if self.postprocessing or x[k].size * len(self.explained(k)) < 3:
            return ""  # a single number is a multiple of any other

        def update_before(i):
            return (x[i - 1] - x[i]) / step if i else 0 * x[i]

        factor = "The step is {:.9g} times the one given."
        if k > 0:
            factor = f"From here on the step is {{:.9g}} times the right one{MUST_BE_HALVED}"
        decay = "It is an update with weight decay: {:.3g} times x is added."
        momentum = "It is an update with momentum: {:.3g} of the update before is added."
        parts = (factor, 0, grad), (decay, 1, lambda i: x[i]), (momentum, 1, update_before)
        for words, own, part in parts:
            rest = (x[k] - x[k + 1]) / step - own * grad(k)
            share = np.sum(rest * part(k)) / np.sum(part(k) ** 2)
            updates = [own * grad(i) + share * part(i) for i in self.explained(k)]
            if self.follows(k, lambda _, i, updates=updates: x[i] - step * updates[i - k]):
                return words.format(share)
        return ""


def minus(update):
    """Make an update: x minus something, then the postprocessing."""
    return lambda r, k: r.after(r.x[k] - update(r, k))


def halved(halvings):
    """Make an update: the step was halved so many times before iteration k."""
    return minus(lambda r, k: r.step * 0.5 ** halvings(k) * r.grad(k))


MUST_BE_HALVED = f": it must be halved after every {EVERY:,} iterations."
WRONG_HALVINGS = {  # before iteration k, counted from 0
    "never halved": lambda k: 0,
    "halved once only": lambda k: min(k // EVERY, 1),
    "halved after every 40,000 iterations": lambda k: k // 40_000,
    "halved after every 10,000 iterations": lambda k: k // 10_000,
    "halved an iteration early": lambda k: (k + 1) // EVERY,
    "halved an iteration late": lambda k: max(k - 1, 0) // EVERY,
    "halved after the iterations 1, 20,001 and so on": lambda k: (k + EVERY - 1) // EVERY,
    "halved a little at every iteration": lambda k: k / EVERY,
    "multiplied by a tenth, not halved": lambda k: np.log2(10) * (k // EVERY),
    "doubled, not halved": lambda k: -(k // EVERY),
}
WRONG_UPDATES = {  # what is said of it: x after iteration k of a run r
    **{f"The step is {words}{MUST_BE_HALVED}": halved(n) for words, n in WRONG_HALVINGS.items()},
    # The others are told from a record, which ends before the step is halved.
    "The postprocessing is applied before the update.": lambda r, k: r.after(r.x[k]) - r.move(k),
    "The postprocessing is applied twice.": lambda r, k: r.after(r.right(k)),
    "The postprocessing is applied to the gradient.": (
        lambda r, k: r.x[k] - r.step * r.after(r.grad(k))
    ),
    "It is 0.": lambda r, k: 0 * r.x[k],
    "It is x + step * gradient, which goes uphill.": minus(lambda r, k: -r.move(k)),
    "The step is ignored: it is x - gradient.": minus(Run.grad),
    "The gradient is ignored: it is x - step.": minus(lambda r, k: r.step),
    "It takes only the sign of the gradient.": minus(lambda r, k: r.step * np.sign(r.grad(k))),
    "It is x - step * loss, not x - step * gradient.": minus(lambda r, k: r.step * r.loss(k)),
    "It lacks x itself: it is -step * gradient.": lambda r, k: r.after(-r.move(k)),
    "It is x0 - step * gradient: expected x, not x0.": lambda r, k: r.after(r.x[0] - r.move(k)),
    "It steps with the gradient at the x before.": minus(lambda r, k: (k > 0) * r.move(k - 1)),
    **{
        f"It is rounded to {n} decimals.": lambda r, k, n=n: np.round(r.right(k), n)
        for n in range(2, 10)
    },
}
