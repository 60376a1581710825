"""What is shown of a grading run: by the terminal, and by Gradescope from results.json.

The grader's own lines start in the first column; those of tests and sums begin with ``-----`` or
``=====``. What comes from the submission never does, whatever it holds: see `sandbox.text.rows`.
"""

import json
import os
import shutil
import sys
from dataclasses import replace

from sandbox.text import escape, one_line, rows, shortened
from utils.commands import command
from utils.treebank_files import SAMPLE, find_treebank
from utils.utils import InputError, write_files

from .outcomes import NOTE, Status

START, END = "========== START GRADING", "========== END GRADING"
MAX_TRACE = 16  # rows of a stack trace
MAX_STEP = 1000  # characters
MAX_MESSAGE = 2000
NO_SOLUTION = "Not graded here: there is no solution to compare with."


def start_of(test):
    """Give the line that a test starts with."""
    return f"----- START {test.id}: {test.description}"


def end_of(outcome):
    """Give the details of a test, its END line, and an empty line unless one line says all."""
    test = outcome.test
    took = f"took {duration(outcome.seconds)} (max allowed {test.timeout} seconds)"
    earned = outcome.earned if test.counts else "???"
    last = f"----- END {test.id} [{took}, {earned}/{test.points} points]"
    ungraded = " (hidden test ungraded)" * (not test.counts)
    says_all = outcome.failure and not outcome.failure.kind
    return "\n".join([*details(outcome, terminal_width()), last + ungraded, *[""][: not says_all]])


def end(report):
    """Give the notes on the whole and the sums."""
    earned, most = (round(float(points), 9) for points in report.points)  # as people add
    extra = "{}/{}".format(*map(float, report.extra_credit)) if report.extra_credit[1] else "0/0"
    last = f"{END} [{earned}/{most} points + {extra} extra credit]"
    return "\n".join([*notes(report.notes, terminal_width()), last])


def next_step(report, is_all):
    """Say what to do next and where; `is_all` tells whether these were all tests.

    A question needs those before it, and a function those above it.
    """
    steps = []
    for question, place in ((one.test.id[:2], one.failure.place) for one in report.failures):
        if place:
            where = f"{place.file} line {place.number}" if place.number else place.file
            words = f"{question} {place.function}".partition(" <")[0].rstrip()  # no <module>
            steps.append((question, place.number, f"{words}, {where}"))
        elif question == "2c":
            get = f"{command('data')}, then " * (find_treebank() == SAMPLE)
            steps.append((question, 0, f"2c word vectors: {get}{command('run')}"))
    noted = [one.test.id for one in report.outcomes if any(n.startswith(NOTE) for n in one.notes)]
    if steps:
        told = min(steps)[2]
    elif report.failures:
        return ""  # nothing can be graded, and each test says why
    elif noted:
        told = f"read the note of {noted[0]}"
    elif is_all:
        told = f"hand in your work, {command('submission.zip')} packs it (README: 5. Hand in)"
    else:
        told = f"all tests, {command('grade')}"
    return one_line(f"Next: {told}", MAX_STEP)  # whole, so that a command can be typed as it stands


def terminal_width():
    """Give the columns of the terminal that is printed to; None if it is none."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if is_terminal else None


def details(outcome, width=None):
    """List the rows between a test's START and END."""
    failure, shown = outcome.failure, rows(outcome.printed.rstrip(), width, is_printed=True)
    shown += notes(outcome.notes, width)
    if failure and outcome.test.hide_errors:
        shown.append("the error is not shown for this test")
    elif failure and not failure.kind:
        shown += notes([failure.message], width)
    elif failure:
        shown += ["This error caused the test to fail.", *error(failure, width)]
    return shortened(shown)


def notes(texts, width=None):
    """List the rows of the grader's lines; they may quote the submission."""
    return shortened([row for text in texts for row in rows(text.strip(), width)])


def error(failure, width=None):
    """List the rows of an error: type, message, the submission's lines as Python shows them."""
    message, trace = ": ".join(filter(None, [failure.kind, failure.message.strip()])), []
    for line in failure.trace:
        function = f", in {line.function}" * bool(line.function)
        where = f'File "{line.file}", line {line.number}{function}\n{line.text.strip()}'
        trace += rows(where.strip(), width, 2)
    return rows(message, width, 2) + shortened(trace, MAX_TRACE)


def error_text(failure):
    """Give the text of an error for unittest, pytest and IDEs, which show nothing else of it."""
    kind = failure.kind.removeprefix("AssertionError")
    places = [failure.place] if failure.place and failure.place.number else []
    return "\n".join(error(replace(failure, kind=kind, trace=failure.trace or places))).strip()


def duration(seconds):
    """Write a time as H:MM:SS.ffffff."""
    minutes, microseconds = divmod(round(seconds * 1_000_000), 60_000_000)
    return f"{minutes // 60}:{minutes % 60:02}:{microseconds / 1_000_000:09.6f}"


def results(report):
    """Make the content of results.json; Gradescope adds the scores up.

    A hidden test that is not graded is worth 0 of 0, and passed if it ran; a question that is not
    answered has failed, as else there would seem to be one; extra credit has a max_score of 0.
    """
    if len({outcome.test.id for outcome in report.outcomes}) < len(report.outcomes):
        raise ValueError("two tests have the same id")
    failures = [(one.test.id, one.failure) for one in report.failures if one.failure]
    starved = [test for test, failure in failures if failure.starved]
    problems = [failure.message for _, failure in failures if failure.of_upload]
    extra = {"starved": starved} if starved else {}
    extra |= {"problem": problems[0]} if problems else {}
    return {
        "output": "\n".join(notes(report.notes)),
        "output_format": "text",
        "test_name_format": "text",
        "test_output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [entry(outcome) for outcome in report.outcomes],
        "execution_time": report.seconds,
        **({"extra_data": extra} if extra else {}),
    }


def entry(outcome):
    """Make the entry of a test: it reads ``2a-2-basic) Sigmoid: known case (1.0/1.0)`` there."""
    test, is_fine = outcome.test, outcome.status in (Status.PASSED, Status.UNGRADED)
    points = test.points if test.counts else 0
    shown = shortened([NO_SOLUTION] * (not test.counts) + details(outcome))
    return {
        "number": test.id,
        "name": test.description,
        "score": float(min(max(outcome.earned, 0), points)),
        "max_score": float(0 if test.is_extra_credit else points),
        "status": "passed" if is_fine else "failed",
        "visibility": "after_published" if test.after_published else "visible",
        "output": "\n".join(shown),
        "output_format": "text",
        "extra_data": {"is_extra_credit": test.is_extra_credit, **error_data(outcome)},
    }


def error_data(outcome):
    """Give of an error that is shown its type, message and file, for who counts mistakes."""
    failure = outcome.failure
    if not failure or outcome.test.hide_errors:
        return {}
    file = failure.place.file.name if failure.place else ""
    texts = {"kind": failure.kind, "message": failure.message, "file": file}
    return {key: escape(text)[:MAX_MESSAGE] for key, text in texts.items()}


def write(path, report):
    """Write results.json whole, for its owner alone; raise `InputError` if that is impossible."""
    text = json.dumps(results(report), indent=2, allow_nan=False) + "\n"
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise InputError(f"{path} is no ordinary file. Name one with --gradescope FILE.")
    before = os.umask(0o077)
    try:
        write_files({path: text})
    finally:
        os.umask(before)
