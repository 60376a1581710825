"""What the tests of question 2b check."""

import numpy as np

from sandbox.objects import Quadratic

from . import cases
from .compare import check_scalar
from .conduct import check_draws
from .descent import HALVE_EVERY, check_sgd, check_sgd_end
from .values import to_array_of_shape

LONG = 2 * HALVE_EVERY + 3_000  # iterations: the step is halved twice
NEVER = 10**9  # PRINT_EVERY, to print nothing


class SgdChecks:
    """Checks for a `graderUtil.GradedTestCase` on sgd.py."""

    module = "sgd"

    def check_end_on_square(self, x0):
        """Check that 1,000 steps of 0.01 on x^2 end within 1e-6 of 0."""
        f = Quadratic(2.0, 0.0)
        found = self.submission.sgd(f, x0, 0.01, 1000, PRINT_EVERY=100)
        problem = check_scalar("sgd: x at the end", found, 0.0, atol=1e-6)
        grads = gradients(f, x0)
        path = {"x0": x0, "step": 0.01, "iterations": 1000}
        if not problem:  # what updates in single precision need; else the first error explains it
            path |= {"rtol": 1e-6, "atol": 1e-6}
        how = check_sgd(f.record, grads, found, **path)
        self.compare(lambda: how or problem)

    def check_path(self, x0, step, iterations, postprocessing=None):
        """Check every x from x0 to the result, on a quadratic whose minimum is not 0."""
        a, b = cases.quadratic(np.shape(x0))
        f = Quadratic(a, b)
        found = self.submission.sgd(f, x0, step, iterations, postprocessing, False, NEVER)
        self.compare(
            check_sgd,
            f.record,
            gradients(f, x0),
            found,
            x0=x0,
            step=step,
            iterations=iterations,
            postprocessing=postprocessing,
            rtol=1e-6,  # what updates in single precision need
            atol=1e-6,
            reveal=self.reveal,
        )
        self.compare(check_draws, "sgd", self.session.seed, self.session.next)

    def check_annealing(self):
        """Check where sgd ends when the step is halved, after every 20,000th iteration."""
        x0, a, b, step = 4.0, 1.0, -3.0, 2e-5
        for iterations in (LONG, HALVE_EVERY + 5, HALVE_EVERY - 1):  # the one that tells most first
            f = Quadratic(a, b)
            found = self.submission.sgd(f, x0, step, iterations, PRINT_EVERY=NEVER)
            self.compare(check_sgd_end, found, x0, a, b, step, iterations, reveal=self.reveal)


def gradients(f, x0):
    """Give the gradients at all x that the submission says f was called with; nan for no x."""
    xs = [to_array_of_shape(x, np.shape(x0)) for x in f.record]
    nothing = np.full(np.shape(x0), np.nan)
    return [nothing if x is None else f.a * (x - f.b) for x in xs]
