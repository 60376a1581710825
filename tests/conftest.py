"""Fixtures: treebanks, real and made."""

import contextlib
import os

import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"  # before matplotlib is imported, here and in child processes
os.environ["MAKELEVEL"] = "1"  # messages name targets of make, as under make
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
collect_ignore = ["hostile/keeper.py", "elsewhere.py"]  # programs, without examples

import submission  # noqa: E402
from sandbox.nursery import reset_signals  # noqa: E402
from training import Settings, train  # noqa: E402
from utils.treebank_files import REAL, SENTENCES  # noqa: E402

reset_signals()  # the tests send some, which are ignored after ``make test &``


def pytest_sessionstart(session):
    """Have the loops compiled before the tests, which do not expect to be told of it."""
    if not hasattr(session.config, "workerinput"):
        settings = Settings(8, 1, 1, 1, thinning=1)
        with contextlib.redirect_stdout(None):
            train(submission, ["a b c"], settings, lambda iteration, loss: None)


@pytest.fixture(scope="session")
def real_treebank():
    """Give the folder of the real treebank; skip where it is absent, or fail if it must be here."""
    if not (REAL / SENTENCES).exists():
        missing = pytest.fail if os.environ.get("REQUIRE_TREEBANK") else pytest.skip
        missing("the real treebank is not here; 'make data' fetches it")
    return REAL


def write_treebank(folder, sentences, labels=None):
    """Write a treebank of our own; every third sentence is for training, test, development.

    Parameters
    ----------
    folder : Path
        Where; made if need be.
    sentences : list of str
        Its sentences.
    labels : list of float, optional
        Their sentiments; 0.5 for each by default.

    Returns
    -------
    Path
        The folder.
    """
    labels = labels or [0.5] * len(sentences)
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "datasetSentences.txt": ["sentence_index\tsentence"]
        + [f"{i}\t{text}" for i, text in enumerate(sentences, 1)],
        "datasetSplit.txt": ["sentence_index,splitset_label"]
        + [f"{i},{(i - 1) % 3 + 1}" for i in range(1, len(sentences) + 1)],
        "dictionary.txt": [f"{text}|{i}" for i, text in enumerate(sentences)],
        "sentiment_labels.txt": ["phrase ids|sentiment values"]
        + [f"{i}|{label}" for i, label in enumerate(labels)],
    }
    for name, lines in files.items():
        (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
    return folder


@pytest.fixture
def make_treebank(tmp_path):
    """Give a function that writes a treebank of the sentences it is given."""
    return lambda sentences, labels=None: write_treebank(tmp_path / "tree bank", sentences, labels)
