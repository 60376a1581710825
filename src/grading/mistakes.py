"""What a wrong result is instead: mistakes that people make, told from the numbers they give.

A mistake is a pair of words, which follow "It is", and a target: the array that it gives, or a
function of the array found and of which elements are right. Those of a loss and its gradients are
three lists, for the loss, the gradient of the center and that of the outside vectors.
"""

import numpy as np

from utils import BATCH_SIZE

from .values import bare

CLOSE = 1e-5  # of the largest element
LARGE, OVERFLOWS = 5, 30  # |x| where a sigmoid is nearly flat; where nan is no chance
MOST_WORDS = 40  # of a vocabulary in which a mistake is looked for word by word


def same(found, target):
    """Tell whether two arrays have one shape and, to five digits of the largest, one content."""
    found, target = bare(found), bare(np.asarray(target, float))
    if found.shape != target.shape:
        return False
    largest = np.abs(target).max(initial=0)
    return bool(np.isfinite(largest) and np.all(np.abs(found - target) <= CLOSE * largest))


def it_is(words):
    """Make a sentence."""
    return f"It is {words}{'' if words.endswith('?') else '.'}"


def explain(found, expected, right, instead=(), reveal=True):
    """Tell in a sentence what a wrong array is instead; nothing if the mistake is not known.

    `right` has which elements are right; a factor that gives away the expected value is told with
    `reveal` only.
    """
    with np.errstate(all="ignore"):
        if not found.any():
            for words, target in instead:
                if callable(target) and target(found, right):
                    return it_is(words)
            return "It is zero everywhere." if found.ndim else "It is zero."
        near = same(found, expected)
        for words, target in [("negated", -expected), ("transposed", expected.T), *instead]:
            if target(found, right) if callable(target) else not near and same(found, target):
                return it_is(words)
        factor = "" if near else _factor(found, expected, reveal)
        return factor or _rounding(found, expected) or _rows(right, expected)


def explain_shape(found, expected, instead=()):
    """Tell what an array of a wrong shape is."""
    with np.errstate(all="ignore"):
        for words, target in [("transposed", expected.T), *instead]:
            if not callable(target) and same(found, target):
                return it_is(words)
        if found.size == expected.size and same(found.ravel(), expected.ravel()):
            return "Its numbers are right, its shape is not."
    return ""


def explain_nonfinite(found, instead=()):
    """Tell why an array has nan or infinite elements."""
    for words, target in instead:
        if callable(target) and target(found, np.isfinite(found)):
            return it_is(words)
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


def of_sigmoid(x, expected):
    """List mistakes of a sigmoid of x."""
    x, expected = np.asarray(x, float), np.asarray(expected, float)
    size = np.abs(x)

    def overflows(found, right):
        return not np.isfinite(found).all() and size[~np.isfinite(found)].min() > OVERFLOWS

    def wrong_only_where_large(found, right):
        return bool(found.any() and size[~right].min() >= LARGE and np.any(size[right] < LARGE))

    with np.errstate(all="ignore"):
        return [
            ("zero everywhere: // rounds down, / does not", lambda found, right: not found.any()),
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


def of_softmax(expected, center_word_vec, outside_word_idx, outside_vectors):
    """List mistakes of the naive softmax loss of a pair and its gradients."""
    loss, center, outside = (np.asarray(part, float) for part in expected)
    v, o, U = center_word_vec, outside_word_idx, outside_vectors
    with np.errstate(all="ignore"):
        error = outside @ v / (v @ v)
        lists = [
            [
                ("taken with the logarithm to base 2", loss / np.log(2)),
                ("taken with the logarithm to base 10", loss / np.log(10)),
                ("the probability itself: its logarithm is missing", np.exp(-loss)),
                ("the number of words in the vocabulary", len(U)),
                (
                    "the logarithm of a negative number: is y subtracted from y_hat before?",
                    lambda found, right: bool(np.isnan(found)),
                ),
            ],
            [
                ("the outside word's part alone, the other words' is missing", error[o] * U[o]),
                ("made of the center vector, expected of the outside vectors", v),
                ("made of the center vector, expected of the outside vectors", -v),
            ],
            [
                (
                    "made of the outside vectors, expected of the center vector",
                    error[:, np.newaxis] * U,
                )
            ],
        ]
        for words, of_loss, wrong in _wrong_errors(loss, error, U @ v, o):
            lists[0] += [] if of_loss is None else [(words, of_loss)]
            lists[1] += [] if wrong is None else [(words, center + (wrong - error) @ U)]
            lists[2] += [] if wrong is None else [(words, outside + np.outer(wrong - error, v))]
    return lists


def _wrong_errors(loss, error, scores, o):
    """List what stands for y_hat - y in wrong gradients: words, the loss, and that vector."""
    V, y, exp = len(scores), np.eye(len(scores))[o], np.exp(scores)
    y_hat = error + y
    losses = -np.log(y_hat)
    mistakes = [
        (words, -np.log(p[o]), p - y)
        for words, p in (
            ("that of exp(u . v), which is not divided by its sum: y_hat must add up to 1", exp),
            ("that of a softmax along the wrong axis: each y_hat is 1", np.ones(V)),
            ("that of sigma(u . v), expected the softmax", exp / (1 + exp)),
        )
    ]
    mistakes += [
        (f"divided by the number of words in the vocabulary, {V}", loss / V, error / V),
        ("the sum over the whole vocabulary, expected the outside word's", losses.sum(), None),
        ("the gradient with no one-hot vector y subtracted", None, y_hat),
        ("the gradient with the one-hot vector y added, not subtracted", None, y_hat + y),
    ]
    for k in set(range(V)) - {o} if V <= MOST_WORDS else ():
        words = f"that of word {k}, expected that of the outside word, {o}"
        mistakes.append((words, losses[k], None))
        words = f"the gradient with y for word {k}, expected for the outside word, {o}"
        mistakes.append((words, None, y_hat - np.eye(V)[k]))
    return mistakes


def neg_sampling(pair, negatives, y=None, weights=1.0):
    """Give the negative sampling loss of a pair, and its gradients.

    `y` is that of the words, the outside word first, and `weights` has a factor for each.
    """
    v, o, U = pair.arguments
    words = [o, *negatives]
    y = np.eye(len(words))[0] if y is None else y
    scores = U[words] @ v
    losses = np.log1p(np.exp(np.where(y, -scores, scores)))
    error = weights * (1 / (1 + np.exp(-scores)) - y)
    outside = np.zeros(U.shape)
    np.add.at(outside, words, np.outer(error, v))
    return np.sum(weights * losses), error @ U[words], outside


def of_sampling(pair, negatives, of_ten):
    """List mistakes of negative sampling; `of_ten` are the words drawn if K is taken to be 10."""
    v, o, U = pair.arguments
    K, words, scores = len(negatives), [o, *negatives], U[[o, *negatives]] @ v
    first = np.eye(K + 1)[0]
    variants = [
        ("that with samples drawn twice counted once", [*dict.fromkeys(negatives)], {}),
        ("that of the outside word alone: the negative samples are missing", [], {}),
        ("that without the last negative sample", negatives[:-1], {}),
        ("that without the first negative sample", negatives[1:], {}),
    ]
    variants += [
        (said, negatives, {"weights": weights})
        for said, weights in (
            ("that without the outside word", 1 - first),
            ("that with the mean over the negative samples, expected their sum",
                np.where(first, 1, 1 / K)),
            ("that with the negative samples subtracted", 2 * first - 1),
            ("zero where |u . v| is large", np.where(np.abs(scores) > 6, 0, 1)),
        )
    ]  # fmt: skip
    variants += [
        ("that with the outside word taken for a negative sample", negatives, {"y": 0 * first}),
        ("that with the negative samples taken for outside words", negatives,
            {"y": 1 + 0 * first}),
    ]  # fmt: skip
    if len(of_ten) != K:
        variants.append(("that of 10 samples: the argument K is ignored", of_ten, {}))
    lists = [[], [], []]
    for said, drawn, how in variants:
        for known, part in zip(lists, neg_sampling(pair, drawn, **how), strict=True):
            known.append((said, part))
    error = 1 / (1 + np.exp(-scores)) - first
    overwritten, swapped = np.zeros(U.shape), np.zeros(U.shape)
    overwritten[words] = np.outer(error, v)
    np.add.at(swapped, words, error[:, np.newaxis] * U[words])
    lists[2] += [
        ("that with samples drawn twice counted once", overwritten),
        ("made of the outside vectors, expected of the center vector", swapped),
    ]
    return lists


def of_skipgram(expected, center_index, outside_indices, last=None):
    """List mistakes of skip-gram; `last` has what the last outside word alone gives, if known."""
    parts = [np.asarray(part, float) for part in expected]
    n = len(outside_indices)
    lists = [
        [
            (f"the mean over the {n} outside words, expected their sum", part / n),
            (f"multiplied by the number of outside words, {n}", part * n),
            (f"divided by the batch size, {BATCH_SIZE}", part / BATCH_SIZE),
        ]
        for part in parts
    ]
    if last is not None:
        for mistakes, part, of_last in zip(lists, parts, last, strict=True):
            mistakes.append(("that of the last outside word only", of_last))
            mistakes.append(("the sum without the last outside word", part - of_last))
    gradient = parts[1]
    own = gradient[center_index]

    def in_outside_rows(found, right):
        others = np.delete(found, outside_indices, axis=0)
        is_sum = found.ndim == 2 and same(found.sum(axis=0), own)
        return is_sum and not others.any() and not same(found, gradient)

    in_row = "expected in the row of the center word"
    lists[1] += [
        (f"in every row, {in_row} only", own + 0 * gradient),
        (f"in the rows of the outside words, {in_row}", in_outside_rows),
    ]
    return lists
