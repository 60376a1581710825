"""Train word vectors as the handout's run does."""

import contextlib
import functools
import hashlib
import itertools
import math
import operator
import random
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import numpy as np

from utils import ANNEAL_EVERY, PRINT_EVERY, SAVE_EVERY
from utils.checkpoint import FILE, load_checkpoint, save_checkpoint
from utils.corpus import REPEAT, THINNING, Corpus
from utils.utils import InputError, dump, load
from utils.word_vectors import WordVectors

from .progress import Progress

SEEDS = 31415, 9265  # of Python's stream and NumPy's
RUN_FILE = "saved_run.json"  # what run it is whose state was saved
CHECKED = 4  # steps checked at the start, and as many at the end
HARDLY = 0.05  # of the words left of a text is hardly a word
COMPILING = "Compiling the training loops: some seconds, once; later runs find them compiled."


def _setting(default, low, high, what):
    return field(default=default, metadata={"low": low, "high": high, "what": what})


@dataclass(frozen=True)
class Settings:
    """What a training run is; the defaults are the handout's.

    Parameters
    ----------
    iterations : int, default 40000
        Number of steps, of 50 windows each, 1 to 10,000,000.
    dim : int, default 10
        Length d of a word vector, 1 to 1,000.
    window : int, default 5
        Largest distance m of an outside word from its center, 1 to 100.
    negatives : int, default 10
        Number K of negative samples for an outside word, 1 to 1,000.
    step : float, default 0.3
        Size of the first 20,000 steps, up to 1,000; each 20,000 iterations later it is halved.
    thinning : float, default 1e-5
        Words that make up more of the text than this are dropped from it at random, the more so
        the more frequent; 1 keeps all.

    Raises
    ------
    ValueError
        If a value is none of these.

    Examples
    --------
    >>> Settings(window=0)
    Traceback (most recent call last):
    ValueError: window must be a whole number from 1 to 100, not 0
    """

    iterations: int = _setting(40_000, 1, 10_000_000, "steps, of 50 windows each")
    dim: int = _setting(10, 1, 1000, "length of a word vector")
    window: int = _setting(5, 1, 100, "largest distance of an outside word from its center")
    negatives: int = _setting(10, 1, 1000, "negative samples for each outside word")
    step: float = _setting(0.3, 1e-9, 1000, "size of the first 20,000 steps; seldom good above 1")
    thinning: float = _setting(
        THINNING, 1e-9, 1, "words of a larger share of the text are dropped at random; 1 keeps all"
    )

    def __post_init__(self):
        for setting in fields(self):
            value = getattr(self, setting.name)
            low, high = setting.metadata["low"], setting.metadata["high"]
            try:
                number = operator.index(value) if setting.type is int else float(value)
                good = low <= number <= high and not isinstance(value, (bool, str))
            except (TypeError, ValueError):
                good = False
            if not good:
                kind = "whole number" if setting.type is int else "number"
                raise ValueError(
                    f"{setting.name} must be a {kind} from {low:g} to {high:,}, not {value!r}"
                )
            object.__setattr__(self, setting.name, number)


def train(
    submission,
    corpus,
    settings=None,
    callback=None,
    save=False,
    resume=False,
    engine="auto",
    quiet=False,
):
    """Train word vectors as the handout's run does, from its random seeds.

    The engine "submission" runs the submission's own functions, word by word. The engine "auto"
    checks that they do what plain loops do, and lets the loops train, compiled, a thousand times
    as fast; if they do not, it says what differs and runs the submission's functions.

    The state can be saved, every 5,000 iterations in the working directory; a run that resumes
    gives the same vectors, bit for bit, as one that was never stopped.

    Parameters
    ----------
    submission : module
        Has `skipgram`, `neg_sampling_loss_and_gradient`, `word2vec_sgd_wrapper` and `sgd`.
    corpus : utils.corpus.Corpus
        The text, or what `Corpus` makes one of: a file's name, lines, lists of words. What is
        left of its words when it is thinned is drawn anew.
    settings : Settings, optional
        What to do; the handout's run by default.
    callback : callable, optional
        ``callback(iteration, smoothed_loss)`` is called every 10 iterations, and once at the
        start of a run that resumes. By default a progress bar is shown.
    save : bool, default False
        Save the state; one that is there is dropped at the start.
    resume : bool, default False
        Go on from the state saved in the working directory, and save.
    engine : {"auto", "submission"}, default "auto"
        What trains.
    quiet : bool, default False
        Show no progress bar, and do not tell what trains, and why.

    Returns
    -------
    utils.word_vectors.WordVectors
        The vectors and the smoothed loss.

    Raises
    ------
    ValueError
        If an argument is none of these.
    utils.utils.InputError
        If there is nothing to resume, or it is of another run; if the text is too small; if the
        loss is no longer finite.
    """
    if engine not in ("auto", "submission"):
        raise ValueError(f"engine must be 'auto' or 'submission', not {engine!r}")
    corpus = corpus if isinstance(corpus, Corpus) else Corpus(corpus)
    settings, say = settings or Settings(), (lambda line: None) if quiet else print
    shown = contextlib.nullcontext(callback or (lambda iteration, smoothed_loss: None))
    if callback is None and not quiet:
        shown = Progress(settings.iterations)
    with shown as callback:
        saved = _load_run(corpus, settings) if resume else None
        if save and not resume:
            _start_run(corpus, settings)
        run = _Run(submission, corpus, settings, callback, saves=save or resume, saved=saved)
        run.check_text(say)
        if saved:
            callback(saved.iteration, saved.smoothed_loss)
        vectors = None
        if engine == "auto" and settings.iterations - run.begin >= 2 * CHECKED:
            vectors = _train_by_loops(run, say)
        if vectors is None:
            vectors = _train_through_submission(run)
    words, V = list(corpus.tokens()), len(corpus.tokens())
    return WordVectors(words, vectors[:V], vectors[V:], corpus.frequency(), run.smoothed_loss)


class _Run:
    """A training run: what it trains with, on and by, and its loss so far."""

    def __init__(self, submission, corpus, settings, callback, saves, saved):
        self.submission, self.corpus, self.settings = submission, corpus, settings
        self.callback, self.saves, self.saved = callback, saves, saved
        self.begin = saved.iteration if saved else 0
        corpus.thinning = settings.thinning

    def start(self):
        """Seed the random streams; give the word vectors and the smoothed loss to start from."""
        self.corpus.drop_corpus()
        random.seed(SEEDS[0])
        np.random.seed(SEEDS[1])
        self.smoothed_loss = self.saved.smoothed_loss if self.saved else None
        return initial_word_vectors(len(self.corpus.tokens()), self.settings.dim)

    def check_text(self, say):
        """Make sure that the text can be trained on; say so if hardly a word of it is left."""
        self.start()
        self.draw_first_size()
        corpus, table = self.corpus, self.corpus.sample_table()
        if table[0] == table[-1]:
            word = list(corpus.tokens())[table[0]]
            raise InputError(
                f"{corpus.name} is nearly all {word!r}: all {len(table):,} entries of the table "
                "of negative samples. Take a larger table, or another text."
            )
        words = corpus.frequency().sum()
        left = len(corpus.corpus_arrays()[0]) / (REPEAT * words)
        if left < HARDLY:
            say(
                f"Of so small a text, thinning frequent words leaves {left:.1%} of the words. "
                f"To keep more: thinning={min(1, 2 / words):.0e}, or thinning=1 for all."
            )

    def draw_first_size(self):
        """Draw the size of the first window, then the corpus, as the handout's run does."""
        first_size = random.randint(1, self.settings.window)
        self.corpus.corpus_arrays()
        return first_size

    def loss_of(self, corpus):
        """Give the submission's loss and gradient of a step as a function of the word vectors."""
        submission, settings, word2ind = self.submission, self.settings, corpus.tokens()
        loss = functools.partial(submission.neg_sampling_loss_and_gradient, K=settings.negatives)
        return lambda word_vectors: submission.word2vec_sgd_wrapper(
            submission.skipgram, word2ind, word_vectors, corpus, settings.window, loss
        )

    def see(self, iteration, loss):
        """Smooth the loss as `sgd` does; stop a run that broke."""
        if not math.isfinite(loss):
            raise InputError(
                f"the loss is {loss} at iteration {iteration}. Try a smaller step, for example "
                f"step={self.settings.step / 2:g}."
            )
        if iteration % PRINT_EVERY == 0:
            before = self.smoothed_loss
            self.smoothed_loss = loss if before is None else 0.95 * before + 0.05 * loss
            self.callback(iteration, self.smoothed_loss)


def _train_by_loops(run, say):
    """Let the loops train, the submission being checked on the way; None if it differs."""
    from . import check, loops  # they load Numba, which the other engine does without

    settings = run.settings
    if loops.missing:
        say(f"Training is slow without Numba ({loops.missing}). To mend that: pip install numba")
    try:
        with loops.announce_compiling(lambda: say(COMPILING)):
            check.check_sgd(run.submission.sgd, settings.step, settings.iterations)
            check.check_rare_cases(run.loss_of, settings)
        vectors = _make_steps(run, loops, check.check_step)
    except check.DifferenceError as difference:
        question = "2b" if str(difference).startswith("sgd") else "2a"
        say(
            f"Training through your functions, which takes minutes, because {difference}. "
            f"To find the cause, stop with Ctrl-C and run: python grader.py {question}"
        )
        return None
    say("Trained by plain loops: your functions do the same, checked on 9 steps.")
    return vectors


def _make_steps(run, loops, check_step):
    settings, corpus = run.settings, run.corpus
    vectors, iteration, before = run.start(), run.begin, random.getstate()
    first_size, state = run.draw_first_size(), random.getstate()
    arrays = *corpus.corpus_arrays(), corpus.sample_table()
    if run.saved:
        vectors, first_size = run.saved.x.copy(), 0
        before = state = run.saved.random_state
    else:
        corpus.drop_corpus()  # for the first step's f to draw it
    f, words = run.loss_of(corpus), list(corpus.tokens())
    blocks = loops.draw_blocks(arrays, settings, iteration, state, first_size, CHECKED)

    with contextlib.closing(loops.ahead(blocks)) as blocks:
        for block in blocks:
            if min(iteration - run.begin, settings.iterations - iteration - 1) < CHECKED:
                check_step(f, words, vectors, block, before, f"in step {iteration + 1:,}")
            step, first = settings.step * 0.5 ** (iteration // ANNEAL_EVERY), 0
            while first < len(block.centers):
                last = min(len(block.centers), first + PRINT_EVERY - iteration % PRINT_EVERY)
                loss = block.make_steps(vectors, first, last, step)
                iteration, first = iteration + last - first, last
                run.see(iteration, loss)
            random.setstate(block.state)
            before = block.state
            if run.saves and iteration % SAVE_EVERY == 0:
                step = settings.step * 0.5 ** (iteration // ANNEAL_EVERY)
                save_checkpoint(vectors, iteration, step, run.smoothed_loss)
    return vectors


def _train_through_submission(run):
    """Let the submission's `sgd` go on from a saved state, or from the start."""
    settings, saved = run.settings, run.saved
    if saved:  # the loops may have saved another one since
        random.setstate(saved.random_state)
        save_checkpoint(saved.x, saved.iteration, saved.step, saved.smoothed_loss)
    elif run.saves:
        Path(FILE).unlink(missing_ok=True)
    vectors, loss_and_gradient = run.start(), run.loss_of(run.corpus)
    # on resuming, sgd evaluates f once more at the start, which is no iteration
    iterations = itertools.count(run.begin if saved else 1)

    def f(word_vectors):
        loss, grad = loss_and_gradient(word_vectors)
        loss = np.asarray(loss, float).item()  # some give an array of one number
        iteration = next(iterations)
        if iteration > run.begin:
            run.see(iteration, loss)
        return loss, grad

    return run.submission.sgd(
        f, vectors, settings.step, settings.iterations, None, run.saves, PRINT_EVERY
    )


def initial_word_vectors(V, d):
    """Draw center vectors from NumPy's legacy random stream; outside vectors start at zero."""
    return np.concatenate(((np.random.rand(V, d) - 0.5) / d, np.zeros((V, d))))


def _start_run(corpus, settings):
    """Write down what run begins; a state that is there is dropped."""
    dump(_identity(corpus, settings), RUN_FILE)
    Path(FILE).unlink(missing_ok=True)


def _load_run(corpus, settings):
    """Load the state to go on from; raise InputError unless it is of this run."""
    saved = load_checkpoint()
    if saved is None:
        raise InputError(
            f"there is nothing to resume: no {FILE} in {Path.cwd()}. "
            "Leave out resume=True to start anew."
        )
    before, now = load(RUN_FILE), _identity(corpus, settings)
    if not isinstance(before, dict) or before.keys() != now.keys():
        raise InputError(f"{RUN_FILE} is damaged. Leave out resume=True to start anew.")
    for name, value in now.items():
        if before[name] != value:
            raise InputError(
                f"the run to resume had {name}={before[name]}, this one has {name}={value}. "
                "Give the same, or leave out resume=True to start anew."
            )
    return saved


def _identity(corpus, settings):
    """Tell what makes a run what it is: all but the number of iterations, which may grow."""
    options = {name: value for name, value in asdict(settings).items() if name != "iterations"}
    text = hashlib.sha256("\n".join(map(" ".join, corpus.sentences())).encode())
    return {"data": f"(text of SHA-256 {text.hexdigest()})", **options}
