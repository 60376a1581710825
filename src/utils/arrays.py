"""A training step as a few operations on arrays: the submission's arithmetic, all pairs at once."""

import numpy as np

try:
    # y += A x in place, for sparse A: SciPy has no public name for it that would not first make
    # an array of the size of the vocabulary.
    from scipy.sparse._sparsetools import csc_matvecs
except ImportError:
    csc_matvecs = None


def step_by_arrays(word_vectors, windows, step, with_loss=False):
    """Make one step of gradient descent in place, on negative sampling's mean loss of windows.

    For each pair of a center c and an outside word o with its negative samples w_1 .. w_K, with
    y = 1 for o and 0 for the others (equations 8 and 9)::

        dJ/dv_c = sum_i (sigma(u_i . v_c) - y_i) u_i       dJ/du_i = (sigma(u_i . v_c) - y_i) v_c

    Nothing made here has the size of the vocabulary.

    Parameters
    ----------
    word_vectors : ndarray of float, shape (2V, d), C-contiguous
        Center vectors in rows 0 .. V-1, outside vectors in rows V .. 2V-1; changed in place.
    windows : utils.windows.Windows
        The windows.
    step : float
        Step size.
    with_loss : bool, default False
        Whether to compute the loss.

    Returns
    -------
    float or None
        Mean loss of the windows before the step; None if not asked for.
    """
    V, n = len(word_vectors) // 2, len(windows)
    center_vectors, outside_vectors = word_vectors[:V], word_vectors[V:]
    ends = np.zeros(n + 1, np.int32)  # of each window's pairs; the first ends where it begins
    np.cumsum(windows.counts, out=ends[1:])
    v = center_vectors.take(windows.centers, axis=0)  # (n, d)
    v_of_pair = v.repeat(windows.counts, axis=0)[:, :, None]  # (pairs, d, 1)
    u = outside_vectors.take(windows.words, axis=0)  # (pairs, 1 + K, d)
    scores = np.matmul(u, v_of_pair)[:, :, 0]

    loss = None
    if with_loss:  # -log sigma(x) = log(1 + exp(-x)) = logaddexp(0, -x)
        loss = np.logaddexp(0, -scores[:, 0]).sum() + np.logaddexp(0, scores[:, 1:]).sum()
        loss = float(loss) / n

    error = 1 / (1 + np.exp(-scores))  # exp may overflow: 1 / (1 + inf) is the 0 it should be
    error[:, 0] -= 1
    error *= -step / n
    changes = np.add.reduceat(np.matmul(error[:, None, :], u)[:, 0], ends[:-1])
    add_products(outside_vectors, windows.words, error, ends, v)
    np.add.at(center_vectors, windows.centers, changes)
    return loss


def add_products(vectors, rows, factors, ends, columns):
    """Add ``factors[p, i]`` times a column to row ``rows[p, i]`` of vectors, for all p and i.

    Parameters
    ----------
    vectors : ndarray of float, shape (V, d), C-contiguous
        Changed in place.
    rows : ndarray of int32, shape (pairs, 1 + K)
        Rows to change; one may occur several times.
    factors : ndarray of float, shape (pairs, 1 + K)
        What columns are multiplied by.
    ends : ndarray of int32, shape (n + 1,)
        Column j belongs to the pairs ``ends[j] <= p < ends[j + 1]``.
    columns : ndarray of float, shape (n, d)
        Vectors to add multiples of.
    """
    if csc_matvecs is None:
        products = factors[:, :, None] * columns.repeat(np.diff(ends), axis=0)[:, None, :]
        np.add.at(vectors, rows, products)
    else:
        sparse = ends * np.int32(rows.shape[1]), rows.ravel(), factors.ravel()
        csc_matvecs(len(vectors), *columns.shape, *sparse, columns.ravel(), vectors.reshape(-1))
