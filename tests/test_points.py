"""points.json: the points of the handout, in its order."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from worth import FILE, POINTS, worth

import grading.quiz

ID = re.compile(r"(\d[a-f])-(\d+)-(basic|hidden)")


def test_each_test_is_worth_what_the_handout_says():
    """The assignment fixes these; whoever changes one must say it to students, too."""
    assert [value for test, value in POINTS.items() if test.startswith("2")] == [
        *(1, 1, 1, 1, 1, 2, 2, 3, 0),
        *(0.5, 0.5, 1, 1, 1),
        *(1, 3),
    ]
    assert [worth(f"3{letter}", "hidden") for letter in "abcdef"] == [2, 1, 2, 2, 1, 1]
    assert worth("3", "basic") == 0
    written = json.loads(FILE.read_text(encoding="utf-8")).items() - POINTS.items()
    assert dict(written) == {"1a": 2.5, "1b": 2.5}  # extra credit, graded by hand


def test_ids_are_numbered_in_order():
    tests = [ID.fullmatch(test).groups() for test in POINTS]
    for question in {question for question, _, _ in tests}:
        numbers = [int(number) for found, number, _ in tests if found == question]
        assert numbers == list(range(len(numbers)))
    assert list(POINTS) == sorted(POINTS)


def test_each_quiz_question_has_a_basic_and_a_hidden_test():
    expected = [
        f"3{letter}-{kind}"
        for letter, _ in zip("abcdef", grading.quiz.OPTIONS, strict=True)
        for kind in ("0-basic", "1-hidden")
    ]
    assert [test for test in POINTS if test.startswith("3")] == expected


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"2a-2-basic": 1,', "", "points.json has no line for 2a-2-basic"),
        ('"2a-2-basic"', '"2a-2-basic": 1, "2a-9-basic"', "points.json has a line for 2a-9-basic"),
        ('"2a-2-basic": 1,', '"2a-2-basic": 1', "points.json is no valid JSON"),
    ],
)
def test_a_line_too_few_or_too_many_is_told_in_one_line(old, new, line, tmp_path):
    source = shutil.copytree(FILE.parent, tmp_path / "src", ignore=shutil.ignore_patterns("__py*"))
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    (source / "points.json").write_text(text.replace(old, new))
    done = subprocess.run(
        [sys.executable, source / "grader.py", "2a-1"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr
