"""A thin layer over unittest: graded tests, run against a submission in a process of its own.

A graded test is an ordinary method of a `GradedTestCase`: its docstring is its description, its
points stand in points.json under its id (``Test_2a.test_0`` is ``2a-0-basic`` or ``2a-0-hidden``).
"""

import atexit
import functools
import json
import random
import time
import traceback
import unittest
from pathlib import Path

from grading import terminal
from grading.course import open_course
from grading.outcomes import Failure, Line, Outcome, Report, Status, Test
from grading.quiz import AnswerError
from sandbox.sandbox import Submission
from sandbox.session import StarvedError, SubmissionError
from sandbox.text import clean

HERE = Path(__file__).resolve().parent
POINTS = json.loads((HERE / "points.json").read_text(encoding="utf-8"))
UNGRADED = "hidden test ungraded"
RUN_AGAIN = "The machine was too busy for this test: it was run again."


def graded(
    timeout=5, is_hidden=False, is_extra_credit=False, after_published=False, hide_errors=False
):
    """Make a method a graded test.

    Parameters
    ----------
    timeout : int, default 5
        Seconds that its calls of the submission may take; the import has a limit of its own.
    is_hidden : bool, default False
        Whether it is graded only with a solution to compare with.
    is_extra_credit : bool, default False
        Whether its points are extra credit.
    after_published : bool, default False
        Whether students see it only when grades are published.
    hide_errors : bool, default False
        Whether students are not shown why it failed.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(method):
        @functools.wraps(method)
        def run(self):
            random.seed(method.__qualname__)
            method(self)
            if not self.is_graded:
                raise unittest.SkipTest(UNGRADED)

        run.about = {
            "timeout": timeout,
            "is_hidden": is_hidden,
            "is_extra_credit": is_extra_credit,
            "after_published": after_published,
            "hide_errors": hide_errors,
        }
        return run

    return decorate


class GradedTestCase(unittest.TestCase):
    """A class of graded tests.

    Attributes
    ----------
    course : Course or None
        What the tests run against; the checkout's own submission if nobody says.
    module : str
        File of the submission that the tests are about, without ``.py``; empty if about none.
    submission, solution : Submission
        Stand for the packages: ``self.submission.sigmoid(x)`` calls into another process. Each test
        has new ones. The solution is None if there is none.
    notes : list of str
        Lines that a test adds to its report.
    """

    course = None
    module = ""
    longMessage = False

    def setUp(self):
        """Start a process of the submission, and one of the solution for a hidden test."""
        self.submission = self.solution = self.session = None
        self.notes, self.printed = [], ""
        course = self._course()
        self.is_graded = test_of(self).counts
        if course.problem:
            raise SubmissionError("UploadError", course.problem)
        if not self.module:
            return
        if not course.submission.package:
            raise SubmissionError("UploadError", course.submission.problem)
        seconds = course.seconds or self.about["timeout"]
        self.session = self.enterContext(course.sandbox.session(seconds))
        self.addCleanup(self._end_session)
        course.sandbox.load(self.session, self.module)
        self.submission = Submission(self.session)
        if course.solution and self.about["is_hidden"]:
            self.solution = course.solution_of(self.module)

    def _end_session(self):
        self.printed = self.session.close()

    @property
    def reveal(self):
        """Whether a failure may show what is expected."""
        return not self.about["is_hidden"]

    @property
    def about(self):
        """What `graded` says of this test."""
        return getattr(self, self._testMethodName).about

    @property
    def at_stake(self):
        """Points of all tests of this class."""
        question = type(self).__name__.removeprefix("Test_")
        return sum(points for test, points in POINTS.items() if test.startswith(f"{question}-"))

    def compare(self, check, *args, **kwargs):
        """Fail if a check tells of a problem; an ungraded test compares nothing."""
        if self.is_graded and (problem := check(*args, **kwargs)):
            self.fail(problem)

    @classmethod
    def _course(cls):
        if GradedTestCase.course is None:
            GradedTestCase.course = open_course(HERE)
            atexit.register(GradedTestCase.course.close)
        return GradedTestCase.course


def test_of(case):
    """Describe a graded test: its id, description, points and limits."""
    about = case.about
    question = type(case).__name__.removeprefix("Test_")
    number = case._testMethodName.removeprefix("test_")
    identity = f"{question}-{number}-{'hidden' if about['is_hidden'] else 'basic'}"
    solution = case.course.solution if case.course else None
    counts = not about["is_hidden"] or solution is not None
    if case.module == "quiz" and solution and "quiz.py" not in solution.package:
        counts = not about["is_hidden"]
    description = (case.shortDescription() or "").rstrip(".")
    return Test(identity, description, POINTS[identity], counts=counts, **about)


class Outcomes(unittest.TestResult):
    """Collects outcomes, and hands the lines for the terminal to `show` as they come."""

    def __init__(self, show):
        super().__init__()
        self.show = show
        self.outcomes = []
        self.again = False  # whether a test runs again, as the machine was too busy for it

    def startTest(self, test):  # noqa: D102, N802
        super().startTest(test)
        self.status, self.failure, self.began = Status.FAILED, None, time.perf_counter()
        self.starved = False
        if not self.again:
            self.show(terminal.start_of(test_of(test)))

    def addSuccess(self, test):  # noqa: D102, N802
        self.status = Status.PASSED

    def addFailure(self, test, err):  # noqa: D102, N802
        self._fail(test, err[1])

    def addError(self, test, err):  # noqa: D102, N802
        self._fail(test, err[1])

    def addSkip(self, test, reason):  # noqa: D102, N802
        self.status = Status.UNGRADED
        if reason != UNGRADED:
            self.status = Status.UNANSWERED
            test.notes.append(reason)

    def stopTest(self, test):  # noqa: D102, N802
        super().stopTest(test)
        if self.starved and not self.again:
            return
        if self.again:
            test.notes.append(RUN_AGAIN)
        seconds = time.perf_counter() - self.began
        outcome = Outcome(
            test_of(test),
            self.status,
            seconds,
            self.failure,
            test.printed,
            tuple(test.notes),
            self.starved,
        )
        self.outcomes.append(outcome)
        self.show(terminal.end_of(outcome))

    def _fail(self, test, error):
        self.status, self.starved = Status.FAILED, isinstance(error, StarvedError)
        kind, message = type(error).__name__, str(error)
        if isinstance(error, SubmissionError):
            kind = clean(error.kind, 100)
        elif not isinstance(error, (AssertionError, AnswerError)):
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}, line {where.lineno}"
            message = f"the grader itself failed, tell the staff: {kind}: {error} ({place})"
            kind = "GraderError"
        frames = getattr(error, "frames", ())
        self.failure = Failure(kind, message, trace(frames, test.course.submission))


def trace(frames, upload):
    """Give the lines of a stack trace, their texts from the grader's own copy of the files."""
    sources = {file.path: file.data for file in upload.package.values()}
    lines = []
    for path, number, function in frames:
        if path in sources:
            texts = sources[path].decode(errors="replace").split("\n")
            text = texts[number - 1].strip() if 0 < number <= len(texts) else ""
            lines.append(Line(clean(path, 300), number, clean(function, 100), clean(text, 300)))
    return tuple(lines)


class CourseTestRunner:
    """Runs graded tests, shows them as the handout does (prints by default), gives a report."""

    def __init__(self, show=None):
        self.show = show or functools.partial(print, flush=True)

    def run(self, tests, notes=()):
        """Run graded tests and give the report, with these notes in it."""
        began = time.perf_counter()
        self.show(terminal.start())
        result = Outcomes(self.show)
        for test in tests:
            result.again = False
            test(result)
            if result.starved:
                result.again = True
                type(test)(test._testMethodName)(result)
        report = Report(tuple(result.outcomes), tuple(notes), time.perf_counter() - began)
        self.show(terminal.end(report))
        return report
