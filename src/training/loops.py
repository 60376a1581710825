"""The training run as plain loops over numbers: draw windows and negative samples, make steps.

They draw what `utils.corpus.Corpus` draws and compute what the assignment's functions compute.
Numba compiles them; without it, Python runs them unchanged. They check nothing: `check` does that.
Arrays of a block of steps:

centers   center word of each window, shape (steps, windows of a step)
words     for each outside word, window after window: the word, then its K negative samples
ends      how far in `words` each window reaches, shape (steps, windows of a step)
"""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from utils import ANNEAL_EVERY, BATCH_SIZE, SAVE_EVERY

missing = None
try:
    import numba
    from numba.core.event import Listener, install_listener

    if numba.config.DISABLE_JIT:
        raise ImportError("NUMBA_DISABLE_JIT is set")
except Exception as error:  # it is not there, or does not run here
    numba, Listener, missing = None, object, error
njit = numba.njit if numba else lambda **options: lambda function: function

STEPS, TRIES, NUMBERS = 500, 20_000_000, 30_000_000  # steps, draws, words x dim: most in a block


class CompileError(Exception):
    """Numba cannot compile a loop here; the message says why."""


class Loop(Listener):
    """A function of numbers and arrays, compiled at its first call."""

    told = False  # that loops are being compiled

    def __init__(self, function):
        self.uncompiled, self.compiled = function, None

    def __call__(self, *arguments):
        """Run it; without Numba on memoryviews, whose elements are Python's own numbers."""
        if not numba:
            views = (memoryview(a) if isinstance(a, np.ndarray) else a for a in arguments)
            return self.uncompiled(*views)
        if not self.compiled:
            with install_listener("numba:compile", self):
                self.compiled = self._compile(*map(numba.typeof, arguments))
        return self.compiled(*arguments)

    def _compile(self, *types):
        """Load what an earlier run compiled, or compile it, and keep that if it can be kept."""
        for cache in (True, False):  # False: no folder can be written to, or a file is damaged
            try:
                compiled = njit(cache=cache, nogil=True, error_model="numpy")(self.uncompiled)
                compiled.compile(types)
                return compiled
            except Exception as error:
                reason = " ".join(str(error).split())
        raise CompileError(reason)

    def on_start(self, event):
        """Hear that Numba compiles a function: no earlier run has kept it."""
        if not Loop.told:
            print("Compiling the loops that train, which takes some seconds.")
        Loop.told = True

    on_end = on_start


@njit()
def refill(stream):
    """Make the next 624 numbers of the Mersenne Twister; give the position of the first."""
    for i in range(624):
        y = (stream[i] & 0x80000000) | (stream[(i + 1) % 624] & 0x7FFFFFFF)
        stream[i] = stream[(i + 397) % 624] ^ (y >> 1) ^ (0x9908B0DF if y & 1 else 0)
    return 0


@njit()
def temper(y):
    """Give the 32 random bits that a number of the Mersenne Twister stands for."""
    y ^= y >> 11
    y ^= (y << 7) & 0x9D2C5680
    y ^= (y << 15) & 0xEFC60000
    return y ^ (y >> 18)


@njit(inline="always")
def below(stream, position, n):
    """Draw ``random.randint(0, n - 1)``: the top bits, drawn again while not below n."""
    drawn, shift = n, 32 - math.frexp(n)[1]
    while drawn >= n:
        if position == 624:
            position = refill(stream)
        drawn = temper(stream[position]) >> shift
        position += 1
    return drawn, position


@Loop
def draw_steps(stream, corpus, starts, table, m, K, first_size, tries, centers, ends, words):
    """Draw windows and negative samples; give for how many steps there was room."""
    S, (steps, windows), n = len(starts) - 1, centers.shape, 0
    position, shift, size = stream[624], 32 - math.frexp(len(table))[1], first_size - 1
    for step in range(steps):
        if n + windows * 2 * m * (1 + K) > len(words) or tries < 0:
            steps = step
            break
        for b in range(windows):
            # the window's size less 1; that of the very first one was drawn before the corpus
            if size < 0:
                size, position = below(stream, position, m)
            # a sentence and a place in it, until a word around differs from the center
            differ = 0
            while differ == 0:
                sentence, position = below(stream, position, S)
                start, end = starts[sentence], starts[sentence + 1]
                place, position = below(stream, position, end - start)
                c = corpus[start + place]
                low, high = max(start, start + place - size - 1), min(end, start + place + size + 2)
                for i in range(low, high):
                    differ += corpus[i] != c
                tries -= 1
            # for every outside word K negative samples, drawn again while they are that word
            for i in range(low, high):
                o = corpus[i]
                if o == c:
                    continue
                words[n] = o
                n, full = n + 1, n + 1 + K
                while n < full:
                    if position == 624:
                        position = refill(stream)
                    entry = temper(stream[position]) >> shift
                    position, tries = position + 1, tries - 1
                    if entry < len(table):
                        words[n] = table[entry]
                        n += table[entry] != o
            centers[step, b], ends[step, b], size = c, n, -1
    stream[624] = position
    return steps


@Loop
def make_steps(vectors, step, iteration, every, centers, ends, words, K, losses, error, grad):
    """Make the steps that follow an iteration; note the mean loss of every `every`-th."""
    V, (windows, d), end = len(vectors) // 2, grad.shape, 0
    for s in range(len(losses)):
        start_of_step, loss, is_noted = end, 0.0, (iteration + s + 1) % every == 0
        for b in range(windows):
            c, start, end = centers[s, b], end, ends[s, b]
            # scores u_w . v_c
            for i in range(start, end):
                w, score = words[i], 0.0
                for k in range(d):
                    score += vectors[V + w, k] * vectors[c, k]
                error[i] = score
            # sigma(score) - y, where y is 1 for an outside word, and 0 for its negative samples
            for o in range(start, end, 1 + K):
                for i in range(o, o + 1 + K):
                    score = error[i]
                    small = math.exp(-abs(score))
                    error[i] = (1.0 if score >= 0 else small) / (1.0 + small)
                    if is_noted:  # -log sigma(score), of samples -log sigma(-score)
                        loss += math.log1p(small) + max(0.0, -score if i == o else score)
                error[o] -= 1.0
            # gradient of v_c
            for k in range(d):
                grad[b, k] = 0.0
            for i in range(start, end):
                w, e = words[i], error[i]
                for k in range(d):
                    grad[b, k] += e * vectors[V + w, k]
        # x <- x - step * grad, the mean over the windows, all at the vectors before the step
        end = start_of_step
        for b in range(windows):
            c, start, end = centers[s, b], end, ends[s, b]
            for i in range(start, end):
                w, change = words[i], step / windows * error[i]
                for k in range(d):
                    vectors[V + w, k] -= change * vectors[c, k]
        for b in range(windows):
            for k in range(d):
                vectors[centers[s, b], k] -= step / windows * grad[b, k]
        losses[s] = loss / windows


class Block(NamedTuple):
    """Windows and negative samples of steps, and Python's random state after them."""

    steps: int
    drawn: tuple
    state: tuple

    def make_steps(self, vectors, step, iteration=0, every=1):
        """Make the steps in place; give the mean losses of iterations that `every` divides."""
        losses, error = np.empty(self.steps), np.empty(self.drawn[2].shape)
        grad = np.empty((BATCH_SIZE, vectors.shape[1]))
        make_steps(vectors, step, iteration, every, *self.drawn, losses, error, grad)
        return losses


def draw_blocks(arrays, settings, iteration, state, first_size=0, single=1):
    """Draw the steps that are left in blocks; the first and last `single` steps get one each."""
    (version, stream, gauss), (m, K) = state, (settings.window, settings.negatives)
    stream, most = np.array(stream), BATCH_SIZE * 2 * m * (1 + K)
    begin, end = iteration + single, settings.iterations - single
    while iteration < settings.iterations:
        steps = 1
        if begin <= iteration < end:  # not beyond a save, or a halving of the step
            to_boundary = (every - iteration % every for every in (SAVE_EVERY, ANNEAL_EVERY))
            steps = min(STEPS, end - iteration, *to_boundary)
        shape, room = (steps, BATCH_SIZE), max(most, min(steps * most, NUMBERS // settings.dim))
        drawn = np.empty(shape, np.int32), np.empty(shape, np.int64), np.empty(room, np.int32)
        steps = draw_steps(stream, *arrays, m, K, first_size, TRIES, *drawn)
        yield Block(steps, (*drawn, K), (version, tuple(stream.tolist()), gauss))
        iteration, first_size = iteration + steps, 0


def ahead(items):
    """Give the items of a generator; another thread makes the next one meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
