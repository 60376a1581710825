"""What a wrong result is instead: mistakes that people make, told from the numbers they give.

A mistake is a pair: words, which follow "It is", and a target, the wrong array itself or a function
that is true for a wrong array. Mistakes of a loss and its gradients have three targets.
"""

from fractions import Fraction

import numpy as np

from utils import BATCH_SIZE

CLOSE = 1e-5  # of the largest element
LARGE, OVERFLOWS = 5, 30  # |x| where a sigmoid is nearly flat; where nan must come from overflow
MOST_WORDS = 40  # of a vocabulary in which a mistake is looked for word by word


def bare(array):
    """Drop the leading axes of length 1."""
    while array.shape[:1] == (1,):
        array = array[0]
    return array


def nearly_equal(found, target):
    """Tell whether two arrays have one shape and, to five digits of the largest, one content."""
    found, target = bare(np.asarray(found, float)), bare(np.asarray(target, float))
    largest = np.abs(target).max(initial=0)
    is_same = found.shape == target.shape and np.all(np.abs(found - target) <= CLOSE * largest)
    return bool(is_same and np.isfinite(largest))


def explain(found, expected, instead, reveal):
    """Tell in a sentence what a wrong array is instead; nothing if the mistake is not known.

    A factor that gives away the expected value is told with `reveal` only.
    """
    has_shape = found.shape == expected.shape
    usual = [
        ("negated", -expected),
        ("transposed", expected.T),
        ("zero everywhere" if found.ndim else "zero", lambda found: not found.any()),
        *((f"rounded to {n} decimals", np.round(expected, n)) for n in (2, 3, 4)),
    ]
    for words, target in [*instead, *usual]:
        if callable(target):
            is_it = has_shape and target(found)
        else:  # neither what is nearly right nor zero is told from an array
            is_it = (
                np.any(target)
                and nearly_equal(found, target)
                and not nearly_equal(target, expected)
            )
        if is_it:
            return f"It is {words}{'' if words.endswith('?') else '.'}"
    if has_shape:
        return _factor(found, expected, reveal)
    is_right = found.size == expected.size and nearly_equal(found.ravel(), expected.ravel())
    return "Its numbers are right, its shape is not." if is_right else ""


def _factor(found, expected, reveal):
    place = np.abs(expected).argmax()
    factor = found.flat[place] / expected.flat[place]
    if not nearly_equal(found, factor * expected) or nearly_equal(found, expected):
        return ""
    simple = Fraction(factor).limit_denominator(100)
    is_simple = 1 in (abs(simple.numerator), simple.denominator) and abs(simple) <= 100
    is_simple = is_simple and nearly_equal(factor, float(simple))
    if np.count_nonzero(expected) == 1 and not (is_simple and reveal):
        return ""  # any number is some multiple of another
    if not reveal:
        return "It is right but for a constant factor."
    return f"It is {simple if is_simple else f'{factor:.6g}'} times the right value."


def of_sigmoid(x, expected):
    """List mistakes of a sigmoid of x."""
    x, expected = np.asarray(x, float), np.asarray(expected, float)
    size = np.abs(x)

    def overflows(found):
        return not np.isfinite(found).all() and size[~np.isfinite(found)].min() > OVERFLOWS

    def wrong_only_where_large(found):
        right = np.abs(found - expected) <= CLOSE
        wrong_from = size[~right].min(initial=np.inf)
        return found.any() and wrong_from >= LARGE > size[right].min(initial=np.inf)

    return [
        ("zero everywhere: // rounds down, / does not", lambda found: not found.any()),
        ("sigma(-x)", 1 - expected),
        ("the derivative, sigma(x) (1 - sigma(x))", expected * (1 - expected)),
        ("tanh(x)", np.tanh(x)),
        ("x itself", x),
        ("exp(x): the 1 of the denominator is missing", np.exp(x)),
        ("the denominator, 1 + exp(-x): is it in parentheses?", 1 / expected),
        ("that of base 2, made with powers of 2, expected of e", 1 / (1 + np.exp2(-x))),
        ("the softmax: exp(x) divided by the sum over all x", np.exp(x) / np.exp(x).sum()),
        ("nan where x is large: exp overflows", overflows),
        ("wrong only where |x| is large", wrong_only_where_large),
    ]


def of_softmax(v, o, U, expected):
    """List mistakes of the naive softmax loss of a pair and its gradients."""
    V, y, exp = len(U), np.eye(len(U))[o], np.exp(U @ v)
    loss, error = expected[0], expected[2] @ v / (v @ v)
    y_hat = error + y
    rows = [  # words, the loss, and what stands for y_hat - y in the gradients
        ("taken with the logarithm to base 2", loss / np.log(2), None),
        ("taken with the logarithm to base 10", loss / np.log(10), None),
        ("the probability itself: its logarithm is missing", y_hat[o], None),
        ("the sum over the whole vocabulary, expected the outside word's",
            -np.log(y_hat).sum(), None),
        ("the number of words in the vocabulary", V, None),
        ("the logarithm of a negative number: is y subtracted from y_hat before?", np.isnan, None),
        (f"divided by the number of words in the vocabulary, {V}", loss / V, error / V),
        ("that of exp(u . v), which is not divided by its sum: y_hat must add up to 1",
            -np.log(exp[o]), exp - y),
        ("that of a softmax along the wrong axis: each y_hat is 1", 0, 1 - y),
        ("that of sigma(u . v), expected the softmax",
            -np.log(exp[o] / (1 + exp[o])), exp / (1 + exp) - y),
        ("the gradient with no one-hot vector y subtracted", None, y_hat),
        ("the gradient with the one-hot vector y added, not subtracted", None, y_hat + y),
    ]  # fmt: skip
    for k in set(range(V)) - {o} if V <= MOST_WORDS else ():
        words = f"that of word {k}, expected that of the outside word, {o}"
        rows.append((words, -np.log(y_hat[k]), None))
        words = f"the gradient with y for word {k}, expected for the outside word, {o}"
        rows.append((words, None, y_hat - np.eye(V)[k]))
    of_v = "made of the center vector, expected of the outside vectors"
    of_U = "made of the outside vectors, expected of the center vector"
    alone = "the outside word's part alone, the other words' is missing"
    return [
        *((words, (of_loss, None, None)) for words, of_loss, _ in rows),
        *((words, (None, e @ U, np.outer(e, v))) for words, _, e in rows if e is not None),
        *((of_v, (None, vector, None)) for vector in (v, -v)),
        (alone, (None, error[o] * U[o], None)),
        (of_U, (None, None, error[:, np.newaxis] * U)),
        ("right in the row of the outside word alone", (None, None, np.outer(error * y, v))),
    ]


def sums_of(pairs, window):
    """Sum what a loss gives for the pairs of a window, as skip-gram should."""
    losses, rows, outside = zip(*pairs, strict=True)
    center = np.zeros(window.center_vectors.shape)
    center[window.c] = np.sum(rows, axis=0)
    return np.sum(losses), center, np.sum(outside, axis=0)


def of_skipgram(window, pairs):
    """List mistakes of skip-gram; `pairs` has what the loss gives for each outside word."""
    sums = sums_of(pairs, window)
    center = sums[1]
    n, size, once = len(pairs), window.size, dict(zip(window.words, pairs, strict=True))
    parts = {
        "that of the first outside word only: is there a return in the loop?": pairs[:1],
        "that of the last outside word only": pairs[-1:],
        "the sum without the first outside word": pairs[1:],
        "the sum without the last outside word": pairs[:-1],
        f"that of window_size, {size}, outside words, expected all": pairs[:size],
        "the sum over different words: one that occurs twice counts twice": [*once.values()],
    }
    scales = {
        f"the mean over the {n} outside words, expected their sum": 1 / n,
        f"multiplied by the number of outside words, {n}": n,
        f"divided by the batch size, {BATCH_SIZE}": 1 / BATCH_SIZE,
    }
    in_rows, in_row = np.zeros(center.shape), "expected in the row of the center word"
    np.add.at(in_rows, window.words, [row for _, row, _ in pairs])
    return [
        *((words, sums_of(some, window)) for words, some in parts.items() if some),
        *((words, [scale * part for part in sums]) for words, scale in scales.items()),
        (f"in every row, {in_row} only", (None, center[window.c] + 0 * center, None)),
        (f"in the rows of the outside words, {in_row}", (None, in_rows, None)),
    ]


def of_handed(loss, window):
    """List mistakes in what skip-gram hands to a linear loss: they show in the sum of the loss."""
    c, V, U = window.c, window.center_vectors, window.outside_vectors
    rows = {  # words, and what the loss is given for an outside word o
        "the center vector of the outside word": lambda o: (V[o], o, U),
        "the outside vector of the outside word for the center vector": lambda o: (U[o], o, U),
        "the outside vector of the center word for the center vector": lambda o: (U[c], o, U),
        "the center word for the outside word": lambda o: (V[c], c, U),
        "center and outside word swapped": lambda o: (V[o], c, U),
        "center_word_vectors for the outside_vectors": lambda o: (V[c], o, V),
        "center and outside vectors swapped": lambda o: (U[c], o, V),
    }
    sums = {w: sum(loss(*row(o), loss.dataset)[0] for o in window.words) for w, row in rows.items()}
    return [(f"that with {words}", (total, None, None)) for words, total in sums.items()]
