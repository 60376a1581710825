"""A text as a source of words, windows and negative samples."""

import random
from functools import cached_property
from itertools import pairwise

import numpy as np

from .sampling import negative_table, subsample
from .utils import InputError
from .windows import WindowSampler

REPEAT = 30  # times that the text is subsampled to make the corpus
THRESHOLD = 1e-5  # words more frequent than this are dropped at random


class Corpus:
    """A text: its words, and random windows of them.

    Methods work in any order. Where random numbers are drawn, they are from Python's ``random``:
    after the same seed, the same calls give the same words.

    Parameters
    ----------
    sentences : list of list of str
        The words of each sentence.
    tablesize : int, default 1000000
        Number of entries of the table that negative samples are drawn from.
    name : str, default "the text"
        What messages call it.
    """

    def __init__(self, sentences, tablesize=1000000, name="the text"):
        self.tablesize, self.name = tablesize, name
        self._sentences = sentences
        self._tokens = {}
        for sentence in sentences:
            for word in sentence:
                self._tokens.setdefault(word, len(self._tokens))
        self._tokens["UNK"] = len(self._tokens)

    def tokens(self):
        """Give the vocabulary: words in order of first appearance, "UNK" last.

        Returns
        -------
        dict of str to int
            Index of each word.
        """
        return self._tokens

    def sentences(self):
        """Give the sentences.

        Returns
        -------
        list of list of str
            Their words, in lower case.
        """
        return self._sentences

    def num_sentences(self):
        """Count the sentences.

        Returns
        -------
        int
            Their number.
        """
        return len(self._sentences)

    def reject_prob(self):
        """Compute how probably a word is dropped from the corpus: the more so, the more frequent.

        With N words in all, r = max(0, 1 - sqrt(1e-5 N / frequency)).

        Returns
        -------
        ndarray of float, shape (V,)
            Probability r of each word.
        """
        frequency = self._frequency
        return np.maximum(0, 1 - np.sqrt(THRESHOLD * frequency.sum() / frequency))

    def all_sentences(self):
        """Give the corpus that windows are drawn from; the first call draws it.

        It is the text 30 times over, frequent words dropped at random (`reject_prob`),
        sentences left with fewer than two words left out.

        Returns
        -------
        list of list of str
            The words of each sentence.
        """
        return self._corpus_sentences

    def draw_corpus(self):
        """Draw the corpus now, unless it has been drawn."""
        _, _ = self._corpus

    def drop_corpus(self):
        """Forget the corpus, so that the next window, or `all_sentences`, draws it anew."""
        for cached in ("_corpus_ids", "_corpus", "_corpus_sentences"):
            self.__dict__.pop(cached, None)

    def window_sampler(self, window, negatives):
        """Make a sampler that draws windows and negative samples by the block.

        Parameters
        ----------
        window : int
            Largest window size.
        negatives : int
            Number K of negative samples for an outside word.

        Returns
        -------
        utils.windows.WindowSampler
            It draws what the methods below draw; the corpus must have been drawn.
        """
        return WindowSampler(*self._corpus_ids, self._table, window, negatives)

    def get_random_context(self, C=5):
        """Draw a window: a center word and the words around it that differ from it.

        Parameters
        ----------
        C : int, default 5
            Largest distance from the center, at least 1.

        Returns
        -------
        center : str
            The center word.
        context : list of str
            The outside words, at least one.
        """
        if C < 1:
            raise ValueError(f"a window must reach at least 1 word from its center, not {C}")
        words, starts = self._corpus
        while True:
            number = random.randint(0, len(starts) - 2)
            sentence = words[starts[number] : starts[number + 1]]
            position = random.randint(0, len(sentence) - 1)
            center = sentence[position]
            around = sentence[max(0, position - C) : position + C + 1]
            context = [word for word in around if word != center]
            if context:
                return center, context

    def sample_table(self):
        """Give the table of negative samples: each word as often as its frequency to the 0.75.

        Returns
        -------
        ndarray of int32, shape (tablesize,)
            Word indices in ascending order.
        """
        return self._table

    def sample_token_idx(self):
        """Draw a word from the table of negative samples.

        Returns
        -------
        int
            Its index.
        """
        return self._table_entries[random.randint(0, self.tablesize - 1)]

    @cached_property
    def _word_ids(self):
        ids = [self._tokens[word] for words in self._sentences for word in words]
        return np.array(ids, np.int32)

    @cached_property
    def _frequency(self):
        frequency = np.bincount(self._word_ids, minlength=len(self._tokens))
        frequency[self._tokens["UNK"]] = 1
        return frequency

    @cached_property
    def _table(self):
        return negative_table(self._frequency, self.tablesize)

    @cached_property
    def _table_entries(self):
        return memoryview(self._table)  # its entries are Python's ints, and quick to get at

    @cached_property
    def _corpus_ids(self):
        """All words of the corpus in a row, and where each sentence starts, with the end."""
        lengths = np.array([len(words) for words in self._sentences])
        return subsample(self._word_ids, lengths, self.reject_prob(), REPEAT)

    @cached_property
    def _corpus(self):
        """The same as Python's strings and numbers."""
        word_ids, starts = self._corpus_ids
        words = np.array(list(self._tokens), dtype=object)[word_ids].tolist()
        starts = starts.tolist()
        if not any(len(set(words[start:end])) > 1 for start, end in pairwise(starts)):
            raise InputError(
                f"{self.name} gives no window to train on: no sentence has two "
                "different words, or the text is so small that dropping frequent words left none. "
                "Name another treebank with --data DIR, or run 'make data'."
            )
        return words, starts

    @cached_property
    def _corpus_sentences(self):
        words, starts = self._corpus
        return [words[start:end] for start, end in pairwise(starts)]
