"""The Stanford Sentiment Treebank as a source of words, windows and labelled sentences."""

import random
from bisect import bisect_left
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from .sampling import negative_table, subsample
from .treebank_files import SENTENCES, find_treebank, read_sentences, read_split, sentence_labels
from .utils import InputError
from .windows import WindowSampler

REPEAT = 30  # times that the treebank is subsampled to make the corpus
THRESHOLD = 1e-5  # words more frequent than this are dropped at random


class StanfordSentiment:
    """The treebank: its words, random windows of them, and its sentences with their sentiment.

    Methods work in any order; files are read once. Where random numbers are drawn, they are from
    Python's ``random``: after the same seed, the same calls give the same words.

    Parameters
    ----------
    path : str or Path, optional
        Folder with datasetSentences.txt and, for the sentiment, datasetSplit.txt, dictionary.txt
        and sentiment_labels.txt. By default the real treebank if `make data` has put it there,
        else the sample.
    tablesize : int, default 1000000
        Number of entries of the table that negative samples are drawn from.

    Raises
    ------
    utils.utils.InputError
        If a file is missing or wrong; the message names file and line.
    """

    def __init__(self, path=None, tablesize=1000000):
        self.path = find_treebank() if path is None else Path(path)
        self.tablesize = tablesize
        self._texts = read_sentences(self.path)
        self._sentences = [text.lower().split() for text in self._texts]
        self._tokens = {}
        for sentence in self._sentences:
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

    # Windows and negative samples, for word vectors

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

        It is the treebank 30 times over, frequent words dropped at random (`reject_prob`),
        sentences left with fewer than two words left out.

        Returns
        -------
        list of list of str
            The words of each sentence.
        """
        return self._corpus_sentences

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

    # Sentiment, for a classifier

    def sent_labels(self):
        """Give the sentiment of each sentence.

        Returns
        -------
        ndarray of float, shape (number of sentences,)
            0 is very negative, 1 very positive.
        """
        return self._labels

    def dataset_split(self):
        """Give the treebank's split of the sentences.

        Returns
        -------
        list of list of int
            Positions in `sentences()` of those for training, test and development.
        """
        return self._split

    def categorify(self, label):
        """Give the class of a sentiment: 0..4 with upper bounds 0.2, 0.4, 0.6, 0.8 and 1.

        Parameters
        ----------
        label : float
            Sentiment in 0..1.

        Returns
        -------
        int
            0 very negative, 1 negative, 2 neutral, 3 positive, 4 very positive.

        Raises
        ------
        ValueError
            If the label is not in 0..1.
        """
        if not 0 <= label <= 1:
            raise ValueError(f"a sentiment lies in 0..1, not {label}")
        return bisect_left((0.2, 0.4, 0.6, 0.8), label)

    def get_split_sentences(self, split=0):
        """Give the sentences of one part of the split with their classes.

        Parameters
        ----------
        split : int, default 0
            0 for training, 1 for test, 2 for development.

        Returns
        -------
        list of (list of str, int)
            The words of each sentence, and its class 0..4.
        """
        return [self._labelled(position) for position in self.dataset_split()[split]]

    def get_train_sentences(self):
        """Give the labelled sentences for training, as `get_split_sentences` does."""
        return self.get_split_sentences(0)

    def get_test_sentences(self):
        """Give the labelled sentences for the final test, as `get_split_sentences` does."""
        return self.get_split_sentences(1)

    def get_dev_sentences(self):
        """Give the labelled sentences for choosing a model, as `get_split_sentences` does."""
        return self.get_split_sentences(2)

    def get_random_train_sentence(self):
        """Draw a training sentence.

        Returns
        -------
        sentence : list of str
            Its words.
        category : int
            Its class 0..4.
        """
        positions = self.dataset_split()[0]
        return self._labelled(positions[random.randint(0, len(positions) - 1)])

    # What the methods above compute once

    def _labelled(self, position):
        return self._sentences[position], self.categorify(self._labels[position])

    @cached_property
    def _labels(self):
        return sentence_labels(self.path, self._texts)

    @cached_property
    def _split(self):
        return read_split(self.path, len(self._sentences))

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
                f"{self.path / SENTENCES} gives no window to train on: no sentence has two "
                "different words, or the text is so small that dropping frequent words left none. "
                "Name another treebank with --data DIR, or run 'make data'."
            )
        return words, starts

    @cached_property
    def _corpus_sentences(self):
        words, starts = self._corpus
        return [words[start:end] for start, end in pairwise(starts)]
