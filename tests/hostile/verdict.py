"""What must be true of every grading of a hostile submission."""

import re

from results_validator import problems
from worth import POINTS

from .fixture import asked_for

MOST_FILES = 30_000  # at once; far more than a submission may have, which is seen a bit later
MOST_IN_ALL = 1000  # megabytes of the grader and all that it starts; little less with what it needs
MOST_MEGABYTES = 600  # Gradescope gives 768 by default to all processes together
UNFINISHED = "The grader did not finish."
CRASHED = "\n  GraderError: the grader itself failed"


def complaints(row, level, graded):
    """List what is wrong with a grading of a row at a level; empty if all is as it must be."""
    found = list(about_the_run(row, level, graded))
    try:
        wrong = problems(graded.results)
    except ValueError as error:
        return [*found, f"results.json is no JSON: {error}"]
    if wrong:
        return [*found, *wrong]
    tests = graded.results.get("tests", [])
    shown = "\n".join([graded.report, *(test.get("output", "") for test in tests)])
    found += about_the_tests(row, tests)
    if level != "none" or not row.secret:
        found += about_the_verdict(row, graded, shown)
    found += [f"{text!r} is not shown" for text in row.shows if text not in shown]
    if level == "none":
        found += [f"no attack: {text!r} is not shown" for text in row.teeth if text not in shown]
    else:
        found += about_secrets(graded, shown)
    return found


def about_the_run(row, level, graded):
    """Say what is wrong with the run: its end, its time, what it left behind."""
    for is_wrong, words in (
        (graded.code is None, "the grader hung"),
        (graded.code not in (None, int(bool(row.fails))), f"exit code {graded.code}"),
        (graded.seconds > row.bound, f"took {graded.seconds:.1f} s, more than {row.bound}"),
        (graded.megabytes > MOST_MEGABYTES, f"the grader held {graded.megabytes:,} MB"),
        (graded.survivors, f"left processes: {graded.survivors[:5]}"),
        (graded.objects, f"left IPC objects: {graded.objects[:5]}"),
        (graded.peak > MOST_IN_ALL, f"all processes together held {graded.peak:,} MB"),
        (graded.left and level != "none", f"left files: {graded.left[:5]}"),
        ("ran.py" in graded.dropped, "what must not be run was run"),
        (f"\nConfinement: {level}\n" not in graded.report, "another confinement"),
        ("\n========== END GRADING [" not in graded.report, "the report has no end"),
    ):
        if is_wrong:
            yield words
    megabytes, files = graded.used
    if row.disk and (megabytes > 0.9 * row.disk or files > MOST_FILES):
        yield f"{megabytes:,} MB and {files:,} files filled the disk"


def about_the_tests(row, tests):
    """Say what is wrong with the set of tests."""
    if [test.get("number") for test in tests] != row.tests.split():
        yield f"other tests than {row.tests}"
        return
    for test in tests:
        number, score, output = test["number"], test["score"], test.get("output", "")
        if test["max_score"] != POINTS[number] or score not in (0, test["max_score"]):
            yield f"{number} has {score} of {test['max_score']} points"
        if test["status"] == "failed" and (score or not output.strip()):
            yield f"{number} failed without a reason, or with points"
        if output.strip() == UNFINISHED:
            yield f"{number} was not graded"
        if CRASHED in output:
            yield f"the grader itself failed in {number}"


def about_the_verdict(row, graded, shown):
    """Say who passed or failed wrongly, and which texts are shown that must not be."""
    passes = set(row.passes.split())
    if more := graded.passed - passes:
        yield f"passed: {sorted(more)}"
    if fewer := passes - graded.passed:
        yield f"failed: {sorted(fewer)}"
    if graded.score != sum(POINTS[test] for test in passes):
        yield f"scored {graded.score}"
    for text in row.hides:
        if any(text in read for read in (shown, wrapped(shown, 80), wrapped(shown, 120))):
            yield f"{text!r} is shown"


def wrapped(text, columns):
    """Begin a new line where a terminal does."""
    return re.sub(f"(.{{{columns}}})(?=.)", r"\1\n", text)


def about_secrets(graded, shown):
    """Say what got out of the confinement, or was changed from within."""
    token = graded.token.encode()
    if token in shown.encode() or token in graded.text.encode():
        yield "a secret is in the report"
    if token in graded.sent:
        yield "a secret was sent"
    if any(token in content for content in graded.dropped.values()):
        yield "a secret was written to a file"
    if graded.changed:
        yield f"changed: {graded.changed[:5]}"
    if f"from {graded.mark} ".encode() in graded.sent:
        yield "TCP or a datagram got through"


__all__ = ["POINTS", "asked_for", "complaints"]
