"""Train word vectors as the handout's run does."""

import functools
import itertools
import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .array_training import train_by_arrays
from .checking import DifferenceError
from .checkpoint import FILE, save_checkpoint
from .saved_run import load_run, start_run
from .utils import InputError

PRINT_EVERY = 10  # iterations between two updates of the smoothed loss
SEEDS = 31415, 9265  # of Python's stream and NumPy's


@dataclass(frozen=True)
class Settings:
    """What a training run is; the defaults are the handout's.

    Attributes
    ----------
    iterations : int
        Number of steps, of 50 windows each.
    dim : int
        Length d of a word vector.
    window : int
        Largest distance m of an outside word from its center.
    negatives : int
        Number K of negative samples for an outside word.
    step : float
        Size of the first 20,000 steps; each 20,000 iterations later it is half of that.
    """

    iterations: int = 40_000
    dim: int = 10
    window: int = 5
    negatives: int = 10
    step: float = 0.3


def train(
    submission,
    treebank,
    settings,
    callback=None,
    save=False,
    resume=False,
    engine="auto",
    say=print,
):
    """Train word vectors as the handout's run does, from its random seeds.

    The engine "submission" runs the submission's own functions, word by word. The engine "auto"
    checks that they do what a few operations on arrays do, and lets the arrays train, hundreds
    of times as fast; if they do not, it says what differs and runs the submission's functions.

    The state can be saved, every 5,000 iterations in the working directory; a run that resumes
    gives the same vectors, bit for bit, as one that was never stopped.

    Parameters
    ----------
    submission : module
        Has `skipgram`, `neg_sampling_loss_and_gradient`, `word2vec_sgd_wrapper` and `sgd`.
    treebank : utils.treebank.StanfordSentiment
        Where windows and negative samples come from; its corpus is drawn anew.
    settings : Settings
        What to do.
    callback : callable, optional
        ``callback(iteration, smoothed_loss)`` is called every 10 iterations, and once at the
        start of a run that resumes.
    save : bool, default False
        Save the state; one that is there is dropped at the start.
    resume : bool, default False
        Go on from the state saved in the working directory, and save.
    engine : {"auto", "submission"}, default "auto"
        What trains.
    say : callable, default print
        Takes the line that tells what trained, and why.

    Returns
    -------
    word_vectors : ndarray of float, shape (2V, d)
        Center vectors in rows 0 .. V-1, outside vectors in rows V .. 2V-1.
    smoothed_loss : float or None
        Mean loss of a window, smoothed; None before the tenth iteration.

    Raises
    ------
    utils.utils.InputError
        If there is nothing to resume, or it is of another run; if the treebank is too small; if
        the loss is no longer finite.
    """
    run = Run(submission, treebank, settings, callback, save or resume)
    saved = load_run(treebank, settings) if resume else None
    if save and not resume:
        start_run(treebank, settings)
    left = settings.iterations - (saved.iteration if saved else 0)
    if engine == "auto" and left >= 8:
        watch = Watch(settings, saved, callback)
        try:
            word_vectors = train_by_arrays(run, saved, watch)
            say("Trained by arrays, after your functions were checked on 9 steps.")
            return word_vectors, watch.smoothed_loss
        except DifferenceError as difference:
            say(f"Training through your functions, which is slow, because {difference}.")
    return _train_through_submission(run, saved)


@dataclass(frozen=True)
class Run:
    """What a run trains with, on and by.

    Attributes
    ----------
    submission : module
        The submission.
    treebank : utils.treebank.StanfordSentiment
        The treebank.
    settings : Settings
        What to do.
    callback : callable or None
        See `train`.
    saves : bool
        Whether the state is saved.
    """

    submission: object
    treebank: object
    settings: Settings
    callback: object
    saves: bool

    def loss_of(self, dataset, word2ind):
        """Give the submission's loss and gradient of a step as a function of the word vectors.

        Parameters
        ----------
        dataset : object
            What windows and negative samples are drawn from.
        word2ind : dict of str to int
            Index of each word.

        Returns
        -------
        callable
            f(word_vectors) returns loss and gradient.
        """
        submission, settings = self.submission, self.settings
        loss = functools.partial(submission.neg_sampling_loss_and_gradient, K=settings.negatives)
        return lambda word_vectors: submission.word2vec_sgd_wrapper(
            submission.skipgram, word2ind, word_vectors, dataset, settings.window, loss
        )

    def start(self):
        """Seed the random streams, and make the word vectors to start from.

        Returns
        -------
        ndarray of float, shape (2V, d)
            Center vectors in rows 0 .. V-1, outside vectors in rows V .. 2V-1.
        """
        self.treebank.drop_corpus()
        random.seed(SEEDS[0])
        np.random.seed(SEEDS[1])
        return initial_word_vectors(len(self.treebank.tokens()), self.settings.dim)


def _train_through_submission(run, saved):
    """Let the submission's `sgd` go on from a saved state, or from the start."""
    settings = run.settings
    if saved:  # arrays may have saved another one since
        random.setstate(saved.random_state)
        save_checkpoint(saved.x, saved.iteration, saved.step, saved.smoothed_loss)
    elif run.saves:
        Path(FILE).unlink(missing_ok=True)
    watch = Watch(settings, saved, run.callback)
    loss_and_gradient = run.loss_of(run.treebank, run.treebank.tokens())
    # on resuming, sgd evaluates f once more at the start, which is no iteration
    iterations = itertools.count(saved.iteration if saved else 1)

    def f(word_vectors):
        loss, grad = loss_and_gradient(word_vectors)
        loss = np.asarray(loss, float).item()  # some give an array of one number
        iteration = next(iterations)
        if not (saved and iteration == saved.iteration):
            watch.see(iteration, loss)
        return loss, grad

    word_vectors = run.submission.sgd(
        f, run.start(), settings.step, settings.iterations, None, run.saves, PRINT_EVERY
    )
    return word_vectors, watch.smoothed_loss


def initial_word_vectors(V, d):
    """Draw center vectors from NumPy's legacy random stream; outside vectors start at zero.

    Parameters
    ----------
    V : int
        Number of words.
    d : int
        Length of a vector.

    Returns
    -------
    ndarray of float, shape (2V, d)
        Center vectors in rows 0 .. V-1, outside vectors in rows V .. 2V-1.
    """
    return np.concatenate(((np.random.rand(V, d) - 0.5) / d, np.zeros((V, d))))


class Watch:
    """Follows the losses of a run, smooths them as `sgd` does, and stops a run that broke.

    Parameters
    ----------
    settings : Settings
        Of the run.
    saved : utils.checkpoint.Checkpoint or None
        What the run goes on from.
    callback : callable or None
        ``callback(iteration, smoothed_loss)`` is called every 10 iterations.
    """

    def __init__(self, settings, saved, callback):
        self.settings, self.callback = settings, callback or (lambda iteration, loss: None)
        self.smoothed_loss = None
        if saved:
            self.smoothed_loss = saved.smoothed_loss
            self.callback(saved.iteration, saved.smoothed_loss)

    def wants(self, iteration):
        """Tell whether the loss of an iteration is needed.

        Parameters
        ----------
        iteration : int
            The iteration, from 1 on.

        Returns
        -------
        bool
            True for every tenth.
        """
        return iteration % PRINT_EVERY == 0

    def see(self, iteration, loss):
        """Take the loss of an iteration.

        Parameters
        ----------
        iteration : int
            The iteration, from 1 on.
        loss : float or None
            Its loss; None if it is not known.

        Raises
        ------
        InputError
            If the loss is not finite.
        """
        if loss is not None and not math.isfinite(loss):
            raise InputError(
                f"the loss is {loss} at iteration {iteration}. Try a smaller --step than "
                f"{self.settings.step:g}."
            )
        if self.wants(iteration):
            before = self.smoothed_loss
            self.smoothed_loss = loss if before is None else 0.95 * before + 0.05 * loss
            self.callback(iteration, self.smoothed_loss)
