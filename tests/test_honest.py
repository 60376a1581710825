"""Honest submissions: full marks for what is right, one clear line for what is not."""

import importlib.util

import pytest
from honest import EVERYTHING, FAULTY, HONEST, build
from hostile.fixture import asked_for
from worth import POINTS, full_marks

QUICK = (
    "a zip of the folder",
    "losses compared",
    "imports what is given",
    "a SyntaxError",
    "two candidates: a package and a single file",
)


def rows(table):
    """Give the rows of a table; all are slow but those that are quick to grade."""
    marks = {row.name: () if row.name in QUICK else pytest.mark.slow for row in table}
    params = [pytest.param(row, id=row.name, marks=marks[row.name]) for row in table]
    return pytest.mark.parametrize("row", params)


@rows(HONEST)
def test_right_submission_gets_full_marks(row, grade, tmp_path):
    if row.needs and not importlib.util.find_spec(row.needs):
        pytest.skip(f"{row.needs} is not here")
    told = grade(build(row, tmp_path / "upload"), *row.tests.split(), vectors=None)
    assert told.failures == {}, told.shown
    tests = [test["number"] for test in told.results["tests"]]
    assert tests == asked_for(row.tests)
    assert full_marks(float(sum(POINTS[test] for test in tests))) in told.shown


@rows(FAULTY)
def test_fault_costs_what_it_concerns(row, grade, tmp_path):
    told = grade(build(row, tmp_path / "upload"), *EVERYTHING.split(), vectors=None)
    assert list(told.failures) == asked_for(row.fails), told.shown
    assert [words for words in row.words if words not in told.shown] == [], told.shown
    assert "Traceback" not in told.shown
