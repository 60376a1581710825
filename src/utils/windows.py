"""Windows with their negative samples by the block, draw for draw as one after the other.

The draws of a window begin where those of the one before end, so it seems that windows can only be
drawn one by one. But where a window ends depends on nothing but where it begins, and chains of
windows begun at different places soon come to the same place and are one from there on. So many
chains are begun, spread over a block of the random stream, and followed side by side, an element
of the arrays each; then the windows of the one chain that begins where the block does are picked.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .sampling import PythonStream

WORDS_PER_CHAIN = 1500  # of the random stream; some 45 windows of the handout's run


@dataclass(frozen=True)
class Windows:
    """Windows, one after the other.

    Attributes
    ----------
    centers : ndarray of int32, shape (n,)
        Center word of each window.
    counts : ndarray of int32, shape (n,)
        How many outside words each has, at least 1.
    words : ndarray of int32, shape (number of pairs, 1 + K)
        For each outside word: itself, and its K negative samples.
    """

    centers: np.ndarray
    counts: np.ndarray
    words: np.ndarray

    def __len__(self):
        return len(self.centers)

    def batches(self, size):
        """Cut into batches, in order.

        Parameters
        ----------
        size : int
            Number of windows of each batch.

        Yields
        ------
        Windows
            A batch; nothing is copied.
        """
        ends = np.concatenate(([0], np.cumsum(self.counts)))[::size].tolist()
        for i, (first, end) in enumerate(pairwise(ends)):
            part = slice(i * size, (i + 1) * size)
            yield Windows(self.centers[part], self.counts[part], self.words[first:end])


class WindowSampler:
    """Draws windows as ``random.randint(1, window)``, get_random_context, get_negative_samples do.

    Parameters
    ----------
    word_ids : ndarray of int32, shape (M,)
        The words of the corpus.
    starts : ndarray of int, shape (S + 1,)
        Sentence s is ``word_ids[starts[s]:starts[s + 1]]``.
    table : ndarray of int32, shape (tablesize,)
        What negative samples are drawn from.
    window : int
        Largest window size.
    negatives : int
        Number K of negative samples for an outside word.
    """

    def __init__(self, word_ids, starts, table, window, negatives):
        self.word_ids, self.starts, self.lengths = word_ids, starts[:-1], np.diff(starts)
        self.table, self.window, self.negatives = table, window, negatives
        self._shift_for = np.array([_shift(n) for n in range(self.lengths.max() + 1)], np.uint32)
        self._words_per_window = 5.0 * negatives

    def draw(self, n, first_size=0):
        """Draw windows, and leave Python's ``random`` behind the last of them.

        Parameters
        ----------
        n : int
            How many.
        first_size : int, default 0
            Size of the first window if that has been drawn already.

        Returns
        -------
        Windows
            The windows.
        """
        blocks = []
        while n > 0:
            block = self._draw_up_to(n, first_size)
            if not len(block):  # one window needs more than the whole block has
                self._words_per_window *= 2
                continue
            blocks.append(block)
            n, first_size = n - len(block), 0
        columns = zip(*((b.centers, b.counts, b.words) for b in blocks), strict=True)
        return blocks[0] if len(blocks) == 1 else Windows(*map(np.concatenate, columns))

    def _draw_up_to(self, n, first_size):
        stream = PythonStream()
        size = int(1.02 * n * self._words_per_window) + 2000
        block = _Block(self, stream.words(size))
        begins, windows = block.chain_from_start(n, first_size)
        if begins:
            used = block.ends[begins[-1]]
            self._words_per_window = used / len(begins)
            stream.advance(int(used))
        return windows


class _Block:
    """The windows that begin anywhere in a block of the random stream, as far as they are needed.

    A place in the block is where a word of the stream is. A window that would go on behind the
    last of them ends at ``beyond`` and does not count.
    """

    def __init__(self, sampler, words):
        self.sampler, self.size, self.beyond = sampler, len(words), len(words) + 2
        self.words = np.append(words, np.uint32(0))  # 0 is a draw that everything accepts
        draws = self.words >> _shift(len(sampler.table))
        accepted = draws < len(sampler.table)
        self.accepted_at = np.flatnonzero(accepted).astype(np.int32)
        self.accepted_before = np.cumsum(accepted, dtype=np.int32) - accepted
        self.negatives = sampler.table.take(draws[self.accepted_at])
        self.ends = np.zeros(self.beyond + 1, np.int32)  # of the window that begins here, if known
        self.ends[self.beyond] = self.beyond
        self.number = np.zeros(self.beyond + 1, np.int32)  # of the window that begins here
        self.windows, self.count = [], 0

    def chain_from_start(self, n, first_size):
        """Give begins and windows of the first n of the chain, or of all in the block if fewer."""
        chains = max(1, self.size // WORDS_PER_CHAIN)
        borders = np.arange(1, chains + 1) * self.size // chains
        begins = np.concatenate(([0], borders[:-1]))
        sizes = np.zeros(chains, np.int64)
        sizes[0] = first_size
        while len(begins):
            border = borders[np.searchsorted(borders, begins, side="right")]
            begins = self._follow(begins, sizes, border)
            sizes = np.zeros(len(begins), np.int64)

        chain, place, ends = [], 0, memoryview(self.ends)
        while len(chain) < n and 0 < ends[place] < self.beyond:
            chain.append(place)
            place = ends[place]
        chosen = self.number[chain]
        centers, counts, words = map(np.concatenate, zip(*self.windows, strict=True))
        firsts = np.cumsum(counts) - counts
        rows = _ranges(firsts[chosen], counts[chosen])
        return chain, Windows(centers[chosen], counts[chosen], words[rows])

    def _follow(self, begins, sizes, borders):
        """Follow chains until they come to known windows or over their borders; give these."""
        places, over = begins.copy(), []
        while len(begins):
            places, centers, counts, words, used = self._draw_windows(places, sizes)
            # without an outside word, a chain draws a sentence and a word again
            done = np.flatnonzero((counts > 0) | (places > self.size))
            last = self.accepted_before.take(places[done], mode="clip") + used[done] - 1
            ends = self.accepted_at.take(last, mode="clip") + 1
            ends[(ends > self.size) | (places[done] > self.size)] = self.beyond
            self.ends[begins[done]] = ends
            self.number[begins[done]] = self.count + np.arange(len(done))
            self.windows.append((centers[done], counts[done], words))
            self.count += len(done)

            begins[done] = places[done] = ends
            sizes[done] = 0
            known = (sizes == 0) & (self.ends[begins] > 0)
            left = (sizes == 0) & (begins >= borders)
            over.append(begins[left & ~known & (begins < self.size)])
            stay = ~(known | left)
            begins, places, sizes, borders = (a[stay] for a in (begins, places, sizes, borders))
        return np.unique(np.concatenate(over))

    def _draw_windows(self, places, sizes):
        """Draw a window at each place; new sizes, where `sizes` is 0, are put there."""
        sampler, new = self.sampler, np.flatnonzero(sizes == 0)
        sizes[new], places[new] = self._draw_below(sampler.window, places[new])
        sizes[new] += 1
        sentences, places = self._draw_below(len(sampler.lengths), places)
        lengths, starts = sampler.lengths[sentences], sampler.starts[sentences]
        positions, places = self._draw_each_below(lengths, places)

        centers = sampler.word_ids[starts + positions]
        first = np.maximum(positions - sizes, 0)
        spans = np.minimum(positions + sizes + 1, lengths) - first
        chains = np.repeat(np.arange(len(places)), spans)
        outside = sampler.word_ids[_ranges(starts + first, spans)]
        differs = outside != centers[chains]
        outside, chains = outside[differs], chains[differs]
        counts = np.bincount(chains, minlength=len(places)).astype(np.int32)
        return places, centers, counts, *self._draw_negatives(places, outside, chains, counts)

    def _draw_below(self, bound, places):
        """Draw a number below the bound at each place, as ``random.randint`` does."""
        shift, places = _shift(bound), np.minimum(places, self.size)
        drawn = self.words[places] >> shift
        again = np.flatnonzero(drawn >= bound)
        while len(again):
            places[again] += 1
            drawn[again] = self.words[places[again]] >> shift
            again = again[drawn[again] >= bound]
        return drawn, places + 1

    def _draw_each_below(self, bounds, places):
        """Draw a number below each one's own bound."""
        shifts, places = self.sampler._shift_for[bounds], np.minimum(places, self.size)
        drawn = self.words[places] >> shifts
        again = np.flatnonzero(drawn >= bounds)
        while len(again):
            places[again] += 1
            drawn[again] = self.words[places[again]] >> shifts[again]
            again = again[drawn[again] >= bounds[again]]
        return drawn.astype(np.int64), places + 1

    def _draw_negatives(self, places, outside, chains, counts):
        """Draw the negative samples; give the words, and how many draws each chain used up."""
        K = self.sampler.negatives
        begins = self.accepted_before.take(places, mode="clip")
        rows = np.repeat(begins - K * (np.cumsum(counts) - counts), counts)
        rows += K * np.arange(len(rows))
        words = np.empty((len(outside), 1 + K), np.int32)
        words[:, 0] = outside
        words[:, 1:] = self.negatives.take(rows[:, None] + np.arange(K), mode="clip")
        used = K * counts.astype(np.int64)
        equal = (words[:, 1:] == outside[:, None]).any(axis=1)
        if equal.any():
            hit = np.zeros(len(counts), bool)
            hit[chains[equal]] = True
            again = np.flatnonzero(hit[chains])
            words[again, 1:], used[hit] = self._draw_around(
                begins[hit], outside[again], counts[hit]
            )
        return words, used

    def _draw_around(self, begins, outside, counts):
        """Draw negative samples where some draw is equal to its outside word and does not count."""
        K, firsts = self.sampler.negatives, np.cumsum(counts) - counts
        rows, width = np.repeat(begins, counts), K + 4
        while True:
            which = rows[:, None] + np.arange(width)
            draws = self.negatives.take(which, mode="clip")
            good = (draws != outside[:, None]) | (which >= len(self.negatives))
            so_far = np.cumsum(good, axis=1)
            lengths = (so_far < K).sum(axis=1) + 1
            if lengths.max() > width:
                width *= 2
                continue
            before = np.cumsum(lengths) - lengths
            expected = np.repeat(begins - before[firsts], counts) + before
            if np.array_equal(rows, expected):  # every row begins where the one before it ends
                negatives = draws[good & (so_far <= K)].reshape(-1, K)
                return negatives, np.add.reduceat(lengths, firsts)
            rows = expected


def _shift(bound):
    """Give how many low bits ``random.randint`` drops of a word to draw a number below a bound."""
    return np.uint32(32 - int(bound).bit_length())


def _ranges(starts, lengths):
    """Concatenate ranges of whole numbers."""
    firsts = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) + np.repeat(starts - firsts, lengths)
