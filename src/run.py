"""Train word vectors on a treebank with the submission's functions, save them, plot them."""

import contextlib
import importlib
import shlex
import sys
import time
from dataclasses import fields
from pathlib import Path

try:
    import matplotlib.pyplot as plt

    from utils.checkpoint import load_checkpoint
    from utils.plotting import PLOTTED_WORDS, has_window, plot_word_vectors, to_png
    from utils.program import OneLineParser, from_here, make_folder, number, run_program
    from utils.progress import Progress, WithoutIterationLines, clock
    from utils.training import Settings, train
    from utils.treebank import StanfordSentiment
    from utils.treebank_files import SAMPLE, find_treebank
    from utils.utils import InputError, to_json, write_files
    from utils.word_vectors import to_word2vec_text
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
        without_lines = contextlib.redirect_stdout(WithoutIterationLines(sys.stdout))
        with contextlib.closing(progress), without_lines:
            word_vectors, loss = train(
                submission,
                treebank,
                settings,
                progress,
                save=True,
                resume=options.resume,
                engine=options.engine,
            )
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


def main(arguments=None):
    """Run the program; return 0, 1 for an error in the submission, 2 for a wrong input."""
    options = parse(arguments)
    progress = Progress(options.iterations)
    return run_program(
        "run.py",
        lambda: run(options, progress),
        stopped=lambda: how_to_resume(options, progress.iteration),
    )


if __name__ == "__main__":
    sys.exit(main())
