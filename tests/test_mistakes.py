"""Training by loops refuses every wrong submission, and trains every right one."""

import contextlib
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from conftest import write_treebank
from mistakes import FLOAT32, MISTAKES, STYLES, apply, load

import submission
from training import Settings, train
from utils.treebank import StanfordSentiment
from utils.treebank_files import SAMPLE, read_sentences
from utils.utils import InputError, SubmissionError

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # a mistake may overflow

BY_LOOPS = re.compile(r"Trained by plain loops\b")
THROUGH_SUBMISSION = re.compile(r"Train(?:ed|ing) through your functions\b.*? because (.+)")
SHORT = Settings(iterations=10, dim=3, window=5, negatives=12, step=0.1)


def rows(table):
    return pytest.mark.parametrize("row", table, ids=lambda row: row.name)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Give the first sentences of the sample treebank."""
    sentences = read_sentences(SAMPLE)[:500]
    return StanfordSentiment(write_treebank(tmp_path_factory.mktemp("sample"), sentences))


@pytest.fixture
def package(row, tmp_path):
    """Give the submission that a row makes of the reference."""
    return load(apply(row, tmp_path))


class StopError(Exception):
    """Stops a run."""


class Told(io.StringIO):
    """Output that stops a run as soon as it says how it trains."""

    def write(self, text):
        super().write(text)
        if text.startswith("Train"):
            raise StopError


def outcome(package, treebank, settings=SHORT, engine="submission", output=io.StringIO):
    """Train; give vectors and loss, or the error that is raised, and the lines said on the way."""
    with contextlib.redirect_stdout(output()) as printed:
        try:
            trained = train(package, treebank, settings, lambda *args: None, True, engine=engine)
            found = np.concatenate((trained.vectors, trained.outside_vectors)), trained.loss
        except Exception as error:
            found = error
    lines = printed.getvalue().splitlines()
    return found, [line for line in lines if re.match("Train(ed|ing) ", line)]


def same(one, other):
    """Tell whether two outcomes are the same kind of error, or the same numbers to 1e-12."""
    if isinstance(one, Exception) or isinstance(other, Exception):
        kinds = {InputError: SubmissionError}  # a loss that is nan: auto knows whose it is
        return kinds.get(type(one), type(one)) is kinds.get(type(other), type(other))
    pairs = [(np.array(a, float), np.array(b, float)) for a, b in zip(one, other, strict=True)]
    return all(np.allclose(a, b, rtol=0, atol=1e-12, equal_nan=True) for a, b in pairs)


@pytest.fixture(scope="module")
def sample_result(sample, tmp_path_factory):
    with contextlib.chdir(tmp_path_factory.mktemp("run")):
        return outcome(submission, sample)[0]


def reason_to_refuse(lines):
    """Give the reason in the only line said."""
    (line,) = lines
    return THROUGH_SUBMISSION.match(line)[1]


@rows([row for row in MISTAKES if not row.why])
def test_loops_are_refused_to_mistakes(row, package, sample, tmp_path):
    settings = replace(SHORT, iterations=max(SHORT.iterations, row.shows_after + 1))
    found, lines = outcome(package, sample, settings, "auto", Told)
    if isinstance(found, StopError):
        reason, is_sgd = reason_to_refuse(lines), row.function == "sgd"
        assert bool(re.search(r"\bsgd\b", reason)) == is_sgd, reason
        assert reason.endswith(f"grader.py {'2b' if is_sgd else '2a'}"), reason
    else:  # an error ends the check as it ends training
        assert lines == []
        assert same(found, outcome(load(apply(row, tmp_path / "own")), sample)[0])


@rows(FLOAT32)
def test_loops_are_refused_to_single_precision(row, package, sample):
    found, lines = outcome(package, sample, engine="auto")
    assert "float32" in reason_to_refuse(lines)
    assert same(found, outcome(package, sample)[0])


@rows([row for row in MISTAKES if row.why] + STYLES)
def test_loops_train_where_they_give_the_same(row, package, sample, sample_result):
    found, lines = outcome(package, sample, engine="auto")
    assert [bool(BY_LOOPS.match(line)) for line in lines] == [True], (lines, found)
    assert same(found, sample_result), found
