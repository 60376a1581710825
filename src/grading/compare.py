"""Compare what a submission gives with what is right: failures that teach.

What a submission gives is data of any kind, as it came from another process. Each check gives a
text that says what is wrong, one line or a few; an empty one says that all is right.
"""

import random
from functools import cache, partial

import numpy as np

from sandbox.text import one_line
from utils.gradcheck import TOLERANCE, numerical_gradient

from .mistakes import explain
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
MAX_VALUE = 300  # characters of an argument
NEARLY = 1e-2  # error of differences of losses in single precision


def check_array(what, found, expected, **how):
    """Compare an array: its kind, its shape, then each element; see `difference`.

    >>> check_array("the gradient", np.array([1.0, -2.0]), np.array([-1.0, 2.0]))
    'the gradient differs most at [1]: yours is -2, expected 2. It is negated.'
    """
    return " ".join(difference(what, found, expected, **how)).rstrip()


def difference(what, found, expected, rtol=RTOL, atol=ATOL, reveal=True, instead=list):
    """Say in one sentence where an array differs, and in another what it is instead.

    Shapes must agree but for leading axes of length 1; lists are taken as arrays; results in single
    precision are compared to fewer digits. `instead`, called only where something differs, gives
    known mistakes for `mistakes.explain`. Expected values are shown only with `reveal`.
    """
    expected, kind = np.asarray(expected, float), getattr(found, "dtype", np.dtype(float)).kind
    wanted = f"shape {expected.shape}" if expected.ndim else "one number"
    numbers = f"numbers of {wanted}" if expected.ndim else wanted
    if found is None:
        return f"{what} is None: is the return missing?", ""
    try:
        found, single = to_array(found)
    except NoNumbersError as error:
        return f"{what} {error}, expected {numbers}.", ""
    if bare(found).shape != bare(expected).shape:
        has = f"has shape {found.shape}" if found.ndim else "is one number"
        problem = f"{what} {has}, expected {wanted}."
    else:
        found = found.reshape(expected.shape)
        rtol, atol = (max(rtol, RTOL_SINGLE), max(atol, ATOL_SINGLE)) if single else (rtol, atol)
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.abs(found - expected)
            is_right = error <= atol + rtol * np.abs(expected)
        if is_right.all():
            return "", ""
        problem = _worst(what, found, expected, np.where(is_right, -1, error), reveal)
        if kind in "iu" and np.array_equal(found, np.trunc(expected)):
            return problem, "It holds whole numbers only, as np.zeros_like of whole numbers does."
    with np.errstate(all="ignore"):
        return problem, explain(found, expected, instead(), reveal)


def _worst(what, found, expected, error, reveal):
    """Say which element is not finite, or differs most."""
    bad = ~np.isfinite(found)
    place = np.unravel_index((bad if bad.any() else error).argmax(), found.shape)
    index = f" at [{', '.join(map(str, place))}]" if place else ""
    yours, right = found[place] + 0.0, expected[place] + 0.0  # no -0
    if bad.any():
        where = f" in {bad.sum():,} of {bad.size:,} places, first{index}" * (not bad.all())
        return f"{what} is {yours}{where or ' everywhere' * (bad.size > 1)}."
    differs = f"{what} differs{' most' * bool(place)}{index}: yours is "
    if not reveal:
        return f"{differs}{yours:.6g}."
    digits = next(n for n in (6, 9, 12, 17) if n == 17 or f"{yours:.{n}g}" != f"{right:.{n}g}")
    return f"{differs}{yours:.{digits}g}, expected {right:.{digits}g}."


def check_loss_and_gradients(what, found, expected, *, names=PARTS, instead=list, **how):
    """Compare a loss and its two gradients, each as `check_array` does.

    `instead` gives known mistakes: words and the three parts, None where one does not tell it.
    """
    if found is None:
        return f"{what} returned None: is the return missing?"
    if not isinstance(found, (list, tuple)) or len(found) != len(names):
        number = len(found) if isinstance(found, (list, tuple)) else None
        returned = kind_of(found) if number is None else f"{number} value{'s' * (number != 1)}"
        return f"{what} returned {returned}, expected {len(names)}: the {', the '.join(names)}."
    known = cache(instead)

    def known_of(i):
        others = [
            (f"the {names[j]}", expected[j]) for j in range(1, len(names)) if i > 0 and i != j
        ]
        return others + [(words, parts[i]) for words, parts in known() if parts[i] is not None]

    shaped = np.reshape(expected[0], ()), *expected[1:]
    results = [
        difference(f"{what}: the {name}", part, right, instead=partial(known_of, i), **how)
        for i, (name, part, right) in enumerate(zip(names, found, shaped, strict=True))
    ]
    results = [result for result in results if any(result)]
    said = {explanation for _, explanation in results}
    if len(results) > 1 and len(said) == 1:  # it is the same of all: said once
        return "\n".join([*(problem for problem, _ in results), *said]).rstrip()
    return "\n".join(" ".join(result).rstrip() for result in results)


def check_gradient(what, f, names, center, outside):
    """Compare the gradients that f(center, outside) gives beside its loss with differences."""
    rows, x = len(np.atleast_2d(center)), np.vstack([center, outside])

    def loss_and_parts(x):
        found = f(x[:rows].reshape(np.shape(center)), x[rows:])
        if not isinstance(found, (list, tuple)) or len(found) != len(names):
            return np.nan, ()
        loss = to_array_of_shape(found[0], ())
        return (np.nan if loss is None else loss), found[1:]

    numerical = numerical_gradient(loss_and_parts, x)
    loss, parts = loss_and_parts(x.copy())
    if not np.isfinite([loss, *numerical.flat]).all():
        return f"{what}: the gradient cannot be checked: the loss is not always one number."
    for name, part, right in zip(names[1:], parts, np.split(numerical, [rows]), strict=True):
        label = f"{what}: gradient check failed: by finite differences of the loss, the {name}"
        problem, said = difference(label, part, right, TOLERANCE / 2, TOLERANCE / 2)
        if problem:
            if not (said or difference("", part, right, NEARLY, NEARLY)[0]):
                said = "It is nearly right: is something in single precision (float32)?"
            return f"{problem} {said or 'Either the loss is wrong or its gradient.'}"
    return ""


def written(name, args, kwargs=()):
    """Write a call as code, but for long arguments."""
    given = dict(zip(PARAMETERS.get(name, ()), args, strict=False)) | dict(kwargs)
    with np.printoptions(threshold=30, edgeitems=2, precision=6):
        shown = [f"{k}={getattr(v, 'name', None) or repr(v)}" for k, v in given.items()]
    return f"{name}({', '.join(one_line(' '.join(text.split()), MAX_VALUE) for text in shown)})"


def changed_arguments(name, changed):
    """Say which arguments a function changed, as the submission's process tells."""
    names, changed = PARAMETERS[name], changed if isinstance(changed, list) else []
    words = [names[i] for i in changed if type(i) is int and 0 <= i < len(names)]
    if not words:
        return ""
    return f"{name} changes the {' and the '.join(words)} that it is given: work on a copy."


def drawn(name, session, draw=lambda: None):
    """Give what `draw` draws as the last call should have, and say what is wrong with its draws."""
    state = random.getstate()
    random.seed(session.seed)
    try:
        value, following = draw(), random.getrandbits(32)
    finally:
        random.setstate(state)
    if following == session.next_random:
        return value, ""
    return value, (
        f"{name} draws other random numbers than it should (or seeds them): with them, training "
        "gives other vectors than everybody's."
    )
