"""The layer over unittest: what a test becomes, however it ends."""

import random
import unittest

import pytest

import graderUtil
from graderUtil import CourseTestRunner, GradedTestCase, graded
from grading import report as view
from grading.course import Course
from grading.outcomes import Status
from sandbox.session import StarvedError, SubmissionError
from sandbox.upload import Source, Upload

SOURCE = Source("handed in/sgd.py", b"def sgd():\n    return 1 / 0\n")
UPLOAD = Upload({"sgd.py": SOURCE}, None, "", ())
busy, drawn = [], []
FRAMES = [("handed in/sgd.py", 2, "sgd"), ("elsewhere.py", 1, "f"), ("handed in/sgd.py", 99, "g")]


class Test_9z(GradedTestCase):  # noqa: D101, N801
    __test__ = False  # pytest shall not run it by itself

    @graded()
    def test_0(self):
        """It passes."""
        self.notes.append("a note")

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
        raise SubmissionError("Zero\x1bDivisionError", "division by zero", FRAMES)

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

    @graded()
    def test_8(self):
        """It draws a random number."""
        drawn.append(random.random())


@pytest.fixture
def run(monkeypatch):
    """Give a function that runs a test, and says what came out and what was shown."""
    for number in (*range(6), 7, 8):
        kind = "hidden" if number == 1 else "basic"
        monkeypatch.setitem(graderUtil.POINTS(), f"9z-{number}-{kind}", number + 1)

    def run(number, course=None):
        monkeypatch.setattr(GradedTestCase, "course", course or Course(UPLOAD))
        lines = []
        report = CourseTestRunner(lines.append).run([Test_9z(f"test_{number}")])
        return report, report.outcomes[0], "\n".join(lines)

    return run


def test_passing(run):
    report, outcome, shown = run(0)
    assert (outcome.status, outcome.earned, outcome.failure) == (Status.PASSED, 1, None)
    assert outcome.notes == ("a note",)
    assert outcome.test.description == "It passes"
    assert report.points == (1, 1)
    assert not report.failures
    assert "----- START 9z-0-basic: It passes\na note\n----- END 9z-0-basic [took " in shown


def test_hidden_without_a_solution(run):
    report, outcome, shown = run(1)
    assert (outcome.status, outcome.failure) == (Status.UNGRADED, None)
    assert outcome.test.timeout == 7
    assert report.points == (0, 0)
    assert not report.failures
    assert "???/2 points] (hidden test ungraded)" in shown


def test_hidden_with_a_solution(run):
    report, outcome, _ = run(1, Course(UPLOAD, solution=UPLOAD))
    assert (outcome.status, outcome.failure.message) == (Status.FAILED, "a difference")
    assert report.points == (0, 2)


def test_extra_credit(run):
    report, outcome, _ = run(2)
    assert (outcome.failure.kind, outcome.failure.message) == ("AssertionError", "a difference")
    assert (report.points, report.extra_credit) == ((0, 0), (0, 3))
    assert report.failures


def test_an_error_of_the_submission_has_the_lines_of_its_own_files(run):
    _, outcome, shown = run(3)
    failure = outcome.failure
    assert (failure.kind, failure.message) == ("Zero\x1bDivisionError", "division by zero")
    assert [(line.number, line.text) for line in failure.trace] == [(2, "return 1 / 0"), (99, "")]
    assert outcome.test.after_published
    assert "division by zero" not in shown  # hide_errors


def test_a_test_that_was_stopped_has_not_passed(monkeypatch):
    monkeypatch.setitem(graderUtil.POINTS(), "9z-6-basic", 7)
    monkeypatch.setattr(GradedTestCase, "course", Course(UPLOAD))
    lines = []
    with pytest.raises(KeyboardInterrupt):
        CourseTestRunner(lines.append).run([Test_9z("test_6")])
    assert "/7 points]" not in "\n".join(lines)


def test_a_fault_of_the_grader_is_said_to_be_one(run):
    _, outcome, _ = run(4)
    assert outcome.failure.kind == "GraderError"
    assert outcome.failure.message.startswith("the grader itself failed, tell the staff: KeyError")
    assert "test_graderUtil.py, line " in outcome.failure.message


def test_unanswered(run):
    report, outcome, _ = run(5)
    assert (outcome.status, outcome.notes) == (Status.UNANSWERED, ("not answered here",))
    assert not report.failures


def test_a_test_for_which_the_machine_was_too_busy_runs_again(run):
    busy[:] = [False, True]  # taken from the end
    report, outcome, shown = run(7)
    assert outcome.status is Status.PASSED
    assert shown.count("START 9z-7") == shown.count("END 9z-7") == 1
    assert "The machine was too busy for this test: it was run again." in shown
    assert "extra_data" not in view.results(report)


def test_a_test_for_which_the_machine_is_always_too_busy_fails_and_says_so(run):
    busy[:] = [True, True]
    report, outcome, shown = run(7)
    assert outcome.status is Status.FAILED
    assert shown.count("START 9z-7") == shown.count("END 9z-7") == 1
    assert "TimeoutError: too busy" in shown
    assert view.results(report)["extra_data"] == {"starved": ["9z-7-basic"]}


def test_nothing_runs_where_the_upload_is_of_no_use(run):
    _, outcome, _ = run(0, Course(Upload({}, problem="it is a PDF")))
    assert (outcome.failure.kind, outcome.failure.message) == ("UploadError", "it is a PDF")


def test_every_test_draws_the_same_numbers_each_time(run):
    drawn.clear()
    run(8)
    run(8)
    assert drawn[0] == drawn[1]


def test_it_is_unittest(run):
    run(0)
    assert issubclass(GradedTestCase, unittest.TestCase)
    result = unittest.TestResult()
    for number in range(6):
        Test_9z(f"test_{number}")(result)
    assert (result.testsRun, len(result.failures), len(result.errors)) == (6, 3, 0)
    assert [reason for _, reason in result.skipped] == [graderUtil.UNGRADED, "not answered here"]
