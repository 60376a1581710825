"""The loss of a window and its gradients. Notation: see the package, ``submission``."""

import random

import numpy as np

from utils import BATCH_SIZE
from utils.utils import softmax


def sigmoid(x):
    """Squash numbers into (0, 1): sigma(x) = 1 / (1 + exp(-x)).

    Written with exp(-|x|), which is at most 1, so that no x overflows.

    Parameters
    ----------
    x : float or ndarray of float, any shape
        Scores.

    Returns
    -------
    float or ndarray of float
        sigma(x), elementwise, in the shape of `x`.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    ### START_CODE_HERE ###
    small = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0), 1, small) / (1 + small)
    ### END_CODE_HERE ###


def naive_softmax_loss_and_gradient(center_word_vec, outside_word_idx, outside_vectors, dataset):
    """Compute the naive softmax loss of one pair (c, o), and its gradients.

    The loss is the cross-entropy of the prediction against the truth (equations 2 and 5)::

        y_hat = softmax(U v_c)             J = -log y_hat[o]

    and its gradients are (equations 3 and 6)::

        dJ/dv_c = (y_hat - y) U            dJ/dU = (y_hat - y) v_c^T

    Parameters
    ----------
    center_word_vec : ndarray of float, shape (d,)
        Center vector v_c.
    outside_word_idx : int
        Index of the outside word o.
    outside_vectors : ndarray of float, shape (V, d)
        Outside vectors U, a row for each word.
    dataset : object
        Not used here: negative sampling draws words from it, and both losses are called alike.

    Returns
    -------
    loss : float
        J.
    grad_center_vec : ndarray of float, shape (d,)
        The gradient dJ/dv_c.
    grad_outside_vecs : ndarray of float, shape (V, d)
        The gradient dJ/dU.

    Examples
    --------
    >>> v_c, U = np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> loss, grad_center_vec, grad_outside_vecs = naive_softmax_loss_and_gradient(v_c, 0, U, None)
    >>> round(float(loss), 4), grad_center_vec.round(4)
    (0.3133, array([-0.2689,  0.2689]))
    """
    ### START_CODE_HERE ###
    scores = outside_vectors @ center_word_vec  # u_w . v_c for every word w, shape (V,)
    scores = scores - scores.max()  # changes no probability, and exp cannot overflow
    loss = np.log(np.exp(scores).sum()) - scores[outside_word_idx]

    error = softmax(scores)  # y_hat, and after the next line y_hat - y, shape (V,)
    error[outside_word_idx] -= 1
    grad_center_vec = error @ outside_vectors
    grad_outside_vecs = np.outer(error, center_word_vec)
    ### END_CODE_HERE ###
    return loss, grad_center_vec, grad_outside_vecs


def get_negative_samples(outside_word_idx, dataset, K):
    """Draw K words that are not the outside word.

    Parameters
    ----------
    outside_word_idx : int
        Index of the outside word o.
    dataset : object
        Its ``sample_token_idx()`` draws one word index.
    K : int
        Number of words to draw.

    Returns
    -------
    list of int
        The indices of w_1 .. w_K: none equals o, a word may occur more than once.
    """
    negatives = []
    while len(negatives) < K:
        word = dataset.sample_token_idx()
        if word != outside_word_idx:
            negatives.append(word)
    return negatives


def neg_sampling_loss_and_gradient(
    center_word_vec, outside_word_idx, outside_vectors, dataset, K=10
):
    """Compute the negative sampling loss of one pair (c, o), and its gradients.

    Instead of comparing o with the whole vocabulary, tell it apart from K words w_k drawn at
    random (equation 8)::

        J = -log sigma(u_o . v_c) - sum_k log sigma(-u_k . v_c)

    With y = 1 for o and y = 0 for each w_k, all gradients have the shape of the softmax's::

        dJ/dv_c = sum_i (sigma(u_i . v_c) - y_i) u_i       dJ/du_i = (sigma(u_i . v_c) - y_i) v_c

    where i runs over o, w_1 .. w_K. A word drawn twice counts twice.

    Parameters
    ----------
    center_word_vec : ndarray of float, shape (d,)
        Center vector v_c.
    outside_word_idx : int
        Index of the outside word o.
    outside_vectors : ndarray of float, shape (V, d)
        Outside vectors U, a row for each word.
    dataset : object
        Its ``sample_token_idx()`` draws one word index.
    K : int, default 10
        Number of negative samples.

    Returns
    -------
    loss : float
        J.
    grad_center_vec : ndarray of float, shape (d,)
        The gradient dJ/dv_c.
    grad_outside_vecs : ndarray of float, shape (V, d)
        The gradient dJ/dU: zero except in the rows of o and of the words drawn.
    """
    words = [outside_word_idx, *get_negative_samples(outside_word_idx, dataset, K)]
    vectors = outside_vectors[words]  # u_o, u_1 .. u_K, shape (K+1, d)
    scores = vectors @ center_word_vec
    truth = np.zeros(K + 1)
    truth[0] = 1

    # -log sigma(x) = log(1 + exp(-x)) = logaddexp(0, -x)
    loss = np.logaddexp(0, -scores[0]) + np.logaddexp(0, scores[1:]).sum()
    error = sigmoid(scores) - truth
    grad_center_vec = error @ vectors
    grad_outside_vecs = np.zeros(outside_vectors.shape)
    np.add.at(grad_outside_vecs, words, np.outer(error, center_word_vec))
    return loss, grad_center_vec, grad_outside_vecs


def skipgram(
    current_center_word,
    window_size,
    outside_words,
    word2ind,
    center_word_vectors,
    outside_vectors,
    dataset,
    word2vec_loss_and_gradient=neg_sampling_loss_and_gradient,
):
    """Sum loss and gradients over the outside words of one window.

    The loss of a window is that of all its pairs (equation 9), and so are the gradients::

        J_skip-gram = sum over o of J(v_c, o, U)

    Only the center word's own center vector takes part: dJ/dv_w = 0 for every other word w.

    Parameters
    ----------
    current_center_word : str
        The center word c.
    window_size : int
        Largest distance m of an outside word; not needed, as `outside_words` holds just these.
    outside_words : list of str
        Words around c; one that occurs twice counts twice.
    word2ind : dict of str to int
        Index of each word.
    center_word_vectors : ndarray of float, shape (V, d)
        Center vectors, a row for each word.
    outside_vectors : ndarray of float, shape (V, d)
        Outside vectors U, a row for each word.
    dataset : object
        Passed on to the loss.
    word2vec_loss_and_gradient : callable
        The loss J of one pair: `naive_softmax_loss_and_gradient` or
        `neg_sampling_loss_and_gradient`.

    Returns
    -------
    loss : float
        J_skip-gram.
    grad_center_vecs : ndarray of float, shape (V, d)
        Gradient with respect to the center vectors: zero except in the row of c.
    grad_outside_vectors : ndarray of float, shape (V, d)
        Gradient with respect to U.
    """
    loss = 0.0
    grad_center_vecs = np.zeros(center_word_vectors.shape)
    grad_outside_vectors = np.zeros(outside_vectors.shape)
    ### START_CODE_HERE ###
    c = word2ind[current_center_word]
    for word in outside_words:
        loss_of_pair, grad_center_vec, grad_outside_vecs = word2vec_loss_and_gradient(
            center_word_vectors[c], word2ind[word], outside_vectors, dataset
        )
        loss += loss_of_pair
        grad_center_vecs[c] += grad_center_vec
        grad_outside_vectors += grad_outside_vecs
    ### END_CODE_HERE ###
    return loss, grad_center_vecs, grad_outside_vectors


def word2vec_sgd_wrapper(
    word2vec_model,
    word2ind,
    word_vectors,
    dataset,
    window_size,
    word2vec_loss_and_gradient=neg_sampling_loss_and_gradient,
):
    """Compute mean loss and gradient over 50 windows drawn at random: one step's work for `sgd`.

    Parameters
    ----------
    word2vec_model : callable
        The loss of one window: `skipgram`.
    word2ind : dict of str to int
        Index of each word.
    word_vectors : ndarray of float, shape (2V, d)
        All parameters: center vectors in rows 0 .. V-1, outside vectors in rows V .. 2V-1.
    dataset : object
        Its ``get_random_context(size)`` draws a center word and its outside words.
    window_size : int
        Each window's size is drawn from 1 .. `window_size`.
    word2vec_loss_and_gradient : callable
        The loss of one pair, passed to the model.

    Returns
    -------
    loss : float
        Mean loss of the windows.
    grad : ndarray of float, shape (2V, d)
        Its gradient with respect to `word_vectors`.
    """
    V = len(word_vectors) // 2
    loss, grad = 0.0, np.zeros(word_vectors.shape)
    for _ in range(BATCH_SIZE):
        size = random.randint(1, window_size)
        center_word, outside_words = dataset.get_random_context(size)
        loss_of_window, grad_center_vecs, grad_outside_vectors = word2vec_model(
            center_word,
            size,
            outside_words,
            word2ind,
            word_vectors[:V],
            word_vectors[V:],
            dataset,
            word2vec_loss_and_gradient,
        )
        loss += loss_of_window
        grad[:V] += grad_center_vecs
        grad[V:] += grad_outside_vectors
    return loss / BATCH_SIZE, grad / BATCH_SIZE
