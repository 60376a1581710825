"""What must be true of every grading of a hostile submission."""

import json
import re

from results_validator import problems

from .fixture import TESTS

POINTS = json.loads((TESTS.parent / "src" / "points.json").read_text(encoding="utf-8"))
MOST_FILES = 30_000  # at once; far more than a submission may have, which is seen a bit later
MOST_IN_ALL = 1000  # megabytes of the grader and all that it starts; little less with what it needs
MOST_MEGABYTES = 600  # Gradescope gives 768 by default to all processes together
UNFINISHED = "The grader did not finish."
CRASHED = "\n  GraderError: the grader itself failed"


def asked_for(tests):
    """List the ids that are meant by ids or beginnings of them."""
    begins = re.compile(rf"({tests.replace(' ', '|')})(?!(?<=\d)\d)")
    return [test for test in POINTS if begins.match(test) and "-" in test]


def complaints(row, level, graded):
    """List what is wrong with a grading.

    Parameters
    ----------
    row : Hostile
        The submission.
    level : str
        How it was confined.
    graded : Graded
        What came of it.

    Returns
    -------
    list of str
        Empty if all is as it must be.
    """
    found = list(about_the_run(row, level, graded))
    try:
        wrong = problems(graded.results)
    except ValueError as error:
        return [*found, f"results.json is no JSON: {error}"]
    if wrong:
        return [*found, *wrong]
    tests = graded.results.get("tests", [])
    shown = "\n".join([graded.report, *map(output_of, tests)])
    found += about_the_tests(row, tests)
    if level != "none" or not row.secret:
        found += about_the_verdict(row, graded, shown)
    found += [f"{text!r} is not shown" for text in row.shows if text not in shown]
    if level == "none":
        found += [f"no attack: {text!r} is not shown" for text in row.teeth if text not in shown]
    else:
        found += about_secrets(row, level, graded, shown)
    return found


def output_of(test):
    """Give what students are told of a test."""
    return test.get("output", "")


def about_the_run(row, level, graded):
    """Say what is wrong with the run: its end, its time, what it left behind."""
    if graded.code is None:
        yield "the grader hung"
    elif graded.code != (set(row.passes.split()) != set(asked_for(row.tests))):
        yield f"exit code {graded.code}"
    if graded.seconds > row.bound:
        yield f"took {graded.seconds:.1f} s, more than {row.bound}"
    if graded.megabytes > MOST_MEGABYTES:
        yield f"the grader held {graded.megabytes:,} MB"
    if graded.survivors:
        yield f"left processes: {graded.survivors[:5]}"
    if graded.objects:
        yield f"left IPC objects: {graded.objects[:5]}"
    if row.disk and (graded.used[0] > 0.9 * row.disk or graded.used[1] > MOST_FILES):
        yield f"{graded.used[0]:,} MB and {graded.used[1]:,} files filled the disk"
    if graded.peak > MOST_IN_ALL:
        yield f"all processes together held {graded.peak:,} MB"
    if graded.left and level != "none":
        yield f"left files: {graded.left[:5]}"
    if row.absent in graded.dropped:
        yield f"{row.absent} was made"
    if f"\nConfinement: {level}\n" not in graded.report:
        yield "the report does not name the confinement"
    if "\n========== END GRADING [" not in graded.report:
        yield "the report has no end"


def about_the_tests(row, tests):
    """Say what is wrong with the set of tests."""
    expected = asked_for(row.tests)
    if [test.get("number") for test in tests] != expected:
        yield f"other tests than {expected}"
        return
    for test in tests:
        if test["max_score"] != POINTS[test["number"]] or test["score"] not in (
            0,
            test["max_score"],
        ):
            yield f"{test['number']} has {test['score']} of {test['max_score']} points"
        if test["status"] == "failed" and (test["score"] or not output_of(test).strip()):
            yield f"{test['number']} failed without a reason, or with points"
        if output_of(test).strip() == UNFINISHED:
            yield f"{test['number']} was not graded"
        if CRASHED in output_of(test):
            yield f"the grader itself failed in {test['number']}"


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


def about_secrets(row, level, graded, shown):
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
