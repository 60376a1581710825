"""What Gradescope is told of a grading run: the content of results.json.

A test reads ``2a-2-basic) Sigmoid. (1.0/1.0)`` there: number, name, score, max_score. Gradescope
adds the scores up, so there is no score of the whole. Where its two states are not enough:

- A hidden test that is not graded, for want of a solution, is there with 0 of 0 points and says
  so: passed if it ran, failed if it crashed.
- A quiz question that the submission does not answer has failed, with the line that says why: as
  passed it would claim that a good answer was read.
- Extra credit is a score above 0 where max_score is 0.
"""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from utils.utils import InputError

from . import terminal
from .outcomes import Status

UNFINISHED = "The grader did not finish."
UNGRADED = "Not graded here: there is no solution to compare with."


def skeleton(tests):
    """Make the results that stand until grading has ended: 0 for every test."""
    return document([entry(test, 0, "failed", UNFINISHED) for test in tests], UNFINISHED)


def results(report):
    """Make the results of a grading run."""
    notes = terminal.without_middle(terminal.notes(report.notes), terminal.MAX_DETAILS)
    tests = [entry_of(outcome) for outcome in report.outcomes]
    found = {**document(tests, "\n".join(notes)), "execution_time": report.seconds}
    told = {"starved": report.starved, "problem": report.problem}
    told = {name: what for name, what in told.items() if what}
    return found | ({"extra_data": told} if told else {})


def write(path, results):
    """Write results.json whole, for its owner alone; raise `InputError` if that is impossible."""
    path, temporary = Path(path).absolute(), None
    text = json.dumps(results, indent=2, allow_nan=False) + "\n"
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OSError(None, "It is no ordinary file")
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}. "
            "Name a file in a folder that is there with --gradescope FILE."
        ) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def document(tests, output):
    """Put the tests' entries together."""
    if len({test["number"] for test in tests}) < len(tests):
        raise ValueError("two tests have the same id")
    return {
        "output": output,
        "output_format": "text",
        "test_name_format": "text",
        "test_output_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def entry_of(outcome):
    """Make the entry of a test that ran."""
    lines, test = terminal.details(outcome), outcome.test
    if not test.counts:
        lines = terminal.without_middle([UNGRADED, *lines], terminal.MAX_DETAILS)
    fine = outcome.status in (Status.PASSED, Status.UNGRADED)
    return entry(test, outcome.earned, "passed" if fine else "failed", "\n".join(lines))


def entry(test, earned, status, output):
    """Make the entry of a test."""
    points = test.points if test.counts else 0
    return {
        "number": test.id,
        "name": test.description,
        "score": float(min(max(earned, 0), points)),
        "max_score": float(0 if test.is_extra_credit else points),
        "status": status,
        "visibility": "after_published" if test.after_published else "visible",
        "output": output,
        "output_format": "text",
        "extra_data": {"is_extra_credit": test.is_extra_credit},
    }
