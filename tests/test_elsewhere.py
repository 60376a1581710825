"""The programs where much of Linux is missing, as on Windows and macOS."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from worth import full_marks, worth

from grading.vectors import PUBLISHED
from utils.treebank_files import SAMPLE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="takes away what only POSIX has")
ROOT = Path(__file__).resolve().parents[1]
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


def test_training_grading_and_sentiment(run, tmp_path):
    shutil.copytree(ROOT / "src" / "submission", tmp_path / "submission")
    few = "--data", SAMPLE, "--output", tmp_path
    assert "Wrote " in run("src/run.py", *few, "--iterations", "20", "--engine", "submission")
    assert "word vectors" in run(
        "src/sentiment.py", *few, "--vectors", tmp_path / "word_vectors.txt"
    )
    vectors = tmp_path / "sample_vectors_(soln).json"
    vectors.write_text(json.dumps(PUBLISHED), encoding="utf-8")
    assert full_marks(worth(end="basic")) in run("src/grader.py", "--submission", tmp_path)


def test_a_solution_printed_lines_and_a_crash(run, tmp_path):
    shutil.copytree(ROOT / "src" / "submission", tmp_path / "submission")
    (tmp_path / "sample_vectors_(soln).json").write_text("{}")
    with (tmp_path / "submission" / "sgd.py").open("a") as file:
        file.write(
            "\nimport os, sys\nsys.stdout.reconfigure(newline='\\r\\n')\nprint('one')\nos._exit(3)\n"
        )
    results = tmp_path / "results.json"
    more = "--submission", tmp_path, "--solution", tmp_path, "--gradescope", results
    assert "the confinement none. Pass --unconfined" in run("src/grader.py", *more, code=2)
    assert f"END GRADING [{worth('2a')}/{worth('2a') + worth('2b-0')} " in run(
        "src/grader.py", "2a", "2b-0", *more, "--unconfined", code=1
    )
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
