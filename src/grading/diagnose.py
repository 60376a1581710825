"""What a wrong result is instead: mistakes that people make, told from their numbers."""

import numpy as np

from utils import BATCH_SIZE

from .values import bare, to_array

PARTS = ("loss", "gradient of the center vector", "gradient of the outside vectors")
PARTS_OF_WINDOW = ("loss", "gradient of the center vectors", "gradient of the outside vectors")
CLOSE = 1e-5  # of the largest element
LARGE, OVERFLOWS = 5, 30  # |x| where a sigmoid is nearly flat; where nan is no chance


def same(found, target):
    """Tell whether two arrays have one shape and, to five digits of the largest, one content."""
    found, target = bare(found), bare(np.asarray(target, float))
    if found.shape != target.shape:
        return False
    largest = np.abs(target).max(initial=0)
    return bool(np.isfinite(largest) and np.all(np.abs(found - target) <= CLOSE * largest))


def explain(found, expected, right, instead=(), reveal=True):
    """Tell what a wrong array is instead.

    Parameters
    ----------
    found, expected : ndarray of float, of one shape
        What was computed, and what is right.
    right : ndarray of bool, the same shape
        Which elements are right.
    instead : sequence of (str, ndarray or callable)
        Further mistakes: ``It is {words}.`` is said if the result is that array, or if the function
        of `found` and `right` says so.
    reveal : bool
        Whether a factor may be told, which gives away the expected value.

    Returns
    -------
    str
        One sentence, or nothing if the mistake is not known.
    """
    with np.errstate(all="ignore"):
        if not found.any():
            return "It is zero everywhere." if found.ndim else "It is zero."
        near = same(found, expected)
        for words, target in [("negated", -expected), ("transposed", expected.T), *instead]:
            if target(found, right) if callable(target) else not near and same(found, target):
                return f"It is {words}."
        factor = "" if near else _factor(found, expected, reveal)
        return factor or _rounding(found, expected) or _rows(right, expected)


def explain_shape(found, expected, instead=()):
    """Tell what an array of a wrong shape is; arguments as those of `explain`."""
    with np.errstate(all="ignore"):
        for words, target in [("transposed", expected.T), *instead]:
            if not callable(target) and same(found, target):
                return f"It is {words}."
        if found.size == expected.size and same(found.ravel(), expected.ravel()):
            return "Its numbers are right, its shape is not."
    return ""


def explain_nonfinite(found, instead=()):
    """Tell why an array has nan or infinite elements; arguments as those of `explain`."""
    for words, target in instead:
        if callable(target) and target(found, np.isfinite(found)):
            return f"It is {words}."
    return ""


def _factor(found, expected, reveal):
    place = np.abs(expected).argmax()
    factor = found.flat[place] / expected.flat[place]
    if not same(found, factor * expected):
        return ""
    whole = max(abs(factor), 1 / abs(factor))
    is_whole = whole <= 100 and abs(whole - np.rint(whole)) <= CLOSE * whole
    if np.count_nonzero(expected) == 1 and not (is_whole and reveal):
        return ""  # any number is some multiple of another
    if not reveal:
        return "It is right but for a constant factor."
    if is_whole and abs(factor) < 1:
        return f"It is {'-' if factor < 0 else ''}1/{whole:.0f} of the right value."
    return f"It is {factor:.6g} times the right value."


def _rounding(found, expected):
    for decimals in range(1, 6):
        if np.all(np.abs(found - np.round(expected, decimals)) <= 3e-8):
            return f"It is rounded to {decimals} decimal{'s' * (decimals > 1)}."
    return ""


def _rows(right, expected):
    """Tell which row alone is right or wrong; rows that should be zero are no evidence."""
    if right.ndim != 2:
        return ""
    matters, is_right = expected.any(axis=1), right.all(axis=1)
    if matters.sum() >= 3 and (is_right & matters).sum() == 1:
        return f"Only row {(is_right & matters).argmax()} is right."
    if matters.sum() >= 3 and is_right.sum() == len(right) - 1:
        return f"Row {is_right.argmin()} is wrong, all others are right."
    return ""


def sigmoid_instead(x, expected):
    """List what a wrong sigmoid may be.

    Parameters
    ----------
    x : ndarray of float
        Where it was computed.
    expected : ndarray of float
        What is right there.

    Returns
    -------
    list of (str, ndarray or callable)
        For `explain`.
    """
    size = np.abs(np.asarray(x, float))
    expected = np.asarray(expected, float)

    def overflows(found, right):
        return not np.isfinite(found).all() and size[~np.isfinite(found)].min() > OVERFLOWS

    def wrong_only_where_large(found, right):
        return bool(size[~right].min() >= LARGE and np.any(size[right] < LARGE))

    return [
        ("sigma(-x)", 1 - expected),
        ("the derivative, sigma(x) (1 - sigma(x))", expected * (1 - expected)),
        ("tanh(x)", np.tanh(x)),
        ("x itself", x),
        ("nan where x is large: exp overflows", overflows),
        ("wrong only where |x| is large", wrong_only_where_large),
    ]


def softmax_instead(expected, center_word_vec, outside_word_idx, outside_vectors, names=PARTS):
    """List what wrong results of the naive softmax may be.

    Parameters
    ----------
    expected : sequence of loss, gradient (d,), gradient (V, d)
        What is right.
    center_word_vec : ndarray of float, shape (d,)
        Center vector.
    outside_word_idx : int
        Index of the outside word.
    outside_vectors : ndarray of float, shape (V, d)
        Outside vectors.
    names : sequence of str
        Names of the three results.

    Returns
    -------
    dict of str to list of (str, ndarray)
        For `compare.check_loss_and_gradients`.
    """
    loss, grad_center, grad_outside = (np.asarray(part, float) for part in expected)
    u_o = np.asarray(outside_vectors, float)[outside_word_idx]
    v_c = np.asarray(center_word_vec, float)
    row = np.zeros(grad_outside.shape)
    row[outside_word_idx] = v_c
    words = len(outside_vectors)
    mean = f"divided by the number of words in the vocabulary, {words}"
    not_subtracted = "the gradient with no one-hot vector y subtracted"
    added = "the gradient with the one-hot vector y added, not subtracted"
    with np.errstate(all="ignore"):
        alone = (grad_outside[outside_word_idx] @ v_c) / (v_c @ v_c) * u_o
    return {
        names[0]: [
            ("taken with the logarithm to base 2", loss / np.log(2)),
            ("taken with the logarithm to base 10", loss / np.log(10)),
            ("the probability itself: its logarithm is missing", np.exp(-loss)),
            (mean, loss / words),
        ],
        names[1]: [
            (not_subtracted, grad_center + u_o),
            (added, grad_center + 2 * u_o),
            ("the outside word's part alone, that of the other words is missing", alone),
            (mean, grad_center / words),
        ],
        names[2]: [
            (not_subtracted, grad_outside + row),
            (added, grad_outside + 2 * row),
            (mean, grad_outside / words),
        ],
    }


def skipgram_instead(expected, center_index, outside_indices, last=None, names=PARTS_OF_WINDOW):
    """List what wrong results of skip-gram may be.

    Parameters
    ----------
    expected : sequence of loss, gradient (V, d), gradient (V, d)
        What is right.
    center_index : int
        Index of the center word.
    outside_indices : list of int
        Indices of the outside words.
    last : sequence of loss, gradient (d,), gradient (V, d), optional
        What the last outside word alone gives; it may come from the submission.
    names : sequence of str
        Names of the three results.

    Returns
    -------
    dict of str to list of (str, ndarray or callable)
        For `compare.check_loss_and_gradients`.
    """
    parts = [np.asarray(part, float) for part in expected]
    n = len(outside_indices)
    known = [
        [
            (f"the mean over the {n} outside words, expected their sum", part / n),
            (f"multiplied by the number of outside words, {n}", part * n),
            (f"divided by the batch size, {BATCH_SIZE}", part / BATCH_SIZE),
        ]
        for part in parts
    ]
    for pairs, part, of_last in zip(
        known, parts, _of_last(last, center_index, parts), strict=False
    ):
        pairs.append(("that of the last outside word only", of_last))
        pairs.append(("the sum without the last outside word", part - of_last))
    known[1] += _other_rows(parts[1], center_index, outside_indices)
    return dict(zip(names, known, strict=True))


def _of_last(last, center_index, parts):
    """Give what the last word alone gives in the shapes of a window's; nothing if it is no data."""
    result = [np.zeros(part.shape) for part in parts]
    try:
        loss, grad_center, grad_outside = (bare(to_array(part)[0]) for part in last)
        result[0][()], result[1][center_index], result[2][:] = loss, grad_center, grad_outside
    except (TypeError, ValueError):
        return []
    return result


def _other_rows(gradient, center_index, outside_indices):
    own = gradient[center_index]

    def in_outside_rows(found, right):
        others = np.delete(found, outside_indices, axis=0)
        return not others.any() and same(found.sum(axis=0), own) and not same(found, gradient)

    return [
        ("in every row, expected in the row of the center word only", own + 0 * gradient),
        (
            "in the rows of the outside words, expected in the row of the center word",
            in_outside_rows,
        ),
    ]
