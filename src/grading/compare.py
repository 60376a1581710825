"""Compare what a submission gives with what is right: failures that teach.

What a submission gives is data of any kind, as it came from another process. Each check gives a
text that says what is wrong, one line or a few; an empty one says that all is right.
"""

import contextlib
import random
from functools import partial

import numpy as np

from utils.gradcheck import TOLERANCE, numerical_gradient

from .mistakes import explain, explain_nonfinite, explain_shape
from .values import NoNumbersError, bare, kind_of, to_array, to_array_of_shape

RTOL, ATOL = 1e-6, 1e-9
RTOL_SINGLE, ATOL_SINGLE = 1e-4, 1e-6  # at least, for results in single precision
PARTS = "loss", "gradient of the center vector", "gradient of the outside vectors"
OF_PAIR = "center_word_vec outside_word_idx outside_vectors dataset".split()
PARAMETERS = {
    "sigmoid": ["x"],
    "naive_softmax_loss_and_gradient": OF_PAIR,
    "get_negative_samples": "outside_word_idx dataset K".split(),
    "neg_sampling_loss_and_gradient": [*OF_PAIR, "K"],
    "skipgram": "current_center_word window_size outside_words word2ind center_word_vectors "
    "outside_vectors dataset word2vec_loss_and_gradient".split(),
    "word2vec_sgd_wrapper": "word2vec_model word2ind word_vectors dataset window_size "
    "word2vec_loss_and_gradient".split(),
    "sgd": "f x0 step iterations postprocessing use_saved PRINT_EVERY".split(),
}
NEARLY = 1e-2  # relative error that differences of losses in single precision may have
SINGLE = "compute in float64."


def check_array(what, found, expected, *, rtol=RTOL, atol=ATOL, reveal=True, instead=()):
    """Compare an array: its kind, its shape, then each element.

    Shapes must agree but for leading axes of length 1; lists are taken as arrays; results in single
    precision are compared to fewer digits. `instead` lists known mistakes as `mistakes.explain`
    takes them. The text shows expected values only with `reveal`.

    >>> check_array("the gradient", np.array([1.0, -2.0]), np.array([-1.0, 2.0]))
    'the gradient differs most at [1]: yours is -2, expected 2. It is negated.'
    """
    return " ".join(filter(None, difference(what, found, expected, rtol, atol, reveal, instead)))


def check_scalar(what, found, expected, **how):
    """Compare a number, which may come as an array of shape (1,); see `check_array`."""
    return check_array(what, found, np.reshape(expected, ()), **how)


def check_loss_and_gradients(
    what, found, expected, *, names=PARTS, rtol=RTOL, atol=ATOL, reveal=True, instead=None
):
    """Compare a loss and its two gradients.

    `instead`, called only where something differs, gives a list of known mistakes for each.
    """
    expected = np.reshape(expected[0], ()), *expected[1:]
    compare = partial(difference, rtol=rtol, atol=atol, reveal=reveal)
    if message := _not_three(what, found, expected, names, compare):
        return message
    if not any(any(compare("", *pair)) for pair in zip(found, expected, strict=True)):
        return ""
    known = instead() if instead else ([], [], [])
    swapped = [[], [(f"the {names[2]}", expected[2])], [(f"the {names[1]}", expected[1])]]
    results = [
        compare(f"{what}: the {name}", part, right, instead=[*mistakes, *other])
        for name, part, right, mistakes, other in zip(
            names, found, expected, known, swapped, strict=True
        )
    ]
    if any(results[1]) and any(results[2]) and _same_pair(found[:0:-1], expected[1:], compare):
        are_swapped = f"{what}: the gradients are swapped, expected {_enumerate(names)}."
        return "\n".join([*_lines(results[:1]), are_swapped])
    if all(diagnosis.startswith("It is zero") for _, diagnosis in results):
        return f"{what}: loss and gradients are zero: is anything computed?"
    return "\n".join(_lines(results))


def difference(what, found, expected, rtol=RTOL, atol=ATOL, reveal=True, instead=()):
    """Say in one sentence where an array differs, and in another what it is instead.

    Arguments are those of `check_array`; a sentence is empty if there is nothing to say.
    """
    expected, kind = np.asarray(expected, float), getattr(found, "dtype", None)
    try:
        found, single = to_array(found)
    except NoNumbersError as error:
        if found is None:
            return f"{what} is None: is the return missing?", ""
        return f"{what} {error}, expected {_describe(expected.shape)}.", ""
    if bare(found).shape != bare(expected).shape:
        has = f"has shape {found.shape}" if found.ndim else "is one number"
        statement = f"{what} {has}, expected {_describe(expected.shape)}."
        return statement, explain_shape(found, expected, instead)
    found = found.reshape(expected.shape)
    if not np.isfinite(found).all():
        return _nonfinite(what, found), explain_nonfinite(found, instead)
    if single:
        rtol, atol = max(rtol, RTOL_SINGLE), max(atol, ATOL_SINGLE)
    with np.errstate(over="ignore"):
        error = np.abs(found - expected)
        right = error <= atol + rtol * np.abs(expected)
    if right.all():
        return "", ""
    place = np.unravel_index(np.where(right, -1, error).argmax(), error.shape)
    if getattr(kind, "kind", "") in ("i", "u") and np.array_equal(found, np.trunc(expected)):
        diagnosis = "It holds whole numbers only, as np.zeros_like of whole numbers does."
    else:
        diagnosis = explain(found, expected, right, instead, reveal)
    return _worst(what, found, expected, place, reveal), diagnosis


def check_gradient(what, f, x, names):
    """Compare a gradient with finite differences.

    f(x) gives loss and gradients as the submission gave them; `names` has the rows of x that belong
    together, such as ``{"center vectors": slice(0, 5)}``.
    """

    def loss_and_gradient(x):
        found = f(x)
        if not isinstance(found, (list, tuple)) or len(found) < 2:
            raise NoNumbersError
        if to_array_of_shape(found[0], ()) is None:
            raise NoNumbersError
        return to_array_of_shape(found[0], ()), found

    try:
        numerical = numerical_gradient(loss_and_gradient, x)
        _, (loss, *parts) = loss_and_gradient(x.copy())
        gradient = np.concatenate([to_array(part)[0].reshape(-1) for part in parts])
        gradient = gradient.reshape(x.shape)
    except ValueError:
        return f"{what}: the gradient cannot be checked: loss or gradients are no numbers."
    size = np.maximum(1, np.maximum(abs(numerical), abs(gradient)))
    with np.errstate(invalid="ignore"):
        error = abs(numerical - gradient) / size
    for name, rows in names.items():
        wrong = np.argwhere(~(error[rows] <= TOLERANCE))
        if len(wrong):
            index = tuple(wrong[0].tolist())
            problem = (
                f"{what}: gradient check failed for the gradient of the {name}: at {list(index)} "
                f"yours is {gradient[rows][index]:.6g}, the numerical one "
                f"{numerical[rows][index]:.6g}."
            )
            if getattr(loss, "dtype", None) == np.float32:
                return f"{problem} Your loss is in single precision: {SINGLE}"
            if np.all(error < NEARLY):
                return f"{problem} It is nearly right: in single precision (float32)? {SINGLE}"
            return problem
    return ""


def changed_arguments(name, changed):
    """Say which arguments a function changed, as the submission's process tells."""
    names, changed = PARAMETERS[name], changed if isinstance(changed, list) else []
    words = [names[i] for i in changed if type(i) is int and 0 <= i < len(names)]
    if not words:
        return ""
    return f"{name} changes the {' and the '.join(words)} that it is given: work on a copy."


@contextlib.contextmanager
def drawing(seed):
    """Draw from Python's random numbers as a call of the submission with this seed did."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def check_draws(name, seed, following, draw=lambda: None):
    """Check that a call with this seed drew what `draw` draws: the number `following` tells."""
    with drawing(seed):
        draw()
        if following == random.getrandbits(32):
            return ""
    return (
        f"{name} draws other random numbers than it should (or seeds them): with them, training "
        "gives other vectors than everybody's."
    )


def _describe(shape):
    return f"shape {shape}" if shape else "one number"


def _at(place):
    return f"[{', '.join(map(str, place))}]"


def _nonfinite(what, found):
    bad = np.isnan(found) if np.isnan(found).any() else np.isinf(found)
    name = "nan" if np.isnan(found).any() else "infinite"
    if bad.all():
        return f"{what} is {name}{' everywhere' if found.ndim else ''}."
    place = np.unravel_index(bad.argmax(), bad.shape)
    return f"{what} is {name} in {bad.sum():,} of {bad.size:,} places, first at {_at(place)}."


def _worst(what, found, expected, place, reveal):
    where = f"differs most at {_at(place)}" if place else "differs"
    yours, right = found[place] + 0.0, expected[place] + 0.0  # no -0
    if not reveal:
        return f"{what} {where}: yours is {yours:.6g}."
    digits = next(n for n in (6, 9, 12, 17) if n == 17 or f"{yours:.{n}g}" != f"{right:.{n}g}")
    return f"{what} {where}: yours is {yours:.{digits}g}, expected {right:.{digits}g}."


def _not_three(what, found, expected, names, compare):
    if found is None:
        return f"{what} returned None: is the return missing?"
    values = f"expected three values: {_enumerate(names)}."
    if not isinstance(found, (list, tuple)):
        kind = kind_of(found)
        return f"{what} returned {'a value ' * kind.startswith('of')}{kind}, {values}"
    if len(found) == 3:
        return ""
    missing = f" The {names[0]} is missing." if _same_pair(found, expected[1:], compare) else ""
    return f"{what} returned {len(found)} value{'s' * (len(found) != 1)}, {values}{missing}"


def _same_pair(found, expected, compare):
    return len(found) == 2 and not any(
        any(compare("", one, other)) for one, other in zip(found, expected, strict=True)
    )


def _enumerate(names):
    return f"the {names[0]}, the {names[1]}, the {names[2]}"


def _lines(results):
    """Put statements and diagnoses into lines; a diagnosis that all have is said once."""
    results = [result for result in results if any(result)]
    diagnoses = {diagnosis for _, diagnosis in results}
    if len(results) > 1 and len(diagnoses) == 1:
        (diagnosis,) = diagnoses
        if diagnosis.startswith("It is "):
            both = "Both" if len(results) == 2 else "All three"
            last = f"{both} are {diagnosis.removeprefix('It is ')}"
            statements = [statement for statement, _ in results]
            return [*statements[:-1], f"{statements[-1]} {last}"]
    return [" ".join(filter(None, result)) for result in results]
