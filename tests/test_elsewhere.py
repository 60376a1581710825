"""The programs where much of Linux is missing, as on Windows and macOS."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from worth import full_marks, worth

from grading.vectors import PUBLISHED
from utils.commands import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="takes away what only POSIX has")
FETCH = """
import json, sys
sys.path.insert(0, {data!r})
import fetch
fetch.CHECKSUMS.update({sums!r})
sys.exit(fetch.main())
"""


@pytest.fixture(params=["windows", "macos"])
def run(request):
    """Give a function that runs a program and gives what it prints."""

    def run(program, *arguments, code=0):
        command = [sys.executable, "-W", "error", ROOT / "tests" / "elsewhere.py", request.param]
        command += [ROOT / program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stderr == "" or code == 2
        return done.stdout + done.stderr

    return run


@pytest.fixture
def submission(tmp_path):
    """Give a folder with the submission and the published vectors."""
    folder = tmp_path / "handed in"
    shutil.copytree(ROOT / "src" / "submission", folder / "submission")
    vectors = folder / "sample_vectors_(soln).json"
    vectors.write_text(json.dumps(PUBLISHED), encoding="utf-8")
    return folder


def test_training_grading_and_sentiment(run, submission, make_treebank, tmp_path):
    few = "--data", make_treebank(["great tea and coffee", "bad rain", "a man"] * 30)
    few += "--output", tmp_path / "out"
    assert "Wrote " in run("src/run.py", *few, "--iterations", "5", "--engine", "submission")
    vectors = tmp_path / "out" / "word_vectors.txt"
    assert "word vectors" in run("src/sentiment.py", *few, "--vectors", vectors)
    tests = "2a-1-basic", "2c-0-basic"
    full = full_marks(sum(map(worth, tests)))
    assert full in run("src/grader.py", *tests, "--submission", submission)


def test_a_solution_printed_lines_and_a_crash(run, submission, tmp_path):
    with (submission / "submission" / "sgd.py").open("a") as file:
        file.write(
            "\nimport os, sys\nsys.stdout.reconfigure(newline='\\r\\n')\nprint('one')\nos._exit(3)\n"
        )
    results = tmp_path / "results.json"
    more = "--submission", submission, "--solution", submission, "--gradescope", results
    assert "the confinement none. Pass --unconfined" in run("src/grader.py", *more, code=2)
    shown = run("src/grader.py", "2a-3", "2b-0", *more, "--unconfined", code=1)
    assert f"END GRADING [{worth('2a-3')}/{worth('2a-3') + worth('2b-0')} " in shown
    last = json.loads(results.read_text(encoding="utf-8"))["tests"][-1]["output"]
    assert last.startswith("| one\n")
    assert "its process ended with exit code 3" in last
    assert results.read_bytes().count(b"\r") == 0


def test_a_treebank_is_fetched_from_a_zip(run, tmp_path):
    names = "datasetSentences.txt", "datasetSplit.txt", "sentiment_labels.txt", "dictionary.txt"
    files = dict.fromkeys(names, b"a stand-in\n" * 50)
    with zipfile.ZipFile(tmp_path / "copy.zip", "w") as packed:
        for name, content in files.items():
            packed.writestr(f"stanfordSentimentTreebank/{name}", content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    program = tmp_path / "program.py"
    program.write_text(FETCH.format(data=str(ROOT / "data"), sums=sums))
    shown = run(program, tmp_path / "copy.zip", "--target", tmp_path / "there")
    assert re.search(r"there now holds 4 of 4 files", shown)
    assert {path.name for path in (tmp_path / "there").iterdir()} == set(names)
