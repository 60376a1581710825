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

import pytest
from test_grader import CRASH, SMALL, TIME, WRONG, compare_with_golden, hand_in, write
from worth import POINTS, full_marks, worth

from grading.quiz import QUESTIONS
from utils.commands import SOURCE

IS_POSIX = pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
BREAK = "word2vec.py", SMALL, f"    breakpoint()\n{SMALL}"
LOOP = "word2vec.py", SMALL, "    while True: pass\n"


@pytest.fixture
def src(tmp_path):
    """Give a copy of src/, to write in."""
    ignored = shutil.ignore_patterns("__pycache__", "sample_vectors*", "*.npz", "*.png")
    return shutil.copytree(SOURCE, tmp_path / "src", ignore=ignored)


def run(src, *command, **options):
    command = [sys.executable, *map(str, command)]
    return subprocess.run(command, cwd=src, capture_output=True, text=True, **options)


def start(src, *command, **streams):
    return subprocess.Popen([sys.executable, "-u", "grader.py", *command], cwd=src, **streams)


# On each save


@IS_POSIX
def test_watch_grades_again_on_each_save(src, tmp_path):
    (src / ".#run.py").symlink_to("somebody@somewhere")  # as Emacs locks a file
    file, output = src / "submission" / "word2vec.py", tmp_path / "output.txt"

    def text():
        return TIME.sub("took 0:00:00.000000 ", output.read_text(encoding="utf-8"))

    def wait_for(gradings):
        ends = time.monotonic() + 20
        while text().count("Ctrl-C ends.") < gradings:
            assert time.monotonic() < ends, text()
            assert grader.poll() is None, text()
            time.sleep(0.02)

    with open(output, "w") as stream, start(src, "--watch", "2a-2", stdout=stream, stderr=stream) as grader:  # fmt: skip
        try:
            wait_for(1)
            write(src, *WRONG)
            wait_for(2)
            file.write_text("def sigmoid(")  # half of it
            wait_for(3)
            file.unlink()
            wait_for(4)
            shutil.copy(SOURCE / "submission" / "word2vec.py", file)
            wait_for(5)
            time.sleep(0.5)
            assert text().count("START GRADING") == 5  # nothing was saved
        finally:
            grader.send_signal(signal.SIGINT)
            code = grader.wait(10)
    assert code == 130
    compare_with_golden("watch.txt", text().replace(str(src), "(src)"))


@IS_POSIX
def test_watch_goes_once_where_links_lead_in_circles(tmp_path):
    for name in ("a", "b"):  # which can be followed in 2**40 ways
        (tmp_path / name).symlink_to(".")
    look = f"import pathlib, grader; next(grader.savings(pathlib.Path({str(tmp_path)!r})))"
    assert run(SOURCE, "-c", look, timeout=20).returncode == 0


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
    code = [f"submission/{name}.py" for name in ("__init__", "quiz", "sgd", "utils", "word2vec")]
    assert sorted(files) == ["sample_vectors_(soln).json", *code]
    assert files["submission/word2vec.py"] == (src / "submission" / "word2vec.py").read_bytes()
    again = run(src, "grader.py", "--submission", "../submission.zip", "2b")
    assert full_marks(worth("2b", "basic")) in again.stdout


def test_what_is_saved_meanwhile_is_not_packed(src):
    code = (src / "submission" / "word2vec.py").read_bytes()
    with start(src, "--pack", stdout=subprocess.PIPE) as grader:
        assert b"START GRADING" in grader.stdout.readline() + grader.stdout.readline()
        write(src, *WRONG)
        line = grader.stdout.read().decode().splitlines()[-1]
    told = "submission/, without sample_vectors_(soln).json ('make -C .. run' makes it)"
    assert line == f"Wrote ../submission.zip: {told}; 1 test failed: 2c-0-basic"
    assert packed(src)["submission/word2vec.py"] == code


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"\xff\xfe\0", r"word2vec\.py .*\. Nothing was packed\."),
        (None, ".* Nothing was packed\\."),
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
    assert re.fullmatch(f"grader.py: {line}\n", done.stderr), done.stderr
    assert (src.parent / "submission.zip").read_bytes() == b"of yesterday"


# In a debugger, and stopped


@pytest.mark.parametrize(
    ("options", "typed", "told"),
    [
        ([], "", "BdbQuit: breakpoint() has no terminal here: run grader.py with --debug 2a-2-basic\n"),
        (["--debug"], "q\n", "BdbQuit: You left the debugger.\n"),
        (["--debug"], "", "BdbQuit: You left the debugger.\n"),
        (["--debug"], "p x.shape\nc\n", "(Pdb) (5,)"),
    ],
)  # fmt: skip
def test_a_breakpoint_stops_in_the_debugger_or_says_what_to_do(options, typed, told, tmp_path):
    folder = hand_in(tmp_path, BREAK)
    command = [SOURCE / "grader.py", "2a-2", *options, "--submission", "."]
    done = run(folder, *command, input=typed)
    is_left = "BdbQuit" in told
    assert (done.returncode, done.stderr) == (is_left, "")
    assert told in done.stdout
    line = 32 if sys.version_info >= (3, 13) else 33  # that of breakpoint(), or the next
    assert (f'File "submission/word2vec.py", line {line}, in sigmoid' in done.stdout) == is_left


@IS_POSIX
@pytest.mark.parametrize("options", [[], ["--debug"]])
def test_ctrl_c_ends_it_with_one_line(src, options):
    write(src, *LOOP)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with start(src, "2a-2", *options, **pipes) as grader:
        assert grader.stdout.readline() == "========== START GRADING\n"
        time.sleep(0.3)
        grader.send_signal(signal.SIGINT)
        output, errors = grader.communicate(timeout=20)
    assert (grader.returncode, errors) == (130, "Stopped.\n")
    assert "points]" not in output


# By Python's options, unittest and pytest, as IDEs do


def test_a_python_that_leaves_out_docstrings_and_asserts(src):
    command = ["grader.py", "2a-2", "2c-0", "3a", "--submission", src]
    plain, short = (TIME.sub("", run(src, *more, *command).stdout) for more in ([], ["-OO"]))
    assert plain == short
    assert "START 3a-0-basic: Question 1: an answer is given\n" in short


OF_STUDENT = [
    *("ZeroDivisionError: division by zero", 'word2vec.py", line 32, in sigmoid', "small = 1 / 0"),
    *("AssertionError: naive softmax", 'word2vec.py", line 37, in naive_softmax'),
    "hidden test ungraded",
]


@pytest.mark.parametrize(
    "command",
    [
        "unittest -v grader.Test_2a.test_1 grader.Test_2a.test_2 grader.Test_2a.test_4 grader.Test_3a",
        "pytest -rs -p no:cacheprovider grader.py -k 3a||2a-and-(test_1||test_2||test_4)",
    ],
    ids=["unittest", "pytest"],
)
def test_unittest_and_pytest_show_the_students_own_line(src, command):
    write(src, *CRASH)
    write(src, "word2vec.py", "    error[outside_word_idx] -= 1\n", "")
    command = [part.replace("||", " or ").replace("-and-", " and ") for part in command.split()]
    done = run(src, "-m", *command)
    shown = done.stdout + done.stderr
    assert done.returncode == 1
    assert [line for line in OF_STUDENT if line not in shown] == [], shown
    assert not re.search(r"graderUtil\.py|case\.py|session\.py", shown), shown


@pytest.mark.parametrize("name", ["word2vec.py", "sgd.py", "quiz.py"])
def test_a_file_of_the_submission_that_is_run_says_what_to_run(name):
    done = run(SOURCE.parent, f"src/submission/{name}")
    assert done.stdout == ""
    if name != "quiz.py":  # which has nothing to run, and says nothing
        assert done.returncode == 1
        line = f"The files in submission/ are no programs. Run: {sys.executable} src/grader.py\n"
        assert done.stderr == line


# What points.json says


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (r' "2a-2-basic": .*,', "", "points.json has no line for 2a-2-basic"),
        ('"2a-2-basic"', '"2a-99-basic": 1, "2a-2-basic"', "points.json has a line for 2a-99-basic"),
        ('"2a-2-basic": .*,', '"2a-2-basic": -1,', "2a-2-basic must be worth a number, not -1"),
        ('("2a-2-basic": .*),', r"\1", "points.json is not valid JSON"),
    ],
)  # fmt: skip
def test_a_wrong_line_of_points_is_told_in_one_line(src, old, new, line):
    file = src / "points.json"
    file.write_text(re.sub(old, new, file.read_text(encoding="utf-8")))
    done = run(src, "grader.py", "--list")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr


def test_list_names_every_test_and_its_points_in_the_order_of_the_file(src):
    backwards = dict(reversed(POINTS.items()))  # as 2a-10 comes after 2a-9
    (src / "points.json").write_text(json.dumps(backwards))
    found = re.findall(r"^(\S+) +(\S+) points  .+", run(src, "grader.py", "--list").stdout, re.M)
    assert found == [(key, str(value)) for key, value in backwards.items()]


def test_ids_are_numbered_in_order():
    tests = [re.fullmatch(r"(\d[a-z])-(\d+)-(basic|hidden)", test).groups() for test in POINTS]
    for question in {question for question, _, _ in tests}:
        numbers = [int(number) for found, number, _ in tests if found == question]
        assert numbers == list(range(len(numbers)))
    assert tests == sorted(tests, key=lambda test: (test[0], int(test[1])))
    expected = [f"{q}-{kind}" for q in QUESTIONS.values() for kind in ("0-basic", "1-hidden")]
    assert [test for test in POINTS if test.startswith("3")] == expected


# In a notebook

CHECKS = f"""
import os, subprocess
from pathlib import Path
from graderUtil import check

def children():
    return subprocess.run(["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True,
        text=True).stdout.count("nursery")

file = Path("submission/word2vec.py")
text = file.read_text()
for content in (text, text.replace({WRONG[1]!r}, {WRONG[2]!r}), text):
    file.write_text(content)
    check("2a-2")
    print("children:", children())
check("9")
print("goes on")
"""


def test_check_grades_the_files_as_they_are_and_leaves_no_process(src):
    done = run(src, "-c", CHECKS)
    assert done.returncode == 0, done.stderr
    most = POINTS["2a-2-basic"]
    assert re.findall(r", (\S+) points", done.stdout) == [f"{x}/{most}" for x in (most, 0, most)]
    assert done.stdout.count("children: 0\n") == 3
    assert done.stdout.endswith("goes on\n")
    assert done.stderr == "grader.py: there is no test '9'. --list shows all.\n"


IN_NOTEBOOK = """
import io, sys
from IPython.core.interactiveshell import InteractiveShell

sys.stdout = type("Stream", (io.StringIO,), {})()
InteractiveShell.instance().run_cell("%run grader.py 2c")
print(sys.stdout.getvalue(), file=sys.stderr)
"""


def test_run_in_a_notebook_ends_quietly(tmp_path):
    done = run(SOURCE, "-c", IN_NOTEBOOK, env=os.environ | {"IPYTHONDIR": str(tmp_path)})
    assert "END GRADING" in done.stderr
    assert "SystemExit" not in done.stderr
    assert "Traceback" not in done.stderr
