"""What sgd does instead of ``x - step * gradient``, told from the path that it takes."""

import numpy as np

from .values import to_array_of_shape

WINDOW = 20  # iterations that one mistake must explain
CLOSE = 1e-7  # of an update
ROUNDING, ROUNDING_SINGLE = 1e-12, 1e-6  # of x


class Path:
    """The path of a run of sgd.

    Parameters
    ----------
    xs : list of object
        Where f was evaluated, and what was returned.
    grads : list of ndarray or float
        The gradients that f gave.
    shape : tuple of int
        Shape of x.
    step : float
        The first step.
    halve_every : int
        Iterations after which the step must be halved.
    postprocessing : callable or None
        The argument of sgd.
    """

    def __init__(self, xs, grads, shape, step, halve_every, postprocessing):
        single = any(getattr(x, "dtype", None) == np.float32 for x in xs)
        self.rounding = ROUNDING_SINGLE if single else ROUNDING
        self.x = [to_array_of_shape(x, shape) for x in xs]
        self.grads = [_or_nan(to_array_of_shape(grad, shape), shape) for grad in grads]
        self.step = step
        self.steps = step * 0.5 ** (np.arange(len(grads)) // halve_every)
        self.halve_every = halve_every
        self.postprocessing = postprocessing

    def after(self, x):
        """Apply the postprocessing to a copy of x, if there is one."""
        return x if self.postprocessing is None else self.postprocessing(np.array(x)[()])

    def plain(self, k):
        """Give x after iteration k, counted from 0, without postprocessing."""
        return self.x[k] - self.steps[k] * self.grads[k]

    def expected(self, k):
        """Give x after iteration k, as follows from x before."""
        return np.asarray(self.after(self.plain(k)), float)

    def explain(self, k):
        """Tell what is done instead, in iteration k and the next ones; x up to k is right.

        Returns
        -------
        str
            One sentence, or nothing if the mistake is not known.
        """
        with np.errstate(all="ignore"):
            if self._fits(k, self.expected(k)):
                return ""  # too near for any mistake to be told
            if self._is_always_at_x0():
                return "f is evaluated at x0 in every iteration, expected at the present x."
            if self._follows(k, lambda k: self.x[k]):
                return self._unchanged(k)
            if self.postprocessing and self._follows(k, self.plain):
                return self._not_postprocessed(k)
            for words, update in [*self._postprocessing_mistakes(), *self._mistakes()]:
                if self._follows(k, update):
                    return words
            if self._fits(k, self.x[k]):
                return "It is x before this iteration: is the update left out?"
            return self._factor(k) or self._momentum(k)

    def _fits(self, k, candidate):
        found, candidate = self.x[k + 1], np.asarray(candidate, float)
        if found is None or candidate.shape != found.shape:
            return False
        update = np.abs(candidate - self.x[k]).max()
        size = CLOSE * update + self.rounding * np.abs(found).max()
        return bool(np.all(np.abs(found - candidate) <= size))

    def _window(self, k):
        """List the iterations from k on that a mistake must explain; the last one may differ."""
        last = len(self.grads) - 1
        window = range(k, min(k + WINDOW, max(last, k + 1)))
        unknown = (i - k for i in window if self.x[i + 1] is None)
        return window[: next(unknown, None)]

    def _follows(self, k, update):
        """Tell whether x follows from an update that is not the right one."""
        window = self._window(k)
        return len(window) > 0 and all(self._fits(i, update(i)) for i in window)

    def _is_always_at_x0(self):
        x0, *others, end = self.x
        at_x0 = [x is not None and np.array_equal(x, x0) for x in [*others, end]]
        return len(others) > 0 and all(at_x0[:-1]) and not at_x0[-1]

    def _unchanged(self, k):
        if k and k + 1 == len(self.grads):
            return "It is x before this iteration: is the last update left out?"
        return "It is x before this iteration: is the update left out?"

    def _not_postprocessed(self, k):
        last = len(self.grads) - 1
        if 0 < k == last:
            return "The postprocessing is left out after the last update."
        if self.x[last] is not None and self._fits(last, self.expected(last)):
            return "The postprocessing is applied at the end only, expected after every update."
        return "The postprocessing is left out: its result must be the new x."

    def _postprocessing_mistakes(self):
        if not self.postprocessing:
            return []
        x, s, g = self.x, self.steps, self.grads
        return [
            (
                "The postprocessing is applied before the update, expected after it.",
                lambda k: self.after(x[k]) - s[k] * g[k],
            ),
            (
                "The postprocessing is applied twice.",
                lambda k: self.after(self.after(self.plain(k))),
            ),
            (
                "The postprocessing is applied to the gradient, expected to x.",
                lambda k: x[k] - s[k] * self.after(g[k]),
            ),
        ]

    def _mistakes(self):
        x, s, g, after = self.x, self.steps, self.grads, self.after
        return [
            ("It is 0.", lambda k: 0 * x[k]),
            (
                "It is x + step * gradient, which goes uphill: expected x - step * gradient.",
                lambda k: after(x[k] + s[k] * g[k]),
            ),
            (
                "The step is ignored: it is x - gradient.",
                lambda k: after(x[k] - g[k]),
            ),
            (
                "The gradient is ignored: it is x - step.",
                lambda k: after(x[k] - s[k]),
            ),
            (
                "It takes no more than the sign of the gradient.",
                lambda k: after(x[k] - s[k] * np.sign(g[k])),
            ),
            (
                "It lacks x itself: it is -step * gradient.",
                lambda k: after(-s[k] * g[k]),
            ),
            (
                "It is an update with the gradient at the x before.",
                lambda k: after(x[k] - s[k] * g[k - 1] * (k > 0)),
            ),
            (
                "The step is halved a little at every iteration, expected "
                f"after every {self.halve_every:,} iterations.",
                lambda k: after(x[k] - self.step * 0.5 ** (k / self.halve_every) * g[k]),
            ),
        ]

    def _multiple(self, factor):
        """Make the update with a multiple of the step."""
        return lambda k: self.after(self.x[k] - factor * self.steps[k] * self.grads[k])

    def _factor(self, k):
        """Tell whether the update is right but for a constant factor of the step."""
        factors = [2, 0.5]
        if self.postprocessing is None and self.x[k + 1] is not None:
            update = self.steps[k] * self.grads[k]
            factors = [np.sum((self.x[k] - self.x[k + 1]) * update) / np.sum(update**2)]
        numbers = self.x[k].size * len(self._window(k))  # a single one has some factor
        for factor in factors if numbers > 1 else []:
            if self._follows(k, self._multiple(factor)):
                words = f"The step is {factor:.9g} times the one given."
                return self._from_here_on(k, factor) if k else words
        for factor in (2, 0.5) if k + 1 >= self.halve_every else ():
            if self._fits(k, self._multiple(factor)(k)):
                return f"The step is {factor} times the right one: {self._must_be_halved()}"
        return ""

    def _from_here_on(self, k, factor):
        words = f"From here on the step is {factor:.9g} times the right one"
        halvings = np.log2(abs(factor))
        if k + 1 >= self.halve_every or abs(halvings - np.rint(halvings)) < CLOSE:
            return f"{words}: {self._must_be_halved()}"
        return f"{words}."

    def _must_be_halved(self):
        return f"it must be halved after every {self.halve_every:,} iterations."

    def _momentum(self, k):
        """Tell whether the update adds some of the update before."""
        x, s, g = self.x, self.steps, self.grads
        if k == 0 or self.postprocessing or len(self._window(k)) < 3:
            return ""

        def speed(i):
            return (x[i] - x[i + 1]) / s[i]

        before = speed(k - 1)
        share = np.sum((speed(k) - g[k]) * before) / np.sum(before**2)
        if self._follows(k, lambda i: x[i] - s[i] * (g[i] + share * speed(i - 1))):
            return f"It is an update with momentum: {share:.3g} of the update before is added."
        return ""


def _or_nan(array, shape):
    return np.full(shape, np.nan) if array is None else array
