"""A text as a source of words, windows and negative samples."""

import random
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from sys import intern

import numpy as np

from .utils import InputError, read_text

REPEAT = 30  # times that the text is thinned to make the corpus
THINNING = 1e-5  # the handout's
EXPECTED = "Pass a file of text in UTF-8 or, in Python, sentences: strings, or lists of words."


class Corpus:
    """A text: its words, and random windows of them.

    Methods work in any order. Where random numbers are drawn, they are from Python's ``random``:
    after the same seed, the same calls give the same words.

    Parameters
    ----------
    text : str, Path, or iterable of (str or list of str)
        A file of plain UTF-8 text with a sentence a line, compressed (.gz) or not; or sentences,
        each a line of text or a list of words. Lines are put into lower case and split at white
        space; sentences without a word are left out.
    tablesize : int, default 1000000
        Number of entries of the table that negative samples are drawn from.
    name : str, optional
        What messages call the text; by default the file, or "the text".

    Attributes
    ----------
    thinning : float, default 1e-5
        Words that make up more of the text than this are dropped from the corpus at random; 1
        keeps all. `training.train` sets it; `drop_corpus` makes a change count.

    Raises
    ------
    utils.utils.InputError
        If there is no word, something that is not a word, or no such file.

    Examples
    --------
    >>> corpus = Corpus(["Rain and snow", "", "hail and rain"])
    >>> corpus.tokens()
    {'rain': 0, 'and': 1, 'snow': 2, 'hail': 3, 'UNK': 4}
    >>> corpus.frequency().tolist()
    [2, 2, 1, 1, 1]
    """

    def __init__(self, text, tablesize=1000000, name=None):
        self.name, self.tablesize, self.thinning = name or "the text", tablesize, THINNING
        if isinstance(text, str) and "\n" in text:
            text = text.split("\n")
        elif isinstance(text, (str, Path)):
            self.name = name or str(text)
            text = read_text(text, EXPECTED)
        try:
            lists = (map(intern, s.lower().split()) if isinstance(s, str) else s for s in text)
            self._sentences = [words for words in map(list, lists) if words]
            words = dict.fromkeys(word for sentence in self._sentences for word in sentence)
            wrong = [word for word in words if not isinstance(word, str) or word.split() != [word]]
        except TypeError as error:  # not iterable, or not hashable
            raise InputError(f"{self.name} is not text: {error}. {EXPECTED}") from None
        if wrong or not words:
            found = f"{wrong[0]!r} where a word is expected" if wrong else "no words"
            raise InputError(f"{self.name} has {found}. {EXPECTED}")
        words.pop("UNK", None)
        self._tokens = {word: i for i, word in enumerate([*words, "UNK"])}
        self._corpus = self._corpus_sentences = self._drawn = None

    def tokens(self):
        """Give the index of each word, in order of first appearance, "UNK" last.

        Returns
        -------
        dict of str to int
        """
        return self._tokens

    def frequency(self):
        """Count how often each word occurs in the text; "UNK" counts as one more word.

        Returns
        -------
        ndarray of int, shape (V,)
        """
        return self._frequency

    def sentences(self):
        """Give the words of each sentence.

        Returns
        -------
        list of list of str
        """
        return self._sentences

    def num_sentences(self):
        """Count the sentences.

        Returns
        -------
        int
        """
        return len(self._sentences)

    def reject_prob(self):
        """Compute how probably each word is dropped from the corpus.

        The more frequent, the more so: r = max(0, 1 - sqrt(thinning N / frequency)) for N words.

        Returns
        -------
        ndarray of float, shape (V,)
        """
        return np.maximum(0, 1 - np.sqrt(self.thinning * self._frequency.sum() / self._frequency))

    def all_sentences(self):
        """Give the corpus that windows are drawn from; the first call draws it.

        It is the text 30 times over, frequent words dropped at random (`reject_prob`),
        sentences left with fewer than two words left out.

        Returns
        -------
        list of list of str
        """
        if self._corpus_sentences is None:
            word_ids, starts = self.corpus_arrays()
            words = [self._words[i] for i in word_ids.tolist()]
            self._corpus_sentences = [words[i:j] for i, j in pairwise(starts.tolist())]
        return self._corpus_sentences

    def corpus_arrays(self):
        """Give the corpus as arrays: all its words; where each sentence begins, and the end."""
        if self._corpus is None:
            before = random.getstate(), self.thinning
            if self._drawn is None or self._drawn[0] != before:  # training draws it more than once
                self._drawn = before, *self._draw(before[0])
            _, self._corpus, after = self._drawn
            random.setstate(after)
        return self._corpus

    def drop_corpus(self):
        """Forget the corpus, so that the next window, or `all_sentences`, draws it anew."""
        self._corpus = self._corpus_sentences = None

    def get_random_context(self, C=5):
        """Draw a window: a center word and the words around it that differ from it.

        Parameters
        ----------
        C : int, default 5
            Largest distance from the center, at least 1.

        Returns
        -------
        center : str
        context : list of str
            The outside words, at least one.
        """
        if C < 1:
            raise ValueError(f"a window must reach at least 1 word from its center, not {C}")
        word_ids, starts = map(memoryview, self.corpus_arrays())  # of Python's own numbers
        while True:
            sentence = random.randint(0, len(starts) - 2)
            start, end = starts[sentence], starts[sentence + 1]
            position = start + random.randint(0, end - start - 1)
            center = word_ids[position]
            around = word_ids[max(start, position - C) : min(end, position + C + 1)]
            context = [self._words[i] for i in around if i != center]
            if context:
                return self._words[center], context

    def sample_table(self):
        """Give the table of negative samples: each word as often as its frequency to the 0.75.

        Entry i is the first word at which the words' shares, summed up and multiplied by the
        size of the table, reach i.

        Returns
        -------
        ndarray of int32, shape (tablesize,)
        """
        return self._table

    def sample_token_idx(self):
        """Draw the index of a word from the table of negative samples.

        Returns
        -------
        int
        """
        return self._table.item(random.randint(0, self.tablesize - 1))

    @cached_property
    def _words(self):
        return list(self._tokens)

    @cached_property
    def _word_ids(self):
        ids = [self._tokens[word] for words in self._sentences for word in words]
        return np.array(ids, np.int32)

    @cached_property
    def _frequency(self):
        frequency = np.bincount(self._word_ids, minlength=len(self._tokens))
        frequency[-1] += 1
        return frequency

    @cached_property
    def _table(self):
        share = self._frequency**0.75
        reached = np.cumsum(share / share.sum()) * self.tablesize
        table = np.searchsorted(reached, np.arange(self.tablesize)).astype(np.int32)
        if table[0] == table[-1]:
            raise InputError(
                f"{self.name} is nearly all {self._words[table[0]]!r}: no other word is in the "
                f"table of negative samples, of {self.tablesize:,} entries. Take another text."
            )
        return table

    def _draw(self, state):
        """Draw the corpus from a random state: a word with r > 0 stays if a number is not below r.

        Gives the arrays, and the random state afterwards.
        """
        lengths = np.array([len(words) for words in self._sentences])
        reject = self.reject_prob()[self._word_ids]
        at_risk = np.flatnonzero(reject > 0)
        reject = reject[at_risk]
        version, (*key, position), gauss = state
        stream = np.random.RandomState(0)  # the same Mersenne Twister as Python's
        stream.set_state(("MT19937", key, position))
        words, counts = [], []
        for _ in range(REPEAT):
            stays = np.ones(len(self._word_ids), bool)
            stays[at_risk] = stream.random_sample(len(at_risk)) >= reject
            left = np.add.reduceat(stays, np.cumsum(lengths) - lengths, dtype=int)
            words.append(self._word_ids[stays & np.repeat(left > 1, lengths)])
            counts.append(left[left > 1])
        _, key, position, *_ = stream.get_state()
        word_ids, starts = np.concatenate(words), np.cumsum(np.concatenate(([0], *counts)))
        differs = word_ids[1:] != word_ids[:-1]
        differs[starts[1:-1] - 1] = False  # from one sentence to the next
        if not differs.any():
            raise InputError(
                f"{self.name} gives no window to train on: of its {len(self._word_ids):,} words, "
                f"taken {REPEAT} times and thinned, no sentence with two different words is left. "
                "Keep more of the frequent words, thinning=1 keeps all, or take another text."
            )
        return (word_ids, starts), (version, (*key.tolist(), position), gauss)
