"""What graded tests call functions with: the known cases, and inputs drawn with seeds.

The known values are the assignment's; they hold to a relative error of 1e-3. A pair is v_c, o, U.
"""

import functools
from typing import NamedTuple

import numpy as np

from sandbox.objects import LinearLoss, TableDataset
from utils.gradcheck import numerical_gradient
from utils.utils import normalize_rows

KNOWN = 1e-3  # relative error that known values allow


class Window(NamedTuple):
    """Arguments of skip-gram, up to the outside vectors."""

    center: str
    size: int
    outside: list
    word2ind: dict
    center_vectors: np.ndarray
    outside_vectors: np.ndarray

    @property
    def c(self):
        """Index of the center word."""
        return self.word2ind[self.center]

    @property
    def words(self):
        """Indices of the outside words."""
        return [self.word2ind[word] for word in self.outside]


# fmt: off
SIGMOID = (
    np.array([-0.46612273, -0.87671855, 0.54822123, -0.36443576, 0.33688521]),
    np.array([0.38553435, 0.29385824, 0.63372281, 0.40988622, 0.5834337]),
)
SOFTMAX = (
    np.array([-0.27323645, 0.12538062, 0.95374082]),
    3,
    np.array([
        [-0.6831809, -0.04200519, 0.72904007], [0.18289107, 0.76098587, -0.62245591],
        [-0.61517874, 0.5147624, -0.59713884], [-0.33867074, -0.80966534, -0.47931635],
        [-0.52629529, -0.78190408, 0.33412466],
    ]),
)
SOFTMAX_VALUES = (
    2.217424877675181,
    np.array([-0.17249875, 0.64873661, 0.67821423]),
    np.array([
        [-0.11394933, 0.05228819, 0.39774391], [-0.02740743, 0.01257651, 0.09566654],
        [-0.03385715, 0.01553611, 0.11817949], [0.24348396, -0.11172803, -0.84988879],
        [-0.06827005, 0.03132723, 0.23829885],
    ]),
)
_VECTORS = normalize_rows(np.random.RandomState(9265).randn(10, 3))
_WORD2IND = {word: i for i, word in enumerate("abcde")}
SKIPGRAM = Window("c", 3, list("abedbc"), _WORD2IND, _VECTORS[:5], _VECTORS[5:])
SKIPGRAM_VALUES = (
    11.16610900153398,
    np.outer(np.eye(5)[2], [-1.26947339, -1.36873189, 2.45158957]),
    np.array([
        [-0.41045956, 0.18834851, 1.43272264], [0.38202831, -0.17530219, -1.33348241],
        [0.07009355, -0.03216399, -0.24466386], [0.09472154, -0.04346509, -0.33062865],
        [-0.13638384, 0.06258276, 0.47605228],
    ]),
)
# fmt: on


def pair(seed, V, d, scale=1.0, outside_word_idx=None):
    """Draw a pair: vectors of normally distributed numbers times `scale`."""
    rng = np.random.RandomState(seed)
    index = rng.randint(V) if outside_word_idx is None else outside_word_idx
    return scale * rng.randn(d), index, scale * rng.randn(V, d)


def window(seed, V, d, outside, size=5, scale=1.0):
    """Draw a window of `outside` words, repeated ones and the center word among them."""
    rng = np.random.RandomState(seed)
    words = [f"word{i}" for i in rng.permutation(V)]
    word2ind = {word: i for i, word in enumerate(words)}
    around = [words[i] for i in rng.randint(V, size=outside)]
    if outside > 2:
        around[1] = around[-1]
    vectors = scale * rng.randn(2 * V, d)
    return Window(words[rng.randint(V)], size, around, word2ind, vectors[:V], vectors[V:])


def dataset(seed, words, table_size=40):
    """Make a dataset whose table has few different words, so that samples repeat."""
    rng = np.random.RandomState(seed)
    sentences = [
        [words[i] for i in rng.permutation(len(words))[: rng.randint(3, len(words) + 1)]]
        for _ in range(8)
    ]
    return TableDataset(rng.randint(len(words), size=table_size).tolist(), sentences)


@functools.cache  # a class is graded with the same again and again
def numbers(seed, shape, scale=1.0):
    """Draw normally distributed numbers times `scale`."""
    drawn = scale * np.random.RandomState(seed).standard_normal(shape)
    drawn.flags.writeable = False
    return drawn


def linear_loss(seed, window):
    """Make a loss that is neither of the two, for the words of a window."""
    rng = np.random.RandomState(seed)
    V, d = window.outside_vectors.shape
    data = dataset(1, list(window.word2ind))
    return LinearLoss(rng.randn(V), rng.randn(d), rng.randn(V, d), data)


SIGMOIDS = [
    numbers(3, 20, 2),
    numbers(4, 30, 50),
    np.array([-2, 0, 3]),
    *map(np.array, (0.7, 900.0, -900.0)),  # NumPy scalars: Python floats raise OverflowError
]
PAIRS = [
    pair(10, V=5, d=3, outside_word_idx=0),
    pair(11, V=40, d=10, outside_word_idx=39),
    pair(12, V=300, d=4, scale=0.01),
    pair(13, V=12, d=6, scale=4),
    pair(14, V=2, d=1),
    pair(15, V=7, d=7),
]
WINDOWS = [
    window(21, V=9, d=3, outside=10, size=5),
    window(22, V=30, d=6, outside=14, size=7, scale=0.3),
    window(23, V=5, d=5, outside=4, size=2),
    window(24, V=3, d=2, outside=2, size=1),
    window(25, V=6, d=2, outside=6, size=3, scale=2),
    window(20, V=8, d=4, outside=1, size=1),
]
SAMPLED = WINDOWS[1]  # it has words enough
SAMPLING_PAIRS = [
    (pair(30, V=6, d=3), 10),
    (pair(31, V=4, d=5, scale=2), 3),
    (pair(32, V=9, d=2, scale=0.1, outside_word_idx=0), 25),
    (pair(33, V=8, d=4), 10),
]


def quadratic(shape):
    """Draw curvatures and minimum of a quadratic: all different, the minimum away from 0."""
    if not shape:
        return 1.5, 0.8
    rng = np.random.RandomState(40)
    return rng.uniform(0.5, 2, shape), rng.uniform(0.5, 1.5, shape)


def dataset_of_one(window):
    """Make a dataset whose only sample is no outside word of a window: any draws give the same."""
    words = [k for k in range(len(window.word2ind)) if k not in window.words]
    return TableDataset(words[:1], [list(window.word2ind)])


def right_sigmoid(x):
    """Give what a sigmoid must, where no solution does."""
    return (1 + np.tanh(x / 2)) / 2


# What failures are shown with: whole numbers, small ones first, to be checked by hand

SMALL_SIGMOIDS = [
    ((x,), right_sigmoid(x))
    for x in map(np.array, ([0.0], [1.0], [-1.0], [0.0, 1.0], [[0.0, 1.0], [2.0, 3.0]], [1000.0]))
]


def small_pair(v, o, U):
    """Make arguments of a naive softmax loss, and what it gives: gradients by differences."""

    def loss_alone(vectors):
        scores = vectors[1:] @ vectors[0]
        return (np.log(np.exp(scores).sum()) - scores[o],)

    vectors = np.array([v, *U], float)
    gradient = numerical_gradient(loss_alone, vectors).round(7)
    return (vectors[0], o, vectors[1:], None), (*loss_alone(vectors), gradient[0], gradient[1:])


SMALL_PAIRS = [
    small_pair([1], 0, [[0], [0]]),
    small_pair([1], 0, [[0], [1]]),
    small_pair([1], 1, [[1], [2]]),
    small_pair([2], 1, [[1], [0]]),
    small_pair([1, 2], 0, [[1, 0], [0, 1]]),
]

SMALL_WINDOWS = [
    Window(center, 2, list(outside), {"a": 0, "b": 1}, np.array(V, float), np.array(U, float))
    for center, outside, V, U in (
        ("a", "b", [[1], [0]], [[0], [0]]),
        ("b", "a", [[0], [1]], [[0], [1]]),
        ("a", "bb", [[1], [0]], [[0], [1]]),
        ("a", "ab", [[1], [2]], [[0], [1]]),
        ("a", "abab", [[1, 0], [0, 1]], [[0, 1], [1, 0]]),
    )
]
