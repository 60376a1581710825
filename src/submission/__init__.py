"""Word2vec by skip-gram: the functions of the assignment.

A word is known by the company it keeps. Skip-gram gives every word two vectors, one for when it
is the center of a window and one for when it stands outside of the center, and moves them until
the center vectors predict the words around them.

Notation, the handout's:

======  ==========================================================================
V       number of words in the vocabulary; a word is an index 0 .. V-1
d       length of a word vector
c, o    a center word, and a word outside of it in the same window
v_c     center vector of c: row c of ``center_word_vectors``, shape (V, d)
u_o     outside vector of o: row o of ``outside_vectors``, shape (V, d), called U
y       the truth: one-hot vector with a 1 at o, shape (V,)
y_hat   the prediction: y_hat[w] = P(O = w | C = c), shape (V,)
K       number of negative samples w_1 .. w_K for one outside word
m       largest distance of an outside word from its center
J       a loss; dJ/dx has the shape of x
======  ==========================================================================

The handout writes vectors as columns; here they are rows, as NumPy likes them, so that its
``U (y_hat - y)`` reads ``(y_hat - y) @ U``.

Read in this order: `sigmoid`, `naive_softmax_loss_and_gradient`, its cheaper relative
`neg_sampling_loss_and_gradient`, `skipgram`, `word2vec_sgd_wrapper`, and `sgd`.
"""

from .sgd import sgd
from .word2vec import (
    get_negative_samples,
    naive_softmax_loss_and_gradient,
    neg_sampling_loss_and_gradient,
    sigmoid,
    skipgram,
    word2vec_sgd_wrapper,
)

__all__ = [
    "get_negative_samples",
    "naive_softmax_loss_and_gradient",
    "neg_sampling_loss_and_gradient",
    "sgd",
    "sigmoid",
    "skipgram",
    "word2vec_sgd_wrapper",
]
