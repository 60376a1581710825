"""sentiment.py: what it measures, that it measures honestly, and what it says when it cannot."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sentiment
import submission
from sentiment import classify, features, most_frequent, randomized
from training import Settings, train
from utils.commands import command, from_here
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE
from utils.word_vectors import to_word2vec_text

ROOT = Path(__file__).resolve().parents[1]


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


def test_the_same_again_to_the_digit(split, vectors, result):
    again = classify("word vectors", submission.sgd, split, vectors)
    assert again.accuracy == result.accuracy
    assert again.penalty == result.penalty
    assert np.array_equal(again.confusion, result.confusion)


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


def test_confusions_count_each_test_sentence_once(split, result):
    true = np.bincount([k for _, k in split["test"]], minlength=5)
    assert result.confusion.sum(axis=1).tolist() == true.tolist()
    assert np.trace(result.confusion) / true.sum() == pytest.approx(result.accuracy["test"])


def test_features_are_scaled_by_the_training_sentences_alone(split, vectors):
    X = features(split, vectors)
    for name, labelled in split.items():
        assert X[name].shape == (len(labelled), 11)
        assert (X[name][:, 0] == 1).all()
    np.testing.assert_allclose(X["train"][:, 1:].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X["train"][:, 1:].std(axis=0), 1)
    other = features(split | {"test": split["test"][:1]}, vectors)
    assert np.array_equal(X["test"][:1], other["test"])
    assert np.array_equal(X["dev"], other["dev"])


def test_a_feature_that_never_varies_stays_finite():
    X = features({"train": [(["a"], 0), (["a"], 1)]}, {"a": np.ones(2)})
    assert X["train"].tolist() == [[1, 0, 0], [1, 0, 0]]


def test_random_vectors_have_the_shape_of_the_true_ones_and_are_always_the_same(vectors):
    random = randomized(vectors)
    assert list(random) == list(vectors)
    assert {vector.shape for vector in random.values()} == {(10,)}
    assert np.array_equal(random["tea"], randomized(vectors)["tea"])
    assert not np.array_equal(random["tea"], random["coffee"])


# That it is honest


def relabelled(labelled):
    """Turn the classes around."""
    return [(words, 4 - k) for words, k in labelled]


@pytest.mark.usefixtures("quick")
def test_the_classes_of_the_test_sentences_change_nothing_but_the_score(split, vectors):
    one = classify("", submission.sgd, split, vectors)
    other = classify("", submission.sgd, split | {"test": relabelled(split["test"])}, vectors)
    assert other.penalty == one.penalty
    assert (other.accuracy | {"test": 0}) == (one.accuracy | {"test": 0})
    assert np.array_equal(other.confusion, one.confusion[::-1])


@pytest.mark.usefixtures("quick")
def test_dev_chooses_the_penalty_and_does_nothing_else(split, vectors, monkeypatch):
    monkeypatch.setattr("sentiment.PENALTIES", [0.01])
    one = classify("", submission.sgd, split, vectors)
    other = classify("", submission.sgd, split | {"dev": relabelled(split["dev"])}, vectors)
    assert other.accuracy["dev"] != one.accuracy["dev"]
    assert replace(other, accuracy=None, confusion=None) == replace(
        one, accuracy=None, confusion=None
    )
    assert other.accuracy["test"] == one.accuracy["test"]
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


@pytest.mark.usefixtures("quick")
def test_what_it_prints_and_writes(file, tmp_path, capsys):
    out = tmp_path / "o u t"
    assert (
        sentiment.main(["--data", str(SAMPLE), "--vectors", str(file), "--output", str(out)]) == 0
    )
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
    assert (out / "sentiment.png").read_bytes().startswith(b"\x89PNG")


def refused(capsys, *arguments, code=2):
    """Run the program, which must fail with one line; give the line."""
    assert sentiment.main([str(argument) for argument in arguments]) == code
    errors = capsys.readouterr().err
    assert errors.count("\n") in (1, 3)
    assert errors.startswith("sentiment.py: ")
    return errors


def train_on(data, output):
    """Give the advice that names the commands that train on a treebank, and use those vectors."""
    train = command("run", "--data", str(data), "--output", str(output))
    vectors = str(output / "word_vectors.txt")
    return f"{train}\n{command('sentiment', '--data', str(data), '--vectors', vectors)}\n"


BUILD = from_here(ROOT / "build")


def test_missing_vectors_are_named(tmp_path, capsys, monkeypatch):
    none = tmp_path / "none.txt"
    told = refused(capsys, "--data", SAMPLE, "--vectors", none)
    assert f"{none} cannot be read: No such file or directory. Pass another file." in told
    monkeypatch.setattr(sentiment, "HERE", tmp_path)
    told = refused(capsys, "--data", SAMPLE)
    assert f"{tmp_path / 'word_vectors.txt'} not found. Pass --vectors FILE, or run: " in told
    assert told.endswith(f"run: \n{train_on(from_here(SAMPLE), BUILD / 'sample')}")


def test_run_pys_vectors_of_another_text_are_refused(make_treebank, file, capsys, monkeypatch):
    monkeypatch.setattr(sentiment, "HERE", file.parent)
    file.rename(file.parent / "word_vectors.txt")
    folder = make_treebank(["the tea", "the tea and qwxyz", "a qwxyz qwxyz-tea"])
    told = refused(capsys, "--data", folder)
    assert "has no vector of 2 of the treebank's 6 words, such as 'qwxyz', 'qwxyz-tea': it" in told
    assert told.endswith(f"run: \n{train_on(folder, BUILD / 'tree bank')}")
    monkeypatch.setattr("utils.treebank.find_treebank", lambda: folder)
    told = refused(capsys)
    assert told.endswith(f"Pass --vectors FILE, or run: {command('run')}\n")


def test_vectors_of_none_of_the_words_are_refused(tmp_path, capsys):
    file = tmp_path / "other.txt"
    file.write_text("qwxyz 1 2\n")
    told = refused(capsys, "--data", SAMPLE, "--vectors", file)
    assert f"{file} has no vector of 1,070 of the treebank's 1,070 words, such as 'the'," in told
    assert told.endswith("it is of another text. Pass a file of English words.\n")


def test_a_malformed_file_is_named_with_its_line(file, tmp_path, capsys):
    lines = file.read_text(encoding="utf-8").split("\n")
    lines[6] += " 1"
    file.write_text("\n".join(lines), encoding="utf-8")
    told = refused(capsys, "--data", SAMPLE, "--vectors", file, "--output", tmp_path / "out")
    assert f"{file}, line 7: expected a word and 10 numbers" in told
    assert not (tmp_path / "out").exists()


def test_a_missing_dictionary_is_named(make_treebank, file, capsys):
    folder = make_treebank(["some tea", "more tea", "no tea"])
    (folder / "dictionary.txt").unlink()
    told = refused(capsys, "--data", folder, "--vectors", file)
    assert f"{folder} has no dictionary.txt, which tells the sentiment of its sentences." in told
    assert f"'{command('data')}' fetches all." in told
    assert told.endswith(f"run:\n{train_on(from_here(SAMPLE), BUILD / 'sample')}")


@pytest.mark.usefixtures("quick")
def test_words_without_a_vector_are_named(tmp_path, capsys):
    file = tmp_path / "few.txt"
    file.write_text("2 1\nthe 1\na 2\n")
    assert (
        sentiment.main(["--data", str(SAMPLE), "--vectors", str(file), "--output", str(tmp_path)])
        == 0
    )
    told = "That is few: 1,068 words have none and are passed over, such as ',', '.', 'and', 'is',"
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_part_without_sentences_is_named(make_treebank, file, capsys, part):
    folder = make_treebank(["some tea", "more tea", "no tea"])
    split = folder / "datasetSplit.txt"
    split.write_text(split.read_text().replace(f",{part}\n", f",{part % 3 + 1}\n"))
    told = refused(capsys, "--data", folder, "--vectors", file)
    assert f"{split} has no sentence for {('train', 'test', 'dev')[part - 1]}." in told


def test_an_empty_region_is_named(file, capsys, monkeypatch):
    def sgd(*args, **kwargs):
        raise NotImplementedError("2b: sgd")

    monkeypatch.setattr(submission, "sgd", sgd)
    told = refused(capsys, "--data", SAMPLE, "--vectors", file, code=1)
    assert told == "sentiment.py: not written yet: 2b: sgd\n"


def test_a_folder_that_cannot_be_written_is_named(file, capsys):
    assert "cannot be used" in refused(
        capsys, "--data", SAMPLE, "--vectors", file, "--output", f"{file}/out"
    )


def test_wrong_options_end_with_one_line(capsys):
    with pytest.raises(SystemExit) as caught:
        sentiment.main(["--vector", "x"])
    assert caught.value.code == 2
    assert (
        capsys.readouterr().err == "sentiment.py: unrecognized arguments: --vector x. See --help.\n"
    )


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
