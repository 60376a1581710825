"""sentiment.py: what it measures, that it measures honestly, and what it says when it cannot."""

import re
import subprocess
import sys

import numpy as np
import pytest

import sentiment
import submission
from sentiment import classify, features, most_frequent, randomized
from training import Settings, train
from utils.commands import ROOT, command, from_here
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE
from utils.word_vectors import to_word2vec_text


@pytest.fixture(scope="module")
def treebank():
    return StanfordSentiment(SAMPLE)


@pytest.fixture(scope="module")
def split(treebank):
    return {
        "train": treebank.get_train_sentences(),
        "dev": treebank.get_dev_sentences(),
        "test": treebank.get_test_sentences(),
    }


@pytest.fixture(scope="module")
def vectors(treebank):
    """Give the words' center vectors after half the handout's run."""
    trained = train(submission, treebank, Settings(20_000), lambda iteration, loss: None)
    return dict(zip(trained.words, trained.vectors, strict=True))


@pytest.fixture(scope="module")
def result(split, vectors):
    return classify("word vectors", submission.sgd, split, vectors)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("sentiment.ITERATIONS", 20)


@pytest.fixture
def file(tmp_path, vectors):
    path = tmp_path / "vectors.txt"
    path.write_text(to_word2vec_text(vectors), encoding="utf-8")
    return path


# What is measured


def test_trained_vectors_beat_random_ones_and_the_most_frequent_class(split, vectors, result):
    random = classify("random", submission.sgd, split, randomized(vectors))
    always = most_frequent(split)
    for part in ("train", "dev", "test"):
        assert result.accuracy[part] > random.accuracy[part] + 0.15
        assert result.accuracy[part] > always.accuracy[part] + 0.2
        assert random.accuracy[part] > 0.25
    true = np.bincount([k for _, k in split["test"]], minlength=5)
    assert result.confusion.sum(axis=1).tolist() == true.tolist()
    assert np.trace(result.confusion) / true.sum() == pytest.approx(result.accuracy["test"])


def test_the_most_frequent_class_is_that_of_the_training_sentences():
    split = {
        "train": [(["a"], 1)] * 2 + [(["b"], 3)],
        "dev": [(["c"], 3)],
        "test": [([], 1), ([], 0)],
    }
    always = most_frequent(split)
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


def test_random_vectors_have_the_shape_of_the_true_ones_and_are_always_the_same(vectors):
    random = randomized(vectors)
    assert list(random) == list(vectors)
    assert {vector.shape for vector in random.values()} == {(10,)}
    assert np.array_equal(random["tea"], randomized(vectors)["tea"])
    assert not np.array_equal(random["tea"], random["coffee"])


# That it is honest


def relabelled(split, part):
    """Turn the classes of a part around."""
    return split | {part: [(words, 4 - k) for words, k in split[part]]}


@pytest.mark.usefixtures("quick")
def test_the_classes_of_the_test_sentences_change_nothing_but_the_score(split, vectors):
    one = classify("", submission.sgd, split, vectors)
    other = classify("", submission.sgd, relabelled(split, "test"), vectors)
    assert other.penalty == one.penalty
    assert (other.accuracy | {"test": 0}) == (one.accuracy | {"test": 0})
    assert np.array_equal(other.confusion, one.confusion[::-1])


@pytest.mark.usefixtures("quick")
def test_dev_chooses_the_penalty_and_does_nothing_else(split, vectors, monkeypatch):
    monkeypatch.setattr("sentiment.PENALTIES", [0.01])
    one = classify("", submission.sgd, split, vectors)
    other = classify("", submission.sgd, relabelled(split, "dev"), vectors)
    assert other.accuracy["dev"] != one.accuracy["dev"]
    assert (other.accuracy | {"dev": 0}) == (one.accuracy | {"dev": 0})
    assert np.array_equal(other.confusion, one.confusion)


def test_what_trains_is_the_submissions_sgd(split, vectors):
    calls = []

    def lazy(f, x0, *args, **kwargs):
        calls.append(x0.shape)
        return x0

    found = classify("", lazy, split, vectors)
    assert set(calls) == {(5, 11)}
    assert found.confusion[:, 1:].sum() == 0  # all scores are equal, so the first class is taken


# The program


def run(*arguments):
    return sentiment.main([*map(str, arguments)])


@pytest.mark.usefixtures("quick")
def test_what_it_prints_and_writes(file, tmp_path, capsys):
    out = tmp_path / "o u t"
    assert run("--data", SAMPLE, "--vectors", file, "--output", out) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Sentences of treebank sample: 2,162 train, 279 dev, 559 test"
    assert lines[1] == f"Vectors from {file}, of 100.0% of the words"
    assert lines[2] == "Gradient check passed!"
    assert re.fullmatch(r"accuracy +train +dev +test", lines[3])
    assert lines[4].split() == ["always", "neutral", "32.8%", "32.3%", "32.0%"]
    for line, name in zip(lines[5:7], ("random vectors", "word vectors"), strict=True):
        assert re.fullmatch(name + r"( +\d\d\.\d%){3}", line)
    assert re.fullmatch(r"Regularisation \S+, chosen on dev from 1, 0.1, 0.01, 0.001, 0", lines[7])
    assert lines[8:] == [f"Wrote {out / 'sentiment.png'}"]
    assert [path.name for path in out.iterdir()] == ["sentiment.png"]
    picture = (out / "sentiment.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert run("--data", SAMPLE, "--vectors", file, "--output", out) == 0
    assert capsys.readouterr().out.splitlines() == lines
    assert (out / "sentiment.png").read_bytes() == picture


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


def test_vectors_that_cannot_be_used_are_named(file, tmp_path, capsys, monkeypatch):
    none, other = tmp_path / "none.txt", tmp_path / "other.txt"
    told = refused(capsys, "--vectors", none)
    assert f"{none} cannot be read: No such file or directory. Pass another file." in told
    other.write_text("qwxyz 1 2\n")
    told = refused(capsys, "--vectors", other)
    assert f"{other} has no vector of 1,070 of the treebank's 1,070 words, such as 'the'," in told
    assert told.endswith("it is of another text. Pass a file of English words.\n")
    lines = file.read_text(encoding="utf-8").split("\n")
    lines[6] += " 1"
    file.write_text("\n".join(lines), encoding="utf-8")
    told = refused(capsys, "--vectors", file, "--output", tmp_path / "out")
    assert f"{file}, line 7: expected a word and 10 numbers" in told
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


def test_a_missing_dictionary_is_named(make_treebank, file, capsys):
    folder = make_treebank(["some tea", "more tea", "no tea"])
    (folder / "dictionary.txt").unlink()
    told = refused(capsys, "--data", folder, "--vectors", file)
    assert f"{folder} has no dictionary.txt, which tells the sentiment of its sentences." in told
    assert f"'{command('data')}' fetches all." in told
    assert told.endswith(f"run:\n{train_on(from_here(SAMPLE), BUILD / 'sample')}")


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_part_without_sentences_is_named(make_treebank, file, capsys, part):
    folder = make_treebank(["some tea", "more tea", "no tea"])
    split = folder / "datasetSplit.txt"
    split.write_text(split.read_text().replace(f",{part}\n", f",{part % 3 + 1}\n"))
    told = refused(capsys, "--data", folder, "--vectors", file)
    assert f"{split} has no sentence for {('train', 'test', 'dev')[part - 1]}." in told


def test_a_folder_an_option_or_an_sgd_that_will_not_do_is_named(file, capsys, monkeypatch):
    assert "cannot be used" in refused(capsys, "--vectors", file, "--output", f"{file}/out")
    with pytest.raises(SystemExit, match="2"):
        run("--vector", "x")
    line = "sentiment.py: unrecognized arguments: --vector x. See --help.\n"
    assert capsys.readouterr().err == line

    def sgd(*args, **kwargs):
        raise NotImplementedError("2b: sgd")

    monkeypatch.setattr(submission, "sgd", sgd)
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
