"""The layer over unittest: what a test becomes, however it ends."""

import random
import unittest

import pytest

import graderUtil
from graderUtil import GradedTestCase, graded, run_tests
from grading import report as view
from grading.course import Course
from grading.outcomes import Status
from sandbox.session import StarvedError, WorkerError
from sandbox.upload import Source, Upload

SOURCE = Source("handed in/sgd.py", b"def sgd():\n    return 1 / 0\n")
UPLOAD = Upload({"sgd.py": SOURCE}, b"{}", "", ())
busy, drawn = [], []
FRAMES = [("handed in/sgd.py", 2, "sgd"), ("elsewhere.py", 1, "f"), ("handed in/sgd.py", 99, "g")]


class Test_9z(GradedTestCase):  # noqa: D101, N801
    __test__ = False  # pytest shall not run it by itself

    @graded()
    def test_0(self):
        """It passes."""
        self.notes.append("a note")
        drawn.append(random.random())

    @graded(timeout=7, is_hidden=True)
    def test_1(self):
        """It is hidden, and compares nothing here."""
        self.compare(lambda: "a difference")

    @graded(is_extra_credit=True)
    def test_2(self):
        """It finds a difference."""
        self.compare(lambda: "a difference")

    @graded(hide_errors=True, after_published=True)
    def test_3(self):
        """The submission raises an error."""
        raise WorkerError("Zero\x1bDivisionError", "division by zero", FRAMES)

    @graded()
    def test_4(self):
        """The grader has a fault."""
        raise KeyError("x")

    @graded()
    def test_5(self):
        """It is not answered."""
        self.skipTest("not answered here")

    @graded()
    def test_6(self):
        """It is stopped by Ctrl-C."""
        raise KeyboardInterrupt

    @graded()
    def test_7(self):
        """The machine is too busy, at first or always."""
        if busy.pop():
            raise StarvedError("too busy")


@pytest.fixture
def run(monkeypatch, capsys):
    """Give a function that runs a test, and says what came out and what was shown."""
    for number in range(8):
        kind = "hidden" if number == 1 else "basic"
        monkeypatch.setitem(graderUtil.POINTS(), f"9z-{number}-{kind}", number + 1)

    def run(number, course=None):
        monkeypatch.setattr(GradedTestCase, "course", course or Course(submission=UPLOAD))
        report = run_tests([Test_9z(f"test_{number}")])
        return report, report.outcomes[0], capsys.readouterr().out

    return run


def test_passing_with_the_same_random_numbers_each_time(run):
    report, outcome, shown = run(0)
    assert (outcome.status, outcome.earned, outcome.failure) == (Status.PASSED, 1, None)
    assert (report.points, report.failures) == ((1, 1), [])
    assert "----- START 9z-0-basic: It passes\na note\n----- END 9z-0-basic [took " in shown
    run(0)
    assert drawn[-1] == drawn[-2]


@pytest.mark.parametrize(
    ("number", "course", "status", "said", "points", "extra"),
    [
        (1, Course(submission=UPLOAD), Status.UNGRADED, None, (0, 0), (0, 0)),
        (1, Course(UPLOAD, submission=UPLOAD), Status.FAILED, "AssertionError: a difference", (0, 2), (0, 0)),
        (2, Course(submission=UPLOAD), Status.FAILED, "AssertionError: a difference", (0, 0), (0, 3)),
        (5, Course(submission=UPLOAD), Status.UNANSWERED, None, (0, 6), (0, 0)),
        (0, Course(submission=Upload({}, problem="a PDF")), Status.FAILED, "UploadError: a PDF", (0, 1), (0, 0)),
    ],
    ids=["hidden", "hidden, with a solution", "extra credit", "not answered", "no submission"],
)  # fmt: skip
def test_how_a_test_ends(run, number, course, status, said, points, extra):
    report, outcome, shown = run(number, course)
    failure = outcome.failure
    assert outcome.status is status
    assert (failure and f"{failure.kind}: {failure.message}") == said
    assert (report.points, report.extra_credit) == (points, extra)
    assert bool(report.failures) == (status is Status.FAILED)
    assert ("???/2 points] (hidden test ungraded)" in shown) == (status is Status.UNGRADED)


def test_an_error_of_the_submission_has_the_lines_of_its_own_files(run):
    _, outcome, shown = run(3)
    failure = outcome.failure
    assert (failure.kind, failure.message) == ("Zero\x1bDivisionError", "division by zero")
    assert [(line.number, line.text) for line in failure.trace] == [(2, "return 1 / 0"), (99, "")]
    assert outcome.test.after_published
    assert "division by zero" not in shown  # hide_errors


def test_a_test_that_was_stopped_has_not_passed(run, capsys):
    with pytest.raises(KeyboardInterrupt):
        run(6)
    assert "/7 points]" not in capsys.readouterr().out


def test_a_fault_of_the_grader_is_said_to_be_one(run):
    failure = run(4)[1].failure
    assert failure.kind == "GraderError"
    assert failure.message.startswith("the grader itself failed, tell the staff: KeyError")
    assert "test_graderUtil.py, line " in failure.message


@pytest.mark.parametrize("always", [False, True])
def test_a_test_for_which_the_machine_was_too_busy_runs_again(run, always):
    busy[:] = [always, True]  # taken from the end
    report, outcome, shown = run(7)
    assert outcome.status is (Status.FAILED if always else Status.PASSED)
    assert shown.count("START 9z-7") == shown.count("END 9z-7") == 1
    assert "The machine was too busy for this test: it was run again." in shown
    assert ("TimeoutError: too busy" in shown) == always
    extra = {"starved": ["9z-7-basic"]} if always else None
    assert view.results(report).get("extra_data") == extra


def test_it_is_unittest(run):
    run(0)
    result = unittest.TestResult()
    for number in range(6):
        Test_9z(f"test_{number}")(result)
    assert (result.testsRun, len(result.failures), len(result.errors)) == (6, 3, 0)
    assert [reason for _, reason in result.skipped] == [graderUtil.UNGRADED, "not answered here"]
