"""Train word vectors on a treebank with the submission's functions, save them, plot them."""

import argparse
import contextlib
import importlib
import math
import os
import shlex
import sys
import time
import traceback
from dataclasses import fields
from pathlib import Path

try:
    import matplotlib.pyplot as plt

    from utils.checkpoint import load_checkpoint
    from utils.plotting import PLOTTED_WORDS, has_window, plot_word_vectors, to_png
    from utils.progress import Progress, WithoutIterationLines, clock
    from utils.training import Settings, train
    from utils.treebank import StanfordSentiment
    from utils.treebank_files import SAMPLE, find_treebank
    from utils.utils import InputError, OneLineParser, to_json, to_word2vec_text, write_files
except ModuleNotFoundError as missing:
    print(f"run.py: {missing}. Run 'make run', or pip install -r requirements.txt", file=sys.stderr)
    sys.exit(2)

HERE = Path(__file__).resolve().parent
PICTURE, VECTORS = "word_vectors.png", "word_vectors.txt"
SAMPLE_VECTORS = "sample_vectors_(soln).json"


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    default = Settings()
    parser = OneLineParser(prog="run.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="DIR",
        help="treebank to train on (default: the one that 'make data' fetches, else the sample)",
    )
    for name, kind, low, high, what in (
        ("iterations", int, 1, 10_000_000, "steps, of 50 windows each"),
        ("dim", int, 1, 1000, "length of a word vector"),
        ("window", int, 1, 100, "largest distance of an outside word from its center"),
        ("negatives", int, 1, 1000, "negative samples for each outside word"),
        ("step", float, 1e-9, 1000, "size of the first 20,000 steps; seldom good above 1"),
    ):
        add(
            f"--{name}",
            type=number(kind, low, high),
            default=getattr(default, name),
            metavar="N",
            help=f"{what} ({low:g} to {high:,}, default: {getattr(default, name):,})",
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
        help="auto: arrays train if your functions are found to do the same; submission: your "
        "functions train, which takes minutes (default: auto)",
    )
    add("--resume", action="store_true", help="go on with the run stopped in --output")
    return parser.parse_args(arguments)


def number(kind, low, high):
    """Make the type of an option: a number of that kind from low to high."""

    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            what = "whole number" if kind is int else "number"
            raise argparse.ArgumentTypeError(
                f"expected a {what} from {low:g} to {high:,}, not {text!r}"
            )
        return value

    return convert


def run(options, progress):
    """Train, save, plot."""
    began = time.monotonic()
    if options.data is None and find_treebank() == SAMPLE:
        print("Training on the sample treebank. 'make data' fetches the real one.")
    treebank = StanfordSentiment(options.data)
    plotted = words_to_plot(treebank)
    settings = Settings(*(getattr(options, field.name) for field in fields(Settings)))
    make_folder(options.output)
    with contextlib.chdir(options.output):
        submission = importlib.import_module("submission")
        with contextlib.redirect_stdout(WithoutIterationLines(sys.stdout)):
            word_vectors, loss = train(
                submission, treebank, settings, options.resume, progress, options.engine
            )
        progress.close()
        vectors = dict(zip(treebank.tokens(), word_vectors.tolist(), strict=False))
        sample = {word: vectors[word] for word in plotted}
        name = treebank.path.resolve().name
        title = f"Word vectors: treebank {name}, {settings.iterations:,} iterations"
        picture = to_png(plot_word_vectors(sample, title))
        vectors_text = to_word2vec_text(vectors)
        write_files({VECTORS: vectors_text, SAMPLE_VECTORS: to_json(sample), PICTURE: picture})

    if loss is not None:
        print(f"Smoothed loss {loss:.6f} (the handout expects around or below 10).")
    print(f"{settings.iterations:,} iterations, {clock(time.monotonic() - began)} in all.")
    folder = from_here(options.output.absolute())
    print("Wrote", ", ".join(str(folder / name) for name in (PICTURE, SAMPLE_VECTORS, VECTORS)))
    next_step = f"Next: open {shlex.quote(str(folder / PICTURE))}"
    if options.output.absolute() == HERE:
        next_step += f", then run: python {shlex.quote(str(from_here(HERE / 'grader.py')))}"
    print(next_step)
    if has_window():
        plt.show()


def from_here(path):
    """Name a path as seen from the working directory, if it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def words_to_plot(treebank):
    """Give the words to plot that the treebank has."""
    found = [word for word in PLOTTED_WORDS if word in treebank.tokens()]
    absent = [word for word in PLOTTED_WORDS if word not in treebank.tokens()]
    if not found:
        raise InputError(
            f"{treebank.path} has none of the words to plot (great, cool, ...). "
            "Pass another treebank with --data DIR, or run 'make data'."
        )
    if absent:
        print(f"Left out, as they are not in this treebank: {', '.join(absent)}.")
    return found


def make_folder(folder):
    """Make sure that the folder for the files written is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.listdir(folder)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be used: {error.strerror}. Pass --output DIR."
        ) from error


def how_to_resume(options, iteration):
    """Tell where a stopped run stands and what command goes on with it."""
    saved = load_checkpoint(options.output)
    if saved is None:
        return f"Stopped at iteration {iteration:,}, before the first save."
    command = [word for word in sys.argv if word != "--resume"]
    return (
        f"Stopped at iteration {iteration:,}. To go on from iteration {saved.iteration:,}:\n"
        f"python {shlex.join(command)} --resume"
    )


def frames_of_submission(error):
    """Give the part of an error's stack trace that is in the submission; nothing if none is."""
    report = traceback.TracebackException.from_exception(error)
    folder = HERE / "submission"
    report.stack[:] = [frame for frame in report.stack if folder in Path(frame.filename).parents]
    in_syntax = isinstance(error, SyntaxError) and folder in Path(error.filename or "").parents
    return "".join(report.format()).rstrip() if report.stack or in_syntax else ""


def main(arguments=None):
    """Run the program; return 0, 1 for an error in the submission, 2 for a wrong input."""
    options = parse(arguments)
    progress = Progress(options.iterations)
    try:
        run(options, progress)
        return 0
    except InputError as error:
        code, message = 2, f"run.py: {error}"
    except KeyboardInterrupt:
        code, message = 130, how_to_resume(options, progress.iteration)
    except NotImplementedError as error:
        code, message = 1, f"run.py: not written yet: {error}"
    except Exception as error:
        code, message = 1, f"run.py: error in the submission\n{frames_of_submission(error)}"
        if not frames_of_submission(error):
            raise
    finally:
        progress.close()
    print(message, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
