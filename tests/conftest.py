"""Fixtures: treebanks, real and made."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

os.environ["MPLBACKEND"] = "Agg"  # before matplotlib is imported, here and in child processes
os.environ["MAKELEVEL"] = "1"  # messages name targets of make, as under make
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # programs start faster, as for most people
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
collect_ignore = ["hostile/keeper.py", "elsewhere.py"]  # programs, without examples

from boxes import IS_ROOT, TRUSTED, Nurseries, graded  # noqa: E402
from hostile.fixture import REFERENCE, VECTORS, vectors  # noqa: E402
from hostile.grading import Gradings, make_python, remove  # noqa: E402

import generate  # noqa: E402
import submission  # noqa: E402
from sandbox.confine import WHOLE_LANDLOCK, landlock_version  # noqa: E402
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


def missing(what):
    """Skip what needs this, or fail where all must be there."""
    (pytest.fail if os.environ.get("REQUIRE_TREEBANK") else pytest.skip)(what)


@pytest.fixture(scope="session")
def real_treebank():
    """Give the folder of the real treebank."""
    if not (REAL / SENTENCES).exists():
        missing("the real treebank is not here; 'make data' fetches it")
    return REAL


@pytest.fixture(scope="session")
def solution(tmp_path_factory):
    """Give the folder of a solution."""
    folder = tmp_path_factory.mktemp("staff") / "solution"
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / VECTORS).write_text(vectors(), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def nurseries():
    """Give workers for many gradings."""
    with contextlib.closing(Nurseries()) as workers:
        yield workers


@pytest.fixture
def grade(solution, nurseries, tmp_path_factory, capsys):
    """Give a function that grades what is in a folder against the solution: it gives `Told`.

    With `vectors` it puts this vectors file there, right ones by default.
    """
    results, right = tmp_path_factory.mktemp("results") / "results.json", vectors().encode()

    def grade(path, *tests, vectors=right):
        if vectors is not None and path.is_dir():
            (path / VECTORS).write_bytes(vectors)
        how = {"results": results, "capsys": capsys, "workers": nurseries}
        return graded(path, tests, "--solution", solution, *TRUSTED, **how)

    return grade


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """Give a folder with what the handout takes from the project: it takes some seconds."""
    folder = tmp_path_factory.mktemp("generated")
    generate.write(folder)
    return folder


@pytest.fixture(scope="session")
def base():
    """Give a folder that all users may enter, for hostile submissions."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    remove(folder)


@pytest.fixture(scope="session")
def gradings(base):
    """Give what grades hostile submissions at every level."""
    if not IS_ROOT:
        missing("only root can run submissions as other users")
    if not landlock_version() >= WHOLE_LANDLOCK:
        missing("there is no Landlock")
    try:
        python = make_python(base / "python")
    except (OSError, subprocess.CalledProcessError) as error:
        missing(f"no Python that other users can run: {error}")
    return Gradings(base, python)


def frozen(array):
    """Give a copy that raises if it is written to; a number stays one."""
    array = np.array(array, float)
    array.setflags(write=False)
    return array if array.shape else float(array)


def write_treebank(folder, sentences, labels=None):
    """Write a treebank of our own; every third sentence is for training, test, development."""
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
