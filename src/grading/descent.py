"""Check runs of sgd: every iterate, or where a long run ends."""

import numpy as np

from .compare import difference
from .path import Path
from .values import NoNumbersError, to_array, to_array_of_shape

HALVE_EVERY = 20_000  # iterations after which the step is halved
RTOL, ATOL = 1e-9, 1e-10  # of one update: errors of those before do not count


def check_sgd(
    calls,
    grads,
    result,
    *,
    x0,
    step,
    iterations,
    postprocessing=None,
    halve_every=HALVE_EVERY,
    what="sgd",
    rtol=RTOL,
    atol=ATOL,
    reveal=True,
):
    """Check every iterate of a run of sgd, each against what follows from the one before.

    Parameters
    ----------
    calls : list of object
        Where f was evaluated, in order.
    grads : list of ndarray or float
        The gradients that f gave.
    result : object
        What sgd returned.
    x0, step, iterations, postprocessing : ndarray or float, float, int, callable
        The arguments of sgd.
    halve_every : int
        Iterations after which the step must be halved.
    what : str
        What was run, for the message.
    rtol, atol, reveal : float, float, bool
        As in `compare.check_array`.

    Returns
    -------
    str
        What is wrong; empty if nothing is.
    """
    if result is None:
        return f"{what} returned None: is the return missing?"
    if not len(calls) == len(grads) == iterations:
        return _wrong_count(what, len(calls), iterations, result)
    xs = [*calls, result]
    problem, _ = difference(f"{what}: the first x", xs[0], x0, rtol, atol, reveal)
    if problem:
        return f"{problem} It must be x0."
    path = Path(xs, grads, np.shape(x0), step, halve_every, postprocessing)
    for k in range(iterations):
        label = f"{what}: x after iteration {k + 1:,}"
        problem, _ = difference(label, xs[k + 1], path.expected(k), rtol, atol, reveal)
        if problem:
            return f"{problem} {path.explain(k)}".strip()
    return ""


def check_sgd_end(
    result,
    x0,
    a,
    b,
    step,
    iterations,
    *,
    halve_every=HALVE_EVERY,
    what="sgd",
    rtol=1e-6,
    atol=1e-9,
    reveal=True,
):
    """Check where a run of sgd ends on the loss ``0.5 * sum(a * (x - b)**2)``.

    Parameters
    ----------
    result : object
        What sgd returned.
    x0 : ndarray or float
        Where it started.
    a, b : ndarray or float
        Curvatures and minimum of the loss.
    step, iterations : float, int
        The arguments of sgd.
    halve_every, what, rtol, atol, reveal : int, str, float, float, bool
        As in `check_sgd`.

    Returns
    -------
    str
        What is wrong; empty if nothing is.
    """
    if result is None:
        return f"{what} returned None: is the return missing?"
    k = np.arange(iterations)
    expected = _end(x0, a, b, step * 0.5 ** (k // halve_every))
    label = f"{what}: x after {iterations:,} iterations"
    problem, _ = difference(label, result, expected, rtol, atol, reveal)
    found = to_array_of_shape(result, np.shape(expected))
    if not problem or found is None:
        return problem
    if not found.any():
        return f"{problem} It is 0."
    with np.errstate(all="ignore"):
        for words, steps in _schedules(step, k, halve_every):
            wrong = _end(x0, a, b, steps)
            if np.abs(found - wrong).max() < 0.01 * np.abs(found - expected).max():
                return f"{problem} {words}"
    return problem


def _wrong_count(what, calls, iterations, result):
    problem = (
        f"{what}: {calls:,} call{'s' * (calls != 1)} of f in {iterations:,} iterations, "
        "expected one in each."
    )
    if calls == iterations - 1:
        return f"{problem} That is one iteration too few."
    if calls == iterations + 1:
        return f"{problem} That is one iteration too many."
    if calls == 2 * iterations:
        return f"{problem} f is evaluated twice in each."
    if calls == 0 and _is_zero(result):
        return f"{problem} The result is 0, whatever f is."
    return problem


def _is_zero(value):
    try:
        return not to_array(value)[0].any()
    except NoNumbersError:
        return False


def _end(x0, a, b, steps):
    """Give x after updates with these steps; each takes x nearer to b by a factor."""
    factor = 1.0
    for step, count in zip(*np.unique(steps, return_counts=True), strict=True):
        factor = factor * (1 - step * np.asarray(a)) ** count
    return np.asarray(b + (np.asarray(x0) - b) * factor)


def _schedules(step, k, every):
    """List wrong schedules: a sentence, and the steps at the iterations k = 0, 1 .."""
    right = step * 0.5 ** (k // every)
    halvings = {
        "never halved": 0.0 * k,
        "halved once only": np.minimum(k // every, 1),
        f"halved after every {2 * every:,} iterations": k // (2 * every),
        f"halved after every {every // 2:,} iterations": k // (every // 2),
        "halved an iteration early": (k + 1) // every,
        "halved an iteration late": np.maximum(k - 1, 0) // every,
        f"halved after the iterations 1, {every + 1:,} and so on": (k + every - 1) // every,
        "halved a little at every iteration": k / every,
        "multiplied by a tenth, not halved": np.log2(10) * (k // every),
        "doubled, not halved": -(k // every),
    }
    must = f"it must be halved after every {every:,} iterations."
    return [
        *((f"The step is {words}; {must}", step * 0.5**n) for words, n in halvings.items()),
        ("It goes uphill: x + step * gradient.", -right),
        ("The step is ignored: it is x - gradient.", 0 * right + 1),
        ("The step is 2 times the one given.", 2 * right),
        ("The step is half the one given.", right / 2),
        ("It is x0: no update was done.", 0 * right),
        ("That is one iteration too few.", right[:-1]),
        ("That is one iteration too many.", np.append(right, right[-1:])),
    ]
