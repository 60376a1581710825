"""The Stanford Sentiment Treebank: a corpus whose sentences have a sentiment."""

import random
from bisect import bisect_left
from functools import cached_property
from pathlib import Path

from .corpus import Corpus
from .treebank_files import SENTENCES, find_treebank, read_sentences, read_split, sentence_labels


class StanfordSentiment(Corpus):
    """The treebank: a `Corpus` whose sentences have a sentiment. Each file is read once.

    Parameters
    ----------
    path : str or Path, optional
        Folder with datasetSentences.txt and, for the sentiment, datasetSplit.txt, dictionary.txt
        and sentiment_labels.txt. By default the real treebank if data/fetch.py has put it there,
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
        self._texts = read_sentences(self.path)
        super().__init__(self._texts, tablesize, str(self.path / SENTENCES))

    def sent_labels(self):
        """Give the sentiment of each sentence: 0 is very negative, 1 very positive."""
        return self._labels

    def dataset_split(self):
        """Give the positions of the sentences for training, for test and for development."""
        return self._split

    def categorify(self, label):
        """Give the class 0..4 of a sentiment; upper bounds are 0.2, 0.4, 0.6, 0.8 and 1."""
        if not 0 <= label <= 1:
            raise ValueError(f"a sentiment lies in 0..1, not {label}")
        return bisect_left((0.2, 0.4, 0.6, 0.8), label)

    def get_split_sentences(self, split=0):
        """List words and class of the sentences for training (0), test (1), development (2)."""
        return [self._labelled(position) for position in self.dataset_split()[split]]

    def get_train_sentences(self):
        """List words and class of each sentence for training."""
        return self.get_split_sentences(0)

    def get_test_sentences(self):
        """List words and class of each sentence for the final test."""
        return self.get_split_sentences(1)

    def get_dev_sentences(self):
        """List words and class of each sentence for choosing a model."""
        return self.get_split_sentences(2)

    def get_random_train_sentence(self):
        """Draw a training sentence: its words, and its class."""
        positions = self.dataset_split()[0]
        return self._labelled(positions[random.randint(0, len(positions) - 1)])

    def _labelled(self, position):
        return self._sentences[position], self.categorify(self._labels[position])

    @cached_property
    def _labels(self):
        return sentence_labels(self.path, self._texts)

    @cached_property
    def _split(self):
        return read_split(self.path, len(self._sentences))
