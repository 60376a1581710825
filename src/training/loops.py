"""The training run as plain loops over numbers: draw windows and negative samples, make steps.

Numba compiles the two loops; without it Python runs them as they stand, to the same numbers. They
draw what `utils.corpus.Corpus` draws and compute what the assignment's functions compute, for a
block of steps at a time:

centers   center word of each window, shape (steps, windows of a step)
pairs     an outside word and its K negative samples a row, window after window, shape (rows, 1+K)
ends      row of `pairs` after the last one of each window, shape (steps, windows of a step)
stream    Python's random stream: the 624 numbers of a Mersenne Twister, and the position in them
"""

import contextlib
import math
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from utils import ANNEAL_EVERY, BATCH_SIZE, SAVE_EVERY

try:
    import numba
    from numba.core.event import Listener, install_listener

    missing = None
except (ImportError, OSError) as error:  # OSError: its library cannot be loaded
    numba, missing = None, error

STEPS, NUMBERS = 500, 3_000_000  # at most in a block, unless one step alone needs more
TRIES = 20_000_000  # draws after which a block ends, so that Ctrl-C is heard


def compiled(**options):
    """Compile a function that loops call; without Numba leave it as it is."""
    return numba.njit(**options) if numba else lambda function: function


class Loop:
    """A function of numbers and arrays, compiled at its first call."""

    def __init__(self, function):
        self.uncompiled, self._compiled = function, None

    def __call__(self, *arguments):
        """Run it; without Numba on memoryviews, whose elements are Python's own numbers."""
        if not numba:
            views = (memoryview(a) if isinstance(a, np.ndarray) else a for a in arguments)
            return self.uncompiled(*views)
        if not self._compiled:
            self._compiled = self._compile(tuple(map(numba.typeof, arguments)))
        return self._compiled(*arguments)

    def _compile(self, types):
        """Compile it, or load what an earlier run kept; if no file can be kept or read, do without."""
        for cache in (True, False):
            with contextlib.suppress(Exception) if cache else contextlib.nullcontext():
                compiled = numba.njit(nogil=True, error_model="numpy", cache=cache)(self.uncompiled)
                compiled.compile(types)
                return compiled


@contextlib.contextmanager
def announce_compiling(say):
    """Call `say`, once, before loops are compiled that no earlier run has kept."""

    class Once(Listener if numba else object):
        def on_start(self, event):
            nonlocal say
            say, tell = lambda: None, say
            tell()

        def on_end(self, event):
            pass

    with install_listener("numba:compile", Once()) if numba else contextlib.nullcontext():
        yield


@compiled()
def refill(stream):
    """Make the next 624 numbers of the Mersenne Twister."""
    for i in range(624):
        y = (stream[i] & 0x80000000) | (stream[(i + 1) % 624] & 0x7FFFFFFF)
        stream[i] = stream[(i + 397) % 624] ^ (y >> 1) ^ (0x9908B0DF if y & 1 else 0)
    stream[624] = 0


@compiled(inline="always")
def next_number(stream):
    """Draw 32 random bits."""
    if stream[624] == 624:
        refill(stream)
    y = stream[stream[624]]
    stream[624] += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C5680
    y ^= (y << 15) & 0xEFC60000
    return y ^ (y >> 18)


@compiled(inline="always")
def bit_length(n):
    """Count the bits of n."""
    return math.frexp(n)[1]


@compiled(inline="always")
def below(stream, n, bits):
    """Draw ``random.randint(0, n - 1)``: the top bits of a number, drawn again while not below n."""
    drawn = n
    while drawn >= n:
        drawn = next_number(stream) >> (32 - bits)
    return drawn


@Loop
def draw_steps(stream, word_ids, starts, table, window, first_size, tries, centers, ends, pairs):
    """Draw windows and negative samples of steps; return of how many: none beyond room and tries."""
    S, size_bits = len(starts) - 1, bit_length(window)
    S_bits, table_bits = bit_length(S), bit_length(len(table))
    steps, windows = centers.shape
    row = 0
    for step in range(steps):
        if row + windows * 2 * window > len(pairs) or tries < 0:
            return step
        for b in range(windows):
            # the size of the window; the very first one is drawn before the corpus
            size = first_size if first_size else 1 + below(stream, window, size_bits)
            first_size = 0

            # a sentence, and in it a center, until a word around differs from the center
            count = 0
            while count == 0:
                sentence = below(stream, S, S_bits)
                start, end = starts[sentence], starts[sentence + 1]
                position = start + below(stream, end - start, bit_length(end - start))
                c = word_ids[position]
                low, high = max(start, position - size), min(end, position + size + 1)
                for i in range(low, high):
                    count += word_ids[i] != c
                tries -= 1

            # for every outside word K negative samples, drawn again while they are that word
            for i in range(low, high):
                o = word_ids[i]
                if o != c:
                    pairs[row, 0] = o
                    for k in range(1, pairs.shape[1]):
                        w = o
                        while w == o:
                            w = table[below(stream, len(table), table_bits)]
                            tries -= 1
                        pairs[row, k] = w
                    row += 1
            centers[step, b], ends[step, b] = c, row
    return steps


@Loop
def make_steps(
    center_vectors, outside_vectors, centers, ends, pairs, first, last, step, error, grad_center
):
    """Make the steps first .. last-1 of a block on the vectors; `error` and `grad_center` are scratch.

    Returns the mean loss of the windows of the last one.
    """
    (windows, d), width = grad_center.shape, pairs.shape[1]
    loss, end = 0.0, 0
    for s in range(first, last):
        start = end = ends[s - 1, windows - 1] if s else 0
        for b in range(windows):
            c, row, end = centers[s, b], end, ends[s, b]
            # scores u_w . v_c of the outside words and of their negative samples
            for i in range(row, end):
                for j in range(width):
                    w, score = pairs[i, j], 0.0
                    for k in range(d):
                        score += outside_vectors[w, k] * center_vectors[c, k]
                    error[i - start, j] = score
            # the loss -log sigma(score), or -log sigma(-score) of samples; sigma(score) - truth
            for i in range(row - start, end - start):
                for j in range(width):
                    x, truth = error[i, j], 1.0 if j == 0 else 0.0
                    small = math.exp(-abs(x))
                    error[i, j] = (1.0 if x >= 0 else small) / (1.0 + small) - truth
                    if s == last - 1:
                        loss += math.log1p(small) + max(0.0, -x if j == 0 else x)
            # the gradient of v_c
            for k in range(d):
                grad_center[b, k] = 0.0
            for i in range(row, end):
                for j in range(width):
                    w, e = pairs[i, j], error[i - start, j]
                    for k in range(d):
                        grad_center[b, k] += e * outside_vectors[w, k]
        # x <- x - step * grad, the mean over the windows; all gradients were taken before
        row = start
        for b in range(windows):
            c = centers[s, b]
            for i in range(row, ends[s, b]):
                for j in range(width):
                    w, change = pairs[i, j], step / windows * error[i - start, j]
                    for k in range(d):
                        outside_vectors[w, k] -= change * center_vectors[c, k]
            row = ends[s, b]
        for b in range(windows):
            for k in range(d):
                center_vectors[centers[s, b], k] -= step / windows * grad_center[b, k]
    return loss / windows


@dataclass(frozen=True)
class Block:
    """Windows and negative samples of some steps, and Python's random state after them."""

    centers: np.ndarray
    ends: np.ndarray
    pairs: np.ndarray
    state: tuple

    def make_steps(self, word_vectors, first, last, step):
        """Make the steps first .. last-1 on the word vectors, in place; give the last one's loss."""
        half, (windows, d) = len(word_vectors) // 2, (self.centers.shape[1], word_vectors.shape[1])
        rows = np.diff(self.ends[first:last, -1], prepend=self.ends[first - 1, -1] if first else 0)
        scratch = np.empty((rows.max(), self.pairs.shape[1])), np.empty((windows, d))
        arrays = word_vectors[:half], word_vectors[half:], self.centers, self.ends, self.pairs
        return make_steps(*arrays, first, last, step, *scratch)


def draw_block(arrays, settings, steps, state, first_size=0):
    """Draw a block of at most so many steps from the corpus and the table of negative samples."""
    version, numbers, gauss = state
    stream = np.array(numbers)
    centers, ends = np.empty((steps, BATCH_SIZE), np.int32), np.empty((steps, BATCH_SIZE), np.int64)
    rows, numbers_a_row = BATCH_SIZE * 2 * settings.window, 1 + settings.negatives
    rows = max(rows, min(steps * rows, NUMBERS // numbers_a_row))
    pairs = np.empty((rows, numbers_a_row), np.int32)
    sizes, drawn = (settings.window, first_size, TRIES), (centers, ends, pairs)
    count = draw_steps(stream, *arrays, *sizes, *drawn)
    return Block(centers[:count], ends[:count], pairs, (version, tuple(stream.tolist()), gauss))


def draw_blocks(arrays, settings, iteration, state, first_size, single):
    """Draw the steps that are left, the first and the last `single` ones by themselves.

    No block goes beyond an iteration after which a state is saved or the step is halved.
    """
    begin, end = iteration + single, settings.iterations - single
    while iteration < settings.iterations:
        steps = 1
        if begin <= iteration < end:
            to_boundary = (every - iteration % every for every in (SAVE_EVERY, ANNEAL_EVERY))
            steps = min(STEPS, end - iteration, *to_boundary)
        block = draw_block(arrays, settings, steps, state, first_size)
        yield block
        iteration, state, first_size = iteration + len(block.centers), block.state, 0


def ahead(items):
    """Give the items of a generator, the next one made in another thread while one is in use."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
