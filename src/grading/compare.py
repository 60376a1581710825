"""Compare what a submission gives with what is right: failures that teach.

What a submission gives is data of any kind, as it came from another process. Each check gives a
text that says what is wrong, one line or a few; an empty one says that all is right.
"""

import random
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from sandbox.text import one_line
from utils.gradcheck import TOLERANCE, numerical_gradient

from .mistakes import bare, explain

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
WHOLE = "It holds whole numbers only, as np.zeros_like of whole numbers does."
FORGOTTEN = "did you forget `return`?"
NEARLY = 1e-2  # error of differences of losses in single precision


class NoNumbersError(ValueError):
    """A value is no number and no array of numbers; the message says what it is."""


class Difference(NamedTuple):
    """What is wrong with an array; false if nothing is."""

    where: str = ""
    instead: str = ""  # what it is instead, if that is known
    in_numbers: bool = False  # its kind and shape are right, and its numbers finite

    def __bool__(self):
        return bool(self.where)


def to_array(value):
    """Take a number, an array or lists of these as an array, else raise `NoNumbersError`."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise NoNumbersError("is a list whose parts differ in shape") from None
    if array.dtype.kind not in "fiu":
        is_list = isinstance(value, (list, tuple))
        raise NoNumbersError(
            "holds something that is not a number" if is_list else f"is {kind_of(value)}"
        )
    return array


def kind_of(value):
    """Name the kind of a value, which may be anything, in a few words."""
    if isinstance(value, (np.ndarray, np.generic)):
        return f"an array of {value.dtype.name}"
    name = str(getattr(value, "type_name", type(value).__name__))[:100]
    name = "".join(letter if letter.isprintable() else "?" for letter in name)
    return f"an {name}" if name.startswith("array of ") else f"a value of type {name}"


def to_array_of_shape(value, shape):
    """Take a value as an array of finite numbers of this shape; None if it is none."""
    try:
        array = bare(np.asarray(to_array(value), float))
    except NoNumbersError:
        return None
    if array.shape != bare(np.empty(shape)).shape or not np.isfinite(array).all():
        return None
    return np.reshape(array, shape)


def to_parts(found, shapes):
    """Take what a loss gives as arrays of these shapes; None if it is something else."""
    if not isinstance(found, (list, tuple)) or len(found) != len(shapes):
        return None
    parts = [to_array_of_shape(part, shape) for part, shape in zip(found, shapes, strict=True)]
    return None if any(part is None for part in parts) else parts


def check_array(what, found, expected, *, unexplained=str, **how):
    """Compare an array: its kind, its shape, then each element; see `difference`.

    >>> check_array("the gradient", np.array([1.0, -2.0]), np.array([-1.0, 2.0]))
    'the gradient differs most at [1]: yours is -2, expected 2. It is negated.'
    """
    return told([difference(what, found, expected, **how)], unexplained)


def told(differences, unexplained):
    """Tell of differences, a line each; of numbers alone, with what `unexplained` gives then."""
    differences = [difference for difference in differences if difference]
    said = {difference.instead for difference in differences}
    lines = [f"{where} {instead}".rstrip() for where, instead, _ in differences]
    if len(differences) > 1 and len(said) == 1:  # it is the same of all: said once
        lines = [*(difference.where for difference in differences), *said]
    if differences and said == {""} and all(difference.in_numbers for difference in differences):
        lines.append(unexplained())
    return "\n".join(filter(None, lines))


def difference(what, found, expected, rtol=RTOL, atol=ATOL, reveal=True, instead=list):
    """Find where an array differs, and what it is instead.

    Shapes must agree but for leading axes of length 1; lists are taken as arrays; results in single
    precision are compared to fewer digits. `instead`, called only where something differs, gives
    known mistakes for `mistakes.explain`. Expected values are shown only with `reveal`.
    """
    expected = np.asarray(expected, float)
    wanted = f"shape {expected.shape}" if expected.ndim else "one number"
    if found is None:
        return Difference(f"{what} is None: {FORGOTTEN}")
    try:
        given = to_array(found)
    except NoNumbersError as error:
        numbers = f"numbers of {wanted}" if expected.ndim else wanted
        return Difference(f"{what} {error}, expected {numbers}.")
    found = np.asarray(given, float)
    has_shape = bare(found).shape == bare(expected).shape
    if not has_shape:
        has = f"has shape {found.shape}" if found.ndim else "is one number"
        where = f"{what} {has}, expected {wanted}."
    else:
        found = found.reshape(expected.shape)
        if given.dtype == np.float32:
            rtol, atol = max(rtol, RTOL_SINGLE), max(atol, ATOL_SINGLE)
        with np.errstate(over="ignore", invalid="ignore"):
            error = np.abs(found - expected)
            is_right = error <= atol + rtol * np.abs(expected)
        if is_right.all():
            return Difference()
        where = _worst(what, found, expected, np.where(is_right, -1, error), reveal)
        if given.dtype.kind in "iu" and given.ndim and np.array_equal(found, np.trunc(expected)):
            return Difference(where, WHOLE)
    with np.errstate(all="ignore"):
        said = explain(found, expected, instead(), reveal)
    return Difference(where, said, has_shape and bool(np.isfinite(found).all()))


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


def check_loss_and_gradients(
    what, found, expected, *, names=PARTS, instead=list, unexplained=str, **how
):
    """Compare a loss and its two gradients, each as `check_array` does.

    `instead` gives known mistakes: words and the three parts, None where one does not tell it.
    """
    if found is None:
        return f"{what} returned None: {FORGOTTEN}"
    is_list = isinstance(found, (list, tuple))
    if not is_list or len(found) != len(names):
        count = f"{len(found)} value{'s' * (len(found) != 1)}" if is_list else kind_of(found)
        return f"{what} returned {count}, expected {len(names)}: the {', the '.join(names)}."
    known = cache(instead)

    def known_of(i):
        others = [(f"the {names[j]}", expected[j]) for j in range(1, len(names)) if 0 < i != j]
        return others + [(words, parts[i]) for words, parts in known() if parts[i] is not None]

    shaped = np.reshape(expected[0], ()), *expected[1:]
    return told(
        [
            difference(f"{what}: the {name}", part, right, instead=partial(known_of, i), **how)
            for i, (name, part, right) in enumerate(zip(names, found, shaped, strict=True))
        ],
        unexplained,
    )


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
        wrong = difference(label, part, right, TOLERANCE / 2, TOLERANCE / 2)
        if wrong:
            said = wrong.instead or "Either the loss or its gradient is wrong."
            if not (wrong.instead or difference("", part, right, NEARLY, NEARLY)):
                said = "It is nearly right: is something in single precision (float32)?"
            return f"{wrong.where} {said}"
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
