"""What the tests of question 2b check."""

import numpy as np

from sandbox.objects import Quadratic

from . import cases
from .compare import check_scalar
from .conduct import check_draws
from .descent import HALVE_EVERY, check_sgd, check_sgd_end

LONG = 2 * HALVE_EVERY + 3_000  # iterations: the step is halved twice
NEVER = 10**9  # PRINT_EVERY, to print nothing


class SgdChecks:
    """Checks for a `graderUtil.GradedTestCase` on sgd.py."""

    module = "sgd"

    def check_end_on_square(self, x0):
        """Check that 1,000 steps of 0.01 on x^2 end within 1e-6 of 0."""
        f = Recorder(Quadratic(2.0, 0.0), x0)
        found = self.submission.sgd(f, x0, 0.01, 1000, PRINT_EVERY=100)
        if problem := check_scalar("sgd: x at the end", found, 0.0, atol=1e-6):
            how = check_sgd(f.calls, f.grads, found, x0=x0, step=0.01, iterations=1000)
            self.compare(lambda: how or problem)

    def check_path(self, x0, step, iterations, postprocessing=None):
        """Check every x from x0 to the result, on a quadratic whose minimum is not 0."""
        a, b = cases.quadratic(np.shape(x0))
        f = Recorder(Quadratic(a, b), x0)
        served = postprocessing and (lambda x: postprocessing(to_numbers(x)))
        found = self.submission.sgd(f, x0, step, iterations, served, False, NEVER)
        self.compare(
            check_sgd,
            f.calls,
            f.grads,
            found,
            x0=x0,
            step=step,
            iterations=iterations,
            postprocessing=postprocessing,
            rtol=1e-6,  # what updates in single precision need
            atol=1e-6,
            reveal=False,
        )
        self.compare(check_draws, "sgd", self.session.seed, self.session.next)

    def check_annealing(self):
        """Check where sgd ends when the step is halved, after every 20,000th iteration."""
        x0, a, b, step = 4.0, 1.0, -3.0, 2e-5
        for iterations in (LONG, HALVE_EVERY + 5, HALVE_EVERY - 1):  # the one that tells most first
            f = Quadratic(a, b)
            found = self.submission.sgd(f, x0, step, iterations, PRINT_EVERY=NEVER)
            self.compare(check_sgd_end, found, x0, a, b, step, iterations, reveal=False)


class Recorder:
    """A function of x that remembers where it was called and what gradients it gave."""

    def __init__(self, f, x0):
        self.f, self.shape = f, np.shape(x0)
        self.calls, self.grads = [], []

    def __call__(self, x):
        """Evaluate loss and gradient."""
        numbers = to_numbers(x)
        if np.shape(numbers) != self.shape:  # what broadcasts would cost time and memory
            shapes = f"an x of shape {np.shape(numbers)}, expected {self.shape}"
            raise AssertionError(f"sgd evaluates f at {shapes}.")
        loss, grad = self.f(numbers)
        self.calls.append(x)  # as it came: in single precision it is compared to fewer digits
        self.grads.append(grad)
        return loss, grad


def to_numbers(x):
    """Take what a submission hands over as a number or an array of numbers."""
    return x if type(x) is float else np.array(x, float)
