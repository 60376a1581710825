"""The training run by arrays, which stand in for a submission's functions once these are checked.

The same draws in the same order from the same stream, and the same arithmetic, up to rounding.
"""

import random

import numpy as np

from .ahead import ahead
from .arrays import step_by_arrays
from .checking import ANNEAL_EVERY, DifferenceError, check_rare_cases, check_sgd, check_step
from .checkpoint import save_checkpoint

BATCH_SIZE = 50  # windows a step
CHECKED = 4  # steps checked at the start, and as many at the end
BLOCK = 1_000  # steps whose windows are drawn at once; divides SAVE_EVERY
SAVE_EVERY = 5_000


def train_by_arrays(run, saved, watch):
    """Train by arrays, checking on the way that the submission's functions do the same.

    Parameters
    ----------
    run : utils.training.Run
        What to train with, on and by; at least eight iterations are left.
    saved : utils.checkpoint.Checkpoint or None
        State to go on from, or None to start.
    watch : utils.training.Watch
        Follows the loss.

    Returns
    -------
    ndarray of float, shape (2V, d)
        Center vectors in rows 0 .. V-1, outside vectors in rows V .. 2V-1.

    Raises
    ------
    DifferenceError
        If the submission's functions do not do what the arrays do.
    """
    settings, treebank = run.settings, run.treebank
    check_sgd(run.submission.sgd, settings.step, settings.iterations)
    check_rare_cases(run.loss_of, settings)

    word_vectors, iteration = run.start(), 0
    before = random.getstate()
    first_size = random.randint(1, settings.window)
    treebank.draw_corpus()
    dataset = _AfterCorpus(treebank, random.getstate())
    if saved:
        word_vectors, iteration = saved.x.copy(), saved.iteration
        before, first_size, dataset = saved.random_state, 0, treebank
        random.setstate(before)
    words, f = list(treebank.tokens()), run.loss_of(dataset, treebank.tokens())

    blocks = _draw_blocks(treebank, settings, iteration, first_size)
    with ahead(blocks) as blocks, np.errstate(all="ignore"):  # a loss that is not finite stops
        for windows in blocks:
            after = random.getstate()
            if len(windows) == BATCH_SIZE:
                random.setstate(before)
                check_step(f, words, word_vectors, windows, f"in step {iteration + 1:,}")
                if random.getstate() != after:
                    raise DifferenceError(f"in step {iteration + 1:,} other windows are drawn")
            for batch in windows.batches(BATCH_SIZE):
                step = settings.step * 0.5 ** (iteration // ANNEAL_EVERY)
                iteration += 1
                loss = step_by_arrays(word_vectors, batch, step, watch.wants(iteration))
                watch.see(iteration, loss)
            if run.saves and iteration % SAVE_EVERY == 0:
                step = settings.step * 0.5 ** (iteration // ANNEAL_EVERY)
                save_checkpoint(word_vectors, iteration, step, watch.smoothed_loss)
            before = after
    return word_vectors


def _draw_blocks(treebank, settings, iteration, first_size):
    """Draw the windows of the steps that are left, steps to be checked by themselves."""
    sampler = treebank.window_sampler(settings.window, settings.negatives)
    checked, end = iteration + CHECKED, settings.iterations
    while iteration < end:
        steps = 1
        if checked <= iteration < end - CHECKED:
            steps = min(BLOCK - iteration % BLOCK, end - CHECKED - iteration)
        yield sampler.draw(steps * BATCH_SIZE, first_size)
        iteration, first_size = iteration + steps, 0


class _AfterCorpus:
    """The treebank; the first window drawn finds Python's ``random`` where the corpus left it."""

    def __init__(self, treebank, state):
        self.treebank, self.state = treebank, state

    def get_random_context(self, C=5):
        if self.state:
            random.setstate(self.state)
            self.state = None
        return self.treebank.get_random_context(C)

    def __getattr__(self, name):
        return getattr(self.treebank, name)
