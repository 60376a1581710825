r"""What the terminal shows of a grading run, as text.

The grader's own lines start in the first column; those of tests and sums begin with ``-----`` or
``=====``. What comes from the submission never does, whatever it holds:

- each line that it printed stands behind ``| ``;
- the text of an error and the submission's lines in its stack trace are indented, and where such
  a line begins with ``--``, ``==`` or a character outside of ASCII, it stands behind ``| `` too;
- control characters are written out (``\x1b``), and what is too long loses its middle.

The strings have no line feed at their end: `print` adds it.
"""

import re

from sandbox.text import clean

START, END = "========== START GRADING", "========== END GRADING"
MAX_DETAILS = 20_000  # characters between a test's START and END
MAX_PRINTED = 10_000  # more than what is kept of the submission's output
MAX_PATH, MAX_SOURCE_LINE, MAX_NAME = 500, 200, 100
NOT_SHOWN = "the error is not shown for this test"


def start():
    """Give the first line.

    Returns
    -------
    str
        ``========== START GRADING``.
    """
    return START


def start_of(test):
    """Give the line that a test starts with.

    Parameters
    ----------
    test : grading.outcomes.Test
        It.

    Returns
    -------
    str
        Such as ``----- START 2a-2-basic: Sigmoid.``.
    """
    return f"----- START {test.id}: {test.description}"


def end_of(outcome):
    """Give the lines of a test after its first one, an empty one at the end.

    Parameters
    ----------
    outcome : grading.outcomes.Outcome
        How the test ended.

    Returns
    -------
    str
        The details, the END line, and an empty line.
    """
    test = outcome.test
    took = f"took {clock(outcome.seconds)} (max allowed {test.timeout} seconds)"
    earned = outcome.earned if test.counts else "???"
    last = f"----- END {test.id} [{took}, {earned}/{test.points} points]"
    if not test.counts:
        last += " (hidden test ungraded)"
    return "\n".join([*details(outcome), last, ""])


def end(report):
    """Give the notes and the sums.

    Parameters
    ----------
    report : grading.outcomes.Report
        The outcomes of all tests.

    Returns
    -------
    str
        The last lines.
    """
    points = "/".join(map(decimal, report.points))
    extra = "/".join(map(decimal, report.extra_credit)) if report.extra_credit[1] else "0/0"
    last = f"{END} [{points} points + {extra} extra credit]"
    return "\n".join([*map(note, report.notes), last])


def details(outcome):
    """List what stands between a test's START and END.

    Parameters
    ----------
    outcome : grading.outcomes.Outcome
        How the test ended.

    Returns
    -------
    list of str
        What the submission printed, the grader's notes, the error; 20,000 characters at most.
    """
    printed = clean(outcome.printed, MAX_PRINTED).rstrip()
    lines = [f"| {line}".rstrip() for line in printed.split("\n")] if printed else []
    lines += map(note, outcome.notes)
    if outcome.failure and outcome.test.hide_errors:
        lines.append(NOT_SHOWN)
    elif outcome.failure:
        lines += ["This error caused the test to fail.", *error(outcome.failure)]
    return without_middle(lines, MAX_DETAILS)


def error(failure):
    """List the lines of an error: type, message, the submission's lines as Python shows them."""
    message, *more = clean(failure.message.strip()).split("\n")
    kind = one_line(failure.kind, MAX_NAME)
    lines = [indented(2, f"{kind}: {message}" if message else kind)]
    lines += [indented(4, line) for line in more]
    for line in failure.trace:
        function = f", in {one_line(line.function, MAX_NAME)}" if line.function else ""
        lines.append(f'  File "{one_line(line.file, MAX_PATH)}", line {line.number}{function}')
        if text := one_line(line.text, MAX_SOURCE_LINE):
            lines.append(indented(4, text))
    return lines


def note(text):
    """Give a line of the grader; it may quote the submission, so it is made safe all the same."""
    return indented(0, one_line(text))


def indented(blanks, line):
    """Indent a line; mark it if it could be taken for a START or END line."""
    mark = "| " if re.match(r"\s*(--|==|[^\x00-\x7f])", line) else ""
    return (" " * blanks + mark + line).rstrip()


def one_line(text, limit=4000):
    """Make a text fit to be shown within a line."""
    return clean(text, limit).replace("\n", " ").strip()


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
