"""Hostile submissions, graded by the user of the tests, and with another user, Landlock or neither."""

import os
import shutil
import sys

import honest
import pytest
from hostile import ATTACKS, ROWS
from hostile.fixture import CONFINED, RULES, Hostile
from hostile.grading import Gradings
from hostile.verdict import complaints

from sandbox.confine import WHOLE_LANDLOCK, landlock_version

# What a submission does here may depend on the walls; the rest is graded at one level, by turns.
WALLED = "secrets", "fresh", "clock", "limits", "confinement", "tcp", "writer"


def levels_of(number, row):
    """Give the levels that a row is graded at (ALL_LEVELS=1: all that it can be)."""
    if "ALL_LEVELS" in os.environ:
        return row.levels
    if row.rule not in WALLED or row.make:
        return row.levels[number % len(row.levels) :][:1]
    if number % 3 and not row.teeth:  # unconfined, only the grader itself is at stake
        return [level for level in row.levels if level in CONFINED]
    return row.levels


PAIRS = [(row, level) for k, row in enumerate(ROWS) for level in levels_of(k, row)]
PAIRS += [(row, level) for row in ATTACKS for level in row.levels]
QUICK = (
    "exit code 0 in a call",
    "prints when imported",
    "a loop without end in import",
    "looks through its own objects, arguments and environment",
)
HONEST = (
    "imports what is given",
    "imports much of the standard library",
    "imports tqdm",
    "a file in its working folder",
    "a pool of threads",
)
name_of = lambda part: getattr(part, "name", part)  # noqa: E731


def row_named(name):
    return next(row for row in ROWS if name in row.name.split("; "))


def test_every_rule_is_attacked():
    assert {row.rule for row in ROWS} == set(RULES)


@pytest.fixture(scope="module")
def here(base):
    """Give what grades with the Python of the tests."""
    return Gradings(base, sys.executable)


@pytest.mark.skipif(not landlock_version() >= WHOLE_LANDLOCK, reason="there is no Landlock")
@pytest.mark.parametrize("name", QUICK)
def test_hostile_submission_is_withstood_here(name, here):
    result = here.grade(row_named(name), "Landlock", as_root=True)
    assert complaints(row_named(name), "Landlock", result) == [], result.report


@pytest.fixture(scope="module")
def begun(request, gradings):
    """Begin all rows that are asked for, and give what grades them."""
    items = (item for item in request.session.items if item.originalname == ALL)
    gradings.begin([(item.callspec.params["row"], item.callspec.params["level"]) for item in items])
    yield gradings
    gradings.close()


@pytest.mark.slow
@pytest.mark.parametrize(("row", "level"), PAIRS, ids=name_of)
def test_hostile_submission_is_withstood(row, level, begun):
    result = begun.result(row, level)
    assert complaints(row, level, result) == [], result.report


ALL = test_hostile_submission_is_withstood.__name__


@pytest.mark.slow
@pytest.mark.parametrize("level", CONFINED)
@pytest.mark.parametrize("name", HONEST)
def test_honest_submission_gets_full_marks_as_another_user(name, level, gradings):
    row = next(row for row in honest.HONEST if row.name == name)

    def make(folder, places):
        shutil.rmtree(folder)
        honest.build(row, folder)

    tests = "2a-0 2a-1 2a-2 2b-0 2b-3 2c-0 3a"
    upload = Hostile("data", name, make=make, passes=tests, fails="", bound=30)
    result = gradings.grade(upload, level)
    assert complaints(upload, level, result) == [], result.report


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS + ATTACKS if row.without], ids=name_of)
def test_every_wall_matters(row, gradings):
    levels = [level for level in ("another user", "none") if level in row.levels] or row.levels
    reports = []
    for level in levels:
        result = gradings.grade(row, level, without=row.without)
        reports.append(result.report)
        if complaints(row, level, result) or any(text in result.report for text in row.hides):
            return
    pytest.fail("\n".join(reports))
