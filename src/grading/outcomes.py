"""What grading gives, as data; the terminal and Gradescope are views of it."""

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """How a graded test ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNGRADED = "ungraded"  # a hidden test that ran, without a solution to compare with
    UNANSWERED = "unanswered"  # a quiz question that the submission does not answer


@dataclass(frozen=True)
class Test:
    """A graded test before it runs.

    Attributes
    ----------
    id : str
        Such as ``2a-0-basic``.
    description : str
        What it checks, one line.
    points : int or float
        What it is worth.
    timeout : int
        Seconds that its calls may take.
    is_hidden, is_extra_credit, after_published, hide_errors : bool
        As in `graderUtil.graded`.
    counts : bool
        Whether its points are part of the sums: not if it is hidden and there is no solution.
    """

    id: str
    description: str
    points: float
    timeout: int
    is_hidden: bool = False
    is_extra_credit: bool = False
    after_published: bool = False
    hide_errors: bool = False
    counts: bool = True


@dataclass(frozen=True)
class Line:
    """A line of a stack trace: where, in which function, and its text (cleaned, may be empty)."""

    file: str
    number: int
    function: str
    text: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a test failed.

    Attributes
    ----------
    kind : str
        Type of the error, such as ``AssertionError`` or ``ZeroDivisionError``.
    message : str
        What is wrong; may have several lines.
    trace : tuple of Line
        The submission's own lines, outermost first.
    """

    kind: str
    message: str
    trace: tuple = ()


@dataclass(frozen=True)
class Outcome:
    """A graded test after it ran.

    Attributes
    ----------
    test : Test
        Which.
    status : Status
        How it ended.
    seconds : float
        How long it took.
    failure : Failure or None
        Why it failed; None if it did not.
    printed : str
        What the submission printed, capped and cleaned; may be empty.
    notes : tuple of str
        Lines of the grader, such as ``read: a, c``.
    starved : bool
        Whether it failed because the machine was too busy.
    """

    test: Test
    status: Status
    seconds: float
    failure: Failure | None = None
    printed: str = ""
    notes: tuple = ()
    starved: bool = False

    @property
    def earned(self):
        """Points earned: all or none."""
        return self.test.points if self.status is Status.PASSED else 0


@dataclass(frozen=True)
class Report:
    """The outcomes of all tests that were asked for.

    Attributes
    ----------
    outcomes : tuple of Outcome
        In the order of the handout.
    notes : tuple of str
        Lines on the whole: how the submission was confined, that hidden tests were not graded.
    seconds : float
        How long all of it took.
    """

    outcomes: tuple
    notes: tuple = ()
    seconds: float = 0.0

    @property
    def points(self):
        """Points earned and points to be had, extra credit aside."""
        return self._sums(extra_credit=False)

    @property
    def extra_credit(self):
        """Extra credit earned and to be had."""
        return self._sums(extra_credit=True)

    @property
    def starved(self):
        """Ids of the tests that failed because the machine was too busy."""
        return [outcome.test.id for outcome in self.outcomes if outcome.starved]

    @property
    def failed(self):
        """Whether any test failed."""
        return any(outcome.status is Status.FAILED for outcome in self.outcomes)

    def _sums(self, extra_credit):
        counted = [
            outcome
            for outcome in self.outcomes
            if outcome.test.counts and outcome.test.is_extra_credit == extra_credit
        ]
        earned = sum(outcome.earned for outcome in counted)
        return earned, sum(outcome.test.points for outcome in counted)
