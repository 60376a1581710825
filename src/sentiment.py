"""Tell the sentiment of sentences by softmax regression on the means of their word vectors."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import functools
import importlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from utils.commands import ROOT, command, from_here
from utils.gradcheck import gradcheck_naive
from utils.plotting import plot_confusion, to_png
from utils.treebank import StanfordSentiment
from utils.treebank_files import DICTIONARY, LABELS, SAMPLE, SPLIT
from utils.utils import InputError, write_files
from utils.word_vectors import read_word_vectors

HERE = Path(__file__).resolve().parent
VECTORS, PICTURE = "word_vectors.txt", "sentiment.png"
CLASSES = "very negative", "negative", "neutral", "positive", "very positive"
C = len(CLASSES)
PARTS = {"train": 0, "dev": 2, "test": 1}  # by their numbers in the split
KNOWN = 0.9  # of the words; where fewer have a vector, those without are named
PENALTIES = 1.0, 0.1, 0.01, 0.001, 0.0
ITERATIONS = 500


@dataclass(frozen=True)
class Result:
    """How well the sentences were classified."""

    name: str
    accuracy: dict  # share of right classes, by part of the split
    confusion: np.ndarray  # test sentences, by true class (rows) and predicted class
    penalty: float | None = None  # strength of the regularisation that was chosen


def sentence_vectors(labelled, vectors):
    """Average the vectors of each sentence's words; zero where no word has a vector."""
    means = np.zeros((len(labelled), len(next(iter(vectors.values())))))
    for mean, (words, _) in zip(means, labelled, strict=True):
        known = [vectors[word] for word in words if word in vectors]
        if known:
            mean[:] = np.mean(known, axis=0)
    return means


def features(split, vectors):
    """Make features: a 1, and the sentence vector, scaled by the training sentences alone."""
    means = {part: sentence_vectors(labelled, vectors) for part, labelled in split.items()}
    center, spread = means["train"].mean(axis=0), means["train"].std(axis=0)
    spread[spread == 0] = 1
    scaled = {part: (mean - center) / spread for part, mean in means.items()}
    return {part: np.column_stack((np.ones(len(x)), x)) for part, x in scaled.items()}


def softmax_regression(W, X, y, penalty):
    """Compute loss and gradient by W: the mean cross-entropy of softmax(X W^T), and a penalty.

    The penalty on large weights, penalty/2 |W|^2, spares column 0, which meets the 1 of X.
    """
    n, each = len(y), np.arange(len(y))
    log_y_hat = log_softmax(X @ W.T, axis=1)
    error = np.exp(log_y_hat)  # y_hat, and after the next line y_hat minus the truth
    error[each, y] -= 1
    penalized = W * (np.arange(W.shape[1]) > 0)
    loss = penalty / 2 * np.sum(penalized**2) - np.mean(log_y_hat[each, y])
    return loss, error.T @ X / n + penalty * penalized


def fit(sgd, X, y, penalty):
    """Find the weights of least loss; the step is so small that every one lowers it."""
    start = np.zeros((C, X.shape[1]))
    curvature = np.linalg.eigvalsh(X.T @ X / len(X))[-1] / 2 + penalty  # the most it can be
    f = functools.partial(softmax_regression, X=X, y=y, penalty=penalty)
    W = sgd(f, start, 1 / curvature, ITERATIONS, PRINT_EVERY=ITERATIONS + 1)
    if np.shape(W) != start.shape or not np.isfinite(W).all():
        raise InputError(f"sgd gives no finite weights. To see why, run: {command('grade', '2b')}")
    return W


def predict(W, X):
    """Give the most probable class of each row of X."""
    return np.argmax(X @ W.T, axis=1)


def classify(name, sgd, split, vectors):
    """Fit on the training sentences, choose the penalty on dev, and only then look at test.

    Of penalties equally good on dev, the largest is chosen.
    """
    X, y = features(split, vectors), classes(split)
    fitted = [(fit(sgd, X["train"], y["train"], penalty), penalty) for penalty in PENALTIES]
    W, penalty = max(fitted, key=lambda choice: np.mean(predict(choice[0], X["dev"]) == y["dev"]))
    return evaluate(name, y, {part: predict(W, X[part]) for part in split}, penalty)


def most_frequent(split):
    """Give every sentence the most frequent class of the training sentences."""
    y = classes(split)
    most = np.bincount(y["train"], minlength=C).argmax()
    always = {part: np.full(len(y[part]), most) for part in split}
    return evaluate(f"always {CLASSES[most]}", y, always)


def classes(split):
    """Give the true classes of each part, an array each."""
    return {part: np.array([k for _, k in labelled]) for part, labelled in split.items()}


def evaluate(name, y, predicted, penalty=None):
    """Compare predicted classes with the true ones, y, part by part."""
    confusion = np.zeros((C, C), int)
    np.add.at(confusion, (y["test"], predicted["test"]), 1)
    right = {part: float(np.mean(predicted[part] == y[part])) for part in y}
    return Result(name, right, confusion, penalty)


def randomized(vectors):
    """Give each word a vector that means nothing, of the same length and from a fixed seed."""
    shape = len(vectors), len(next(iter(vectors.values())))
    return dict(zip(vectors, np.random.default_rng(0).normal(size=shape), strict=True))


def check_gradient():
    """Check the gradient of softmax regression on a small problem; print the verdict."""
    rng = np.random.default_rng(0)
    X, y, W = rng.normal(size=(8, 4)), rng.integers(C, size=8), rng.normal(size=(C, 4))
    gradcheck_naive(lambda W: softmax_regression(W, X, y, penalty=0.1), W, "softmax regression")


def read_sentences(treebank):
    """Read the sentences for training, dev and test, with their classes, and say how many."""
    missing = [name for name in (SPLIT, DICTIONARY, LABELS) if not (treebank.path / name).exists()]
    if missing:
        raise InputError(
            f"{from_here(treebank.path.absolute())} has no {', '.join(missing)}, which "
            f"tells the sentiment of its sentences. '{command('data')}' fetches all. To take the "
            f"sample instead, run:{training_commands(SAMPLE)}"
        )
    split = {part: treebank.get_split_sentences(number) for part, number in PARTS.items()}
    for part, labelled in split.items():
        if not labelled:
            raise InputError(f"{treebank.path / SPLIT} has no sentence for {part}.")
    sizes = ", ".join(f"{len(labelled):,} {part}" for part, labelled in split.items())
    print(f"Sentences of treebank {treebank.path.resolve().name}: {sizes}")
    return split


def read_vectors(options, treebank):
    """Read the vectors of the treebank's words, and say how many have one."""
    path = options.vectors or HERE / VECTORS
    shown, remedy = from_here(path.absolute()), "Pass a file of English words."
    if not options.vectors:  # then they are run.py's, and of this treebank
        training = training_commands(options.data) if options.data else command("run")
        remedy = f"Pass --vectors FILE, or run: {training}"
        if not path.exists():
            raise InputError(f"{shown} not found. {remedy}")
    vectors = read_word_vectors(path, treebank.tokens())
    counts = Counter(word for sentence in treebank.sentences() for word in sentence)
    without = [word for word, _ in counts.most_common() if word not in vectors]
    such = "such as " + ", ".join(map(repr, without[:5]))
    if without and not (options.vectors and vectors):
        raise InputError(
            f"{shown} has no vector of {len(without):,} of the treebank's {len(counts):,} words, "
            f"{such}: it is of another text. {remedy}"
        )
    known = 1 - sum(counts[word] for word in without) / counts.total()
    print(f"Vectors from {shown}, of {known:.1%} of the words")
    if known < KNOWN:
        print(f"That is few: {len(without):,} words have none and are passed over, {such}.")
    return vectors


def training_commands(folder):
    """Name the two commands that train on a treebank and then use those vectors."""
    data, output = from_here(folder.absolute()), from_here(ROOT / "build" / folder.resolve().name)
    train = command("run", "--data", str(data), "--output", str(output))
    use = command("sentiment", "--data", str(data), "--vectors", str(output / VECTORS))
    return f"\n{train}\n{use}"


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="sentiment.py", description=__doc__, allow_abbrev=False)
    add = functools.partial(parser.add_argument, type=Path)
    what = "vectors, in text as word2vec's or GloVe's (default: run.py's)"
    add("--vectors", metavar="FILE", help=what)
    what = "treebank (default: the real one if it is there, else the sample)"
    add("--data", metavar="DIR", help=what)
    what = "folder for the picture (default: beside sentiment.py)"
    add("--output", metavar="DIR", default=HERE, help=what)
    return parser.parse_args(arguments)


def run(options):
    """Classify by the most frequent class, by random vectors, by word vectors; print and plot."""
    sgd = importlib.import_module("submission").sgd
    treebank = StanfordSentiment(options.data)
    split = read_sentences(treebank)
    vectors = read_vectors(options, treebank)
    program.make_folder(options.output)
    check_gradient()

    print(f"{'accuracy':<24}" + "".join(f"{part:>8}" for part in split))
    for result in (
        most_frequent(split),
        classify("random vectors", sgd, split, randomized(vectors)),
        classify("word vectors", sgd, split, vectors),
    ):
        print(f"{result.name:<24}" + "".join(f"{result.accuracy[part]:8.1%}" for part in split))
    penalties = ", ".join(f"{penalty:g}" for penalty in PENALTIES)
    print(f"Regularisation {result.penalty:g}, chosen on dev from {penalties}")

    count, right = len(split["test"]), result.accuracy["test"]
    title = f"{right:.1%} of the sentiments of {count:,} test sentences are right"
    picture = options.output / PICTURE
    write_files({picture: to_png(plot_confusion(result.confusion, CLASSES, title))})
    print("Wrote", from_here(picture.absolute()))


def main(arguments=None):
    """Run the program; return 0, 1 for an error in the submission, 2 for a wrong input."""
    options = parse(arguments)
    return program.run("sentiment.py", lambda: run(options))


if __name__ == "__main__":
    program.launch(main)
