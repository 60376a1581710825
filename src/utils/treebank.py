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
        """Give the sentiment of each sentence: 0 is very negative, 1 very positive.

        Returns
        -------
        ndarray of float, shape (number of sentences,)
        """
        return self._labels

    def dataset_split(self):
        """Give the positions in `sentences()` of those for training, test and development.

        Returns
        -------
        list of list of int
        """
        return self._split

    def categorify(self, label):
        """Give the class of a sentiment: 0..4 with upper bounds 0.2, 0.4, 0.6, 0.8 and 1.

        Parameters
        ----------
        label : float
            Sentiment; ValueError if it is not in 0..1.

        Returns
        -------
        int
            0 very negative, 1 negative, 2 neutral, 3 positive, 4 very positive.
        """
        if not 0 <= label <= 1:
            raise ValueError(f"a sentiment lies in 0..1, not {label}")
        return bisect_left((0.2, 0.4, 0.6, 0.8), label)

    def get_split_sentences(self, split=0):
        """Give the sentences of one part of the split, each with its class.

        Parameters
        ----------
        split : int, default 0
            0 for training, 1 for test, 2 for development.

        Returns
        -------
        list of (list of str, int)
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
        words : list of str
        category : int
            Its class 0..4.
        """
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
