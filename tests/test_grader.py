"""The grader as its users call it: output, points, exit codes, options."""

import contextlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from results_validator import problems
from worth import POINTS, full_marks, worth

import build_student
from grading import outcomes
from grading.course import open_course, read_solution
from grading.options import select
from grading.vectors import PUBLISHED
from regions import emptied
from sandbox.confine import Confinement
from submission.quiz import question_1

ROOT = Path(__file__).resolve().parents[1]
GRADER = ROOT / "src" / "grader.py"
GOLDEN = Path(__file__).with_name("golden")
VECTORS = "sample_vectors_(soln).json"
TIME = re.compile(r"took \d:\d\d:\d\d\.\d{6} ")
UNCONFINED = "import grader, sys; sys.exit(grader.main(sys.argv[1:], lambda: grader.strongest_confinement(())))"


def grade(*arguments, cwd=ROOT / "src", command=(GRADER,), **options):
    """Run the grader; give exit code, output with times masked, and errors."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *command, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    return done.returncode, TIME.sub("took 0:00:00.000000 ", done.stdout), done.stderr


@pytest.fixture
def handed_in(tmp_path):
    """Give a copy of the reference with the published vectors beside it."""
    return copy_of_reference(tmp_path / "handed in")


def copy_of_reference(folder, quiz=True):
    ignored = ["__pycache__"] if quiz else ["__pycache__", "quiz.py"]
    shutil.copytree(
        ROOT / "src" / "submission", folder / "submission", ignore=shutil.ignore_patterns(*ignored)
    )
    (folder / VECTORS).write_text(json.dumps(PUBLISHED), encoding="utf-8")
    return folder


def last_line(output):
    return output.rstrip().rsplit("\n", 1)[-1]


# What people see. After a change that is meant: REFRESH_GOLDEN=1 make test, which writes it anew


def compare_with_golden(name, output):
    if os.environ.get("REFRESH_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / name).write_text(output, encoding="utf-8")
    assert output == (GOLDEN / name).read_text(encoding="utf-8")


SOME = "2a-2-basic", "2a-3-hidden", "2b-1-basic", "2c-0-basic", "3a-0-basic"
HAND_IN = "Next: hand in your work, make -C .. submission.zip packs it (README: 5. Hand in)"


def test_a_finished_submission(handed_in):
    code, output, errors = grade("--submission", handed_in, *SOME)
    assert (code, errors) == (0, "")
    compare_with_golden("finished.txt", output)


def test_all_tests_of_a_finished_submission(handed_in):
    code, output, errors = grade("--submission", handed_in)
    assert (code, errors) == (0, "")
    assert output.splitlines()[-2:] == [full_marks(worth(end="basic")), HAND_IN]


def test_nothing_is_written_yet(tmp_path):
    write_release(tmp_path)
    code, output, errors = grade("--submission", tmp_path, *SOME)
    assert (code, errors) == (1, "")
    compare_with_golden("nothing_written.txt", output.replace(str(tmp_path), "(handed in)"))


def write_release(folder):
    """Write the submission as students get it."""
    (folder / "submission").mkdir()
    for file in (ROOT / "src" / "submission").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        text = emptied(text, file.name, build_student.QUESTIONS.get(file.name, {}))
        (folder / "submission" / file.name).write_text(text, encoding="utf-8")


def test_a_finished_submission_beside_the_solution(handed_in, tmp_path):
    solution, results = copy_of_reference(tmp_path / "solution"), tmp_path / "results.json"
    code, output, errors = grade(
        "--submission", handed_in, "--solution", solution, "--gradescope", results
    )
    assert (code, errors) == (0, "")
    assert "\nConfinement: " in output
    assert last_line(output) == full_marks(worth())
    assert not problems(results.read_text(encoding="utf-8"))
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    assert {test["number"]: test["score"] for test in tests} == POINTS
    assert {test["status"] for test in tests} == {"passed"}


WRONG = {
    "return np.where(np.greater_equal(x, 0), 1, small) / (1 + small)": "return 1 - x / 0 * small",
    "np.log(np.exp(scores).sum()) - scores[outside_word_idx]": "-np.log(softmax(scores))[0]",
}


def test_a_submission_that_fails(handed_in):
    file = handed_in / "submission" / "word2vec.py"
    text = file.read_text(encoding="utf-8")
    for old, new in WRONG.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text.replace("return 1 - x / 0", "raise ZeroDivisionError('x / 0')\n    x"))
    code, output, errors = grade("2a-1", "2a-2", "2a-3", "--submission", handed_in)
    assert (code, errors) == (1, "")
    compare_with_golden("failed.txt", output.replace(str(handed_in), "(handed in)"))


def test_the_quiz_counts_only_where_the_solution_has_it(handed_in, tmp_path):
    solution = copy_of_reference(tmp_path / "solution", quiz=False)
    arguments = ["--submission", handed_in, "--solution", solution]
    code, output, _ = grade(*arguments, "--gradescope", tmp_path / "finished.json")
    assert (code, last_line(output)) == (0, full_marks(worth("2")))
    refused = [*arguments, "--gradescope", tmp_path / "refused.json"]
    code, *_ = grade(*refused, command=["-c", UNCONFINED])
    assert code == 2  # the solution could be read; what stood there before stays
    most = []
    for name in ("finished", "refused"):
        tests = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))["tests"]
        most.append({test["number"]: test["max_score"] for test in tests})
    assert most[0] == most[1]
    assert sum(most[0].values()) == worth("2")


def test_hidden_tests_can_wait_until_grades_are_published(handed_in, tmp_path):
    results = tmp_path / "results.json"
    grade("2a-2", "2a-3", "--submission", handed_in, "--gradescope", results, "--after-published")
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    assert [test["visibility"] for test in tests] == ["visible", "after_published"]


def test_of_a_recursion_without_end_both_ends_are_shown(handed_in):
    file = handed_in / "submission" / "word2vec.py"
    text = file.read_text(encoding="utf-8")
    new = "    return helper(x)\n\n\ndef helper(x):\n    return sigmoid(x)\n"
    file.write_text(text.replace(REGION, new), encoding="utf-8")
    _, output, _ = grade("2a-2", "--submission", handed_in)
    assert "RecursionError: maximum recursion depth exceeded" in output
    assert re.search(r"\n\[\.\.\. 1,9\d\d lines left out \.\.\.\]\n", output)
    assert output.count("return helper(x)") == output.count("return sigmoid(x)") == 4


@pytest.mark.parametrize(
    ("file", "name", "wrong", "test"),
    [("sgd.py", "sgd", "SGD", "2b-1"), ("word2vec.py", "skipgram", "skip_gram", "2a-0")],
)
def test_a_function_with_nearly_the_right_name_is_told(handed_in, file, name, wrong, test):
    path = handed_in / "submission" / file
    path.write_text(path.read_text(encoding="utf-8").replace(f"def {name}(", f"def {wrong}("))
    (handed_in / "submission" / "__init__.py").write_text("")
    _, output, _ = grade(test, "--submission", handed_in)
    assert (
        f"\nthe submission has no function {name}. {file} has {wrong}: rename it to {name}.\n"
        in output
    )


REGION = """    small = np.exp(-np.abs(x))
    return np.where(np.greater_equal(x, 0), 1, small) / (1 + small)
    ### END_CODE_HERE ###
"""


def test_a_quiz_that_is_not_answered_here(tmp_path):
    handed_in = copy_of_reference(tmp_path / "handed in", quiz=False)
    online, missing = "not answered here (the course asks it online)", "quiz.py is not handed in"
    asked, points = [test for test in POINTS if test.startswith("3")], f"{worth('3'):.1f}"
    for quiz, code, said, most in (
        (None, 0, online, "0.0"),
        (False, 0, online, "0.0"),
        (True, 1, missing, points),
    ):
        arguments = ["3", "--submission", handed_in]
        if quiz is not None:
            arguments += ["--solution", copy_of_reference(tmp_path / f"solution {quiz}", quiz)]
        found, output, _ = grade(*arguments)
        assert (found, output.count(said)) == (code, len(asked))
        assert f"END GRADING [0.0/{most} points + 0/0 extra credit]" in output
    assert f"quiz.py is not handed in (points of this question: {worth('3a'):g})" in output


@pytest.mark.slow
def test_the_checkout_itself_trained_on_the_real_treebank(real_treebank, tmp_path):
    run = [sys.executable, ROOT / "src" / "run.py", "--data", real_treebank, "--output", tmp_path]
    subprocess.run(run, check=True, capture_output=True, timeout=600)
    shutil.copytree(ROOT / "src" / "submission", tmp_path / "submission")
    code, output, _ = grade("--submission", tmp_path)
    assert (code, full_marks(worth(end="basic")) in output) == (0, True)
    code, output, _ = grade("--submission", tmp_path, "--solution", tmp_path)
    assert (code, last_line(output)) == (0, full_marks(worth()))


def test_another_solution_in_the_same_process_is_asked_anew(handed_in, tmp_path):
    code = "import sys, grader\nfor solution in sys.argv[2:]:\n    grader.main("
    code += "['3a-1', '2a-4', '--unconfined', '--submission', sys.argv[1], '--solution', solution])"
    wrong = copy_of_reference(tmp_path / "wrong")
    with open(wrong / "submission" / "word2vec.py", "a", encoding="utf-8") as file:
        file.write("\n\ndef sigmoid(x):\n    return x\n")
    with open(wrong / "submission" / "quiz.py", "a", encoding="utf-8") as file:
        file.write("\n\ndef question_1():\n    return ['a', 'b']\n")
    command = ["-c", code, handed_in, handed_in, wrong, handed_in]
    _, output, _ = grade(command=command, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    points = re.findall(r"END GRADING \[([\d.]+)/", output)
    assert points == [f"{worth('2a-4') + worth('3a-1'):.1f}", "0.0", points[0]]


def test_draws_do_not_depend_on_who_was_graded_before(handed_in):
    solution, numbers = read_solution(handed_in), []
    with contextlib.closing(open_course(handed_in, solution, Confinement())) as course:
        for _ in range(2):
            random.seed(1)
            assert course.ask_solution("word2vec", "sigmoid", 0.0) == 0.5
            numbers.append(random.random())
    assert numbers[0] == numbers[1]


# How it is called


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["3a-0-basic"], ["3a-0-basic"]),
        (["2c", "2b-1"], ["2b-1-basic", "2c-0-basic", "2c-1-hidden"]),
        (["3A"], ["3a-0-basic", "3a-1-hidden"]),
    ],
    ids=str,
)
def test_the_beginning_of_an_id_means_every_test_that_starts_with_it(wanted, found, tmp_path):
    _, output, errors = grade(*wanted, cwd=tmp_path)  # from anywhere
    assert re.findall(r"----- START (\S+):", output) == found
    assert errors == ""
    is_answer = f"\nread: {', '.join(question_1())}\n----- END 3a-0-basic [took" in output
    assert is_answer == ("3a-0-basic" in found)


def test_the_beginning_of_a_number_means_no_longer_one():
    tests = [outcomes.Test(name, "", 1, 5) for name in ("2a-1-basic", "2a-10-hidden")]
    assert select(tests, ["2a-1"]) == tests[:1]
    assert select(tests, ["2a-"]) == select(tests, ["2"]) == tests


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["9"], "there is no test '9'. --list shows all."),
        (["sigmoid"], "there is no test 'sigmoid'. About that are 2a-2-basic, 2a-3-hidden, 2a-4"),
        (["naive_softmax_loss_and_gradient"], "About that are 2a-1-basic, 2a-6-hidden."),
        (["skipgram"], "About that are 2a-0-basic, 2a-7-hidden."),
        (["question_1"], "About that are 3a-0-basic, 3a-1-hidden."),
        (["2a-0-basik"], "there is no test '2a-0-basik'. Did you mean 2a-0-basic or "),
        (["--bogus"], "unrecognized arguments: --bogus. See --help."),
        (["--submission", "nowhere"], "nowhere does not exist. See --help."),
        (["--solution", "nowhere"], "nowhere does not exist. See --help."),
        (["--debug", "2b-0", "2b-1"], "--debug runs one test, not 2: name it, such as 2a-0-basic"),
        (
            ["--watch", "--debug", "2a-0"],
            "--debug, --watch, and --solution with --gradescope exclude",
        ),
        (["--reveal"], "--reveal needs --solution"),
        (["--reveal", "--solution", ".", "--gradescope", "x"], "does not go with --gradescope"),
        (["--debug", "--gradescope", "x", "2a-0"], "--debug, --watch, and --solution with"),
        (
            ["--gradescope", "nowhere/results.json", "2a-2"],
            "nowhere/results.json cannot be written",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_exit_code_2(arguments, line, tmp_path):
    code, output, errors = grade(*arguments, cwd=tmp_path)
    assert (code, output) == (2, "")
    assert errors.startswith("grader.py: ")
    assert line in errors
    assert errors.count("\n") == 1


def test_a_solution_without_vectors_is_refused(handed_in, tmp_path):
    solution = copy_of_reference(tmp_path / "solution")
    (solution / VECTORS).unlink()
    code, _, errors = grade("2c", "--submission", handed_in, "--solution", solution)
    assert code == 2
    assert f"has no {VECTORS} in or beside it" in errors


def test_a_solution_in_reach_of_the_submission_is_refused(handed_in, tmp_path):
    solution, results = copy_of_reference(tmp_path / "solution"), tmp_path / "results.json"
    arguments = ["2c", "--submission", str(handed_in), "--solution", str(solution)]
    arguments += ["--gradescope", str(results)]
    code, _, errors = grade(*arguments, command=["-c", UNCONFINED])
    assert code == 2
    assert "the submission could reach" in errors
    assert errors.endswith("confinement none. Pass --unconfined if you trust the submission.\n")
    assert errors.count("\n") == 1
    told = json.loads(results.read_text(encoding="utf-8"))
    assert "the submission could reach" in told["output"]
    assert not problems(told)
    code, output, _ = grade(*arguments, "--unconfined", command=["-c", UNCONFINED])
    assert code == 0
    assert "Confinement: none\n" in output


def test_unittest_says_that_hidden_tests_are_not_graded():
    _, _, errors = grade(
        "-v", "grader.Test_2a.test_4", "grader.Test_3a", command=["-m", "unittest"]
    )
    assert "skipped 'hidden test ungraded'" in errors
    assert "OK (skipped=2)" in errors


# What README shows

SHOWN = {
    "2a-1-basic": ("word2vec.py", "    error[outside_word_idx] -= 1\n", ""),
    "2b-1-basic": (
        "sgd.py",
        "        loss, grad = f(x)\n",
        "        print('step is', step)\n        loss, grad = g(x)\n",
    ),
    "2a-7-hidden": None,
}


def test_readme_shows_tests_as_they_look(tmp_path):
    for name, change in SHOWN.items():
        folder = copy_of_reference(tmp_path / name)
        if change:
            file, old, new = change
            path = folder / "submission" / file
            text = path.read_text(encoding="utf-8")
            assert text.count(old) == 1
            path.write_text(text.replace(old, new), encoding="utf-8")
        _, output, _ = grade(name, "--submission", folder)
        shown = re.compile(rf"^----- START {name}.*?^----- END {name}[^\n]*\n", re.S | re.M)
        found = shown.search(output)[0].replace(f"{folder}/", "src/")
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        if os.environ.get("REFRESH_GOLDEN"):
            readme = shown.sub(lambda old: TIME.sub(TIME.search(old[0])[0], found), readme)  # noqa: B023
            (ROOT / "README.md").write_text(readme, encoding="utf-8")
        assert found == shown.search(TIME.sub("took 0:00:00.000000 ", readme))[0]
