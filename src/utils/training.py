"""Train word vectors with the functions of a submission, as the handout's run does."""

import functools
import hashlib
import math
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from . import checkpoint
from .utils import InputError, dump, load

PRINT_EVERY = 10  # iterations between two updates of the smoothed loss
RUN_FILE = "saved_run.json"  # what the run was whose checkpoint lies beside it


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


def train(submission, treebank, settings, resume=False, callback=None):
    """Train word vectors by the submission's own functions, from the handout's random seeds.

    The state is saved every 5,000 iterations in the working directory; a run that resumes gives
    the same vectors, bit for bit, as one that was never stopped.

    Parameters
    ----------
    submission : module
        Has `skipgram`, `neg_sampling_loss_and_gradient`, `word2vec_sgd_wrapper` and `sgd`.
    treebank : utils.treebank.StanfordSentiment
        Where windows and negative samples come from; its corpus is drawn anew.
    settings : Settings
        What to do.
    resume : bool, default False
        Go on from the state saved in the working directory; else one that is there is dropped.
    callback : callable, optional
        ``callback(iteration, smoothed_loss)`` is called every 10 iterations, and once at the
        start of a run that resumes.

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
    saved = _saved_state(treebank, settings) if resume else _start_anew(treebank, settings)
    watch = _Watch(settings, saved, callback)
    loss_and_gradient = functools.partial(
        submission.neg_sampling_loss_and_gradient, K=settings.negatives
    )
    word2ind = treebank.tokens()

    def f(word_vectors):
        loss, grad = submission.word2vec_sgd_wrapper(
            submission.skipgram,
            word2ind,
            word_vectors,
            treebank,
            settings.window,
            loss_and_gradient,
        )
        watch.see(loss)
        return loss, grad

    treebank.drop_corpus()
    random.seed(31415)
    np.random.seed(9265)
    word_vectors = submission.sgd(
        f,
        initial_word_vectors(len(word2ind), settings.dim),
        settings.step,
        settings.iterations,
        use_saved=True,
        PRINT_EVERY=PRINT_EVERY,
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


class _Watch:
    """Follows the losses of a run, smooths them as `sgd` does, and stops a run that broke."""

    def __init__(self, settings, saved, callback):
        self.settings, self.callback = settings, callback or (lambda iteration, loss: None)
        self.iteration, self.smoothed_loss = 0, None
        if saved:
            # sgd evaluates f once more at the start, which is no iteration
            self.iteration, self.smoothed_loss = saved.iteration, saved.smoothed_loss
        self.is_replay = saved is not None

    def see(self, loss):
        if self.is_replay:
            self.is_replay = False
            self.callback(self.iteration, self.smoothed_loss)
            return
        self.iteration += 1
        if not math.isfinite(loss):
            raise InputError(
                f"the loss is {loss} at iteration {self.iteration}. Try a smaller --step than "
                f"{self.settings.step:g}."
            )
        if self.iteration % PRINT_EVERY == 0:
            before = self.smoothed_loss
            self.smoothed_loss = loss if before is None else 0.95 * before + 0.05 * loss
            self.callback(self.iteration, self.smoothed_loss)


def _start_anew(treebank, settings):
    dump(_identity(treebank, settings), RUN_FILE)
    Path(checkpoint.FILE).unlink(missing_ok=True)


def _saved_state(treebank, settings):
    """Load the state to go on from, and make sure that it is of this run."""
    saved = checkpoint.load_checkpoint()
    if saved is None:
        raise InputError(
            f"there is nothing to resume: no {checkpoint.FILE} in {Path.cwd()}. "
            "Leave out --resume to start anew."
        )
    before, now = load(RUN_FILE), _identity(treebank, settings)
    if not isinstance(before, dict) or before.keys() != now.keys():
        raise InputError(f"{RUN_FILE} is damaged. Leave out --resume to start anew.")
    for name, value in now.items():
        if before[name] != value:
            raise InputError(
                f"the run to resume had --{name} {before[name]}, this one has {value}. "
                "Give the same options, or leave out --resume to start anew."
            )
    return saved


def _identity(treebank, settings):
    """Tell what makes a run what it is: all but the number of iterations, which may grow."""
    options = {name: value for name, value in asdict(settings).items() if name != "iterations"}
    text = repr(treebank.sentences()).encode()
    return {"data": f"text of SHA-256 {hashlib.sha256(text).hexdigest()}", **options}
