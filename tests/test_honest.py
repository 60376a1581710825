"""Honest submissions: full marks for what is right, one clear line for what is not."""

import importlib.util
import json
import shutil
from collections import Counter

import pytest
from boxes import TRUSTED
from honest import EVERYTHING, FAULTY, HONEST, build
from hostile.fixture import REFERENCE, VECTORS, vectors
from hostile.verdict import POINTS, asked_for
from results_validator import problems

import grader

QUICK = (
    "a zip of the folder",
    "losses compared",
    "imports what is given",
    "a SyntaxError",
    "two candidates: a package and a single file",
)


def rows(table, quick):
    """Give the rows of a table that are quick to grade, or the others."""
    marks = () if quick else (pytest.mark.slow,)
    chosen = [row for row in table if (row.name in QUICK) == quick]
    return [pytest.param(row, id=row.name, marks=marks) for row in chosen]


def test_rows_have_names_of_their_own():
    names = Counter(row.name for row in HONEST + FAULTY)
    assert [name for name, count in names.items() if count > 1] == []
    assert set(QUICK) <= set(names)


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    """Give the folder of a solution."""
    folder = tmp_path_factory.mktemp("staff") / "solution"
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / VECTORS).write_text(vectors(), encoding="utf-8")
    return folder


@pytest.fixture
def grade(tmp_path, solution, capsys):
    """Give a function that grades a row and returns results.json and what the terminal showed."""

    def graded(row, tests):
        if row.needs and not importlib.util.find_spec(row.needs):
            pytest.skip(f"{row.needs} is not here")
        (tmp_path / "upload").mkdir()
        results = tmp_path / "results.json"
        options = ["--submission", build(row, tmp_path / "upload")]
        options += ["--solution", solution, "--gradescope", results, *TRUSTED]
        code = grader.main([*tests.split(), *map(str, options)])
        shown = capsys.readouterr().out
        found = json.loads(results.read_text(encoding="utf-8"))
        assert problems(found) == []
        assert code == any(test["status"] == "failed" for test in found["tests"]), shown
        return found, shown

    return graded


def failed(results):
    return [test["number"] for test in results["tests"] if test["status"] == "failed"]


@pytest.mark.parametrize("row", rows(HONEST, quick=True) + rows(HONEST, quick=False))
def test_right_submission_gets_full_marks(row, grade):
    results, shown = grade(row, row.tests)
    assert failed(results) == [], shown
    assert [test["number"] for test in results["tests"]] == asked_for(row.tests)
    points = float(sum(POINTS[test] for test in asked_for(row.tests)))
    assert f"========== END GRADING [{points}/{points} points + 0/0 extra credit]" in shown
    for words in row.words:
        assert words in shown


@pytest.mark.parametrize("row", rows(FAULTY, quick=True) + rows(FAULTY, quick=False))
def test_fault_costs_what_it_concerns(row, grade):
    results, shown = grade(row, EVERYTHING)
    assert failed(results) == asked_for(row.fails), shown
    for words in row.words:
        assert words in shown
    assert "Traceback" not in shown
