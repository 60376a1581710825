"""Train word vectors on a text with the submission's functions, save them, plot them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import argparse
import contextlib
import functools
import importlib
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

from training import Settings, train
from training.progress import Progress, as_minutes
from training.train import LIMITS
from utils import ANNEAL_EVERY, BATCH_SIZE
from utils.checkpoint import load_checkpoint
from utils.commands import command, from_here, join, python
from utils.corpus import Corpus
from utils.treebank import StanfordSentiment
from utils.treebank_files import REAL, SAMPLE, SENTENCES, find_treebank
from utils.utils import InputError, to_json, write_files
from utils.word_vectors import PLOTTED_WORDS

HERE = Path(__file__).resolve().parent
PICTURE, VECTORS = "word_vectors.png", "word_vectors.txt"
SAMPLE_VECTORS = "sample_vectors_(soln).json"
HELP = {
    "data": "what to train on: the folder of a treebank, or a file of plain text, a sentence a "
    "line, .gz or not (default: the real treebank if it is there, else the sample)",
    "words": "words to plot (default: the handout's)",
    "iterations": f"steps, of {BATCH_SIZE} windows each",
    "dim": "length of a word vector",
    "window": "largest distance of an outside word from its center",
    "negatives": "negative samples for each outside word",
    "step": f"size of the first {ANNEAL_EVERY:,} steps; values above 1 rarely work",
    "thinning": "words of a larger share of the text are dropped at random; 1 keeps all",
    "output": "folder for the files written, made if need be (default: beside run.py)",
    "engine": "auto: compiled loops train if your functions are found to do the same; submission: "
    "your functions train, which takes minutes (default: auto)",
    "resume": "go on with the run stopped in --output",
}
FEW = 12  # of the handout's words: a text that has fewer shows its most frequent ones


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="run.py", description=__doc__, allow_abbrev=False)

    def add(name, **how):
        what = HELP[name] + how.pop("bounds", "")
        parser.add_argument(f"--{name}", help=what, **how)

    add("data", type=Path, metavar="PATH")
    add("words", type=words_of, metavar="A,B,...")
    for setting, (low, high) in zip(fields(Settings), LIMITS, strict=True):
        how = {"type": program.number(setting.type, low, high), "default": setting.default}
        bounds = f" ({low:g} to {high:,}, default: {setting.default:,})"
        add(setting.name, metavar="N", bounds=bounds, **how)
    add("output", type=Path, metavar="DIR", default=HERE)
    add("engine", choices=("auto", "submission"), default="auto")
    add("resume", action="store_true")
    return parser.parse_args(arguments)


def words_of(text):
    """Read the words that an option names."""
    words = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    if not words:
        raise argparse.ArgumentTypeError(f"expected words, as in king,queen, not {text!r}")
    return words


def run(options, progress):
    """Read the text, train on it, save the vectors, plot some of them."""
    began = time.monotonic()
    program.require("matplotlib")  # it is imported later
    corpus = read_corpus(options.data)
    plotted = words_to_plot(corpus, options.words)
    settings = Settings(*(getattr(options, field.name) for field in fields(Settings)))
    title = f"Word vectors of {name_of(corpus)}, {settings.iterations:,} iterations"
    program.make_folder(options.output)
    with contextlib.chdir(options.output):
        trained = train_on(corpus, settings, progress, options)
        files = {VECTORS: trained.to_text()}
        sample = {word: trained[word].tolist() for word in PLOTTED_WORDS if word in trained}
        if sample and isinstance(corpus, StanfordSentiment):  # it is handed in
            files[SAMPLE_VECTORS] = to_json(sample)
        write_files(files)  # before a picture is tried
        plotting = import_plotting()
        figure = plotting.plot_word_vectors({word: trained[word] for word in plotted}, title)
        write_files({PICTURE: plotting.to_png(figure)})

    if trained.loss is not None:
        expected = " (the handout expects around or below 10)" * (SAMPLE_VECTORS in files)
        print(f"Smoothed loss {trained.loss:.6f}{expected}.")
    print(f"{settings.iterations:,} iterations, {as_minutes(time.monotonic() - began)} in all.")
    folder = from_here(options.output.absolute())
    print("Wrote", ", ".join(str(folder / name) for name in [PICTURE, *sorted(files)]))
    next_step = f"Next: open {join([str(folder / PICTURE)])}"
    if options.output.absolute() == HERE and SAMPLE_VECTORS in files:
        next_step += f", then run: {command('grade')}"
    print(next_step)
    if plotting.has_window():
        plotting.plt.show()


def read_corpus(path):
    """Read the text to train on: a treebank, or a file of text."""
    if path is None:
        if find_treebank() == SAMPLE:
            print(f"Training on the sample treebank. '{command('data')}' fetches the real one.")
        return StanfordSentiment()
    if path.name == SENTENCES:
        return StanfordSentiment(path.parent)
    if not path.exists():
        raise InputError(
            f"{path} not found. Name a file of text, or the folder of a treebank, with --data, or "
            f"run '{command('data')}'."
        )
    return StanfordSentiment(path) if path.is_dir() else Corpus(path)


def name_of(corpus):
    """Name a text in the title of its picture."""
    if isinstance(corpus, StanfordSentiment):
        folder = corpus.path.resolve().name
        known = {REAL.name: "the Stanford Sentiment Treebank", SAMPLE.name: "the sample treebank"}
        return known.get(folder, f"the treebank {folder}")
    return Path(corpus.name).name


def words_to_plot(corpus, wanted):
    """Give the words to plot that the text has: those wanted, the handout's, or frequent ones."""
    is_treebank = isinstance(corpus, StanfordSentiment)
    found = [word for word in wanted or PLOTTED_WORDS if word in corpus.tokens()]
    if not wanted and not is_treebank and len(found) < FEW:
        print("Plotting the most frequent words. To plot others: --words A,B,...")
        frequency = Counter(dict(zip(corpus.tokens(), corpus.frequency(), strict=True)))
        del frequency["UNK"]
        return [word for word, _ in frequency.most_common(len(PLOTTED_WORDS))]
    if not found:
        text = ", ".join(wanted or ["great", "cool", "..."])
        raise InputError(
            f"{corpus.name} has none of the words to plot ({text}). Name others with --words, "
            f"pass another text with --data, or run '{command('data')}'."
        )
    absent = [word for word in wanted or PLOTTED_WORDS if word not in found]
    if absent:
        kind = "treebank" if is_treebank else "text"
        print(f"Left out, as they are not in this {kind}: {', '.join(absent)}.")
    return found


def train_on(corpus, settings, progress, options):
    """Train in the working directory; errors name options instead of keyword arguments."""

    def callback(iteration, smoothed_loss):
        progress(iteration, smoothed_loss)
        begin_to_import_plotting()

    submission = importlib.import_module("submission")
    how = {"save": True, "resume": options.resume, "engine": options.engine}
    try:
        with progress:
            return train(submission, corpus, settings, callback, **how)
    except InputError as error:
        names = "|".join(field.name for field in fields(Settings))
        text = re.sub(rf"(?<![\w/])({names})=", r"--\1 ", str(error))
        raise InputError(text.replace("resume=True", "--resume")) from error


@functools.cache
def begin_to_import_plotting():
    """Import Matplotlib in another thread, as the loops leave time for it."""
    ThreadPoolExecutor(1).submit(import_plotting)  # where that fails, it fails again when needed


def import_plotting():
    """Import what plots; a damaged Matplotlib may fail in any way."""
    try:
        return importlib.import_module("utils.plotting")
    except Exception as error:
        why = " ".join(str(error).split())
        raise InputError(
            f"{VECTORS} is written, but no picture: Matplotlib cannot be imported ({why}). "
            "Reinstall it."
        ) from error


def how_to_resume(options, iteration):
    """Say where a run was stopped, and which command resumes it."""
    if iteration == 0:
        return "Stopped before the first iterations."
    saved = None
    with contextlib.suppress(InputError):
        saved = load_checkpoint(options.output)
    if saved is None:
        return f"Stopped at iteration {iteration:,}, before the first save."
    typed = [word for word in sys.argv if word != "--resume"]
    return (
        f"Stopped at iteration {iteration:,}. To go on from iteration {saved.iteration:,}:\n"
        f"{python(*typed, '--resume')}"
    )


def main(arguments=None):
    """Run the program; return 0, 1 for an error in the submission, 2 for a wrong input."""
    options = parse(arguments)
    progress = Progress(options.iterations)
    return program.run(
        "run.py",
        lambda: run(options, progress),
        stopped=lambda: how_to_resume(options, progress.iteration),
    )


if __name__ == "__main__":
    program.launch(main)
