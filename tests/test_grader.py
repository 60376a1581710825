"""The grader as its users call it: output, points, exit codes, options."""

import contextlib
import json
import os
import random
import re
from pathlib import Path

import pytest
from mistakes import Style, apply
from results_validator import problems
from worth import POINTS, full_marks, worth

import build_student
import grader
import run as training
from grading import outcomes
from grading.course import Course, read_solution
from grading.options import select
from grading.quiz import OPTIONS
from grading.vectors import PUBLISHED
from regions import emptied
from sandbox.confine import Confinement, strongest_confinement
from submission.quiz import question_1

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).with_name("golden")
VECTORS = "sample_vectors_(soln).json"
TIME = re.compile(r"took \d:\d\d:\d\d\.\d{6} ")
END = "========== END GRADING "
SMALL = "    small = np.exp(-np.abs(x))\n"  # the first line of sigmoid
CRASH = "word2vec.py", SMALL, "    small = 1 / 0\n"
WRONG = "word2vec.py", SMALL, "    small = 2 * np.exp(-np.abs(x))\n"
UNCONFINED = {"confine": lambda: strongest_confinement(())}


def write(folder, file, old, new):
    """Replace a text of a submission, which has it once."""
    path = folder / "submission" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def hand_in(folder, *edits):
    """Give a folder with the reference, edited, and the published vectors."""
    apply(Style("", ()), folder)
    (folder / VECTORS).write_text(json.dumps(PUBLISHED), encoding="utf-8")
    for edit in edits:
        write(folder, *edit)
    return folder


@pytest.fixture
def handed_in(tmp_path):
    return hand_in(tmp_path / "handed in")


@pytest.fixture
def solution(tmp_path):
    return hand_in(tmp_path / "solution")


@pytest.fixture
def run(nurseries, capsys, monkeypatch):
    """Give what runs the grader in src/: it gives exit code, output with times masked, errors."""
    monkeypatch.chdir(ROOT / "src")

    def run(*arguments, **how):
        try:
            code = grader.main([*map(str, arguments)], workers=nurseries, **how)
        except SystemExit as end:  # wrong usage
            code = end.code
        output, errors = capsys.readouterr()
        return code, TIME.sub("took 0:00:00.000000 ", output), errors

    return run


def last_line(output):
    return output.rstrip().rsplit("\n", 1)[-1]


# What people see. After a change that is meant: REFRESH_GOLDEN=1 make test, which writes it anew


def compare_with_golden(name, output):
    if os.environ.get("REFRESH_GOLDEN"):
        (GOLDEN / name).write_text(output, encoding="utf-8")
    assert output == (GOLDEN / name).read_text(encoding="utf-8")


SOME = "2a-2-basic", "2a-3-hidden", "2b-1-basic", "2c-0-basic", "3a-0-basic"
HAND_IN = "Next: hand in your work, make -C .. submission.zip packs it (README: 5. Hand in)"
FAILS = (
    ("word2vec.py", SMALL, f"{SMALL}    raise ZeroDivisionError('x / 0')\n"),
    ("word2vec.py", "np.log(np.exp(scores).sum()) - scores[outside_word_idx]", "-np.log(softmax(scores))[0]"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "edits", "tests"),
    [("finished", (), SOME), ("nothing_written", None, SOME), ("failed", FAILS, ("2a-1", "2a-2", "2a-3"))],
    ids=["finished", "nothing written", "fails"],
)  # fmt: skip
def test_what_is_shown(run, name, edits, tests, tmp_path):
    if edits is None:  # as students get it
        (tmp_path / "submission").mkdir()
        for file in (ROOT / "src" / "submission").glob("*.py"):
            questions = build_student.QUESTIONS.get(file.name, {})
            text = emptied(file.read_text(encoding="utf-8"), file.name, questions)
            (tmp_path / "submission" / file.name).write_text(text, encoding="utf-8")
    else:
        hand_in(tmp_path, *edits)
    code, output, errors = run("--submission", tmp_path, *tests)
    assert (code, errors) == (name != "finished", "")
    compare_with_golden(f"{name}.txt", output.replace(str(tmp_path), "(handed in)"))


def test_all_tests_of_a_finished_submission(run, handed_in, solution, tmp_path):
    code, output, errors = run("--submission", handed_in)
    assert (code, errors) == (0, "")
    assert output.splitlines()[-2:] == [full_marks(worth(end="basic")), HAND_IN]
    results = tmp_path / "results.json"
    compared = "--submission", handed_in, "--solution", solution, "--gradescope", results
    code, output, errors = run(*compared)
    assert (code, errors) == (0, "")
    assert "\nConfinement: " in output
    assert last_line(output) == full_marks(worth())
    assert not problems(results.read_text(encoding="utf-8"))
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    assert {test["number"]: test["score"] for test in tests} == POINTS
    assert {test["status"] for test in tests} == {"passed"}


def test_of_a_recursion_without_end_both_ends_are_shown(run, handed_in):
    write(handed_in, "word2vec.py", SMALL, "    return helper(x)\n")
    with open(handed_in / "submission" / "word2vec.py", "a", encoding="utf-8") as file:
        file.write("\n\ndef helper(x):\n    return sigmoid(x)\n")
    _, output, _ = run("2a-2", "--submission", handed_in)
    assert "RecursionError: maximum recursion depth exceeded" in output
    assert re.search(r"\n\[\.\.\. 1,9\d\d lines left out \.\.\.\]\n", output)
    assert output.count("return helper(x)") == output.count("return sigmoid(x)") == 4


@pytest.mark.slow
def test_the_checkout_itself_trained_on_the_real_treebank(run, real_treebank, tmp_path):
    hand_in(tmp_path)
    training.main(["--data", str(real_treebank), "--output", str(tmp_path)])
    code, output, _ = run("--submission", tmp_path)
    assert (code, full_marks(worth(end="basic")) in output) == (0, True)
    code, output, _ = run("--submission", tmp_path, "--solution", tmp_path)
    assert (code, last_line(output)) == (0, full_marks(worth()))


SHOWN = {
    "2a-1-basic": [("word2vec.py", "    error[outside_word_idx] -= 1\n", "")],
    "2b-1-basic": [("sgd.py", "        loss, grad = f(x)\n", "        print('step is', step)\n        loss, grad = g(x)\n")],
    "2a-7-hidden": (),
}  # fmt: skip


def test_readme_shows_tests_as_they_look(run, tmp_path):
    for name, edits in SHOWN.items():
        folder = hand_in(tmp_path / name, *edits)
        _, output, _ = run(name, "--submission", folder)
        shown = re.compile(rf"^----- START {name}.*?^----- END {name}[^\n]*\n", re.S | re.M)
        found = shown.search(output)[0].replace(f"{folder}/", "src/")
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        if os.environ.get("REFRESH_GOLDEN"):
            readme = shown.sub(lambda old: TIME.sub(TIME.search(old[0])[0], found), readme)  # noqa: B023
            (ROOT / "README.md").write_text(readme, encoding="utf-8")
        assert found == shown.search(TIME.sub("took 0:00:00.000000 ", readme))[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("loss += loss_of_pair", "loss = loss_of_pair", "Next: 2a skipgram, submission/word2vec.py line"),
        ("center_word_vectors[c], word2ind", "center_word_vectors, word2ind", "Next: 2a skipgram,"),
        ("    error[outside_word_idx] -= 1\n", "", "Next: 2a naive_softmax_loss_and_gradient,"),
        ("= word2vec_loss_and_gradient(", "= naive_softmax_loss_and_gradient(", "Next: read the note of 2a-0-basic"),
        ("def sigmoid(x):", "def sigmoid(x:", "Next: 2a, submission/word2vec.py line 11"),
        ("import numpy as np", "import numpy as np\0", "Next: 2a, submission/word2vec.py"),
        ("import numpy as np", "import os; os._exit(1)", "Next: 2a, submission/word2vec.py"),
        ("postprocessing is not None", "False", "Next: read the note of 2b-0-basic"),
    ],
)  # fmt: skip
def test_the_next_step_is_where_the_mistake_is(run, old, new, told, handed_in, monkeypatch):
    question, file = ("2b", "sgd.py") if "2b" in told else ("2a", "word2vec.py")
    write(handed_in, file, old, new)
    monkeypatch.chdir(handed_in)
    assert told in last_line(run(question, "--submission", ".")[1])


# Against a solution


def test_the_quiz_counts_only_where_the_solution_has_it(run, handed_in, solution, tmp_path):
    (solution / "submission" / "quiz.py").unlink()
    arguments, results = ["--submission", handed_in, "--solution", solution], tmp_path / "results"
    code, output, _ = run(*arguments, "--gradescope", results)
    assert (code, last_line(output)) == (0, full_marks(worth("2")))
    finished = json.loads(results.read_text(encoding="utf-8"))["tests"]
    code, *_ = run(*arguments, "--gradescope", results, **UNCONFINED)
    assert code == 2  # the solution could be read: the same tests are worth as much
    refused = json.loads(results.read_text(encoding="utf-8"))["tests"]
    most = [{test["number"]: test["max_score"] for test in tests} for tests in (finished, refused)]
    assert most[0] == most[1]
    assert sum(most[0].values()) == worth("2")


def test_a_quiz_that_is_not_answered_here(run, handed_in, solution, tmp_path):
    (handed_in / "submission" / "quiz.py").unlink()
    online, missing = "not answered here (the course asks it online)", "quiz.py is not handed in"
    asked = [test for test in POINTS if test.startswith("3")]
    without = hand_in(tmp_path / "without")
    (without / "submission" / "quiz.py").unlink()
    for compared, code, said, most in (
        ([], 0, online, "0.0"),
        (["--solution", without], 0, online, "0.0"),
        (["--solution", solution], 1, missing, f"{worth('3'):.1f}"),
    ):
        found, output, _ = run("3", "--submission", handed_in, *compared)
        assert (found, output.count(said)) == (code, len(asked))
        assert f"{END}[0.0/{most} points + 0/0 extra credit]" in output
    assert f"quiz.py is not handed in (points of this question: {worth('3a'):g})" in output


def test_hidden_tests_can_wait_until_grades_are_published(run, handed_in, tmp_path):
    results = tmp_path / "results.json"
    options = "--submission", handed_in, "--gradescope", results, "--after-published"
    run("2a-2", "2a-3", *options)
    tests = json.loads(results.read_text(encoding="utf-8"))["tests"]
    assert [test["visibility"] for test in tests] == ["visible", "after_published"]


def test_another_solution_in_the_same_process_is_asked_anew(run, handed_in, solution, tmp_path):
    with open(solution / "submission" / "word2vec.py", "a", encoding="utf-8") as file:
        file.write("\n\ndef sigmoid(x):\n    return x\n")
    write(solution, "quiz.py", f"return {json.dumps(question_1())}", "return ['a', 'b']")
    points = []
    for other in (handed_in, solution, handed_in):
        compared = "--submission", handed_in, "--solution", other, "--unconfined"
        points += re.findall(r"END GRADING \[([\d.]+)/", run("3a-1", "2a-4", *compared)[1])
    assert points == [f"{worth('2a-4') + worth('3a-1'):.1f}", "0.0", points[0]]


def test_draws_do_not_depend_on_who_was_graded_before(handed_in):
    course, numbers = Course(read_solution(handed_in)), []
    with contextlib.closing(course.open(handed_in, Confinement())):
        for _ in range(2):
            random.seed(1)
            assert course.ask_solution("word2vec", "sigmoid", 0.0) == 0.5
            numbers.append(random.random())
    assert numbers[0] == numbers[1]


def test_reveal_shows_staff_what_a_hidden_test_compares(run, handed_in, solution):
    write(handed_in, *WRONG)
    key = question_1()
    wrong = [letter for letter in OPTIONS[1] if letter not in key]
    write(handed_in, "quiz.py", f"return {json.dumps(key)}", f"return {wrong}")
    compared = "--submission", handed_in, "--solution", solution, "--unconfined"
    hidden, shown = (
        run("2a-5", "2a-6", "3a-1", *compared, *more)[1] for more in ([], ["--reveal"])
    )
    assert "expected" not in hidden
    assert "case:" not in hidden
    shown = " ".join(shown.split())
    assert re.search(r" case: sigmoid\(x=array\(\[.*, \.\.\., .*\)\) This error", shown)
    assert re.search(r"yours is \S+, expected \S+\.", shown)
    assert f"the answer is not right: it is {', '.join(key)} -----" in shown
    assert shown.count("case:") == 2  # of the tests that failed


def test_a_solution_without_vectors_is_refused(run, handed_in, solution):
    (solution / VECTORS).unlink()
    code, _, errors = run("2c", "--submission", handed_in, "--solution", solution)
    assert (code, f"has no {VECTORS} in or beside it" in errors) == (2, True)


def test_a_solution_in_reach_of_the_submission_is_refused(run, handed_in, solution, tmp_path):
    results = tmp_path / "results.json"
    compared = "2c", "--submission", handed_in, "--solution", solution, "--gradescope", results
    code, _, errors = run(*compared, **UNCONFINED)
    assert (code, errors.count("\n")) == (2, 1)
    assert "the submission could reach" in errors
    assert errors.endswith("confinement none. Pass --unconfined if you trust the submission.\n")
    told = json.loads(results.read_text(encoding="utf-8"))
    assert "the submission could reach" in told["output"]
    assert not problems(told)
    code, output, _ = run(*compared, "--unconfined", **UNCONFINED)
    assert (code, "Confinement: none\n" in output) == (0, True)


@pytest.mark.skipif(os.name != "posix", reason="makes links")
def test_a_submission_that_is_a_link_is_ones_own_or_refused(
    run, handed_in, solution, tmp_path, monkeypatch
):
    write(handed_in, *CRASH)
    (handed_in / "submission").rename(tmp_path / "mine")
    (handed_in / "submission").symlink_to(tmp_path / "mine")
    monkeypatch.chdir(handed_in)
    for path in (".", "submission"):
        assert "division by zero" in run("2a-2", "--submission", path)[1]
    told = "no word2vec.py, sgd.py or submission.py, but submission (is a link, which is not"
    compared = "--solution", solution, "--unconfined"
    for options in compared, ("--gradescope", tmp_path / "results.json"):
        assert told in run("2a-2", "--submission", ".", *options)[1]
    (tmp_path / "link").symlink_to(solution / "submission")
    _, output, _ = run("2b", "--submission", tmp_path / "link", *compared)
    assert "is a link, which is not followed" in output
    assert f"{END}[0.0/" in output
    code, output, _ = run("2b", "--submission", solution, *compared)  # of staff, against itself
    assert (code, last_line(output)) == (0, full_marks(worth("2b")))


# How it is called


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("3a-0-basic", "3a-0-basic"),
        ("2c 2b-1", "2b-1-basic 2c-0-basic 2c-1-hidden"),
        ("3A", "3a-0-basic 3a-1-hidden"),
    ],
)
def test_the_beginning_of_an_id_means_every_test_that_starts_with_it(run, wanted, found):
    code, output, errors = run(*wanted.split(), "--list")
    assert (code, errors) == (0, "")
    assert re.findall(r"^(\S+) ", output, re.MULTILINE) == found.split()


def test_the_beginning_of_a_number_means_no_longer_one():
    tests = [outcomes.Test(name, "", 1, 5) for name in ("2a-1-basic", "2a-10-hidden")]
    assert select(tests, ["2a-1"]) == tests[:1]
    assert select(tests, ["2a-"]) == select(tests, ["2"]) == tests


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("9", "there is no test '9'. --list shows all."),
        ("sigmoid", "there is no test 'sigmoid'. About that are 2a-2-basic, 2a-3-hidden, 2a-4"),
        ("naive_softmax_loss_and_gradient", "About that are 2a-1-basic, 2a-6-hidden."),
        ("skipgram", "About that are 2a-0-basic, 2a-7-hidden."),
        ("question_1", "About that are 3a-0-basic, 3a-1-hidden."),
        ("2a-0-basik", "there is no test '2a-0-basik'. Did you mean 2a-0-basic or "),
        ("--bogus", "unrecognized arguments: --bogus. See --help."),
        ("--submission nowhere", "nowhere does not exist. See --help."),
        ("--solution nowhere", "nowhere does not exist. See --help."),
        ("--debug 2b-0 2b-1", "--debug runs one test, not 2: name it, such as 2a-0-basic"),
        ("--watch --debug 2a-0", "--debug, --watch, and --solution with --gradescope exclude"),
        ("--pack --watch", "--pack, --debug, --watch, and --solution with --gradescope exclude"),
        ("--pack 2a", "--pack grades all: name no tests"),
        ("--reveal", "--reveal needs --solution"),
        ("--reveal --solution . --gradescope x", "does not go with --gradescope"),
        ("--debug --gradescope x 2a-0", "--debug, --watch, and --solution with"),
        ("--gradescope nowhere/results.json 2a-2", "nowhere/results.json cannot be written"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(run, arguments, line):
    code, output, errors = run(*arguments.split())
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("grader.py: ")
    assert line in errors
