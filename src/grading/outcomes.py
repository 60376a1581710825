"""What grading gives, as data; `grading.report` shows it."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

NOTE = "note (no points are lost here): "


class Status(Enum):
    """How a graded test ended."""

    PASSED = "passed"
    FAILED = "failed"
    UNGRADED = "ungraded"  # a hidden test that ran, without a solution to compare with
    UNANSWERED = "unanswered"  # a quiz question that the submission does not answer


@dataclass(frozen=True)
class Test:
    """A graded test before it runs."""

    id: str  # such as 2a-0-basic
    description: str  # what it checks, one line
    points: float
    timeout: int  # seconds that its calls of the submission may take, besides the import
    is_hidden: bool = False  # whether it is graded only with a solution to compare with
    is_extra_credit: bool = False  # whether its points are extra credit
    after_published: bool = False  # whether students see it only when grades are published
    hide_errors: bool = False  # whether students are not shown why it failed
    counts: bool = True  # whether its points are in the sums: not if there is nothing to compare


@dataclass(frozen=True)
class Line:
    """A line of the submission."""

    file: Path  # as seen from the working directory
    number: int  # 0 if there is no such line
    function: str  # empty if it is in none
    text: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a test failed."""

    kind: str  # type of the error, such as ZeroDivisionError; empty: the message says all
    message: str  # may have several lines
    trace: tuple = ()  # of Line: where, outermost first
    place: Line | None = None  # where to write or mend the submission, if that is known
    starved: bool = False  # the machine was too busy for the submission
    of_upload: bool = False  # what was handed in cannot be graded


@dataclass(frozen=True)
class Outcome:
    """A graded test after it ran."""

    test: Test
    status: Status
    seconds: float
    failure: Failure | None = None  # None if it did not fail
    printed: str = ""  # by the submission, capped
    notes: tuple = ()  # lines of the grader, such as "read: a, c"

    @property
    def earned(self):
        """Points earned: all or none."""
        return self.test.points if self.status is Status.PASSED else 0


@dataclass(frozen=True)
class Report:
    """The outcomes of all tests that were asked for."""

    outcomes: tuple  # in the order of the handout
    notes: tuple = ()  # lines on the whole, such as how the submission was confined
    seconds: float = 0.0

    @property
    def points(self):
        """Points earned and points to be had, extra credit aside."""
        return self._sums(is_extra=False)

    @property
    def extra_credit(self):
        """Extra credit earned and to be had."""
        return self._sums(is_extra=True)

    def _sums(self, is_extra):
        counted = [one for one in self.outcomes if one.test.counts]
        counted = [one for one in counted if one.test.is_extra_credit == is_extra]
        return sum(one.earned for one in counted), sum(one.test.points for one in counted)

    @property
    def failures(self):
        """The outcomes of the tests that failed."""
        return [outcome for outcome in self.outcomes if outcome.status is Status.FAILED]
