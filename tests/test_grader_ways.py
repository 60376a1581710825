"""Other ways to run the graded tests: on each save, in a debugger, a notebook, an IDE."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from test_grader import TIME, compare_with_golden
from worth import POINTS, full_marks, worth

from grading.quiz import OPTIONS
from grading.vectors import PUBLISHED
from submission.quiz import question_1

ROOT = Path(__file__).resolve().parents[1]
CRASH = ("    small = np.exp(-np.abs(x))\n", "    small = 1 / 0\n")
BREAK = ("    small = np.exp(-np.abs(x))\n", "    breakpoint()\n    small = np.exp(-np.abs(x))\n")
WRONG = ("    small = np.exp(-np.abs(x))\n", "    small = 2 * np.exp(-np.abs(x))\n")


@pytest.fixture
def src(tmp_path):
    """Give a copy of src/, to write in."""
    ignored = shutil.ignore_patterns("__pycache__", "sample_vectors*", "*.npz", "*.png")
    return shutil.copytree(ROOT / "src", tmp_path / "src", ignore=ignored)


def write(src, old, new, name="word2vec.py"):
    file = src / "submission" / name
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def run(src, *command, **options):
    return subprocess.run(
        [sys.executable, *command], cwd=src, capture_output=True, text=True, **options
    )


# On each save


class Watched:
    """A grader that watches, and what it has printed."""

    def __init__(self, src, *tests):
        self.path = src.parent / "output.txt"
        command = [sys.executable, "grader.py", "--watch", *tests]
        with open(self.path, "w") as output:
            self.process = subprocess.Popen(command, cwd=src, stdout=output, stderr=output)

    def text(self):
        return TIME.sub("took 0:00:00.000000 ", self.path.read_text(encoding="utf-8"))

    def wait_for(self, gradings):
        """Wait until it has graded so often; give the seconds that it took."""
        began = time.monotonic()
        while self.text().count("Ctrl-C ends.") < gradings:
            assert time.monotonic() < began + 20, self.text()
            assert self.process.poll() is None, self.text()
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_watch_grades_again_on_each_save(src):
    (src / ".#run.py").symlink_to("somebody@somewhere")  # as Emacs locks a file
    watched = Watched(src, "2a-2")
    try:
        watched.wait_for(1)
        write(src, *WRONG)
        watched.wait_for(2)
        (src / "submission" / "word2vec.py").write_text("def sigmoid(")  # half of it
        watched.wait_for(3)
        (src / "submission" / "word2vec.py").unlink()
        watched.wait_for(4)
        shutil.copy(ROOT / "src" / "submission" / "word2vec.py", src / "submission")
        watched.wait_for(5)
        time.sleep(0.5)
        assert watched.text().count("START GRADING") == 5  # nothing was saved
    finally:
        code = watched.stop()
    assert code == 130
    compare_with_golden("watch.txt", watched.text().replace(str(src), "(src)"))


@pytest.mark.skipif(os.name != "posix", reason="makes links, and sends Ctrl-C as a signal")
def test_watch_goes_once_where_links_lead_in_circles(src):
    for name in ("a", "b"):  # which can be followed in 2**40 ways
        (src / "submission" / name).symlink_to(".")
    watched = Watched(src, "2b-0")
    try:
        watched.wait_for(1)
    finally:
        watched.stop()
    assert full_marks(worth("2b-0")) in watched.text()


# Packed to hand in


def packed(src):
    """Give what the zip holds."""
    with zipfile.ZipFile(src.parent / "submission.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_was_graded_is_packed(src):
    write(src, *WRONG)
    (src / "submission" / "__pycache__").mkdir()
    (src / "submission" / "__pycache__" / "sgd.cpython-311.pyc").write_bytes(b"compiled")
    (src / "sample_vectors_(soln).json").write_text("{}")
    done = run(src, "grader.py", "--pack")
    assert (done.returncode, done.stderr) == (0, "")
    line = r"Wrote ../submission\.zip: submission/ and sample_vectors_\(soln\)\.json; 3 tests failed: 2a-2-basic, .*"
    assert re.fullmatch(line, done.stdout.splitlines()[-1])
    files = packed(src)
    names = ["__init__.py", "quiz.py", "sgd.py", "utils.py", "word2vec.py"]
    assert sorted(files) == [
        "sample_vectors_(soln).json",
        *(f"submission/{name}" for name in names),
    ]
    assert files["submission/word2vec.py"] == (src / "submission" / "word2vec.py").read_bytes()
    again = run(src, "grader.py", "--submission", "../submission.zip", "2b")
    assert full_marks(worth("2b", "basic")) in again.stdout


def test_what_is_saved_meanwhile_is_not_packed(src):
    code = (src / "submission" / "word2vec.py").read_bytes()
    command = [sys.executable, "-u", "grader.py", "--pack"]
    with subprocess.Popen(command, cwd=src, stdout=subprocess.PIPE) as grader:
        assert b"START GRADING" in grader.stdout.readline() + grader.stdout.readline()
        write(src, *WRONG)
        line = grader.stdout.read().decode().splitlines()[-1]
    told = "submission/, without sample_vectors_(soln).json ('make -C .. run' makes it)"
    assert line == f"Wrote ../submission.zip: {told}; 1 test failed: 2c-0-basic"
    assert packed(src)["submission/word2vec.py"] == code


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe\0", "grader.py: word2vec.py .*\\. Nothing was packed\\.\n"),
        (None, "grader.py: .* Nothing was packed\\.\n"),
    ],
)
def test_what_cannot_be_graded_is_not_packed(src, content, line):
    (src.parent / "submission.zip").write_bytes(b"of yesterday")
    if content:
        (src / "submission" / "word2vec.py").write_bytes(content)
    else:
        shutil.rmtree(src / "submission")
        (src / "sample_vectors_(soln).json").write_text("{}")
    done = run(src, "grader.py", "--pack")
    assert done.returncode == 2
    assert re.fullmatch(line, done.stderr), done.stderr
    assert (src.parent / "submission.zip").read_bytes() == b"of yesterday"


# In a debugger


@pytest.mark.parametrize(("options", "typed"), [([], ""), (["--debug"], "q\n"), (["--debug"], "")])
def test_a_breakpoint_that_ends_the_test_is_told_with_what_to_do(src, options, typed):
    write(src, *BREAK)
    done = run(src, "grader.py", "2a-2", *options, input=typed)
    assert (done.returncode, done.stderr) == (1, "")
    left = "You left the debugger."
    told = left if options else "has no terminal here: run grader.py with --debug 2a-2-basic"
    assert f"BdbQuit: {'' if options else 'breakpoint() '}{told}\n" in done.stdout
    line = 32 if sys.version_info >= (3, 13) else 33  # that of breakpoint(), or the next
    assert f'File "submission/word2vec.py", line {line}, in sigmoid' in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
@pytest.mark.parametrize("options", [[], ["--debug"]])
def test_ctrl_c_ends_it_with_one_line(src, options):
    write(src, CRASH[0], "    while True: pass\n")
    command = [sys.executable, "-u", "grader.py", "2a-2", *options]
    how = {"cwd": src, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **how) as grader:
        assert grader.stdout.readline() == "========== START GRADING\n"
        time.sleep(0.3)
        grader.send_signal(signal.SIGINT)
        output, errors = grader.communicate(timeout=20)
    assert (grader.returncode, errors) == (130, "Stopped.\n")
    assert "points]" not in output


# Where the submission is kept elsewhere


@pytest.mark.skipif(os.name != "posix", reason="makes links")
def test_a_submission_that_is_a_link_is_ones_own_or_refused(src, tmp_path):
    solution = shutil.copytree(src / "submission", tmp_path / "solution")
    (solution / "sample_vectors_(soln).json").write_text("{}")
    graded = ["--solution", solution, "--unconfined"]
    write(src, *CRASH)
    (src / "submission").rename(tmp_path / "mine")
    (src / "submission").symlink_to(tmp_path / "mine")
    own = ["grader.py", "2a-2"], ["grader.py", "2a-2", "--submission", "submission"]
    for command in (*own, ["-m", "unittest", "grader.Test_2a"]):
        assert "division by zero" in str(run(src, *command)), command
    told = "no word2vec.py, sgd.py or submission.py, but submission (is a link, which is not"
    for options in graded, ["--gradescope", tmp_path / "results.json"]:
        assert told in run(src, "grader.py", "2a-2", *options).stdout


@pytest.mark.parametrize("option", ["-O", "-OO"])
def test_a_python_that_leaves_out_docstrings_and_asserts(src, option):
    command = ["grader.py", "2a-2", "2c-0", "3a", "--submission"]
    plain, short = (TIME.sub("", run(src, *more, *command, src).stdout) for more in ([], [option]))
    assert plain == short
    assert "START 3a-0-basic: Question 1: an answer is given\n" in short
    assert run(src, option, "grader.py", "--list").stdout == run(src, "grader.py", "--list").stdout


# By unittest and pytest, as IDEs do


@pytest.mark.parametrize("command", ["unittest", "pytest -p no:cacheprovider"])
@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (CRASH, ["ZeroDivisionError: division by zero", 'word2vec.py", line 32, in sigmoid', "small = 1 / 0"]),
        (WRONG, ["AssertionError: sigmoid differs most at", 'word2vec.py", line 11, in sigmoid']),
    ],
    ids=["an error", "a wrong result"],
)  # fmt: skip
def test_unittest_and_pytest_show_the_students_own_line(src, command, change, lines):
    write(src, *change)
    tests = "grader.py" if "pytest" in command else "grader"
    done = run(src, "-m", *command.split(), tests, "-k", "2a")
    shown = done.stdout + done.stderr
    assert done.returncode == 1
    assert [line for line in lines if line not in shown] == []
    assert not re.search(r"graderUtil\.py|case\.py|session\.py", shown), shown


def test_pytest_finds_every_test(src):
    done = run(src, "-m", "pytest", "-q", "grader.py", "-k", "3a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout


@pytest.mark.parametrize("name", ["word2vec.py", "sgd.py", "quiz.py"])
def test_a_file_of_the_submission_that_is_run_says_what_to_run(src, name):
    done = run(src.parent, f"src/submission/{name}")
    assert done.stdout == ""
    if name != "quiz.py":  # which has nothing to run, and says nothing
        assert done.returncode == 1
        line = f"The files in submission/ are no programs. Run: {sys.executable} src/grader.py\n"
        assert done.stderr == line


# In a notebook


def test_check_grades_the_files_as_they_are_and_leaves_no_process(src):
    program = f"""
import os, subprocess
from pathlib import Path
from graderUtil import check

def children():
    return subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True,
        text=True).stdout.count("nursery")

file = Path("submission/word2vec.py")
text = file.read_text()
for content in (text, text.replace({WRONG[0]!r}, {WRONG[1]!r}), text):
    file.write_text(content)
    check("2a-2")
    print("children:", children())
check("9")
print("goes on")
"""
    done = run(src, "-c", program)
    assert done.returncode == 0, done.stderr
    most = POINTS["2a-2-basic"]
    assert re.findall(r", (\S+) points", done.stdout) == [f"{x}/{most}" for x in (most, 0, most)]
    assert done.stdout.count("children: 0\n") == 3
    assert done.stdout.endswith("goes on\n")
    assert done.stderr == "grader.py: there is no test '9'. --list shows all.\n"


def test_run_in_a_notebook_ends_quietly(src):
    program = """
import io, sys
from IPython.core.interactiveshell import InteractiveShell

sys.stdout = type("Stream", (io.StringIO,), {})()
InteractiveShell.instance().run_cell("%run grader.py 2c")
print(sys.stdout.getvalue(), file=sys.stderr)
"""
    done = run(src, "-c", program, env=os.environ | {"IPYTHONDIR": str(src.parent)})
    assert "END GRADING" in done.stderr
    assert "SystemExit" not in done.stderr
    assert "Traceback" not in done.stderr


# For staff


def test_reveal_shows_staff_what_a_hidden_test_compares(src, tmp_path):
    (src / "sample_vectors_(soln).json").write_text(json.dumps(PUBLISHED), encoding="utf-8")
    solution = shutil.copytree(src, tmp_path / "solution") / "submission"
    write(src, *WRONG)
    key = question_1()
    wrong = [letter for letter in OPTIONS[1] if letter not in key]
    write(src, f"return {json.dumps(key)}", f"return {wrong}", "quiz.py")
    command = ["grader.py", "2a-5", "2a-6", "3a-1", "--solution", solution, "--unconfined"]
    hidden, shown = (run(src, *command, *more).stdout for more in ([], ["--reveal"]))
    assert "expected" not in hidden
    assert "case:" not in hidden
    shown = " ".join(shown.split())
    assert re.search(r" case: sigmoid\(x=array\(\[.*, \.\.\., .*\)\) This error", shown)
    assert re.search(r"yours is \S+, expected \S+\.", shown)
    assert f"the answer is not right: it is {', '.join(key)} -----" in shown
    assert shown.count("case:") == 2  # of the tests that failed


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("word2vec.py", "loss += loss_of_pair", "loss = loss_of_pair", "Next: 2a skipgram, submission/word2vec.py line"),
        ("word2vec.py", "center_word_vectors[c], word2ind", "center_word_vectors, word2ind", "Next: 2a skipgram,"),
        ("word2vec.py", "    error[outside_word_idx] -= 1\n", "", "Next: 2a naive_softmax_loss_and_gradient,"),
        ("word2vec.py", "= word2vec_loss_and_gradient(", "= naive_softmax_loss_and_gradient(", "Next: read the note of 2a-0-basic"),
        ("word2vec.py", "def sigmoid(x):", "def sigmoid(x:", "Next: 2a, submission/word2vec.py line 11"),
        ("word2vec.py", "import numpy as np", "import numpy as np\0", "Next: 2a, submission/word2vec.py"),
        ("word2vec.py", "import numpy as np", "import os; os._exit(1)", "Next: 2a, submission/word2vec.py"),
        ("sgd.py", "postprocessing is not None", "False", "Next: read the note of 2b-0-basic"),
    ],
)  # fmt: skip
def test_the_next_step_is_where_the_mistake_is(src, file, old, new, told):
    write(src, old, new, file)
    assert told in run(src, "grader.py", "2b" if file == "sgd.py" else "2a").stdout.splitlines()[-1]


# Against a solution


def test_a_link_to_the_solution_is_no_submission(src, tmp_path):
    (src / "sample_vectors_(soln).json").write_text("{}")
    (tmp_path / "link").symlink_to(src / "submission")
    solution = ["--solution", str(src / "submission"), "--unconfined"]
    done = run(src, "grader.py", "2b", "--submission", str(tmp_path / "link"), *solution)
    assert "is a link, which is not followed" in done.stdout
    assert "END GRADING [0.0/" in done.stdout
    done = run(src, "grader.py", "2b", "--submission", str(src / "submission"), *solution)
    assert (done.returncode, full_marks(worth("2b")) in done.stdout) == (0, True)
