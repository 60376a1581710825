"""A thin layer over unittest: graded tests, run against a submission in a process of its own.

A graded test is an ordinary method of a `GradedTestCase`: its docstring is its description, its
points stand in points.json under its id (``Test_2a.test_0`` is ``2a-0-basic`` or ``2a-0-hidden``).
"""

import atexit
import functools
import importlib
import inspect
import random
import re
import sys
import time
import unittest
from dataclasses import replace

from grading import report
from grading.course import Course
from grading.failures import failure_of
from grading.outcomes import NOTE, Failure, Outcome, Report, Status, Test
from sandbox.sandbox import SubmissionProxy
from sandbox.upload import UploadError
from utils.commands import SOURCE
from utils.utils import InputError, load

__unittest = True  # unittest leaves the lines of this file out of stack traces
POINTS = functools.cache(lambda: load(SOURCE / "points.json"))
UNGRADED = "hidden test ungraded"
RUN_AGAIN = "The machine was too busy for this test: it was run again."


def graded(
    timeout=5, is_hidden=False, is_extra_credit=False, after_published=False, hide_errors=False
):
    """Make a method a graded test; `grading.outcomes.Test` tells of the parameters."""
    about = dict(locals())  # the arguments, by their names

    def decorate(method):
        @functools.wraps(method)
        def run(self):
            try:
                self._open()
                random.seed(method.__qualname__)
                method(self)
            except unittest.SkipTest:
                raise
            except Exception as error:
                self.failure = failure_of(error, self)
                if line := error.__traceback__.tb_next:
                    line.tb_next = None  # that of the test: what it called tells nobody anything
                raise AssertionError(report.error_text(self.failure)).with_traceback(line) from None
            if not self.is_graded:
                raise unittest.SkipTest(UNGRADED)

        run.about = about
        return run

    return decorate


class GradedTestCase(unittest.TestCase):
    """A class of graded tests: ``self.submission.sigmoid(x)`` calls into another process."""

    course = None  # what the tests run against; the checkout's own submission if nobody says
    module = ""  # file of the submission that the tests are about, without .py; empty if none
    longMessage = False

    def setUp(self):
        """Begin a report; the processes start in the test itself, as they are part of it."""
        self.submission = self.session = None
        self.notes, self.printed, self.failure = [], "", None
        self.blamed = ""  # the function that a failure is about; the last one called by default

    def _open(self):
        """Start a process of the submission."""
        if GradedTestCase.course is None:
            GradedTestCase.course = Course().open(SOURCE, is_own=True)
            atexit.register(GradedTestCase.course.close)
        course, about = self.course, self.about
        self.is_graded = about.counts
        if not course.submission.package and (self.module or course.submission.vectors is None):
            raise UploadError(course.submission.problem)
        if not self.module:
            return
        self.session = self.enterContext(course.sandbox.session(course.seconds or about.timeout))
        self.addCleanup(self._end_session)
        course.sandbox.load(self.session, self.module)
        self.submission = SubmissionProxy(self.session)

    def expected(self, name, *args):
        """Give what the solution gives; None where there is none to compare with."""
        if self.course.solution and self.about.is_hidden:
            return self.course.ask_solution(self.module, name, *args)
        return None

    def _end_session(self):
        self.printed = self.session.close()

    def shortDescription(self):  # noqa: N802
        """Give the first line of the docstring, also where Python's option -OO took it away."""
        if sys.flags.optimize < 2:
            return super().shortDescription()
        method = inspect.unwrap(getattr(type(self), self._testMethodName))
        return re.search(r'"""(.*?)(?:"""|\n)', inspect.getsource(method))[1]

    @property
    def about(self):
        """The id, points and limits of this test, and whether it counts."""
        about, course = getattr(self, self._testMethodName).about, self.course or Course()
        is_hidden = about["is_hidden"]
        question = type(self).__name__.removeprefix("Test_")
        number = self._testMethodName.removeprefix("test_")
        identity = f"{question}-{number}-{'hidden' if is_hidden else 'basic'}"
        if identity not in POINTS():
            raise InputError(f"points.json has no line for {identity}: write what it is worth.")
        if is_hidden and course.after_published:
            about = about | {"after_published": True}
        has_part = course.has_quiz if self.module == "quiz" else bool(course.solution)
        counts = not is_hidden or has_part
        text = (self.shortDescription() or "").rstrip(".")
        return Test(identity, text, POINTS()[identity], counts=counts, **about)

    @property
    def reveal(self):
        """Whether messages may tell what is expected: of a hidden test only if staff asks."""
        return self.course.reveal or not self.about.is_hidden

    @property
    def at_stake(self):
        """Points of all tests of this class."""
        question = self.about.id.partition("-")[0]
        return sum(points for test, points in POINTS().items() if test.startswith(f"{question}-"))

    def note(self, problem):
        """Tell of a problem, if there is one, that costs no points here."""
        line = f"{NOTE}{problem}"
        if problem and line not in self.notes:
            self.notes.append(line)

    def compare(self, check, *args, **kwargs):
        """Fail if a check tells of a problem; an ungraded test compares nothing."""
        if self.is_graded and (problem := check(*args, **kwargs)):
            self.fail(problem)


def run_tests(tests, notes=()):
    """Run graded tests, show them as the handout does, and give the report, with these notes."""
    began, outcomes, told = time.perf_counter(), [], {}
    print(report.START, flush=True)
    for test in tests:
        print(report.start_of(test.about), flush=True)
        outcome = outcome_of(test)
        if outcome.failure and outcome.failure.starved:
            outcome = outcome_of(test, [RUN_AGAIN])
        outcomes.append(outcome)
        failure = outcome.failure
        first = told.setdefault(failure, outcome.test.id)
        if failure and failure.kind and first != outcome.test.id:
            outcome = replace(outcome, failure=Failure("", f"The same error as in {first}."))
        print(report.end_of(outcome), flush=True)
    whole = Report(tuple(outcomes), tuple(notes), time.perf_counter() - began)
    print(report.end(whole), flush=True)
    return whole


def outcome_of(test, notes=()):
    """Run a graded test; give its outcome, with these notes."""
    began, result = time.perf_counter(), unittest.TestResult()
    test(result)
    status, failure, notes = Status.PASSED, test.failure, [*test.notes, *notes]
    if result.skipped:
        reason = result.skipped[0][1]
        status = Status.UNGRADED if reason == UNGRADED else Status.UNANSWERED
        notes += [reason] * (reason != UNGRADED)
    if not result.wasSuccessful():
        status = Status.FAILED
        failure = failure or Failure("GraderError", result.errors[0][1])  # of a clean-up
    seconds = time.perf_counter() - began
    return Outcome(test.about, status, seconds, failure, test.printed, tuple(notes))


def check(*tests):
    """Grade src/submission as it is now, and print as grader.py does: check("2a-0-basic", "2b")."""
    importlib.import_module("grader").main([str(test) for test in tests])
