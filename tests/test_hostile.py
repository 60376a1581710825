"""Hostile submissions: each graded with another user, under Landlock, and plain."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import honest
import pytest
from honest import HONEST
from hostile import ATTACKS, ROWS
from hostile.fixture import CONFINED, LEVELS, RULES, Hostile, build
from hostile.grading import Graded, Gradings, make_base, make_python, remove
from hostile.verdict import POINTS, asked_for, complaints

from sandbox.confine import WHOLE_LANDLOCK, landlock_version

PAIRS = [  # without confinement, where only the grader itself is at stake, a third: time is short
    (row, level)
    for number, row in enumerate(ROWS)
    for level in LEVELS
    if level in row.levels and (level != "none" or number % 3 == 0 or os.environ.get("ALL_LEVELS"))
] + [(row, level) for row in ATTACKS for level in row.levels]
QUICK = (
    "empty gradients",
    "exit code 0 in a call",
    "prints when imported",
    "a loop without end in import",
    "looks through its own objects, arguments and environment; imports the solution and the grader; reads all that is open",
)

HONEST_HERE = (
    "as it is",
    "imports what is given",
    "imports much of the standard library",
    "imports tqdm",
    "a helper module",
    "a file in its working folder",
    "a pool of threads",
    "warnings of its own",
)


def row_named(name):
    return next(row for row in ROWS + ATTACKS if name in (row.name, *row.name.split("; ")))


# The table


def test_the_table_has_rows_for_every_rule():
    assert {row.rule for row in ROWS} == set(RULES)
    assert len(ROWS) >= 40


def test_rows_have_names_of_their_own():
    names = Counter(row.name for row in ROWS + ATTACKS)
    assert [name for name, count in names.items() if count > 1] == []


def test_few_rows_are_kept_from_a_level():
    names = {row.name for row in ROWS if row.levels != LEVELS}
    assert names == {"kills all that it may", "closes the folders around it"}


def test_rows_name_graded_tests():
    for row in ROWS:
        assert asked_for(row.tests), row.name
        assert set(row.passes.split()) <= set(asked_for(row.tests)), row.name


def test_code_of_rows_is_python(tmp_path):
    places = dict.fromkeys(("port", "drop", "canary", "solution", "results", "upload"), "0")
    for k, row in enumerate(row for row in ROWS if not row.make):
        build(row, tmp_path / str(k), places)
        for path in (tmp_path / str(k) / "submission").glob("*.py"):
            compile(path.read_text(encoding="utf-8"), f"{row.name}: {path.name}", "exec")


# What judges a grading


ROW = Hostile(
    "data",
    "a row",
    tests="2a-1 2a-2",
    passes="2a-1-basic",
    shows=("shown",),
    hides=("hidden", "\nhidden"),
    absent="absent",
    disk=300,
)


def entry(number, passed):
    return {
        "number": number,
        "name": "It.",
        "score": float(POINTS[number] * passed),
        "max_score": float(POINTS[number]),
        "status": "passed" if passed else "failed",
        "output": "shown" * (not passed),
    }


def graded(*tests, **changes):
    good = Graded(
        code=1, seconds=1.0, megabytes=100, survivors=[], text=json.dumps({"tests": tests}), changed=[], left=[], objects=[], used=(0, 0), peak=0,
        report="\nConfinement: Landlock\n========== END GRADING [1.0/2.0]\n",
        dropped={}, sent=b"", token="canary-1", mark="mark-1",
    )  # fmt: skip
    return replace(good, **changes)


GOOD = entry("2a-1-basic", True), entry("2a-2-basic", False)


def test_a_good_grading_is_accepted():
    assert complaints(ROW, "Landlock", graded(*GOOD)) == []


FAULTS = {
    "hung": {"code": None},
    "exit code": {"code": 0},
    "took": {"seconds": 99.0},
    "held": {"megabytes": 5000},
    "left processes": {"survivors": ["sleep"]},
    "left files": {"left": ["tmp"]},
    "left IPC": {"objects": ["a queue"]},
    "filled the disk": {"used": (290, 3)},
    "together held": {"peak": 5000},
    "'\\nhidden' is shown": {
        "report": f"{' ' * 80}hidden\nConfinement: Landlock\n========== END GRADING [\n"
    },
    "absent was made": {"dropped": {"absent": b""}},
    "confinement": {"report": "\nConfinement: none\n========== END GRADING [\n"},
    "no end": {"report": "\nConfinement: Landlock\n"},
    "no JSON": {"text": ""},
    "is shown": {"report": "hidden\nConfinement: Landlock\n========== END GRADING [\n"},
    "in the report": {"report": "canary-1\nConfinement: Landlock\n========== END GRADING [\n"},
    "was sent": {"sent": b"canary-1"},
    "to a file": {"dropped": {"1": b"canary-1"}},
    "changed": {"changed": ["grader.py"]},
    "TCP": {"sent": b"from mark-1 "},
}


@pytest.mark.parametrize("words", FAULTS)
def test_a_bad_grading_is_noticed(words):
    found = complaints(ROW, "Landlock", graded(*GOOD, **FAULTS[words]))
    assert any(words in line for line in found), found


@pytest.mark.parametrize(
    ("words", "tests"),
    [
        ("passed: ['2a-2-basic']", [entry("2a-1-basic", True), entry("2a-2-basic", True)]),
        ("failed: ['2a-1-basic']", [entry("2a-1-basic", False), entry("2a-2-basic", False)]),
        ("other tests", [entry("2a-1-basic", True)]),
        ("points", [GOOD[0], GOOD[1] | {"max_score": 4000.0}]),
        ("without a reason", [GOOD[0], GOOD[1] | {"output": " "}]),
        ("not graded", [GOOD[0], GOOD[1] | {"output": "The grader did not finish."}]),
        (
            "the grader itself failed in 2a-2-basic",
            [GOOD[0], GOOD[1] | {"output": "It failed.\n  GraderError: the grader itself failed"}],
        ),
        ("not shown", [GOOD[0], GOOD[1] | {"output": "."}]),
        ("", [GOOD[0], GOOD[1] | {"score": "1"}]),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_bad_results_are_noticed(words, tests):
    found = complaints(ROW, "Landlock", graded(*tests))
    assert any(words in line for line in found), found


def test_an_attack_that_is_none_is_noticed():
    row = replace(ROW, teeth=("bites",))
    report = "\nConfinement: none\n========== END GRADING [\n"
    assert complaints(row, "none", graded(*GOOD, report=report)) == [
        "no attack: 'bites' is not shown"
    ]
    assert complaints(row, "none", graded(*GOOD, report=f"bites{report}")) == []


# Gradings


def missing(reason):
    """Skip, or fail where nothing may be skipped."""
    (pytest.fail if os.environ.get("REQUIRE_TREEBANK") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def base():
    folder = make_base()
    yield folder
    remove(folder)


@pytest.fixture(scope="session")
def gradings(request, base):
    """Give what grades; it begins with all rows that are asked for."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        missing("only root can run submissions as other users")
    if not landlock_version() >= WHOLE_LANDLOCK:
        missing("there is no Landlock")
    try:
        python = make_python(base / "python")
    except (OSError, subprocess.CalledProcessError) as error:
        missing(f"no Python that other users can run: {error}")
    made = Gradings(base, python)
    asked = (item.callspec.params for item in request.session.items if item.originalname == ALL)
    made.begin([(params["row"], params["level"]) for params in asked])
    yield made
    made.listener.close()


@pytest.mark.slow
@pytest.mark.parametrize(("row", "level"), PAIRS, ids=lambda part: getattr(part, "name", part))
def test_hostile_submission_is_withstood(row, level, gradings):
    result = gradings.result(row, level)
    assert complaints(row, level, result) == [], result.report


ALL = test_hostile_submission_is_withstood.__name__


@pytest.mark.slow
@pytest.mark.parametrize("level", CONFINED)
@pytest.mark.parametrize("name", HONEST_HERE)
def test_honest_submission_gets_full_marks_as_another_user(name, level, gradings):
    row, tests = next(row for row in HONEST if row.name == name), "2a-0 2a-1 2a-2 2b-0 2b-3 2c-0 3a"
    upload = Hostile(
        "data",
        name,
        stub="reference",
        tests=tests,
        passes=" ".join(asked_for(tests)),
        make=lambda folder, places: (
            shutil.rmtree(folder) or folder.mkdir() or honest.build(row, folder)
        ),
        bound=30,
    )
    result = gradings.grade(upload, level)
    assert complaints(upload, level, result) == [], result.report


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [row for row in ROWS + ATTACKS if row.without], ids=lambda row: row.name
)
def test_every_wall_matters(row, gradings):
    levels = [level for level in ("another user", "none") if level in row.levels] or row.levels
    reports = []
    for level in levels:
        result = gradings.grade(row, level, without=row.without)
        reports.append(result.report)
        if complaints(row, level, result) or any(text in result.report for text in row.hides):
            return
    pytest.fail("\n".join(reports))


@pytest.mark.skipif(not landlock_version() >= WHOLE_LANDLOCK, reason="there is no Landlock")
@pytest.mark.parametrize("name", QUICK)
def test_hostile_submission_is_withstood_here(name, base):
    gradings = Gradings(base, sys.executable)
    result = gradings.grade(row_named(name), "Landlock", as_root=True)
    gradings.listener.close()
    assert complaints(row_named(name), "Landlock", result) == [], result.report
