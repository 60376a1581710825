"""Train word vectors on a text with the submission's functions, save them, plot them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import argparse
import contextlib
import importlib
import re
import threading
import time
from dataclasses import fields

from training import Settings, train
from training.progress import Progress, clock
from training.train import LIMITS
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
    "iterations": "steps, of 50 windows each",
    "dim": "length of a word vector",
    "window": "largest distance of an outside word from its center",
    "negatives": "negative samples for each outside word",
    "step": "size of the first 20,000 steps; seldom good above 1",
    "thinning": "words of a larger share of the text are dropped at random; 1 keeps all",
}
FEW = 12  # of the handout's words: a text that has fewer shows its most frequent ones


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="run.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="PATH",
        help="what to train on: the folder of a treebank, or a file of plain text, a sentence a "
        "line, .gz or not (default: the real treebank if it is there, else the sample)",
    )
    add("--words", type=words_of, metavar="A,B,...", help="words to plot (default: the handout's)")
    for setting, (low, high) in zip(fields(Settings), LIMITS, strict=True):
        bounds = f"{low:g} to {high:,}, default: {setting.default:,}"
        add(
            f"--{setting.name}",
            type=program.number(setting.type, low, high),
            default=setting.default,
            metavar="N",
            help=f"{HELP[setting.name]} ({bounds})",
        )
    add(
        "--output",
        type=Path,
        default=HERE,
        metavar="DIR",
        help="folder for the files written, made if need be (default: beside run.py)",
    )
    add(
        "--engine",
        choices=("auto", "submission"),
        default="auto",
        help="auto: compiled loops train if your functions are found to do the same; submission: "
        "your functions train, which takes minutes (default: auto)",
    )
    add("--resume", action="store_true", help="go on with the run stopped in --output")
    return parser.parse_args(arguments)


def words_of(text):
    """Read the words of an option."""
    words = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    if not words:
        raise argparse.ArgumentTypeError(f"expected words, as in king,queen, not {text!r}")
    return words


def run(options, progress):
    """Train, save, plot."""
    began = time.monotonic()
    program.require("matplotlib")  # it is imported while training goes on
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
        plotting = load_plotting()
        figure = plotting.plot_word_vectors({word: trained[word] for word in plotted}, title)
        write_files({PICTURE: plotting.to_png(figure)})

    if trained.loss is not None:
        expected = " (the handout expects around or below 10)" * (SAMPLE_VECTORS in files)
        print(f"Smoothed loss {trained.loss:.6f}{expected}.")
    print(f"{settings.iterations:,} iterations, {clock(time.monotonic() - began)} in all.")
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
    words = corpus.tokens()
    found = [word for word in wanted or PLOTTED_WORDS if word in words]
    if not wanted and not isinstance(corpus, StanfordSentiment) and len(found) < FEW:
        print("Plotting the most frequent words. To plot others: --words A,B,...")
        frequency = dict(zip(words, corpus.frequency()[:-1], strict=False))  # "UNK" left out
        return sorted(frequency, key=frequency.get, reverse=True)[: len(PLOTTED_WORDS)]
    absent = [word for word in wanted or PLOTTED_WORDS if word not in words]
    if not found:
        text = ", ".join(wanted or ["great", "cool", "..."])
        raise InputError(
            f"{corpus.name} has none of the words to plot ({text}). Name others with --words, "
            f"pass another text with --data, or run '{command('data')}'."
        )
    if absent:
        kind = "treebank" if isinstance(corpus, StanfordSentiment) else "text"
        print(f"Left out, as they are not in this {kind}: {', '.join(absent)}.")
    return found


def train_on(corpus, settings, progress, options):
    """Train in the working directory, and import what plots meanwhile; errors name options."""
    plotting = threading.Thread(target=try_plotting, daemon=True)

    def callback(iteration, smoothed_loss):
        progress(iteration, smoothed_loss)
        if plotting.ident is None:
            plotting.start()

    submission = importlib.import_module("submission")
    saving = {"save": True, "resume": options.resume, "engine": options.engine}
    try:
        with progress:
            return train(submission, corpus, settings, callback, **saving)
    except InputError as error:
        names = "|".join(field.name for field in fields(Settings))
        text = re.sub(rf"(?<![\w/])({names})=", r"--\1 ", str(error))
        raise InputError(text.replace("resume=True", "--resume")) from error


def try_plotting():
    """Import what plots, if it can be; what fails is told when it is needed."""
    with contextlib.suppress(InputError):
        load_plotting()


def load_plotting():
    """Import what plots: Matplotlib takes its time, and where it is damaged may fail in any way."""
    try:
        return importlib.import_module("utils.plotting")
    except Exception as error:
        why = " ".join(str(error).split())
        raise InputError(
            f"{VECTORS} is written, but no picture: Matplotlib cannot be imported ({why}). "
            "Install it anew."
        ) from error


def how_to_resume(options, iteration):
    """Tell where a stopped run stands and what command goes on with it."""
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
