"""sentiment.py: what it measures, that it measures honestly, and what it says when it cannot."""

import math
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from conftest import frozen
from scipy.optimize import minimize

import sentiment
import submission
from sentiment import C, classify, features, fit, most_frequent, randomized, softmax_regression
from submission import sgd
from training import Settings, train
from utils.commands import ROOT, command, from_here
from utils.gradcheck import gradcheck_naive
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE
from utils.utils import InputError
from utils.word_vectors import to_word2vec_text

# Softmax regression


@pytest.fixture
def problem():
    """Make features and classes, each class around a center of its own, and some weights."""
    rng = np.random.default_rng(3)
    y, centers = rng.integers(C, size=40), 2 * rng.normal(size=(C, 2))
    X = np.column_stack((np.ones(40), centers[y] + rng.normal(size=(40, 2))))
    return frozen(X), y, rng.normal(size=(C, 3))


def loss_by_loops(W, X, y, penalty):
    total = 0.0
    for x, k in zip(X, y, strict=True):
        exps = [math.exp(sum(a * b for a, b in zip(row, x, strict=True))) for row in W]
        total -= math.log(exps[k] / sum(exps))
    return total / len(y) + penalty / 2 * sum(w * w for row in W for w in row[1:])


@pytest.mark.parametrize("penalty", [0, 0.3])
def test_loss_is_that_of_plain_loops_and_the_gradient_is_its(problem, penalty):
    X, y, W = problem
    loss, _ = softmax_regression(W, X, y, penalty)
    assert loss == pytest.approx(loss_by_loops(W, X, y, penalty), rel=1e-12)
    assert gradcheck_naive(lambda W: softmax_regression(W, X, y, penalty), W, "W")


def test_large_scores_overflow_nothing():
    W, X, y = np.array([[0, 1e4], [0, -1e4]]), np.array([[1.0, 1.0]]), np.array([1])
    loss, grad = softmax_regression(W, X, y, 0)
    assert loss == pytest.approx(2e4)
    assert np.isfinite(grad).all()


def test_fit_finds_the_least_loss_and_prints_nothing(problem, capsys):
    X, y, W = problem
    least = minimize(
        lambda W: softmax_regression(W.reshape(C, 3), X, y, 0.1)[0], np.zeros(W.size), tol=1e-9
    ).fun
    loss, _ = softmax_regression(fit(sgd, X, y, 0.1), X, y, 0.1)
    assert least <= loss + 1e-9 <= least + 1e-4
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_fit_lowers_the_loss_whatever_the_scale(problem, scale):
    X, y, _ = problem
    losses = []

    def seen(f, *args, **kwargs):
        return sgd(lambda W: losses.append(f(W)[0]) or f(W), *args, **kwargs)

    fit(seen, X * [1, scale, scale], y, 0.01)
    assert all(after <= before + 1e-12 for before, after in pairwise(losses))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("weights", [np.nan, np.full((C, 3), np.inf), np.zeros((C, 4))])
def test_an_sgd_that_gives_no_weights_is_refused(problem, weights):
    with pytest.raises(InputError, match=re.escape(f"run: {command('grade', '2b')}")):
        fit(lambda *args, **kwargs: weights, *problem[:2], 0.1)


def test_the_penalty_is_the_best_on_dev_and_the_largest_of_equals():
    vectors = {"good": np.array([1.0]), "bad": np.array([-1.0])}
    labelled = [(["good"], 4), (["bad"], 0)]
    split = {"train": labelled, "dev": labelled, "test": labelled}
    weights = np.zeros((C, 2))
    weights[:, 1] = [-1, 0, 0, 0, 1]  # right
    signs = iter([-1, 1, -1, 1, 1])  # from the largest penalty on
    found = classify("", lambda *args, **kwargs: next(signs) * weights, split, vectors)
    assert found.penalty == 0.1
    assert found.accuracy == {"train": 1, "dev": 1, "test": 1}


# What is measured, and that it is honest


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


@pytest.fixture(scope="module")
def split(treebank):
    parts = zip(("train", "test", "dev"), range(3), strict=True)
    return {part: treebank.get_split_sentences(number) for part, number in parts}


@pytest.fixture(scope="module")
def vectors(treebank):
    """Give the words' center vectors after half the handout's run."""
    trained = train(submission, treebank, Settings(20_000), lambda iteration, loss: None)
    return dict(zip(trained.words, trained.vectors, strict=True))


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("sentiment.ITERATIONS", 20)


@pytest.mark.usefixtures("quick")
def test_trained_vectors_beat_random_ones_and_the_most_frequent_class(split, vectors):
    result = classify("word vectors", sgd, split, vectors)
    random = classify("random", sgd, split, randomized(vectors))
    always = most_frequent(split)
    for part in ("train", "dev", "test"):
        assert result.accuracy[part] > random.accuracy[part] + 0.15
        assert result.accuracy[part] > always.accuracy[part] + 0.2
        assert random.accuracy[part] > 0.25
    true = np.bincount([k for _, k in split["test"]], minlength=5)
    assert result.confusion.sum(axis=1).tolist() == true.tolist()
    assert np.trace(result.confusion) / true.sum() == pytest.approx(result.accuracy["test"])


def test_the_most_frequent_class_is_that_of_the_training_sentences():
    train, dev, test = [("a", 1), ("a", 1), ("b", 3)], [("c", 3)], [([], 1), ([], 0)]
    always = most_frequent({"train": train, "dev": dev, "test": test})
    assert always.accuracy == {"train": 2 / 3, "dev": 0, "test": 0.5}
    assert always.name == "always negative"
    assert always.confusion[:2, 1].tolist() == [1, 1]
    assert always.confusion.sum() == 2


def test_features_are_means_scaled_by_the_training_sentences_alone():
    vectors = {"good": np.array([1.0, 2.0]), "tea": np.array([3.0, 2.0])}
    train, test = [(["good"], 0), (["tea"], 0)], [(["tea", "?", "tea", "good"], 0), (["?"], 0)]
    X = features({"train": train, "test": test}, vectors)
    assert X["train"].tolist() == [[1, -1, 0], [1, 1, 0]]  # what never varies stays finite
    np.testing.assert_allclose(X["test"], [[1, 1 / 3, 0], [1, -2, -2]])


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("part", ["test", "dev"])
def test_test_sentences_only_score_and_those_of_dev_only_choose(split, vectors, monkeypatch, part):
    if part == "dev":
        monkeypatch.setattr("sentiment.PENALTIES", [0.01])  # no choice
    turned_around = split | {part: [(words, 4 - k) for words, k in split[part]]}
    one, other = (classify("", sgd, each, vectors) for each in (split, turned_around))
    assert other.penalty == one.penalty
    assert other.accuracy[part] != one.accuracy[part]
    assert (other.accuracy | {part: 0}) == (one.accuracy | {part: 0})
    assert np.array_equal(other.confusion, one.confusion[:: -1 if part == "test" else 1])


# The program


@pytest.fixture
def file(tmp_path):
    """Give a file with a vector of each of the sample's words."""
    words = StanfordSentiment(SAMPLE).tokens()
    numbers = np.random.default_rng(0).normal(size=(len(words), 2)).tolist()
    path = tmp_path / "vectors.txt"
    path.write_text(to_word2vec_text(dict(zip(words, numbers, strict=True))), encoding="utf-8")
    return path


def run(*arguments):
    return sentiment.main([*map(str, arguments)])


@pytest.mark.usefixtures("quick")
def test_what_it_prints_and_writes(file, tmp_path, capsys):
    out = tmp_path / "o u t"
    shown = []
    for _ in range(2):
        assert run("--data", SAMPLE, "--vectors", file, "--output", out) == 0
        shown.append((capsys.readouterr().out, (out / "sentiment.png").read_bytes()))
    assert shown[0] == shown[1]
    assert shown[0][1].startswith(b"\x89PNG")
    assert [path.name for path in out.iterdir()] == ["sentiment.png"]
    lines = [
        "Sentences of treebank sample: 2,162 train, 279 dev, 559 test",
        f"Vectors from {re.escape(str(file))}, of 100.0% of the words",
        "Gradient check passed!",
        "accuracy +train +dev +test",
        "always neutral +32.8% +32.3% +32.0%",
        r"random vectors( +\d\d\.\d%){3}",
        r"word vectors( +\d\d\.\d%){3}",
        r"Regularisation \S+, chosen on dev from 1, 0.1, 0.01, 0.001, 0",
        f"Wrote {re.escape(str(out / 'sentiment.png'))}\n",
    ]
    assert re.fullmatch("\n".join(lines), shown[0][0]), shown[0][0]


@pytest.mark.usefixtures("quick")
def test_words_without_a_vector_are_named(tmp_path, capsys):
    file = tmp_path / "few.txt"
    file.write_text("2 1\nthe 1\na 2\n")
    assert run("--data", SAMPLE, "--vectors", file, "--output", tmp_path) == 0
    told = "That is few: 1,068 words have none and are passed over, such as ',', '.', 'and', 'is',"
    assert told in capsys.readouterr().out


def refused(capsys, *arguments, code=2):
    """Run the program, which must fail with one line; give the line."""
    assert run("--data", SAMPLE, *arguments) == code
    errors = capsys.readouterr().err
    assert errors.count("\n") in (1, 3)  # with two commands to type
    assert errors.startswith("sentiment.py: ")
    return errors


def train_on(data, output):
    """Give the advice that names the commands that train on a treebank, and use those vectors."""
    train = command("run", "--data", str(data), "--output", str(output))
    vectors = str(output / "word_vectors.txt")
    return f"{train}\n{command('sentiment', '--data', str(data), '--vectors', vectors)}\n"


BUILD = from_here(ROOT / "build")


def test_vectors_that_cannot_be_used_are_named(file, tmp_path, capsys):
    told = refused(capsys, "--vectors", tmp_path / "none.txt")
    assert f"{tmp_path / 'none.txt'} cannot be read: No such file or directory. Pass an" in told
    other = tmp_path / "other.txt"
    other.write_text("qwxyz 1 2\n")
    told = refused(capsys, "--vectors", other)
    assert f"{other} has no vector of 1,070 of the treebank's 1,070 words, such as 'the'," in told
    assert told.endswith("it is of another text. Pass a file of English words.\n")
    file.write_text(file.read_text(encoding="utf-8") + "tea\n", encoding="utf-8")
    told = refused(capsys, "--vectors", file, "--output", tmp_path / "out")
    assert f"{file}, line 1073: expected a word and 2 numbers" in told
    assert not (tmp_path / "out").exists()


def test_run_pys_vectors_are_refused_if_missing_or_of_another_text(
    make_treebank, file, capsys, monkeypatch
):
    monkeypatch.setattr(sentiment, "HERE", file.parent)
    told = refused(capsys)
    assert f"{file.parent / 'word_vectors.txt'} not found. Pass --vectors FILE, or run: " in told
    assert told.endswith(f"run: \n{train_on(from_here(SAMPLE), BUILD / 'sample')}")
    file.rename(file.parent / "word_vectors.txt")
    folder = make_treebank(["the tea", "the tea and qwxyz", "a qwxyz qwxyz-tea"])
    told = refused(capsys, "--data", folder)
    assert "has no vector of 2 of the treebank's 6 words, such as 'qwxyz', 'qwxyz-tea': it" in told
    assert told.endswith(f"run: \n{train_on(folder, BUILD / 'tree bank')}")
    monkeypatch.setattr("utils.treebank.find_treebank", lambda: folder)
    assert sentiment.main([]) == 2
    told = capsys.readouterr().err
    assert told.endswith(f"Pass --vectors FILE, or run: {command('run')}\n")


def test_a_treebank_without_sentiments_or_sentences_of_a_part_is_named(make_treebank, file, capsys):
    folder = make_treebank(["some tea", "more tea", "no tea"])
    (folder / "datasetSplit.txt").write_text("sentence_index,splitset_label\n1,1\n2,1\n3,3\n")
    told = refused(capsys, "--data", folder, "--vectors", file)
    assert f"{folder / 'datasetSplit.txt'} has no sentence for test." in told
    (folder / "dictionary.txt").unlink()
    told = refused(capsys, "--data", folder, "--vectors", file)
    assert f"{folder} has no dictionary.txt, which tells the sentiment of its sentences." in told
    assert f"'{command('data')}' fetches all." in told
    assert told.endswith(f"run:\n{train_on(from_here(SAMPLE), BUILD / 'sample')}")


def test_a_folder_an_option_or_an_sgd_that_will_not_do_is_named(file, capsys, monkeypatch):
    assert "cannot be used" in refused(capsys, "--vectors", file, "--output", f"{file}/out")
    with pytest.raises(SystemExit, match="2"):
        run("--vector", "x")
    line = "sentiment.py: unrecognized arguments: --vector x. See --help.\n"
    assert capsys.readouterr().err == line

    def not_written(*args, **kwargs):
        raise NotImplementedError("2b: sgd")

    monkeypatch.setattr(submission, "sgd", not_written)
    told = refused(capsys, "--vectors", file, code=1)
    assert told == "sentiment.py: not written yet: 2b: sgd\n"


@pytest.mark.slow
def test_the_readme_shows_what_the_sample_gives(tmp_path):
    def program(name, *arguments):
        command = [sys.executable, ROOT / "src" / name, "--data", SAMPLE, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    program("run.py", "--output", tmp_path)
    told = program("sentiment.py", "--vectors", tmp_path / "word_vectors.txt", "--output", tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = told[told.index("accuracy ") : told.index("Wrote")]
    assert table in readme
