"""Train word vectors as the handout's run does: where it begins, what trains, what is saved."""

import contextlib
import functools
import hashlib
import itertools
import math
import random
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real

import numpy as np

from utils import ANNEAL_EVERY, PRINT_EVERY, SAVE_EVERY
from utils.checkpoint import Checkpoint, begin_run, resume_run, save_checkpoint
from utils.commands import SOURCE, python
from utils.corpus import REPEAT, THINNING, Corpus
from utils.utils import InputError, SubmissionError
from utils.word_vectors import WordVectors

from .progress import Progress

SEEDS = 31415, 9265  # of Python's stream and NumPy's
SLOWLY = "Training through your functions, which takes minutes, because"
CHECKED = 4  # steps checked at the start, and as many at the end
LIMITS = (1, 10_000_000), (1, 1000), (1, 100), (1, 1000), (1e-9, 1000), (1e-9, 1)  # of Settings


@dataclass(frozen=True)
class Settings:
    """What a training run is; the defaults are the handout's. A value out of range is refused.

    Attributes
    ----------
    iterations : int
        Number of steps, of 50 windows each, 1 to 10,000,000.
    dim : int
        Length d of a word vector, 1 to 1,000.
    window : int
        Largest distance m of an outside word from its center, 1 to 100.
    negatives : int
        Number K of negative samples for an outside word, 1 to 1,000.
    step : float
        Size of the first 20,000 steps, up to 1,000; each 20,000 iterations later it is halved.
    thinning : float
        Words that make up more of the text than this are dropped from it at random; 1 keeps all.
    """

    iterations: int = 40_000
    dim: int = 10
    window: int = 5
    negatives: int = 10
    step: float = 0.3
    thinning: float = THINNING

    def __post_init__(self):
        for setting, (low, high) in zip(fields(self), LIMITS, strict=True):
            value, whole = getattr(self, setting.name), setting.type is int
            if not isinstance(value, Integral if whole else Real) or not low <= value <= high:
                expected = f"a {'whole ' * whole}number from {low:g} to {high:,}"
                raise InputError(f"{setting.name} must be {expected}, not {value!r}")
            object.__setattr__(self, setting.name, setting.type(value))


def train(
    submission, corpus, settings=None, callback=None, save=False, resume=False, engine="auto"
):
    """Train word vectors as the handout's run does, from its random seeds.

    The engine "submission" runs the submission's own functions, word by word. The engine "auto"
    checks that compiled loops do the same and trains by them, hundreds of times as fast; if they
    do not, it says what differs and runs the submission's functions.

    Parameters
    ----------
    submission : module
        With `skipgram`, `neg_sampling_loss_and_gradient`, `word2vec_sgd_wrapper` and `sgd`.
    corpus : utils.corpus.Corpus
        The text, or what `Corpus` makes one of: a file, lines, lists of words.
    settings : Settings, optional
        What to do; by default the handout's run.
    callback : callable, optional
        ``callback(iteration, smoothed_loss)`` is called every 10 iterations, and once at the
        start of a run that resumes. By default a progress bar is shown.
    save : bool, default False
        Save the state every 5,000 iterations in the working directory, in place of an earlier one.
    resume : bool, default False
        Go on from the state saved there, with the very same result, and save.
    engine : {"auto", "submission"}, default "auto"
        What trains.

    Returns
    -------
    utils.word_vectors.WordVectors
        The vectors, and the smoothed loss.

    Raises
    ------
    InputError
        If an argument is wrong, the text too small, the loss no longer finite; if there is
        nothing to resume, or a state of another run.
    SubmissionError
        If a function returns what it should not.
    """
    if engine not in ("auto", "submission"):
        raise InputError(f"engine must be 'auto' or 'submission', not {engine!r}")
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise InputError(f"settings must be Settings(...), not {settings!r}")
    shown = contextlib.nullcontext(callback) if callback else Progress(settings.iterations)
    with shown as callback:
        run = _Run(submission, corpus, settings, callback, save, resume)
        left = settings.iterations - run.start.iteration
        vectors = run.by_loops() if engine == "auto" and left >= 2 * CHECKED else None
        if vectors is None:
            vectors = run.through_submission()
    words, V = list(corpus.tokens()), len(corpus.tokens())
    return WordVectors(words, vectors[:V], vectors[V:], corpus.frequency(), run.smoothed_loss)


class _Run:
    """A training run: its parts, where it begins, and its smoothed loss so far."""

    def __init__(self, submission, corpus, settings, callback, save, resume):
        self.submission, self.corpus, self.settings = submission, corpus, settings
        self.callback, self.saves, self.differs = callback, save or resume, False
        text = hashlib.sha256("\n".join(map(" ".join, corpus.sentences())).encode()).hexdigest()
        data = {"iterations": "any", "data": f"(text of SHA-256 {text})"}
        self.identity = asdict(settings) | data  # what a run to resume must have, too
        self.saved = resume_run(self.identity) if resume else None
        corpus.thinning = settings.thinning
        vectors = self.seed()
        self.start = self.saved or Checkpoint(vectors, 0, settings.step, None, random.getstate())
        self.start.check_fits(vectors, settings.iterations)
        if resume:
            callback(self.start.iteration, self.smoothed_loss)
        self.first_size = random.randint(1, settings.window)  # drawn before the corpus
        self.arrays = *corpus.corpus_arrays(), corpus.sample_table()
        self.after_corpus = random.getstate()
        if save and not resume:
            begin_run(self.identity)
        N = corpus.frequency().sum()
        left = len(self.arrays[0]) / (REPEAT * N)
        if left < 0.03:  # hardly a word
            more = min(1, max(2 / N, 10 * settings.thinning))
            hint = f"To keep more, set thinning to {more:.1g}, or to 1 for all."
            print(f"Thinning leaves only {left:.1%} of the words of the text. {hint}")

    def seed(self):
        """Begin (anew): seed; give word vectors, small at the centers, zero outside."""
        self.smoothed_loss = self.saved.smoothed_loss if self.saved else None
        self.corpus.drop_corpus()
        random.seed(SEEDS[0])
        np.random.seed(SEEDS[1])
        V, d = len(self.corpus.tokens()), self.settings.dim
        return np.concatenate(((np.random.rand(V, d) - 0.5) / d, np.zeros((V, d))))

    def loss_of(self, corpus):
        """Give the submission's loss and gradient of a step as a function of the word vectors."""
        by, m, word2ind = self.submission, self.settings.window, dict(corpus.tokens())
        of_pair = functools.partial(by.neg_sampling_loss_and_gradient, K=self.settings.negatives)

        def f(x):
            found = by.word2vec_sgd_wrapper(by.skipgram, word2ind, x, corpus, m, of_pair)
            try:
                loss, grad = found
                return float(np.reshape(loss, ())), grad  # some give an array of one number
            except (TypeError, ValueError):
                raise SubmissionError.of("word2vec_sgd_wrapper", found, "loss, grad") from None

        return f

    def sgd(self, f, x0, *arguments):
        """Call the submission's `sgd`; refuse what is not x alone."""
        shape, x = x0.shape, self.submission.sgd(f, x0, *arguments)
        if getattr(x, "shape", None) != shape:
            raise SubmissionError.of("sgd", x, "x alone, in the shape of x0")
        return x

    def note_loss(self, iteration, loss):
        """Smooth the loss as `sgd` does, and show it; stop if it is no longer finite."""
        if not math.isfinite(loss):
            problem = f"the loss is {loss} at iteration {iteration}"
            if self.differs or iteration == 1:
                raise SubmissionError(problem)
            raise InputError(f"{problem}. Try a smaller step, say step={self.settings.step / 2:g}.")
        if iteration % PRINT_EVERY == 0 and iteration > self.start.iteration:
            before = self.smoothed_loss
            self.smoothed_loss = loss if before is None else 0.95 * before + 0.05 * loss
            self.callback(iteration, self.smoothed_loss)

    def by_loops(self):
        """Train by the loops, and check the submission on the way; give None if it differs."""
        from . import check, loops  # they load Numba, which the other engine does without

        if loops.missing:
            absent = isinstance(loops.missing, ModuleNotFoundError)
            remedy = ": pip install numba" if absent else "."
            print(f"Training is slow without Numba ({loops.missing}){remedy}")
        try:
            check.check_sgd(self.sgd, self.settings.step, self.settings.iterations)
            check.check_edge_cases(self.loss_of, self.settings)
            vectors = self._make_steps(loops, check.check_step)
        except check.DifferenceError as difference:
            question = "2b" if str(difference).startswith("sgd") else "2a"
            # whole paths: run.py works in another folder than its user
            grade = python(str(SOURCE / "grader.py"), question, anywhere=True)
            print(f"{SLOWLY} {difference}. To see why, stop with Ctrl-C, and run: {grade}")
            self.differs = True
            return None
        except loops.CompileError as error:
            print(f"{SLOWLY} Numba cannot compile here ({error}).")
            return None
        print("Trained by plain loops: your functions do the same, checked on 9 steps.")
        return vectors

    def _make_steps(self, loops, check_step):
        start, iterations = self.start, self.settings.iterations
        vectors, iteration, step = np.array(start.x, float, order="C"), start.iteration, start.step
        before, first_draw = start.random_state, (start.random_state, 0)
        if not self.saved:  # the submission draws the corpus in its first step, as sgd's f does
            self.corpus.drop_corpus()
            first_draw = self.after_corpus, self.first_size
        f, words = self.loss_of(self.corpus), list(self.corpus.tokens())
        blocks = loops.draw_blocks(self.arrays, self.settings, iteration, *first_draw, CHECKED)
        with contextlib.closing(loops.ahead(blocks)) as blocks:
            for block in blocks:
                checked = min(iteration - start.iteration, iterations - iteration - 1) < CHECKED
                if checked:
                    check_step(f, words, vectors, block, before, f"in step {iteration + 1:,}")
                every = 1 if checked else PRINT_EVERY
                for loss in block.make_steps(vectors, step, iteration, every).tolist():
                    iteration += 1
                    self.note_loss(iteration, loss)
                random.setstate(before := block.state)
                if iteration % ANNEAL_EVERY == 0:
                    step *= 0.5
                if self.saves and iteration % SAVE_EVERY == 0:
                    save_checkpoint(vectors, iteration, step, self.smoothed_loss)
        return vectors

    def through_submission(self):
        """Train by the submission's `sgd`, from the saved state or from the start."""
        saved = self.saved
        if saved:  # the loops may have saved a later one
            random.setstate(saved.random_state)
            save_checkpoint(saved.x, saved.iteration, saved.step, saved.smoothed_loss)
        elif self.saves:
            begin_run(self.identity)
        vectors, loss_and_gradient = self.seed(), self.loss_of(self.corpus)
        # to resume, sgd first evaluates f once more, which is no iteration
        iterations = itertools.count(saved.iteration if saved else 1)

        def f(word_vectors):
            loss, grad = loss_and_gradient(word_vectors)
            state = random.getstate()
            self.note_loss(next(iterations), loss)
            random.setstate(state)  # if the callback drew
            return loss, grad

        step, end = self.settings.step, self.settings.iterations
        return self.sgd(f, vectors, step, end, None, self.saves, PRINT_EVERY)
