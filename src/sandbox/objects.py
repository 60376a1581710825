"""Neutral objects: a worker builds them from numbers, so that they carry nothing of the grader.

Each keeps a record of its calls in the worker. It comes back with the result of the submission's
call, as the attribute `record` of the grader's own object: a stranger's word, to be checked.
"""

import operator
import random
from dataclasses import dataclass, field

import numpy as np

MAX_RECORD = 5_000  # calls
MAX_NUMBERS = 500_000  # in all x that a quadratic records


@dataclass(eq=False)
class Neutral:
    """A base: what is handed over is all attributes but the record."""

    record: list = field(init=False, repr=False, default_factory=list)
    called = ""  # as a function: the name of the parameter that it is given for
    __name__ = property(lambda self: self.called)

    def __init_subclass__(cls):
        if cls.called:
            cls.__call__.__qualname__ = cls.called  # which Python's own messages tell

    def details(self):
        """Give what a worker builds it from."""
        return {name: value for name, value in vars(self).items() if name != "record"}

    def note(self, call):
        """Record a call."""
        if len(self.record) < MAX_RECORD:
            self.record.append(call)

    def packed(self):
        """Give the record as it is sent."""
        return self.record


@dataclass(eq=False)
class TableDataset(Neutral):
    """A dataset that draws words from a table and windows from sentences of two or more words."""

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
class Quadratic(Neutral):
    """The loss 0.5 * sum(a * (x - b)**2) and its gradient a * (x - b); it records each x."""

    called = "f"
    a: np.ndarray
    b: np.ndarray

    def __call__(self, x):
        """Evaluate loss and gradient at x."""
        shape, expected = getattr(x, "shape", ()), np.shape(self.a)
        if shape != expected:  # what broadcasts would cost time and memory
            raise ValueError(f"f is given an x of shape {shape}, expected {expected}")
        grad = self.a * (x - self.b)
        loss = 0.5 * grad * (x - self.b)
        if len(self.record) * getattr(x, "size", 1) < MAX_NUMBERS:
            self.record.append(np.array(x, float) if shape else float(x))
        return (loss if isinstance(loss, float) else float(np.sum(loss))), grad

    def packed(self):
        """Give the record as one array, as a long one is sent best."""
        return np.array(self.record)


@dataclass(eq=False)
class Postprocessing(Neutral):
    """Takes x to scale * x + shift, or to the absolute value of that; it records a True a call."""

    called = "postprocessing"
    scale: float = 1.0
    shift: float = 0.0
    absolute: bool = False

    def __call__(self, x):
        """Give a new x."""
        self.note(True)
        moved = self.scale * x + self.shift
        return abs(moved) if self.absolute else moved


@dataclass(eq=False)
class LinearLoss(Neutral):
    """A loss of a pair (c, o) that is linear in all vectors: w[o] * (p . v_c + sum(A * U)).

    The gradients, up to the weight w[o], are p of shape (d,) and A of shape (V, d). It records the
    outside word.
    """

    called = "word2vec_loss_and_gradient"
    w: np.ndarray
    p: np.ndarray
    A: np.ndarray
    dataset: TableDataset

    def __call__(self, center_word_vec, outside_word_idx, outside_vectors, dataset):
        """Evaluate loss and gradients."""
        if dataset is not self.dataset:
            raise TypeError("word2vec_loss_and_gradient must be given the dataset that skipgram is")
        o = operator.index(outside_word_idx)
        self.note(o)
        loss = float(self.w[o] * (self.p @ center_word_vec + np.sum(self.A * outside_vectors)))
        return loss, self.w[o] * self.p, self.w[o] * self.A


@dataclass(eq=False)
class ProductModel(Neutral):
    """Stands in for skip-gram: the loss is window_size * sum(v_c . u_o for outside words o)."""

    called = "word2vec_model"
    dataset: TableDataset
    loss: object

    def __call__(
        self,
        current_center_word,
        window_size,
        outside_words,
        word2ind,
        center_word_vectors,
        outside_vectors,
        dataset,
        word2vec_loss_and_gradient,
    ):
        """Evaluate loss and gradients."""
        if dataset is not self.dataset or word2vec_loss_and_gradient is not self.loss:
            raise TypeError("word2vec_model must be given dataset and loss function of the wrapper")
        c, words = word2ind[current_center_word], [word2ind[word] for word in outside_words]
        centers, outsides = np.zeros(center_word_vectors.shape), np.zeros(outside_vectors.shape)
        centers[c] = window_size * outside_vectors[words].sum(axis=0)
        np.add.at(outsides, words, window_size * center_word_vectors[c])
        return float(centers[c] @ center_word_vectors[c]), centers, outsides


KINDS = {kind.__name__: kind for kind in Neutral.__subclasses__()}
