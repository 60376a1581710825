"""Neutral objects: a worker builds them from numbers, so that they carry nothing of the grader."""

import random
from dataclasses import dataclass

import numpy as np


@dataclass(eq=False)
class TableDataset:
    """A dataset that draws words from a table and windows from a few sentences.

    Attributes
    ----------
    table : list of int
        Word indices that negative samples are drawn from.
    sentences : list of list of str
        Sentences that windows are drawn from; each needs two different words.
    """

    table: list
    sentences: list

    def sample_token_idx(self):
        """Draw a word index."""
        return self.table[random.randint(0, len(self.table) - 1)]

    def get_random_context(self, C=5):
        """Draw a center word and the words at most C away from it, those equal to it left out."""
        while True:
            sentence = self.sentences[random.randint(0, len(self.sentences) - 1)]
            position = random.randint(0, len(sentence) - 1)
            center = sentence[position]
            around = sentence[max(0, position - C) : position + C + 1]
            if outside := [word for word in around if word != center]:
                return center, outside


@dataclass(eq=False)
class Quadratic:
    """The loss 0.5 * sum(a * (x - b)**2) and its gradient a * (x - b).

    Attributes
    ----------
    a, b : ndarray of float or float
        Curvatures and minimum.
    """

    a: np.ndarray
    b: np.ndarray

    def __call__(self, x):
        """Evaluate loss and gradient at x."""
        grad = self.a * (x - self.b)
        loss = 0.5 * grad * (x - self.b)
        return (loss if isinstance(loss, float) else float(np.sum(loss))), grad


@dataclass(eq=False)
class LinearLoss:
    """A loss of a pair (c, o) that is linear in all vectors: w[o] * (p . v_c + sum(A * U)).

    Attributes
    ----------
    w : ndarray of float, shape (V,)
        Weight of each outside word.
    p : ndarray of float, shape (d,)
        Gradient of the center vector, up to the weight.
    A : ndarray of float, shape (V, d)
        Gradient of the outside vectors, up to the weight.
    """

    w: np.ndarray
    p: np.ndarray
    A: np.ndarray

    def __call__(self, center_word_vec, outside_word_idx, outside_vectors, dataset):
        """Evaluate loss and gradients."""
        w = self.w[outside_word_idx]
        loss = float(w * (self.p @ center_word_vec + np.sum(self.A * outside_vectors)))
        return loss, w * self.p, w * self.A


KINDS = {kind.__name__: kind for kind in (TableDataset, Quadratic, LinearLoss)}
