r"""What the terminal shows of a grading run, as text.

The grader's own lines start in the first column; those of tests and sums begin with ``-----`` or
``=====``. What comes from the submission never does, whatever it holds and wherever the terminal
wraps it:

- what it printed is broken into rows that fit the terminal, each behind ``| ``;
- the text of an error and the submission's lines in its stack trace are indented; one that holds
  ``--``, ``==`` or a character outside of ASCII is broken, too: rows after the first are behind
  ``| ``, and the first is if it begins with such;
- control characters are written out (``\x1b``), and what is too long loses its middle.

The strings have no line feed at their end: `print` adds it.
"""

import re
import shutil
import sys
import unicodedata
from itertools import pairwise
from pathlib import Path

from sandbox.text import clean, one_line
from sandbox.worker import MAX_FRAMES
from utils.program import SOURCE, from_here

from .outcomes import NOTE

START, END = "========== START GRADING", "========== END GRADING"
WIDTH = 80  # columns of a terminal in which a file is read
MAX_DETAILS = 20_000  # characters between a test's START and END
MAX_LINES = 60  # of what a submission printed
MAX_PRINTED = 10_000  # more than what is kept of the submission's output
MAX_NOTE, MAX_PATH, MAX_SOURCE_LINE, MAX_NAME = 4000, 500, 200, 100
NOT_SHOWN = "the error is not shown for this test"
LIKE_OURS = re.compile(r"--|==|[^\x00-\x7f]")  # ``-----``, ``=====``, or a sign that looks so


def start_of(test):
    """Give the line that a test starts with."""
    return f"----- START {test.id}: {test.description}"


def end_of(outcome):
    """Give the details of a test, its END line, and an empty line unless one line says all."""
    test = outcome.test
    took = f"took {clock(outcome.seconds)} (max allowed {test.timeout} seconds)"
    earned = outcome.earned if test.counts else "???"
    last = f"----- END {test.id} [{took}, {earned}/{test.points} points]"
    if not test.counts:
        last += " (hidden test ungraded)"
    says_all = outcome.failure and not outcome.failure.kind
    return "\n".join([*details(outcome, terminal_width()), last, *[""] * (not says_all)])


def end(report):
    """Give the notes on the whole and the sums."""
    points = "/".join(map(decimal, report.points))
    extra = "/".join(map(decimal, report.extra_credit)) if report.extra_credit[1] else "0/0"
    last = f"{END} [{points} points + {extra} extra credit]"
    return "\n".join([*notes(report.notes, terminal_width()), last])


def next_step(report, is_all):
    """Say what to do next and where; `is_all` tells whether these were all tests.

    A question needs those before it, and a function those above it.
    """
    steps = []
    for question, failure in ((one.test.id[:2], one.failure) for one in report.failures):
        if place := failure.place:
            file = from_here(Path(place.file))
            where = f"{file} line {place.number}" if place.number else file
            words = f"{question} {place.function}".partition(" <")[0].rstrip()  # no <module>
            steps.append((question, place.number, f"{words}, {where}"))
        elif question == "2c":
            run = from_here(SOURCE / "run.py")
            steps.append((question, 0, f"2c word vectors: make data, then python {run}"))
    if steps:
        return "\n".join(notes([f"Next: {min(steps)[2]}"], terminal_width()))
    if report.failures:
        return ""  # nothing can be graded, and each test says why
    for one in report.outcomes:
        if any(note.startswith(NOTE) for note in one.notes):
            return f"Next: read the note of {one.test.id}"
    if is_all:
        return "Next: hand in your work, make submission.zip packs it (README: Handing in)"
    return f"Next: all tests, python {from_here(SOURCE / 'grader.py')}"


def terminal_width():
    """Give the columns of the terminal that is printed to, if it is one."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return shutil.get_terminal_size().columns if is_terminal else WIDTH


def details(outcome, width=WIDTH):
    """List what stands between a test's START and END: 20,000 characters at most."""
    printed = clean(outcome.printed, MAX_PRINTED).rstrip()
    printed = without_lines(printed.splitlines())
    lines = [row for line in printed for row in broken(line, width, "| ", "| ")]
    lines += notes(outcome.notes, width)
    if outcome.failure and outcome.test.hide_errors:
        lines.append(NOT_SHOWN)
    elif outcome.failure and not outcome.failure.kind:
        lines += notes([outcome.failure.message], width)
    elif outcome.failure:
        lines += ["This error caused the test to fail.", *error(outcome.failure, width)]
    return without_middle(lines, MAX_DETAILS)


def notes(texts, width=WIDTH):
    """List lines of the grader; they may quote the submission, so they are made safe as well."""
    return [row for text in texts for row in indented(0, one_line(text.strip(), MAX_NOTE), width)]


def error(failure, width=WIDTH):
    """List the lines of an error: type, message, the submission's lines as Python shows them."""
    message, *more = clean(failure.message.strip()).split("\n")
    kind = one_line(failure.kind, MAX_NAME)
    lines = indented(2, ": ".join(filter(None, [kind, message])), width)
    for line in more:
        lines += indented(4, line, width)
    for block, times in folded(failure.trace):
        for line in block:
            function = f", in {one_line(line.function, MAX_NAME)}" if line.function else ""
            where = f'File "{one_line(line.file, MAX_PATH)}", line {line.number}{function}'
            lines += indented(2, where, width)
            if text := one_line(line.text.expandtabs().strip(), MAX_SOURCE_LINE):
                lines += indented(4, text, width)
        if times > 1:
            least = "at least " * (len(failure.trace) >= MAX_FRAMES)
            what = "line" if len(block) == 1 else f"{len(block)} lines"
            lines.append(f"  ... the same {what} {least}{times - 1} times more")
    return lines


def folded(trace):
    """Part a trace into blocks, each with how often it stands there: more than twice, or once."""
    start = 0
    while start < len(trace):
        for size in range(1, 4):
            block, times = trace[start : start + size], 1
            while set(trace[start + times * size :][:size]) == set(block):  # in any order
                times += 1
            if times > 2:
                break
        else:
            block, times = trace[start : start + 1], 1
        yield block, times
        start += times * len(block)


def indented(blanks, line, width):
    """Indent a line; break it where a row of it could be taken for a START or END line."""
    before, bar = " " * blanks, " " * blanks + "| "
    if not LIKE_OURS.search(line):
        return [(before + line).rstrip()]
    return broken(line, width, bar if LIKE_OURS.match(line.lstrip()) else before, bar)


def broken(line, width, before, bar):
    """Break a line into rows that fit the terminal: `before` stands before the first, then bars."""
    line = (before + line).expandtabs()[len(before) :]
    starts, column = [0], len(before)
    for place, character in enumerate(line):
        column += columns(character)
        if column > width:
            starts.append(place)
            column = len(bar) + columns(character)
    rows = [line[start:end] for start, end in pairwise([*starts, None])]
    return [(before + rows[0]).rstrip(), *((bar + row).rstrip() for row in rows[1:])]


def columns(character):
    """Count a character's columns: the most where terminals differ, as they do on emoji."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return int(character == "\ufe0f")  # it makes an emoji of the character before
    is_wide = unicodedata.east_asian_width(character) in "WF" or character >= "\U0001f000"
    return 2 if is_wide else 1


def without_lines(lines):
    """Leave out printed lines in the middle, where they are too many to be read."""
    left_out = len(lines) - MAX_LINES
    if left_out <= 0:
        return lines
    half, gap = MAX_LINES // 2, f"[... {left_out:,} lines left out ...]"
    return [*lines[:half], gap, *lines[-half:]]


def without_middle(lines, limit):
    """Leave out lines in the middle, where all together are too long."""
    excess = sum(len(line) + 1 for line in lines) - limit
    if excess <= 0:
        return lines
    first = last = len(lines) // 2  # lines from first to before last are left out
    while excess > -50:  # room for the line that says so
        if first > len(lines) - last:
            first -= 1
            excess -= len(lines[first]) + 1
        else:
            excess -= len(lines[last]) + 1
            last += 1
    return [*lines[:first], f"[... {last - first:,} lines left out ...]", *lines[last:]]


def clock(seconds):
    """Write a time as H:MM:SS.ffffff."""
    minutes, microseconds = divmod(round(seconds * 1_000_000), 60_000_000)
    whole, fraction = divmod(microseconds, 1_000_000)
    return f"{minutes // 60}:{minutes % 60:02}:{whole:02}.{fraction:06}"


def decimal(points):
    """Write a sum of points with one decimal at least."""
    text = f"{points:.10g}"
    return text if "." in text else f"{text}.0"
