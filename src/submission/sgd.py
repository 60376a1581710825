"""Stochastic gradient descent. Notation: see the package, ``submission``."""

import random

from utils import ANNEAL_EVERY, SAVE_EVERY
from utils.checkpoint import load_checkpoint, save_checkpoint


def sgd(f, x0, step, iterations, postprocessing=None, use_saved=False, PRINT_EVERY=10):
    """Minimise f by steps against its gradient.

    One iteration evaluates f once and updates x once; every 20,000 iterations the step is halved::

        loss, grad = f(x)             x <- postprocessing(x - step * grad)

    With `use_saved`, x, the step and Python's random state are saved every 5,000 iterations in
    ``saved_sgd.npz`` in the working directory, and a later call goes on from there to exactly the
    same result. For that, seed `random` and make `x0` as for the first call: f may build things
    with random numbers at its first call, as the treebank does with its corpus, so a call that
    goes on first evaluates f at `x0`, as the first iteration did.

    Parameters
    ----------
    f : callable
        f(x) returns the loss at x, a float, and its gradient, in the shape of x.
    x0 : float or ndarray of float, any shape
        Where to start.
    step : float
        Step size, also called learning rate.
    iterations : int
        Number of iterations in all, including those before a save.
    postprocessing : callable, optional
        Applied to x after every update, to normalise it for example.
    use_saved : bool, default False
        Save, and go on from the last save if there is one.
    PRINT_EVERY : int, default 10
        Iterations between two printed lines with the smoothed loss: at first the loss itself, then
        0.95 of the value printed last and 0.05 of the present loss.

    Returns
    -------
    float or ndarray of float, shape of `x0`
        x after the last iteration.

    Raises
    ------
    utils.utils.InputError
        If ``saved_sgd.npz`` is damaged, holds another shape than that of `x0`, or was saved after
        more than `iterations` iterations.

    Examples
    --------
    >>> x = sgd(lambda x: (x**2, 2 * x), 0.5, step=0.1, iterations=100, PRINT_EVERY=50)
    iter 50: 0.000000
    iter 100: 0.000000
    >>> abs(x) < 1e-9
    True
    """
    x, start, smoothed_loss = x0, 0, None
    if use_saved and (saved := load_checkpoint()):
        saved.check_fits(x0, iterations)
        f(x0)
        x, start, step, smoothed_loss = saved.x, saved.iteration, saved.step, saved.smoothed_loss
        random.setstate(saved.random_state)

    for iteration in range(start + 1, iterations + 1):
        ### START_CODE_HERE ###
        loss, grad = f(x)
        x = x - step * grad
        if postprocessing is not None:
            x = postprocessing(x)
        ### END_CODE_HERE ###

        if iteration % PRINT_EVERY == 0:
            smoothed_loss = loss if smoothed_loss is None else 0.95 * smoothed_loss + 0.05 * loss
            print(f"iter {iteration}: {smoothed_loss:f}")
        if iteration % ANNEAL_EVERY == 0:
            step *= 0.5
        if use_saved and iteration % SAVE_EVERY == 0:
            save_checkpoint(x, iteration, step, smoothed_loss)
    return x
